"""The forward engine's inner loop: neurons of one layer cut cells, and cells that cannot fire are dropped.

There are two kernels with one algorithm, the same results, and the same order of results.  The C kernel (``cut.c`` and the files
beside it) is compiled when exactzones is installed; the NumPy kernel (``numpy_kernel``, ``numpy_prune``) is easier to read,
checks the C kernel in tests, and runs where there is no C compiler.  ``schema`` declares what both take and return.

The environment variable ``EXACTZONES_KERNEL=numpy`` chooses the NumPy kernel; otherwise the C kernel runs if it was compiled.

Importing this package does not import NumPy.
"""

from __future__ import annotations

import os
import warnings
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_COMPILED = f"{__name__}._compiled"
_NUMPY = f"{__name__}.numpy_kernel"


class SlowKernelWarning(UserWarning):
    """The forward engine runs on the NumPy kernel because the C kernel is missing."""


def _is_numpy_chosen() -> bool:
    return os.environ.get("EXACTZONES_KERNEL") == "numpy"


@cache
def load() -> ModuleType:
    """Import the kernel that runs, a module with the functions ``cut`` and ``expand``."""
    if not _is_numpy_chosen():
        try:
            return import_module(_COMPILED)
        except ImportError:  # it was not compiled, or was compiled for another Python
            pass
    return import_module(_NUMPY)


def name() -> str:
    """Return "C" or "NumPy", the kernel that runs, without importing it.

    >>> name() in ("C", "NumPy")
    True
    """
    try:
        is_compiled = find_spec(_COMPILED) is not None
    except ValueError:  # its entry in sys.modules is None
        is_compiled = False
    return "C" if is_compiled and not _is_numpy_chosen() else "NumPy"


@cache
def warn_if_slow() -> None:
    """Warn, once, if the NumPy kernel runs without having been chosen."""
    if load().__name__ == _NUMPY and not _is_numpy_chosen():
        warnings.warn(
            f"the compiled kernel is missing in {Path(__file__).parent}, so zones are listed with the NumPy kernel, about a "
            "hundred times slower. If that is a clone of the sources, Python takes it in place of the installed package: start "
            "Python in another folder, or install with pip install -e. Else install a C compiler and reinstall exactzones; "
            "EXACTZONES_KERNEL=numpy silences this warning",
            SlowKernelWarning,
            stacklevel=2,
        )
