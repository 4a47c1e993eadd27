"""Networks from PyTorch modules.  Classes are recognized by name, so torch is imported only if the caller has imported it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from exactzones.errors import InputError, quoted
from exactzones.models.arrays import Array, finite
from exactzones.models.folding import folded, lifted
from exactzones.models.steps import settled
from exactzones.models.tensors import Tensor
from exactzones.models.torch_operators import FUNCTIONS, function
from exactzones.models.torch_operators.linear import normalize, statistics
from exactzones.models.torch_operators.operands import ConstantArgumentError
from exactzones.network import Network
from exactzones.rational import entries, index

_DTYPES = ("torch.float16", "torch.bfloat16", "torch.float32", "torch.float64")
_TRUSTED = ("torch", "_operator", "operator", "builtins", "math")


def from_torch(module: Any, input_shape: int | Sequence[int] | None = None) -> Network:
    """Read a ``torch.nn.Module`` of Linear, Conv, ReLU and other piecewise linear parts, in evaluation mode.

    A module with a ``forward`` method of its own is traced with ``torch.fx``: sums of branches, concatenation, slices, maxima
    and the like are followed.  Weights are read exactly as they are stored, with one exception: an irrational factor of a
    BatchNorm is replaced by the nearest 64-bit float, and recorded in the network's ``rationalizations``.  Of two Linear in a
    row, through which everything passes, the first remains a layer without ReLU.

    Args:
        module: neither it nor its parts may have forward hooks.
        input_shape: of one sample, without the batch, such as ``(3, 8, 8)``; 4 is (4,); by default the number of inputs of the
            first Linear.

    Raises:
        InputError: a part is not piecewise linear or not supported (the message gives its path and class), has forward
            hooks, or has weights that are not 16- to 64-bit floats in memory.
    """
    if isinstance(module, type) or not hasattr(module, "_forward_hooks"):
        raise InputError(f"module is {quoted(module)}; expected a torch.nn.Module: from_torch(module, input_shape)")
    shape = None if input_shape is None else _lengths(input_shape)
    with _evaluating(module):
        steps = _Steps(module)
        if shape is None:
            size = steps.first_size()
            if size is None:
                raise InputError(
                    "the module does not start with a Linear, so its number of inputs is not known; "
                    "pass input_shape=(..), the shape of one sample"
                )
            shape = (size,)
        result = steps.run(Tensor.start((1, *shape)))
    result = _without_steps(result)
    if not isinstance(result, Tensor):
        raise InputError(f"the module returns a {type(result).__name__}; one tensor that depends on the input is expected")
    return result.graph.network(result.value)


def _without_steps(result: Any) -> Any:
    try:
        return settled(result)
    except InputError as error:
        raise InputError(f"the module's result: {error}".replace("its input", "it")) from None


def _lengths(input_shape: Any) -> tuple[int, ...]:
    """Return the shape of one sample; one number is the length of a vector."""
    try:
        listed = entries(input_shape, "input_shape", "") if isinstance(input_shape, Sequence) else [input_shape]
        lengths = tuple(index(length, "length", least=1) for length in listed)
    except InputError:
        lengths = ()
    if not lengths:
        raise InputError(f"input_shape is {quoted(input_shape)}; expected the shape of one sample, such as (3, 8, 8) or 4")
    return lengths


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Put a module and its parts into evaluation mode, and restore their modes at the end."""
    parts = list(module.modules()) if hasattr(module, "modules") and hasattr(module, "training") else []
    modes = [part.training for part in parts]
    try:
        for part in parts:
            part.training = False
        yield
    finally:
        for part, mode in zip(parts, modes, strict=True):
            part.training = mode


def _kind(module: Any) -> str | None:
    """Return the class of torch.nn whose ``forward`` a module has, or None; a subclass that inherits it computes the same."""
    forward = getattr(type(module), "forward", None)
    if not getattr(forward, "__module__", "").startswith("torch.nn.modules."):
        return None
    return str(getattr(forward, "__qualname__", "")).removesuffix(".forward")


