"""The weights of the worked example of "Multi-Layer Latent Space Visualization", as the text states them.

It states its matrices three times, and no two statements agree; each is a ``Version`` here, and a fourth one is what its words
describe.  Every number is kept exactly (as a sympy number).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import sympy

from exactzones import Network

HALF, ROOT = sympy.Rational(1, 2), sympy.sqrt(3)


@dataclass(frozen=True)
class Version:
    """One statement of the weights, with the text's own numbers: shapes W 3x2, b_W 3, D 2x3, U 3x2, b_U 3 (b_D is zero)."""

    title: str
    W: sympy.Matrix
    b_W: sympy.Matrix  # noqa: N815 - the text's name
    D: sympy.Matrix
    U: sympy.Matrix
    b_U: sympy.Matrix  # noqa: N815 - the text's name
    remark: str = ""

    def network(self, max_denominator: int | None = None) -> Network:
        """Return the network, exact or (with ``max_denominator``) with square roots replaced by rational approximations.

        ``Network.rationalizations`` lists these approximations.
        """
        return Network.of(
            (self.W.tolist(), list(self.b_W), True),
            (self.D.tolist(), [0, 0], False),
            (self.U.tolist(), list(self.b_U), True),
            rationalize=max_denominator,
        )

    def differences(self, other: Version) -> list[str]:
        """Return the entries that differ from another version, as sentences; indices start at 1, as in the text."""
        lines = []
        for name in ("W", "b_W", "D", "U", "b_U"):
            ours, theirs = getattr(self, name), getattr(other, name)
            for row, column in itertools.product(range(ours.rows), range(ours.cols)):
                if ours[row, column] != theirs[row, column]:
                    index = f"{row + 1}" if ours.cols == 1 else f"{row + 1},{column + 1}"
                    lines.append(f"{name}[{index}] is {ours[row, column]}, not {theirs[row, column]}")
        return lines


def _versions() -> dict[str, Version]:
    def vector(entry: str) -> sympy.Matrix:
        return sympy.Matrix([sympy.Rational(entry)] * 3)

    def triangle(third: list[sympy.Expr]) -> sympy.Matrix:
        return sympy.Matrix([[1, 0], [-HALF, ROOT / 2], third])

    down = sympy.Matrix([[HALF, HALF, -ROOT / 2], [ROOT / 2, -ROOT / 2, 0]])
    first = Version(
        "first statement",
        triangle([HALF, -ROOT / 2]),
        vector("-0.5"),
        down,
        triangle([HALF, -ROOT / 2]),
        vector("-0.3"),
        "b_W is printed with two entries, but W has three rows: the third is taken to be -0.5 as well, as in the final code.",
    )
    halved = replace(first, title='"remember, we chose D"', D=down / 2, remark="Only D is restated: 0.5 times what it was.")
    final = replace(
        halved,
        title="final code",
        W=triangle([-HALF, -ROOT / 3]),
        U=triangle([-HALF, -ROOT / 3]),
        D=sympy.Matrix([[HALF / 2, HALF / 2, -ROOT / 4], [ROOT / 4, -ROOT / 2, 0]]),
        remark="D is printed as 3x2; z = D a with three values in a and two in z needs 2x3, so its transpose is taken.",
    )
    regular = replace(
        halved,
        title="regular triangle",
        W=triangle([-HALF, -ROOT / 2]),
        U=triangle([-HALF, -ROOT / 2]),
        remark='The text says "regular shapes (triangles)": these are the rows of one. No statement of the text has them.',
    )
    return {"first": first, "halved": halved, "final": final, "regular": regular}


VERSIONS = _versions()


def first_version(max_denominator: int | None = None) -> Network:
    """Return the network of the text's first statement."""
    return VERSIONS["first"].network(max_denominator)


def halved_version(max_denominator: int | None = None) -> Network:
    """Return the network with D = 0.5 times the first one."""
    return VERSIONS["halved"].network(max_denominator)


def final_version(max_denominator: int | None = None) -> Network:
    """Return the network of the text's final code."""
    return VERSIONS["final"].network(max_denominator)


def regular_version(max_denominator: int | None = None) -> Network:
    """Return the network with the regular triangle that the words describe."""
    return VERSIONS["regular"].network(max_denominator)
