"""``exactzones verify`` and ``supports``: the command line of the VNN-LIB standard, and assignments that satisfy the query."""

from fractions import Fraction

import numpy as np
import pytest
from cli.support import ABSOLUTE, PLANE, saved
from cli.test_certify_command import hard

from exactzones.network import Network

QUERY = """(vnnlib-version <2.0>)
(declare-network f (declare-input x real [1]) (declare-output y real [2]))
(declare-network g (declare-input a float32 [2]) (declare-input s float32 []) (declare-output b float32 [1,2]))
(declare-network twin (equal-to f) (declare-input u real [1]) (declare-output v real [2]))
(assert (and (<= -1 x[0] 1) (<= -1 a[0] 1) (<= -1 a[1] 1) (== s 0.1) (== u[0] (+ x[0] 0.1))))
(assert (>= (+ y[0] b[0,1] v[1]) {least}))
"""


@pytest.fixture
def models(tmp_path):
    wide = Network.of(([[1, 0, 1], [0, 1, 0], [1, 1, 0]], [0, 0, -1], True), ([[1, 1, -1], [1, -1, 1]], [0, "1/3"], False))
    return {"f": ABSOLUTE, "g": wide}, [
        f"--network=f={saved(ABSOLUTE, tmp_path / 'f.npz')}",
        f"--network=g={saved(wide, tmp_path / 'g.json')}",
        "--arithmetic=real",
    ]


def assigned(lines):
    """Return the tensors of an assignment in the standard's format."""
    tensors = {}
    for line in lines:
        if "[" in line:
            name, _type, _shape = line.split()
            tensors[name] = []
        else:
            tensors[name].append(Fraction(line))
    return tensors


def test_sat_prints_an_assignment_that_satisfies_the_query(run, tmp_path, models):
    networks, options = models
    query = tmp_path / "q.vnnlib"
    query.write_text(QUERY.format(least=-1))
    done = run("verify", query, *options)
    verdict, *lines = done.out.splitlines()
    assert (done.code, verdict) == (0, "sat")
    assert [line for line in lines if "[" in line] == [
        "x real [1]", "y real [2]", "a float32 [2]", "s float32 []", "b float32 [1,2]", "u real [1]", "v real [2]",
    ]  # fmt: skip
    values = assigned(lines)
    assert tuple(values["y"]) == networks["f"](values["x"])
    assert tuple(values["v"]) == networks["f"](values["u"])
    assert [round(each, 20) for each in networks["g"](values["a"] + values["s"])] == [round(each, 20) for each in values["b"]]
    assert values["s"] == [Fraction(1, 10)]
    assert values["u"][0] - values["x"][0] == Fraction(1, 10)
    assert values["y"][0] + values["b"][1] + values["v"][1] >= -1
    assert done.err == ""


@pytest.mark.parametrize(("least", "verdict"), [(-1, "sat"), ("-0.4", "unsat")])
def test_the_certificate_is_checked_against_the_same_query(run, refused, tmp_path, models, least, verdict):
    query, proof = tmp_path / "q.vnnlib", tmp_path / "proof.json.gz"
    query.write_text(QUERY.format(least=least))
    assert run("verify", query, *models[1], "--certificate", proof).out.split()[0] == verdict
    assert run("verify", query, *models[1], "--check", proof).out == "valid\n"
    query.write_text(QUERY.format(least=-2))  # another claim
    other = run("verify", query, *models[1], "--check", proof)
    assert (other.code, other.out.split()[0]) == ((0, "valid") if verdict == "sat" else (1, "invalid:"))
    refused("verify", query, *models[1], "--check", proof, "--certificate", proof, says=["give only one of them"])
    refused("verify", query, *models[1], "--certificate", query, says=["cannot be written"])
    refused("verify", query, *models[1], "--check", "absent.json", says=["No such file"])


def test_the_certificate_of_one_network_is_one_for_check(run, refused, tmp_path):
    net, query, proof = saved(ABSOLUTE, tmp_path / "net.npz"), tmp_path / "q.vnnlib", tmp_path / "proof.json"
    head = (
        "(vnnlib-version <2.0>)(declare-network N (declare-input X real [1]) (declare-output Y real [2]))(assert (<= -1 X[0] 1))"
    )
    query.write_text(head + "(assert (or (>= Y[0] 0.5) (>= (+ Y[1] X[0]) 0.5)))")
    assert run("verify", query, f"--network=N={net}", "--certificate", proof).out == "unsat\n"
    assert run("check", net, proof, "--property", query).out.splitlines()[-1] == "valid"
    query.write_text(head + "(assert (>= (* Y[0] Y[0]) 9))")
    refused("verify", query, f"--network=N={net}", "--certificate", proof, says=["certificates for linear conditions only"])


