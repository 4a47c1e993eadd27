"""VNN-LIB 2.0: networks and tensors as they are declared, and conditions on the entries of tensors."""

import itertools
from fractions import Fraction

import pytest
from models.support import refused

from exactzones.errors import FormatError
from exactzones.network import Network, Port
from exactzones.vnnlib.product import joined, side_by_side
from exactzones.vnnlib.reader import read_query, read_vnnlib

F = Network.of(([[1, 2], [3, -4]], [1, 0], True), ([[1, 1], [1, -1]], [0, "1/2"], False))
G = Network.of(([[1], [-1]], None, True), ([[2, 3]], None, [True]), ([[1]], [5], False))
ONE = """(vnnlib-version <2.0>)
(declare-network N (declare-input X real [1, 2]) (declare-output Y float32 [2]))
"""
TWO = """(vnnlib-version <2.1>)
(declare-network f
    (declare-input  A float32 [2])
    (declare-hidden H float32 [1, 2] "the \\"hidden\\" one")
    (declare-output B float32 [1,2]))
(declare-network g (declare-input s real []) (declare-output t real []))
(declare-network twin (equal-to f) (declare-input C float32 [2]) (declare-output D float32 [1,2]))
"""


@pytest.fixture
def query(tmp_path):
    def query(text, *assertions):
        path = tmp_path / "query.vnnlib"
        path.write_text(text + "\n".join(assertions))
        return path

    return query


def test_a_single_network_reads_as_in_version_1(query):
    path = query(
        ONE, "(assert (and (>= X[0,0] -1.0) (<= X[0, 0] 0.1)))", "(assert (or (>= Y[1] 3.0) (== Y[0] 9) (!= Y[1] Y[0])))"
    )
    cases = read_vnnlib(path, F)
    assert [case.box for case in cases] == [((-1, Fraction(1, 10)), (None, None))] * 4
    assert [[str(each) for each in case.property_for(F).conditions] for case in cases] == [
        ["z-1[1] >= 3"],
        ["z-1[0] <= 9", "z-1[0] >= 9"],
        ["z-1[1] > z-1[0]"],
        ["z-1[0] > z-1[1]"],
    ]
    assert read_query(path).stored(lambda *_: F) is F


def test_several_networks_are_one_network_from_all_inputs_to_all_values(query):
    hidden = F.layers[0]
    loaded = {("f", None): F, ("f", 'the "hidden" one'): Network((hidden,)), ("g", None): G}
    path = query(TWO, "(assert (<= (- B[0,1] (* 2 t)) (+ D[0,0] H[0,1] A[1] s)))", "(assert (>= t 0))")
    read = read_query(path)
    network = read.stored(lambda name, node: loaded[name, node])
    assert [[tensor.name for tensor in each.values] for each in read.networks] == [["B", "H"], ["t"], ["D"]]
    for point in itertools.product([-2, "1/3", 1], repeat=5):
        activations = hidden.activate(hidden.affine(F.point(point[:2])))
        values = (*F(point[:2]), *activations, *G(point[2:3]), *F(point[3:]))
        assert network(point) == values
        (case,) = read.cases
        left = values[1] - 2 * values[4]
        right = values[5] + values[3] + F.point(point[:2])[1] + G.point(point[2:3])[0]
        expected = left <= right and values[4] >= 0
        assert case.network_for(network).satisfies(point, case.property_for(network)) == expected


def test_products_of_networks_of_different_depths():
    assert joined([F]) is side_by_side([F]) is F
    deep = side_by_side([F, G, Network.mlp([([[7]], [1])])])
    assert deep(["1/2", -1, -3, 2]) == (*F(["1/2", -1]), *G([-3]), 15)
    assert joined([G, Network.mlp([([[7]], [1])])])([-3]) == (*G([-3]), -20)


def test_models_that_do_not_fit(query):
    path = query(TWO)
    with pytest.raises(FormatError, match=r"2 inputs of network f are declared \(A \[2\]\); the network has 1"):
        read_query(path).stored(lambda *_: G)
    with pytest.raises(FormatError, match="2 values of the tensor 'the \"hidden\" one' of network f"):
        read_query(path).stored(lambda _name, node: F if node is None else Network.mlp([([[1, 1]], [0])]))
    refused(lambda each: read_vnnlib(each, F), path, "several networks or hidden tensors")


def test_a_model_that_ends_with_softmax_is_refused(query):
    """Its network has the values before Softmax, but the conditions are about those after it."""
    before = Network(F.layers, output_ports=(Port("probabilities", (1, 2), 0, "Softmax"),))
    refused(lambda path: read_vnnlib(path, before), query(ONE, "(assert (>= Y[0] 2))"), "the model ends with Softmax", "--where")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("(vnnlib-version <3.0>)", ["line 1", "<2.0>) is expected"]),
        ("(vnnlib-version <2.0>)", ["no network is declared", "declare-network N"]),
        (ONE + "(declare-const X_0 Real)", ["line 3", "'declare-const'", "declare-network or assert is expected"]),
        (ONE + "(assert (<= X_0 1))", ["line 3", "X_0 is not declared"]),
        (ONE + "(assert (<= X[0] 1))", ["line 3", "X[0] does not fit the shape [1,2] of X"]),
        (ONE + "(assert (<= X[1,0] 1))", ["line 3", "X[1,0] does not fit"]),
        (ONE + "(assert (<= Y[2] 1))", ["line 3", "Y[2] does not fit the shape [2] of Y"]),
        (ONE + "(assert (<= X 1))", ["line 3", "X does not fit"]),
        (ONE + "; é\n(assert (<= Xé[0] 1))", ["line 4", "byte 13 of the line (0xc3) is not ASCII"]),
        (ONE + "(assert (<= (* X[0,0] Y[0]) 1))", ["a condition has degree 2; exactzones verify decides it"]),
        (ONE + "(assert (<= (* X[0,0] Y[0] Y[1]) 1))", ["line 3", "a product of more than two variables"]),
        (ONE + "(assert (<= Y[0] 1))(declare-network M)", ["line 3", "after an assertion"]),
        (ONE + "(declare-network M (declare-input A real [2]))", ["line 3", "at least one input and one output"]),
        (ONE + "(declare-network M (declare-input X real [2]) (declare-output Z real [2]))", ["line 3", "X is declared twice"]),
        (ONE + "(declare-network N (declare-input A real [2]) (declare-output B real [2]))", ["line 3", "N is declared twice"]),
        (ONE + "(declare-network M (declare-input A int32 [2]) (declare-output B real [2]))", ["line 3", "type int32"]),
        (ONE + "(declare-network M (declare-input A real [0]) (declare-output B real [2]))", ["line 3", "a length of 0"]),
        (ONE + "(declare-network M (declare-hidden H real [2]))", ["line 3", 'write (declare-hidden H real [3] "node")']),
        (ONE + "(declare-network M (equal-to K) (declare-input A real [2]) (declare-output B real [2]))", ["line 3", "['K']"]),
        (
            ONE + "(declare-network M (equal-to N) (declare-input A real [2]) (declare-output B float32 [2]))",
            ["line 3", "networks M and N have different inputs"],
        ),
        (
            ONE + "(declare-network M (isomorphic-to N) (declare-input A real [1,2]) (declare-output B real [3]))",
            ["line 3", "networks M and N have different outputs"],
        ),
    ],
)
def test_refused(query, text, parts):
    refused(read_vnnlib, query(text), *parts)
