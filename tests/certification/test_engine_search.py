"""Lists of many inputs are proved complete by the tree of the engine that found them, and all checkers accept the proof."""

import json
from random import Random

import pytest
from checker.test_tampering import Claim, changed
from engine.support import box, random_network, ternary_network

from exactzones.certification import Certificate, Complete, case_of, prove_complete
from exactzones.certification import run as run_module
from exactzones.certification.provers import engine_search
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.checker.verified import check_verified, program
from exactzones.engine import kernel
from exactzones.errors import BackendError, InputError
from exactzones.polyhedra import Polyhedron
from exactzones.property import condition, feature
from exactzones.zones import Zones, find_zones

pytestmark = pytest.mark.skipif(not hasattr(kernel.load(), "maxima"), reason="the kernel was not compiled")

CORNER = Polyhedron.of(10, [*box(10).hrep.rows, (2, *[1] * 10), (4, *[-1, 1] * 5)])
CASES = {
    "two layers": (random_network(10, 4, 3, 1, seed=2), feature(0), box(10)),
    "small integers": (ternary_network(10, 4, 4, 1, seed=3), feature(0, threshold=-1), box(10)),
    "not a box": (random_network(10, 5, 2, 1, seed=4), feature(0), CORNER),
    "fractions": (random_network(10, 4, 2, 2, seed=5), condition({0: "2/3", 1: "-1/7"}, "1/9"), box(10)),
    "a hidden feature": (random_network(10, 4, 3, 2, 1, seed=6), feature(1, layer=1), box(10)),
    "every cell": (random_network(10, 3, 2, 1, seed=7), condition({}, 1, after_relu=True), box(10)),
    "several conditions": (random_network(10, 3, 2, 2, seed=1), feature(0) & condition({1: 1}, 1, strict=False), box(10)),
}


def listed(name):
    net, prop, domain = CASES[name]
    zones = find_zones(net, prop, domain, engine="inequalities")
    assert len(zones)
    return Claim(net, case_of(net, prop, domain)), zones


@pytest.fixture
def without_the_exact_prover(monkeypatch):
    monkeypatch.setattr(run_module, "EXACT_PROVER_SIZE", 0)


@pytest.mark.parametrize("name", CASES)
def test_the_tree_of_the_engine_is_a_proof_for_every_checker(name, request):
    if name != "several conditions":  # there the cells without a zone are left to linear programs
        request.getfixturevalue("without_the_exact_prover")
    claim, zones = listed(name)
    found = prove_complete(zones)
    assert isinstance(found, Complete)
    lines = found.certificate.lines
    assert str(check(claim.network, [claim.case], lines)) == "valid"
    assert str(check_plainly(claim.network, [claim.case], lines)) == "valid"
    try:
        program()
    except BackendError:
        return
    assert str(check_verified(claim.network, [claim.case], iter(lines))) == "valid"


@pytest.mark.usefixtures("without_the_exact_prover")
@pytest.mark.parametrize("name", ["two layers", "fractions", "not a box"])
def test_rational_numbers_take_over_where_fixed_point_numbers_are_too_coarse(name, monkeypatch):
    claim, zones = listed(name)
    monkeypatch.setattr(run_module, "MARGINS", (8.0,))
    monkeypatch.setattr(engine_search, "_SLACK", 1e300)
    found = prove_complete(zones)
    assert isinstance(found, Complete)
    assert str(claim.report(found.certificate.lines)) == "valid"


@pytest.mark.usefixtures("without_the_exact_prover")
def test_a_list_without_one_of_its_zones_is_refuted():
    _, zones = listed("two layers")
    for k in range(len(zones)):
        rest = [zone for j, zone in enumerate(zones) if j != k]
        with pytest.raises(InputError, match="the list is not complete: at"):
            prove_complete(Zones(zones.network, zones.prop, zones.domain, rest))


@pytest.mark.usefixtures("without_the_exact_prover")
def test_a_proof_goes_on_from_any_part_of_it(monkeypatch):
    claim, zones = listed("two layers")
    monkeypatch.setattr(run_module, "ROUND", 8)
    monkeypatch.setattr(engine_search, "_ITEMS", 2)
    lines = prove_complete(zones).certificate.lines
    for count in range(1, len(lines), 16):
        found = prove_complete(zones, resume=Certificate(lines[:count]))
        assert isinstance(found, Complete)
        assert str(claim.report(found.certificate.lines)) == "valid"


def test_changed_proofs_are_accepted_only_if_they_are_true():
    draw = Random(5)  # noqa: S311
    claim, zones = listed("two layers")
    lines, patterns = prove_complete(zones).certificate.lines, {zone.pattern for zone in zones}
    verdicts = set()
    for _ in range(25):
        some = changed(draw, lines, claim.network)
        found = claim.report(some)
        verdicts.add(found.verdict)
        if found.verdict == "valid" and found.proves != "can fire":
            assert patterns <= {tuple(pattern) for pattern, _ in json.loads(some[0])["zones"]}
    for node in range(1, len(lines), 12):
        assert claim.report([*lines[:node], *lines[node + 1 :]]).verdict != "valid"
    assert {"valid", "invalid"} <= verdicts


def test_other_provers_do_what_the_engine_cannot():
    net, prop, _ = CASES["two layers"]
    for domain in (None, Polyhedron.of(10, [(1, *[1] * 10)])):
        zones = find_zones(net, prop, domain, engine="inequalities")
        run = run_module.Run(net, [case_of(net, prop, domain)], patterns={"".join(zone.pattern): 0 for zone in zones})
        assert run.searches._listed is None
