"""Certification against other verifiers: the same public instances in one run on one core, verdicts compared.

    EXACTZONES_VNNCOMP=FOLDER EXACTZONES_NNENUM=FOLDER python tests/benchmarks/verifiers.py [--only TEXT] [--peers nnenum z3]
        [--limit SECONDS] [--peer-limit NAME=SECONDS ..] [--every]

Peers: maraboupy and z3-solver from PyPI, nnenum (GPL, not on PyPI) from the folder of its sources; for those that are missing the
column says so.  nnenum and Marabou compute in floats, z3 exactly; of these only "Marabou, proofs" writes proofs.  Every answer is
found by a process of its own, pinned to one core, and stopped after so many seconds of CPU.  Times are seconds of CPU from the
files to the verdict, without imports; ours include that our checker has accepted the certificate.  "ratio" is the peer's time
over ours.  A verdict that contradicts ours is bold; "no witness" marks a "sat" whose point, moved into the box, does not hold
exactly (Marabou prints six decimals of it).

The last rows, which need no FOLDER, ask whether the output of a small network can reach its exact maximum, and 1e-9 more.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import csv
import ctypes
import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from adapters import RADIUS, cpu, name_of, network_of, one_core, refusal, ternary

from exactzones import Network, Polyhedron
from exactzones.certification import CanFire, CannotFire, case_of, certify_cases, maximum
from exactzones.checker.core import holds
from exactzones.models import load_network
from exactzones.models.onnx_model import save_onnx
from exactzones.vnnlib.reader import VnnlibCase, read_vnnlib

ACAS = "onnx/ACASXU_run2a_{}_batch_2000.onnx vnnlib/prop_{}.vnnlib"
MEDICAL = "onnx/medical/perturbations_0.onnx vnnlib/medical/hyperrectangle_{}.vnnlib"
ROBOT = "onnx/ruarobot/perturbations_0.onnx vnnlib/ruarobot/hyperrectangle_{}.vnnlib"
INSTANCES = {
    "acasxu": [
        *(ACAS.format("1_1", prop) for prop in (1, 2, 3, 4)),
        *(ACAS.format(name, 3) for name in ("2_1", "4_2")),
        *(ACAS.format(name, 2) for name in ("3_3", "4_2", "5_3", "2_1")),
        ACAS.format("4_9", 1),
        ACAS.format("2_9", 8),
    ],
    "safenlp": [*(MEDICAL.format(k) for k in (599, 2086, 143)), *(ROBOT.format(k) for k in (7394, 121))],
    "rl_benchmarks": [
        "onnx/cartpole.onnx vnnlib/cartpole_case_unsafe_0.vnnlib",
        "onnx/lunarlander.onnx vnnlib/lunarlander_case_safe_12.vnnlib",
        "onnx/dubinsrejoin.onnx vnnlib/dubinsrejoin_case_safe_13.vnnlib",
    ],
}
SMALL = [2, 6, 6, 1]
DECIDED = {"sat", "unsat"}
PRINTED = "printed.txt"
Point = list[Fraction]


@dataclass(frozen=True)
class Question:
    """An instance: its files, how the table calls it, and the verdict that is known."""

    name: str
    onnx: Path
    vnnlib: Path
    expected: str


@dataclass(frozen=True)
class Answer:
    """A verdict, or what a peer said instead of one, and its seconds; none if it was stopped at its limit."""

    verdict: str
    seconds: float | None
    confirmed: bool = True

    @property
    def decided(self) -> bool:
        return self.verdict in DECIDED


def read(question: Question) -> tuple[Network, list[VnnlibCase]]:
    """Return the network and the cases that the files hold."""
    net = load_network(question.onnx)
    return net, read_vnnlib(question.vnnlib, net)


class Ours:
    """certify_cases: an exact witness, or a certificate that our checker has accepted."""

    name, package = "ours", "exactzones"

    def __init__(self) -> None:
        import onnx.numpy_helper  # noqa: F401 - not to be counted later

    def answer(self, question: Question) -> tuple[str, Point | None]:
        net, cases = read(question)
        found = certify_cases(net, [case_of(net, case.property_for(net), case.domain) for case in cases])
        if isinstance(found, CanFire):
            return "sat", list(found.witness)
        return ("unsat" if isinstance(found, CannotFire) else "unknown"), None


class Nnenum:
    """Star sets and LPs in floats, with its own command line's settings and one process."""

    name, package = "nnenum", "nnenum.nnenum"

    def __init__(self) -> None:
        from nnenum import nnenum, settings

        settings.Settings.PRINT_OUTPUT = False
        self.module, self.enumerate, self.results = nnenum, nnenum.enumerate_network, []
        nnenum.enumerate_network = self._enumerate

    def _enumerate(self, *arguments: Any) -> Any:
        self.results.append(self.enumerate(*arguments))
        return self.results[-1]

    def answer(self, question: Question) -> tuple[str, Point | None]:
        sys.argv = ["nnenum", str(question.onnx), str(question.vnnlib), "1e6", os.devnull, "1"]
        self.module.main()
        last = self.results[-1]
        if "unsafe" in last.result_str:
            return "sat", None if last.cinput is None else list(map(Fraction, map(float, last.cinput)))
        return {"safe": "unsat"}.get(last.result_str, last.result_str), None


