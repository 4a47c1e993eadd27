"""Going through all orders of summation at an input: against random trees, and verdicts that differ from those over the reals."""

import json
from fractions import Fraction

import numpy as np
import pytest
from certification.test_float_orders import HALF, a_tree
from cli.support import run, saved  # noqa: F401  a fixture

from exactzones import Network, certify, feature, maximum
from exactzones.certification import CanFire, CannotFire, Undecided, case_of
from exactzones.certification.every_order import EveryOrder, Executions, every_order
from exactzones.deadline import Deadline
from exactzones.rational.float_formats import FORMATS, FloatArithmetic

SINGLE = FORMATS["float32"]
STEP = Fraction(1, 1 << 23)  # between the numbers of float32 from 1 to 2


@pytest.mark.parametrize("seed", range(4))
def test_random_trees_give_one_of_the_values(seed):
    random = np.random.default_rng(seed)
    weights = random.normal(size=(3, 4)).astype(np.float16).astype(float)
    bias = random.normal(size=3).astype(np.float16).astype(float)
    point = random.normal(size=(1, 4)).astype(np.float16).astype(float)
    network = Network.mlp([(weights, bias)])
    executions = Executions(network, FloatArithmetic.of("float16"))
    values = [executions._values(0, j, network.layers[0], tuple(map(Fraction, point[0]))) for j in range(3)]
    seen = [set(), set(), set()]
    for _ in range(300):
        tree = a_tree(weights, bias, point, random)[0]
        for j in range(3):
            seen[j].add(HALF.round(Fraction(tree[j])))
    assert all(some <= set(every) for some, every in zip(seen, values, strict=True))
    assert 3 * sum(map(len, seen)) >= sum(map(len, values))


def between():
    """|2 a - low - high| where a is x (1 + step): at x = 1 + step, a lies in the middle of two numbers and is stored as one."""
    low = SINGLE.round((1 + STEP) ** 2, "down")
    high = low + STEP
    return Network.mlp([([[1 + STEP]], [0]), ([[1], [-1]], [-low, high]), ([[1, -1], [-1, 1]], [0, 0]), ([[1, 1]], [0])]), [
        (1 + STEP, 1 + STEP)
    ]


def test_never_over_the_reals_but_in_every_order():
    network, place = between()
    top = maximum(network, 0, place).value
    assert top < STEP
    fires = feature(0, top)
    assert isinstance(certify(network, fires, place), CannotFire)
    assert isinstance(certify(network, fires, place, arithmetic="float32"), Undecided)
    found = every_order(network, [case_of(network, fires, place, arithmetic="float32")], Deadline(None))
    assert found == EveryOrder(0, (1 + STEP,), 1)


def test_over_the_reals_but_at_no_number_of_the_format(run, tmp_path, monkeypatch):  # noqa: F811
    """A spike between two neighbouring numbers of float32, of width less than their distance."""
    monkeypatch.setattr("exactzones.cli.floats.order_dependence", None)  # it is not called: the order plays no role
    size = 1 << 23
    network = Network.mlp([([[size], [size]], [-size, -size - 1]), ([[1, -2]], [0])])  # tops at 1 + step, with the value 1
    away = [(1 + STEP / 4, 1 + 3 * STEP / 4)]
    inside = feature(0, Fraction(1, 2))
    assert isinstance(certify(network, inside, away), CanFire)
    found = every_order(network, [case_of(network, inside, away, arithmetic="float32")], Deadline(None))
    assert found == EveryOrder(None, None, 0)
    net = saved(network, tmp_path / "net.json")
    options = ("--feature", "0", "--threshold", "1/2", f"--domain={1 + STEP / 4}:{1 + 3 * STEP / 4}", "--arithmetic", "float32")
    document = json.loads(run("certify", net, *options, "--json", "-").out)
    assert (document["verdict"], document["real_verdict"]) == ("undecided", "can fire")
    assert document["every_order"] == {"verdict": "cannot fire", "inputs": 0}
    assert "none fires at any of the 0 inputs" in run("certify", net, *options).out


def test_what_depends_on_the_order_is_left():
    big = Fraction(2) ** 24
    network = Network.mlp([([[big, 1, -big]], [0])])
    case = case_of(network, feature(0, Fraction(1, 2)), [(1, 1)] * 3, arithmetic="float32")
    assert every_order(network, [case], Deadline(None)) is None
    assert every_order(network, [case_of(network, 0, [(1, 1)] * 3)], Deadline(None)) is None


@pytest.mark.parametrize("sign", [-1, 1])
def test_subnormal_inputs_may_be_read_as_zero(sign):
    """The unit is 2^-27, or zero where its input is flushed."""
    tiny = sign * Fraction(1, 2**127)
    network = Network.mlp([([[sign * Fraction(2) ** 100]], [0])])
    case = case_of(network, feature(0, 0), [(tiny, tiny)], arithmetic="float32")
    assert every_order(network, [case], Deadline(None)) is None
