"""Answers without a search: conditions on the first layer on a box, in closed form, each with its certificate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm

from exactzones.certification.decide import case_of
from exactzones.certification.first_layer import FirstLayer
from exactzones.certification.limits import CELL_SEARCH_INPUTS
from exactzones.certification.prepared import Prepared
from exactzones.certification.results import CanFire, CannotFire, Certificate
from exactzones.certification.run import BITS
from exactzones.checker import Case, Hint, Node, Refutation
from exactzones.checker.certificate import write_header
from exactzones.checker.node_lines import write_node
from exactzones.checker.rules import Invalid
from exactzones.checker.tree import Tree
from exactzones.network import Network
from exactzones.polyhedra import Box, Polyhedron
from exactzones.property import Condition, Property, feature
from exactzones.rational import Vector, integer_row
from exactzones.threads import one_thread


class Direct:
    """Answers questions about the first layer of a network on a box.

    Args:
        network: with rational weights.
        box: not empty, with rational bounds.
    """

    def __init__(self, network: Network, box: Box) -> None:
        self.network, self.box = network, box
        self.prepared, self.units = Prepared.of(network), FirstLayer(network.layers[0], box)

    @classmethod
    def of(cls, network: Network, domain: Polyhedron | None) -> Direct | None:
        """Return what answers directly on a domain; None if that is left to a search: few inputs, or not a rational box."""
        if not isinstance(domain, Box) or domain.ambient_dim != network.inputs or domain.is_empty:
            return None
        free = sum(low < high for low, high in zip(domain.low, domain.high, strict=True))
        return cls(network, domain) if free > CELL_SEARCH_INPUTS and network.is_rational and domain.is_rational else None

    @one_thread
    def decide(self, prop: Property) -> CanFire | CannotFire | None:
        """Decide one or two strict conditions on the first layer's pre-activations; None for others, and in near ties."""
        conditions = prop.resolve(self.network.widths).conditions
        if not 1 <= len(conditions) <= 2 or not all(c.strict and c.terms and not (c.layer or c.after_relu) for c in conditions):
            return None
        functions = [self.units.function(condition) for condition in conditions]
        if len(functions) == 1:
            value, corner = self.units.maximum(functions[0])
            answer: Vector | list[Fraction] = corner if value > 0 else [Fraction(1)]
        else:
            answer = self.units.positive_together(*functions)
        if isinstance(answer, tuple):
            return CanFire(answer, 0, certificate_of(self.network, "can fire", witness=answer))
        shares = [(share, 1 - share)[: len(functions)] for share in answer]
        return self.never(prop, shares)

    @one_thread
    def maximum(self, unit: int) -> tuple[Fraction, Vector, CannotFire] | None:
        """Return the largest pre-activation of a unit, where it is attained, and the proof that it is nowhere larger."""
        one = feature(unit, layer=0)
        value, corner = self.units.maximum(self.units.function(one.conditions[0]))
        proof = self.never(feature(unit, value, layer=0), [[Fraction(1)]])
        return None if proof is None else (value, corner, proof)

    def never(self, prop: Property, shares: Sequence[Sequence[Fraction]]) -> CannotFire | None:
        """Return the certificate that some combination of conditions is nowhere positive; None if none of these is.

        Args:
            prop: the conditions, all strict, on pre-activations of the first layer.
            shares: the combinations, each with a multiplier >= 0 for each condition.
        """
        case = case_of(self.network, prop, self.box)
        for refutation in self._refutations(case, shares):
            tree = Tree(self.network, [[case]], BITS, lowered=self.prepared.lowered)
            node = Node(0, (), "no", refutations=(refutation,))
            try:
                tree.add([node])
            except Invalid:
                continue
            return CannotFire(certificate_of(self.network, "cannot fire", nodes=[write_node(node)]), 1)
        return None

    def _refutations(self, case: Case, shares: Sequence[Sequence[Fraction]]) -> Iterator[Refutation]:
        """Yield refutations in fixed-point numbers, then in exact ones, which need the rows of the box."""
        conditions = case.prop.resolve(self.network.widths).conditions
        for share in shares:
            yield Refutation(self._mu(conditions, share))
        for share in shares:
            mu = self._mu(conditions, share)
            yield Refutation(mu, self._rows(case, conditions, mu), exact=True)

    @staticmethod
    def _mu(conditions: Sequence[Condition], share: Sequence[Fraction]) -> tuple[tuple[int, int], ...]:
        multipliers = integer_row([m / _scale(condition) for m, condition in zip(share, conditions, strict=True)])
        return tuple((k, m) for k, m in enumerate(multipliers) if m)

    def _rows(self, case: Case, conditions: Sequence[Condition], mu: Sequence[tuple[int, int]]) -> Hint:
        """Return the multiples of the box's rows that make the least value of minus a combination exact."""
        ends = {(k, entry > 0): (number, abs(entry)) for number, row in enumerate(case.rows.sparse) for k, entry in row.terms}
        slopes = [Fraction(0)] * self.network.inputs
        for k, m in mu:
            function, factor = self.units.function(conditions[k]), m * _scale(conditions[k])
            slopes = [s + factor * Fraction(a, function.denominator) for s, a in zip(slopes, function.slopes, strict=True)]
        pairs = ((ends[k, slope < 0], abs(slope)) for k, slope in enumerate(slopes) if slope)
        return Hint.of((number, size / entry) for (number, entry), size in pairs)


def certificate_of(network: Network, verdict: str, *, nodes: Sequence[str] = (), witness: Vector | None = None) -> Certificate:
    """Return the certificate of a claim of one case: lines of nodes, or a witness."""
    found = None if witness is None else (0, witness)
    return Certificate((write_header(network.sha256, BITS, 1, verdict, trees=[[0]], witness=found), *nodes))


def _scale(condition: Condition) -> int:
    """Return by what a certificate multiplies a condition to make its coefficients integers."""
    return lcm(*(coefficient.denominator for _, coefficient in condition.terms))
