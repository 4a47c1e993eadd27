"""Hypothesis strategies for networks, points, polyhedra and properties, degenerate ones included, and checks of zones.

Needs hypothesis: ``pip install exactzones[testing]``.
"""

from __future__ import annotations

from exactzones.errors import InputError

try:
    import hypothesis as _hypothesis  # noqa: F401  # imported alone, so that the message below fits every ImportError here
except ImportError:
    raise InputError(
        "exactzones.testing needs hypothesis, which is not installed; run: pip install exactzones[testing]"
    ) from None

from exactzones.testing.checks import (
    CheckFailed,
    CheckReport,
    adjacency_is_right,
    check_zones,
    domain_points,
    pattern_towards,
    zones_are_complete,
    zones_are_sound,
    zones_do_not_overlap,
)
from exactzones.testing.strategies import (
    KINDS,
    boxes,
    domains,
    dyadics,
    features,
    floats32,
    networks,
    points,
    points_near,
    polyhedra,
    properties,
    rationals,
)

__all__ = [
    "KINDS",
    "CheckFailed",
    "CheckReport",
    "adjacency_is_right",
    "boxes",
    "check_zones",
    "domain_points",
    "domains",
    "dyadics",
    "features",
    "floats32",
    "networks",
    "pattern_towards",
    "points",
    "points_near",
    "polyhedra",
    "properties",
    "rationals",
    "zones_are_complete",
    "zones_are_sound",
    "zones_do_not_overlap",
]
