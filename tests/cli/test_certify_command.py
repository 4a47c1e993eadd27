"""The commands certify and check: last lines, exit codes, one-line errors, files that are whole or not there."""

import gzip
import json
import signal
import time

import numpy as np
import pytest
from cli.support import ABSOLUTE, PLANE, process, saved

from exactzones.deadline import TimeUp
from exactzones.errors import BudgetExceeded
from exactzones.network import Network

VNNLIB = """
(declare-const X_0 Real)
(declare-const Y_0 Real)
(declare-const Y_1 Real)
(assert (>= X_0 {low}))
(assert (<= X_0 {high}))
(assert (>= Y_0 {least}))
"""


@pytest.fixture
def net(tmp_path):
    return saved(ABSOLUTE, tmp_path / "net.npz")


@pytest.fixture
def vnnlib(tmp_path):
    def write(name="p.vnnlib", text=VNNLIB, **values):
        path = tmp_path / name
        path.write_text(text.format(**values))
        return path

    return write


def last(outcome):
    return outcome.out.splitlines()[-1]


def hard(path, units=20):
    """A network whose output is at most 121.309 (330.93 for 40 units) on [-1, 1]^4, which takes a while to prove."""
    draw = np.random.default_rng(3)
    pairs = [(draw.normal(size=(units, width)).round(3), draw.normal(size=units).round(3)) for width in (4, units, units)]
    return saved(Network.mlp([*pairs, (draw.normal(size=(1, units)).round(3), [0])]), path)


CLAIM = "--feature", 0, "--domain=-1:1"


def test_cannot_fire(run, net, tmp_path):
    out = tmp_path / "proof.json"
    done = run("certify", net, *CLAIM, "--out", out)
    assert (done.code, last(done)) == (0, "cannot fire")
    assert f"wrote {out}" in done.out
    checked = run("check", net, out, *CLAIM)
    assert (checked.code, last(checked), checked.err) == (0, "valid", "")
    assert "proved: cannot fire" in checked.out
    plain = run("check", net, out, *CLAIM, "--plain").out
    assert plain == checked.out.replace(" nodes)", " nodes, by the reference checker)") != checked.out


def test_can_fire(run, net, tmp_path):
    out = tmp_path / "witness.json"
    done = run("certify", net, "--feature", 0, "--domain=-3:3", "--out", out)
    assert (done.code, last(done)) == (0, "can fire")
    assert "witness" in done.out
    checked = run("check", net, out, "--feature", 0, "--domain=-3:3")
    assert (checked.code, last(checked)) == (0, "valid")
    assert "proved: can fire" in checked.out
    (point,) = json.loads(out.read_text())["witness"]
    assert ABSOLUTE([point])[0] > 0
    smaller = run("check", net, out, *CLAIM)
    assert smaller.code == 1
    assert last(smaller).startswith("invalid: ")


def test_quiet_says_one_line(run, net, tmp_path):
    assert run("certify", net, *CLAIM, "--quiet", "--out", tmp_path / "c").out == "cannot fire\n"
    assert run("certify", net, "--feature", 0, "--quiet").out == "can fire\n"


def test_the_claim_comes_from_the_command_line(run, net, tmp_path):
    out = tmp_path / "proof.json"
    run("certify", net, *CLAIM, "--out", out)
    for claim in (
        ("--feature", 0, "--domain=-2:2"),
        ("--feature", 0),
        ("--feature", 0, "--domain=-1:1", "--threshold=-1/1000000000000000"),
        ("--feature", 0, "--layer", 0, "--domain=-1:1"),
    ):
        checked = run("check", net, out, *claim)
        assert checked.code == 1, claim
        assert last(checked).startswith("invalid: ")
        assert checked.err == ""
    other = saved(PLANE, tmp_path / "plane.json")
    checked = run("check", other, out, "--feature", 0, "--domain=-1:1,-1:1")
    assert (checked.code, "another network" in last(checked)) == (1, True)


def test_incomplete_certificates(run, net, tmp_path):
    out = tmp_path / "proof.json"
    run("certify", net, *CLAIM, "--out", out)
    lines = out.read_text().splitlines()
    out.write_text("\n".join(lines[:-1]))
    checked = run("check", net, out, *CLAIM)
    assert checked.code == 3
    assert last(checked) == "incomplete: 1 open leaf"


