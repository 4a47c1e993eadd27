"""Turn what callers pass into what functions need: a path into a network, an integer into a feature, "0:8" into a domain.

Every public function reads its arguments through this module, so that each kind of argument means the same everywhere, and an
error is one line that says what to write.  Numbers and points are read in ``exactzones.rational``, properties in
``exactzones.property``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import Executor
from fractions import Fraction
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from exactzones import models
from exactzones.deadline import Deadline
from exactzones.errors import DomainError, InputError, quoted, require
from exactzones.network import Network
from exactzones.polyhedra import Box, HRep, Polyhedron
from exactzones.polyhedra.shapes import window_box
from exactzones.property import Condition, Disjunction, Property, unit_condition
from exactzones.rational import algebraic, entries, index, text
from exactzones.spec import parse_domain

NetworkLike: TypeAlias = Any
"""A ``Network``; the path of a file that holds one; a ``torch.nn.Module`` that starts with a Linear; a scikit-learn MLP."""

PropertyLike: TypeAlias = Property | Disjunction | Condition | int
"""A ``Property``, a ``Condition``, the number of a feature of the last layer, or, where cases are possible, a ``Disjunction``."""

DomainLike: TypeAlias = Any
"""A ``Polyhedron``; None, which is all of the input space; or a box: text such as "0:8" or "0:1,2:3", one pair (low, high) for
every input, or a pair for each."""

WindowLike: TypeAlias = Any
"""A bounded ``Polyhedron``, or a box as in ``DomainLike``; a picture shows the bounding box."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called now and then with two counts."""

_NETWORK = 'write load_network("net.onnx"), Network.mlp([(weight, bias), ..]) or from_torch(module, input_shape)'
_BOX = 'Polyhedron.box(0, 8, dim=2), "0:8", (0, 8) for every input, or a pair (low, high) for each'


def as_network(value: NetworkLike) -> Network:
    """Return the network that a value stands for.

    Args:
        value: a network; a path, see ``load_network``; a PyTorch module, see ``from_torch``; or a fitted scikit-learn MLP.

    Raises:
        FormatError: a file that holds no network.
        InputError: something else, or a module whose number of inputs is not known.
    """
    if isinstance(value, Network):
        return value
    if isinstance(value, (str, os.PathLike)):
        return models.load_network(os.fspath(value))
    libraries = {cls.__module__.partition(".")[0] for cls in type(value).__mro__}
    if "torch" in libraries and callable(getattr(value, "forward", None)):
        return models.from_torch(value)
    if "sklearn" in libraries:
        return models.from_sklearn(value)
    raise InputError(f"network is {quoted(value)}; {_NETWORK}")


def as_domain(value: DomainLike, inputs: int, what: str = "domain") -> Polyhedron | None:
    """Return the domain that a value stands for; None is all of the input space.

    Args:
        value: None, a polyhedron, or a box: see ``DomainLike``.
        inputs: dimension of the input space.
        what: how an error message names it.

    Raises:
        DimensionError: not one pair per input.
        DomainError: a lower bound above the upper one.
        InexactError: a bound that is not an exact number.
        InputError: something else.

    >>> as_domain("0:8", 2) == as_domain((0, 8), 2) == as_domain([(0, 8), (0, 8)], 2) == Polyhedron.box(0, 8, dim=2)
    True
    """
    if value is None or isinstance(value, Polyhedron):
        return value
    if isinstance(value, HRep):
        return Polyhedron(value)
    if isinstance(value, str):
        bounds = parse_domain(value, inputs, what)
        return None if bounds is None else Box(*zip(*bounds, strict=True))
    try:
        listed = entries(value, what, "")
    except InputError:
        everything = "None for all inputs, " if what == "domain" else ""
        raise InputError(f"{what} is {quoted(value)}; write {everything}{_BOX}") from None
    if len(listed) == 2 and not any(_is_pair(entry) for entry in listed):
        return Box(*zip(*[_interval(listed, what, 0)] * inputs, strict=True))
    if len(listed) != inputs or not all(_is_pair(entry) for entry in listed):
        raise InputError(f"{what} is {quoted(value)}, and there are {inputs} inputs; write {_BOX}")
    return Box(*zip(*(_interval(pair, what, k) for k, pair in enumerate(listed)), strict=True))


def as_window(value: WindowLike, dim: int) -> Polyhedron:
    """Return the bounding box of a window, the part of a space that a picture shows.

    Args:
        value: a bounded polyhedron, or a box: see ``DomainLike``.
        dim: dimension of the space.

    Raises:
        DimensionError: the window lies in another space.
        DomainError: it is unbounded, flat or empty.
        InputError: something else.
    """
    if value is None:
        raise InputError(f"window is None; write {_BOX}")
    window = as_domain(value, dim, "window")
    return window_box(Polyhedron.space(dim) if window is None else window, dim)


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, (list, tuple, np.ndarray)) and len(entry) == 2


