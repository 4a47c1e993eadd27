"""--jobs and --dask: the same summary and files, one line when workers cannot be had, nothing lost on Ctrl-C or when one dies."""

import itertools
import json
import logging
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

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
    from exactzones.parallel import Pace, driver

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
    monkeypatch.setattr(sys.modules["exactzones.cli.workers"], "_DASK_SECONDS", 0.5)
    refused(
        "zones", plane, "--feature", 0, "--dask", address, says=[f"--dask {address}: no scheduler answers there within 0.5 s"]
    )


@pytest.fixture(scope="module")
def cluster():
    """Two Dask workers, which are started again when they die."""
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    # A cluster gives a worker up for good that is not back within 15 seconds, which a busy machine needs to start it.
    patience = dask.config.set({"distributed.deploy.lost-worker-timeout": "10 minutes"})
    with patience, distributed.LocalCluster(**options, silence_logs=logging.CRITICAL) as two:
        yield two


@contextmanager
def workers_killed(cluster):
    """Kill busy workers of a cluster while a block runs, one at a time, two at most; yield their process ids."""
    from distributed import Client

    killed, done = [], Event()

    def kill():
        with Client(cluster.scheduler_address, set_as_default=False) as client:
            while len(killed) < 2 and not done.wait(0.1):
                busy = [address for address, calls in client.processing().items() if calls]
                if busy and len(client.nthreads()) == 2:
                    for pid in client.run(os.getpid, workers=busy[:1], on_error="ignore").values():
                        with suppress(ProcessLookupError):  # it has ended by itself meanwhile
                            os.kill(pid, signal.SIGKILL)
                            killed.append(pid)

    killer = Thread(target=kill)
    killer.start()
    try:
        yield killed
    finally:
        done.set()
        killer.join()


@pytest.mark.usefixtures("at_once")
def test_the_same_with_dask(run, some, tmp_path, cluster):
    arguments = ["zones", some, "--feature", 0, "--domain=-3:3", "--quiet", "--json"]
    assert run(*arguments, tmp_path / "with.json", "--dask", cluster.scheduler_address).code == 0
    assert run(*arguments, tmp_path / "without.json").code == 0
    assert written(tmp_path / "with.json") == written(tmp_path / "without.json")


@posix
def test_the_same_store_though_dask_workers_are_killed(run, tmp_path, cluster, monkeypatch):
    from exactzones.parallel import Pace, driver

    monkeypatch.setattr(driver, "PACE", Pace(alone_seconds=0, wait_for_workers=True, piece_seconds=0.1))
    net = saved(random_network(3, 40, 40, 1), tmp_path / "net.json")
    arguments = ["zones", net, "--feature", 0, "--threshold", -1, "--domain=-3:3", "--quiet", "--store"]
    with workers_killed(cluster) as killed:
        assert run(*arguments, tmp_path / "with", "--dask", cluster.scheduler_address).code == 0
    assert killed
    assert run(*arguments, tmp_path / "without").code == 0
    with_dask, without = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("with", "without"))
    assert with_dask == without


@posix
def test_a_proof_though_dask_workers_are_killed(run, tmp_path, cluster, monkeypatch):
    from exactzones.certification import distribute, pieces

    monkeypatch.setattr(distribute, "_ALONE_SECONDS", 0.0)
    monkeypatch.setattr(pieces, "_FIRST_NODES", 16)
    net = saved(random_network(4, 30, 30, 1), tmp_path / "net.json")
    claim = ["--feature", 0, "--threshold", "1.53", "--domain=-1:1"]
    with workers_killed(cluster) as killed:
        outcome = run("certify", net, *claim, "--out", tmp_path / "proof.json", "--dask", cluster.scheduler_address)
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "cannot fire"), outcome.err
    assert killed
    assert run("check", net, tmp_path / "proof.json", *claim).code == 0


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
    arguments = ["zones", endless, "--feature", 0, "--domain=-3:3", "--jobs", 3, "--quiet", "--timeout", 100]
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
    arguments = ["zones", endless, "--feature", 0, "--domain=-3:3", "--jobs", 3, "--quiet", "--max-zones", 20_000]
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
    child = process("zones", endless, "--feature", 0, "--domain=-3:3", "--jobs", 3, "--quiet", start_new_session=True)
    workers_of(child)
    os.killpg(child.pid, getattr(signal, name))
    printed, err = child.communicate(timeout=120)
    assert (child.returncode, printed, err) == (3, "", "incomplete: interrupted\n")