def test_gzip(run, net, tmp_path):
    plain, packed = tmp_path / "c.json", tmp_path / "c.json.gz"
    run("certify", net, *CLAIM, "--out", plain)
    run("certify", net, *CLAIM, "--out", packed)
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert run("check", net, packed, *CLAIM).code == 0
    packed.write_bytes(packed.read_bytes()[:-12])
    checked = run("check", net, packed, *CLAIM)
    assert checked.code == 1
    assert "truncated" in last(checked)


def test_time_runs_out_and_another_run_goes_on(run, tmp_path):
    net, out, more = hard(tmp_path / "hard.npz"), tmp_path / "part.json.gz", tmp_path / "whole.json.gz"
    claim = "--feature", 0, "--threshold", 140, "--domain=-1:1"
    nodes = []
    for k in range(2):
        resume = ("--resume", out) if k else ()
        done = run("certify", net, *claim, "--timeout", "0.25", "--out", out, *resume)
        nodes.append(gzip.decompress(out.read_bytes()).count(b"\n"))
        if done.code == 0:
            break
        assert done.code == 3
        assert last(done) == "undecided"
        assert done.err.rstrip().endswith((" open leaf", " open leaves"))
        checked = run("check", net, out, *claim)
        assert checked.code == 3
        assert last(checked).startswith("incomplete: ")
    assert nodes == sorted(nodes)
    done = run("certify", net, *claim, "--resume", out, "--out", more)
    assert (done.code, last(done)) == (0, "cannot fire")
    assert last(run("check", net, more, *claim)) == "valid"
    again = run("certify", net, *claim, "--resume", more)
    assert (again.code, last(again)) == (0, "cannot fire")


def test_resuming_what_does_not_fit(run, refused, net, tmp_path):
    out = tmp_path / "proof.json"
    run("certify", net, *CLAIM, "--out", out)
    refused("certify", net, "--feature", 0, "--domain=-2:2", "--resume", out, says=["resume"])
    refused("certify", saved(PLANE, tmp_path / "p.json"), "--feature", 0, "--resume", out, says=["resume"])
    refused("certify", net, *CLAIM, "--resume", tmp_path / "none.json", says=["No such file"])
    for text in ("", "\n", "nonsense", "{}", "[" * 100_000, "\x00" * 100):
        out.write_text(text)
        refused("certify", net, *CLAIM, "--resume", out)
    out.write_bytes(b"\x1f\x8b" + b"nonsense")
    refused("certify", net, *CLAIM, "--resume", out)


@pytest.mark.parametrize(
    ("low", "high", "least", "says"),
    [
        ("-1.0", "1.0", "0.0", "sat"),  # exactly 0 at the ends
        ("-1.0", "1.0", "1e-30", "unsat"),
        ("-0.1", "0.1", "-0.9", "sat"),  # 0.1 is the decimal
        ("-0.1", "0.1", "-0.89999999999999999", "unsat"),
        ("-3.0", "3.0", "0.5", "sat"),
        ("2.0", "1.0", "-100.0", "unsat"),
    ],
)
def test_vnnlib(run, net, vnnlib, tmp_path, low, high, least, says):
    path, out = vnnlib(low=low, high=high, least=least), tmp_path / "c.json.gz"
    done = run("certify", net, "--property", path, "--out", out)
    assert (done.code, last(done)) == (0, says)
    checked = run("check", net, out, "--property", path)
    assert (checked.code, last(checked)) == (0, "valid")
    other = vnnlib("other.vnnlib", low=low, high=high, least="-100.0" if says == "unsat" else "100.0")
    if low <= high or says == "sat":
        assert run("check", net, out, "--property", other).code == 1


def test_vnnlib_with_several_cases(run, net, vnnlib, tmp_path):
    text = """
    (declare-const X_0 Real)
    (declare-const Y_0 Real)
    (declare-const Y_1 Real)
    (assert (or (and (>= X_0 -1.0) (<= X_0 0.0) (>= Y_0 {first})) (and (>= X_0 0.0) (<= X_0 {end}) (>= Y_0 0.5))))
    """
    for first, end, says in ((0.25, 1.0, "unsat"), (0.25, 1.5, "sat"), (0.0, 1.0, "sat")):
        values = {"first": first, "end": end}
        path, out = vnnlib(text=text, **values), tmp_path / "c.json"
        done = run("certify", net, "--property", path, "--out", out)
        assert (done.code, last(done)) == (0, says)
        assert last(run("check", net, out, "--property", path)) == "valid"
    assert run("certify", net, "--property", path, "--timeout", "1e-9").code in (0, 3)


