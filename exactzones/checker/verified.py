"""The verified checker: the same rules, proved sound in Coq and extracted to a program.  See ``proofs/README.md``.

What it is asked is this package's claim, written to a file; what it reads is the very certificate.
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
from itertools import chain
from math import lcm
from pathlib import Path
from typing import Any

from exactzones.checker.certificate import read_header, read_node, write_node
from exactzones.checker.core import matches, trees_of
from exactzones.checker.records import Case, Report, require_rational
from exactzones.checker.tree import Invalid
from exactzones.errors import BackendError, FormatError
from exactzones.network import Layer, Network
from exactzones.property import Condition

VARIABLE = "EXACTZONES_VERIFIED"
"""Environment variable: where the built checker is, if not in this source tree."""
_BUILT = Path(__file__).resolve().parents[2] / "proofs" / "build" / "exactzones-checker"


def program() -> Path:
    """Return the built checker.

    Raises:
        BackendError: it is not built; the message says how to.
    """
    named = os.environ.get(VARIABLE)
    found = shutil.which(named) if named else shutil.which(_BUILT)
    if found is None:
        where = f"{VARIABLE}={named} is no program" if named else f"there is no {_BUILT}"
        raise BackendError(f"the verified checker is not built ({where}); build it with: bash proofs/build.sh")
    return Path(found)


def check_verified(network: Network, cases: Sequence[Case], lines: Iterable[str]) -> Report:
    """Check a certificate with the verified checker.

    Args:
        network: the network.
        cases: what is claimed; see ``exactzones.checker.check``.
        lines: of the certificate.

    Returns:
        A report, with the verdict of ``exactzones.checker.check``; reasons may be worded otherwise, and where cases share a tree
        nodes and open leaves are counted for each case.

    Raises:
        BackendError: the checker is not built, or broke down.
    """
    built = program()
    with tempfile.TemporaryDirectory() as folder:
        claim, certificate = Path(folder) / "claim.json", Path(folder) / "certificate"
        claim.write_text(json.dumps(claim_of(network, cases)))
        try:
            stream_in = iter(lines)
            first = next(stream_in, "")
            matches(read_header(first), network, cases)
            with certificate.open("w", newline="") as stream:
                for line in one_tree_each(chain([first], stream_in)):
                    stream.write(line if line.endswith("\n") else line + "\n")
        except (FormatError, Invalid) as error:
            return Report("invalid", why=str(error))
        done = subprocess.run([built, claim, certificate], capture_output=True, text=True, check=False)  # noqa: S603
    return _report(done)


def one_tree_each(lines: Iterable[str]) -> Iterator[str]:
    """Yield a certificate whose trees are about one case each.

    A tree about several cases stands for as many trees that are alike but for their refutations.

    Raises:
        FormatError: a line that is none of a certificate.
        Invalid: a node of no region, or refutations of other cases than the tree's.
    """
    stream = iter(lines)
    first = next(stream, "")
    header = read_header(first)
    if header.trees is None or header.witness is not None:
        yield first
        yield from stream
        return
    trees = trees_of(header)
    yield json.dumps({key: value for key, value in json.loads(first).items() if key != "trees"})
    numbers = {root: list(cases) for root, cases in enumerate(trees)}  # of the same region in each of the cases' own trees
    shared, single = len(trees), header.cases  # how many regions there are
    for line in stream:
        node = read_node(line)
        splits = node.kind in {"relu", "cut"}
        copies = numbers.pop(node.number, [])
        if not copies or (node.kind == "no" and len(node.refutations) != len(copies)):
            raise Invalid(f"node {node.number}: there is no such region, or its cases are not refuted one by one")
        for j, number in enumerate(copies):
            yield write_node(replace(node, number=number, refutations=node.refutations[j : j + 1]))
            if splits:
                for side in (0, 1):
                    numbers.setdefault(shared + side, []).append(single + side)
                single += 2
        shared += 2 * splits


def _report(done: subprocess.CompletedProcess[str]) -> Report:
    verdict, *rest = done.stdout.split("\n")
    match done.returncode:
        case 0:
            return Report("valid", rest[0], nodes=int(rest[1]), zones=int(rest[2]))
        case 1:
            return Report("invalid", why=verdict.removeprefix("invalid: "))
        case 3:
            return Report("incomplete", open_leaves=int(verdict.split()[1]))
    raise BackendError(f"the verified checker broke down (exit code {done.returncode}): {done.stderr.strip()[-300:]}")


def claim_of(network: Network, cases: Sequence[Case]) -> dict[str, Any]:
    """Return the claim as data: exact weights as integers over one denominator, rows and conditions as integers.

    Raises:
        InexactError: an irrational number.
    """
    for case in cases:
        require_rational(network, case)
    return {
        "sha256": network.sha256,
        "layers": [_layer(layer) for layer in network.layers],
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
    rows = layer.weight.rows
    weight_den = lcm(*(entry.denominator for row in rows for entry in row))
    bias_den = lcm(*(entry.denominator for entry in layer.bias))
    return {
        "weights": [_over(weight_den, row) for row in rows],
        "weight_den": weight_den,
        "biases": _over(bias_den, layer.bias),
        "bias_den": bias_den,
        "relu": list(layer.relu),
    }


def _condition(condition: Condition, width: int) -> dict[str, Any]:
    """Scale a condition by the least common denominator of its coefficients."""
    scale = lcm(*(coefficient.denominator for _, coefficient in condition.terms))
    terms = [0] * width
    for unit, coefficient in condition.terms:
        terms[unit] += int(coefficient * scale)
    constant = condition.constant * scale
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
