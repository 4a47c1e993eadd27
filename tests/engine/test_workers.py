"""Workers of any kind: the same zones in the same order, nothing lost when one dies or the search is stopped."""

import os
import pickle
import random
import signal
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from engine.support import CASES, ENDLESS, PIECES, STEP_BY_STEP, box, leaves, paced, random_network, ternary_network
from hypothesis import given, settings
from hypothesis import strategies as st
from zones.support import any_property, small_networks

from exactzones.engine.arrangement import Arrangement
from exactzones.engine.forward import ZoneSearch, forward
from exactzones.engine.workers import LeafBatch
from exactzones.errors import BudgetExceeded, InputError
from exactzones.network import Network
from exactzones.parallel import Pace, processes, worker_count
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature
from exactzones.testing import domains, networks
from exactzones.zones import Budget, find_zones, stream_zones


@pytest.fixture(scope="module")
def pools():
    """One process, two processes, two threads."""
    with processes(1) as one, processes(2) as two, ThreadPoolExecutor(2) as threads:
        yield {"one process": one, "two processes": two, "two threads": threads}


class Watched(Executor):
    """Threads that are slow at random, so that pieces come back in any order; keeps all futures."""

    _max_workers = 3

    def __init__(self):
        self.threads, self.random = ThreadPoolExecutor(3), random.Random(0)  # noqa: S311 - any order will do
        self.futures, self.most = [], 0

    def submit(self, fn, /, *args):
        delay = self.random.random() * 0.01
        future = self.threads.submit(lambda: (time.sleep(delay), fn(*args))[1])
        self.futures.append(future)
        self.most = max(self.most, sum(not future.done() for future in self.futures))
        return future


@pytest.fixture
def watched():
    executor = Watched()
    with executor.threads:
        yield executor


@pytest.mark.parametrize("name", CASES)
def test_same_zones_same_order(name, pools):
    net, prop, domain = CASES[name]
    alone = find_zones(net, prop, domain)
    assert len(alone) > (name != "no ReLU")
    for pool in pools.values():
        for pace in (STEP_BY_STEP, PIECES):
            with paced(pace):
                together = find_zones(net, prop, domain, executor=pool)
            assert [zone.pattern for zone in together] == [zone.pattern for zone in alone]
            assert together.complete
            if name != "no ReLU":
                assert leaves(together) == leaves(alone)
    assert together[0] == alone[0]


@settings(max_examples=25)
@given(data=st.data(), net=st.one_of(small_networks(max_hidden=2), networks("integer", max_width=6, min_hidden=2)))
def test_same_zones_same_order_on_any_network(data, net, pools):
    prop, domain = data.draw(any_property(net)), data.draw(domains(net.inputs))
    alone = list(find_zones(net, prop, domain))
    for pool, pace in (("two processes", PIECES), ("two threads", STEP_BY_STEP)):
        with paced(pace):
            assert list(stream_zones(net, prop, domain, executor=pools[pool])) == alone


@pytest.mark.parametrize("seed", range(25))
def test_order_where_bounds_tie(seed, monkeypatch):
    """Neurons that come twice and rows of small integers cost a bound the same: the choice must not depend on rounding."""
    net = ternary_network(3, 8, 8, 1, seed=seed)
    twice = Network.mlp(
        [
            ([*net.layers[0].weight.rows, *net.layers[0].weight.rows], net.layers[0].bias * 2),
            ([(*row, *row) for row in net.layers[1].weight.rows], net.layers[1].bias),
            (net.layers[2].weight.rows, net.layers[2].bias),
        ]
    )
    third = twice.compose(random_network(3, 3, seed=seed).layers[0].affine)
    advance, chance = Arrangement.advance, np.random.default_rng(seed)
    for one in (net, twice, third):
        alone = leaves(find_zones(one, feature(0), box(3)))
        with monkeypatch.context() as patch:
            patch.setattr(Arrangement, "advance", lambda self, cells, _=None: advance(self, cells, int(chance.integers(1, 13))))
            assert leaves(find_zones(one, feature(0), box(3))) == alone


def test_order_does_not_depend_on_which_worker_is_first(watched):
    net, prop, domain = CASES["plane"]
    alone = leaves(find_zones(net, prop, domain))
    for pace in (
        PIECES,
        replace(PIECES, buffer_bytes=0),
        replace(PIECES, piece_leaves=5),
        Pace(alone_seconds=0),
        Pace(alone_seconds=0.01),
    ):
        with paced(pace):
            assert leaves(find_zones(net, prop, domain, executor=watched)) == alone
    assert watched.most <= 3 * 3  # bounded: two pieces for each worker, and the calls that woke them


def test_a_small_search_starts_no_workers():
    class Unused(Executor):
        def submit(self, *_args):
            raise AssertionError

    net, prop, domain = CASES["a line"]
    with paced(Pace(alone_seconds=60)):
        assert len(find_zones(net, prop, domain, executor=Unused()))


