"""What "fires" means: linear conditions on the layers of a network, joined by "and" and "or".

A feature is a *pre-activation*: feature ``i`` of layer ``k`` fires at ``x`` iff it is strictly greater than the
threshold there.  For a threshold >= 0 it makes no difference whether a ReLU follows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, overload

from exactzones.errors import FeatureError, InputError, quoted
from exactzones.notation import exactly, linear_sum, number
from exactzones.rational import algebraic, entries, flag, irrational
from exactzones.rational import index as read_index

MAX_CASES = 10_000
"""A disjunction of more properties is refused."""


class _Written:
    """What a property has that is written as text, in which long numbers are rounded."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def exact_text(self) -> str:
        """Return it as text, with every number exact."""
        with exactly():
            return str(self)


@dataclass(frozen=True, slots=True, repr=False)
class Condition(_Written):
    """``constant + sum of coefficient * value(unit)`` is positive (strict) or non-negative.

    Attributes:
        layer: the layer whose values are compared; 0 is the first, -1 the last.
        terms: pairs (unit, coefficient).
        constant: the constant term.
        strict: ``> 0`` when true, ``>= 0`` otherwise.
        after_relu: whether the values are those after the layer's ReLU; by default they are the pre-activations.
    """

    layer: int
    terms: tuple[tuple[int, Fraction], ...]
    constant: Fraction
    strict: bool = True
    after_relu: bool = False

    @property
    def horizon(self) -> int:
        """How many layers' activation patterns decide this condition."""
        return self.layer + self.after_relu

    def value(self, values: Sequence[Fraction] | Mapping[int, Fraction]) -> Fraction:
        """Return ``constant + terms . values`` for the values of the condition's layer."""
        return sum((c * values[unit] for unit, c in self.terms), start=self.constant)

    def holds(self, value: Fraction) -> bool:
        """Tell whether a value of the left-hand side satisfies the condition."""
        return value > 0 or (value == 0 and not self.strict)

    def holds_at(self, values: Sequence[Fraction] | Mapping[int, Fraction], relu: Sequence[bool]) -> bool:
        """Tell whether it holds where its layer has these pre-activations, by unit, and ReLUs on these units."""
        if self.after_relu:
            values = {unit: max(values[unit], Fraction(0)) if relu[unit] else values[unit] for unit, _ in self.terms}
        return self.holds(self.value(values))

    def __invert__(self) -> Condition:
        negated = tuple((unit, -coefficient) for unit, coefficient in self.terms)
        return replace(self, terms=negated, constant=-self.constant, strict=not self.strict)

    def __str__(self) -> str:
        where = f"{'a' if self.after_relu else 'z'}{self.layer}"
        terms = [(c, f"{where}[{unit}]") for unit, c in self.terms]
        moved = [(-c, name) for c, name in terms if c < 0] if not self.constant and any(c > 0 for c, _ in terms) else []
        kept = [term for term in terms if term[0] > 0] if moved else terms
        side = -1 if kept and kept[0][0] < 0 else 1
        left, right = (linear_sum(((side * c, name) for c, name in part), number, times="*") for part in (kept, moved))
        return (
            f"{left} {'<' if side < 0 else '>'}{'' if self.strict else '='} {right if moved else number(-side * self.constant)}"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Property(_Written):
    """A conjunction of conditions; ``p & q``, ``p | q`` and ``~p`` say "and", "or" and "not".

    Attributes:
        conditions: they must hold together; if there are none, the property holds everywhere.

    >>> str(feature(0, threshold="1/2"))
    'z-1[0] > 1/2'
    """

    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.conditions, tuple) or not all(isinstance(each, Condition) for each in self.conditions):
            raise InputError(f"conditions are {quoted(self.conditions)}; write feature(2), or condition({{0: 1, 2: -1}})")

    @overload
    def __and__(self, other: Property) -> Property: ...
    @overload
    def __and__(self, other: Disjunction) -> Disjunction: ...
    def __and__(self, other: Property | Disjunction) -> Property | Disjunction:
        if isinstance(other, Disjunction):
            return Disjunction((self,)) & other
        if not isinstance(other, Property):
            return NotImplemented
        return Property(self.conditions + other.conditions)

    def __or__(self, other: Property | Disjunction) -> Disjunction:
        return Disjunction((self,)) | other

    def __invert__(self) -> Property | Disjunction:
        return ~Disjunction((self,)) if len(self.conditions) != 1 else Property((~self.conditions[0],))

    @property
    def horizon(self) -> int:
        """How many layers' activation patterns decide this property."""
        return max((condition.horizon for condition in self.conditions), default=0)

    @property
    def is_open(self) -> bool:
        """Whether every condition is strict, so that the firing set is open in the domain."""
        return all(condition.strict for condition in self.conditions)

    @property
    def is_rational(self) -> bool:
        """Whether no coefficient and no constant is irrational."""
        return not irrational(number for c in self.conditions for number in (c.constant, *(factor for _, factor in c.terms)))

    def resolve(self, widths: Sequence[int]) -> Property:
        """Return this property with layers counted from 0, checked against a network's layer widths.

        Args:
            widths: number of units of each layer; see ``Network.widths``.

        Raises:
            FeatureError: a layer or unit that the network does not have.
        """
        resolved = []
        for condition in self.conditions:
            layer = condition.layer + len(widths) if condition.layer < 0 else condition.layer
            if not 0 <= layer < len(widths):
                raise FeatureError(f"layer {condition.layer} does not exist: the network's layers are 0 to {len(widths) - 1}")
            for unit, _ in condition.terms:
                if not 0 <= unit < widths[layer]:
                    raise FeatureError(f"feature {unit} does not exist: layer {layer} has features 0 to {widths[layer] - 1}")
            resolved.append(replace(condition, layer=layer))
        return Property(tuple(resolved))

    def shifted(self, layers: int) -> Property:
        """Return the same property for the network without its first ``layers`` layers."""
        if any(condition.layer < layers for condition in self.conditions):
            raise FeatureError("the property reads a layer before this latent space")
        return Property(tuple(replace(condition, layer=condition.layer - layers) for condition in self.conditions))

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "always"


