"""Tensors of ONNX models: in the model's file, or in other files of its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exactzones.errors import FormatError
from exactzones.files import MAX_BYTES
from exactzones.models.arrays import Array
from exactzones.models.onnx_tensors import tensor_array

_KEYS = ("location", "offset", "length", "checksum", "basepath")


@dataclass(frozen=True, slots=True)
class TensorReader:
    """Reads the tensors of a model.

    Attributes:
        onnx: the package.
        folder: of the model's file; external data is read from files in it only.
    """

    onnx: Any
    folder: Path

    def array(self, tensor: Any, what: str) -> Array:
        """Return a TensorProto as an array.

        Args:
            tensor: a TensorProto; its data may be in another file.
            what: name in messages.

        Raises:
            FormatError: the type is not a number, the shape and the data disagree, or the data is in a file that is not in the
                folder, or is shorter than the tensor.
            OSError: a file cannot be read.
        """
        if tensor.data_location != self.onnx.TensorProto.EXTERNAL and not tensor.external_data:
            return tensor_array(self.onnx, tensor, what)
        inside = self.onnx.TensorProto(data_type=tensor.data_type, dims=tensor.dims)
        inside.raw_data = self._external(tensor, what)
        return tensor_array(self.onnx, inside, what)

    def _external(self, tensor: Any, what: str) -> bytes:
        """Return the bytes of a tensor in another file."""
        fields = {entry.key: entry.value for entry in tensor.external_data}
        location = fields.get("location", "")
        path, folder = self.folder / location, self.folder.resolve()
        if not location or not set(fields) <= set(_KEYS):
            raise FormatError(f"{what} keeps its data in another file, but its fields are {sorted(fields)}; location is expected")
        if "\0" in location or not path.resolve().is_relative_to(folder):
            raise FormatError(f"{what} keeps its data in {location!r}, which is not in the model's folder, so it is not read")
        if not path.is_file():
            raise FormatError(f"{what} keeps its data in {location!r}, which is not in the model's folder; put the file there")
        try:
            offset = int(fields.get("offset", "0"))
            length = int(fields["length"]) if "length" in fields else path.stat().st_size - offset
        except ValueError:
            offset = length = -1
        if offset < 0 or not 0 <= length <= MAX_BYTES:
            raise FormatError(
                f"{what} has offset {fields.get('offset')!r} and length {fields.get('length')!r} in {location!r}; "
                f"numbers from 0 to {MAX_BYTES} are expected"
            )
        with path.open("rb") as stream:
            stream.seek(offset)
            data: bytes = stream.read(length)
        if len(data) < length:
            raise FormatError(f"{what} needs bytes {offset} to {offset + length} of {location!r}, which has fewer")
        return data
