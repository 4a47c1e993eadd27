"""From a graph of affine maps and ReLUs, as other tools write networks, to layers.

Affine maps in a row are composed exactly, with one exception: of two dense linear maps (Linear, Gemm, MatMul) in a row,
through which everything goes, the first stays a layer of its own, because what lies between them is a latent space.
What a later layer needs and no unit gives is carried along in linear lanes, as few as are seen to be enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from exactzones.errors import InputError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.sparse import Sparse, TooManyProductsError
from exactzones.network import Layer, Network
from exactzones.rational import Rationalization

Array: TypeAlias = np.ndarray[Any, Any]

Term: TypeAlias = "tuple[Value, Sparse]"

_MAX_SIZE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A vector that a network computes: its input, ``sum(map source) + constant``, or the ReLU of its only source.

    Attributes:
        number: in the order of definition.
        size: number of entries.
        level: number of ReLUs on the longest way to it.
        terms: what it is made of, (source, map).
        constant: shape (size, 1).
        rectified: whether a ReLU would change nothing.
        linear: whether it was made by a dense linear map.
        dense: whether it is what a dense linear map gave, at most scaled, shifted and permuted.
        relu: whether it is the ReLU of its source.
    """

    number: int
    size: int
    level: int = 0
    terms: tuple[tuple[Value, Sparse], ...] = ()
    constant: Sparse | None = None
    rectified: bool = False
    linear: bool = False
    dense: bool = False
    relu: bool = False


class Lowering:
    """A network under construction.

    >>> graph = Lowering(2)
    >>> weight, bias = Sparse.dense(np.array([[1, 2]])), column(np.array([-1]))
    >>> net = graph.network(graph.relu(graph.affine([(graph.input, weight)], bias)))
    >>> net.layers[0].bias, net.layers[0].relu
    ((Fraction(-1, 1),), (True,))
    """

    def __init__(self, inputs: int) -> None:
        """Start with the input space.

        Raises:
            InputError: no inputs, or more than can be handled.
        """
        if not 1 <= inputs <= _MAX_SIZE:
            raise InputError(f"the network takes {inputs} inputs; 1 to {_MAX_SIZE} can be handled")
        self.input = Value(0, inputs)
        self.rationalizations: list[Rationalization] = []
        self._made = 1
        self._entries = 0

    def affine(self, terms: Sequence[tuple[Value, Sparse]], constant: Sparse | None = None, *, linear: bool = False) -> Value:
        """Return ``sum(map source) + constant``.

        Args:
            terms: pairs (source, map) with maps of shape (size, source's size).
            constant: shape (size, 1).
            linear: see ``Value``.

        Raises:
            InputError: more entries than can be held.
        """
        size = terms[0][1].shape[0]
        self._entries += sum(len(matrix.rows) for _, matrix in terms)
        if size > _MAX_SIZE or self._entries > MAX_WEIGHTS:
            raise InputError(f"it gives {size} values from {self._entries} entries; {_MAX_SIZE} and {MAX_WEIGHTS} are the most")
        if constant is not None and not len(constant.rows):
            constant = None
        rectified, dense = False, linear
        if len(terms) == 1 and not linear:
            source, matrix = terms[0]
            if matrix.is_identity and constant is None:
                return source
            rectified = source.rectified and constant is None and matrix.moves and matrix.one_each
            dense = source.dense and matrix.shape == (size, size) and matrix.one_each
            dense = dense and len(np.unique(matrix.columns)) == size
        level = max(source.level for source, _ in terms)
        return self._new(Value(self._made, size, level, tuple(terms), constant, rectified, linear, dense))

    def relu(self, source: Value) -> Value:
        """Return the ReLU of every entry."""
        if source.rectified:
            return source
        identity = Sparse.pick(np.arange(source.size), source.size)
        terms = ((source, identity),)
        return self._new(Value(self._made, source.size, source.level + 1, terms, rectified=True, relu=True))

    def network(self, output: Value) -> Network:
        """Return the network that computes a value."""
        return Network(_Schedule(self.input, output).layers(), tuple(self.rationalizations))

    def _new(self, value: Value) -> Value:
        self._made += 1
        return value


def column(entries: Array) -> Sparse:
    """Return numbers as a matrix of one column."""
    flat = entries.ravel()
    rows = np.flatnonzero(flat != 0)
    return Sparse.of((len(flat), 1), rows, np.zeros(len(rows), np.int64), flat[rows])