@dataclass(frozen=True, slots=True, repr=False)
class Disjunction(_Written):
    """Any of several properties; ``p | q``, ``p & q`` and ``~p`` say "or", "and" and "not".

    Attributes:
        cases: at least one of them must hold; if there are none, the disjunction holds nowhere.

    >>> str(feature(0) | ~feature(1))
    'z-1[0] > 0 or z-1[1] <= 0'
    >>> str(~(feature(0) | feature(1)))
    'z-1[0] <= 0 and z-1[1] <= 0'
    """

    cases: tuple[Property, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.cases, tuple) or not all(isinstance(case, Property) for case in self.cases):
            raise InputError(f"cases are {quoted(self.cases)}; write feature(0) | feature(1)")
        if len(self.cases) > MAX_CASES:
            raise InputError(f"the property has {len(self.cases)} cases; at most {MAX_CASES} are supported")

    def __or__(self, other: Property | Disjunction) -> Disjunction:
        if not isinstance(other, (Property, Disjunction)):
            return NotImplemented
        return Disjunction(tuple(dict.fromkeys((*self.cases, *as_cases(other)))))

    def __and__(self, other: Property | Disjunction) -> Disjunction:
        if not isinstance(other, (Property, Disjunction)):
            return NotImplemented
        others = as_cases(other)
        if len(self.cases) * len(others) > MAX_CASES:
            raise InputError(f"the property has {len(self.cases) * len(others)} cases; at most {MAX_CASES} are supported")
        return Disjunction(tuple(dict.fromkeys(one & two for one in self.cases for two in others)))

    def __rand__(self, other: Property) -> Disjunction:
        return Disjunction((other,)) & self

    def __invert__(self) -> Property | Disjunction:
        negated = Disjunction((ALWAYS,))
        for case in self.cases:
            negated &= Disjunction(tuple(Property((~condition,)) for condition in case.conditions))
        return negated.cases[0] if len(negated.cases) == 1 else negated

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of all cases, each once."""
        return tuple(dict.fromkeys(condition for case in self.cases for condition in case.conditions))

    @property
    def horizon(self) -> int:
        """How many layers' activation patterns decide this disjunction."""
        return max((case.horizon for case in self.cases), default=0)

    @property
    def is_open(self) -> bool:
        """Whether every condition is strict."""
        return all(case.is_open for case in self.cases)

    def resolve(self, widths: Sequence[int]) -> Disjunction:
        """Return the same with layers counted from 0; see ``Property.resolve``."""
        return Disjunction(tuple(case.resolve(widths) for case in self.cases))

    def shifted(self, layers: int) -> Disjunction:
        """Return the same for the network without its first ``layers`` layers; see ``Property.shifted``."""
        return Disjunction(tuple(case.shifted(layers) for case in self.cases))

    def __str__(self) -> str:
        return " or ".join(map(str, self.cases)) or "never"


