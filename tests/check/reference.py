"""The rules of proofs/certificate.md once more, slowly: plain Fractions, one node, one unit and one term at a time.

No code is shared with exactzones/check: only the network's weights, the claim's rows and the conditions are read.  Numbers are
what they mean (l is a bound, not a bound times 2^bits), and rounding is written out where the rules round.
"""

from fractions import Fraction
from math import floor, lcm


class BrokenError(Exception):
    """A rule is broken."""


class Region:
    """What is known: bounds of units by number, and rows of the splits on the way, fixed and exact; a row is {..} or None."""

    def __init__(self, low=(), high=(), rows=()):
        self.low, self.high, self.rows = dict(low), dict(high), list(rows)

    def copy(self):
        return Region(self.low, self.high, self.rows)

    def at_least(self, unit, value):
        if unit not in self.low or self.low[unit] < value:
            self.low[unit] = value

    def at_most(self, unit, value):
        if unit not in self.high or self.high[unit] > value:
            self.high[unit] = value

    def is_empty(self):
        return any(self.low[u] > self.high[u] for u in self.low if u in self.high)


class Reference:
    def __init__(self, network, cases, bits, patterns=()):
        self.network, self.bits, self.patterns = network, bits, patterns
        self.cases = [(case.rows, case.prop.resolve(network.widths)) for case in cases]
        self.open = {k: (k, self._root(case.rows)) for k, case in enumerate(cases)}
        self.made = len(cases)

    def down(self, value):
        return Fraction(floor(Fraction(value) * 2**self.bits), 2**self.bits)

    def up(self, value):
        return -self.down(-value)

    def _root(self, rows):
        region = Region()
        for b, *a in rows:
            inputs = [j for j, entry in enumerate(a) if entry != 0]
            if len(inputs) == 1:
                (j,) = inputs
                end = Fraction(-b, a[j])
                if a[j] > 0:
                    region.at_least(j, self.down(end))
                else:
                    region.at_most(j, self.up(end))
        return region

    # Units: number -> (layer, index); layer -1 holds the inputs.

    def units(self, case):
        _, prop = self.cases[case]
        horizon = max((c.layer + (1 if c.after_relu else 0) for c in prop.conditions), default=0)
        found = [(-1, j) for j in range(self.network.inputs)]
        for k in range(horizon):
            found += [(k, j) for j in range(self.network.widths[k])]
        return found

    def has_relu(self, place):
        return place[0] >= 0 and self.network.layers[place[0]].relu[place[1]]

    # One node.

    def learn(self, number, bounds):
        """What is known of an open region once bounds have been computed there."""
        if number not in self.open:
            raise BrokenError("no such region")
        case, before = self.open[number]
        units, region = self.units(case), before.copy()
        layers = [self._unit(units, entry[0] >> 2)[0] for entry in bounds]
        if layers != sorted(layers):
            raise BrokenError("order of layers")
        for layer in sorted(set(layers)):
            for exact in (False, True):
                group = [e for e, at in zip(bounds, layers, strict=True) if at == layer and bool(e[0] & 2) == exact]
                values = [self._value(case, units, region, entry) for entry in group]
                for entry, value in zip(group, values, strict=True):
                    if value is None:
                        continue
                    if entry[0] & 1:
                        region.at_most(entry[0] >> 2, -value)
                    else:
                        region.at_least(entry[0] >> 2, value)
        return case, units, region

    def add(self, node):
        number, bounds, tail = node
        case, units, region = self.learn(number, bounds)
        children = []
        if tail[0] == "relu":
            children = self._split(units, region, tail[1])
        elif tail[0] == "cut":
            children = self._cut(region, tail[1], Fraction(tail[2], 2**self.bits))
        elif tail[0] == "zone":
            self._zone(case, units, region, tail[1], tail[2])
        else:
            self._no(case, region, *tail[1:])
        del self.open[number]
        for child in children:
            self.open[self.made] = (case, child)
            self.made += 1

    def _unit(self, units, number):
        if number >= len(units):
            raise BrokenError("no such unit")
        return units[number]

    def _value(self, case, units, region, entry):
        place = self._unit(units, entry[0] >> 2)
        exact, sign = bool(entry[0] & 2), -1 if entry[0] & 1 else 1
        hint = self._hint(units, entry[1:])
        if place[0] == -1:
            hint = (hint[0], [], {})
            functions = {-1: {place[1]: Fraction(sign)}}, {}
        else:
            functions = {}, {place[0]: {place[1]: Fraction(sign)}}
        found = self.least(case, units, region, functions, Fraction(0), hint, exact=exact)
        return found if found is None else self.down(found)

    def _hint(self, units, entries):
        betas, alphas = [], []
        if len(entries) > 1 and isinstance(entries[-1], list) and isinstance(entries[-2], list):
            *entries, betas, alphas = entries
        rows = [(r, _multiplier(m)) for r, m in zip(entries[::2], entries[1::2], strict=True)]
        known = [(c >> 1, c & 1, _multiplier(m)) for c, m in zip(betas[::2], betas[1::2], strict=True)]
        slopes = dict(zip(alphas[::2], alphas[1::2], strict=True))
        for unit in (*(c for c, _, _ in known), *slopes):
            if self._unit(units, unit)[0] < 0:
                raise BrokenError("no hidden unit")
        return rows, known, slopes

    def _split(self, units, region, unit):
        if not self.has_relu(self._unit(units, unit)):
            raise BrokenError("no ReLU")
        layer, index = units[unit]
        children = []
        for sign in (1, -1):
            rows = []
            for exact in (False, True):
                function = {}, {layer: {index: Fraction(sign)}}
                found = self.carried(units, region, function, Fraction(0), ([], [], {}), exact=exact)
                rows.append(found and ({j: -entry for j, entry in found[0].items()}, -found[1]))
            child = region.copy()
            child.rows.append(rows)
            if sign == 1:
                child.at_most(unit, Fraction(0))
            else:
                child.at_least(unit, Fraction(0))
            children.append(child)
        return children

    def _cut(self, region, j, where):
        if j >= self.network.inputs:
            raise BrokenError("no such input")
        below, above = region.copy(), region.copy()
        below.rows.append([({j: Fraction(-1)}, where)] * 2)
        below.at_most(j, where)
        above.rows.append([({j: Fraction(1)}, -where)] * 2)
        above.at_least(j, where)
        return [below, above]

    def _zone(self, case, units, region, zone, more):
        texts = self.patterns[zone] if zone < len(self.patterns) else None
        chosen = [u for u, place in enumerate(units) if self.has_relu(place)]
        signs = "" if texts is None else "".join(texts)
        if texts is None or len(signs) != len(chosen) or set(signs) - set("+-"):
            raise BrokenError("no such zone")
        on = {u for u, value in region.low.items() if value >= 0}
        off = {u for u, value in region.high.items() if value <= 0}
        for entry in more:
            value = self._value(case, units, region, entry)
            if value is not None and value >= 0:
                (off if entry[0] & 1 else on).add(entry[0] >> 2)
        if any(u not in (on if sign == "+" else off) for u, sign in zip(chosen, signs, strict=True)):
            raise BrokenError("not in the zone")

    def _no(self, case, region, exact, mu, hint):
        _, prop = self.cases[case]
        pairs = list(zip(mu[::2], mu[1::2], strict=True))
        if any(k >= len(prop.conditions) for k, _ in pairs):
            raise BrokenError("no such condition")
        found = self.denied(case, region, exact, mu, hint)
        strict = any(m > 0 and prop.conditions[k].strict for k, m in pairs)
        if not (found is not None and (found > 0 or (found == 0 and strict))) and not region.is_empty():
            raise BrokenError("not proved")

    def denied(self, case, region, exact, mu, hint):
        """The bound of minus the combination of conditions."""
        units, (_, prop) = self.units(case), self.cases[case]
        after, before, constant = {}, {}, Fraction(0)
        for k, m in zip(mu[::2], mu[1::2], strict=True):
            condition = prop.conditions[k]
            scale = lcm(*(c.denominator for _, c in condition.terms))
            part = (after if condition.after_relu else before).setdefault(condition.layer, {})
            for unit, c in condition.terms:
                part[unit] = part.get(unit, 0) - m * c * scale
            constant += (Fraction if exact else self.down)(-m * condition.constant * scale)
        return self.least(case, units, region, (after, before), constant, self._hint(units, hint), exact=bool(exact))

    # Bounds.

    def least(self, case, units, region, functions, constant, hint, *, exact):  # noqa: C901, PLR0912
        carried = self.carried(units, region, functions, constant, hint, exact=exact)
        domain, _ = self.cases[case]
        chosen = []
        for number, m in hint[0]:
            if number < len(domain):
                chosen.append((dict(enumerate(domain[number][1:])), domain[number][0], m))
            else:
                if number - len(domain) >= len(region.rows):
                    if carried is not None:
                        raise BrokenError("no such row")
                    continue
                row = region.rows[number - len(domain)][exact]
                if row is None:
                    if carried is not None:
                        raise BrokenError("no such row")
                    continue
                chosen.append((*row, m))
        if carried is None:
            return None
        slope, total = dict(carried[0]), carried[1]
        for row, b, m in chosen:
            for j, entry in row.items():
                slope[j] = slope.get(j, 0) - m * entry
            total -= m * b
        for j, entry in slope.items():
            ends = region.low if entry > 0 else region.high
            if entry == 0:
                continue
            if j not in ends:
                return None
            total += entry * ends[j]
        return total if exact else self.down(total)

    def carried(self, units, region, functions, constant, hint, *, exact):  # noqa: C901
        """A function of the inputs that is nowhere greater: coefficients and constant; or None."""
        after, before = functions
        known, slopes = hint[1], hint[2]
        number = {place: u for u, place in enumerate(units)}
        rounded = Fraction if exact else self.down
        passed = {layer: dict(part) for layer, part in after.items()}  # coefficients of activations, layer -1: inputs
        good = True
        top = max([-1, *after, *before, *(units[u][0] for u, _, _ in known)])
        for k in range(top, -1, -1):
            layer = self.network.layers[k]
            p = {}
            for j, c in passed.get(k, {}).items():
                if c == 0:
                    continue
                part = self._through(region, number.get((k, j)), c, layer.relu[j], slopes, rounded, exact=exact)
                if part is None:
                    good = False
                    continue
                p[j] = part[0]
                constant += part[1]
            for u, upper, m in known:
                if units[u][0] == k:
                    ends = region.high if upper else region.low
                    if u not in ends:
                        good = False
                        continue
                    b, j = rounded(m), units[u][1]
                    p[j] = p.get(j, 0) + (b if upper else -b)
                    constant += rounded(-b * ends[u] if upper else b * ends[u])
            for j, c in before.get(k, {}).items():
                p[j] = p.get(j, 0) + c
            constant += rounded(sum((c * layer.bias[j] for j, c in p.items()), Fraction(0)))
            cost = Fraction(0)
            for i in range(layer.inputs):
                product = sum((c * layer.weight.rows[j][i] for j, c in p.items()), Fraction(0))
                entry = rounded(product)
                below = passed.setdefault(k - 1, {})
                below[i] = below.get(i, Fraction(0)) + entry
                if entry != product and not self.has_relu((k - 1, i)):
                    if number[k - 1, i] not in region.low:
                        good = False
                    else:
                        cost += min(region.low[number[k - 1, i]], 0)
            constant += rounded(cost / 2**self.bits)
        return (passed.get(-1, {}), constant) if good else None

    def _through(self, region, unit, c, relu, slopes, rounded, *, exact):  # noqa: PLR0911
        """A coefficient of an activation as one of the pre-activation, and what it costs; None if there is no bound."""
        low, high = region.low.get(unit), region.high.get(unit)
        if not relu or (low is not None and low >= 0):
            return c, Fraction(0)
        if high is not None and high <= 0:
            return Fraction(0), Fraction(0)
        if c > 0:
            if unit in slopes:
                return rounded(c * Fraction(slopes[unit], 2**8)), Fraction(0)
            return (c if low is not None and high is not None and high > -low else Fraction(0)), Fraction(0)
        if low is None and high is None:
            return None
        if high is None:
            return c, rounded(-c * low)
        if low is None:
            return Fraction(0), min(Fraction(0), rounded(c * high))
        share = high / (high - low)
        p = rounded(c * (share if exact else Fraction(floor(share * 2**24), 2**24)))
        return p, min(rounded(-p * low), rounded((c - p) * high))


def _multiplier(m):
    return Fraction(m) if isinstance(m, str) else Fraction(m, 2**32)
