"""Thousands of changed certificates: whatever was changed, what the checker accepts is true.

Truth is known without certificates: a feature takes its exact maximum at a point that is evaluated, zones come from find_zones.
"""

import copy
import json
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

import pytest
from checker.support import in_version_1

from exactzones.certification import Complete, case_of, guessing, maximum, prove_complete
from exactzones.checker import Case, check
from exactzones.checker.reference import check_plainly
from exactzones.network import Layer, Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import condition, feature
from exactzones.zones import find_zones

CHANGES = 60  # of each certificate, for each claim

pytestmark = pytest.mark.no_cover


@dataclass(frozen=True)
class Claim:
    network: Network
    case: Case

    def report(self, lines):
        found = check(self.network, [self.case], lines)
        assert check_plainly(self.network, [self.case], lines).verdict == found.verdict
        return found


@dataclass(frozen=True)
class Proof:
    """A certificate, the claim that it proves, and claims that are false."""

    lines: tuple[str, ...]
    true: Claim
    false: tuple[Claim, ...]


def small_network(draw, inputs=2):
    numbers = [[-1, 0, 1], [Fraction(k, 4) for k in range(-8, 9)], [Fraction(k, 3) for k in range(-4, 5)]][draw.randrange(3)]
    widths, layers = [inputs, draw.randrange(2, 5), draw.randrange(1, 4), 1][: draw.choice([3, 4])], []
    widths = [*widths[:-1], 1]
    for above, below in zip(widths[1:], widths, strict=False):
        rows = [[draw.choice(numbers) for _ in range(below)] for _ in range(above)]
        relu = [draw.random() < 0.85 for _ in range(above)]
        layers.append(Layer.of(rows, [draw.choice(numbers) for _ in range(above)], relu=relu))
    return Network((*layers[:-1], replace(layers[-1], relu=(False,))))


def small_domain(draw, inputs=2):
    if draw.random() < 0.5:
        return Polyhedron.box([-2] * inputs, [draw.randrange(-1, 3) for _ in range(inputs)])
    return Polyhedron.of(
        inputs, [(2, *(0 if k != j else 1 for k in range(inputs))) for j in range(inputs)] + [(3, *([-1] * inputs))]
    )


def raised(network, amount):
    """The network with a larger output."""
    last = network.layers[-1]
    return Network((*network.layers[:-1], replace(last, bias=(last.bias[0] + amount,))))


