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
_EXAMPLE = "(assert (<= X_0 1))"
_COMPARISONS = {"<=": [(-1, False)], "<": [(-1, True)], ">=": [(1, False)], ">": [(1, True)], "=": [(-1, False), (1, False)]}
"""For each operator, the comparisons that it stands for: the sign of ``left - right``, and whether zero is excluded."""


@dataclass(frozen=True, slots=True)
class Inequality:
    """``constant + sum of coefficient * value[index]`` is >= 0, or > 0 if ``strict``.

    Attributes:
        constant: the constant.
        terms: pairs (index, coefficient).
        strict: whether 0 is excluded.
    """

    constant: Fraction
    terms: tuple[tuple[int, Fraction], ...]
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Atom:
    """A comparison on inputs (``kind`` is "X") or on outputs ("Y")."""

    kind: str
    inequality: Inequality


@dataclass(frozen=True, slots=True)
class Formula:
    """A conjunction (the empty one is true) or a disjunction (the empty one is false).

    Attributes:
        conjunction: whether it is a conjunction.
        parts: the formulas and comparisons that it joins.
        cases: number of conjunctions in its disjunctive normal form.
        atoms: number of comparisons in all of these together.
    """

    conjunction: bool
    parts: tuple[Part, ...]
    cases: int
    atoms: int

    @classmethod
    def all_of(cls, parts: Sequence[Part]) -> Formula:
        """Return the conjunction of the parts."""
        flat = [inner for part in parts for inner in (part.parts if isinstance(part, Formula) and part.conjunction else (part,))]
        sizes = [_size(part) for part in flat]
        cases = prod(count for count, _ in sizes)
        # Each case of a part is combined with every case of the others; a part without cases leaves none.
        return cls(True, tuple(flat), cases, sum(atoms * (cases // count) for count, atoms in sizes) if cases else 0)

    @classmethod
    def any_of(cls, parts: Sequence[Part]) -> Formula:
        """Return the disjunction of the parts."""
        sizes = [_size(part) for part in parts]
        return cls(False, tuple(parts), sum(count for count, _ in sizes), sum(atoms for _, atoms in sizes))

    def expand(self) -> Iterator[tuple[Atom, ...]]:
        """Yield the conjunctions of the disjunctive normal form."""
        parts = (iter([(part,)]) if isinstance(part, Atom) else part.expand() for part in self.parts)
        if self.conjunction:
            return (tuple(chain.from_iterable(chosen)) for chosen in product(*parts))
        return chain.from_iterable(parts)


Part: TypeAlias = Formula | Atom


def _size(part: Part) -> tuple[int, int]:
    return (1, 1) if isinstance(part, Atom) else (part.cases, part.atoms)


@dataclass(slots=True)
class _Expression:
    """The items between two parentheses, and the line of the first one."""

    line: int
    items: list[_Expression | str] = field(default_factory=list)

    def head(self, what: str) -> tuple[str, list[_Expression | str]]:
        """Return the operator and its arguments; ``what`` is what an error message says was expected."""
        if not self.items or not isinstance(self.items[0], str):
            raise FormatError(f"line {self.line}: the parentheses do not begin with a name; {what} is expected, as in {_EXAMPLE}")
        return self.items[0], self.items[1:]


@dataclass(slots=True)
class _LinearTerm:
    """``constant + sum of coefficient * variable``; no coefficient is zero."""

    constant: Fraction
    terms: dict[tuple[str, int], Fraction] = field(default_factory=dict)

    def scaled(self, factor: Fraction) -> _LinearTerm:
        if not factor:
            return _LinearTerm(factor)
        return _LinearTerm(self.constant * factor, {name: entry * factor for name, entry in self.terms.items()})

    def add(self, other: _LinearTerm, factor: int) -> None:
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
    """The declarations and assertions of a file.

    Attributes:
        formula: the conjunction of all assertions.
    """

    def __init__(self, source: str) -> None:
        """Read the text of a file.

        Raises:
            FormatError: the text is not VNN-LIB, a condition is not linear or mixes inputs and outputs, or a limit is exceeded;
                the message names the line.
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
                    raise FormatError(f"line {command.line}: assert has {len(arguments)} arguments; 1 is expected")
                asserted.append(self._part(arguments[0], command.line))
            elif head not in _IGNORED:
                raise FormatError(f"line {command.line}: command {head!r} is not supported; declare-const or assert is expected")
        self.formula = Formula.all_of(asserted)
        self._limit(self.formula, "the assertions together have")
        for kind, numbers in self._declared.items():
            if not numbers:
                raise FormatError(f"{kind}_0 is not declared; write (declare-const {kind}_0 Real)")
            missing = next((k for k in range(len(numbers)) if k not in numbers), None)
            if missing is not None:
                raise FormatError(f"{kind}_{missing} is not declared, but {kind}_{max(numbers)} is; declare all numbers from 0")

    @property
    def inputs(self) -> int:
        """Number of declared inputs ``X_i``."""
        return len(self._declared["X"])

    @property
    def outputs(self) -> int:
        """Number of declared outputs ``Y_j``."""
        return len(self._declared["Y"])

    def _declare(self, head: str, arguments: list[_Expression | str], line: int) -> None:
        if head == "declare-fun" and len(arguments) == 3 and isinstance(arguments[1], _Expression) and not arguments[1].items:
            del arguments[1]
        name = arguments[0] if arguments else ""
        match = _VARIABLE.fullmatch(name) if isinstance(name, str) else None
        if match is None or arguments[1:] != ["Real"]:
            raise FormatError(
                f"line {line}: the declaration is not of the expected form; write (declare-const X_0 Real) for an input, "
                "(declare-const Y_0 Real) for an output"
            )
        if int(match[2]) in self._declared[match[1]]:
            raise FormatError(f"line {line}: {name} is declared twice; remove one declaration")
        self._declared[match[1]].add(int(match[2]))

    def _limit(self, formula: Formula, what: str) -> None:
        if formula.cases > MAX_CASES:
            count = str(formula.cases) if formula.cases < 10**12 else "more than 10^12"
            raise FormatError(
                f"{what} {count} cases in disjunctive normal form; at most {MAX_CASES} are supported: split the file"
            )
        if formula.atoms + formula.cases * self.inputs > _MAX_ENTRIES:
            raise FormatError(f"{what} {formula.cases} cases with {formula.atoms} comparisons, which is too much: split the file")

    def _part(self, item: _Expression | str, line: int) -> Part:
        if isinstance(item, str):
            if item not in {"true", "false"}:
                raise FormatError(f"line {line}: {item!r} is not a condition; a comparison, and, or, true or false is expected")
            return _constant(item == "true")
        head, arguments = item.head("a condition")
        if head in _COMPARISONS:
            return self._comparison(head, arguments, item.line)
        if head not in {"and", "or"}:
            raise FormatError(f"line {item.line}: operator {head!r} is not supported; and, or, <=, >=, <, > or = is expected")
        if not arguments:
            raise FormatError(f"line {item.line}: ({head}) has no arguments; at least one condition is expected")
        parts = []
        for argument in arguments:  # a comprehension would cost a second stack frame per level
            parts.append(self._part(argument, item.line))  # noqa: PERF401
        formula = Formula.all_of(parts) if head == "and" else Formula.any_of(parts)
        self._limit(formula, f"line {item.line}: this {head} has")
        return parts[0] if len(parts) == 1 else formula

    def _comparison(self, head: str, arguments: list[_Expression | str], line: int) -> Part:
        if len(arguments) < 2:
            raise FormatError(f"line {line}: {head} compares 2 or more terms; their number is {len(arguments)}")
        sides = [self._term(argument, line) for argument in arguments]
        atoms = []
        for left, right in pairwise(sides):
            for sign, strict in _COMPARISONS[head]:
                difference = left.scaled(Fraction(sign))
                difference.add(right, -sign)
                atoms.append(_atom(difference, strict, line))
        return atoms[0] if len(atoms) == 1 else Formula.all_of(atoms)

    def _term(self, item: _Expression | str, line: int) -> _LinearTerm:
        if isinstance(item, str):
            return self._leaf(item, line)
        head, arguments = item.head("a term")
        if head not in {"+", "-", "*", "/"}:
            raise FormatError(f"line {item.line}: operator {head!r} is not supported; +, -, * or / is expected")
        if not arguments or (head == "/" and len(arguments) == 1):
            raise FormatError(
                f"line {item.line}: {head} needs {2 if head == '/' else 1} or more terms; their number is {len(arguments)}"
            )
        total = self._term(arguments[0], item.line)
        if head == "-" and len(arguments) == 1:
            return total.scaled(Fraction(-1))
        for argument in arguments[1:]:
            total = _combined(head, total, self._term(argument, item.line), item.line)
        return total

    def _leaf(self, token: str, line: int) -> _LinearTerm:
        match = _VARIABLE.fullmatch(token)
        if match is None:
            if token[0] not in "+-.0123456789":
                raise FormatError(f"line {line}: {token!r} is not a number or a variable; a name such as X_0 or Y_0 is expected")
            value = exact(token, f"line {line}: number")
            self._bits += _bits(value)
            if self._bits > _MAX_LITERAL_BITS:
                raise FormatError(
                    f"line {line}: the numbers so far have more than {_MAX_LITERAL_BITS} binary digits: split the file"
                )
            return _LinearTerm(value)
        kind, index = match[1], int(match[2])
        if index not in self._declared[kind]:
            raise FormatError(f"line {line}: {token} is not declared; write (declare-const {token} Real) before this line")
        return _LinearTerm(Fraction(0), {(kind, index): Fraction(1)})


def _tokens(source: str) -> Iterator[tuple[str, int]]:
    """Yield parentheses and symbols, each with its line; comments are skipped."""
    line = 1
    for match in _TOKEN.finditer(source):
        text = match[0]
        if text == "\n":
            line += 1
        elif text[0] != ";":
            yield text, line


def _commands(source: str) -> Iterator[_Expression]:
    """Yield the expressions at the outermost level."""
    stack: list[_Expression] = []
    for text, line in _tokens(source):
        if text == "(":
            if len(stack) == _MAX_DEPTH:
                raise FormatError(f"line {line}: parentheses are nested more than {_MAX_DEPTH} deep, which is the limit")
            stack.append(_Expression(line))
        elif not stack:
            what = "a closing parenthesis" if text == ")" else repr(text)
            raise FormatError(f"line {line}: {what} is outside of all parentheses; is there a closing one too many before it?")
        elif text != ")":
            stack[-1].items.append(text)
        else:
            closed = stack.pop()
            if not stack:
                yield closed
            else:
                stack[-1].items.append(closed)
    if stack:
        raise FormatError(f"line {stack[0].line}: a parenthesis that opens on this line is never closed; is the file cut short?")


def _constant(truth: bool) -> Formula:
    return Formula.all_of([]) if truth else Formula.any_of([])


def _atom(difference: _LinearTerm, strict: bool, line: int) -> Part:
    if not difference.terms:
        return _constant(difference.constant > 0 or (difference.constant == 0 and not strict))
    if len({kind for kind, _ in difference.terms}) == 2:
        names = " and ".join(f"{kind}_{next(k for other, k in difference.terms if other == kind)}" for kind in "XY")
        raise FormatError(
            f"line {line}: the condition mixes inputs and outputs ({names}); only inputs, or only outputs, are expected: "
            "give the network outputs that repeat the inputs, and use these"
        )
    kind = next(iter(difference.terms))[0]
    terms = tuple(sorted((index, entry) for (_, index), entry in difference.terms.items()))
    return Atom(kind, Inequality(difference.constant, terms, strict))


def _combined(head: str, left: _LinearTerm, right: _LinearTerm, line: int) -> _LinearTerm:
    if head == "*":
        if left.terms and right.terms:
            raise FormatError(f"line {line}: a product of two variables is not linear; one factor must be a number")
        total = left.scaled(right.constant) if left.terms else right.scaled(left.constant)
    elif head == "/":
        if right.terms or not right.constant:
            reason = "a variable is not linear" if right.terms else "zero is not defined"
            raise FormatError(f"line {line}: a division by {reason}; divide by a number that is not 0")
        total = left.scaled(1 / right.constant)
    else:
        total = left
        total.add(right, 1 if head == "+" else -1)
    if total.bits() > _MAX_BITS:
        raise FormatError(f"line {line}: a number has more than {_MAX_BITS} binary digits, which is the limit")
    return total


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()
