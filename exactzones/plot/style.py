"""How the pictures look: colours for every kind of eye, hatches so that colour is never the only cue, axes and legends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from matplotlib import patheffects, pyplot, rc_context
from matplotlib.colors import to_rgba
from matplotlib.patches import Patch

from exactzones.errors import InputError
from exactzones.polyhedra import Polyhedron, svg
from exactzones.polyhedra.shapes import floats, sides

PALETTE = svg.PALETTE

HATCHES = ("", "///", "\\\\\\", "|||", "xxx", "---", "++", "..")
"""One more than there are colours and without a common factor: 56 combinations before one repeats."""

INK = "#222222"
QUIET = "#f3f3f3"
LISTED = 10  # more entries make a legend that nobody reads

DOMAIN_LINE: dict[str, Any] = {"facecolor": "none", "edgecolor": INK, "linewidth": 1.2, "linestyle": "--"}

RC = {
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "legend.fontsize": 9.0,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "exactzones",
    "svg.fonttype": "path",
}
"""Settings under which pictures are made, whatever the user's own; the salt makes an SVG's ids the same every time."""


@contextmanager
def settings(given: Any) -> Iterator[None]:
    """Make a picture under ``RC``; ``given`` is what it is drawn on, None where that is made by pyplot.

    The backend is loaded before: in a notebook that turns on showing pictures by themselves, which has to outlast this picture.
    """
    if given is None:
        pyplot.draw_if_interactive()  # needs the backend, and so loads it, and does no more where nothing waits to be drawn
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
    """Return the axes given, or new ones that suit the dimension.

    Raises:
        InputError: flat axes for a solid, or the other way round.
    """
    if ax is None:
        return pyplot.figure(layout="constrained").add_subplot(projection="3d" if dim == 3 else "rectilinear")
    if (ax.name == "3d") != (dim == 3):
        raise InputError(
            f"a picture in {dim}-D needs {'3-D' if dim == 3 else 'flat'} axes, not {ax.name!r} ones (see add_subplot)"
        )
    return ax


def frame(ax: Any, box: Polyhedron, letter: str = "x", *, pad: float = 0.0) -> None:
    """Set limits (a share ``pad`` beyond the box), equal scales and axis labels for a box in 2-D or 3-D."""
    low, high = floats(sides(box))
    lengths = [b - a for a, b in zip(low, high, strict=True)]
    for axis, a, b, k in zip("xyz", low, high, range(len(low)), strict=False):
        getattr(ax, f"set_{axis}lim")(a - pad * (b - a), b + pad * (b - a))
        getattr(ax, f"set_{axis}label")(f"${letter}_{k}$")
    if max(lengths) <= 10 * min(lengths):  # beyond that equal scales leave a sliver
        ax.set_aspect("equal")
    for spine in ax.spines.values():
        spine.set_color("#aaaaaa")


def name(ax: Any, point: Sequence[float], text: str, offset: tuple[float, float]) -> None:
    """Write a name beside a point, so many typographic points away."""
    halo = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    place = {"xytext": offset, "textcoords": "offset points", "ha": "center", "va": "center"}
    ax.annotate(text, point, **place, color=INK, fontsize=12, path_effects=halo, zorder=6)


def number(ax: Any, point: Sequence[float], text: str, **options: Any) -> None:
    """Write a number on a zone, readable on any colour."""
    halo = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    ax.text(*point, text, ha="center", va="center", color=INK, fontweight="bold", path_effects=halo, zorder=6, **options)


def legend_beside(ax: Any, handles: list[Any]) -> None:
    """Put a legend to the right of the axes, where it covers nothing."""
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0, frameon=False, handleheight=1.2)
