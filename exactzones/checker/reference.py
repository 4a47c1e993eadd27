"""The rules of proofs/certificate.md in plain fractions: a whole checker, to be read in one sitting.

One node, one unit, one term at a time, and slow for that.  No code is shared with the fast checker: only the network's exact
weights, the claim's rows and conditions are read.  Numbers are what they mean (a bound l is l, not ``l * 2^bits``), and rounding
is written out where the rules round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from math import floor, lcm
from typing import Any, TypeAlias

from exactzones.checker.records import Case, Report, require_rational
from exactzones.errors import FormatError
from exactzones.network import Network
from exactzones.property import Condition
from exactzones.rational import integer

Linear: TypeAlias = dict[int, Fraction]
"""A linear function of the units of a layer, or of the inputs: coefficients by number."""
Row: TypeAlias = tuple[Linear, Fraction]
Unit: TypeAlias = tuple[int, int]
"""Layer and number in the layer; inputs are layer -1."""
ZERO = Fraction(0)


class Broken(Exception):
    """A rule is broken."""


@dataclass
class Region:
    """What is known there: bounds of units by number; for every split on the way its row, fixed and exact, if there is one."""

    low: dict[int, Fraction] = field(default_factory=dict)
    high: dict[int, Fraction] = field(default_factory=dict)
    rows: list[tuple[Row | None, Row | None]] = field(default_factory=list)

    def copy(self) -> Region:
        """Return a region of which the same is known."""
        return Region(dict(self.low), dict(self.high), list(self.rows))

    def learn(self, unit: int, value: Fraction, *, upper: bool) -> None:
        """Learn ``unit <= value`` or ``unit >= value``, if that is news."""
        ends = self.high if upper else self.low
        if unit not in ends or (value < ends[unit] if upper else value > ends[unit]):
            ends[unit] = value

    def is_empty(self) -> bool:
        """Tell whether bounds contradict each other."""
        return any(self.low[unit] > self.high[unit] for unit in self.low if unit in self.high)


@dataclass
class Hint:
    """Rows with multipliers, known bounds (unit, upper, multiplier), lower slopes by unit."""

    rows: list[tuple[int, Fraction]] = field(default_factory=list)
    known: list[tuple[int, bool, Fraction]] = field(default_factory=list)
    slopes: dict[int, Fraction] = field(default_factory=dict)


@dataclass
class Function:
    """What is to be bounded from below, and how: coefficients of activations and of pre-activations by layer."""

    after: dict[int, Linear]
    before: dict[int, Linear]
    hint: Hint
    exact: bool
    constant: Fraction = ZERO


def check_plainly(network: Network, cases: Sequence[Case], lines: Iterable[str]) -> Report:
    """Check a certificate.

    Args:
        network: the network.
        cases: what is claimed; see ``exactzones.checker.check``.
        lines: of the certificate.

    Returns:
        A report, with the verdict of ``exactzones.checker.check``; reasons are shorter.
    """
    for case in cases:
        require_rational(network, case)
    stream = iter(lines)
    try:
        header = _read(next(stream, ""))
        if _is_witness(network, cases, header):
            return Report("valid", "can fire")
        zones = [(pattern, _point(point)) for pattern, point in header.get("zones", [])]
        trees = [[cases[k] for k in some] for some in _trees(header, len(cases), zones=bool(zones))]
        checker = Checker(network, trees, _whole(header.get("bits", 24), 16, 1024), [pattern for pattern, _ in zones])
        for line in stream:
            checker.add(_read(line))
        for pattern, point in zones:
            checker.in_zone(cases[0], pattern, point)
    except (Broken, FormatError) as error:
        return Report("invalid", why=str(error))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return Report("invalid", why=f"it is not written as a certificate is ({type(error).__name__}: {str(error)[:80]})")
    if checker.open:
        return Report("incomplete", open_leaves=len(checker.open), nodes=checker.nodes)
    return Report("valid", "complete" if zones else "cannot fire", nodes=checker.nodes, zones=len(zones))


def _is_witness(network: Network, cases: Sequence[Case], header: Any) -> bool:
    """Tell whether a header is all there is: a witness, and a true one."""
    if header["format"] != "exactzones certificate" or type(header["version"]) is not int or header["version"] != 1:
        raise Broken("it is no certificate of version 1")
    if not isinstance(header["verdict"], str):
        raise Broken("its verdict is no text")
    case = _whole(header.get("case", 0))
    if header["network"] != network.sha256:
        raise Broken("it is about another network")
    if header.get("witness") is None:
        return False
    if not _holds(network, cases[case], _point(header["witness"])):
        raise Broken("the witness does not have the property, or is not in the domain")
    return True


def _trees(header: Any, cases: int, *, zones: bool) -> list[list[int]]:
    """Return the cases that each tree is about."""
    if _whole(header.get("cases", 1)) != cases or (zones and cases != 1):
        raise Broken("it is about another number of cases")
    named = header.get("trees")
    trees = [[k] for k in range(cases)] if named is None else [[_whole(k) for k in tree] for tree in named]
    if sorted(chain(*trees)) != list(range(cases)) or not all(trees):
        raise Broken("its trees are not about each case once")
    return trees


class Checker:
    """The regions of a certificate's trees that are open.

    Args:
        network: the network.
        trees: the cases that each is about.
        bits: fixed numbers are multiples of ``2^-bits``.
        patterns: of the listed zones.

    Raises:
        Broken: cases share a tree that have different rows, or are decided by different layers.
    """

    def __init__(self, network: Network, trees: Sequence[Sequence[Case]], bits: int, patterns: Sequence[Any] = ()) -> None:
        self.network, self.bits, self.patterns = network, bits, patterns
        self.conditions = [[case.prop.resolve(network.widths).conditions for case in cases] for cases in trees]
        self.rows = [cases[0].rows for cases in trees]
        self.units = [self._units(some[0]) for some in self.conditions]
        for cases, some, rows, units in zip(trees, self.conditions, self.rows, self.units, strict=True):
            if any(case.rows != rows for case in cases) or any(self._units(conditions) != units for conditions in some):
                raise Broken("cases share a tree that differ in more than their conditions")
        self.open = {k: (k, self._root(rows)) for k, rows in enumerate(self.rows)}
        self.made, self.nodes = len(trees), 0

    def down(self, value: Fraction) -> Fraction:
        """Round down to a fixed number."""
        return Fraction(floor(value * 2**self.bits), 2**self.bits)

    def _units(self, conditions: Sequence[Condition]) -> list[Unit]:
        """Return the inputs and the units of the hidden layers that decide, in the order of their numbers."""
        horizon = max((c.layer + (1 if c.after_relu else 0) for c in conditions), default=0)
        inputs = [(-1, j) for j in range(self.network.inputs)]
        return inputs + [(k, j) for k in range(horizon) for j in range(self.network.widths[k])]

    def _has_relu(self, unit: Unit) -> bool:
        return unit[0] >= 0 and self.network.layers[unit[0]].relu[unit[1]]

    def _root(self, rows: Sequence[Sequence[Any]]) -> Region:
        region = Region()
        for b, *a in rows:
            inputs = [j for j, entry in enumerate(a) if entry != 0]
            if len(inputs) == 1:
                (j,) = inputs
                end, upper = Fraction(-b, a[j]), a[j] < 0
                region.learn(j, -self.down(-end) if upper else self.down(end), upper=upper)
        return region

    # A node.

    def add(self, node: Any) -> None:
        """Check a node; the region that it is about is closed, those that it is split into are open.

        Raises:
            Broken: a rule is broken.
        """
        number, bounds, tail = node
        tree, region = self.learn(_whole(number), bounds)
        kind, *rest = tail
        children = []
        if kind == "relu":
            children = self._split(tree, region, *map(_whole, rest))
        elif kind == "cut":
            children = self._cut(region, *rest)
        elif kind == "zone":
            self._zone(tree, region, *rest)
        elif kind == "no" and len(rest) == 3 * len(self.conditions[tree]):
            for case in range(len(self.conditions[tree])):
                self._no(tree, case, region, *rest[3 * case : 3 * case + 3])
        else:
            raise Broken(f"node {number}: there is no such tail")
        del self.open[number]
        self.nodes += 1
        for child in children:
            self.open[self.made] = tree, child
            self.made += 1

    def learn(self, number: int, bounds: Sequence[Any]) -> tuple[int, Region]:
        """Return of which tree a region is, and what is known there once a node's bounds have been computed."""
        if number not in self.open:
            raise Broken(f"node {number}: there is no such region")
        tree, before = self.open[number]
        region, units = before.copy(), self.units[tree]
        layers = [self._unit(units, _whole(entry[0]) >> 2)[0] for entry in bounds]
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

    def _value(self, tree: int, region: Region, entry: Sequence[Any]) -> Fraction | None:
        """Compute a lower bound of z, or of -z."""
        code, *rest = entry
        layer, index = self._unit(self.units[tree], _whole(code) >> 2)
        sign, hint = Fraction(-1 if code & 1 else 1), self.hint(tree, rest)
        wanted: dict[int, Linear] = {layer: {index: sign}}
        if layer == -1:  # a bound of an input knows no multiples of units' bounds
            function = Function(wanted, {}, Hint(hint.rows), exact=bool(code & 2))
        else:
            function = Function({}, wanted, hint, exact=bool(code & 2))
        found = self.least(tree, region, function)
        return None if found is None else self.down(found)

    def hint(self, tree: int, entries: Sequence[Any]) -> Hint:
        """Read a hint."""
        betas: list[Any] = []
        alphas: list[Any] = []
        if len(entries) > 1 and isinstance(entries[-1], list) and isinstance(entries[-2], list):
            *entries, betas, alphas = entries
        known = [(_whole(c) >> 1, bool(c & 1), _multiplier(m)) for c, m in _pairs(betas)]
        slopes = {_whole(unit): Fraction(_whole(slope, most=2**8), 2**8) for unit, slope in _pairs(alphas)}
        for unit in (*(c for c, _, _ in known), *slopes):
            if self._unit(self.units[tree], unit)[0] < 0:
                raise Broken(f"there is no hidden unit {unit}")
        return Hint([(_whole(row), _multiplier(m)) for row, m in _pairs(entries)], known, slopes)

    def _split(self, tree: int, region: Region, unit: int) -> list[Region]:
        layer, index = place = self._unit(self.units[tree], unit)
        if not self._has_relu(place):
            raise Broken(f"unit {unit} has no ReLU")
        children = []
        for upper in (True, False):  # z <= 0, so what is nowhere greater is; z >= 0: the same of -z
            wanted = {layer: {index: Fraction(1 if upper else -1)}}
            rows = []
            for exact in (False, True):
                found = self.carried(tree, region, Function({}, wanted, Hint(), exact))
                rows.append(found and ({j: -entry for j, entry in found[0].items()}, -found[1]))
            child = region.copy()
            child.rows.append((rows[0], rows[1]))
            child.learn(unit, ZERO, upper=upper)
            children.append(child)
        return children

    def _cut(self, region: Region, j: Any, where: Any) -> list[Region]:
        if type(where) is not int or _whole(j) >= self.network.inputs:
            raise Broken(f"there is no input {j}, or no such cut of it")
        at, children = Fraction(where, 2**self.bits), []
        for upper in (True, False):
            child, sign = region.copy(), Fraction(-1 if upper else 1)
            child.rows.append((({j: sign}, -sign * at),) * 2)
            child.learn(j, at, upper=upper)
            children.append(child)
        return children

    def _zone(self, tree: int, region: Region, zone: Any, more: Sequence[Any]) -> None:
        relus = [number for number, unit in enumerate(self.units[tree]) if self._has_relu(unit)]
        signs = "".join(self.patterns[_whole(zone)])
        if len(signs) != len(relus) or set(signs) - {"+", "-"}:
            raise Broken(f"zone {zone}: its pattern does not fit the network")
        on = {unit for unit, value in region.low.items() if value >= 0}
        off = {unit for unit, value in region.high.items() if value <= 0}
        for entry in more:
            value = self._value(tree, region, entry)
            if value is not None and value >= 0:
                (off if entry[0] & 1 else on).add(entry[0] >> 2)
        if any(unit not in (on if sign == "+" else off) for unit, sign in zip(relus, signs, strict=True)):
            raise Broken(f"a region is not proved to lie in zone {zone}")

    def _no(self, tree: int, case: int, region: Region, exact: Any, mu: Sequence[Any], hint: Sequence[Any]) -> None:
        pairs = [(_whole(k), _whole(m)) for k, m in _pairs(mu)]
        found = self.denied(tree, case, region, pairs, self.hint(tree, hint), exact=_whole(exact, most=1) == 1)
        strict = any(m > 0 and self.conditions[tree][case][k].strict for k, m in pairs)
        if not (found is not None and (found > 0 or (found == 0 and strict))) and not region.is_empty():
            raise Broken("the conditions are not proved to be impossible together")

    def denied(
        self, tree: int, case: int, region: Region, pairs: Sequence[tuple[int, int]], hint: Hint, *, exact: bool
    ) -> Fraction | None:
        """Return a lower bound of minus a combination of conditions."""
        after: dict[int, Linear] = {}
        before: dict[int, Linear] = {}
        constant = ZERO
        for k, m in pairs:
            condition = self.conditions[tree][case][k]
            scale = lcm(*(c.denominator for _, c in condition.terms))
            part = (after if condition.after_relu else before).setdefault(condition.layer, {})
            for unit, c in condition.terms:
                part[unit] = part.get(unit, ZERO) - m * c * scale
            share = -m * condition.constant * scale
            constant += share if exact else self.down(share)
        return self.least(tree, region, Function(after, before, hint, exact, constant))

    # Bounds.

    def least(self, tree: int, region: Region, function: Function) -> Fraction | None:
        """Return a lower bound of a function; None if there is none."""
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

    def _row(self, tree: int, region: Region, number: int, *, exact: bool) -> Row:
        """Return a row that holds on a region: the domain's come first, then one of each split."""
        rows = self.rows[tree]
        if number < len(rows):
            b, *a = rows[number]
            return {j: Fraction(entry) for j, entry in enumerate(a)}, Fraction(b)
        found = region.rows[number - len(rows)][exact] if number - len(rows) < len(region.rows) else None
        if found is None:
            raise Broken(f"there is no row {number}")
        return found

    def carried(self, tree: int, region: Region, function: Function) -> Row | None:
        """Return a function of the inputs that is nowhere greater, or None."""
        units, rounded, hint = self.units[tree], _same if function.exact else self.down, function.hint
        number = {unit: k for k, unit in enumerate(units)}
        passed = {layer: dict(part) for layer, part in function.after.items()}  # layer -1: of inputs
        top = max([-1, *function.after, *function.before, *(units[unit][0] for unit, _, _ in hint.known)])
        constant, good = function.constant, True
        for k in range(top, -1, -1):
            layer, p = self.network.layers[k], dict[int, Fraction]()
            for j, c in passed.get(k, {}).items():
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
            lost, below = ZERO, passed.setdefault(k - 1, {})
            for i in range(layer.inputs):
                product = sum((c * layer.weight.rows[j][i] for j, c in p.items()), ZERO)
                entry = rounded(product)
                below[i] = below.get(i, ZERO) + entry
                if entry != product and not self._has_relu((k - 1, i)):  # what may be negative loses by what was cut off
                    least = region.low.get(number[k - 1, i])
                    good = good and least is not None
                    lost += min(least or ZERO, ZERO)
            constant += rounded(lost / 2**self.bits)
        return (passed.get(-1, {}), constant) if good else None

    def _through(
        self, region: Region, unit: int | None, c: Fraction, function: Function, rounded: Callable[[Fraction], Fraction]
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
        """Demand that a listed zone's witness has the property and lies in the closed cell of the zone's pattern."""
        values = list(_values(self.network, point))
        hidden = [values[k][0][j] for k, j in self.units[0] if self._has_relu((k, j))]
        signs = "".join(pattern)
        fits = len(signs) == len(hidden) and all(z >= 0 if sign == "+" else z <= 0 for sign, z in zip(signs, hidden, strict=True))
        if not fits or set(signs) - {"+", "-"} or not _holds(self.network, case, point):
            raise Broken("a zone's witness is none")


def _same(value: Fraction) -> Fraction:
    return value


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


def _holds(network: Network, case: Case, point: Sequence[Fraction]) -> bool:
    """Tell whether a point is in a case's polyhedron and has its property."""
    if len(point) != network.inputs:
        return False
    sides = {row: row[0] + sum((a * x for a, x in zip(row[1:], point, strict=True)), ZERO) for row in (*case.rows, *case.strict)}
    values = list(_values(network, point))
    for condition in case.prop.resolve(network.widths).conditions:
        total = condition.constant + sum((c * values[condition.layer][condition.after_relu][k] for k, c in condition.terms), ZERO)
        if total < 0 or (total == 0 and condition.strict):
            return False
    return all(sides[row] >= 0 for row in case.rows) and all(sides[row] > 0 for row in case.strict)


def _read(line: str) -> Any:
    def refuse(text: str) -> Any:
        raise Broken(f"{text} is a float")

    return json.loads(line, parse_float=refuse, parse_constant=refuse)


def _whole(value: Any, least: int = 0, most: int | None = None) -> int:
    if type(value) is not int or value < least or (most is not None and value > most):
        raise Broken(f"{str(value)[:40]} is not a whole number from {least}{'' if most is None else f' to {most}'}")
    return value


def _pairs(entries: Any) -> list[tuple[Any, Any]]:
    if not isinstance(entries, list):
        raise Broken("a list is expected")
    return list(zip(entries[::2], entries[1::2], strict=True))


def _multiplier(value: Any) -> Fraction:
    found = _fraction(value) if isinstance(value, str) else Fraction(_whole(value), 2**32)
    if found < 0:
        raise Broken("a multiplier is negative")
    return found


def _fraction(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    return Fraction(integer(numerator), integer(denominator or "1"))


def _point(entries: Any) -> list[Fraction]:
    return [_fraction(entry) for entry in entries]
