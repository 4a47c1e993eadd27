"""The reference checker: the rules of proofs/certificate.md in plain fractions, complete and short enough to read in one sitting.

It handles one node, one unit, one term at a time, so it is slow.  It shares no rule with the fast checker: of the package it uses
only the network's exact weights and the claim's rows and conditions.  A bound l is stored as l, not as
``l * 2^bits``, and the code rounds where the rules do.  All rules are in this one long file on purpose;
``reference_format`` reads the lines, and ``reference_deployed`` bounds the rounding of floats.  An audit needs no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, lcm
from typing import Any, TypeAlias

from exactzones.checker.records import Case, Report, arithmetic_of, require_arguments, require_rational
from exactzones.checker.reference_deployed import PlainRoundings
from exactzones.checker.reference_format import Broken, PlainHeader, as_integer, as_list, as_multiplier, as_pairs, read_node
from exactzones.errors import FormatError, quoted
from exactzones.network import Network
from exactzones.property import Condition, Property
from exactzones.rational import SparseRows
from exactzones.rational.float_formats import REAL, FloatArithmetic

Linear: TypeAlias = dict[int, Fraction]
"""A linear function of the units of a layer, or of the inputs: coefficients by number."""
Affine: TypeAlias = tuple[Linear, Fraction]
"""A linear function and a constant."""
Unit: TypeAlias = tuple[int, int]
"""The layer and the place in it; the inputs are layer -1."""
ZERO = Fraction(0)


@dataclass
class PlainRegion:
    """A region: known bounds by unit number, and per split on the path its row (rounded, exact), None where there is none."""

    low: dict[int, Fraction] = field(default_factory=dict)
    high: dict[int, Fraction] = field(default_factory=dict)
    rows: list[tuple[Affine | None, Affine | None]] = field(default_factory=list)

    def copy(self) -> PlainRegion:
        """Return a copy."""
        return PlainRegion(dict(self.low), dict(self.high), list(self.rows))

    def learn(self, unit: int, value: Fraction, *, upper: bool) -> None:
        """Add the bound ``unit <= value`` or ``unit >= value``, if it is better than the known one."""
        ends = self.high if upper else self.low
        if unit not in ends or (value < ends[unit] if upper else value > ends[unit]):
            ends[unit] = value

    def is_empty(self) -> bool:
        """Tell whether bounds contradict each other."""
        return any(self.low[unit] > self.high[unit] for unit in self.low if unit in self.high)


@dataclass
class PlainHint:
    """How to compute a bound: (row, multiplier), (unit, upper, multiplier) of known bounds, lower slopes by unit."""

    rows: list[tuple[int, Fraction]] = field(default_factory=list)
    known: list[tuple[int, bool, Fraction]] = field(default_factory=list)
    slopes: dict[int, Fraction] = field(default_factory=dict)


@dataclass
class PlainFunction:
    """A function to be bounded from below: coefficients of activations and of pre-activations by layer, and a constant."""

    after: dict[int, Linear]
    before: dict[int, Linear]
    hint: PlainHint
    exact: bool
    constant: Fraction = ZERO


def check_plainly(network: Network, cases: Sequence[Case], lines: Iterable[str]) -> Report:
    """Check a certificate.

    Args:
        network: the network.
        cases: what is claimed; see ``exactzones.checker.check``.
        lines: of the certificate.

    Returns:
        A report with the same verdict as ``exactzones.checker.check``; reasons are shorter.

    Raises:
        InexactError: the claim has irrational numbers.
        InputError: the claim is about floats, and the network or the domain does not fit the model of their rounding.
    """
    require_arguments(network, cases, lines)
    for case in cases:
        require_rational(network, case)
    stream = iter(lines)
    try:
        header = PlainHeader.read(next(stream, ""))
        if _is_witness(network, cases, header):
            return Report("valid", "can fire")
        zones = header.zones
        trees = [[cases[k] for k in tree] for tree in header.trees_about(len(cases))]
        checker = Checker(network, trees, header.bits, [pattern for pattern, _ in zones])
        for line in stream:
            checker.add(read_node(line, header.version))
        for pattern, point in zones:
            checker.in_zone(cases[0], pattern, point)
    except (Broken, FormatError) as error:
        return Report.invalid(error)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return Report.invalid(f"it does not follow the certificate format ({type(error).__name__}: {str(error)[:80]})")
    if checker.open:
        return Report("incomplete", open_leaves=len(checker.open), nodes=checker.nodes)
    return Report("valid", "complete" if zones else "cannot fire", nodes=checker.nodes, zones=len(zones))


def _is_witness(network: Network, cases: Sequence[Case], header: PlainHeader) -> bool:
    """Check the network's SHA-256 and the arithmetic; tell whether the certificate is a witness, and a true one."""
    if header.arithmetic != arithmetic_of(cases):
        raise Broken("it is about another arithmetic")
    if header.zones and header.arithmetic != REAL:
        raise Broken("it lists zones, but is not about real arithmetic")
    if header.network != network.sha256:
        raise Broken("it is about another network")
    if header.witness is None:
        return False
    if not _holds(network, cases[header.case], header.witness, header.bits):
        raise Broken("the witness does not have the property, or is not in the domain")
    return True


