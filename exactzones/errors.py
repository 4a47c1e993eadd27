"""Every error that exactzones raises on purpose, in one tree.

``InputError`` is the caller's to mend, ``BudgetExceeded`` carries what was found, ``BackendError`` is a
bug: a library broke its contract.  A message names the value that was wrong, what was expected, and what to do.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class ExactZonesError(Exception):
    """Root of the tree."""


class InputError(ExactZonesError):
    """What the caller gave cannot be worked with; the message says what to change."""


class InexactError(InputError):
    """A number that is not rational, or not finite."""


class DimensionError(InputError):
    """Two things that must have the same length do not."""

    def __init__(self, what: str, *, expected: int, got: int) -> None:
        super().__init__(f"{what} has {got} entries; {expected} expected")
        self._again = partial(type(self), what, expected=expected, got=got)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._again, ()


class FormatError(InputError):
    """A file that cannot be read as what it claims to be."""


class DomainError(InputError):
    """A domain that is empty, flat or too large to hold."""


class FeatureError(InputError):
    """A feature, layer or latent space that the network does not have."""


class BudgetExceeded(ExactZonesError):
    """A budget ran out (or the user interrupted); ``found`` holds what was found until then."""

    def __init__(self, reason: str, found: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.found = found


class BackendError(ExactZonesError):
    """A library broke its contract; please report it with the input that did it."""
