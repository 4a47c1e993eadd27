"""Limit BLAS to one thread: our products are small, so threading overhead outweighs the speed-up."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from functools import cached_property
from typing import Any

import numpy as np  # noqa: F401 - its BLAS must be loaded before the controller looks for it
from threadpoolctl import ThreadpoolController


class _OneThread(ContextDecorator):
    """A context manager and decorator that limits NumPy's BLAS to one thread.

    It has an effect in the main thread only: the limit holds for the whole process, and several threads could not agree when it
    ends.
    """

    def __init__(self) -> None:
        self._limits: list[Any] = []

    @cached_property
    def _controller(self) -> ThreadpoolController:
        return ThreadpoolController()

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._limits.append(self._controller.limit(limits=1, user_api="blas"))

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            self._limits.pop().restore_original_limits()


one_thread = _OneThread()
