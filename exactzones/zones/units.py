"""Questions about units of one layer: which they are, and the network that ends at them."""

from __future__ import annotations

from collections.abc import Sequence

from exactzones.arguments import PropertyLike, as_unit
from exactzones.layer import Layer
from exactzones.network import Network
from exactzones.property import feature


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
