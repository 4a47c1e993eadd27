"""Islands of thousands of zones, without their graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from exactzones.engine.facets import FacetBatch
from exactzones.engine.frontier import Floats, Integers, States
from exactzones.engine.leaf import Leaf
from exactzones.engine.leaf_arrays import Flags
from exactzones.engine.survey import Survey
from exactzones.engine.volumes import volume_bounds
from exactzones.threads import one_thread
from exactzones.zone import Zone

Hashes: TypeAlias = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True, eq=False)
class Connections:
    """How the leaves of one arrangement with a target, which is positive on each, are connected.

    Facets are matched by their patterns as in ``zones.graph``, but only facets that join islands are proved.

    Attributes:
        leaves: the leaves.
        survey: what is proved about them in floats.
    """

    leaves: Sequence[Leaf]
    survey: Survey

    @classmethod
    def of(cls, zones: Sequence[Zone]) -> Connections | None:
        """Return the connections of zones; None if the zones do not come from one search of the forward engine for a target."""
        leaves = [zone.source for zone in zones if isinstance(zone.source, Leaf)]
        if not leaves or len(leaves) < len(zones) or not leaves[0].arrangement.has_target:
            return None
        if any(leaf.arrangement is not leaves[0].arrangement for leaf in leaves):
            return None
        return cls(leaves, Survey.of(leaves))

    @cached_property
    def matches(self) -> Integers:
        """(F,) per facet the index of the same neuron's facet on the leaf that differs in that neuron only; -1: none."""
        base, matches = self.leaves[0].arrangement.exact.base[0], np.full(len(self.survey.facet_ids), -1)
        leaf, unit = self.survey.facet_leaves, self.survey.facet_ids - base
        states = np.frombuffer(b"".join([leaf.prefix for leaf in self.leaves]), np.uint8).reshape(len(self.leaves), -1)
        packed = np.packbits(states, axis=1)
        random = np.random.default_rng(0).integers(0, 1 << 64, (2, states.shape[1]), np.uint64)
        keys = (
            pattern_hashes(packed, random[0])[leaf]
            ^ random[1][unit]
            ^ np.where(states[leaf, unit], random[0][unit], np.uint64(0))
        )
        order = np.argsort(keys)
        equal = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        one, other = order[equal], order[equal + 1]
        patterns = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)
        single = np.packbits(np.eye(patterns.shape[1] * 64, dtype=np.uint8)[: states.shape[1]], axis=1).view(np.uint64)
        differing = patterns[leaf[one]] ^ patterns[leaf[other]]
        right = (unit[one] == unit[other]) & (differing == single[unit[one]]).all(axis=1)
        matches[one[right]], matches[other[right]] = other[right], one[right]
        return matches

    @cached_property
    def volume_bounds(self) -> tuple[Floats, Floats]:
        """Lower and upper bounds on the volume of the part of each leaf that fires, (P,); the domain is bounded."""
        return volume_bounds(self.leaves)

    @property
    def covers(self) -> bool:
        """Whether it is certain that these are all cells of the domain.

        If every facet inside the domain has a leaf on its other side, the leaves cover the domain: otherwise some path would
        leave their union through a facet.
        """
        return bool((self.matches >= 0).all())

    @one_thread
    def islands(self) -> tuple[tuple[int, ...], ...] | None:
        """Return the connected components, as ``zones.graph.islands`` does; None if only the graph can tell."""
        survey, matches = self.survey, self.matches
        arrangement = self.leaves[0].arrangement
        last_layer = survey.facet_ids >= arrangement.exact.base[len(arrangement.layers) - 1]
        open_ends = np.flatnonzero((matches < 0) & (survey.verdicts >= 0))
        facets = np.flatnonzero((matches > np.arange(len(matches))) & (survey.verdicts >= 0))
        neighbours = survey.facet_leaves[matches[facets]]
        ends = np.stack([survey.facet_leaves[facets], neighbours])
        certain = last_layer[facets] & (survey.verdicts[facets] > 0)  # step 3 of zones.graph.Matching
        labels = joined(np.arange(len(self.leaves)), ends[:, certain])
        facets, ends = facets[~certain], ends[:, ~certain]
        while len(tried := spanning_forest(labels, ends)):
            connects = self._connect(facets[tried])
            labels = joined(labels, ends[:, tried[connects]])
            left = np.ones(len(facets), bool)
            left[tried] = False
            facets, ends = facets[left], ends[:, left]
        if len(np.unique(labels[survey.facet_leaves[open_ends]])) > 1:
            return None  # several neurons may flip at once
        return components(labels)

    def _connect(self, facets: Integers) -> Flags:
        """Tell exactly whether facets have dimension d - 1 and the target is positive somewhere on them."""
        survey = self.survey
        order = np.argsort(survey.facet_leaves[facets], kind="stable")
        used, place = np.unique(survey.facet_leaves[facets[order]], return_inverse=True)
        leaves = [self.leaves[k] for k in used.tolist()]
        connects = np.zeros(len(facets), bool)
        for batch in FacetBatch.batches(leaves[0].arrangement, [leaf.prefix for leaf in leaves], [leaf.tight for leaf in leaves]):
            inside = np.flatnonzero((place >= batch.first) & (place < batch.first + len(batch.leaves)))
            chosen = order[inside]
            at = batch.index_of(place[inside] - batch.first, survey.facet_ids[facets[chosen]])
            spans = batch.spans(at)
            for k in np.flatnonzero(~spans | (survey.verdicts[facets[chosen]] == 0)).tolist():
                leaf, corners = leaves[place[inside[k]]], batch.generators(int(at[k]))
                fires = survey.verdicts[facets[chosen[k]]] > 0 or leaf.fires_at(corners)
                spans[k] = fires and (spans[k] or leaf.spans_facet(corners))
            connects[chosen] = spans
        return connects


