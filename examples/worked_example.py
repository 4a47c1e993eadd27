"""The worked example of "Multi-Layer Latent Space Visualization", exactly: 2 inputs, 3 neurons, 2 latents, 3 features.

The text asks where in alpha-space (the input) and in beta-space (after the first block) the first feature fires:

    a = ReLU(W x + b_W),  z = D a + b_D,  h = ReLU(U z + b_U),      h1 > 0 ?

It states its matrices three times, and no two statements agree; each is a ``Version`` here, and so is what its words describe.
Every number of the text is kept as it stands (a sympy number), and so are the zones: their inequalities and vertices have
coordinates p + q sqrt(3) with rational p and q.  Rational stand-ins for the square roots are tried at the end, for comparison.

A neuron's sign in a regime is + where it is on.  A regime is absent (no point has it), silent (h1 <= 0 all over it) or a zone.

Run it:  python examples/worked_example.py [first] [halved] [final] [regular]
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy

from exactzones import Network, Polyhedron, Zones, condition, feature, find_zones, regime_bound, unrelu
from exactzones.polyhedra import describe
from exactzones.rational import Vector, text

STAND_INS = (10, 100, 10**9)
"""Denominators that the stand-ins for square roots may have, one after the other."""

SIGNS = tuple("".join(signs) for signs in itertools.product("+-", repeat=3))
"""All 2 ** 3 sign vectors: "+-+" is the regime in which the second neuron is off and the others are on."""

HALF, ROOT = sympy.Rational(1, 2), sympy.sqrt(3)


@dataclass(frozen=True)
class Version:
    """One statement of the weights, with the text's own numbers: W 3x2, b_W 3, D 2x3, U 3x2, b_U 3 (b_D is zero)."""

    title: str
    W: sympy.Matrix
    b_W: sympy.Matrix  # noqa: N815 - the text's name
    D: sympy.Matrix
    U: sympy.Matrix
    b_U: sympy.Matrix  # noqa: N815 - the text's name
    remark: str = ""

    def network(self, max_denominator: int | None = None) -> Network:
        """Return the network; with a denominator that with rational stand-ins, which ``rationalizations`` records."""
        return Network.of(
            (self.W.tolist(), list(self.b_W), True),
            (self.D.tolist(), [0, 0], False),
            (self.U.tolist(), list(self.b_U), True),
            rationalize=max_denominator,
        )

    def differences(self, other: Version) -> list[str]:
        """List the entries that this version states otherwise, counted from 1 as the text does."""
        found = []
        for name in ("W", "b_W", "D", "U", "b_U"):
            here, there = getattr(self, name), getattr(other, name)
            for row, column in itertools.product(range(here.rows), range(here.cols)):
                if here[row, column] != there[row, column]:
                    index = f"{row + 1}" if here.cols == 1 else f"{row + 1},{column + 1}"
                    found.append(f"{name}[{index}] is {here[row, column]}, not {there[row, column]}")
        return found


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


def beta_pieces(network: Network) -> list[tuple[str, Polyhedron]]:
    """Return the literal un-ReLU of ``{h : h1 > 0}`` through U: the pieces of beta-space, one per regime of U that has one."""
    return unrelu(Polyhedron.of(3, strict=[(0, 1, 0, 0)]), network.layers[2])


def beta_zones(network: Network) -> Zones:
    """Return the same pieces as the zones of the network U with the condition on what its ReLU gives."""
    return find_zones(network.tail(2), condition({0: 1}, layer=0, after_relu=True))


def half_space(network: Network) -> Polyhedron:
    """Return ``{z : U_1 . z + b_U1 > 0}``."""
    last = network.layers[2]
    return Polyhedron.of(2, strict=[(last.bias[0], *last.weight.rows[0])])


def alpha_zones(network: Network, domain: Polyhedron | None = None) -> Zones:
    """Return the zones of h1 > 0 in alpha-space, with the half-space of beta-space pulled back as one."""
    return find_zones(network, feature(0), domain)


def alpha_pieces(network: Network) -> list[tuple[str, Polyhedron]]:
    """Return the literal un-ReLU of the half-space: through D to a-space, then through ReLU and W, regime by regime."""
    return unrelu(half_space(network).preimage(network.layers[1].affine), network.layers[0])


def pieces_kept_apart(network: Network) -> Zones:
    """Return the pieces of alpha-space when the pieces of beta-space are not merged before they are pulled back."""
    return find_zones(network, condition({0: 1}, layer=2, after_relu=True))


