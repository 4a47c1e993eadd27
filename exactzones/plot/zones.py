"""The zones of a property in an input space of one, two or three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from exactzones.arguments import WindowLike, as_window
from exactzones.errors import InputError, quoted
from exactzones.notation import counted
from exactzones.plot import style
from exactzones.plot.band import draw_band
from exactzones.plot.curve import draw_curve
from exactzones.plot.holes import draw_holes
from exactzones.plot.pieces import Piece, pieces
from exactzones.plot.planar import draw_planar
from exactzones.plot.solids import draw_solid
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import floats
from exactzones.property import brief
from exactzones.zones import Topology, Zones, ZoneUnion
from exactzones.zones.union import as_drawn
from exactzones.zones.union_parts import UnionParts, count_zones
from exactzones.zones.window import default_window

_COLOURINGS = ("island", "zone", "case")
_LABEL = 34  # characters on a line of a label


def plot_zones(
    zones: Zones | ZoneUnion,
    *,
    window: WindowLike = None,
    color_by: str | None = None,
    ax: Any = None,
    merged: bool = False,
    samples: bool = False,
    only: Sequence[int] | None = None,
    legend: bool = True,
    arithmetic: str | None = None,
    holes: Topology | None = None,
) -> Any:
    """Draw the exact zones of a property, and return the axes.

    In 1-D they are intervals below the graph of the feature, in 2-D polygons, in 3-D solids: for each zone, the closure of the
    part that fires.

    Args:
        zones: on an input space of 1, 2 or 3 dimensions; of a disjunction, each part on which a case holds is drawn.
        window: a bounded polyhedron; its bounding box is shown.  By default the domain's box, or a box around all vertices.
        color_by: "island" gives each island (connected component) a colour, hatch and number of its own, "zone" each zone, "case"
            each case of a disjunction.  By default "case" for a disjunction whose zones are not merged, else "island".
        ax: matplotlib axes (3-D ones for a 3-D input); new ones by default.
        merged: whether to draw merged zones (convex unions of zones) without the edges inside them.
        samples: whether to mark each zone's sample point.
        only: draw these zones (or parts) only, with the colours and numbers that they have among all zones.
        legend: whether to put a legend beside the axes.
        arithmetic: such as "float32": draw where the property's conditions are zero as a hairline (not in 3-D); the legend
            says how far the order of summation may move it.
        holes: what ``topology`` returns of the feature: draw a loop around each hole of the set that fires, and a dotted one
            around each hole of the rest (two inputs).

    Raises:
        DomainError: a band in floats on an unbounded zone.
        InputError: more than 3 inputs, an unknown colouring, an unbounded or flat window, or floats that the model of execution
            does not cover.
    """
    listed = as_drawn(zones)
    dim = _checked_dimension(listed)
    chosen = _colouring(listed, color_by, merged=merged)
    box = default_window(listed) if window is None else as_window(window, dim)
    with style.settings(ax, merged=merged, samples=samples, legend=legend):
        ax = style.axes(ax, dim)
        shown = pieces(listed, box, chosen, merged=merged, only=only)
        handles = [*_groups(listed, shown, chosen), *_draw(listed, shown, box, ax)]
        handles += [_mark_samples(listed, shown, box, ax)] if samples else []
        handles += [] if arithmetic is None else [draw_band([listed[k] for piece in shown for k in piece.zones], arithmetic, ax)]
        handles += [] if holes is None else draw_holes(holes, dim, ax)
        if legend:
            style.legend_beside(ax, [*handles, *_notes(listed, shown, box, all_drawn=only is None)])
        ax.set_title(title(listed, len(listed.merged) if merged else None))
    return ax


def _checked_dimension(zones: Zones | UnionParts) -> int:
    """Return the dimension of the input space if it can be drawn."""
    dim = zones.network.inputs
    if dim > 3:
        raise InputError(
            f"an input space of {dim} dimensions cannot be drawn; draw a slice: the zones of "
            "network.compose(AffineMap.through(p, q, r)), the plane through three points"
        )
    return dim


def _colouring(zones: Zones | UnionParts, color_by: Any, *, merged: bool) -> str:
    """Return the colouring that is asked for, or the default."""
    has_cases = isinstance(zones, UnionParts) and len(zones.prop.cases) > 1 and not merged
    if color_by is None:
        return "case" if has_cases else "island"
    if not isinstance(color_by, str) or color_by not in _COLOURINGS:
        raise InputError(f"color_by is {quoted(color_by)}; expected one of {', '.join(_COLOURINGS)}")
    if color_by == "case" and not has_cases:
        raise InputError('color_by="case" is about the zones of a disjunction that are not merged; write color_by="island"')
    return color_by


def _draw(zones: Zones | UnionParts, shown: Sequence[Piece], window: Polyhedron, ax: Any) -> list[Any]:
    """Draw pieces as the dimension requires; return the legend entries of everything else that is drawn."""
    if zones.network.inputs == 1:
        return draw_curve(zones, shown, window, ax)
    draw_pieces = draw_planar if zones.network.inputs == 2 else draw_solid
    draw_pieces(shown, zones.domain, window, ax)
    return []


def title(zones: Zones | UnionParts, joined: int | None = None) -> str:
    """Return a picture's title: the property and the counts, on several lines if they are long."""
    into = "" if joined is None else f" joined into {counted(joined, 'piece')}"
    where = f" on {zones.network.slice}" if zones.network.slice else ""
    counts = f"{counted(count_zones(zones), 'zone')}{into}, {counted(len(zones.islands), 'island')}"
    return style.heading(brief(zones.prop, zones.network.widths), f"{where}: {counts}")


