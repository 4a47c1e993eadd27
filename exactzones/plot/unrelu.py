"""Un-ReLU (the preimage under a ReLU layer) step by step: what the ReLU moved to the walls of the orthant moves back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from matplotlib import rc_context
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3DCollection

from exactzones.arguments import as_text, as_window
from exactzones.engine.backward import unrelu
from exactzones.errors import DimensionError, InputError, quoted, require
from exactzones.network import Layer
from exactzones.plot import style
from exactzones.plot.planar import centre, draw_domain, draw_rings
from exactzones.plot.saving import save_animation
from exactzones.plot.solids import draw_edges, draw_facets
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.shapes import Ring, bounding_box, floats, outline
from exactzones.rational import entries, exact, index

_PLANE, _TARGET = "#888888", "#D55E00"
_AWAITED: dict[str, Any] = {"linestyle": (0, (4, 3)), "linewidth": 1.0, "gid": "awaited"}
_MARGIN = Fraction(1, 20)
_FRAMES = 12  # per step; one second
_REST = 10  # frames without motion


@dataclass(frozen=True)
class UnReLU:
    """A layer of three ReLU units on the plane, and a polyhedron of activations whose preimage is drawn.

    Attributes:
        layer: from 2 inputs to 3 units with a ReLU each.
        target: the polyhedron of activations.
        window: a bounded polyhedron of the input space; its bounding box is shown.
    """

    layer: Layer
    target: Polyhedron
    window: Polyhedron

    def __post_init__(self) -> None:
        require(self.layer, Layer, "layer", "a Layer, such as network.layers[0]")
        require(self.target, Polyhedron, "target", "a Polyhedron of the layer's activations")
        if (self.layer.inputs, self.layer.outputs) != (2, 3) or not all(self.layer.relu):
            raise InputError(
                f"un-ReLU is drawn for a layer from 2 inputs to 3 units with a ReLU each; this one has {self.layer.inputs} "
                f"inputs and {self.layer.outputs} units, {len(self.layer.relu_units)} of them with a ReLU"
            )
        if self.target.ambient_dim != 3:
            raise DimensionError("space of the target", expected=3, got=self.target.ambient_dim, size="dimension")
        object.__setattr__(self, "window", as_window(self.window, 2))

    @cached_property
    def pieces(self) -> tuple[tuple[str, Ring], ...]:
        """The pieces of the preimage in the window: signs of the activation region and corners, in input coordinates."""
        visible = [
            (signs, rings[0]) for signs, piece in unrelu(self.target, self.layer) if (rings := outline(piece, self.window))
        ]
        return tuple(sorted(visible, key=lambda piece: (piece[0].count("-"), piece[0])))

    @property
    def steps(self) -> tuple[int, ...]:
        """The numbers of inactive neurons of pieces, in increasing order; each is one step of the picture."""
        return tuple(sorted({signs.count("-") for signs, _ in self.pieces}))

    @cached_property
    def box(self) -> Polyhedron:
        """The part of the space of activations that is shown."""
        corners = [corner for signs, ring in self.pieces for when in (0, 1) for corner in self.moved(signs, ring, Fraction(when))]
        return bounding_box([(Fraction(0),) * 3, *corners], margin=_MARGIN)

    @cached_property
    def walls(self) -> list[Ring]:
        """The facets of the part of the target inside the orthant."""
        orthant = Polyhedron.of(3, [(0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
        return outline(self.target.intersect(orthant), self.box)

    @cached_property
    def plane(self) -> list[Ring]:
        """The range of the layer's map inside both windows."""
        return [tuple(map(self.layer.affine, ring)) for ring in outline(self.box.preimage(self.layer.affine), self.window)]

    def moved(self, signs: str, ring: Ring, progress: Fraction) -> Ring:
        """Return a moving piece: at 0 on a wall of the orthant, where the ReLU put it, at 1 on the range of the layer's map.

        Args:
            signs: signs of the piece's activation region.
            ring: the piece's corners in the input space.
            progress: from 0 to 1.
        """
        before = map(self.layer.affine, ring)
        return tuple(
            tuple(entry if sign == "+" else progress * entry for sign, entry in zip(signs, corner, strict=True))
            for corner in before
        )


