"""Check certificates: in integers, without the engine, linear programs or floats.

The claim comes from the caller (network, property, domain), never from the certificate.  Three checkers implement the
same rules, which ``proofs/certificate.md`` states.  A change of a rule touches, in this order:

1. ``proofs/certificate.md``: the format, the rule, and why it is sound;
2. ``certificate.py`` and ``node_lines.py``: how nodes and hints are read and written;
3. the fast checker: ``rules.py`` (when a node is accepted), ``splits.py`` (its two sides) or ``bounds.py`` (bounds);
4. ``reference.py``: the reference checker, one file in plain fractions;
5. ``proofs/coq`` (``Backward.v``, ``Regions.v``, ``Certificate.v``), ``proofs/checker/main.ml``: the verified checker;
   ``verified.py`` runs it.

``tests/checker`` compares the first two on random certificates, ``tests/proofs`` all three.

Certificates of measures and topology are triangulations, another format; ``triangulated.py`` is its only checker.
"""

from exactzones.checker.certificate import Bound, Hint, Node, Refutation, lines_of
from exactzones.checker.core import check
from exactzones.checker.records import Case, Report

__all__ = ["Bound", "Case", "Hint", "Node", "Refutation", "Report", "check", "lines_of"]
