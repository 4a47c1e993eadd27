"""What people pass: the plain meaning, or one line of advice.  What the tables of public functions share."""

import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from exactzones import AffineMap, InputError, Network, Polyhedron, certify, feature, find_zones


class Tensor:
    """What torch's and others' tensors have in common."""

    def __init__(self, entries):
        self.entries = np.array(entries)
        self.shape = self.entries.shape

    def __array__(self, dtype=None, copy=None):
        del copy
        return self.entries if dtype is None else self.entries.astype(dtype)


class Module:
    """Looks like a module of a library that is not known."""

    def forward(self, x):
        return x

    def parameters(self):
        return []


VALUES = {
    "int": 3,
    "float": 1.5,
    "str": "x",
    "list": [1, 2],
    "array": np.array([1.0, 2.0]),
    "tensor": Tensor([1.0, 2.0]),
    "module": Module(),
    "path": Path("/nowhere/net.npz"),
    "none": None,
    "dict": {"a": 1},
    "object": object(),
}
NET = Network.mlp([([[1, 0], [-1, 0]], [0, 0]), ([[1, 1], [-1, -1], [1, 0], [0, 1]], [-1, -1, 0, 0])])
"""Features |x| - 1, -|x| - 1, max(x, 0), max(-x, 0) of (x, y)."""
BOX = Polyhedron.box(-3, 3, dim=2)
ZONES = find_zones(NET, feature(0), BOX)
PROOF = certify(NET, feature(1), BOX).certificate
MAP = AffineMap.through([0, 0], [1, 0])
ADVICE = re.compile(
    r"expected|write |pass |such as|at least|at most|ends? in|there is |No such file|or save the"
    r"|has (features|layers)|(layers|spaces) are|go up to|this network has"
)

POINT = {"list": [1, 2], "array": [1, 2], "tensor": [1, 2]}
LIMIT = {"int": 3, "float": 1.5, "none": None}
COUNT = {"int": 3}
NUMBER = {"int": "3", "float": "3/2"}
DOMAIN = {**dict.fromkeys(("list", "array", "tensor"), Polyhedron.box(1, 2, dim=2)), "none": Polyhedron.space(2)}
FEATURE = {"int": feature(3)}
SEARCH = {"seconds": LIMIT, "jobs": {"int": ...}, "executor": {"none": None}}
FREE = dict.fromkeys(VALUES, ...)
"""``...`` stands for a value that is accepted and not compared."""


@dataclass(frozen=True)
class Door:
    """A function with arguments that fit, and which of the values are accepted in their place, as what."""

    call: object
    arguments: dict
    accepted: dict = field(default_factory=dict)
    compare: object = None


def kind(decision):
    return type(decision)


def in_order(function):
    """Call a function that takes its arguments in order."""
    return lambda **places: function(*places.values())


def attempts(doors):
    """Each function of a table with each kind of value in each place."""
    for name, door in doors.items():
        for place in door.arguments:
            for value in VALUES:
                yield pytest.param(door, place, value, id=f"{name}-{place}-{value}")


def one_line(error):
    message = str(error)
    assert "\n" not in message
    assert len(message) < 300, message
    assert ADVICE.search(message), message


def try_door(door, place, value):
    """Pass a value: it is refused in one line, or means the same as what the table has for it."""
    accepted = door.accepted.get(place, {})
    compare = door.compare or (lambda outcome: outcome)
    attempt = partial(door.call, **{**door.arguments, place: VALUES[value]})
    if value not in accepted:
        with pytest.raises(InputError) as refused:
            attempt()
        one_line(refused.value)
    elif accepted[value] is not ...:
        assert compare(attempt()) == compare(door.call(**{**door.arguments, place: accepted[value]}))
