"""The two kernels against each other, bit for bit, and the order of what comes out."""

import dataclasses
import itertools
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zones.support import cases

from exactzones import ALWAYS, Network, feature, find_zones
from exactzones.engine import arrangement
from exactzones.engine.arrangement import MAX_DIM, Arrangement, Stats
from exactzones.engine.frontier import Cells
from exactzones.engine.kernel import numpy_bounds, numpy_kernel, numpy_pool, schema
from exactzones.engine.starting_cones import NotPointedError
from exactzones.network import Layer
from exactzones.polyhedra import Polyhedron
from exactzones.rational import floats
from exactzones.testing import domains, networks

compiled = pytest.importorskip("exactzones.engine.kernel._compiled")


def visited(net, domain, module, *, prune):
    """All frontiers, in order, every array of them, and what was counted; the last layer's first unit is the target if any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrangement, "_kernel", module)
        patch.setattr(arrangement, "_LONGEST_CALL_SECONDS", math.inf)  # the kernels' calls take different times
        last = net.layers[-1]
        target = Layer.of(last.weight.rows[:1], last.bias[:1], relu=False) if prune else None
        run = Arrangement(net.layers[:-1], () if domain is None else domain.facet_rows(), net.inputs, target)
        if not run.dim:
            return None
        try:
            start = run.start()
        except NotPointedError:
            return None
        seen, advance = [], run.advance

        def recorded(frontier):
            arrays = [getattr(frontier.cells, field.name) for field in dataclasses.fields(Cells)]
            arrays += [frontier.state, frontier.prefix, frontier.maps, frontier.maps_error, frontier.verdict]
            seen.append((frontier.layer, [(array.shape, array.tobytes()) for array in arrays]))
            return frontier

        run.advance = lambda frontier, _limit: advance(recorded(frontier))
        for leaves in run.leaves(start):
            recorded(leaves)
    return seen, run.stats


def agree(net, domain, *, prune):
    """Compare every bit and every count; return the counts."""
    ours, theirs = (visited(net, domain, module, prune=prune) for module in (compiled, numpy_kernel))
    assert ours == theirs
    return Stats() if ours is None else ours[1]


@settings(max_examples=60)
@given(st.data())
def test_the_kernels_agree_bit_for_bit(data):
    """Plain, degenerate, unbounded, shallow and deep networks, with and without pruning."""
    net = data.draw(networks(inputs=(1, 4), max_width=5))
    has_relu = any(layer.relu_units for layer in net.layers[:-1])
    agree(net, data.draw(domains(net.inputs)), prune=has_relu and data.draw(st.booleans()))


def gaussian(widths, seed):
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    return Network.mlp([(rng.normal(size=(m, k)) / np.sqrt(k), 0.5 * rng.normal(size=m)) for k, m in pairs])


def ternary(widths, seed):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(rng.integers(-1, 2, (m, k)), rng.integers(-1, 2, m)) for k, m in pairs])


@pytest.mark.parametrize("prune", [False, True])
@pytest.mark.parametrize("make", [gaussian, ternary])
@pytest.mark.parametrize("widths", [(1, 8, 8, 1), (2, 9, 1), (2, 8, 8, 1), (3, 7, 5, 1), (4, 5, 4, 1), (6, 4, 3, 1)])
def test_the_kernels_agree_on_larger_networks(make, widths, prune):
    net, dim = make(widths, 7), widths[0]
    for domain in (None, Polyhedron.box([-6] * dim, [6] * dim)):
        agree(net, domain, prune=prune)


@pytest.mark.parametrize("make", [gaussian, ternary])
@pytest.mark.parametrize("widths", [(2, 6, 6, 6, 1), (3, 5, 5, 5, 1), (2, 5, 4, 5, 4, 1)])
def test_the_kernels_drop_the_same_cells(make, widths):
    total = Stats()
    for seed in range(3):
        total.add(dataclasses.asdict(agree(make(widths, seed), Polyhedron.box([-3] * widths[0], [3] * widths[0]), prune=True)))
    assert total.bounds >= total.dropped > 0


def test_the_kernels_drop_the_same_cells_if_many_units_are_bounded_at_once():
    net = gaussian((2, 4, 30, 30, 1), 1)
    stats = agree(net, Polyhedron.box([-1, -1], [1, 1]), prune=True)
    assert stats.bounds > stats.dropped > 0


@pytest.mark.parametrize(("widths", "seed"), [((2, 6, 6, 1), 3), ((2, 6, 6, 6, 1), 3), ((2, 5, 4, 5, 4, 1), 4)])
def test_the_rarest_part_of_the_pruning_is_compared(widths, seed, monkeypatch):
    """Ranges of units in downstream layers are narrowed with better slopes; in layers after the first, also without."""
    callers = set()
    narrow = numpy_bounds.Bounder._narrow

    def recorded(self, *unit):
        callers.add(sys._getframe(1).f_code.co_name)
        narrow(self, *unit)

    monkeypatch.setattr(numpy_bounds.Bounder, "_narrow", recorded)
    agree(gaussian(widths, seed), Polyhedron.box([-3, -3], [3, 3]), prune=True)
    assert callers == {"_drops_by_slopes", *(["_tighten"] if len(widths) > 4 else [])}


def test_the_tables_of_arrays_agree():
    """The C kernel's tables are those of the schema, which are the fields of the records."""

    def described(arrays):
        return [(array.name, np.dtype(array.dtype).itemsize, array.shape) for array in arrays]

    assert described(schema.REQUEST) == compiled.REQUEST
    assert described(schema.RESULT) == compiled.RESULT
    own = [field.name for field in dataclasses.fields(Cells)]
    assert [array.name for array in schema.CELLS] == own
    assert {array.name for array in schema.REQUEST} <= {*own, *schema.CutRequest._fields}
    assert {array.name for array in schema.RESULT} == {*own, *schema.CutCells._fields} - {"cells"}


