"""Faces of simple polytopes, thousands at once, by which they are cut into simplices: tight sets only, no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from exactzones.engine.frontier import Ids, Integers


class Faces(NamedTuple):
    """Faces of one dimension, and which faces of one dimension more are made up of pyramids over them.

    Link l says that the pyramid over face ``children[l]`` whose apex is the first generator of face ``parents[l]``, of the
    dimension above, is a part of that parent.  Faces are in the order of their polytopes, links in the order of their parents.

    Attributes:
        ptr: (F + 1,) where the generators of each face start in ``members``.
        members: (M,) generators.
        parents: (L,).
        children: (L,).
        planes: (L,) the hyperplane that contains the child, but not the parent.
    """

    ptr: Integers
    members: Integers
    parents: Integers
    children: Integers
    planes: Integers

    @property
    def apexes(self) -> Integers:
        """The first generator of each face, (F,)."""
        return self.members[self.ptr[:-1]]

    def take(self, chosen: Integers) -> Faces:
        """Return some of the faces, without links."""
        sizes = np.diff(self.ptr)[chosen]
        ptr = np.concatenate([[0], np.cumsum(sizes)])
        return unlinked(ptr, self.members[np.repeat(self.ptr[chosen] - ptr[:-1], sizes) + np.arange(ptr[-1])])


def unlinked(ptr: Integers, members: Integers) -> Faces:
    """Return faces to start from, such as polytopes themselves."""
    return Faces(ptr, members, *np.empty((3, 0), np.int64))


def faces(tight: Ids, top: Faces, containing: Integers) -> Iterator[Faces]:
    """Yield faces and the lower ones that their pulling triangulations use, down to vertices, without the first level.

    Each face is the union of the pyramids from its first generator over its own faces that do not contain it.

    Args:
        tight: (V, d) the hyperplanes that are tight at each generator.
        top: the faces, of which each is in another polytope: all polytopes, or one facet of each.
        containing: (F, k) the hyperplanes that contain these faces, of dimension d - k.
    """
    level = top
    owner = np.arange(len(containing))
    for _ in range(tight.shape[1] - containing.shape[1]):
        parent, plane, member, part = _parts(tight, level)
        owner = owner[parent]
        containing = np.sort(np.column_stack([containing[parent], plane]), axis=1)
        order, child = numbered(np.column_stack([owner, containing]))
        first = order[starts(child[order])]  # of the parts that are the same face of several parents
        owner, containing, kept = owner[first], containing[first], np.zeros(len(order), bool)
        kept[first] = True
        member, face = member[kept[part]], child[part[kept[part]]]
        ptr = np.concatenate([[0], np.cumsum(np.bincount(face))])
        level = Faces(ptr, member[np.argsort(face, kind="stable")], parent, child, plane)
        yield level


def _parts(tight: Ids, level: Faces) -> tuple[Integers, Integers, Integers, Integers]:
    """Return the facets of faces that do not contain the apex: the parent and plane of each, generators, and whose these are."""
    face = np.repeat(np.arange(len(level.ptr) - 1), np.diff(level.ptr))
    own, apex = tight[level.members], tight[level.apexes][face]
    away = np.ones(own.shape, bool)
    for column in apex.T:
        away &= own != column[:, None]
    at, position = np.nonzero(away)
    parent, plane = face[at], own[at, position].astype(np.int64)
    order, part = numbered(np.column_stack([parent, plane]))
    start = starts(part[order])
    return parent[order][start], plane[order][start], level.members[at[order]], part[order]


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
