"""Which part of a model is read: its inputs and their shapes, its outputs, or where it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from exactzones.errors import InputError, quoted
from exactzones.models.arrays import Shape
from exactzones.rational import entries, exact, index


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of a model that becomes the network.

    Attributes:
        output: name or number of the only output to read; None for all, one after the other.
        inputs: names of the inputs in the order that the network takes them; None for the model's order.
        end_at: name of a node, or of a tensor that a node computes, whose first output the features are; None for the outputs.
        shapes: by name of an input, its shape; under the name "" that of the only input.
        box: an interval for each input of the network, if the network need be right only there: operators that make steps, such
            as Cast to integers, are then read where they are constant on it.
    """

    output: str | int | None = None
    inputs: tuple[str, ...] | None = None
    end_at: str | None = None
    shapes: tuple[tuple[str, Shape], ...] = ()
    box: tuple[tuple[Fraction, Fraction], ...] | None = None

    @classmethod
    def of(cls, output: Any = None, inputs: Any = None, end_at: Any = None, shape: Any = None, box: Any = None) -> Selection:
        """Read a selection from what a caller passes, see ``load_network``.

        Raises:
            InputError: an argument that says nothing of the kind, or both an output and a node to end at.
        """
        if output is not None and end_at is not None:
            raise InputError(f"output is {quoted(output)} and end_at is {quoted(end_at)}; pass one of them")
        if output is not None and not isinstance(output, str):
            output = index(output, "output")
        if end_at is not None and not isinstance(end_at, str):
            raise InputError(f"end_at is {quoted(end_at)}; expected the name of a node")
        if inputs is not None:
            inputs = (inputs,) if isinstance(inputs, str) else tuple(entries(inputs, "inputs", 'names such as ["x", "y"]'))
            if not inputs or not all(isinstance(name, str) for name in inputs) or len(set(inputs)) < len(inputs):
                raise InputError(f"inputs are {quoted(list(inputs))}; expected different names of inputs")
        named = shape.items() if isinstance(shape, Mapping) else [] if shape is None else [("", shape)]
        lengths = tuple((str(name), _lengths(value)) for name, value in named)
        return cls(output, inputs, end_at, lengths, None if box is None else _intervals(box))

    def shape_of(self, name: str) -> Shape | None:
        """Return the shape that is selected for an input; None if the file says it."""
        shapes = dict(self.shapes)
        return shapes.get(name, shapes.get(""))


EVERYTHING = Selection()
"""All outputs, as functions of all inputs that they depend on."""


def _intervals(box: Any) -> tuple[tuple[Fraction, Fraction], ...]:
    pairs = [entries(pair, "interval", "a pair (low, high)") for pair in entries(box, "box", "a pair (low, high) for each input")]
    if any(len(pair) != 2 for pair in pairs):
        raise InputError(f"box is {quoted(box)}; expected a pair (low, high) for each input")
    return tuple((exact(low, "low"), exact(high, "high")) for low, high in pairs)


def _lengths(shape: Any) -> Shape:
    hint = 'the lengths of the axes, such as (1, 3) or "1,3"'
    listed = shape.split(",") if isinstance(shape, str) else [shape] if isinstance(shape, int) else shape
    if not isinstance(listed, Sequence):
        raise InputError(f"shape is {quoted(shape)}; expected {hint}")
    try:
        return tuple(index(int(length) if isinstance(length, str) else length, "length", least=1) for length in listed)
    except (ValueError, InputError):
        raise InputError(f"shape is {quoted(shape)}; expected {hint}") from None
