"""What a list of zones says about volumes and means."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias, cast

from exactzones.errors import DomainError, InputError, quoted
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.marginal import PiecewisePolynomial, marginal
from exactzones.polyhedra.moments import Polynomial
from exactzones.rational import Vector, exact, index, sum_of_products
from exactzones.zone import Zone
from exactzones.zones.islands import Connections
from exactzones.zones.volumes import (
    firing_centroid,
    firing_functions,
    firing_moments,
    firing_volume,
    share_bounds,
    weighted_moments,
    zone_volumes,
)

Density: TypeAlias = Mapping[tuple[int, ...], Any]


class Measured:
    """The part of ``Zones`` that is about volumes and means."""

    network: Network
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
        return self.volume / self._volume_of_domain()

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

    def mean(self, density: Density | None = None) -> Fraction:
        """Return ``moment(1)``: for ``feature(k)``, above the threshold 0, the mean of its ReLU over the domain."""
        return self.moment(1, density)

    def moment(self, power: int = 1, density: Density | None = None) -> Fraction:
        """Return the mean over the domain of a power of the feature where the property holds, and of 0 elsewhere, exactly.

        The mean is that of a point which is uniform on the domain.  The feature is that of the property's first condition, as in
        ``maximum``.  So ``moment(0)`` is ``share``, and ``zones.moment(2) - zones.mean() ** 2`` a variance.

        Args:
            power: at least 0.
            density: of the point, instead of a uniform one: a polynomial, as coefficients by the exponents of the inputs, such as
                {(0, 0): 1, (2, 1): "1/2"} for 1 + x0^2 x1 / 2, up to a factor.  It should not be negative on the domain.

        Raises:
            DomainError: the domain is unbounded, there are too many inputs for volumes, or the density has no positive integral.
            InputError: the power is not an integer from 0, or the density is not such a polynomial.

        >>> from exactzones import Network, find_zones
        >>> zones = find_zones(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])]), 0, (-2, 2))    # |x| - 1
        >>> zones.mean(), zones.moment(2), zones.mean({(2,): 1})          # the last for the density 3 x^2 / 16
        (Fraction(1, 4), Fraction(1, 6), Fraction(17, 32))
        """
        highest = index(power, "power", least=0)
        if density is None:
            return self.moments(highest)[-1]
        self._volume_of_domain()
        return weighted_moments(self.zones, cast("Polyhedron", self.domain), highest, self._polynomial(density))

    def _polynomial(self, density: Density) -> Polynomial:
        """Return a density in exact numbers."""
        form = f'expected coefficients by {self.network.inputs} exponents, such as {{{(1,) * self.network.inputs}: "1/2"}}'
        if not isinstance(density, Mapping) or not all(isinstance(key, tuple) for key in density):
            raise InputError(f"density is {quoted(density)}; {form}")
        for exponents in density:
            if len(exponents) != self.network.inputs or not all(type(k) is int and k >= 0 for k in exponents):
                raise InputError(f"density has the exponents {quoted(exponents)}; {form}")
        return {exponents: exact(value, "coefficient of the density") for exponents, value in density.items()}

    def moments(self, power: int) -> list[Fraction]:
        """Return ``moment(0)``, .., ``moment(power)``: all at once take as long as the last one.

        Args:
            power: at least 0.

        Raises:
            DomainError: the domain is unbounded, or there are too many inputs for volumes.
            InputError: the power is not an integer from 0.
        """
        highest, whole = index(power, "power", least=0), self._volume_of_domain()
        return [sum_of_products([(integral, 1 / whole)]) for integral in firing_moments(self.zones, highest)]

    def centroid(self) -> Vector | None:
        """Return the mean input at which the property holds, of a point that is uniform on the domain; None if it holds nowhere.

        Raises:
            DomainError: the domain is unbounded, or there are too many inputs for volumes.

        >>> from exactzones import Network, find_zones
        >>> zones = find_zones(Network.mlp([([[1]], [0]), ([[1]], [-1])]), 0, (-2, 2))    # fires from 1 to 2
        >>> zones.centroid()
        (Fraction(3, 2),)
        """
        self._check_bounded()
        return firing_centroid(self.zones, self.volume or Fraction(0))

    def marginal(self, coordinate: int, power: int = 0) -> PiecewisePolynomial:
        """Return how ``moment(power)`` is spread along an input: a function whose integral it is, exactly.

        For a power of 0 that is the density with which the input has a value and the property holds, and for 1 the density times
        the feature's mean there, for a point which is uniform on the domain.

        Args:
            coordinate: the input; the first is 0.
            power: 0 or 1.

        Raises:
            DomainError: the domain is unbounded, or there are too many inputs for volumes.
            InputError: an input that does not exist, or another power.

        >>> from exactzones import Network, find_zones
        >>> density = find_zones(Network.mlp([([[1, 1]], [-1])]), 0, (0, 1)).marginal(0)    # x + y > 1 on the unit square
        >>> density.pieces, density.integral
        (((Fraction(0, 1), Fraction(1, 1)),), Fraction(1, 2))
        """
        degree, whole = index(power, "power", least=0), self._volume_of_domain()
        number, inputs = index(coordinate, "coordinate", least=0), self.network.inputs
        if degree > 1:
            raise InputError(f"power is {degree}; expected 0 or 1")
        if number >= inputs:
            raise InputError(f"coordinate is {number}; expected the number of an input, 0 to {inputs - 1}")
        return marginal(firing_functions(self.zones), number, degree, whole)

    def _volume_of_domain(self) -> Fraction:
        """Return the volume by which integrals are divided; 1 if there are no zones: then all are 0, in any number of inputs."""
        self._check_bounded()
        return self.domain.cell().volume() if self.zones and self.domain is not None else Fraction(1)

    def _check_bounded(self) -> None:
        if not self._is_bounded:
            raise DomainError('a mean over an unbounded domain does not exist; list the zones in a bounded one, such as "-1:1"')

    @property
    def _is_bounded(self) -> bool:
        """Whether the domain is bounded, so that there are volumes; if a zone has too many vertices for one, that is an error."""
        _ = self.zones[0].cell if self.zones and self.zones[0].kept is not None else None
        return self.domain is not None and self.domain.is_bounded