def test_unsat_and_timed_out(run, tmp_path, models):
    query = tmp_path / "q.vnnlib"
    query.write_text(QUERY.format(least="-0.4"))  # it is at most -7/15
    assert run("verify", query, *models[1]).out == "unsat\n"
    text = (
        "(vnnlib-version <2.0>)(declare-network N (declare-input X real [4]) (declare-output Y real [1]))(assert (>= Y[0] 140))"
    )
    query.write_text(text + "".join(f"(assert (<= -1 X[{j}] 1))" for j in range(4)))
    done = run("verify", query, "--network", f"N={hard(tmp_path / 'hard.npz')}", "--timeout", "0.01")
    assert (done.code, done.out) == (3, "timed-out\n")
    assert "incomplete: " in done.err


def test_types_that_differ_are_refused_unless_an_arithmetic_is_chosen(refused, run, tmp_path, models):
    """The standard, chapter 5: a solver that is not sound for a declared type must refuse the query."""
    query = tmp_path / "q.vnnlib"
    query.write_text(QUERY.format(least=-1))
    *networks, arithmetic = models[1]
    refused("verify", query, *networks, says=["it declares float32 and real; choose one by --arithmetic"])
    query.write_text(QUERY.format(least=-1).replace("float32", "real"))
    as_real = run("verify", query, *networks)
    assert as_real.code == 0
    assert as_real.out == run("verify", query, *networks, arithmetic).out


@pytest.mark.parametrize("kind", ["float32", "double"])
def test_float_types_are_decided_in_their_arithmetic(refused, run, tmp_path, kind):
    """f(x) = (|x| - 1, 2 - 2 |x|) / 3, nearly: at 1 its first value is zero over the reals, and about zero in floats."""
    third = float(np.float32(1 / 3))
    model = Network.of(([[1], [-1]], [0, 0], True), ([[third, third], [-2 * third] * 2], [-third, 2 * third], False))
    network = f"--network=N={saved(model, tmp_path / 'net.npz')}"
    query, proof = tmp_path / "q.vnnlib", tmp_path / "proof.json"
    text = f"(vnnlib-version <2.0>)(declare-network N (declare-input X {kind} [1]) (declare-output Y {kind} [2]))"
    verdicts = {}
    for least in ("0.001", "-0.001", "1e-20"):
        query.write_text(text + f"(assert (and (<= -1.0 X[0] 1.0) (>= Y[0] {least})))")
        done = run("verify", query, network, "--certificate", proof)
        verdicts[least] = (done.code, done.out.splitlines()[0])
        checked = run("verify", query, network, "--check", proof)
        assert checked.code == (3 if done.code else 0), checked
        if done.code == 0:
            assert run("verify", query, network, "--check", proof, "--arithmetic=real").code == 1
    assert verdicts == {"0.001": (0, "unsat"), "-0.001": (0, "sat"), "1e-20": (3, "unknown")}
    assert run("verify", query, network, "--arithmetic=real").out == "unsat\n"
    query.write_text(text + "(assert (and (<= -1.0 X[0] 1.0) (>= Y[0] -0.001)))")
    values = assigned(run("verify", query, network).out.splitlines()[1:])
    numbers = np.float32 if kind == "float32" else np.float64
    assert all(Fraction(float(numbers(float(each)))) == each for each in (*values["X"], *values["Y"]))
    query.write_text(text + "(assert (and (<= -1.0 X[0] 1.0) (>= (* Y[0] Y[0]) 4.0)))")
    name = "float32" if kind == "float32" else "float64"
    refused("verify", query, network, says=[f"which is decided over the reals only, not in {name}; write --arithmetic real"])


EXACT = """(vnnlib-version <2.0>)
(declare-network N (declare-input X float32 [1]) (declare-output Y float32 [1]))
(declare-network M (isomorphic-to N) (declare-input U float16 [1]) (declare-output V float16 [1]))
(assert (and (<= -1.0 X[0] 3.0) (<= -1.0 U[0] 3.0) {condition}))
"""
"""Networks that only copy and rectify; inputs of two types."""


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("(>= (* Y[0] V[0]) 9.0)", "sat"),
        ("(>= (* Y[0] V[0]) 9.0001)", "unsat"),
        ("(== U[0] 0.75) (>= Y[0] V[0])", "sat"),
        ("(<= Y[0] -0.0001)", "unsat"),
        ("(== (* Y[0] V[0]) 2.0) (== Y[0] V[0])", "unknown"),  # at the root of 2
        ("(== U[0] 0.1)", "unknown"),
    ],
)
def test_what_floats_compute_exactly_is_decided_in_all_types(run, tmp_path, condition, verdict):
    query = tmp_path / "q.vnnlib"
    query.write_text(EXACT.format(condition=condition))
    model = saved(Network.of(([[1]], [0], True)), tmp_path / "net.npz")
    done = run("verify", query, f"--network=N={model}", f"--network=M={model}")
    assert (done.code, done.out.splitlines()[0]) == (3 if verdict == "unknown" else 0, verdict)
    if verdict == "unknown":
        assert "lie between numbers of the declared type" in done.err
    if verdict == "sat":
        values = assigned(done.out.splitlines()[1:])
        assert all(Fraction(float(np.float16(each))) == each for name in values for each in values[name])


