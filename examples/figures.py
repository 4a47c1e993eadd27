"""Draw the figures of "Multi-Layer Latent Space Visualization" from exact zones, into examples/figures/.

* ``samples_and_zones``: where a feature of a 2-10-10-4 network fires, by samples and by zones; the samples miss an island.
* ``beta_space``: the latent space of the worked example with the half-planes of its three features.
* ``alpha_zones``: the zones of the worked example's first feature in its input space, one by one.
* ``cube``: the space of activations, R^3: a cube cut by the feature's constraint, by the positive orthant, and by both.
* ``three_in_one``: the un-ReLUed pieces of beta-space, whose union is one half-space.
* ``unrelu_steps``: un-ReLU step by step; ``unrelu.gif`` is the animation.
* ``superposition``: where four features of the 2-10-2-10 network fire, one on top of the other.
* ``touching``: the graph of the zones of its last feature that share a facet.
* ``through_spaces``: the zones of a feature of a network of three blocks, and their images in its latent spaces.

The worked example is the version of the text's final code, square roots and all.

Run it:  python examples/figures.py
A page with all of them, for light and dark screens and for print:  python examples/figures.py --gallery FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import worked_example
import worked_versions
from matplotlib import rc_context
from matplotlib.figure import Figure

from exactzones import Network, Polyhedron, feature, find_zones, load_network
from exactzones.plot import (
    UnReLU,
    animate_unrelu,
    plot_adjacency,
    plot_latent,
    plot_polyhedron_3d,
    plot_samples,
    plot_spaces,
    plot_superposition,
    plot_unrelu,
    plot_zones,
    save_figure,
)
from exactzones.plot.samples import sample
from exactzones.plot.style import INK, RC
from exactzones.plot.themes import THEMES
from exactzones.polyhedra.shapes import floats, sides

HERE = Path(__file__).parent
SAMPLES = 10_000
ZOOM = Polyhedron.box(["-13/4", "9/4"], ["-11/4", "11/4"])
ORTHANT = Polyhedron.of(3, [(0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])


def samples_and_zones(network: Network) -> Figure:
    """Draw samples beside zones, for a feature with an island that contains none of the samples."""
    box = Polyhedron.box(-6, 6, dim=2)
    zones = find_zones(network, feature(2), box)
    island = min(zones.islands, key=len)
    points = sample(box, SAMPLES, seed=0)
    if any(zones[k].fires(point) for k in island for point in points):
        raise SystemExit("a sample lies in the small island: the picture would be wrong")
    figure = Figure(figsize=(12.5, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_samples(network, zones.prop, box, SAMPLES, seed=0, ax=left)
    plot_zones(zones, ax=right)
    left.set(xlim=right.get_xlim(), ylim=right.get_ylim())
    below, above = _magnifier(left), _magnifier(right)
    low, high = floats(sides(ZOOM))
    near = floats(point for point in points if ZOOM.contains(point))
    below.plot(*zip(*near, strict=True), "o", color=INK, markersize=5, fillstyle="none")
    below.set_title(f"{len(near)} samples here, none fires", fontsize=9)
    plot_zones(zones, window=ZOOM, legend=False, ax=above)
    share = sum(zones[k].volume for k in island) / box.volume()
    for patch in list(above.patches):
        if patch.get_linestyle() == "--":  # the domain extends beyond the inset
            patch.remove()
    above.set(xlabel="", ylabel="")
    above.set_title(f"island 1 is 1/{round(1 / share):,} of the box", fontsize=9)
    for ax in (below, above):
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[])
    return figure


def _magnifier(ax: Any) -> Any:
    """Return inset axes that show ``ZOOM`` enlarged, joined to it by lines."""
    low, high = floats(sides(ZOOM))
    inset = ax.inset_axes((0.54, 0.48, 0.42, 0.42))
    inset.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    ax.indicate_inset_zoom(inset, edgecolor=INK, alpha=1)
    return inset


def beta_space(network: Network) -> Figure:
    """Draw beta-space with the half-planes of h1, h2, h3 and the rows of U."""
    figure = Figure(figsize=(7.5, 4.8), layout="constrained")
    ax = figure.add_subplot()
    plot_latent(network, "latent1", names=["U_1", "U_2", "U_3"], window=Polyhedron.box(-2, 2, dim=2), ax=ax)
    ax.set_title("beta-space: where each of the three features fires")
    return figure


def alpha_zones(network: Network) -> Figure:
    """Draw the zones of h1 > 0 in alpha-space: all together, then each alone."""
    window = Polyhedron.box(-5, 5, dim=2)
    zones = worked_example.alpha_zones(network)
    figure = Figure(figsize=(11, 3.6 * -(-(len(zones) + 1) // 3)), layout="constrained")
    panels = figure.subplots(-(-(len(zones) + 1) // 3), 3).ravel()
    plot_zones(zones, window=window, color_by="zone", ax=panels[0], legend=False)
    panels[0].set_title(f"all {len(zones)} zones")
    for k, (zone, ax) in enumerate(zip(zones, panels[1:], strict=False)):
        plot_zones(zones, only=[k], window=window, color_by="zone", ax=ax, legend=False)
        ax.set_title(f"zone {k}: pattern {zone.pattern[0]}")
    return figure


def cube(network: Network) -> Figure:
    """Draw the cube of activations: cut by the constraint, by the orthant, by both, and the latter with the range of W."""
    window = Polyhedron.box(-3, 3, dim=3)
    constraint = worked_example.half_space(network).preimage(network.layers[1].affine)
    both = constraint.intersect(ORTHANT)
    walls = ORTHANT.hrep.rows
    panels: list[tuple[str, Polyhedron, dict[str, Any]]] = [
        ("the constraint of h1", constraint, {}),
        ("the orthant of possible activations", ORTHANT, {"group": 1}),
        ("both", both, {"group": 2}),
        (
            "both, and the range of $W x + b_W$;\nonly the darker walls can be reached",
            both,
            {"group": 2, "plane": network.layers[0].affine, "walls": walls},
        ),
    ]
    figure = Figure(figsize=(9, 8.6))
    for k, (title, solid, options) in enumerate(panels):
        ax = figure.add_subplot(2, 2, k + 1, projection="3d")
        plot_polyhedron_3d(solid, window, ax=ax, letter="a", **options)
        ax.view_init(elev=22, azim=-38)
        ax.set_box_aspect((1, 1, 1), zoom=0.95)
        ax.set_title(title, y=0.98)
    figure.subplots_adjust(left=0.0, right=0.95, bottom=0.03, top=0.95, wspace=0.1, hspace=0.12)
    return figure


def three_in_one(network: Network) -> Figure:
    """Draw the un-ReLUed pieces of beta-space, and their union."""
    window = Polyhedron.box(-2, 2, dim=2)
    pieces = worked_example.beta_zones(network)
    figure = Figure(figsize=(11, 4.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for ax, merged in ((left, False), (right, True)):
        plot_zones(pieces, window=window, color_by="zone", merged=merged, ax=ax)
        ax.set(xlabel="$z_0$", ylabel="$z_1$")
    left.set_title(f"{len(pieces)} pieces, one per activation pattern of U ..")
    right.set_title(f".. are {len(pieces.merged)} half-space")
    return figure


def unrelu_of(network: Network) -> UnReLU:
    """Return the un-ReLU of the worked example's first layer, for the preimage of h1 > 0 in the activations of W."""
    target = worked_example.half_space(network).preimage(network.layers[1].affine)
    return UnReLU(network.layers[0], target, Polyhedron.box(-4, 4, dim=2))


