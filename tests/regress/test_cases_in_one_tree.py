"""What a review of trees about several cases found, on the day they came."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from exactzones import Network, Polyhedron, feature
from exactzones.certification import CanFire, CannotFire, case_of, certify, certify_cases
from exactzones.certification.results import Certificate
from exactzones.certification.run import Run
from exactzones.checker import Case, check
from exactzones.checker.certificate import write_header
from exactzones.checker.reference import check_plainly
from exactzones.property import condition
from exactzones.threads import one_thread

ABSOLUTE = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-2])])  # |x| - 2


def test_a_resumed_certificate_keeps_the_order_of_its_trees():
    cases = [
        case_of(ABSOLUTE, feature(0), Polyhedron.box(-1, 1, dim=1)),
        case_of(ABSOLUTE, feature(0), Polyhedron.box(-2, 0, dim=1)),
    ]
    head, *nodes = certify_cases(ABSOLUTE, cases[::-1]).certificate.lines
    lines = (json.dumps(json.loads(head) | {"trees": [[1], [0]]}), *nodes)
    assert check(ABSOLUTE, cases, lines).verdict == "valid"
    for some in (lines, lines[:2]):
        found = certify_cases(ABSOLUTE, cases, resume=Certificate(some))
        assert isinstance(found, CannotFire)
        assert check(ABSOLUTE, cases, found.certificate.lines).verdict == "valid"


@pytest.mark.parametrize("order", [1, -1])
def test_a_case_that_only_touches_hides_no_witness(order, monkeypatch):
    """Where exact programs are too large the search must find it."""
    monkeypatch.setattr(Run, "guess", lambda *_: None)
    weights = [[1, 0], [0, 1], [-1, 0], [0, -1], *[[1, 1]] * 700]
    biases = [Fraction(-1, 2), Fraction(-1, 3), Fraction(1, 2), Fraction(1, 3), *[-5] * 700]
    outputs = [[0] * 704, [-1, -1, -1, -1, *[0] * 700]]  # 0, and 1/50 - |x - 1/2| - |y - 1/3|
    network = Network.mlp([(weights, biases), (outputs, [0, Fraction(1, 50)])])
    cases = [case_of(network, feature(k), Polyhedron.box(0, 1, dim=2)) for k in (0, 1)][::order]
    found = certify_cases(network, cases, seconds=30)
    assert isinstance(found, CanFire)
    assert found.case == (1 if order == 1 else 0)


def test_a_case_on_an_excluded_boundary_hides_no_witness():
    """x >= 1 holds at x = 1 only: there the first case is excluded, the second is not."""
    network = Network.mlp([([[1], [-1]], [0, 0]), ([[1, -1]], [-1])])
    rows = ((0, 1), (1, -1))
    cases = [Case(rows, condition({0: 1}, strict=False), strict) for strict in ((rows[1],), ())]
    for some in (cases, cases[::-1]):
        found = certify_cases(network, some, seconds=30)
        assert isinstance(found, CanFire)
        assert tuple(some[found.case].strict) == ()
        assert found.witness == (1,)


def test_headers_that_promise_too_much_cost_nothing():
    case = case_of(ABSOLUTE, feature(0), Polyhedron.box(-1, 1, dim=1))
    head = json.loads(write_header(ABSOLUTE.sha256, 40, 1, "")) | {"cases": 1 << 31, "trees": [[0]]}
    for checker in (check, check_plainly):
        assert checker(ABSOLUTE, [case], [json.dumps(head)]).verdict == "invalid"


def test_large_known_bounds_are_resumed():
    """Bounds beyond 2^61 in fixed numbers are Python's integers, which no float routine takes."""
    big = 1 << 25
    layers = [([[big, -2 * big], [3 * big, big], [-big, big]], [-big // 3, -big, big // 5])]
    network = Network.mlp([*layers, ([[1, -1, 1], [1, 1, -1]], [0, -big]), ([[1, -1]], [-9 * big])])
    units = [[4 * unit + upper] for unit in (2, 3, 4) for upper in (0, 1)]
    lines = (write_header(network.sha256, 40, 1, ""), json.dumps([0, units, ["relu", 2]]))
    assert isinstance(certify(network, feature(0), Polyhedron.box(0, 1, dim=2), resume=Certificate(lines)), CannotFire)


def test_numbers_of_many_digits_in_a_certificate():
    case = case_of(ABSOLUTE, feature(0), Polyhedron.box(-1, 1, dim=1))
    units, long = [[4 * unit + upper] for unit in (1, 2) for upper in (0, 1)], "1" + "0" * 5000
    lines = [write_header(ABSOLUTE.sha256, 40, 1, ""), json.dumps([0, units, ["no", 0, [0, 1], [0, f"0/{long}"]]])]
    assert check(ABSOLUTE, [case], lines).verdict == check_plainly(ABSOLUTE, [case], lines).verdict == "valid"
    deep = [
        ([[Fraction(3 ** (600 + k), 2**1000), 1], [Fraction(5**400, 7 ** (300 + k)), -1]], [Fraction(1, 11 ** (200 + k)), 0])
        for k in range(8)
    ]
    network = Network.mlp([*deep, ([[1, 1]], [-1])])
    certify(network, feature(0, Fraction(10) ** 4000), Polyhedron.box(0, 1, dim=2), seconds=5)  # no ValueError


def threads():
    """How many threads the BLAS of NumPy has; other libraries that tests before this one loaded may bring one of their own."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas" and "numpy" in pool["filepath"]]


def test_threads_of_the_caller_leave_the_limit_as_it_was():
    np.eye(2) @ np.eye(2)
    before = threads()
    assert before
    with one_thread, one_thread:
        assert set(threads()) == {1}
    assert threads() == before
    with ThreadPoolExecutor(4) as pool:
        case = case_of(ABSOLUTE, feature(0), Polyhedron.box(-1, 1, dim=1))
        list(pool.map(lambda _: certify_cases(ABSOLUTE, [case]), range(8)))
        assert threads() == before
    with pytest.raises(RuntimeError, match="inside"), one_thread:
        raise RuntimeError("inside")
    assert threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_within_the_limit_goes_on():
    script = """
import os
from exactzones.threads import one_thread
with one_thread:
    child = os.fork()
    if not child:
        with one_thread:
            os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    assert done.stdout.split() == ["7"]
