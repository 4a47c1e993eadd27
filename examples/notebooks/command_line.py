"""The command line of exactzones in a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def run(command: str, folder: Path) -> None:
    """Run a command such as ``exactzones info net.npz`` in a folder, with this Python, and print what it prints."""
    _, *words = command.split()
    call = [sys.executable, "-m", "exactzones", *words]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    print((done.stdout + done.stderr).strip())
