"""Reading and writing files: one error per bad file that names it, limits for hostile ones, nothing half-written."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exactzones.errors import FormatError, InputError

MAX_BYTES = 2**31
"""Files, and the arrays that a compressed file unpacks to, are at most this large."""

MAX_WEIGHTS = 50_000_000
"""An exact weight takes some 70 bytes in memory: more than this many are refused before they are built."""

_LONGEST_MESSAGE = 400


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn whatever goes wrong with a file's content inside the block into one line that names the file.

    Raises:
        FormatError: in place of every InputError.
        InputError: in place of every OSError.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except InputError as error:
        message = " ".join(str(error).splitlines())
        if len(message) > _LONGEST_MESSAGE:  # it may quote a value from the file
            message = f"{message[: _LONGEST_MESSAGE // 2]} ... {message[-_LONGEST_MESSAGE // 2 :]}"
        raise FormatError(f"{path}: {message}") from None


def read_bytes(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """Return a file's content.

    Raises:
        FormatError: the file is larger than ``limit`` bytes.
        OSError: it cannot be read.
    """
    size = Path(path).stat().st_size
    if size > limit:
        raise FormatError(f"the file has {size} bytes; at most {limit} are read")
    return Path(path).read_bytes()


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write a file so that it holds either its old content or all of ``data``, whatever happens meanwhile.

    Raises:
        InputError: the file cannot be written; the message names it and the cause.
    """
    target = Path(path)
    # Not tempfile: its files are private to the user, and os.replace would hand that mode on.
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        try:
            with scratch.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
