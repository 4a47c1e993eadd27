"""Activation zones: found, connected, merged."""

from exactzones.zones.backward import unrelu
from exactzones.zones.distance import Nearest, nearest
from exactzones.zones.merge import MergedZone
from exactzones.zones.search import ENGINES, Budget, Zones, find_zones, stream_zones
from exactzones.zones.zone import Maximum, Zone, ZoneCondition

__all__ = [
    "ENGINES",
    "Budget",
    "Maximum",
    "MergedZone",
    "Nearest",
    "Zone",
    "ZoneCondition",
    "Zones",
    "find_zones",
    "nearest",
    "stream_zones",
    "unrelu",
]
