"""Options that several commands share.

Options that belong together reach a command as one record, a frozen dataclass with a field for each of them: see ``gathered``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import click

from exactzones.affine import AffineMap
from exactzones.checker import Case
from exactzones.cli.domains import domain_of_data, is_file, read_domain
from exactzones.errors import InputError
from exactzones.files import naming
from exactzones.models import load_network
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.polyhedra.flats import free_inputs
from exactzones.property import Disjunction, Property, condition, feature
from exactzones.rational.float_formats import REAL
from exactzones.where import parse_where

_Command = TypeVar("_Command", bound=Callable[..., Any])


def gathered(name: str, record: type[Any], *options: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Return a decorator that adds options to a command and passes their values to it as one record.

    Args:
        name: the command's parameter that receives the record.
        record: a dataclass; its fields are the options' parameter names.
        options: click options, in the order in which ``--help`` lists them.
    """

    def add(command: _Command) -> _Command:
        @functools.wraps(command)
        def with_record(**values: Any) -> Any:
            parts = {field.name: values.pop(field.name) for field in fields(record)}
            return command(**{name: record(**parts)}, **values)

        for option in reversed(options):
            option(with_record)
        return cast("_Command", with_record)

    return add


def path_option(*names: str, metavar: str, **settings: Any) -> Callable[[_Command], _Command]:
    """Return an option whose value is a file path."""
    return click.option(*names, type=click.Path(path_type=Path), metavar=metavar, **settings)


def refuse_nan(_context: click.Context, _option: click.Parameter, seconds: float | None) -> float | None:
    """Refuse NaN as a number of seconds: a callback of options."""
    if seconds is not None and math.isnan(seconds):
        raise InputError("timeout is nan; expected a number of seconds")
    return seconds


