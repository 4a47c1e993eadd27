"""Every error that exactzones raises on purpose, in one tree.

``InputError``: the caller can fix it.  ``BudgetExceeded``: the work was stopped, and the error carries the results so far.
``BackendError``: a library broke its contract, which is a bug.  A message names the wrong value, what was expected, and what to
do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

_Kind = TypeVar("_Kind")

MOST_CHARACTERS = 400
"""How much of a message is kept: it may quote any text from a file or a command line."""


class ExactZonesError(Exception):
    """Root of the tree.  Its message is one line, without the middle if it is very long."""

    def __str__(self) -> str:
        return one_line(super().__str__(), MOST_CHARACTERS)


class InputError(ExactZonesError):
    """The input cannot be used; the message says what to change."""


class InexactError(InputError):
    """A number is not finite, or not of the numbers that are calculated with exactly."""


class DimensionError(InputError):
    """Two sizes that must agree do not.

    >>> print(DimensionError("point", expected=2, got=1))
    point has 1 entry; expected 2
    """

    def __init__(
        self, what: str, *, expected: int, got: int, size: Literal["entries", "rows", "dimension"] = "entries", hint: str = ""
    ) -> None:
        one = {"entries": "entry", "rows": "row"}
        written = f"dimension {got}" if size == "dimension" else f"{got} {one[size] if got == 1 else size}"
        super().__init__(f"{what} has {written}; expected {expected}{hint}")
        self._again = partial(type(self), what, expected=expected, got=got, size=size, hint=hint)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._again, ()


class FormatError(InputError):
    """A file is not in the format that was expected."""


class WriteError(InputError):
    """A file cannot be written: its folder does not exist, the disk is full, ..  Its old content is as it was."""


class DomainError(InputError):
    """A domain is empty, flat, or too large to hold."""


class FeatureError(InputError):
    """The network does not have this feature, layer or latent space."""


class BudgetExceeded(ExactZonesError):
    """A budget ran out, or the user interrupted.

    Attributes:
        reason: which budget.
        found: the results until then.
    """

    def __init__(self, reason: str, found: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.found = found


def reason_of(stopped: BaseException) -> str:
    """Return why work was stopped by a budget or an interruption, in words."""
    return stopped.reason if isinstance(stopped, BudgetExceeded) else str(stopped) or "interrupted"


class BackendError(ExactZonesError):
    """A library broke its contract; please report it with the input that caused it."""


def require(value: Any, kind: type[_Kind], what: str, expected: str) -> _Kind:
    """Return a value if it is of a type.

    Args:
        value: what the caller passed.
        kind: the type.
        what: how an error message names the value.
        expected: what an error message says to write.

    Raises:
        InputError: it is of another type.
    """
    if not isinstance(value, kind):
        raise InputError(f"{what} is {quoted(value)}; expected {expected}")
    return value


def one_line(text: str, length: int) -> str:
    """Return a text on one line, without its middle if it is longer than ``length`` characters.

    >>> one_line("0123456789", 4)
    '01 ... 89'
    """
    line = " ".join(text.splitlines())
    return line if len(line) <= length else f"{line[: length // 2]} ... {line[-length // 2 :]}"


def quoted(value: object, most: int = 60) -> str:
    """Return ``repr(value)`` as one short line, for an error message.

    Args:
        value: anything.
        most: how many characters are kept.

    >>> quoted("a" * 100, 10), quoted([1, 2])
    ("'aaaaaa...", '[1, 2]')
    """
    try:
        line = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 - repr is other people's code, and fails for integers of many digits
        line = f"a {type(value).__name__}"
    return shortened(line, most)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return a hint at the choice that looks most like a mistyped word; nothing if none does.

    >>> did_you_mean("zon", ["zones", "view"])
    "; did you mean 'zones'?"
    """
    from difflib import get_close_matches  # noqa: PLC0415 - slow to import, and only messages need it

    near = get_close_matches(word, list(choices), n=1, cutoff=0.7)
    return f"; did you mean {near[0]!r}?" if near else ""


def shortened(line: str, most: int = 60) -> str:
    """Return a line, cut to so many characters."""
    return line if len(line) <= most else f"{line[: most - 3]}..."


def one_of(value: Any, choices: Sequence[str], what: str) -> str:
    """Return a text that is one of a few.

    Raises:
        InputError: it is something else; the message calls it ``what``.
    """
    if not isinstance(value, str) or value not in choices:
        *others, last = (f'"{choice}"' for choice in choices)
        raise InputError(f"{what} is {quoted(value)}; expected {', '.join(others)} or {last}")
    return value
