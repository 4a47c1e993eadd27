"""The layers that compute a value of a graph, see ``lowering``.

The values are visited from shallow to deep.  An affine value makes no layer: it is composed, exactly, with the values from which
it is computed.  The ReLUs of one level make a layer together.  Other values that are needed after that layer are carried through
it by pass-through units (units without ReLU), of which ``choose_pass_through`` chooses few.

There is one exception: of two dense linear maps (Linear, Gemm, MatMul) in a row, through which everything passes, the first
remains a layer of its own, because between them lies a latent space.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from exactzones.errors import InputError
from exactzones.files import MAX_PLACES, MAX_WEIGHTS
from exactzones.models.arrays import Array
from exactzones.models.operations import JOINED_ROUNDINGS, Operation, copies, operations_of
from exactzones.models.pass_through import choose_pass_through
from exactzones.models.sparse import Sparse, TooManyProductsError
from exactzones.models.values import Term, Value, ancestors
from exactzones.network import Layer


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
        restructured: values whose terms are not those of the model.
        emitted: (weight and bias as one matrix, which units have a ReLU, whether a row joins operations) of each layer.
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
        self.restructured: set[Value] = set()
        self.emitted: list[tuple[Sparse, list[bool], bool]] = []
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
            rows, mask, joined = self.emitted.pop()
            picked = Sparse.pick(last.columns, rows.shape[0]).after(rows)
            self.emitted.append((picked, [mask[k] for k in last.columns], joined))
        else:
            self._emit(last, relus=0, operations=[self.operations[self.output]])
        layers = []
        for rows, mask, joined in self.emitted:
            weight, bias = rows.split()
            layer = Layer.of(weight.matrix(), bias.vector(), relu=mask)
            layers.append(replace(layer, roundings=JOINED_ROUNDINGS) if joined else layer)
        return tuple(layers)

    def emit_layer(self, relus: list[Value], *, every_row: bool = False) -> None:
        """Emit a layer of some ReLUs, and of pass-through units for all other values that are still needed.

        Args:
            relus: ReLU values whose sources are live.
            every_row: give every entry that is needed a pass-through unit of its own.
        """
        sources = [self.live[relu.terms[0][0]] for relu in relus]
        operations = [self.operations[relu.terms[0][0]] for relu in relus]
        for relu in relus:
            self._release_sources(relu)
        if not every_row:
            self._narrow()
        height = sum(matrix.shape[0] for matrix in sources)
        passed = choose_pass_through(list(self.live.values()), every_row=every_row)
        carried = np.concatenate([self.operations[value] for value in self.live]) if self.live else copies(0)
        units = [] if passed.units is None else [passed.units]
        if passed.unit_of_row is not None and passed.units is not None:
            own = passed.unit_of_row >= 0
            of_units = copies(passed.units.shape[0])
            np.maximum.at(of_units, passed.unit_of_row[own], carried[own])
            operations.append(of_units)
            carried = np.where(own, Operation.COPY, carried)
        self._emit(Sparse.stacked([*sources, *units]), relus=height, operations=operations)
        width = self.emitted[-1][0].shape[0] + 1
        for value, matrix in zip(list(self.live), passed.expressions, strict=True):
            shape, columns = (value.size, width), matrix.columns + height
            self.live[value] = Sparse(shape, matrix.rows, columns, matrix.values, matrix.denominator)
            self.operations[value], carried = carried[: value.size], carried[value.size :]
        first = 0
        for relu in relus:
            self.live[relu] = Sparse.pick(np.arange(first, first + relu.size), width)
            self.operations[relu] = copies(relu.size)
            first += relu.size

    def _emit(self, rows: Sparse, *, relus: int, operations: list[Array]) -> None:
        """Append a layer whose first ``relus`` units have a ReLU; ``operations`` are what its rows compute."""
        height, width = rows.shape
        self.weights += len(rows.rows)
        self.places += height * (width - 1)
        for count, most, which in ((self.weights, MAX_WEIGHTS, "that are not zero"), (self.places, MAX_PLACES, "with its zeros")):
            if count > most:
                raise InputError(f"the network has at least {count} weights {which}; at most {most} are supported")
        joined = any((part == Operation.JOINED).any() for part in operations)
        self.emitted.append((rows, [k < relus for k in range(height)], joined))

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
        self._release_sources(value)
        self.live[value], self.operations[value] = expression

    def _expression(self, value: Value) -> tuple[Sparse, Array]:
        """Return an affine value as a matrix on the units of the last layer and the constant 1, and what its rows compute."""
        parts = [matrix.after(self.live[source]) for source, matrix in self.terms[value]]
        constant = self.constants[value]
        if constant is not None:
            width = parts[0].shape[1]
            last = np.full(len(constant.rows), width - 1)
            parts.append(Sparse((value.size, width), constant.rows, last, constant.values, constant.denominator))
        total = Sparse.added(parts)
        if value in self.restructured:
            return total, np.full(value.size, Operation.JOINED)
        terms = [(matrix, self.operations[source]) for source, matrix in self.terms[value]]
        return total, operations_of(terms, constant, parts, total)

    def _release_sources(self, value: Value) -> None:
        """Record that a value is computed; sources that nothing else needs cease to be live."""
        self.pending.discard(value)
        for source, _ in self.terms[value]:
            self.pending_uses[source] -= 1
            if not self.pending_uses[source]:
                del self.live[source]

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
        for (consumer, _), matrix in zip(images, parts, strict=True):
            image = Value(-1, consumer.size)
            self.live[image], self.pending_uses[image], self.consumers[image] = matrix, 1, [consumer]
            self.operations[image] = np.full(image.size, Operation.JOINED)
            rest = [term for term in self.terms[consumer] if term[0] not in sources]
            self.terms[consumer] = [*rest, (image, Sparse.pick(np.arange(consumer.size), consumer.size))]
        for source in sources:
            del self.live[source], self.pending_uses[source]

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
            self.restructured.add(value)
            for other, _ in inner:
                self.consumers[other].append(value)
            self.pending.discard(source)
            del self.pending_uses[source]
        known = [constant for constant in constants if constant is not None]
        self.terms[value] = terms
        self.constants[value] = Sparse.added(known) if known else None
