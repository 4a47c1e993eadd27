import numpy as np
import pytest

from exactzones import AffineMap, FeatureError, InputError, Network, Polyhedron, feature, find_zones, topology
from exactzones.plot import plot_latent, plot_marginal, plot_polyhedron_3d, plot_samples, plot_zones
from exactzones.plot.samples import sample

SQUARE = Polyhedron.box(-2, 2, dim=2)
CUBE = Polyhedron.box(-1, 1, dim=3)
DIAMOND = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1]], [-1])])
BLOCKS = Network.of(
    ([[1, 0], [0, 1], [1, 1]], [0, 0, -1], True),
    ([[1, 0, 1], [0, 1, -1]], [0, 0], False),
    ([[1, 0], ["-1/2", 1]], ["-1/2", "1/4"], True),
)


def test_samples_are_those_that_fire():
    points = sample(SQUARE, 300, 5)
    assert points == sample(SQUARE, 300, 5) != sample(SQUARE, 300, 6)
    expected = [point for point in points if abs(point[0]) + abs(point[1]) > 1]
    assert 0 < len(expected) < 300
    ax = plot_samples(DIAMOND, feature(0), SQUARE, 300, seed=5)
    (hits,) = ax.lines
    assert hits.get_xydata().tolist() == [list(map(float, point)) for point in expected]
    assert ax.get_title() == f"{len(expected)} of 300 sampled points fire"


def test_no_sample_fires():
    assert not plot_samples(DIAMOND, feature(0, 9), SQUARE, 20).lines


def test_samples_need_two_or_three_inputs():
    with pytest.raises(InputError, match="1 inputs"):
        plot_samples(Network.mlp([([[1]], [0])]), feature(0), Polyhedron.box(0, 1, dim=1), 5)


def half_planes(ax):
    return [collection for collection in ax.collections if (collection.get_gid() or "").startswith("half-plane")]


def corners(collection):
    return {tuple(corner) for path in collection.get_paths() for corner in path.vertices}


@pytest.mark.parametrize("latent", ["latent1", 2])
def test_latent_half_planes(latent):
    ax = plot_latent(BLOCKS, latent, window=SQUARE, names=["U_1", "U_2"])
    first, second = half_planes(ax)
    assert corners(first) == {(0.5, -2), (2, -2), (2, 2), (0.5, 2)}  # z0 > 1/2
    assert corners(second) == {(-2, -1.25), (2, 0.75), (2, 2), (-2, 2)}  # z1 > z0 / 2 - 1/4
    assert {text.get_text() for text in ax.texts} == {"$U_1$", "$U_2$"}
    entries = [entry.get_text() for entry in ax.get_legend().get_texts()]
    assert entries == [r"$U_1$: $z_{0}\,>\,1/2$", r"$U_2$: $1/2\,z_{0}\,-\,z_{1}\,<\,1/4$"]


def test_latent_of_some_units_with_zones_on_top():
    zones = find_zones(BLOCKS, feature(1)).zones_in("latent1")
    ax = plot_latent(BLOCKS, "latent1", units=[1], overlay=zones, window=SQUARE)
    assert len(half_planes(ax)) == 1
    # The zone is the half-plane: of its border only the line inside the window is drawn, not the window's border.
    (edge,) = [line for line in ax.lines if (line.get_gid() or "").startswith("zone-")]
    assert sorted(map(tuple, edge.get_xydata())) == [(-2, -1.25), (2, 0.75)]


def test_latent_default_window_shows_weights_and_borders():
    ax = plot_latent(BLOCKS, "latent1")
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for x, y in ((0, 0), (1, 0), (-0.5, 1), (0.5, 0), (0.1, -0.2)):
        assert left < x < right
        assert bottom < y < top


def test_latent_units_without_weights():
    constant = Network.of(([[0, 0], [0, 0]], [1, -1], True))
    always, *rest = half_planes(plot_latent(constant, 0, window=SQUARE))
    assert corners(always) == {(-2, -2), (2, -2), (2, 2), (-2, 2)}
    assert rest == []


def test_latent_errors():
    with pytest.raises(FeatureError, match="latent1"):
        plot_latent(BLOCKS, "beta")
    with pytest.raises(InputError, match="3 dimensions"):
        plot_latent(BLOCKS, 1)
    with pytest.raises(InputError, match="layers are 0 to 2"):
        plot_latent(BLOCKS, 7)
    with pytest.raises(InputError, match="units 0 to 1"):
        plot_latent(BLOCKS, 2, units=[2])
    with pytest.raises(InputError, match="names"):
        plot_latent(BLOCKS, 2, names=["U_1"])


