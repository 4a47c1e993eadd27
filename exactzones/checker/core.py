"""The fast checker, from the lines of a certificate to a report; the rules of nodes are in ``rules.py``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain

from exactzones.checker.certificate import VERSION, Bound, Header, Hint, Node, Refutation, read_header
from exactzones.checker.node_lines import read_node
from exactzones.checker.records import Case, Report, arithmetic_of, family_of, require_arguments
from exactzones.checker.rules import Invalid
from exactzones.checker.traces import traces
from exactzones.checker.tree import Tree
from exactzones.errors import FormatError
from exactzones.network import Network, Pattern
from exactzones.property import Property
from exactzones.rational import SparseRows, Vector, over_common_denominator
from exactzones.rational.float_formats import REAL, FloatArithmetic
from exactzones.threads import one_thread

WITNESS_BITS = 80
"""Number of fractional bits of certificates that are a witness in float arithmetic."""
_BATCH = 128
"""How many nodes are checked together."""


@one_thread
def check(network: Network, cases: Sequence[Case], lines: Iterable[str]) -> Report:
    """Check a certificate.

    Args:
        network: the network.
        cases: the claim that none of these conjunctions holds anywhere on its polyhedron; for a certificate that lists zones
            (of one case), that every point where it holds lies in a listed zone's closed cell.
        lines: the lines of the certificate.

    Returns:
        A report.  A certificate with any error is reported as invalid; no exception is raised for it.

    Raises:
        InexactError: the claim has irrational numbers.
        InputError: the claim is about floats, and the network or the domain does not fit the model of their rounding.
    """
    require_arguments(network, cases, lines)
    stream = iter(lines)
    try:
        header = read_header(next(stream, ""))
        matches(header, network, cases)
        if header.witness is not None:
            return _check_witness(network, cases, header)
        patterns = [pattern for pattern, _ in header.zones]
        tree = Tree(network, [[cases[k] for k in tree_cases] for tree_cases in trees_of(header)], header.bits, patterns)
        for batch in batches(stream, tree, header.version):
            tree.add(batch)
        for start in range(0, len(header.zones), _BATCH):
            _check_zone_witnesses(network, cases[0], start, header.zones[start : start + _BATCH])
    except (Invalid, FormatError) as error:
        return Report.invalid(error)
    if tree.waiting:
        return Report("incomplete", open_leaves=len(tree.waiting), nodes=tree.nodes)
    return Report("valid", "complete" if header.zones else "cannot fire", nodes=tree.nodes, zones=len(header.zones))


def batches(stream: Iterator[str], tree: Tree, version: int = VERSION) -> Iterator[list[Node]]:
    """Yield nodes in batches, for speed; the parents of a batch's nodes have been added to the tree before it is yielded."""
    batch: list[Node] = []
    for line in stream:
        node = read_node(line, version)
        if batch and (len(batch) == _BATCH or node.number >= tree.made):
            yield batch
            batch = []
        batch.append(node)
    if batch:
        yield batch


def holds(network: Network, case: Case, point: Sequence[Fraction], bits: int = WITNESS_BITS) -> bool:
    """Tell whether a point lies in a case's polyhedron, strict rows included, and has its property.

    In real arithmetic exact evaluation decides.  In floats the property is proved to hold in every order of evaluation, with
    ``bits`` fractional bits; the coordinates must be numbers of the format.
    """
    if not _is_in_domain(network, case, point):
        return False
    arithmetic = FloatArithmetic.of(case.arithmetic)
    if arithmetic is None:
        return network.satisfies(point, case.prop)
    if not all(map(arithmetic.products.contains, point)):
        return False
    conditions = case.prop.resolve(network.widths).conditions
    return all(_never_fails(network, replace(case, prop=Property((each,))), point, bits) for each in conditions)


def _is_in_domain(network: Network, case: Case, point: Sequence[Fraction]) -> bool:
    if len(point) != network.inputs:
        return False
    lifted, _ = over_common_denominator((Fraction(1), *point))
    return all(row.times(lifted) >= 0 for row in case.rows.sparse) and all(row.times(lifted) > 0 for row in case.strict.sparse)


