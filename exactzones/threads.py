"""Matrix products on one thread: ours are many and small, and threads that wait for each other cost more than they bring."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from functools import cached_property
from typing import Any

import numpy as np  # noqa: F401 - its BLAS must be there to be found
from threadpoolctl import ThreadpoolController


class _OneThread(ContextDecorator):
    """While any block or decorated function runs within it, the BLAS that NumPy calls keeps to one thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._limit: Any = None

    @cached_property
    def _controller(self) -> ThreadpoolController:
        return ThreadpoolController()

    def __enter__(self) -> None:
        with self._lock:
            self._running += 1
            if self._running == 1:
                self._limit = self._controller.limit(limits=1, user_api="blas")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._running -= 1
            if not self._running:
                self._limit.restore_original_limits()


one_thread = _OneThread()
