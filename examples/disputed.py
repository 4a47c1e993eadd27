"""Three questions on which float tools err or contradict each other, settled with certificates.

1. A network after "Fooling a complete neural network verifier" (Zombori et al., ICLR 2021) with weights of 10^17 that cancel.
   Evaluated in floats, its features have the wrong sign at every point of the domain.
2. A network with weights -1, 0 and 1 whose maximum on a box is exactly 19: the question "greater than 19?" leaves no slack.
3. An instance of the VNN competition on which published verdicts contradict each other.  EXACTZONES_VNNCOMP names the folder of
   instances; without it this part is skipped.

Run it:  python examples/disputed.py [PROPERTY.vnnlib of the category safenlp]
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import numpy as np

from exactzones import (
    CanFire,
    CannotFire,
    Decision,
    Network,
    Polyhedron,
    certify,
    check,
    feature,
    load_network,
    maximum,
)
from exactzones.certification import case_of, certify_cases
from exactzones.checker import check as check_cases
from exactzones.rational import text
from exactzones.vnnlib.reader import read_vnnlib

BIG = 10**17
"""A float64; the next larger one is 16 away."""

DISPUTED = "hyperrectangle_1359.vnnlib"


def fooling() -> Network:
    """Return a network that computes (x - 1/2, 1/2 - x) for x >= 0 as 10^17 + x - 10^17 and so on.

    >>> fooling()(["3/2"])
    (Fraction(1, 1), Fraction(-1, 1))
    """
    one_and_x = [[0], [1]], [1, 0]
    sum_and_one = [[BIG, 1], [1, 0]], [0, 0]
    difference = [[1, -BIG], [-1, BIG]], ["-1/2", "1/2"]
    return Network.mlp([one_and_x, sum_and_one, difference])


def in_floats(network: Network, point: list[float]) -> list[float]:
    """Evaluate in float64, which represents every weight of these networks exactly."""
    values = np.array(point)
    for layer in network.layers:
        weight = np.array([[float(entry) for entry in row] for row in layer.weight.rows])
        values = weight @ values + np.array([float(entry) for entry in layer.bias])
        values = np.where(layer.relu, np.maximum(values, 0), values)
    return [float(value) for value in values]


def ternary() -> Network:
    """Return a network 2-6-6-1 whose weights and biases are drawn from -1, 0 and 1."""
    rng = np.random.default_rng(0)
    return Network.mlp([
        (rng.integers(-1, 2, (outputs, inputs)), rng.integers(-1, 2, outputs))
        for inputs, outputs in ((2, 6), (6, 6), (6, 1))
    ])  # fmt: skip


def spell(decision: Decision) -> str:
    """Return a decision and its evidence in words."""
    if isinstance(decision, CanFire):
        point = ", ".join(map(text, decision.witness))
        return "can fire" + (f", at ({point})" if len(point) < 60 else ", at a point of exact rationals")
    if isinstance(decision, CannotFire):
        return f"cannot fire; the certificate has {decision.nodes} nodes"
    return f"undecided: {decision.reason}"


def show_cancellation() -> None:
    """Print the wrong signs in floats and the right answers."""
    network, domain = fooling(), Polyhedron.box(1, 2, dim=1)
    print("1. Two features x - 1/2 and 1/2 - x for x in [1, 2], where x is computed as 10^17 + x - 10^17")
    print(f"   in floats, at x = 1.5:  {in_floats(network, [1.5])}, wrong like everywhere else: the second seems to fire")
    print(f"   exactly, at x = 1.5:    {[float(value) for value in network(['3/2'])]}")
    for index in (0, 1):
        decision = certify(network, feature(index), domain)
        report = check(network, feature(index), domain, decision.certificate)
        print(f"   feature {index}: {spell(decision)}; check says: {report}")
    print()


def show_maximum() -> None:
    """Print the maximum of the ternary network, and what is certified just below and at it."""
    network, domain = ternary(), Polyhedron.box(-6, 6, dim=2)
    top = maximum(network, 0, domain)
    print("2. A network 2-6-6-1 with weights -1, 0 and 1 on [-6, 6]^2")
    if top.value is None or top.certificate is None:  # never on a box, which bounds every feature; for type checkers
        return
    report = check(network, feature(0, top.value), domain, top.certificate)
    print(f"   the maximum is exactly {text(top.value)}, at ({', '.join(map(text, top.point))}); check says: {report}")
    for threshold in ("18.999999999", "19"):
        print(f"   greater than {threshold}: {spell(certify(network, feature(0, threshold), domain))}")
    print()


def settle_disputed_instance(folder: Path, name: str = DISPUTED, seconds: float = 60) -> str:
    """Decide an instance of the category safenlp and return the verdict: sat, unsat or unknown."""
    with (folder / "expected.csv").open(encoding="utf-8") as stream:
        row = next(row for row in csv.DictReader(stream) if Path(row["vnnlib"]).name == name)
    (sat, unsat) = list(row.values())[-2:]
    print(f"3. {name}: {sat} tools answered sat and {unsat} answered unsat")
    network = load_network(folder / row["onnx"])
    cases = [case_of(network, case.property_for(network), case.domain) for case in read_vnnlib(folder / row["vnnlib"], network)]
    decision = certify_cases(network, cases, seconds=seconds)
    report = check_cases(network, cases, decision.certificate.lines)
    verdict = "sat" if isinstance(decision, CanFire) else "unsat" if isinstance(decision, CannotFire) else "unknown"
    print(f"   the answer is {verdict}: the property {spell(decision)}; check says: {report}")
    if isinstance(decision, CanFire):
        print(f"   the exact outputs there, rounded for printing: {[float(v) for v in network(decision.witness)]}")
    return verdict


def main(arguments: list[str]) -> None:
    """Print the three questions and their answers."""
    show_cancellation()
    show_maximum()
    folder = os.environ.get("EXACTZONES_VNNCOMP")
    if folder:
        settle_disputed_instance(Path(folder) / "safenlp", arguments[0] if arguments else DISPUTED)
    else:
        print("3. Set EXACTZONES_VNNCOMP to the folder of public instances to settle a disputed one.")


if __name__ == "__main__":
    main(sys.argv[1:])
