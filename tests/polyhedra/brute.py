"""Polyhedra by brute force: every choice of d rows, solved with plain Fractions.  Shares no code with the package.

A system with small integers has a point iff it has one in the box of half-width ``FAR``: by Cramer's rule every minimal
face has a point with coordinates far below that.  In the box it is a polytope, the hull of its vertices, and their mean
satisfies a strict row strictly iff some point of the system does.
"""

from fractions import Fraction
from itertools import combinations

FAR = 10**6


def solve(rows):
    """Return the one point with ``b + a . x = 0`` for all rows, or None if there is none or more than one."""
    size = len(rows)
    work = [[*map(Fraction, row[1:]), -Fraction(row[0])] for row in rows]
    for k in range(size):
        pivot = next((j for j in range(k, size) if work[j][k]), None)
        if pivot is None:
            return None
        work[k], work[pivot] = work[pivot], work[k]
        work[k] = [entry / work[k][k] for entry in work[k]]
        for j in range(size):
            if j != k and work[j][k]:
                work[j] = [a - work[j][k] * b for a, b in zip(work[j], work[k], strict=True)]
    return tuple(row[-1] for row in work)


def at(row, point):
    """Return ``b + a . x``."""
    return row[0] + sum(a * x for a, x in zip(row[1:], point, strict=True))


def vertices(dim, rows, equations=()):
    """Return the set of vertices of a closed system."""
    both = [*rows, *equations]
    points = set()
    for chosen in combinations(both, dim):
        point = solve(chosen)
        if point is not None and all(at(r, point) >= 0 for r in rows) and all(at(e, point) == 0 for e in equations):
            points.add(point)
    return points


def corners(system, far=FAR):
    """Return the vertices of the closure of a system cut with a huge box."""
    box = []
    for k in range(system.ambient_dim):
        unit = [int(j == k) for j in range(system.ambient_dim)]
        box += [(far, *unit), (far, *(-entry for entry in unit))]
    return vertices(system.ambient_dim, [*system.rows, *system.strict, *box], system.equations)


def mean(points):
    """Return the mean of a set of points."""
    return tuple(sum(entries, start=Fraction(0)) / len(points) for entries in zip(*points, strict=True))


def is_empty(system):
    """Tell whether no point satisfies a system, strict rows strictly."""
    points = corners(system)
    return not points or any(at(row, mean(points)) <= 0 for row in system.strict)


def rank(vectors):
    """Return the rank of some vectors."""
    left = [list(map(Fraction, v)) for v in vectors]
    size = 0
    while left:
        pivot = left.pop()
        column = next((k for k, entry in enumerate(pivot) if entry), None)
        if column is not None:
            size += 1
            left = [[a - v[column] / pivot[column] * b for a, b in zip(v, pivot, strict=True)] for v in left]
    return size


def dimension(system):
    """Return the affine dimension of a system, -1 if it is empty."""
    if is_empty(system):
        return -1
    first, *others = corners(system)
    return rank([[a - b for a, b in zip(other, first, strict=True)] for other in others])
