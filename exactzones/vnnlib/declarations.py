"""What a VNN-LIB file declares: networks, with their input, hidden and output tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from exactzones.errors import FormatError
from exactzones.network import Network
from exactzones.vnnlib.product import joined, side_by_side

LoadNetwork: TypeAlias = Callable[[str, str | None], Network]
"""Returns the network of this name; with a second name, the network that ends at the tensor of this name in the model."""

FLOATS = frozenset({"bfloat16", "float16", "float32", "float64", "float", "double"})
"""Element types, in lower case, whose numbers are rounded."""


@dataclass(frozen=True, slots=True)
class DeclaredTensor:
    """A tensor of real numbers.

    Attributes:
        name: in the file.
        type: such as "real" or "float32".
        shape: () is a scalar.
        role: "input", "hidden" or "output".
        node: the name of a hidden tensor in the model; "" for other tensors.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    role: str
    node: str = ""

    @property
    def size(self) -> int:
        """The number of entries."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class DeclaredNetwork:
    """A network and its tensors.

    Attributes:
        name: in the file; "" in VNN-LIB 1.0, which has a single network.
        tensors: in the order of the file.
        equal_to: the name of the network that it is equal to; "" if there is none.
        isomorphic_to: the name of the network that it has the shape of; "" if there is none.
    """

    name: str
    tensors: tuple[DeclaredTensor, ...]
    equal_to: str = ""
    isomorphic_to: str = ""

    @property
    def source(self) -> str:
        """The name of the network whose model it is."""
        return self.equal_to or self.name

    def of_role(self, role: str) -> tuple[DeclaredTensor, ...]:
        """Return the tensors that are "input", "hidden" or "output"."""
        return tuple(tensor for tensor in self.tensors if tensor.role == role)

    @property
    def values(self) -> tuple[DeclaredTensor, ...]:
        """The tensors that the network computes: its outputs, then its hidden tensors."""
        return (*self.of_role("output"), *self.of_role("hidden"))

    def read(self, load: LoadNetwork) -> Network:
        """Return the network from its inputs to ``values``.

        Raises:
            FormatError: the network has other numbers of inputs, outputs or hidden values than are declared.
        """
        networks = [load(self.source, None), *(load(self.source, tensor.node) for tensor in self.of_role("hidden"))]
        self._match("inputs", self.of_role("input"), networks[0].inputs)
        self._match("outputs", self.of_role("output"), networks[0].widths[-1])
        for tensor, network in zip(self.of_role("hidden"), networks[1:], strict=True):
            self._match(f"values of the tensor {tensor.node!r}", [tensor], network.widths[-1])
            self._match(f"inputs on which {tensor.node!r} depends", self.of_role("input"), network.inputs)
        left_out = next((port.before for network in networks for port in network.output_ports if port.before), "")
        if left_out:  # conditions are about the model's outputs, but the network's are the values before these operators
            raise FormatError(
                f"the model ends with {left_out}, so its outputs are not piecewise linear; export it without, or state "
                "the property with --where, which is about the values before"
            )
        return joined(networks)

    def _match(self, what: str, tensors: Sequence[DeclaredTensor], expected: int) -> None:
        declared = sum(tensor.size for tensor in tensors)
        if declared != expected:
            names = ", ".join(f"{tensor.name} [{','.join(map(str, tensor.shape))}]" for tensor in tensors)
            of_network = f" of network {self.name}" if self.name else ""
            raise FormatError(
                f"{declared} {what}{of_network} are declared ({names}); the network has {expected}, so {expected} are expected"
            )


def product_of(networks: Iterable[DeclaredNetwork], load: LoadNetwork) -> Network:
    """Return the networks side by side: from all inputs to the ``values`` of all networks, in the order of the file.

    Raises:
        FormatError: a network does not fit its declaration.
    """
    return side_by_side([network.read(load) for network in networks])
