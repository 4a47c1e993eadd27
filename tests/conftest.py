"""Hypothesis profiles: fast, dev (quick), ci, deep (overnight); HYPOTHESIS_PROFILE chooses.

With EXACTZONES_FAST, which run.sh --fast sets, a part of the tests of each file runs.
Coverage is measured on the first cases of each test, and the first examples of each property test.
"""

import os
from collections import Counter
from functools import wraps
from importlib.util import find_spec
from itertools import count
from sys import modules

import pytest
from hypothesis import HealthCheck, settings

collect_ignore = [] if find_spec("torch") else ["models/torch_modules.py"]  # what tests of PyTorch models import

# Exact arithmetic takes as long as the numbers are long, so time limits would only make tests flaky.
_COMMON = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=40, **_COMMON)
settings.register_profile("ci", max_examples=150, **_COMMON)
settings.register_profile("deep", max_examples=3000, **_COMMON)
settings.register_profile("fast", max_examples=5, **_COMMON)
_FAST = bool(os.environ.get("EXACTZONES_FAST"))
_DEFAULT = "fast" if _FAST else "ci" if os.environ.get("CI") else "dev"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or _DEFAULT)
_ONE_OF = 10  # tests of a file, with EXACTZONES_FAST
_MEASURED = (
    3  # cases of a test, and examples of a property test: tracing doubles their time, and later ones rarely reach a new line
)
_cases: Counter[str] = Counter()


def pytest_collection_modifyitems(config, items):
    """Keep the first test of each file, and every tenth one after it."""
    if not _FAST:
        return
    counts = Counter()
    kept, left = [], []
    for item in items:
        (left if counts[item.path] % _ONE_OF else kept).append(item)
        counts[item.path] += 1
    items[:] = kept
    config.hook.pytest_deselected(items=left)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Stop measuring coverage, until the test ends, after the first cases of a test or examples of a property test."""
    coverage = modules["coverage"].Coverage.current() if "coverage" in modules else None
    if coverage is None or item.get_closest_marker("no_cover"):
        return (yield)
    test = item.nodeid.partition("[")[0]
    _cases[test] += 1
    property_test = getattr(getattr(item, "obj", None), "hypothesis", None)
    inner, examples = getattr(property_test, "inner_test", None), count(1)
    stopped = _cases[test] > _MEASURED

    @wraps(inner or str)
    def example(*args, **kwargs):
        nonlocal stopped
        if next(examples) > _MEASURED and not stopped:
            stopped = True
            coverage.stop()
        return inner(*args, **kwargs)

    if stopped:
        coverage.stop()
    elif inner:
        property_test.inner_test = example
    try:
        return (yield)
    finally:
        if inner:
            property_test.inner_test = inner
        if stopped:
            coverage.start()
