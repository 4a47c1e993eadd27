"""Matrix products on one thread: ours are many and small, and threads that wait for each other cost more than they bring."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from functools import cached_property
from typing import Any

import numpy as np  # noqa: F401 - its BLAS must be there to be found
from threadpoolctl import ThreadpoolController


class _OneThread(ContextDecorator):
    """While a block or a decorated function runs within it, the BLAS that NumPy calls keeps to one thread.

    Only in the main thread: a limit holds for the whole process, and several threads could not agree when it ends.
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
