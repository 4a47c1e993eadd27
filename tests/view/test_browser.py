"""Pages in a real browser: what is shown, and what hands and keys do."""

import re

import numpy as np
import pytest
from view.hands import colour, screen, settled, text_at, until, zone_at
from view.support import ABS, DEEP, DIAMOND, SQUARE, STEP

from exactzones import Network, Polyhedron, condition, feature, find_zones
from exactzones.view import embedding

ALL = find_zones(DIAMOND, feature(0), SQUARE)  # four corners of the square, around the diamond
INSIDE = find_zones(DIAMOND, feature(1), SQUARE)  # four triangles, the diamond


def test_what_is_drawn_is_what_fires(opened):
    tab = opened(ALL, window=SQUARE)
    silent = colour(tab, 0.2, 0.2)
    for x, y in ((1.5, 1.5), (-1.5, 1.5), (1.4, -0.5), (-0.2, -1.7)):
        assert colour(tab, x, y) != silent
    for x, y in ((0.4, 0.5), (-0.4, 0.5), (-0.3, -0.6)):
        assert colour(tab, x, y) == silent


@pytest.mark.parametrize("seed", range(4))
def test_the_zone_under_a_point_is_the_one_that_holds_it(opened, seed):
    draw = np.random.default_rng(seed)
    layers = [
        (draw.integers(-9, 10, (after, before)), draw.integers(-9, 10, after)) for before, after in ((2, 12), (12, 8), (8, 1))
    ]
    zones = find_zones(Network.mlp([(weight.tolist(), bias.tolist()) for weight, bias in layers]), feature(0), SQUARE)
    tab = opened(zones)
    points = draw.uniform(-2, 2, (300, 2)).tolist()
    zones_found = tab.evaluate("(points) => points.map(([x, y]) => exactzones.finder.at(x, y))", points)
    known = {id(zone): k for k, zone in enumerate(zones)}
    assert zones_found == [-1 if zone is None else known[id(zone)] for zone in zones.at(points)]


def test_the_pointer_asks(opened):
    tab = opened(ALL)
    tip = tab.locator("#tip")
    tab.mouse.move(*screen(tab, 0.1, 0.1))
    assert not tip.is_visible()
    tab.mouse.move(*screen(tab, 1.25, 1.5))
    shown = text_at(tab, "#tip")
    heading, pattern, hint = shown.split("\n")
    assert heading == f"Zone {zone_at(ALL, '5/4', '3/2')}, island 0"
    assert pattern == "+-+-"
    assert re.fullmatch(r"value here ~1\.7\d*; click for all", hint)


def test_clicking_two_zones_shows_what_they_share(opened):
    tab = opened(ALL)
    tab.mouse.click(*screen(tab, 1.5, 1.5))
    card = text_at(tab, "#chosen")
    first, second = zone_at(ALL, "3/2", "3/2"), zone_at(ALL, "3/2", "-3/2")
    assert f"Zone {first}, island 0" in card
    assert "x0 + x1 > 1" in card
    tab.locator("#chosen summary").first.click()
    assert "x0 \N{LESS-THAN OR EQUAL TO} 2" in text_at(tab, "#chosen")
    tab.mouse.click(*screen(tab, 1.5, -1.5))
    shared = text_at(tab, "#chosen")
    edge = ALL.graph.edges[first, second]
    assert f"Zones {first} and {second} share a facet" in shared
    assert "x1 = 0" in shared
    assert edge["flips"] == ((0, 2), (0, 3))
    for _, unit in edge["flips"]:
        assert f"layer 0, unit {unit}" in shared
    assert tab.locator("#chosen mark").count() == 4
    black = colour(tab, 1.5, 0)
    assert max(black[:3]) < 90  # the facet is drawn in ink
    tab.mouse.click(*screen(tab, 0.1, 0.1))
    assert tab.evaluate("exactzones.state.chosen") == []


def test_zones_that_only_touch(opened):
    tab = opened(INSIDE)
    tab.mouse.click(*screen(tab, 0.3, 0.3))
    tab.mouse.click(*screen(tab, -0.3, -0.3))
    card = text_at(tab, "#chosen")
    assert "share no facet" in card
    assert "(0, 0)" in card


