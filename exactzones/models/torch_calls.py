"""Calls of PyTorch's functions and methods in a traced graph, and tensors as arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.errors import InputError
from exactzones.models.arrays import Array, finite
from exactzones.models.folding import folded, lifted
from exactzones.models.steps import output_of
from exactzones.models.tensors import Tensor, concatenated
from exactzones.models.torch_operators import function
from exactzones.models.torch_operators.operands import ConstantArgumentError
from exactzones.network import Network, Port

_DTYPES = ("torch.float16", "torch.bfloat16", "torch.float32", "torch.float64")
_TRUSTED = ("torch", "_operator", "operator", "builtins", "math")
_ENDS = {
    "softmax": "Softmax",
    "Softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "LogSoftmax": "LogSoftmax",
    "sigmoid": "Sigmoid",
    "Sigmoid": "Sigmoid",
    "argmax": "ArgMax",
}


def called(node: Any, arguments: Any, named: Any) -> Any:
    """Run a function or method."""
    name = node.target if node.op == "call_method" else getattr(node.target, "__name__", str(node.target))
    kind = "method" if node.op == "call_method" else "function"
    where = next(iter(reversed((node.meta.get("nn_module_stack") or {"": ("",)}).values())))[0]
    label = f"{kind} {name!r} in {place_of(where)}"
    if node.op == "call_function" and (getattr(node.target, "__module__", None) or "torch").split(".")[0] not in _TRUSTED:
        raise InputError(f"{label} is not PyTorch's, so it is not supported; write it with functions of torch")
    known = {key: value for key, value in named.items() if key != "dtype" or name == "to"}
    return run(name, arguments, known, label)


def run(compute: Callable[..., Any] | str, arguments: Any, named: Any, label: str) -> Any:
    """Return what a function of tensors and arrays, or one of PyTorch by name, gives; errors begin with a label.

    Raises:
        InputError: the function is called in a way that is not supported.
    """
    try:
        return _computed(function(compute) if isinstance(compute, str) else compute, arguments, named)
    except InputError as error:
        raise InputError(f"{label}: {error}") from None
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise InputError(f"{label} is called in a way that is not supported: {first_line(error)}") from None


def _computed(compute: Callable[..., Any], arguments: Any, named: Any) -> Any:
    """Return a function's result; of constants, a constant."""
    try:
        return compute(*arguments, **named)
    except ConstantArgumentError:
        first, *others = arguments or [None]
        if not isinstance(first, np.ndarray) or _depends_on_input([*others, *named.values()]):
            raise
    result = compute(lifted(first), *others, **named)
    return folded(result) if isinstance(result, Tensor) and not result.graph.rationalizations else result


def recorded(result: Any, start: Tensor) -> Any:
    """Return a result; of a constant that is not exact, the record goes to the graph of the network's input."""
    if not isinstance(result, Tensor) or result.graph is start.graph:
        return result
    start.graph.rationalizations += result.graph.rationalizations
    return folded(result)


def _depends_on_input(value: Any) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, (list, tuple)) and any(map(_depends_on_input, value)))


def result_of(value: Any, before: str = "") -> Network:
    """Return the network whose features are the entries of what a module returns: of several tensors, one after the other.

    Args:
        value: the result.
        before: what the module applies to these entries, and is left out; see ``Port``.

    Raises:
        InputError: it is not a tensor that depends on the input, or several, or it jumps.
    """
    values = list(value) if type(value) in (tuple, list) and len(value) > 1 else [value]
    parts, ports, first = [], [], 0
    for k, each in enumerate(values):
        part, left_out = _settled_result(each, before)
        ports.append(Port(f"output{k}" if len(values) > 1 else "output", tuple(part.shape), first, left_out))
        first += ports[-1].size
        parts.append(part)
    joined = parts[0] if len(parts) == 1 else concatenated([part.reshaped((part.value.size,)) for part in parts], 0)
    network = joined.graph.network(joined.value)
    return Network(network.layers, network.rationalizations, (), tuple(ports))


def _settled_result(value: Any, before: str) -> tuple[Tensor, str]:
    """Return what is read of a result, and what the module applies to it."""
    try:
        result, left_out = output_of(value, before)
    except InputError as error:
        raise InputError(f"the module's result: {error}".replace("its input", "it")) from None
    if not isinstance(result, Tensor):
        raise InputError(f"the module returns a {type(result).__name__}; a tensor that depends on the input is expected")
    return result, left_out


def before_ends(output: Any, name_of: Callable[[Any], str]) -> tuple[Any, str]:
    """Return the node whose values a traced graph returns, before Softmax and the like, and what these are.

    Args:
        output: the graph's node of this kind.
        name_of: returns the name of a node's function or class.
    """
    (node,) = output.args
    left_out: list[str] = []
    if isinstance(node, tuple) and len(node) == 1:
        (node,) = node
    while getattr(node, "args", ()) and name_of(node) in _ENDS:
        left_out.insert(0, _ENDS[name_of(node)])
        node = node.args[0]
    return node, ", ".join(left_out)


def place_of(path: str) -> str:
    """Return how messages name a part of a module."""
    return f"module {path!r}" if path else "the module"


def named_part(module: Any, target: str) -> Any:
    """Return a part of a module, or a tensor in it, by its path."""
    for name in target.split("."):
        module = getattr(module, name)
    return module


def array_of(tensor: Any, what: str) -> Array:
    """Return a tensor of PyTorch as an array.

    Raises:
        InputError: it has another type than those of floats, integers and truth values, or has no data; the message calls it
            ``what``.
    """
    if str(getattr(tensor, "dtype", "")) not in (*_DTYPES, "torch.int64", "torch.bool"):
        kind = getattr(tensor, "dtype", type(tensor).__name__)
        raise InputError(f"{what} has type {kind}; supported types are {', '.join(_DTYPES)}")
    try:
        array: Array = tensor.detach().cpu().double().numpy()
    except (RuntimeError, TypeError, ValueError) as error:  # not initialised, on the meta device, sparse
        raise InputError(f"{what} cannot be read as an array of numbers: {first_line(error)}") from None
    return finite(array, what)


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).splitlines() or [""])[0]
