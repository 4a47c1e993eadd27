"""Stores of zones: the same zones as a list, from rows alone; the same bytes however the run was stopped."""

import gzip
import itertools
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interruptions import Interruption
from store.stores import contents, random_net, same_as_list

from exactzones import ALWAYS, BudgetExceeded, FormatError, InputError, Network, condition, feature, find_zones, load_network
from exactzones.engine.inequality_leaf import InequalityLeaf
from exactzones.engine.leaf import Leaf
from exactzones.models import save_network
from exactzones.property import Property
from exactzones.store import ZoneStore, export, links, reading, store_zones, writing
from exactzones.store.forward_rows import ForwardRows
from exactzones.store.inequality_rows import InequalityRows
from exactzones.store.patterns import PatternIndex, pattern_hashes
from exactzones.testing import domains, features, networks, points

pytest.importorskip("pyarrow")


NET = random_net(3, 9, 9, 1)
BOX = (-3, 3)
BENT = Network.mlp(
    [([[1, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, -1]), ([[1, -1, 1, 2], [2, -2, 2, 4]], [0, 0]), ([[1, -1]], [1])]
)
"""Neurons with the same hyperplanes: several flip at once."""


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(writing, "CHUNK_ZONES", 40)
    monkeypatch.setattr(writing, "CHUNK_IDS", 1000)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data(), networks(inputs=(1, 3), max_width=4))
def test_a_store_has_the_zones_of_the_list(tmp_path_factory, data, net):
    prop, domain = data.draw(st.one_of(features(net), st.just(ALWAYS))), data.draw(domains(net.inputs))
    directory = tmp_path_factory.mktemp("stores") / "store"
    engine = data.draw(st.sampled_from(["auto", "inequalities"]))
    zones = find_zones(net, prop, domain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "CHUNK_ZONES", data.draw(st.integers(1, 5)))
        try:
            store = store_zones(net, prop, domain, directory=directory, engine=engine)
        except InputError:  # what only the backward engine can do
            assert not any(isinstance(zone.source, (Leaf, InequalityLeaf)) for zone in zones)
            return
    if isinstance(store.engine, InequalityRows):
        zones = find_zones(net, prop, domain, engine="inequalities")
    same_as_list(store, zones)
    asked = data.draw(st.lists(points(net.inputs), min_size=1, max_size=4))
    assert store.containing(asked) == zones.containing(asked)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("net", [NET, BENT, random_net(2, 6, 3, 6, 1)])
def test_several_chunks(tmp_path, net):
    store = store_zones(net, 0, BOX, directory=tmp_path / "s")
    zones = find_zones(net, 0, BOX)
    same_as_list(store, zones)
    assert store.maximum == zones.maximum
    grid = [[Fraction(a, 2)] * net.inputs for a in range(-7, 8)]
    assert store.containing(grid) == zones.containing(grid)
    assert store.containing(grid[3]) == zones.containing(grid[3])
    assert store.containing([[9] * net.inputs]) == [[]]  # every point outside the domain
    assert store[-1] == zones[-1]
    assert store[2:7] == zones[2:7]
    assert store.listed() == zones
    with pytest.raises(IndexError):
        store[len(store)]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    "prop",
    [
        feature(0) & condition([1, 1, 0, 0, 0], layer=0),
        condition([1], strict=False),
        condition([1, 0, 0, 0, 0], layer=0, after_relu=True),
        condition([1, 0, 0, 0, 0], -1, layer=1, strict=False, after_relu=True) & feature(0),
        Property(()),
    ],
)
def test_properties_of_every_kind(tmp_path, prop):
    net = random_net(2, 5, 5, 1)
    same_as_list(store_zones(net, prop, BOX, directory=tmp_path / "s"), find_zones(net, prop, BOX))


def test_firing_parts_that_touch_in_a_vertex_are_one_island(tmp_path):
    """|x| >= |y|: the right and the left zones touch at the origin only."""
    net = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, -1, -1]], [0])])
    for prop, islands in ((condition([1], strict=False), 1), (feature(0), 2)):
        store = store_zones(net, prop, (-2, 2), directory=tmp_path / str(islands))
        same_as_list(store, find_zones(net, prop, (-2, 2)))
        assert len(store.islands) == islands


