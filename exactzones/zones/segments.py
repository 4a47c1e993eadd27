"""The pieces of a segment on which a network is affine, exactly.

On a segment every pre-activation is a piecewise affine function of one number, so no linear program is needed: layer by layer,
pieces are cut where a unit crosses zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, overload

from exactzones.affine import AffineMap
from exactzones.arguments import NetworkLike, as_deadline, as_network
from exactzones.deadline import Deadline
from exactzones.errors import DomainError, quoted
from exactzones.layer import Layer
from exactzones.network import Network, Pattern
from exactzones.notation import number
from exactzones.property import feature
from exactzones.rational import IntegerMatrix, Matrix, Vector, algebraic, irrational, over_common_denominator, quotient


@dataclass(frozen=True, slots=True)
class SegmentPiece:
    """A part of a segment on which the network is affine.

    Attributes:
        start: where it begins: 0 is the segment's first point, 1 its last.
        end: where it ends.
        pattern: the activation pattern inside it; a unit that is zero on all of the piece counts as off.
        affine: the map from t, with ``start <= t <= end``, to the pre-activations of the last layer: from R^1 to R^outputs.
    """

    start: Fraction
    end: Fraction
    pattern: Pattern
    affine: AffineMap

    def __repr__(self) -> str:
        return f"SegmentPiece({number(self.start)} to {number(self.end)}, {' '.join(self.pattern) or 'no hidden neurons'})"


@dataclass(frozen=True)
class Segment(Sequence[SegmentPiece]):
    """The pieces of a segment, in their order from the first point to the last.

    Attributes:
        network: the network.
        first: the first point, shape (inputs,).
        last: the last point, shape (inputs,).
        pieces: each begins where the one before ends.
    """

    network: Network = field(repr=False)
    first: Vector
    last: Vector
    pieces: tuple[SegmentPiece, ...]

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """Where one piece ends and the next begins, as parts of the way from the first point to the last."""
        return tuple(piece.end for piece in self.pieces[:-1])

    def point(self, t: Any) -> Vector:
        """Return the point ``first + t (last - first)``, shape (inputs,)."""
        part = algebraic(t, "part of the way")
        return tuple(a + part * (b - a) for a, b in zip(self.first, self.last, strict=True))

    def at(self, t: Any) -> SegmentPiece:
        """Return the first piece that contains the point ``first + t (last - first)``.

        Raises:
            DomainError: t is not between 0 and 1.
        """
        part = algebraic(t, "part of the way")
        if not 0 <= part <= 1:
            raise DomainError(f"the part of the way is {quoted(t)}; expected a number from 0 to 1")
        return next(piece for piece in self.pieces if part <= piece.end)

    def firing(self, unit: int, threshold: Any = 0) -> tuple[tuple[Fraction, Fraction], ...]:
        """Return the intervals of t on which a feature is greater than a threshold.

        An interval contains its ends if they are 0 or 1 and the feature fires there.

        Args:
            unit: of the last layer; the first is 0.
            threshold: exact number.

        Raises:
            FeatureError: there is no such unit.

        >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
        >>> along(net, [-2], [2]).firing(0)
        ((Fraction(0, 1), Fraction(1, 4)), (Fraction(3, 4), Fraction(1, 1)))
        """
        only = feature(unit, threshold).resolve(self.network.widths).conditions[0]
        number = only.terms[0][0]
        intervals: list[tuple[Fraction, Fraction]] = []
        for piece in self.pieces:
            constant, slope = piece.affine.offset[number] + only.constant, piece.affine.matrix[number, 0]
            at_start, at_end = constant + slope * piece.start, constant + slope * piece.end
            if at_start <= 0 and at_end <= 0:
                continue
            start = piece.start if at_start >= 0 else -constant / slope
            end = piece.end if at_end >= 0 else -constant / slope
            if intervals and intervals[-1][1] == start and at_start > 0:
                intervals[-1] = intervals[-1][0], end
            else:
                intervals.append((start, end))
        return tuple(intervals)

    @overload
    def __getitem__(self, index: int) -> SegmentPiece: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[SegmentPiece, ...]: ...
    def __getitem__(self, index: int | slice) -> SegmentPiece | tuple[SegmentPiece, ...]:
        return self.pieces[index]

    def __iter__(self) -> Iterator[SegmentPiece]:
        return iter(self.pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    def __repr__(self) -> str:
        return f"Segment({len(self.pieces)} {'piece' if len(self.pieces) == 1 else 'pieces'} in R^{self.network.inputs})"


def along(network: NetworkLike, first: Any, last: Any, *, seconds: float | Deadline | None = None) -> Segment:
    """Return the pieces of a segment on which a network is affine.

    Args:
        network: the network, or the path of its file.
        first: where the segment begins, shape (inputs,).
        last: where it ends, shape (inputs,).
        seconds: time limit, or a deadline that has begun already.

    Raises:
        BudgetExceeded: the time was up; ``found`` is None, since no piece is known before the last layer.
        DimensionError: a point does not have one number per input.
        InexactError: a coordinate is not an exact number.

    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> segment = along(net, [-2], [2])
    >>> segment.breakpoints, segment[0].pattern, segment[0].affine([0])
    ((Fraction(1, 2),), ('-+',), (Fraction(1, 1),))
    """
    until, loaded = as_deadline(seconds), as_network(network)
    ends = loaded.point(first), loaded.point(last)
    rational = loaded.is_rational and not irrational((*ends[0], *ends[1]))
    values, _ = over_common_denominator((Fraction(1), *ends[0], Fraction(0), *(b - a for a, b in zip(*ends, strict=True))))
    size = loaded.inputs + 1
    pieces = [_Part(Fraction(0), Fraction(1), (), (values[:size], values[size:]))]
    for layer in until.watch(loaded.layers[:-1]):
        before_relu = _images(layer, pieces, rational=rational)
        pieces = [part for piece in before_relu for part in piece.cut(layer)] if layer.relu_units else before_relu
    outputs = _images(loaded.layers[-1], pieces, rational=rational)
    return Segment(loaded, *ends, tuple(piece.finished() for piece in outputs))


class _Part(NamedTuple):
    """A piece of the segment, and the values of one layer on it.

    Attributes:
        start: as in ``SegmentPiece``.
        end: as in ``SegmentPiece``.
        pattern: of the layers so far.
        values: two columns: value k is ``(values[0][k] + t values[1][k]) / values[0][0]``, and value 0 is 1.
    """

    start: Fraction
    end: Fraction
    pattern: Pattern
    values: tuple[Sequence[Any], Sequence[Any]]

    def cut(self, layer: Layer) -> list[_Part]:
        """Cut a piece where a unit of the layer crosses zero, and apply the layer's ReLU."""
        on, crossings = set(), []
        (q, p), (s, r) = ((t.denominator, t.numerator) for t in (self.start, self.end))
        for unit in layer.relu_units:
            constant, slope = self.values[0][unit + 1], self.values[1][unit + 1]
            at_start, at_end = constant * q + slope * p, constant * s + slope * r
            if at_start > 0 or (not at_start and at_end > 0):
                on.add(unit)
            if at_start < 0 < at_end or at_end < 0 < at_start:
                crossings.append((quotient(-constant, slope), unit))
        parts = []
        start = self.start
        for end, units in groupby(sorted(crossings), key=itemgetter(0)):
            parts.append(self._part(start, end, layer, on))
            on ^= {unit for _, unit in units}
            start = end
        return [*parts, self._part(start, self.end, layer, on)]

    def _part(self, start: Fraction, end: Fraction, layer: Layer, on: set[int]) -> _Part:
        """Return the part from start to end, where these units are on."""
        signs = "".join("+" if unit in on else "-" for unit in layer.relu_units)
        kept = (True, *layer.kept(signs))
        constant, slope = ([value if keep else 0 for value, keep in zip(column, kept, strict=True)] for column in self.values)
        return _Part(start, end, (*self.pattern, signs), (constant, slope))

    def finished(self) -> SegmentPiece:
        """Return the piece with the values as an affine map."""
        (scale, *constants), (_, *slopes) = self.values
        matrix = Matrix.of([[quotient(slope, scale)] for slope in slopes])
        return SegmentPiece(self.start, self.end, self.pattern, AffineMap(matrix, tuple(quotient(c, scale) for c in constants)))


def _images(layer: Layer, pieces: Sequence[_Part], *, rational: bool) -> list[_Part]:
    """Return the pieces with the pre-activations of a layer in place of its inputs: one product of matrices for all pieces."""
    rows = list(zip(*(column for piece in pieces for column in piece.values), strict=True))
    if rational:
        image: Sequence[Sequence[Any]] = (layer.weight.lifted(layer.bias) @ IntegerMatrix.of(rows)).rows()
    else:
        image = [rows[0], *(layer.affine.augmented() @ Matrix.of(rows)).rows]
    columns = list(zip(*image, strict=True))
    pairs = zip(columns[::2], columns[1::2], strict=True)
    return [piece._replace(values=pair) for piece, pair in zip(pieces, pairs, strict=True)]