class _Steps:
    """The steps of a module's ``forward``.

    Attributes:
        module: the module.
        is_leaf: whether it is a single module of torch.nn, with a row in ``_LEAVES``.
        nodes: the nodes of its torch.fx graph, if it is not a leaf.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.nodes: list[Any] = []
        self.is_leaf = _kind(module) not in (None, "Sequential")
        for path, part in module.named_modules():
            if "forward" in vars(part) or part._forward_hooks or part._forward_pre_hooks:  # noqa: SLF001  not public
                raise InputError(
                    f"{_where(path)} has forward hooks or a replaced forward, which may change its result; remove them first"
                )
        if not self.is_leaf:
            self.nodes = self._traced()

    def _traced(self) -> list[Any]:
        fx = import_module("torch.fx")

        class Tracer(fx.Tracer):  # type: ignore[misc, name-defined]
            def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:  # noqa: ARG002  torch's arguments
                return _kind(m) not in (None, "Sequential")

        try:
            nodes = list(Tracer().trace(self.module).nodes)
        except Exception as error:  # noqa: BLE001  the module's own code may raise anything
            raise InputError(
                f"the module cannot be traced by torch.fx ({type(error).__name__}: {_first_line(error)}); "
                "its forward must not depend on the values of tensors"
            ) from None
        inputs = [node for node in nodes if node.op == "placeholder"]
        if len(inputs) != 1:
            raise InputError(f"the module takes {len(inputs)} inputs; one is expected")
        return nodes

    def first_size(self) -> int | None:
        """Return the number of inputs of the first Linear, or None if another part that needs a shape comes before it."""
        if self.is_leaf:
            return int(self.module.in_features) if _kind(self.module) == "Linear" else None
        for node in self.nodes:
            if node.op == "call_module":
                part = self.module.get_submodule(node.target)
                kind = _kind(part)
                if kind == "Linear":
                    return int(part.in_features)
                if kind == "_BatchNorm" and type(part).__name__ == "BatchNorm1d":
                    return int(part.num_features)
                if kind not in _SHAPELESS and kind in _LEAVES:
                    return None
            elif node.op == "call_function" and getattr(node.target, "__name__", "") == "linear":
                weight = node.args[1] if len(node.args) > 1 else node.kwargs.get("weight")
                if getattr(weight, "op", "") == "get_attr":
                    return int(_named(self.module, weight.target).shape[1])
        return None

    def run(self, start: Tensor) -> Any:
        """Return the module's result for an input."""
        if self.is_leaf:
            return _leaf(self.module, "", start)
        results: dict[Any, Any] = {}
        fx = import_module("torch.fx.node")
        for node in self.nodes:
            arguments, named = (fx.map_arg(part, results.__getitem__) for part in (node.args, node.kwargs))
            if node.op == "placeholder":
                results[node] = start
            elif node.op == "get_attr":
                results[node] = _array(_named(self.module, node.target), node.target)
            elif node.op == "output":
                return arguments[0]
            elif node.op == "call_module":
                results[node] = _leaf(self.module.get_submodule(node.target), node.target, *arguments, **named)
            else:
                results[node] = _call(node, arguments, named)
        raise InputError("the module returns nothing; one tensor that depends on the input is expected")


def _named(module: Any, target: str) -> Any:
    for name in target.split("."):
        module = getattr(module, name)
    return module


def _call(node: Any, arguments: Any, named: Any) -> Any:
    """Run a function or method."""
    name = node.target if node.op == "call_method" else getattr(node.target, "__name__", str(node.target))
    kind = "method" if node.op == "call_method" else "function"
    where = next(iter(reversed((node.meta.get("nn_module_stack") or {"": ("",)}).values())))[0]
    label = f"{kind} {name!r} in {_where(where)}"
    if node.op == "call_function" and (getattr(node.target, "__module__", None) or "torch").split(".")[0] not in _TRUSTED:
        raise InputError(f"{label} is not PyTorch's, so it is not supported; write it with functions of torch")
    try:
        known = {key: value for key, value in named.items() if key != "dtype" or name == "to"}
        return _computed(function(name), arguments, known)
    except InputError as error:
        raise InputError(f"{label}: {error}") from None
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise InputError(f"{label} is called in a way that is not supported: {_first_line(error)}") from None


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


def _depends_on_input(value: Any) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, (list, tuple)) and any(map(_depends_on_input, value)))


def _where(path: str) -> str:
    return f"module {path!r}" if path else "the module"


