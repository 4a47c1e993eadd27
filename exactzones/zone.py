"""Activation zones: convex pieces of the input space on which the network is affine and a property fires."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, total_ordering
from typing import Any, overload

from exactzones.affine import AffineMap
from exactzones.band import UNBOUNDED, Band, Extents, band_of, extents_of
from exactzones.deprecated import renamed_argument
from exactzones.errors import DomainError
from exactzones.network import Network, Pattern
from exactzones.notation import comparison, escaped, html_lines, html_table, linear, number, point, turned
from exactzones.polyhedra import Cell, HRep, Polyhedron, VRep
from exactzones.polyhedra.inequality_cell import InequalityCell
from exactzones.polyhedra.shapes import bounding_box, corners, outline
from exactzones.polyhedra.svg import Shape, svg
from exactzones.property import Property
from exactzones.rational import Row, Vector, dot, integer_dot, over_common_denominator, quotient, read_points, sympy_module
from exactzones.zone_parts import CellSource, CellWithConditions, Maximum, ZoneCondition, condition_on

__all__ = ["CellSource", "CellWithConditions", "Maximum", "Zone", "ZoneCondition", "condition_on"]


@total_ordering
@dataclass(frozen=True, eq=False)
class Zone:
    """A closed full-dimensional cell of the network's polyhedral complex, and the conditions under which the property fires.

    The property fires at a point of the cell iff every condition holds there; a zone is listed iff there is such a point.  Two
    zones of the same network, property and domain are equal iff their patterns are.  Zones are ordered by their patterns, a
    neuron's "+" before its "-".

    Attributes:
        network: the network.
        prop: the resolved property.
        pattern: the activation pattern: a string of signs for each layer with ReLU units that matters to the property.
        source: the closed cell, intersected with the domain, or an object that computes it on demand.

    Source: proofs/4-cover.md.
    """

    network: Network
    prop: Property
    pattern: Pattern
    source: Cell | CellSource

    @cached_property
    def cell(self) -> Cell:
        """The closed cell, intersected with the domain, with its vertices.

        Raises:
            DomainError: the engine kept the cell by its inequalities, and there may be too many vertices.
        """
        return self.source if isinstance(self.source, Cell) else self.source.cell()

    @property
    def kept(self) -> InequalityCell | None:
        """The closed cell if the engine kept it by its inequalities, without vertices; else None."""
        return getattr(self.source, "inequalities", None)

    @cached_property
    def conditions(self) -> tuple[ZoneCondition, ...]:
        """The property's conditions as affine functions on the cell."""
        if not any(condition.terms for condition in self.prop.conditions):
            constant = (Fraction(0),) * self.network.inputs
            return tuple(ZoneCondition((condition.constant, *constant), condition.strict) for condition in self.prop.conditions)
        rows = None if isinstance(self.source, Cell) else self.source.conditions()
        if rows is not None:
            return tuple(ZoneCondition(row, c.strict) for row, c in zip(rows, self.prop.conditions, strict=True))
        kept: list[tuple[bool, ...]] = []
        signs = iter(self.pattern)
        for k, layer in enumerate(self.network.layers):
            regime = next(signs) if layer.relu_units and k < self.prop.horizon else "+" * len(layer.relu_units)
            kept.append(layer.kept(regime))
        return tuple(
            condition_on(condition, self.maps[condition.layer], kept[condition.layer]) for condition in self.prop.conditions
        )

    @property
    def hrep(self) -> HRep:
        """The irredundant inequalities of the closed cell, ``b + a . x >= 0``."""
        return self.cell.hrep if self.kept is None else self.kept.hrep

    @property
    def vrep(self) -> VRep:
        """The vertices, rays and lines of the closed cell."""
        return self.cell.vrep

    @property
    def listed_vrep(self) -> VRep | None:
        """The same for lists of zones; None if the engine kept the cell without them, and there may be many."""
        return self.vrep if self.kept is None or self.kept.has_few_corners else None

    @property
    def listed_counts(self) -> tuple[int, int, int] | None:
        """The numbers of the vertices, rays and lines of ``listed_vrep``."""
        if self.kept is not None and not self.kept.has_few_corners:
            return None
        vertices = sum(1 for ray in self.cell.rays if ray[0])
        return vertices, len(self.cell.rays) - vertices, len(self.cell.lines)

    @cached_property
    def maps(self) -> tuple[AffineMap, ...]:
        """The affine maps from the input to the pre-activations of each layer up to the property's last layer."""
        return self.network.regime_maps(self.pattern, self.prop.horizon)

    @property
    def affine(self) -> AffineMap:
        """The network on this zone: the affine map from the input to the pre-activations of the property's last layer."""
        return self.maps[self._last_layer]

    @property
    def _last_layer(self) -> int:
        return max((condition.layer for condition in self.prop.conditions), default=len(self.maps) - 1)

    @cached_property
    def neuron_rows(self) -> tuple[tuple[int, int, Row], ...]:
        """(layer, unit, row) of each hidden neuron: on the cell its pre-activation is a positive multiple of ``row . (1, x)``."""
        return self.network.neuron_rows(self.maps[: self.prop.horizon])

    @property
    def signs(self) -> str:
        """The pattern as one string, in the order of ``neuron_rows``."""
        return "".join(self.pattern)

    @property
    def inequalities(self) -> HRep:
        """All inequalities of the pattern, redundant or not, without those of the domain."""
        signed = (
            row if sign == "+" else tuple(-entry for entry in row)
            for (_, _, row), sign in zip(self.neuron_rows, self.signs, strict=True)
        )
        return HRep.of(self.network.inputs, signed)

    @property
    def can_fire(self) -> bool:
        """Whether the property fires somewhere on the closed cell, so that the zone is listed."""
        for condition in self.conditions:
            constant = not any(condition.row[1:])
            if constant and (condition.row[0] < 0 or (condition.row[0] == 0 and condition.strict)):
                return False
            if not constant and condition.strict and not self._exceeds(condition.integer_row):
                return False
        if len(self.conditions) == 1 and self.conditions[0].strict:
            return True
        if self.kept is not None and self.kept.point_where(self._open_rows) is not None:
            return True
        if self.prop.is_open:
            return self.kept is None and self.firing_cell is not None
        return not self.firing.is_empty

    def _exceeds(self, row: Row) -> bool:
        """Tell whether an affine function is positive somewhere on the cell."""
        return self.cell.signs(row)[1] if self.kept is None else self.kept.exceeds(row)

    @property
    def _open_rows(self) -> list[Row]:
        """The conditions on the cell, without those that hold everywhere because they are zero there."""
        return [c.integer_row for c in self.conditions if any(c.row) or c.strict]

    @cached_property
    def firing_cell(self) -> Cell | None:
        """The closure of the firing part as a cell; None if the part is not full-dimensional (only with ``>=`` conditions)."""
        cell: Cell | None = self.cell
        for condition in self.conditions:
            if cell is not None and any(condition.row):
                cell = cell.halves(condition.integer_row)[1]
        return cell

    @cached_property
    def firing(self) -> Polyhedron:
        """The part of the cell on which the property fires, with strict conditions as strict rows."""
        strict = [condition.integer_row for condition in self.conditions if condition.strict]
        if self.kept is None and self.firing_cell is not None:
            return Polyhedron.of_cell(self.firing_cell, strict=strict)
        rows = [condition.integer_row for condition in self.conditions if not condition.strict]
        return Polyhedron.of(self.network.inputs, (*self.hrep.rows, *rows), strict=strict)

    @property
    def firing_part(self) -> Cell | Polyhedron:
        """The firing part as a shape: ``firing_cell``, or ``firing`` if the part is not full-dimensional."""
        return self.firing_cell or self.firing

    @cached_property
    def sample(self) -> Vector:
        """A point in the relative interior of the firing part, shape (inputs,)."""
        rows = self._open_rows
        inside = None if self.kept is None else self.kept.point_where(rows)
        if self.kept is None or inside is None:
            return self.firing_part.interior_point()
        return self.kept.rounded(inside, rows)

    @cached_property
    def maximum(self) -> Maximum:
        """The supremum over the closed cell of the feature in the property's first condition (its value plus the threshold)."""
        row, scale = self._feature
        if self.kept is not None:
            return Maximum.of(self.kept.maximize(row), scale)
        rays, lines = self._generators
        value, highest = _highest(row, rays)
        best = max(tuple([quotient(entry, ray[0]) for entry in ray[1:]]) for ray in highest)
        both_ways = [direction for line in lines for direction in (line, tuple(-entry for entry in line))]
        for ray in (*rays, *both_ways):
            if not ray[0] and integer_dot(row, ray) > 0:
                return Maximum(None, best, tuple([entry + Fraction(0) for entry in ray[1:]]), attained=False)
        return Maximum(value / scale, best)

    @cached_property
    def supremum(self) -> Fraction | None:
        """``maximum.value``; the cell is not computed if its generators are known without it."""
        if self.kept is not None:
            return self.maximum.value
        row, scale = self._feature
        rays, lines = self._generators
        if any(integer_dot(row, line) for line in lines):
            return None
        if any(not ray[0] and integer_dot(row, ray) > 0 for ray in rays):
            return None
        return _highest(row, rays)[0] / scale

    @property
    def _feature(self) -> tuple[Row, int]:
        """(row, scale): on the cell the first condition's feature is ``row . (1, x) / scale``."""
        constant, row = self.prop.conditions[0].constant, self.conditions[0].row
        return over_common_denominator((row[0] - constant, *row[1:]))

    @property
    def _generators(self) -> tuple[Sequence[Row], Sequence[Row]]:
        """The cell's homogeneous generators and its lines."""
        return (self.source.rays, self.source.lines) if isinstance(self.source, Cell) else self.source.generators()

    def band(self, arithmetic: str = "float32") -> Band:
        """Return where the zone's boundary may be if floats compute the network, in any order of summation.

        Args:
            arithmetic: a format of floats such as "float32", or a pair such as "bfloat16+float32".

        Raises:
            DomainError: the zone is unbounded.
            InputError: a network that the model of execution does not cover.

        Source: proofs/8-deployed.md.
        """
        whole, entry = self.network.slice or (self.network, AffineMap.identity(self.network.inputs))
        errors = band_of(whole, self.prop.conditions, (entry, *self.maps), self._extents(), arithmetic)
        conditions = [(condition.row, condition.strict) for condition in self.conditions]
        return Band.of(arithmetic, errors, conditions, self.hrep.closed_rows)

    def _extents(self) -> Extents:
        """Return what bounds affine maps on the cell: linear programs, if it may have too many vertices.

        Raises:
            DomainError: the cell is unbounded.
        """
        if self.kept is not None and not self.kept.has_few_corners:
            return extents_of(self.kept)
        rays, lines = self._generators
        if lines or not all(ray[0] for ray in rays):
            raise DomainError(UNBOUNDED)
        return extents_of([tuple(Fraction(entry, ray[0]) for entry in ray[1:]) for ray in rays])

    @cached_property
    def volume(self) -> Fraction | None:
        """The exact volume of the firing part; None if it is infinite."""
        if self.firing_cell is None:
            return Fraction(0)
        return self.firing_cell.volume() if self.firing_cell.is_bounded else None

    @overload
    def contains(self, points: Sequence[Sequence[Any]]) -> list[bool]: ...
    @overload
    def contains(self, points: Any) -> bool: ...
    @renamed_argument("point", "points")
    def contains(self, points: Any) -> bool | list[bool]:
        """Tell whether a point lies in the closed cell; for points, return a list of answers.

        Args:
            points: a point, shape (inputs,), or points, shape (points, inputs).

        Raises:
            DimensionError: a point has another number of coordinates.
            InexactError: a coordinate is not an exact number.
        """
        listed, many = read_points(points)
        inside = [self.hrep.contains(self.network.point(point)) for point in (listed if many else [listed])]
        return inside if many else inside[0]

    @overload
    def fires(self, points: Sequence[Sequence[Any]]) -> list[bool]: ...
    @overload
    def fires(self, points: Any) -> bool: ...
    @renamed_argument("point", "points")
    def fires(self, points: Any) -> bool | list[bool]:
        """Tell whether a point lies in the firing part; for points, return a list of answers.

        Args:
            points: a point, shape (inputs,), or points, shape (points, inputs).

        Raises:
            DimensionError: a point has another number of coordinates.
            InexactError: a coordinate is not an exact number.
        """
        listed, many = read_points(points)
        answers = [self._fires_at(self.network.point(point)) for point in (listed if many else [listed])]
        return answers if many else answers[0]

    def _fires_at(self, point: Vector) -> bool:
        lifted = (Fraction(1), *point)
        return self.hrep.contains(point) and all(
            condition.holds(dot(on_zone.row, lifted))
            for condition, on_zone in zip(self.prop.conditions, self.conditions, strict=True)
        )

    def as_sympy(self) -> Any:
        """Return the firing part as a sympy condition on real symbols x0, x1, ..: a conjunction of linear inequalities.

        >>> from exactzones import Polyhedron, feature, find_zones
        >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
        >>> find_zones(net, feature(0), Polyhedron.box("-5/2", 3, dim=1))[0].as_sympy()
        (x0 <= 3) & (x0 > 1)
        """
        sympy = sympy_module("as_sympy")
        names = [sympy.Symbol(f"x{k}", real=True) for k in range(self.network.inputs)]
        system = self.firing.irredundant
        relations = {"=": sympy.Eq, ">": sympy.Gt, ">=": sympy.Ge, "<": sympy.Lt, "<=": sympy.Le}
        parts = []
        for relation, rows in (("=", system.equations), (">", system.strict), (">=", system.rows)):
            for (constant, *slope), sign in (turned(row, relation) for row in rows):
                parts.append(relations[sign](sum(c * x for c, x in zip(slope, names, strict=True)), -constant))
        return sympy.And(*parts)

    def _repr_latex_(self) -> str:
        return self.firing.irredundant._repr_latex_()

    def _repr_svg_(self) -> str | None:
        if self.network.inputs != 2:
            return None
        part = self.firing_part
        window = bounding_box(corners(part) if isinstance(part, Cell) else part.vrep.vertices, margin=Fraction(1, 4))
        return svg([Shape(outline(part, window), 0, " ".join(self.pattern))], window)

    def _repr_html_(self) -> str:
        vrep, maximum = self.listed_vrep, self.maximum
        value = "unbounded" if maximum.value is None else number(maximum.value)
        outputs = [f"z{self._last_layer}[{k}] = {linear(row)}" for k, row in enumerate(self.affine.augmented().rows)]
        rows = [
            ("pattern", escaped(" ".join(self.pattern))),
            ("closed cell", html_lines([comparison(row, ">=") for row in self.hrep.rows])),
            ("fires where", html_lines([comparison(c.row, ">" if c.strict else ">=") for c in self.conditions])),
            *([("vertices", html_lines([point(vertex) for vertex in vrep.vertices]))] if vrep else []),
            *([("rays", html_lines([point(ray) for ray in vrep.rays]))] if vrep and vrep.rays else []),
            *([("lines", html_lines([point(line) for line in vrep.lines]))] if vrep and vrep.lines else []),
            ("a point where it fires", point(self.sample)),
            ("largest value", f"{value} at {point(maximum.point)}"),
            ("the network here", html_lines(outputs)),
        ]
        return f"<div>{self._repr_svg_() or ''}{html_table(rows)}</div>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Zone):
            return NotImplemented
        # The irredundant inequalities of a full-dimensional cell are unique.
        return (self.pattern, self.prop, self.network) == (other.pattern, other.prop, other.network) and self.hrep == other.hrep

    def __hash__(self) -> int:
        return hash((self.pattern, self.prop, self.network.sha256))

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Zone):
            return NotImplemented
        if self.pattern != other.pattern:
            return self.pattern < other.pattern
        mine, others = self.prop.exact_text(), other.prop.exact_text()
        return (self.hrep.rows, mine, self.network.sha256) < (other.hrep.rows, others, other.network.sha256)

    def __repr__(self) -> str:
        return f"Zone({' '.join(self.pattern) or 'no hidden neurons'})"


def _highest(row: Row, rays: Iterable[Row]) -> tuple[Fraction, list[Row]]:
    """Return the largest value of ``row . (1, x)`` at the vertices among homogeneous generators, and those where it is."""
    value, height = 0, 0
    highest: list[Row] = []
    for ray in rays:
        if ray[0]:
            at_ray = integer_dot(row, ray)
            own, largest = at_ray * height, value * ray[0]
            if not highest or own > largest:
                value, height, highest = at_ray, ray[0], [ray]
            elif own == largest:
                highest.append(ray)
    return quotient(value, height), highest
