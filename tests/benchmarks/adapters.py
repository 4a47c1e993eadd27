"""The networks that are measured, and how each peer is asked to count their regions.

A peer is a class with a ``name`` and ``regions(weights, biases, radius, seconds)``: the number of full-dimensional regions of
the hidden layers on [-radius, radius]^d (all of R^d where radius is None).  What it cannot do it says by an exception.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import Any
from unittest import mock

import numpy as np

from exactzones import Network, Polyhedron
from exactzones.engine.arrangement import Arrangement
from exactzones.rational import Matrix

RADIUS = 6
Weights = list[np.ndarray]


def one_core() -> None:
    """Restart this script with one thread, then stay on one CPU."""
    single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    if any(os.environ.get(name) != value for name, value in single.items()):
        os.environ.update(single)
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 - this very script
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def name_of(widths: list[int]) -> str:
    return "-".join(map(str, widths))


def normal(widths: list[int]) -> tuple[Weights, Weights]:
    """Return the seeded network with normal weights / sqrt(fan-in) and biases 0.5 normal."""
    rng = np.random.default_rng(0)
    weights, biases = [], []
    for inputs, outputs in pairwise(widths):
        weights.append(rng.normal(size=(outputs, inputs)) / np.sqrt(inputs))
        biases.append(rng.normal(size=outputs) * 0.5)
    return weights, biases


def ternary(widths: list[int], seed: int) -> tuple[Weights, Weights]:
    """Return the seeded network with weights and biases in {-1, 0, 1}."""
    rng = np.random.default_rng(seed)
    weights, biases = [], []
    for inputs, outputs in pairwise(widths):
        weights.append(rng.integers(-1, 2, size=(outputs, inputs)).astype(float))
        biases.append(rng.integers(-1, 2, size=outputs).astype(float))
    return weights, biases


def network_of(weights: Weights, biases: Weights) -> Network:
    return Network.mlp(list(zip(weights, biases, strict=True)))


def arrangement_of(net: Network, radius: int | None = RADIUS) -> Arrangement:
    rows = () if radius is None else Polyhedron.box(-radius, radius, dim=net.inputs).hrep.rows
    return Arrangement(net.layers[:-1], rows, net.inputs)


def count_cells(net: Network) -> int:
    arrangement = arrangement_of(net)
    return sum(len(frontier) for frontier in arrangement.leaves(arrangement.start()))


def cpu() -> float:
    """Seconds of CPU of this process and of its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def best(work: Callable[[], Any], repeats: int = 3, enough: float = 5) -> tuple[Any, float]:
    """Return what work returns and the least CPU time of a few runs; long ones are run once."""
    answer, least, total = None, float("inf"), 0.0
    for _ in range(repeats):
        start = cpu()
        answer = work()
        spent = cpu() - start
        least, total = min(least, spent), total + spent
        if total > enough:
            break
    return answer, least


