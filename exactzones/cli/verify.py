"""``exactzones verify``: decide a VNN-LIB query, with the command line that chapter 5 of the VNN-LIB standard defines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from exactzones.certification import CanFire, CannotFire, Certificate, case_of, certify_cases
from exactzones.certification.quadratic import find_quadratic
from exactzones.checker import Case, check, lines_of
from exactzones.cli.command import Command
from exactzones.cli.options import gathered, path_option, timeout_option
from exactzones.cli.outputs import Deliveries, check_target, require_file
from exactzones.cli.stopping import stop
from exactzones.cli.workers import jobs_option
from exactzones.deadline import Deadline
from exactzones.errors import BudgetExceeded, InexactError, InputError
from exactzones.files import naming
from exactzones.formats.certificates import save_certificate
from exactzones.models import load_network
from exactzones.network import Network
from exactzones.notation import counted
from exactzones.property import Property
from exactzones.rational import Quadratic, Vector
from exactzones.rational.float_formats import FORMATS, REAL, Direction, FloatArithmetic, FloatFormat
from exactzones.roundings import Roundings
from exactzones.vnnlib.declarations import FLOATS
from exactzones.vnnlib.product import ending_linearly
from exactzones.vnnlib.reader import Query, VnnlibCase, read_query

_SEARCH_SHARE = 0.95  # of the time; the rest is for the answer
_ROUNDED_DIGITS = 30  # of a coordinate that is not a finite decimal
_FINE = 1 << 60
_DIRECTIONS: tuple[Direction, ...] = ("nearest", "down", "up")
_BETWEEN = "the points that were found lie between numbers of the declared type"
_SYNONYMS = {"float": "float32", "double": "float64"}


@dataclass(frozen=True)
class CertificateFiles:
    """The options that name certificate files."""

    certificate: Path | None
    check: Path | None

    def refuse(self, query: Path, asked: Query, models: Sequence[Path]) -> None:
        """Refuse files that cannot be written or read, and certificates of what has none.

        Raises:
            InputError: see above.
        """
        if self.certificate is not None and self.check is not None:
            raise InputError("--certificate writes a certificate and --check reads one: give only one of them")
        if self != CertificateFiles(None, None) and any(case.quadratic for case in asked.cases):
            raise InputError(f"{query}: a condition has degree 2, and there are certificates for linear conditions only")
        for path in (query, *models):
            check_target(self.certificate, path)
        if self.check is not None:
            require_file(self.check)


@click.command(cls=Command)
@click.argument("query", type=click.Path(path_type=Path))
@click.option(
    "--network",
    "models",
    multiple=True,
    metavar="NAME=FILE",
    help="A network of the query and its model file; repeat it for each network that is not declared equal to another.",
)
@click.option(
    "--arithmetic",
    metavar="A",
    help="How the network is evaluated: real, float64, float32, .. as for exactzones certify; by default the type that the query "
    "declares.",
)
@gathered(
    "files",
    CertificateFiles,
    path_option("--certificate", metavar="CERT", help="Write the certificate of the verdict to this file."),
    path_option("--check", metavar="CERT", help="Check a certificate of this query instead of deciding it."),
)
@timeout_option
@jobs_option
def verify(
    query: Path, models: tuple[str, ...], arithmetic: str | None, files: CertificateFiles, timeout: float | None, jobs: int
) -> int:
    """Decide a VNN-LIB query; the command line is that of chapter 5 of the VNN-LIB standard.

    Prints "sat", "unsat", "unknown" or "timed-out"; after "sat" come the values of all tensors.  The verdict is about the
    arithmetic of the declared types: in floats "sat" and "unsat" hold in every order of summation, and what depends on the order
    is "unknown".  A network that floats compute exactly is decided over the reals, with inputs that are numbers of the types.
    The certificate of a query about one network is also one for "exactzones check" with --property.

    \b
    exactzones verify query.vnnlib --network N=net.onnx --timeout 60
    exactzones verify equal.vnnlib --network big=b.onnx --network small=s.onnx --arithmetic real
    exactzones verify query.vnnlib --network N=net.onnx --certificate proof.json
    exactzones verify query.vnnlib --network N=net.onnx --check proof.json
    """
    stop.start(timeout)
    try:
        question = _read(query, models, files, arithmetic)
    except (KeyboardInterrupt, BudgetExceeded):
        if files.check is not None:
            raise
        click.echo(f"incomplete: {stop.deadline.reason} while the query and its networks were read", err=True)
        click.echo(_without_answer(stop.deadline))
        return 3
    if files.check is not None:
        return _check(question, files.check)
    asked, stored, arithmetic, _ = question
    until = stop.deadline.part(_SEARCH_SHARE)
    try:
        with stop.step(until):
            verdict, witness, certificate = _decide(question, until, jobs)
    except KeyboardInterrupt:  # in a step that does not look at its deadline
        click.echo(f"incomplete: {stop.deadline.reason}", err=True)
        verdict, witness, certificate = _without_answer(until), None, None
    click.echo(verdict)
    if witness is not None:
        for line in _assignment(asked, witness, _computed(stored, witness, arithmetic)):
            click.echo(line)
    deliveries = Deliveries()
    if files.certificate is not None and certificate is not None:
        deliveries.deliver(files.certificate, partial(save_certificate, certificate, files.certificate))
    return deliveries.exit_code(0 if verdict in {"sat", "unsat"} else 3)


class _Answer(NamedTuple):
    """A verdict; for "sat" a witness; and the certificate, if all cases are linear."""

    verdict: str
    witness: Vector | None
    certificate: Certificate | None


class _Question(NamedTuple):
    """A query about a network in an arithmetic.

    Where floats compute the network exactly, the arithmetic is ``real``, and the coordinates of witnesses are numbers of
    ``formats``.
    """

    asked: Query
    stored: Network
    arithmetic: str
    formats: tuple[FloatFormat, ...] = ()

    def claim(self) -> tuple[Network, list[Case]]:
        """Return the linear cases, and the network that they are about."""
        linear = [case for case in self.asked.cases if not case.quadratic]
        network = linear[0].network_for(self.stored) if linear else self.stored
        properties = [(case.property_for(self.stored), case.domain) for case in linear]
        return network, [case_of(network, *each, arithmetic=self.arithmetic) for each in properties]


def _read(query: Path, models: Sequence[str], files: CertificateFiles, chosen: str | None) -> _Question:
    """Read a query and the networks that it is about."""
    asked = read_query(query)
    paths = _paths(query, asked, models)
    arithmetics = _arithmetics(asked, chosen)
    with naming(query):
        stored = asked.stored(_Loader(paths, asked))
    files.refuse(query, asked, list(paths.values()))
    floats = [each for each in map(FloatArithmetic.of, arithmetics) if each is not None]
    if floats and all(_is_exact(stored, each) for each in floats):
        return _Question(asked, stored, REAL, tuple(each.products for each in floats))
    return _Question(asked, stored, _only(query, asked, arithmetics))


def _is_exact(network: Network, arithmetic: FloatArithmetic) -> bool:
    """Tell whether floats compute a network exactly, at inputs that are numbers of the format."""
    computed = [layer.as_computed for layer in network.layers]
    return all(isinstance(each, Roundings) and each.is_exact_in(arithmetic) for each in computed)


def _check(question: _Question, certificate: Path) -> int:
    """Check a certificate, and print the result as ``exactzones check`` does."""
    from exactzones.cli.check import exit_code, within_time

    report = within_time(lambda: check(*question.claim(), stop.deadline.watch(lines_of(certificate))))
    click.echo(str(report))
    return exit_code(report)


def _decide(question: _Question, until: Deadline, jobs: int) -> _Answer:
    """Decide the cases that are linear, then those of degree 2."""
    network, cases = question.claim()
    decision, unknown = certify_cases(network, cases, seconds=until, jobs=jobs), []
    if isinstance(decision, CanFire):
        witness = _witness(question, network, cases[decision.case].prop, decision)
        if witness is not None:
            return _Answer("sat", witness, decision.certificate)
        unknown.append(_BETWEEN)
    elif not isinstance(decision, CannotFire):
        unknown.append(f"{decision.reason}; {counted(decision.open_leaves, 'open leaf', 'open leaves')}")
    for case in (case for case in question.asked.cases if case.quadratic):
        try:
            solution = _quadratic_witness(case, question, until)
        except BudgetExceeded as error:
            unknown.append(error.reason)
        except InexactError as error:
            unknown.append(str(error))
        else:
            if solution is not None:
                return _Answer("sat", solution, None)
    if not unknown:
        return _Answer("unsat", None, decision.certificate)
    click.echo(f"incomplete: {unknown[0]}", err=True)
    return _Answer(_without_answer(until), None, None if isinstance(decision, CanFire) else decision.certificate)


def _without_answer(until: Deadline) -> str:
    return "timed-out" if until.passed and not until.interrupted else "unknown"


def _quadratic_witness(case: VnnlibCase, question: _Question, until: Deadline) -> Vector | None:
    """Return a point at which a case with conditions of degree 2 holds.

    Raises:
        InexactError: see ``find_quadratic``; or no point was found whose coordinates are numbers of the question's formats.
    """
    ending = ending_linearly(question.stored)
    network, domain, conditions = case.network_for(ending), case.domain, case.quadratic_conditions
    prop = case.property_for(ending)
    solution = find_quadratic(network, prop, domain, conditions, until)
    if solution is None or not question.formats:
        return solution

    def holds(point: Vector) -> bool:
        outputs = network(point)
        return domain.contains(point) and network.satisfies(point, prop) and all(each.holds(outputs) for each in conditions)

    rounded = _rounded(solution, question.formats, holds)
    if rounded is None:
        raise InexactError(_BETWEEN)
    return rounded


class _Loader:
    """Loads each model once, and once for each hidden tensor at which it is to end; on the inputs that the query is about."""

    def __init__(self, paths: dict[str, Path], asked: Query) -> None:
        self._paths, self._asked = paths, asked
        self._loaded: dict[tuple[str, str | None], Network] = {}

    def __call__(self, name: str, node: str | None) -> Network:
        if (name, node) not in self._loaded:
            self._loaded[name, node] = load_network(self._paths[name], end_at=node, box=self._asked.box_of(name))
        return self._loaded[name, node]


def _paths(query: Path, asked: Query, models: Sequence[str]) -> dict[str, Path]:
    """Return the file of each model by the name of its network; VNN-LIB 1.0 has a single network, of any name."""
    paths: dict[str, Path] = {}
    for text in models:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise InputError(f"--network {text!r} is not of the form NAME=FILE, such as N=net.onnx")
        if name in paths:
            raise InputError(f"--network names {name} twice; name each network once")
        paths[name] = Path(path)
    needed = list(dict.fromkeys(network.source for network in asked.networks))
    if needed == [""] and len(paths) == 1:
        return {"": next(iter(paths.values()))}
    if set(needed) != set(paths):
        expected = " ".join(f"--network {name or 'N'}=FILE" for name in needed)
        named = f"--network names {', '.join(paths)}" if paths else "no model is given"
        declared = f"the network{'s' * (len(needed) > 1)} {', '.join(needed)}" if any(needed) else "one network"
        raise InputError(f"{query}: it declares {declared}, but {named}; write {expected}")
    return paths


def _arithmetics(asked: Query, chosen: str | None) -> list[str]:
    """Return the arithmetics of the verdict: the one that is chosen, else those of the declared types.

    Raises:
        InputError: there is no such arithmetic.
    """
    if chosen is not None:
        FloatArithmetic.of(chosen)
        return [chosen]
    tensors = [tensor for network in asked.networks for tensor in network.tensors]
    # Results that are integers are exact.
    types = {each.type.lower() for each in tensors if each.role == "input" or "int" not in each.type.lower()}
    return sorted({_SYNONYMS.get(each, each) if each in FLOATS else REAL for each in types} or {REAL})


def _only(query: Path, asked: Query, arithmetics: Sequence[str]) -> str:
    """Return the only arithmetic of the verdict.

    Raises:
        InputError: the types differ, or a condition of degree 2 is about floats.
    """
    if len(arithmetics) > 1:
        raise InputError(f"{query}: it declares {' and '.join(arithmetics)}; choose one by --arithmetic")
    (arithmetic,) = arithmetics
    if FloatArithmetic.of(arithmetic) is not None and any(case.quadratic for case in asked.cases):
        what = f"a condition has degree 2, which is decided over the reals only, not in {arithmetic}"
        raise InputError(f"{query}: {what}; write --arithmetic real")
    return arithmetic


def _computed(network: Network, witness: Vector, arithmetic: str) -> Vector:
    """Return the values of a witness: in floats those of the execution that rounds only its results, to the nearest numbers."""
    values, floats = network(witness), FloatArithmetic.of(arithmetic)
    return values if floats is None else tuple(map(floats.products.round, values))


def _witness(question: _Question, network: Network, prop: Property, decision: CanFire) -> Vector | None:
    """Return a point at which a linear case holds: over the reals one of 32-bit or 64-bit floats near the witness, if possible.

    If the question has formats: a point whose coordinates are numbers of all of them; None if none was found.
    """
    domain = [case for case in question.asked.cases if not case.quadratic][decision.case].domain

    def holds(point: Vector) -> bool:
        return domain.contains(point) and network.satisfies(point, prop)

    if question.formats:
        return _rounded(decision.witness, question.formats, holds)
    if question.arithmetic != REAL:
        return decision.witness
    short = (_rounded(decision.witness, [FORMATS[name]], holds) for name in ("float32", "float64"))
    return next(filter(None, short), decision.witness)


def _rounded(witness: Vector, formats: Sequence[FloatFormat], holds: Callable[[Vector], bool]) -> Vector | None:
    """Return a witness or a point near it, if the case holds there and its coordinates are numbers of the formats."""
    narrow, *others = sorted(formats, key=lambda each: each.precision)
    near: list[Vector] = []
    for direction in _DIRECTIONS:
        with suppress(OverflowError):
            near.append(tuple(narrow.round(_rational(entry), direction) for entry in witness))
    fitting = (point for point in near if all(each.contains(x) for each in others for x in point))
    return next(filter(holds, fitting), None)


def _rational(number: Fraction | Quadratic) -> Fraction:
    """Return a number that is rational, or one close to it."""
    return Fraction(round(number * _FINE), _FINE) if isinstance(number, Quadratic) else number


def _assignment(asked: Query, witness: Vector, values: Vector) -> Iterator[str]:
    """Yield the lines of an assignment, in the format of the standard or, for VNN-LIB 1.0, of VNN-COMP."""
    if not asked.networks[0].name:
        named = (("X", witness), ("Y", values))
        pairs = [f"({kind}_{k} {_decimal(entry)})" for kind, point in named for k, entry in enumerate(point)]
        yield from ("(" + "\n ".join(pairs) + ")").splitlines()
        return
    first_input = first_value = 0
    for network in asked.networks:
        entries: dict[str, Vector] = {}
        for tensor in network.of_role("input"):
            entries[tensor.name] = witness[first_input : first_input + tensor.size]
            first_input += tensor.size
        for tensor in network.values:
            entries[tensor.name] = values[first_value : first_value + tensor.size]
            first_value += tensor.size
        for tensor in network.tensors:
            yield f"{tensor.name} {tensor.type} [{','.join(map(str, tensor.shape))}]"
            yield from map(_decimal, entries[tensor.name])


def _decimal(number: Fraction) -> str:
    """Return a number as a decimal: exactly where it has finitely many digits, else rounded.

    >>> _decimal(Fraction(-5, 4)), _decimal(Fraction(1, 3))
    ('-1.25', '0.333333333333333333333333333333')
    """
    rest, digits = number.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        digits = max(digits, count)
    if rest > 1 or isinstance(number, Quadratic):
        digits = _ROUNDED_DIGITS
    scaled = str(abs(round(number * 10**digits))).rjust(digits + 1, "0")
    sign = "-" if number < 0 else ""
    return f"{sign}{scaled[:-digits]}.{scaled[-digits:]}" if digits else f"{sign}{scaled}.0"
