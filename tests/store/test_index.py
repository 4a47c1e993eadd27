"""What makes a store small and points quick to find: tight sets as numbers, groups of rows, the index; older stores."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store.stores import random_net, same_as_list

from exactzones import BudgetExceeded, FormatError, InputError, find_zones
from exactzones.store import ZoneStore, columns, index, store_zones, writing
from exactzones.store.tight_sets import numbers_of_sets, sets_of_numbers

pa = pytest.importorskip("pyarrow")

NET = random_net(3, 9, 9, 1)
BOX = (-3, 3)
POINTS = np.random.default_rng(0).uniform(-3.5, 3.5, (60, 3))


@pytest.fixture
def small_parts(monkeypatch):
    """Several chunks of zones; several files of an index, and groups of its rows."""
    monkeypatch.setattr(writing, "CHUNK_ZONES", 40)
    monkeypatch.setattr(index, "_FILE", 50)
    monkeypatch.setattr(index, "_GROUP", 7)


@given(st.integers(1, 4), st.integers(0, 4))
def test_the_number_of_a_set_is_its_place(size, more):
    """Among all sets, ordered by their largest elements, then by the next ones."""
    sets = sorted(itertools.combinations(range(size + more), size), key=lambda chosen: chosen[::-1])
    assert numbers_of_sets(np.array(sets, np.uint8)).tolist() == [*range(len(sets))]
    assert sets_of_numbers(np.arange(len(sets), dtype=np.uint64), size, size + more).tolist() == [[*chosen] for chosen in sets]


@given(st.lists(st.sets(st.integers(0, 300), min_size=5, max_size=5).map(sorted), max_size=9))
def test_a_set_is_made_from_its_number(sets):
    rows = np.array(sets, np.uint16).reshape(-1, 5)
    assert sets_of_numbers(numbers_of_sets(rows), 5, 301).tolist() == rows.tolist()


@pytest.mark.parametrize("sets", [[[1, 0]], [[2, 2]], [[*range(20, 60)], [*range(40, 80)]], [[*range(39), 999]]])
def test_sets_that_have_no_number_of_63_bits(sets):
    assert numbers_of_sets(np.array(sets)) is None


def test_groups_of_rows(tmp_path):
    table = columns.table_of({name: columns.numbers(np.arange(0, 40, 2)) for name in ("hash", "zone")})
    path = tmp_path / "table.parquet"
    path.write_bytes(columns.parquet_bytes(table, 3))
    for rows in ([], [0], [2, 3], [1, 4, 5, 19], [*range(20)]):
        assert columns.read_table(path, ["zone"], np.array(rows, int))["zone"].to_pylist() == [2 * row for row in rows]
    for wanted, found in (([], None), ([1, 3], (0, 6)), ([5, 99], None), ([13, 20], (12, 24)), ([38], (36, 40))):
        read = columns.read_between(path, "hash", np.array(wanted, int))
        assert (None if read is None else read["hash"].to_pylist()) == (None if found is None else [*range(*found, 2)])


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("shift", [24, 60])
def test_points_are_found_with_an_index_and_without(tmp_path, monkeypatch, shift):
    """Also where many patterns share the leading bits of their hashes, and on boundaries."""
    monkeypatch.setattr(index, "_SHIFT", np.uint64(shift))
    store, zones = store_zones(NET, 0, BOX, directory=tmp_path / "s"), find_zones(NET, 0, BOX)
    assert len(store.manifest.index) > 1
    corners = [zone.vrep.vertices[0] for zone in zones[::9]]
    for points in (POINTS, corners, [*POINTS.tolist(), *corners]):
        assert store.containing(points) == zones.containing(points)
    quick = store.numbers_of(POINTS)
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    (tmp_path / "s" / "manifest.json").write_text(json.dumps(manifest | {"index": []}))
    assert ZoneStore.open(tmp_path / "s").numbers_of(POINTS) == quick
    assert any(quick)


def test_damaged_files_are_named(tmp_path):
    store = store_zones(NET, 0, BOX, directory=tmp_path / "s")
    path = tmp_path / "s" / "index-00000.parquet"
    path.write_bytes(path.read_bytes()[:-9] + b"\0" * 9)
    assert len([line for line in store.damages() if "index-00000" in line]) == 1
    with pytest.raises(FormatError, match=r"index-00000\.parquet: not a file of this store"):
        store.containing(POINTS)
    path.unlink()
    with pytest.raises(InputError, match=r"index-00000\.parquet: No such file"):
        store.containing(POINTS)
    for number in (10, 1 << 63):
        with pytest.raises(FormatError, match=f"{number} is not the number of a set of 2 of 5 hyperplanes"):
            sets_of_numbers(np.array([9, number], np.uint64), 2, 5)


def as_version_1(directory):
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    for file in manifest.pop("index"):
        (directory / file["file"]).unlink()
    del manifest["network_file"]
    path.write_text(json.dumps(manifest | {"version": 1}))


@pytest.mark.usefixtures("small_parts")
def test_stores_of_version_1(tmp_path, monkeypatch):
    """Tight sets are bytes there, and there is no index; a store that is not complete goes on."""
    with monkeypatch.context() as patch:
        patch.setattr(columns, "numbers_of_sets", lambda _: None)
        store_zones(NET, 0, BOX, directory=tmp_path / "whole")
        with pytest.raises(BudgetExceeded):
            store_zones(NET, 0, BOX, directory=tmp_path / "part", max_zones=90)
    zones = find_zones(NET, 0, BOX)
    for name in ("whole", "part"):
        as_version_1(tmp_path / name)
        opened = ZoneStore.open(tmp_path / name)
        assert [*opened] == [*zones[: len(opened)]]
        store = store_zones(NET, 0, BOX, directory=tmp_path / name, resume=True)
        same_as_list(store, zones)
        assert store.containing(POINTS) == zones.containing(POINTS)


def test_a_network_that_was_changed_is_refused(tmp_path):
    store_zones(NET, 0, BOX, directory=tmp_path / "s")
    path = tmp_path / "s" / "network.json"
    path.write_text(path.read_text() + " ")
    with pytest.raises(FormatError, match=r"network\.json: the file was changed: its SHA-256 is not that of the manifest"):
        ZoneStore.open(tmp_path / "s")
    as_version_1(tmp_path / "s")
    assert ZoneStore.open(tmp_path / "s").network == NET
