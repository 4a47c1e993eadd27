from .completeness import prove_complete
from .decide import case_of, certify, certify_cases
from .firing import CoFiring, dead_features, together
from .island_border import BorderFacet, prove_island
from .nearest import NearestInput, nearest_input, radius
from .questions import check, conjunction, maximum, never_together
from .results import CanFire, CannotFire, Certificate, Complete, Decision, ProvedMaximum, Undecided

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
