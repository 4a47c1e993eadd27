"""Text files ``.nnet``, the format of the ACAS Xu networks (https://github.com/sisl/NNet): ReLU between dense layers.

After comments (lines that start with ``//``) come: the numbers of layers, inputs and outputs; the sizes of all layers; a flag
without a meaning; the least and the greatest inputs; the means and the ranges of the inputs and, last, of the outputs.  Then, for
each layer, come the rows of its weight and, one on a line, its biases.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from exactzones.errors import FormatError, InputError, quoted
from exactzones.files import MAX_WEIGHTS, naming, read_unpacked
from exactzones.models.tensors import Tensor, dense
from exactzones.network import Layer, Network
from exactzones.rational import exact


def load_nnet(path: str | Path) -> Network:
    """Read a network; decimals are taken exactly.

    As the format's own programs do, the network takes inputs in their own units, subtracts the means, divides by the ranges, and
    undoes the same for its outputs.  Those programs also clip inputs to the least and greatest ones; the network does not.

    Raises:
        FormatError: a line is missing, or does not have the numbers that are expected; the message names the file and the line.
        InputError: the file cannot be read.
    """
    with naming(path):
        lines = _Lines(read_unpacked(path))
        count, inputs, outputs, *_ = lines.integers("numbers of layers, inputs and outputs, and the greatest size", 3, 4)
        sizes = lines.integers(f"{count + 1} sizes of layers", count + 1)
        weights = sum(before * after for before, after in pairwise(sizes))
        if count < 1 or min(sizes) < 1 or (sizes[0], sizes[-1]) != (inputs, outputs) or weights > MAX_WEIGHTS:
            raise FormatError(f"the sizes of the layers are {sizes}; expected {inputs} first, {outputs} last, and positive sizes")
        for what in ("a flag", "the least inputs", "the greatest inputs"):
            next(lines.numbered(what))
        means = lines.numbers(f"{inputs + 1} means", inputs + 1)
        ranges = lines.numbers(f"{inputs + 1} ranges", inputs + 1)
        if not all(ranges):
            raise FormatError(f"line {lines.line}: a range is 0; nonzero numbers are expected")
        layers = [_layer(lines, before, after, relu=k < count - 1) for k, (before, after) in enumerate(pairwise(sizes))]
        return _normalized(layers, means, ranges) if any(means) or set(ranges) != {1} else Network(tuple(layers))


class _Lines:
    """The lines of a file that are not comments, one after the other.

    Attributes:
        line: the number of the last line that was taken; 1 is the first.
    """

    def __init__(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        listed = enumerate(text.splitlines(), start=1)
        self._rest = ((k, line) for k, line in listed if line.strip() and not line.lstrip().startswith("//"))
        self.line = 0

    def numbered(self, what: str) -> Iterator[str]:
        """Yield the next line's entries.

        Raises:
            FormatError: there is no line; the message says what was expected.
        """
        self.line, text = next(self._rest, (self.line + 1, ""))  # nothing is left of an empty line
        if not text:
            raise FormatError(f"line {self.line} is missing; expected {what} there")
        yield from (entry.strip() for entry in text.strip().rstrip(",").split(","))

    def numbers(self, what: str, count: int) -> list[Fraction]:
        """Return the next line's entries as numbers.

        Raises:
            FormatError: there are more or fewer than ``count``, or something else; the message says what was expected.
        """
        listed = list(self.numbered(what))
        try:
            numbers = [exact(entry) for entry in listed]
        except InputError:
            numbers = []
        if len(numbers) != count:
            raise FormatError(f"line {self.line} is {quoted(','.join(listed))}; expected {what}")
        return numbers

    def integers(self, what: str, least: int, most: int | None = None) -> list[int]:
        """Return the next line's entries as integers.

        Raises:
            FormatError: there are fewer than ``least`` or more than ``most`` (by default as many), or something else.
        """
        listed = list(self.numbered(what))
        if not least <= len(listed) <= (most or least) or not all(entry.isdecimal() and len(entry) < 10 for entry in listed):
            raise FormatError(f"line {self.line} is {quoted(','.join(listed))}; expected {what}")
        return [int(entry) for entry in listed]


def _layer(lines: _Lines, inputs: int, outputs: int, *, relu: bool) -> Layer:
    weight = [lines.numbers(f"{inputs} weights", inputs) for _ in range(outputs)]
    bias = [lines.numbers("one bias", 1)[0] for _ in range(outputs)]
    return Layer.of(weight, bias, relu=relu)


def _normalized(layers: list[Layer], means: list[Fraction], ranges: list[Fraction]) -> Network:
    """Return a network of inputs from which means are subtracted, and that are divided by ranges; its outputs have the reverse.

    Floats compute these operations one after the other.
    """
    (*shifts, mean), (*spans, span) = means, ranges
    x = Tensor.start((1, len(shifts))).plus(np.array(shifts, object), 1, -1).divided(np.array(spans, object))
    for layer in layers:
        x = dense(x, np.array(layer.weight.rows, object), np.array(layer.bias, object))
        x = x.relu() if all(layer.relu) else x
    x = x.times(np.array([span], object)).plus(np.array([mean], object))
    return x.graph.network(x.value)
