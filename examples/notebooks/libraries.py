"""What libraries compute for a network in float32, for the notebook about deployed networks."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from exactzones import Network
from exactzones.models import save_network


def _by_numpy(network: Network, point: Any) -> Any:
    values = point
    for layer in network.layers:
        weight, bias = (np.array(part, np.float32) for part in (layer.weight.rows, layer.bias))
        before = weight @ values + bias
        values = np.where(layer.relu, np.maximum(before, 0), before)
    return values


def _by_torch(network: Network, point: Any) -> Any:
    torch = import_module("torch")
    values = torch.from_numpy(point)[None]
    for layer in network.layers:
        weight, bias = (torch.from_numpy(np.array(part, np.float32)) for part in (layer.weight.rows, layer.bias))
        before = torch.nn.functional.linear(values, weight, bias)
        values = torch.where(torch.tensor(layer.relu), torch.relu(before), before)
    return values.numpy()[0]


def _by_onnxruntime(network: Network, point: Any) -> Any:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        save_network(network, path)
        session = import_module("onnxruntime").InferenceSession(path, providers=["CPUExecutionProvider"])
        (taken,) = session.get_inputs()
        return session.run(None, {taken.name: point[None]})[0][0]


_LIBRARIES = {"numpy": _by_numpy, "torch": _by_torch, "onnxruntime": _by_onnxruntime}


def computed_by_libraries(network: Network, point: list[float]) -> dict[str, float | None]:
    """Return a network's first output at a point by library; None for one that is not installed."""
    results: dict[str, float | None] = {}
    for name, run in _LIBRARIES.items():
        try:
            results[name] = float(run(network, np.array(point, np.float32))[0])
        except ImportError:
            results[name] = None
    return results