class OutOfTimeError(Exception):
    """The limit of CPU time ran out."""


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError after some seconds of CPU time."""

    def stop(*_: object) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass(frozen=True)
class Answer:
    """Regions counted in so many seconds of CPU, and whether they are all."""

    regions: int
    seconds: float
    complete: bool = True


def ours(net: Network, seconds: float) -> Answer:
    """Return the cells of the forward engine on the box."""
    reached = 0

    def run() -> int:
        nonlocal reached
        reached = 0
        arrangement = arrangement_of(net)
        for frontier in arrangement.leaves(arrangement.start()):
            reached += len(frontier)
        return reached

    start = cpu()
    try:
        with limit(seconds):
            return Answer(*best(run))
    except OutOfTimeError:
        return Answer(reached, cpu() - start, complete=False)


class Regioncam:
    """Rust, float32, on a bounded part of the plane."""

    name = "regioncam"

    def __init__(self) -> None:
        import regioncam

        self.module = regioncam

    def regions(self, weights: Weights, biases: Weights, radius: float | None, seconds: float) -> Answer | None:
        del seconds
        if weights[0].shape[1] != 2 or radius is None:
            return None
        single = [(w.T.astype(np.float32).copy(), b.astype(np.float32)) for w, b in zip(weights, biases, strict=True)]

        def run() -> int:
            camera = self.module.Regioncam(size=radius)
            for weight, bias in single[:-1]:
                camera.linear(weight, bias)
                camera.relu()
            return camera.num_faces

        return Answer(*best(run))


class Relucent:
    """Local search from cell to cell in floats; Gurobi's LPs tell which neurons bound a cell."""

    name = "relucent"

    def __init__(self) -> None:
        import relucent
        from relucent.model.model import LinearLayer, ReLULayer, ReLUNetwork

        relucent.update_settings(VERBOSE=0)
        self.module, self.layers, self.network = relucent, (LinearLayer, ReLULayer), ReLUNetwork

    def regions(self, weights: Weights, biases: Weights, radius: float | None, seconds: float) -> Answer:
        first = self._search(weights, biases, radius, 100)
        if first.complete:
            return first
        # It takes no limit in seconds: ask for as many regions as the rate of the first ones predicts.
        return self._search(weights, biases, radius, max(100, int(first.regions / first.seconds * seconds)))

    def _search(self, weights: Weights, biases: Weights, radius: float | None, most: int) -> Answer:
        linear, relu = self.layers
        layers = []
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            layers += [linear(weight, bias.reshape(1, -1)), relu()]
        layers.append(linear(weights[-1], biases[-1].reshape(1, -1)))
        box = {} if radius is None else {"cube_radius": radius, "cube_mode": "intersect"}
        start = cpu()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            complex_ = self.module.Complex(self.network(layers))
            origin = self.module.generic_topology_start(complex_).reshape(1, -1)
            # On a box its certificate of completeness does not apply: the cells beyond are left out.
            result = complex_.bfs(origin, max_polys=most, nworkers=1, verify=radius is None, **box)
        return Answer(len(complex_), cpu() - start, len(complex_) < most and (result.complete or radius is not None))


class Parx:
    """Depth-first flips of neurons in floats; HiGHS' LPs tell which can be flipped.  Its method in pure Python."""

    name = "parx"

    def __init__(self) -> None:
        which = shutil.which
        # It refuses to be imported without Julia, which this method does not use.
        with mock.patch("shutil.which", lambda command, *rest, **named: which(command, *rest, **named) or "-"):
            from parx.methods import exact_python
        self.module = exact_python

    def regions(self, weights: Weights, biases: Weights, radius: float | None, seconds: float) -> Answer:
        dim = weights[0].shape[1]
        box = np.zeros((0, dim)) if radius is None else np.vstack([np.eye(dim), -np.eye(dim)])
        found: list[Any] = []
        complete = True
        start = cpu()
        try:
            with limit(seconds):
                # What its ``find`` does, but from a box, and with what was found at hand when the time is over.
                self.module._dfs_exact(
                    weights[:-1],
                    biases[:-1],
                    0,
                    np.eye(dim),
                    np.zeros(dim),
                    box,
                    np.full(len(box), float(radius or 0)),
                    [],
                    np.random.default_rng(0).normal(size=dim),
                    float("inf"),
                    found,
                )
        except OutOfTimeError:
            complete = False
        return Answer(len(found), cpu() - start, complete)