def joined(labels: Integers, edges: Integers) -> Integers:
    """Return the labels of the components that edges join: for each node the first node of its component.

    Args:
        labels: (n,) the first node of each node's component without these edges.
        edges: (2, E) nodes.
    """
    ends = labels[edges]
    ends = ends[:, ends[0] != ends[1]]
    if not ends.shape[1]:
        return labels
    marked = np.zeros(len(labels), bool)
    marked[ends] = True
    nodes = np.flatnonzero(marked)  # components that edges touch: often few
    place = np.zeros(len(labels), np.int64)
    place[nodes] = np.arange(len(nodes))
    place[nodes] = nodes[_hooked(len(nodes), place[ends])]
    joined_to = np.where(marked, place, np.arange(len(labels)))
    return joined_to[labels]


def _hooked(count: int, edges: Integers) -> Integers:
    """Return the first node of each node's component, given the edges, (2, E), between nodes 0, 1, ..., count - 1."""
    labels = np.arange(count)
    while edges.shape[1]:
        np.minimum.at(labels, edges.max(axis=0), edges.min(axis=0))
        while not np.array_equal(shorter := labels[labels], labels):
            labels = shorter
        edges = labels[edges]
        edges = edges[:, edges[0] != edges[1]]
    return labels


def spanning_forest(labels: Integers, edges: Integers) -> Integers:
    """Return the indices of edges that join all components that the edges join, and few more than are needed.

    Args:
        labels: (n,) as in ``joined``.
        edges: (2, E) nodes.
    """
    chosen = [np.arange(0)]
    left = np.arange(edges.shape[1])
    while True:
        left = left[labels[edges[0, left]] != labels[edges[1, left]]]
        if not len(left):
            return np.concatenate(chosen)
        edge_of = np.full(len(labels), -1)  # one edge for each component
        for ends in labels[edges[:, left]]:
            edge_of[ends] = left
        chosen.append(np.unique(edge_of[edge_of >= 0]))
        labels = joined(labels, edges[:, chosen[-1]])


def pattern_hashes(packed: States, random: Hashes) -> Hashes:
    """Return the exclusive or of the random numbers of the units that are on, for states packed into bits."""
    numbers = np.zeros(packed.shape[1] * 8, np.uint64)
    numbers[: len(random)] = random
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(bool)
    hashes = np.zeros(len(packed), np.uint64)
    for column, own in zip(packed.T, numbers.reshape(-1, 8), strict=True):
        hashes ^= np.bitwise_xor.reduce(np.where(bits, own, np.uint64(0)), axis=1)[column]
    return hashes


def components(labels: Integers) -> tuple[tuple[int, ...], ...]:
    """Return the nodes of each component, ascending, in the order of their first nodes."""
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return tuple(tuple(nodes.tolist()) for nodes in np.split(order, cuts))
