"""Networks from PyTorch modules, which are recognised by name: torch itself is not needed here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exactzones.errors import InputError
from exactzones.formats.lowering import Lowering, exact_entries
from exactzones.network import Network
from exactzones.rational import Matrix

_TRANSPARENT = ("Identity", "Flatten", "Dropout")  # to one flattened sample, in evaluation mode
_SUPPORTED = ("Sequential", "Linear", "ReLU", *_TRANSPARENT)
_DTYPES = ("torch.float16", "torch.bfloat16", "torch.float32", "torch.float64")


def from_torch(module: Any) -> Network:
    """Read a ``torch.nn.Sequential`` (nested, if you like) of Linear, ReLU, Identity, Flatten and Dropout.

    Weights are taken exactly as they are stored.  Dropout does nothing, as in evaluation mode.  Two Linear in a row stay
    two layers.

    Raises:
        InputError: another module (the message gives its path and class), forward hooks, or weights that are not
            16- to 64-bit floats in memory.
    """
    leaves = list(_leaves(module, ""))
    inputs = next((leaf.in_features for _, kind, leaf in leaves if kind == "Linear"), None)
    if inputs is None:
        raise InputError("the module has no Linear, so its number of inputs is not known")
    chain = Lowering(inputs)
    for path, kind, leaf in leaves:
        if kind == "Linear":
            weight = Matrix.of(_array(leaf.weight, f"{path}.weight"), f"{path}.weight")
            chain.affine(weight, None if leaf.bias is None else exact_entries(_array(leaf.bias, f"{path}.bias"), f"{path}.bias"))
        elif kind == "ReLU":
            chain.relu()
    return chain.network()


def _leaves(module: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """Yield (path, kind, module) for everything that is not a Sequential, in order."""
    # What counts is the forward method: a subclass that keeps torch's own computes the same.
    forward = getattr(type(module), "forward", None)
    kind = getattr(forward, "__qualname__", "").removesuffix(".forward")
    where = f"module {path.removeprefix('.')!r}" if path else "the module"
    if kind not in _SUPPORTED or not getattr(forward, "__module__", "").startswith("torch.nn.modules."):
        raise InputError(f"{where} is a {type(module).__module__}.{type(module).__name__}; supported are {', '.join(_SUPPORTED)}")
    if "forward" in vars(module) or module._forward_hooks or module._forward_pre_hooks:  # noqa: SLF001  not public
        raise InputError(f"{where} has forward hooks, which may change what it computes; remove them first")
    if kind == "Sequential":
        for name, child in module._modules.items():  # noqa: SLF001  named_children skips a module that is there twice
            yield from _leaves(child, f"{path}.{name}")
    else:
        yield path.removeprefix(".") or "module", kind, module


def _array(tensor: Any, what: str) -> Any:
    if str(tensor.dtype) not in _DTYPES:
        raise InputError(f"{what} has type {tensor.dtype}; supported are {', '.join(_DTYPES)}")
    try:
        return tensor.detach().cpu().double().numpy()
    except (RuntimeError, TypeError, ValueError) as error:  # not initialised, on the meta device, sparse
        raise InputError(f"{what} holds no plain numbers: {str(error).splitlines()[0]}") from None