class _Schedule:
    """Turns values into layers, as early as possible.

    ``here`` tells what the values that are still needed are, as matrices on the outputs of the last layer and the
    constant 1; ``uses`` counts the places where ``waiting`` values, which are not there yet, need each.
    """

    def __init__(self, start: Value, output: Value) -> None:
        self.output = output
        self.order = sorted(_reached(output), key=lambda value: (value.level, not value.relu, value.number))
        self.waiting = set(self.order) - {start}
        self.here = {start: Sparse.pick(np.arange(start.size), start.size + 1)}
        self.terms = {value: list(value.terms) for value in self.order}
        self.constants = {value: value.constant for value in self.order}
        self.uses: dict[Value, int] = defaultdict(int, {output: 1})
        self.takers: dict[Value, list[Value]] = defaultdict(list)
        for value in self.order:
            for source, _ in value.terms:
                self.uses[source] += 1
                self.takers[source].append(value)
        self.made: list[tuple[Sparse, list[bool]]] = []
        self.weights = 0
        for value in self.order:
            if not value.relu:
                self._join(value)

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers."""
        units: dict[int, list[Value]] = defaultdict(list)
        for value in self.order:
            if value.relu:
                units[value.level].append(value)
        for value in self.order:
            if value in self.waiting:
                if value.relu:
                    self._close(units[value.level])
                else:
                    self._compute(value)
        last = self.here[self.output]
        if self.made and self.output.rectified:  # units of the last layer, in another order at most
            rows, mask = self.made.pop()
            self.made.append((Sparse.pick(last.columns, rows.shape[0]).after(rows), [mask[k] for k in last.columns]))
        else:
            self._add(last, 0)
        layers = []
        for rows, mask in self.made:
            weight, bias = rows.split()
            layers.append(Layer.of(weight.matrix(), bias.vector(), relu=mask))
        return tuple(layers)

    def _compute(self, value: Value) -> None:
        source = self.terms[value][0][0]
        if value.linear and source.dense and list(self.here) == [source]:
            self._close([], as_they_are=True)
        try:
            found = self._sum(value)
        except TooManyProductsError:
            self._close([], as_they_are=True)
            found = self._sum(value)
        self._done(value)
        self.here[value] = found

    def _sum(self, value: Value) -> Sparse:
        parts = [matrix.after(self.here[source]) for source, matrix in self.terms[value]]
        constant = self.constants[value]
        if constant is not None:
            width = parts[0].shape[1]
            last = np.full(len(constant.rows), width - 1)
            parts.append(Sparse((value.size, width), constant.rows, last, constant.values, constant.below))
        return Sparse.added(parts)

    def _done(self, value: Value) -> None:
        self.waiting.discard(value)
        for source, _ in self.terms[value]:
            self.uses[source] -= 1
            if not self.uses[source]:
                del self.here[source]

    def _close(self, units: list[Value], *, as_they_are: bool = False) -> None:
        """Make a layer of these ReLUs and of lanes for all else that is still needed.

        Args:
            units: ReLU values whose sources are there.
            as_they_are: give every entry that is needed its own lane.
        """
        before = [self.here[unit.terms[0][0]] for unit in units]
        for unit in units:
            self._done(unit)
        if not as_they_are:
            self._take_less()
        carried, height = list(self.here), sum(matrix.shape[0] for matrix in before)
        lanes, moved = _carry(list(self.here.values()), as_they_are=as_they_are)
        self._add(Sparse.stacked([*before, *lanes]), height)
        total = self.made[-1][0].shape[0]
        for value, matrix in zip(carried, moved, strict=True):
            self.here[value] = Sparse((value.size, total + 1), matrix.rows, matrix.columns + height, matrix.values, matrix.below)
        start = 0
        for unit in units:
            self.here[unit] = Sparse.pick(np.arange(start, start + unit.size), total + 1)
            start += unit.size

    def _add(self, rows: Sparse, units: int) -> None:
        height, width = rows.shape
        self.weights += height * (width - 1)
        if self.weights > MAX_WEIGHTS:
            raise InputError(f"the network has {self.weights} weights or more; at most {MAX_WEIGHTS} are held")
        self.made.append((rows, [k < units for k in range(height)]))

    def _take_less(self) -> None:
        """Where fewer numbers are taken from values than they have, put those in their place."""
        for taker in dict.fromkeys(taker for source in self.here for taker in self.takers[source] if taker in self.waiting):
            own = [term for term in self.terms[taker] if self._is_only_for(term[0], taker)]
            if len(own) > 1 and not taker.relu:
                self._put_less([(taker, own)], {source for source, _ in own})
        for source in list(self.here):
            takers = [taker for taker in dict.fromkeys(self.takers[source]) if taker in self.waiting]
            taken = [(taker, [term for term in self.terms[taker] if term[0] is source]) for taker in takers]
            if sum(len(terms) for _, terms in taken) == self.uses[source] and not any(taker.relu for taker in takers):
                self._put_less(taken, {source})

    def _is_only_for(self, source: Value, taker: Value) -> bool:
        """Whether a value is there, and nothing else needs it."""
        return source in self.here and self.uses[source] == sum(other is source for other, _ in self.terms[taker])

    def _put_less(self, taken: list[tuple[Value, list[Term]]], sources: set[Value]) -> None:
        """Replace values by what some takers make of them, if that has fewer entries."""
        rows = sum(len(np.unique(np.concatenate([matrix.rows for _, matrix in terms]))) for _, terms in taken)
        if rows >= sum(source.size for source in sources):
            return
        try:
            parts = [Sparse.added([matrix.after(self.here[source]) for source, matrix in terms]) for _, terms in taken]
        except TooManyProductsError:
            return
        for (taker, _), matrix in zip(taken, parts, strict=True):
            part = Value(-1, taker.size)
            self.here[part], self.uses[part], self.takers[part] = matrix, 1, [taker]
            rest = [term for term in self.terms[taker] if term[0] not in sources]
            self.terms[taker] = [*rest, (part, Sparse.pick(np.arange(taker.size), taker.size))]
        for source in sources:
            del self.here[source], self.uses[source]

    def _join(self, value: Value) -> None:
        """Take what a sum of parts of different depth takes, if nothing else needs the sum and it is larger."""
        terms: list[Term] = []
        constants = [self.constants[value]]
        for source, matrix in self.terms[value]:
            inner = self.terms[source]
            mixed = len({other.level for other, _ in inner}) > 1 and not source.dense
            if not mixed or self.uses[source] > 1 or value.size > source.size:
                terms.append((source, matrix))
                continue
            try:
                parts = [(other, matrix.after(part)) for other, part in inner]
                constant = self.constants[source]
                constants.append(None if constant is None else matrix.after(constant))
            except TooManyProductsError:
                terms.append((source, matrix))
                continue
            terms += parts
            for other, _ in inner:
                self.takers[other].append(value)
            self.waiting.discard(source)
            del self.uses[source]
        known = [constant for constant in constants if constant is not None]
        self.terms[value] = terms
        self.constants[value] = Sparse.added(known) if known else None


def _reached(output: Value) -> set[Value]:
    found, waiting = {output}, [output]
    while waiting:
        fresh = {source for source, _ in waiting.pop().terms} - found
        found |= fresh
        waiting += fresh
    return found


def _carry(values: list[Sparse], *, as_they_are: bool) -> tuple[list[Sparse], list[Sparse]]:
    """Choose lanes that carry values over to the next layer: the different rows of the values or what they are made of.

    Args:
        values: matrices on the outputs of the last layer and the constant 1.
        as_they_are: take all rows.

    Returns:
        the lanes, if any, as a list of one matrix like the values, and the values as matrices on the lanes and the
        constant 1, but for their number of columns.
    """
    if not values:
        return [], []
    rows = Sparse.stacked(values)
    (height, width), starts = rows.shape, rows.starts
    lane = np.arange(height)
    if not as_they_are:
        known: dict[Any, int] = {}
        for k, (start, stop) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
            columns, entries = rows.columns[start:stop], rows.values[start:stop]
            constant = start == stop or columns[0] == width - 1
            key = (columns.tobytes(), tuple(entries) if rows.below else entries.tobytes())
            lane[k] = -1 if constant else known.setdefault(key, len(known))
        used = np.unique(rows.columns[rows.columns < width - 1])
        if len(used) < len(known):
            place = np.zeros(width, np.int64)
            place[used], place[-1] = np.arange(len(used)), len(used)
            moved = Sparse((height, len(used) + 1), rows.rows, place[rows.columns], rows.values, rows.below)
            return [Sparse.pick(used, width)], _cut(moved, values)
    count = int(lane.max()) + 1
    first = np.unique(lane[lane >= 0], return_index=True)[1]
    lanes = Sparse.pick(np.flatnonzero(lane >= 0)[first], height).after(rows)
    fixed = lane[rows.rows] < 0
    constants = Sparse((height, count + 1), rows.rows[fixed], np.full(int(fixed.sum()), count), rows.values[fixed], rows.below)
    moved = Sparse.added([Sparse.pick(lane, count + 1), constants]) if fixed.any() else Sparse.pick(lane, count + 1)
    return [lanes] if count else [], _cut(moved, values)


def _cut(rows: Sparse, values: list[Sparse]) -> list[Sparse]:
    ends = np.cumsum([value.shape[0] for value in values]).tolist()
    return [rows.part(start, stop) for start, stop in zip([0, *ends], ends, strict=False)]
