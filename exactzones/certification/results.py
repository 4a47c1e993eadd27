"""The results of certification, with their evidence."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from exactzones.checker import lines_of
from exactzones.files import as_path
from exactzones.notation import number, point
from exactzones.rational import Vector


@dataclass(frozen=True)
class Certificate:
    """A certificate as lines of text, the header first.

    Attributes:
        lines: lines of JSON without line breaks; see proofs/certificate.md.
    """

    lines: tuple[str, ...]

    def save(self, path: str | PathLike[str]) -> None:
        """Write the certificate to a file, gzipped if its name ends in ``.gz``.

        Raises:
            InputError: the file cannot be written.
        """
        import_module("exactzones.formats.certificates").save_certificate(self, as_path(path))  # a floor above

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Certificate:
        """Read a certificate from a file, without checking it: see ``check``.

        Raises:
            FormatError: the file is truncated, or not text.
            InputError: the file cannot be read.
        """
        return cls(tuple(line.rstrip("\n") for line in lines_of(Path(as_path(path)))))

    def __repr__(self) -> str:
        return f"Certificate({len(self.lines):,} lines)"


@dataclass(frozen=True)
class CanFire:
    """The property holds at ``witness``, by exact evaluation, on case number ``case``.

    Attributes:
        witness: an exact point, shape (inputs,).
        case: number of the case, from 0; always 0 for ``certify``.
        certificate: the witness as a certificate.
    """

    witness: Vector
    case: int
    certificate: Certificate

    def __repr__(self) -> str:
        return f"CanFire(at {point(self.witness)}{f', case {self.case}' if self.case else ''})"


@dataclass(frozen=True)
class CannotFire:
    """The property holds nowhere on the domain; the certificate was accepted by the checker.

    Attributes:
        certificate: the proof.
        nodes: number of nodes of the proof.
    """

    certificate: Certificate
    nodes: int

    def __repr__(self) -> str:
        return f"CannotFire({self.nodes:,} nodes)"


@dataclass(frozen=True)
class Complete:
    """Every point at which the property holds lies in a listed zone; the certificate was accepted by the checker.

    Attributes:
        certificate: the proof, with the list of zones.
        nodes: number of nodes of the proof.
    """

    certificate: Certificate
    nodes: int

    def __repr__(self) -> str:
        return f"Complete({self.nodes:,} nodes)"


@dataclass(frozen=True)
class Undecided:
    """Not decided: the certificate holds what was proved, and ``open_leaves`` regions are left open.

    Attributes:
        certificate: what was proved; pass it to ``certify`` as ``resume`` to continue.
        open_leaves: number of regions that are left open.
        reason: time ran out, the user interrupted the run, a worker died, or no prover could decide the regions.
        missing_margin: in float arithmetic, by how much the best bound of a condition exceeds, in some open region, what a proof
            needs, roughly; None if not known.
    """

    certificate: Certificate
    open_leaves: int
    reason: str
    missing_margin: float | None = None

    def __repr__(self) -> str:
        return f"Undecided({self.reason}, {self.open_leaves:,} regions are left)"


Decision: TypeAlias = CanFire | CannotFire | Undecided


@dataclass(frozen=True)
class ProvedMaximum:
    """The supremum of a feature on a domain; in floats, bounds of its largest value.

    Attributes:
        value: the largest value; None if the feature is unbounded.  In floats a number that no order of summation exceeds.
        point: where the feature has this value (see ``attained``) or, if it is unbounded, where the ray starts.
        ray: a direction in which it grows without bound.
        certificate: proves that the feature is nowhere greater than ``value``; None if it is unbounded.
        attained: whether a point of the domain has this value: strict rows of the domain may exclude all that have it, and
            ``point`` is then one of them, on the boundary.  None if that is not known, as always in floats.
        reached: in floats, a number that every order of summation exceeds at ``point``; None if none is known.
        upper: if a limit ended the proof, a number that the feature nowhere exceeds, in floats in no order of summation; None if
            none is known.
        upper_certificate: proves that.
    """

    value: Fraction | None
    point: Vector
    ray: Vector | None
    certificate: Certificate | None
    attained: bool | None = True
    reached: Fraction | None = None
    upper: Fraction | None = None
    upper_certificate: Certificate | None = None

    def __repr__(self) -> str:
        if self.ray is not None:
            return f"ProvedMaximum(unbounded, from {point(self.point)} along {point(self.ray)})"
        value = "" if self.value is None else number(self.value)
        if self.reached is not None:
            return f"ProvedMaximum(from {number(self.reached)}, at {point(self.point)}, to {value})"
        if self.upper is not None:
            return f"ProvedMaximum({value} at {point(self.point)}, nowhere more than {number(self.upper)})"
        attained = {True: "", False: ", not attained", None: ", perhaps not attained"}[self.attained]
        return f"ProvedMaximum({value} at {point(self.point)}{attained}{'' if self.certificate else ', not proved'})"
