"""What certification answers, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from exactzones.rational import Vector


@dataclass(frozen=True)
class Certificate:
    """A certificate as lines of text, the header first."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class CanFire:
    """The property holds at ``witness``, by exact evaluation, on case number ``case``."""

    witness: Vector
    case: int
    certificate: Certificate


@dataclass(frozen=True)
class CannotFire:
    """The property holds nowhere on the domain; the certificate was accepted by the checker."""

    certificate: Certificate
    nodes: int


@dataclass(frozen=True)
class Complete:
    """Every point at which the property holds lies in a listed zone; the certificate was accepted by the checker."""

    certificate: Certificate
    nodes: int


@dataclass(frozen=True)
class Undecided:
    """A budget ran out; the certificate holds what was proved until then, and ``open_leaves`` regions are left."""

    certificate: Certificate
    open_leaves: int
    reason: str


Decision: TypeAlias = CanFire | CannotFire | Undecided