@pytest.mark.usefixtures("small_chunks")
def test_exact_cells_where_no_prime_serves(tmp_path, monkeypatch):
    expected = contents(store_zones(BENT, 0, BOX, directory=tmp_path / "a").directory)

    def unlucky(*_):
        raise links.UnluckyPrimeError
        yield

    monkeypatch.setattr(links, "_edges", unlucky)
    assert contents(store_zones(BENT, 0, BOX, directory=tmp_path / "b").directory) == expected


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("step", [1, 3, 39, 40, 41, 97])
def test_a_run_in_steps_ends_with_the_same_bytes(tmp_path, step):
    whole = contents(store_zones(NET, 0, BOX, directory=tmp_path / "whole").directory)
    for runs in range(1000):
        try:
            store_zones(NET, 0, BOX, directory=tmp_path / "steps", resume=True, max_zones=step)
            break
        except BudgetExceeded as stopped:
            store = stopped.found
        assert len(store) == (runs + 1) * step
        assert not store.complete
        assert [zone.pattern for zone in store] == [zone.pattern for zone in ZoneStore.open(tmp_path / "steps")]
        with pytest.raises(InputError, match="resume"):
            store.neighbours(0)
    assert contents(tmp_path / "steps") == whole


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("net", [NET, BENT])
def test_verdicts_that_are_lost_are_computed_again(tmp_path, monkeypatch, net):
    whole = contents(store_zones(net, 0, BOX, directory=tmp_path / "whole").directory)

    def late(_store, _tick):
        raise BudgetExceeded("time is up", ())

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_links", late)
        with pytest.raises(BudgetExceeded):
            store_zones(net, 0, BOX, directory=tmp_path / "s")
    verdicts = sorted((tmp_path / "s").glob(".*.verdicts"))
    assert len(verdicts) == sum(name.startswith("zones-") for name in whole)
    verdicts[0].unlink()
    verdicts[-1].write_bytes(b"")
    store_zones(net, 0, BOX, directory=tmp_path / "s", resume=True)
    assert contents(tmp_path / "s") == whole


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("calls", range(3, 60, 7))
def test_an_interruption_anywhere_keeps_what_is_there(tmp_path, monkeypatch, calls):
    """The run is interrupted after a number of calls of any function that writes or reads arrays."""
    whole = contents(store_zones(NET, 0, BOX, directory=tmp_path / "whole").directory)
    interrupting = Interruption(calls)
    for home, names in (
        (writing, ("save_chunk", "write_links")),
        (ForwardRows, ("rows", "part", "joined")),
        (writing.Manifest, ("save", "append")),
    ):
        for name in names:
            monkeypatch.setattr(home, name, interrupting(getattr(home, name)))
    try:
        store_zones(NET, 0, BOX, directory=tmp_path / "s")
    except (BudgetExceeded, KeyboardInterrupt):
        store = ZoneStore.open(tmp_path / "s")
        assert [zone.pattern for zone in store] == [zone.pattern for zone in find_zones(NET, 0, BOX)[: len(store)]]
    interrupting.left = 0
    store_zones(NET, 0, BOX, directory=tmp_path / "s", resume=True)
    assert contents(tmp_path / "s") == whole