@dataclass(frozen=True)
class NetworkFile:
    """The network file, and the options that select a part of an ONNX model."""

    path: Path
    output: str | None
    inputs: tuple[str, ...]
    end_at: str | None
    shapes: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether no option selects a part."""
        return self.output is None and not self.inputs and self.end_at is None and not self.shapes

    def load(self, box: Any = None) -> Network:
        """Return the network; see ``load_network`` for the box.

        Raises:
            InputError: a file that cannot be read, or an option that does not fit it.
        """
        output = int(self.output) if self.output is not None and self.output.isdecimal() else self.output
        shapes = dict(map(_named_shape, self.shapes))
        chosen: dict[str, Any] = {"output": output, "inputs": self.inputs or None, "end_at": self.end_at, "shape": shapes or None}
        return load_network(self.path, **chosen, box=box)


def _named_shape(text: str) -> tuple[str, str]:
    """Return the name of an input, empty for the only one, and its shape."""
    name, _, shape = text.rpartition("=")
    return name, shape


_model_options = (
    click.option("--output", metavar="NAME|K", help="ONNX: the output whose entries are the features; by default all outputs."),
    click.option("--input", "inputs", multiple=True, metavar="NAME", help="ONNX: the next input, in the order to take them."),
    click.option("--end-at", metavar="NODE", help="ONNX: the node, or the tensor, whose values are the features."),
    click.option(
        "--shape",
        "shapes",
        multiple=True,
        metavar="[NAME=]N,..",
        help="ONNX: the shape of an input whose axes have no fixed length, such as 1,3.",
    ),
)
_net, _path = functools.partial(gathered, "net", NetworkFile), click.Path(path_type=Path)
net_argument = _net(click.argument("path", metavar="NET", type=_path), *_model_options)
optional_net_argument = _net(click.argument("path", metavar="[NET]", required=False, type=_path), *_model_options)
quiet_option = click.option("--quiet", is_flag=True, help="Print neither progress nor a summary.")
json_option = click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="OUT",
    help="Write the answer to a JSON file.  With - it goes to standard output, and nothing else is printed there.",
)
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    callback=refuse_nan,
    metavar="S",
    help="Stop after S seconds and keep what has been computed (exit code 3).",
)
arithmetic_option = click.option(
    "--arithmetic",
    default=REAL,
    show_default=True,
    metavar="A",
    help="How the network is evaluated: real (exactly), or float64, float32, float16, bfloat16, or a pair such as "
    "bfloat16+float32 (sums in the second format); in floats the answer holds for every order of summation.",
)
max_zones_option = click.option(
    "--max-zones", type=click.IntRange(1), metavar="N", help="Stop after N zones and keep them (exit code 3)."
)


def domain_options(explained: str) -> tuple[Callable[[Any], Any], ...]:
    """Return the options of ``DomainOptions``, given the help text of ``--domain``."""
    return (
        click.option("--domain", "spec", default="all", show_default=True, metavar="SPEC", help=explained),
        path_option("--domain-of-data", "data_path", metavar="DATA", help="The box around the points of a .csv or .npy file."),
        click.option("--margin", default="0", show_default=True, metavar="M", help="How much wider that box is on every side."),
    )


def _question() -> tuple[Callable[[Any], Any], ...]:
    """Return the options that name a feature and a domain."""
    return (
        click.option("--feature", "index", type=int, metavar="I", help="The unit to ask about; 0 is a layer's first unit."),
        click.option(
            "--where",
            metavar="TEXT",
            help='A condition in place of a feature, such as "y[2] > y[0] and not z1[3] >= 1/2", "argmax = 2" or "2 in '
            'top(3)": z1[3] is unit 3 of layer 1 before its ReLU, a1[3] after it, y[2] is output 2.',
        ),
        path_option(
            "--property",
            "prop_path",
            metavar="P.vnnlib",
            help="A VNN-LIB file, in place of a feature and a domain.",
        ),
        click.option(
            "--argmax",
            type=int,
            metavar="K",
            help="In place of a feature: unit K exceeds all others of its layer.  Of a classifier: class K is predicted.",
        ),
        click.option(
            "--threshold",
            default="0",
            show_default=True,
            metavar="T",
            help="The feature fires where its value before the ReLU is greater than T, an exact number such as 1/3 or 0.25.",
        ),
        click.option(
            "--layer", type=int, default=-1, show_default=True, metavar="L", help="The unit's layer; 0 is the first, -1 the last."
        ),
        *domain_options(
            "The part of the input space to look at: all, one interval LO:HI for every input, LO:HI,.. for each, or a file: "
            ".vnnlib, .json with pairs, or .csv with a line LO,HI for each input.  LO = HI fixes an input."
        ),
    )


class Question(NamedTuple):
    """Where on the domain (None: the whole input space) does the property hold?"""

    network: Network
    prop: Property
    domain: Polyhedron | None

    def on_free_inputs(self) -> tuple[Question, AffineMap | None]:
        """Return the question about the inputs that a flat domain leaves free, and the map from them to all inputs.

        If the domain is not flat, the question is the same, and the map None.
        """
        embedding = free_inputs(self.domain)
        if embedding is None or self.domain is None:
            return self, None
        return Question(self.network.compose(embedding), self.prop, self.domain.preimage(embedding)), embedding


class UnionQuestion(NamedTuple):
    """Where on the domain (None: the whole input space) does one of several cases hold?"""

    network: Network
    prop: Disjunction
    domain: Polyhedron | None

    def on_free_inputs(self) -> tuple[UnionQuestion, AffineMap | None]:
        """Do the same as ``Question.on_free_inputs``."""
        (network, _, domain), embedding = Question(self.network, self.prop.cases[0], self.domain).on_free_inputs()
        return UnionQuestion(network, self.prop, domain), embedding


@dataclass(frozen=True)
class DomainOptions:
    """The options that name a domain."""

    spec: str
    data_path: Path | None
    margin: str

    def require_one_domain(self) -> None:
        """Refuse options that contradict each other."""
        if self.data_path is not None and self.spec != "all":
            raise InputError("--domain and --domain-of-data name two domains: give only one of them")
        if self.data_path is None and self.margin != "0":
            raise InputError("--margin is about the box of --domain-of-data: give that option too")

    def domain(self, inputs: int) -> Polyhedron | None:
        """Return the domain; None is all of the input space.

        Raises:
            InputError: options that do not fit each other or the number of inputs, or a file that cannot be read.
        """
        self.require_one_domain()
        if self.data_path is None:
            return read_domain(self.spec, inputs)
        return domain_of_data(self.data_path, self.margin, inputs)


@dataclass(frozen=True)
class QuestionOptions(DomainOptions):
    """The options that name a property and a domain."""

    index: int | None
    argmax: int | None
    where: str | None
    prop_path: Path | None
    threshold: str
    layer: int

    def read(self, net: NetworkFile) -> Question | UnionQuestion:
        """Load the network and return the question that the options ask about it.

        Raises:
            InputError: options that do not fit each other or the network, a file that cannot be read, a property that holds
                nowhere, or one of several cases on different domains.
        """
        claim = self.claim(net)
        if len(claim.questions) == 1:
            return Question(claim.network, *claim.questions[0])
        domains = [domain for _, domain in claim.questions]
        if not domains or any(domain is not domains[0] and domain != domains[0] for domain in domains):
            what = "different domains" if domains else "none that can hold"
            raise InputError(f"the property has {len(domains)} cases, {what}; ask about each of them, or use certify")
        return UnionQuestion(claim.network, Disjunction(tuple(prop for prop, _ in claim.questions)), domains[0])

    def claim(self, net: NetworkFile, arithmetic: str = REAL) -> CommandClaim:
        """Load the network and return the claim that the property holds nowhere on the domain.

        Args:
            net: the network's file.
            arithmetic: in which it is evaluated; what is constant on a domain over the reals need not be in floats.

        Raises:
            InputError: options that do not fit each other or the network, or a file that cannot be read.
        """
        self._check()
        if self.prop_path is not None:
            return _claim_of_file(self.prop_path, net, within_domain=arithmetic == REAL)
        network = net.load()
        if self.where is None:
            props: Sequence[Property] = [self._property(network.widths)]
        else:
            props = parse_where(self.where, network).cases
        domain = self.domain(network.inputs)
        return CommandClaim(network, network, network, tuple((prop, domain) for prop in props))

    def domain_text(self) -> str:
        """Return what the domain is, in words."""
        if self.prop_path is not None:
            return f"the domain of {self.prop_path}"
        if self.data_path is not None:
            return f"the box around the points of {self.data_path}"
        if self.spec.strip() == "all":
            return "all of the input space"
        return f"the {'domain of' if is_file(self.spec) else 'box'} {self.spec}"

    def verdict_word(self, verdict: str) -> str:
        """Return the word for "can fire", "cannot fire" or "undecided": for a VNN-LIB property "sat", "unsat", "undecided"."""
        return verdict if self.prop_path is None else {"can fire": "sat", "cannot fire": "unsat"}.get(verdict, verdict)

    @property
    def names_property(self) -> bool:
        """Whether an option says what is asked."""
        return any(each is not None for each in (self.index, self.argmax, self.where, self.prop_path))

    def _check(self) -> None:
        """Refuse options that contradict each other."""
        chosen = [self.index, self.argmax, self.where, self.prop_path]
        if not self.names_property:
            raise click.UsageError(
                "Missing option '--feature', '--argmax', '--where' or '--property'.", click.get_current_context(silent=True)
            )
        if self.index is not None and self.argmax is not None:
            raise InputError("give either --feature or --argmax")
        if sum(each is not None for each in chosen) > 1:
            raise InputError("give either --feature (with --threshold, --layer, --domain), --argmax, --where or --property")
        if self.where is not None and (self.threshold, self.layer) != ("0", -1):
            raise InputError("--where states the whole condition; it cannot be combined with --threshold or --layer")
        if self.prop_path is not None and (self.threshold, self.layer, self.spec, self.data_path) != ("0", -1, "all", None):
            raise InputError("--property states the whole claim; it cannot be combined with --threshold, --layer or --domain")
        self.require_one_domain()

    def _property(self, widths: Sequence[int]) -> Property:
        """Return the property for a network whose layers have these numbers of units."""
        if self.argmax is None:
            return feature(self.index or 0, self.threshold, self.layer).resolve(widths)
        if self.threshold != "0":
            raise InputError("--argmax compares units with each other; it cannot be combined with --threshold")
        only = feature(self.argmax, layer=self.layer).resolve(widths).conditions[0]
        others = [unit for unit in range(widths[only.layer]) if unit != self.argmax]
        if not others:
            raise InputError(f"--argmax compares units with each other; layer {only.layer} has only one")
        pairs = [condition({self.argmax: 1, unit: -1}, layer=only.layer).conditions[0] for unit in others]
        return Property(tuple(pairs))


class CommandClaim(NamedTuple):
    """Can any of the cases hold on the network?

    Attributes:
        loaded: the network in the file.
        stored: what the property declares: the loaded network, or several of it side by side.
        network: the network that the cases speak of; it differs from ``stored`` if it repeats the inputs among its outputs.
        questions: pairs of a property and a domain; any of them makes the answer "can fire" (or "sat").
    """

    loaded: Network
    stored: Network
    network: Network
    questions: Sequence[tuple[Property, Polyhedron | None]]

    def cases(self, arithmetic: str) -> list[Case]:
        """Return the cases as certification takes them, for a network that is evaluated in this arithmetic."""
        from exactzones.certification import case_of

        return [case_of(self.network, *question, arithmetic=arithmetic) for question in self.questions]

    def of_case(self, number: int) -> CommandClaim:
        """Return the claim about one case, as the list of its zones states it.

        Raises:
            InputError: there is no such case.
        """
        from exactzones.zones.union import of_one_horizon

        if number >= len(self.questions):
            raise InputError(f"--case {number} does not exist: the property has cases 0 to {len(self.questions) - 1}")
        prop = Disjunction(tuple(prop for prop, _ in self.questions)).resolve(self.network.widths)
        of_case = of_one_horizon(prop, self.network)[number], self.questions[number][1]
        return self._replace(questions=[of_case])


def _claim_of_file(path: Path, net: NetworkFile, *, within_domain: bool) -> CommandClaim:
    """Return the claim of a VNN-LIB file about one network."""
    from exactzones.vnnlib.reader import read_query, require_linear

    query = read_query(path)
    loaded = net.load(query.box_of(query.networks[0].source) if within_domain else None)
    if len({network.source for network in query.networks}) > 1 or any(each.of_role("hidden") for each in query.networks):
        raise InputError(f"{path}: it declares several models or hidden tensors; use exactzones verify")
    with naming(path):
        require_linear(query)
        stored = query.stored(lambda _name, _node: loaded)
    network = query.cases[0].network_for(stored) if query.cases else stored
    return CommandClaim(loaded, stored, network, [(case.property_for(stored), case.domain) for case in query.cases])


question_options = gathered("question", QuestionOptions, *_question())


@dataclass(frozen=True)
class ReportOptions:
    """Where the answer goes: a JSON file or standard output, and how much is printed."""

    json_path: Path | None
    quiet: bool


report_options = gathered("report", ReportOptions, json_option, quiet_option)
