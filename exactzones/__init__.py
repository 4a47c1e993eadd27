"""Exact activation zones of ReLU networks: where in the input space does a feature fire?

>>> from exactzones import Network, Polyhedron, feature, find_zones
>>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
>>> zones = find_zones(net, feature(0), Polyhedron.box(-3, 3, dim=1))
>>> len(zones), len(zones.islands), zones.share
(2, 2, Fraction(2, 3))
"""

from exactzones.affine import AffineMap
from exactzones.errors import (
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
from exactzones.network import Latent, Layer, Network, regime_bound
from exactzones.polyhedra import HRep, Polyhedron, VRep
from exactzones.property import ALWAYS, Condition, Property, condition, feature
from exactzones.rational import Matrix, exact, vector
from exactzones.zones import Budget, Nearest, Zone, Zones, find_zones, nearest, stream_zones, unrelu

__version__ = "0.1.0"

__all__ = [
    "ALWAYS",
    "AffineMap",
    "BackendError",
    "Budget",
    "BudgetExceeded",
    "Condition",
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
    "VRep",
    "Zone",
    "Zones",
    "condition",
    "exact",
    "feature",
    "find_zones",
    "nearest",
    "regime_bound",
    "stream_zones",
    "unrelu",
    "vector",
]
