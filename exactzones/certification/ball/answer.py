"""What is known of the distance from a point to the inputs at which a property holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from exactzones.certification.results import Certificate
from exactzones.network import Pattern
from exactzones.notation import number, point, root
from exactzones.rational import Vector


@dataclass(frozen=True)
class NearestInput:
    """How far a point is from the inputs at which a property holds.

    Attributes:
        norm: 1, 2 or "inf".
        lower: no input nearer than this has the property; for the norm 2 the square.
        upper: the distance of ``point``, for the norm 2 its square; None if no such input is known.
        point: an input at which the property holds or, if not ``attained``, next to which it does; None if none is known.
        attained: whether the property holds at ``point``.
        pattern: the activation pattern of the zone that ``point`` belongs to.
        certificate: proves that the property holds nowhere on the box of this radius around the point; None if there is none.
        radius: of that box.
    """

    norm: Literal[1, 2, "inf"]
    lower: Fraction
    upper: Fraction | None
    point: Vector | None
    attained: bool
    pattern: Pattern | None
    certificate: Certificate | None = field(repr=False, default=None)
    radius: Fraction = Fraction(0)

    @property
    def exact(self) -> bool:
        """Whether ``upper`` is the distance."""
        return self.lower == self.upper

    def __repr__(self) -> str:
        write = root if self.norm == 2 else number
        if self.upper is None or self.point is None:
            return f"NearestInput(distance at least {write(self.lower)})"
        distance = write(self.upper) if self.exact else f"between {write(self.lower)} and {write(self.upper)},"
        return f"NearestInput(distance {distance} at {point(self.point)}{'' if self.attained else ', not attained'})"