def unrelu_steps(network: Network) -> Figure:
    """Draw three moments of un-ReLU: the start, after the pieces with one inactive neuron, after those with two."""
    picture = unrelu_of(network)
    figure = Figure(figsize=(13, 8), layout="constrained")
    moments = [(picture.steps[0], 0), *((step, 1) for step in picture.steps)]
    for k, (step, progress) in enumerate(moments):
        above = figure.add_subplot(2, len(moments), k + 1, projection="3d")
        below = figure.add_subplot(2, len(moments), len(moments) + k + 1)
        plot_unrelu(picture, step, progress, axes=(above, below))
    figure.axes[0].set_title("where the ReLU put the pieces")
    return figure


def superposition(network: Network) -> Figure:
    """Draw where four features fire."""
    box = Polyhedron.box(-6, 6, dim=2)
    figure = Figure(figsize=(7.5, 5.5), layout="constrained")
    plot_superposition([find_zones(network, feature(k), box) for k in (0, 2, 5, 9)], ax=figure.add_subplot())
    return figure


def touching(network: Network) -> Figure:
    """Draw the adjacency graph of the zones of the last feature."""
    figure = Figure(figsize=(8, 5.8), layout="constrained")
    plot_adjacency(find_zones(network, feature(9), Polyhedron.box(-6, 6, dim=2)), ax=figure.add_subplot())
    return figure


