"""Finished pictures in other colours: on a dark page, or in greys for print."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba, to_rgba_array
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from exactzones.errors import InputError, quoted
from exactzones.plot.style import halo

_Change: TypeAlias = Callable[..., tuple[float, ...]]  # of a colour, and whether it is that of a line

_LIGHTEST, _DARKEST = 0.92, 0.125  # lightness on a dark page of what is black, and white, on a light one
_GREY = 0.12  # colours of less saturation are taken for greys
_LINE = 0.5  # luminance of a coloured line in print as a share of its own: it must be seen on grey
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722  # luminance (ITU-R BT.709)


def recolour(figure: Any, theme: str) -> None:
    """Change the colours of a finished figure.

    Args:
        figure: a matplotlib figure.
        theme: "light" changes nothing, "dark" turns greys about and keeps other colours, "print" makes greys of all colours.
            Hatches and line styles still tell apart what the colours do.

    Raises:
        InputError: another theme.
    """
    if not isinstance(theme, str) or theme not in THEMES:
        raise InputError(f"theme is {quoted(theme)}; expected one of {', '.join(THEMES)}")
    change = THEMES[theme]
    if change is None:
        return
    for artist in figure.findobj():
        for kind, change_artist in _KINDS.items():
            if isinstance(artist, kind):
                change_artist(artist, change)


def _recolour_collection(artist: Collection, change: _Change) -> None:
    """Change the colours of polygons or segments; those in space keep theirs in the order in which they were drawn."""
    edges, faces = Collection.get_edgecolor(artist), Collection.get_facecolor(artist)
    if len(edges):
        artist.set_edgecolor([change(colour, True) for colour in to_rgba_array(edges)])
    if len(faces):
        artist.set_facecolor([change(colour) for colour in to_rgba_array(faces)])


def _recolour_patch(artist: Patch, change: _Change) -> None:
    artist.set_edgecolor(change(artist.get_edgecolor(), True))
    artist.set_facecolor(change(artist.get_facecolor()))


def _recolour_line(artist: Line2D, change: _Change) -> None:
    for part in ("color", "markerfacecolor", "markeredgecolor"):
        colour = getattr(artist, f"get_{part}")()
        if not isinstance(colour, str) or colour not in {"none", "auto"}:
            getattr(artist, f"set_{part}")(change(to_rgba(colour), True))


def _recolour_text(artist: Text, change: _Change) -> None:
    artist.set_color(change(to_rgba(artist.get_color())))
    if artist.get_path_effects():
        artist.set_path_effects(halo(change(to_rgba("white"))))


def _dark(colour: Sequence[float], _is_line: bool = False) -> tuple[float, ...]:
    hue, lightness, saturation = colorsys.rgb_to_hls(*colour[:3])
    if max(colour[:3]) - min(colour[:3]) > _GREY:
        return tuple(colour)
    turned = float(np.interp(lightness, (0, 1), (_LIGHTEST, _DARKEST)))
    return (*colorsys.hls_to_rgb(hue, turned, saturation), colour[3])


def _print(colour: Sequence[float], is_line: bool = False) -> tuple[float, ...]:
    red, green, blue, alpha = colour
    is_coloured_line = is_line and alpha == 1 and max(colour[:3]) - min(colour[:3]) > _GREY
    return (float(_RED * red + _GREEN * green + _BLUE * blue) * (_LINE if is_coloured_line else 1),) * 3 + (alpha,)


THEMES: dict[str, _Change | None] = {"light": None, "dark": _dark, "print": _print}

_KINDS: dict[type, Callable[[Any, _Change], None]] = {
    Collection: _recolour_collection,
    Patch: _recolour_patch,
    Line2D: _recolour_line,
    Text: _recolour_text,
}
