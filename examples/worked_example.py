"""The worked example of "Multi-Layer Latent Space Visualization", exactly: 2 inputs, 3 neurons, 2 latents, 3 features.

The text asks where in alpha-space (the input) and in beta-space (after the first block) the first feature fires:

    a = ReLU(W x + b_W),  z = D a + b_D,  h = ReLU(U z + b_U),      h1 > 0 ?

The answer is found backwards ("un-ReLU"): first the z with h1 > 0, then the x that lead to such a z.  A ReLU has no inverse, but
once the signs of its inputs are fixed it is linear, so each step looks at one combination of signs after the other.

The text states its matrices three times, and no two statements agree: ``worked_versions.py`` has each of them.  All numbers are
exact, in the weights and in the zones: inequalities and vertices have coordinates p + q sqrt(3) with rational p and q.  At the
end, rational approximations of the square roots show what rounding changes.

The regimes (activation regions) of W are named by the signs of its three neurons, + for an active one.  A regime is absent (no
point has these signs), silent (h1 <= 0 everywhere in it) or a zone.

Run it:  python examples/worked_example.py [first] [halved] [final] [regular]
"""

from __future__ import annotations

import itertools
import sys
import textwrap
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy
from worked_versions import VERSIONS, Version

from exactzones import Network, Polyhedron, Zones, condition, feature, find_zones, regime_bound, unrelu
from exactzones.notation import linear_sum
from exactzones.polyhedra import describe
from exactzones.rational import Vector, text

DENOMINATORS = (10, 100, 10**9)
"""Largest denominators of the rational approximations to try, one after the other."""

SIGNS = tuple("".join(signs) for signs in itertools.product("+-", repeat=3))
"""All 2 ** 3 sign vectors: "+-+" is the regime in which the second neuron is off and the others are on."""


def beta_pieces(network: Network) -> list[tuple[str, Polyhedron]]:
    """Return the literal un-ReLU of ``{h : h1 > 0}`` through U: pieces of beta-space, at most one per regime of U."""
    return unrelu(Polyhedron.of(3, strict=[(0, 1, 0, 0)]), network.layers[2])


def beta_zones(network: Network) -> Zones:
    """Return the same pieces as zones of the network U, with the condition on the output of its ReLU."""
    return find_zones(network.tail(2), condition({0: 1}, layer=0, after_relu=True))


def half_space(network: Network) -> Polyhedron:
    """Return ``{z : U_1 . z + b_U1 > 0}``."""
    last = network.layers[2]
    return Polyhedron.of(2, strict=[(last.bias[0], *last.weight.rows[0])])


def alpha_zones(network: Network, domain: Polyhedron | None = None) -> Zones:
    """Return the zones of h1 > 0 in alpha-space: the preimage of the half-space of beta-space."""
    return find_zones(network, feature(0), domain)


def alpha_pieces(network: Network) -> list[tuple[str, Polyhedron]]:
    """Return the literal un-ReLU of the half-space: through D to a-space, then through ReLU and W, regime by regime."""
    return unrelu(half_space(network).preimage(network.layers[1].affine), network.layers[0])


def pieces_kept_apart(network: Network) -> Zones:
    """Return the pieces of alpha-space if the pieces of beta-space are not merged before their preimages are taken."""
    return find_zones(network, condition({0: 1}, layer=2, after_relu=True))


@dataclass(frozen=True)
class Regime:
    """One of the 2 ** 3 sign vectors of W, whether it is absent, silent or a zone, and why."""

    signs: str
    verdict: str
    reason: str


def identity(weight: sympy.Matrix, bias: sympy.Matrix) -> tuple[list[sympy.Expr], sympy.Expr]:
    """Return (c, total) with ``sum of c_j u_j = total`` everywhere: the one equation that three lines of a plane satisfy.

    Args:
        weight: a 3x2 matrix of rank 2 for which integers c exist (as in every version).
        bias: 3 entries, with ``u = weight x + bias``.
    """
    (null,) = weight.T.nullspace()
    coefficients = list(null * sympy.ilcm(*(sympy.Rational(entry).q for entry in null)))
    return coefficients, sum(c * offset for c, offset in zip(coefficients, bias, strict=True))


def contradicts(signs: str, coefficients: list[sympy.Expr], total: sympy.Expr) -> bool:
    """Tell whether the identity rules out every x with pre-activations of these signs.

    By Gordan's and Farkas' lemmas a regime is empty only for a reason of this form; W has rank 2, so there is one identity.
    """
    terms = [c if sign == "+" else -c for c, sign in zip(coefficients, signs, strict=True)]
    return (all(t >= 0 for t in terms) and total <= 0) or (all(t <= 0 for t in terms) and total >= 0)


