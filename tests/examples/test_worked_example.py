"""The worked example of the text: what its output says is true, with the square roots themselves and with stand-ins.

Golden numbers, derived by hand.  With u = W x + b_W and h1's pre-activation D_1 . ReLU(u) - 3/10, where D_1 has the signs + + -:

* First statement: W_3 = -W_2, so u2 + u3 = -1, and second and third neuron are never on together: 8 - 2 = 6 regimes.  In
  (-, -, +) and (-, -, -) nothing raises h1; in the other four the first or second neuron does, without bound: 4 zones.
* Final code: 5 u1 + 4 u2 + 6 u3 = -15/2 (u1 + u2 + u3 = -3/2 for the regular triangle): only (+, +, +) is absent, so 7 regimes,
  and the same two of them are silent: 5 zones.
"""

import contextlib
import io
import itertools
from collections.abc import Iterable
from fractions import Fraction

import pytest
import sympy
import worked_example as example
import worked_versions as versions
from oracle import brute_force

from exactzones import Polyhedron, Zone, condition, feature, find_zones
from exactzones.rational import dot, square_root, text

GOLDEN = {
    "first": (6, ["++-", "+-+", "+--", "-+-"]),
    "halved": (6, ["++-", "+-+", "+--", "-+-"]),
    "final": (7, ["++-", "+-+", "+--", "-++", "-+-"]),
    "regular": (7, ["++-", "+-+", "+--", "-++", "-+-"]),
}
KEPT_APART = {"first": (6, 8), "halved": (6, 8), "final": (7, 9), "regular": (7, 11)}
"""Pieces with the square roots themselves, and with stand-ins, both by brute force."""
every_version = pytest.mark.parametrize("name", GOLDEN)


def patterns(zones: Iterable[Zone]) -> list[str]:
    return [zone.pattern[0] for zone in zones]


def output(*names: str) -> str:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        example.main(list(names))
    return stream.getvalue()


@every_version
def test_zones_are_those_derived_by_hand(name: str) -> None:
    network = example.VERSIONS[name].network()
    zones = example.alpha_zones(network)
    assert patterns(zones) == GOLDEN[name][1]
    assert len(zones.islands) == 1
    assert len(zones.merged) == 3


@every_version
def test_brute_force_over_the_eight_regimes_agrees(name: str) -> None:
    network = example.VERSIONS[name].network()
    zones = {zone.pattern: zone for zone in example.alpha_zones(network)}
    expected = brute_force(network, feature(0))
    assert set(zones) == set(expected)
    assert all(Polyhedron(zones[pattern].hrep) == cell for pattern, cell in expected.items())
    everywhere = condition({}, constant=1, layer=0, after_relu=True)
    assert len(brute_force(network, everywhere)) == GOLDEN[name][0]


@every_version
def test_the_literal_un_relu_gives_the_same_pieces(name: str) -> None:
    network = example.VERSIONS[name].network()
    pieces = dict(example.alpha_pieces(network))
    zones = example.alpha_zones(network)
    assert list(pieces) == patterns(zones)
    assert all(zone.firing == pieces[zone.pattern[0]] for zone in zones)


@every_version
def test_three_pieces_of_beta_space_merge_exactly_into_the_half_space(name: str) -> None:
    network = example.VERSIONS[name].network()
    pieces, zones = dict(example.beta_pieces(network)), example.beta_zones(network)
    assert list(pieces) == patterns(zones) == ["++-", "+-+", "+--"]
    assert all(zone.firing == pieces[zone.pattern[0]] for zone in zones)
    (merged,) = zones.merged
    assert merged.polyhedron == example.half_space(network) == Polyhedron.of(2, strict=[("-3/10", 1, 0)])
    assert merged.polyhedron != merged.polyhedron.closure()


@every_version
@pytest.mark.parametrize("denominator", [2, 10, 1000, 10**12])
def test_stand_ins_give_the_same_zones(name: str, denominator: int) -> None:
    network = example.VERSIONS[name].network(denominator)
    assert network.is_rational
    zones = example.alpha_zones(network)
    assert (patterns(zones), len(zones.islands), len(zones.merged)) == (GOLDEN[name][1], 1, 3)
    assert patterns(find_zones(network, feature(0), engine="backward")) == patterns(zones)
    for taken in network.rationalizations:
        assert abs(sympy.sympify(taken.expression) - sympy.Rational(taken.value)) <= sympy.Rational(taken.error)


@every_version
def test_stand_ins_split_pieces_that_are_kept_apart(name: str) -> None:
    """Products of two square roots are rational, so that lines coincide; of two stand-ins they are not."""
    network = example.VERSIONS[name].network()
    pieces = example.pieces_kept_apart(network)
    assert len(pieces) == KEPT_APART[name][0]
    on_after_relu = condition({0: 1}, layer=2, after_relu=True)
    assert {zone.pattern for zone in pieces} == set(brute_force(network, on_after_relu))
    assert len(brute_force(example.VERSIONS[name].network(10), on_after_relu)) == KEPT_APART[name][1]
    assert len(example.pieces_kept_apart(example.VERSIONS[name].network(10**9))) == KEPT_APART[name][1]


