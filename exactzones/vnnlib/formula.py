"""Formulas: conjunctions and disjunctions of comparisons on the inputs ``X_i`` and the outputs ``Y_j``, of degree 1 or 2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, product
from math import prod
from typing import Any, TypeAlias

Variable: TypeAlias = tuple[str, int]
"""("X", i) is input i, ("Y", j) is output j."""


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
class QuadraticInequality:
    """``constant + sum of coefficient * variable + sum of coefficient * variable * variable`` is >= 0, or > 0 if ``strict``.

    Attributes:
        constant: the constant.
        terms: pairs (variable, coefficient).
        products: pairs of a pair of variables and a coefficient; at least one.
        strict: whether 0 is excluded.
    """

    constant: Fraction
    terms: tuple[tuple[Variable, Fraction], ...]
    products: tuple[tuple[tuple[Variable, Variable], Fraction], ...]
    strict: bool

    def matrix(self, inputs: int, outputs: int) -> tuple[tuple[Fraction, ...], ...]:
        """Return the symmetric matrix M for which the left-hand side is ``(1, y, x) M (1, y, x)``: inputs x, outputs y."""
        places: dict[str, int] = {"Y": 1, "X": 1 + outputs}
        rows = [[Fraction(0)] * (1 + inputs + outputs) for _ in range(1 + inputs + outputs)]
        rows[0][0] = self.constant
        lifted = [((0, places[kind] + index), factor) for (kind, index), factor in self.terms]
        for (one, two), factor in self.products:
            lifted.append(((places[one[0]] + one[1], places[two[0]] + two[1]), factor))
        for (first, second), factor in lifted:
            rows[first][second] += factor / 2
            rows[second][first] += factor / 2
        return tuple(map(tuple, rows))


@dataclass(frozen=True, slots=True)
class Atom:
    """A comparison on inputs (``kind`` is "X"), on outputs ("Y") or on both ("XY"), or one of degree 2 ("2").

    In a comparison on both, output j has index j and input i has index ``~i``, which is -1 - i.
    """

    kind: str
    inequality: Inequality | QuadraticInequality


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

    def comparisons(self) -> Iterator[Atom]:
        """Yield the comparisons in the formula."""
        for part in self.parts:
            if isinstance(part, Atom):
                yield part
            else:
                yield from part.comparisons()


Part: TypeAlias = Formula | Atom


def _size(part: Part) -> tuple[int, int]:
    return (1, 1) if isinstance(part, Atom) else (part.cases, part.atoms)


@dataclass(slots=True)
class Polynomial:
    """A polynomial of degree 2 at most; no coefficient is zero.

    Attributes:
        constant: the constant.
        terms: from variables, which are pairs such as ("X", 0), to coefficients.
        products: from sorted pairs of variables to coefficients.
    """

    constant: Fraction
    terms: dict[Variable, Fraction] = field(default_factory=dict)
    products: dict[tuple[Variable, Variable], Fraction] = field(default_factory=dict)

    @property
    def degree(self) -> int:
        """0, 1 or 2."""
        return 2 if self.products else int(bool(self.terms))

    def scaled(self, factor: Fraction) -> Polynomial:
        """Return the product with a number."""
        if not factor:
            return Polynomial(factor)
        result = Polynomial(self.constant * factor)
        _add(result.terms, self.terms, factor)
        _add(result.products, self.products, factor)
        return result

    def add(self, other: Polynomial, factor: int) -> None:
        """Add the other polynomial times ``factor`` to this one."""
        self.constant += factor * other.constant
        _add(self.terms, other.terms, factor)
        _add(self.products, other.products, factor)

    def times(self, other: Polynomial) -> Polynomial:
        """Return the product of two polynomials whose degrees add up to 2 at most."""
        if not self.degree or not other.degree:
            return other.scaled(self.constant) if other.degree else self.scaled(other.constant)
        result = Polynomial(self.constant * other.constant)
        if self.constant:
            _add(result.terms, other.terms, self.constant)
        if other.constant:
            _add(result.terms, self.terms, other.constant)
        for (one, left), (two, right) in product(self.terms.items(), other.terms.items()):
            _add(result.products, {(min(one, two), max(one, two)): left * right}, 1)
        return result

    def bits(self) -> int:
        """Return the number of binary digits of its longest number."""
        return max(map(bits_of, (self.constant, *self.terms.values(), *self.products.values())))


def _add(total: dict[Any, Fraction], other: dict[Any, Fraction], factor: Fraction | int) -> None:
    for name, entry in other.items():
        entry_total = total.get(name, 0) + factor * entry
        if entry_total:
            total[name] = entry_total
        else:
            del total[name]


def constant(*, truth: bool) -> Formula:
    """Return the formula that holds everywhere, or nowhere."""
    return Formula.all_of([]) if truth else Formula.any_of([])


def atom(difference: Polynomial, *, strict: bool) -> Part:
    """Return the comparison ``difference >= 0``, or ``> 0`` if it is strict; without variables it is true or false."""
    if not difference.degree:
        return constant(truth=difference.constant > 0 or (difference.constant == 0 and not strict))
    if difference.products:
        terms, products = tuple(sorted(difference.terms.items())), tuple(sorted(difference.products.items()))
        return Atom("2", QuadraticInequality(difference.constant, terms, products, strict))
    kinds = {kind for kind, _ in difference.terms}
    mixed = len(kinds) == 2
    numbered = ((~index if mixed and kind == "X" else index, entry) for (kind, index), entry in difference.terms.items())
    return Atom("XY" if mixed else kinds.pop(), Inequality(difference.constant, tuple(sorted(numbered)), strict))


def bits_of(value: Fraction) -> int:
    """Return the number of binary digits of a number."""
    return value.numerator.bit_length() + value.denominator.bit_length()
