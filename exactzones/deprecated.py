"""Old import paths and names: they work in this version, with a DeprecationWarning that names the new one."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])

PACKAGES = {"exactzones.certify": "exactzones.certification", "exactzones.check": "exactzones.checker"}
"""Old package -> new package."""

MODULES = {
    "exactzones.check.checker": "exactzones.checker.core",
    "exactzones.check.plain": "exactzones.checker.reference",
    "exactzones.check.verified": "exactzones.checker.verified",
    "exactzones.formats.files": "exactzones.files",
    "exactzones.formats.network_json": "exactzones.models.network_json",
    "exactzones.formats.npz": "exactzones.models.npz",
    "exactzones.formats.onnx_model": "exactzones.models.onnx_model",
    "exactzones.formats.sklearn_model": "exactzones.models.sklearn_model",
    "exactzones.formats.spec": "exactzones.spec",
    "exactzones.formats.state_dict": "exactzones.models.state_dict",
    "exactzones.formats.torch_model": "exactzones.models.torch_model",
    "exactzones.formats.vnnlib": "exactzones.vnnlib.reader",
    "exactzones.zones.backward": "exactzones.engine.backward",
    "exactzones.zones.forward": "exactzones.engine.forward",
    "exactzones.zones.search": "exactzones.zones",
    "exactzones.zones.workers": "exactzones.parallel",
    "exactzones.zones.zone": "exactzones.zone",
}
"""Old module -> new module, of those that the API reference of 0.1 documented with functions to call."""


def warn(old: str, new: str, *, stacklevel: int = 2) -> None:
    """Warn that ``old`` is now ``new``.

    Args:
        old: what the caller wrote.
        new: what to write instead.
        stacklevel: 2 blames the caller of the function that calls this one.
    """
    warnings.warn(f"{old} is deprecated; write {new}", DeprecationWarning, stacklevel=stacklevel + 1)


def renamed(old: str, new: str) -> Any:
    """Return a property that is the attribute ``new`` and warns; for an attribute that had another name.

    Args:
        old: the class and the attribute as they were, such as "Polyhedron.ambient".
        new: the attribute's name now.
    """

    def value(self: Any) -> Any:
        warn(old, f"{old.partition('.')[0]}.{new}")
        return getattr(self, new)

    value.__doc__ = f"Deprecated: the old name of ``{new}``."
    return property(value)


def renamed_argument(old: str, new: str) -> Callable[[_Function], _Function]:
    """Return a decorator of a function whose argument ``new`` had another name.

    Args:
        old: the name as it was.
        new: the name now.
    """

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def with_old_name(*arguments: Any, **options: Any) -> Any:
            if old in options and new not in options:
                warn(f"{function.__qualname__}({old}=)", f"{function.__qualname__}({new}=)")
                options[new] = options.pop(old)
            return function(*arguments, **options)

        return cast("_Function", with_old_name)

    return decorate


class _MovedModule(ModuleType):
    """A module that has moved: its names are those of the new module, and each use warns.

    ``exactzones.certify`` and ``exactzones.check`` were packages and are functions now.  Importing the old package puts it in the
    place of the function, so the package can be called as the function.
    """

    def __init__(self, name: str, new: str) -> None:
        super().__init__(name, f"Moved to ``{new}``.")
        self.__dict__["_new"] = new

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        new: str = self.__dict__["_new"]
        value = getattr(import_module(new), name)
        if not isinstance(value, ModuleType):
            warn(f"{self.__name__}.{name}", f"{new}.{name}")
        return value

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the function of the same name."""
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module("exactzones.certification"), name)(*arguments, **options)


class _MovedModules:
    """Finder and loader of the modules that have moved; the last finder, so that it is asked about no module that exists."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return a spec for an old name."""
        del path, target
        loader: Any = self  # not derived from importlib.abc.Loader, which is slow to import
        if name in PACKAGES:
            return ModuleSpec(name, loader, is_package=True)
        return ModuleSpec(name, loader) if name in MODULES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the stand-in for a module that has moved."""
        return _MovedModule(spec.name, MODULES.get(spec.name) or PACKAGES[spec.name])

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the names are looked up when they are used."""


def keep_old_paths() -> None:
    """Make the old import paths work."""
    sys.meta_path.append(_MovedModules())
