"""Hypothesis profiles: dev (quick), ci, deep (overnight); HYPOTHESIS_PROFILE chooses."""

import os

from hypothesis import HealthCheck, settings

# Exact arithmetic takes as long as the numbers are long, so time limits would only make tests flaky.
_COMMON = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=40, **_COMMON)
settings.register_profile("ci", max_examples=150, **_COMMON)
settings.register_profile("deep", max_examples=3000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))