@dataclass(frozen=True)
class Regime:
    """What one of the 2 ** 3 regimes of W is: absent, silent (h1 <= 0 all over it) or a zone; and the reason."""

    signs: str
    verdict: str
    reason: str


def identity(weight: sympy.Matrix, bias: sympy.Matrix) -> tuple[list[sympy.Expr], sympy.Expr]:
    """Return (c, total) with ``sum of c_j u_j = total`` everywhere: the one equation that three lines of a plane satisfy.

    Args:
        weight: 3x2 of rank 2, and the integers c exist (they do in every version).
        bias: 3 entries; ``u = weight x + bias``.
    """
    (null,) = weight.T.nullspace()
    coefficients = list(null * sympy.ilcm(*(sympy.Rational(entry).q for entry in null)))
    return coefficients, sum(c * offset for c, offset in zip(coefficients, bias, strict=True))


def contradicts(signs: str, coefficients: list[sympy.Expr], total: sympy.Expr) -> bool:
    """Tell whether no x has pre-activations with these signs, because the identity forbids it.

    By Gordan's and Farkas' lemmas a regime is empty only for a reason of this form; W has rank 2, so there is one identity.
    """
    terms = [c if sign == "+" else -c for c, sign in zip(coefficients, signs, strict=True)]
    return (all(t >= 0 for t in terms) and total <= 0) or (all(t <= 0 for t in terms) and total >= 0)


def regimes(version: Version) -> list[Regime]:
    """Decide every regime of W, and say why it is what it is."""
    network = version.network()
    there = {zone.pattern[0] for zone in find_zones(network, condition({}, constant=1, layer=0, after_relu=True))}
    points = {zone.pattern[0]: zone.sample for zone in alpha_zones(network)}
    found = []
    for signs in SIGNS:
        if signs in points:
            found.append(Regime(signs, "zone", f"h1 > 0 at x = {spell_point(points[signs])}"))
        elif signs in there:
            found.append(Regime(signs, "silent", why_silent(version, signs)))
        else:
            found.append(Regime(signs, "absent", why_absent(version, signs)))
    return found


def why_silent(version: Version, signs: str) -> str:
    """Say why h1 <= 0 all over a regime."""
    effect = version.U[0, :] * version.D
    if version.b_U[0] <= 0 and all(c <= 0 for c, sign in zip(effect, signs, strict=True) if sign == "+"):
        return f"no neuron that is on raises h1 above its bias, b_U1 = {version.b_U[0]}"
    return "h1 <= 0 all over it"


def why_absent(version: Version, signs: str) -> str:
    """Say why no point has these signs."""
    coefficients, total = identity(version.W, version.b_W)
    if contradicts(signs, coefficients, total):
        return f"{spell(coefficients, 'u')} = {total} at every x"
    return "its inequalities contradict each other"


# Printing.


def spell(coefficients: list[sympy.Expr], name: str) -> str:
    """Write a linear form: ``2 u1 - u3``."""
    row = (0, *(Fraction(int(c.p), int(c.q)) for c in coefficients))
    return describe(row, "=", [f"{name}{k + 1}" for k in range(len(coefficients))]).removesuffix(" = 0")


def spell_point(point: Vector) -> str:
    """Write a point with exact coordinates: ``(3/2, -1)``."""
    return f"({', '.join(map(text, point))})"


def spell_signs(signs: str) -> str:
    """Write a regime: ``(+, -, +)``."""
    return f"({', '.join(signs)})"


def spell_inequalities(polyhedron: Polyhedron, name: str) -> list[str]:
    """Write the irredundant inequalities, each with a positive first coefficient."""
    names = [f"{name}1", f"{name}2"]
    found = []
    for rows, above, below in ((polyhedron.irredundant.rows, ">=", "<="), (polyhedron.irredundant.strict, ">", "<")):
        for row in rows:
            turned = next(entry for entry in row[1:] if entry) < 0
            found.append(describe([-entry for entry in row] if turned else row, below if turned else above, names))
    return found


def show_polyhedron(polyhedron: Polyhedron, name: str) -> None:
    """Print the inequalities, the vertices and the rays."""
    for line in spell_inequalities(polyhedron, name):
        print(f"      {line}")
    for vertex in polyhedron.vrep.vertices:
        print(f"      vertex {spell_point(vertex)}, about ({', '.join(f'{float(entry):.4f}' for entry in vertex)})")
    for ray in polyhedron.vrep.rays:
        print(f"      ray    {spell_point(ray)}")


