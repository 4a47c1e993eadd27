"""Reading and writing files: errors that name the file, limits for hostile files, and no file is ever half-written."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from exactzones.errors import MOST_CHARACTERS, FormatError, InputError, WriteError, did_you_mean, one_line, quoted

MAX_BYTES = 2**31
"""Limit for the size of a file, and of the arrays that a compressed file unpacks to."""

MAX_WEIGHTS = 50_000_000
"""Limit for the weights of a network that are not zero; an exact weight takes some 70 bytes in memory."""

MAX_PLACES = 5_000_000_000
"""Limit for the weights of a network with its zeros."""

_GZIP = b"\x1f\x8b"
_scratch: set[Path] = set()  # files that are being written, under their temporary names


def as_path(value: Any, what: str = "path") -> str:
    """Return the path of a file.

    Raises:
        InputError: neither text nor a path.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise InputError(f'{what} is {quoted(value)}; expected the path of a file, such as "zones.json"')
    return os.fspath(value)


def is_on_disk(text: str) -> bool:
    """Tell whether a text is the path of something that exists; one that is too long for a path is not."""
    with suppress(OSError, ValueError):
        return bool(text.strip()) and Path(text).exists()
    return False


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn the errors of a block that reads a file into errors of one line that name the file.

    Raises:
        FormatError: instead of every InputError.
        InputError: instead of every OSError, and if the path is neither text nor a path.
    """
    path = as_path(path)
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: {unreadable(path) or error.strerror or error}") from None
    except InputError as error:
        raise FormatError(f"{path}: {one_line(str(error), MOST_CHARACTERS)}") from None  # it may quote a value from the file


def unreadable(path: str | os.PathLike[str]) -> str:
    """Return why a path cannot be read as a file, if that is because of what it names; else an empty text.

    >>> unreadable("/")
    'it is a folder; expected a file'
    """
    target = Path(path)
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return f"No such file or directory{_why_missing(target)}"
    except (OSError, ValueError):
        return ""
    if stat.S_ISDIR(mode):
        return "it is a folder; expected a file"
    return "it is a device; expected a file" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else ""


def _why_missing(path: Path) -> str:
    """Return a hint at what is wrong with the path of a file that does not exist; nothing if none is seen."""
    if path.is_symlink():
        return f"; it is a link to {str(path.readlink())!r}"
    if not path.parent.is_dir():
        return f"; the folder {str(path.parent)!r} does not exist"
    with suppress(OSError):  # the folder cannot be listed
        return did_you_mean(path.name, (other.name for other in path.parent.iterdir()))
    return ""


def read_bytes(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """Return a file's content.

    Raises:
        FormatError: the file is empty, larger than ``limit`` bytes, or not a file.
        OSError: the file cannot be read.
    """
    size = Path(path).stat().st_size
    if size > limit:
        raise FormatError(f"the file has {size} bytes; at most {limit} are supported")
    if problem := unreadable(path):
        raise FormatError(problem)
    content = Path(path).read_bytes()
    if not content:
        raise FormatError("the file is empty")
    return content


def read_unpacked(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """Return a file's content, decompressed if it is gzipped, whatever its name.

    Raises:
        FormatError: the file, or what it unpacks to, is larger than ``limit`` bytes; or the compressed data is damaged.
        OSError: the file cannot be read.
    """
    data = read_bytes(path, limit)
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            content = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error):
        raise FormatError("the gzipped file is damaged or cut short; compress it again") from None
    if len(content) > limit:
        raise FormatError(f"the file unpacks to more than {limit} bytes, which is the limit")
    return content


def make_folder(path: Path) -> None:
    """Make a folder, and those that it is in, if they do not exist.

    Raises:
        InputError: it cannot be made; the message says why.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = "it is a file; name a folder" if isinstance(error, FileExistsError) else error.strerror or error
        raise InputError(f"{path}: cannot be written: {problem}") from None


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write a file so that it holds either its old content or all of ``data``, whatever happens meanwhile.

    Raises:
        WriteError: the file cannot be written; the message says why.
    """
    with atomic_stream(path) as stream:
        stream.write(data)


@contextmanager
def atomic_stream(path: str | Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of ``path`` once the block has ended; if the block raises, ``path`` stays as it is.

    A symbolic link stays, and the file that it points to is replaced.

    Raises:
        WriteError: the file cannot be written; the message says why.
    """
    path = as_path(path)
    try:
        with scratch_beside(path) as scratch:
            with scratch.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            scratch.replace(os.path.realpath(path))
    except OSError as error:
        raise WriteError(f"{path}: cannot be written: {error.strerror or error}") from None


@contextmanager
def scratch_beside(path: str | Path) -> Iterator[Path]:
    """Yield a new name in the folder of a file, and remove the file of that name at the end if there is one."""
    target = Path(os.path.realpath(path))
    # Not tempfile: its files are private to the user, and the target would take over that mode.
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    _scratch.add(scratch)
    try:
        yield scratch
    finally:
        scratch.unlink(missing_ok=True)
        _scratch.discard(scratch)


def remove_scratch() -> None:
    """Remove the temporary files of writes that have not ended, before the process does."""
    for scratch in [*_scratch]:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
