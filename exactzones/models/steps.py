"""Tensors with steps: what comparisons of values that depend on the input make, until they are found to be continuous.

A comparison is a step function, which no network computes, but ``Where(h > 0, h, h / 10)`` is continuous: a leaky ReLU.  So steps
are carried along as terms ``[d > 0] e`` (e where d is positive, else 0) through sums, products by constants and by other steps,
and through operators that move entries, until an operator needs a tensor.  Then the terms with one condition d are added, and
each must be continuous, see ``ramps``.  A condition ``d >= 0`` is ``1 - [-d > 0]``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np

from exactzones.errors import FormatError
from exactzones.models import tensors
from exactzones.models.arrays import Array, Shape, fractions, object_array
from exactzones.models.bounds import positivity
from exactzones.models.lowering import column
from exactzones.models.ramps import lines_between, ramps_of, roots_of
from exactzones.models.sparse import Sparse
from exactzones.models.tensors import Tensor
from exactzones.models.values import Value
from exactzones.port import JUMP

Operand: TypeAlias = Tensor | Array
"""A tensor that depends on the network's input, or a constant."""


class Gate(NamedTuple):
    """The term ``[condition > 0] part``; both have one shape."""

    condition: Tensor
    part: Operand


@dataclass(frozen=True, eq=False)
class Stepped:
    """A sum of a tensor or constant and of gates, all of one shape.

    Attributes:
        base: what there is where no condition holds.
        gates: the terms with steps.
        source: what made the steps, for messages.
    """

    base: Operand
    gates: tuple[Gate, ...]
    source: str

    @property
    def shape(self) -> Shape:
        """Lengths of the axes."""
        return tuple(self.base.shape)

    @property
    def is_constant_in_pieces(self) -> bool:
        """Whether it is constant wherever no condition changes."""
        return not any(isinstance(part, Tensor) for part in (self.base, *(gate.part for gate in self.gates)))

    @property
    def is_whole(self) -> bool:
        """Whether all its values are integers."""
        parts = [self.base, *(gate.part for gate in self.gates)]
        return all(not isinstance(part, Tensor) and all(e.denominator == 1 for e in fractions(part).ravel()) for part in parts)

    @cached_property
    def settled(self) -> Operand | None:
        """The tensor that it is if it is continuous, else None."""
        total = self.base
        for gate in _joined(self.gates):
            ramped = _ramped(gate)
            if ramped is None:
                return None
            total = ramped.plus(total)
        return total

    def moved(self, move: Callable[[Operand], Operand]) -> Stepped:
        """Return it with ``move`` applied to each tensor and constant."""
        gates = []
        for gate in self.gates:
            condition = move(gate.condition)
            if isinstance(condition, Tensor):  # else nothing is left of it
                gates.append(Gate(condition, move(gate.part)))
        return Stepped(move(self.base), tuple(gates), self.source)


Steppable: TypeAlias = Operand | Stepped


def settled(value: Steppable) -> Operand:
    """Return a value that has steps as a tensor without any, and others as they are.

    Raises:
        FormatError: it jumps.
    """
    if not isinstance(value, Stepped):
        return value
    tensor = value.settled
    if tensor is None:
        raise FormatError(
            f"its input jumps where {value.source} changes, and a network of ReLUs is continuous; leave out all from there on "
            "(in ONNX: --end-at NODE, or end_at=..), and ask with conditions on the values before it, such as y[0] > 1/2; of a "
            "network that ends with a JumpReLU, a feature fires where the output is positive"
        )
    return tensor


def output_of(value: Steppable, before: str) -> tuple[Operand, str]:
    """Return what is read of a model's output, and what the model applies to it (see ``Port``): a jump, or ``before``.

    Raises:
        FormatError: it jumps otherwise than a JumpReLU.
    """
    jump = firing(value) if isinstance(value, Stepped) and value.settled is None and not before else None
    return (settled(value), before) if jump is None else (jump, JUMP)


def firing(value: Stepped) -> Tensor | None:
    """Return a tensor that is positive exactly where a value that jumps is, such as a JumpReLU; None if none is found."""
    gate = _only_gate(value)
    if gate is None:
        return None
    if not isinstance(gate.part, Tensor):
        return gate.condition if (fractions(gate.part) > 0).all() else None
    roots = roots_of(gate.condition.value, gate.part.value)
    return None if roots is None else gate.condition.plus(object_array(roots).reshape(value.shape), 1, -1)


