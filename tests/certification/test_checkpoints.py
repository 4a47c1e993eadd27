"""A run that is killed leaves its last checkpoint, which another run continues; the certificate is otherwise as without one."""

import itertools
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest

from exactzones.certification import (
    CannotFire,
    Certificate,
    Complete,
    Undecided,
    case_of,
    certify,
    certify_cases,
    checkpoints,
    prove_complete,
    run,
)
from exactzones.checker import check
from exactzones.errors import InputError
from exactzones.formats.certificates import Checkpoint, save_certificate
from exactzones.models import save_network
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature
from exactzones.zones import find_zones

KILLED = """
import sys
from exactzones.certification import checkpoints, run
checkpoints._INTERVAL, run.ROUND = 0.1, 64
from exactzones.cli.main import main
main(sys.argv[1:])
"""


def hard(*widths):
    draw = np.random.default_rng(3)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(draw.normal(size=(b, a)) / np.sqrt(a) * 1.4, 0.3 * draw.normal(size=b)) for a, b in pairs])


NETWORK, PROP, BOX = hard(5, 30, 30, 30, 1), feature(0, threshold=4), Polyhedron.box([-1] * 5, [1] * 5)
CASE = case_of(NETWORK, PROP, BOX)


def verdict(certificate):
    report = check(NETWORK, [CASE], certificate.lines)
    assert report.verdict in ("valid", "incomplete")
    return report


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_command_that_is_killed_leaves_its_last_checkpoint(tmp_path, jobs, number):
    net, out = tmp_path / "net.npz", tmp_path / "proof.json"
    save_network(NETWORK, net)
    options = ["--feature", "0", "--threshold", "4", "--domain=-1:1", "--jobs", str(jobs), "--out", out, "--quiet"]
    run = subprocess.Popen([sys.executable, "-c", KILLED, "certify", net, *options])  # noqa: S603 - a program of our own
    try:
        end = time.monotonic() + 120
        while not out.exists() and run.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(run.pid, getattr(signal, number))
        code = run.wait(60)
    finally:
        run.kill()
    assert code == (-signal.SIGKILL if number == "SIGKILL" else 3)
    assert out.exists()
    if number == "SIGTERM":
        assert sorted(path.name for path in tmp_path.iterdir()) == ["net.npz", "proof.json"]
    kept = Certificate.load(out)
    assert len(kept.lines) > 1
    assert verdict(kept).verdict == "incomplete"
    resumed = certify_cases(NETWORK, [CASE], resume=kept, seconds=1)
    assert resumed.certificate.lines[1 : len(kept.lines)] == kept.lines[1:]


def searches(monkeypatch):
    """Questions whose searches take several rounds: few inputs, many inputs, several trees, a list of zones, float64.

    Where the threshold is the largest value, floats leave regions to larger margins and to the exact prover.
    """
    monkeypatch.setattr(checkpoints, "_INTERVAL", 0.0)
    monkeypatch.setattr(run, "ROUND", 8)
    monkeypatch.setattr(run, "_PER_REGION", 0)
    small, box = hard(3, 16, 16, 1), Polyhedron.box([-1] * 3, [1] * 3)
    zones, top = find_zones(hard(3, 6, 6, 1), 0, box), find_zones(small, feature(0, 1), box).maximum.value
    wide, wide_box = hard(12, 14, 14, 1), Polyhedron.box([-1] * 12, [1] * 12)
    cases = [case_of(small, feature(0, top + Fraction(k, 10)), Polyhedron.box([-k] * 3, [1] * 3)) for k in (0, 1)]
    yield lambda **options: certify(small, feature(0, top), box, **options)
    yield lambda **options: certify(wide, feature(0, "4.6"), wide_box, **options)
    yield lambda **options: certify_cases(small, cases, **options)
    yield lambda **options: prove_complete(zones, **options)
    yield lambda **options: certify(small, feature(0, top + Fraction(1, 100)), box, arithmetic="float64", **options)


