"""The proofs build, rest on nothing new, and give the checker that is committed."""

import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "proofs" / "build.sh"


@pytest.mark.skipif(shutil.which("coqc") is None or shutil.which("ocamlfind") is None, reason="Coq is not installed")
def test_the_proofs_build():
    done = subprocess.run(["bash", BUILD], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
