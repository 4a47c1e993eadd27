"""What certification answers, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from exactzones.rational import Vector


@dataclass(frozen=True)
class Certificate:
    """A certificate as lines of text, the header first.

    Attributes:
        lines: lines of JSON without line ends; see proofs/certificate.md.
    """

    lines: tuple[str, ...]


@dataclass(frozen=True)
class CanFire:
    """The property holds at ``witness``, by exact evaluation, on case number ``case``.

    Attributes:
        witness: an exact point, shape (inputs,).
        case: the first case is 0; ``certify`` has no other.
        certificate: the claim with its witness.
    """

    witness: Vector
    case: int
    certificate: Certificate


@dataclass(frozen=True)
class CannotFire:
    """The property holds nowhere on the domain; the certificate was accepted by the checker.

    Attributes:
        certificate: the proof.
        nodes: how many regions it has.
    """

    certificate: Certificate
    nodes: int


@dataclass(frozen=True)
class Complete:
    """Every point at which the property holds lies in a listed zone; the certificate was accepted by the checker.

    Attributes:
        certificate: the proof, with the list of zones.
        nodes: how many regions it has.
    """

    certificate: Certificate
    nodes: int


@dataclass(frozen=True)
class Undecided:
    """A budget ran out; the certificate holds what was proved until then, and ``open_leaves`` regions are left.

    Attributes:
        certificate: what was proved; ``certify`` goes on from it with ``resume``.
        open_leaves: how many regions are left.
        reason: why: time ran out, it was interrupted, or no prover could decide them.
    """

    certificate: Certificate
    open_leaves: int
    reason: str


Decision: TypeAlias = CanFire | CannotFire | Undecided
