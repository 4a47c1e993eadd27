"""How long commands go on after their time is up.

    python tests/benchmarks/deadlines.py [--seconds 1 3 5] [CASE ..]

A command with --timeout S ends within S + 10 % + 0.5 s on a free core; what takes longer is printed in bold.  Commands run by the
clock of their own CPU time, so that a busy machine measures nearly the same.  The first column is the time of a command that has
nothing to do.  Modules are compiled beforehand, as those of an installed package are.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np

from exactzones.models import save_network
from exactzones.network import Network

BY_CPU_TIME = """
import signal, time
time.monotonic = time.process_time
signal.SIGALRM, signal.ITIMER_REAL = signal.SIGPROF, signal.ITIMER_PROF
from exactzones.cli.main import main
main()
"""
WHERE = ("--feature", "0")
CUBE = "--domain=-3:3"
UNIT = "--domain=0:1"
NETWORKS = {
    "2d.npz": (2, 40, 40, 1),
    "3d.npz": (3, 96, 96, 1),
    "4d.npz": (4, 60, 60, 1),
    "8d.npz": (8, 16, 16, 1),
    "12d.npz": (12, 12, 12, 1),
    "16d.npz": (16, 24, 24, 1),
    "64d.npz": (64, 128, 128, 128, 1),
    "wide.npz": (784, 256, 256, 10),
}
QUERY = "".join(f"(declare-const X_{k} Real)\n(assert (>= X_{k} -3.0))\n(assert (<= X_{k} 3.0))\n" for k in range(8))
QUERY += "(declare-const Y_0 Real)\n(assert (>= Y_0 4.0))\n"
ORIGIN = ",".join(["0"] * 64)
CORNER = ",".join(["1"] * 784)
ALONG = ("--along", ",".join(["1"] + ["0"] * 63), "--along", ",".join(["0", "1"] + ["0"] * 62))
CASES = {
    "zones": ("zones", "4d.npz", *WHERE, CUBE),
    "zones --json": ("zones", "3d.npz", *WHERE, CUBE, "--json", "out.json"),
    "zones --merge --volume": ("zones", "3d.npz", *WHERE, CUBE, "--merge", "--volume"),
    "zones, 8 inputs": ("zones", "8d.npz", *WHERE, CUBE),
    "zones, 12 inputs": ("zones", "12d.npz", *WHERE, CUBE),
    "zones, 16 inputs": ("zones", "16d.npz", *WHERE, CUBE),
    "zones, all of 16 inputs": ("zones", "16d.npz", *WHERE),
    "zones --engine backward": ("zones", "4d.npz", *WHERE, CUBE, "--engine", "backward"),
    "zones --certificate": ("zones", "3d.npz", *WHERE, CUBE, "--certificate", "out.json"),
    "zones --export": ("zones", "3d.npz", *WHERE, CUBE, "--export", "out.csv", "--export", "out.graphml"),
    "zones --plot": ("zones", "3d.npz", *WHERE, CUBE, "--plot", "out.svg"),
    "zones --store": ("zones", "3d.npz", *WHERE, CUBE, "--store", "out"),
    "view": ("view", "3d.npz", *WHERE, CUBE, "--out", "out.html"),
    "view, slice of 64 inputs": ("view", "64d.npz", *WHERE, *ALONG, "--out", "out.html"),
    "certify": ("certify", "8d.npz", *WHERE, "--threshold", "4", CUBE, "--out", "out.json"),
    "certify, 64 inputs": ("certify", "64d.npz", *WHERE, "--threshold", "2", UNIT, "--out", "out.json"),
    "certify, 784 inputs": ("certify", "wide.npz", *WHERE, "--threshold", "2", UNIT, "--out", "out.json"),
    "verify": ("verify", "query.vnnlib", "--network", "N=8d.npz"),
    "check": ("check", "8d.npz", "proof.json", *WHERE, "--threshold", "4", CUBE),
    "check --plain": ("check", "8d.npz", "proof.json", *WHERE, "--threshold", "4", CUBE, "--plain"),
    "proptest": ("proptest", "2d.npz", *WHERE, CUBE, "--examples", "1000000"),
    "maximum": ("maximum", "8d.npz", *WHERE, CUBE),
    "maximum, 16 inputs": ("maximum", "16d.npz", *WHERE, UNIT),
    "nearest": ("nearest", "8d.npz", *WHERE, "--threshold", "3", CUBE, "--at", "0,0,0,0,0,0,0,0"),
    "nearest, 64 inputs": ("nearest", "64d.npz", *WHERE, "--threshold", "2", UNIT, "--at", ORIGIN),
    "explore": ("explore", "8d.npz", *WHERE, CUBE, "--at", "0,0,0,0,0,0,0,0"),
    "features": ("features", "8d.npz", CUBE, "--out", "out.html"),
    "dead": ("dead", "wide.npz", "--layer", "1", UNIT),
    "together": ("together", "wide.npz", "--layer", "1", UNIT),
    "along": ("along", "wide.npz", "--from", CORNER.replace("1", "-3"), "--to", CORNER),
    "zone": ("zone", "64d.npz", "--at", ORIGIN),
    "store check": ("store", "store", "check"),
    "store export": ("store", "store", "export", "--out", "out.csv"),
}
FILES = (
    ("certify", "8d.npz", *WHERE, "--threshold", "4", CUBE, "--out", "proof.json", "--timeout", "20"),
    ("zones", "4d.npz", *WHERE, CUBE, "--store", "store", "--max-zones", "50000", "--quiet"),
)
"""Commands that write the files which others read."""


def random_network(*widths: int) -> Network:
    draw = np.random.default_rng(0)
    return Network.mlp([(draw.normal(size=(b, a)) / a**0.5, draw.normal(size=b) / 2) for a, b in pairwise(widths)])


def cpu_seconds(arguments: tuple[str, ...], folder: Path) -> tuple[float, int]:
    """Return the CPU seconds that a command takes, and its exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", BY_CPU_TIME, *arguments]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    code = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="by default all: " + ", ".join(CASES))
    parser.add_argument("--seconds", type=float, nargs="+", default=[1.0, 3.0, 5.0])
    options = parser.parse_args()
    print(f"| command | start | {' | '.join(f'{seconds:g} s' for seconds in options.seconds)} |")
    print(f"|---|--:|{'--:|' * len(options.seconds)}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, widths in NETWORKS.items():
            save_network(random_network(*widths), folder / name)
        (folder / "query.vnnlib").write_text(QUERY)
        for command in FILES:
            cpu_seconds(command, folder)
        for case in options.cases or CASES:
            cpu_seconds((*CASES[case], "--timeout", "0.1"), folder)  # compiles modules
            start, _ = cpu_seconds(("zones", "no.npz", *WHERE), folder)
            row = [f"{start:.2f} s"]
            for seconds in options.seconds:
                shutil.rmtree(folder / "out", ignore_errors=True)
                used, code = cpu_seconds((*CASES[case], "--timeout", f"{seconds:g}"), folder)
                mark = "**" if used > 1.1 * seconds + 0.5 else ""
                row.append(f"{mark}{used:.2f} s{mark}{'' if code in (0, 3) else f' (exit code {code})'}")
            print(f"| {case} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
