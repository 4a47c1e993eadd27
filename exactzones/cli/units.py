"""What commands about one unit share: the options that name it, and how a question about it is asked within the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from exactzones.affine import AffineMap
from exactzones.cli.options import DomainOptions, Question
from exactzones.cli.outputs import progress
from exactzones.cli.stopping import stop
from exactzones.cli.workers import workers
from exactzones.errors import BudgetExceeded
from exactzones.network import Network
from exactzones.property import feature

_Answer = TypeVar("_Answer")
_SEARCH_SHARE = 0.9  # of the time; the rest is for writing

unit_option = click.option("--feature", "unit", type=int, required=True, metavar="I", help="The unit; 0 is a layer's first unit.")
layer_option = click.option(
    "--layer", type=int, default=-1, show_default=True, metavar="L", help="0 is the first layer, -1 the last."
)


@dataclass(frozen=True)
class UnitOptions(DomainOptions):
    """The options that name a unit and a domain, and limit the work."""

    unit: int
    layer: int
    certificate: Path | None
    timeout: float | None
    jobs: int

    def question(self, network: Network, threshold: str = "0") -> tuple[Question, AffineMap | None]:
        """Return the question where the unit fires, and a map, as ``Question.on_free_inputs`` does.

        Raises:
            InputError: a unit that does not exist, a threshold that is not a number, or see ``DomainOptions.domain``.
        """
        prop = feature(self.unit, threshold, self.layer).resolve(network.widths)
        return Question(network, prop, self.domain(network.inputs)).on_free_inputs()

    def answer(self, compute: Callable[..., _Answer], asked: Question, *, quiet: bool) -> tuple[_Answer, bool]:
        """Return what a function such as ``measure`` finds within the time, and whether that is all of it."""
        until = stop.deadline.part(_SEARCH_SHARE)
        try:
            with workers(self.jobs, None) as executor, progress(quiet=quiet) as show, stop.step(until):
                limits = {"seconds": until, "executor": executor, "progress": show}
                return compute(asked.network, self.unit, asked.domain, layer=self.layer, **limits), True
        except BudgetExceeded as stopped:
            click.echo(f"incomplete: {stopped.reason}", err=True)
            return stopped.found, False

    def named(self, command: str, network: Network) -> dict[str, Any]:
        """Return the first fields of a JSON answer: what was asked."""
        layer = self.layer % len(network.widths)
        return {"command": command, "network": network.sha256, "layer": layer, "feature": self.unit}