def test_a_journal_that_was_cut_is_read_up_to_there(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK_ZONES", 10)
    whole = store_zones(NET, 0, BOX, directory=tmp_path / "whole")
    appended = itertools.count()

    def killed(*_arguments):
        if next(appended) == 3:
            raise MemoryError
        return append(*_arguments)

    append = writing.Manifest.append
    with monkeypatch.context() as patch:
        patch.setattr(writing.Manifest, "append", killed)
        with pytest.raises(MemoryError):
            store_zones(NET, 0, BOX, directory=tmp_path / "killed")
    journal = (tmp_path / "killed" / "journal.jsonl").read_bytes()
    ends = [k + 1 for k, byte in enumerate(journal) if byte == ord("\n")]
    assert len(ends) == 3
    for cut in (0, 1, ends[0] - 1, ends[0], ends[1] - 9, ends[1] + 1, len(journal)):
        directory = shutil.copytree(tmp_path / "killed", tmp_path / str(cut))
        (directory / "journal.jsonl").write_bytes(journal[:cut])
        named = sum(end <= cut for end in ends) + (cut + 1 in ends)  # the last line may lack its end only
        assert len(ZoneStore.open(directory)) == 10 * named
        store_zones(NET, 0, BOX, directory=directory, resume=True)
        assert contents(directory) == contents(whole.directory)


PROGRAM = """
import sys
from exactzones.store import store_zones, writing
if __name__ == "__main__":
    writing.CHUNK_ZONES = 150
    store_zones(sys.argv[1], 0, (-3, 3), directory=sys.argv[2], resume=True, jobs=int(sys.argv[3]), engine=sys.argv[4])
"""


@pytest.mark.parametrize(
    ("engine", "widths", "jobs", "kills"),
    [("forward", (3, 24, 16, 1), 1, 6), ("forward", (3, 24, 16, 1), 2, 2), ("inequalities", (7, 6, 6, 1), 2, 4)],
)
def test_killed_and_resumed(tmp_path, engine, widths, jobs, kills):
    """Killed at random moments, then resumed, the folder is byte for byte that of an undisturbed run."""
    net, program = tmp_path / "net.npz", tmp_path / "program.py"
    save_network(random_net(*widths), net)
    program.write_text(PROGRAM)

    def run(directory, workers):
        return subprocess.Popen([sys.executable, program, net, directory, str(workers), engine])  # noqa: S603 - this test's own

    begin = time.monotonic()
    assert run(tmp_path / "whole", 1).wait() == 0
    seconds = time.monotonic() - begin
    moments = random.Random(jobs)  # noqa: S311 - for moments
    for _ in range(kills):
        process = run(tmp_path / "killed", jobs)
        time.sleep(moments.uniform(0.3, 1.2) * seconds / 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run(tmp_path / "killed", jobs).wait() == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert len(contents(tmp_path / "whole")) > 8


def test_patterns_are_found(monkeypatch):
    random = np.random.default_rng(0)
    patterns = np.unique(random.integers(0, 4, (300, 3)).astype(np.uint8), axis=0)
    index = PatternIndex(patterns)
    assert index.find(patterns).tolist() == [*range(len(patterns))]
    assert index.find(np.full((2, 3), 9, np.uint8)).tolist() == [-1, -1]
    assert PatternIndex(patterns[:0]).find(patterns).tolist() == [-1] * len(patterns)
    monkeypatch.setattr("exactzones.store.patterns.pattern_hashes", lambda *given: pattern_hashes(*given) >> np.uint64(56))
    assert PatternIndex(patterns[:3]).find(patterns).tolist() == [0, 1, 2] + [-1] * (len(patterns) - 3)  # hashes collide


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".csv", ".graphml"])
def test_exported_as_the_list_is_saved(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("exactzones.formats.zones_json.FULL_ZONES", 30)
    monkeypatch.setattr("exactzones.formats.zones_json._MEMBER", 1000)
    store = store_zones(NET, 0, BOX, directory=tmp_path / "s")
    find_zones(NET, 0, BOX).save(tmp_path / f"list{suffix}")
    if suffix != ".graphml":
        monkeypatch.setattr(ZoneStore, "listed", None)  # nothing is held
    export(store, tmp_path / f"store{suffix}")
    texts = [(tmp_path / f"{name}{suffix}").read_bytes() for name in ("list", "store")]
    assert len({gzip.decompress(text) if suffix.endswith(".gz") else text for text in texts}) == 1


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_a_part_is_exported_as_a_list(tmp_path, suffix):
    with pytest.raises(BudgetExceeded) as stopped:
        store_zones(NET, 0, BOX, directory=tmp_path / "s", max_zones=20)
    export(stopped.value.found, tmp_path / f"store{suffix}")
    stopped.value.found.listed().save(tmp_path / f"list{suffix}")
    assert (tmp_path / f"store{suffix}").read_bytes() == (tmp_path / f"list{suffix}").read_bytes()


def test_an_export_that_does_not_fit_in_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ZoneStore, "listed", None)  # nothing is held
    store = store_zones(NET, 0, BOX, directory=tmp_path / "s")
    with pytest.raises(InputError, match="not known"):
        export(store, tmp_path / "zones.txt", most=50)
    with pytest.raises(BudgetExceeded) as stopped:
        store_zones(NET, 0, BOX, directory=tmp_path / "part", max_zones=60)
    with pytest.raises(InputError, match="not complete"):
        export(stopped.value.found, tmp_path / "zones.csv", most=50)
    export(store, tmp_path / "question.smt2", most=50)
    find_zones(NET, 0, BOX).save(tmp_path / "list.smt2")
    assert (tmp_path / "question.smt2").read_bytes() == (tmp_path / "list.smt2").read_bytes()