def test_keys_do_what_hands_do(opened):
    tab = opened(ALL)
    view = "JSON.parse(JSON.stringify(exactzones.view.view))"
    home = tab.evaluate(view)
    tab.locator("#picture canvas").focus()
    for key, axis in (("ArrowRight", "x"), ("ArrowUp", "y"), ("+", "kx")):
        before = tab.evaluate(view)
        tab.keyboard.press(key)
        assert tab.evaluate(view)[axis] > before[axis]
    tab.keyboard.press("0")
    assert tab.evaluate(view) == home
    tab.get_by_role("button", name="zoom in").click()
    assert tab.evaluate(view)["kx"] > home["kx"]
    tab.get_by_role("button", name="show everything").click()
    assert tab.evaluate(view) == home
    tab.keyboard.press("n")
    tab.keyboard.press("n")
    assert tab.evaluate("exactzones.state.chosen") == [1]
    tab.keyboard.press("p")
    tab.keyboard.press("p")
    assert tab.evaluate("exactzones.state.chosen") == [3]
    tab.keyboard.press("c")
    assert tab.locator("input[name=colour]:checked").get_attribute("value") == "pattern"
    tab.keyboard.press("Escape")
    assert tab.evaluate("exactzones.state.chosen") == []
    tab.get_by_label("number of the zone").fill("2")
    tab.keyboard.press("Enter")
    assert tab.evaluate("exactzones.state.chosen") == [2]
    tab.get_by_role("button", name="next").click()
    assert tab.evaluate("exactzones.state.chosen") == [3]
    tab.locator("#chosen button[title]").first.click()
    assert len(tab.evaluate("exactzones.state.chosen")) == 2


def test_pan_and_zoom(opened):
    tab = opened(ALL)
    x, y = screen(tab, 1.5, 1.5)
    tab.mouse.move(x, y)
    tab.mouse.wheel(0, -400)
    settled(tab)
    assert screen(tab, 1.5, 1.5) == pytest.approx([x, y], abs=1)
    tab.mouse.down()
    tab.mouse.move(x - 60, y + 40, steps=3)
    tab.mouse.up()
    settled(tab)
    assert screen(tab, 1.5, 1.5) == pytest.approx([x - 60, y + 40], abs=6)
    assert tab.evaluate("exactzones.state.chosen") == []


def test_deep_zooms_stay_sharp(opened):
    thin = Network.mlp([([[1, 0], [1, 0]], [-1, "-1000000001/1000000000"]), ([[1, -2]], [0])])  # a hat of width 2e-9 at x = 1
    tab = opened(find_zones(thin, feature(0), SQUARE))
    tab.evaluate(
        "() => { Object.assign(exactzones.view.view, { x: 1 + 1e-9, y: 0, kx: 1e11, ky: 1e11 }); exactzones.view.redraw(); }"
    )
    outside, within = colour(tab, 1 - 5e-10, 0), colour(tab, 1 + 5e-10, 0)
    assert outside != within == colour(tab, 1 + 15e-10, 0)
    assert colour(tab, 1 + 25e-10, 0) == outside


def test_colours(opened):
    tab = opened(INSIDE)
    corners = [(0.3, 0.3), (-0.3, 0.3), (0.3, -0.3)]
    assert len({tuple(colour(tab, *corner)) for corner in corners}) == 1
    tab.get_by_label("pattern").check()
    assert colour(tab, 0.3, 0.3) != colour(tab, -0.3, 0.3)
    tab.get_by_label("activation value").check()
    high, low = colour(tab, 0.02, 0.03), colour(tab, 0.48, 0.48)
    assert high[0] > low[0] + 80  # yellow at the top, violet at the threshold
    assert "0" in text_at(tab, ".ends")
    assert "1 (in the window)" in text_at(tab, ".ends")
    tab.get_by_label("affine map").check()
    assert "4 functions" in text_at(tab, "#colouring")


def test_dark_mode(opened):
    tab = opened(ALL)
    light = colour(tab, 0, 0)
    tab.emulate_media(color_scheme="dark")
    until(tab, "exactzones.colours.surface === '#1b1e23'")
    assert sum(colour(tab, 0, 0)[:3]) < sum(light[:3]) - 300


def test_print_is_light(opened):
    tab = opened(ALL)
    tab.emulate_media(color_scheme="dark", media="print")
    until(tab, "exactzones.colours.surface === '#ffffff'")
    assert tab.locator("#keys").is_hidden()