class PPL:
    """Exactly: a PPL polyhedron is split by one neuron after the other, where PPL says that it crosses (the loop is ours)."""

    name = "PPL"

    def __init__(self) -> None:
        import ppl

        self.ppl = ppl
        self.inside, self.crossing = ppl.Poly_Con_Relation.is_included(), ppl.Poly_Con_Relation.strictly_intersects()

    def regions(self, weights: Weights, biases: Weights, radius: float | None, seconds: float) -> Answer:
        ppl = self.ppl
        net = network_of(weights, biases)
        layers = [_integers(layer.affine.augmented()) for layer in net.layers[:-1]]
        cell = ppl.C_Polyhedron(net.inputs, "universe")
        for k in range(net.inputs) if radius is not None else ():
            cell.add_constraint(ppl.Variable(k) <= radius)
            cell.add_constraint(ppl.Variable(k) >= -radius)
        identity = np.array([[int(i == k) for k in range(net.inputs + 1)] for i in range(net.inputs + 1)], dtype=object)
        count, start = 0, cpu()
        for count, _ in enumerate(self._cells(cell, layers, identity), start=1):
            if count % 64 == 0 and cpu() - start > seconds:
                return Answer(count, cpu() - start, complete=False)
        return Answer(count, cpu() - start)

    def _cells(self, cell: Any, layers: list[np.ndarray], before: np.ndarray) -> Iterator[Any]:
        """Yield the cells of the layers that are left; ``before`` holds the rows of their inputs, the constant 1 first."""
        if not layers:
            yield cell
            return
        rows = layers[0] @ before
        common = [gcd(*row) or 1 for row in rows]
        constraints = [[v // g for v in row] for row, g in zip(rows.tolist(), common, strict=True)]
        stack = [(cell, [])]
        while stack:
            part, on = stack.pop()
            while len(on) < len(rows) - 1:
                (part, state), *others = self._sides(part, self._expression(constraints[len(on) + 1]))
                stack += [(other, [*on, off]) for other, off in others]
                on.append(state)
            yield from self._cells(part, layers[1:], rows * np.array([1, *on], dtype=object)[:, None])

    def _sides(self, part: Any, expression: Any) -> list[tuple[Any, int]]:
        """Return the full-dimensional parts of a cell where a neuron is on, 1, and off, 0."""
        if part.relation_with(expression <= 0).implies(self.inside):
            return [(part, 0)]
        if part.relation_with(expression >= 0).implies(self.inside):
            return [(part, 1)]
        off = self.ppl.C_Polyhedron(part)
        off.add_constraint(expression <= 0)
        part.add_constraint(expression >= 0)
        return [(part, 1), (off, 0)]

    def _expression(self, row: list[int]) -> Any:
        return self.ppl.Linear_Expression(row[1:], row[0])


class PlainPPL(PPL):
    """The same with nothing but copies: each cell is cut by each neuron, and a part of full dimension is kept."""

    name = "PPL-plain"

    def _sides(self, part: Any, expression: Any) -> list[tuple[Any, int]]:
        if expression.all_homogeneous_terms_are_zero() and not expression.inhomogeneous_term():
            return [(part, 0)]  # zero everywhere: both sides are the cell
        sides = [(self.ppl.C_Polyhedron(part), expression >= 0, 1), (self.ppl.C_Polyhedron(part), expression <= 0, 0)]
        for side, constraint, _ in sides:
            side.add_constraint(constraint)
        return [(side, state) for side, _, state in sides if side.affine_dimension() == side.space_dimension()]


def _integers(augmented: Matrix) -> np.ndarray:
    """Return the rows (b, a) of a layer times their common denominator, below the row of the constant."""
    scale = max(entry.denominator for row in augmented.rows for entry in row)  # all are powers of two
    first = [scale, *[0] * (len(augmented.rows[0]) - 1)]
    return np.array([first, *([int(entry * scale) for entry in row] for row in augmented.rows)], dtype=object)


PEERS = (Regioncam, Relucent, Parx, PPL, PlainPPL)


def installed(names: list[str] | None = None) -> Iterator[Any]:
    """Yield the peers that are there; name the others."""
    for kind in PEERS:
        if names and kind.name not in names:
            continue
        try:
            yield kind()
        except ImportError as error:
            print(f"{kind.name} is skipped: {error}", file=sys.stderr)  # noqa: T201 - scripts print


def refusal(error: BaseException) -> str:
    return f"refuses: {type(error).__name__}: {str(error)[:80]}".replace("\n", " ")
