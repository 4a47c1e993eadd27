"""Pictures of activation zones, drawn with matplotlib: ``pip install exactzones[plot]``.

Shapes are intersected exactly (zones, windows and half-planes are exact polyhedra) and become floats last, for matplotlib.
"""

from importlib.util import find_spec

from exactzones.errors import InputError

if find_spec("matplotlib") is None:
    raise InputError("pictures need matplotlib, which is not installed: pip install exactzones[plot]")

from exactzones.plot.adjacency import plot_adjacency
from exactzones.plot.latent import plot_latent
from exactzones.plot.marginal import plot_marginal
from exactzones.plot.samples import plot_samples
from exactzones.plot.saving import ANIMATIONS, SUFFIXES, save_animation, save_figure, save_zones
from exactzones.plot.solids import plot_polyhedron_3d
from exactzones.plot.spaces import plot_spaces
from exactzones.plot.superposition import plot_superposition
from exactzones.plot.unrelu import UnReLU, animate_unrelu, plot_unrelu
from exactzones.plot.zones import plot_zones

__all__ = [
    "ANIMATIONS",
    "SUFFIXES",
    "UnReLU",
    "animate_unrelu",
    "plot_adjacency",
    "plot_latent",
    "plot_marginal",
    "plot_polyhedron_3d",
    "plot_samples",
    "plot_spaces",
    "plot_superposition",
    "plot_unrelu",
    "plot_zones",
    "save_animation",
    "save_figure",
    "save_zones",
]