@pytest.mark.parametrize(("least", "says"), [("-0.5", "sat"), ("-0.49", "unsat")])  # |x| - 1 - x/2 is at most -1/2 on [0, 1]
def test_vnnlib_with_an_input_and_an_output_in_one_condition(run, tmp_path, vnnlib, least, says):
    net = tmp_path / "net.onnx"
    ABSOLUTE.save(net)
    text = "(declare-const X_0 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)(assert (<= 0 X_0 1))"
    text += "(assert (>= (- Y_0 (/ X_0 2)) {least}))"
    path, out = vnnlib(text=text, least=least), tmp_path / "c.json"
    done = run("certify", net, "--property", path, "--out", out)
    assert (done.code, last(done)) == (0, says)
    for option in (), ("--plain",):
        checked = run("check", net, out, "--property", path, *option)
        assert (checked.code, last(checked)) == (0, "valid")
    assert "network read by two independent readers: they agree" in checked.out


@pytest.mark.parametrize(("slope", "says"), [("2", "unsat"), ("0.5", "sat")])  # |x| - 1 has the Lipschitz constant 1
def test_vnnlib_2_with_two_copies_of_the_network(run, tmp_path, vnnlib, slope, says):
    net = tmp_path / "net.onnx"
    ABSOLUTE.save(net)
    text = """(vnnlib-version <2.0>)
    (declare-network f (declare-input x real [1]) (declare-output y real [2]))
    (declare-network g (equal-to f) (declare-input u real [1]) (declare-output v real [2]))
    (assert (<= -1 x[0] u[0] 1))
    (assert (> (- v[0] y[0]) (* {slope} (- u[0] x[0]))))
    """
    path, out = vnnlib(text=text, slope=slope), tmp_path / "c.json"
    done = run("certify", net, "--property", path, "--out", out)
    assert (done.code, last(done)) == (0, says)
    checked = run("check", net, out, "--property", path)
    assert (checked.code, last(checked)) == (0, "valid")
    assert "network read by two independent readers: they agree" in checked.out
    assert f"\nproved: {says} (" in checked.out


@pytest.mark.parametrize(("threshold", "expect", "code"), [(0, "unsat", 0), (0, "sat", 4), (-1, "sat", 0), (-1, "unsat", 4)])
def test_expect(run, net, threshold, expect, code):
    done = run("certify", net, "--feature", 0, "--domain=-1:1", f"--threshold={threshold}", "--expect", expect)
    assert (done.code, last(done)) == (code, "cannot fire" if threshold == 0 else "can fire")


def test_vnnlib_2_with_two_models_needs_verify(run, net, vnnlib):
    tensors = "(declare-input x{k} real [1]) (declare-output y{k} real [2])"
    text = "".join(f"(declare-network N{k} {tensors.replace('{k}', str(k))})" for k in range(2))
    refusal = run("certify", net, "--property", vnnlib(text=f"(vnnlib-version <2.0>){text}"))
    assert refusal.code == 2
    assert "use exactzones verify" in refusal.err


@pytest.mark.parametrize("early", [TimeUp("the budget of 1 s ran out"), BudgetExceeded("the budget of 1 s ran out")])
def test_time_is_up_while_the_search_is_set_up(run, net, tmp_path, monkeypatch, early):
    """There is an answer, but no certificate.  The hash of the network, which any answer has, is known before the search."""

    def end(network, *_cases, **_options):
        assert "sha256" in vars(network)
        raise early

    monkeypatch.setattr("exactzones.cli.certify.certify_cases", end)
    out, answer = tmp_path / "proof.json", tmp_path / "answer.json"
    done = run("certify", net, *CLAIM, "--timeout", 1, "--out", out, "--json", answer)
    assert (done.code, done.out, out.exists()) == (3, "undecided\n", False)
    assert done.err == "incomplete: the budget of 1 s ran out before anything was proved; no certificate is written\n"
    written = json.loads(answer.read_text())
    assert (written["verdict"], written["reason"], written["certificate"]) == ("undecided", "the budget of 1 s ran out", None)


