"""Sequences and indices as callers pass them: lists, arrays, tensors, text; ``algebraic`` reads the numbers."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from exactzones.errors import InputError, quoted


def entries(value: Any, what: str, expected: str) -> list[Any]:
    """Return the entries of a sequence, one-dimensional array or tensor, or of text such as "1/2,3".

    Nested lists stay nested.  Any object with ``tolist()`` or ``__array__()`` is read as a tensor; no library is imported for it.

    Args:
        value: what the caller passed.
        what: how an error message names it.
        expected: what an error message says to write.

    Raises:
        InputError: not a sequence; sets and dicts are not sequences, because their order has no meaning.

    >>> entries("1/2,3", "point", ""), entries(np.eye(2), "matrix", "")
    (['1/2', '3'], [[1.0, 0.0], [0.0, 1.0]])
    """
    listed = value
    if isinstance(value, str):
        listed = value.split(",")
    elif isinstance(value, np.ndarray) or callable(getattr(value, "tolist", None)):
        listed = value.tolist()
    elif hasattr(value, "__array__"):
        listed = np.asarray(value).tolist()
    if isinstance(listed, (bytes, Mapping, AbstractSet, str)) or not isinstance(listed, Iterable):
        raise InputError(f"{what} is {quoted(value)}; expected {expected}")
    return list(listed)


def flat_entries(value: Any, what: str, expected: str) -> list[Any]:
    """Do the same, but take the entries of an array or a tensor of several axes in row-major order."""
    if not isinstance(value, np.ndarray) and len(getattr(value, "shape", ())) > 1:
        value = np.array(entries(value, what, expected), dtype=object)
    return entries(value.ravel() if isinstance(value, np.ndarray) and value.ndim > 1 else value, what, expected)


def is_scalar(value: Any) -> bool:
    """Tell whether a value is an array or a tensor without axes, such as ``np.array(0.5)``."""
    return getattr(value, "shape", None) == () and callable(getattr(value, "item", None))


def index(value: Any, what: str, *, least: int | None = None) -> int:
    """Return an integer, such as an int, a NumPy integer or a tensor of one integer; a truth value is not one.

    Args:
        value: what the caller passed.
        what: how an error message names it.
        least: the smallest integer that is accepted; None for any.

    Raises:
        InputError: not an integer, or too small.

    >>> index(np.int64(3), "feature")
    3
    """
    expected = "an integer such as 2" if least is None else f"an integer of at least {least}"
    if isinstance(value, (bool, np.bool_)):
        raise InputError(f"{what} is {value}, a truth value; expected {expected}")
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{what} is {quoted(value)}; expected {expected}") from None
    if least is not None and number < least:
        raise InputError(f"{what} is {quoted(number)}; expected {expected}")
    return number


def flag(value: Any, what: str) -> bool:
    """Return a truth value; 0 and 1 are taken as False and True.

    Args:
        value: what the caller passed.
        what: how an error message names it.

    Raises:
        InputError: neither True nor False.
    """
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, (int, np.integer)) and value in {0, 1}):
        return bool(value)
    raise InputError(f"{what} is {quoted(value)}; expected True or False")


_POINTS = "expected a point (inputs,) or points (points, inputs)"


def read_points(points: Any) -> tuple[Any, bool]:
    """Tell whether a value is a point, shape (inputs,), or points, shape (points, inputs).

    Returns:
        The value, as an array or, if it has no shape (a generator, for example), as a list; and whether it is points.

    Raises:
        InputError: it is neither of them, or an array with masked entries.
    """
    if np.ma.is_masked(points):
        raise InputError("the points have masked entries; fill them or leave these points out")
    listed: Any
    if isinstance(points, np.ndarray):
        listed = points
    elif hasattr(points, "tolist") or hasattr(points, "__array__"):
        listed = np.array(entries(points, "points", "a point (inputs,) or points (points, inputs)"), dtype=object)
    elif isinstance(points, str):
        listed = points.split(",")
    elif _is_list(points):
        listed = [list(point) if _is_list(point) else point for point in points]
    else:
        raise InputError(f"points is {quoted(points)}; {_POINTS}")
    axes = listed.ndim if isinstance(listed, np.ndarray) else _axes(listed)
    if axes not in {1, 2}:
        raise InputError(f"the points have the shape {np.shape(listed)}; {_POINTS}")
    return listed, axes == 2


def _axes(listed: list[Any]) -> int:
    lists = {isinstance(entry, list) for entry in listed}
    if len(lists) > 1:
        raise InputError(f"points and numbers are mixed; {_POINTS}")
    return 1 + (True in lists)


def _is_list(entry: Any) -> bool:
    return isinstance(entry, Iterable) and not isinstance(entry, (str, bytes, Mapping, AbstractSet)) and not is_scalar(entry)