class Marabou:
    """Simplex and splits in floats, by its own command line: its Python interface alone gets stuck when it writes proofs."""

    name, package, options = "Marabou", "maraboupy", ()

    def __init__(self) -> None:
        from maraboupy import MarabouCore

        self.core = MarabouCore

    def answer(self, question: Question) -> tuple[str, Point | None]:
        command = ["Marabou", str(question.onnx), str(question.vnnlib), "--verbosity=0", "--summary-file=summary.txt"]
        self.core.maraboupyMain([*command, *self.options])
        verdict = Path("summary.txt").read_text().split()[0]
        if verdict != "sat":
            return verdict, None
        ctypes.CDLL(None).fflush(None)
        return verdict, [Fraction(value) for value in re.findall(r"x\d+ = (\S+)", Path(PRINTED).read_text())]


class MarabouProofs(Marabou):
    """The same with proofs, which it checks in floats."""

    name, options = "Marabou, proofs", ("--prove-unsat",)


class Z3:
    """Exact: rational linear arithmetic, a case distinction for every ReLU."""

    name, package = "z3", "z3"

    def __init__(self) -> None:
        import onnx.numpy_helper  # noqa: F401 - not to be counted later
        import z3

        self.z3 = z3

    def answer(self, question: Question) -> tuple[str, Point | None]:
        net, cases = read(question)
        number = self.z3.Q
        inputs = [self.z3.Real(f"X_{k}") for k in range(net.inputs)]
        definitions, values = [], inputs
        for i, layer in enumerate(net.layers):
            before = [self.z3.Real(f"z_{i}_{k}") for k in range(layer.outputs)]
            for name, weights, bias in zip(before, layer.weight.rows, layer.bias, strict=True):
                terms = [number(*c.as_integer_ratio()) * value for c, value in zip(weights, values, strict=True) if c]
                definitions.append(name == self.z3.Sum(number(*bias.as_integer_ratio()), *terms))
            values = [self.z3.If(name > 0, name, 0) if relu else name for name, relu in zip(before, layer.relu, strict=True)]
        for case in cases:
            solver = self.z3.Solver()
            solver.add(*definitions)
            for name, (low, high) in zip(inputs, case.box, strict=True):
                solver.add(name >= number(*low.as_integer_ratio()), name <= number(*high.as_integer_ratio()))
            for names, rows in ((inputs, case.rows), (values, case.outputs)):
                for row in rows:
                    terms = [number(*c.as_integer_ratio()) * names[k] for k, c in row.terms]
                    left = self.z3.Sum(number(*row.constant.as_integer_ratio()), *terms)
                    solver.add(left > 0 if row.strict else left >= 0)
            verdict = str(solver.check())
            if verdict == "sat":
                model = solver.model()
                return verdict, [model.eval(name, model_completion=True).as_fraction() for name in inputs]
            if verdict != "unsat":
                return verdict, None
        return "unsat", None


PEERS = {kind.name: kind for kind in (Ours, Nnenum, Marabou, MarabouProofs, Z3)}


def add_nnenum() -> None:
    """Let nnenum be imported from where the environment says."""
    folder = os.environ.get("EXACTZONES_NNENUM")
    if folder:
        sys.path += [folder, str(Path(folder) / "src")]


