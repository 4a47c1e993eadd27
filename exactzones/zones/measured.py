"""What a list of zones says about volumes."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from exactzones.polyhedra import Polyhedron
from exactzones.zone import Zone
from exactzones.zones.islands import Connections
from exactzones.zones.volumes import firing_volume, share_bounds, zone_volumes


class Measured:
    """The part of ``Zones`` that is about volumes."""

    zones: tuple[Zone, ...]
    domain: Polyhedron | None

    @cached_property
    def _connections(self) -> Connections | None:
        """What floats prove about all zones at once; None if the forward engine has no target."""
        return Connections.of(self.zones)

    @cached_property
    def volume(self) -> Fraction | None:
        """The exact volume of the firing set; None if it is infinite."""
        return firing_volume(self.zones)

    @cached_property
    def volumes(self) -> tuple[Fraction | None, ...]:
        """The ``volume`` of each zone: all at once are several times as fast."""
        return tuple(zone_volumes(self.zones))

    @cached_property
    def share(self) -> Fraction | None:
        """The volume of the firing set divided by that of the domain; None if the domain is unbounded.

        Raises:
            DomainError: there are too many inputs for that.
        """
        if self.domain is None or not self._is_bounded or self.volume is None:
            return None
        return self.volume / self.domain.cell().volume()

    def share_bounds(self, width: float = 1e-5) -> tuple[Fraction, Fraction] | None:
        """Return lower and upper bounds on ``share``, from floats with proved errors; None if the domain is unbounded.

        Args:
            width: of the bounds, relative to the share; the smaller, the more zones have to be computed exactly.
        """
        if self.domain is None or not self._is_bounded:
            return None
        if self._connections is not None:
            return share_bounds(self.zones, self._connections, self.domain, width)
        return None if self.share is None else (self.share, self.share)

    @property
    def _is_bounded(self) -> bool:
        """Whether the domain is bounded, so that there are volumes; if a zone has too many vertices for one, that is an error."""
        _ = self.zones[0].cell if self.zones and self.zones[0].kept is not None else None
        return self.domain is not None and self.domain.is_bounded
