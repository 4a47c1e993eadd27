"""Decide whether a feature can fire, with evidence: an exact witness or a certificate."""