def test_undecided_property(run, tmp_path, vnnlib):
    net = hard(tmp_path / "hard.npz")
    text = "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const X_2 Real)(declare-const X_3 Real)"
    text += "(declare-const Y_0 Real)(assert (>= Y_0 140.0))"
    text += "".join(f"(assert (>= X_{j} -1.0))(assert (<= X_{j} 1.0))" for j in range(4))
    done = run("certify", net, "--property", vnnlib(text=text), "--timeout", "0.001", "--json", tmp_path / "answer.json")
    assert (done.code, last(done)) == (3, "undecided")
    assert json.loads((tmp_path / "answer.json").read_text())["verdict"] == "undecided"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--feature"),
        (("--feature", 2), "feature 2"),
        (("--feature", 0, "--layer", 7), "layer 7"),
        (("--feature", 0, "--domain", "1:-1:3"), ""),
        (("--feature", 0, "--domain=-1:1,-1:1"), ""),
        (("--feature", 0, "--threshold", "nan"), ""),
        (("--feature", "x"), ""),
        (("--feature", 0, "--timeout", 0), ""),
        (("--feature", 0, "--timeout", -1), ""),
        (("--feature", 0, "--timeout", "nan"), "nan"),
        (("--feature", 0, "--out", "missing/c.json"), "cannot be written"),
        (("--feature", 0, "--out", "."), "cannot be written"),
        (("--property", "missing.vnnlib"), ""),
        (("--feature", 0, "--property", "missing.vnnlib"), "either"),
        (("--property", "missing.vnnlib", "--domain=-1:1"), ""),
    ],
)
def test_bad_input(refused, net, arguments, says):
    refused("certify", net, *arguments, says=[says])


def test_bad_input_of_check(run, refused, net, tmp_path):
    out = tmp_path / "proof.json"
    run("certify", net, *CLAIM, "--out", out)
    refused("check", net, out, says=["--feature"])
    refused("check", net, out, *CLAIM, "--plain", "--verified", says=["--verified and --plain"])
    refused("check", net, out, "--feature", 5, says=["feature 5"])
    refused("check", net, tmp_path / "none.json", *CLAIM, says=["No such file"])
    refused("check", net, tmp_path, *CLAIM, says=["it is a folder; expected a file"])
    refused("check", tmp_path / "none.npz", out, *CLAIM)
    refused("certify", net, *CLAIM, "--out", net, says=["network itself"])
    refused("certify", net, "--property", out)


@pytest.mark.parametrize(
    "text", ["", "nonsense\n", "{}\n", "[" * 10**6, "\x00" * 1000, '{"format": "exactzones certificate", "version": 9}\n']
)
def test_hostile_certificates_are_invalid(run, net, tmp_path, text):
    out = tmp_path / "hostile.json"
    out.write_text(text)
    checked = run("check", net, out, *CLAIM)
    assert checked.code == 1
    assert last(checked).startswith("invalid: ")
    assert checked.out.count("\n") == 1
    assert checked.err == ""


def test_nothing_is_half_written(run, net, tmp_path):
    out = tmp_path / "proof.json"
    out.write_text("something else")
    tmp_path.chmod(0o755)
    run("certify", net, *CLAIM, "--out", out)
    assert json.loads(out.read_text().splitlines()[0])["verdict"] == "cannot fire"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.npz", "proof.json"]


def test_interrupted_runs_keep_what_they_proved(tmp_path, run):
    net, out = hard(tmp_path / "hard.npz", units=40), tmp_path / "part.json"
    claim = "--feature", "0", "--threshold", "330.931", "--domain=-1:1"
    worker = process("certify", net, *claim, "--out", out, started=True)
    time.sleep(1)
    worker.send_signal(signal.SIGINT)
    stdout, stderr = worker.communicate(timeout=60)
    assert "Traceback" not in stderr
    assert worker.returncode in (0, 3)  # what the search has found is checked, which may decide it
    assert {path.name for path in tmp_path.iterdir()} <= {"hard.npz", "part.json"}
    if out.exists():  # on a slow machine the network was still being read
        assert run("check", net, out, *claim).code == worker.returncode
        assert stdout.splitlines()[-1] == ("undecided" if worker.returncode else "cannot fire")


def test_the_proof_that_a_list_is_complete_goes_on(run, refused, tmp_path):
    """Where a run that was killed left it; the first run begins it."""
    net, out = saved(PLANE, tmp_path / "plane.json"), tmp_path / "proof.json"
    asked = ("zones", net, "--feature", 0, "--domain=-1:1", "--certificate", out, "--resume", "--quiet")
    assert run(*asked).code == 0
    whole = out.read_text()
    for kept in range(1, whole.count("\n")):
        out.write_text("".join(whole.splitlines(keepends=True)[:kept]))
        assert run(*asked).code == 0
        assert run("check", net, out, *CLAIM).out.splitlines()[-1] == "valid"
    out.write_text("nonsense")
    assert run(*asked).code == 2
    refused("zones", net, *CLAIM, "--resume", says=["--store", "--certificate"])
