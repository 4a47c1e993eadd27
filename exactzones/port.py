"""The tensors of a model among the inputs and the features of the network that was read from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exactzones.errors import FeatureError
from exactzones.rational import index

JUMP = "JumpReLU"
"""What a model whose output jumps applies to the features that are read: they are positive exactly where the output is."""


@dataclass(frozen=True, slots=True)
class Port:
    """A tensor among the inputs or the outputs of the model that a network was read from.

    Attributes:
        name: in the model.
        shape: of the tensor, whose entries follow each other in row-major order.
        first: the place of its first entry among the network's inputs or features.
        before: of an output, what the model applies to these entries and the network leaves out, such as "Softmax"; else "".
    """

    name: str
    shape: tuple[int, ...]
    first: int
    before: str = ""

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)

    def place(self, *indices: int) -> int:
        """Return the place of an entry among the network's inputs or features.

        Args:
            indices: nothing if there is one entry; one number in row-major order; or one index for each axis, where leading axes
                of length 1, such as the batch, may be left out.

        Raises:
            FeatureError: there is no such entry.

        >>> port = Port("logits", (1, 2, 3), first=4)
        >>> port.place(5), port.place(1, 2), port.place(0, 1, 2)
        (9, 9, 9)
        """
        numbers = [index(each, f"index of {self.name!r}") for each in indices]
        lengths = (self.size,) if len(numbers) == 1 else self.shape[max(0, len(self.shape) - len(numbers)) :]
        fits = len(numbers) == len(lengths) and math.prod(lengths) == self.size
        if not fits or any(number >= length for number, length in zip(numbers, lengths, strict=True)):
            raise FeatureError(
                f"{self.name}[{', '.join(map(str, numbers))}] is not an entry of {self.name!r}, which has shape {self.shape}; "
                f"expected one number below {self.size}, or one index for each axis"
            )
        place = 0
        for number, length in zip(numbers, lengths, strict=True):
            place = place * length + number
        return self.first + place
