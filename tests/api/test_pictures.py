"""Every public function of exactzones.plot and exactzones.view, each of its arguments, each kind of value that people pass."""

import tempfile
from pathlib import Path

import pytest
from api.doors import BOX, COUNT, NET, POINT, ZONES, Door, attempts, try_door
from matplotlib.figure import Figure

from exactzones import AffineMap, Layer, Network, Polyhedron, feature, find_zones, plot, topology, view

FOLDER = tempfile.TemporaryDirectory()
HOLES = topology(NET, 0, BOX)
HALVES = find_zones(Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [-1])]), 0, BOX)
UNRELU = plot.UnReLU(Layer.of([[1, 0], [0, 1], [1, 1]], [0, 0, 0]), Polyhedron.box(0, 1, dim=3), BOX)
SEQUENCES = ("list", "array", "tensor")
NONE = {"none": None}
TEXTS = {"list": ["1", "2"], "array": ["1.0", "2.0"], "tensor": ["1.0", "2.0"], **NONE}
NAME = {"str": "x"}
WINDOW = {**dict.fromkeys(SEQUENCES, Polyhedron.box(1, 2, dim=2)), **NONE}
BOXES = {kind: box for kind, box in WINDOW.items() if box}
PICTURE = {"window": WINDOW, "ax": {"none": ...}}


FLAT, SOLID = Figure().add_subplot(), Figure().add_subplot(projection="3d")


def path(suffix):
    return str(Path(FOLDER.name) / f"picture{suffix}")


def on_new_axes(function):
    """Draw on axes of this call in place of ``FLAT``, so that two pictures can be compared."""
    return lambda ax, **places: function(**places, ax=Figure().add_subplot() if ax is FLAT else ax)


def shown(ax):
    """The limits and the labels of a picture."""
    return ax.get_xlim(), ax.get_ylim(), ax.get_title(), [text.get_text() for text in ax.texts], len(ax.collections)


