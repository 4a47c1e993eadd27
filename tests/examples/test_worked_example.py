"""The worked example of the text: what its output says is true, and does not hang on the stand-ins.

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
from oracle import brute_force

from exactzones import Polyhedron, Zone, condition, feature, find_zones

GOLDEN = {
    "first": (6, ["++-", "+-+", "+--", "-+-"]),
    "halved": (6, ["++-", "+-+", "+--", "-+-"]),
    "final": (7, ["++-", "+-+", "+--", "-++", "-+-"]),
    "regular": (7, ["++-", "+-+", "+--", "-++", "-+-"]),
}
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
def test_other_stand_ins_give_the_same_answer(name: str, denominator: int) -> None:
    network = example.VERSIONS[name].network(denominator)
    assert network != example.VERSIONS[name].network()
    zones = example.alpha_zones(network)
    assert (patterns(zones), len(zones.islands), len(zones.merged)) == (GOLDEN[name][1], 1, 3)
    for taken in network.rationalizations:
        assert abs(sympy.sympify(taken.expression) - sympy.Rational(taken.value)) <= sympy.Rational(taken.error)


@every_version
def test_the_square_roots_themselves_give_the_same_answer(name: str) -> None:
    version = example.VERSIONS[name]
    decided = {regime.signs: regime for regime in example.regimes(version)}
    assert set(decided) == set(example.SIGNS)
    assert sum(regime.verdict != "absent" for regime in decided.values()) == GOLDEN[name][0]
    assert [signs for signs in example.SIGNS if decided[signs].verdict == "zone"] == GOLDEN[name][1]
    assert decided["---"].verdict == "silent"
    assert decided["+++"].verdict == "absent"
    assert "undecided" not in {regime.verdict for regime in decided.values()}
    assert example.is_one_island(version)


@every_version
def test_true_and_stand_in_network_nearly_agree(name: str) -> None:
    version = example.VERSIONS[name]
    network = version.network(10**6)
    for point in itertools.product(map(Fraction, (-4, 0, 3)), repeat=2):
        approximation = network.trace(point)[-1][0]
        assert abs(float(example.first_feature(version, point)) - float(approximation)) < 1e-4


def test_a_segment_through_silence_is_noticed() -> None:
    version = example.VERSIONS["final"]
    assert example.fires_along(version, (3, 3), (3, -4))
    assert not example.fires_along(version, (3, -4), (-4, 2))
    assert not example.fires_along(version, (0, 0), (0, 0))


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
        assert getattr(example, f"{name}_version")(50) == example.VERSIONS[name].network(50)


def test_the_output_says_so() -> None:
    printed = output()
    assert printed.count("boundary and all?  yes") == 4
    assert "NO\n" not in printed
    assert "undecided" not in printed
    assert "-sqrt(3)/3 taken as -56/97 (off by at most 3.1e-05)" in printed
    summary = [line.split()[-1] for line in printed.splitlines()[-5:-1]]
    assert summary == ["silent"] * 4
    assert "FINAL CODE\n" in output("final")
    assert "FIRST STATEMENT" not in output("final")
