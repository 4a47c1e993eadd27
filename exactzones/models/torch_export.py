"""Networks from ``torch.export.ExportedProgram``: its graph of ATen operators, which have the names of PyTorch's functions."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from exactzones.errors import InputError
from exactzones.models.arrays import Shape
from exactzones.models.tensors import Tensor
from exactzones.models.torch_calls import array_of, before_ends, recorded, result_of, run
from exactzones.models.torch_operators import FUNCTIONS, function
from exactzones.network import Network

_CHECKS = ("_assert_tensor_metadata",)
"""Operators that compute nothing: the exporter has them check what it assumes."""
_OPTIONS = ("device", "dtype", "layout", "memory_format", "non_blocking", "pin_memory")


def is_program(value: Any) -> bool:
    """Whether a value is an ExportedProgram."""
    return type(value).__name__ == "ExportedProgram" and hasattr(value, "graph_signature")


def network_of_program(program: Any, shape: Shape | None) -> Network:
    """Read an exported program, which must have been exported in evaluation mode.

    Args:
        program: an ExportedProgram.
        shape: of one sample, or None for what the program says.

    Raises:
        InputError: an operator is not piecewise linear or not supported, or there is not one input of a fixed shape.
    """
    simpler = _decomposed(program)
    try:
        return _network(simpler, shape)
    except InputError:
        if simpler is program:
            raise
        return _network(program, shape)  # whose operators have the names of the module's


def _network(program: Any, shape: Shape | None) -> Network:
    nodes = list(program.graph.nodes)
    results, fx = _constants(program), import_module("torch.fx.node")
    last, left_out = before_ends(nodes[-1], lambda node: _name(node.target))
    for node in nodes:
        if node.op == "output":
            break
        if node.op == "placeholder" and node not in results:
            start = results[node] = Tensor.start(_input_shape(node, shape))
        elif node.op == "call_function":
            arguments, named = (fx.map_arg(part, results.__getitem__) for part in (node.args, node.kwargs))
            results[node] = recorded(_call(node, arguments, named), start)
        if node is last:  # what comes after it is left out
            break
    return result_of(fx.map_arg(last, results.__getitem__), left_out)


def _decomposed(program: Any) -> Any:
    """Return a program in which PyTorch replaced operators that are not read by simpler ones, as far as it can."""
    unknown = {node.target for node in program.graph.nodes if node.op == "call_function" and not _is_known(_name(node.target))}
    if not unknown:
        return program
    table = import_module("torch.export").default_decompositions()
    chosen = {operator: table[operator] for operator in unknown if operator in table}
    return program.run_decompositions(chosen) if chosen else program


def _is_known(name: str) -> bool:
    try:
        return name in _CHECKS or name in _ATEN or bool(function(name))
    except InputError:
        return False


def _constants(program: Any) -> dict[Any, Any]:
    """Return the parameters and other constants of a program, by node."""
    by_name = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    constants, inputs = {}, 0
    for spec in program.graph_signature.input_specs:
        if spec.kind.name == "USER_INPUT":
            inputs += 1
            continue
        value = program.state_dict.get(spec.target, program.constants.get(spec.target))
        constants[by_name[spec.arg.name]] = array_of(value, spec.target) if hasattr(value, "detach") else value
    if inputs != 1:
        raise InputError(f"the program takes {inputs} inputs; one is expected")
    return constants


def _input_shape(node: Any, shape: Shape | None) -> Shape:
    known = getattr(node.meta.get("val"), "shape", None)
    if known is None:
        raise InputError("the program's input is not a tensor; one tensor is expected")
    lengths = [length if isinstance(length, int) else 0 for length in known]
    if len(lengths) > 1 and not lengths[0]:
        lengths[0] = 1
    if shape is not None and len(shape) == len(lengths) - 1:
        lengths[1:] = [own or new for own, new in zip(lengths[1:], shape, strict=True)]
    if min(lengths, default=0) < 1 or shape not in (None, tuple(lengths[1:])):
        raise InputError(
            f"the program's input has shape ({', '.join(map(str, known))}); pass input_shape=(..), the shape of one sample that "
            "fits it, without the first axis"
        )
    return tuple(lengths)


def _name(target: Any) -> str:
    """Return the name of an operator without its overload: "add" for ``aten.add.Tensor``."""
    name = str(getattr(target, "__name__", target)).split(".")[0]
    return {"_softmax": "softmax", "_log_softmax": "log_softmax"}.get(name, name)


def _call(node: Any, arguments: Any, named: Any) -> Any:
    name = _name(node.target)
    if name in _CHECKS:
        return None
    known = {key: value for key, value in named.items() if key not in _OPTIONS}
    if name in ("to", "_to_copy"):
        known = {key: value for key, value in named.items() if key == "dtype"}
    return run(_ATEN.get(name, name), arguments, known, f"operator {node.target}")


def _batch_norm(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, *options: Any) -> Any:
    """Return ``batch_norm``, whose parameters have another order."""
    training, _, epsilon = options[:3]
    return FUNCTIONS["batch_norm"](x, mean, variance, weight=weight, bias=bias, training=training, eps=epsilon)


def _batch_norm_of_core(x: Any, weight: Any, bias: Any, mean: Any, variance: Any, _: Any, epsilon: Any) -> Any:
    return (_batch_norm(x, weight, bias, mean, variance, False, 0, epsilon),)


def _convolution(x: Any, weight: Any, bias: Any, *options: Any) -> Any:
    stride, padding, dilation, transposed, output_padding, groups = options
    if transposed:
        return FUNCTIONS["conv_transpose2d"](x, weight, bias, stride, padding, output_padding, groups, dilation)
    return FUNCTIONS["conv2d"](x, weight, bias, stride, padding, dilation, groups)


def _weight_norm(direction: Any, magnitude: Any, dim: int = 0) -> Any:
    """Return the weight that is in effect, as PyTorch rounds it: ``magnitude direction / |direction|`` in 32-bit floats."""
    torch = import_module("torch")
    parts = (torch.from_numpy(np.asarray(part, np.float32)) for part in (direction, magnitude))
    return array_of(torch.ops.aten._weight_norm(*parts, dim), "a weight")  # noqa: SLF001  an operator


def _slice(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    index: list[Any] = [slice(None)] * len(x.shape)
    index[dim] = slice(start, end, step)
    return FUNCTIONS["getitem"](x, tuple(index))


def _indexed(x: Any, indices: Any) -> Any:
    return FUNCTIONS["getitem"](x, tuple(slice(None) if index is None else index for index in indices))


def _upsampled(x: Any, size: Any, *options: Any) -> Any:
    """Return ``interpolate``; linear modes have an option ``align_corners`` before the factors."""
    *corners, factors = options
    return FUNCTIONS["interpolate"](x, size, factors, "linear" if corners else "nearest", *corners)


_ATEN: dict[str, Callable[..., Any]] = {
    "_native_batch_norm_legit_no_training": _batch_norm_of_core,
    "_to_copy": FUNCTIONS["to"],
    "_unsafe_view": FUNCTIONS["reshape"],
    "_weight_norm": _weight_norm,
    "alias": FUNCTIONS["detach"],
    "batch_norm": _batch_norm,
    "bmm": FUNCTIONS["matmul"],
    "clone": FUNCTIONS["detach"],
    "constant_pad_nd": lambda x, pad, value=0: FUNCTIONS["pad"](x, pad, "constant", value),
    "convolution": _convolution,
    "index": _indexed,
    "lift_fresh_copy": FUNCTIONS["detach"],
    "numpy_T": lambda x: FUNCTIONS["getattr"](x, "T"),
    "scalar_tensor": lambda value, **_: np.array(float(value)),
    "slice": _slice,
    "split_with_sizes": FUNCTIONS["split"],
    "upsample_bicubic2d": lambda x, size, corners, factors: FUNCTIONS["interpolate"](x, size, factors, "bicubic", corners),
    "upsample_bilinear2d": _upsampled,
    "upsample_linear1d": _upsampled,
    "upsample_nearest1d": _upsampled,
    "upsample_nearest2d": _upsampled,
    "upsample_nearest3d": _upsampled,
    "upsample_trilinear3d": _upsampled,
}
"""Operators that no function of PyTorch has the name and the parameters of."""
