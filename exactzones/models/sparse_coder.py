"""Sparse autoencoders and transcoders from files, state dicts and modules: the encoder, whose outputs are the features.

The layouts that are read are those of SAELens, whose names Gemma Scope, circuit-tracer and transcoder_circuits share, of
sparsify, and of dictionary_learning.  A decoder decides nothing about when a feature fires, so its weights are not read.  Where a
file leaves open what its encoder computes, nothing is guessed: the error says which argument tells it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.errors import FormatError, InputError, one_of, quoted
from exactzones.files import MAX_WEIGHTS, naming, read_bytes
from exactzones.models.arrays import Array, finite
from exactzones.models.npz import read_archive
from exactzones.models.state_dict import nested, plain, safetensors_entries, saved_content
from exactzones.network import Layer
from exactzones.rational import Matrix, Vector, exact, flag, index
from exactzones.roundings import UnknownRoundings

ACTIVATIONS = ("relu", "jumprelu", "topk")

_FILES = ("sae_weights.safetensors", "sae.safetensors", "model.safetensors", "params.npz", "ae.pt")
_ENCODER = {"W_enc", "b_enc", "encoder.weight", "encoder.bias", "b_dec", "bias", "k"}
_THRESHOLDS = ("threshold", "activation_function.threshold")
_UNREAD = {"W_dec", "decoder.weight", "decoder.bias", "b_dec_out", "W_skip"}
"""Tensors that only the reconstruction depends on; that they are there tells the layout."""
_KNOWN = _ENCODER | set(_THRESHOLDS) | _UNREAD
_LAYOUTS = "W_enc and b_enc (as in SAELens) or encoder.weight and encoder.bias (as in sparsify and dictionary_learning)"
_NAMED = {
    "relu": "relu",
    "jumprelu": "jumprelu",
    "jumprelu_transcoder": "jumprelu",
    "jumprelu_skip_transcoder": "jumprelu",
    "topk": "topk",
}
_UNNAMED = ("standard", "transcoder", "skip_transcoder")
"""Architectures of SAELens that do not say which activation function they have."""
_REFUSED = {
    "r_mag": "of a gated autoencoder; those that are read have ReLU, JumpReLU or TopK",
    "log_threshold": "the logarithm of a threshold, from training; save the threshold itself, as sae.save_inference_model does",
}
_REFUSED |= dict.fromkeys(("b_gate", "b_mag", "gate_bias", "mag_bias"), _REFUSED["r_mag"])
_CENTRED = UnknownRoundings("subtracts b_dec from its input before the products; bounds for this are not implemented in floats")
_INTEGERS = {"I64": "<i8", "I32": "<i4"}


@dataclass(frozen=True, eq=False)
class SparseCoder:
    """The encoder of a sparse autoencoder or transcoder: ``z = weight x + bias``, then an activation function.

    Attributes:
        weight: shape (features, inputs).
        bias: shape (features,).
        thresholds: shape (features,); of a JumpReLU, which passes on z where it exceeds the threshold, else None.
        k: of a TopK, how many of the largest z are passed on where they are positive, else None.
        is_transcoder: whether it is known to read a module's input, in place of its output.
        roundings: of z, where floats do not compute it as a sum of products and the bias; else None.
    """

    weight: Matrix
    bias: Vector
    thresholds: Vector | None
    k: int | None
    is_transcoder: bool
    roundings: UnknownRoundings | None = None

    def layer(self) -> Layer:
        """Return the layer that computes ``z``."""
        return Layer(self.weight, self.bias, (False,) * len(self.bias), self.roundings)


@dataclass(frozen=True, eq=False)
class _Stored:
    """Tensors by name, each with what reads it, and the configuration that came with them."""

    tensors: Mapping[str, Callable[[], Array]]
    config: Mapping[str, Any]

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    def array(self, name: str, *dimensions: int) -> Array:
        """Return a tensor that has one of these numbers of axes."""
        if name not in self:
            raise FormatError(f"{name} is missing; there are {', '.join(sorted(self.tensors)) or 'no tensors'}")
        array = finite(self.tensors[name](), name)
        if array.ndim not in dimensions:
            raise FormatError(f"{name} has shape {array.shape}; expected {' or '.join(map(str, dimensions))} axes")
        return array

    def vector(self, name: str, length: int) -> Vector:
        """Return a tensor as a vector; a single number stands for all entries."""
        array = self.array(name, 0, 1)
        if array.size not in (1, length):
            raise FormatError(f"{name} has shape {array.shape}; expected ({length},)")
        return tuple(exact(entry, f"{name}[{k}]") for k, entry in enumerate(np.broadcast_to(array, length).tolist()))


def read_sparse_coder(
    source: Any, *, activation: str | None = None, k: int | None = None, apply_b_dec_to_input: bool | None = None
) -> SparseCoder:
    """Read a sparse autoencoder or a transcoder.

    Args:
        source: a file .safetensors, .npz, .pt or .pth, beside which there may be a ``cfg.json``; a folder with such a file; a
            dict of arrays by name; or a module with a ``state_dict``.
        activation: "relu", "jumprelu" or "topk", where the file does not tell.
        k: of a TopK, how many features it keeps.
        apply_b_dec_to_input: whether ``b_dec`` is subtracted from the input, where the file does not tell.

    Raises:
        FormatError: the file holds something else.
        InputError: the file cannot be read, a package is missing, or it leaves open what the encoder computes.

    >>> coder = read_sparse_coder({"W_enc": np.eye(2), "b_enc": np.ones(2), "threshold": np.array([1.0, 2.0])})
    >>> coder.thresholds, coder.k
    ((Fraction(1, 1), Fraction(2, 1)), None)
    """
    if activation is not None:
        one_of(activation, ACTIVATIONS, "activation")
    if apply_b_dec_to_input is not None:
        apply_b_dec_to_input = flag(apply_b_dec_to_input, "apply_b_dec_to_input")
    kept = None if k is None else index(k, "k", least=1)
    if isinstance(source, (str, PathLike)):
        path = _file_in(Path(source))
        stored = _opened(path)
        with naming(path):
            return _coder(stored, activation, kept, apply_b_dec_to_input)
    return _coder(_in_memory(source), activation, kept, apply_b_dec_to_input)


def _file_in(path: Path) -> Path:
    """Return the file with the weights, if the path is that of a folder."""
    if not path.is_dir():
        return path
    found = [path / name for name in _FILES if (path / name).is_file()]
    if not found:
        raise InputError(f"{path}: there is no file of weights in this folder; expected one of {', '.join(_FILES)}")
    return found[0]


def _opened(path: Path) -> _Stored:
    suffix, config = path.suffix.lower(), _config(path.with_name("cfg.json"))
    if suffix == ".safetensors":
        return _Stored({name: partial(_number, entry, name) for name, entry in safetensors_entries(path).items()}, config)
    if suffix == ".npz":
        names: list[str] = []

        def is_read(key: str) -> bool:
            names.append(key)
            return key not in _UNREAD

        arrays = read_archive(path, is_read)
        return _Stored({name: partial(arrays.__getitem__, name) for name in names}, config)
    if suffix in (".pt", ".pth"):
        content = saved_content(path)
        with naming(path):
            stored = _in_memory(content)
        return _Stored(stored.tensors, config or stored.config)
    raise FormatError(f"{path}: suffix {suffix!r} is not known; expected a file .safetensors, .npz, .pt or .pth")


def _number(entry: Mapping[str, Any], name: str) -> Array:
    if entry["dtype"] in _INTEGERS:
        return np.frombuffer(bytes(entry["data"]), _INTEGERS[entry["dtype"]]).reshape(entry["shape"])
    return plain(entry, name)


def _config(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    with naming(path):
        try:
            config = json.loads(read_bytes(path))
        except (ValueError, RecursionError) as error:
            raise FormatError(f"the configuration is not JSON: {error}") from None
        if not isinstance(config, dict):
            raise FormatError("the configuration is not an object of JSON; delete it, or write what SAELens or sparsify wrote")
        return config


def _in_memory(source: Any) -> _Stored:
    """Return the tensors of a dict or a module."""
    config: Any = getattr(source, "cfg", {})
    if callable(getattr(source, "state_dict", None)):
        source = source.state_dict()
    while (inner := nested(source)) is not None:
        config, source = source.get("cfg", config), inner
    if not isinstance(source, Mapping):
        raise InputError(
            f"the sparse autoencoder is {quoted(source)}; expected the path of a file or folder, a dict of arrays, or a module"
        )
    if callable(getattr(config, "to_dict", None)):
        config = config.to_dict()
    tensors = {str(name): partial(_array, value) for name, value in source.items() if hasattr(value, "__array__")}
    return _Stored(tensors, config if isinstance(config, Mapping) else getattr(config, "__dict__", {}))


def _array(value: Any) -> Array:
    return np.asarray(value.detach().cpu().double().numpy() if hasattr(value, "detach") else value)


def _coder(stored: _Stored, activation: str | None, k: int | None, subtracts: bool | None) -> SparseCoder:
    for name in stored.tensors:
        if name not in _KNOWN:
            why = _REFUSED.get(name, f"not known; expected {_LAYOUTS}")
            raise FormatError(f"tensor {name!r} is {why}")
    _check_input(stored.config)
    if "W_enc" in stored:
        weight, length = stored.array("W_enc", 2), stored.array("b_enc", 1).size
        # SAELens multiplies by it from the right; of circuit-tracer there are files that have it the other way round.
        weight = weight if weight.shape[1] != length and weight.shape[0] == length else weight.T
        bias = stored.vector("b_enc", weight.shape[0])
    elif "encoder.weight" in stored:
        weight = stored.array("encoder.weight", 2)
        bias = stored.vector("encoder.bias", weight.shape[0]) if "encoder.bias" in stored else (Fraction(0),) * weight.shape[0]
    else:
        raise FormatError(f"there is no encoder; expected {_LAYOUTS}")
    if weight.size > MAX_WEIGHTS:
        raise FormatError(f"there are {weight.size} weights; at most {MAX_WEIGHTS} are supported")
    matrix = Matrix.of(np.ascontiguousarray(weight), "the encoder")
    transcodes = _is_transcoder(stored, matrix.shape[1])
    centre = _subtracted(stored, matrix.shape[1], _subtracts(stored, transcodes) if subtracts is None else subtracts)
    if centre is not None:
        bias = tuple(b - product for b, product in zip(bias, matrix @ centre, strict=True))
    chosen, kept = _activation(stored, activation, k)
    if kept is not None and kept >= len(bias):
        chosen, kept = "relu", None  # TopK keeps them all
    name = next((name for name in _THRESHOLDS if name in stored), _THRESHOLDS[0])
    thresholds = stored.vector(name, len(bias)) if chosen == "jumprelu" else None
    roundings = _CENTRED if centre is not None and any(centre) else None
    return SparseCoder(matrix, bias, thresholds, kept, transcodes, roundings)


def _check_input(config: Mapping[str, Any]) -> None:
    """Check that what the encoder does to its input is affine."""
    said = config.get("normalize_activations")
    if said not in (None, False, "none"):
        raise FormatError(
            f"cfg.json has normalize_activations {quoted(said)}, which is not part of the weights; fold "
            "its factor into them (sae.fold_activation_norm_scaling_factor), and save again"
        )
    if config.get("rescale_acts_by_decoder_norm"):
        raise FormatError(
            "cfg.json has rescale_acts_by_decoder_norm, an irrational factor; fold it into the weights (sae.fold_W_dec_norm), "
            "and save again"
        )


def _is_transcoder(stored: _Stored, inputs: int) -> bool:
    config = stored.config
    said = config.get("transcode") or config.get("is_transcoder") or "transcoder" in str(config.get("architecture"))
    others = "b_dec" in stored and stored.array("b_dec", 1).size != inputs
    return bool(said) or others or "W_skip" in stored or "b_dec_out" in stored


def _subtracts(stored: _Stored, transcodes: bool) -> bool | None:
    """Return whether ``b_dec`` is subtracted from the input; None if that is not known."""
    said = stored.config.get("apply_b_dec_to_input")
    if "b_dec_out" in stored or "bias" in stored:  # of transcoder_circuits; of dictionary_learning
        return True
    if said is not None or transcodes or _THRESHOLDS[1] in stored:
        return bool(said)
    return True if "encoder.weight" in stored and ("transcode" in stored.config or "decoder.weight" in stored) else None


def _subtracted(stored: _Stored, inputs: int, applies: bool | None) -> Vector | None:
    """Return what is subtracted from the input."""
    name = "bias" if "bias" in stored else "b_dec"
    if applies is False or name not in stored:
        return None
    centre = stored.vector(name, inputs)
    if applies is None and any(centre):
        raise FormatError(
            "it is not known whether b_dec is subtracted from the input: SAELens says so in cfg.json (apply_b_dec_to_input), "
            "Gemma Scope does not do it; pass apply_b_dec_to_input=True or False"
        )
    return centre if any(centre) else None


def _activation(stored: _Stored, chosen: str | None, k: int | None) -> tuple[str, int | None]:
    """Return the activation function, and of TopK how many it keeps."""
    k = _kept(stored) if k is None else k
    if chosen is None:
        chosen = _configured(stored.config)
        if any(name in stored for name in _THRESHOLDS) and (chosen == "relu" or (chosen is None and k is not None)):
            said = "cfg.json says relu" if chosen else "there is a k, too"
            raise FormatError(f'there is a threshold, and {said}; pass activation="jumprelu" or activation="{chosen or "topk"}"')
        if chosen is None:
            chosen = _of_tensors(stored, k)
    if chosen == "topk" and k is None:
        raise FormatError("it is not known how many features TopK keeps; pass k=32, or put the cfg.json beside the file")
    return chosen, k if chosen == "topk" else None


def _configured(config: Mapping[str, Any]) -> str | None:
    """Return the activation function that a configuration names, if it names one."""
    for key in ("architecture", "activation", "activation_fn", "activation_fn_str"):
        said = config.get(key)
        if said and said not in _UNNAMED:
            if str(said) not in _NAMED:
                raise FormatError(
                    f'cfg.json has {key} {quoted(said)}; pass activation="relu", "jumprelu" or "topk" if it is one of them'
                )
            return _NAMED[str(said)]
    return None


def _of_tensors(stored: _Stored, k: int | None) -> str:
    """Return the activation function that the tensors of a layout have."""
    if any(name in stored for name in _THRESHOLDS):
        return "jumprelu"
    is_sparsify = "encoder.weight" in stored and "W_dec" in stored
    return "topk" if k is not None or is_sparsify else "relu"


def _kept(stored: _Stored) -> int | None:
    """Return the number of features that TopK keeps, if the configuration or a tensor has it."""
    arguments = stored.config.get("activation_fn_kwargs")
    found = stored.config.get("k", arguments.get("k") if isinstance(arguments, Mapping) else None)
    if found is None and "k" in stored:
        found = int(stored.array("k", 0, 1).reshape(()).item())
    return None if found is None else index(found, "k", least=1)
