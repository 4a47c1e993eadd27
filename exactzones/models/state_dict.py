"""Weights without an architecture: safetensors files, PyTorch state dicts, Flax parameter trees.

They are read by one rule: the weights are those of linear layers, in the order of the numbers in their names, with a ReLU between
two layers and none after the last.  Weights that do not fit the rule are refused.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.errors import FormatError, InputError
from exactzones.files import MAX_WEIGHTS, naming, read_bytes
from exactzones.models.arrays import Array, finite
from exactzones.models.tensors import Tensor, dense
from exactzones.network import Network

_RULE = (
    "a state dict is read as linear layers with ReLU between: <name><number>.weight of shape (outputs, inputs) and "
    "<name><number>.bias, in the order of the numbers; for another architecture build the module and use from_torch, or "
    "export it to ONNX"
)
_NAME = re.compile(r"((?:.*?[^0-9])?)([0-9]+)\.(weight|bias)")
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_NESTED = ("state_dict", "model_state_dict", "model")


def load_safetensors(path: str | Path) -> Network:
    """Read linear layers with ReLUs between them from a safetensors file; see ``network_of_weights`` for the rule.

    Raises:
        FormatError: the file is not a safetensors file, or its weights do not fit the rule.
        InputError: the file cannot be read, or the package safetensors is not installed.
    """
    entries = safetensors_entries(path)
    with naming(path):
        return network_of_weights({name: plain(entry, name) for name, entry in entries.items()})


def safetensors_entries(path: str | Path) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a safetensors file by name; ``plain`` makes an array of one.

    Raises:
        FormatError: the file is not a safetensors file.
        InputError: the file cannot be read, or the package safetensors is not installed.
    """
    try:
        library = import_module("safetensors")
    except ImportError:
        raise InputError("safetensors files need the package safetensors: pip install exactzones[safetensors]") from None
    with naming(path):
        data = read_bytes(path)
        try:
            return dict(library.deserialize(data))
        except Exception as error:  # noqa: BLE001  the library's error class, from a package without types
            raise FormatError(f"the file is not a safetensors file, or is cut short: {error}") from None


def load_state_dict(path: str | Path) -> Network:
    """Read linear layers with ReLUs between them from a file of torch.save; see ``network_of_weights`` for the rule.

    Only tensors are loaded, no pickled code.

    Raises:
        FormatError: torch.save did not write the file, it holds other objects, or its weights do not fit the rule.
        InputError: the file cannot be read, or PyTorch is not installed.
    """
    content = saved_content(path)
    with naming(path):
        while (inner := nested(content)) is not None:
            content = inner
        if not isinstance(content, Mapping) or not all(hasattr(value, "detach") for value in content.values()):
            raise FormatError(f"the file does not hold a dict of tensors; {_RULE}")
        return network_of_weights({str(name): _of_tensor(value, str(name)) for name, value in content.items()})