def _leaf(module: Any, path: str, *arguments: Any, **named: Any) -> Any:
    """Run a module of torch.nn."""
    kind = _kind(module)
    if kind is None or kind not in _LEAVES or len(arguments) != 1 or named:
        raise InputError(
            f"{_where(path)} is a {type(module).__module__}.{type(module).__name__}; supported are "
            f"{', '.join(name for name in _LEAVES if not name.startswith('_'))}, BatchNorm; "
            "a module that is not piecewise linear has no exact zones; if it is the last, leave it out"
        )
    try:
        return _LEAVES[kind](_ModuleArrays(module, path or "module"), arguments[0])
    except InputError as error:
        if str(error).startswith((f"{path}.", "module.")):
            raise
        raise InputError(f"{_where(path)} ({type(module).__name__}): {error}") from None


class _ModuleArrays:
    """A module whose attributes are those of torch's, with tensors as arrays."""

    def __init__(self, module: Any, path: str) -> None:
        self.module, self.path = module, path

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.module, name)
        return _array(value, f"{self.path}.{name}") if hasattr(value, "detach") else value


def _convolution(own: _ModuleArrays, x: Any) -> Tensor:
    if own.padding_mode != "zeros":
        raise InputError(f"padding_mode {own.padding_mode!r} is not supported; only 'zeros' is")
    options = {name: getattr(own, name) for name in ("stride", "padding", "dilation", "groups")}
    result: Tensor = FUNCTIONS["conv2d"](x, own.weight, own.bias, **options)
    return result


def _normalization(own: _ModuleArrays, x: Any) -> Tensor:
    known = statistics(own.running_mean, own.running_var, weight=own.weight, bias=own.bias, eps=own.eps)
    return normalize(x, known, own.path)


def _function(name: str, *options: str, **renamed: str) -> Callable[[_ModuleArrays, Any], Any]:
    """Return what a module does whose ``forward`` calls a function with some of the module's attributes.

    Args:
        name: of the function.
        options: parameters of the function that have the name of the attribute.
        renamed: parameter=attribute, where the names differ.
    """
    parameters = {option: option for option in options} | renamed
    return lambda own, x: FUNCTIONS[name](x, **{key: getattr(own, attribute) for key, attribute in parameters.items()})


_MAX = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVG = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

_LEAVES: dict[str, Callable[[_ModuleArrays, Any], Any]] = {
    "AdaptiveAvgPool1d": _function("adaptive_avg_pool1d", "output_size"),
    "AdaptiveAvgPool2d": _function("adaptive_avg_pool2d", "output_size"),
    "AvgPool1d": _function("avg_pool1d", *_AVG),
    "AvgPool2d": _function("avg_pool2d", *_AVG, "divisor_override"),
    "Conv1d": _convolution,
    "Conv2d": _convolution,
    "Dropout": lambda _, x: x,
    "Dropout1d": lambda _, x: x,
    "Dropout2d": lambda _, x: x,
    "Flatten": _function("flatten", "start_dim", "end_dim"),
    "Hardsigmoid": _function("hardsigmoid"),
    "Hardtanh": _function("hardtanh", "min_val", "max_val"),  # ReLU6, too
    "Identity": lambda _, x: x,
    "LeakyReLU": _function("leaky_relu", "negative_slope"),
    "Linear": _function("linear", "weight", "bias"),
    "MaxPool1d": _function("max_pool1d", *_MAX),
    "MaxPool2d": _function("max_pool2d", *_MAX),
    "PReLU": _function("prelu", "weight"),
    "ReLU": _function("relu"),
    "Softshrink": _function("softshrink", "lambd"),
    "Threshold": _function("threshold", "threshold", "value"),
    "Unflatten": _function("unflatten", "dim", "unflattened_size"),
    "_BatchNorm": _normalization,
    "_ConstantPadNd": _function("pad", "value", pad="padding"),
}
"""Class of torch.nn whose ``forward`` a module has, see ``_kind`` -> what the module does."""

_SHAPELESS = frozenset({
    "Dropout", "Flatten", "Hardsigmoid", "Hardtanh", "Identity", "LeakyReLU", "PReLU", "ReLU", "Softshrink", "Threshold",
})  # fmt: skip


def _array(tensor: Any, what: str) -> Array:
    if str(getattr(tensor, "dtype", "")) not in (*_DTYPES, "torch.int64", "torch.bool"):
        kind = getattr(tensor, "dtype", type(tensor).__name__)
        raise InputError(f"{what} has type {kind}; supported types are {', '.join(_DTYPES)}")
    try:
        array: Array = tensor.detach().cpu().double().numpy()
    except (RuntimeError, TypeError, ValueError) as error:  # not initialised, on the meta device, sparse
        raise InputError(f"{what} cannot be read as an array of numbers: {_first_line(error)}") from None
    return finite(array, what)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]