def solid(ax):
    (found,) = [collection for collection in ax.collections if collection.get_gid() == "solid"]
    used = np.broadcast_to(~np.asarray(found._invalid_vertices), found._faces.shape[:2])
    return [{tuple(map(float, corner)) for corner in facet[mask]} for facet, mask in zip(found._faces, used, strict=True)]


def test_solid_in_a_cube():
    facets = solid(plot_polyhedron_3d(Polyhedron.of(3, [(0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)]), CUBE))
    assert len(facets) == 6
    assert set.union(*facets) == {(float(a), float(b), float(c)) for a in (0, 1) for b in (0, 1) for c in (0, 1)}


def test_solid_with_a_plane_is_cut_where_they_meet():
    plane = AffineMap.of([[1, 0], [0, 1], [0, 0]], [0, 0, "1/2"])  # z = 1/2
    facets = solid(plot_polyhedron_3d(Polyhedron.box(0, 1, dim=3), CUBE, plane=plane))
    level = [facet for facet in facets if all(corner[2] == 0.5 for corner in facet)]
    others = [facet for facet in facets if facet not in level]
    assert len(others) == 2 + 2 * 4  # bottom, top, and each side in two parts; none of them lies in the plane
    assert {(0, 0, 0.5), (1, 0, 0.5), (1, 1, 0.5), (0, 1, 0.5)} in level
    assert set.union(*level) >= {(-1, -1, 0.5), (1, 1, 0.5)}


def test_walls_are_darker():
    ax = plot_polyhedron_3d(Polyhedron.box(0, 1, dim=3), CUBE, walls=[(0, 1, 0, 0)])
    (found,) = [collection for collection in ax.collections if collection.get_gid() == "solid"]
    assert sorted(face[3] for face in found._facecolor3d) == [0.4] * 5 + [0.9]


def test_flat_and_empty_solids():
    assert [len(facet) for facet in solid(plot_polyhedron_3d(Polyhedron.of(3, equations=[(0, 1, 1, 1)]), CUBE))] == [6]
    assert not [c for c in plot_polyhedron_3d(Polyhedron.of(3, [(-5, 1, 0, 0)]), CUBE).collections if c.get_gid() == "solid"]


def test_solid_errors():
    with pytest.raises(InputError, match="polyhedron"):
        plot_polyhedron_3d(SQUARE, CUBE)
    with pytest.raises(InputError, match="rank"):
        plot_polyhedron_3d(CUBE, CUBE, plane=AffineMap.of([[1, 1], [1, 1], [0, 0]], [0, 0, 0]))
    with pytest.raises(InputError, match="plane"):
        plot_polyhedron_3d(CUBE, CUBE, plane=AffineMap.identity(3))
    with pytest.raises(InputError, match="3-D axes"):
        plot_polyhedron_3d(CUBE, CUBE, ax=plot_zones(find_zones(DIAMOND, feature(0), SQUARE)))


def test_plane_outside_the_window_is_not_drawn():
    plane = AffineMap.of([[1, 0], [0, 1], [0, 0]], [0, 0, 5])
    assert len(solid(plot_polyhedron_3d(Polyhedron.box(0, 1, dim=3), CUBE, plane=plane))) == 6


def test_plane_along_a_facet():
    plane = AffineMap.of([[1, 0], [0, 1], [0, 0]], [0, 0, 1])
    level = [
        facet
        for facet in solid(plot_polyhedron_3d(Polyhedron.box(0, 1, dim=3), CUBE, plane=plane))
        if {c[2] for c in facet} == {1}
    ]
    assert {(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)} in level


def test_a_marginal_is_drawn_with_its_integral():
    """x + y > 1 on the unit square: the sections x = t have length t."""
    zones = find_zones(Network.mlp([([[1, 1]], [-1])]), 0, (0, 1))
    ax = plot_marginal(zones)
    (line,) = ax.lines
    assert np.allclose(line.get_xdata(), line.get_ydata())
    assert ax.get_title().endswith("share 1/2")
    assert plot_marginal(zones, 1, 1).get_title().endswith("mean 1/6")


def test_loops_around_holes_are_drawn():
    zones, shape = find_zones(DIAMOND, feature(0), SQUARE), topology(DIAMOND, 0, SQUARE, open=True)
    ax = plot_zones(zones, holes=shape)
    (loop,) = [line for line in ax.lines if line.get_gid() == "hole-firing"]
    corners = [tuple(map(float, corner)) for corner in shape.holes["firing"][0].corners]
    assert [tuple(point) for point in loop.get_xydata().tolist()] == [*corners, corners[0]]
    assert "around 1 hole where it fires" in [entry.get_text() for entry in ax.get_legend().get_texts()]
    with pytest.raises(InputError, match="these zones have 1"):
        plot_zones(find_zones(Network.mlp([([[1]], [0])]), 0), holes=shape)
