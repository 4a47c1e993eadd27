"""Read networks from files (NumPy archives, JSON, ONNX, state dicts) and models of PyTorch, scikit-learn and Flax; save them.

Readers of models build a graph of affine maps and ReLUs, see ``lowering``.  ``onnx_operators`` and ``torch_operators`` say how to
add an operator.  A reader is imported when a file of its suffix is read, since it may need libraries of its own.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader

from exactzones.errors import FormatError, InputError, quoted
from exactzones.files import as_path, is_on_disk, unreadable
from exactzones.models.selection import EVERYTHING, Selection
from exactzones.network import Network

if TYPE_CHECKING:
    from exactzones.models.sklearn_model import from_sklearn
    from exactzones.models.state_dict import from_flax
    from exactzones.models.torch_model import from_torch

__all__ = ["from_flax", "from_sklearn", "from_torch", "load_network", "save_network"]

_LOADERS = {
    ".npz": "npz.load_npz",
    ".json": "network_json.load_json",
    ".onnx": "onnx_model.load_onnx",
    ".nnet": "nnet.load_nnet",
    ".safetensors": "state_dict.load_safetensors",
    ".pt": "state_dict.load_state_dict",
    ".pth": "state_dict.load_state_dict",
}
_SAVERS = {".npz": "npz.save_npz", ".json": "network_json.save_json", ".onnx": "onnx_model.save_onnx"}

__getattr__, _, _ = lazy_loader.attach(
    __name__,
    submod_attrs={"state_dict": ["from_flax"], "sklearn_model": ["from_sklearn"], "torch_model": ["from_torch"]},
)


def load_network(
    path: str | Path,
    *,
    output: str | int | None = None,
    inputs: Any = None,
    end_at: str | None = None,
    shape: Any = None,
    box: Any = None,
) -> Network:
    """Read a network from a file.

    State dicts (the last three suffixes) do not say the architecture: see ``state_dict.network_of_weights``.

    Args:
        path: of the file; its suffix says the format: .npz, .json, .onnx, .nnet, .safetensors, .pt or .pth.  Files .onnx and
            .nnet may be gzipped: .onnx.gz.
        output: of an ONNX model, the name or number of the output to read; by default all, one after the other.
        inputs: of an ONNX model, the names of its inputs in the order that the network takes them; by default the model's.
        end_at: of an ONNX model, the node, or a tensor, at which the network ends; its values are the features.
        shape: of an ONNX model whose axes have no fixed length, the shape of its input, such as (1, 3), or a dict with a shape
            for each name.
        box: of an ONNX model, a pair (low, high) for each input of the network, if it need be right only there: operators that
            make steps, such as Cast to integers, Equal and Where, are then read where they are constant on the box.

    Raises:
        FormatError: the suffix is another one, or the file is not what its suffix says.
        InputError: the file cannot be read, or an optional package is missing.
    """
    name = as_path(path)
    selection = Selection.of(output, inputs, end_at, shape, box)
    if is_on_disk(name) and (problem := unreadable(name)):
        raise InputError(f"{name}: {problem}")
    unpacked = name[:-3] if name.lower().endswith((".onnx.gz", ".nnet.gz")) else name
    if name.lower().endswith(".pt2"):
        raise InputError(
            f"{name}: to read an exported program, PyTorch runs code that the file may contain; write "
            "from_torch(torch.export.load(path)) if you trust the file, or export the model to ONNX"
        )
    loader = _by_suffix(_LOADERS, unpacked)
    network: Network
    if unpacked.lower().endswith(".onnx"):
        network = loader(name, selection)
        return network
    if replace(selection, box=None) != EVERYTHING:
        raise InputError(f"{name}: output, inputs, end_at and shape select a part of an ONNX model; this file has no such parts")
    network = loader(name)
    return network


def assumes_relu(path: str | Path) -> bool:
    """Tell whether files of this suffix hold weights only, so that ``load_network`` assumes a ReLU between the layers."""
    return _LOADERS.get(Path(path).suffix.lower(), "").startswith("state_dict.")


def save_network(network: Network, path: str | Path) -> None:
    """Write a network to a file, which even after an error holds either its old content or all of the new.

    Args:
        network: any network for .json; one whose weights are floats for .npz and .onnx.
        path: of the file; its suffix says the format: .json, .npz or .onnx.

    Raises:
        FormatError: the suffix is another one.
        InputError: the format cannot hold the network exactly, the file cannot be written, or an optional package is
            missing.
    """
    if not isinstance(network, Network):
        raise InputError(f"network is {quoted(network)}; write save_network(network, path), with from_torch(module) for a module")
    name = as_path(path)
    _by_suffix(_SAVERS, name)(network, name)


def _by_suffix(table: dict[str, str], path: str | Path) -> Any:
    suffix = Path(path).suffix
    if suffix.lower() not in table:
        raise FormatError(f"{path}: suffix {suffix!r} is not known; network files end in {', '.join(table)}")
    module, _, function = table[suffix.lower()].partition(".")
    return getattr(import_module(f"{__name__}.{module}"), function)
