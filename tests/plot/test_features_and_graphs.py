"""Pictures of several features, of neighbours, and of zones through all spaces: they show what the objects say."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from exactzones import DimensionError, InputError, Network, Polyhedron, condition, feature, find_zones
from exactzones.plot import plot_adjacency, plot_spaces, plot_superposition
from exactzones.polyhedra.shapes import area, outline

SQUARE = Polyhedron.box(-2, 2, dim=2)
DIAMOND = Network.mlp(
    [([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1], [-1, -1, -1, -1]], [-1, 1])]
)  # +-(|x| + |y| - 1)
STRIPES = Network.mlp([([[1, 0], [-1, 0], [0, 1]], [0, 0, 0]), ([[1, 1, 0]], [-1])])  # |x| - 1, with a unit that does not matter
BLOCKS = Network.of(
    ([[1, 0], [0, 1], [1, 1]], [0, 0, -1], True),
    ([[1, 0, 1], [0, 1, -1]], [0, 0], False),
    ([[1, 0], [0, 1], [1, -1]], [0, "1/3", "1/4"], True),
    ([[1, 0, -1], [0, 1, 1]], [0, "-1/2"], False),
    ([[1, 0], ["-1/2", 1]], ["-1/2", "1/4"], True),
)


def with_gid(artists, gid):
    return [artist for artist in artists if artist.get_gid() == gid]


def shape_area(collection):
    return sum(float(area(tuple(map(tuple, path.vertices[:-1].tolist())))) for path in collection.get_paths())


def test_neighbours_are_joined_through_their_facets():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    ax = plot_adjacency(zones)
    edges = with_gid(ax.lines, "edge")
    assert len(with_gid(ax.lines, "node")) == len(edges) == 4
    doors = {tuple(np.round(line.get_xydata()[1], 9)) for line in edges}
    assert doors == {(1.5, 0), (-1.5, 0), (0, 1.5), (0, -1.5)}  # the middles of the four facets, where it fires
    assert {line.get_linestyle() for line in edges} == {"-"}
    assert "4 shared facets" in ax.get_title()
    assert sorted(text.get_text() for text in ax.texts) == ["0", "1", "2", "3"]


def test_facets_where_it_does_not_fire_are_dashed():
    """The unit y cuts both islands in two; the unit x cuts between them: |x| - 1 > 0 nowhere on x = 0."""
    zones = find_zones(STRIPES, feature(0), SQUARE)
    edges = with_gid(plot_adjacency(zones).lines, "edge")
    fires = [fire for _, _, fire in zones.graph.edges(data="fires")]
    assert sorted(line.get_linestyle() == "-" for line in edges) == sorted(fires)
    assert {len(line.get_xydata()) for line in edges if line.get_linestyle() == "--"} == {2}
    assert len(with_gid(plot_adjacency(zones).lines, "apart")) == fires.count(False)  # each has a cross in the middle
    assert set(fires) == {True, False}


def test_zones_outside_the_window_have_no_node():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    ax = plot_adjacency(zones, window=Polyhedron.box([1, "1/2"], 2 * np.ones(2)), legend=False)
    assert len(with_gid(ax.lines, "node")) == 1
    assert with_gid(ax.lines, "edge") == []
    assert ax.get_legend() is None


def test_flat_parts_have_nodes_too():
    flat = find_zones(DIAMOND, condition([1, 0], strict=False) & condition([0, 1], strict=False), SQUARE)
    assert len(with_gid(plot_adjacency(flat).lines, "node")) == len(flat) == 4


def test_superposition_shows_each_feature_without_inner_borders():
    lists = [find_zones(DIAMOND, feature(k), SQUARE) for k in range(2)]
    ax = plot_superposition(lists, names=["outside", "inside"])
    for k, expected in enumerate((16 - 2, 2)):
        (tint,) = with_gid(ax.collections, f"feature-{k}")
        assert shape_area(tint) == pytest.approx(expected)
    rims = [collection for collection in ax.collections if type(collection).__name__ == "LineCollection"]
    for rim in rims:  # the diamond's four sides, and nothing of the window's border or the axes
        segments = {tuple(sorted(map(tuple, segment.tolist()))) for segment in rim.get_segments()}
        assert all(abs(x) + abs(y) == 1 for segment in segments for x, y in segment)
        assert len(segments) == 4
    assert [entry.get_text() for entry in ax.get_legend().get_texts()] == [
        "outside: 4 zones",
        "inside: 4 zones",
        "1 at once",
        "2 at once",
    ]


def test_superposition_of_what_cannot_be():
    good = find_zones(DIAMOND, feature(0), SQUARE)
    with pytest.raises(InputError, match="at least one"):
        plot_superposition([])
    with pytest.raises(InputError, match="one network"):
        plot_superposition([good, find_zones(STRIPES, feature(0), SQUARE)])
    with pytest.raises(DimensionError, match="names"):
        plot_superposition([good], names=["a", "b"])
    line = find_zones(Network.mlp([([[1]], [0])]), feature(0))
    for draw in (lambda: plot_superposition([line]), lambda: plot_adjacency(line), lambda: plot_spaces(line)):
        with pytest.raises(InputError, match=r"(has 1( inputs)?|1 inputs)$"):
            draw()


def test_zones_and_their_images_in_every_space():
    zones = find_zones(BLOCKS, feature(0), SQUARE)
    axes = plot_spaces(zones)
    counts = [len(zones), *(len(zones.zones_in(name)) for name in ("latent1", "latent2"))]
    names = ["input", "latent1", "latent2"]
    assert [ax.get_title() for ax in axes] == [
        f"{name}: {count} zone{'' if count == 1 else 's'}" for name, count in zip(names, counts, strict=True)
    ]
    for layer, ax in zip((0, 2, 4), axes, strict=True):
        drawn = {
            tuple(np.round(corner, 6))
            for collection in ax.collections
            if (collection.get_gid() or "").startswith("group-")
            for path in collection.get_paths()
            for corner in path.vertices
        } | {tuple(np.round(corner, 6)) for line in ax.lines if line.get_gid() is None for corner in line.get_xydata()}
        corners = {corner for zone in zones for ring in outline(zone.firing_cell, SQUARE) for corner in ring}
        images = {BLOCKS.trace(corner)[layer - 1] if layer else corner for corner in corners}
        expected = {tuple(np.round([float(entry) for entry in image], 6)) for image in images}
        assert drawn <= expected  # what is squeezed flat is drawn by its ends alone
        assert drawn == expected or layer


def test_colours_follow_the_zones_of_the_last_space_but_one():
    zones = find_zones(BLOCKS, feature(0), SQUARE)
    ways = {zone.pattern[1:] for zone in zones}
    for ax in plot_spaces(zones):
        groups = {c.get_gid() for c in ax.collections if (c.get_gid() or "").startswith("group-")}
        assert len(groups) <= len(ways)
    input_groups = {c.get_gid() for c in plot_spaces(zones)[0].collections if (c.get_gid() or "").startswith("group-")}
    assert len(input_groups) == len(ways)


def test_windows_of_spaces():
    zones = find_zones(BLOCKS, feature(0), SQUARE)
    first, second, _ = plot_spaces(zones, windows={"input": Polyhedron.box(0, 1, dim=2), "latent1": SQUARE})
    assert (first.get_xlim(), second.get_ylim()) == ((0, 1), (-2, 2))
    with pytest.raises(InputError, match="no space 'beta' is drawn; the spaces are input, latent1, latent2"):
        plot_spaces(zones, windows={"beta": SQUARE})


def test_a_feature_that_never_fires_is_drawn_too():
    silent = find_zones(BLOCKS, feature(0, 10**6), SQUARE)
    first, *others = plot_spaces(silent)
    assert first.get_title() == "input: 0 zones"
    assert [len(silent.zones_in(name)) for name in ("latent1", "latent2")] == [int(ax.get_title().split()[1]) for ax in others]
    assert not [collection for ax in (first, *others) for collection in ax.collections if "group" in str(collection.get_gid())]


def test_edges_of_a_ring():
    from exactzones.polyhedra.shapes import edges

    ring = tuple((Fraction(a), Fraction(b)) for a, b in ((0, 0), (1, 0), (0, 1)))
    assert set(edges(ring)) == {frozenset(pair) for pair in itertools.combinations(ring, 2)}
    assert edges(ring[:2]) == edges(ring[:1]) == []
