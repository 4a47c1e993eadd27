"""ARCHITECTURE.md against the tree: its rooms, its floors, the paths that it names, and the words of its glossary."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "exactzones"
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
ASIDE = {"__init__", "__main__"}
"""Modules that are not rooms."""
TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md"}
FOLDERS = {"exactzones", "tests", "proofs", "examples"}
TASKS = [
    "an ONNX operator",
    "an export format",
    "a pruning rule",
    "a field handed to the kernel",
    "a certificate rule",
    "a second LP back end",
    "a command",
    "a property kind",
    "an engine",
    "a picture",
]
"""What a stranger must find on the page: the changes that the table has to cover."""


def floors():
    """The rooms of each floor, from the top, as the page draws them: an indented room shares the floor of the one above it."""
    drawn = []
    for line in re.search(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[1].splitlines():
        room = line.split()[0]
        if line.startswith(" "):
            drawn[-1].add(room)
        else:
            drawn.append({room})
    return drawn


def table(title):
    """The rows of the table in one section, as lists of cells, without its heading."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[1]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def paths():
    """Every path that the page names in backticks."""
    return sorted(set(re.findall(r"`([\w./-]+(?:/|\.(?:py|pyi|md|c|h|v|ml|sh|js|json|toml)))`", PAGE)))


def test_every_package_and_module_has_a_room_on_the_page():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - ASIDE
    rooms = [room for floor in floors() for room in floor]
    assert sorted(rooms) == sorted(packages | modules)


def test_the_floors_are_those_that_import_linter_enforces():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (c["layers"] for c in configuration["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    assert floors() == [set(layer.split(" | ")) for layer in layers]


@pytest.mark.parametrize("path", paths())
def test_every_path_on_the_page_exists(path):
    assert (PACKAGE / path).exists() or (ROOT / path).exists()


def test_every_name_in_the_table_is_in_the_code():
    files = [path for suffix in ("py", "c", "h") for path in PACKAGE.rglob(f"*.{suffix}")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = {name for row in table("To add something") for name in re.findall(r"`(\w+)`", " ".join(row))}
    assert len(named) > 10
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", sources)] == []


def test_the_page_names_many_paths():
    assert len(paths()) > 60


def test_the_table_covers_the_changes_that_a_stranger_makes():
    rows = table("To add something")
    tasks = [row[0] for row in rows]
    assert set(TASKS) <= set(tasks)
    assert len(set(tasks)) == len(tasks)
    for _, touched, tests in rows:
        assert re.search(r"`[\w./]+`", touched)
        assert tests


def test_each_word_is_explained_once_with_its_term():
    rows = table("Glossary")
    words = [row[0] for row in rows]
    assert words == sorted(set(words), key=str.casefold)
    assert 25 <= len(words) <= 40
    assert all(term and meaning for _, term, meaning in rows)


def test_the_top_level_is_short():
    entries = [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    tracked = {path.name for path in entries if path.is_file() and path.suffix in {".md", ".toml", ".py", ""}}
    assert tracked <= TOP_LEVEL
    assert {path.name for path in entries if path.is_dir()} >= FOLDERS
