"""The proofs build, rest on nothing new, and give the checker that is committed."""

import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "proofs" / "build.sh"


def _has_flocq():
    where = subprocess.run(["coqc", "-where"], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S607
    return (Path(where) / "user-contrib" / "Flocq").is_dir()


def _installed():
    """Tell whether nothing is missing: what is, the script would install."""
    asked = ["ocamlfind", "query", "zarith", "yojson"]
    there = all(shutil.which(name) for name in ("coqc", asked[0])) and _has_flocq()
    return there and subprocess.run(asked, capture_output=True, check=False).returncode == 0  # noqa: S603


@pytest.mark.skipif(not _installed(), reason="Coq is not installed, or not all of it")
def test_the_proofs_build():
    done = subprocess.run(["bash", BUILD], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
