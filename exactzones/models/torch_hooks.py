"""Activations of a PyTorch module at a part of it, recorded by a forward hook."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from exactzones.errors import InputError
from exactzones.models.arrays import Array
from exactzones.models.torch_model import Place, evaluating, first_of


def activations(model: Any, layer: str, inputs: Any, *, side: str = "output") -> Array:
    """Return what a part of a model takes or gives when the model runs: data for ``bounding`` and for a feature's islands.

    The model runs in evaluation mode, the one that ``from_torch`` reads, and its own mode is restored.

    Args:
        model: a ``torch.nn.Module`` of any kind, transformers too.
        layer: the name of the part, such as "blocks.3.mlp".
        inputs: what the model takes: a batch, or a dict of named arguments.
        side: the part's "output" or "input"; of several tensors, the first one.

    Returns:
        Shape (vectors, width), a vector for each sample and position: all axes but the last are flattened.

    Raises:
        InputError: the model has no such part, does not call it or calls it several times, or the part gives no tensor.
    """
    place, seen = Place.of(model, layer, side), list[Any]()

    def record(_: Any, arguments: Any, named: Any, output: Any) -> None:
        seen.append((arguments or (*named.values(),)) if side == "input" else output)

    hook = place.part.register_forward_hook(record, with_kwargs=True)
    try:
        with evaluating(model), import_module("torch").no_grad():
            model(**inputs) if isinstance(inputs, dict) else model(inputs)
    finally:
        hook.remove()
    if len(seen) > 1:
        raise place.called_again()
    value: Any = first_of(seen[0]) if seen else None
    if not hasattr(value, "detach") or not value.ndim:
        raise InputError(
            f"layer {layer!r} {'does not give tensors' if seen else 'is not called'} when the model runs; name another"
        )
    vectors: Array = value.detach().cpu().double().numpy().reshape(-1, value.shape[-1])
    return vectors
