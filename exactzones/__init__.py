"""Exact activation zones of ReLU networks: where in the input space does a feature fire?

>>> from exactzones import Network, Polyhedron, feature, find_zones
>>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
>>> zones = find_zones(net, feature(0), Polyhedron.box(-3, 3, dim=1))
>>> len(zones), len(zones.islands), zones.share
(2, 2, Fraction(2, 3))

Limits mean the same everywhere.  ``seconds`` is the time that a call may take; ``jobs`` is the number of processes that work on
it, or ``executor`` is an executor whose workers do.  When time is up, a function that returns a list or a number (``find_zones``,
``stream_zones``, ``maximum``) raises ``BudgetExceeded``, whose ``found`` is the result so far; a function that returns a verdict
(``certify``, ``never_together``, ``dead_features``, ``prove_complete``, and ``together`` for a pair) returns ``Undecided``; the
verdict of ``check`` is then ``not checked``.

Pictures are in ``exactzones.plot``, interactive pages in ``exactzones.view``, files for other programs in ``exactzones.export``,
strategies and checks for property tests in ``exactzones.testing``.

Names are imported when they are first used; ``__init__.pyi`` lists them and where they come from.
"""

import lazy_loader

from exactzones import deprecated

__version__ = "0.1.0"

__getattr__, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)
__all__ = [name for name in _names if name not in {"export", "plot", "testing", "view"}]  # they need more than ``import *`` may

deprecated.keep_old_paths()
