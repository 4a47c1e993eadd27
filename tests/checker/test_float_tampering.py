"""Changed certificates about float arithmetic: what the checkers accept is never contradicted by a program of floats.

Truth is known without certificates: a program in some order of summation computes a number above the threshold at some input.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from checker.support import in_version_1
from checker.test_tampering import Claim, changed

from exactzones.certification import case_of, maximum
from exactzones.certification.float_orders import FloatProgram
from exactzones.network import Network
from exactzones.property import feature
from exactzones.rational.float_formats import FORMATS

CHANGES = 8  # of each certificate, for each claim
BOX = (-1, 1)

pytestmark = pytest.mark.no_cover


@dataclass(frozen=True)
class Proof:
    """Certificates about a network: of a true claim in floats, of a claim over the reals; and claims that are false in floats."""

    lines: tuple[str, ...]
    real_lines: tuple[str, ...]
    true: Claim
    false: tuple[Claim, ...]


def proof(seed, name):
    random, kind = np.random.default_rng(seed), {"float32": np.float32, "float16": np.float16}[name]
    shapes = [((4, 2), 4), ((3, 4), 3), ((1, 3), 1)]
    net = Network.mlp([(random.normal(size=s).astype(kind).astype(float), random.normal(size=n).astype(kind)) for s, n in shapes])
    real, floats = maximum(net, 0, BOX), maximum(net, 0, BOX, arithmetic=name)
    program = FloatProgram(net, name)
    near = np.clip(np.array([list(map(float, real.point))]) + np.arange(-20, 21)[:, None] * 2.0 ** -FORMATS[name].precision, *BOX)
    points = program.rounded(near)
    computed = max(Fraction(float(program.trace(points, order)[-1][0].max())) for order in program.orders)
    assert computed <= floats.value

    def claim(threshold):
        return Claim(net, case_of(net, feature(0, threshold), BOX, arithmetic=name))

    false = [claim(computed - Fraction(1, 1 << 60))]
    if computed > real.value:  # the certificate over the reals would prove too much
        false.append(claim(real.value))
    lines = floats.certificate.lines, real.certificate.lines
    return Proof(*(lines if seed else map(in_version_1, lines)), claim(floats.value), tuple(false))


@pytest.fixture(scope="module")
def proofs():
    found = [proof(seed, name) for seed in range(2) for name in ("float32", "float16")]
    assert sum(len(each.false) for each in found) > len(found)  # orders that exceed the maximum over the reals
    return found


def in_floats(lines, claim):
    """The lines of a certificate over the reals, said to be about the claim's arithmetic."""
    header = json.loads(lines[0])
    return (json.dumps(header | {"arithmetic": claim.case.arithmetic}), *lines[1:])


def test_false_claims_are_never_accepted(proofs):
    draw = Random(1)  # noqa: S311
    for each in proofs:
        assert str(each.true.report(each.lines)) == "valid"
        for claim in each.false:
            for lines in (each.lines, in_floats(each.real_lines, claim)):
                assert claim.report(lines).verdict == "invalid"
                for _ in range(CHANGES):
                    other = changed(draw, lines, claim.network)
                    report = claim.report(other)
                    assert report.verdict != "valid" or report.proves == "can fire", other


def test_true_claims_are_never_contradicted(proofs):
    draw, verdicts = Random(2), set()  # noqa: S311
    for each in proofs:
        for _ in range(CHANGES):
            report = each.true.report(changed(draw, each.lines, each.true.network))
            assert report.verdict != "valid" or report.proves == "cannot fire"
            verdicts.add(report.verdict)
    assert verdicts >= {"valid", "invalid"}
