"""NumPy archives: arrays W0, b0, W1, b1, ...; layer k computes ``z = Wk x + bk``.

``Wk`` has shape (outputs, inputs); a missing ``bk`` is zero.  By default all layers but the last have a ReLU;
``reluk`` says otherwise: a truth value for the whole layer, or one per unit.
"""

from __future__ import annotations

import io
import lzma
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from exactzones.errors import FormatError
from exactzones.files import MAX_BYTES, MAX_WEIGHTS, naming, read_bytes, write_atomically
from exactzones.models.arrays import Array
from exactzones.models.floats import float_arrays
from exactzones.network import Layer, Network
from exactzones.rational import Matrix, exact

_KEY = re.compile(r"(W|b|relu)(0|[1-9][0-9]{0,5})")
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError)
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def load_npz(path: str | Path) -> Network:
    """Read a network; floats and integers of up to 64 bits are read exactly.

    Raises:
        FormatError: the archive is damaged, an array is unknown, missing or of the wrong shape, or an entry is NaN, infinity or
            a Python object; the message names the file and the key.
        InputError: the file cannot be read.
    """
    arrays = read_archive(path, _check_key)
    with naming(path):
        return _network(arrays)


def read_archive(path: str | Path, is_read: Callable[[str], bool]) -> dict[str, Array]:
    """Return the arrays of an archive by key.

    Args:
        path: of the file.
        is_read: tells whether to read an array; it raises a FormatError if there must not be one of this key.

    Raises:
        FormatError: the archive is damaged or too large, or an entry is a Python object.
        InputError: the file cannot be read.
    """
    with naming(path):
        data = read_bytes(path)
        try:
            return _read_arrays(data, is_read)
        except _BROKEN as error:
            raise FormatError(f"the file is not a whole .npz archive: {error}") from None


def _check_key(key: str) -> bool:
    if not _KEY.fullmatch(key):
        raise FormatError(f"{key!r} is not a known key; expected keys are W0, b0, relu0, W1, b1, relu1, ..")
    return True


def save_npz(network: Network, path: str | Path) -> None:
    """Write a network, as float32 if that is exact, else as float64; ``rationalizations`` are not kept.

    Raises:
        InputError: a weight is not a 64-bit float, or the file cannot be written.
    """
    arrays: dict[str, Array] = {}
    last = len(network.layers) - 1
    for k, (layer, (weight, bias)) in enumerate(zip(network.layers, float_arrays(network), strict=True)):
        arrays |= {f"W{k}": weight, f"b{k}": bias}
        if set(layer.relu) != {k < last}:
            arrays[f"relu{k}"] = np.array(layer.relu if len(set(layer.relu)) > 1 else layer.relu[0])
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def _read_arrays(data: bytes, is_read: Callable[[str], bool]) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        if unpacked > MAX_BYTES:
            raise FormatError(f"the arrays unpack to {unpacked} bytes; at most {MAX_BYTES} are supported")
        for member in members:
            key = member.filename.removesuffix(".npy")
            if not is_read(key):
                continue
            if key in arrays:
                raise FormatError(f"{key} is in the archive twice; each key is expected once")
            with archive.open(member) as stream:
                arrays[key] = _read_array(stream, member.file_size, key)
    weights = sum(array.size for array in arrays.values())
    if weights > MAX_WEIGHTS:
        raise FormatError(f"the arrays have {weights} entries; at most {MAX_WEIGHTS} are supported")
    return arrays


def _read_array(stream: Any, size: int, key: str) -> Array:
    """Read one member; its header must agree with its size before anything is allocated."""
    try:
        shape, fortran, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
    except (ValueError, KeyError, RecursionError, MemoryError):
        raise FormatError(f"{key} has no array header that can be read; save the archive with numpy.savez") from None
    if dtype.hasobject:
        raise FormatError(f"{key} holds Python objects, which are never unpickled; save plain numbers")
    expected = "b" if key.startswith("relu") else "fiu"
    if dtype.kind not in expected or dtype.itemsize > 8:
        allowed = "truth values are" if expected == "b" else "integers or floats up to 64 bits are"
        raise FormatError(f"{key} has NumPy type {dtype}; {allowed} expected")
    needed, actual = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if min(shape, default=1) < 1 or needed != actual:
        raise FormatError(f"{key} has {actual} bytes of data; its shape {shape} needs {needed}, and must have positive lengths")
    return np.frombuffer(stream.read(needed), dtype).reshape(shape, order="F" if fortran else "C")


def _network(arrays: dict[str, Array]) -> Network:
    indices = {int(key[1:]) for key in arrays if key[0] == "W"}
    for index in range(max(indices, default=0) + 1):
        if index not in indices:
            raise FormatError(f"W{index} is missing; the arrays are {', '.join(sorted(arrays)) or 'none'}")
    count = len(indices)
    for key in arrays:
        if int(re.sub("[a-zA-Z]", "", key)) >= count:
            raise FormatError(f"{key} does not belong to any layer; the last is that of W{count - 1}")
    layers: list[Layer] = []
    for k in range(count):
        weight, bias, relu = arrays[f"W{k}"], arrays.get(f"b{k}"), arrays.get(f"relu{k}", np.array(k < count - 1))
        if weight.ndim != 2:
            raise FormatError(f"W{k} has shape {weight.shape}; (outputs, inputs) is expected")
        if layers and weight.shape[1] != layers[-1].outputs:
            raise FormatError(f"W{k} has shape {weight.shape}; (outputs, {layers[-1].outputs}) is expected after layer {k - 1}")
        outputs = weight.shape[0]
        if bias is not None and bias.shape != (outputs,):
            raise FormatError(f"b{k} has shape {bias.shape}; ({outputs},) is expected")
        if relu.shape not in ((), (outputs,)):
            raise FormatError(f"relu{k} has shape {relu.shape}; () or ({outputs},) is expected")
        offset = [0] * outputs if bias is None else [exact(entry, f"b{k}[{i}]") for i, entry in enumerate(bias)]
        mask = np.broadcast_to(relu, outputs).tolist()
        layers.append(Layer.of(Matrix.of(weight, f"W{k}"), offset, relu=mask))
    return Network(tuple(layers))
