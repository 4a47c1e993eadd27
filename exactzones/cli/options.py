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

import rich_click as click

from exactzones.arguments import as_domain
from exactzones.checker import Case
from exactzones.errors import InputError
from exactzones.files import naming
from exactzones.models import load_network
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, condition, feature

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


def _refuse_nan(_context: click.Context, _option: click.Parameter, seconds: float | None) -> float | None:
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

    def load(self) -> Network:
        """Return the network.

        Raises:
            InputError: a file that cannot be read, or an option that does not fit it.
        """
        output = int(self.output) if self.output is not None and self.output.isdecimal() else self.output
        shapes = dict(map(_named_shape, self.shapes))
        return load_network(self.path, output=output, inputs=self.inputs or None, end_at=self.end_at, shape=shapes or None)


def _named_shape(text: str) -> tuple[str, str]:
    """Return the name of an input, empty for the only one, and its shape."""
    name, _, shape = text.rpartition("=")
    return name, shape


net_argument = gathered(
    "net",
    NetworkFile,
    click.argument("path", metavar="NET", type=click.Path(path_type=Path)),
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
    callback=_refuse_nan,
    metavar="S",
    help="Stop after S seconds and keep what has been computed (exit code 3).",
)
max_zones_option = click.option(
    "--max-zones", type=click.IntRange(1), metavar="N", help="Stop after N zones and keep them (exit code 3)."
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Use N processes on this machine."
)


def _question() -> tuple[Callable[[Any], Any], ...]:
    """Return the options that name a feature and a domain."""
    return (
        click.option(
            "--feature",
            "index",
            type=int,
            metavar="I",
            help="The unit to ask about; 0 is a layer's first unit.",
        ),
        click.option("--argmax", type=int, metavar="K", help="In place of a feature: unit K exceeds all others of its layer."),
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
        click.option(
            "--domain",
            "spec",
            default="all",
            show_default=True,
            metavar="SPEC",
            help="The part of the input space to look at: all, one interval LO:HI for every input, or LO:HI,LO:HI,.. for each.",
        ),
    )


class Question(NamedTuple):
    """Where on the domain (None: the whole input space) does the property hold?"""

    network: Network
    prop: Property
    domain: Polyhedron | None


@dataclass(frozen=True)
class QuestionOptions:
    """The options that name a feature, or the greatest of a layer's units, and a domain."""

    index: int | None
    argmax: int | None
    threshold: str
    layer: int
    spec: str

    def read(self, net: NetworkFile) -> Question:
        """Load the network and return the question that the options ask about it.

        Raises:
            InputError: an option that does not fit the network, or a network file that cannot be read.
        """
        if self.index is None and self.argmax is None:
            raise click.UsageError("Missing option '--feature' (or '--argmax').", click.get_current_context(silent=True))
        if self.index is not None and self.argmax is not None:
            raise InputError("give either --feature or --argmax")
        network = net.load()
        prop = self._property(network.widths)
        return Question(network, prop, as_domain(self.spec, network.inputs))

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


class Claim(NamedTuple):
    """Can any of the cases hold on the network?

    Attributes:
        loaded: the network in the file.
        stored: what the property declares: the loaded network, or several of it side by side.
        network: the network that the cases speak of; it differs from ``stored`` if it repeats the inputs among its outputs.
        cases: any of them makes the answer "can fire" (or "sat").
    """

    loaded: Network
    stored: Network
    network: Network
    cases: Sequence[Case]


@dataclass(frozen=True)
class ClaimOptions:
    """The options that name what to certify or check: a feature and a domain, or a VNN-LIB property."""

    index: int | None
    argmax: int | None
    threshold: str
    layer: int
    spec: str
    prop_path: Path | None

    def read(self, net: NetworkFile) -> Claim:
        """Load the network and return the claim that the options state about it.

        Raises:
            InputError: options that contradict each other or do not fit the network, or a file that cannot be read.
        """
        from exactzones.certification import case_of

        if (self.index is None and self.argmax is None) == (self.prop_path is None):
            raise InputError("give either --feature (with --threshold, --layer, --domain) or --property")
        if self.prop_path is None:
            question = QuestionOptions(self.index, self.argmax, self.threshold, self.layer, self.spec)
            network, prop, domain = question.read(net)
            return Claim(network, network, network, [case_of(network, prop, domain)])
        if (self.threshold, self.layer, self.spec) != ("0", -1, "all"):
            raise InputError("--property states the whole claim; it cannot be combined with --threshold, --layer or --domain")
        loaded = net.load()
        return _claim_of_file(self.prop_path, loaded)


def _claim_of_file(path: Path, loaded: Network) -> Claim:
    """Return the claim of a VNN-LIB file about one network."""
    from exactzones.certification import case_of
    from exactzones.vnnlib.reader import read_query

    query = read_query(path)
    if len({network.source for network in query.networks}) > 1 or any(each.of_role("hidden") for each in query.networks):
        raise InputError(f"{path}: it declares several models or hidden tensors; use exactzones verify")
    with naming(path):
        stored = query.stored(lambda _name, _node: loaded)
    network = query.cases[0].network_for(stored) if query.cases else stored
    return Claim(loaded, stored, network, [case_of(network, case.property_for(stored), case.domain) for case in query.cases])


question_options = gathered("question", QuestionOptions, *_question())
claim_options = gathered(
    "claim",
    ClaimOptions,
    *_question(),
    path_option("--property", "prop_path", metavar="P.vnnlib", help="A property in the VNN-LIB format, in place of a feature."),
)


@dataclass(frozen=True)
class ReportOptions:
    """Where the answer goes: a JSON file or standard output, and how much is printed."""

    json_path: Path | None
    quiet: bool


report_options = gathered("report", ReportOptions, json_option, quiet_option)
