"""What people install: the wheel has the compiled kernel and all data files, and works on each supported Python that is here."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
QUESTION = """
import exactzones
from exactzones import Network, Polyhedron, certify, check, feature, find_zones
assert "site-packages" in exactzones.__file__, exactzones.__file__
net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
box = Polyhedron.box(-3, 3, dim=1)
assert [len(island) for island in find_zones(net, feature(0), box).islands] == [1, 1]
proof = certify(net, feature(0, threshold=2), box)
assert str(check(net, feature(0, threshold=2), box, proof.certificate)) == "valid"
"""


def sources(folder):
    """A copy of what git would hand over, so that several builds do not meet in one build folder."""
    for name in ("exactzones", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
        (shutil.copytree if source.is_dir() else shutil.copy)(
            source, folder / name, **({"ignore": ignored} if source.is_dir() else {})
        )
    return folder


def run(*command, cwd, compiler=None):
    environment = without_checkout() | ({"CC": compiler} if compiler else {})
    finished = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def without_checkout():
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def test_the_wheel_has_everything(tmp_path):
    """Every file of the package that is not C source, and the kernel where there is a compiler."""
    source = sources(tmp_path)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", "dist", str(source), cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    files = (path for path in (ROOT / "exactzones").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    wanted = {str(path.relative_to(ROOT)) for path in files if path.suffix not in {".c", ".h", ".so", ".md"}}
    assert wanted - packed == set()
    if shutil.which(os.environ.get("CC", "cc")):
        assert any(name.endswith(".so") for name in packed)


def pythons():
    """Executables of the supported versions that are here; the one that runs the tests is first."""
    yield pytest.param(sys.executable, id="this")
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in (11, 12, 13):
        if minor == sys.version_info.minor:
            continue
        candidates = [shutil.which(f"python3.{minor}"), *sorted(versions.glob(f"3.{minor}.*/bin/python"))]
        for candidate in filter(None, candidates):
            asked = subprocess.run([candidate, "-c", "import ensurepip"], capture_output=True, check=False)  # noqa: S603
            if asked.returncode == 0:
                yield pytest.param(str(candidate), id=f"3.{minor}")
                break


@pytest.mark.skipif("CI" not in os.environ, reason="installs the package afresh, with all that it needs: only where CI is set")
@pytest.mark.parametrize("python", list(pythons()))
def test_it_installs_without_a_compiler_and_works_on(python, tmp_path):
    """Only wheels are installed, and a package that calls the compiler fails: nothing needs cddlib or GMP."""
    source = sources(tmp_path)
    run(python, "-m", "venv", "venv", cwd=tmp_path)
    interpreter = str(tmp_path / "venv/bin/python")
    run(interpreter, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", "dist", str(source), cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:", str(wheel))
    run(interpreter, *install, cwd=tmp_path, compiler="/bin/false")
    (tmp_path / "elsewhere").mkdir()
    run(interpreter, "-c", QUESTION, cwd=tmp_path / "elsewhere")
    versions = run(interpreter, "-m", "exactzones", "info", "--versions", cwd=tmp_path / "elsewhere")
    assert "own double description" in versions
    assert re.search(r"kernel +C\n", versions)
