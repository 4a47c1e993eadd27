"""``--timeout`` of the commands whose results were all or nothing: what is known is kept, and never called more than it is."""

import itertools
import json
import math
import sys
import time

import pytest
from cli.support import ABSOLUTE, PLANE, saved

from exactzones import BudgetExceeded, Network, Polyhedron, along, certify, check, feature, find_union, find_zones, zone_at
from exactzones.cli import search, stopping
from exactzones.cli.commands import cli
from exactzones.cli.outputs import Deliveries
from exactzones.cli.stopping import stop
from exactzones.deadline import Deadline
from exactzones.store import store_zones
from exactzones.testing.checks import check_union, check_zones
from exactzones.where import parse_where

CLAIM = ("--feature", 0, "--threshold", 2, "--domain=-3:3")
QUICK = {"completion", "eval", "info", "supports"}  # commands that read a network and do little more
NOW = ("--timeout", "1e-9")


def test_every_command_that_may_take_long_has_a_limit():
    commands = {name: cli.get_command(None, name) for name in cli.list_commands(None)}
    limited = {name for name, command in commands.items() if any(option.name == "timeout" for option in command.params)}
    assert set(commands) - limited == QUICK


@pytest.mark.parametrize(
    ("own_process", "limit", "left"),
    [(True, 3, 2.5), (True, 0.6, 0.25), (True, 0.1, 0.05), (False, 3, 3.0), (True, None, math.inf)],
)
def test_the_time_begins_with_the_process(monkeypatch, own_process, limit, left):
    """After half a second of imports; a short limit leaves a little time, or at least half of it."""
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(time, "process_time", lambda: 0.5)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(stopping.signal, "signal", lambda *_: None)
    monkeypatch.setattr(stopping, "_ring_in", lambda _seconds: None)
    watch = stopping.Stop()
    with watch.on_signals(to_the_end=own_process):
        deadline = watch.start(limit)
        assert deadline.left() == pytest.approx(left)
        assert deadline.seconds == limit


@pytest.fixture
def net(tmp_path):
    return saved(ABSOLUTE, tmp_path / "net.json")


@pytest.fixture
def proof(tmp_path):
    decision = certify(ABSOLUTE, feature(0, 2), (-3, 3))
    decision.certificate.save(tmp_path / "proof.json")
    return tmp_path / "proof.json"


@pytest.mark.parametrize("checker", [[], ["--plain"]])
def test_a_certificate_that_was_not_checked_is_not_valid(run, net, proof, checker):
    done = run("check", net, proof, *CLAIM, *checker, *NOW)
    assert (done.code, done.out) == (3, "not checked: the budget of 1e-09 s ran out\n")
    assert done.err.startswith("incomplete: the budget of 1e-09 s ran out")
    document = json.loads(run("check", net, proof, *CLAIM, *checker, *NOW, "--json", "-").out)
    assert (document["verdict"], document["proves"]) == ("not checked", "")
    assert run("check", net, proof, *CLAIM, *checker, "--timeout", 600).code == 0


def test_a_query_whose_certificate_was_not_checked(run, proof, tmp_path):
    net, query = saved(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])]), tmp_path / "one.json"), tmp_path / "query.vnnlib"
    query.write_text("(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= X_0 1.0))(assert (>= Y_0 4.0))")
    done = run("verify", query, "--network", f"N={net}", "--check", proof, *NOW)
    assert (done.code, done.out) == (3, "not checked: the budget of 1e-09 s ran out\n")


def test_a_check_in_python_that_has_no_time(proof):
    claim = (ABSOLUTE, feature(0, 2), (-3, 3), proof)
    assert str(check(*claim, seconds=0)) == "not checked: the budget of 0 s ran out"
    assert str(check(*claim, seconds=600)) == "valid"


