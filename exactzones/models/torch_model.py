"""Networks from PyTorch modules.  Classes are recognized by name, so torch is imported only if the caller has imported it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

from exactzones.errors import InputError, one_of, quoted, shortened
from exactzones.models.tensors import Tensor
from exactzones.models.torch_calls import array_of, before_ends, called, first_line, named_part, place_of, recorded, result_of
from exactzones.models.torch_export import is_program, network_of_program
from exactzones.models.torch_operators import FUNCTIONS
from exactzones.models.torch_operators.linear import normalize, statistics
from exactzones.network import Network
from exactzones.rational import entries, index

_SIDES = ("output", "input")


def from_torch(
    module: Any, input_shape: int | Sequence[int] | None = None, *, layer: str | None = None, side: str = "output"
) -> Network:
    """Read a ``torch.nn.Module`` of Linear, Conv, ReLU and other piecewise linear parts, in evaluation mode.

    A module with a ``forward`` method of its own is traced with ``torch.fx``: sums of branches, concatenation, slices, maxima
    and the like are followed.  Weights are read exactly as they are stored, with one exception: an irrational factor of a
    BatchNorm is replaced by the nearest 64-bit float, and recorded in the network's ``rationalizations``.  Of two Linear in a
    row, through which everything passes, the first remains a layer without ReLU.  A module that ends with Softmax, LogSoftmax,
    Sigmoid or an argmax is read up to the values before it, see ``Network.output_ports``.

    Args:
        module: neither it nor its parts may have forward hooks; or a ``torch.export.ExportedProgram``.
        input_shape: of one sample, without the batch, such as ``(3, 8, 8)``; 4 is (4,); by default the number of inputs of the
            first Linear.
        layer: the name of a part, such as "blocks.3.mlp", at which the network ends; what comes after it may be anything.
        side: whether it ends at the part's "output" or at its "input"; of several tensors, at the first one.

    Raises:
        InputError: a part is not piecewise linear or not supported (the message gives its path and class), has forward
            hooks, or has weights that are not 16- to 64-bit floats in memory.
    """
    shape = None if input_shape is None else _lengths(input_shape)
    if layer is None and one_of(side, _SIDES, "side") == "input":
        raise InputError('side is "input", and there is no layer; name the one whose input is meant: layer="blocks.3.mlp"')
    if is_program(module) and layer is None:
        return network_of_program(module, shape)
    if isinstance(module, type) or not hasattr(module, "_forward_hooks"):
        raise InputError(f"module is {quoted(module)}; expected a torch.nn.Module: from_torch(module, input_shape)")
    with evaluating(module):
        steps = _Steps(module, None if layer is None else Place.of(module, layer, side))
        if shape is None:
            size = steps.first_size()
            if size is None:
                raise InputError(
                    "the module does not start with a Linear, so its number of inputs is not known; "
                    "pass input_shape=(..), the shape of one sample"
                )
            shape = (size,)
        return steps.network(Tensor.start((1, *shape)))


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
def evaluating(module: Any) -> Iterator[None]:
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


class Place(NamedTuple):
    """A part of a module, and the side of it at which the network ends."""

    part: Any
    name: str
    side: str

    @classmethod
    def of(cls, module: Any, name: Any, side: Any) -> Place:
        """Return a part by its name."""
        end = one_of(side, _SIDES, "side")
        parts = dict(module.named_modules()) if hasattr(module, "named_modules") else {}
        if not isinstance(name, str) or not name or name not in parts:
            raise InputError(f"layer is {quoted(name)}; expected one of {shortened(', '.join(filter(None, parts)))}")
        return cls(parts[name], name, end)

    def called_again(self) -> InputError:
        """Return the error that the part does not have a single value: the model calls it several times."""
        return InputError(
            f"layer {self.name!r} is called several times when the model runs, so it has several values; name a part that is "
            'called once, or, with side="input", the one that reads the value'
        )


def first_of(value: Any) -> Any:
    """Return the first of several values, or the only one."""
    return value[0] if isinstance(value, (tuple, list)) and value else value


class _Steps:
    """The steps of a module's ``forward``.

    Attributes:
        module: the module.
        end: where the network ends; None if it is the whole module.
        is_leaf: whether it is a single module of torch.nn, with a row in ``_LEAVES``.
        nodes: the nodes of its torch.fx graph, if it is not a leaf: with an end, those that the value there depends on.
    """

    def __init__(self, module: Any, end: Place | None = None) -> None:
        self.module, self.end = module, end
        self.nodes: list[Any] = []
        self.is_leaf = _kind(module) not in (None, "Sequential")
        for path, part in module.named_modules():
            if "forward" in vars(part) or part._forward_hooks or part._forward_pre_hooks:  # noqa: SLF001  not public
                raise InputError(
                    f"{place_of(path)} has forward hooks or a replaced forward, which may change its result; remove them first"
                )
        if not self.is_leaf:
            self.nodes = self._traced()

    def _traced(self) -> list[Any]:
        end, reached = self.end, list[Any]()
        nodes: list[Any] = []
        try:
            nodes = list(_tracer(end, reached).trace(self.module).nodes)
        except InputError:  # the end is called again
            raise
        except Exception as error:  # noqa: BLE001  the module's own code may raise anything
            if not reached:  # what comes after the end need not be traceable
                raise InputError(
                    f"the module cannot be traced by torch.fx ({type(error).__name__}: {first_line(error)}); "
                    "its forward must not depend on the values of tensors"
                ) from None
        if reached:
            nodes = _up_to(getattr(reached[0], "node", None))
        inputs = [node for node in nodes if node.op == "placeholder"]
        if len(inputs) != 1:
            raise InputError(f"the module takes {len(inputs)} inputs; one is expected")
        if end is not None and nodes[-1].op == "output":
            raise InputError(
                f"{place_of(end.name)} is not called when the module runs, or by a module of torch.nn; name another layer"
            )
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
                    return int(named_part(self.module, weight.target).shape[1])
        return None

    def _name_of(self, node: Any) -> str:
        if node.op == "call_module":
            return _kind(self.module.get_submodule(node.target)) or ""
        return str(getattr(node.target, "__name__", node.target))

    def network(self, start: Tensor) -> Network:
        """Return the network that computes the module's result for an input."""
        if self.is_leaf:
            return result_of(_leaf(self.module, "", start))
        results: dict[Any, Any] = {}
        fx = import_module("torch.fx.node")
        last, left_out = before_ends(self.nodes[-1], self._name_of) if self.end is None else (self.nodes[-1], "")
        for node in self.nodes:
            if node.op == "output":
                return result_of(fx.map_arg(last, results.__getitem__), left_out)
            arguments, named = (fx.map_arg(part, results.__getitem__) for part in (node.args, node.kwargs))
            if node.op == "placeholder":
                results[node] = start
            elif node.op == "get_attr":
                results[node] = array_of(named_part(self.module, node.target), node.target)
            elif node.op == "call_module":
                results[node] = _leaf(self.module.get_submodule(node.target), node.target, *arguments, **named)
            else:
                results[node] = recorded(called(node, arguments, named), start)
            if node is last:  # what comes after it is left out
                return result_of(results[node], left_out)
        raise InputError("the module returns nothing; one tensor that depends on the input is expected")


