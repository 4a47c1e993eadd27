"""Controls beside the picture: islands and zones that are switched off, sliders, the band of floats."""

import pytest
from view.hands import colour, text_at, until, zone_at
from view.support import DIAMOND, SQUARE, carried

from exactzones import InputError, Network, feature, find_zones, topology
from exactzones.view import Slides, embedding, page

INSIDE = find_zones(DIAMOND, feature(1), SQUARE)  # four triangles, the diamond


def test_islands_without_data_are_marked_and_zones_switched_off(opened):
    corners = Network.mlp([([[1, 1], [-1, -1]], [-1, -1]), ([[1, 1]], [0])])  # two corners of the square, apart
    zones = find_zones(corners, feature(0), SQUARE)
    lonely = zones.island_of[zone_at(zones, -1, -1)]
    tab = opened(zones, [[1, 1]])
    assert f"{lonely}: 1 zone, no data point" in text_at(tab, "#islands")
    assert f"1 of 2 islands without a data point: island {lonely} (dashed circle)" in text_at(tab, "#notes")
    assert tab.evaluate("exactzones.rings(exactzones.view).length") == 1
    tab.keyboard.press("e")
    assert tab.evaluate("exactzones.state.chosen") == [zone_at(zones, -1, -1)]
    assert (
        tab.locator("#chosen [role=status]").text_content()
        == f"Zone {zone_at(zones, -1, -1)}, island {lonely} (no data point in it)"
    )
    tab.keyboard.press("0")
    before = colour(tab, -1.5, -1.4)
    tab.keyboard.press("Escape")
    tab.get_by_label(f"draw island {lonely}").uncheck()
    assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == f"draw island {lonely}"  # for the next key
    assert colour(tab, -1.5, -1.4) != before
    assert tab.evaluate("exactzones.finder.at(-1.5, -1.4)") == -1
    assert "1 zone hidden" in text_at(tab, "#islands")
    tab.get_by_role("button", name="show all").click()
    assert tab.evaluate("exactzones.finder.at(-1.5, -1.4)") == zone_at(zones, -1, -1)


def test_sliders_move_the_inputs_that_are_held_fixed(opened):
    net = Network.mlp([([[1, 0, 1], [0, 1, 0]], [0, 0]), ([[1, 1]], [-1])])  # ReLU(x0 + x2) + ReLU(x1) > 1
    flat = embedding(3, along=[[1, 0, 0], [0, 1, 0]], origin=[0, 0, 0])
    slides = Slides.of(flat, {2: [-1, 1]})
    zones_at = [find_zones(net.compose(position), feature(0), SQUARE) for position in slides.positions]
    tab = opened(zones_at[1], flat=flat, slides=slides.with_zones(zones_at), names=["a", "b", "height"])
    assert text_at(tab, "#slider").split() == ["Held", "fixed", "height", "0"]
    silent = colour(tab, 0.3, 0.1)
    tab.evaluate("exactzones.view.zoom(1.5)")
    scale = tab.evaluate("exactzones.view.view.kx")
    tab.get_by_label("exact", exact=True).check()
    tab.locator("#slider input").press("ArrowRight")
    until(tab, "exactzones.main.rings.length && exactzones.scene.said && document.querySelector('output').textContent === '1'")
    assert colour(tab, 0.3, 0.1) != silent
    assert tab.evaluate("exactzones.view.view.kx") == scale
    assert tab.evaluate("exactzones.book.writesExactly")
    assert tab.get_by_label("exact", exact=True).is_checked()
    assert f"{len(zones_at[2])} zones" in text_at(tab, "#facts")
    tab.locator("#picture canvas").press("n")
    assert tab.evaluate("exactzones.state.chosen") == [0]  # once, not once for each page
    assert tab.locator("#picture canvas").count() == 1


def test_the_band_of_floats(opened):
    tab = opened(INSIDE, arithmetic="float16")
    assert "in float16" not in text_at(tab, "#chosen")
    tab.keyboard.press("n")
    assert "the boundary may move by 0.0" in text_at(tab, "#chosen")
    assert "Where float16 computes the network" in text_at(tab, "#notes")
    assert len(tab.evaluate("exactzones.main.band.edges")) == 4


def test_specks_have_rings_until_they_are_seen(opened):
    corners = Network.mlp([([[1, 1], [-1, -1]], ["-99/50", "-99/50"]), ([[1, 1]], [0])])  # |x + y| > 1.98
    zones = find_zones(corners, feature(0), [(-1, 1), (-1, 1)])
    tab = opened(zones, window=SQUARE)
    ringed = "exactzones.specks(exactzones.view).map(([at, island]) => [Math.sign(at[0]), island])"
    assert sorted(tab.evaluate(ringed)) == [[side, zones.island_of[zone_at(zones, side, side)]] for side in (-1, 1)]
    bare = colour(tab, 0, 0)
    assert tab.evaluate("(() => { const { view } = exactzones; view.zoom(1e4, view.toX(1), view.toY(1)); })()") is None
    assert tab.evaluate(ringed) == []
    assert colour(tab, 0.999, 0.999) != bare


def test_loops_around_holes_are_switched_on_and_off(opened):
    ring = find_zones(DIAMOND, feature(0), SQUARE)  # around the diamond |x| + |y| <= 1
    shape = topology(DIAMOND, 0, SQUARE, open=True)
    ((loop,), none) = carried(page(ring, holes=shape))[0]["holes"].values()
    assert none == []
    assert min(abs(x) + abs(y) for x, y in loop) > 1
    tab = opened(ring, holes=shape)
    assert "1 hole where it fires, with a loop around it" in text_at(tab, "#colouring")
    assert tab.get_by_label("no hole elsewhere").is_disabled()
    (x, y), (u, v) = loop[:2]
    shown = colour(tab, (x + u) / 2, (y + v) / 2)
    tab.get_by_label("1 hole where it fires").uncheck()
    assert colour(tab, (x + u) / 2, (y + v) / 2) != shown
    with pytest.raises(InputError, match="drawn in 2 inputs; these zones have 1"):
        page(find_zones(Network.mlp([([[1]], [0])]), 0), holes=shape)
