"""The layers that compute a value of a graph, see ``lowering``.

The values are visited from shallow to deep.  An affine value makes no layer: it is composed, exactly, with the values from which
it is computed.  The ReLUs of one level make a layer together.  Other values that are needed after that layer are carried through
it by pass-through units (units without ReLU), of which ``choose_pass_through`` chooses few.

There is one exception: of two dense linear maps (Linear, Gemm, MatMul) in a row, through which everything passes, the first
remains a layer of its own, because between them lies a latent space.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from exactzones.errors import InputError
from exactzones.files import MAX_PLACES, MAX_WEIGHTS
from exactzones.models.arrays import Array
from exactzones.models.operations import Operation, copies, operations_of, origins_of, stated_operations
from exactzones.models.pass_through import PassThrough, choose_pass_through
from exactzones.models.rounded import CANCELLED, SHARED, Known, Rows, Stage, magnitudes, product
from exactzones.models.sparse import Sparse, TooManyProductsError
from exactzones.models.values import Term, Value, ancestors
from exactzones.network import Layer
from exactzones.roundings import UnknownRoundings


def layers_of(start: Value, output: Value) -> tuple[Layer, ...]:
    """Return the layers that compute a value.

    Args:
        start: the network's input.
        output: the value.

    Raises:
        InputError: the layers have more weights than the limit.
    """
    return _Layering(start, output).layers()


class _Layering:
    """Visits the values and emits layers, as early as possible.

    Attributes:
        pending: the values that are not computed yet.
        live: the computed values that are still needed; each is a matrix on the units of the last emitted layer and the constant
            1, which is the last column.
        pending_uses: for each value, how many terms of pending values have it as their source.
        consumers: for each value, the values with such a term, in order.
        terms: of each value; they change when values are merged or narrowed.
        constants: of each value.
        operations: what the rows of each live value compute.
        rounded: how floats compute the rows of live values, if some of these join operations.
        stages: how floats compute values whose terms are not those of the model.
        magnitudes: of matrices of such values, which are not the absolute values of their entries.
        images: values that ``_narrow`` has made.
        origins: for the rows of each live value which number that floats compute they are, see ``origins_of``.
        emitted: (weight and bias as one matrix, which units have a ReLU, how floats compute it if it joins operations) of layers.
    """

    def __init__(self, start: Value, output: Value) -> None:
        self.output = output
        self.order = sorted(ancestors(output), key=lambda value: (value.level, not value.relu, value.number))
        self.pending = set(self.order) - {start}
        self.live = {start: Sparse.pick(np.arange(start.size), start.size + 1)}
        self.terms = {value: list(value.terms) for value in self.order}
        self.constants = {value: value.constant for value in self.order}
        self.pending_uses: dict[Value, int] = defaultdict(int, {output: 1})
        self.consumers: dict[Value, list[Value]] = defaultdict(list)
        for value in self.order:
            for source, _ in value.terms:
                self.pending_uses[source] += 1
                self.consumers[source].append(value)
        self.operations: dict[Value, Array] = {start: copies(start.size)}
        self.rounded: dict[Value, Known] = {}
        self.stages: dict[Value, Stage] = {}
        self.magnitudes: dict[Sparse, Sparse] = {}
        self.images: set[Value] = set()
        self.numbered = start.size
        self.origins: dict[Value, Array] = {start: np.arange(1, start.size + 1)}
        self.emitted: list[tuple[Sparse, list[bool], Known | None]] = []
        self.weights = self.places = 0
        for value in self.order:
            if not value.relu:
                self._merge_sums(value)

    def layers(self) -> tuple[Layer, ...]:
        """Return the layers."""
        relus: dict[int, list[Value]] = defaultdict(list)
        for value in self.order:
            if value.relu:
                relus[value.level].append(value)
        for value in self.order:
            if value in self.pending:
                if value.relu:
                    self.emit_layer(relus[value.level])
                else:
                    self._compute(value)
        last = self.live[self.output]
        if self.emitted and self.output.rectified:  # units of the last layer, possibly in another order
            rows, mask, rounded = self.emitted.pop()
            picked = Sparse.pick(last.columns, rows.shape[0]).after(rows)
            rounded = rounded.take(last.columns) if isinstance(rounded, Rows) else rounded
            self.emitted.append((picked, [mask[k] for k in last.columns], rounded))
        else:
            self._emit([(last, self.rounded.get(self.output))], relus=0)
        layers = []
        for rows, mask, rounded in self.emitted:
            weight, bias = rows.split()
            layer = Layer.of(weight.matrix(), bias.vector(), relu=mask)
            known = rounded.roundings() if isinstance(rounded, Rows) else rounded
            layers.append(layer if known is None else replace(layer, roundings=known))
        return tuple(layers)

    def emit_layer(self, relus: list[Value], *, every_row: bool = False) -> None:
        """Emit a layer of some ReLUs, and of pass-through units for all other values that are still needed.

        Args:
            relus: ReLU values whose sources are live.
            every_row: give every entry that is needed a pass-through unit of its own.
        """
        parts = [(self.live[source], self.rounded.get(source)) for relu in relus for source, _ in relu.terms]
        for relu in relus:
            self._release_sources(relu)
        if not every_row:
            self._narrow()
        height = sum(matrix.shape[0] for matrix, _ in parts)
        passed = choose_pass_through(list(self.live.values()), every_row=every_row)
        if passed.units is not None:
            parts.append((passed.units, self._rounded_units(passed)))
        self._emit(parts, relus=height)
        self._move_on(passed, height)
        width, first = self.emitted[-1][0].shape[0] + 1, 0
        for relu in relus:
            self.live[relu] = Sparse.pick(np.arange(first, first + relu.size), width)
            self.operations[relu], self.origins[relu] = copies(relu.size), self._fresh(relu.size)
            first += relu.size

    def _fresh(self, count: int) -> Array:
        """Return numbers of so many new rows."""
        self.numbered += count
        return np.arange(self.numbered - count + 1, self.numbered + 1)

    def _move_on(self, passed: PassThrough, height: int) -> None:
        """Express the live values by the pass-through units of a new layer, which come after ``height`` other ones."""
        width, unit_of_row = self.emitted[-1][0].shape[0] + 1, passed.unit_of_row
        for value, matrix in zip(list(self.live), passed.expressions, strict=True):
            before = self.live[value].shape[1]
            shape, columns = (value.size, width), matrix.columns + height
            self.live[value] = Sparse(shape, matrix.rows, columns, matrix.values, matrix.denominator)
            known = self.rounded.pop(value, None)
            if unit_of_row is not None:
                own, unit_of_row = unit_of_row[: value.size] >= 0, unit_of_row[value.size :]
                self.operations[value] = np.where(own, Operation.COPY, self.operations[value])
                known = CANCELLED if (self.operations[value] == Operation.JOINED).any() else None
            elif isinstance(known, Rows) and passed.units is not None:
                place = np.full(before, -1)
                place[passed.units.columns] = np.arange(height, width - 1)
                place[-1] = width - 1
                known = known.on(place, width)
            if known is not None:
                self.rounded[value] = known

    def _rounded_units(self, passed: PassThrough) -> Known | None:
        """Return how floats compute pass-through units; None for copies and single operations."""
        if passed.unit_of_row is None:
            return None
        own, operations = passed.unit_of_row >= 0, np.concatenate([self.operations[value] for value in self.live])
        units, first = np.unique(passed.unit_of_row[own], return_index=True)
        origins = np.concatenate([self.origins[value] for value in self.live])[own]
        place = np.searchsorted(units, passed.unit_of_row[own])
        differing, rounded = place[origins != origins[first][place]], place[operations[own] != Operation.COPY]
        if np.isin(differing, rounded).any():
            return SHARED
        if not any(value in self.rounded for value in self.live):
            return None
        rows = _stacked([(self.live[value], self.rounded.get(value)) for value in self.live])
        return rows.take(np.flatnonzero(own)[first]) if isinstance(rows, Rows) else rows

    def _emit(self, parts: Sequence[tuple[Sparse, Known | None]], *, relus: int) -> None:
        """Append a layer of these rows, of which the first ``relus`` have a ReLU."""
        rows = Sparse.stacked([matrix for matrix, _ in parts])
        height, width = rows.shape
        self.weights += len(rows.rows)
        self.places += height * (width - 1)
        for count, most, which in ((self.weights, MAX_WEIGHTS, "that are not zero"), (self.places, MAX_PLACES, "with its zeros")):
            if count > most:
                raise InputError(f"the network has at least {count} weights {which}; at most {most} are supported")
        rounded = None if all(known is None for _, known in parts) else _stacked(parts)
        self.emitted.append((rows, [k < relus for k in range(height)], rounded))

    def _compute(self, value: Value) -> None:
        """Make an affine value live."""
        source = self.terms[value][0][0]
        if value.linear and source.dense and list(self.live) == [source]:
            self.emit_layer([], every_row=True)
        try:
            expression = self._expression(value)
        except TooManyProductsError:
            self.emit_layer([], every_row=True)
            expression = self._expression(value)
        self.live[value], self.operations[value], known = expression
        if known is not None:
            self.rounded[value] = known
        self._release_sources(value)

    def _expression(self, value: Value) -> tuple[Sparse, Array, Known | None]:
        """Return an affine value as a matrix on the units of the last layer and the constant 1, and how its rows are computed."""
        parts = [matrix.after(self.live[source]) for source, matrix in self.terms[value]]
        constant = self.constants[value]
        if constant is not None:
            width = parts[0].shape[1]
            last = np.full(len(constant.rows), width - 1)
            parts.append(Sparse((value.size, width), constant.rows, last, constant.values, constant.denominator))
        total = Sparse.added(parts)
        if value in self.stages or any(source in self.images for source, _ in self.terms[value]):
            operations = np.full(value.size, Operation.JOINED)
        else:
            terms = [(matrix, self.operations[source], self.live[source]) for source, matrix in self.terms[value]]
            operations = operations_of(terms, constant, total)
            operations = stated_operations(operations, value.computation)
        self.origins[value] = self._origins(value)
        joined = (operations == Operation.JOINED).any()
        return total, operations, self._composed(self._stage(value), self.terms[value]) if joined else None

    def _origins(self, value: Value) -> Array:
        fresh = self._fresh(value.size)
        if value in self.stages or (value.computation is not None and value.computation.always):
            return fresh
        return origins_of([(matrix, self.origins[source]) for source, matrix in self.terms[value]], self.constants[value], fresh)

    def _stage(self, value: Value) -> Stage:
        """Return how floats compute a value from its sources."""
        return self.stages[value] if value in self.stages else Stage.of(value)

    def _magnitudes(self, matrix: Sparse) -> Sparse:
        return self.magnitudes[matrix] if matrix in self.magnitudes else magnitudes(matrix)

    def _composed(self, stage: Stage, terms: Sequence[Term]) -> Known:
        """Return how floats compute a value, or a part of one, on the units of the last layer."""
        parts = []
        for source, matrix in terms:
            known = self.rounded.get(source)
            if isinstance(known, UnknownRoundings):
                return known
            rows = Rows.single(self.live[source]) if known is None else known
            parts.append((self._magnitudes(matrix), rows, source in self.images))
        return Rows.composed(stage, parts)

    def _release_sources(self, value: Value) -> None:
        """Record that a value is computed; sources that nothing else needs cease to be live."""
        self.pending.discard(value)
        for source, _ in self.terms[value]:
            self.pending_uses[source] -= 1
            if not self.pending_uses[source]:
                del self.live[source]
                self.rounded.pop(source, None)

    def _narrow(self) -> None:
        """Replace a live value by the smaller affine image its consumers need."""
        consumers = (consumer for source in self.live for consumer in self.consumers[source] if consumer in self.pending)
        for consumer in dict.fromkeys(consumers):
            own = [term for term in self.terms[consumer] if self._only_needed_by(consumer, term[0])]
            if len(own) > 1 and not consumer.relu:
                self._replace_if_smaller([(consumer, own)], {source for source, _ in own})
        for source in list(self.live):
            pending = [consumer for consumer in dict.fromkeys(self.consumers[source]) if consumer in self.pending]
            images = [(consumer, [term for term in self.terms[consumer] if term[0] is source]) for consumer in pending]
            known = sum(len(terms) for _, terms in images) == self.pending_uses[source]  # else it is the output, too
            if known and not any(consumer.relu for consumer in pending):
                self._replace_if_smaller(images, {source})

    def _only_needed_by(self, consumer: Value, source: Value) -> bool:
        """Whether a value is live and has only one consumer."""
        return source in self.live and self.pending_uses[source] == sum(other is source for other, _ in self.terms[consumer])

    def _replace_if_smaller(self, images: list[tuple[Value, list[Term]]], sources: set[Value]) -> None:
        """Replace live values by their affine images, if these have fewer entries.

        Args:
            images: (consumer, its terms with these sources) for all consumers of the sources.
            sources: live values.
        """
        rows = sum(len(np.unique(np.concatenate([matrix.rows for _, matrix in terms]))) for _, terms in images)
        if rows >= sum(source.size for source in sources):
            return
        try:
            parts = [Sparse.added([matrix.after(self.live[source]) for source, matrix in terms]) for _, terms in images]
        except TooManyProductsError:
            return
        for (consumer, terms), matrix in zip(images, parts, strict=True):
            image = Value(-1, consumer.size)
            stage = self._stage(consumer)._replace(underflows=np.zeros(consumer.size), offset=None)
            self.rounded[image] = self._composed(stage, terms)
            self.live[image], self.pending_uses[image], self.consumers[image] = matrix, 1, [consumer]
            self.operations[image], self.origins[image] = np.full(image.size, Operation.JOINED), self._fresh(image.size)
            self.images.add(image)
            rest = [term for term in self.terms[consumer] if term[0] not in sources]
            self.terms[consumer] = [*rest, (image, Sparse.pick(np.arange(consumer.size), consumer.size))]
        for source in sources:
            del self.live[source], self.pending_uses[source]
            self.rounded.pop(source, None)

    def _merge_sums(self, value: Value) -> None:
        """Replace a source that is a sum over several levels by its terms, if only this value needs it, and is not larger."""
        terms: list[Term] = []
        constants = [self.constants[value]]
        for source, matrix in self.terms[value]:
            inner = self.terms[source]
            mixed = len({other.level for other, _ in inner}) > 1 and not source.dense
            if not mixed or self.pending_uses[source] > 1 or value.size > source.size:
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
            self._merge_stages(value, source, matrix, parts)
            for other, _ in inner:
                self.consumers[other].append(value)
            self.pending.discard(source)
            del self.pending_uses[source]
        known = [constant for constant in constants if constant is not None]
        self.terms[value] = terms
        self.constants[value] = Sparse.added(known) if known else None

    def _merge_stages(self, value: Value, source: Value, matrix: Sparse, parts: Sequence[Term]) -> None:
        """Record how floats compute a value in which a source has been replaced by its terms, which have become ``parts``."""
        outer = self._magnitudes(matrix)
        self.stages[value] = self._stage(value).after(self._stage(source), outer)
        for (_, merged), (_, inner) in zip(parts, self.terms[source], strict=True):
            self.magnitudes[merged] = product(outer, self._magnitudes(inner))


def _stacked(parts: Sequence[tuple[Sparse, Known | None]]) -> Known:
    """Return what is known of rows below each other; None stands for copies and single operations."""
    known = [Rows.single(matrix) if rows is None else rows for matrix, rows in parts]
    unknown = next((rows for rows in known if isinstance(rows, UnknownRoundings)), None)
    return unknown or Rows.stacked([rows for rows in known if isinstance(rows, Rows)])