def heading(line: str, rule: str = "-") -> None:
    """Print a heading."""
    print(f"\n{line}\n{rule * len(line)}")


def yes(truth: bool) -> str:
    """Write a truth value so that a NO is not overlooked."""
    return "yes" if truth else "NO"


def show_weights(version: Version) -> None:
    """Print the text's matrices, and what differs from the first statement."""
    for name in ("W", "b_W", "D", "U", "b_U"):
        matrix = getattr(version, name)
        rows = [", ".join(map(str, row)) for row in ([list(matrix)] if matrix.cols == 1 else matrix.tolist())]
        print(f"  {name:3} = {' '.join(f'({row})' for row in rows)}")
    if version.remark:
        print(f"  Note: {version.remark}")
    for line in version.differences(VERSIONS["first"]):
        print(f"  Against the first statement: {line}")


def show_beta(version: Version, network: Network) -> None:
    """Print the pieces of beta-space, and that their union is one half-space."""
    pieces, merged = beta_pieces(network), beta_zones(network).merged
    for signs, piece in pieces:
        print(f"  piece {spell_signs(signs)}")
        show_polyhedron(piece, "z")
    coefficients, total = identity(version.U, version.b_U)
    if contradicts("+++", coefficients, total):
        print(f"  No piece (+, +, +): {spell(coefficients, 'v')} = {total} everywhere, where v = U z + b_U.")
    print(f"  The {len(pieces)} pieces merge into {len(merged)}: {', '.join(spell_inequalities(merged[0].polyhedron, 'z'))}.")
    same = len(merged) == 1 and merged[0].polyhedron == half_space(network)
    print(f"  Is that exactly the half-space U_1 . z + b_U1 > 0, boundary and all?  {yes(same)}")


def show_alpha(version: Version, network: Network) -> None:
    """Print the regimes of alpha-space, then the zones one by one."""
    for regime in regimes(version):
        print(f"  {spell_signs(regime.signs)}  {regime.verdict:7} {regime.reason}")
    for zone in alpha_zones(network):
        print(f"  zone {spell_signs(zone.pattern[0])}")
        show_polyhedron(zone.firing, "x")


def show_counts(version: Version, network: Network) -> None:
    """Print the counts beside the text's."""
    decided, zones = regimes(version), alpha_zones(network)
    there = sum(regime.verdict != "absent" for regime in decided)
    joined = "; ".join(" with ".join(spell_signs(zones[k].pattern[0]) for k in merged.pieces) for merged in zones.merged)
    print(f"""\
  The text:  (2 ** 3) - 2 = 6 regions expected, 5 found, none for the regime x >= 0, z >= 0.
  In truth:  {there} of the 8 regimes exist (three lines cut a plane into at most 1 + 3 + 3 = {regime_bound(3, 2)} parts),
             {len(zones)} of these have points with h1 > 0: {len(zones)} zones, {len(zones.islands)} island;
             merged where the union is convex: {len(zones.merged)} pieces, {joined}.
             (Were the pieces of beta-space kept apart and pulled back one by one: {len(pieces_kept_apart(network))} pieces.)""")


def show_claims(version: Version) -> None:
    """Print which of the text's statements hold for this version, and why."""
    regime = {regime.signs: regime for regime in regimes(version)}
    zones = [signs for signs in SIGNS if regime[signs].verdict == "zone"]
    print(f'  "6 expected, 5 found": {"5 is right" if len(zones) == 5 else f"not for these weights, there are {len(zones)}"}.')
    for signs in sorted(set(SIGNS) - {"+++", "---", *zones}):
        print(f"      None for {spell_signs(signs)}, which is {regime[signs].verdict}: {regime[signs].reason}.")
    print(f"""\
  "the regime corresponding to x >= 0, z >= 0 did not have an activation zone": it has.
      First and third neuron on, second off, is (+, -, +); {regime["+-+"].reason}.
      The other way round, first and third off, is (-, +, -); {regime["-+-"].reason}.
      What has points and no zone is (-, -, +): only the third neuron is on, and D_13 < 0, so it pushes h1 down.
  "all elements are negative (trivial)": (-, -, -) is {regime["---"].verdict}.
      It has points, the origin for one; there a = 0 and h1 = ReLU(b_U1) = ReLU({version.b_U[0]}) = 0.
      So it may be ignored here, but only because b_U1 is not positive.
  "all elements are positive (un-encodable after ReLU)": (+, +, +) is {regime["+++"].verdict}.
      {regime["+++"].reason}, and that is negative: they cannot all be positive.
      So it may be ignored here, but only because of the signs of b_W. ReLU does not stand in the way: where all neurons
      are on it is the identity, and nothing is lost.""")


