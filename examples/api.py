"""Build the API reference from the docstrings: ``python examples/api.py [FOLDER]``, then open FOLDER/index.html.

FOLDER is build/api unless it is named.  Needs pdoc: ``pip install exactzones[docs]``.
"""

from __future__ import annotations

import pkgutil
import sys
import warnings
from pathlib import Path

import pdoc

import exactzones

_NOT_IMPORTED = ("__main__", "cli")


def build(folder: Path) -> None:
    """Write a page for exactzones and one for each of its public modules and packages."""
    public = [module.name for module in pkgutil.iter_modules(exactzones.__path__) if module.name not in _NOT_IMPORTED]
    exactzones.__all__ = [*public, *exactzones.__all__]  # pdoc documents what __all__ lists
    # pdoc cannot resolve the annotations of composite hypothesis strategies and shows their text instead.
    warnings.filterwarnings("ignore", message="Error parsing type annotation")
    pdoc.render.configure(docformat="google", footer_text=f"exactzones {exactzones.__version__}")
    pdoc.pdoc("exactzones", output_directory=folder)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/api")
    build(folder)
    print(f"wrote {folder / 'index.html'}")
