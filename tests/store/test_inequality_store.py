"""Stores of the inequalities engine: the zones of the list, from rows without vertices; the same bytes however it was stopped."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from store.stores import contents, random_net, same_as_list

from exactzones import ALWAYS, BudgetExceeded, InputError, Network, condition, feature, find_zones
from exactzones.engine import inequalities
from exactzones.engine.search_kernel import SearchKernel
from exactzones.store import ZoneStore, store_zones, writing

pytest.importorskip("pyarrow")

NET = random_net(6, 5, 5, 1)
BOX = (-2, 2)
DEGENERATE = Network.mlp(
    [
        ([[1, 0], [0, 1], [1, 1], [1, -1]], [0, 0, 0, -1]),
        ([[1, -1, 1, 2], [2, -2, 2, 4]], [0, 0]),
        ([[1, -1]], [1]),
    ]
)


@pytest.fixture
def small_pieces(monkeypatch):
    """Several chunks, and kernel calls that return few cells."""
    monkeypatch.setattr(writing, "CHUNK_ZONES", 40)
    monkeypatch.setattr(inequalities, "_FIXED_SIZE", 1000)


def stored(directory, net=NET, prop=0, domain=BOX, **options):
    return store_zones(net, prop, domain, directory=directory, engine="inequalities", **options)


def in_part(*arguments, **options):
    """Return a store, complete or not."""
    try:
        return stored(*arguments, **options)
    except BudgetExceeded as stopped:
        return stopped.found


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    ("net", "prop"),
    [
        (NET, 0),
        (NET, ALWAYS),
        (DEGENERATE, 0),
        (DEGENERATE, feature(0) & condition([1, -1], layer=1)),
        (DEGENERATE, condition([1], strict=False)),
        (random_net(3, 5, 2, 4, 1), condition([1, 1, 0, 0, 0], layer=0, after_relu=True) & feature(0)),
    ],
)
def test_a_store_has_the_zones_of_the_list(tmp_path, net, prop):
    store, zones = stored(tmp_path / "s", net, prop), find_zones(net, prop, BOX, engine="inequalities")
    same_as_list(ZoneStore.open(store.directory), zones)
    assert store.maximum == zones.maximum
    grid = [[Fraction(a, 2)] * net.inputs for a in range(-5, 6)]
    assert store.containing(grid) == zones.containing(grid)
    rows = store.table(store.manifest.chunks[0]).to_pylist()
    assert all(row["planes"] is None and row["corners"] is None for row in rows)
    if prop == 0:
        assert all(zone.fires([Fraction(entry) for entry in row["witness"]]) for row, zone in zip(rows, zones, strict=False))


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("net", [NET, DEGENERATE])
def test_steps_and_workers_end_with_the_same_bytes(tmp_path, net):
    whole = contents(stored(tmp_path / "whole", net).directory)
    assert contents(stored(tmp_path / "jobs", net, jobs=2).directory) == whole
    for step in (3, 41):
        for runs in itertools.count(1):
            store = in_part(tmp_path / str(step), net, max_zones=step, resume=True)
            if store.complete:
                break
            assert len(store) == runs * step
        assert contents(tmp_path / str(step)) == whole


@pytest.mark.usefixtures("small_pieces")
def test_points_that_are_not_floats(tmp_path, monkeypatch):
    """Without the kernel and without rounding, inner points are fractions."""
    monkeypatch.setattr(SearchKernel, "is_compiled", property(lambda _: False))
    monkeypatch.setattr(inequalities, "_in_floats", lambda _program, point: tuple(Fraction(entry) / 1 for entry in point))
    monkeypatch.setattr(inequalities.Program, "is_inside", lambda *_: False)
    store = stored(tmp_path / "s", DEGENERATE)
    texts = [row["exact"] for chunk in store.manifest.chunks for row in store.table(chunk).to_pylist()]
    assert any("/" in text for text in texts)
    same_as_list(ZoneStore.open(store.directory), find_zones(DEGENERATE, 0, BOX, engine="inequalities"))


def test_the_engine_is_chosen(tmp_path):
    net = random_net(17, 4, 1)
    store = store_zones(net, 0, BOX, directory=tmp_path / "many")
    assert store.manifest.question["engine"] == "inequalities"
    zones = find_zones(net, 0, BOX)
    assert [zone.pattern for zone in store] == [zone.pattern for zone in zones]
    assert store[0] == zones[0]
    with pytest.raises(InputError, match="too many corners"):
        store_zones(net, 0, BOX, directory=tmp_path / "forward", engine="forward")
    with pytest.raises(InputError, match="'backward'"):
        store_zones(NET, 0, BOX, directory=tmp_path / "backward", engine="backward")
    # A store goes on with its own engine, whatever would be chosen now.
    assert len(in_part(tmp_path / "begun", max_zones=9)) == 9
    assert store_zones(NET, 0, BOX, directory=tmp_path / "begun", resume=True).manifest.question["engine"] == "inequalities"
    with pytest.raises(InputError, match="another engine"):
        store_zones(NET, 0, BOX, directory=tmp_path / "begun", resume=True, engine="forward")


def test_lines_and_unbounded_zones(tmp_path):
    """The feature does not depend on the last input."""
    net = Network.mlp([([[1, 0, 0], [0, 1, 0], [1, 1, 0]], [0, 1, -1]), ([[1, 1, -1]], ["-1/2"])])
    store = stored(tmp_path / "s", net, 0, None)
    zones = find_zones(net, 0, engine="inequalities")
    assert [*store] == [*zones]
    assert [zone.sample for zone in store] == [zone.sample for zone in zones]
    assert store.maximum == zones.maximum
    conditions = [row["condition"] for row in store.table(store.manifest.chunks[0]).to_pylist()]
    assert np.allclose(conditions, [[float(entry) for entry in zone.conditions[0].row] for zone in zones])
