"""Certification by worker processes: the same verdict, a certificate that is accepted, nothing lost when a worker dies."""

import itertools
from fractions import Fraction
from multiprocessing import active_children
from threading import Event, Thread

import numpy as np
import pytest

from exactzones.certification import CanFire, CannotFire, Undecided, case_of, certify, distribute
from exactzones.checker import check
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature
from exactzones.zones import find_zones


def random_network(*widths):
    rng = np.random.default_rng(0)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(rng.normal(size=(b, a)) / a**0.5, rng.normal(size=b) / 2) for a, b in pairs])


@pytest.fixture(autouse=True)
def _workers_at_once(monkeypatch):
    monkeypatch.setattr(distribute, "_ALONE_SECONDS", 0.0)
    monkeypatch.setattr(distribute, "_FIRST_NODES", 16)


def test_a_proof_by_several_processes(monkeypatch):
    network, domain = random_network(3, 20, 20, 1), Polyhedron.box(-1, 1, dim=3)
    largest = find_zones(network, feature(0, -100), domain).maximum.value
    decision = certify(network, feature(0, largest), domain, jobs=2)
    assert isinstance(decision, CannotFire)
    report = check(network, [case_of(network, feature(0, largest), domain)], decision.certificate.lines)
    assert (report.verdict, report.proves) == ("valid", "cannot fire")
    monkeypatch.setattr(distribute, "_ALONE_SECONDS", 1000.0)
    assert certify(network, feature(0, largest), domain, jobs=2).certificate.lines == decision.certificate.lines
    assert isinstance(certify(network, feature(0, largest - Fraction(1, 100)), domain, jobs=2), CanFire)


def test_workers_that_die_time_and_again():
    """What was proved until then is kept, and can be resumed."""
    network, domain, prop = random_network(6, 60, 60, 1), Polyhedron.box(-3, 3, dim=6), feature(0, 5)
    killed, done = set(), Event()

    def kill_all():
        while not done.wait(0.02):
            for worker in active_children():
                killed.add(worker.pid)
                worker.kill()

    killer = Thread(target=kill_all)
    killer.start()
    try:
        decision = certify(network, prop, domain, jobs=2, seconds=100)
    finally:
        done.set()
        killer.join()
    assert len(killed) >= 4
    assert isinstance(decision, Undecided)
    assert decision.reason == "a worker process died (BrokenProcessPool), perhaps for lack of memory"
    resumed = certify(network, prop, domain, resume=decision.certificate, seconds=1)
    assert isinstance(resumed, Undecided)
    assert resumed.certificate.lines[: len(decision.certificate.lines)] == decision.certificate.lines
