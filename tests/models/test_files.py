import os
import stat
from pathlib import Path

import pytest
from models.support import refused

from exactzones import files
from exactzones.errors import InputError
from exactzones.models import load_network, save_network
from exactzones.network import Network

NET = Network.of(([[1]], None, True))


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
def test_a_missing_file(suffix, tmp_path):
    refused(load_network, tmp_path / f"no{suffix}", "No such file or directory", error=InputError)


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
def test_a_folder(suffix, tmp_path):
    path = tmp_path / f"folder{suffix}"
    path.mkdir()
    refused(load_network, path, "it is a folder; expected a file", error=InputError)
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        save_network(NET, path)


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
def test_a_folder_that_is_not_there(suffix, tmp_path):
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        save_network(NET, tmp_path / "no" / f"net{suffix}")


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
def test_a_failed_write_leaves_the_old_file(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"net.*: cannot be written: No space left on device"):
        save_network(NET, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net.json"
    path.write_bytes(b"old")

    def interrupt(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_network(NET, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_the_usual_mode(tmp_path):
    (tmp_path / "usual").touch()
    save_network(NET, tmp_path / "net.json")
    assert stat.S_IMODE((tmp_path / "net.json").stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


def test_a_file_beyond_the_limit(tmp_path):
    path = tmp_path / "net.json"
    save_network(NET, path)
    size = path.stat().st_size
    assert files.read_bytes(path, size) == path.read_bytes()
    with pytest.raises(InputError, match=f"the file has {size} bytes; at most {size - 1} are supported"):
        files.read_bytes(path, size - 1)


def test_messages_stay_short_and_on_one_line():
    with pytest.raises(InputError) as caught, files.naming("a.json"):
        raise InputError("first\nsecond " + "x" * 10_000)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("a.json: first second xxx")
    assert len(str(caught.value)) < 450
