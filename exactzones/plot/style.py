"""The look of the pictures: a palette that also suits colour-blind readers, hatches as a second cue, axes and legends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill, shorten
from typing import Any

from matplotlib import patheffects, pyplot, rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch

from exactzones.arguments import as_text
from exactzones.errors import InputError, require
from exactzones.polyhedra import Polyhedron, svg
from exactzones.polyhedra.shapes import floats, sides
from exactzones.rational import flag

PALETTE = svg.PALETTE

HATCHES = ("", "///", "\\\\\\", "|||", "xxx", "---", "++", "..")
"""Eight hatches and seven colours have no common factor: 56 combinations occur before one repeats."""

INK = "#222222"
QUIET = "#f3f3f3"
LISTED = 10  # most entries of a legend
_LINE = 75  # characters on a line of a title
_LONGEST = 120  # characters of what a title says before the counts

DOMAIN_LINE: dict[str, Any] = {"facecolor": "none", "edgecolor": INK, "linewidth": 1.2, "linestyle": "--"}

RC = {
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "legend.fontsize": 9.0,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "exactzones",
    "svg.fonttype": "path",
}
"""Settings for all pictures, independent of the user's settings; the salt makes the ids in an SVG reproducible."""


@contextmanager
def settings(canvas: Any, **flags: Any) -> Iterator[None]:
    """Make a picture with the settings ``RC``.

    Args:
        canvas: the axes or figure that the picture is drawn on, or None if pyplot will make new ones.  In that case the backend
            is loaded first: in a notebook this turns on the display of figures, a setting that must survive this context.
        flags: arguments that must be True or False, such as ``legend``.

    Raises:
        InputError: a flag is neither True nor False.
    """
    for what, value in flags.items():
        flag(value, what)
    if canvas is None:
        pyplot.draw_if_interactive()  # loads the backend; without a figure it does nothing else
    with rc_context(RC):
        yield


def colour(group: int) -> str:
    """Return the colour of a group of zones, counted from 0."""
    return PALETTE[group % len(PALETTE)]


def look(group: int, strength: float = 0.55) -> dict[str, Any]:
    """Return face colour, hatch and edge of a group of zones, counted from 0."""
    return {
        "facecolor": to_rgba(colour(group), strength),
        "hatch": HATCHES[group % len(HATCHES)],
        "edgecolor": INK,
        "linewidth": 0.6,
        "joinstyle": "round",  # sharp corners would grow spikes
    }


def swatch(group: int, label: str, *, strength: float = 0.55, hatched: bool = True) -> Any:
    """Return the legend entry of a group."""
    return Patch(label=label, **look(group, strength) | ({} if hatched else {"hatch": None}))


def axes(ax: Any, dim: int) -> Any:
    """Return ``ax``, or new axes for a picture of this dimension if it is None.

    Raises:
        InputError: flat axes for a 3-D picture, 3-D axes for a flat one, or no axes at all.
    """
    if ax is None:
        return pyplot.figure(layout="constrained").add_subplot(projection="3d" if dim == 3 else "rectilinear")
    require(ax, Axes, "ax", "matplotlib axes, such as figure.add_subplot() returns")
    if (ax.name == "3d") != (dim == 3):
        raise InputError(
            f"a picture in {dim}-D needs {'3-D' if dim == 3 else 'flat'} axes, not {ax.name!r} ones (see add_subplot)"
        )
    return ax


def frame(ax: Any, box: Polyhedron, letter: str = "x", *, pad: float = 0.0) -> None:
    """Set limits, equal scales and axis labels for a box in 2-D or 3-D; ``pad`` is a margin as a share of the box."""
    as_text(letter, "letter")
    low, high = floats(sides(box))
    lengths = [b - a for a, b in zip(low, high, strict=True)]
    for axis, a, b, k in zip("xyz", low, high, range(len(low)), strict=False):
        getattr(ax, f"set_{axis}lim")(a - pad * (b - a), b + pad * (b - a))
        getattr(ax, f"set_{axis}label")(f"${letter}_{k}$")
    if max(lengths) <= 10 * min(lengths):  # equal scales would make a longer box a sliver
        ax.set_aspect("equal")
    for spine in ax.spines.values():
        spine.set_color("#aaaaaa")


def heading(what: str, rest: str) -> str:
    """Return a title: what is drawn, cut if it is long, and the rest, on lines that are not wider than the picture."""
    return fill(f"{shorten(what, _LONGEST, placeholder=' ..')}{rest}", _LINE)


def halo(paper: Any = "white") -> list[Any]:
    """Return the effect that makes text readable on any colour: an outline in the colour of the paper."""
    return [patheffects.withStroke(linewidth=2.5, foreground=paper)]


def name(ax: Any, point: Sequence[float], text: str, offset: tuple[float, float]) -> None:
    """Write a name beside a point, at an offset in typographic points."""
    place = {"xytext": offset, "textcoords": "offset points", "ha": "center", "va": "center"}
    ax.annotate(text, point, **place, color=INK, fontsize=12, path_effects=halo(), zorder=6)


def number(ax: Any, point: Sequence[float], text: str, **options: Any) -> None:
    """Write a number on a zone, readable on any colour."""
    ax.text(*point, text, ha="center", va="center", color=INK, fontweight="bold", path_effects=halo(), zorder=6, **options)


def legend_beside(ax: Any, handles: list[Any], **options: Any) -> None:
    """Put a legend to the right of the axes, where it covers nothing; give a figure without a layout one that leaves room."""
    if ax.figure.get_layout_engine() is None:  # else plain savefig would cut the legend off
        ax.figure.canvas.figure.set_layout_engine("constrained")
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0.0}
    ax.legend(handles=handles, **place, frameon=False, handleheight=1.2, **options)