def test_what_is_unfinished_or_of_other_versions_is_said(tmp_path, monkeypatch):
    assert list(store_zones(NET, 0, BOX, directory=tmp_path / "s").remarks()) == []
    with pytest.raises(BudgetExceeded) as stopped:
        store_zones(NET, 0, BOX, directory=tmp_path / "part", max_zones=60)
    (remark,) = stopped.value.found.remarks()
    assert "not complete" in remark
    monkeypatch.setattr(reading, "versions", lambda: {"exactzones": "9"})
    assert "may have other bytes" in list(stopped.value.found.remarks())[1]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no manifest\.json"):
        ZoneStore.open(tmp_path / "empty")


def test_other_programs_read_it(tmp_path, monkeypatch):
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    store = store_zones(NET, 0, BOX, directory=tmp_path / "s")
    monkeypatch.chdir(tmp_path / "s")
    tables = "'zones-*.parquet' JOIN 'links-*.parquet' USING (zone)"
    answer = duckdb.sql(f"SELECT island, count(*), max(maximum) FROM {tables} GROUP BY island ORDER BY island").fetchall()  # noqa: S608
    assert [count for _, count, _ in answer] == [len(island) for island in store.islands]
    assert max(most for _, _, most in answer) == pytest.approx(float(store.maximum.value))
    frame = polars.read_parquet(tmp_path / "s" / "zones-*.parquet")
    assert frame["pattern"].to_list()[0] == store.layout.packed(np.frombuffer(store.source(0).prefix, np.uint8)[None]).tobytes()


def test_what_is_refused(tmp_path):
    store_zones(NET, 0, BOX, directory=tmp_path / "s", max_zones=None)
    with pytest.raises(InputError, match="resume"):
        store_zones(NET, 0, BOX, directory=tmp_path / "s")
    for other, what in (((NET, 0, (-2, 2)), "domain"), ((NET, feature(0, 1), BOX), "property"), ((BENT, 0, BOX), "network")):
        with pytest.raises(InputError, match=f"another {what}"):
            store_zones(*other, directory=tmp_path / "s", resume=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        store_zones(NET, 0, BOX, directory=tmp_path / "full")
    with pytest.raises(InputError, match="a layer with a ReLU"):
        store_zones(Network.mlp([([[1, 2]], [0])]), 0, BOX, directory=tmp_path / "t")
    with pytest.raises(InputError, match="No such file"):
        ZoneStore.open(tmp_path / "nowhere")
    manifest = tmp_path / "s" / "manifest.json"
    good = json.loads(manifest.read_text())
    for bad in ("", "[]", json.dumps(good | {"version": 3}), json.dumps({**good, "chunks": [1]})):
        manifest.write_text(bad)
        with pytest.raises(FormatError, match=r"manifest\.json"):
            ZoneStore.open(tmp_path / "s")


def test_damage_is_found(tmp_path):
    store = store_zones(NET, 0, BOX, directory=tmp_path / "s")
    assert list(store.damages()) == []
    path = tmp_path / "s" / "zones-00000.parquet"
    path.write_bytes(path.read_bytes()[:-9] + b"\0" * 9)
    assert [line for line in store.damages() if "SHA-256" in line]
    with pytest.raises(FormatError, match="zones-00000"):
        ZoneStore.open(tmp_path / "s")[0]
    path.unlink()
    assert [line for line in store.damages() if "missing" in line]


def test_a_question_without_zones(tmp_path):
    store = store_zones(NET, feature(0, 10**6), BOX, directory=tmp_path / "s")
    assert (len(store), store.complete, store.maximum, list(store.islands)) == (0, True, None, [])
    assert store.containing([[0, 0, 0]]) == [[]]
    assert load_network(tmp_path / "s" / "network.json") == NET
