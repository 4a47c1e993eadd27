"""The two kernels against each other, and the order of what comes out."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zones.support import cases

from exactzones import ALWAYS, Network, feature, find_zones
from exactzones.engine import _kernel_numpy, arrangement
from exactzones.engine.arrangement import Arrangement
from exactzones.engine.starting_cones import NotPointedError
from exactzones.polyhedra import Polyhedron
from exactzones.testing import domains, networks

compiled = pytest.importorskip("exactzones.engine._kernel")


def visited(net, domain, kernel, monkeypatch):
    """All cells behind each layer (pattern, tight sets, hyperplanes, integers), in order, and what was counted."""
    with monkeypatch.context() as patch:
        patch.setattr(arrangement, "_kernel", kernel)
        rows = () if domain is None else domain.facet_rows()
        run = Arrangement(net.layers[:-1], rows, net.inputs)
        if not run.dim:
            return None
        try:
            start = run.start()
        except NotPointedError:
            return None
        found, advance = [], run.advance

        def recorded(frontier):
            for k in range(len(frontier)):
                cell = frontier.cells.part(k, k + 1)
                arrays = (frontier.prefix[k], cell.tight, cell.hid, cell.integers, cell.has_integers)
                found.append(tuple(array.tobytes() for array in arrays))
            return frontier

        run.advance = lambda frontier: advance(recorded(frontier))
        for leaves in run.leaves(start):
            recorded(leaves)
    return found, run.stats


@settings(max_examples=60)
@given(st.data())
def test_the_kernels_agree_bit_for_bit(data):
    net = data.draw(networks(inputs=(1, 4), max_width=5))
    domain = data.draw(domains(net.inputs))
    patch = pytest.MonkeyPatch()
    ours, theirs = visited(net, domain, compiled, patch), visited(net, domain, _kernel_numpy, patch)
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert ours[0] == theirs[0]
        assert (ours[1].cuts, ours[1].cells) == (theirs[1].cuts, theirs[1].cells)


def gaussian(widths, seed):
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    return Network.mlp([(rng.normal(size=(m, k)) / np.sqrt(k), 0.5 * rng.normal(size=m)) for k, m in pairs])


def ternary(widths, seed):
    rng = np.random.default_rng(seed)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(rng.integers(-1, 2, (m, k)), rng.integers(-1, 2, m)) for k, m in pairs])


@pytest.mark.parametrize("make", [gaussian, ternary])
@pytest.mark.parametrize("widths", [(1, 8, 8, 1), (2, 8, 8, 1), (3, 7, 5, 1), (4, 5, 4, 1), (6, 4, 3, 1)])
def test_the_kernels_agree_on_larger_networks(make, widths, monkeypatch):
    net, dim = make(widths, 7), widths[0]
    for domain in (None, Polyhedron.box([-6] * dim, [6] * dim)):
        ours, theirs = visited(net, domain, compiled, monkeypatch), visited(net, domain, _kernel_numpy, monkeypatch)
        assert ours[0] == theirs[0]
        assert (ours[1].cuts, ours[1].cells) == (theirs[1].cuts, theirs[1].cells)


@pytest.mark.parametrize("kernel", [compiled, _kernel_numpy])
def test_leaves_are_names_only(kernel, monkeypatch):
    """Half of the time for many small cells went into memory for what nobody reads."""
    monkeypatch.setattr(arrangement, "_kernel", kernel)
    run = Arrangement(gaussian((2, 5, 4, 1), 0).layers[:-1], Polyhedron.box([-6, -6], [6, 6]).hrep.rows, 2)
    (middle,) = run.advance(run.start())
    (leaves,) = run.advance(middle)
    for frontier, numbers in ((middle, True), (leaves, False)):
        assert len(frontier.cells.tight) == frontier.cells.ptr[-1] > len(frontier)
        assert len(frontier.cells.points) == len(frontier.cells.integers) == frontier.cells.ptr[-1] * numbers
        assert len(frontier.cells.hrow) == frontier.cells.hptr[-1] >= 3 * len(frontier) * numbers


@pytest.mark.parametrize("kernel", ["_kernel", "_kernel_numpy"])
@pytest.mark.parametrize(("chunk", "cells"), [(1, 4096), (1 << 20, 1), (1 << 20, 3), (200, 2), (1, 1)])
def test_the_order_does_not_depend_on_how_the_work_is_divided(kernel, chunk, cells, monkeypatch):
    monkeypatch.setattr(arrangement, "_kernel", pytest.importorskip(f"exactzones.engine.{kernel}"))
    nets = [(gaussian((2, 7, 6, 5, 1), 1), None), (ternary((3, 6, 5, 1), 3), None), (gaussian((3, 6, 4, 1), 2), 6)]
    expected = [listed(net, side) for net, side in nets]
    monkeypatch.setattr(arrangement, "_CHUNK", chunk)
    monkeypatch.setattr(arrangement, "_MAX_CELLS", cells)
    assert [listed(net, side) for net, side in nets] == expected


def listed(net, side):
    """Patterns of all cells and of those that fire, in order, with their tight sets."""
    domain = None if side is None else Polyhedron.box([-side] * net.inputs, [side] * net.inputs)
    zones = [*find_zones(net, ALWAYS, domain), *find_zones(net, feature(0), domain)]
    return [(zone.pattern, zone.source.tight.tobytes()) for zone in zones]


@settings(max_examples=25)
@given(cases(networks()))
def test_the_numpy_kernel_lists_the_same_zones(case):
    """It prunes nothing, so what the target does on each cell is decided afterwards."""
    expected = {zone.pattern: zone.vrep for zone in case.zones}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrangement, "_kernel", _kernel_numpy)
        assert {zone.pattern: zone.vrep for zone in case.zones} == expected


@pytest.mark.parametrize(("forced", "expected"), [("numpy", "_kernel_numpy"), ("", "_kernel")])
def test_the_environment_chooses_the_kernel(forced, expected):
    code = "from exactzones.engine import arrangement; print(arrangement._kernel.__name__)"
    assert run_python(code, EXACTZONES_KERNEL=forced) == f"exactzones.engine.{expected}"


def test_without_the_compiled_kernel():
    """A compiled kernel that does not import is done without."""
    code = (
        "import sys; sys.modules['exactzones.engine._kernel'] = None\n"
        "from exactzones import ALWAYS, Network, find_zones\n"
        "print(len(find_zones(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])]), ALWAYS)))"
    )
    assert run_python(code) == "2"


def run_python(code, **environment):
    environment = {**os.environ, **environment}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
