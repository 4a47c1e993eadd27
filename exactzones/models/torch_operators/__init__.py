"""The functions and methods of PyTorch that are read: one function and one row of ``FUNCTIONS`` each.

To add one, write a function with PyTorch's parameters in the module of its family, or in a new one, and add a row below.  Tensors
are passed as ``Tensor`` if they depend on the network's input, otherwise as arrays; numbers and tuples are passed unchanged.
Semantics that ONNX shares belong in ``models.tensors`` or its neighbours.  A module of ``torch.nn`` needs a row in
``models.torch_model``, too. The tests compare with PyTorch: add cases to ``tests/models/test_torch_models.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exactzones.errors import InputError
from exactzones.models.torch_operators import activations, arithmetic, as_onnx, composed, conditions, linear, shapes, windows

__all__ = ["FUNCTIONS", "function"]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **conditions.TABLE,
    "abs": activations.absolute,
    "adaptive_avg_pool1d": windows.adaptive_avg_pool(1),
    "adaptive_avg_pool2d": windows.adaptive_avg_pool(2),
    "adaptive_max_pool1d": windows.adaptive_max_pool(1),
    "adaptive_max_pool2d": windows.adaptive_max_pool(2),
    "add": arithmetic.add,
    "addcmul": composed.addcmul,
    "addmm": composed.addmm,
    "amax": as_onnx.extreme("ReduceMax"),
    "amin": as_onnx.extreme("ReduceMin"),
    "arange": composed.arange,
    "avg_pool1d": windows.avg_pool(1),
    "avg_pool2d": windows.avg_pool(2),
    "batch_norm": linear.batch_norm,
    "cat": shapes.cat,
    "chunk": shapes.chunk,
    "clamp": activations.clamp,
    "clamp_max": activations.clamp_max,
    "clamp_min": activations.clamp_min,
    "clip": activations.clamp,
    "concat": shapes.cat,
    "contiguous": shapes.same,
    "conv1d": windows.conv,
    "conv2d": windows.conv,
    "conv3d": windows.conv,
    "conv_transpose1d": as_onnx.conv_transpose,
    "conv_transpose2d": as_onnx.conv_transpose,
    "conv_transpose3d": as_onnx.conv_transpose,
    "cumsum": as_onnx.cumsum,
    "detach": shapes.same,
    "dim": shapes.dimensions,
    "div": arithmetic.div,
    "double": shapes.same,
    "dropout": shapes.dropout,
    "dropout1d": shapes.dropout,
    "dropout2d": shapes.dropout,
    "einsum": as_onnx.einsum,
    "exp": as_onnx.exp,
    "expand": shapes.expand,
    "flatten": shapes.flatten,
    "flip": shapes.flip,
    "float": arithmetic.to_float32,
    "floordiv": arithmetic.floordiv,
    "full": composed.full,
    "full_like": shapes.full_like,
    "gather": as_onnx.gather,
    "getattr": shapes.get_attribute,
    "getitem": shapes.getitem,
    "hardsigmoid": activations.hardsigmoid,
    "hardtanh": activations.hardtanh,
    "hstack": composed.hstack,
    "index_select": shapes.index_select,
    "interpolate": as_onnx.interpolate,
    "leaky_relu": activations.leaky_relu,
    "lerp": composed.lerp,
    "linalg_vector_norm": as_onnx.vector_norm,
    "linear": linear.linear,
    "matmul": linear.matmul,
    "max": as_onnx.extreme_or_pairwise("ReduceMax", arithmetic.maximum),
    "max_pool1d": windows.max_pool(1),
    "max_pool2d": windows.max_pool(2),
    "max_pool2d_with_indices": composed.max_pool_with_indices,
    "maximum": arithmetic.maximum,
    "mean": arithmetic.mean,
    "min": as_onnx.extreme_or_pairwise("ReduceMin", arithmetic.minimum),
    "minimum": arithmetic.minimum,
    "mm": linear.matmul,
    "moveaxis": composed.movedim,
    "movedim": composed.movedim,
    "mul": arithmetic.mul,
    "multiply": arithmetic.mul,
    "narrow": shapes.narrow,
    "neg": arithmetic.neg,
    "norm": as_onnx.norm,
    "ones": shapes.filled(1),
    "ones_like": shapes.filled_like(1),
    "pad": as_onnx.pad,
    "permute": shapes.permute,
    "pixel_shuffle": as_onnx.pixel_shuffle,
    "pixel_unshuffle": as_onnx.pixel_unshuffle,
    "pow": as_onnx.power,
    "prelu": activations.prelu,
    "ravel": shapes.ravel,
    "relu": activations.relu,
    "relu6": activations.relu6,
    "repeat": as_onnx.repeat,
    "reshape": shapes.reshape,
    "roll": shapes.roll,
    "rrelu": composed.rrelu,
    "rsub": arithmetic.rsub,
    "select": shapes.select,
    "size": shapes.size,
    "split": shapes.split,
    "sqrt": as_onnx.square_root,
    "squeeze": shapes.squeeze,
    "stack": shapes.stack,
    "sub": arithmetic.sub,
    "subtract": arithmetic.sub,
    "sum": arithmetic.sum_,
    "swapaxes": shapes.swap,
    "swapdims": shapes.swap,
    "t": shapes.transpose,
    "tile": as_onnx.repeat,
    "topk": as_onnx.topk,
    "transpose": shapes.swap,
    "tril": composed.triangular(np.tril),
    "triu": composed.triangular(np.triu),
    "truediv": arithmetic.div,
    "unbind": shapes.unbind,
    "unflatten": shapes.unflatten,
    "unsqueeze": shapes.unsqueeze,
    "view": shapes.reshape,
    "vstack": shapes.cat,
    "zeros": shapes.filled(0),
    "zeros_like": shapes.filled_like(0),
}
"""By name of a function or method; its in-place variant has the same name with an underscore or an i."""


def function(name: str) -> Callable[..., Any]:
    """Return what a function or method of PyTorch does to tensors.

    Raises:
        InputError: it is not supported.
    """
    for known in (name, name.removesuffix("_"), name.removeprefix("i")):
        if known in FUNCTIONS:
            return FUNCTIONS[known]
    raise InputError("it is not piecewise linear, or not supported; exactzones/models/README.md lists what is supported")
