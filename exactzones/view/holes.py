"""Loops around holes, as the page's scripts draw them."""

from __future__ import annotations

from exactzones.errors import InputError, require
from exactzones.polyhedra.shapes import floats
from exactzones.view.spaces import Data
from exactzones.zones import Topology


def loops(shape: Topology, inputs: int) -> Data:
    """Return the corners of the loops around the holes of the set that fires, and of the rest, by these two names.

    Raises:
        InputError: no ``Topology``, or not two inputs.
    """
    found = require(shape, Topology, "holes", "what topology(..) returns")
    if inputs != 2:
        raise InputError(f"loops around holes are drawn in 2 inputs; these zones have {inputs}")
    return {name: [floats(hole.corners) for hole in found.holes.get(name, ())] for name in ("firing", "complement")}
