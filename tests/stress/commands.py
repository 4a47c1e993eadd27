"""The commands that stops.py stops, their files, and what must be true of whatever they have written."""

import json
import shutil
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from exactzones.certification import Certificate, case_of, certify
from exactzones.checker import check
from exactzones.models import save_network
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import feature
from exactzones.store import ZoneStore, store_zones
from exactzones.zones import find_zones, stream_zones

NETWORKS = {"wide.npz": (4, 60, 60, 1), "small.npz": (3, 12, 12, 1), "plane.npz": (2, 10, 10, 1), "hard.npz": (6, 60, 60, 1)}
QUERY = "".join(f"(declare-const X_{k} Real)\n(assert (>= X_{k} -3.0))\n(assert (<= X_{k} 3.0))\n" for k in range(6))
QUERY += "(declare-const Y_0 Real)\n(assert (>= Y_0 5.0))\n"
FIRST = 200  # zones that are compared with those of an undisturbed search


class Command(NamedTuple):
    """A command.

    Attributes:
        name: of it.
        arguments: the second one is its network, if it has one.
        out: the file or folder that it writes.
        is_long: whether it goes on for longer than anybody waits, unless it is told its time.
        jobs: whether it has workers.
    """

    name: str
    arguments: tuple
    out: str | None = None
    is_long: bool = False
    jobs: bool = False


WHERE = ("--feature", 0, "--domain=-3:3")
HARD = ("certify", "hard.npz", "--threshold", 5, *WHERE, "--out", "out.json")
TWO = ("--jobs", 2)
COMMANDS = (
    Command("zones", ("zones", "wide.npz", *WHERE, "--json", "out.json"), "out.json", is_long=True),
    Command("zones", ("zones", "wide.npz", *WHERE, "--json", "out.json", *TWO), "out.json", is_long=True, jobs=True),
    Command("zones", ("zones", "small.npz", *WHERE, "--json", "out.json"), "out.json"),
    Command("store", ("zones", "wide.npz", *WHERE, "--store", "out"), "out", is_long=True),
    Command("certify", HARD, "out.json", is_long=True),
    Command("certify", (*HARD, *TWO), "out.json", is_long=True, jobs=True),
    Command("verify", ("verify", "query.vnnlib", "--network", "N=hard.npz"), is_long=True),
    Command("check", ("check", "small.npz", "proof.json", "--threshold", 99, *WHERE)),
    Command("view", ("view", "plane.npz", *WHERE, "--out", "out.html"), "out.html"),
    Command("proptest", ("proptest", "plane.npz", *WHERE, "--json", "out.json"), "out.json"),
    Command("export", ("zones", "small.npz", *WHERE, "--export", "out.csv"), "out.csv"),
    Command("store", ("zones", "wide.npz", *WHERE, "--store", "out", *TWO), "out", is_long=True, jobs=True),
    Command("store", ("zones", "small.npz", *WHERE, "--store", "out"), "out"),
    Command("complete", ("zones", "small.npz", *WHERE, "--certificate", "out.json"), "out.json"),
    Command("eval", ("eval", "small.npz", "--at", "1/2,1/3,1/5", "--json", "out.json"), "out.json"),
    Command("info", ("info", "small.npz", "--json", "out.json"), "out.json"),
    Command("check", ("store", "small.store", "check")),
    Command("export", ("store", "small.store", "export", "--out", "out.csv"), "out.csv"),
)


def random_network(*widths):
    """A network with normally distributed weights."""
    draw = np.random.default_rng(0)
    return Network.mlp([(draw.normal(size=(b, a)) / a**0.5, draw.normal(size=b) / 2) for a, b in pairwise(widths)])


def question(name):
    """The network of a file, a feature, and a box."""
    network = random_network(*NETWORKS[name])
    return network, feature(0), Polyhedron.box(-3, 3, dim=network.inputs)


