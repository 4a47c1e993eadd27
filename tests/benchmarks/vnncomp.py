"""Certify the public instances: verdicts against the published ones, times, memory, certificate sizes, check times.

    EXACTZONES_VNNCOMP=FOLDER python tests/benchmarks/vnncomp.py [CATEGORY ..] [--seconds S] [--only TEXT] [--every N]
        [--arithmetic NAME] [--checker verified] [--checker plain] [--json OUT]

Prints a line per instance and a table per category; by default of all categories in the folder.  Each instance has a process of
its own, whose deadline runs by its own CPU time, so that a busy machine decides the same.  The limit is the competition's, at
most S (120 by default), and covers everything from reading the network on.  With an arithmetic of floats the instances that are
published as unsat are asked about the float program, in every order of summation; those without a certificate have the margin
that is missing.  Further checkers check the certificates of unsat instances, too.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import csv
import gzip
import json
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path

from exactzones.certification import CanFire, CannotFire, case_of, certify_cases
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.checker.verified import check_verified
from exactzones.models import load_network
from exactzones.rational.float_formats import REAL
from exactzones.vnnlib.reader import read_vnnlib

FOLDER = Path(os.environ.get("EXACTZONES_VNNCOMP", "."))
CHECKERS = {"plain": check_plainly, "verified": check_verified}


def instances(category):
    with (FOLDER / category / "expected.csv").open() as stream:
        yield from csv.DictReader(stream)


def solve(category, instance, limit, arithmetic=REAL, checkers=()):
    """Return what came out for one instance, as a row of the table; the process's clock becomes that of its CPU time."""
    time.monotonic = time.process_time
    start = time.process_time()
    net = load_network(FOLDER / category / instance["onnx"])
    cases = [
        case_of(net, case.property_for(net), case.domain, arithmetic=arithmetic)
        for case in read_vnnlib(FOLDER / category / instance["vnnlib"], net)
    ]
    left = min(limit, float(instance["timeout_s"])) - (time.process_time() - start)
    found = certify_cases(net, cases, seconds=max(0.0, left))
    took = time.process_time() - start
    verdict = "sat" if isinstance(found, CanFire) else "unsat" if isinstance(found, CannotFire) else "unknown"
    start = time.process_time()
    report = check(net, cases, found.certificate.lines)
    checked = time.process_time() - start
    size = len(gzip.compress("".join(f"{line}\n" for line in found.certificate.lines).encode()))
    expected = instance["expected"]
    wrong = verdict != "unknown" and expected in {"sat", "unsat"} and verdict != expected
    accepted = report.verdict == ("incomplete" if verdict == "unknown" else "valid")
    others = {}
    for name in checkers if verdict == "unsat" else ():
        start = time.time()  # the verified checker is a process of its own
        other = CHECKERS[name](net, cases, iter(found.certificate.lines))
        others[name] = time.time() - start
        accepted &= other.verdict == "valid"
    return {
        "onnx": instance["onnx"],
        "vnnlib": instance["vnnlib"],
        "expected": expected,
        "verdict": verdict,
        "wrong": wrong,
        "accepted": accepted,
        "seconds": took,
        "check": checked,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "bytes": size,
        "nodes": report.nodes,
        "others": others,
        "missing_margin": getattr(found, "missing_margin", None),
    }


def line(row):
    times = f"{row['seconds']:.2f} s, check {row['check']:.2f} s, {row['memory'] / 1e6:.0f} MB"
    trouble = " WRONG" * row["wrong"] + " NOT ACCEPTED" * (not row["accepted"])
    times += "".join(f", {name} {seconds:.2f} s" for name, seconds in row["others"].items())
    if row["missing_margin"] is not None:
        trouble += f" {row['missing_margin']:.3g} is missing"
    name = f"{row['onnx']} {row['vnnlib']}"
    return f"{name} {row['expected']} {row['verdict']} {times}, {row['nodes']} nodes, {row['bytes'] / 1e3:.0f} kB{trouble}"


def summary(category, rows):
    solved = [row for row in rows if row["verdict"] != "unknown"]
    unsat = [row for row in solved if row["verdict"] == "unsat"]
    biggest = max((row["bytes"] for row in unsat), default=0)
    return (
        f"{category:20s} {len(solved):4d} of {len(rows):4d} solved, {len(unsat)} unsat, "
        f"{sum(row['wrong'] for row in rows)} wrong, "
        f"{sum(not row['accepted'] for row in rows)} not accepted; {sum(row['seconds'] for row in rows):.0f} s CPU, "
        f"check {sum(row['check'] for row in unsat):.0f} s, largest certificate {biggest / 1e3:.0f} kB, "
        f"most memory {max((row['memory'] for row in rows), default=0) / 1e6:.0f} MB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("categories", nargs="*", default=sorted(path.parent.name for path in FOLDER.glob("*/expected.csv")))
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, help="only every n-th instance of a category")
    parser.add_argument("--arithmetic", default=REAL)
    parser.add_argument("--checker", action="append", choices=sorted(CHECKERS), default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not options.categories:
        parser.error("set EXACTZONES_VNNCOMP to a folder of categories, such as acasxu/, each with its expected.csv")
    everything = {}
    lines = []
    for category in options.categories:
        rows = everything[category] = []
        for number, instance in enumerate(instances(category)):
            if number % options.every or options.only not in f"{instance['onnx']} {instance['vnnlib']}":
                continue
            if options.arithmetic != REAL and not instance["expected"].endswith("unsat"):
                continue
            with multiprocessing.Pool(1) as process:
                row = process.apply(solve, (category, instance, options.seconds, options.arithmetic, options.checker))
            rows.append(row)
            print(line(row), flush=True)
            if options.json:
                options.json.write_text(json.dumps(everything))
        lines.append(summary(category, rows))
    print(*lines, sep="\n")
    sys.exit(any(row["wrong"] or not row["accepted"] for rows in everything.values() for row in rows))


if __name__ == "__main__":
    main()