@pytest.mark.parametrize(("least", "verdict"), [("0.5", "sat"), ("1.5", "unsat")])
def test_a_hidden_tensor_is_one_of_the_model(run, tmp_path, least, verdict):
    """On [-1, 1], relu0 = (max(x, 0), max(-x, 0))."""
    query = tmp_path / "q.vnnlib"
    text = '(declare-hidden H real [2] "relu0")'
    query.write_text(
        f"(vnnlib-version <2.0>)(declare-network N (declare-input X real [1]) {text} (declare-output Y real [2]))"
        f"(assert (<= -1 X[0] 1))(assert (and (>= H[1] {least}) (<= Y[0] 0)))"
    )
    done = run("verify", query, "--network", f"N={saved(ABSOLUTE, tmp_path / 'net.onnx')}")
    assert (done.code, done.out.splitlines()[0]) == (0, verdict)
    if verdict == "sat":
        values = assigned(done.out.splitlines()[1:])
        assert values["H"] == [0, -values["X"][0]]
        assert values["H"][1] >= Fraction(least)


def test_a_copy_has_the_bounds_of_the_original_in_floats(run, tmp_path):
    """Proofs about floats need a box."""
    query = tmp_path / "q.vnnlib"
    query.write_text("""(vnnlib-version <2.0>)
        (declare-network f (declare-input x float32 [1]) (declare-output y float32 [2]))
        (declare-network g (equal-to f) (declare-input u float32 [1]) (declare-output v float32 [2]))
        (assert (and (<= -1 x[0] 1) (== u[0] x[0]) (> v[0] (+ y[0] 3))))""")
    done = run("verify", query, "--network", f"f={saved(ABSOLUTE, tmp_path / 'net.npz')}")
    assert (done.code, done.out, done.err) == (0, "unsat\n", "")


def test_vnnlib_1_prints_the_counterexample_of_the_competition(run, tmp_path):
    query = tmp_path / "q.vnnlib"
    query.write_text("(declare-const X_0 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)(assert (= X_0 1.5))")
    done = run("verify", query, "--network", f"N={saved(ABSOLUTE, tmp_path / 'net.npz')}")
    assert (done.code, done.out, done.err) == (0, "sat\n((X_0 1.5)\n (Y_0 0.5)\n (Y_1 -2.5))\n", "")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "it declares the networks f, g, but no model is given; write --network f=FILE --network g=FILE"),
        (["f=net.npz"], "it declares the networks f, g, but --network names f; write"),
        (["f=net.npz", "g=net.npz", "twin=net.npz"], "but --network names f, g, twin; write"),
        (["f=net.npz", "f=net.npz"], "names f twice"),
        (["f"], "NAME=FILE"),
        (["f=absent.npz", "g=absent.npz"], "absent.npz"),
        (["f=plane.json", "g=plane.json"], "1 inputs of network f are declared (x [1]); the network has 2, so 2 are expected"),
    ],
)
def test_models_that_do_not_fit(run, tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    saved(ABSOLUTE, tmp_path / "net.npz")
    saved(PLANE, tmp_path / "plane.json")
    (tmp_path / "q.vnnlib").write_text(QUERY.format(least=0))
    done = run("verify", "q.vnnlib", "--arithmetic=real", *(part for option in options for part in ("--network", option)))
    assert (done.code, done.out) == (2, "")
    assert says in done.err


@pytest.mark.parametrize(
    ("capability", "lines"),
    [
        ("--onnx-element-types", ["real", "float32", "float64"]),
        ("--vnnlib-versions", ["1.0", "2.0"]),
        ("--hidden-node-theories", ["NH", "H"]),
        ("--multiple-input-output-theories", ["SIO", "MIO"]),
        ("--multiple-network-theories", ["SNET", "MENET", "MINET", "MNET"]),
        ("--multiple-node-comparison-theories", ["SNC", "MNC"]),
        ("--arithmetic-complexity-theories", ["BND", "OUTC", "LIN", "POLY"]),
        ("--optimised-disjunctive-reasoning", ["false"]),
        ("--serialise-assignments", ["false"]),
    ],
)
def test_capabilities(run, capability, lines):
    assert run("supports", capability).out.splitlines() == lines


def test_name(run):
    assert run("--name").out == "exactzones\n"


def test_operators_opsets_and_one_capability_at_a_time(run):
    operators = run("supports", "--onnx-operators").out.splitlines()
    assert {"Constant", "Conv", "Gemm", "Relu"} <= set(operators)
    assert "Tanh" not in operators
    oldest, newest = map(int, run("supports", "--onnx-opset-versions").out.split())
    assert 7 == oldest < newest
    for options in [], ["--vnnlib-versions", "--onnx-operators"]:
        refusal = run("supports", *options)
        assert (refusal.code, refusal.out) == (2, "")
        assert f"{len(options)} capabilities" in refusal.err
