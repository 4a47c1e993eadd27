"""Conditions as they are written in VNN-LIB: ``and``, ``or``, ``not``, ``=>`` and comparisons of degree 1 or 2."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from exactzones.errors import FormatError
from exactzones.rational import exact
from exactzones.vnnlib.formula import Formula, Part, Polynomial, Variable, atom, bits_of, constant
from exactzones.vnnlib.syntax import Expression

MAX_CASES = 100_000
"""A formula whose disjunctive normal form has more cases is refused."""

_MAX_ENTRIES = 20_000_000  # comparisons and input bounds of all cases together
_MAX_BITS = 2**20  # of one number: "(* 1e99999 1e99999)" is short
_MAX_LITERAL_BITS = 2**26  # of all numbers together
_MOST_PRODUCTS = 1_000_000  # of two terms, in a product of two sums
_RELATIONS = {
    "<=": ((-1, False),),
    "<": ((-1, True),),
    ">=": ((1, False),),
    ">": ((1, True),),
    "=": ((-1, False), (1, False)),
    "==": ((-1, False), (1, False)),
}
"""For each operator, the comparisons that it stands for: the sign of ``left - right``, and whether zero is excluded."""
_EXPECTED = "and, or, not, =>, <=, >=, <, >, = or !="


class Declarations(Protocol):
    """The variables that a file declares."""

    @property
    def inputs(self) -> int:
        """Number of inputs declared so far."""

    def variable(self, token: str, line: int) -> Variable:
        """Return the variable of this name.

        Raises:
            FormatError: it is not declared, or the name is not one of a variable.
        """


class Conditions:
    """Reads conditions on declared variables, and limits how long the formulas and numbers may be."""

    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations
        self._bits = 0

    def limit(self, formula: Formula, what: str) -> None:
        """Refuse a formula that is too long; ``what`` is the beginning of the message.

        Raises:
            FormatError: it has too many cases, or too many comparisons in them.
        """
        if formula.cases > MAX_CASES:
            count = str(formula.cases) if formula.cases < 10**12 else "more than 10^12"
            raise FormatError(
                f"{what} {count} cases in disjunctive normal form; at most {MAX_CASES} are supported: split the file"
            )
        if formula.atoms + formula.cases * self._declarations.inputs > _MAX_ENTRIES:
            raise FormatError(f"{what} {formula.cases} cases with {formula.atoms} comparisons, which is too much: split the file")

    def part(self, item: Expression | str, line: int, *, positive: bool = True) -> Part:
        """Return a condition, or its negation, as a formula or a comparison.

        Args:
            item: the expression.
            line: where it begins.
            positive: False returns the negation.

        Raises:
            FormatError: it is not a condition, or its degree is more than 2.
        """
        if isinstance(item, str):
            if item not in {"true", "false"}:
                raise FormatError(
                    f"line {line}: {item!r} is not a condition; a comparison, {_EXPECTED}, true or false is expected"
                )
            return constant(truth=(item == "true") is positive)
        head, arguments = item.head("a condition")
        if head in _RELATIONS or head == "!=":
            return self._comparison(head, arguments, item.line, positive=positive)
        if head == "not" and len(arguments) == 1:
            return self.part(arguments[0], item.line, positive=not positive)
        if head not in {"and", "or", "=>"}:
            known = f"(not) has {len(arguments)} arguments; 1 is"
            wrong = known if head == "not" else f"operator {head!r} is not supported; {_EXPECTED} is"
            raise FormatError(f"line {item.line}: {wrong} expected")
        if not arguments or (head == "=>" and len(arguments) == 1):
            least = "two conditions are" if arguments else "at least one condition is"
            raise FormatError(
                f"line {item.line}: ({head}) has {'one argument' if arguments else 'no arguments'}; {least} expected"
            )
        parts = []
        for k, argument in enumerate(arguments):  # a comprehension would cost a second stack frame per level
            premise = head == "=>" and k < len(arguments) - 1
            parts.append(self.part(argument, item.line, positive=positive is not premise))
        formula = Formula.all_of(parts) if (head == "and") is positive else Formula.any_of(parts)
        self.limit(formula, f"line {item.line}: this {head} has")
        return parts[0] if len(parts) == 1 else formula

    def _comparison(self, head: str, arguments: list[Expression | str], line: int, *, positive: bool) -> Part:
        if len(arguments) < 2:
            raise FormatError(f"line {line}: {head} compares 2 or more terms; their number is {len(arguments)}")
        if head == "!=":
            if len(arguments) > 2:
                raise FormatError(f"line {line}: != compares 2 terms; their number is {len(arguments)}")
            head, positive = "=", not positive
        sides = [self._term(argument, line) for argument in arguments]
        atoms = []
        for left, right in pairwise(sides):
            for written_sign, written_strict in _RELATIONS[head]:
                sign = written_sign if positive else -written_sign
                difference = left.scaled(Fraction(sign))
                difference.add(right, -sign)
                atoms.append(atom(difference, strict=written_strict is positive))
        if len(atoms) == 1:
            return atoms[0]
        return Formula.all_of(atoms) if positive else Formula.any_of(atoms)

    def _term(self, item: Expression | str, line: int) -> Polynomial:
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

    def _leaf(self, token: str, line: int) -> Polynomial:
        if token[0] not in "+-.0123456789":
            return Polynomial(Fraction(0), {self._declarations.variable(token, line): Fraction(1)})
        value = exact(token, f"line {line}: number")
        self._bits += bits_of(value)
        if self._bits > _MAX_LITERAL_BITS:
            raise FormatError(f"line {line}: the numbers so far have more than {_MAX_LITERAL_BITS} binary digits: split the file")
        return Polynomial(value)


def _combined(head: str, left: Polynomial, right: Polynomial, line: int) -> Polynomial:
    if head == "*":
        if left.degree + right.degree > 2:
            raise FormatError(f"line {line}: a product of more than two variables; conditions of degree 2 at most are expected")
        if len(left.terms) * len(right.terms) > _MOST_PRODUCTS:
            raise FormatError(f"line {line}: a product of two sums has more than {_MOST_PRODUCTS} terms, which is the limit")
        total = left.times(right)
    elif head == "/":
        if right.degree or not right.constant:
            reason = "a variable is not a polynomial" if right.degree else "zero is not defined"
            raise FormatError(f"line {line}: a division by {reason}; divide by a number that is not 0")
        total = left.scaled(1 / right.constant)
    else:
        total = left
        total.add(right, 1 if head == "+" else -1)
    if total.bits() > _MAX_BITS:
        raise FormatError(f"line {line}: a number has more than {_MAX_BITS} binary digits, which is the limit")
    return total