def three_blocks() -> Network:
    """Return a network 2-6-2-6-2-4 with random weights of few digits."""
    draw = np.random.default_rng(49)
    layers = []
    for inputs, outputs, relu in ((2, 6, True), (6, 2, False), (2, 6, True), (6, 2, False), (2, 4, True)):
        weight = draw.integers(-9, 10, (outputs, inputs)) / 8
        layers.append((weight, draw.integers(-9, 10, outputs) / 4, relu))
    return Network.of(*layers)


def through_spaces(network: Network) -> Figure:
    """Draw the zones of a feature in the input, and their images in both latent spaces."""
    figure = Figure(figsize=(13, 4.9), layout="constrained")
    plot_spaces(find_zones(network, feature(2), Polyhedron.box(-4, 4, dim=2)), figure=figure)
    return figure


def figures() -> list[tuple[Callable[[Any], Figure], Any]]:
    """Return the functions that draw the figures, each with its network."""
    text_network, example = load_network(HERE / "networks" / "text_2_10_2_10.npz"), worked_versions.final_version()
    return [
        (samples_and_zones, load_network(HERE / "networks" / "small_island.npz")),
        (beta_space, example),
        (alpha_zones, example),
        (cube, example),
        (three_in_one, example),
        (unrelu_steps, example),
        (superposition, text_network),
        (touching, text_network),
        (through_spaces, three_blocks()),
    ]


def draw(folder: Path, suffix: str = "", theme: str = "light") -> None:
    """Write every figure into a folder."""
    for make, network in figures():
        path = folder / f"{make.__name__}{suffix}.svg"
        with rc_context(RC):
            save_figure(make(network), path, theme=theme)
        print(f"wrote {path}, {path.stat().st_size // 1000} kB")


def write_gallery(folder: Path) -> None:
    """Write a page with all figures, which a browser shows in the colours of the screen or of paper."""
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        draw(folder, f"-{theme}", theme)
    items = "".join(
        f"<figure><picture><source srcset={name}-print.svg media=print>"
        f"<source srcset={name}-dark.svg media='(prefers-color-scheme: dark)'><img src={name}-light.svg alt='{text}'></picture>"
        f"<figcaption>{text}</figcaption></figure>\n"
        for name, text in (
            (make.__name__, (make.__doc__ or "").partition("\n")[0].removeprefix("Draw ")) for make, _ in figures()
        )
    )
    (folder / "index.html").write_text(GALLERY.replace("ITEMS", items))
    print(f"wrote {folder / 'index.html'}")


GALLERY = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>exactzones: pictures</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 1100px; padding: 16px; font: 15px/1.5 system-ui, sans-serif; }
figure { margin: 0 0 40px; break-inside: avoid; }
img { max-width: 100%; height: auto; }
@media screen and (prefers-color-scheme: dark) { body { background: #202020; color: #ddd; } }
</style>
<h1>Pictures of exact zones</h1>
ITEMS</html>
"""


def main() -> None:
    """Write every figure, or with ``--gallery FOLDER`` a page with all of them."""
    parser = argparse.ArgumentParser(description="Draw the figures into examples/figures/.")
    parser.add_argument("--gallery", type=Path, metavar="FOLDER", help="write a page with all of them into this folder instead")
    gallery = parser.parse_args().gallery
    if gallery is not None:
        write_gallery(gallery)
        return
    (HERE / "figures").mkdir(exist_ok=True)
    draw(HERE / "figures")
    path = HERE / "figures" / "unrelu.gif"
    animate_unrelu(unrelu_of(worked_versions.final_version()), path)
    print(f"wrote {path}, {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
