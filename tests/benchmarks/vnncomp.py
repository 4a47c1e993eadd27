"""Certify the public instances: verdicts against the published ones, times, certificate sizes, check times.

    EXACTZONES_VNNCOMP=FOLDER python tests/benchmarks/vnncomp.py [CATEGORY ..] [--seconds S] [--only TEXT]
        [--arithmetic NAME] [--checker verified] [--checker plain] [--json OUT]

Prints a line per instance and a table per category.  The time limit is the competition's, at most S (120 by default).  With an
arithmetic of floats the instances that are published as unsat are asked about the float program, in every order of summation;
those without a certificate have the margin that is missing.  Further checkers check the certificates of unsat instances, too.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import sys
import time
from functools import cache
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
CATEGORIES = ["acasxu", "rl_benchmarks", "safenlp", "test", "collins_rul_cnn", "reach_prob_density", "mnist_fc", "tllverifybench"]


@cache
def network(path):
    net = load_network(path)
    return net, net.sha256


def instances(category):
    with (FOLDER / category / "expected.csv").open() as stream:
        yield from csv.DictReader(stream)


def solve(category, instance, limit, arithmetic=REAL, checkers=()):
    """Return what came out for one instance, as a row of the table."""
    net, _ = network(FOLDER / category / instance["onnx"])
    start = time.process_time()
    cases = [
        case_of(net, case.property_for(net), case.domain, arithmetic=arithmetic)
        for case in read_vnnlib(FOLDER / category / instance["vnnlib"], net)
    ]
    found = certify_cases(net, cases, seconds=min(limit, float(instance["timeout_s"])))
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
        "bytes": size,
        "nodes": report.nodes,
        "others": others,
        "missing_margin": getattr(found, "missing_margin", None),
    }


def line(row):
    times = f"{row['seconds']:.2f} s, check {row['check']:.2f} s"
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
        f"check {sum(row['check'] for row in unsat):.0f} s, largest certificate {biggest / 1e3:.0f} kB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("categories", nargs="*", default=CATEGORIES)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--only", default="")
    parser.add_argument("--arithmetic", default=REAL)
    parser.add_argument("--checker", action="append", choices=sorted(CHECKERS), default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not (FOLDER / "acasxu").is_dir():
        parser.error("set EXACTZONES_VNNCOMP to the folder with acasxu/, safenlp/, ..")
    everything = {}
    lines = []
    for category in options.categories:
        rows = everything[category] = []
        for instance in instances(category):
            if options.only not in f"{instance['onnx']} {instance['vnnlib']}":
                continue
            if options.arithmetic != REAL and instance["expected"] != "unsat":
                continue
            row = solve(category, instance, options.seconds, options.arithmetic, options.checker)
            rows.append(row)
            print(line(row), flush=True)
            if options.json:
                options.json.write_text(json.dumps(everything))
        lines.append(summary(category, rows))
    print(*lines, sep="\n")
    sys.exit(any(row["wrong"] or not row["accepted"] for rows in everything.values() for row in rows))


if __name__ == "__main__":
    main()
