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
    """Write a page for exactzones and one for each module and package right below it: what these export is public."""
    public = [module.name for module in pkgutil.iter_modules(exactzones.__path__) if module.name not in _NOT_IMPORTED]
    exactzones.__all__ = [*public, *exactzones.__all__]  # pdoc follows an __all__
    # hypothesis hides where a composite strategy comes from; its annotations are shown as they are written.
    warnings.filterwarnings("ignore", message="Error parsing type annotation")
    pdoc.render.configure(docformat="google", footer_text=f"exactzones {exactzones.__version__}")
    pdoc.pdoc("exactzones", output_directory=folder)


if __name__ == "__main__":
    chosen = Path(sys.argv[1] if len(sys.argv) > 1 else "build/api")
    build(chosen)
    print(f"wrote {chosen / 'index.html'}")
