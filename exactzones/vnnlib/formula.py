"""The formula that a VNN-LIB file asserts: ``and`` and ``or`` of linear comparisons on the variables ``X_i`` and ``Y_j``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, pairwise, product
from math import prod
from typing import TypeAlias

from exactzones.errors import FormatError
from exactzones.rational import exact

MAX_CASES = 100_000
"""A formula whose disjunctive normal form has more cases is refused."""

_MAX_ENTRIES = 20_000_000  # comparisons and input bounds of all cases together
_MAX_DEPTH = 200
_MAX_BITS = 2**20  # of one number: "(* 1e99999 1e99999)" is short
_MAX_LITERAL_BITS = 2**26  # of all numbers together
_TOKEN = re.compile(r"[()\n]|;[^\n]*|[^\s();]+")
_VARIABLE = re.compile(r"([XY])_(0|[1-9][0-9]{0,8})", re.ASCII)
_IGNORED = ("set-logic", "set-info")
_COMPARISONS = {"<=": [(-1, False)], "<": [(-1, True)], ">=": [(1, False)], ">": [(1, True)], "=": [(-1, False), (1, False)]}
"""Sign of (left - right), and whether it is strict, for each comparison that an operator stands for."""


@dataclass(frozen=True, slots=True)
class Row:
    """``constant + sum of coefficient * value(index)`` is >= 0, or > 0 when ``strict``."""

    constant: Fraction
    terms: tuple[tuple[int, Fraction], ...]
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison, on inputs ("X") or on outputs ("Y")."""

    kind: str
    row: Row


