"""Certificates as files: lines of JSON, gzipped if the name ends with ``.gz``."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

from exactzones.certification import Certificate
from exactzones.errors import WriteError, require
from exactzones.files import write_atomically


def save_certificate(certificate: Certificate, path: str | Path) -> None:
    """Write a certificate, gzipped if the name ends with ``.gz``.

    Raises:
        InputError: the file cannot be written.
    """
    require(certificate, Certificate, "certificate", "a Certificate, such as that of an answer of certify")
    save_lines(certificate.lines, path)


def save_lines(lines: Iterable[str], path: str | Path) -> None:
    """Write lines, gzipped if the name ends with ``.gz``.

    Raises:
        InputError: the file cannot be written.
    """
    text = "".join(f"{line}\n" for line in lines).encode()
    write_atomically(path, gzip.compress(text, mtime=0) if str(path).endswith(".gz") else text)


class Checkpoint:
    """Writes a certificate to a file as it grows; an error is left to the last write, which reports it.

    Args:
        path: of the file, gzipped if the name ends with ``.gz``; it always holds a whole certificate.
    """

    def __init__(self, path: str | Path) -> None:
        self._path, self._failed = path, False

    def __call__(self, certificate: Certificate) -> None:
        """Write the certificate so far."""
        if not self._failed:
            try:
                save_certificate(certificate, self._path)
            except WriteError:
                self._failed = True


def load_certificate(path: str | Path) -> Certificate:
    """Read a certificate: see ``Certificate.load``."""
    return Certificate.load(path)