def as_cases(value: Any, what: str = "property") -> tuple[Property, ...]:
    """Return the properties of which one must hold: the cases of a disjunction, or a single property.

    Args:
        value: a ``Disjunction``, or what ``as_property`` takes.
        what: how an error message names it.

    Raises:
        InputError: something else.
    """
    return value.cases if isinstance(value, Disjunction) else (as_property(value, what),)


def about_output(prop: Property) -> Property:
    """Return a property; in place of one without conditions one that the output has everywhere, so that it is about all layers.

    >>> about_output(ALWAYS).conditions[0].layer
    -1
    """
    return prop if prop.conditions else condition({}, 1, after_relu=True)


def unit_condition(prop: Property) -> Condition | None:
    """Return the condition of a property that compares a single unit, before its ReLU, with a threshold; else None."""
    only = prop.conditions[0] if len(prop.conditions) == 1 else None
    return None if only is None or only.after_relu or [weight for _, weight in only.terms] != [1] else only


def brief(prop: Property | Disjunction, widths: Sequence[int]) -> str:
    """Return a property as text; that one unit, or one of several, is greater than all others of its layer, in words.

    Args:
        prop: with layers counted from 0; see ``Property.resolve``.
        widths: number of units of each layer.

    >>> largest = condition({1: 1, 0: -1}, layer=0) & condition({1: 1, 2: -1}, layer=0)
    >>> brief(largest, [3]), brief(feature(1, layer=0), [3])
    ('feature 1 of layer 0 greater than all others', 'z0[1] > 0')
    >>> brief(largest | (condition({0: 1, 1: -1}, layer=0) & condition({0: 1, 2: -1}, layer=0)), [3])
    'feature 1 or 0 of layer 0 greater than all others'
    """
    found = [_greatest(case, widths) for case in as_cases(prop)]
    layers = {each and each[0] for each in found}
    if len(layers) != 1 or None in layers:
        return str(prop)
    units = " or ".join(str(each[1]) for each in found if each)
    return f"feature {units} of {layers.pop()} greater than all others"


def _greatest(case: Property, widths: Sequence[int]) -> tuple[str, int] | None:
    """Return the layer, in words, and the unit, if a property says that the unit is greater than all others of its layer."""
    if not case.conditions:
        return None
    first = case.conditions[0]
    unit = next((unit for unit, coefficient in first.terms if coefficient > 0), 0)
    others = [{unit: 1, other: -1} for other in range(widths[first.layer]) if other != unit]
    expected = [condition(each, layer=first.layer, after_relu=first.after_relu).conditions[0] for each in others]
    layer = f"layer {first.layer}{' after its ReLU' if first.after_relu else ''}"
    return (layer, unit) if others and list(case.conditions) == expected else None


def as_property(value: Any, what: str = "property", *, layer: int = -1) -> Property:
    """Return a property, given as such, as a condition, or as the number of a feature.

    Args:
        value: a ``Property``, a ``Condition`` or an integer.
        what: how an error message names it.
        layer: of the feature, if a number is passed.

    Raises:
        InputError: something else.

    >>> str(as_property(2))
    'z-1[2] > 0'
    """
    if isinstance(value, Property):
        return value
    if isinstance(value, Condition):
        return Property((value,))
    if isinstance(value, Disjunction):
        if len(value.cases) == 1:
            return value.cases[0]
        raise InputError(
            f"{what} is a disjunction of {len(value.cases)} cases; expected one conjunction: ask about each of .cases, or, for "
            "zones, write find_union"
        )
    try:
        return feature(value, layer=layer)
    except InputError:
        hint = "conjunction(feature(0), feature(1)) for several at once" if isinstance(value, (list, tuple)) else "or just 2"
        raise InputError(f"{what} is {quoted(value)}; write feature(2), condition({{0: 1, 2: -1}}), {hint}") from None


