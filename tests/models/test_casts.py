"""Casts of constants round as the frameworks do."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from models.support import refused

from exactzones.errors import InexactError
from exactzones.models import load_network
from exactzones.models.casts import BFLOAT16, BY_NAME, FLOAT16, FLOAT32, FLOAT64

onnx = pytest.importorskip("onnx")

from models.onnx_models import build, save  # noqa: E402  it needs onnx
from onnx import TensorProto, helper  # noqa: E402

NUMPY = [FLOAT16, FLOAT32, FLOAT64]


def bfloat16(value):
    """Round a 32-bit float to the nearest bfloat16, of two the even one, by its bits."""
    word = int(np.float32(value).view(np.uint32))
    word += 0x7FFF + (word >> 16 & 1)
    return np.uint32(word & 0xFFFF0000).view(np.float32)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(NUMPY))
@example(2.0**-25, FLOAT16)  # half the smallest number
@example(2.0**-25 * 1.5, FLOAT16)
@example(65519.99, FLOAT16)  # just below what is too large
@example(65520.0, FLOAT16)
@example(1 + 2.0**-11, FLOAT16)  # ties
@example(1 + 3 * 2.0**-11, FLOAT16)
@example(2.0**-150, FLOAT32)
@example(2.0**-126 - 2.0**-150, FLOAT32)
def test_rounding_agrees_with_numpy(value, kind):
    with np.errstate(over="ignore"):
        expected = np.dtype(kind.name).type(value)
    if np.isfinite(expected):
        assert kind.nearest(Fraction(value), "x") == Fraction(float(expected))
    else:
        with pytest.raises(InexactError, match=f"x is too large for type {kind.name}"):
            kind.nearest(Fraction(value), "x")


@given(st.floats(-(2.0**100), 2.0**100, width=32))
@example(1 + 2.0**-8)
@example(1 + 3 * 2.0**-8)
@example(2.0**-134)
def test_rounding_to_bfloat16_agrees_with_its_bits(value):
    assert BFLOAT16.nearest(Fraction(value), "x") == Fraction(float(bfloat16(value)))


@given(st.fractions(-30000, 30000), st.sampled_from(list(BY_NAME.values())))
def test_no_number_of_the_type_is_nearer(value, kind):
    nearest = kind.nearest(value, "x")
    assert kind.nearest(nearest, "x") == nearest
    for neighbour in (kind.nearest(nearest + (nearest - value), "x"), kind.nearest(value - (nearest - value), "x")):
        assert abs(neighbour - value) >= abs(nearest - value)


def test_which_type_holds_which():
    held = {(wide.name, narrow.name) for wide in BY_NAME.values() for narrow in BY_NAME.values() if wide.holds(narrow)}
    assert held == {
        *((kind, kind) for kind in BY_NAME),
        *(("float32", kind) for kind in ("float16", "bfloat16")),
        *(("float64", kind) for kind in ("float16", "bfloat16", "float32")),
    }


def constant_of(nodes, constants, path):
    """Return the constants that nodes make and call ``c``."""
    model = build([*nodes, ("Add", "x c", "y", {})], [1, 2], constants)
    return load_network(save(model, path)).layers[0].bias


@pytest.mark.parametrize(("to", "kind"), [(1, FLOAT32), (10, FLOAT16), (11, FLOAT64), (16, BFLOAT16)])
@pytest.mark.parametrize("source", ["float16", "float32", "float64", "int64"])
def test_a_constant_is_rounded_to_its_new_type(source, to, kind, tmp_path):
    entries = np.array([[0.1, -3.3]]).astype(source) if source != "int64" else np.array([[2**24 + 1, -7]]) % 60001
    entry = helper.make_tensor("k", helper.np_dtype_to_tensor_dtype(entries.dtype), entries.shape, entries.tobytes(), raw=True)
    expected = tuple(kind.nearest(Fraction(value.item()), "x") for value in entries.ravel())
    assert constant_of([("Cast", "k", "c", {"to": to})], {"k": entry}, tmp_path / "net.onnx") == expected


def test_a_constant_that_is_computed_is_rounded_only_where_its_type_becomes_narrower(tmp_path):
    constants = {"a": np.array([[1.0, 2.0]]), "b": np.array([[3.0, 2.0**30 + 2**10]])}
    quotient = [("Div", "a b", "q", {}), ("Reshape", "q s", "r", {})]
    constants["s"] = np.array([1, 2])
    exact = (Fraction(1, 3), Fraction(2, 2**30 + 2**10))
    for to in (1, 11):
        assert constant_of([*quotient, ("Cast", "r", "c", {"to": to})], constants, tmp_path / "net.onnx") == exact
    for to, kind in ((10, FLOAT16), (16, BFLOAT16)):
        rounded = tuple(kind.nearest(value, "x") for value in exact)
        assert constant_of([*quotient, ("Cast", "r", "c", {"to": to})], constants, tmp_path / "net.onnx") == rounded
    doubles = constants | {name: constants[name].astype(np.float64) for name in "ab"}
    kinds = {name: helper.make_tensor(name, TensorProto.DOUBLE, [1, 2], doubles[name].ravel()) for name in "ab"}
    rounded = tuple(FLOAT32.nearest(value, "x") for value in exact)
    assert constant_of([*quotient, ("Cast", "r", "c", {"to": 1})], constants | kinds, tmp_path / "net.onnx") == rounded


def test_a_number_that_is_too_large_for_its_new_type(tmp_path):
    for to, what in ((10, "float16"), (16, "bfloat16")):
        large = helper.make_tensor("k", TensorProto.DOUBLE, [1, 2], [1.0, 1e39])
        model = build([("Cast", "k", "c", {"to": to}), ("Add", "x c", "y", {})], [1, 2], {"k": large})
        refused(load_network, save(model, tmp_path / "net.onnx"), f"its input is too large for type {what}")


def test_a_tensor_that_depends_on_the_input_stays_exact(tmp_path):
    model = build([("Cast", "x", "y", {"to": 10})], [1, 2])
    assert load_network(save(model, tmp_path / "net.onnx")).layers[0].weight.rows == ((1, 0), (0, 1))
