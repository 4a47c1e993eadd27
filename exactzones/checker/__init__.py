"""Check a certificate: plain integers, no engine, no linear programs, no floats.

The claim comes from the caller (network, property, domain), never from the certificate; ``proofs/certificate.md`` has the rules.
"""

from exactzones.checker.certificate import Bound, Hint, Node, Refutation, lines_of
from exactzones.checker.core import check
from exactzones.checker.records import Case, Report

__all__ = ["Bound", "Case", "Hint", "Node", "Refutation", "Report", "check", "lines_of"]