def is_installed(kind: type) -> bool:
    try:
        return find_spec(kind.package) is not None
    except ImportError:
        return False


def is_witness(question: Question, point: Point) -> bool:
    """Tell whether a point, moved into the box, is exactly what was asked for."""
    net, cases = read(question)
    for case in cases:
        moved = point[: net.inputs]
        for k, (low, high) in enumerate(case.box):
            moved[k] = moved[k] if low is None else max(moved[k], low)
            moved[k] = moved[k] if high is None else min(moved[k], high)
        if holds(net, case_of(net, case.property_for(net), case.domain), moved):
            return True
    return False


def work(name: str, question: Question, seconds: float, out: Path) -> None:
    """Answer in this process, which ends at its limit of CPU, and write the answer to a file."""
    add_nnenum()
    try:
        peer = PEERS[name]()
        start = cpu()
        stop = math.ceil(start + seconds)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (stop, stop + 5))
        verdict, point = peer.answer(question)
        spent = cpu() - start
        confirmed = verdict != "sat" or (point is not None and is_witness(question, point))
    except Exception as error:  # noqa: BLE001 - whatever stops a peer is its answer
        verdict, spent, confirmed = refusal(error), cpu(), True
    out.write_text(json.dumps([verdict, spent, confirmed]))


def ask(name: str, question: Question, seconds: float) -> Answer:
    """Return what a peer answers, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out, complaints = Path(folder) / "answer.json", Path(folder) / "complaints.txt"
        files = [str(question.onnx), str(question.vnnlib)]
        command = [sys.executable, str(Path(__file__).resolve()), "--work", name, *files, str(seconds), str(out)]
        with (Path(folder) / PRINTED).open("w") as printed, complaints.open("w") as errors:
            process = subprocess.Popen(  # noqa: S603 - this very script
                command, cwd=folder, stdout=printed, stderr=errors, start_new_session=True
            )
        with suppress(subprocess.TimeoutExpired):
            # On a busy machine CPU is slow to come by; the time on the clock is only for what hangs.
            process.wait(timeout=6 * seconds + 60)
        with suppress(ProcessLookupError):  # whatever it started ends with it
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        if out.exists():
            return Answer(*json.loads(out.read_text()))
        if status in {-signal.SIGXCPU, -signal.SIGKILL}:
            return Answer("out of time", None)
        return Answer(f"ends with {status}: {' '.join(complaints.read_text().split())[-60:]}", 0)


def public(only: str, *, every: bool) -> Iterator[Question]:
    """Yield the public instances with their published verdicts: the chosen ones, or every one of the same categories."""
    if "EXACTZONES_VNNCOMP" not in os.environ:
        print("EXACTZONES_VNNCOMP is not set: no public instances", file=sys.stderr)
        return
    folder = Path(os.environ["EXACTZONES_VNNCOMP"]).resolve()
    for category, instances in INSTANCES.items():
        with (folder / category / "expected.csv").open() as stream:
            expected = {f"{row['onnx']} {row['vnnlib']}": row["expected"] for row in csv.DictReader(stream)}
        for instance in expected if every else instances:
            onnx, vnnlib = instance.split()
            short = onnx.removeprefix("onnx/").removesuffix(".onnx").replace("ACASXU_run2a_", "").replace("_batch_2000", "")
            name = f"{category} {short} {Path(vnnlib).stem}"
            if only in name:
                yield Question(name, folder / category / onnx, folder / category / vnnlib, expected[instance])


def small(folder: Path) -> Iterator[Question]:
    """Write the small network whose maximum is an integer, and the questions whether it is reached and surpassed."""
    net = network_of(*ternary(SMALL, 0))
    top = maximum(net, 0, Polyhedron.box(-RADIUS, RADIUS, dim=net.inputs))
    point = ", ".join(map(str, top.point))
    print(f"{name_of(SMALL)}: the maximum of the output is exactly {top.value}, at ({point})", file=sys.stderr)
    onnx = folder / "small.onnx"
    save_onnx(net, onnx)
    for more, expected in ((Fraction(0), "sat"), (Fraction(1, 10**9), "unsat")):
        bound = top.value + more
        text = f"{bound.numerator // bound.denominator}.{int(bound % 1 * 10**9):09d}"
        lines = [f"(declare-const X_{k} Real)" for k in range(net.inputs)] + ["(declare-const Y_0 Real)"]
        for k in range(net.inputs):
            lines += [f"(assert (>= X_{k} -{RADIUS}.0))", f"(assert (<= X_{k} {RADIUS}.0))"]
        lines.append(f"(assert (>= Y_0 {text}))")
        vnnlib = folder / f"{expected}.vnnlib"
        vnnlib.write_text("\n".join(lines) + "\n")
        yield Question(f"{name_of(SMALL)}, output >= {text}", onnx, vnnlib, expected)


def verdict_of(answer: Answer, own: Answer) -> str:
    text = answer.verdict + ", no witness" * (not answer.confirmed)
    return f"**{text}**" if answer.decided and own.decided and answer.verdict != own.verdict else text


def seconds_of(answer: Answer, limit: float) -> str:
    return f"> {limit:g}" if answer.seconds is None else f"{answer.seconds:.3g}"


def ratio_of(answer: Answer, own: Answer, limit: float) -> str:
    """Return how many times as long a peer took."""
    if not own.decided or not (answer.decided or answer.seconds is None):
        return ""
    return f"> {limit / own.seconds:.3g}" if answer.seconds is None else f"{answer.seconds / own.seconds:.3g}"


def totals(name: str, rows: list[dict[str, Answer]]) -> list[str]:
    """Return how many a peer decided, in how long, and how that compares with us on those we decided alike."""
    decided = [row for row in rows if row[name].decided]
    both = [row for row in decided if row["ours"].verdict == row[name].verdict]
    cells = [f"{len(decided)} of {len(rows)}", f"{sum(row[name].seconds for row in decided):.3g}"]
    if name == "ours":
        return cells
    own = sum(row["ours"].seconds for row in both)
    return [*cells, f"{sum(row[name].seconds for row in both) / own:.3g}" if both else ""]


def limits_of(options: argparse.Namespace) -> dict[str, float]:
    special = dict(entry.rsplit("=", 1) for entry in options.peer_limit)
    return {name: float(special.get(name, options.limit)) for name in PEERS}


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        name, onnx, vnnlib, seconds, out = sys.argv[2:]
        work(name, Question("", Path(onnx), Path(vnnlib), ""), float(seconds), Path(out))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="instances whose name contains this")
    parser.add_argument("--peers", nargs="*", choices=[name for name in PEERS if name != "ours"], help="all by default")
    parser.add_argument("--every", action="store_true", help="not only the chosen instances of a category")
    parser.add_argument("--limit", type=float, default=60, help="CPU seconds for one answer")
    parser.add_argument("--peer-limit", nargs="*", default=[], metavar="NAME=SECONDS", help="another limit for a peer")
    options = parser.parse_args()
    one_core()
    add_nnenum()
    limits = limits_of(options)
    names = ["ours", *(name for name in PEERS if name != "ours" and (options.peers is None or name in options.peers))]
    installed = [name for name in names if is_installed(PEERS[name])]
    columns = ["instance", "published", "ours", "s"]
    for name in names[1:]:
        columns += [name if name in installed else f"{name}: not installed", "s", "ratio"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    rows, wrong = [], False
    with tempfile.TemporaryDirectory() as folder:
        for question in (*public(options.only, every=options.every), *small(Path(folder))):
            row = {name: ask(name, question, limits[name]) for name in installed}
            rows.append(row)
            own = row["ours"]
            contradicts = own.decided and question.expected in DECIDED and own.verdict != question.expected
            wrong = wrong or contradicts or not own.confirmed
            cells = [question.name, question.expected, own.verdict + " WRONG" * contradicts, seconds_of(own, limits["ours"])]
            for name in names[1:]:
                if name not in installed:
                    cells += [""] * 3
                    continue
                limit = limits[name]
                cells += [verdict_of(row[name], own), seconds_of(row[name], limit), ratio_of(row[name], own, limit)]
            print(f"| {' | '.join(cells)} |", flush=True)
    cells = ["decided, and the ratio where the verdicts agree", ""]
    for name in names:
        cells += totals(name, rows) if name in installed else [""] * 3
    print(f"| {' | '.join(cells)} |")
    sys.exit(wrong)


if __name__ == "__main__":
    main()
