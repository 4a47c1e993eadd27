"""A time limit of certification covers everything, with what was proved; measured by the process's own clock of CPU time."""

import time
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from exactzones.certification import CannotFire, Undecided, case_of, certify, climb, maximum, prove_complete
from exactzones.certification.pace import CheckPace
from exactzones.checker import check
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, InputError
from exactzones.network import Network
from exactzones.polyhedra import HRep, Polyhedron
from exactzones.polyhedra.program import Program
from exactzones.property import feature
from exactzones.rational import over_common_denominator
from exactzones.zones import find_zones


def hard(*widths, seed=3):
    """A random network on which proofs take long."""
    draw = np.random.default_rng(seed)
    pairs = pairwise(widths)
    return Network.mlp([(draw.normal(size=(b, a)) / np.sqrt(a) * 1.4, 0.3 * draw.normal(size=b)) for a, b in pairs])


HARD = hard(5, 30, 30, 30, 1)
MANY_INPUTS = hard(30, 40, 40, 1)
BOX = Polyhedron.box([-1] * 5, [1] * 5)


@pytest.fixture(autouse=True)
def _cpu_clock(monkeypatch):
    """Time passes only while this process works, so that a busy machine changes nothing."""
    monkeypatch.setattr(time, "monotonic", time.process_time)


@pytest.mark.parametrize("seconds", [1.0, 2.5])
@pytest.mark.parametrize(("network", "threshold"), [(HARD, 3), (HARD, 4), (MANY_INPUTS, 6)])
def test_a_limit_covers_the_check_of_what_was_found(network, threshold, seconds):
    domain = Polyhedron.box([-1] * network.inputs, [1] * network.inputs)
    start = time.process_time()
    decision = certify(network, feature(0, threshold=threshold), domain, seconds=seconds)
    assert time.process_time() - start < 1.1 * seconds + 0.5
    report = check(network, [case_of(network, feature(0, threshold=threshold), domain)], decision.certificate.lines)
    assert report.verdict in ("valid", "incomplete")
    if isinstance(decision, Undecided):
        assert f"the budget of {seconds:g} s ran out" in decision.reason
        assert report.open_leaves == decision.open_leaves


def test_what_was_proved_in_time_is_kept_and_can_be_continued():
    prop = feature(0, threshold=4)
    first = certify(HARD, prop, BOX, seconds=2)
    assert isinstance(first, Undecided)
    assert len(first.certificate.lines) > 50
    second = certify(HARD, prop, BOX, seconds=2, resume=first.certificate)
    assert second.certificate.lines[1 : len(first.certificate.lines)] == first.certificate.lines[1:]


def test_a_run_that_ends_in_time_is_the_same_as_one_without_a_limit():
    network, box = hard(3, 12, 12, 1), Polyhedron.box([-1] * 3, [1] * 3)
    top = maximum(network, 0, box).value
    prop = feature(0, threshold=top + Fraction(1, 10))
    free = certify(network, prop, box)
    assert isinstance(free, CannotFire)
    assert certify(network, prop, box, seconds=600).certificate == free.certificate


def test_lists_of_zones_are_proved_within_their_time():
    network = hard(3, 16, 16, 1)
    zones = find_zones(network, 0, Polyhedron.box([-1] * 3, [1] * 3))
    start = time.process_time()
    prove_complete(zones, seconds=1)
    assert time.process_time() - start < 1.6


def test_the_largest_value_is_found_within_its_time():
    start = time.process_time()
    with pytest.raises(BudgetExceeded):
        maximum(HARD, 0, BOX, seconds=1.5)
    assert time.process_time() - start < 2.5


@pytest.fixture
def mostly_bracketing(monkeypatch):
    """A second for the proof, and one for each of three bounds, so that some are proved on a busy machine, too."""
    monkeypatch.setattr(climb, "_PROOF_SHARE", 0.05)
    monkeypatch.setattr(climb, "_TRY_SHARE", 0.05)
    monkeypatch.setattr(climb, "_TRIES", 3)


@pytest.mark.usefixtures("mostly_bracketing")
@pytest.mark.parametrize("arithmetic", ["real", "float64"])
def test_a_maximum_that_is_not_proved_has_a_bound(arithmetic):
    with pytest.raises(BudgetExceeded) as stopped:
        maximum(HARD, 0, BOX, seconds=20, arithmetic=arithmetic)
    best = stopped.value.found
    assert HARD(best.point)[0] == best.value < best.upper
    claim = case_of(HARD, feature(0, threshold=best.upper), BOX, arithmetic=arithmetic)
    assert check(HARD, [claim], best.upper_certificate.lines).verdict == "valid"


def test_a_maximum_in_an_arithmetic_that_cannot_hold_the_weights_is_refused_before_the_search():
    start = time.process_time()
    with pytest.raises(InputError, match="weights that are not numbers of float32"):
        maximum(HARD, 0, BOX, seconds=100, arithmetic="float32")
    assert time.process_time() - start < 10


@pytest.mark.usefixtures("mostly_bracketing")
def test_a_maximum_of_many_inputs_is_between_its_bounds():
    network = hard(300, 4, 1)
    box = Polyhedron.box(0, 1, dim=300)
    with pytest.raises(BudgetExceeded) as stopped:
        maximum(network, 0, box, seconds=20)
    best = stopped.value.found
    values = []
    for signs in product("+-", repeat=4):
        program = Program.on(HRep(300, box.hrep.rows))
        hidden, output = network.regime_maps(("".join(signs),), 1)
        for row, sign in zip(hidden.augmented().integer_rows(), signs, strict=True):
            program.push(row if sign == "+" else tuple(-entry for entry in row))
        if program.interior() is not None:
            (row,) = output.augmented().rows
            integers, scale = over_common_denominator(row)
            values.append(program.maximize(integers).value / scale)
    assert network(best.point)[0] == best.value <= max(values) <= best.upper


def test_the_pace_asks_for_nothing_without_a_deadline():
    pace = CheckPace(Deadline())
    assert not pace.is_due(10**9, None, None)
    assert pace.affordable(7, 1.0) == 7
    assert pace.part() == 128


def test_an_interrupted_run_checks_for_a_moment_only():
    deadline = Deadline()
    pace = CheckPace(deadline)
    deadline.interrupt()
    assert 0 < pace.left() <= 0.4
    assert 1 <= pace.affordable(10**6, 10.0) < 10**5
