"""Pictures to files: the same bytes every time, and never half a file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from exactzones.errors import InputError
from exactzones.plot.style import RC
from exactzones.plot.zones import plot_zones
from exactzones.polyhedra import Polyhedron
from exactzones.zones import Zones

SUFFIXES = (".svg", ".png", ".pdf")
_NO_DATE = {".svg": {"Date": None}, ".png": {"Software": None}, ".pdf": {"CreationDate": None}}


def save_zones(zones: Zones, path: str | os.PathLike[str], window: Polyhedron | None = None, *, merged: bool = False) -> None:
    """Draw zones into a file; no display is needed.

    Args:
        zones: on an input space of 1, 2 or 3 dimensions.
        path: ends in .svg, .png or .pdf.
        window: see ``plot_zones``.
        merged: see ``plot_zones``.

    Raises:
        InputError: another suffix, a folder that cannot be written to, or an input space of more than 3 dimensions.
    """
    target = checked_path(path)
    with rc_context(RC):
        figure = Figure(figsize=(8, 5.5), layout="constrained")
        axes = figure.add_subplot(projection="3d" if zones.network.inputs == 3 else "rectilinear")
        plot_zones(zones, window=window, ax=axes, merged=merged)
        save_figure(figure, target)


def checked_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a picture to write.

    Raises:
        InputError: its suffix is not one of ``SUFFIXES``.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{target.name!r} ends in {target.suffix or 'nothing'!r}; a picture's name ends in {', '.join(SUFFIXES)}"
        )
    return target


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a matplotlib figure without dates, to a file beside the target first, which then takes the target's place.

    Raises:
        InputError: a suffix that is not one of ``SUFFIXES``, or a folder that cannot be written to.
    """
    target = checked_path(path)
    suffix = target.suffix.lower()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=suffix)
    except OSError as error:
        raise InputError(f"cannot write into {str(target.parent)!r}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file, rc_context(RC):
            figure.savefig(file, format=suffix[1:], dpi=150, bbox_inches="tight", metadata=_NO_DATE[suffix])
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
