"""Run the verified checker: the same rules, proved sound in Coq and extracted to a program.  See ``proofs/README.md``.

This module writes the claim to a file; the program reads that file and the certificate.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, count
from math import lcm
from pathlib import Path
from typing import Any

from exactzones.checker.certificate import VERSION, read_header
from exactzones.checker.core import matches, trees_of
from exactzones.checker.node_lines import read_node, write_node
from exactzones.checker.records import Case, Report, arithmetic_of, integer_condition, require_arguments, require_rational
from exactzones.checker.rules import Invalid
from exactzones.errors import BackendError, FormatError, InputError
from exactzones.network import Layer, Network
from exactzones.property import Condition
from exactzones.rational import Matrix, Vector
from exactzones.rational.float_formats import FloatArithmetic
from exactzones.roundings import known_roundings

VARIABLE = "EXACTZONES_VERIFIED"
"""Environment variable with the path or the name of the built checker; without it ``program`` looks in several places."""
_NAME = "exactzones-checker"
_BUILT = f"proofs/build/{_NAME}"
_REFUSED = 4  # the exit code of the program where the claim does not fit its arithmetic


def program() -> Path:
    """Return the path of the built checker.

    It is the program that the variable ``EXACTZONES_VERIFIED`` names; else the first that is there: in the working folder, beside
    this package (in a source tree: in ``proofs/build``), on the PATH, or in the user's data folder, where ``proofs/build.sh``
    installs it.

    Raises:
        BackendError: it is not built; the message says how to build it, and where it was looked for.
    """
    named = os.environ.get(VARIABLE)
    if named:
        path = shutil.which(named)
        if path is None:
            raise BackendError(
                f"{VARIABLE} is {named}, which is not a program; build the verified checker with: bash proofs/build.sh"
            )
        return Path(path)
    here, beside = Path.cwd(), Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "exactzones"
    places = [*(str(folder / path) for folder in (here, beside) for path in (_NAME, _BUILT)), _NAME, str(data / _NAME)]
    path = next((found for found in map(shutil.which, places) if found), None)
    if path is None:
        raise BackendError(
            f"the verified checker is not built: {_NAME} is not in {here}, {beside}, their folder proofs/build, {data}, "
            f"or on the PATH; build it with bash proofs/build.sh, or name it in the variable {VARIABLE}"
        )
    return Path(path)


def check_verified(network: Network, cases: Sequence[Case], lines: Iterable[str]) -> Report:
    """Check a certificate with the verified checker.

    Args:
        network: the network.
        cases: what is claimed; see ``exactzones.checker.check``.
        lines: of the certificate.

    Returns:
        A report with the same verdict and numbers as ``exactzones.checker.check``; reasons may be worded differently.

    Raises:
        BackendError: the checker is not built, or it crashed.
        InputError: the claim is about floats, and the network or the domain does not fit the model of their rounding.
    """
    require_arguments(network, cases, lines)
    built, left = program(), dict[int, list[int]]()
    with tempfile.TemporaryDirectory() as folder:
        claim, certificate = Path(folder) / "claim.json", Path(folder) / "certificate"
        claim.write_text(json.dumps(claim_of(network, cases)))
        try:
            nodes = _write_single_trees(network, cases, iter(lines), certificate, left)
        except (FormatError, Invalid) as error:
            return Report.invalid(error)
        done = subprocess.run([built, claim, certificate], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == _REFUSED:
        why = "an input has no bounds, or a number may overflow"
        raise InputError(f"the claim does not fit the model of {arithmetic_of(cases)} arithmetic: {why}")
    report = _report(done)
    if report.verdict == "invalid" or report.proves == "can fire":
        return report
    return replace(report, nodes=nodes, open_leaves=len(left) or report.open_leaves)


def _write_single_trees(
    network: Network, cases: Sequence[Case], lines: Iterator[str], path: Path, left: dict[int, list[int]]
) -> int:
    """Write the lines that ``one_tree_each`` yields; return how many nodes were read."""
    first, read = next(lines, ""), count()
    matches(read_header(first), network, cases)
    with path.open("w", newline="") as stream:
        for line in one_tree_each(chain([first], (line for line, _ in zip(lines, read, strict=False))), left):
            stream.write(line if line.endswith("\n") else line + "\n")
    return next(read)


def one_tree_each(lines: Iterable[str], numbers: dict[int, list[int]]) -> Iterator[str]:
    """Yield the lines of an equivalent certificate in which each tree is about one case.

    A tree about several cases stands for one tree for each case; these differ in their refutations only.

    Args:
        lines: of the certificate.
        numbers: is filled with the open regions of its trees, if some tree is about several cases; each has its numbers in the
            cases' own trees.

    Raises:
        FormatError: a line does not follow the certificate format.
        Invalid: a node's region does not exist, or its number of refutations is wrong.
    """
    stream = iter(lines)
    first = next(stream, "")
    header = read_header(first)
    if header.trees is None or header.witness is not None:
        yield first
        yield from stream
        return
    trees = trees_of(header)
    yield json.dumps({key: value for key, value in json.loads(first).items() if key != "trees"} | {"version": VERSION})
    numbers.update({root: list(cases) for root, cases in enumerate(trees)})
    shared, single = len(trees), header.cases  # numbers of regions so far: in shared trees, in the cases' own trees
    for line in stream:
        node = read_node(line, header.version)
        copies = numbers.pop(node.number, [])
        if not copies or (node.kind == "no" and len(node.refutations) != len(copies)):
            raise Invalid(f"node {node.number}: there is no such region, or it does not have one refutation for each case")
        for j, number in enumerate(copies):
            yield write_node(replace(node, number=number, refutations=node.refutations[j : j + 1]))
            if node.splits:
                for side in (0, 1):
                    numbers.setdefault(shared + side, []).append(single + side)
                single += 2
        shared += 2 * node.splits


def _report(done: subprocess.CompletedProcess[str]) -> Report:
    verdict, *rest = done.stdout.split("\n")
    match done.returncode:
        case 0:
            return Report("valid", rest[0], nodes=int(rest[1]), zones=int(rest[2]))
        case 1:
            return Report.invalid(verdict.removeprefix("invalid: "))
        case 3:
            return Report("incomplete", open_leaves=int(verdict.split()[1]))
    raise BackendError(f"the verified checker crashed (exit code {done.returncode}): {done.stderr.strip()[-300:]}")


def claim_of(network: Network, cases: Sequence[Case]) -> dict[str, Any]:
    """Return the claim as JSON data: exact weights as integers over a common denominator, rows and conditions as integers.

    A claim about floats also has the numbers of the format, and the roundings of each layer that some case needs.

    Raises:
        InexactError: an irrational number.
        InputError: weights that are not normal numbers of the format, or a unit with too many roundings for a bound.
    """
    for case in cases:
        require_rational(network, case)
    arithmetic = FloatArithmetic.of(arithmetic_of(cases))
    conditions = chain(*(case.prop.resolve(network.widths).conditions for case in cases))
    depth = len(network.layers) if arithmetic is None else max((condition.layer + 1 for condition in conditions), default=0)
    layers = [
        _layer(layer) if arithmetic is None else _layer(layer) | {"roundings": _roundings(layer, arithmetic, f"layer {k}")}
        for k, layer in enumerate(network.layers[:depth])
    ]
    return ({} if arithmetic is None else {"arithmetic": _arithmetic(arithmetic)}) | {
        "sha256": network.sha256,
        ("layers" if arithmetic is None else "rounded_layers"): layers,  # a checker that knows no floats refuses the latter
        "cases": [
            {
                "inputs": network.inputs,
                "rows": [list(row) for row in case.rows],
                "strict": [list(row) for row in case.strict],
                "conditions": [
                    _condition(condition, network.widths[condition.layer])
                    for condition in case.prop.resolve(network.widths).conditions
                ],
            }
            for case in cases
        ],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return _affine(layer.weight, layer.bias) | {"relu": list(layer.relu)}


def _affine(weight: Matrix, bias: Vector) -> dict[str, Any]:
    rows = weight.rows
    weight_den = lcm(*(entry.denominator for row in rows for entry in row))
    bias_den = lcm(*(entry.denominator for entry in bias))
    return {
        "weights": [_over(weight_den, row) for row in rows],
        "weight_den": weight_den,
        "biases": _over(bias_den, bias),
        "bias_den": bias_den,
    }


def _arithmetic(arithmetic: FloatArithmetic) -> dict[str, int]:
    format_ = arithmetic.products
    return {
        "precision": format_.precision,
        "sums": arithmetic.sums.precision,
        "least": format_.least,
        "largest": int(format_.largest),
    }


def _roundings(layer: Layer, arithmetic: FloatArithmetic, what: str) -> dict[str, Any]:
    roundings, _ = known_roundings(layer.as_computed, arithmetic, what)
    return _affine(roundings.weight, roundings.bias) | {
        "relu": [False] * layer.outputs,
        "products": list(roundings.products),
        "sums": list(roundings.sums),
        "flushed": [str(factor * arithmetic.products.smallest_normal) for factor in roundings.underflows],
        "peak": str(roundings.peak),
    }


def _condition(condition: Condition, width: int) -> dict[str, Any]:
    """Return a condition with integer coefficients as data."""
    terms, constant = integer_condition(condition, width)
    return {
        "layer": condition.layer,
        "after_relu": condition.after_relu,
        "terms": terms,
        "constant": constant.numerator,
        "constant_den": constant.denominator,
        "strict": condition.strict,
    }


def _over(denominator: int, entries: Iterable[Fraction]) -> list[int]:
    return [entry.numerator * (denominator // entry.denominator) for entry in entries]