def test_checks_of_zones_keep_those_that_were_finished(run, net):
    zones, union = find_zones(ABSOLUTE, 0, (-3, 3)), find_union(ABSOLUTE, parse_where("y[0] > 0 or y[1] > 0", ABSOLUTE), (-3, 3))
    for checked, subject, name in ((check_zones, zones, "zones_do_not_overlap"), (check_union, union, "zones_are_sound, case 1")):
        complete = [report.name for report in checked(subject, examples=2, seconds=Deadline())]
        until = Deadline()
        with pytest.raises(BudgetExceeded, match="interrupted") as stopped:
            checked(subject, examples=2, seconds=until, progress=lambda each: each == name and until.interrupt())  # noqa: B023
        assert [report.name for report in stopped.value.found] == complete[: complete.index(name)]
    done = run("proptest", net, *CLAIM, *NOW, "--json", "-")
    assert (done.code, json.loads(done.out)["complete"], json.loads(done.out)["checks"]) == (3, False, [])
    assert done.err.startswith("incomplete: the budget of 1e-09 s ran out")


def test_a_store_that_was_not_checked_is_not_called_sound(run, tmp_path):
    pytest.importorskip("pyarrow")
    directory = tmp_path / "s"
    store_zones(ABSOLUTE, feature(0), Polyhedron.box(-3, 3, dim=1), directory=directory)
    done = run("store", directory, "check", *NOW)
    assert (done.code, done.out) == (3, "")
    assert done.err == "incomplete: there was no time for: the whole check\n"
    assert json.loads(run("store", directory, "check", *NOW, "--json", "-").out)["checked"] is False
    assert json.loads(run("store", directory, "check", "--timeout", 600, "--json", "-").out)["checked"] is True


def test_what_a_point_and_a_segment_tell_without_time(run, tmp_path):
    net, out = saved(PLANE, tmp_path / "plane.json"), tmp_path / "out.json"
    for options in (("zone", net, "--at", "0,-3/4"), ("along", net, "--from=-1,0", "--to", "1,1")):
        done = run(*options, *NOW, "--json", out)
        assert done.code == 3
        assert not out.exists()
        assert run(*options, "--timeout", 600, "--json", out).code == 0
        out.unlink()
    with pytest.raises(BudgetExceeded, match="the budget of 0 s ran out"):
        along(PLANE, [-1, 0], [1, 1], seconds=0)
    until = Deadline()
    with pytest.raises(BudgetExceeded) as stopped:
        zone_at(PLANE, ["0", "-3/4"], seconds=_after_one(until))
    assert [zone.pattern for zone in stopped.value.found] == [("+--",)]


def _after_one(until):
    """A deadline that passes when it has been looked at twice."""
    looks = itertools.count(1)

    class Impatient(Deadline):
        def check(self):
            if next(looks) == 2:
                until.interrupt()
            until.check()

    return Impatient()


@pytest.mark.parametrize(
    ("seconds", "lengths", "shown"),
    [
        (30, [8, 13], 13),  # 22 s are left after 8 zones, and three fifths of them are enough for 13
        (1000, [8, 16, 32, 41], 41),
        (None, [41], 41),
    ],
)
def test_a_file_about_as_many_zones_as_there_is_time_for(tmp_path, monkeypatch, seconds, lengths, shown):
    """By a clock on which each zone takes a second."""
    zones = find_zones(Network.mlp([([[1]] * 40, range(-40, 0)), ([[1] * 40], [1])]), feature(0), (0, 99))
    now, written = [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(search, "_TRIED_ZONES", 8)
    monkeypatch.setattr(search, "_GROWTH", 2)
    monkeypatch.setattr(stop, "deadline", Deadline(seconds))
    monkeypatch.setattr(stop, "left_out", [])

    def write(part):
        now[0] += len(part)
        written.append(len(part))

    part = search.deliver_first(Deliveries(), tmp_path / "out.csv", zones, write)
    assert (written, len(part)) == (lengths, shown)
    assert stop.left_out == ([] if shown == len(zones) else [f"more than {shown} of 41 zones in {tmp_path / 'out.csv'}"])