def test_workers_that_never_start_are_not_waited_for():
    class Asleep(Executor):
        def submit(self, *_args):
            return Future()

    net, prop, domain = CASES["plane"]
    with paced(replace(PIECES, wait_for_workers=False)):
        assert leaves(find_zones(net, prop, domain, executor=Asleep())) == leaves(find_zones(net, prop, domain))


def test_the_backward_engine_works_alone(watched):
    net, prop, domain = CASES["plane"]
    with pytest.raises(InputError, match="the backward engine runs in a single process"):
        find_zones(net, prop, domain, engine="backward", executor=watched)


def test_exact_fallback_in_workers(pools):
    """Signs that floats leave open are decided by rational arithmetic in the worker; the counts come back."""
    third = Network.mlp([([[1, "1/3"], ["1/3", 1], ["4/3", "4/3"]] * 2, [0, 0, 0, 1, 1, 2]), ([[1, 1, 1, -1, -1, -1]], [1])])
    with paced(PIECES):
        zones = find_zones(third, feature(0), executor=pools["two processes"])
    assert leaves(zones) == leaves(find_zones(third, feature(0)))
    assert zones[0].source.arrangement.stats.exact > 0


def test_counts_are_those_of_one_worker_alone(pools):
    net, prop, domain = CASES["four dimensions"]
    seen = {}
    for name, pool in {"alone": None, **pools}.items():
        counts = []
        with paced(PIECES):
            zones = find_zones(net, prop, domain, executor=pool, progress=lambda *count, counts=counts: counts.append(count))
        stats = zones[0].source.arrangement.stats
        seen[name] = (counts[-1], stats.cells, stats.cuts)
    assert len(set(seen.values())) == 1, seen


# Stopping.


def test_a_budget_of_zones(watched, pools):
    net, prop, domain = CASES["plane"]
    complete = find_zones(net, prop, domain)
    for pool in (watched, *pools.values()):
        for most in (0, 1, 30, len(complete) - 1):
            with paced(PIECES), pytest.raises(BudgetExceeded, match=f"the budget of {most} zones ran out") as stopped:
                find_zones(net, prop, domain, executor=pool, budget=Budget(zones=most))
            assert list(stopped.value.found) == list(complete)[:most]
        with paced(PIECES):
            assert find_zones(net, prop, domain, executor=pool, budget=Budget(zones=len(complete))).complete
    all_end(watched)


def all_end(watched):
    """Check that no call is left running."""
    deadline = time.monotonic() + 20
    while not all(future.done() for future in watched.futures):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["one process", "two processes", "two threads"])
def test_a_budget_of_seconds(kind, pools):
    start = time.monotonic()
    with paced(replace(Pace(), alone_seconds=0)), pytest.raises(BudgetExceeded, match="the budget of 1 s ran out") as stopped:
        find_zones(*ENDLESS, executor=pools[kind], budget=Budget(seconds=1))
    assert time.monotonic() - start < 10
    found = stopped.value.found
    stream = stream_zones(*ENDLESS)
    assert [zone.pattern for zone in found[:500]] == [next(stream).pattern for _ in found[:500]]


def test_progress_goes_on_while_workers_work(pools):
    seen = []
    with paced(Pace(alone_seconds=0, wait_for_workers=True)), pytest.raises(BudgetExceeded):
        find_zones(
            *ENDLESS, executor=pools["two processes"], budget=Budget(seconds=2), progress=lambda *counts: seen.append(counts)
        )
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert seen[-1][0] > seen[0][0]


def test_an_interruption(watched):
    complete = stream_zones(*ENDLESS)

    def progress(_cells, zones):
        if zones > 100:
            raise KeyboardInterrupt

    with paced(Pace(alone_seconds=0, wait_for_workers=True)), pytest.raises(BudgetExceeded, match="interrupted") as stopped:
        find_zones(*ENDLESS, executor=watched, progress=progress)
    found = stopped.value.found
    assert len(found) >= 100
    assert not found.complete
    assert [zone.pattern for zone in found[:300]] == [next(complete).pattern for _ in found[:300]]
    all_end(watched)


def test_a_stream_that_is_left_early_stops_the_workers(watched):
    with paced(Pace(alone_seconds=0, wait_for_workers=True)):
        stream = stream_zones(*ENDLESS, executor=watched)
        next(stream)
        stream.close()
    count = len(watched.futures)
    all_end(watched)
    assert len(watched.futures) == count


def test_an_error_in_a_worker_is_the_drivers(monkeypatch, watched):
    def fails(_self, _leaves):
        raise MemoryError("a worker is full")

    monkeypatch.setattr(ZoneSearch, "chosen", fails)
    net, prop, domain = CASES["plane"]
    with paced(PIECES), pytest.raises(MemoryError, match="a worker is full"):
        find_zones(net, prop, domain, executor=watched)
    all_end(watched)


# Values travel.


