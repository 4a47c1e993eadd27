"""Models of one operator or a few, with what they become: for the tests of operators."""

import numpy as np

RNG = np.random.default_rng(11)


def number(*shape):
    return RNG.normal(0, 1, shape).round(2)


def ints(*entries):
    return np.array(entries, np.int64)


def statistics(channels):
    return {"s": number(channels), "b": number(channels), "m": number(channels), "v": np.abs(number(channels)) + 0.1}


def batch_norm(source, target, **attributes):
    return ("BatchNormalization", f"{source} s b m v", target, attributes)


CONV = {"W": number(2, 1, 3, 3), "B": number(2)}
RESIDUAL = [
    ("Conv", "x W B", "c", {"pads": [1, 1, 1, 1]}),
    ("Relu", "c", "r", {}),
    ("Conv", "r V", "d", {"pads": [1, 1, 1, 1]}),
    ("Add", "d r", "e", {}),
    ("Relu", "e", "f", {}),
    ("MaxPool", "f", "g", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("Flatten", "g", "h", {}),
    ("Gemm", "h U", "y", {}),
]

# name: (nodes, input shape, constants, widths, number of ReLUs per layer)
CASES = {
    "conv": ([("Conv", "x W B", "y", {})], ["N", 1, 4, 5], CONV, (12,), (0,)),
    "conv pads strides": ([("Conv", "x W B", "y", {"pads": [1, 0, 2, 1], "strides": [2, 1]})], [1, 1, 4, 5], CONV, (24,), (0,)),
    "conv dilations": ([("Conv", "x W", "y", {"dilations": [1, 2], "kernel_shape": [3, 3]})], [1, 1, 4, 6], CONV, (8,), (0,)),
    "conv same upper": ([("Conv", "x W", "y", {"auto_pad": "SAME_UPPER", "strides": [2, 2]})], [1, 1, 4, 5], CONV, (12,), (0,)),
    "conv same lower": ([("Conv", "x W", "y", {"auto_pad": "SAME_LOWER", "strides": [3, 2]})], [1, 1, 5, 4], CONV, (8,), (0,)),
    "conv valid": ([("Conv", "x W", "y", {"auto_pad": "VALID"})], [1, 1, 3, 4], CONV, (4,), (0,)),
    "conv groups": ([("Conv", "x W B", "y", {"group": 2})], [1, 4, 3], {"W": number(6, 2, 2), "B": number(6)}, (12,), (0,)),
    "conv 1-d of two samples": ([("Conv", "x W B", "y", {})], [2, 2, 3], {"W": number(3, 2, 2), "B": number(3)}, (12,), (0,)),
    "conv 3-d": ([("Conv", "x W", "y", {})], [1, 1, 2, 3, 2], {"W": number(2, 1, 2, 2, 1)}, (8,), (0,)),
    "conv batch norm relu": (
        [("Conv", "x W B", "c", {}), batch_norm("c", "n"), ("Relu", "n", "y", {})],
        [1, 1, 4, 4],
        CONV | statistics(2) | {"b": number(2)},
        (8,),
        (8,),
    ),
    "batch norm of a vector": ([batch_norm("x", "y", epsilon=0.01)], [1, 3], statistics(3), (3,), (0,)),
    "batch norm with rational roots": (
        [batch_norm("x", "y", epsilon=0.0)],
        [1, 3],
        statistics(3) | {"v": np.array([0.25, 4.0, 1.0])},
        (3,),
        (0,),
    ),
    "max pool": (
        [("MaxPool", "x", "y", {"kernel_shape": [2, 2], "strides": [2, 2]})],
        [1, 2, 4, 4],
        {},
        (32, 16, 8),
        (16, 8, 0),
    ),
    "max pool overlapping": ([("MaxPool", "x", "y", {"kernel_shape": [3, 3]})], [1, 1, 4, 4], {}, None, None),
    "max pool of three": ([("MaxPool", "x", "y", {"kernel_shape": [3]})], [1, 1, 3], {}, (3, 2, 1), (1, 1, 0)),
    "max pool of one": ([("MaxPool", "x", "y", {"kernel_shape": [1], "strides": [2]})], [1, 1, 3], {}, (2,), (0,)),
    "max pool pads": (
        [("MaxPool", "x", "y", {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0], "strides": [2, 1]})],
        [1, 2, 4, 3],
        {},
        None,
        None,
    ),
    "max pool ceil": (
        [("MaxPool", "x", "y", {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1})],
        [1, 1, 3, 5],
        {},
        None,
        None,
    ),
    "max pool dilations": ([("MaxPool", "x", "y", {"kernel_shape": [2], "dilations": [2]})], [1, 1, 5], {}, (6, 3), (3, 0)),
    "average pool": ([("AveragePool", "x", "y", {"kernel_shape": [3, 2]})], [1, 2, 4, 3], {}, (8,), (0,)),
    "average pool pads": ([("AveragePool", "x", "y", {"kernel_shape": [3], "pads": [1, 1]})], [1, 2, 4], {}, (8,), (0,)),
    "average pool counts pads": (
        [("AveragePool", "x", "y", {"kernel_shape": [3], "pads": [1, 1], "count_include_pad": 1})],
        [1, 2, 4],
        {},
        (8,),
        (0,),
    ),
    "average pool ceil": (
        [("AveragePool", "x", "y", {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1})],
        [1, 1, 3, 5],
        {},
        (6,),
        (0,),
    ),
    "global pools": (
        [("GlobalAveragePool", "x", "a", {}), ("GlobalMaxPool", "x", "b", {}), ("Sub", "a b", "y", {})],
        [1, 2, 2, 2],
        {},
        (10, 4, 2),
        (4, 2, 0),
    ),
    "leaky relu": ([("LeakyRelu", "x", "y", {"alpha": 0.3})], [1, 3], {}, (6, 3), (3, 0)),
    "leaky relu as it is": ([("LeakyRelu", "x", "y", {})], [1, 3], {}, (6, 3), (3, 0)),
    "leaky relu of slope 1": ([("LeakyRelu", "x", "y", {"alpha": 1.0})], [1, 3], {}, (3,), (0,)),
    "prelu": ([("PRelu", "x p", "y", {})], [1, 3, 2], {"p": number(3, 1)}, (12, 6), (6, 0)),
    "clip": ([("Clip", "x l h", "y", {})], [1, 3], {"l": np.float32(-0.5), "h": np.float32(1.5)}, (6, 3), (6, 0)),
    "relu6": ([("Clip", "x l h", "y", {})], [1, 3], {"l": np.float32(0), "h": np.float32(6)}, (6, 3), (6, 0)),
    "clip above": ([("Clip", "x  h", "y", {})], [1, 3], {"h": np.float32(0.5)}, (3, 3), (3, 0)),
    "clip below": ([("Clip", "x l", "y", {})], [1, 3], {"l": np.float32(0.5)}, (3, 3), (3, 0)),
    "clip nothing": ([("Clip", "x", "y", {})], [1, 3], {}, (3,), (0,)),
    "clip bounds that cross": ([("Clip", "x l h", "y", {})], [1, 3], {"l": np.float32(2), "h": np.float32(-1)}, None, None),
    "hard sigmoid": ([("HardSigmoid", "x", "y", {"alpha": 0.25, "beta": 0.5})], [1, 3], {}, (6, 3), (6, 0)),
    "abs": ([("Abs", "x", "y", {})], [1, 3], {}, (6, 3), (3, 0)),
    "a number": (
        [("Sub", "k x", "a", {}), ("Clip", "a l", "y", {})],
        [],
        {"k": np.float32(2), "l": np.float32(1)},
        (1, 1),
        (1, 0),
    ),
    "neg": ([("Neg", "x", "y", {})], [1, 3], {}, (3,), (0,)),
    "max of two": (
        [("Gemm", "x W", "a", {}), ("Gemm", "x V", "b", {}), ("Max", "a b", "y", {})],
        [1, 3],
        {"W": number(3, 2), "V": number(3, 2)},
        (4, 2),
        (2, 0),
    ),
    "min of two": (
        [("Gemm", "x W", "a", {}), ("Gemm", "x V", "b", {}), ("Min", "a b", "y", {})],
        [1, 3],
        {"W": number(3, 2), "V": number(3, 2)},
        (4, 2),
        (2, 0),
    ),
    "max of four and a constant": (
        [
            ("Split", "x", "a b c d", {"axis": 1}),
            ("Max", "a b c k d", "y", {}),
        ],
        [1, 4],
        {"k": number(1, 1)},
        None,
        None,
    ),
    "min of one": ([("Min", "x", "y", {})], [1, 2], {}, (2,), (0,)),
    "sum of three": ([("Relu", "x", "r", {}), ("Sum", "x r k", "y", {})], [1, 2], {"k": number(2)}, (4, 2), (2, 0)),
    "add of two branches": ([("Relu", "x", "r", {}), ("Add", "r x", "y", {})], [1, 3], {}, (6, 3), (3, 0)),
    "x minus x": ([("Sub", "x x", "y", {})], [1, 3], {}, (3,), (0,)),
    "doubled": ([("Add", "x x", "y", {})], [1, 3], {}, (3,), (0,)),
    "outer sum": ([("Transpose", "x", "t", {}), ("Add", "x t", "y", {})], [1, 3], {}, (9,), (0,)),
    "add spreads the data": ([("Add", "x b", "y", {})], [1, 3], {"b": number(2, 1)}, (6,), (0,)),
    "mul and div": ([("Mul", "f x", "a", {}), ("Div", "a d", "y", {})], [1, 3], {"f": number(3), "d": number(3)}, (3,), (0,)),
    "gemm of rows": ([("Gemm", "x W b", "y", {})], [2, 3], {"W": number(3, 2), "b": number(2)}, (4,), (0,)),
    "gemm transA": ([("Gemm", "x W", "y", {"transA": 1})], [3, 1], {"W": number(3, 2)}, (2,), (0,)),
    "gemm constant first": ([("Gemm", "W x", "y", {"transB": 1})], [2, 3], {"W": number(4, 3)}, (8,), (0,)),
    "gemm bias is data": ([("Gemm", "x W x", "y", {"alpha": 0.5, "beta": 2.0})], [1, 3], {"W": number(3, 3)}, (3,), (0,)),
    "matmul of a stack": ([("MatMul", "x W", "y", {})], [2, 2, 3], {"W": number(3, 2)}, (8,), (0,)),
    "matmul spreads the data": ([("MatMul", "x W", "y", {})], [1, 3], {"W": number(2, 3, 2)}, (4,), (0,)),
    "matmul constant first": ([("MatMul", "W x", "y", {})], [2, 3, 2], {"W": number(2, 3)}, (8,), (0,)),
    "transpose": (
        [("Transpose", "x", "t", {"perm": [0, 2, 1]}), ("MatMul", "t W", "y", {})],
        [1, 3, 2],
        {"W": number(3, 1)},
        (2,),
        (0,),
    ),
    "squeeze and unsqueeze": (
        [("Unsqueeze", "x a", "u", {}), ("Squeeze", "u b", "s", {}), ("Squeeze", "s", "t", {}), ("MatMul", "t w", "y", {})],
        [1, 3],
        {"a": ints(0, 3), "b": ints(-1), "w": number(3)},
        (1,),
        (0,),
    ),
    "slice": (
        [("Slice", "x s e a t", "y", {})],
        [1, 5, 4],
        {"s": ints(4, -3), "e": ints(-9, 2**62), "a": ints(1, 2), "t": ints(-2, 2)},
        (6,),
        (0,),
    ),
    "slice keeps what is taken": (
        [("Relu", "x", "r", {}), ("Slice", "x s e a", "p", {}), ("Slice", "r s e a", "q", {}), ("Add", "p q", "y", {})],
        [1, 5],
        {"s": ints(1), "e": ints(3), "a": ints(1)},
        (7, 2),
        (5, 0),
    ),
    "concat": (
        [("Relu", "x", "r", {}), ("Concat", "r k x", "y", {"axis": -1})],
        [1, 2],
        {"k": number(1, 1)},
        (4, 5),
        (2, 0),
    ),
    "split": (
        [("Split", "x n", "a b", {"axis": 1}), ("Sub", "b k", "c", {}), ("Max", "a c", "y", {})],
        [1, 4],
        {"n": ints(2, 2), "k": number(2)},
        (4, 2),
        (2, 0),
    ),
    "gather": ([("Gather", "x i", "y", {"axis": 1})], [1, 4], {"i": ints(3, 0, 3)}, (3,), (0,)),
    "expand": ([("Expand", "x s", "y", {})], [1, 3], {"s": ints(2, 1)}, (6,), (0,)),
    "pad": ([("Pad", "x p v", "y", {})], [1, 3], {"p": ints(0, 1, 0, 2), "v": np.float32(0.3)}, (6,), (0,)),
    "pad by reflection": ([("Pad", "x p", "y", {"mode": "reflect"})], [1, 3], {"p": ints(0, 1, 0, 2)}, (6,), (0,)),
    "reduce": (
        [
            ("ReduceMean", "x", "a", {"axes": [1], "keepdims": 1}),
            ("Sub", "x a", "b", {}),
            ("ReduceSum", "b k", "y", {"keepdims": 0}),
        ],
        [1, 3, 2],
        {"k": ints(2)},
        (3,),
        (0,),
    ),
    "shape by the exporter": (
        [
            ("Shape", "x", "s", {}),
            ("Gather", "s zero", "n", {"axis": 0}),
            ("Unsqueeze", "n axis", "m", {}),
            ("Concat", "m rest", "t", {"axis": 0}),
            ("Relu", "x", "r", {}),
            ("Reshape", "r t", "z", {}),
            ("MatMul", "z W", "y", {}),
        ],
        [1, 2, 2],
        {"zero": np.array(0), "axis": ints(0), "rest": ints(-1), "W": number(4, 2)},
        (4, 2),
        (4, 0),
    ),
    "sums of constants": (
        [("Add", "a b", "c", {}), ("Mul", "c c", "d", {}), ("Gemm", "x W d", "y", {})],
        [1, 3],
        {"a": number(2), "b": number(2), "W": number(3, 2)},
        (2,),
        (0,),
    ),
    "residual network": (
        RESIDUAL,
        [1, 1, 4, 4],
        CONV | {"V": number(2, 2, 3, 3), "U": number(8, 2)},
        (32, 32, 32, 10, 2),
        (32, 32, 16, 8, 0),
    ),
    "branches of different depth": (
        [
            ("Gemm", "x W", "a", {}),
            ("Relu", "a", "b", {}),
            ("Gemm", "b V", "c", {}),
            ("Relu", "c", "d", {}),
            ("Gemm", "x U", "e", {}),
            ("Relu", "e", "f", {}),
            ("Concat", "d f x", "g", {"axis": 1}),
            ("Gemm", "g T", "y", {}),
        ],
        [1, 3],
        {"W": number(3, 4), "V": number(4, 2), "U": number(3, 2), "T": number(7, 1)},
        (4 + 2 + 1, 2 + 1, 1),
        (6, 2, 0),
    ),
    "what goes nowhere": ([("Relu", "x", "a", {}), ("Neg", "x", "y", {}), ("Abs", "a", "z", {})], [1, 3], {}, (3,), (0,)),
    "relu moved at the end": ([("Relu", "x", "r", {}), ("Transpose", "r", "y", {})], [2, 2], {}, (4,), (4,)),
}
