"""Faces of simple polytopes, thousands at once, by which they are cut into simplices: tight sets only, no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from exactzones.engine.frontier import Ids, Integers


class Faces(NamedTuple):
    """Faces of one dimension, and which faces of one dimension more are made up of pyramids over them.

    Link l says that the pyramid over face ``children[l]`` whose apex is the first vertex of face ``parents[l]``, of the
    dimension above, is a part of that parent.  Links are in the order of their parents.

    Attributes:
        ptr: (F + 1,) where the vertices of each face start in ``members``.
        members: (M,) vertices, ascending in each face.
        owners: (F,) of each face one of the polytopes whose face it is.
        parents: (L,).
        children: (L,).
        planes: (L,) the hyperplane that contains the child, but not the parent.
    """

    ptr: Integers
    members: Integers
    owners: Integers
    parents: Integers
    children: Integers
    planes: Integers

    @classmethod
    def of(cls, ptr: Integers, members: Integers, owners: Integers) -> Faces:
        """Return faces to start from, such as polytopes themselves."""
        return cls(ptr, members, owners, *np.empty((3, 0), np.int64))

    @property
    def apexes(self) -> Integers:
        """The first vertex of each face, (F,)."""
        return self.members[self.ptr[:-1]]

    def take(self, chosen: Integers) -> Faces:
        """Return some of the faces, without links."""
        sizes = np.diff(self.ptr)[chosen]
        ptr = np.append(0, np.cumsum(sizes))
        members = self.members[np.repeat(self.ptr[chosen] - ptr[:-1], sizes) + np.arange(ptr[-1])]
        return Faces.of(ptr, members, self.owners[chosen])

    def renamed(self, names: Integers) -> Faces:
        """Return the faces, without links, with other numbers of the vertices."""
        members, face = names[self.members], np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))
        return Faces.of(self.ptr, members[np.lexsort((members, face))], self.owners)


def faces(tight: Ids, top: Faces) -> Iterator[Faces]:
    """Yield faces and the lower ones that their pulling triangulations use, down to vertices, without the first level.

    Each face is the union of the pyramids from its first vertex over its own faces that do not contain it.  Polytopes share faces
    that have the same vertices.

    Args:
        tight: (V, d) the hyperplanes that are tight at each vertex.
        top: faces of one dimension.
    """
    level = top
    while len(level.members) > len(level.owners):
        parent, plane, parts = _parts(tight, level)
        first, child = shared(parts)
        level = parts.take(first)._replace(parents=parent, children=child, planes=plane)
        yield level


def _parts(tight: Ids, level: Faces) -> tuple[Integers, Integers, Faces]:
    """Return the facets of faces that do not contain the apex: the parent and the plane of each, and the facets."""
    face = np.repeat(np.arange(len(level.ptr) - 1), np.diff(level.ptr))
    own, apex = tight[level.members], tight[level.apexes][face]
    away = np.ones(own.shape, bool)
    for column in apex.T:
        away &= own != column[:, None]
    at, position = np.nonzero(away)
    plane = own[at, position].astype(np.int64)
    keys = face[at] * (int(tight.max(initial=0)) + 1) + plane
    order = np.argsort(keys, kind="stable")
    start = starts(keys[order])
    parent = face[at[order[start]]]
    facets = Faces.of(np.append(start, len(order)), level.members[at[order]], level.owners[parent])
    return parent, plane[order[start]], facets


def shared(parts: Faces) -> tuple[Integers, Integers]:
    """Return the faces whose vertices no earlier one has, and for each face which of these has its vertices."""
    sizes, everything = np.diff(parts.ptr), np.arange(len(parts.ptr) - 1)
    random = np.random.default_rng(0).integers(0, 1 << 63, int(parts.members.max(initial=0)) + 1, np.uint64)
    hashes = np.add.reduceat(random[parts.members], parts.ptr[:-1]).view(np.int64) ^ sizes
    order = np.argsort(hashes, kind="stable")
    start = starts(hashes[order])
    same = np.empty(len(order), np.int64)
    same[order] = np.repeat(order[start], np.diff(np.append(start, len(order))))
    if (sizes[same] == sizes).all():
        offset = np.repeat(parts.ptr[same] - parts.ptr[:-1], sizes)
        if (parts.members[offset + np.arange(len(offset))] == parts.members).all():
            first = same == everything
            return np.flatnonzero(first), (np.cumsum(first) - 1)[same]
    return everything, everything  # different faces have the same hash


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
    """Return where each number starts in an ascending list."""
    starts: Integers = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)])
    return starts