def test_the_constants_agree():
    for name, value in compiled.CONSTANTS.items():
        home = next(module for module in (floats, numpy_pool, arrangement) if hasattr(module, name))
        assert getattr(home, name) == value
    assert compiled.CONSTANTS["MAX_DIM"] == MAX_DIM


def request_of(**changes):
    """A request to cut the triangle 0 <= x, y, x + y <= 1 by x = y, with some fields replaced."""
    cells = Cells(
        ptr=np.array([0, 3]),
        points=np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1]], float),
        error=np.zeros(3),
        integers=np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1]]),
        has_integers=np.ones(3, np.uint8),
        tight=np.array([[1, 2], [2, 3], [1, 3]], np.int32),
        plane_ptr=np.array([0, 3]),
        plane_ids=np.array([1, 2, 3], np.int32),
        plane_rows=np.array([[0, 1, 0], [0, 0, 1], [1, -1, -1]], float),
        plane_error=np.zeros(3),
    )
    parts = {name: changes.pop(name) for name in list(changes) if hasattr(cells, name)}
    fields = {
        "cells": dataclasses.replace(cells, **parts),
        "state": np.full((1, 1), 2, np.uint8),
        "rows": np.array([[[0], [1], [-1]]], float),
        "row_error": np.zeros(1),
        "row_sums": np.array([2.0]),
        "same": np.zeros(1, np.int32),
        "scale": 1.0,
        "first_id": 4,
        "ids": 5,
        "signs": lambda *_: pytest.fail("integers decide all signs"),
        "limit": 10,
    }
    return schema.CutRequest(**fields | changes)


def test_a_request_by_hand():
    for module in (compiled, numpy_kernel):
        result = module.cut(request_of())
        cells = schema.CutCells.read(result["finished"], 2, 1).cells
        above, below = np.split(cells.points, cells.ptr[1:-1])
        assert result["counts"]["cuts"] == result["parents"] == 1
        assert {tuple(point) for point in above} == {(1, 0, 0), (1, 1, 0), (1, 0.5, 0.5)}
        assert {tuple(point) for point in below} == {(1, 0, 0), (1, 0, 1), (1, 0.5, 0.5)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": np.zeros((3, 4))}, r"integers: expected an array of shape \(V,d\+1\) with items of 8 bytes"),
        ({"error": np.zeros(2)}, r"error: expected an array of shape \(V\) with items of 8 bytes"),
        ({"tight": np.zeros((3, 2), np.int64)}, r"tight: expected an array of shape \(V,d\) with items of 4 bytes"),
        ({"state": np.zeros(1, np.uint8)}, r"state: expected an array of shape \(P,n\)"),
        ({"rows": np.zeros((1, 3, 2))}, r"rows: expected an array of shape \(P,d\+1,n\)"),
        ({"ptr": np.array([0, 2])}, "ptr or plane_ptr does not divide its arrays into cells"),
        ({"plane_ptr": np.array([1, 3])}, "ptr or plane_ptr does not divide its arrays into cells"),
        ({"ids": 4}, "an id for each neuron"),
        ({"tight": np.array([[1, 2], [3, 2], [1, 3]], np.int32)}, "unknown or unsorted hyperplane 2"),
        ({"plane_ids": np.array([1, 2, 9], np.int32)}, "hyperplane id 9"),
    ],
)
def test_the_compiled_kernel_refuses_what_does_not_fit(changes, message):
    """Arrays of another shape would be read beyond their ends."""
    with pytest.raises(ValueError, match=message):
        compiled.cut(request_of(**changes))


@pytest.mark.parametrize("module", [compiled, numpy_kernel])
def test_leaves_are_names_only(module, monkeypatch):
    """Half of the time for many small cells went into memory for what nobody reads."""
    monkeypatch.setattr(arrangement, "_kernel", module)
    run = Arrangement(gaussian((2, 5, 4, 1), 0).layers[:-1], Polyhedron.box([-6, -6], [6, 6]).hrep.rows, 2)
    (middle,) = run.advance(run.start())
    (leaves,) = run.advance(middle)
    for frontier, numbers in ((middle, True), (leaves, False)):
        assert len(frontier.cells.tight) == frontier.cells.ptr[-1] > len(frontier)
        assert len(frontier.cells.points) == len(frontier.cells.integers) == frontier.cells.ptr[-1] * numbers
        assert len(frontier.cells.plane_rows) == frontier.cells.plane_ptr[-1] >= 3 * len(frontier) * numbers


