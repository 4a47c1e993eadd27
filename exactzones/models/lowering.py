"""Lowering: from a model's graph of affine maps and ReLUs to the layers of a ``Network``.

A reader (ONNX, PyTorch, ..) builds the graph one operator at a time with ``Lowering.affine`` and ``Lowering.relu``.  A node of
the graph is a ``Value``, a vector of the network; operators that only move, select or sum numbers are sparse affine maps,
so there are no other kinds of values.  ``Lowering.network`` then emits the layers that compute one of the values, see
``layering``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from exactzones.errors import InputError
from exactzones.files import MAX_WEIGHTS
from exactzones.models.arrays import Array
from exactzones.models.layering import layers_of
from exactzones.models.sparse import Sparse
from exactzones.models.values import Computation, Term, Value
from exactzones.network import Network
from exactzones.rational import Rationalization
from exactzones.roundings import UnknownRoundings

_MAX_SIZE = 1_000_000


class Lowering:
    """The graph of a network under construction.

    Attributes:
        input: the network's input.
        box: lower and upper bounds of the inputs, each as a column, if the network need be right only there.
        rationalizations: what ``Network.rationalizations`` will record.

    >>> graph = Lowering(2)
    >>> weight, bias = Sparse.dense(np.array([[1, 2]])), column(np.array([-1]))
    >>> net = graph.network(graph.relu(graph.affine([(graph.input, weight)], bias)))
    >>> net.layers[0].bias, net.layers[0].relu
    ((Fraction(-1, 1),), (True,))
    """

    def __init__(self, inputs: int, box: tuple[Sparse, Sparse] | None = None) -> None:
        """Start with the input.

        Args:
            inputs: number of the network's inputs.
            box: bounds of the inputs, if the network need be right only there.

        Raises:
            InputError: the network has no inputs, or more than the limit.
        """
        if not 1 <= inputs <= _MAX_SIZE:
            raise InputError(f"the network has {inputs} inputs; a network of 1 to {_MAX_SIZE} inputs is expected")
        self.input, self.box = Value(0, inputs), box
        self.rationalizations: list[Rationalization] = []
        self._not_in_floats = ""
        self._values = 1
        self._entries = 0

    def affine(
        self,
        terms: Sequence[Term],
        constant: Sparse | None = None,
        *,
        linear: bool = False,
        computation: Computation | None = None,
    ) -> Value:
        """Return ``sum(matrix source) + constant``.

        Args:
            terms: pairs (source, matrix) with matrices of shape (size, source's size).
            constant: shape (size, 1).
            linear: see ``Value``.
            computation: see ``Value``.

        Raises:
            InputError: the value, or the matrices of the graph so far, have more entries than the limit.
        """
        size = terms[0][1].shape[0]
        self._entries += sum(len(matrix.rows) for _, matrix in terms)
        if size > _MAX_SIZE or self._entries > MAX_WEIGHTS:
            raise InputError(
                f"the result has {size} values, and the model up to here {self._entries} matrix entries; "
                f"at most {_MAX_SIZE} values and {MAX_WEIGHTS} entries are supported"
            )
        if constant is not None and not len(constant.rows):
            constant = None
        rectified, dense = False, linear
        if len(terms) == 1 and not linear:
            source, matrix = terms[0]
            if matrix.is_identity and constant is None and not (computation and computation.always):
                return source
            rectified = source.rectified and constant is None and matrix.all_ones and matrix.one_per_row
            dense = source.dense and matrix.shape == (size, size) and matrix.one_per_row
            dense = dense and len(np.unique(matrix.columns)) == size
        level = max(source.level for source, _ in terms)
        return self._new(
            Value(
                self._values, size, level, tuple(terms), constant,
                rectified=rectified, linear=linear, dense=dense, computation=computation,
            )
        )  # fmt: skip

    def relu(self, source: Value) -> Value:
        """Return the ReLU of every entry."""
        if source.rectified:
            return source
        identity = Sparse.pick(np.arange(source.size), source.size)
        terms = ((source, identity),)
        return self._new(Value(self._values, source.size, source.level + 1, terms, rectified=True, relu=True))

    def network(self, output: Value) -> Network:
        """Return the network that computes a value of the graph.

        Raises:
            InputError: its layers would have more weights than the limit.
        """
        layers = layers_of(self.input, output)
        if self._not_in_floats:
            unknown = UnknownRoundings(self._not_in_floats)
            layers = tuple(replace(layer, roundings=unknown) for layer in layers)
        return Network(layers, tuple(self.rationalizations))

    def refuse_floats(self, why: str) -> None:
        """Record that nothing is claimed about how floats compute this graph; ``why`` as a message says it of a layer."""
        self._not_in_floats = why

    def _new(self, value: Value) -> Value:
        self._values += 1
        return value


def column(entries: Array) -> Sparse:
    """Return numbers, of any shape, as a matrix of one column."""
    flat = entries.ravel()
    rows = np.flatnonzero(flat != 0)
    return Sparse.of((len(flat), 1), rows, np.zeros(len(rows), np.int64), flat[rows])