def test_a_run_that_continues_from_any_checkpoint_ends_with_the_same_certificate(monkeypatch):
    for search in searches(monkeypatch):
        seen = []
        whole = search(checkpoint=seen.append)
        assert isinstance(whole, CannotFire | Complete)
        assert len(seen) > 1
        for part in seen[:: max(1, len(seen) // 2)]:
            assert search(resume=part).certificate == whole.certificate


def test_checkpoints_are_sound_and_grow(monkeypatch):
    monkeypatch.setattr(checkpoints, "_INTERVAL", 0.0)
    monkeypatch.setattr(run, "ROUND", 32)
    monkeypatch.setattr(run, "_PER_REGION", 0)
    seen = []

    def save(certificate):
        seen.append(certificate)
        if len(seen) == 3:
            raise KeyboardInterrupt

    decision = certify_cases(NETWORK, [CASE], checkpoint=save)
    sizes = [len(certificate.lines) for certificate in seen]
    assert sizes == sorted(set(sizes))
    assert verdict(seen[0]).open_leaves > 0
    assert isinstance(decision, Undecided)
    assert len(decision.certificate.lines) >= sizes[-1]
    assert verdict(decision.certificate).open_leaves == decision.open_leaves


def test_they_do_not_change_the_certificate(monkeypatch):
    monkeypatch.setattr(checkpoints, "_INTERVAL", 0.0)
    network, box = hard(3, 12, 12, 1), Polyhedron.box([-1] * 3, [1] * 3)
    prop = feature(0, threshold=2)
    free = certify(network, prop, box)
    assert isinstance(free, CannotFire)
    seen = []
    assert certify_cases(network, [case_of(network, prop, box)], checkpoint=seen.append).certificate == free.certificate


def test_a_file_that_cannot_be_written_does_not_end_the_run(tmp_path):
    certificate = certify(NETWORK, PROP, BOX, seconds=0.1).certificate
    checkpoint = Checkpoint(tmp_path / "none" / "proof.json")
    checkpoint(certificate)
    (tmp_path / "none").mkdir()
    checkpoint(certificate)
    assert not list((tmp_path / "none").iterdir())
    other = Checkpoint(tmp_path / "proof.json.gz")
    other(certificate)
    assert Certificate.load(tmp_path / "proof.json.gz") == certificate
    save_certificate(certificate, tmp_path / "same.json")
    assert Certificate.load(tmp_path / "same.json") == certificate


def test_the_proof_that_a_list_is_complete_is_resumed():
    """From any part of it, whatever its header says; another list is refused, and so is what is not a certificate."""
    network, box = hard(3, 12, 12, 1), Polyhedron.box([-1] * 3, [1] * 3)
    zones = find_zones(network, 0, box)
    whole = prove_complete(zones)
    assert isinstance(whole, Complete)
    for kept in (1, len(whole.certificate.lines) // 2, len(whole.certificate.lines)):
        part = Certificate(whole.certificate.lines[:kept])
        resumed = prove_complete(zones, resume=part)
        assert isinstance(resumed, Complete)
        assert resumed.certificate.lines[1:kept] == part.lines[1:]
        assert check(network, [case_of(network, 0, box)], resumed.certificate.lines).verdict == "valid"
    with pytest.raises(InputError, match="about another list of zones"):
        prove_complete(find_zones(network, feature(0, Fraction(1, 2)), box), resume=whole.certificate)
    with pytest.raises(InputError, match="about another list of zones"):
        certify(network, 0, box, resume=whole.certificate)
    with pytest.raises(InputError, match="resume is 5; expected a certificate"):
        prove_complete(zones, resume=5)


def test_a_certificate_that_there_is_no_time_to_check_again_is_kept():
    network, box = hard(3, 12, 12, 1), Polyhedron.box([-1] * 3, [1] * 3)
    whole = certify(network, feature(0, 2), box)
    assert isinstance(whole, CannotFire)
    resumed = certify(network, feature(0, 2), box, resume=whole.certificate, seconds=0)
    assert isinstance(resumed, Undecided)
    assert resumed.certificate.lines[1:] == whole.certificate.lines[1:]
    assert "ran out" in resumed.reason
