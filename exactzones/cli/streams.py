"""The command line's standard streams: what cannot be written to one goes to the other, and libraries write to neither."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from typing import IO, Any, Self


class _Output(io.RawIOBase):
    """A file descriptor to write to, whose failures are kept for later.

    Args:
        descriptor: None if it is closed.
        fallback: takes what this one does not; None is nowhere.

    Attributes:
        failure: why it could not be written; None if it could, or if the reader has closed the pipe.
    """

    def __init__(self, descriptor: int | None, fallback: _Output | None = None) -> None:
        super().__init__()
        self.descriptor, self.fallback = descriptor, fallback
        self.failure: str | None = None
        self.reader_left = False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self.descriptor is not None and os.isatty(self.descriptor)

    def fileno(self) -> int:
        if self.descriptor is None:
            raise OSError("closed")
        return self.descriptor

    def write(self, data: Any) -> int:
        """Write bytes, all of them unless the operating system takes fewer; return how many."""
        if self.reader_left:
            return len(data)
        if self.failure is None:
            try:
                return self._written(data)
            except BrokenPipeError:
                self.reader_left = True
                return len(data)
            except OSError as error:
                self.failure = error.strerror or str(error)
        return len(data) if self.fallback is None else self.fallback.write(data)

    def write_document(self, data: bytes) -> None:
        """Write a document, or a part of one, here or nowhere."""
        rest = memoryview(data)
        try:
            while rest and not self.reader_left and self.failure is None:
                rest = rest[self._written(rest) :]
        except BrokenPipeError:
            self.reader_left = True
        except OSError as error:
            self.failure = error.strerror or str(error)

    def _written(self, data: Any) -> int:
        if self.descriptor is None:
            raise OSError("it is closed")
        return os.write(self.descriptor, data)


class Streams:
    """A context manager that lets ``sys.stdout`` and ``sys.stderr`` survive a full disk, a closed pipe and a closed descriptor.

    Descriptors 1 and 2 lead nowhere meanwhile, since C libraries write to them, unless EXACTZONES_DEBUG is set.

    Attributes:
        failure: why standard output could not be written; None if it could.
    """

    def __enter__(self) -> Self:
        self._before = sys.stdout, sys.stderr
        for stream in self._before:
            if stream is not None:
                stream.flush()
        debugging = bool(os.environ.get("EXACTZONES_DEBUG"))
        self._descriptors = [_duplicate(number, silence=not debugging) for number in (1, 2)]
        self._err = _Output(self._descriptors[1])
        self._out = _Output(self._descriptors[0], self._err)
        if all(map(_has_descriptor, self._before)):  # else somebody collects what is printed
            sys.stdout, sys.stderr = _text(self._out), _text(self._err)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        if not debugging:
            logging.disable()  # libraries log; we do not
            warnings.showwarning = _show_own
        return self

    @property
    def failure(self) -> str | None:
        """See the class."""
        return self._out.failure

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()
        if self.failure is not None:
            sys.stderr.write(f"error: standard output cannot be written: {self.failure}\n")
        sys.stderr.flush()
        self._warnings.__exit__(None, None, None)
        logging.disable(logging.NOTSET)
        sys.stdout, sys.stderr = self._before
        for number, descriptor in zip((1, 2), self._descriptors, strict=True):
            if descriptor is not None:
                os.dup2(descriptor, number)
                os.close(descriptor)


def print_document(document: bytes) -> None:
    """Print a document, or a part of one, to standard output and nowhere else; see ``stdout_failed``."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output):
        raw.write_document(document)
    else:
        sys.stdout.write(document.decode())


def stdout_failed() -> bool:
    """Tell whether standard output could not be written, so that what is printed goes to standard error."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, _Output) and raw.failure is not None


def _duplicate(number: int, *, silence: bool) -> int | None:
    """Return a duplicate of a file descriptor, None if it is closed; if ``silence``, the original then leads nowhere."""
    try:
        copy = os.dup(number)
    except OSError:
        copy = None
    if silence or copy is None:  # a file that is opened must not become standard output
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)
    return copy


def _has_descriptor(stream: IO[str] | None) -> bool:
    try:
        return stream is None or stream.fileno() >= 0
    except OSError:
        return False


def _text(raw: _Output) -> IO[str]:
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="replace", write_through=True)


def _show_own(message: Warning | str, category: type[Warning], *_args: Any, **_options: Any) -> None:
    """Print a warning of ours as a line; those of libraries are not for users."""
    if category.__module__.partition(".")[0] == "exactzones":
        sys.stderr.write(f"warning: {message}\n")
