"""Shapes in the plane as SVG, without a plotting library, for the display of objects in notebooks."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from exactzones.polyhedra.polyhedron import Polyhedron
from exactzones.polyhedra.shapes import Ring, sides
from exactzones.rational import text

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Colours that can be told apart with any kind of colour vision.  Source: Okabe and Ito 2008, Color Universal Design."""

_SIZE, _MARGIN = 300.0, 44.0
_SPECK = 8  # smaller islands get a circle of this radius ..
_MOST_CIRCLES = 10  # .. unless there are more of them


class Shape(NamedTuple):
    """Polygons, segments or points of one colour.

    Attributes:
        rings: corners of each.
        group: number of the colour.
        title: text that appears when the mouse is over the shape.
    """

    rings: Sequence[Ring]
    group: int
    title: str


def svg(shapes: Iterable[Shape], window: Polyhedron, letter: str = "x", islands: Iterable[Sequence[Ring]] = ()) -> str:
    """Return shapes inside a box of the plane as SVG, with a frame and the coordinates of its corners.

    Lines and letters have the colour of the text around the picture, which suits light and dark backgrounds.

    Args:
        shapes: what to draw, inside the window.
        window: a box of dimension 2.
        letter: the name of the coordinates, ``x`` for x0 and x1.
        islands: polygons that belong together; those too small to be seen get a circle around them.
    """
    (left, bottom), (right, top) = sides(window)
    # Differences and ratios are exact: in floats the sides of a small window may coincide, and those of a large one overflow.
    wide, high = right - left, top - bottom
    stretched = 10 * min(wide, high) < max(wide, high)  # at equal scales the picture would be a thin strip
    across = wide if stretched else max(wide, high)
    upward = high if stretched else max(wide, high)
    width, height = float(wide / across) * _SIZE, float(high / upward) * _SIZE

    def place(ring: Ring) -> str:
        return " ".join(f"{float((x - left) / across) * _SIZE:.2f},{float((top - y) / upward) * _SIZE:.2f}" for x, y in ring)

    groups = []
    for shape in shapes:
        marks = "".join(_mark(place(ring), len(ring), shape.group) for ring in shape.rings)
        groups.append(f"<g><title>{html.escape(shape.title)}</title>{marks}</g>" if marks else "")
    groups += _circles([place(tuple(corner for ring in rings for corner in ring)) for rings in islands])
    size = f'width="{width + 2 * _MARGIN:.0f}" height="{height + 2 * _MARGIN:.0f}"'
    view = f'viewBox="{-_MARGIN:.0f} {-_MARGIN:.0f} {width + 2 * _MARGIN:.0f} {height + 2 * _MARGIN:.0f}"'
    frame = f'<rect width="{width:.2f}" height="{height:.2f}" fill="none" stroke="currentColor" stroke-opacity="0.5"/>'
    labels = [
        _label(0, height + 14, _rounded(left)),
        _label(width, height + 14, _rounded(right)),
        _label(-4, height, _rounded(bottom), "end"),
        _label(-4, 8, _rounded(top), "end"),
        _label(width / 2, height + 22, f"{letter}0"),
        _label(-12, height / 2, f"{letter}1", "end"),
    ]
    style = 'font-family="sans-serif" font-size="11" color="currentColor" style="max-width:100%"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} {style}>{"".join([*groups, frame, *labels])}</svg>'


def _circles(islands: Sequence[str]) -> list[str]:
    """Return circles around sets of points that are close together, unless there are many."""
    circles = []
    for points in filter(None, islands):
        columns = zip(*(map(float, point.split(",")) for point in points.split()), strict=True)
        (left, right), (top, bottom) = ((min(column), max(column)) for column in columns)
        if max(right - left, bottom - top) < _SPECK:
            centre = f'cx="{(left + right) / 2:.2f}" cy="{(top + bottom) / 2:.2f}"'
            circles.append(f'<circle {centre} r="{_SPECK}" fill="none" stroke="currentColor"/>')
    return circles if len(circles) <= _MOST_CIRCLES else []


def _mark(points: str, corners: int, group: int) -> str:
    """Return a circle, a polyline or a polygon, by the number of corners."""
    colour = PALETTE[group % len(PALETTE)]
    if corners == 1:
        x, y = points.split(",")
        return f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
    if corners == 2:
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="3"/>'
    return f'<polygon points="{points}" fill="{colour}" fill-opacity="0.55" stroke="currentColor" stroke-width="0.7"/>'


def _rounded(value: Fraction) -> str:
    """Return a number with three digits, also beyond the range of floats."""
    try:
        return f"{float(value):.3g}"
    except OverflowError:
        digits = text(math.floor(abs(value)))
        return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:3]}e+{len(digits) - 1}"


def _label(x: float, y: float, label: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="currentColor">{label}</text>'
