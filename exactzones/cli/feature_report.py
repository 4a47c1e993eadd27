"""``exactzones features``: a report on the features of a layer, or of a sparse autoencoder on top of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from exactzones.certification import CanFire, CannotFire, Undecided
from exactzones.cli.command import Command
from exactzones.cli.features import numbers_text, read_features
from exactzones.cli.options import (
    DomainOptions,
    NetworkFile,
    ReportOptions,
    domain_options,
    gathered,
    optional_net_argument,
    path_option,
    refuse_nan,
    report_options,
    timeout_option,
)
from exactzones.cli.outputs import (
    Deliveries,
    check_answer_target,
    check_distinct,
    check_target,
    is_text_wanted,
    print_table,
    progress,
    require_file,
)
from exactzones.cli.points import read_data
from exactzones.cli.stopping import stop
from exactzones.cli.units import layer_option
from exactzones.errors import DimensionError, InputError
from exactzones.features import Features
from exactzones.features.answers import Asked, Contents, FeatureAnswers, survey
from exactzones.files import write_atomically
from exactzones.network import Network
from exactzones.rational import text
from exactzones.view import PAGES

_SEARCH_SHARE = 0.85  # of the time; the rest is for writing
_COUNTS = "{:,} of {:,} features"  # of the progress


@dataclass(frozen=True)
class FeatureOptions(DomainOptions):
    """The options that name features, a domain and data, and where the report goes."""

    sae: Path | None
    activation: str | None
    k: int | None
    layer: int
    before_relu: bool
    units: str
    data: Path | None
    out: Path
    seconds: float
    timeout: float | None

    def features(self, net: NetworkFile) -> Features:
        """Return the features that the options name.

        Raises:
            InputError: neither a network nor an autoencoder, no such layer, or a file that cannot be read.
        """
        if self.sae is None and (self.activation is not None or self.k is not None):
            raise InputError("--activation and --k are about an autoencoder: give --sae FILE too")
        if self.before_relu and (self.sae is None or net.path is None):
            raise InputError("--before-relu says what an autoencoder reads of a layer: give NET and --sae FILE too")
        whole = None if net.path is None else net.load()
        network = None if whole is None else self._up_to_layer(whole)
        name = "" if net.path is None else net.path.name
        if self.sae is not None:
            found = self._encoded(whole, network, require_file(self.sae) if not self.sae.is_dir() else self.sae)
            name = f"{self.sae.name} on {name}" if name else self.sae.name
        elif network is not None:
            found = Features.of(network)
        else:
            raise InputError("there is neither a network nor an autoencoder: name a file NET, or give --sae FILE")
        return Features(found.network, found.thresholds, found.k, name)

    def _up_to_layer(self, network: Network) -> Network:
        layers = len(network.layers)
        if not -layers <= self.layer < layers:
            raise InputError(f"layer {self.layer} does not exist; the network has layers 0 to {layers - 1}, or -1 for the last")
        last = self.layer % layers
        return network if last == layers - 1 else Network(network.layers[: last + 1])

    def _encoded(self, whole: Network | None, network: Network | None, sae: Path) -> Features:
        """Return the features of an autoencoder on top of a part of the whole network."""
        if network is not None and self.before_relu:
            *before, last = network.layers
            network = replace(network, layers=(*before, replace(last, relu=(False,) * last.outputs)))
        try:
            return Features.of(network, sae, activation=self.activation, k=self.k)
        except DimensionError as error:
            if whole is None or len(whole.layers) == 1:
                raise
            widths = ", ".join(map(str, whole.widths))
            raise InputError(f"{error}; --layer says which layer it reads: layers 0, 1, .. have {widths} units") from None


@click.command("features", cls=Command)
@optional_net_argument
@gathered(
    "options",
    FeatureOptions,
    path_option(
        "--sae", metavar="FILE", help="A sparse autoencoder or transcoder that reads the layer (without NET, the input)."
    ),
    click.option(
        "--activation", type=click.Choice(["relu", "jumprelu", "topk"]), help="Of the autoencoder, if FILE leaves it open."
    ),
    click.option("--k", type=click.IntRange(1), metavar="K", help="How many features a TopK keeps, if FILE leaves it open."),
    layer_option,
    click.option(
        "--before-relu", is_flag=True, help="The autoencoder reads the values before the layer's ReLU, instead of those after it."
    ),
    click.option("--features", "units", default="all", metavar="LIST", help="Such as 0,3,5 or 0:16 (0 to 15)."),
    *domain_options("The part of the input space to look at, as for exactzones certify."),
    path_option("--data", metavar="DATA", help="Points, .csv or .npy: where do features fire, and which islands hold none?"),
    path_option("--out", required=True, metavar="PAGE.html", help="The report: a page with a card for each feature."),
    click.option(
        "--seconds",
        type=click.FloatRange(0, min_open=True),
        callback=refuse_nan,
        default=5.0,
        show_default=True,
        metavar="S",
        help="The most time for each question about a feature.",
    ),
    timeout_option,
)
@report_options
def command(net: NetworkFile, options: FeatureOptions, report: ReportOptions) -> int:
    """Write a report on features: which are dead, how large they become, which fire together, which islands hold no data.

    The features are the units of a layer, or those of a sparse autoencoder on top of it.

    \b
    exactzones features iris_2d.npz --domain=0:8 --data iris.csv --out report.html
    exactzones features net.onnx --layer 2 --sae sae.safetensors --domain-of-data inputs.npy --features 0:64 --out report.html
    exactzones features --sae sae.safetensors --domain=-1:1 --out report.html --json report.json
    """
    stop.start(options.timeout)
    features = options.features(net)
    inputs = features.network.inputs
    domain, units = options.domain(inputs), read_features(options.units)
    data = None if options.data is None else read_data(options.data, inputs)
    source = net.path or options.sae or options.out
    check_target(options.out, source, PAGES, what="pages")
    check_answer_target(report.json_path, source)
    check_distinct(("--out", options.out), ("--json", report.json_path), ("--sae", options.sae), ("--data", options.data))
    until = stop.deadline.part(_SEARCH_SHARE)
    asked = Asked(units, data.names or None if data else None, {}, options.seconds, until)
    with progress(quiet=report.quiet, activity="asking", counts=_COUNTS, of_total=True) as show, stop.step(until):
        contents = survey(features, domain, data.points if data else (), asked, show)
    deliveries = Deliveries()
    deliveries.deliver(options.out, partial(_write, contents, options.out))
    answer = _document(contents) | {"complete": contents.complete, "page": str(options.out) if deliveries.written else None}
    deliveries.deliver_answer(answer, report.json_path)
    if not contents.complete:
        wanted = len(features) if units is None else len(set(units))
        where = "" if len(contents.answers) < wanted else ", before their pairs"
        click.echo(f"incomplete: {stop.deadline.reason} after {len(contents.answers)} of {wanted} features{where}", err=True)
    if not report.quiet and is_text_wanted(report.json_path):
        _print(contents)
        for path in deliveries.written:
            click.echo(f"wrote {path}")
    is_decided = contents.complete and not _undecided(contents) and -2 not in _pairs(contents)
    return deliveries.exit_code(0 if is_decided else 3)


def _write(contents: Contents, out: Path) -> None:
    from exactzones.features.report import report_page

    write_atomically(out, report_page(contents, contents.features.name).encode())


def _document(contents: Contents) -> dict[str, Any]:
    """Return the answers as JSON has them."""
    pairs = contents.together
    return {
        "command": "features",
        "network": contents.features.network.sha256,
        "features": [_answer(contents, answers) for answers in contents.answers],
        "together": None if pairs is None else [[None if k == -2 else k >= 0 for k in row] for row in pairs.together.tolist()],
    }


def _answer(contents: Contents, answers: FeatureAnswers) -> dict[str, Any]:
    """Return the answers about one feature as JSON has them; data points are numbered as in the file."""
    decision, best = answers.decision, answers.strongest
    verdict = {CanFire: "can fire", CannotFire: "cannot fire", Undecided: "undecided"}[type(decision)]
    value = None if best is None or best.value is None else text(best.value)
    unseen = [list(map(text, island.witness)) for island in answers.unseen]
    return {
        "feature": answers.unit,
        "verdict": verdict,
        "reason": decision.reason if isinstance(decision, Undecided) else None,
        "witness": list(map(text, decision.witness)) if isinstance(decision, CanFire) else None,
        "largest": value,
        "largest_at": None if best is None else list(map(text, best.point)),
        "largest_is_proved": answers.is_strongest_known,
        "data": [contents.numbers[k] for k in answers.data],
        "zones": None if answers.zones is None else len(answers.zones),
        "islands": None if answers.zones is None else len(answers.islands),
        "islands_without_data": unseen if answers.zones is not None or not answers.fires else None,
    }


def _undecided(contents: Contents) -> list[int]:
    return [answers.unit for answers in contents.answers if isinstance(answers.decision, Undecided)]


def _pairs(contents: Contents) -> list[int]:
    """Return for each pair of two features the number of a point at which both fire, -1 (never) or -2 (undecided)."""
    rows = [] if contents.together is None else contents.together.together.tolist()
    return [k for i, row in enumerate(rows) for k in row[i + 1 :]]


def _print(contents: Contents) -> None:
    answers, pairs = contents.answers, _pairs(contents)
    dead = [each.unit for each in answers if isinstance(each.decision, CannotFire)]
    rows = [
        ("features", f"{len(answers)} of {len(contents.features)}: {contents.features.name}"),
        ("dead", numbers_text(dead)),
        ("undecided", numbers_text(_undecided(contents))),
    ]
    if contents.points:
        unseen = [each.unit for each in answers if contents.has_unseen(each)]
        unknown = [each.unit for each in answers if contents.has_unseen(each) is None]
        rows.append(("islands without data", f"of feature{'s' * (len(unseen) > 1)} {numbers_text(unseen)}" if unseen else "none"))
        if unknown:
            rows.append(("islands not known", f"of feature{'s' * (len(unknown) > 1)} {numbers_text(unknown)}"))
    if contents.together is not None:
        rows.append(("pairs that fire together", f"{sum(k >= 0 for k in pairs)} of {len(pairs)}"))
    print_table(rows)
