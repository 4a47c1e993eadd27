"""``zones --arithmetic``: how far floats move the boundary of zones, in JSON and in the summary."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from exactzones.band import width_text
from exactzones.cli.stopping import stop
from exactzones.formats.bands_json import bands_document
from exactzones.network import Network
from exactzones.rational.float_formats import REAL, FloatArithmetic
from exactzones.roundings import known_roundings
from exactzones.zones import Zones, ZoneUnion


def check_bands(network: Network, arithmetic: str) -> None:
    """Refuse, before a search, floats in which a network has no bands.

    Raises:
        InputError: an unknown format, or a layer that the model of execution does not cover.
    """
    floats = FloatArithmetic.of(arithmetic)
    if floats is None:
        return
    whole = network if network.slice is None else network.slice.whole
    for k, layer in enumerate(whole.layers):
        known_roundings(layer.as_computed, floats, f"layer {k}")


@lru_cache(maxsize=1)
def bands_of(zones: Zones | ZoneUnion, arithmetic: str) -> dict[str, Any] | None:
    """Return the bands of zones as JSON; None in real arithmetic, or if time does not suffice."""
    if arithmetic == REAL:
        return None
    return stop.attempt(f"bands in {arithmetic}", lambda: bands_document(zones, arithmetic))


def band_rows(zones: Zones | ZoneUnion, arithmetic: str) -> list[tuple[str, str]]:
    """Return the row of the summary about the bands, if there are any."""
    bands = bands_of(zones, arithmetic)
    if bands is None:
        return []
    width = bands["half_width"]
    told = "may be anywhere in some zone" if width is None else f"may move by up to {width_text(float(Fraction(width)))}"
    return [(f"in {arithmetic}", f"the boundary of the zones {told}, in some order of summation")]
