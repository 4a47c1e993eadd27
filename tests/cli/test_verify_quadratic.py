"""``exactzones verify`` on conditions of degree 2: z3 decides the same, and assignments satisfy them."""

from fractions import Fraction

import pytest
from cli.support import PLANE, saved
from cli.test_verify_command import assigned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exactzones.network import Network

HEAD = """(vnnlib-version <2.0>)
(declare-network N (declare-input X real [2]) (declare-output Y real [2]))
(assert (and (<= -1 X[0] 1) (<= -1 X[1] {high})))
"""
VARIABLES = ["X[0]", "X[1]", "Y[0]", "Y[1]"]


@pytest.fixture
def decide(run, tmp_path):
    def decide(assertions, network=PLANE, high=1, *options):
        query = tmp_path / "q.vnnlib"
        query.write_text(HEAD.format(high=high) + assertions)
        return run("verify", query, f"--network=N={saved(network, tmp_path / 'net.json')}", *options)

    return decide


def z3_decides(assertions, high):
    """Decide with z3, for PLANE."""
    z3 = pytest.importorskip("z3")
    x = [z3.Real(name) for name in "uv"]
    hidden = [z3.If(value > 0, value, 0) for value in (x[0], x[1], x[0] + x[1] - 1)]
    y = [hidden[0] + hidden[1] - hidden[2], hidden[0] - hidden[1] + hidden[2] + z3.Q(1, 3)]
    solver = z3.Solver()
    solver.set("timeout", 5000)
    solver.add(x[0] >= -1, x[0] <= 1, x[1] >= -1, x[1] <= high)
    names = dict(zip(VARIABLES, [*x, *y], strict=True))
    for left, relation, right in assertions:
        total = sum((names[one] * names[two] * factor for factor, one, two in left), z3.RealVal(0))
        solver.add({"<=": total <= right, "<": total < right, "=": total == right}[relation])
    return str(solver.check())


TERMS = st.lists(
    st.tuples(st.sampled_from([-2, -1, 1, 2]), st.sampled_from(VARIABLES), st.sampled_from(VARIABLES)), min_size=1, max_size=3
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    assertions=st.lists(st.tuples(TERMS, st.sampled_from(["<=", "<", "="]), st.integers(-2, 2)), min_size=1, max_size=1),
    high=st.sampled_from([-1, 0, 1]),
)
def test_z3_decides_the_same(decide, assertions, high):
    """With high = -1 an input is fixed."""
    text = ""
    for left, relation, right in assertions:
        terms = " ".join(f"(* {factor} {one} {two})" for factor, one, two in left)
        text += f"(assert ({relation} (+ 0 {terms}) {right}))"
    done = decide(text, PLANE, high)
    assert done.code == 0, done.err
    verdict, *lines = done.out.splitlines()
    assert z3_decides(assertions, high) in {verdict, "unknown"}
    if verdict == "sat":
        values = assigned(lines)
        entries = {name: values[name[0]][int(name[2])] for name in VARIABLES}
        for left, relation, right in assertions:
            total = sum(factor * entries[one] * entries[two] for factor, one, two in left)
            close = abs(total - right) < Fraction(1, 10**25)  # irrational numbers are printed with 30 digits
            assert close or (relation != "=" and total <= right)


def test_conditions_are_joined_with_linear_ones(decide):
    """y = (0, 1/3) on [-1, 0]^2; a disjunction holds where one of its cases does."""
    assert decide("(assert (or (<= Y[0] -1) (>= (* Y[0] Y[0]) 9)))").out == "unsat\n"
    done = decide("(assert (or (<= Y[0] -1) (and (>= (* X[0] X[1]) 1) (<= X[0] -0.5))))")
    assert assigned(done.out.splitlines()[1:])["X"] == [-1, -1]
    assert decide("(assert (and (>= (* X[0] X[1]) 1) (<= X[0] -0.5) (>= Y[1] 0.4)))").out == "unsat\n"


def test_outputs_are_those_after_a_last_relu(decide):
    network = Network.of(([[1, 0], [0, 1]], [0, 0], True))
    assert decide("(assert (<= (* Y[0] X[0]) -0.1))", network).out == "unsat\n"  # max(x, 0) x >= 0
    assert decide("(assert (<= (* (- Y[0] X[0]) X[1]) -0.9))", network).out.startswith("sat\n")  # -x0 x1 where x0 < 0


def test_an_equation_has_an_irrational_solution(decide):
    done = decide("(assert (= (* X[0] X[0]) 0.5))")
    (x, _), _ = assigned(done.out.splitlines()[1:]).values()
    assert abs(x * x - Fraction(1, 2)) < Fraction(1, 10**28)


def test_single_points_and_empty_domains(decide):
    point = "(assert (and (= X[0] 0.5) (= X[1] 1)))"
    assert decide(point + "(assert (= (* X[0] X[0]) 0.25))").out.startswith("sat\n")
    assert decide(point + "(assert (> (* X[0] X[0]) 0.25))").out == "unsat\n"
    assert decide("(assert (and (> X[0] X[1]) (> X[1] X[0]) (= (* X[0] X[0]) 0.25)))").out == "unsat\n"


def test_what_is_not_decided(decide, run, tmp_path):
    touching = "(assert (and (<= (+ (* X[0] X[0]) (* X[1] X[1])) 1) (>= (* (+ X[0] X[1]) (+ X[0] X[1])) 2) (>= X[0] 0)))"
    done = decide(touching, PLANE, 1, "--timeout", "5")
    assert (done.code, done.out) in {(3, "unknown\n"), (3, "timed-out\n")}
    assert "incomplete: " in done.err
    query = tmp_path / "wide.vnnlib"
    head = "(vnnlib-version <2.0>)(declare-network N (declare-input X real [{}]) (declare-output Y real [1]))"
    for inputs, says in [(1, "no bounds and 1 inputs"), (4, "no bounds and 4 inputs")]:
        query.write_text(head.format(inputs) + "(assert (>= (* X[0] X[0]) 2))")
        wide = saved(Network.of(([[1] * inputs], [0], False)), tmp_path / "wide.npz")
        refusal = run("verify", query, f"--network=N={wide}")
        assert (refusal.code, refusal.out) == (2, "")
        assert says in refusal.err
        assert "with up to 3 of them" in refusal.err
