"""Another name of ``polyhedra.shapes``."""

from exactzones.polyhedra.shapes import (
    Ring,
    area,
    bounding_box,
    corners,
    cut,
    floats,
    normal,
    outline,
    rings,
    sides,
    window_box,
)

__all__ = [
    "Ring",
    "area",
    "bounding_box",
    "corners",
    "cut",
    "floats",
    "normal",
    "outline",
    "rings",
    "sides",
    "window_box",
]