class Checker:
    """The open regions of a certificate's trees.

    Args:
        network: the network.
        trees: the cases that each tree is about.
        bits: rounded numbers are multiples of ``2^-bits``.
        patterns: of the listed zones.

    Raises:
        Broken: cases share a tree that have different rows, or are decided by different layers.
        InputError: the claim is about floats, and the network or the domain does not fit the model of their rounding.
    """

    def __init__(self, network: Network, trees: Sequence[Sequence[Case]], bits: int, patterns: Sequence[Any] = ()) -> None:
        self.network, self.bits, self.patterns = network, bits, patterns
        self.conditions = [[case.prop.resolve(network.widths).conditions for case in cases] for cases in trees]
        self.rows = [cases[0].rows for cases in trees]
        self.units = [self._units(of_cases[0]) for of_cases in self.conditions]
        for cases, of_cases, rows, units in zip(trees, self.conditions, self.rows, self.units, strict=True):
            if any(case.rows != rows for case in cases) or any(self._units(conditions) != units for conditions in of_cases):
                raise Broken("cases that share a tree differ in more than their conditions")
        self.open = {k: (k, self._root(rows)) for k, rows in enumerate(self.rows)}
        self.roundings = [self._roundings(k, cases[0]) for k, cases in enumerate(trees)]
        self.made, self.nodes = len(trees), 0

    def down(self, value: Fraction) -> Fraction:
        """Round down to a multiple of ``2^-bits``."""
        return Fraction(floor(value * 2**self.bits), 2**self.bits)

    def _roundings(self, k: int, case: Case) -> PlainRoundings | None:
        """Return the rounding errors on the domain of tree k; None in real arithmetic."""
        arithmetic, region = FloatArithmetic.of(case.arithmetic), self.open[k][1]
        if arithmetic is None:
            return None
        depth = max(self.units[k][-1][0] + 1, *(c.layer + 1 for conditions in self.conditions[k] for c in conditions), 0)
        return PlainRoundings(self.network, depth, arithmetic, self.bits, ends=(region.low, region.high))

    def _units(self, conditions: Sequence[Condition]) -> list[Unit]:
        """Return the inputs and the units of the hidden layers that decide the conditions, in the order of their numbers."""
        horizon = max((c.layer + (1 if c.after_relu else 0) for c in conditions), default=0)
        inputs = [(-1, j) for j in range(self.network.inputs)]
        return inputs + [(k, j) for k in range(horizon) for j in range(self.network.widths[k])]

    def _has_relu(self, unit: Unit) -> bool:
        return unit[0] >= 0 and self.network.layers[unit[0]].relu[unit[1]]

    def _root(self, rows: Sequence[Sequence[Any]]) -> PlainRegion:
        """Return the root: rows with a single variable give bounds, rounded outward."""
        region = PlainRegion()
        for b, *a in rows:
            inputs = [j for j, entry in enumerate(a) if entry != 0]
            if len(inputs) == 1:
                (j,) = inputs
                end, upper = Fraction(-b, a[j]), a[j] < 0
                region.learn(j, -self.down(-end) if upper else self.down(end), upper=upper)
        return region

    # A node.

    def add(self, node: Any) -> None:
        """Check a node: its region is closed, and the children that it is split into are open.

        Raises:
            Broken: a rule is broken.
        """
        number, bounds, tail = as_list(node)
        tree, region = self.learn(as_integer(number), bounds)
        kind, *rest = as_list(tail)
        children = []
        if kind == "relu":
            children = self._split(tree, region, *map(as_integer, rest))
        elif kind == "cut":
            children = self._cut(region, *rest)
        elif kind == "zone":
            self._zone(tree, region, *rest)
        elif kind == "no" and len(rest) == 3 * len(self.conditions[tree]):
            for case in range(len(self.conditions[tree])):
                self._no(tree, case, region, rest[3 * case : 3 * case + 3])
        else:
            raise Broken(f"node {number}: its tail does not follow the certificate format")
        del self.open[number]
        self.nodes += 1
        for child in children:
            self.open[self.made] = tree, child
            self.made += 1

    def learn(self, number: int, bounds: Sequence[Any]) -> tuple[int, PlainRegion]:
        """Return a region's tree, and what is known on the region once a node's bounds have been computed."""
        if number not in self.open:
            raise Broken(f"node {number}: there is no such region")
        tree, before = self.open[number]
        region, units = before.copy(), self.units[tree]
        layers = [self._unit(units, as_integer(as_list(entry)[0]) >> 2)[0] for entry in as_list(bounds)]
        if layers != sorted(layers):
            raise Broken(f"node {number}: bounds are not in the order of layers")
        for layer in sorted(set(layers)):
            for exact in (False, True):
                group = [entry for entry, at in zip(bounds, layers, strict=True) if at == layer and bool(entry[0] & 2) == exact]
                values = [self._value(tree, region, entry) for entry in group]
                for (code, *_), value in zip(group, values, strict=True):
                    if value is not None:
                        region.learn(code >> 2, -value if code & 1 else value, upper=bool(code & 1))
        return tree, region

    def _unit(self, units: Sequence[Unit], number: int) -> Unit:
        if number >= len(units):
            raise Broken(f"there is no unit {number}")
        return units[number]

    def _value(self, tree: int, region: PlainRegion, entry: Sequence[Any]) -> Fraction | None:
        """Compute a lower bound of z or, for an upper bound, of -z; None if there is none."""
        code, *rest = as_list(entry)
        layer, index = self._unit(self.units[tree], as_integer(code) >> 2)
        sign, hint = Fraction(-1 if code & 1 else 1), self.hint(tree, rest)
        wanted: dict[int, Linear] = {layer: {index: sign}}
        if layer == -1:  # bounds of inputs use no multiples of units' bounds
            function = PlainFunction(wanted, {}, PlainHint(hint.rows), exact=bool(code & 2))
        else:
            function = PlainFunction({}, wanted, hint, exact=bool(code & 2))
        value = self.least(tree, region, function)
        return None if value is None else self.down(value)

    def hint(self, tree: int, entries: Sequence[Any]) -> PlainHint:
        """Read a hint."""
        betas: list[Any] = []
        alphas: list[Any] = []
        if len(entries) > 1 and isinstance(entries[-1], list) and isinstance(entries[-2], list):
            *entries, betas, alphas = entries
        known = [(as_integer(c) >> 1, bool(c & 1), as_multiplier(m)) for c, m in as_pairs(betas)]
        slopes = {as_integer(unit): Fraction(as_integer(slope, most=2**8), 2**8) for unit, slope in as_pairs(alphas)}
        for unit in (*(c for c, _, _ in known), *slopes):
            if self._unit(self.units[tree], unit)[0] < 0:
                raise Broken(f"there is no hidden unit {unit}")
        return PlainHint([(as_integer(row), as_multiplier(m)) for row, m in as_pairs(entries)], known, slopes)

    def _split(self, tree: int, region: PlainRegion, unit: int) -> list[PlainRegion]:
        layer, index = place = self._unit(self.units[tree], unit)
        if not self._has_relu(place):
            raise Broken(f"unit {unit} is not a hidden unit with a ReLU")
        children = []
        for upper in (True, False):  # z <= 0: a function that nowhere exceeds z is <= 0, too; z >= 0: the same with -z
            wanted = {layer: {index: Fraction(1 if upper else -1)}}
            rows = []
            for exact in (False, True):
                below = self.carried(tree, region, PlainFunction({}, wanted, PlainHint(), exact))
                rows.append(below and ({j: -entry for j, entry in below[0].items()}, -below[1]))
            child = region.copy()
            child.rows.append((rows[0], rows[1]))
            child.learn(unit, ZERO, upper=upper)
            children.append(child)
        return children

    def _cut(self, region: PlainRegion, j: Any, where: Any) -> list[PlainRegion]:
        if type(where) is not int or as_integer(j) >= self.network.inputs:
            raise Broken(f"there is no input {quoted(j, 40)}, or the place of the cut is not an integer")
        at, children = Fraction(where, 2**self.bits), []
        for upper in (True, False):
            child, sign = region.copy(), Fraction(-1 if upper else 1)
            child.rows.append((({j: sign}, -sign * at),) * 2)
            child.learn(j, at, upper=upper)
            children.append(child)
        return children

    def _zone(self, tree: int, region: PlainRegion, zone: Any, more: Sequence[Any]) -> None:
        relus = [number for number, unit in enumerate(self.units[tree]) if self._has_relu(unit)]
        signs = "".join(self.patterns[as_integer(zone)])
        if len(signs) != len(relus) or set(signs) - {"+", "-"}:
            raise Broken(f"zone {zone}: its pattern does not fit the network")
        on = {unit for unit, value in region.low.items() if value >= 0}
        off = {unit for unit, value in region.high.items() if value <= 0}
        for entry in as_list(more):
            value = self._value(tree, region, entry)
            if value is not None and value >= 0:
                (off if entry[0] & 1 else on).add(entry[0] >> 2)
        if any(unit not in (on if sign == "+" else off) for unit, sign in zip(relus, signs, strict=True)):
            raise Broken(f"the region is not proved to lie in zone {zone}")

    def _no(self, tree: int, case: int, region: PlainRegion, refutation: Sequence[Any]) -> None:
        exact, mu, hint = refutation
        pairs = [(as_integer(k), as_integer(m)) for k, m in as_pairs(mu)]
        conditions = self.conditions[tree][case]
        function = self.negated(conditions, pairs, self.hint(tree, hint), exact=as_integer(exact, most=1) == 1)
        value = self.least(tree, region, function)
        strict = any(m > 0 and conditions[k].strict for k, m in pairs)
        if not (value is not None and (value > 0 or (value == 0 and strict))) and not region.is_empty():
            raise Broken("the bound does not show that the conditions cannot hold together")

    def negated(
        self, conditions: Sequence[Condition], pairs: Sequence[tuple[int, int]], hint: PlainHint, *, exact: bool
    ) -> PlainFunction:
        """Return minus a combination of conditions: pairs (condition, multiplier)."""
        after: dict[int, Linear] = {}
        before: dict[int, Linear] = {}
        constant = ZERO
        for k, m in pairs:
            condition = conditions[k]
            scale = lcm(*(c.denominator for _, c in condition.terms))
            part = (after if condition.after_relu else before).setdefault(condition.layer, {})
            for unit, c in condition.terms:
                part[unit] = part.get(unit, ZERO) - m * c * scale
            share = -m * condition.constant * scale
            constant += share if exact else self.down(share)
        return PlainFunction(after, before, hint, exact, constant)

    # Bounds.

    def least(self, tree: int, region: PlainRegion, function: PlainFunction) -> Fraction | None:
        """Return a lower bound of a function on a region; None if there is none."""
        carried = self.carried(tree, region, function)
        if carried is None:
            return None
        slope, total = dict(carried[0]), carried[1]
        for number, m in function.hint.rows:
            row, b = self._row(tree, region, number, exact=function.exact)
            for j, entry in row.items():
                slope[j] = slope.get(j, ZERO) - m * entry
            total -= m * b
        for j, entry in slope.items():
            if entry == 0:
                continue
            ends = region.low if entry > 0 else region.high
            if j not in ends:
                return None
            total += entry * ends[j]
        return total if function.exact else self.down(total)

    def _row(self, tree: int, region: PlainRegion, number: int, *, exact: bool) -> Affine:
        """Return a row that holds on a region: first those of the domain, then one for each split."""
        rows = self.rows[tree]
        if number < len(rows):
            b, *a = rows[number]
            return {j: Fraction(entry) for j, entry in enumerate(a)}, Fraction(b)
        row = region.rows[number - len(rows)][exact] if number - len(rows) < len(region.rows) else None
        if row is None:
            raise Broken(f"there is no row {number}")
        return row

    def carried(self, tree: int, region: PlainRegion, function: PlainFunction) -> Affine | None:
        """Return an affine function of the inputs that nowhere exceeds a function on a region; None if there is none."""
        units, rounded, hint = self.units[tree], Fraction if function.exact else self.down, function.hint
        number = {unit: k for k, unit in enumerate(units)}
        carried = {layer: dict(part) for layer, part in function.after.items()}  # layer -1: of inputs
        top = max([-1, *function.after, *function.before, *(units[unit][0] for unit, _, _ in hint.known)])
        constant, good = function.constant, True
        for k in range(top, -1, -1):
            layer, p = self.network.layers[k], dict[int, Fraction]()
            for j, c in carried.get(k, {}).items():
                part = self._through(region, number.get((k, j)), c, function, rounded) if layer.relu[j] else (c, ZERO)
                good = good and part is not None
                p[j], cost = part or (ZERO, ZERO)
                constant += cost
            for unit, upper, m in hint.known:
                if units[unit][0] == k:
                    end = (region.high if upper else region.low).get(unit)
                    good = good and end is not None
                    b, j = rounded(m), units[unit][1]
                    p[j] = p.get(j, ZERO) + (b if upper else -b)
                    constant += rounded((-b if upper else b) * (end or ZERO))
            for j, c in function.before.get(k, {}).items():
                p[j] = p.get(j, ZERO) + c
            constant += rounded(sum((c * layer.bias[j] for j, c in p.items()), ZERO))
            constant += self._lost(tree, region, k, p, rounded)
            lost, below = ZERO, carried.setdefault(k - 1, {})
            for i in range(layer.inputs):
                product = sum((c * layer.weight.rows[j][i] for j, c in p.items()), ZERO)
                entry = rounded(product)
                below[i] = below.get(i, ZERO) + entry
                if entry != product and not self._has_relu((k - 1, i)):  # subtract what rounding down may have added
                    least = region.low.get(number[k - 1, i])
                    good = good and least is not None
                    lost += min(least or ZERO, ZERO)
            constant += rounded(lost / 2**self.bits)
        return (carried.get(-1, {}), constant) if good else None

    def _lost(self, tree: int, region: PlainRegion, k: int, p: Linear, rounded: Callable[[Fraction], Fraction]) -> Fraction:
        """Return what the rounding of layer k's units in floats may take from ``sum p z``: a number <= 0."""
        roundings = self.roundings[tree]
        if roundings is None or not any(p.values()):
            return ZERO
        inputs = [number for number, (layer, _) in enumerate(self.units[tree]) if layer == k - 1]
        errors = roundings.errors(k, [region.low.get(unit) for unit in inputs], [region.high.get(unit) for unit in inputs])
        return sum((rounded(-abs(c) * errors[j]) for j, c in p.items()), ZERO)

    def _through(
        self, region: PlainRegion, unit: int | None, c: Fraction, function: PlainFunction, rounded: Callable[[Fraction], Fraction]
    ) -> tuple[Fraction, Fraction] | None:
        """Return p and t with ``c ReLU(z) >= p z + t``; None if there are none."""
        low, high = (None, None) if unit is None else (region.low.get(unit), region.high.get(unit))
        on = low is not None and low >= 0
        if c == 0 or on or (high is not None and high <= 0):
            return (c if on else ZERO), ZERO
        if c > 0:
            if unit in function.hint.slopes:
                return rounded(c * function.hint.slopes[unit]), ZERO
            return (c if low is not None and high is not None and high > -low else ZERO), ZERO
        if low is None:
            return None if high is None else (ZERO, min(ZERO, rounded(c * high)))
        if high is None:
            return c, rounded(-c * low)
        share = high / (high - low)
        p = rounded(c * (share if function.exact else Fraction(floor(share * 2**24), 2**24)))
        return p, min(rounded(-p * low), rounded((c - p) * high))

    # Zones.

    def in_zone(self, case: Case, pattern: Sequence[str], point: Sequence[Fraction]) -> None:
        """Require that a listed zone's witness has the property and lies in the closed cell of the zone's pattern."""
        values = list(_values(self.network, point))
        hidden = [values[k][0][j] for k, j in self.units[0] if self._has_relu((k, j))]
        signs = "".join(pattern)
        fits = len(signs) == len(hidden) and all(z >= 0 if sign == "+" else z <= 0 for sign, z in zip(signs, hidden, strict=True))
        if not fits or set(signs) - {"+", "-"} or not _holds(self.network, case, point):
            raise Broken("a zone's witness does not have the property, or does not lie in the zone's closed cell")


