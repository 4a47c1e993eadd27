from fractions import Fraction

import numpy as np
import pytest

from exactzones import ALWAYS, Budget, BudgetExceeded, InputError, Network, Polyhedron, condition, feature, find_union, find_zones
from exactzones.plot import plot_zones
from exactzones.plot.curve import breakpoints
from exactzones.zones.window import default_window

SQUARE = Polyhedron.box(-2, 2, dim=2)
ABS = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
DIAMOND = Network.mlp(
    [([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1], [-1, -1, -1, -1]], [-1, 1])]
)  # +-(|x| + |y| - 1)


def random_network(seed, inputs):
    draw = np.random.default_rng(seed)
    layers = []
    for before, after, relu in ((inputs, 5, True), (5, 2, False), (2, 4, True)):
        weight = [[Fraction(int(draw.integers(-9, 10)), 7) for _ in range(before)] for _ in range(after)]
        layers.append((weight, [Fraction(int(draw.integers(-9, 10)), 5) for _ in range(after)], relu))
    return Network.of(*layers)


def polygons(ax):
    """All polygons that zones are drawn as, from what matplotlib holds."""
    return [
        path.vertices[:-1]
        for collection in ax.collections
        if (collection.get_gid() or "").startswith("group-")
        for path in collection.get_paths()
    ]


def shoelace(polygon):
    following = [*polygon[1:], polygon[0]]
    return abs(sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(polygon, following, strict=True))) / 2


def corners_of(solid):
    """The corners of each facet that matplotlib holds."""
    used = np.broadcast_to(~np.asarray(solid._invalid_vertices), solid._faces.shape[:2])
    return [{tuple(map(float, corner)) for corner in facet[mask]} for facet, mask in zip(solid._faces, used, strict=True)]


