"""The question itself for SMT solvers: the network and the property over the reals, in SMT-LIB 2.6.

``sat`` means that the property holds somewhere in the domain.  Numbers are exact; a ReLU is an ``ite``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from exactzones.arguments import DomainLike, NetworkLike, PropertyLike, as_domain, as_network
from exactzones.errors import InexactError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Condition, Disjunction, as_cases
from exactzones.rational import irrational, text


def smtlib(network: NetworkLike, prop: PropertyLike | Disjunction, domain: DomainLike = None) -> str:
    """Return the query "does the property hold at a point of the domain?", ending in ``(check-sat)``.

    Inputs are the constants ``x0``, ``x1``, ..; ``z1_2`` is unit 2 of layer 1 before its ReLU, ``a1_2`` after it.

    Args:
        network: the network, or the path of its file.
        prop: a feature (``feature(2)``, or just 2), a conjunction of conditions, or a disjunction.
        domain: a polyhedron, or a box such as "0:8" or (0, 8); None is the whole input space.

    Raises:
        InputError: the property does not fit the network.
        InexactError: an irrational number; SMT-LIB's linear arithmetic is rational.
    """
    loaded = as_network(network)
    resolved, region = Disjunction(as_cases(prop)).resolve(loaded.widths), as_domain(domain, loaded.inputs)
    lines = [
        f"; does {resolved} hold?",
        f"; network {loaded.sha256}",
        "(set-logic QF_LRA)",
        *(f"(declare-const x{k} Real)" for k in range(loaded.inputs)),
        *_layers(loaded, max((condition.layer for condition in resolved.conditions), default=-1)),
        *_domain(region),
    ]
    cases = [[_comparison(condition) for condition in case.conditions] for case in resolved.cases]
    claims = cases[0] if len(cases) == 1 else [f"(or {' '.join(map(_conjunction, cases))})" if cases else "false"]
    return "\n".join([*lines, *(f"(assert {claim})" for claim in claims), "(check-sat)", ""])


def _comparison(condition: Condition) -> str:
    letter = "a" if condition.after_relu else "z"
    value = _sum(((c, f"{letter}{condition.layer}_{unit}") for unit, c in condition.terms), condition.constant)
    return f"({'>' if condition.strict else '>='} {value} 0.0)"


def _conjunction(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"(and {' '.join(parts)})" if parts else "true"


def _layers(network: Network, last: int) -> Iterator[str]:
    names = [f"x{k}" for k in range(network.inputs)]
    for k, layer in enumerate(network.layers[: last + 1]):
        for unit, (weights, bias) in enumerate(zip(layer.weight.rows, layer.bias, strict=True)):
            value = _sum(zip(weights, names, strict=True), bias)
            yield f"(define-fun z{k}_{unit} () Real {value})"
            after = f"(ite (> z{k}_{unit} 0.0) z{k}_{unit} 0.0)" if layer.relu[unit] else f"z{k}_{unit}"
            yield f"(define-fun a{k}_{unit} () Real {after})"
        names = [f"a{k}_{unit}" for unit in range(layer.outputs)]


def _domain(domain: Polyhedron | None) -> Iterator[str]:
    if domain is None:
        return
    system = domain.hrep
    rows: tuple[tuple[str, Sequence[Sequence[Fraction | int]]], ...] = (
        (">=", system.rows),
        (">", system.strict),
        ("=", system.equations),
    )
    for relation, group in rows:
        for row in group:
            value = _sum(((entry, f"x{k}") for k, entry in enumerate(row[1:])), row[0])
            yield f"(assert ({relation} {value} 0.0))"


def _sum(terms: Iterable[tuple[Fraction | int, str]], constant: Fraction | int) -> str:
    parts = [f"(* {_number(c)} {name})" if c != 1 else name for c, name in terms if c]
    if constant or not parts:
        parts.append(_number(constant))
    return parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"


def _number(value: Fraction | int) -> str:
    if irrational([value]):
        raise InexactError(f"{text(value)} is irrational; SMT-LIB's linear arithmetic has only rational numbers")
    size = max(value, -value)
    above = f"{text(size.numerator)}.0"
    written = above if size.denominator == 1 else f"(/ {above} {text(size.denominator)}.0)"
    return written if value >= 0 else f"(- {written})"