def regimes(version: Version) -> list[Regime]:
    """Decide every regime of W, with reasons."""
    network = version.network()
    existing = {zone.pattern[0] for zone in find_zones(network, condition({}, constant=1, layer=0, after_relu=True))}
    points = {zone.pattern[0]: zone.sample for zone in alpha_zones(network)}
    decided = []
    for signs in SIGNS:
        if signs in points:
            decided.append(Regime(signs, "zone", f"h1 > 0 at x = {spell_point(points[signs])}"))
        elif signs in existing:
            decided.append(Regime(signs, "silent", why_silent(version, signs)))
        else:
            decided.append(Regime(signs, "absent", why_absent(version, signs)))
    return decided


def why_silent(version: Version, signs: str) -> str:
    """Return the reason why h1 <= 0 everywhere in a regime."""
    effect = version.U[0, :] * version.D
    if version.b_U[0] <= 0 and all(c <= 0 for c, sign in zip(effect, signs, strict=True) if sign == "+"):
        return f"no active neuron raises h1 above its bias, b_U1 = {version.b_U[0]}"
    return "h1 <= 0 everywhere in it"


def why_absent(version: Version, signs: str) -> str:
    """Return the reason why no point has these signs."""
    coefficients, total = identity(version.W, version.b_W)
    if contradicts(signs, coefficients, total):
        return f"{spell(coefficients, 'u')} = {total} at every x"
    return "its inequalities contradict each other"


# Printing.

STEP_1 = """\
Let v = U z + b_U, so that h = ReLU(v). The signs of v say what the ReLU does: + is on (h = v), - is off (h = 0). For each
choice of signs with v1 on, the z that have these signs form a polyhedron, here called a piece: each sign is one inequality,
and those that follow from the others are left out. A vertex is a corner of the piece; a ray is a direction in which it goes
on without end."""
STEP_2 = """\
Let u = W x + b_W, so that a = ReLU(u) and z = D a. Each line u_j = 0 cuts the plane of x into a side where neuron j is on and
one where it is off; together the three lines cut it into regimes. Of the 8 combinations of signs, some are absent: no x has
them. In each of the others z is an affine function of x, so the half-space of step 1 is one inequality in x: if some x of the
regime satisfies it, the regime is a zone, otherwise it is silent."""
STEP_3 = """\
Here is the part of each zone in which h1 > 0. Inequalities with >= or <= are borders of the regime, at which a neuron
switches; the one with > or < is h1 > 0 itself, so the points on that border do not belong to the part."""
STEP_4 = """\
Zones that touch where h1 > 0 make up an island. Zones whose union is convex can be merged into one piece."""
STEP_6 = """\
The weights hold sqrt(3), which no fraction equals. Here fractions near it, with larger and larger denominators, take its
place, and the zones of the rounded network are compared with the exact ones. Pieces kept apart are what step 2 finds if the
pieces of step 1 are not merged first (the last line of step 4)."""


def spell(coefficients: list[sympy.Expr], name: str) -> str:
    """Write a linear form: ``2 u1 - u3``."""
    row = [Fraction(int(c.p), int(c.q)) for c in coefficients]
    return linear_sum(((c, f"{name}{k + 1}") for k, c in enumerate(row)), text)


def spell_point(point: Vector) -> str:
    """Write a point with exact coordinates: ``(3/2, -1)``."""
    return f"({', '.join(map(text, point))})"


def spell_signs(signs: str) -> str:
    """Write a regime: ``(+, -, +)``."""
    return f"({', '.join(signs)})"


def spell_inequalities(polyhedron: Polyhedron, name: str) -> list[str]:
    """Write the irredundant inequalities, each with a positive first coefficient."""
    names = [f"{name}1", f"{name}2"]
    lines = []
    for rows, relation in ((polyhedron.irredundant.rows, ">="), (polyhedron.irredundant.strict, ">")):
        lines += [describe(row, relation, names) for row in rows]
    return lines


def show_polyhedron(polyhedron: Polyhedron, name: str) -> None:
    """Print the inequalities, the vertices and the rays."""
    for line in spell_inequalities(polyhedron, name):
        print(f"      {line}")
    for vertex in polyhedron.vrep.vertices:
        print(f"      vertex {spell_point(vertex)}, about ({', '.join(f'{float(entry):.4f}' for entry in vertex)})")
    for ray in polyhedron.vrep.rays:
        print(f"      ray    {spell_point(ray)}")