def legend(ax):
    return "\n".join(entry.get_text() for entry in ax.get_legend().get_texts())


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("domain", [None, SQUARE, Polyhedron.hull([(-2, -2), (2, -1), (0, 3)])])
def test_polygons_have_the_area_of_the_zones_in_the_window(seed, domain):
    zones = find_zones(random_network(seed, 2), feature(0), domain)
    window = Polyhedron.box(["-3/2", -1], [1, "7/3"])
    clipped = [zone.firing.intersect(window) for zone in zones]
    areas = sorted(float(part.volume()) for part in clipped if part.dim == 2)
    ax = plot_zones(zones, window=window)
    drawn = sorted(shoelace(polygon) for polygon in polygons(ax))
    assert drawn == pytest.approx(areas, rel=1e-9, abs=1e-13)
    assert sum(drawn) == pytest.approx(float(sum(part.volume() for part in clipped)), rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_merged_polygons_have_the_same_area(seed):
    zones = find_zones(random_network(seed, 2), feature(0), SQUARE)
    plain, merged = (sum(map(shoelace, polygons(plot_zones(zones, merged=merged)))) for merged in (False, True))
    assert merged == pytest.approx(float(zones.volume), rel=1e-9)
    assert plain == pytest.approx(float(zones.volume), rel=1e-9)


def test_bounded_domain_is_the_window_and_nothing_goes_on():
    ax = plot_zones(find_zones(DIAMOND, feature(0), SQUARE))
    assert not [line for line in ax.lines if line.get_gid() == "continues"]
    assert "domain" in legend(ax)
    assert "beyond" not in legend(ax)
    assert ax.get_xlim()[0] <= -2 < 2 <= ax.get_xlim()[1] <= 2.1
    assert ax.get_aspect() == 1


def test_unbounded_zones_are_clipped_and_marked():
    zones = find_zones(DIAMOND, feature(0))
    ax = plot_zones(zones, window=SQUARE)
    assert all(abs(corner) <= 2 for polygon in polygons(ax) for corner in polygon.ravel())
    assert sum(map(shoelace, polygons(ax))) == pytest.approx(16 - 2)  # the diamond |x| + |y| <= 1 has area 2
    marks = {(line.get_marker(), *line.get_xydata()[0]) for line in ax.lines if line.get_gid() == "continues"}
    assert marks == {("<", -2, 0), (">", 2, 0), ("v", 0, -2), ("^", 0, 2)}
    assert "(4 of 4 unbounded)" in legend(ax)


def test_zones_cut_by_the_window_but_bounded():
    zones = find_zones(DIAMOND, feature(1))
    ax = plot_zones(zones, window=Polyhedron.box([0, -3], [3, 3]))
    assert sum(map(shoelace, polygons(ax))) == pytest.approx(1)
    assert [line.get_marker() for line in ax.lines if line.get_gid() == "continues"] == ["<"]
    assert "extends beyond the window" in legend(ax)
    assert "unbounded" not in legend(ax)


def test_default_window_holds_every_vertex_with_a_margin():
    assert default_window(find_zones(DIAMOND, feature(0))) == Polyhedron.box("-3/2", "3/2", dim=2)
    assert default_window(find_zones(DIAMOND, feature(0), SQUARE)) == SQUARE


def test_islands_have_their_own_colour_hatch_and_number():
    ax = plot_zones(find_zones(Network.mlp([([[1, 0], [-1, 0]], [0, 0]), ([[1, 1]], [-1])]), feature(0), SQUARE))
    first, second = (collection for collection in ax.collections if (collection.get_gid() or "").startswith("group-"))
    assert tuple(first.get_facecolor()[0]) != tuple(second.get_facecolor()[0])
    assert first.get_hatch() != second.get_hatch()
    assert [text.get_text() for text in ax.texts] == ["0", "1"]
    assert "island 1: 1 zone" in legend(ax)
    assert ax.get_title() == "z1[0] > 0: 2 zones, 2 islands"


def test_a_speck_has_a_ring_and_its_number():
    """Where |x| + |y| > 3/2, in each corner of a box that reaches little beyond."""
    corners = find_zones(DIAMOND, feature(0, "1/2"), [("-38/50", "38/50")] * 2)
    ax = plot_zones(corners, window=Polyhedron.box(-2, 2, dim=2))
    rings = [line for line in ax.lines if (line.get_gid() or "").startswith("ring-")]
    assert sorted((round(float(line.get_xdata()[0]), 2), round(float(line.get_ydata()[0]), 2)) for line in rings) == [
        (-0.75, -0.75),
        (-0.75, 0.75),
        (0.75, -0.75),
        (0.75, 0.75),
    ]
    assert sorted(text.get_text() for text in ax.texts) == ["0", "1", "2", "3"]


def test_color_by_zone_lists_regimes():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    ax = plot_zones(zones, color_by="zone")
    assert all(f"{k}:  {zone.pattern[0]}" in legend(ax) for k, zone in enumerate(zones))
    assert [text.get_text() for text in ax.texts] == ["0", "1", "2", "3"]


def test_long_legends_are_cut_short():
    ax = plot_zones(find_zones(random_network(3, 2), ALWAYS & condition({0: 0}, 1), SQUARE), color_by="zone")
    entries = legend(ax).splitlines()
    assert len([entry for entry in entries if ":  " in entry]) == 10
    assert any(entry.endswith("zones more") for entry in entries)


def test_no_zones():
    ax = plot_zones(find_zones(DIAMOND, feature(0, 100), SQUARE))
    assert polygons(ax) == []
    assert "does not fire" in legend(ax)
    assert plot_zones(find_zones(DIAMOND, feature(1, 1))).get_title() == "z1[1] > 1: 0 zones, 0 islands"
    assert plot_zones(find_zones(DIAMOND, condition({0: 1, 1: -1}))).get_title().startswith("feature 0 of layer 1 greater than")


def test_incomplete_zones_do_not_claim_silence():
    with pytest.raises(BudgetExceeded) as stopped:
        find_zones(DIAMOND, feature(0), SQUARE, budget=Budget(zones=2))
    shown = legend(plot_zones(stopped.value.found))
    assert "does not fire" not in shown
    assert "undecided: the search stopped early" in shown


def test_flat_zones_are_lines_or_dots():
    never_above = Network.mlp([([[1, 0], [-1, 0]], [0, 0]), ([[-1, -1]], [0])])  # -|x0|
    zones = find_zones(never_above, condition({0: 1}, strict=False), SQUARE)
    assert len(zones) == 2
    ax = plot_zones(zones)
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0, 0], [0, 0]]
    peak = find_zones(DIAMOND, condition({1: 1}, -1, strict=False), SQUARE)  # -|x| - |y| >= 0
    assert all(line.get_xydata().tolist() == [[0, 0]] for line in plot_zones(peak).lines)