def _interval(pair: Any, what: str, k: int) -> tuple[Fraction, Fraction]:
    low, high = (algebraic(bound, f"{name} bound of input {k}") for name, bound in zip(("lower", "upper"), pair, strict=True))
    if low > high:
        raise DomainError(f"{what} of input {k} is empty: {text(low)} > {text(high)}; write (low, high)")
    return low, high


def as_unit(value: PropertyLike, layer: int = -1, what: str = "feature") -> tuple[int, int]:
    """Return the unit and the layer of a single feature without a threshold.

    Args:
        value: the number of a unit, or a property that is one feature: ``feature(2)`` or ``feature(2, layer=0)``.
        layer: of the unit, if its number is passed.
        what: how an error message names it.

    Raises:
        InputError: another property, or not an integer.

    >>> as_unit(2), as_unit(Property((Condition(0, ((1, Fraction(1)),), Fraction(0)),)))
    ((2, -1), (1, 0))
    """
    if isinstance(value, Condition):
        value = Property((value,))
    if not isinstance(value, Property):
        return index(value, what), index(layer, "layer")
    only = unit_condition(value)
    if only is None or only.constant:
        raise InputError(
            f"{what} is the property {quoted(str(value))}; expected one unit without a threshold, such as feature(2)"
        )
    if layer not in (-1, only.layer):
        raise InputError(f"layer is {quoted(layer)}, but the feature is of layer {only.layer}; pass one of them")
    return only.terms[0][0], only.layer


def as_seconds(value: Any) -> float | None:
    """Return a number of seconds, or None for no limit.

    Raises:
        InputError: neither None nor a number from 0 on.
    """
    if value is None:
        return None
    if not isinstance(value, Real) or isinstance(value, bool) or math.isnan(value) or value < 0:
        raise InputError(f"seconds is {quoted(value)}; expected a number of seconds such as 60, or None for no limit")
    return float(value)


def as_deadline(value: Any) -> Deadline:
    """Return the deadline that a number of seconds from now means, or the deadline itself that is passed in its place.

    Raises:
        InputError: something else.
    """
    return value if isinstance(value, Deadline) else Deadline(as_seconds(value))


def as_count(value: Any, what: str) -> int | None:
    """Return a limit that is an integer from 0 on, or None for no limit.

    Raises:
        InputError: something else.
    """
    return None if value is None else index(value, what, least=0)


def as_workers(jobs: Any, executor: Any) -> Executor | int | None:
    """Return an executor whose workers take part, a number of processes, or None if this process works alone.

    Raises:
        InputError: not a positive integer, not an executor, or both of them.
    """
    count = index(jobs, "jobs", least=1)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise InputError(f"executor is {quoted(executor)}; expected an executor such as ProcessPoolExecutor(4), or pass jobs=4")
    if executor is not None and count > 1:
        raise InputError(f"jobs is {count} and an executor is passed, too; pass one of them")
    workers: Executor | int | None = count if count > 1 else executor
    return workers


def as_progress(value: Any) -> Progress | None:
    """Return a function that is called with two counts, or None.

    Raises:
        InputError: something that cannot be called.
    """
    if value is not None and not callable(value):
        raise InputError(f"progress is {quoted(value)}; expected a function of two counts, such as print")
    progress: Progress | None = value
    return progress


def as_function(value: Any, what: str, expected: str) -> Callable[..., Any]:
    """Return a function.

    Raises:
        InputError: something that cannot be called.
    """
    if not callable(value):
        raise InputError(f"{what} is {quoted(value)}; expected {expected}")
    function: Callable[..., Any] = value
    return function


def as_text(value: Any, what: str) -> str:
    """Return a text.

    Raises:
        InputError: something else.
    """
    return require(value, str, what, 'text such as "x"')


def as_texts(value: Any, what: str) -> list[str]:
    """Return a text for each entry of a sequence, such as names or labels; a text stands for its characters.

    Raises:
        InputError: not a sequence.

    >>> as_texts([1, "b"], "labels"), as_texts("ab", "names")
    (['1', 'b'], ['a', 'b'])
    """
    listed = list(value) if isinstance(value, str) else entries(value, what, 'a sequence of texts such as ["a", "b"]')
    return [str(entry) for entry in listed]


def as_numbers(value: Any, what: str, count: int) -> list[int]:
    """Return the numbers of units, zones or other things that are counted from 0; a single integer is a list of one.

    Args:
        value: what the caller passed.
        what: how an error message names the numbers.
        count: how many things there are.

    Raises:
        InputError: not integers, or a number that is too large or negative.

    >>> as_numbers([0, 2], "units", 3)
    [0, 2]
    """
    listed = [value] if isinstance(value, (int, np.integer)) else entries(value, what, "a sequence of integers such as [0, 2]")
    numbers = [index(entry, f"one of the {what}") for entry in listed]
    for chosen in numbers:
        if not 0 <= chosen < count:
            raise InputError(f"one of the {what} is {quoted(chosen)}; expected {what} 0 to {count - 1}")
    return numbers
