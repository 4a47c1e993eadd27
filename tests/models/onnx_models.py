"""Builds small ONNX models for the tests."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def initializer(name, value):
    array = np.asarray(value)
    return numpy_helper.from_array(array.astype(np.float32) if array.dtype == np.float64 else array, name)


def build(nodes, shape, constants=(), *, kind=FLOAT, opset=13, end="y"):
    """Return a model from ``x`` of this shape to ``end``.

    Args:
        nodes: (operator, inputs, outputs, attributes); inputs and outputs are names set apart by blanks.
        shape: of the input.
        constants: name -> array (float64 becomes float32) or TensorProto.
        kind: element type of input and output.
        opset: version.
        end: name of the output.
    """
    made = [
        helper.make_node(kind_, inputs.split(" ") if inputs else [], outputs.split(" "), name=f"{kind_}_{k}", **attributes)
        for k, (kind_, inputs, outputs, attributes) in enumerate(nodes)
    ]
    tensors = [value if isinstance(value, TensorProto) else initializer(name, value) for name, value in dict(constants).items()]
    graph = helper.make_graph(
        made,
        "test",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(end, kind, None)],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def save(model, path):
    """Write a model without any checks; return the path."""
    path.write_bytes(model.SerializeToString())
    return path


def tensor(name, kind, dims, **fields):
    """Return a TensorProto with exactly these fields, consistent or not."""
    return onnx.TensorProto(name=name, data_type=kind, dims=dims, **fields)
