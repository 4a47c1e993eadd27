"""Nodes without a search: bounds of all units without hints, and, on a single point, exact combinations of its coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, pairwise, product

from exactzones.certification.limits import EXACT_POINT_SECONDS, EXACT_SECONDS_PER_WEIGHT
from exactzones.checker import Bound, Hint, Node, Refutation
from exactzones.checker.claim import Claim
from exactzones.checker.tree import Tree
from exactzones.network import Network
from exactzones.rational import SparseRows, Vector

_CHOICES = 64  # of one condition for each case, with which a region is to be proved by bounds alone
_NEAR = Fraction(1, 1 << 20)  # units of smaller values get exact bounds: rounded ones may leave their signs open


def single_point(rows: SparseRows, inputs: int) -> Vector | None:
    """Return the only point of a domain whose rows bound each input by itself; None for other domains."""
    ends: dict[tuple[int, bool], Fraction] = {}
    for row in rows.sparse:
        if len(row.terms) == 1:
            ((k, entry),) = row.terms
            end = Fraction(-row.constant, entry)
            tighter = max if entry > 0 else min
            ends[k, entry > 0] = tighter(end, ends.get((k, entry > 0), end))
    if any(ends.get((k, True)) is None or ends.get((k, True)) != ends.get((k, False)) for k in range(inputs)):
        return None
    return tuple(ends[k, True] for k in range(inputs))


def nodes_by_bounds(tree: Tree, number: int) -> Iterator[Node]:
    """Yield nodes that may prove a region: bounds of all units, and one condition of each case or the sum of all.

    That serves single points, for which no search is set up, and features that are opposite.
    """
    claim = tree.claims[tree.waiting[number].tree]
    bounds = tuple(Bound(unit, upper, exact=False, hint=Hint()) for unit in _hidden(claim) for upper in (False, True))
    choices = [[*(((k, 1),) for k in range(len(each))), tuple((k, 1) for k in range(len(each)))] for each in claim.targets]
    for chosen in islice(product(*choices), _CHOICES):
        yield Node(number, bounds, "no", refutations=tuple(map(Refutation, chosen)))


def nodes_at_point(tree: Tree, number: int, network: Network, seconds: float) -> Iterator[Node]:
    """Yield the node that proves a region that is one point, without rounding, unless it would take too long."""
    claim = tree.claims[tree.waiting[number].tree]
    weights = sum(a * b for a, b in pairwise((network.inputs, *network.widths)))
    point = single_point(claim.rows, claim.inputs)
    if point is None or EXACT_SECONDS_PER_WEIGHT * weights > min(EXACT_POINT_SECONDS, seconds):
        return
    node = _node_at(tree, number, network, point)
    if node is not None:
        yield node


def _node_at(tree: Tree, number: int, network: Network, point: Vector) -> Node | None:
    """Return that node; None if a case holds at the point."""
    from exactzones.certification.provers.exact import Draft, ExactRows, conditions_of

    region = tree.waiting[number]
    claim = tree.claims[region.tree]
    draft = Draft(number, region, tree.exact[region.tree], region.known.part(0), ExactRows(claim.inputs, [], []), [])
    values = dict(zip(_hidden(claim), (v for layer in network.trace(point)[: claim.horizon] for v in layer), strict=True))
    bounds: list[Bound] = []
    for layer in range(1, claim.horizon + 1):
        units = range(claim.offsets[layer], claim.offsets[layer + 1])
        near = [unit for unit in units if claim.relu[unit] and abs(values[unit]) < _NEAR]
        forms = draft.forms(layer, near)
        for unit in units:
            upper = values[unit] < 0
            if unit in forms:
                slopes = [-a if upper else a for a in forms[unit][1:]]
                bounds.append(Bound(unit, upper, exact=True, hint=_hint(claim.rows, slopes)))
            else:
                bounds += [Bound(unit, side, exact=False, hint=Hint()) for side in (False, True)]
            draft.known.learn(upper, [0], [unit], [0])
    refutations = []
    for targets in claim.targets:
        fails = [
            Refutation(((k, 1),), _hint(claim.rows, [-a for a in slopes]), exact=True)
            for k, ((constant, *slopes), target) in enumerate(zip(conditions_of(draft, targets), targets, strict=True))
            if (value := constant + sum(a * x for a, x in zip(slopes, point, strict=True))) < 0 or (value == 0 and target.strict)
        ]
        if not fails:
            return None
        refutations.append(fails[0])
    return Node(number, tuple(bounds), "no", refutations=tuple(refutations))


def _hidden(claim: Claim) -> range:
    return range(claim.inputs, claim.units)


def _hint(rows: SparseRows, slopes: Sequence[Fraction]) -> Hint:
    """Return the multiples of rows of single inputs that add up to a linear function."""
    ends: dict[tuple[int, bool], tuple[int, int]] = {}
    for number, row in enumerate(rows.sparse):
        if len(row.terms) == 1:
            ((k, entry),) = row.terms
            ends[k, entry > 0] = number, abs(entry)
    pairs = ((ends[k, slope > 0], abs(slope)) for k, slope in enumerate(slopes) if slope)
    return Hint.of((number, size / entry) for (number, entry), size in pairs)