def test_latent_spaces_follow(opened):
    zones = find_zones(DEEP, feature(0), SQUARE)
    tab = opened(zones)
    assert "β-space, latent1" in text_at(tab, "#latents")
    tab.evaluate("exactzones.choose(0)")
    settled(tab)
    shown = text_at(tab, "#latents")
    assert f"Zone 0 is mapped into the dashed zone, pattern {zones[0].pattern[1]}." in shown
    rings = tab.evaluate("exactzones.panels[0].marked().map(({ rings }) => rings.map((ring) => ring.map((at) => [...at])))")
    image = {tuple(map(float, DEEP.trace(corner)[1])) for corner in zones[0].firing_cell.vrep.vertices}
    assert np.array(sorted(rings[1][0])) == pytest.approx(np.array(sorted(image)))


def test_data_points(opened):
    tab = opened(ALL, [[1, 1], [0, 0], ["-3/2", 1]], labels=["a", "<b>", "a"])
    shown = text_at(tab, "#colouring")
    assert "a: 2, 2 in zones" in shown
    assert "<b>: 1, 0 in zones" in shown
    marked = colour(tab, 0, 0)
    tab.mouse.move(*screen(tab, -1.5, 1))
    assert f"Data point 2: a, in zone {zone_at(ALL, '-3/2', 1)}\n(-1.5, 1)\n" in text_at(tab, "#tip")
    tab.mouse.move(*screen(tab, 0, 0))
    assert text_at(tab, "#tip") == "Data point 1: <b>, in no zone\n(0, 0)"
    tab.get_by_label("3 data points").uncheck()
    assert colour(tab, 0, 0) != marked


def test_hostile_texts_do_nothing(opened):
    hostile = "<img src=x onerror=\"document.title='hit'\"></script>"
    tab = opened(ALL, [[1, 1]], labels=[hostile], names=[hostile, "y"], title=hostile)
    settled(tab)
    assert tab.title() == hostile
    assert tab.locator("img").count() == 0


def test_solids(opened):
    zones = find_zones(STEP, feature(0), Polyhedron.box(-1, 1, dim=3))
    tab = opened(zones, [[1, 1, 1]], names=["<b>x</b>", "y", "z"])
    tab.wait_for_selector("#picture canvas")
    tab.evaluate("exactzones.choose(0, 1)")
    assert "share a facet" in text_at(tab, "#chosen")
    until(tab, "document.getElementById('picture').data.length >= 6")
    camera = "Object.values(exactzones.view.camera.eye)"
    before = tab.evaluate(camera)
    tab.locator("#picture").focus()
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate(camera) != before
    tab.keyboard.press("0")
    assert tab.evaluate(camera) == pytest.approx(before)
    box = tab.locator("#picture").bounding_box()
    tab.keyboard.press("Escape")
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.move(box["x"] + box["width"] / 2 + 4, box["y"] + box["height"] / 2 + 4)
    until(tab, "exactzones.state.hovered >= 0")
    tab.mouse.click(box["x"] + box["width"] / 2 + 4, box["y"] + box["height"] / 2 + 4)
    until(tab, "exactzones.state.chosen.length === 1")


def test_one_input(opened):
    tab = opened(find_zones(ABS, feature(0), Polyhedron.box(-3, 2, dim=1)))
    tab.mouse.click(*screen(tab, -2.5, 0.5))
    assert "(-3)" in text_at(tab, "#chosen")
    assert colour(tab, 1.5, 0.7) == colour(tab, -1, 0.1)  # above the graph as beside it


def test_the_empty_list(opened):
    tab = opened(find_zones(DIAMOND, feature(0, 100), SQUARE))
    assert text_at(tab, "#picture") == "Cannot fire"
    tab.keyboard.press("n")
    assert tab.evaluate("exactzones.state.chosen") == []


def test_flat_parts_are_drawn(opened):
    ridge = Network.mlp([([[1, 0], [-1, 0]], [0, 0]), ([[-1, -1]], [0])])  # -|x0|
    tab = opened(find_zones(ridge, condition({0: 1}, strict=False), SQUARE))
    assert colour(tab, 0, 1) != colour(tab, 1, 1)


def test_slices(opened):
    net = Network.mlp([([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]], [0, 0, 0]), ([[1, 1, 1]], [-1])])
    flat = embedding(4, along=[[1, 0, 0, 0], [0, 0, 1, 1]], origin=[0, 0, "1/3", 0])
    tab = opened(find_zones(net.compose(flat), feature(0), SQUARE), [[0, 0, 1, 1]], flat=flat)
    tab.evaluate("exactzones.choose(0)")
    tab.get_by_text("in the input space", exact=True).first.click()
    assert "~(2, 0, 2.3333, 2)" in text_at(tab, "#chosen")
    tab.get_by_label("exact", exact=True).check()
    tab.get_by_text("in the input space", exact=True).first.click()
    assert "(2, 0, 7/3, 2)" in text_at(tab, "#chosen")  # where u = (2, 2)
    assert "1 point off the slice (faint), up to ~0.2357 from it" in text_at(tab, "#colouring")
    tab.get_by_text("position of the slice in the input space").click()
    assert "x2 = u1 + 1/3" in text_at(tab, "#facts")


