"""--jobs and --dask: the same summary and files, one line when workers cannot be had, nothing lost on Ctrl-C or when one dies."""

import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from cli.support import PLANE, process, saved

from exactzones.network import Network

posix = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


def random_network(*widths):
    rng = np.random.default_rng(0)
    pairs = itertools.pairwise(widths)
    return Network.mlp([(rng.normal(size=(b, a)) / a**0.5, rng.normal(size=b) / 2) for a, b in pairs])


@pytest.fixture
def plane(tmp_path):
    return saved(PLANE, tmp_path / "plane.json")


@pytest.fixture
def some(tmp_path):
    return saved(random_network(2, 12, 12, 1), tmp_path / "some.json")


@pytest.fixture
def endless(tmp_path):
    """More cells than anybody waits for."""
    return saved(random_network(4, 80, 80, 1), tmp_path / "endless.json")


@pytest.fixture
def at_once(monkeypatch):
    """Workers are asked from the start."""
    from exactzones.engine import driver
    from exactzones.engine.workers import Pace

    pace = Pace(alone_seconds=0, wait_for_workers=True, piece_seconds=0.02, call_cells=16)
    monkeypatch.setattr(driver, "PACE", pace)


def written(path):
    """The zones, without the time it took."""
    return json.loads(path.read_text())["zones"]


def without_time(text):
    return [line for line in text.splitlines() if not line.startswith(("  time", "wrote"))]


@pytest.mark.usefixtures("at_once")
def test_the_same_with_processes(run, some, tmp_path):
    outcomes, zones = [], []
    for jobs in (1, 2):
        out = tmp_path / f"{jobs}.json"
        outcomes.append(run("zones", some, "--feature", 0, "--domain=-3:3", "--jobs", jobs, "--json", out))
        zones.append(written(out))
    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert without_time(outcomes[0].out) == without_time(outcomes[1].out)
    assert zones[0] == zones[1]
    assert len(zones[0]) > 100


@pytest.mark.usefixtures("at_once")
def test_a_budget_with_processes(run, some, tmp_path):
    out = tmp_path / "z.json"
    outcome = run("zones", some, "--feature", 0, "--jobs", 2, "--max-zones", 5, "--json", out, "--quiet")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("incomplete: the budget of 5 zones ran out")
    assert len(written(out)) == 5


def test_small_networks_need_no_process(run, plane):
    start = time.monotonic()
    assert run("zones", plane, "--feature", 0, "--jobs", 2).code == 0
    assert time.monotonic() - start < 5


REFUSED = [
    (["--jobs", 0], ["--jobs", "x>=1"]),
    (["--jobs", -1], ["--jobs"]),
    (["--jobs", "many"], ["--jobs", "many"]),
    (["--jobs", 2, "--engine", "backward"], ["--jobs needs another engine", "backward engine runs in a single process"]),
    (["--dask", "tcp://127.0.0.1:1", "--engine", "backward"], ["--dask needs another engine", "backward engine"]),
    (["--jobs", 2, "--dask", "tcp://127.0.0.1:1"], ["--jobs and --dask exclude each other"]),
]


@pytest.mark.parametrize(("options", "says"), REFUSED)
def test_what_does_not_go_together(refused, plane, options, says):
    refused("zones", plane, "--feature", 0, *options, says=says)


def test_one_job_is_no_pool(run, plane):
    assert run("zones", plane, "--feature", 0, "--jobs", 1, "--engine", "backward").code == 0


def test_dask_is_not_installed(refused, plane, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused("zones", plane, "--feature", 0, "--dask", "tcp://127.0.0.1:1", says=["pip install exactzones[dask]"])


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "foo://bar", "nonsense:x", "", "tcp://"])
def test_no_scheduler_there(refused, plane, address, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(sys.modules["exactzones.cli.search"], "_DASK_SECONDS", 0.5)
    refused(
        "zones", plane, "--feature", 0, "--dask", address, says=[f"--dask {address}: no scheduler answers there within 0.5 s"]
    )


@pytest.mark.usefixtures("at_once")
def test_the_same_with_dask(run, some, tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options) as cluster:
        arguments = ["zones", some, "--feature", 0, "--domain=-3:3", "--quiet", "--json"]
        assert run(*arguments, tmp_path / "with.json", "--dask", cluster.scheduler_address).code == 0
    assert run(*arguments, tmp_path / "without.json").code == 0
    assert written(tmp_path / "with.json") == written(tmp_path / "without.json")


def workers_of(child):
    """Wait until a command has started its workers; return their process ids."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rsplit(") ", 1)[1].split()[1])
                if parent == child.pid and b"spawn_main" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except (OSError, ValueError):  # it ended meanwhile
                continue
        if len(found) == 2:
            return found
        time.sleep(0.02)
    raise AssertionError(child.communicate())


@posix
@pytest.mark.parametrize("seconds", [0, 1.5])
def test_ctrl_c(endless, seconds):
    """A terminal sends it to the workers, too; right after they started, or in the middle of their work."""
    arguments = ["zones", endless, "--feature", 0, "--domain=-3:3", "--jobs", 2, "--quiet", "--timeout", 100]
    child = process(*arguments, start_new_session=True)
    pids = workers_of(child)
    time.sleep(seconds)
    os.killpg(child.pid, signal.SIGINT)
    printed, err = child.communicate(timeout=120)
    assert (child.returncode, printed) == (3, "")
    assert err == "incomplete: interrupted\n"
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@posix
def test_a_worker_that_is_killed(endless):
    """Others take its place; the command goes on to the end of its time."""
    arguments = ["zones", endless, "--feature", 0, "--domain=-3:3", "--jobs", 2, "--quiet", "--max-zones", 20_000]
    child = process(*arguments)
    os.kill(workers_of(child)[0], signal.SIGKILL)
    printed, err = child.communicate(timeout=240)
    assert (child.returncode, printed) == (3, "")
    assert err.startswith("incomplete: the budget of 20000 zones ran out")
    assert err.count("\n") == 1


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_to_the_whole_group(endless, name):
    """As terminals and supervisors send it; workers leave it to the command."""
    child = process("zones", endless, "--feature", 0, "--domain=-3:3", "--jobs", 2, "--quiet", start_new_session=True)
    workers_of(child)
    os.killpg(child.pid, getattr(signal, name))
    printed, err = child.communicate(timeout=120)
    assert (child.returncode, printed, err) == (3, "", "incomplete: interrupted\n")
