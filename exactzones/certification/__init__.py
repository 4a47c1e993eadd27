"""Decide whether a property can hold, with evidence: an exact witness or a certificate.

``provers`` propose proofs, ``witness`` searches for points, ``run`` alternates between them.  ``exactzones.checker`` checks every
node before it becomes part of a certificate.
"""

from exactzones.certification.decide import case_of, certify, certify_cases, prove_complete
from exactzones.certification.firing import CoFiring, dead_features, together
from exactzones.certification.island_border import BorderFacet, prove_island
from exactzones.certification.nearest_input import NearestInput, nearest_input, radius
from exactzones.certification.questions import check, conjunction, maximum, never_together
from exactzones.certification.results import CanFire, CannotFire, Certificate, Complete, Decision, ProvedMaximum, Undecided

__all__ = [
    "BorderFacet",
    "CanFire",
    "CannotFire",
    "Certificate",
    "CoFiring",
    "Complete",
    "Decision",
    "NearestInput",
    "ProvedMaximum",
    "Undecided",
    "case_of",
    "certify",
    "certify_cases",
    "check",
    "conjunction",
    "dead_features",
    "maximum",
    "nearest_input",
    "never_together",
    "prove_complete",
    "prove_island",
    "radius",
    "together",
]
