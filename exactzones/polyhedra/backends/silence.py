"""Silence for C code that writes to standard error."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import RLock
from typing import TypeVar

_STDERR = 2
_one_at_a_time = RLock()  # descriptors are those of the process

_Result = TypeVar("_Result")


def quietly(call: Callable[[], _Result]) -> _Result:
    """Return what a function returns; meanwhile descriptor 2, which is standard error, leads nowhere.

    Ctrl-C at any moment leaves the descriptor as it was: so this is a function, not a context manager.
    """
    with _one_at_a_time:
        kept: int | None = None
        try:
            with suppress(OSError):  # it may be closed
                kept = os.dup(_STDERR)
            if kept is not None:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, _STDERR)
                os.close(nowhere)
            return call()
        finally:
            if kept is not None:
                os.dup2(kept, _STDERR)
                os.close(kept)
