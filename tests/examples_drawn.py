"""How many examples slow property tests draw."""

from hypothesis import settings

ORDINARY = 150
"""Up to this many a profile may be in a hurry; one that asks for more gets what it asks for."""


def at_most(count):
    """Draw at most so many examples, unless the profile is one that takes its time."""
    wanted = settings.default.max_examples
    return settings(max_examples=min(count, wanted) if wanted <= ORDINARY else wanted)