def test_samples_are_marked():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    (line,) = [line for line in plot_zones(zones, samples=True).lines if line.get_gid() == "samples"]
    assert sorted(map(tuple, line.get_xydata())) == sorted(tuple(map(float, zone.sample)) for zone in zones)


def test_one_input_is_a_graph_with_intervals():
    zones = find_zones(ABS, feature(0, "1/2"), Polyhedron.box(-3, 2, dim=1))
    ax = plot_zones(zones)
    curve = next(line for line in ax.lines if line.get_label().startswith("value"))
    assert curve.get_xydata().tolist() == [[-3, 2], [0, -1], [2, 1]]
    spans = [patch for patch in ax.patches if (patch.get_gid() or "").startswith("group-")]
    assert sorted((span.get_x(), span.get_x() + span.get_width()) for span in spans) == [(-3, -1.5), (1.5, 2)]
    assert any(set(line.get_ydata()) == {0.5} for line in ax.lines)
    assert "beyond" not in legend(ax)


def test_one_input_unbounded():
    zones = find_zones(ABS, feature(0))
    ax = plot_zones(zones, window=Polyhedron.box(-2, 4, dim=1))
    assert {line.get_marker() for line in ax.lines if line.get_gid() == "continues"} == {"<", ">"}
    assert "(2 of 2 unbounded)" in legend(ax)
    assert breakpoints(zones, Polyhedron.box(-2, 4, dim=1)) == [(-2,), (0,), (4,)]
    assert breakpoints(zones, Polyhedron.box(1, 4, dim=1)) == [(1,), (4,)]


@pytest.mark.parametrize("seed", range(4))
def test_one_input_graph_is_the_networks_value(seed):
    net = random_network(seed, 1)
    curve = plot_zones(find_zones(net, feature(0) & feature(1), Polyhedron.box(-4, 4, dim=1))).lines[0]
    for x, y in curve.get_xydata():
        assert y == pytest.approx(float(net.trace([x])[-1][0]), rel=1e-9, abs=1e-9)


def test_one_input_point():
    zones = find_zones(ABS, condition({0: -1}, -1, strict=False), Polyhedron.box(-3, 3, dim=1))  # 1 - |x| - 1 >= 0: at 0 only
    assert [line.get_xdata() for line in plot_zones(zones).lines if line.get_gid() == "group-1"] == [[0, 0], [0, 0]]


def test_three_inputs_are_facets():
    step = Network.mlp([([[1, 0, 0], [0, 1, 0]], [0, 0]), ([[1, 1]], [0])])  # ReLU(x) + ReLU(y)
    zones = find_zones(step, feature(0), Polyhedron.box(-1, 1, dim=3))
    ax = plot_zones(zones)
    (solid,) = [collection for collection in ax.collections if collection.get_gid() == "group-1"]
    facets = corners_of(solid)
    # Three cells of half edge lengths (1, 1, 2) around an edge: of 18 facets 2 x 2 are shared by two cells and not drawn.
    assert len(zones) == 3
    assert len(facets) == 18 - 4
    assert max(abs(entry) for facet in facets for corner in facet for entry in corner) == 1
    assert "island 0: 3 zones" in legend(ax)
    assert ax.name == "3d"


def test_three_inputs_are_clipped_to_the_window():
    zones = find_zones(Network.mlp([([[1, 1, 1]], [0]), ([[1]], [-1])]), feature(0))
    ax = plot_zones(zones, window=Polyhedron.box(0, 1, dim=3))
    (solid,) = [collection for collection in ax.collections if collection.get_gid() == "group-1"]
    corners = set.union(*corners_of(solid))
    cube = {(float(a), float(b), float(c)) for a in (0, 1) for b in (0, 1) for c in (0, 1)}
    assert corners == cube - {(0, 0, 0)}  # the corner tetrahedron x + y + z <= 1 is cut off
    assert "extends beyond the window" in legend(ax)


def test_four_inputs_ask_for_a_slice():
    with pytest.raises(InputError, match=r"AffineMap\.through"):
        plot_zones(find_zones(Network.mlp([([[1, 1, 1, 1]], [0])]), feature(0)))


