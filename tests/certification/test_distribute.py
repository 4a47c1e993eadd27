"""Certification by worker processes: the same verdict, a certificate that is accepted, nothing lost when a worker dies."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from multiprocessing import active_children
from threading import Event, Thread

import numpy as np
import pytest

from exactzones.certification import (
    CanFire,
    CannotFire,
    Certificate,
    Undecided,
    case_of,
    certify,
    checkpoints,
    distribute,
    pieces,
    run,
)
from exactzones.checker import check
from exactzones.errors import InputError
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
    monkeypatch.setattr(pieces, "_FIRST_NODES", 16)


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


def _checkpoints(monkeypatch, **options):
    """Return the claim of a proof, the checkpoint after each of its pieces, and its lines."""
    monkeypatch.setattr(distribute, "_ALONE_SECONDS", 0.0)
    monkeypatch.setattr(pieces, "_FIRST_NODES", 4)
    monkeypatch.setattr(pieces, "_MOST_PARTS", 3)
    monkeypatch.setattr(checkpoints, "_INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "_SHARE", 1e9)
    network, domain = random_network(3, 16, 16, 1), Polyhedron.box(-1, 1, dim=3)
    prop = feature(0, find_zones(network, feature(0, -100), domain).maximum.value)
    kept = []
    with ThreadPoolExecutor(1) as executor:
        decision = certify(network, prop, domain, executor=executor, checkpoint=kept.append, **options)
    assert isinstance(decision, CannotFire)
    return (network, prop, domain), kept, decision.certificate.lines


def test_a_proof_goes_on_from_any_checkpoint_to_the_same_bytes(monkeypatch):
    """Checkpoints have nodes in the order in which they were added, and say which pieces they belong to."""
    claim, kept, whole = _checkpoints(monkeypatch)
    network, prop, domain = claim
    assert len(kept) >= 5
    with ThreadPoolExecutor(2) as executor:
        for part in kept[: -1 : len(kept) // 4]:
            assert check(network, [case_of(network, prop, domain)], part.lines).verdict == "incomplete"
            assert certify(*claim, executor=executor, resume=part).certificate.lines == whole


def test_a_proof_of_several_workers_is_continued_by_one_and_by_several_again(monkeypatch):
    claim, kept, _ = _checkpoints(monkeypatch)
    network, prop, domain = claim
    monkeypatch.setattr(run, "ROUND", 10)
    alone = []
    decision = certify(*claim, resume=kept[0], checkpoint=alone.append)
    assert isinstance(decision, CannotFire)
    with ThreadPoolExecutor(2) as executor:
        again = certify(*claim, resume=alone[0], executor=executor)
    assert check(network, [case_of(network, prop, domain)], again.certificate.lines).verdict == "valid"


def test_pieces_that_do_not_fit_are_refused(monkeypatch):
    claim, kept, _ = _checkpoints(monkeypatch)
    header, *nodes = kept[0].lines
    pieces_of_one_part = [[0, 2], [0, 0, 1], [0, 0, 1]]
    for wrong in (5, "x", [[]], [["a"]], [[-1, 3]], [[0, 10**9]], [[0, 2], [0, 99, 1]], pieces_of_one_part):
        changed = json.dumps(json.loads(header) | {"pieces": wrong})
        with pytest.raises(InputError, match="its pieces do not fit its nodes"):
            certify(*claim, jobs=2, resume=Certificate((changed, *nodes)))