def _tracer(end: Place | None, reached: list[Any]) -> Any:
    """Return a tracer of torch.fx for which the modules of ``_LEAVES`` are single steps.

    Args:
        end: a part; if it is called again, tracing ends with an InputError.
        reached: the value there is put into this list.
    """
    fx = import_module("torch.fx")

    class Tracer(fx.Tracer):  # type: ignore[misc, name-defined]
        def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:  # noqa: ARG002  torch's arguments
            return _kind(m) not in (None, "Sequential")

        def call_module(self, m: Any, forward: Any, args: Any, kwargs: Any) -> Any:
            if all(part is not m for part in self.root.modules()):  # made in a forward, as in nn.ReLU()(x)
                return forward(*args, **kwargs)
            if end is None or m is not end.part:
                return super().call_module(m, forward, args, kwargs)
            if reached:
                raise end.called_again()
            if end.side == "input":
                reached.append(first_of(args or (*kwargs.values(),)))
            given = super().call_module(m, forward, args, kwargs)
            if end.side == "output":
                reached.append(first_of(given))
            return given

    return Tracer()


def _up_to(last: Any) -> list[Any]:
    """Return the nodes of a graph that a node depends on, in their order, the node itself at the end."""
    if last is None:
        raise InputError("the layer does not give a tensor that depends on the input; name another layer")
    needed, waiting = {last}, [last]
    while waiting:
        new = set(waiting.pop().all_input_nodes) - needed
        needed |= new
        waiting += new
    return [node for node in last.graph.nodes if node in needed or node.op == "placeholder"]