def test_wrong_options():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    with pytest.raises(InputError, match="island, zone"):
        plot_zones(zones, color_by="mood")
    with pytest.raises(InputError, match="window"):
        plot_zones(zones, window=Polyhedron.space(2))
    with pytest.raises(InputError, match="flat axes"):
        plot_zones(zones, ax=plot_zones(find_zones(Network.mlp([([[1, 1, 1]], [0])]), feature(0))))


def test_one_input_islands_outside_the_window_do_not_go_on():
    ax = plot_zones(find_zones(ABS, feature(0)), window=Polyhedron.box(-1, 4, dim=1))
    assert [line.get_marker() for line in ax.lines if line.get_gid() == "continues"] == [">"]
    assert "island 1: 1 zone (outside)" in legend(ax) or "island 0: 1 zone (outside)" in legend(ax)


def test_only_some_zones_keep_colour_and_number():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    ax = plot_zones(zones, only=[2], color_by="zone", samples=True)
    (shown,) = (collection for collection in ax.collections if (collection.get_gid() or "").startswith("group-"))
    assert shown.get_gid() == "group-3"
    assert [text.get_text() for text in ax.texts] == ["2"]
    assert legend(ax).splitlines()[0] == f"2:  {zones[2].pattern[0]}"
    assert "not drawn" in legend(ax)
    assert sum(map(shoelace, polygons(ax))) == pytest.approx(float(zones[2].volume))


def test_merged_unbounded_zones_go_on_too():
    half_plane = find_zones(Network.mlp([([[1, 0], [0, 1]], [0, 1]), ([[1, 0]], [0])]), feature(0))
    ax = plot_zones(half_plane, merged=True, window=SQUARE)
    assert {line.get_marker() for line in ax.lines if line.get_gid() == "continues"} == {">", "v", "^"}
    assert "1 zone" not in ax.get_title()
    assert "joined into 1 piece" in ax.get_title()


def test_default_window_leaves_far_vertices_out():
    # One input; the function bends at 0, 1, .., 29 and at a million.
    bends = [*range(30), 10**6]
    net = Network.of(([[1]] * 31, [-bend for bend in bends], True), ([[1] * 31], [1], True))
    window = default_window(find_zones(net, feature(0)))
    assert window.contains([0])
    assert window.contains([29])
    assert not window.contains([1000])
    far = Network.of(([[1]] * 31, [-bend for bend in bends], True), ([[-1] * 30 + [100]], [1], True))
    zones = find_zones(far, feature(0))
    assert len(zones.islands) == 2  # the second one starts beyond a million
    window = default_window(zones)
    assert all(any(zones[k].firing.intersect(window).dim == 1 for k in island) for island in zones.islands)


def test_the_band_in_floats_is_a_hairline_with_its_width():
    """The boundary of |x| + |y| > 1 are four segments; floats move it by no more than the legend says."""
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    ax = plot_zones(zones, arithmetic="float32")
    segments = [line.get_xydata() for line in ax.lines if line.get_gid() == "band"]
    assert len(segments) == 4
    assert all(np.abs(segment).sum(1).tolist() == [1, 1] for segment in segments)
    width = max(zone.band("float32").half_width for zone in zones)
    assert 1e-7 < width < 1e-5
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    (told,) = [float(label.split()[2]) for label in labels if label.startswith("boundary, within ") and "in float32" in label]
    assert width <= told < 1.1 * width
    assert not [line for line in plot_zones(zones).lines if line.get_gid() == "band"]
    line = find_zones(Network.mlp([([[2]], [-1])]), feature(0), (0, 1))
    assert [line.get_xdata()[0] for line in plot_zones(line, arithmetic="float16").lines if line.get_gid() == "band"] == [0.5]
    cube = find_zones(Network.mlp([([[1, 0, 1]], [-1])]), feature(0), (0, 1))
    in_space = plot_zones(cube, arithmetic="float32").get_legend().get_texts()
    assert any("in float32" in text.get_text() for text in in_space)  # told, not drawn
    union = plot_zones(find_union(DIAMOND, feature(0) | feature(1), SQUARE), arithmetic="float32")
    assert len([line for line in union.lines if line.get_gid() == "band"]) == 8  # of each case on its own side
