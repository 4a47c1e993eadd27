"""Certificates as files: lines of JSON, gzipped if the name ends with ``.gz``."""

from __future__ import annotations

import gzip
from pathlib import Path

from exactzones.certification import Certificate
from exactzones.errors import require
from exactzones.files import write_atomically


def save_certificate(certificate: Certificate, path: str | Path) -> None:
    """Write a certificate, gzipped if the name ends with ``.gz``.

    Raises:
        InputError: the file cannot be written.
    """
    require(certificate, Certificate, "certificate", "a Certificate, such as that of an answer of certify")
    text = "".join(f"{line}\n" for line in certificate.lines).encode()
    write_atomically(path, gzip.compress(text, mtime=0) if str(path).endswith(".gz") else text)


def load_certificate(path: str | Path) -> Certificate:
    """Read a certificate: see ``Certificate.load``."""
    return Certificate.load(path)