def saved_content(path: str | Path) -> Any:
    """Return what a file of torch.save holds; pickled code is never run.

    Raises:
        FormatError: torch.save did not write the file, or it holds objects that are not plain.
        InputError: the file cannot be read, or PyTorch is not installed.
    """
    try:
        torch = import_module("torch")
    except ImportError:
        raise InputError(
            "PyTorch files need the package torch; or save the weights as .safetensors, or the model as .onnx"
        ) from None
    with naming(path):
        data = read_bytes(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001  a dozen classes, with messages that advise to load code
            raise FormatError(
                "the file is not a state dict that torch.save wrote; whole modules are pickled code, which is never run: "
                "save module.state_dict(), or build the module and use from_torch"
            ) from None


def nested(content: Any) -> Mapping[str, Any] | None:
    """Return the state dict that a checkpoint has as an entry, or a dict on the way to it; None if there is none."""
    found = [content.get(name) for name in _NESTED] if isinstance(content, Mapping) else []
    return next((inner for inner in found if isinstance(inner, Mapping)), None)


def from_flax(parameters: Any) -> Network:
    """Read the parameter tree of Flax Dense layers with ReLUs between them: ``{"Dense_0": {"kernel": .., "bias": ..}, ..}``.

    Args:
        parameters: a kernel has shape (inputs, outputs); an outer ``{"params": ..}`` is allowed.

    Raises:
        InputError: the tree does not fit the rule of ``network_of_weights``.

    >>> net = from_flax({"Dense_0": {"kernel": np.eye(2)}, "Dense_1": {"kernel": np.array([[1.0], [2.0]])}})
    >>> net.widths
    (2, 1)
    """
    tree = parameters["params"] if isinstance(parameters, Mapping) and set(parameters) == {"params"} else parameters
    if not isinstance(tree, Mapping) or not all(isinstance(layer, Mapping) for layer in tree.values()):
        raise InputError('the parameters are not a tree of layers; {"Dense_0": {"kernel": .., "bias": ..}, ..} is expected')
    weights = {}
    for name, layer in tree.items():
        for part, value in layer.items():
            if part not in ("kernel", "bias"):
                raise InputError(f"{name}.{part} is neither kernel nor bias; {_RULE}")
            array = np.asarray(value)
            weights[f"{name}.{'weight' if part == 'kernel' else part}"] = array.T if part == "kernel" else array
    return network_of_weights(weights)


def network_of_weights(weights: Mapping[str, Array]) -> Network:
    """Build linear layers with ReLUs between them from named arrays.

    Args:
        weights: ``<name><number>.weight`` of shape (outputs, inputs) and, if there is one, ``<name><number>.bias`` of shape
            (outputs,).  The numbers give the order; gaps are allowed (a Sequential numbers its ReLUs, too).  The names before the
            numbers are all the same.

    Raises:
        InputError: the arrays do not fit the rule, which the message repeats.

    >>> network_of_weights({"net.0.weight": np.eye(2), "net.2.weight": np.ones((1, 2))}).widths
    (2, 1)
    """
    x = None
    for name, layer in _in_order(weights):
        weight, bias = layer.get("weight"), layer.get("bias")
        if weight is None or weight.ndim != 2:
            raise InputError(f"{name}.weight {'is missing' if weight is None else f'has shape {weight.shape}'}; {_RULE}")
        if bias is not None and bias.shape != weight.shape[:1]:
            raise InputError(f"{name}.bias has shape {bias.shape} and {name}.weight {weight.shape}; {_RULE}")
        x = Tensor.start((weight.shape[1],)) if x is None else x.relu()
        if x.shape != weight.shape[1:]:
            raise InputError(
                f"{name}.weight has shape {weight.shape}; (outputs, {x.shape[0]}) is expected after the layer before it; {_RULE}"
            )
        x = dense(x, finite(weight, f"{name}.weight"), None if bias is None else finite(bias, f"{name}.bias"))
    if x is None:
        raise InputError(f"there are no weights; {_RULE}")
    return x.graph.network(x.value)


def _in_order(weights: Mapping[str, Array]) -> list[tuple[str, dict[str, Array]]]:
    """Return the arrays of each layer, with the layer's name, in the order of the numbers in the names."""
    size = sum(array.size for array in weights.values())
    if size > MAX_WEIGHTS:
        raise InputError(f"there are {size} weights; at most {MAX_WEIGHTS} are supported")
    layers: dict[int, dict[str, Array]] = {}
    prefix = None
    for name, array in weights.items():
        match = _NAME.fullmatch(name)
        if match is None or (prefix is not None and match[1] != prefix) or len(match[2]) > 9:
            raise InputError(f"{name!r} does not say which layer it belongs to; {_RULE}")
        prefix = match[1]
        if layers.setdefault(int(match[2]), {}).setdefault(match[3], array) is not array:
            raise InputError(f"there are two {match[3]} arrays number {match[2]}, the second {name!r}; {_RULE}")
    numbers = sorted(layers)
    steps = {after - before for before, after in pairwise(numbers)}
    if 1 in steps and len(steps) > 1:
        raise InputError(
            f"the layers' numbers {', '.join(map(str, numbers))} leave room for a ReLU between some layers only; {_RULE}"
        )
    return [(f"{prefix}{number}", layers[number]) for number in numbers]


def plain(entry: Mapping[str, Any], name: str) -> Array:
    """Return a tensor of a safetensors file as an array."""
    kind, data = entry["dtype"], bytes(entry["data"])
    if kind == "BF16":  # the upper half of a 32-bit float
        array: Array = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    elif kind in _TYPES:
        array = np.frombuffer(data, _TYPES[kind])
    else:
        raise FormatError(f"{name} has type {kind}; supported types are BF16, {', '.join(_TYPES)}")
    return array.reshape(entry["shape"])


def _of_tensor(tensor: Any, name: str) -> Array:
    if not str(tensor.dtype).startswith(("torch.float", "torch.bfloat")) or tensor.dtype.itemsize < 2:
        raise FormatError(f"{name} has type {tensor.dtype}; 16- to 64-bit floats are expected; {_RULE}")
    return np.asarray(tensor.detach().double().numpy())