def _leaf(module: Any, path: str, *arguments: Any, **named: Any) -> Any:
    """Run a module of torch.nn."""
    kind = _kind(module)
    if kind is None or kind not in _LEAVES or len(arguments) != 1 or named:
        raise InputError(
            f"{place_of(path)} is a {type(module).__module__}.{type(module).__name__}, which is not piecewise linear, or not "
            f"supported; exactzones/models/README.md lists what is supported{_ending_before(path)}"
        )
    try:
        return _LEAVES[kind](_ModuleArrays(module, path or "module"), arguments[0])
    except InputError as error:
        if str(error).startswith((f"{path}.", "module.")):
            raise
        raise InputError(f"{place_of(path)} ({type(module).__name__}): {error}") from None


def _ending_before(path: str) -> str:
    """Say how a network ends before a part that is refused."""
    return f'; to end the network before it, write from_torch(model, layer={path!r}, side="input")' if path else ""


class _ModuleArrays:
    """A module whose attributes are those of torch's, with tensors as arrays."""

    def __init__(self, module: Any, path: str) -> None:
        self.module, self.path = module, path

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.module, name)
        return array_of(value, f"{self.path}.{name}") if hasattr(value, "detach") else value


def _convolution(own: _ModuleArrays, x: Any) -> Tensor:
    options = {name: getattr(own, name) for name in ("stride", "padding", "dilation", "groups")}
    if own.padding_mode != "zeros":
        x, options["padding"] = FUNCTIONS["pad"](x, own._reversed_padding_repeated_twice, own.padding_mode), 0  # noqa: SLF001
    result: Tensor = FUNCTIONS["conv2d"](x, own.weight, own.bias, **options)
    return result


def _transposed_convolution(own: _ModuleArrays, x: Any) -> Any:
    options = {name: getattr(own, name) for name in ("stride", "padding", "output_padding", "groups", "dilation")}
    return FUNCTIONS["conv_transpose2d"](x, own.weight, own.bias, **options)


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
    "ConvTranspose1d": _transposed_convolution,
    "ConvTranspose2d": _transposed_convolution,
    "Dropout": lambda _, x: x,
    "Dropout1d": lambda _, x: x,
    "Dropout2d": lambda _, x: x,
    "Flatten": _function("flatten", "start_dim", "end_dim"),
    "Hardsigmoid": _function("hardsigmoid"),
    "Hardtanh": _function("hardtanh", "min_val", "max_val"),  # ReLU6, too
    "Identity": lambda _, x: x,
    "RReLU": _function("rrelu", "lower", "upper"),
    "LeakyReLU": _function("leaky_relu", "negative_slope"),
    "Linear": _function("linear", "weight", "bias"),
    "MaxPool1d": _function("max_pool1d", *_MAX),
    "MaxPool2d": _function("max_pool2d", *_MAX),
    "PReLU": _function("prelu", "weight"),
    "PixelShuffle": _function("pixel_shuffle", "upscale_factor"),
    "PixelUnshuffle": _function("pixel_unshuffle", "downscale_factor"),
    "ReLU": _function("relu"),
    "Softshrink": _function("softshrink", "lambd"),
    "Threshold": _function("threshold", "threshold", "value"),
    "Unflatten": _function("unflatten", "dim", "unflattened_size"),
    "Upsample": _function("interpolate", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"),
    "_BatchNorm": _normalization,
    "_CircularPadNd": lambda own, x: FUNCTIONS["pad"](x, own.padding, "circular"),
    "_ConstantPadNd": _function("pad", "value", pad="padding"),
    "_ReflectionPadNd": lambda own, x: FUNCTIONS["pad"](x, own.padding, "reflect"),
    "_ReplicationPadNd": lambda own, x: FUNCTIONS["pad"](x, own.padding, "replicate"),
}
"""Class of torch.nn whose ``forward`` a module has, see ``_kind`` -> what the module does."""

_SHAPELESS = frozenset({
    "Dropout", "Flatten", "Hardsigmoid", "Hardtanh", "Identity", "LeakyReLU", "PReLU", "ReLU", "Softshrink", "Threshold",
})  # fmt: skip
