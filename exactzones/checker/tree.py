"""The regions of a certificate's tree: what is known on each, and the rules by which a node is accepted.

``proofs/certificate.md`` states every rule and why it is sound.  Integers only; no engine, no linear programs, no floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from exactzones.checker.arithmetic import Array, narrow
from exactzones.checker.bounds import MULTIPLIER_BITS, Exact, Fixed, Functions, Region, backward
from exactzones.checker.certificate import Bound, Hint, Node, Refutation
from exactzones.checker.claim import Claim, Target, Units
from exactzones.checker.records import Case
from exactzones.network import Network

_MOST_SPLITS = 1000
"""How many more splits than units a path may have: each region keeps its path, so a long one would eat the memory."""


class Invalid(Exception):
    """A rule is broken."""


@dataclass
class PathRow:
    """``b + a . x >= 0`` on a region, since it is one side of a split.

    Attributes:
        split: the hidden unit that was split and the side, if it was one.
        fixed: the row in fixed numbers; None where none holds.
        exact: the same in Fractions; for a hidden unit it is worked out when asked for, from what was known then.
        known: what was known where the unit was split.
    """

    split: tuple[int, int] | None
    fixed: list[Any] | None
    exact: list[Any] | None = None
    known: Region | None = None


@dataclass
class Place:
    """A region of the tree that waits for its node.

    Attributes:
        tree: which one.
        known: what is known of the units there; a single region.
        rows: one for each split on the way.
    """

    tree: int
    known: Region
    rows: tuple[PathRow, ...]


class Tree:
    """The regions of a certificate's trees, from the roots on.

    Args:
        network: the network.
        trees: what each is about: cases with one polyhedron, each conjunction of which is claimed to be impossible there.
        bits: how finely the certificate counts.
        patterns: of the listed zones; a region may be one of them.
    """

    def __init__(
        self, network: Network, trees: Sequence[Sequence[Case]], bits: int, patterns: Sequence[tuple[str, ...]] = ()
    ) -> None:
        units: list[Units] = []
        self.claims = [Claim(network, cases, bits, units) for cases in trees]
        self.fixed = [Fixed(claim) for claim in self.claims]
        self.exact = [Exact(claim) for claim in self.claims]
        self.waiting: dict[int, Place] = {}
        for k, claim in enumerate(self.claims):
            low, high, has_low, has_high = claim.box()
            self.waiting[k] = Place(k, Region(low[None], high[None], has_low[None], has_high[None]), ())
        self.made = len(self.claims)
        self.nodes = 0
        self._signs = [self._sign_row(pattern) for pattern in patterns]

    def _sign_row(self, pattern: tuple[str, ...]) -> Array | None:
        claim = self.claims[0]
        text = "".join(pattern)
        where = np.nonzero(claim.relu)[0]
        if len(text) != len(where) or set(text) - {"+", "-"}:
            return None
        signs = np.zeros(claim.units, np.int8)
        signs[where] = [1 if sign == "+" else -1 for sign in text]
        return signs

    def add(self, nodes: Sequence[Node]) -> dict[int, tuple[int, int]]:
        """Check nodes whose parents were checked, at once.

        Returns:
            For the number of each node that splits the numbers of its children.

        Raises:
            Invalid: a rule is broken.
        """
        numbers = [node.number for node in nodes]
        seen: set[int] = set()
        for number in numbers:
            if number not in self.waiting or number in seen:
                raise Invalid(f"node {number}: there is no such region, or it came before")
            seen.add(number)
        places = [self.waiting[number] for number in numbers]
        children: dict[int, list[Place]] = {}
        for k in sorted({place.tree for place in places}):
            chosen = [i for i, place in enumerate(places) if place.tree == k]
            found = self._add([nodes[i] for i in chosen], [places[i] for i in chosen], k)
            children.update({chosen[i]: pair for i, pair in found.items()})
        for number in numbers:
            del self.waiting[number]
        made = {}
        for i in sorted(children):
            made[numbers[i]] = self.made, self.made + 1
            self.waiting.update(zip(made[numbers[i]], children[i], strict=True))
            self.made += 2
        self.nodes += len(nodes)
        return made

    def _add(self, nodes: Sequence[Node], places: Sequence[Place], k: int) -> dict[int, list[Place]]:
        """Check nodes of one tree; return the children of those that split."""
        region = Region.stack([place.known for place in places])
        self._bounds(nodes, places, region, k)
        cases = len(self.claims[k].targets)
        for node in nodes:
            if node.kind == "no" and len(node.refutations) != cases:
                raise Invalid(f"node {node.number}: it refutes {len(node.refutations)}, not {cases} cases")
        for case in range(cases):
            self._deny(nodes, places, region, k, case)
        rows = self._split_rows(nodes, region, k)
        children = {}
        for i, (node, place) in enumerate(zip(nodes, places, strict=True)):
            if node.kind in {"relu", "cut"} and len(place.rows) > self.claims[k].units + _MOST_SPLITS:
                raise Invalid(f"node {node.number}: {len(place.rows)} splits lead to it; no proof needs so many")
            if node.kind == "zone":
                self._zone(nodes, places, region, i, k)
            elif node.kind == "relu":
                children[i] = [Place(k, region.part(i), (*place.rows, row)) for row in rows[i]]
                children[i][0].known.learn(True, [0], [node.at], [0])
                children[i][1].known.learn(False, [0], [node.at], [0])
            elif node.kind == "cut":
                children[i] = self._cut(node, place, region, i)
        return children

    # Bounds of units.

    def _bounds(self, nodes: Sequence[Node], places: Sequence[Place], region: Region, k: int) -> None:
        claim = self.claims[k]
        groups: dict[tuple[int, bool], list[tuple[int, Bound]]] = {}
        for i, node in enumerate(nodes):
            layer = 0
            for bound in node.bounds:
                if bound.unit >= claim.units:
                    raise Invalid(f"node {node.number}: there is no unit {bound.unit}")
                if claim.layer_of(bound.unit) < layer:
                    raise Invalid(f"node {node.number}: bounds are not in the order of layers")
                layer = claim.layer_of(bound.unit)
                groups.setdefault((layer, bound.exact), []).append((i, bound))
        for key in sorted(groups):
            found = list(self._values(nodes, places, region, k, groups[key]))
            for upper in (False, True):
                some = [(i, bound.unit, -value if upper else value) for (i, bound), value in found if bound.upper == upper]
                if some:
                    region.learn(upper, *zip(*some, strict=True))

    def _values(
        self, nodes: Sequence[Node], places: Sequence[Place], region: Region, k: int, asked: Sequence[tuple[int, Bound]]
    ) -> Iterator[tuple[tuple[int, Bound], int]]:
        """Compute bounds of units of one layer, all of z (or of -z) from below; those that there are."""
        claim = self.claims[k]
        kind = (self.exact if asked[0][1].exact else self.fixed)[k]
        hints = _hints(claim, [(nodes[i], bound.hint) for i, bound in asked])
        functions = Functions(np.array([i for i, _ in asked]), **hints)
        units, upper = np.array([bound.unit for _, bound in asked]), np.array([bound.upper for _, bound in asked])
        carried = self.carried(kind, region, functions, claim.layer_of(asked[0][1].unit), units, upper)
        values = self._over_region(kind, region, places, [(i, bound.hint) for i, bound in asked], carried)
        for pair, value in zip(asked, values, strict=True):
            if value is not None:
                yield pair, self.fixed[k].number(value) if pair[1].exact else value

    def carried(
        self, kind: Fixed, region: Region, functions: Functions, layer: int, units: Array, upper: Array
    ) -> tuple[Array, Array, Array]:
        """Carry z (or -z) of units of one layer back to the inputs."""
        claim = kind.claim
        rows = np.arange(len(units))
        sign = np.where(upper, -1, 1)
        if layer == 0:
            coefficients = np.zeros((len(units), claim.inputs), object)
            coefficients[rows, units] = [int(s) << kind.scale for s in sign]
            return coefficients, np.zeros(len(units), object), np.ones(len(units), bool)
        k = layer - 1
        start = np.zeros((len(units), len(claim.layers[k].relu)), object if kind.scale == 0 or kind.scale > 60 else np.int64)
        start[rows, units - claim.offsets[layer]] = [int(s) << kind.scale for s in sign]
        return backward(kind, region, replace(functions, before={k: start}))

    def _over_region(
        self,
        kind: Fixed,
        region: Region,
        places: Sequence[Place],
        asked: Sequence[tuple[int, Hint]],
        carried: tuple[Array, Array, Array],
    ) -> list[Any]:
        """Return the least value of functions of the inputs over their regions, with the help of rows.

        Args:
            kind: of numbers.
            region: what is known.
            places: the regions.
            asked: for each function, whose region and the hint.
            carried: coefficients, constants, and which functions are valid: what ``backward`` returns.

        Returns:
            For each a number, or None where there is no bound.
        """
        at = np.array([i for i, _ in asked])
        coefficients, constants = carried[0].astype(object), carried[1].astype(object)
        bits = kind.scale
        if any(hint.rows for _, hint in asked):
            bits += MULTIPLIER_BITS
            multiples = self._multiples(kind, places, asked, carried[2])
            coefficients = coefficients * (1 << MULTIPLIER_BITS) - multiples[:, 1:]
            constants = constants * (1 << MULTIPLIER_BITS) - multiples[:, 0]
        inputs = kind.claim.inputs
        low, high = (part[:, :inputs].astype(object)[at] for part in kind.known(region))
        positive, negative = coefficients > 0, coefficients < 0
        least = (coefficients * np.where(positive, low, high)).sum(1)
        lacking = (positive & ~region.has_low[at, :inputs]) | (negative & ~region.has_high[at, :inputs])
        valid = (carried[2] & ~lacking.any(1)).tolist()
        values = (constants * (1 << kind.scale) + least).tolist()
        return [kind.settle(value, bits) if good else None for value, good in zip(values, valid, strict=True)]

    def _multiples(self, kind: Fixed, places: Sequence[Place], asked: Sequence[tuple[int, Hint]], valid: Array) -> Array:
        """Return for each valid function the sum of multiples of rows that its hint names, times ``2^MULTIPLIER_BITS``."""
        known: list[dict[int, list[Any]]] = [{} for _ in places]
        rows: list[list[Any]] = []
        multipliers: list[int | Fraction] = []
        named, first = [], []
        for number in np.nonzero(valid)[0].tolist():
            i, hint = asked[number]
            if not hint.rows:
                continue
            table = known[i]
            for index in hint.rows:
                if index not in table:
                    row = self.row(kind, places[i], index)
                    if row is None:
                        raise Invalid(f"there is no row {index}")
                    table[index] = row
            named.append(number)
            first.append(len(rows))
            rows += [table[index] for index in hint.rows]
            multipliers += hint.multipliers
        total = np.zeros((len(asked), kind.claim.inputs + 1), object)
        if rows:
            scaled = [m if type(m) is int else m * (1 << MULTIPLIER_BITS) for m in multipliers]
            products = np.array(rows, dtype=object) * np.array(scaled, dtype=object)[:, None]
            total[named] = np.add.reduceat(products, first, axis=0)
        return total

    def row(self, kind: Fixed, place: Place, index: int) -> list[Any] | None:
        """Return a row that holds on a region: the domain's come first, then one of each split on the way."""
        rows = kind.claim.rows
        if index < len(rows):
            return [entry << kind.scale for entry in rows[index]]
        if index - len(rows) < len(place.rows):
            row = place.rows[index - len(rows)]
            return row.fixed if kind.scale else self._exact_row(kind, row)
        return None

    def _exact_row(self, kind: Fixed, row: PathRow) -> list[Any] | None:
        if row.exact is None and row.known is not None and row.split is not None:
            unit, side = row.split
            asked = np.array([unit]), np.array([side == 1])
            layer = kind.claim.layer_of(unit)
            coefficients, constants, valid = self.carried(kind, row.known, Functions(np.array([0])), layer, *asked)
            row.exact = [-constants[0], *(-entry for entry in coefficients[0].tolist())] if valid[0] else None
            row.known = None
        return row.exact

    # What a region is.

    def _deny(self, nodes: Sequence[Node], places: Sequence[Place], region: Region, k: int, case: int) -> None:
        """Check that a case's conditions cannot hold together on regions: a combination of them is not positive there."""
        claim, targets = self.claims[k], self.claims[k].targets[case]
        for exact in (False, True):
            denials = ((i, node, node.refutations[case]) for i, node in enumerate(nodes) if node.kind == "no")
            some = [denial for denial in denials if denial[2].exact == exact]
            if not some:
                continue
            kind = (self.exact if exact else self.fixed)[k]
            functions = self._combined(kind, targets, some)
            if functions.before or functions.after or functions.betas:
                carried = backward(kind, region, functions)
            else:  # nothing but rows: the region is empty
                carried = np.zeros((len(some), claim.inputs), object), functions.constant, np.ones(len(some), bool)
            values = self._over_region(kind, region, places, [(i, refutation.hint) for i, _, refutation in some], carried)
            for (i, node, refutation), value in zip(some, values, strict=True):
                strict = any(m and targets[index].strict for index, m in refutation.mu)
                proved = value is not None and (value > 0 or (value == 0 and strict))
                if not proved and not _contradiction(region, i):
                    raise Invalid(f"node {node.number}: the bound does not show that the conditions cannot hold together")

    def _combined(self, kind: Fixed, targets: Sequence[Target], asked: Sequence[tuple[int, Node, Refutation]]) -> Functions:
        """Return minus the combinations of conditions that refutations name."""
        count = len(asked)
        hints = _hints(kind.claim, [(node, refutation.hint) for _, node, refutation in asked])
        functions = Functions(np.array([i for i, _, _ in asked]), constant=np.zeros(count, object), **hints)
        for number, (_, node, refutation) in enumerate(asked):
            for index, m in refutation.mu:
                if index >= len(targets):
                    raise Invalid(f"node {node.number}: there is no condition {index}")
                target = targets[index]
                side = functions.after if target.after_relu else functions.before
                coefficients = side.setdefault(target.layer, np.zeros((count, len(target.coefficients)), object))
                coefficients[number] += m * target.coefficients * (1 << kind.scale)
                functions.constant[number] += kind.number(m * target.constant)
        for side in (functions.before, functions.after):
            side.update({layer: narrow(array) if kind.scale else array for layer, array in side.items()})
        return functions

    def _zone(self, nodes: Sequence[Node], places: Sequence[Place], region: Region, i: int, k: int) -> None:
        """Check that a region lies in a listed zone's closed cell."""
        node, claim = nodes[i], self.claims[k]
        signs = self._signs[node.at] if node.at < len(self._signs) else None
        if signs is None:
            raise Invalid(f"node {node.number}: there is no zone {node.at} with a pattern that fits the network")
        on = region.has_low[i] & (region.low[i] >= 0)
        off = region.has_high[i] & (region.high[i] <= 0)
        for bound in node.also:
            if bound.unit >= claim.units:
                raise Invalid(f"node {node.number}: there is no unit {bound.unit}")
            for _, value in self._values(nodes, places, region, k, [(i, bound)]):
                (off if bound.upper else on)[bound.unit] |= value >= 0
        if not (np.where(signs > 0, on, True) & np.where(signs < 0, off, True)).all():
            raise Invalid(f"node {node.number}: the region is not proved to lie in zone {node.at}")

    # Splits.

    def _split_rows(self, nodes: Sequence[Node], region: Region, k: int) -> dict[int, list[PathRow]]:
        """Return for each region that is split by a unit the row of either side: z <= 0 and z >= 0 as rows of the inputs."""
        claim = self.claims[k]
        found: dict[int, list[PathRow]] = {}
        layers: dict[int, list[tuple[int, int]]] = {}
        for i, node in enumerate(nodes):
            if node.kind != "relu":
                continue
            if node.at >= claim.units or claim.layer_of(node.at) == 0 or not claim.relu[node.at]:
                raise Invalid(f"node {node.number}: unit {node.at} is no hidden unit with a ReLU")
            layers.setdefault(claim.layer_of(node.at), []).append((i, node.at))
        for layer, pairs in layers.items():
            where = np.array([i for i, _ in pairs] * 2)
            units = np.array([unit for _, unit in pairs] * 2)
            upper = np.repeat([False, True], len(pairs))
            coefficients, constants, valid = self.carried(self.fixed[k], region, Functions(where), layer, units, upper)
            known = {i: region.part(i) for i, _ in pairs}
            for number, (i, unit) in enumerate(zip(where.tolist(), units.tolist(), strict=True)):
                fixed = None
                if valid[number]:  # lower(z) <= z <= 0, or lower(-z) <= -z <= 0
                    fixed = [-int(constants[number]), *(-entry for entry in coefficients[number].tolist())]
                found.setdefault(i, []).append(PathRow((unit, int(upper[number])), fixed, known=known[i]))
        return found

    def _cut(self, node: Node, place: Place, region: Region, i: int) -> list[Place]:
        claim = self.claims[place.tree]
        if node.at >= claim.inputs:
            raise Invalid(f"node {node.number}: there is no input {node.at}")
        children = []
        for side in (0, 1):
            sign = -1 if side == 0 else 1
            fixed = [-sign * node.where, *(sign << claim.bits if j == node.at else 0 for j in range(claim.inputs))]
            exact = [Fraction(entry, 1 << claim.bits) for entry in fixed]
            child = Place(place.tree, region.part(i), (*place.rows, PathRow(None, fixed, exact)))
            if side == 0:
                child.known.learn(True, [0], [node.at], [node.where])
            else:
                child.known.learn(False, [0], [node.at], [node.where])
            children.append(child)
        return children


def _hints(claim: Claim, asked: Sequence[tuple[Node, Hint]]) -> dict[str, Any]:
    """Return the betas and alphas of claims, as ``Functions`` take them."""
    betas, alphas = [], []
    for number, (node, hint) in enumerate(asked):
        if not hint.betas and not hint.alphas:
            continue
        for unit in (*(beta[0] for beta in hint.betas), *(alpha[0] for alpha in hint.alphas)):
            if not claim.inputs <= unit < claim.units:
                raise Invalid(f"node {node.number}: there is no hidden unit {unit}")
        betas += [(number, *beta) for beta in hint.betas]
        alphas += [(number, *alpha) for alpha in hint.alphas]
    return {"betas": betas, "alphas": alphas}


def _contradiction(region: Region, i: int) -> bool:
    """Tell whether bounds of some unit contradict each other, so that the region is empty."""
    return bool((region.has_low[i] & region.has_high[i] & (region.low[i] > region.high[i])).any())