def _values(network: Network, point: Sequence[Fraction]) -> Iterator[tuple[list[Fraction], list[Fraction]]]:
    """Yield each layer's pre-activations and activations at a point."""
    values = list(point)
    for layer in network.layers:
        before = [
            b + sum((c * value for c, value in zip(row, values, strict=True)), ZERO)
            for row, b in zip(layer.weight.rows, layer.bias, strict=True)
        ]
        values = [max(z, ZERO) if relu else z for z, relu in zip(before, layer.relu, strict=True)]
        yield before, values


def _holds(network: Network, case: Case, point: Sequence[Fraction], bits: int = 40) -> bool:
    """Tell whether a point is in a case's polyhedron and has its property; in floats, in every order of evaluation."""
    if len(point) != network.inputs:
        return False
    sides = {row: row[0] + sum((a * x for a, x in zip(row[1:], point, strict=True)), ZERO) for row in (*case.rows, *case.strict)}
    if any(sides[row] < 0 for row in case.rows) or any(sides[row] <= 0 for row in case.strict):
        return False
    arithmetic, conditions = FloatArithmetic.of(case.arithmetic), case.prop.resolve(network.widths).conditions
    if arithmetic is not None:
        exact = all(arithmetic.products.contains(x) for x in point)
        return exact and all(_never_fails(network, case, each, point, bits) for each in conditions)
    values = list(_values(network, point))
    for condition in conditions:
        total = condition.constant + sum((c * values[condition.layer][condition.after_relu][k] for k, c in condition.terms), ZERO)
        if total < 0 or (total == 0 and condition.strict):
            return False
    return True


def _never_fails(network: Network, case: Case, condition: Condition, point: Sequence[Fraction], bits: int) -> bool:
    """Tell whether bounds of all units at a point, layer by layer, refute the negation of a condition."""
    rows = []
    for j, x in enumerate(point):
        unit = [x.denominator * (i == j) for i in range(len(point))]
        rows += [(-x.numerator, *unit), (x.numerator, *(-entry for entry in unit))]
    there = Case(SparseRows.of(rows), Property((~condition,)), arithmetic=case.arithmetic)
    checker = Checker(network, [[there]], bits)
    hidden = range(network.inputs, len(checker.units[0]))
    try:
        checker.add([0, [[4 * unit + upper] for unit in hidden for upper in (0, 1)], ["no", 0, [0, 1], []]])
    except Broken:
        return False
    return True
