"""Verdicts on public instances: as published, and with evidence that the checker accepts."""

import csv
import os
from pathlib import Path

import pytest

from exactzones.certification import CanFire, CannotFire, case_of, certify_cases
from exactzones.checker import check
from exactzones.models import load_network
from exactzones.vnnlib.reader import read_vnnlib

FOLDER = os.environ.get("EXACTZONES_VNNCOMP")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="EXACTZONES_VNNCOMP is not set")

QUICK = [
    ("acasxu", "onnx/ACASXU_run2a_1_5_batch_2000.onnx", "vnnlib/prop_3.vnnlib"),
    ("acasxu", "onnx/ACASXU_run2a_1_7_batch_2000.onnx", "vnnlib/prop_3.vnnlib"),
    ("acasxu", "onnx/ACASXU_run2a_3_3_batch_2000.onnx", "vnnlib/prop_3.vnnlib"),
    ("rl_benchmarks", "onnx/cartpole.onnx", "vnnlib/cartpole_case_unsafe_0.vnnlib"),
    ("test", "test_nano.onnx", "test_nano.vnnlib"),
    ("test", "test_tiny.onnx", "test_tiny.vnnlib"),
    ("test", "test_small.onnx", "test_small.vnnlib"),
    ("test", "test_sat.onnx", "test_prop.vnnlib"),
    ("test", "test_unsat.onnx", "test_prop.vnnlib"),
]


def published(category, onnx, vnnlib):
    with (Path(FOLDER) / category / "expected.csv").open() as stream:
        return next(row["expected"] for row in csv.DictReader(stream) if (row["onnx"], row["vnnlib"]) == (onnx, vnnlib))


@pytest.mark.parametrize(("category", "onnx", "vnnlib"), QUICK)
def test_verdict_with_evidence(category, onnx, vnnlib):
    net = load_network(Path(FOLDER) / category / onnx)
    cases = [case_of(net, case.property_for(net), case.domain) for case in read_vnnlib(Path(FOLDER) / category / vnnlib, net)]
    found = certify_cases(net, cases, seconds=60)
    assert isinstance(found, {"sat": CanFire, "unsat": CannotFire}[published(category, onnx, vnnlib)])
    report = check(net, cases, found.certificate.lines)
    assert report.verdict == "valid"
    assert report.proves == ("can fire" if isinstance(found, CanFire) else "cannot fire")
