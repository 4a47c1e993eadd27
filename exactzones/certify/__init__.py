"""Decide whether a feature can fire, with evidence: an exact witness or a certificate."""

from exactzones.certify.certify import (
    CanFire,
    CannotFire,
    Certificate,
    Complete,
    Decision,
    Undecided,
    case_of,
    certify,
    certify_cases,
    prove_complete,
)

__all__ = [
    "CanFire",
    "CannotFire",
    "Certificate",
    "Complete",
    "Decision",
    "Undecided",
    "case_of",
    "certify",
    "certify_cases",
    "prove_complete",
]
