"""Certificates of measures and topology: accepted if they are right, and refused after any change."""

import json
from fractions import Fraction

import pytest
from examples_drawn import at_most
from hypothesis import assume, given
from hypothesis import strategies as st
from zones.support import small_networks

from exactzones import Network, Polyhedron, measure, topology
from exactzones.checker.triangulated import NumbersClaim, check_triangulation
from exactzones.errors import InexactError
from exactzones.polyhedra.homology import Homology
from exactzones.rational import text
from exactzones.testing import domains
from exactzones.testing.strategies import KINDS
from exactzones.zones.triangulation import certificate_lines

RING = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1] * 4, [1, 0, 0, 0]], [-1, 0])])
SQUARE = Polyhedron.box(-2, 2, dim=2)


def of_measure(net, unit, domain, other):
    found = measure(net, unit, domain, [other])
    names = ("share", "mean", "variance", "mean_relu", "variance_relu")
    pair = found.pairs[other]
    numbers = {name: text(getattr(found, name)) for name in names}
    numbers["with"] = {str(other): {"both_fire": text(pair.both_fire), "covariance_relu": text(pair.covariance_relu)}}
    return list(certificate_lines(net, [unit, other], domain, {"kind": "measure", "numbers": numbers}))


def described(found: Homology):
    return {"betti": list(found.betti), "torsion": list(map(list, found.torsion)), "euler": found.euler}


def of_topology(net, unit, domain, threshold=0, *, is_open=False):
    found = topology(net, unit, domain, threshold=threshold, open=is_open)
    numbers = {name: described(getattr(found, name)) for name in ("firing", "complement", "boundary")}
    header = {"kind": "topology", "open": is_open, "numbers": {"open": is_open, **numbers}}
    return list(certificate_lines(net, [unit], domain, header, threshold=threshold))


def checked(net, unit, domain, lines, threshold=0):
    claim = NumbersClaim(net, len(net.widths) - 1, unit, Fraction(threshold), domain.facet_rows())
    return check_triangulation(claim, lines)[0]


@at_most(25)
@given(st.data(), st.booleans())
def test_what_is_right_is_accepted(data, is_open):
    net = data.draw(small_networks(data.draw(st.sampled_from(KINDS)), most=5, inputs=(1, 3)))
    domain = data.draw(domains(net.inputs, bounded=True))
    assume(not domain.hrep.strict)
    unit, other = (data.draw(st.integers(0, net.widths[-1] - 1)) for _ in range(2))
    assert checked(net, unit, domain, of_measure(net, unit, domain, other)).verdict == "valid"
    threshold = data.draw(st.sampled_from([0, Fraction(1, 2), -1]))
    lines = of_topology(net, unit, domain, threshold, is_open=is_open)
    assert checked(net, unit, domain, lines, threshold).verdict == "valid"


def test_what_is_changed_is_refused():
    lines = of_measure(RING, 0, SQUARE, 1)
    header, count = json.loads(lines[0]), len(lines)
    corners = header["vertices"]

    def why(changed, unit=0, domain=SQUARE, **fields):
        report = checked(RING, unit, domain, [json.dumps(header | fields), *changed[1:]])
        assert report.verdict == "invalid"
        return report.why

    assert "numbers are not those" in why(lines, numbers=header["numbers"] | {"mean": "2"})
    assert "numbers are not those" in why(lines, unit=1)
    assert "does not lie in the domain" in why(lines, domain=Polyhedron.box(-1, 1, dim=2))
    assert "not shared" in why(lines, domain=Polyhedron.box(-3, 3, dim=2))
    assert "not shared" in why(lines[:-1], simplices=header["simplices"] - 1)
    assert "not shared" in why([*lines, lines[-1]], simplices=header["simplices"] + 1)
    assert "another network" in why(lines, network="0")
    assert "does not exist" in why(lines, **{"with": [2]})
    assert "neither" in why(lines, kind="other")
    assert "damaged or missing" in why(lines[:-1])
    assert "flat" in why([*lines[:-1], json.dumps([0, 0, 1])])
    assert "does not exist" in why([*lines[:-1], json.dumps([0, 1, corners])])
    assert "integers" in why([*lines[:-1], json.dumps([0, 1])])
    twice = [*lines[: corners + 1], *lines[1 : corners + 1], *lines[corners + 1 :]]
    twice += [json.dumps([corner + corners for corner in json.loads(line)]) for line in lines[corners + 1 :]]
    assert "overlap" in why(twice, vertices=2 * corners, simplices=2 * (count - corners - 1))


def test_units_with_both_signs_are_refused():
    """Two triangles cover the square, but the ring's units have both signs on them."""
    header = json.loads(of_topology(RING, 0, SQUARE)[0]) | {"vertices": 4, "simplices": 2}
    corners = [[1, -2, -2], [1, 2, -2], [1, -2, 2], [1, 2, 2]]
    lines = list(map(json.dumps, (header, *corners, [0, 1, 2], [1, 2, 3])))
    assert "both signs" in checked(RING, 0, SQUARE, lines).why
    shown = json.loads(of_topology(RING, 0, SQUARE)[0])["numbers"]["firing"]
    assert shown == {"betti": [1, 1], "torsion": [[], []], "euler": 0}


def test_a_row_of_zeros_is_no_side():
    header = json.loads(of_measure(RING, 0, SQUARE, 1)[0]) | {"vertices": 3, "simplices": 1}
    lines = list(map(json.dumps, (header, [1, 1, 0], [1, 2, 0], [1, 1, 1], [0, 1, 2])))
    for rows in (SQUARE.facet_rows(), (*SQUARE.facet_rows(), (0, 0, 0))):
        report, _ = check_triangulation(NumbersClaim(RING, 1, 0, Fraction(0), rows), lines)
        assert "nor on a side" in report.why


def test_vertices_of_any_length_are_written_and_read():
    line, tiny = Polyhedron.box(-1, 1, dim=1), Fraction(1, 3**10_000)
    net = Network.mlp([([[1]], [tiny]), ([[1]], [0])])
    header = {"kind": "topology", "open": True}
    numbers = {name: described(getattr(topology(net, 0, line, open=True), name)) for name in ("firing", "complement", "boundary")}
    lines = list(certificate_lines(net, [0], line, header | {"numbers": {"open": True, **numbers}}))
    assert max(map(len, lines)) > 4300
    assert checked(net, 0, line, lines).verdict == "valid"


def test_irrational_numbers_are_refused():
    net, rooted = Network.mlp([([["sqrt(2)"]], [1])]), Polyhedron.of(1, [["sqrt(2)", 1], [1, -1]])
    for network, domain in ((net, Polyhedron.box(-1, 1, dim=1)), (Network.mlp([([[1]], [1])]), rooted)):
        with pytest.raises(InexactError, match="has irrational numbers, but certificates"):
            list(certificate_lines(network, [0], domain, {}))
        with pytest.raises(InexactError, match="has irrational numbers, but certificates"):
            check_triangulation(NumbersClaim(network, 0, 0, Fraction(0), domain.facet_rows()), [])