def test_without_webgl(opened, chromium, tmp_path):
    opened(ALL)  # writes the page
    tab = chromium.new_page()
    tab.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return kind === 'webgl2' ? null : get.call(this, kind, ...more); };"
    )
    tab.goto((tmp_path / "page.html").as_uri())
    tab.wait_for_selector("html[data-ready]", state="attached")
    assert tab.evaluate("exactzones.painter.gl") is None
    assert colour(tab, 1.5, 1.5) != colour(tab, 0.4, 0.4)
    tab.close()


def test_numbers_are_decimals_until_one_asks(opened):
    third = Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], ["-1/" + "3" * 40])])
    tab = opened(find_zones(third, feature(0), SQUARE))
    tab.keyboard.press("n")
    assert "3" * 40 not in text_at(tab, "#chosen")
    assert "~ x0 + x1 > 3e-40" in text_at(tab, "#chosen")
    tab.locator("#chosen button.number").first.click()
    assert "x0 + x1 > 1/" + "3" * 40 in text_at(tab, "#chosen")
    tab.locator("#chosen button.number").first.click()
    assert "3" * 40 not in text_at(tab, "#chosen")
    tab.get_by_label("exact", exact=True).check()
    assert "> 1/" + "3" * 40 in text_at(tab, "#chosen")


def test_square_roots(opened):
    root = Network.mlp([([["sqrt(3)", 0], [0, 1]], [0, 0]), ([[1, 1]], [-1])])
    tab = opened(find_zones(root, feature(0), SQUARE))
    tab.mouse.click(*screen(tab, 1.5, 1.5))
    shown = text_at(tab, "#chosen")
    assert "~ 1.7321 x0 + x1 > 1" in shown
    tab.get_by_label("exact", exact=True).check()
    assert "sqrt(3) x0 + x1 > 1" in text_at(tab, "#chosen")
    tab.mouse.move(*screen(tab, 1, 1))
    assert "value here ~1.73" in text_at(tab, "#tip")


def test_hands_never_wait_for_a_slow_painting(opened):
    tab = opened(ALL)
    settled(tab)
    tab.evaluate(
        "() => { const { view } = exactzones, paint = view.paint; exactzones.paintings = 0;"
        " view.paint = function () { exactzones.paintings += 1; paint.call(this); }; }"
    )
    tab.mouse.move(*screen(tab, 1.5, 1.5))
    tab.mouse.move(*screen(tab, -1.5, 1.5))
    settled(tab)
    assert tab.evaluate("exactzones.state.hovered") >= 0
    assert tab.evaluate("exactzones.paintings") == 0  # what is pointed out is drawn above the painting
    moved = tab.evaluate(
        """async () => { const { view } = exactzones, frame = () => new Promise(requestAnimationFrame);
        view.busyUntil = Infinity;
        for (let k = 0; k < 5; k++) { view.pan(0.2, 0); await frame(); }
        return [exactzones.paintings, view.painted.x]; }"""
    )
    assert moved == [0, 0]
    until(tab, "exactzones.paintings === 1")  # as soon as the hands rest
    assert tab.evaluate("exactzones.view.painted.x") == pytest.approx(1)


def test_of_many_solids_the_outside_is_drawn(opened):
    rows = [[k * k % 7 - 3, k * 5 % 11 - 5, k * 3 % 13 - 6] for k in range(20)]
    crowd = Network.mlp([(rows, [k % 5 - 2 for k in range(20)]), ([[1] * 20], [100])])
    zones = find_zones(crowd, feature(0), Polyhedron.box(-1, 1, dim=3))
    tab = opened(zones)
    assert len(zones) > 500
    assert "only their outer surface is drawn" in text_at(tab, "#notes")
    outside = tab.evaluate("[...exactzones.drawn.points]")
    facets = tab.evaluate("[exactzones.drawn.ringCount, exactzones.shape.ringCount]")
    assert facets[0] < facets[1] / 2
    corners = np.array(outside).reshape(-1, 3)
    assert (np.abs(corners).max(axis=1) == 1).all()  # it fires everywhere: the outside is the cube's
