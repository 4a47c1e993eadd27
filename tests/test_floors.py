"""Every module imports from its own floor's package or from floors below, imports inside functions included."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LAYERS = next(contract["layers"] for contract in CONTRACTS if contract["type"] == "layers")
FLOOR = {room.strip(): height for height, layer in enumerate(reversed(LAYERS)) for room in layer.split("|")}
MODULES = sorted((ROOT / "exactzones").rglob("*.py"))


def imported_rooms(tree):
    """(room, line) for each import of something in exactzones."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" if node.module == "exactzones" else node.module for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "exactzones" and rest.partition(".")[0] in FLOOR:
                yield rest.partition(".")[0], node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downward(path):
    room = path.relative_to(ROOT / "exactzones").with_suffix("").parts[0]
    if room in {"__init__", "__main__"}:
        return
    assert room in FLOOR, f"give {room} a floor in pyproject.toml"
    for other, line in imported_rooms(ast.parse(path.read_text(encoding="utf-8"))):
        assert other == room or FLOOR[other] < FLOOR[room], f"line {line} imports {other}"
