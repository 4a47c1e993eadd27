"""Save pictures: equal pictures are written as equal bytes, and a file is written in full or not at all."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from matplotlib import rc_context
from matplotlib.animation import FFMpegWriter, PillowWriter
from matplotlib.figure import Figure, FigureBase

from exactzones.arguments import WindowLike, as_function
from exactzones.errors import InputError, require
from exactzones.files import as_path, atomic_stream
from exactzones.plot.style import RC
from exactzones.plot.themes import recolour
from exactzones.plot.zones import plot_zones
from exactzones.rational import entries, index
from exactzones.zones import Zones, ZoneUnion
from exactzones.zones.union import as_drawn

SUFFIXES = (".svg", ".png", ".pdf")
ANIMATIONS = (".gif", ".mp4")
DPI, MOST_DPI = 150, 1200
_NO_DATE = {".svg": {"Date": None}, ".png": {"Software": None}, ".pdf": {"CreationDate": None}}
_FIGURE = "a matplotlib figure, such as matplotlib.figure.Figure()"
_Moment = TypeVar("_Moment")


def save_zones(
    zones: Zones | ZoneUnion,
    path: str | os.PathLike[str],
    window: WindowLike = None,
    *,
    merged: bool = False,
    theme: str = "light",
    dpi: int = DPI,
    arithmetic: str | None = None,
) -> None:
    """Draw zones into a file; no display is needed.

    Args:
        zones: on an input space of 1, 2 or 3 dimensions.
        path: ends in .svg, .png or .pdf.
        window: see ``plot_zones``.
        merged: see ``plot_zones``.
        theme: see ``save_figure``.
        dpi: see ``save_figure``.
        arithmetic: see ``plot_zones``.

    Raises:
        DomainError: see ``plot_zones``.
        InputError: another suffix, theme or resolution, a file that cannot be written, more than 3 inputs, or floats that the
            model of execution does not cover.
    """
    target = checked_path(path)
    as_drawn(zones)
    with rc_context(RC):
        figure = Figure(figsize=(8, 5.5), layout="constrained")
        axes = figure.add_subplot(projection="3d" if zones.network.inputs == 3 else "rectilinear")
        plot_zones(zones, window=window, ax=axes, merged=merged, arithmetic=arithmetic)
        save_figure(figure, target, theme=theme, dpi=dpi)


def checked_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a picture to write.

    Raises:
        InputError: the suffix is not one of ``SUFFIXES``.
    """
    target = Path(as_path(path))
    if target.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{target.name!r} ends in {target.suffix or 'nothing'!r}; a picture's name ends in {', '.join(SUFFIXES)}"
        )
    return target


def save_figure(figure: Any, path: str | os.PathLike[str], *, theme: str = "light", dpi: int = DPI) -> None:
    """Write a matplotlib figure, without dates.

    Args:
        figure: a matplotlib figure; another theme changes its colours.
        path: ends in one of ``SUFFIXES``.
        theme: "light", "dark" for a dark page, or "print" for greys.
        dpi: pixels per inch of a .png, from 1 to 1200.

    Raises:
        InputError: a suffix that is not one of ``SUFFIXES``, another theme or resolution.
        WriteError: the file cannot be written.
    """
    require(figure, FigureBase, "figure", _FIGURE)
    target = checked_path(path)
    suffix = target.suffix.lower()
    resolution = index(dpi, "dpi", least=1)
    if resolution > MOST_DPI:
        raise InputError(f"dpi is {resolution}; at most {MOST_DPI} are supported")
    recolour(figure, theme)
    with atomic_stream(target) as file, rc_context(RC):
        figure.savefig(file, format=suffix[1:], dpi=resolution, bbox_inches="tight", metadata=_NO_DATE[suffix])


def save_animation(
    figure: Any, draw: Callable[[_Moment], None], moments: Iterable[_Moment], path: str | os.PathLike[str], *, fps: int = 12
) -> None:
    """Write an animation with one frame per moment.

    Args:
        figure: a matplotlib figure; it is cleared before each frame.
        draw: draws a moment into the figure.
        moments: the moments to draw, in order.
        path: ends in .gif or, if ffmpeg is installed, .mp4.
        fps: frames per second.

    Raises:
        InputError: another suffix, a missing ffmpeg, or a file that cannot be written.
    """
    require(figure, Figure, "figure", _FIGURE)
    as_function(draw, "draw", "a function that draws a moment into the figure")
    frames_per_second = index(fps, "fps", least=1)
    listed = entries(moments, "moments", "the moments to draw, in order")
    target = Path(as_path(path))
    suffix = target.suffix.lower()
    if suffix not in ANIMATIONS:
        raise InputError(
            f"{target.name!r} ends in {target.suffix or 'nothing'!r}; an animation's name ends in {', '.join(ANIMATIONS)}"
        )
    if suffix == ".mp4" and not FFMpegWriter.isAvailable():
        raise InputError(f"{target.name!r} needs ffmpeg, which is not installed: apt-get install ffmpeg, or write a .gif")
    movie = PillowWriter(fps=frames_per_second) if suffix == ".gif" else FFMpegWriter(fps=frames_per_second)
    with atomic_stream(target) as file, TemporaryDirectory() as folder, rc_context(RC):
        scratch = Path(folder) / target.name  # the writers choose the format by the suffix
        with movie.saving(figure, str(scratch), dpi=90):
            for moment, same in itertools.groupby(listed):
                figure.clear()
                draw(moment)
                for _ in same:
                    movie.grab_frame()
        file.write(scratch.read_bytes())