@every_version
def test_the_reasons_for_each_regime_hold(name: str) -> None:
    version = example.VERSIONS[name]
    decided = {regime.signs: regime for regime in example.regimes(version)}
    assert set(decided) == set(example.SIGNS)
    assert sum(regime.verdict != "absent" for regime in decided.values()) == GOLDEN[name][0]
    assert [signs for signs in example.SIGNS if decided[signs].verdict == "zone"] == GOLDEN[name][1]
    assert decided["---"].verdict == "silent"
    assert decided["+++"].verdict == "absent"
    coefficients, total = example.identity(version.W, version.b_W)
    effect = list(version.U[0, :] * version.D)
    for regime in decided.values():
        assert (regime.verdict == "absent") == example.contradicts(regime.signs, coefficients, total)
        raised = any(c > 0 for c, sign in zip(effect, regime.signs, strict=True) if sign == "+")
        assert raised == (regime.verdict == "zone") or regime.verdict == "absent"
        assert ("no active neuron" in regime.reason) == (regime.verdict == "silent")


@every_version
def test_the_network_is_the_text_s(name: str) -> None:
    """h1 at some points, by sympy, and every vertex of a zone on its lines."""
    version = example.VERSIONS[name]
    network = version.network()
    assert not network.is_rational
    assert network.rationalizations == ()
    for point in itertools.product(map(Fraction, (-4, 0, 3)), repeat=2):
        before = version.W * sympy.Matrix(list(map(sympy.Rational, point))) + version.b_W
        hidden = before.applyfunc(lambda u: sympy.Max(0, u))
        expected = (version.U[0, :] * version.D * hidden)[0] + version.b_U[0]
        assert sympy.simplify(expected - sympy.sympify(text(network.trace(point)[-1][0]))) == 0
    for zone in example.alpha_zones(network):
        for vertex in zone.firing.vrep.vertices:
            rows = (*zone.firing.irredundant.rows, *zone.firing.irredundant.strict)
            assert sum(dot(row, (1, *vertex)) == 0 for row in rows) == 2


def test_vertices_of_the_final_code() -> None:
    """The zone (+, -, -), by hand: h1 = 0 where u1 = 6/5, x1 = 17/10; there u2 = 0 at 9 sqrt(3)/10, u3 = 0 at -27 sqrt(3)/20."""
    zone = next(zone for zone in example.alpha_zones(versions.final_version()) if zone.pattern[0] == "+--")
    root = square_root(3)
    assert zone.firing.vrep.vertices == ((Fraction(17, 10), -27 * root / 20), (Fraction(17, 10), 9 * root / 10))


def test_the_regimes_that_the_text_ignores_are_zones_for_other_biases() -> None:
    on, off = example.counterexamples().values()
    assert patterns(example.alpha_zones(on.network())) == ["+++", "++-", "+-+", "+--", "-++", "-+-"]
    assert patterns(example.alpha_zones(off.network())) == ["++-", "+-+", "+--", "-++", "-+-", "--+", "---"]
    for version in (on, off):
        network = version.network()
        assert set(brute_force(network, feature(0))) == {zone.pattern for zone in find_zones(network, feature(0))}


def test_differences_name_every_entry() -> None:
    first, halved, final = (example.VERSIONS[name] for name in ("first", "halved", "final"))
    assert first.differences(first) == []
    assert [line.split()[0] for line in halved.differences(first)] == ["D[1,1]", "D[1,2]", "D[1,3]", "D[2,1]", "D[2,2]"]
    assert [line.split()[0] for line in final.differences(halved)] == ["W[3,1]", "W[3,2]", "D[2,2]", "U[3,1]", "U[3,2]"]


def test_named_networks_are_the_versions() -> None:
    for name in GOLDEN:
        assert getattr(versions, f"{name}_version")(50) == example.VERSIONS[name].network(50)


def test_the_output_says_so() -> None:
    printed = output()
    assert printed.count("boundary and all?  yes") == 4
    assert [printed.count(f"\nStep {k}: ") for k in range(1, 7)] == [4] * 6
    assert "NO\n" not in printed
    assert "contradict each other" not in printed
    assert "vertex (17/10, 9/10*sqrt(3)), about (1.7000, 1.5588)" in printed
    assert "-sqrt(3)/3 taken as -56/97 (off by at most 3.1e-05)" in printed
    assert printed.count("11 instead of 7") == 3
    summary = [line.split()[-1] for line in printed.splitlines()[-5:-1]]
    assert summary == ["silent"] * 4
    assert "FINAL CODE\n" in output("final")
    assert "FIRST STATEMENT" not in output("final")