def _never_fails(network: Network, case: Case, point: Sequence[Fraction], bits: int) -> bool:
    """Tell whether a case's only condition is proved to hold at a point: its negation is refuted by bounds of all units there."""
    (condition,) = case.prop.conditions
    there = Case(SparseRows.of_box(point, point), Property((~condition,)), arithmetic=case.arithmetic)
    tree = Tree(network, [[there]], bits)
    hidden = range(network.inputs, tree.claims[0].units)
    bounds = tuple(Bound(unit, upper, exact=False, hint=Hint()) for unit in hidden for upper in (False, True))
    try:
        tree.add([Node(0, bounds, "no", refutations=(Refutation(((0, 1),)),))])
    except Invalid:
        return False
    return True


def matches(header: Header, network: Network, cases: Sequence[Case]) -> None:
    """Require that a certificate is about a claim, before anything in it costs time or memory.

    Raises:
        Invalid: it is about another claim.
    """
    if header.network != network.sha256:
        raise Invalid("the certificate is about another network (its SHA-256 differs)")
    arithmetic = arithmetic_of(cases)
    if header.arithmetic != arithmetic:
        raise Invalid(f"the certificate is about {header.arithmetic} arithmetic, but the claim about {arithmetic}")
    if header.witness is not None:  # a witness is a proof by itself; the rest of the header does not matter
        return
    if header.zones and arithmetic != REAL:
        raise Invalid(f"a certificate that lists zones must be about real arithmetic, not {arithmetic}")
    if header.cases != len(cases):
        raise Invalid(f"the number of cases is {header.cases} in the certificate, but {len(cases)} in the claim")
    if header.zones and len(cases) != 1:
        raise Invalid(f"a certificate that lists zones must be about one case, not {len(cases)}")
    _require_distinct(header)
    if any(len({family_of(network, cases[k]) for k in tree}) > 1 for tree in trees_of(header)):
        raise Invalid("cases that share a tree differ in more than their conditions")


def _require_distinct(header: Header) -> None:
    """Require that no two zones have the same pattern: a report counts them."""
    first: dict[str, int] = {}
    for j, (pattern, _) in enumerate(header.zones):
        other = first.setdefault("".join(pattern), j)
        if other != j:
            raise Invalid(f"zone {j}: its pattern is that of zone {other}; each zone may be listed once only")


def trees_of(header: Header) -> Sequence[Sequence[int]]:
    """Return the cases that each tree is about.

    Raises:
        Invalid: some case is in no tree, or in several.
    """
    trees = [[k] for k in range(header.cases)] if header.trees is None else header.trees
    if sum(map(len, trees)) != header.cases or sorted(chain(*trees)) != list(range(header.cases)):
        raise Invalid("the trees are not about each case once")
    return trees


def _check_witness(network: Network, cases: Sequence[Case], header: Header) -> Report:
    """Check a certificate that is a witness."""
    point, k = header.witness, header.case
    if point is None or k >= len(cases) or not holds(network, cases[k], point, header.bits):
        raise Invalid("the witness does not have the property, or is not in the domain")
    return Report("valid", "can fire")


def _check_zone_witnesses(network: Network, case: Case, first: int, zones: Sequence[tuple[Pattern, Vector]]) -> None:
    """Check that the witnesses of listed zones have the property, and lie in the closed cells of the zones' patterns."""
    prop, relu = case.prop.resolve(network.widths), [layer.relu for layer in network.layers]
    fitting = [point if len(point) == network.inputs else (Fraction(0),) * network.inputs for _, point in zones]
    for j, ((pattern, point), trace) in enumerate(zip(zones, traces(network, fitting), strict=True), start=first):
        fires = all(each.holds_at(trace[each.layer], relu[each.layer]) for each in prop.conditions)
        if not (fires and _is_in_domain(network, case, point)):
            raise Invalid(f"zone {j}: its witness does not have the property, or is not in the domain")
        hidden = zip(network.layers[: prop.horizon], trace, strict=False)
        relu_values = [[values[unit] for unit in layer.relu_units] for layer, values in hidden if layer.relu_units]
        if [len(signs) for signs in pattern] != [len(values) for values in relu_values] or set("".join(pattern)) - {"+", "-"}:
            raise Invalid(f"zone {j}: its pattern does not fit the network")
        for signs, values in zip(pattern, relu_values, strict=True):
            if any(value < 0 if sign == "+" else value > 0 for sign, value in zip(signs, values, strict=True)):
                raise Invalid(f"zone {j}: its witness is not in the closed cell of its pattern")
