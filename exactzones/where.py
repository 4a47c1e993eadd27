"""Properties as text: ``z1[2] > z1[0] and z1[2] > 1/2``.

    condition   = disjunct, with "or" between;  disjunct = factor, with "and" between
    factor      = "not" factor | "(" condition ")" | "argmax" ("=" | "!=") K
                | K ["not"] "in" "top" "(" N ")" | sum relation sum [relation sum ..]
    relation    = > | >= | < | <= | = | == | !=
    sum         = terms with + and - between;  term = numbers and at most one variable, with * and / between

Variables: ``z1[2]`` is unit 2 of layer 1 before the ReLU, ``a1[2]`` after it, ``y[2]`` (or ``y2``) is output 2 of the network.
Outputs of a model have their names, too: ``logits[2]``, ``map[0,2]``, or ``score`` where there is a single entry.
``K in top(N)``: output K is one of the N largest, greater than all others but N - 1.
Layers count from 0, or from the end as in ``z-1[2]``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from exactzones.errors import InputError, quoted
from exactzones.network import Network
from exactzones.property import ALWAYS, Condition, Disjunction, Property, at_least
from exactzones.rational import exact

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*(?:-\d+)?(?:\[\s*\d+(?:\s*,\s*\d+)*\s*\])?)"
    r"|(?P<sign>>=|<=|==|!=|[-+*/()<>=]))",
    re.ASCII,
)
_VARIABLE = re.compile(r"(?:([za])(-?\d+)\[\s*(\d+)\s*\]|y\[\s*(\d+)\s*\]|y(\d+))", re.ASCII)
_ENTRY = re.compile(r"(\w+)(?:\[([\d,\s]*)\])?", re.ASCII)
_RELATIONS: dict[str, tuple[tuple[int, bool], ...]] = {
    ">": ((1, True),),
    ">=": ((1, False),),
    "<": ((-1, True),),
    "<=": ((-1, False),),
}
_RELATIONS |= dict.fromkeys(("=", "==", "!="), ((1, False), (-1, False)))
"""For each relation, the conditions that it stands for: the sign of ``left - right``, and whether zero is excluded."""
_MOST_DEPTH = 100
_EXAMPLE = 'write conditions such as "z1[2] > z1[0] and z1[2] > 1/2", "y[0] >= 0 or not y[1] < 3", "argmax = 2"'

_Unit: TypeAlias = tuple[int, bool, int]  # layer, after the ReLU, unit


class _Sum(NamedTuple):
    """``constant + sum of coefficient * unit``."""

    constant: Fraction
    terms: dict[_Unit, Fraction]

    def plus(self, other: _Sum, factor: Fraction | int = 1) -> _Sum:
        terms = dict(self.terms)
        for unit, coefficient in other.terms.items():
            terms[unit] = terms.get(unit, Fraction(0)) + factor * coefficient
        return _Sum(self.constant + factor * other.constant, {unit: entry for unit, entry in terms.items() if entry})

    def times(self, factor: Fraction) -> _Sum:
        return _Sum(Fraction(0), {}).plus(self, factor)


def parse_where(text: str, network: Network) -> Disjunction:
    """Read a property.

    Args:
        text: see the module.
        network: that it is about.

    Returns:
        The cases, resolved: layers count from 0.

    Raises:
        InputError: the text is not of this form, or a condition is not linear or looks at several layers.
        FeatureError: a layer or unit that the network does not have.

    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1], [1, -1]], [-1, 0])])
    >>> str(parse_where("2*y[0] > y[1]/3 + 1 or argmax = 1", net))
    '2*z1[0] - 1/3*z1[1] > 1 or z1[1] > z1[0]'
    """
    return _Parser(text, network).parse().resolve(network.widths)


class _Parser:
    """Reads a text by recursive descent."""

    def __init__(self, text: str, network: Network) -> None:
        self._text, self._network = text, network
        self._tokens: list[str] = []
        self._next = self._depth = 0
        end = 0
        while text[end:].strip():
            match = _TOKEN.match(text, end)
            if match is None:
                raise self._error(f"{text[end:].split(maxsplit=1)[0]!r} is not expected")
            self._tokens.append(match[0].strip())
            end = match.end()

    def parse(self) -> Disjunction:
        if not self._tokens:
            raise InputError(f"the condition is empty; {_EXAMPLE}")
        prop = self._condition()
        if self._next < len(self._tokens):
            raise self._error(f"{self._peek()!r} is not expected after a condition")
        return prop

    def _error(self, what: str) -> InputError:
        return InputError(f"condition {quoted(self._text)}: {what}; {_EXAMPLE}")

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self, *expected: str) -> bool:
        """Tell whether the next token is one of these, and go past it if so."""
        if self._peek() not in expected:
            return False
        self._next += 1
        return True

    def _condition(self) -> Disjunction:
        total = self._conjunction()
        while self._take("or"):
            total |= self._conjunction()
        return total

    def _conjunction(self) -> Disjunction:
        total = self._factor()
        while self._take("and"):
            total &= self._factor()
        return total

    def _factor(self) -> Disjunction:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self._error(f"it is nested more than {_MOST_DEPTH} deep")
        start = self._next
        if self._take("not"):
            result = _disjunction(~self._factor())
        elif self._take("argmax"):
            result = self._argmax()
        elif self._tokens[self._next + 1 : self._next + 2] in (["in"], ["not"]):
            result = self._top()
        elif self._peek() == "(" and self._is_condition():
            self._next += 1
            result = self._condition()
            if not self._take(")"):
                raise self._error(f"the parenthesis number {self._tokens[: start + 1].count('(')} is not closed")
        else:
            result = self._comparison()
        self._depth -= 1
        return result

    def _is_condition(self) -> bool:
        """Tell whether the next parenthesis encloses a condition rather than a sum."""
        depth = 0
        for word in self._tokens[self._next :]:
            depth += {"(": 1, ")": -1}.get(word, 0)
            if word in _RELATIONS or word in {"and", "or", "not", "argmax", "in"}:
                return True
            if depth == 0:
                return False
        return True

    def _argmax(self) -> Disjunction:
        relation = self._peek()
        if not self._take("=", "==", "!="):
            raise self._error("argmax is followed by = or != and the number of an output")
        number = self._peek()
        width = self._network.widths[-1]
        if not number.isdecimal() or int(number) >= width:
            raise self._error(f"argmax is compared with {number!r}; expected the number of an output, from 0 to {width - 1}")
        self._next += 1
        largest = ALWAYS
        for greater in self._comparisons(int(number)):
            largest &= greater
        return _disjunction(~largest if relation == "!=" else largest)

    def _top(self) -> Disjunction:
        unit = self._number("an output", range(self._network.widths[-1]))
        negated = self._take("not")
        words = [self._take(word) for word in ("in", "top", "(")]
        count = self._number("largest outputs", range(1, self._network.widths[-1] + 1)) if all(words) else 0
        if not count or not self._take(")"):
            raise self._error("the number of an output is followed by: in top(N)")
        greater = self._comparisons(unit)
        if negated:
            return _disjunction(at_least(count, [Property((~prop.conditions[0],)) for prop in greater]))
        return _disjunction(at_least(len(greater) + 1 - count, greater))

    def _comparisons(self, unit: int) -> list[Property]:
        """Return for each other output that an output is greater."""
        others = [other for other in range(self._network.widths[-1]) if other != unit]
        differences = [self._output(unit).plus(self._output(other), -1) for other in others]
        return [Property((self._linear(difference, strict=True),)) for difference in differences]

    def _number(self, what: str, allowed: range) -> int:
        word = self._peek()
        if not word.isdecimal() or int(word) not in allowed:
            raise self._error(f"{word!r} is not the number of {what}; expected {allowed[0]} to {allowed[-1]}")
        self._next += 1
        return int(word)

    def _comparison(self) -> Disjunction:
        sides, relations = [self._sum()], []
        while self._peek() in _RELATIONS:
            relations.append(self._peek())
            self._next += 1
            sides.append(self._sum())
        if not relations:
            raise self._error(f"{self._peek() or 'the end'!r} comes where a relation such as > is expected")
        total = Disjunction((ALWAYS,))
        for (left, right), relation in zip(pairwise(sides), relations, strict=True):
            difference = left.plus(right, -1)
            parts = Property(
                tuple(self._linear(difference.times(Fraction(sign)), strict=strict) for sign, strict in _RELATIONS[relation])
            )
            total &= _disjunction(~parts if relation == "!=" else parts)
        return total

    def _linear(self, total: _Sum, *, strict: bool) -> Condition:
        """Return the condition that a sum is positive, or not negative."""
        spaces = {(layer, after_relu) for layer, after_relu, _ in total.terms}
        if len(spaces) > 1:
            raise self._error("a condition is about one layer, before or after its ReLU, but one of these is about several")
        layer, after_relu = spaces.pop() if spaces else (len(self._network.widths) - 1, False)
        terms = tuple(sorted((unit, coefficient) for (_, _, unit), coefficient in total.terms.items()))
        return Condition(layer, terms, total.constant, strict, after_relu)

    def _sum(self) -> _Sum:
        total = self._product()
        while self._peek() in {"+", "-"}:
            sign = 1 if self._peek() == "+" else -1
            self._next += 1
            total = total.plus(self._product(), sign)
        return total

    def _product(self) -> _Sum:
        total = self._atom()
        while self._peek() in {"*", "/"}:
            operator = self._peek()
            self._next += 1
            other = self._atom()
            if operator == "/":
                if other.terms or not other.constant:
                    raise self._error("a division is not by a number other than 0")
                total = total.times(1 / other.constant)
            elif other.terms and total.terms:
                raise self._error("a product of two variables is not linear")
            else:
                total = other.times(total.constant) if other.terms else total.times(other.constant)
        return total

    def _atom(self) -> _Sum:
        if self._take("-"):
            return self._atom().times(Fraction(-1))
        if self._take("("):
            total = self._sum()
            if not self._take(")"):
                raise self._error(f"{self._peek() or 'the end'!r} comes where a closing parenthesis is expected")
            return total
        token = self._peek()
        self._next += 1
        if token[:1].isdigit() or token[:1] == ".":
            return _Sum(exact(token, "number"), {})
        match = _VARIABLE.fullmatch(token)
        entry = _ENTRY.fullmatch(token) if match is None else None
        port = next((port for port in self._network.output_ports if entry is not None and port.name == entry[1]), None)
        if entry is not None and port is not None:
            if port.before:
                raise self._error(f"{port.name!r} comes after {port.before}; conditions are about the values before it, y[..]")
            return self._output(port.place(*map(int, (entry[2] or "").replace(",", " ").split())))
        if match is None:
            raise self._error(f"{token or 'the end'!r} is not a number or a variable such as z1[2], a1[2] or y[2]")
        if match[1] is None:
            return self._output(int(match[4] or match[5]))
        return self._variable(int(match[2]), int(match[3]), after_relu=match[1] == "a")

    def _output(self, unit: int) -> _Sum:
        """Return an output: the value of the last layer, after its ReLU where it has one."""
        return self._variable(-1, unit, after_relu=any(self._network.layers[-1].relu))

    def _variable(self, layer: int, unit: int, *, after_relu: bool) -> _Sum:
        one = Property((Condition(layer, ((unit, Fraction(1)),), Fraction(0)),)).resolve(self._network.widths)
        return _Sum(Fraction(0), {(one.conditions[0].layer, after_relu, unit): Fraction(1)})


def _disjunction(prop: Property | Disjunction) -> Disjunction:
    return prop if isinstance(prop, Disjunction) else Disjunction((prop,))
