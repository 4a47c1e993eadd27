"""Faces of simple polytopes, thousands at once, by which they are cut into simplices: tight sets only, no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from exactzones.engine.frontier import Ids, Integers


class Faces(NamedTuple):
    """Faces of one dimension, and which faces of one dimension more are made up of pyramids over them.

    Link l says that the pyramid from the apex of face ``parents[l]``, of the dimension above, over face ``children[l]`` is a part
    of that parent.  Faces are in the order of their polytopes, links in the order of their children, and every face has one.

    Attributes:
        apexes: (F,) the first generator of each face.
        parents: (L,).
        children: (L,).
        planes: (L,) the hyperplane that contains the child, but not the parent.
    """

    apexes: Integers
    parents: Integers
    children: Integers
    planes: Integers


def faces(tight: Ids, ptr: Integers) -> Iterator[Faces]:
    """Yield the faces that the pulling triangulations of polytopes use: the polytopes themselves, without links, .., vertices.

    Each face is the union of the pyramids from its first generator over its own faces that do not contain it.

    Args:
        tight: (V, d) the hyperplanes that are tight at each generator.
        ptr: (P + 1,) where each polytope's generators start.
    """
    member = np.arange(len(tight))
    polytope = face = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
    start, planes = ptr[:-1], np.empty((len(ptr) - 1, 0), np.int64)  # planes: those that contain each face
    yield Faces(start, *np.empty((3, 0), np.int64))
    for _ in range(tight.shape[1]):
        parent, plane, member, part = _parts(tight, member, start, face)
        start = starts(part)
        containing = np.sort(np.column_stack([planes[parent], plane]), axis=1)
        order, child = numbered(np.column_stack([polytope[member[start]], containing]))
        first = order[starts(child[order])]  # of the parts that are the same face of several parents
        kept = np.zeros(len(order), bool)
        kept[first] = True
        member, face = member[kept[part]], child[part[kept[part]]]
        order_of_members = np.argsort(face, kind="stable")
        member, face, planes = member[order_of_members], face[order_of_members], containing[first]
        start = starts(face)
        yield Faces(member[start], parent[order], child[order], plane[order])


def _parts(tight: Ids, member: Integers, start: Integers, face: Integers) -> tuple[Integers, Integers, Integers, Integers]:
    """Return the faces of faces that do not contain the apex: the parent and plane of each, then generators, and whose they are."""
    own, apex = tight[member], tight[member[start]][face]
    away = np.ones(own.shape, bool)
    for column in apex.T:
        away &= own != column[:, None]
    at, position = np.nonzero(away)
    parent, plane, member = face[at], own[at, position].astype(np.int64), member[at]
    order, part = numbered(np.column_stack([parent, plane]))
    start = starts(part[order])
    return parent[order][start], plane[order][start], member[order], part[order]


def numbered(rows: Integers) -> tuple[Integers, Integers]:
    """Return the stable order that sorts rows, and for each row how many different ones are before it in that order."""
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    new = np.ones(len(rows), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    number = np.empty(len(rows), np.int64)
    number[order] = np.cumsum(new) - 1
    return order, number


def starts(numbers: Integers) -> Integers:
    """Return where each of the numbers 0, 1, .. starts in an ascending list that has all of them."""
    starts: Integers = np.flatnonzero(np.diff(numbers, prepend=-1))
    return starts