def feature(index: int, threshold: Any = 0, layer: int = -1) -> Property:
    """Feature ``index`` of a layer is strictly greater than ``threshold``.

    Args:
        index: which unit; the first is 0.
        threshold: exact number, compared with the unit's pre-activation.
        layer: 0 is the first, -1 the last.

    Raises:
        InexactError: a threshold that is not an exact number.
        InputError: an index or a layer that is not an integer.

    >>> str(feature(2, "1/3", layer=0))
    'z0[2] > 1/3'
    """
    unit = read_index(index, "feature")
    return Property((Condition(read_index(layer, "layer"), ((unit, Fraction(1)),), -algebraic(threshold, "threshold")),))


def condition(
    coefficients: dict[int, Any] | Sequence[Any],
    constant: Any = 0,
    *,
    layer: int = -1,
    strict: bool = True,
    after_relu: bool = False,
) -> Property:
    """``constant + coefficients . values`` is > 0 (or >= 0) on a layer.

    Args:
        coefficients: one per unit, or a dict from unit to coefficient.
        constant: exact number.
        layer: 0 is the first, -1 the last.
        strict: ``>`` when true, ``>=`` otherwise.
        after_relu: look at the layer's values after its ReLU instead of before.

    Raises:
        InexactError: a coefficient or a constant that is not an exact number.
        InputError: coefficients that are neither a dict nor a sequence, or a unit or layer that is not an integer.

    >>> str(condition({0: 1, 2: -1}, layer=1, strict=False))
    'z1[0] >= z1[2]'
    """
    if isinstance(coefficients, dict):
        by_unit = {read_index(unit, "unit"): coefficient for unit, coefficient in coefficients.items()}
    else:
        listed = entries(coefficients, "coefficients", "a number for each unit, or a dict such as {0: 1, 2: -1}")
        by_unit = dict(enumerate(listed))
    values = {unit: algebraic(coefficient, f"coefficient {unit}") for unit, coefficient in by_unit.items()}
    terms = tuple((unit, value) for unit, value in sorted(values.items()) if value)
    of_layer = read_index(layer, "layer")
    total = algebraic(constant, "constant")
    return Property((Condition(of_layer, terms, total, flag(strict, "strict"), flag(after_relu, "after_relu")),))


def among_largest(index: int, count: int, units: int, *, layer: int = -1, after_relu: bool = False) -> Property | Disjunction:
    """Unit ``index`` is one of the ``count`` largest of a layer, as TopK keeps: it is greater than all but ``count - 1`` others.

    It does not hold where the unit equals the next smaller one.  There is a case for each set of units that it exceeds.

    Args:
        index: which unit; the first is 0.
        count: how many are the largest.
        units: number of units of the layer.
        layer: 0 is the first, -1 the last.
        after_relu: compare the layer's values after its ReLU instead of before.

    Raises:
        InputError: an argument that is not an integer, or more than ``MAX_CASES`` cases.

    >>> str(among_largest(0, 2, 3))
    'z-1[0] > z-1[1] or z-1[0] > z-1[2]'
    """
    unit, most, width = read_index(index, "feature"), read_index(count, "count", least=1), read_index(units, "units", least=1)
    others = [other for other in range(width) if other != unit]
    return at_least(width - most, [condition({unit: 1, other: -1}, layer=layer, after_relu=after_relu) for other in others])


def at_least(number: int, props: Sequence[Property]) -> Property | Disjunction:
    """Return that so many of several properties hold.

    Raises:
        InputError: it has more than ``MAX_CASES`` cases.
    """
    cases = math.comb(len(props), number) if number > 0 else 1
    if cases > MAX_CASES:
        raise InputError(f"the property has {cases} cases; at most {MAX_CASES} are supported")
    chosen = itertools.combinations(props, max(number, 0))
    conjunctions = tuple(Property(tuple(each for prop in group for each in prop.conditions)) for group in chosen)
    return conjunctions[0] if len(conjunctions) == 1 else Disjunction(conjunctions)


ALWAYS = Property(())
"""The property that holds everywhere: its zones are all cells of the network."""
