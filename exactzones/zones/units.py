"""Questions about units of one layer: which they are, and the network that ends at them."""

from __future__ import annotations

from collections.abc import Sequence

from exactzones.arguments import PropertyLike, as_unit
from exactzones.engine.search import NO_VERTICES, check_domain, suitable_engine
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, feature


def unit_of(network: Network, value: PropertyLike, layer: int) -> tuple[int, int]:
    """Return the unit and the layer of a feature, both counted from 0; see ``as_unit``.

    Raises:
        FeatureError: the network has no such unit or layer.
        InputError: not a single feature without a threshold.
    """
    unit, at = as_unit(value, layer)
    (known,) = feature(unit, layer=at).resolve(network.widths).conditions
    return unit, known.layer


def ending_at(network: Network, layer: int, units: Sequence[int], *, relu: bool) -> Network:
    """Return the network up to a layer, of which it keeps some units, with or without a ReLU."""
    last = network.layers[layer]
    kept = Layer(last.weight.take(units), tuple(last.bias[unit] for unit in units), (relu,) * len(units))
    return Network((*network.layers[:layer], kept))


def too_many_inputs(network: Network, prop: Property, domain: Polyhedron | None, what: str) -> str:
    """Return why something that needs the vertices of zones is not computed; empty if it is.

    Args:
        network: the network.
        prop: the property, with layers counted from 0.
        domain: the domain.
        what: is not computed: "volumes are".

    Raises:
        DimensionError: the domain has another dimension than the network's input space.
    """
    check_domain(network, domain, "inequalities")
    if suitable_engine(network, prop, domain) != "inequalities":
        return ""
    return (
        f"{what} computed for boxes of at most {NO_VERTICES - 1} inputs, and this one has {network.inputs}; ask about a slice: "
        "LO:LO in --domain fixes an input, and so does network.compose(AffineMap.through(..))"
    )