def _groups(zones: Zones | UnionParts, shown: Sequence[Piece], color_by: str) -> list[Any]:
    """Return the legend entries of the islands, zones or cases; a long list ends with the number of those left out."""
    labels: dict[int, str] = {}
    for piece in sorted(shown, key=lambda piece: piece.group):
        k = piece.group
        if color_by == "island":
            labels[k] = f"island {k}: {counted(count_zones(zones, zones.islands[k]), 'zone')}"
        elif color_by == "case" and isinstance(zones, UnionParts):
            labels[k] = fill(f"case {k}: {brief(zones.prop.cases[k], zones.network.widths)}", _LABEL)
        else:
            labels[k] = f"{k}:  {_pattern(zones, piece)}"
    visible = {piece.group for piece in shown if piece.rings}
    named = [(k, label if k in visible else f"{label} (outside)") for k, label in labels.items()]
    listed = named if len(named) <= style.LISTED + 1 else named[: style.LISTED]
    handles = [style.swatch(k, label, hatched=zones.network.inputs < 3) for k, label in listed]
    if len(listed) < len(labels):
        handles.append(Patch(visible=False, label=f"and {counted(len(labels) - len(listed), color_by)} more"))
    return handles


def _pattern(zones: Zones | UnionParts, piece: Piece) -> str:
    if len(piece.zones) > 1:
        return counted(count_zones(zones, piece.zones), "zone")
    (k,) = piece.zones
    case = f", case {zones.owners[k][1]}" if isinstance(zones, UnionParts) else ""
    return " ".join(zones[k].pattern) + case


def _notes(zones: Zones | UnionParts, shown: Sequence[Piece], window: Polyhedron, *, all_drawn: bool) -> list[Any]:
    """Return the legend entries for the rest of the picture."""
    notes: list[Any] = []
    if zones.network.inputs < 3:
        silent = "does not fire" if all_drawn else "does not fire, or is not drawn"
        label = silent if zones.complete else "undecided: the search stopped early"
        notes.append(Patch(facecolor=style.QUIET, edgecolor="#bbbbbb", label=label))
    elif not zones.complete:
        notes.append(Patch(visible=False, label="incomplete: the search stopped early"))
    if zones.domain is not None and zones.network.inputs > 1:
        notes.append(Patch(**style.DOMAIN_LINE, label="domain"))
    visible = {piece.group for piece in shown if piece.rings}
    if any(piece.group in visible and piece.passes(row) for piece in shown for row in window.hrep.rows):
        unbounded = sum(not piece.part.is_bounded for piece in shown)
        extent = f"\n({unbounded} of {len(shown)} unbounded)" if unbounded else ""
        marker = ">" if zones.network.inputs < 3 else ""
        notes.append(Line2D([], [], color=style.INK, marker=marker, linestyle="none", label=f"extends beyond the window{extent}"))
    return notes


def _mark_samples(zones: Zones | UnionParts, shown: Sequence[Piece], window: Polyhedron, ax: Any) -> Any:
    samples = [zones[k].sample for piece in shown for k in piece.zones]
    points = floats(sample for sample in samples if window.contains(sample))
    look: dict[str, Any] = {
        "linestyle": "none",
        "marker": "o",
        "markersize": 4,
        "color": "white",
        "markeredgecolor": style.INK,
        "zorder": 5,
    }
    if zones.network.inputs == 1:
        points = [(x, 0.05) for (x,) in points]
        look["transform"] = ax.get_xaxis_transform()
    if points:
        ax.plot(*zip(*points, strict=True), **look, gid="samples")
    look.pop("transform", None)
    return Line2D([], [], **look, label="a sample point of each zone")
