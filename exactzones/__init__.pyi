from .affine import AffineMap
from .certification import (
    CanFire,
    CannotFire,
    Certificate,
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
)
from .engine.backward import unrelu
from .engine.search import Budget, stream_zones
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
from .polyhedra import HRep, Polyhedron, VRep
from .property import ALWAYS, Condition, Property, condition, feature
from .rational import Matrix, exact, vector
from .zone import Zone
from .zones import Nearest, Zones, find_zones, nearest

__version__: str

__all__ = [
    "ALWAYS",
    "AffineMap",
    "BackendError",
    "Budget",
    "BudgetExceeded",
    "CanFire",
    "CannotFire",
    "Certificate",
    "Complete",
    "Condition",
    "Decision",
    "DimensionError",
    "DomainError",
    "ExactZonesError",
    "FeatureError",
    "FormatError",
    "HRep",
    "InexactError",
    "InputError",
    "Latent",
    "Layer",
    "Matrix",
    "Nearest",
    "Network",
    "Polyhedron",
    "Property",
    "ProvedMaximum",
    "Undecided",
    "VRep",
    "Zone",
    "Zones",
    "certify",
    "check",
    "condition",
    "conjunction",
    "dead_features",
    "exact",
    "feature",
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
    "stream_zones",
    "unrelu",
    "vector",
]
