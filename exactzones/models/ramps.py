"""Which products of a step and a vector are continuous: ``[d > 0] e`` as a sum of ramps ``slope ReLU(d - threshold)``.

Here d and e are entries of values of a graph, see ``lowering``, and ``[d > 0]`` is 1 where d is positive, else 0.  The product is
continuous if e is a continuous function of d alone where d is positive, and tends to 0 with d.  Both are expanded to affine forms
over entries of the values from which they are computed, until e is a multiple of d.  If they never are, then the ReLUs in e whose
arguments are functions of d are replaced by what they are where d is positive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

import numpy as np

from exactzones.models.sparse import Sparse, TooManyProductsError
from exactzones.models.values import Value

_MOST_ENTRIES = 1_000_000
_ZERO = Fraction(0)

_Key: TypeAlias = tuple[int, int]
"""The number of a value, and the place of an entry in it; (-1, 0) is the constant 1."""
_Form: TypeAlias = dict[_Key, Fraction]
_ONE = (-1, 0)


class Ramp(NamedTuple):
    """The function ``slope ReLU(d - threshold)`` of one entry d.

    Attributes:
        row: the place of the entry.
        threshold: not negative.
        slope: not zero.
    """

    row: int
    threshold: Fraction
    slope: Fraction


class Ramps(NamedTuple):
    """What ``[d > 0] e`` is, entry by entry.

    Attributes:
        ramps: whose sum it is, sorted by row.
        whole: the rows where it is e, because d is a positive constant.
    """

    ramps: list[Ramp]
    whole: list[int]


def ramps_of(condition: Value, part: Value) -> Ramps | None:
    """Return ``[d > 0] e`` for each entry d of a value and the entry e of another at the same place.

    Returns:
        None if a product is not continuous, or is not found to be.
    """
    forms = _Forms([condition, part])
    try:
        while forms.entries() <= _MOST_ENTRIES:
            ramps = _sum(forms, _multiple)
            if ramps is not None:
                return ramps
            if not forms.expand():
                return _sum(forms, _Sides(forms).line)
    except TooManyProductsError:
        pass
    return None


def _sum(forms: _Forms, line_of: Callable[[_Form, _Form], _Line | None]) -> Ramps | None:
    """Return the ramps of two vectors; ``line_of`` gives the part of an entry as a function of its condition."""
    ramps, whole = [], []
    for row, (condition, part) in enumerate(zip(forms.rows(0), forms.rows(1), strict=True)):
        if condition.keys() <= {_ONE}:
            if condition.get(_ONE, _ZERO) > 0:
                whole.append(row)
            continue
        line = line_of(condition, part)
        if line is None or line.constant:
            return None
        bends = ((_ZERO, line.slope), *line.bends)
        ramps += [Ramp(row, at, slope) for at, slope in bends if slope]
    return Ramps(ramps, whole)


def roots_of(condition: Value, part: Value) -> list[Fraction] | None:
    """Return for each entry d of a value the number r >= 0 such that ``[d > 0] e`` is positive exactly where ``d > r``.

    Returns:
        None if there is no such number for an entry, or none is found.
    """
    forms = _Forms([condition, part])
    try:
        while forms.entries() <= _MOST_ENTRIES:
            lines = list(map(_Sides(forms, deep=False).line, forms.rows(0), forms.rows(1)))
            if None not in lines or not forms.expand():
                break
        else:
            return None
        if None in lines:
            lines = list(map(_Sides(forms).line, forms.rows(0), forms.rows(1)))
    except TooManyProductsError:
        return None
    roots = [None if line is None else line.root for line in lines]
    return None if None in roots else [root for root in roots if root is not None]


def lines_between(first: Value, second: Value) -> list[tuple[Fraction, Fraction]] | None:
    """Return (slope, constant) for each entry, with ``second = slope first + constant``; None if an entry is not of this form."""
    forms = _Forms([first, second])
    try:
        while forms.entries() <= _MOST_ENTRIES:
            lines = [_line_between(own, other) for own, other in zip(forms.rows(0), forms.rows(1), strict=True)]
            if None not in lines:
                return [line for line in lines if line is not None]
            if not forms.expand():
                break
    except TooManyProductsError:
        pass
    return None


def _line_between(first: _Form, second: _Form) -> tuple[Fraction, Fraction] | None:
    own, other = ({key: entry for key, entry in form.items() if key != _ONE} for form in (first, second))
    multiple = _multiple(own, other)
    if multiple is None or not multiple.slope:
        return None
    return multiple.slope, second.get(_ONE, _ZERO) - multiple.slope * first.get(_ONE, _ZERO)


class _Forms:
    """Vectors as matrices on the values from which they are computed.

    Attributes:
        terms: for each vector, the matrix on each value.
        constants: for each vector, matrices of one column whose sum is its constant.
        values: by number, the values that have occurred.
    """

    def __init__(self, vectors: Sequence[Value]) -> None:
        self.terms = [{vector: Sparse.pick(np.arange(vector.size), vector.size)} for vector in vectors]
        self.constants: list[list[Sparse]] = [[] for _ in vectors]
        self.values = {vector.number: vector for vector in vectors}
        self._heights = [vector.size for vector in vectors]

    def entries(self) -> int:
        """Return the number of nonzero entries of all matrices."""
        return sum(len(matrix.rows) for terms in self.terms for matrix in terms.values())

    def expand(self) -> bool:
        """Replace the deepest affine value by those from which it is computed; return False if only inputs and ReLUs are left."""
        affine = [value for terms in self.terms for value in terms if value.terms and not value.relu]
        if not affine:
            return False
        deepest = max(affine, key=lambda value: value.number)
        for terms, constants in zip(self.terms, self.constants, strict=True):
            matrix = terms.pop(deepest, None)
            if matrix is None:
                continue
            for source, inner in deepest.terms:
                product = matrix.after(inner)
                terms[source] = Sparse.added([terms[source], product]) if source in terms else product
                self.values[source.number] = source
            if deepest.constant is not None:
                constants.append(matrix.after(deepest.constant))
        return True

    def rows(self, place: int) -> list[_Form]:
        """Return the affine form of each entry of a vector."""
        forms: list[_Form] = [{} for _ in range(self._heights[place])]
        parts = [(value.number, matrix) for value, matrix in self.terms[place].items()]
        if self.constants[place]:
            parts.append((_ONE[0], Sparse.added(self.constants[place])))
        for number, matrix in parts:
            for row, column, entry in zip(matrix.rows.tolist(), matrix.columns.tolist(), matrix.rational(), strict=True):
                forms[row][number, column] = entry
        return forms


class _Line(NamedTuple):
    """A function of t = d where d > 0: ``slope t + constant + sum of bends[k][1] ReLU(t - bends[k][0])``."""

    slope: Fraction
    constant: Fraction = _ZERO
    bends: tuple[tuple[Fraction, Fraction], ...] = ()

    @property
    def root(self) -> Fraction | None:
        """The number that t exceeds exactly where the function is positive; None if that is not found."""
        if self.bends:
            rises = not self.slope and not self.constant and all(bend > 0 for _, bend in self.bends)
            return min(at for at, _ in self.bends) if rises else None
        if self.slope > 0:
            return max(-self.constant / self.slope, _ZERO)
        return _ZERO if not self.slope and self.constant > 0 else None


def _multiple(condition: _Form, part: _Form) -> _Line | None:
    """Return ``part`` as a multiple of ``condition``, or as the constant 0."""
    if not part:
        return _Line(_ZERO)
    if condition.keys() != part.keys():
        return None
    key = next(iter(part))
    slope = part[key] / condition[key]
    return _Line(slope) if all(entry == slope * condition[key] for key, entry in part.items()) else None


class _Sides:
    """What entries are where the conditions hold, with ReLUs whose arguments are functions of the condition.

    Args:
        forms: the vectors.
        deep: whether arguments are expanded to entries of the input and of ReLUs.
    """

    def __init__(self, forms: _Forms, *, deep: bool = True) -> None:
        self._deep = deep
        self._values = forms.values
        self._arguments: dict[int, list[_Form]] = {}

    def line(self, condition: _Form, part: _Form) -> _Line | None:
        """Return an affine form as a function of a condition where that is positive; None if it is not one."""
        slope, constant, bends, rest = _ZERO, part.get(_ONE, _ZERO), [], {}
        for key, factor in part.items():
            if key == _ONE:
                continue
            line = self._rectified(condition, key) if key not in condition and self._values[key[0]].relu else None
            if line is None:
                rest[key] = factor
                continue
            slope, constant = slope + factor * line.slope, constant + factor * line.constant
            bends += [(at, factor * bend) for at, bend in line.bends]
        if rest:
            own = {key: entry for key, entry in condition.items() if key != _ONE}
            multiple = _multiple(own, rest)
            if multiple is None:
                return None
            slope, constant = slope + multiple.slope, constant - multiple.slope * condition.get(_ONE, _ZERO)
        return _Line(slope, constant, tuple(bends))

    def _rectified(self, condition: _Form, key: _Key) -> _Line | None:
        """Return the entry of a ReLU as a function of a condition where that is positive; None if it is not one."""
        argument = self.line(condition, self._argument(key))
        if argument is None or argument.bends:
            return None
        slope, constant, _ = argument
        if not slope:
            return _Line(_ZERO, max(constant, _ZERO))
        root = -constant / slope
        if root <= 0:
            return argument if slope > 0 else _Line(_ZERO)
        bend = ((root, abs(slope)),)
        return _Line(_ZERO, _ZERO, bend) if slope > 0 else _Line(slope, constant, bend)

    def _argument(self, key: _Key) -> _Form:
        """Return the argument of the ReLU that an entry is."""
        number, column = key
        ((source, _),) = self._values[number].terms
        if not self._deep:
            self._values.setdefault(source.number, source)
            return {(source.number, column): Fraction(1)}
        if number not in self._arguments:
            forms = _Forms([source])
            while forms.expand():
                if forms.entries() > _MOST_ENTRIES:
                    raise TooManyProductsError("the argument of a ReLU has too many entries")
            self._values.update(forms.values)
            self._arguments[number] = forms.rows(0)
        return self._arguments[number][column]