def show_stand_ins(version: Version) -> None:
    """Print what would be otherwise if the square roots were rounded."""
    exactly, whole = alpha_zones(version.network()), len(pieces_kept_apart(version.network()))
    for taken in version.network(STAND_INS[1]).rationalizations:
        print(f"  {taken}")
    titles = ("denominators up to", "the same zones?", "vertices off by", "pieces kept apart", "smallest area")
    print("  " + "  ".join(f"{title:>18}" for title in titles))
    for denominator in STAND_INS:
        rounded = version.network(denominator)
        zones, pieces = alpha_zones(rounded), pieces_kept_apart(rounded)
        same = yes([zone.pattern for zone in zones] == [zone.pattern for zone in exactly])
        counts = f"{len(pieces)} instead of {whole}"
        area = min(zone.volume for zone in pieces if zone.volume is not None)
        print(f"  {denominator:18,}  {same:>18}  {drift(exactly, zones):18.1g}  {counts:>18}  {float(area):18.1g}")
    print("  Pieces that are kept apart have borders in common that are one line only with the true square roots: rounded, they")
    print("  are two lines, and between these lie slivers.")


def drift(exactly: Zones, rounded: Zones) -> float:
    """Return how far a coordinate of a vertex is at most from that of the same zone of a nearby network."""
    corners = (
        (vertex, other.firing.vrep.vertices)
        for zone, other in zip(exactly, rounded, strict=True)
        for vertex in zone.firing.vrep.vertices
    )
    return float(max(min(apart(vertex, moved) for moved in nearby) for vertex, nearby in corners))


def apart(first: Vector, second: Vector) -> Fraction:
    """Return the largest difference of two points' coordinates."""
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


def show(version: Version) -> None:
    """Print everything about one version."""
    network = version.network()
    heading(version.title.upper(), "=")
    show_weights(version)
    heading("beta-space: {h : h1 > 0} un-ReLUed through U, regime by regime")
    show_beta(version, network)
    heading("alpha-space: all 8 regimes of W, then the zones (u = W x + b_W)")
    show_alpha(version, network)
    heading("counts")
    show_counts(version, network)
    heading("what the text says")
    show_claims(version)
    heading("and with rational stand-ins for the square roots?")
    show_stand_ins(version)


def counterexamples() -> dict[str, Version]:
    """Return the final code with the sign of one bias vector changed: once all-on is a zone, once all-off."""
    final = VERSIONS["final"]
    return {"b_W = (1/2, 1/2, 1/2)": replace(final, b_W=-final.b_W), "b_U = (3/10, 3/10, 3/10)": replace(final, b_U=-final.b_U)}


def show_summary() -> None:
    """Print a line per version, and what happens where all-on or all-off may not be ignored."""
    heading("NEITHER ALL-ON NOR ALL-OFF MAY BE SKIPPED: THE FINAL CODE WITH OTHER BIASES", "=")
    for change, version in counterexamples().items():
        zones = alpha_zones(version.network())
        print(f"  {change}: {len(zones)} zones, {' '.join(spell_signs(zone.pattern[0]) for zone in zones)}")
    heading("SUMMARY", "=")
    print(f"  {'version':24}{'regimes':>8}{'zones':>8}{'islands':>9}{'merged':>8}   of the six, without a zone")
    for version in VERSIONS.values():
        decided, zones = regimes(version), alpha_zones(version.network())
        there = sum(regime.verdict != "absent" for regime in decided)
        without = [r for r in decided if r.verdict != "zone" and r.signs not in ("+++", "---")]
        names = ", ".join(f"{spell_signs(r.signs)} {r.verdict}" for r in without)
        print(f"  {version.title:24}{there:8}{len(zones):8}{len(zones.islands):9}{len(zones.merged):8}   {names}")
    print("  The text finds 5: right for its final code and for a regular triangle, one too many for its first statement.")


def main(names: list[str]) -> None:
    """Print the worked example in the versions asked for, by default in all of them."""
    print(__doc__)
    for name in names or VERSIONS:
        show(VERSIONS[name])
    show_summary()


if __name__ == "__main__":
    main(sys.argv[1:])
