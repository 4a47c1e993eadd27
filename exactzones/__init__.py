"""Exact activation zones of ReLU networks: where in the input space does a feature fire?

>>> from exactzones import Network, Polyhedron, feature, find_zones
>>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
>>> zones = find_zones(net, feature(0), Polyhedron.box(-3, 3, dim=1))
>>> len(zones), len(zones.islands), zones.share
(2, 2, Fraction(2, 3))

Names are imported when they are first used; ``__init__.pyi`` lists them and where they come from.
"""

import lazy_loader

from exactzones import deprecated

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

deprecated.keep_old_paths()
