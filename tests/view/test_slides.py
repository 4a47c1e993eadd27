"""The positions of sliders: combinations of values, and what is refused."""

from fractions import Fraction

import pytest
from view.support import FOUR, carried

from exactzones import InputError, feature, find_zones
from exactzones.view import Slides, embedding, page, read_slide

FLAT = embedding(4, along=[[1, 0, 0, 0], [0, 1, 0, 0]], origin=[0, 0, "1/3", 2])


def test_positions_are_the_combinations_of_values():
    slides = Slides.of(FLAT, {3: [0, 1], 2: [1]})
    assert slides.values == ((0, 1, 2), (Fraction(1, 3), 1))
    assert slides.at == (2, 0)
    assert [position.offset[2:] for position in slides.positions[:3]] == [(Fraction(1, 3), 0), (1, 0), (Fraction(1, 3), 1)]
    assert slides.positions[4] == FLAT
    assert all(position.matrix == FLAT.matrix for position in slides.positions)


def test_a_page_carries_every_position():
    slides = Slides.of(FLAT, {3: ["1/2"]})
    zones = [find_zones(FOUR.compose(position), feature(0), (-2, 2)) for position in slides.positions]
    text = page(zones[1], [[0, 0, 0, 0]], flat=FLAT, slides=slides.with_zones(zones), names=["a", "b", "c", "d"])
    scene, _ = carried(text)
    assert scene["slider"] == {"inputs": [{"name": "d", "values": ["1/2", "2"]}], "at": [1]}
    assert text.count('id="scene-') == text.count('id="exact-') == 2


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({0: [1]}, "input 0, which is not held fixed"),
        ({4: [1]}, "input 4, but the network has inputs 0 to 3"),
        ({2: range(30), 3: range(30)}, "930 positions; expected at most 400"),
    ],
)
def test_wrong_positions(values, says):
    with pytest.raises(InputError, match=says):
        Slides.of(FLAT, values)
    with pytest.raises(InputError, match="expected one for each of the 2 positions"):
        Slides.of(FLAT, {2: [1]}).with_zones([])


@pytest.mark.parametrize(
    "text", ["2", "2=1", "x=0:1", "2=0:1:1", "2=1:0", "2=0:1:2:3", "-1=0:1", "2=0:1:401", "2=0:1:" + "9" * 5000]
)
def test_wrong_texts(text):
    with pytest.raises(InputError, match="slider"):
        read_slide(text)


def test_slides_of_a_page_have_zones_and_move_its_slice():
    slides, zones = Slides.of(FLAT, {3: ["1/2"]}), find_zones(FOUR.compose(FLAT), feature(0), (-2, 2))
    with pytest.raises(InputError, match="slides have no zones"):
        page(zones, flat=FLAT, slides=slides)
    with pytest.raises(InputError, match="move another slice than flat"):
        page(zones, slides=slides.with_zones([zones, zones]))


def test_texts():
    assert read_slide("x3=-1:1:5") == (3, [-1, Fraction(-1, 2), 0, Fraction(1, 2), 1])
    assert len(read_slide("0=0:1")[1]) == 9
