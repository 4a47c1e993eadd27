"""The formats of exactzones' own files: zones as JSON, and certificates."""

from importlib import import_module
from typing import Any

from exactzones import deprecated

_MOVED = frozenset({"from_flax", "from_sklearn", "from_torch", "load_network", "save_network"})


def __getattr__(name: str) -> Any:
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    deprecated.warn(f"{__name__}.{name}", f"exactzones.{name}")
    return getattr(import_module("exactzones.models"), name)