def heading(line: str, words: str = "", rule: str = "-") -> None:
    """Print a heading, and in words what the step does."""
    print(f"\n{line}\n{rule * len(line)}")
    if words:
        print(textwrap.fill(words, 120, initial_indent="  ", subsequent_indent="  "), end="\n\n")


def yes(truth: bool) -> str:
    """Write a truth value; capitals make a NO stand out."""
    return "yes" if truth else "NO"


def show_weights(version: Version) -> None:
    """Print the matrices, and how they differ from the first statement."""
    for name in ("W", "b_W", "D", "U", "b_U"):
        matrix = getattr(version, name)
        rows = [", ".join(map(str, row)) for row in ([list(matrix)] if matrix.cols == 1 else matrix.tolist())]
        print(f"  {name:3} = {' '.join(f'({row})' for row in rows)}")
    if version.remark:
        print(f"  Note: {version.remark}")
    for line in version.differences(VERSIONS["first"]):
        print(f"  Against the first statement: {line}")


def show_beta(version: Version, network: Network) -> None:
    """Print the pieces of beta-space, and check that their union is one half-space."""
    pieces, merged = beta_pieces(network), beta_zones(network).merged
    for signs, piece in pieces:
        print(f"  piece {spell_signs(signs)}")
        show_polyhedron(piece, "z")
    coefficients, total = identity(version.U, version.b_U)
    if contradicts("+++", coefficients, total):
        print(f"  No piece (+, +, +): {spell(coefficients, 'v')} = {total} everywhere, so they are never all positive.")
    print(f"  The {len(pieces)} pieces merge into {len(merged)}: {', '.join(spell_inequalities(merged[0].polyhedron, 'z'))}.")
    print("  It must be so: h1 > 0 exactly where U_1 . z + b_U1 > 0, whatever the other two neurons do.")
    same = len(merged) == 1 and merged[0].polyhedron == half_space(network)
    print(f"  Is that exactly the half-space U_1 . z + b_U1 > 0, boundary and all?  {yes(same)}")


def show_regimes(version: Version) -> None:
    """Print the regimes of alpha-space."""
    for regime in regimes(version):
        print(f"  {spell_signs(regime.signs)}  {regime.verdict:7} {regime.reason}")


def show_zones(network: Network) -> None:
    """Print each zone of alpha-space."""
    for zone in alpha_zones(network):
        print(f"  zone {spell_signs(zone.pattern[0])}")
        show_polyhedron(zone.firing, "x")


def show_counts(version: Version, network: Network) -> None:
    """Print the counts beside the text's."""
    decided, zones = regimes(version), alpha_zones(network)
    existing = sum(regime.verdict != "absent" for regime in decided)
    joined = "; ".join(" with ".join(spell_signs(zones[k].pattern[0]) for k in merged.pieces) for merged in zones.merged)
    print(f"""\
  The text:  (2 ** 3) - 2 = 6 regions expected (all but all-on and all-off), 5 found, none for the regime x >= 0, z >= 0.
  In truth:  {existing} of the 8 regimes exist (three lines cut a plane into at most 1 + 3 + 3 = {regime_bound(3, 2)} parts),
             {len(zones)} of these have points with h1 > 0: {len(zones)} zones, {len(zones.islands)} island;
             merged where the union is convex: {len(zones.merged)} pieces, {joined}.
             (If the pieces of beta-space are not merged first: {len(pieces_kept_apart(network))} pieces.)""")


def show_claims(version: Version) -> None:
    """Print which of the text's statements hold for this version, and why or why not."""
    regime = {regime.signs: regime for regime in regimes(version)}
    zones = [signs for signs in SIGNS if regime[signs].verdict == "zone"]
    print(f'  "6 expected, 5 found": {"5 is right" if len(zones) == 5 else f"not for these weights, there are {len(zones)}"}.')
    for signs in sorted(set(SIGNS) - {"+++", "---", *zones}):
        print(f"      None for {spell_signs(signs)}, which is {regime[signs].verdict}: {regime[signs].reason}.")
    print(f"""\
  "the regime corresponding to x >= 0, z >= 0 did not have an activation zone": it has.
      First and third neuron on, second off, is (+, -, +); {regime["+-+"].reason}.
      With the opposite convention, first and third off, it is (-, +, -); {regime["-+-"].reason}.
      Of the six, the regime with points but no zone is (-, -, +): only the third neuron is on, and D_13 < 0, so it lowers h1.
  "all elements are negative (trivial)": (-, -, -) is {regime["---"].verdict}.
      It has points, such as the origin; there a = 0 and h1 = ReLU(b_U1) = ReLU({version.b_U[0]}) = 0.
      So it may be ignored here, but only because b_U1 is not positive.
  "all elements are positive (un-encodable after ReLU)": (+, +, +) is {regime["+++"].verdict}.
      {regime["+++"].reason}, and that is negative: they cannot all be positive.
      So it may be ignored here, but only because of the signs of b_W. The ReLU is not the obstacle: where all neurons are
      on, it is the identity and loses nothing.""")