def proofs(count):
    """Proofs that a feature does not exceed its maximum, and claims that it never reaches what it does reach."""
    draw = Random(7)  # noqa: S311
    found = []
    while len(found) < count:
        network, domain = small_network(draw), small_domain(draw)
        top = maximum(network, 0, domain)
        assert network(top.point)[0] == top.value
        assert domain.contains(top.point)
        tiny = Fraction(1, 1 << draw.choice([3, 30, 45, 80]))
        true = Claim(network, case_of(network, feature(0, top.value), domain))
        false = [
            Claim(network, case_of(network, feature(0, top.value - tiny), domain)),
            Claim(network, case_of(network, condition({0: 1}, -top.value, strict=False), domain)),
            Claim(raised(network, tiny), case_of(network, feature(0, top.value), domain)),
        ]
        for claim in false:
            assert claim.network.satisfies(top.point, claim.case.prop)
        wider = Polyhedron.box([-5] * 2, [5] * 2)
        if len(find_zones(network, feature(0, top.value), wider)):
            false.append(Claim(network, case_of(network, feature(0, top.value), wider)))
        lines = top.certificate.lines
        found.append(Proof(lines if len(found) % 2 else tuple(in_version_1(lines)), true, tuple(false)))
    return found


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """No time for guesses: the tests are about proofs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guessing, "_FEW_INPUTS_SECONDS", 0.005)
        yield


@pytest.fixture(scope="module")
def some_proofs():
    return proofs(12)


# Changes.


def places(data, path=()):
    """All places in nested lists and dicts."""
    if path:
        yield path
    if isinstance(data, dict):
        for key in data:
            yield from places(data[key], (*path, key))
    elif isinstance(data, list):
        for k, entry in enumerate(data):
            yield from places(entry, (*path, k))


def number(draw, value):
    """Another number."""
    near = [value + 1, value - 1, -value, value ^ 1, value ^ 2, value ^ 4, 2 * value, value // 2]
    far = [0, 1, 1 << 32, 1 << 62, 1 << 63, 10**40, draw.randrange(1 << 34), draw.randrange(8), -draw.randrange(1 << 34)]
    return draw.choice(near + far)


def text(draw, value):
    """Another number as a text, or another pattern."""
    if "/" in value or value.lstrip("-").isdigit():
        old = Fraction(value)
        return str(draw.choice([old + 1, -old, old / 2, 2 * old, 0, Fraction(1, 10**9)]))
    k = draw.randrange(len(value) + 1)
    return value[:k] + draw.choice("+-") + value[k + 1 :]


def change(draw, lines):
    """Change one thing: a number, a text, an entry, a node or a whole list."""
    at = draw.randrange(len(lines)) if draw.random() < 0.9 else 0
    kind = draw.randrange(10)
    if kind == 0 and len(lines) > 1:
        del lines[max(at, 1)]
    elif kind == 1:
        lines.insert(draw.randrange(1, len(lines) + 1), copy.deepcopy(lines[at]))
    elif kind == 2:
        other = draw.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        *path, last = draw.choice(list(places(lines[at])) or [(0,)])
        holder = lines[at]
        for key in path:
            holder = holder[key]
        value = holder[last]
        if isinstance(value, list) and draw.random() < 0.7:
            value += copy.deepcopy(draw.choice([value, value[:2], value[2:], [0], [[]]]))
        elif isinstance(value, list):
            del value[draw.randrange(len(value) + 1) :]
        elif isinstance(value, str) and draw.random() < 0.95:
            holder[last] = draw.choice(["no", "zone", "relu", "cut"]) if value.isalpha() else text(draw, value)
        elif isinstance(value, int) and draw.random() < 0.95:
            holder[last] = number(draw, value)
        else:
            holder[last] = draw.choice([None, True, 1.5, "1/2", [], {}])


def changed(draw, lines, network, times=None):
    """The certificate with some changes, for a network."""
    data = [json.loads(line) for line in lines]
    for _ in range(draw.choice([1, 1, 1, 2, 3]) if times is None else times):
        change(draw, data)
    if isinstance(data[0], dict) and draw.random() < 0.99:
        data[0]["network"] = network.sha256
    return [json.dumps(entry) for entry in data]


def test_false_claims_are_never_accepted(some_proofs):
    draw = Random(1)  # noqa: S311
    for proof in some_proofs:
        assert str(proof.true.report(proof.lines)) == "valid"
        for claim in proof.false:
            assert claim.report(changed(draw, proof.lines, claim.network, 0)).verdict == "invalid"
            for _ in range(CHANGES):
                lines = changed(draw, proof.lines, claim.network)
                found = claim.report(lines)
                assert found.verdict != "valid" or found.proves == "can fire", lines
                assert "\n" not in str(found)


def test_true_claims_are_never_contradicted(some_proofs):
    draw = Random(2)  # noqa: S311
    verdicts = set()
    for proof in some_proofs:
        for _ in range(CHANGES):
            found = proof.true.report(changed(draw, proof.lines, proof.true.network))
            assert found.verdict != "valid" or found.proves == "cannot fire"
            verdicts.add(found.verdict)
    assert verdicts == {"valid", "invalid", "incomplete"}


def test_every_node_is_needed(some_proofs):
    for proof in some_proofs:
        for k in range(1, len(proof.lines)):
            assert proof.true.report([*proof.lines[:k], *proof.lines[k + 1 :]]).verdict != "valid"
            assert proof.true.report([*proof.lines[: k + 1], *proof.lines[k:]]).verdict == "invalid"
            assert proof.true.report(proof.lines[:k]).verdict == "incomplete"


def test_certificates_of_others_are_not_accepted(some_proofs):
    draw = Random(5)  # noqa: S311
    for one in some_proofs:
        for other in some_proofs:
            for claim in other.false:
                assert claim.report(changed(draw, one.lines, claim.network, 0)).verdict != "valid"


def test_many_numbers_at_once(some_proofs):
    """All multipliers of a certificate drawn anew, or its nodes glued to those of another."""
    draw = Random(3)  # noqa: S311
    for proof in some_proofs:
        for claim in proof.false:
            for _ in range(CHANGES // 3):
                lines = changed(draw, proof.lines, claim.network, draw.randrange(5, 40))
                assert claim.report(lines).verdict != "valid"
            other = draw.choice(some_proofs)
            cut = draw.randrange(1, len(proof.lines) + 1)
            assert claim.report([*changed(draw, proof.lines[:cut], claim.network, 0), *other.lines[cut:]]).verdict != "valid"


def complete_proofs(count):
    draw = Random(11)  # noqa: S311
    found = []
    while len(found) < count:
        network, domain = small_network(draw), small_domain(draw)
        prop = feature(0, Fraction(draw.randrange(-4, 5), 4))
        zones = find_zones(network, prop, domain)
        if not 1 <= len(zones) <= 6:
            continue
        decision = prove_complete(zones)
        assert isinstance(decision, Complete)
        lines = decision.certificate.lines
        lines = lines if len(found) % 2 else in_version_1(lines)
        found.append((Claim(network, case_of(network, prop, domain)), {zone.pattern for zone in zones}, lines))
    return found


def test_lists_of_zones_that_are_accepted_are_complete():
    draw = Random(4)  # noqa: S311
    verdicts = set()
    for claim, patterns, lines in complete_proofs(8):
        assert str(claim.report(lines)) == "valid"
        for _ in range(3 * CHANGES):
            some = changed(draw, lines, claim.network)
            found = claim.report(some)
            verdicts.add(found.verdict)
            if found.verdict == "valid":
                listed = {tuple(pattern) for pattern, _ in json.loads(some[0])["zones"]}
                assert found.proves != "cannot fire"
                assert found.proves == "can fire" or patterns <= listed
        for k in range(len(patterns)):
            head = json.loads(lines[0])
            del head["zones"][k]
            assert claim.report([json.dumps(head), *lines[1:]]).verdict == "invalid"
            for node in range(1, len(lines)):  # the numbers of later zones moved, too
                data = [json.loads(line) for line in lines[1:]]
                for entry in data:
                    if entry[2][0] == "zone":
                        entry[2][1] -= entry[2][1] > k
                del data[node - 1]
                assert claim.report([json.dumps(head), *map(json.dumps, data)]).verdict != "valid"
    assert verdicts == {"valid", "invalid", "incomplete"}