def test_zones_can_be_pickled():
    for net, prop, domain in CASES.values():
        zones = find_zones(net, prop, domain)
        if len(zones) > 130:
            continue
        copied = pickle.loads(pickle.dumps(zones))  # noqa: S301 - our own
        assert list(copied) == list(zones)
        assert (copied.network, copied.prop) == (zones.network, zones.prop)
        assert copied.graph.edges == zones.graph.edges
        assert len({id(zone.source.arrangement) for zone in copied if hasattr(zone.source, "arrangement")}) <= 1
        again = pickle.loads(pickle.dumps(zones))  # noqa: S301 - now that everything was computed
        assert again.islands == zones.islands
        one = pickle.loads(pickle.dumps(zones[0]))  # noqa: S301
        assert (one, one.hrep, one.maximum) == (zones[0], zones[0].hrep, zones[0].maximum)


@pytest.mark.parametrize("make", [random_network, ternary_network])
@pytest.mark.parametrize("widths", [(3, 6, 5, 1), (2, 300, 1)])
def test_pieces_and_leaves_arrive_as_they_were_sent(make, widths):
    """With ids below and above 255, with and without integers."""
    run = Arrangement(make(*widths).layers[:-1], Polyhedron.box([-6] * widths[0], [6] * widths[0]).hrep.rows, widths[0])
    frontier = run.start()
    while frontier.layer < len(run.layers):
        copied = pickle.loads(pickle.dumps(frontier))  # noqa: S301 - our own
        for name, sent in vars(frontier.cells).items():
            arrived = getattr(copied.cells, name)
            assert (arrived.dtype, arrived.shape, arrived.tobytes()) == (sent.dtype, sent.shape, sent.tobytes())
        frontier = run.advance(frontier)[0]
    leaves = LeafBatch.of(frontier)
    data = pickle.dumps(leaves)
    assert len(data) < leaves.nbytes
    copied = pickle.loads(data)  # noqa: S301 - our own
    for name, sent in vars(leaves).items():
        arrived = getattr(copied, name)
        assert (arrived.dtype, arrived.shape, arrived.tobytes()) == (sent.dtype, sent.shape, sent.tobytes())


def test_leaves_belong_to_the_drivers_arrangement(pools):
    net, prop, domain = CASES["plane"]
    with paced(PIECES):
        zones = find_zones(net, prop, domain, executor=pools["two processes"])
    assert len({id(zone.source.arrangement) for zone in zones}) == 1
    assert all(zone.network is net for zone in zones)


def test_two_searches_share_a_pool(pools):
    """Workers keep what they built apart."""
    streams = {name: stream_zones(*CASES[name], executor=pools["one process"]) for name in ("plane", "a line", "four dimensions")}
    found = {name: [] for name in streams}
    with paced(PIECES):
        while streams:
            for name, stream in list(streams.items()):
                zone = next(stream, None)
                if zone is None:
                    del streams[name]
                else:
                    found[name].append(zone)
    for name, zones in found.items():
        assert leaves(zones) == leaves(find_zones(*CASES[name]))


def test_how_many_workers_an_executor_has(pools, watched):
    assert [worker_count(pool) for pool in pools.values()] == [1, 2, 2]
    assert worker_count(watched) == 3
    assert worker_count(Executor()) == os.cpu_count()


def test_processes_have_one_thread_for_linear_algebra(pools):
    assert pools["one process"].submit(os.getenv, "OPENBLAS_NUM_THREADS").result(60) == "1"
    before = os.environ.copy()
    with processes(1):
        assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert os.environ == before or "OPENBLAS_NUM_THREADS" in before


def test_forward_takes_an_executor(watched):
    net, prop, domain = CASES["plane"]
    resolved = prop.resolve(net.widths)
    with paced(PIECES):
        zones = forward(net, resolved, domain.hrep.rows, executor=watched)
        assert len(list(zones)) == len(find_zones(net, prop, domain))


# dask.distributed


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


def test_dask(cluster):
    executor = cluster.get_executor()
    assert worker_count(executor) == 2
    for name in ("plane", "degenerate", "several conditions"):
        with paced(PIECES):
            assert leaves(find_zones(*CASES[name], executor=executor)) == leaves(find_zones(*CASES[name]))


def test_dask_loses_a_worker(cluster):
    """The scheduler gives the lost pieces to others; the answer is the same."""
    net, prop, domain = random_network(3, 20, 20, 1), feature(0), box(3)
    alone = leaves(find_zones(net, prop, domain))
    pids = cluster.run(os.getpid)
    assert len(pids) == 2
    victim = next(iter(pids.values()))
    killed = threading.Event()

    def kill(_cells, zones):
        if zones > len(alone) / 10 and not killed.is_set():
            killed.set()
            os.kill(victim, signal.SIGKILL)

    with paced(PIECES):
        found = find_zones(net, prop, domain, executor=cluster.get_executor(), progress=kill)
    assert killed.is_set()
    assert leaves(found) == alone
    assert len(alone) > 1000