def rectified(value: Steppable) -> Steppable | None:
    """Return the ReLU of a value that jumps as such a value; None if it does not jump, or has more than one gate."""
    gate = _only_gate(value) if isinstance(value, Stepped) and value.settled is None else None
    if gate is None or not isinstance(gate.part, Tensor) or not isinstance(value, Stepped):
        return None
    return Stepped(value.base, (Gate(gate.condition, gate.part.relu()),), value.source)


def _only_gate(value: Stepped) -> Gate | None:
    """Return the gate of a value that is 0 where its condition does not hold; None if it is not of this form."""
    joined = _joined(value.gates)
    is_zero = not isinstance(value.base, Tensor) and not fractions(value.base).any()
    return joined[0] if is_zero and len(joined) == 1 else None


def positive(tensor: Operand, source: str) -> Steppable:
    """Return 1 where a tensor is positive, else 0; constants for entries whose sign is known on the box of interest."""
    if not isinstance(tensor, Tensor):
        return np.asarray(fractions(tensor) > 0, bool)
    known = positivity(tensor)
    if known.all():
        return known > 0
    return Stepped((known > 0).astype(int), (Gate(tensor, (known == 0).astype(int)),), source)


def sign(tensor: Tensor, source: str) -> Steppable:
    """Return -1, 0 or 1."""
    return added(positive(tensor, source), positive(tensor.times(np.array(-1)), source), -1)


def added(left: Steppable, right: Steppable, sign: int = 1) -> Steppable:
    """Return ``left + sign right``, with broadcasting; the sign is 1 or -1."""
    shape = tensors.broadcast(tuple(left.shape), tuple(right.shape))
    left, right = _spread(left, shape), _spread(right, shape)
    if not isinstance(left, Stepped) and not isinstance(right, Stepped):
        return _plus(left, right, sign)
    base = _plus(_base(left), _base(right), sign)
    signed = [Gate(gate.condition, _times(gate.part, _full(shape, sign))) for gate in _gates(right)]
    return _with(base, [*_gates(left), *signed], left, right)


def complement(value: Steppable) -> Steppable:
    """Return ``1 - value``: the negation of a truth value."""
    return added(_full((), 1), value, -1)


def multiplied(left: Steppable, right: Steppable) -> Steppable:
    """Return the product, with broadcasting.

    Raises:
        FormatError: two factors depend on the input other than by steps, or by steps whose conditions are not about one value.
    """
    shape = tensors.broadcast(tuple(left.shape), tuple(right.shape))
    left, right = _spread(_calmed(left), shape), _spread(_calmed(right), shape)
    if not isinstance(left, Stepped) and not isinstance(right, Stepped):
        return _times(left, right)
    base = _times(_base(left), _base(right))
    gates = [Gate(gate.condition, _times(gate.part, _base(right))) for gate in _gates(left)]
    gates += [Gate(gate.condition, _times(gate.part, _base(left))) for gate in _gates(right)]
    for gate in _gates(left):
        for other in _gates(right):
            product = _times(gate.part, other.part)
            never, first, second = _both(gate.condition, other.condition)
            base = _plus(base, _times(product, never), 1)
            gates += [Gate(gate.condition, _times(product, first)), Gate(other.condition, _times(product, second))]
    return _with(base, gates, left, right)


def chosen(condition: Steppable, left: Steppable, right: Steppable) -> Steppable:
    """Return ``left`` where a truth value holds, else ``right``, with broadcasting."""
    left, right = _calmed(left), _calmed(right)
    return added(multiplied(condition, added(left, right, -1)), right)


def _full(shape: Shape, number: int) -> Array:
    return np.full(shape, number)


def _base(value: Steppable) -> Operand:
    return value.base if isinstance(value, Stepped) else value


def _gates(value: Steppable) -> tuple[Gate, ...]:
    return value.gates if isinstance(value, Stepped) else ()


def _with(base: Operand, gates: Sequence[Gate], *sources: Steppable) -> Steppable:
    """Return a sum; gates without a part are dropped."""
    kept = tuple(gate for gate in gates if isinstance(gate.part, Tensor) or gate.part.any())
    named = [value.source for value in sources if isinstance(value, Stepped)]
    return Stepped(base, kept, named[0]) if kept else base


def _calmed(value: Steppable) -> Steppable:
    """Return a value without steps if it is continuous, else as it is."""
    if not isinstance(value, Stepped) or value.is_constant_in_pieces or value.settled is None:
        return value
    return value.settled


