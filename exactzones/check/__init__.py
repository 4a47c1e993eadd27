"""Check a certificate: plain integers, no engine, no linear programs, no floats.

The claim comes from the caller (network, property, domain), never from the certificate; ``proofs/certificate.md`` has the rules.
"""

from exactzones.check.certificate import Bound, Hint, Node, Refutation, lines_of
from exactzones.check.checker import Report, check
from exactzones.check.claim import Case

__all__ = ["Bound", "Case", "Hint", "Node", "Refutation", "Report", "check", "lines_of"]