def show_approximations(version: Version) -> None:
    """Print what changes if the square roots are rounded."""
    exactly, whole = alpha_zones(version.network()), len(pieces_kept_apart(version.network()))
    for approximation in version.network(DENOMINATORS[1]).rationalizations:
        print(f"  {approximation}")
    titles = ("denominators up to", "the same zones?", "vertices off by", "pieces kept apart", "smallest area")
    print("  " + "  ".join(f"{title:>18}" for title in titles))
    for denominator in DENOMINATORS:
        rounded = version.network(denominator)
        zones, pieces = alpha_zones(rounded), pieces_kept_apart(rounded)
        same = yes([zone.pattern for zone in zones] == [zone.pattern for zone in exactly])
        counts = f"{len(pieces)} instead of {whole}"
        area = min(zone.volume for zone in pieces if zone.volume is not None)
        print(f"  {denominator:18,}  {same:>18}  {drift(exactly, zones):18.1g}  {counts:>18}  {float(area):18.1g}")
    print("  Pieces kept apart share borders that are one line only with the true square roots; with rounded ones they are two")
    print("  lines with slivers between them.")


def drift(exactly: Zones, rounded: Zones) -> float:
    """Return the largest distance from a vertex to the nearest vertex of the same zone of a rounded network."""
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
    """Print the full report on one version."""
    network = version.network()
    heading(version.title.upper(), rule="=")
    show_weights(version)
    heading("Step 1: back through U. For which z is h1 > 0?", STEP_1)
    show_beta(version, network)
    heading("Step 2: back through W. In which regimes is h1 > 0 somewhere?", STEP_2)
    show_regimes(version)
    heading("Step 3: the zones. For which x is h1 > 0?", STEP_3)
    show_zones(network)
    heading("Step 4: count", STEP_4)
    show_counts(version, network)
    heading("Step 5: what the text says")
    show_claims(version)
    heading("Step 6: what rounding the square roots changes", STEP_6)
    show_approximations(version)


def counterexamples() -> dict[str, Version]:
    """Return the final code with one bias vector negated: in the first version all-on is a zone, in the second all-off."""
    final = VERSIONS["final"]
    return {"b_W = (1/2, 1/2, 1/2)": replace(final, b_W=-final.b_W), "b_U = (3/10, 3/10, 3/10)": replace(final, b_U=-final.b_U)}


def show_summary() -> None:
    """Print the counterexamples to ignoring all-on and all-off, and one line per version."""
    heading("NEITHER ALL-ON NOR ALL-OFF MAY BE SKIPPED: THE FINAL CODE WITH OTHER BIASES", rule="=")
    for change, version in counterexamples().items():
        zones = alpha_zones(version.network())
        print(f"  {change}: {len(zones)} zones, {' '.join(spell_signs(zone.pattern[0]) for zone in zones)}")
    heading("SUMMARY", rule="=")
    print(f"  {'version':24}{'regimes':>8}{'zones':>8}{'islands':>9}{'merged':>8}   of the six, without a zone")
    for version in VERSIONS.values():
        decided, zones = regimes(version), alpha_zones(version.network())
        existing = sum(regime.verdict != "absent" for regime in decided)
        without = [r for r in decided if r.verdict != "zone" and r.signs not in ("+++", "---")]
        names = ", ".join(f"{spell_signs(r.signs)} {r.verdict}" for r in without)
        print(f"  {version.title:24}{existing:8}{len(zones):8}{len(zones.islands):9}{len(zones.merged):8}   {names}")
    print("  The text finds 5: right for its final code and for a regular triangle, one too many for its first statement.")


def main(names: list[str]) -> None:
    """Print the worked example in the named versions, by default in all of them."""
    print(__doc__)
    for name in names or VERSIONS:
        show(VERSIONS[name])
    show_summary()


if __name__ == "__main__":
    main(sys.argv[1:])