@pytest.mark.parametrize("module", [compiled, numpy_kernel])
@pytest.mark.parametrize(
    ("chunk", "cells", "seconds"),
    [(1, 4096, 1), (1 << 20, 1, 1), (1 << 20, 3, 1), (200, 2, 1), (1, 1, 1), (1 << 20, 4096, 0)],
)
def test_the_order_does_not_depend_on_how_the_work_is_divided(module, chunk, cells, seconds, monkeypatch):
    monkeypatch.setattr(arrangement, "_kernel", module)
    nets = [(gaussian((2, 7, 6, 5, 1), 1), None), (ternary((3, 6, 5, 1), 3), None), (gaussian((3, 6, 4, 1), 2), 6)]
    expected = [listed(net, side) for net, side in nets]
    monkeypatch.setattr(arrangement, "_CHUNK", chunk)
    monkeypatch.setattr(arrangement, "_MAX_CELLS", cells)
    monkeypatch.setattr(arrangement, "_LONGEST_CALL_SECONDS", seconds)
    assert [listed(net, side) for net, side in nets] == expected


@pytest.mark.parametrize(("module", "dim"), [(compiled, 12), (numpy_kernel, 3)])
def test_a_call_whose_time_is_up_ends_after_a_cut(module, dim, monkeypatch):
    """In many dimensions one cell has many thousands of generators; a call must not go on until it is finished."""
    monkeypatch.setattr(arrangement, "_kernel", module)
    monkeypatch.setattr(arrangement, "_LONGEST_CALL_SECONDS", 0)
    run = Arrangement(gaussian((dim, 12, 1), 0).layers[:-1], Polyhedron.box([-3] * dim, [3] * dim).hrep.rows, dim)
    (rest,) = run.advance(run.start())
    assert (rest.layer, len(rest), run.stats.cuts) == (0, 2, 1)


def listed(net, side):
    """Patterns of all cells and of those that fire, in order, with their tight sets."""
    domain = None if side is None else Polyhedron.box([-side] * net.inputs, [side] * net.inputs)
    zones = [*find_zones(net, ALWAYS, domain), *find_zones(net, feature(0), domain)]
    return [(zone.pattern, zone.source.tight.tobytes()) for zone in zones]


@settings(max_examples=25)
@given(cases(networks()))
def test_the_numpy_kernel_lists_the_same_zones(case):
    expected = [(zone.pattern, zone.vrep) for zone in case.zones]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrangement, "_kernel", numpy_kernel)
        assert [(zone.pattern, zone.vrep) for zone in case.zones] == expected


@pytest.mark.parametrize(("chosen", "module", "name"), [("numpy", "numpy_kernel", "NumPy"), ("", "_compiled", "C")])
def test_the_environment_chooses_the_kernel(chosen, module, name):
    code = "from exactzones.engine import arrangement, kernel; print(arrangement._kernel.__name__, kernel.name())"
    assert run_python(code, EXACTZONES_KERNEL=chosen).stdout.split() == [f"exactzones.engine.kernel.{module}", name]


def test_the_name_of_the_kernel_takes_no_numpy():
    code = "import sys; from exactzones.engine import kernel; print(kernel.name(), 'numpy' in sys.modules)"
    assert run_python(code, EXACTZONES_KERNEL="").stdout.split() == ["C", "False"]


TWO_LISTS = (
    "from exactzones import ALWAYS, Network, find_zones\n"
    "net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])\n"
    "print(len(find_zones(net, ALWAYS)), len(find_zones(net, ALWAYS)))"
)
MISSING = "import sys; sys.modules['exactzones.engine.kernel._compiled'] = None\n"


def test_without_the_compiled_kernel():
    """A compiled kernel that does not import is replaced by the NumPy kernel, with one warning."""
    done = run_python(MISSING + TWO_LISTS + "\nfrom exactzones.engine import kernel; print(kernel.name())", EXACTZONES_KERNEL="")
    assert done.stdout.split() == ["2", "2", "NumPy"]
    assert done.stderr.count("SlowKernelWarning: the compiled kernel is missing") == 1
    assert "EXACTZONES_KERNEL=numpy" in done.stderr
    assert "pip install -e" in done.stderr


@pytest.mark.parametrize(("code", "chosen"), [(TWO_LISTS, ""), (TWO_LISTS, "numpy"), (MISSING + TWO_LISTS, "numpy")])
def test_no_warning_about_a_kernel_that_is_there_or_chosen(code, chosen):
    assert not run_python(code, EXACTZONES_KERNEL=chosen).stderr


def run_python(code, **environment):
    environment = {**os.environ, **environment}
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
