"""The cases of the package vnnlib-satisfactory: small models and VNN-LIB 2.0 queries whose verdicts are known."""

import pytest

from exactzones.vnnlib.reader import read_query

pytest.importorskip("vnntest", reason="vnnlib-satisfactory is not installed")
onnx = pytest.importorskip("onnx")

from cli.support import run  # noqa: E402, F401  a fixture
from vnntest.core.registry import get_cases  # noqa: E402

CASES = {f"{case.node_type}/{case.id}": case for case in get_cases(suite="full")}
NOT_CLAIMED = {"div", "pow", "sigmoid", "softmax"}
"""Categories whose operator `supports --onnx-operators` does not list; their cases may be refused, but not answered wrongly."""
SQUARE = "mul/mul03"
"""The only case of Mul that is refused: neither factor is a constant, so Mul is not claimed either."""
LEAST_DECIDED = 159
UNDECIDED_IN_FLOATS = {"reducemean/reducemean01", SQUARE}  # a tie at a point


@pytest.fixture
def verify(run, tmp_path):  # noqa: F811
    def verify(case, *options):
        model, query = tmp_path / "model.onnx", tmp_path / "query.vnnlib"
        onnx.save(case.build_onnx_model(), model)
        text = case.build_vnnlib_spec()
        query.write_text(text if isinstance(text, str) else "\n".join(text))
        networks = dict.fromkeys(network.source for network in read_query(query).networks)
        return run("verify", query, *(f"--network={name}={model}" for name in networks), *options)

    return verify


@pytest.mark.parametrize("name", sorted(CASES))
def test_verdict(verify, name):
    case = CASES[name]
    done = verify(case, "--arithmetic=real")
    if (case.node_type in NOT_CLAIMED or name == SQUARE) and done.code == 2:
        assert done.out == ""
        return
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == case.expected_output().lower()


@pytest.mark.parametrize("name", sorted(CASES))
def test_verdict_in_the_declared_types(verify, name):
    """In floats a tie is unknown; nothing is decided wrongly."""
    case = CASES[name]
    done = verify(case)
    if name in UNDECIDED_IN_FLOATS or (case.node_type in NOT_CLAIMED and done.code == 2):
        assert done.code in (2, 3), done
        assert done.out in ("", "unknown\n")
        return
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == case.expected_output().lower()


def test_what_is_not_claimed_is_not_listed(run):  # noqa: F811
    operators = {name.lower() for name in run("supports", "--onnx-operators").out.split()}
    assert not operators & {*NOT_CLAIMED, "mul"}
    assert {case.node_type for case in CASES.values()} & operators
    assert sum(case.node_type not in NOT_CLAIMED for case in CASES.values()) > LEAST_DECIDED
