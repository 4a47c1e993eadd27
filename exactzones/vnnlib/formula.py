"""Formulas: conjunctions and disjunctions of linear comparisons on the inputs ``X_i`` and the outputs ``Y_j``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, product
from math import prod
from typing import TypeAlias

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
class Atom:
    """A comparison on inputs (``kind`` is "X"), on outputs ("Y") or on both ("XY").

    In a comparison on both, output j has index j and input i has index ``~i``, which is -1 - i.
    """

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
class LinearTerm:
    """``constant + sum of coefficient * variable``; no coefficient is zero.

    Attributes:
        constant: the constant.
        terms: from variables, which are pairs such as ("X", 0), to coefficients.
    """

    constant: Fraction
    terms: dict[tuple[str, int], Fraction] = field(default_factory=dict)

    def scaled(self, factor: Fraction) -> LinearTerm:
        """Return the product with a number."""
        if not factor:
            return LinearTerm(factor)
        return LinearTerm(self.constant * factor, {name: entry * factor for name, entry in self.terms.items()})

    def add(self, other: LinearTerm, factor: int) -> None:
        """Add the other term times ``factor`` to this one."""
        self.constant += factor * other.constant
        for name, entry in other.terms.items():
            total = self.terms.get(name, 0) + factor * entry
            if total:
                self.terms[name] = total
            else:
                del self.terms[name]

    def bits(self) -> int:
        """Return the number of binary digits of its longest number."""
        return max(map(bits_of, (self.constant, *self.terms.values())))


def constant(*, truth: bool) -> Formula:
    """Return the formula that holds everywhere, or nowhere."""
    return Formula.all_of([]) if truth else Formula.any_of([])


def atom(difference: LinearTerm, *, strict: bool) -> Part:
    """Return the comparison ``difference >= 0``, or ``> 0`` if it is strict; without variables it is true or false."""
    if not difference.terms:
        return constant(truth=difference.constant > 0 or (difference.constant == 0 and not strict))
    kinds = {kind for kind, _ in difference.terms}
    mixed = len(kinds) == 2
    numbered = ((~index if mixed and kind == "X" else index, entry) for (kind, index), entry in difference.terms.items())
    return Atom("XY" if mixed else kinds.pop(), Inequality(difference.constant, tuple(sorted(numbered)), strict))


def bits_of(value: Fraction) -> int:
    """Return the number of binary digits of a number."""
    return value.numerator.bit_length() + value.denominator.bit_length()
