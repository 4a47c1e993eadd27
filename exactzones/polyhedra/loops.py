"""Short loops around the holes of a complex: fundamental cycles of trees of shortest paths, told apart by cocycles.

Source: Erickson and Whittlesey 2005, Greedy optimal homotopy and homology generators; Busaryev et al. 2012, Annotating simplices
with a homology basis and its applications.
"""

from __future__ import annotations

from collections import defaultdict, deque
from fractions import Fraction
from typing import NamedTuple

from exactzones.polyhedra.homology import Boundary, RegularComplex

_MOST_ROOTS = 32  # of trees, unless there are more components with loops


class Loop(NamedTuple):
    """A closed path along edges without repetitions.

    Attributes:
        vertices: numbers of cells of dimension 0, in order.
        edges: numbers of cells of dimension 1: each from the vertex of its place to the next one, the last to the first.
    """

    vertices: tuple[int, ...]
    edges: tuple[int, ...]


class _Tree(NamedTuple):
    """Shortest paths from a root.

    Attributes:
        step: for each vertex the edge and the vertex before it; the root has none.
        depth: the number of edges of each path.
        values: those of the cocycles along each path.
    """

    step: dict[int, tuple[int, int]]
    depth: dict[int, int]
    values: dict[int, Boundary]

    def path(self, vertex: int) -> list[tuple[int, int]]:
        """Return the vertices from a vertex to the root, each with the edge to the next one (-1 at the root)."""
        path = []
        while vertex in self.step:
            edge, before = self.step[vertex]
            path.append((vertex, edge))
            vertex = before
        return [*path, (vertex, -1)]

    def loop(self, first: int, second: int, edge: int) -> Loop:
        """Return the loop of an edge from the first to the second vertex and of the paths between these."""
        there, back = self.path(second), self.path(first)  # both end at the root
        while len(there) > 1 and len(back) > 1 and there[-2] == back[-2]:
            there.pop()
            back.pop()
        return Loop(
            (*[vertex for vertex, _ in there], *[vertex for vertex, _ in reversed(back[:-1])]),
            (*[step for _, step in there[:-1]], *[step for _, step in reversed(back[:-1])], edge),
        )


def loops(complex_: RegularComplex) -> list[Loop]:
    """Return loops that are a basis of the homology in dimension 1 with rational coefficients, short ones first."""
    remaining = complex_.reduction.boundary[1:2]
    if not remaining or not remaining[0]:
        return []
    values = complex_.cocycles(1)
    around: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for edge, dim in enumerate(complex_.dims.tolist()):
        if dim == 1:
            first, second = complex_.facets(edge)  # the boundary is second - first
            around[first].append((edge, second, 1))
            around[second].append((edge, first, -1))
    trees: list[_Tree] = []
    for edge in remaining[0]:
        root = complex_.facets(edge)[0]
        if len(trees) < _MOST_ROOTS or not any(root in tree.depth for tree in trees):
            trees.append(_tree(root, around, values))
    candidates = [
        (length, k, *ends, found) for k, tree in enumerate(trees) for length, ends, found in _closing(tree, around, values)
    ]
    candidates.sort(key=lambda candidate: candidate[:3])
    chosen, pivots = [], _Pivots()
    for _, k, edge, first, second, found in candidates:
        if pivots.add(found):
            chosen.append(trees[k].loop(first, second, edge))
    return chosen


def _tree(root: int, around: dict[int, list[tuple[int, int, int]]], values: dict[int, Boundary]) -> _Tree:
    """Return shortest paths from a root to all vertices of its component."""
    tree, waiting = _Tree({}, {root: 0}, {root: {}}), deque([root])
    while waiting:
        vertex = waiting.popleft()
        for edge, other, sign in around[vertex]:
            if other not in tree.depth:
                tree.step[other], tree.depth[other] = (edge, vertex), tree.depth[vertex] + 1
                tree.values[other] = _sum(tree.values[vertex], values.get(edge), sign)
                waiting.append(other)
    return tree


def _closing(
    tree: _Tree, around: dict[int, list[tuple[int, int, int]]], values: dict[int, Boundary]
) -> list[tuple[int, tuple[int, int, int], Boundary]]:
    """Return (length, (edge, first, second vertex), values) for the edges whose loops are not boundaries."""
    closing = []
    for vertex, depth in tree.depth.items():
        for edge, other, sign in around[vertex]:
            if sign > 0 and tree.step.get(other, (-1,))[0] != edge != tree.step.get(vertex, (-1,))[0]:
                along, back = _sum(tree.values[vertex], values.get(edge), 1), tree.values[other]
                found = {} if along is back else _sum(along, back, -1)
                if found:
                    closing.append((depth + tree.depth[other] + 1, (edge, vertex, other), found))
    return closing


def _sum(values: Boundary, others: Boundary | None, sign: int) -> Boundary:
    """Return values plus a multiple of others, without zeros."""
    if not others:
        return values
    total = dict(values)
    for number, value in others.items():
        total[number] = total.get(number, 0) + sign * value
        if not total[number]:
            del total[number]
    return total


class _Pivots:
    """Independent sparse rows in echelon form."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, Fraction]] = {}

    def add(self, row: Boundary) -> bool:
        """Add a row, and tell whether it is independent of those before it."""
        left = {number: Fraction(value) for number, value in row.items()}
        while left:
            pivot = min(left)
            if pivot not in self._rows:
                self._rows[pivot] = {number: value / left[pivot] for number, value in left.items()}
                return True
            factor = left[pivot]
            for number, value in self._rows[pivot].items():
                total = left.get(number, 0) - factor * value
                if total:
                    left[number] = total
                else:
                    del left[number]
        return False
