"""A slice at several values of the inputs that it holds fixed: what the sliders of a page show."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from exactzones.affine import AffineMap
from exactzones.arguments import as_text
from exactzones.errors import InputError, quoted
from exactzones.rational import entries, exact, index
from exactzones.view.slices import as_slice
from exactzones.zones import Zones, ZoneUnion

_MOST = 400  # positions on a page
_SLIDE = re.compile(r"\s*x?(\d{1,9})\s*=([^:]*):([^:]*)(?::(\d{1,9}))?")


@dataclass(frozen=True)
class Slides:
    """The positions of sliders.

    Attributes:
        inputs: the inputs that are moved.
        values: for each of them its values, ascending.
        positions: the slice at each combination of values, the last input's changing fastest.
        at: for each input the number of the value that the slice itself has.
        zones: the zones at each position; empty until ``with_zones`` gives them.
    """

    inputs: tuple[int, ...]
    values: tuple[tuple[Fraction, ...], ...]
    positions: tuple[AffineMap, ...]
    at: tuple[int, ...]
    zones: tuple[Zones | ZoneUnion, ...] = ()

    @classmethod
    def of(cls, flat: AffineMap, values: Mapping[int, Sequence[Any]]) -> Slides:
        """Return the positions at which inputs have values; that of the slice itself is one of them.

        Raises:
            InputError: an input that changes along the slice, or too many positions.
        """
        as_slice(flat)
        if not isinstance(values, Mapping):
            raise InputError(f"values is {quoted(values)}; expected a mapping from inputs to lists of numbers")
        moved = {
            index(k, "input of a slider"): tuple(exact(v) for v in entries(listed, "values of a slider", "a list of numbers"))
            for k, listed in values.items()
        }
        for k in moved:
            if k >= flat.outputs:
                raise InputError(f"a slider moves input {k}, but the network has inputs 0 to {flat.outputs - 1}")
            if any(flat.matrix.rows[k]):
                raise InputError(f"a slider moves input {k}, which is not held fixed: it changes along the slice")
        grid = {k: tuple(sorted({*listed, flat.offset[k]})) for k, listed in moved.items()}
        count = math.prod(map(len, grid.values()))
        if count > _MOST:
            raise InputError(f"the sliders have {count} positions; expected at most {_MOST}: choose fewer values")
        positions = []
        for chosen in itertools.product(*grid.values()):
            offset = list(flat.offset)
            for k, value in zip(grid, chosen, strict=True):
                offset[k] = value
            positions.append(replace(flat, offset=tuple(offset)))
        at = tuple(listed.index(flat.offset[k]) for k, listed in grid.items())
        return cls(tuple(grid), tuple(grid.values()), tuple(positions), at)

    def with_zones(self, zones: Sequence[Zones | ZoneUnion]) -> Slides:
        """Return the same with the zones at each position."""
        if len(zones) != len(self.positions):
            raise InputError(f"zones are {len(zones)} lists; expected one for each of the {len(self.positions)} positions")
        return replace(self, zones=tuple(zones))


def read_slide(text: str) -> tuple[int, list[Fraction]]:
    """Read ``INPUT=LOW:HIGH[:COUNT]``: an input and equally spaced values, nine by default.

    >>> read_slide("2=0:1:3")
    (2, [Fraction(0, 1), Fraction(1, 2), Fraction(1, 1)])
    """
    read = _SLIDE.fullmatch(as_text(text, "text"))
    count = int(read[4] or 9) if read else 0
    if not read or not 2 <= count <= _MOST:
        raise InputError(
            f"slider {quoted(text)} is not an input with its bounds; expected INPUT=LOW:HIGH or INPUT=LOW:HIGH:COUNT, "
            f"with a COUNT from 2 to {_MOST}"
        )
    low, high = (exact(bound, f"bound of slider {quoted(text)}") for bound in read.group(2, 3))
    if low >= high:
        raise InputError(f"slider {quoted(text)} has no length; expected a lower bound below the upper one")
    return int(read[1]), [low + (high - low) * Fraction(k, count - 1) for k in range(count)]
