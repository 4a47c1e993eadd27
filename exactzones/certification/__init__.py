"""Decide whether a property can hold, with evidence: an exact witness or a certificate.

``provers`` propose proofs, ``witness`` searches for points, ``run`` alternates between them.  ``exactzones.checker`` checks every
node before it becomes part of a certificate.

Names are imported when they are first used, so that a question needs no module of another one; ``__init__.pyi`` lists them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
