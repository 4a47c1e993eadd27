"""What ``certify --arithmetic`` says beside the verdict: the verdict over the reals, the role of the order, runs in libraries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import click
import numpy as np

from exactzones.certification import CanFire, CannotFire, Decision, Undecided, certify_cases
from exactzones.certification.every_order import EveryOrder, every_order
from exactzones.certification.float_orders import TYPES, FloatProgram, OrderDependence, SumOrder, order_dependence
from exactzones.checker import Case
from exactzones.deadline import Deadline
from exactzones.errors import InputError
from exactzones.models import save_network
from exactzones.network import Network
from exactzones.notation import number
from exactzones.notation import point as point_text
from exactzones.rational import Vector, text

_SEARCH_SECONDS = 10.0  # to go through all orders, and as many for an input at which the order decides
_SHOWN = 8  # coordinates of an input


def findings(
    network: Network, cases: Sequence[Case], real: Sequence[Case], decision: Decision, until: Deadline
) -> dict[str, Any]:
    """Return the fields that the answer has in addition if it is about float arithmetic.

    Args:
        network: the network.
        cases: what is claimed of it.
        real: the same over the reals; a domain has more real points than numbers of the format, which may end before it does.
        decision: the answer.
        until: when to end.
    """
    if not isinstance(decision, Undecided):
        return {"real_verdict": _over_the_reals(network, cases, real, decision, until)}
    every = every_order(network, cases, Deadline(min(_SEARCH_SECONDS, until.left()), until))
    depends = None if every else order_dependence(network, cases, seconds=min(_SEARCH_SECONDS, until.left()))
    fields: dict[str, Any] = {"real_verdict": _over_the_reals(network, cases, real, decision, until)}
    if depends is not None:
        fields["depends"] = _depends(cases[depends.case].arithmetic, depends)
    if every is not None:
        fields["every_order"] = _every_order(every)
    if decision.missing_margin is not None:
        fields["missing_margin"] = f"{decision.missing_margin:.6g}"
    return fields


def _over_the_reals(
    network: Network, cases: Sequence[Case], real: Sequence[Case], decision: Decision, until: Deadline
) -> Literal["can fire", "cannot fire", "undecided"]:
    """Return the verdict over the reals; exact evaluation is one of the executions that a decision is about."""
    same_domains = all(each.rows == other.rows for each, other in zip(cases, real, strict=True))
    if isinstance(decision, Undecided) or (isinstance(decision, CannotFire) and not same_domains):
        decision = certify_cases(network, real, seconds=until)
    return "can fire" if isinstance(decision, CanFire) else "cannot fire" if isinstance(decision, CannotFire) else "undecided"


def _depends(arithmetic: str, found: OrderDependence) -> dict[str, Any]:
    """Return an input at which the order decides, the two orders with what they give, and a program that shows it."""
    values = zip(found.orders, found.values, strict=True)
    listed = ", ".join(f"SumOrder({order.name!r}, {order.bias_first}, {order.seed}, {order.fused})" for order in found.orders)
    lines = (
        "import sys, numpy as np",
        "from exactzones.certification.float_orders import FloatProgram, SumOrder",
        "from exactzones.models import load_network",
        f"program = FloatProgram(load_network(sys.argv[1]), {arithmetic!r})",
        f"point = np.array([[{', '.join(repr(float(x)) for x in found.point)}]])",
        f"for order in ({listed}):",
        "    print(order, [float(z).hex() for z in program.trace(point, order)[-1][0][0]])",
    )
    return {
        "case": found.case,
        "input": list(map(text, found.point)),
        "orders": [{"order": str(order), "value": text(value)} for order, value in values],
        "script": "\n".join(lines),
    }


def _every_order(found: EveryOrder) -> dict[str, Any]:
    """Return what going through all executions has shown; there is no certificate of it."""
    if found.point is None:
        return {"verdict": "cannot fire", "inputs": found.points}
    return {"verdict": "can fire", "case": found.case, "input": list(map(text, found.point))}


def print_findings(arithmetic: str, fields: dict[str, Any]) -> None:
    """Print them, one on a line; the last line says what the verdict after it is about."""
    click.echo(f"over the reals: {fields['real_verdict']}")
    if "missing_margin" in fields:
        click.echo(f"no proof was found: in open regions, bounds of a condition miss it by up to {fields['missing_margin']}")
    every = fields.get("every_order", {})
    if "input" in every:
        click.echo(f"all orders were gone through: each fires at {_point(every['input'])}; there is no certificate")
    elif every:
        click.echo(f"all orders were gone through: none fires at any of the {every['inputs']} inputs; there is no certificate")
    if "depends" in fields:
        first, second = (f"{number(Fraction(each['value']))} ({each['order']})" for each in fields["depends"]["orders"])
        click.echo(f"it depends on the order at {_point(fields['depends']['input'])}: {first}, or {second}")
    if "replay" in fields:
        replayed = fields["replay"]
        click.echo(f"{replayed['library']} {replayed['version']} computes {', '.join(replayed['outputs'][:_SHOWN])}")
    click.echo(f"in {arithmetic}, in every order of summation:")


def _point(entries: Sequence[str]) -> str:
    return point_text(map(Fraction, entries))


def require_library(library: str, arithmetic: str) -> Any:
    """Return a library's module.

    Raises:
        InputError: the library is not installed, or nothing is run in it in this arithmetic.
    """
    if arithmetic not in TYPES:
        raise InputError(f"--replay runs a network in {', '.join(TYPES)}, not in {arithmetic}: give one of these as --arithmetic")
    try:
        return import_module(library)
    except ImportError:
        raise InputError(f"--replay {library} needs {library}; install it first: pip install {library}") from None


def replay(library: str, network: Network, path: Path, arithmetic: str, point: Vector) -> dict[str, Any]:
    """Evaluate a network at a point in a library.

    Args:
        library: one of ``LIBRARIES``.
        network: the network.
        path: its file; onnxruntime runs it as it is if it is an ONNX file.
        arithmetic: a format that NumPy has.
        point: numbers of the format.

    Returns:
        The library, its version, and the outputs as hexadecimal floats.

    Raises:
        InputError: the library is not installed, or does not have the format.
    """
    module = require_library(library, arithmetic)
    outputs = LIBRARIES[library](network, path, TYPES[arithmetic], np.array([list(map(float, point))], TYPES[arithmetic]))
    return {"library": library, "version": module.__version__, "outputs": [float(value).hex() for value in outputs]}


def _by_numpy(network: Network, _path: Path, kind: Any, points: Any) -> Any:
    return FloatProgram(network, np.dtype(kind).name).trace(points, SumOrder("forward"))[-1][1][0]


def _by_onnxruntime(network: Network, path: Path, kind: Any, points: Any) -> Any:
    onnxruntime = import_module("onnxruntime")
    with TemporaryDirectory() as folder:
        model = path
        if path.suffix.lower() != ".onnx":
            model = Path(folder) / "network.onnx"
            save_network(network, model)
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        (taken,) = session.get_inputs()
        shape = [size if isinstance(size, int) else 1 for size in taken.shape]
        if math.prod(shape) != points.size or taken.type != f"tensor({_ONNX_TYPES[kind]})":
            raise InputError(f"{path}: its input has shape {shape} and type {taken.type}; expected one point of the claim's type")
        return session.run(None, {taken.name: points.reshape(shape)})[0].ravel()


def _by_torch(network: Network, _path: Path, kind: Any, points: Any) -> Any:
    import torch

    values = torch.from_numpy(points)
    for weight, bias, mask in FloatProgram(network, np.dtype(kind).name).layers:
        before = torch.nn.functional.linear(values, *(torch.from_numpy(part.astype(kind)) for part in (weight, bias)))
        values = torch.where(torch.from_numpy(mask), torch.relu(before), before)
    return values.numpy().ravel()


_ONNX_TYPES = {np.float64: "double", np.float32: "float", np.float16: "float16"}
LIBRARIES: dict[str, Callable[[Network, Path, Any, Any], Any]] = {
    "numpy": _by_numpy,
    "onnxruntime": _by_onnxruntime,
    "torch": _by_torch,
}
"""The libraries that can evaluate a network at a point."""
