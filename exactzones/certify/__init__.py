"""Decide whether a feature can fire, with evidence: an exact witness or a certificate."""

from exactzones.certify.certify import CanFire, CannotFire, Certificate, Decision, Undecided, case_of, certify, certify_cases

__all__ = ["CanFire", "CannotFire", "Certificate", "Decision", "Undecided", "case_of", "certify", "certify_cases"]