class Files:
    """The files that commands read, and undisturbed answers to compare with."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name, widths in NETWORKS.items():
            save_network(random_network(*widths), folder / name)
        network, _, box = question("small.npz")
        (folder / "query.vnnlib").write_text(QUERY)
        certify(network, feature(0, 99), box).certificate.save(folder / "proof.json")
        store_zones(*question("small.npz"), directory=folder / "small.store")
        self.patterns = {
            name: [zone.pattern for zone in islice(stream_zones(*question(name)), FIRST)] for name in ("wide.npz", "small.npz")
        }
        self.counts = {"small.npz": len(find_zones(*question("small.npz")))}

    def copy_to(self, folder):
        """Copy the files."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


class Listed(NamedTuple):
    """What a file says of the zones: the patterns of the first ones, how many there are, and whether that is all of them."""

    first: list
    count: int
    complete: bool


def check_zones(command, outcome, target, files):
    """The zones are the first ones, as many as the summary says; they are complete if the exit code says so."""
    document = json.loads(target.read_text())
    patterns = [tuple(zone["pattern"]) for zone in document["zones"]]
    assert len(set(patterns)) == len(patterns)
    network, prop, _ = question(command.arguments[1])
    assert all(network.satisfies([Fraction(entry) for entry in zone["sample"]], prop) for zone in document["zones"][-3:])
    check_list(command, outcome, files, Listed(patterns[:FIRST], len(patterns), document["complete"]))


def check_list(command, outcome, files, listed):
    """The same for zones from any file."""
    name = command.arguments[1]
    assert listed.first == files.patterns[name][: len(listed.first)], "other zones, or another order"
    assert not listed.complete or listed.count == files.counts.get(name)
    assert outcome.code in ({0, 3} if listed.complete else {3}) or outcome.has_failed, (listed.complete, outcome)
    printed = [line.split()[1] for line in outcome.out.splitlines() if line.startswith("  zones ")]
    if printed and listed.count:
        assert int(printed[0].replace(",", "")) == listed.count, (listed.count, outcome)


def check_store(command, outcome, target, files):
    """A store can be opened, and its files are those of its manifest."""
    if not (target / "manifest.json").exists():
        assert outcome.code != 0, outcome
        return
    store = ZoneStore.open(target)
    assert list(store.damages()) == []
    assert all(zone.fires(zone.sample) for zone in store[-3:])
    check_list(command, outcome, files, Listed([zone.pattern for zone in store[:FIRST]], len(store), store.complete))


def check_certificate(_command, outcome, target, _files):
    """The certificate holds what the exit code and the words say."""
    network, _, box = question("hard.npz")
    report = check(network, [case_of(network, feature(0, 5), box)], Certificate.load(target).lines)
    assert report.verdict == "incomplete", (report, outcome)
    assert outcome.code == 3 or outcome.has_failed, outcome
    if outcome.is_told and not outcome.has_failed:
        assert f"; {str(report).removeprefix('incomplete: ')}" in outcome.err, (report, outcome)


def check_proof(_command, outcome, target, _files):
    """A certificate that a list of zones is complete."""
    network, prop, box = question("small.npz")
    report = check(network, [case_of(network, prop, box)], Certificate.load(target).lines)
    assert report.verdict in {"valid", "incomplete"}, (report, outcome)
    assert outcome.code in ({0} if report.verdict == "valid" else {3}) or outcome.has_failed or not outcome.is_told, outcome


def check_table(_command, _outcome, target, _files):
    """Every line of a table has as many fields as the first."""
    lines = target.read_text().splitlines()
    assert len(lines) > 1
    assert all(line.split(",")[0].isdecimal() for line in lines[1:])


def check_page(_command, _outcome, target, _files):
    """The page has an end."""
    assert target.read_text().rstrip().endswith("</html>")


def check_answer(_command, _outcome, target, _files):
    """The answer is a JSON document."""
    json.loads(target.read_text())


CHECKS = {
    "zones": check_zones,
    "store": check_store,
    "certify": check_certificate,
    "complete": check_proof,
    "export": check_table,
    "view": check_page,
}
"""What must be true of the file of a command, by its name; of the others' only that it is JSON."""


def check_written(command, outcome, target, files):
    """Check what a command has written."""
    CHECKS.get(command.name, check_answer)(command, outcome, Path(target), files)
