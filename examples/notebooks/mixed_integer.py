"""The textbook encoding of a ReLU network as a mixed-integer program, solved in floats by HiGHS, which SciPy ships."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from exactzones import Network, Polyhedron


@dataclass
class Program:
    """Variables with bounds, some of them integers, and constraints ``low <= sum of coefficient * variable <= high``."""

    bounds: list[tuple[float, float]] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    constraints: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def variable(self, low: float, high: float, *, integer: bool = False) -> int:
        """Add a variable and return its number."""
        self.bounds.append((low, high))
        self.integer.append(integer)
        return len(self.bounds) - 1

    def maximize(self, number: int) -> np.ndarray | None:
        """Return the variables that maximise one of them, or None if HiGHS says that the constraints cannot be satisfied."""
        matrix = np.zeros((len(self.constraints), len(self.bounds)))
        for line, (row, _, _) in zip(matrix, self.constraints, strict=True):
            line[list(row)] = list(row.values())
        _, least, most = zip(*self.constraints, strict=True)
        objective = -np.eye(len(self.bounds))[number]
        bounds = Bounds(*np.transpose(self.bounds))
        return milp(objective, constraints=LinearConstraint(matrix, least, most), bounds=bounds, integrality=self.integer).x


def largest_by_highs(network: Network, box: Polyhedron, *, at_least: float = -np.inf) -> tuple[float, list[float]] | None:
    """Return the largest output on a box and its point according to HiGHS, or None if no output is ``at_least`` so large.

    A unit ``a = ReLU(z)``, where ``low <= z <= high`` by interval arithmetic, becomes ``z <= a <= z - low (1 - on)`` and
    ``0 <= a <= high on`` with ``on`` in {0, 1} (Tjeng, Xiao and Tedrake 2019).

    Args:
        network: a network with a ReLU on every hidden unit, and one output.
        box: the bounded domain.
        at_least: a lower bound on the output.
    """
    program = Program()
    corners = np.array(box.vrep.vertices, dtype=float)
    values = inputs = [program.variable(low, high) for low, high in zip(corners.min(0), corners.max(0), strict=True)]
    for layer in network.layers:
        before, values = values, []
        for weights, bias in zip(layer.weight.rows, map(float, layer.bias), strict=True):
            terms = dict(zip(before, map(float, weights), strict=True))
            ends = [[c * end for end in program.bounds[v]] for v, c in terms.items()]
            low, high = bias + sum(map(min, ends)), bias + sum(map(max, ends))
            minus = {v: -c for v, c in terms.items()}
            if layer is network.layers[-1]:
                values.append(program.variable(max(low, at_least), high))
                program.constraints.append(({**minus, values[-1]: 1}, bias, bias))
                continue
            a, on = program.variable(0, max(high, 0)), program.variable(0, 1, integer=True)
            program.constraints.append(({**minus, a: 1}, bias, np.inf))
            program.constraints.append(({**minus, a: 1, on: -low}, -np.inf, bias - low))
            program.constraints.append(({a: 1, on: -max(high, 0)}, -np.inf, 0))
            values.append(a)
    best = program.maximize(values[0])
    return None if best is None else (float(best[values[0]]), best[inputs].tolist())
