"""Few inputs and wide layers: lattices of linear functions, and random networks against their zones, by cuts of the box."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones.certification import CanFire, CannotFire, case_of, certify, guessing, run
from exactzones.certification.provers import cut_search
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.network import Layer, Network
from exactzones.property import condition, feature
from exactzones.zones import find_zones


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Little time for guesses, so that proofs are looked for, too, and cuts for smaller networks than usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guessing, "_FEW_INPUTS_SECONDS", 0.002)
        patch.setattr(cut_search, "_OPEN_FOR_EACH_INPUT", 1)
        yield


def lattice(functions, groups):
    """Return the network of the maximum over groups of the minimum of each group's linear functions.

    Args:
        functions: shape (functions, inputs + 1), integers; constants come first.
        groups: numbers of functions, shape (groups, size); both numbers are powers of two.
    """
    chosen = functions[groups.ravel()]
    layers, size = [Layer.of(chosen[:, 1:].tolist(), chosen[:, 0].tolist(), relu=False)], groups.shape[1]
    width = len(chosen)
    while width > 1:
        sign, size = (-1, size // 2) if size > 1 else (1, size)
        split, join = np.zeros((2 * width, width), int), np.zeros((width // 2, 2 * width), object)
        for k in range(width // 2):
            split[4 * k : 4 * k + 4, 2 * k : 2 * k + 2] = [[1, 1], [-1, -1], [1, -1], [-1, 1]]
            join[k, 4 * k : 4 * k + 4] = [Fraction(c, 2) for c in (1, -1, sign, sign)]
        width //= 2
        layers += [Layer.of(split.tolist(), relu=True), Layer.of(join.tolist(), relu=False)]
    return Network(tuple(layers))


def highest(functions, groups):
    """Return the maximum of a lattice over [-1, 1]^d, from all points where d of its functions and sides of the box meet."""
    dim = functions.shape[1] - 1
    sides = [np.concatenate([[1], sign * row]) for row in np.eye(dim, dtype=int) for sign in (-1, 1)]
    pairs = [one - other for one, other in itertools.combinations(functions, 2)]
    most = -np.inf
    for rows in itertools.combinations([*pairs, *sides], dim):
        system = np.array(rows)
        if abs(np.linalg.det(system[:, 1:])) > 1e-9:
            point = np.linalg.solve(system[:, 1:], -system[:, 0])
            if np.abs(point).max() < 1 + 1e-9:
                planes = functions[:, 0] + functions[:, 1:] @ point
                most = max(most, planes[groups].min(1).max())
    return most


@pytest.mark.parametrize(("dim", "count"), [(1, 8), (2, 6), (3, 5)])
def test_lattices_are_decided_above_and_below_their_maximum(dim, count):
    rng = np.random.default_rng(dim)
    functions = rng.integers(-9, 10, (count, dim + 1))
    groups = np.array([rng.choice(count, 4, replace=False) for _ in range(4)])
    network, top = lattice(functions, groups), Fraction(float(highest(functions, groups)))
    for threshold, verdict in ((top + 2, CannotFire), (top - Fraction(1, 50), CanFire)):
        found, case = certify(network, feature(0, threshold), (-1, 1)), case_of(network, feature(0, threshold), (-1, 1))
        assert isinstance(found, verdict)
        assert check(network, [case], found.certificate.lines).verdict == "valid"
        assert dim == 1 or verdict is CanFire or any('"cut"' in line for line in found.certificate.lines)


def test_what_holds_with_equality_is_left_to_cells(monkeypatch):
    monkeypatch.setattr(cut_search, "_MOST_CUTS", 4)
    monkeypatch.setattr(cut_search, "_STILL_OPEN", 1)
    tent = Network((Layer.of([[3], [3], [3]], [0, -1, -2]), Layer.of([[1, -2, 1]], relu=False)))  # 1 at x = 1/3
    found = certify(tent, feature(0, 1), (0, 1))
    assert isinstance(found, CannotFire)
    assert any('"cut"' in line for line in found.certificate.lines)
    assert any('"relu"' in line for line in found.certificate.lines)
    assert isinstance(certify(tent, condition([1], -1, strict=False), (0, 1)), CanFire)


@given(data=st.data())
@settings(max_examples=20)
def test_verdicts_are_those_of_the_list_of_zones(data):
    dim, width = data.draw(st.integers(1, 2)), data.draw(st.integers(2, 5))
    entry = st.integers(-2, 2)

    def drawn(*shape):
        return (
            np.array(data.draw(st.lists(entry, min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))))
            .reshape(shape)
            .tolist()
        )

    mask = data.draw(st.lists(st.booleans(), min_size=width, max_size=width))
    hidden = Layer.of(drawn(width, dim), drawn(width)), Layer.of(drawn(width, width), drawn(width), relu=mask)
    network = Network((*hidden, Layer.of(drawn(1, width), drawn(1), relu=False)))
    prop, domain = feature(0, data.draw(st.integers(-4, 8))), (data.draw(st.integers(-2, 0)), data.draw(st.integers(1, 2)))
    found = certify(network, prop, domain)
    assert isinstance(found, CanFire if len(find_zones(network, prop, domain)) else CannotFire)
    case, lines = case_of(network, prop, domain), found.certificate.lines
    assert check(network, [case], lines).verdict == "valid"
    if len(lines) < 12:  # it takes long
        assert check_plainly(network, [case], iter(lines)).verdict == "valid"


@pytest.mark.parametrize(("seed", "copies"), [(2, 1), (3, 2)])
def test_the_checker_accepts_every_box_that_the_search_has_proved(monkeypatch, seed, copies):
    """Its bounds are narrower than those carried forward, and where two copies cancel, its rounding leaves something."""
    rng = np.random.default_rng(seed)
    functions = rng.normal(size=(8, 3)).round(2)
    groups = np.repeat(np.array([rng.choice(8, 4, replace=False) for _ in range(16)]), copies, axis=1)
    threshold = Fraction(str(round(highest(functions, groups) + 0.01, 3)))
    exact = np.array([[Fraction(str(entry)) for entry in row] for row in functions.tolist()])
    refused, add = [], run.Run.add

    def watched(self, nodes):
        children = add(self, nodes)
        refused.extend(node for node in nodes if node.number in self.tree.waiting)
        return children

    monkeypatch.setattr(run.Run, "add", watched)
    found = certify(lattice(exact, groups), feature(0, threshold), (-1, 1), seconds=60)
    assert isinstance(found, CannotFire)
    assert sum('"cut"' in line for line in found.certificate.lines) >= 40
    assert not refused
