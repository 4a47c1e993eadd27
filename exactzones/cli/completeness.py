"""``zones --certificate``: the proof that a list of zones is complete."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exactzones.cli.outputs import Deliveries, progress
from exactzones.cli.stopping import stop
from exactzones.notation import counted
from exactzones.zones import Zones

if TYPE_CHECKING:
    from exactzones.certification import Certificate

_PROOF_SHARE = 0.85  # of the time that is left after the search


def earlier_proof(path: Path | None, *, resume: bool) -> Certificate | None:
    """Return the certificate of an earlier run with which ``--resume`` goes on, if there is one."""
    if not resume or path is None or not path.exists():
        return None
    from exactzones.formats.certificates import load_certificate

    return load_certificate(path)


def prove(zones: Zones, path: Path, earlier: Certificate | None, deliveries: Deliveries, *, quiet: bool) -> int:
    """Write the proof that a list of zones is complete, as far as it gets in the time; return the exit code."""
    from exactzones.certification import Undecided, prove_complete
    from exactzones.formats.certificates import Checkpoint, save_certificate

    until = stop.deadline.part(_PROOF_SHARE)
    with progress(quiet=quiet, activity="proving", counts="{:,} regions visited, {:,} open") as show, stop.step(until):
        proof = prove_complete(zones, seconds=until, resume=earlier, progress=show, checkpoint=Checkpoint(path))
    deliveries.deliver(path, partial(save_certificate, proof.certificate, path))
    if isinstance(proof, Undecided):
        left = counted(proof.open_leaves, "open leaf", "open leaves")
        click.echo(f"incomplete: the proof is not finished: {proof.reason}; {left}", err=True)
        return 3
    return 0