PLOTS = {
    "UnReLU": Door(plot.UnReLU, {"layer": UNRELU.layer, "target": UNRELU.target, "window": BOX}, {"window": BOXES}),
    "animate_unrelu": Door(
        plot.animate_unrelu, {"picture": UNRELU, "path": path(".gif"), "letter": "x"}, {"letter": {"str": ...}}
    ),
    "plot_adjacency": Door(
        on_new_axes(plot.plot_adjacency), {"zones": ZONES, "window": BOX, "ax": FLAT, "legend": False}, PICTURE, shown
    ),
    "plot_marginal": Door(
        on_new_axes(plot.plot_marginal), {"zones": ZONES, "coordinate": 0, "power": 0, "ax": FLAT}, {"ax": PICTURE["ax"]}, shown
    ),
    "plot_latent": Door(
        on_new_axes(plot.plot_latent),
        {
            "network": NET,
            "latent": "input",
            "window": BOX,
            "units": [0, 1],
            "names": ["a", "b"],
            "overlay": None,
            "letter": "z",
            "ax": FLAT,
            "legend": False,
        },
        {**PICTURE, "units": {"none": [0, 1]}, "names": TEXTS, "overlay": NONE, "letter": NAME},
        shown,
    ),
    "plot_polyhedron_3d": Door(
        plot.plot_polyhedron_3d,
        {
            "polyhedron": UNRELU.target,
            "window": UNRELU.target,
            "ax": SOLID,
            "plane": None,
            "walls": (),
            "group": 0,
            "letter": "x",
        },
        {
            "window": dict.fromkeys(SEQUENCES, ...),
            "ax": {"none": ...},
            "plane": NONE,
            "group": {"int": ...},
            "letter": {"str": ...},
        },
    ),
    "plot_samples": Door(
        on_new_axes(plot.plot_samples),
        {"network": NET, "prop": feature(0), "window": BOX, "count": 9, "seed": 0, "ax": FLAT},
        {
            **PICTURE,
            "prop": {"int": feature(3)},
            "window": BOXES,
            "count": COUNT,
            "seed": COUNT,
        },
        shown,
    ),
    "plot_spaces": Door(
        plot.plot_spaces,
        {"zones": ZONES, "windows": {"input": BOX}, "figure": Figure()},
        {"windows": {"none": ...}, "figure": {"none": ...}},
    ),
    "plot_superposition": Door(
        on_new_axes(plot.plot_superposition),
        {"features": [ZONES, ZONES], "names": ["a", "b"], "window": BOX, "ax": FLAT, "legend": False},
        {**PICTURE, "names": TEXTS},
        shown,
    ),
    "plot_unrelu": Door(
        plot.plot_unrelu,
        {"picture": UNRELU, "step": None, "progress": 1, "axes": None, "letter": "x"},
        {
            "step": {"int": ..., "none": ...},
            "progress": {"int": ..., "float": ...},
            "axes": {"none": ...},
            "letter": {"str": ...},
        },
    ),
    "plot_zones": Door(
        on_new_axes(plot.plot_zones),
        {
            "zones": ZONES,
            "window": BOX,
            "color_by": "zone",
            "ax": FLAT,
            "merged": False,
            "samples": False,
            "only": [0],
            "legend": False,
            "arithmetic": "float32",
            "holes": HOLES,
        },
        {**PICTURE, "color_by": NONE, "only": NONE, "arithmetic": NONE, "holes": NONE},
        shown,
    ),
    "save_animation": Door(
        plot.save_animation,
        {"figure": Figure(), "draw": print, "moments": [], "path": path(".gif"), "fps": 12},
        {"moments": dict.fromkeys((*SEQUENCES, "str"), ...), "fps": {"int": ...}},
    ),
    "save_figure": Door(plot.save_figure, {"figure": Figure(), "path": path(".png")}),
    "save_zones": Door(
        plot.save_zones,
        {"zones": ZONES, "path": path(".svg"), "window": BOX, "merged": False},
        {"window": dict.fromkeys(WINDOW, ...)},
    ),
}
PAGE = {
    "zones": ZONES,
    "data": [[0, 0], [1, 1]],
    "labels": ["a", "b"],
    "window": BOX,
    "names": ["u", "v"],
    "flat": None,
    "title": "t",
    "holes": HOLES,
}
OF_PAGE = {
    "data": NONE,
    "labels": TEXTS,
    "window": WINDOW,
    "names": TEXTS,
    "flat": NONE,
    "title": {**NAME, **NONE},
    "holes": NONE,
}
VIEWS = {
    "Points": Door(view.Points.of, {"data": [[0], [1]], "labels": ["a", "b"]}, {"labels": TEXTS}),
    "Slides": Door(
        view.Slides.of,
        {"flat": AffineMap.through([0, 0, 1], [1, 0, 1], [0, 1, 1]), "values": {2: [0, 2]}},
    ),
    "check_shown": Door(view.check_shown, {"network": NET}),
    "cut_through": Door(view.cut_through, {"domain": BOX, "flat": AffineMap.through([1, 1], [2, 2])}, {"domain": WINDOW}),
    "embedding": Door(
        view.embedding,
        {"dim": 2, "along": [[1, 1]], "origin": [0, 0]},
        {"origin": {**POINT, "none": [0, 0]}},
    ),
    "embedding(through)": Door(view.embedding, {"dim": 2, "through": [[0, 0], [1, 1]]}),
    "page": Door(view.page, PAGE, OF_PAGE),
    "read_points": Door(view.read_points, {"path": path(".csv"), "dim": 2}, {"dim": {"int": ...}}),
    "read_slide": Door(view.read_slide, {"text": "2=0:1"}),
    "save": Door(
        view.save,
        {**PAGE, "path": path(".html")},
        {"path": {"str": ...}, **{place: dict.fromkeys(kinds, ...) for place, kinds in OF_PAGE.items()}},
    ),
}


@pytest.mark.parametrize(("door", "place", "value"), [*attempts(PLOTS), *attempts(VIEWS)])
def test_what_is_passed_is_taken_in_its_plain_meaning_or_refused_in_one_line(door, place, value):
    try_door(door, place, value)


@pytest.mark.parametrize(("module", "doors"), [(plot, PLOTS), (view, VIEWS)])
def test_every_public_function_has_a_door(module, doors):
    assert {name for name in module.__all__ if callable(getattr(module, name))} <= set(doors)
    assert not list(Path(FOLDER.name).iterdir())  # what is refused writes nothing


def test_a_window_may_be_text_or_a_pair():
    assert view.page(ZONES, window="-3:3") == view.page(ZONES, window=(-3, 3)) == view.page(ZONES, window=BOX)