def plot_unrelu(
    picture: UnReLU, step: int | None = None, progress: Any = 1, *, axes: tuple[Any, Any] | None = None, letter: str = "x"
) -> tuple[Any, Any]:
    """Draw one moment of un-ReLU: the space of activations in 3-D, and beside it the input space with the finished pieces.

    Pieces that are not finished are dashed outlines in the input space.  The 3-D picture shows the target inside the orthant,
    the plane that is the range of the layer's map, and the moving pieces, with lines to where the ReLU put their corners.

    Args:
        picture: the layer and its target.
        step: the pieces with this number of inactive neurons are moving; those with fewer have arrived, those with more have not
            moved.  By default all have arrived.
        progress: how far the moving pieces are, from 0 (at the start) to 1 (arrived).
        axes: a pair of matplotlib axes, 3-D and flat; new ones by default.
        letter: letter of the input's coordinates.
    """
    moving = _as_step(require(picture, UnReLU, "picture", "an UnReLU"), step)
    done = exact(progress, "progress")
    with rc_context(style.RC):
        solid, flat = _axes(axes)
        style.frame(solid, picture.box, "a")
        solid.locator_params(nbins=5)
        style.frame(flat, picture.window, letter)
        draw_domain(None, picture.window, flat)
        draw_facets(picture.walls, solid, facecolor=to_rgba(_TARGET, 0.15), edgecolor=to_rgba(style.INK, 0.6), linewidth=0.6)
        draw_facets(picture.plane, solid, facecolor=to_rgba(_PLANE, 0.25), edgecolor="none")
        for group, (signs, ring) in enumerate(picture.pieces):
            arrived = _draw_moving_piece(picture, group, _progress_of(signs, moving, done), solid)
            if arrived:
                draw_rings([ring], group, flat)
                style.number(flat, centre(ring), signs)
            else:  # where it will be
                flat.fill(*zip(*floats(ring), strict=True), facecolor="none", **_AWAITED, edgecolor=style.colour(group))
                style.number(flat, centre(ring), signs, alpha=0.5)
        draw_edges(outline(picture.box, picture.box), solid)
        solid.view_init(elev=22, azim=-38)
        solid.set_title(_title(moving))
        flat.set_title("back in the input space")
    return solid, flat


def _as_step(picture: UnReLU, step: Any) -> int | None:
    """Return the number of inactive neurons of the pieces that move, None if all have arrived."""
    most = picture.layer.outputs
    if step is not None and index(step, "step") not in range(most + 1):
        raise InputError(f"step is {quoted(step)}; expected a number of inactive neurons from 0 to {most}, or None")
    return None if step is None else index(step, "step")


def _axes(axes: Any) -> tuple[Any, Any]:
    """Return the 3-D axes and the flat ones, or new ones for None."""
    if axes is None:
        figure = Figure(figsize=(10, 4.8), layout="constrained")
        axes = figure.add_subplot(1, 2, 1, projection="3d"), figure.add_subplot(1, 2, 2)
    expected = "a pair of matplotlib axes, 3-D and flat"
    listed = entries(axes, "axes", expected)
    if len(listed) != 2 or None in listed:
        raise InputError(f"axes is {quoted(axes)}; expected {expected}")
    return style.axes(listed[0], 3), style.axes(listed[1], 2)


def _draw_moving_piece(picture: UnReLU, group: int, progress: Fraction, solid: Any) -> bool:
    """Draw a piece on its way, and lines from where the ReLU put its corners; return whether it has arrived."""
    signs, ring = picture.pieces[group]
    start, moved = picture.moved(signs, ring, Fraction(0)), picture.moved(signs, ring, progress)
    look = {"facecolor": to_rgba(style.colour(group), 0.7), "edgecolor": style.INK, "linewidth": 0.7}
    draw_facets([moved], solid, **look, gid=signs)
    paths = list(zip(floats(start), floats(moved), strict=True))
    solid.add_collection3d(Line3DCollection(paths, colors=style.colour(group), linewidths=0.8))
    return progress == 1


def animate_unrelu(picture: UnReLU, path: str | os.PathLike[str], *, letter: str = "x") -> None:
    """Write the steps of un-ReLU as an animation: pieces with one inactive neuron move first, then those with two, then three.

    Args:
        picture: the layer and its target.
        path: ends in .gif or, if ffmpeg is installed, .mp4.
        letter: letter of the input's coordinates.

    Raises:
        InputError: another suffix, a missing ffmpeg, or a folder that cannot be written to.
    """
    path_of_step = [*[Fraction(0)] * _REST, *(_eased(Fraction(k, _FRAMES)) for k in range(1, _FRAMES + 1))]
    steps = require(picture, UnReLU, "picture", "an UnReLU").steps
    as_text(letter, "letter")
    moments = [(step, progress) for step in steps if step for progress in path_of_step]
    moments += [(max(steps, default=0), Fraction(1))] * (2 * _REST)
    figure = Figure(figsize=(9.4, 4.3))

    def draw(moment: tuple[int, Fraction]) -> None:
        solid = figure.add_axes((-0.02, 0.02, 0.54, 0.9), projection="3d")
        flat = figure.add_axes((0.62, 0.13, 0.36, 0.75))
        plot_unrelu(picture, *moment, axes=(solid, flat), letter=letter)

    save_animation(figure, draw, moments, path)


def _eased(progress: Fraction) -> Fraction:
    """Return progress that starts and stops gently."""
    return progress * progress * (3 - 2 * progress)


def _progress_of(signs: str, step: int | None, progress: Fraction) -> Fraction:
    """Return the progress of the piece with these signs."""
    inactive = signs.count("-")
    if step is None or inactive < step:
        return Fraction(1)
    return progress if inactive == step else Fraction(0)


def _title(step: int | None) -> str:
    if step is None:
        return "activations, un-ReLUed"
    return f"un-ReLU, {('no neuron', 'one neuron at a time', 'two neurons at a time', 'all three at once')[step]}"
