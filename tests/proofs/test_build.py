"""The proofs build, rest on nothing new, and give the checker that is committed."""

import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "proofs" / "build.sh"


def _installed():
    """Tell whether nothing is missing: what is, the script would install."""
    return subprocess.run(["bash", BUILD, "--ready"], check=False).returncode == 0  # noqa: S603, S607


@pytest.mark.skipif(not _installed(), reason="Coq is not installed, or not all of it")
def test_the_proofs_build():
    done = subprocess.run(["bash", BUILD], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
