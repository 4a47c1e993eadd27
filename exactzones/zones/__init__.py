"""Activation zones: listed, connected, merged and located."""

from exactzones.engine.backward import unrelu
from exactzones.engine.search import ENGINES, Budget, stream_zones
from exactzones.zone import Maximum, Zone, ZoneCondition
from exactzones.zones.distance import Nearest, nearest
from exactzones.zones.exploring import Exploration, NearZone, explore
from exactzones.zones.listing import Zones, as_zones, find_zones
from exactzones.zones.local import LocalZone, ZoneFacet, zone_at
from exactzones.zones.merge import MergedZone
from exactzones.zones.regions import Hole
from exactzones.zones.segments import Segment, SegmentPiece, along
from exactzones.zones.statistics import Measures, PairMeasures, covariance, measure
from exactzones.zones.topology import Topology, topology
from exactzones.zones.union import UnionZone, ZoneUnion, find_union

__all__ = [
    "ENGINES",
    "Budget",
    "Exploration",
    "Hole",
    "LocalZone",
    "Maximum",
    "Measures",
    "MergedZone",
    "NearZone",
    "Nearest",
    "PairMeasures",
    "Segment",
    "SegmentPiece",
    "Topology",
    "UnionZone",
    "Zone",
    "ZoneCondition",
    "ZoneFacet",
    "ZoneUnion",
    "Zones",
    "along",
    "as_zones",
    "covariance",
    "explore",
    "find_union",
    "find_zones",
    "measure",
    "nearest",
    "stream_zones",
    "topology",
    "unrelu",
    "zone_at",
]