def _spread(value: Steppable, shape: Shape) -> Steppable:
    """Return a value broadcast to a shape."""
    if isinstance(value, Stepped):
        return value if value.shape == shape else value.moved(lambda part: _spread_operand(part, shape))
    return _spread_operand(value, shape)


def _spread_operand(value: Operand, shape: Shape) -> Operand:
    if not isinstance(value, Tensor):
        return np.broadcast_to(value, shape)
    return value if value.shape == shape else value.moved(lambda index: np.broadcast_to(index, shape))


def _plus(left: Operand, right: Operand, sign: int) -> Operand:
    if isinstance(left, Tensor):
        return left.plus(right, 1, sign)
    if isinstance(right, Tensor):
        return right.plus(left, sign, 1)
    return np.asarray(fractions(left) + sign * fractions(right), object)


def _times(left: Operand, right: Operand) -> Operand:
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        raise FormatError(tensors.NO_CONSTANT_FACTOR)
    if isinstance(right, Tensor):
        left, right = right, left
    if isinstance(right, Tensor):  # for mypy: one of them is a constant
        raise TypeError
    if not isinstance(left, Tensor):
        return np.asarray(fractions(left) * fractions(right), object)
    return left.times(fractions(right)) if right.any() else _full(left.shape, 0)


def _joined(gates: Sequence[Gate]) -> list[Gate]:
    """Return gates of different conditions: the parts of those with one condition are added."""
    joined: list[Gate] = []
    for gate in gates:
        place = next((k for k, other in enumerate(joined) if _same(gate.condition.value, other.condition.value)), None)
        if place is None:
            joined.append(gate)
        else:
            joined[place] = Gate(gate.condition, _plus(joined[place].part, gate.part, 1))
    return joined


def _ramped(gate: Gate) -> Tensor | None:
    """Return a gate as a sum of ReLUs; None if it jumps."""
    (condition, part), graph = gate, gate.condition.graph
    if not isinstance(part, Tensor):
        return None if part.any() else condition.moved(lambda index: np.full(index.shape, -1))
    found = ramps_of(condition.value, part.value)
    if found is None:
        return None
    size, ramps = condition.value.size, found.ramps
    places = np.full(size, -1)
    places[found.whole] = found.whole
    terms = [(part.value, Sparse.pick(places, size))] if found.whole or not ramps else []
    if ramps:
        rows = np.array([ramp.row for ramp in ramps])
        thresholds = column(object_array([-ramp.threshold for ramp in ramps]))
        above = graph.relu(graph.affine([(condition.value, Sparse.pick(rows, size))], thresholds))
        slopes = object_array([ramp.slope for ramp in ramps])
        factors = np.ones(len(ramps)) if (slopes == 1).all() else slopes
        matrix = Sparse.of((size, len(ramps)), rows, np.arange(len(ramps)), factors)
        terms.append((above, matrix))
    return Tensor(graph, graph.affine(terms), condition.shape)


def _both(first: Tensor, second: Tensor) -> tuple[Array, Array, Array]:
    """Return constants p, q and r with ``[first > 0] [second > 0] = p + q [first > 0] + r [second > 0]``, for each entry."""
    if _same(first.value, second.value):
        return _full(first.shape, 0), _full(first.shape, 1), _full(first.shape, 0)
    lines = lines_between(first.value, second.value)
    if lines is None:
        raise FormatError(
            "it joins two steps whose conditions are about different values, which is not supported; write one Where inside "
            "another, each of them continuous"
        )
    triples = []
    for slope, constant in lines:
        if slope > 0:  # one condition implies the other
            triples.append((0, 0, 1) if constant <= 0 else (0, 1, 0))
        else:  # both hold in between, or never
            triples.append((-1, 1, 1) if constant > 0 else (0, 0, 0))
    never, left, right = (np.array(entries).reshape(first.shape) for entries in zip(*triples, strict=True))
    return never, left, right


def _same(left: Value, right: Value) -> bool:
    """Whether two values are known to be equal: they are computed in the same way from the same values."""
    if left is right:
        return True
    if left.relu or right.relu or not left.terms or [source for source, _ in left.terms] != [source for source, _ in right.terms]:
        return False
    ours, theirs = ([*(matrix for _, matrix in value.terms), value.constant or _NOTHING] for value in (left, right))
    return all(map(_equal, ours, theirs))


def _equal(left: Sparse, right: Sparse) -> bool:
    names = ("rows", "columns", "values")
    kinds = (left.shape, left.denominator) == (right.shape, right.denominator)
    return kinds and all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


_NOTHING = Sparse.of((0, 0), [], [], [])