@dataclass(frozen=True, slots=True)
class Formula:
    """A conjunction (the empty one is true) or a disjunction (the empty one is false).

    Attributes:
        conjunction: which of both.
        parts: what it joins.
        cases: how many conjunctions its disjunctive normal form has.
        atoms: how many comparisons these have together.
    """

    conjunction: bool
    parts: tuple[Part, ...]
    cases: int
    atoms: int

    @classmethod
    def all_of(cls, parts: Sequence[Part]) -> Formula:
        """Join by ``and``."""
        flat = [deep for part in parts for deep in (part.parts if isinstance(part, Formula) and part.conjunction else (part,))]
        sizes = [_size(part) for part in flat]
        cases = prod(count for count, _ in sizes)
        # Each case of a part meets every case of the others; a part without cases leaves none.
        return cls(True, tuple(flat), cases, sum(atoms * (cases // count) for count, atoms in sizes) if cases else 0)

    @classmethod
    def any_of(cls, parts: Sequence[Part]) -> Formula:
        """Join by ``or``."""
        sizes = [_size(part) for part in parts]
        return cls(False, tuple(parts), sum(count for count, _ in sizes), sum(atoms for _, atoms in sizes))

    def expand(self) -> Iterator[tuple[Atom, ...]]:
        """Yield the conjunctions of its disjunctive normal form."""
        parts = (iter([(part,)]) if isinstance(part, Atom) else part.expand() for part in self.parts)
        if self.conjunction:
            return (tuple(chain.from_iterable(chosen)) for chosen in product(*parts))
        return chain.from_iterable(parts)


Part: TypeAlias = Formula | Atom


def _size(part: Part) -> tuple[int, int]:
    return (1, 1) if isinstance(part, Atom) else (part.cases, part.atoms)


@dataclass(slots=True)
class _List:
    """What stands between two parentheses, and the line where it begins."""

    line: int
    items: list[_List | str] = field(default_factory=list)

    def head(self, what: str) -> tuple[str, list[_List | str]]:
        """Return the operator and its arguments."""
        if not self.items or not isinstance(self.items[0], str):
            raise FormatError(f"line {self.line}: {what} is expected here, such as in (assert (<= X_0 1))")
        return self.items[0], self.items[1:]


@dataclass(slots=True)
class _Linear:
    """``constant + sum of coefficient * variable``; no coefficient is zero."""

    constant: Fraction
    terms: dict[tuple[str, int], Fraction] = field(default_factory=dict)

    def scaled(self, factor: Fraction) -> _Linear:
        if not factor:
            return _Linear(factor)
        return _Linear(self.constant * factor, {name: entry * factor for name, entry in self.terms.items()})

    def add(self, other: _Linear, factor: int) -> None:
        self.constant += factor * other.constant
        for name, entry in other.terms.items():
            total = self.terms.get(name, 0) + factor * entry
            if total:
                self.terms[name] = total
            else:
                del self.terms[name]

    def bits(self) -> int:
        return max(map(_bits, (self.constant, *self.terms.values())))


class Assertions:
    """What a file declares and asserts.

    Attributes:
        formula: all assertions joined by ``and``.
    """

    def __init__(self, source: str) -> None:
        """Read the text of a file.

        Raises:
            FormatError: not VNN-LIB, not linear, mixing inputs and outputs, or too long; the message names the line.
        """
        self._declared: dict[str, set[int]] = {"X": set(), "Y": set()}
        self._bits = 0
        asserted = []
        for command in _commands(source):
            head, arguments = command.head("a command")
            if head in {"declare-const", "declare-fun"}:
                self._declare(head, arguments, command.line)
            elif head == "assert":
                if len(arguments) != 1:
                    raise FormatError(f"line {command.line}: assert has {len(arguments)} arguments; one is expected")
                asserted.append(self._part(arguments[0], command.line))
            elif head not in _IGNORED:
                raise FormatError(f"line {command.line}: command {head!r} is not known; declare-const and assert are read")
        self.formula = Formula.all_of(asserted)
        self._limit(self.formula, "the assertions together have")
        for kind, found in self._declared.items():
            if not found:
                raise FormatError(f"no {kind}_0 is declared; write (declare-const {kind}_0 Real)")
            missing = next((k for k in range(len(found)) if k not in found), None)
            if missing is not None:
                raise FormatError(f"{kind}_{missing} is not declared, but {kind}_{max(found)} is; no number may be left out")

    @property
    def inputs(self) -> int:
        """How many ``X_i`` are declared."""
        return len(self._declared["X"])

    @property
    def outputs(self) -> int:
        """How many ``Y_j`` are declared."""
        return len(self._declared["Y"])

    def _declare(self, head: str, arguments: list[_List | str], line: int) -> None:
        if head == "declare-fun" and len(arguments) == 3 and isinstance(arguments[1], _List) and not arguments[1].items:
            del arguments[1]
        name = arguments[0] if arguments else ""
        match = _VARIABLE.fullmatch(name) if isinstance(name, str) else None
        if match is None or arguments[1:] != ["Real"]:
            raise FormatError(f"line {line}: write (declare-const X_0 Real) for an input, (declare-const Y_0 Real) for an output")
        if int(match[2]) in self._declared[match[1]]:
            raise FormatError(f"line {line}: {name} is declared twice")
        self._declared[match[1]].add(int(match[2]))

    def _limit(self, formula: Formula, what: str) -> None:
        if formula.cases > MAX_CASES:
            count = str(formula.cases) if formula.cases < 10**12 else "more than 10^12"
            raise FormatError(
                f"{what} {count} cases once each or is multiplied out; at most {MAX_CASES} are read: split the file"
            )
        if formula.atoms + formula.cases * self.inputs > _MAX_ENTRIES:
            raise FormatError(f"{what} {formula.cases} cases with {formula.atoms} comparisons, which is too much: split the file")

    def _part(self, item: _List | str, line: int) -> Part:
        if isinstance(item, str):
            if item not in {"true", "false"}:
                raise FormatError(f"line {line}: {item!r} stands where a comparison, and, or is expected")
            return _constant(item == "true")
        head, arguments = item.head("a condition")
        if head in _COMPARISONS:
            return self._comparison(head, arguments, item.line)
        if head not in {"and", "or"}:
            raise FormatError(f"line {item.line}: operator {head!r} is not known; conditions are and, or, <=, >=, <, >, =")
        if not arguments:
            raise FormatError(f"line {item.line}: ({head}) joins nothing")
        parts = []
        for argument in arguments:  # no comprehension: it would be a second frame per level of nesting
            parts.append(self._part(argument, item.line))  # noqa: PERF401
        joined = Formula.all_of(parts) if head == "and" else Formula.any_of(parts)
        self._limit(joined, f"line {item.line}: this {head} has")
        return parts[0] if len(parts) == 1 else joined

    def _comparison(self, head: str, arguments: list[_List | str], line: int) -> Part:
        if len(arguments) < 2:
            raise FormatError(f"line {line}: {head} compares two values; it has {len(arguments)}")
        sides = [self._term(argument, line) for argument in arguments]
        atoms = []
        for left, right in pairwise(sides):
            for sign, strict in _COMPARISONS[head]:
                difference = left.scaled(Fraction(sign))
                difference.add(right, -sign)
                atoms.append(_atom(difference, strict, line))
        return atoms[0] if len(atoms) == 1 else Formula.all_of(atoms)

    def _term(self, item: _List | str, line: int) -> _Linear:
        if isinstance(item, str):
            return self._leaf(item, line)
        head, arguments = item.head("a term")
        if head not in {"+", "-", "*", "/"}:
            raise FormatError(f"line {item.line}: operator {head!r} is not known; terms are made with +, -, *, /")
        if not arguments or (head == "/" and len(arguments) == 1):
            raise FormatError(f"line {item.line}: {head} combines two values; it has {len(arguments)}")
        total = self._term(arguments[0], item.line)
        if head == "-" and len(arguments) == 1:
            return total.scaled(Fraction(-1))
        for argument in arguments[1:]:
            total = _combined(head, total, self._term(argument, item.line), item.line)
        return total

    def _leaf(self, token: str, line: int) -> _Linear:
        match = _VARIABLE.fullmatch(token)
        if match is None:
            if token[0] not in "+-.0123456789":
                raise FormatError(f"line {line}: {token!r} is neither a number nor a variable X_0, Y_0, ..")
            value = exact(token, f"line {line}: number")
            self._bits += _bits(value)
            if self._bits > _MAX_LITERAL_BITS:
                raise FormatError(f"line {line}: the numbers so far have more than {_MAX_LITERAL_BITS} binary digits")
            return _Linear(value)
        kind, index = match[1], int(match[2])
        if index not in self._declared[kind]:
            raise FormatError(f"line {line}: {token} is not declared; write (declare-const {token} Real) before")
        return _Linear(Fraction(0), {(kind, index): Fraction(1)})


def _tokens(source: str) -> Iterator[tuple[str, int]]:
    """Yield parentheses and symbols, each with its line."""
    line = 1
    for match in _TOKEN.finditer(source):
        text = match[0]
        if text == "\n":
            line += 1
        elif text[0] != ";":
            yield text, line


def _commands(source: str) -> Iterator[_List]:
    """Yield what stands at the outermost level, one at a time."""
    stack: list[_List] = []
    for text, line in _tokens(source):
        if text == "(":
            if len(stack) == _MAX_DEPTH:
                raise FormatError(f"line {line}: nested more than {_MAX_DEPTH} parentheses deep")
            stack.append(_List(line))
        elif not stack:
            what = "a closing parenthesis" if text == ")" else repr(text)
            raise FormatError(f"line {line}: {what} outside of any parentheses; is there a closing one too many before?")
        elif text != ")":
            stack[-1].items.append(text)
        else:
            done = stack.pop()
            if not stack:
                yield done
            else:
                stack[-1].items.append(done)
    if stack:
        raise FormatError(f"line {stack[0].line}: the parenthesis that opens here is never closed; is the file cut short?")


def _constant(truth: bool) -> Formula:
    return Formula.all_of([]) if truth else Formula.any_of([])


def _atom(difference: _Linear, strict: bool, line: int) -> Part:
    if not difference.terms:
        return _constant(difference.constant > 0 or (difference.constant == 0 and not strict))
    if len({kind for kind, _ in difference.terms}) == 2:
        names = " and ".join(f"{kind}_{next(k for other, k in difference.terms if other == kind)}" for kind in "XY")
        raise FormatError(
            f"line {line}: the condition mixes inputs and outputs ({names}); a condition must be on inputs only or on outputs "
            "only: give the network outputs that repeat the inputs, and use these"
        )
    kind = next(iter(difference.terms))[0]
    terms = tuple(sorted((index, entry) for (_, index), entry in difference.terms.items()))
    return Atom(kind, Row(difference.constant, terms, strict))


def _combined(head: str, left: _Linear, right: _Linear, line: int) -> _Linear:
    if head == "*":
        if left.terms and right.terms:
            raise FormatError(f"line {line}: a product of two variables is not linear")
        total = left.scaled(right.constant) if left.terms else right.scaled(left.constant)
    elif head == "/":
        if right.terms or not right.constant:
            raise FormatError(f"line {line}: division by {'a variable is not linear' if right.terms else 'zero'}")
        total = left.scaled(1 / right.constant)
    else:
        total = left
        total.add(right, 1 if head == "+" else -1)
    if total.bits() > _MAX_BITS:
        raise FormatError(f"line {line}: a number with more than {_MAX_BITS} binary digits")
    return total


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()
