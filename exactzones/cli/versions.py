"""``exactzones info --versions``: what is installed, and what does which work."""

from __future__ import annotations

import platform
from importlib import metadata

from exactzones import __version__
from exactzones.checker.verified import program
from exactzones.engine import kernel
from exactzones.errors import BackendError
from exactzones.polyhedra import backends

_PACKAGES = (
    *("numpy", "python-flint", "highspy", "networkx", "pycddlib", "sympy", "onnx", "onnxruntime", "torch", "safetensors"),
    *("matplotlib", "plotly", "pyarrow", "pandas", "hypothesis", "scikit-learn", "distributed"),
)
_MISSING = "not installed"


def versions() -> list[tuple[str, str]]:
    """Return what is installed, and what does which work, as pairs of a name and its description."""
    return [
        ("exactzones", __version__),
        ("Python", f"{platform.python_version()} on {platform.platform()}"),
        ("kernel", kernel.name()),
        ("conversions", _conversions()),
        ("verified checker", _verified_checker()),
        *((name, _version(name)) for name in _PACKAGES),
    ]


def _conversions() -> str:
    if len(backends.BACKENDS) == 1:
        return "exactzones' own double description: pycddlib, which is faster, is not installed"
    return f"cddlib, through pycddlib {_version('pycddlib')}"


def _verified_checker() -> str:
    try:
        return str(program())
    except BackendError:
        return "not built"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return _MISSING
