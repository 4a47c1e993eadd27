import io
import struct
import zipfile

import numpy as np
import pytest
from models.support import refused

from exactzones.models import load_network, npz
from exactzones.rational import vector


def header(shape, descr="<f8"):
    """Return a .npy member that claims this shape and holds no data."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) + 1) + text + b"\n"


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            target.writestr(f"{name}.npy", data)


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array))
    return buffer.getvalue()


def test_the_defaults(tmp_path):
    np.savez(tmp_path / "net.npz", W0=[[1, 2], [3, 4]], b0=[5, 6], W1=[[1.0, -0.5]])
    first, last = load_network(tmp_path / "net.npz").layers
    assert (first.bias, first.relu) == (vector(5, 6), (True, True))
    assert (last.bias, last.relu) == (vector(0), (False,))
    assert last.weight.rows == (vector(1, "-1/2"),)


def test_relu_masks(tmp_path):
    np.savez(
        tmp_path / "net.npz",
        W0=np.eye(2),
        relu0=np.array(False),
        W1=np.eye(2),
        relu1=np.array([True, False]),
        W2=np.eye(2),
        relu2=True,
    )
    assert [layer.relu for layer in load_network(tmp_path / "net.npz").layers] == [(False, False), (True, False), (True, True)]


def test_compressed_and_column_major(tmp_path):
    weight = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.savez_compressed(tmp_path / "net.npz", W0=weight)
    assert load_network(tmp_path / "net.npz").layers[0].weight.rows == (vector(0, 1, 2), vector(3, 4, 5))


def test_more_than_ten_layers(tmp_path):
    np.savez(tmp_path / "net.npz", **{f"W{k}": [[k + 1]] for k in range(12)})
    assert [layer.weight[0, 0] for layer in load_network(tmp_path / "net.npz").layers] == list(range(1, 13))


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        ({}, ["W0 is missing; the arrays are none"]),
        ({"b0": [1]}, ["W0 is missing; the arrays are b0"]),
        ({"W1": [[1]]}, ["W0 is missing"]),
        ({"W0": [[1]], "W2": [[1]]}, ["W1 is missing"]),
        ({"W0": [[1]], "b1": [1]}, ["b1 does not belong to any layer; the last is that of W0"]),
        ({"W0": [[1]], "relu3": True}, ["relu3 does not belong to any layer"]),
        ({"W0": [[1]], "weights": [1]}, ["'weights' is not a known key"]),
        ({"W00": [[1]]}, ["'W00' is not a known key"]),
        ({"W0": [[1]], "w1": [[1]]}, ["'w1' is not a known key"]),
        ({"W0": [[1, np.nan]]}, ["W0[0][1] is nan"]),
        ({"W0": [[-np.inf]]}, ["W0[0][0] is -inf"]),
        ({"W0": [[1]], "b0": [np.nan]}, ["b0[0] is nan"]),
        ({"W0": [[1]], "b0": [np.inf]}, ["b0[0] is inf"]),
        ({"W0": [1]}, ["W0 has shape (1,)"]),
        ({"W0": 1}, ["W0 has shape ()"]),
        ({"W0": [[[1]]]}, ["W0 has shape (1, 1, 1)"]),
        ({"W0": np.zeros((0, 2))}, ["W0 has 0 bytes of data; its shape (0, 2) needs 0, and must have positive lengths"]),
        ({"W0": np.zeros((2, 0))}, ["W0 has 0 bytes of data; its shape (2, 0)"]),
        ({"W0": [[1]], "b0": [[1]]}, ["b0 has shape (1, 1); (1,) is expected"]),
        ({"W0": [[1]], "b0": [1, 2]}, ["b0 has shape (2,); (1,) is expected"]),
        ({"W0": [[1]], "b0": 1}, ["b0 has shape ()"]),
        ({"W0": [[1], [2]], "W1": [[1]]}, ["W1 has shape (1, 1); (outputs, 2) is expected after layer 0"]),
        ({"W0": [[1]], "relu0": [True, False]}, ["relu0 has shape (2,)"]),
        ({"W0": [[1]], "relu0": 1}, ["relu0 has NumPy type int64; truth values are expected"]),
        ({"W0": [[True]]}, ["W0 has NumPy type bool"]),
        ({"W0": [[1j]]}, ["W0 has NumPy type complex128"]),
        ({"W0": [["1/2"]]}, ["W0 has NumPy type <U3"]),
        ({"W0": np.zeros((1, 1), np.longdouble)}, ["W0 has NumPy type"]),
        ({"W0": np.zeros(1, [("x", "f8")])}, ["W0 has NumPy type"]),
        ({"W0": np.array([[1, None]], object)}, ["W0 holds Python objects", "never unpickled"]),
        ({"W0": np.array([["1970"]], "M8[Y]")}, ["W0 has NumPy type"]),
    ],
)
def test_bad_arrays(arrays, parts, tmp_path):
    np.savez(tmp_path / "bad.npz", **arrays)
    refused(load_network, tmp_path / "bad.npz", *parts)


@pytest.mark.parametrize("data", [b"", b"PK", b"not an archive", b"\x93NUMPY\x01\x00", npy([[1.0]])])
def test_what_is_no_archive(data, tmp_path):
    (tmp_path / "bad.npz").write_bytes(data)
    refused(load_network, tmp_path / "bad.npz", "not a whole .npz archive" if data else "the file is empty")


def test_every_truncation(tmp_path):
    np.savez_compressed(tmp_path / "good.npz", W0=np.arange(6.0).reshape(2, 3), b0=[1.0, 2.0])
    data = (tmp_path / "good.npz").read_bytes()
    for length in range(0, len(data), 7):
        (tmp_path / "bad.npz").write_bytes(data[:length])
        refused(load_network, tmp_path / "bad.npz", "not a whole .npz archive" if length else "the file is empty")


def test_a_flipped_bit_is_found(tmp_path):
    np.savez(tmp_path / "net.npz", W0=[[1.0, 2.0]])
    data = bytearray((tmp_path / "net.npz").read_bytes())
    data[data.index(np.float64(2).tobytes()) + 7] ^= 1
    (tmp_path / "net.npz").write_bytes(data)
    refused(load_network, tmp_path / "net.npz", "not a whole .npz archive", "CRC")


@pytest.mark.parametrize(
    ("member", "parts"),
    [
        (header("(1000000, 1000000)"), ["W0 has 0 bytes of data; its shape (1000000, 1000000) needs 8000000000000"]),
        (header("(-1, -1)"), ["W0 has 0 bytes of data; its shape (-1, -1)"]),
        (header("(1, 1)") + bytes(16), ["W0 has 16 bytes of data; its shape (1, 1) needs 8"]),
        (header("(1, 1)", "|O") + bytes(8), ["W0 holds Python objects"]),
        (header("(1, 'x')"), ["W0 has no array header that can be read"]),
        (header("(" * 4000 + ")" * 4000), ["W0 has no array header that can be read"]),
        (b"\x93NUMPY\x03\x00", ["W0 has no array header that can be read"]),
        (b"\x93NUMPY\x01\x00\xff\xff{", ["W0 has no array header that can be read"]),
        (b"junk", ["W0 has no array header that can be read"]),
        (b"", ["W0 has no array header that can be read"]),
    ],
)
def test_bad_headers(member, parts, tmp_path):
    archive(tmp_path / "bad.npz", W0=member)
    refused(load_network, tmp_path / "bad.npz", *parts)


def test_a_zip_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_BYTES", 10_000_000)
    archive(tmp_path / "bomb.npz", W0=header("(1, 1250001)") + bytes(10_000_008))
    assert (tmp_path / "bomb.npz").stat().st_size < 20_000
    refused(load_network, tmp_path / "bomb.npz", "the arrays unpack to", "at most 10000000 are supported")


def test_too_many_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "MAX_WEIGHTS", 5)
    np.savez(tmp_path / "net.npz", W0=np.zeros((2, 3), np.int8))
    refused(load_network, tmp_path / "net.npz", "the arrays have 6 entries; at most 5 are supported")


def test_a_member_twice(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as target:
        target.writestr("W0.npy", npy([[1.0]]))
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("W0.npy", npy([[2.0]]))
    refused(load_network, tmp_path / "bad.npz", "W0 is in the archive twice")


def test_an_encrypted_member(tmp_path):
    np.savez(tmp_path / "bad.npz", W0=[[1.0]])
    data = bytearray((tmp_path / "bad.npz").read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    (tmp_path / "bad.npz").write_bytes(data)
    refused(load_network, tmp_path / "bad.npz", "not a whole .npz archive", "encrypted")
