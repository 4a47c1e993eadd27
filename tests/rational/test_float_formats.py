"""Formats of floating-point numbers against NumPy, and against bits of bfloat16."""

import math
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones.errors import InputError
from exactzones.rational.float_formats import FORMATS, FloatArithmetic

KINDS = {"float64": np.float64, "float32": np.float32, "float16": np.float16}
dyadics = st.builds(lambda m, e: Fraction(m) * Fraction(2) ** e, st.integers(-(2**60), 2**60), st.integers(-1100, 900))
rationals = st.one_of(
    dyadics,
    st.fractions(),
    st.floats(allow_nan=False, allow_infinity=False).map(Fraction),
    st.floats(width=16, allow_nan=False, allow_infinity=False).map(Fraction),
)


def by_numpy(kind, value):
    """A rational, rounded to a type of NumPy: its neighbours are compared exactly with it."""
    with np.errstate(over="ignore", under="ignore"):
        try:
            guess = kind(float(value))
        except OverflowError:
            return None
        around = [guess, np.nextafter(guess, kind(-math.inf)), np.nextafter(guess, kind(math.inf))]
    finite = [each for each in around if np.isfinite(each)]
    bits = {2: np.uint16, 4: np.uint32, 8: np.uint64}[np.dtype(kind).itemsize]
    return min(finite, key=lambda each: (abs(Fraction(float(each)) - value), int(each.view(bits)) % 2))


@given(st.sampled_from(sorted(KINDS)), rationals)
def test_rounding_is_numpys(name, value):
    format_, kind = FORMATS[name], KINDS[name]
    try:
        rounded = format_.round(value)
    except OverflowError:
        assert abs(value) > Fraction(float(np.finfo(kind).max))
        return
    expected = by_numpy(kind, value)
    assert rounded == Fraction(float(expected))
    assert format_.contains(rounded)
    assert format_.contains(value) == (rounded == value)


@given(rationals.filter(lambda value: abs(value) < 2**120))
def test_bfloat16_is_the_upper_half_of_float32(value):
    """Of the numbers whose lower 16 bits in float32 are zero, the nearest; ties go to the even one."""
    rounded = FORMATS["bfloat16"].round(value)
    bits = struct.unpack("<I", struct.pack("<f", float(rounded)))[0]
    assert bits & 0xFFFF == 0
    assert Fraction(float(rounded)) == rounded
    size = bits & 0x7FFFFFFF
    for other in (size - (1 << 16), size + (1 << 16)):
        if 0 <= other < 0x7F800000:
            near = Fraction(math.copysign(struct.unpack("<f", struct.pack("<I", other))[0], rounded))
            assert (abs(rounded - value), (bits >> 16) % 2) < (abs(near - value), (other >> 16) % 2)


@given(st.sampled_from(sorted(FORMATS)), rationals.filter(lambda value: abs(value) < 2**15))
def test_directions_enclose_the_number(name, value):
    format_ = FORMATS[name]
    down, up, zero = (format_.round(value, direction) for direction in ("down", "up", "zero"))
    assert down <= value <= up
    assert zero == (down if value >= 0 else up)
    assert format_.round(value) in (down, up)
    assert up - down in (0, format_.spacing(value))
    exact = abs(value) >= format_.smallest_normal
    assert not exact or max(up - value, value - down) <= format_.rounding * abs(value)
    flushed = format_.round(value, flush=True)
    assert flushed == format_.round(value) or (flushed == 0 and abs(value) < format_.smallest_normal)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_limits_are_numpys(name):
    limits, format_ = np.finfo(KINDS[name]), FORMATS[name]
    assert Fraction(float(limits.max)) == format_.largest
    assert Fraction(float(limits.tiny)) == format_.smallest_normal
    assert Fraction(float(limits.eps)) == format_.rounding
    with pytest.raises(OverflowError):
        format_.round(2 * format_.largest)


def test_the_error_of_several_roundings():
    arithmetic = FloatArithmetic.of("bfloat16+float32")
    s = 2 * Fraction(1, 2**7) + 100 * Fraction(1, 2**23)
    assert arithmetic.relative_error(2, 100) == s / (1 - s)
    assert FloatArithmetic.of("float32").relative_error(0, 0) == 0
    assert FloatArithmetic.of("bfloat16").relative_error(2, 62) == 1
    assert FloatArithmetic.of("bfloat16").relative_error(2, 63) is None
    assert FloatArithmetic.of("real") is None


@pytest.mark.parametrize("name", ["float8", "", "float32+float16", "float32+", "tf32", "real+float32", 32])
def test_unknown_arithmetics_are_refused(name):
    with pytest.raises(InputError, match="arithmetic is"):
        FloatArithmetic.of(name)
