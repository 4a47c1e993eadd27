"""Build the documentation site: ``python examples/docs.py [FOLDER]``, then open FOLDER/index.html; no server is needed.

FOLDER is build/site unless it is named.  The pages are README and the other documents, the notebooks as they are committed, all
commands with their options, and the docstrings of everything public.  Needs ``pip install exactzones[docs]``.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sphinx.cmd.build import build_main

import exactzones

_COMMANDS = ("__main__", "cli")
ROOT = Path(__file__).parent.parent
DOCUMENTS = {
    "Use": ["README.md", "exactzones/cli/README.md", "exactzones/models/README.md", "exactzones/store/README.md"],
    "Examples": ["examples/notebooks/README.md", "examples/notebooks/*.ipynb", "examples/networks/README.md"],
    "Mathematics": ["proofs/README.md", "proofs/[0-9]*.md", "proofs/[a-z]*.md"],
    "Development": ["ARCHITECTURE.md", "CONTRIBUTING.md", "tests/benchmarks/README.md", "CHANGELOG.md"],
}
"""The documents of each chapter, in the order of the side bar."""

LINKED = ["LICENSE", "examples/**/*.*", "proofs/**/*.*", "exactzones/**/*.*", "tests/benchmarks/*.csv"]
"""What the documents show, or link to."""

PAGES = [pattern for patterns in DOCUMENTS.values() for pattern in patterns] + ["api/*"]
SETTINGS = f"""
from docutils.utils import urischemes
urischemes.schemes = {{"http": "", "https": ""}}  # FILE:3 in the text of a command is not a link
project = "exactzones"
version = release = "{exactzones.__version__}"
author = copyright = "the exactzones authors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon", "sphinx_click", "sphinx_copybutton"]
html_theme = "furo"
html_title = "exactzones {exactzones.__version__}"
html_show_copyright = html_show_sphinx = False
root_doc = "README"
include_patterns = {PAGES}
suppress_warnings = ["ref.python"]   # words such as "row" in the type of an attribute are not names of ours
nb_execution_mode = "off"            # the notebooks have the outputs of a real run, which the tests compare
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
smartquotes = False                  # "--at" in the text of a command stays as it is typed
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = toc_object_entries = False
autodoc_member_order = "bysource"
napoleon_use_ivar = True
napoleon_google_docstring, napoleon_numpy_docstring = True, False
copybutton_prompt_text = r">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True
"""


def tracked(patterns: list[str]) -> list[Path]:
    """The files that the patterns name, once each, relative to the root, without what builds and caches leave."""
    found = (path.relative_to(ROOT) for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file())
    return [path for path in dict.fromkeys(found) if not any(part.startswith((".", "_")) for part in path.parent.parts)]


def exported() -> dict[str, list[str]]:
    """The names that ``exactzones`` exports, by the module which they come from, in the order of the stub."""
    stub = ast.parse(Path(exactzones.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    found = defaultdict(list)
    for statement in stub.body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            found["exactzones." + statement.module] += [name.name for name in statement.names]
    return found


def entry(module: str, name: str) -> str:
    """The directive that documents a name of a module."""
    value = getattr(importlib.import_module(module), name)
    kind = (
        "exception"
        if isinstance(value, type) and issubclass(value, BaseException)
        else "class"
        if isinstance(value, type)
        else "function"
        if callable(value)
        else "data"
    )
    members = "\n   :members:\n   :inherited-members: Exception, Executor, object, tuple" if kind == "class" else ""
    return f".. auto{kind}:: {module}.{name}{members}\n"


def heading(text: str, line: str) -> str:
    """A heading in reStructuredText."""
    return f"{text}\n{line * len(text)}\n\n"


def reference() -> Iterator[tuple[str, str]]:
    """(page, text) for the pages of the API: the names of ``exactzones``, and each public module with the names of its own."""
    top = exported()
    text = heading("exactzones", "=") + ".. automodule:: exactzones\n\n"
    for module, names in top.items():
        text += heading(module.removeprefix("exactzones."), "-")
        text += "".join(entry("exactzones", name) + "\n" for name in names)
    yield "exactzones", text
    listed = {name for names in top.values() for name in names}
    for module in (f"exactzones.{room.name}" for room in pkgutil.iter_modules(exactzones.__path__) if room.name not in _COMMANDS):
        own = [name for name in getattr(importlib.import_module(module), "__all__", []) if name not in listed]
        if own:
            text = heading(module, "=") + f".. automodule:: {module}\n\n"
            yield module, text + "".join(entry(module, name) + "\n" for name in own)


def table_of_contents(caption: str, pages: list[str]) -> str:
    """The part of the side bar that has these pages."""
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(pages) + "\n```\n"


def collect(source: Path) -> None:
    """Copy the documents to a folder, as they lie in the project, and write the pages of commands and of the API there."""
    for path in tracked([*LINKED, *(pattern for patterns in DOCUMENTS.values() for pattern in patterns)]):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, source / path)
    contents = ""
    for caption, patterns in DOCUMENTS.items():
        pages = tracked(patterns)
        contents += table_of_contents(caption, [str(page.with_suffix("")) for page in pages if page != Path("README.md")])
    (source / "api").mkdir()
    click = heading("All commands", "=") + ".. click:: exactzones.cli.commands:cli\n   :prog: exactzones\n   :nested: full\n"
    (source / "api/commands.rst").write_text(click, encoding="utf-8")
    pages = dict(reference())
    for page, text in pages.items():
        (source / f"api/{page}.rst").write_text(text, encoding="utf-8")
    contents += table_of_contents("Reference", ["api/commands", *(f"api/{page}" for page in pages)])
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (source / "README.md").write_text(readme + contents, encoding="utf-8")
    (source / "conf.py").write_text(SETTINGS, encoding="utf-8")


def build(folder: Path) -> int:
    """Write the site; return 0, or 1 if there was a warning, such as a link that leads nowhere."""
    with tempfile.TemporaryDirectory() as place:
        source = Path(place)
        collect(source)
        failed = build_main(["-q", "-W", "--keep-going", "-d", str(source / ".doctrees"), str(source), str(folder)])
    shutil.copy(folder / "README.html", folder / "index.html")
    return failed


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/site")
    failed = build(folder)
    print(f"wrote {folder / 'index.html'}")
    sys.exit(failed)
