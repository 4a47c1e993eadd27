from . import export as export
from . import plot as plot
from . import testing as testing
from . import view as view
from .affine import AffineMap
from .certification import (
    CanFire,
    CannotFire,
    Certificate,
    CoFiring,
    Complete,
    Decision,
    ProvedMaximum,
    Undecided,
    certify,
    check,
    conjunction,
    dead_features,
    maximum,
    never_together,
    prove_complete,
    together,
)
from .checker import Report
from .engine.backward import unrelu
from .engine.search import ENGINES, Budget, stream_zones
from .errors import (
    BackendError,
    BudgetExceeded,
    DimensionError,
    DomainError,
    ExactZonesError,
    FeatureError,
    FormatError,
    InexactError,
    InputError,
)
from .layer import Layer
from .models import from_flax, from_sklearn, from_torch, load_network, save_network
from .network import Latent, Network, regime_bound
from .polyhedra import Cell, HRep, Polyhedron, VRep
from .property import ALWAYS, Condition, Disjunction, Property, condition, feature
from .rational import Matrix, exact, vector
from .store import ZoneStore, store_zones
from .zone import Maximum, Zone, ZoneCondition
from .zones import (
    LocalZone,
    MergedZone,
    Nearest,
    Segment,
    SegmentPiece,
    UnionZone,
    ZoneFacet,
    Zones,
    ZoneUnion,
    along,
    find_union,
    find_zones,
    nearest,
    zone_at,
)

__version__: str

__all__ = [
    "ALWAYS",
    "ENGINES",
    "AffineMap",
    "BackendError",
    "Budget",
    "BudgetExceeded",
    "CanFire",
    "CannotFire",
    "Cell",
    "Certificate",
    "CoFiring",
    "Complete",
    "Condition",
    "Decision",
    "DimensionError",
    "Disjunction",
    "DomainError",
    "ExactZonesError",
    "FeatureError",
    "FormatError",
    "HRep",
    "InexactError",
    "InputError",
    "Latent",
    "Layer",
    "LocalZone",
    "Matrix",
    "Maximum",
    "MergedZone",
    "Nearest",
    "Network",
    "Polyhedron",
    "Property",
    "ProvedMaximum",
    "Report",
    "Segment",
    "SegmentPiece",
    "Undecided",
    "UnionZone",
    "VRep",
    "Zone",
    "ZoneCondition",
    "ZoneFacet",
    "ZoneStore",
    "ZoneUnion",
    "Zones",
    "along",
    "certify",
    "check",
    "condition",
    "conjunction",
    "dead_features",
    "exact",
    "feature",
    "find_union",
    "find_zones",
    "from_flax",
    "from_sklearn",
    "from_torch",
    "load_network",
    "maximum",
    "nearest",
    "never_together",
    "prove_complete",
    "regime_bound",
    "save_network",
    "store_zones",
    "stream_zones",
    "together",
    "unrelu",
    "vector",
    "zone_at",
]
