"""Our engines against each other: growth, what exactness costs, degenerate networks, memory, pruning, the summary, volumes.

    python tests/benchmarks/engine.py [growth] [exactness] [degenerate] [memory] [pruning] [summary] [volumes]
        [--plot growth.svg] [--limit 10]

All sections by default, each prints a Markdown table.  Times are CPU seconds on one core.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import importlib.machinery
import importlib.util
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from adapters import (
    RADIUS,
    OutOfTimeError,
    Weights,
    arrangement_of,
    best,
    count_cells,
    limit,
    name_of,
    network_of,
    normal,
    one_core,
    ternary,
)

from exactzones import ALWAYS, Network, Polyhedron, condition, feature, find_zones, stream_zones
from exactzones.engine import arrangement as arrangement_module
from exactzones.engine import forward as forward_module

Options = argparse.Namespace


def table(*columns: str) -> None:
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)


def row(*entries: str) -> None:
    print(f"| {' | '.join(entries)} |", flush=True)


def box_of(net: Network) -> Polyhedron:
    return Polyhedron.box(-RADIUS, RADIUS, dim=net.inputs)


# Growth: forward, backward, brute force.


def brute(net: Network) -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from oracle import brute_force

    return len(brute_force(net, condition({}, 1, after_relu=True), box_of(net)))


def backward(net: Network) -> int:
    return len(find_zones(net, ALWAYS, box_of(net), engine="backward"))


ENGINES: dict[str, Callable[[Network], int]] = {"forward": count_cells, "backward": backward, "brute force": brute}
SHAPES = {
    "one hidden layer": [[2, n, 1] for n in (4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 200)],
    "two hidden layers": [[2, n, n, 1] for n in (2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64)],
}


def growth(options: Options) -> None:
    """Print, and plot, the time to list all cells of 2-n-1 and 2-n-n-1; an engine is dropped once it runs out of time."""
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for shape, sizes in SHAPES.items():
        alive = dict(ENGINES)
        curves[shape] = {name: [] for name in ENGINES}
        table(f"{shape}", "cells", *(f"{name}, s" for name in ENGINES), "backward / forward", "brute force / forward")
        for widths in sizes:
            net = network_of(*normal(widths))
            seconds: dict[str, float] = {}
            counts = set()
            for name, engine in list(alive.items()):
                try:
                    with limit(3 * options.limit):  # three runs
                        found, seconds[name] = best(lambda engine=engine, net=net: engine(net), enough=options.limit / 3)
                except OutOfTimeError:
                    del alive[name]
                    continue
                counts.add(found)
                curves[shape][name].append((widths[1], seconds[name]))
            if len(counts) != 1:
                sys.exit(f"{name_of(widths)}: the engines disagree: {counts}")
            times = [f"{seconds[name]:.3g}" if name in seconds else "" for name in ENGINES]
            ratios = [f"{seconds[name] / seconds['forward']:,.0f}" if name in seconds else "" for name in list(ENGINES)[1:]]
            row(name_of(widths), f"{counts.pop():,}", *times, *ratios)
    if options.plot:
        plot(curves, options.plot)


def plot(curves: dict[str, dict[str, list[tuple[int, float]]]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "exactzones"
    figure, axes = plt.subplots(1, len(curves), figsize=(9, 3.6), sharey=True, layout="constrained")
    for axis, (shape, engines) in zip(axes, curves.items(), strict=True):
        for name, points in engines.items():
            axis.loglog(*zip(*points, strict=True), marker=".", label={"backward": "backward (un-ReLU)"}.get(name, name))
        axis.set(title=f"{shape}, 2 inputs", xlabel="neurons per layer")
        widths = [width for points in engines.values() for width, _ in points]
        ticks = [2**k for k in range(1, 9) if min(widths) <= 2**k <= max(widths)]
        axis.set_xticks(ticks, map(str, ticks))
        axis.minorticks_off()
        axis.grid(visible=True, which="major", alpha=0.3)
    axes[0].set_ylabel("CPU seconds for all cells")
    figure.legend(handles=axes[0].lines, loc="outside lower center", ncols=len(ENGINES), frameon=False)
    figure.savefig(path, metadata={"Date": None})


# What exactness costs.


SOURCES = Path(arrangement_module.__file__).parent / "kernel"


def compiled(changed: dict[str, str], folder: Path) -> Any:
    """Compile the kernel with some files changed, and load it."""
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("*.so", "*.py*"))
    for name, source in changed.items():
        (folder / name).write_text(source)
    library = folder / f"_compiled{sysconfig.get_config_var('EXT_SUFFIX')}"
    flags = ["-fPIC", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-w", f"-I{sysconfig.get_path('include')}"]
    compiler = [*sysconfig.get_config_var("LDSHARED").split(), *sysconfig.get_config_var("CFLAGS").split(), *flags]
    subprocess.run([*compiler, *map(str, sorted(folder.glob("*.c"))), "-o", str(library)], check=True)  # noqa: S603
    loader = importlib.machinery.ExtensionFileLoader("_compiled", str(library))
    spec = importlib.util.spec_from_loader("_compiled", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def exactness(_options: Options) -> None:
    """Compare with the same kernel, but with every sign taken from the float value: its error bound is replaced by zero."""
    source = (SOURCES / "pool.c").read_text()
    blind, places = re.subn(r"const double bound = LA\[start \+ j\][^;]*;", "const double bound = 0;", source)
    if places != 1:
        sys.exit("the filter's bound was not found in pool.c")
    ours = arrangement_module._kernel
    table("network", "cells", "s", "undecided", "decided exactly", "filter trusted, s", "its cells", "ratio")
    with tempfile.TemporaryDirectory() as folder:
        kernels = {"right": compiled({}, Path(folder) / "right"), "blind": compiled({"pool.c": blind}, Path(folder) / "blind")}
        for widths in ([2, 64, 64, 64, 1], [2, 200, 200, 1], [3, 20, 20, 1], [3, 40, 40, 1], [4, 16, 16, 1], [5, 12, 12, 1]):
            net = network_of(*normal(widths))
            stats = arrangement_of(net)
            for _ in stats.leaves(stats.start()):
                pass
            cells, seconds = {}, dict.fromkeys(kernels, float("inf"))
            for _ in range(5):  # in turns, so that the machine's moods hit both
                for name, kernel in kernels.items():
                    arrangement_module._kernel = kernel
                    cells[name], spent = best(lambda net=net: count_cells(net), repeats=1)
                    seconds[name] = min(seconds[name], spent)
            arrangement_module._kernel = ours
            row(
                name_of(widths),
                f"{cells['right']:,}",
                f"{seconds['right']:.4g}",
                f"{stats.stats.undecided:,}",
                f"{stats.stats.exact:,}",
                f"{seconds['blind']:.4g}",
                f"{cells['blind']:,}",
                f"{seconds['right'] / seconds['blind']:.3f}",
            )


# Degenerate networks.


def zero_biases(widths: list[int]) -> tuple[Weights, Weights]:
    weights, biases = normal(widths)
    return weights, [np.zeros_like(bias) for bias in biases]


def duplicated(widths: list[int]) -> tuple[Weights, Weights]:
    """Return the normal network, with the second half of each hidden layer a copy of the first."""
    weights, biases = normal(widths)
    for k in range(len(weights) - 1):
        half = len(biases[k]) // 2
        for array in (weights[k], biases[k]):
            array[half : 2 * half] = array[:half]
    return weights, biases


def degenerate(options: Options) -> None:
    kinds = {
        "normal": normal,
        "{-1,0,1}": lambda widths: ternary(widths, 0),
        "zero biases": zero_biases,
        "{-1,0,1}, zero biases": lambda widths: (ternary(widths, 0)[0], zero_biases(widths)[1]),
        "every neuron twice": duplicated,
    }
    table("network", "kind", "cells", "s", "us per cell", "undecided", "decided exactly", "per cell / normal")
    for widths in ([2, 32, 32, 1], [2, 64, 64, 1], [3, 20, 20, 1], [4, 16, 16, 1], [5, 12, 12, 1]):
        generic = None
        for kind, make in kinds.items():
            net = network_of(*make(widths))
            arrangement = arrangement_of(net)

            def run(net: Network = net) -> Any:
                nonlocal arrangement
                arrangement = arrangement_of(net)
                return sum(len(frontier) for frontier in arrangement.leaves(arrangement.start()))

            try:
                with limit(6 * options.limit):
                    cells, seconds = best(run)
            except OutOfTimeError:
                row(name_of(widths), kind, "", f"> {6 * options.limit:g}", "", "", "", "")
                continue
            each = seconds / cells
            generic = generic or each
            stats = arrangement.stats
            counts = (f"{stats.undecided:,}", f"{stats.exact:,}")
            row(name_of(widths), kind, f"{cells:,}", f"{seconds:.3g}", f"{each * 1e6:.1f}", *counts, f"{each / generic:.2f}")


# Memory.


def memory(_options: Options) -> None:
    """Stream more than a million cells, in a process of its own."""
    table("network", "stream of", "listed", "s", "peak MiB", "peak without MiB")
    for widths in ([3, 100, 100, 1],):
        for what in ("cells", "zones"):
            command = [sys.executable, __file__, "--stream", what, name_of(widths)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
            row(name_of(widths), what, f"{int(printed[0]):,}", f"{float(printed[1]):.3g}", printed[2], printed[3])


def stream(what: str, name: str) -> None:
    """Print how many were listed, the seconds, the peak, and what the process took before it began."""
    weights, biases = normal([int(width) for width in name.split("-")])
    biases[-1] = biases[-1] + 1000  # every cell fires
    net = network_of(weights, biases)
    domain = box_of(net)
    before = peak()
    start = time.process_time()
    count = count_cells(net) if what == "cells" else sum(1 for _ in stream_zones(net, feature(0), domain))
    print(count, time.process_time() - start, peak(), before)


def peak() -> int:
    """Return this program's peak in MiB; getrusage's also counts what the process was before it became this program."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


# Pruning by a feature that rarely fires.


def shifted(widths: list[int], share: float | None, values: np.ndarray) -> Network:
    """Return the normal network, the last bias shifted so that it fires on this share of the samples; None is as it comes."""
    weights, biases = normal(widths)
    if share is None:
        return network_of(weights, biases)
    for k, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        values = values @ weight.T + bias
        if k < len(weights) - 1:
            values = np.maximum(values, 0)
    biases[-1] = biases[-1] - np.quantile(values[:, 0], 1 - share)
    return network_of(weights, biases)


def recorded(net: Network) -> tuple[int, float, Any]:
    """List the zones of the feature; return their number, the seconds, and the arrangement that was used."""
    made = []
    kind = forward_module.Arrangement

    def record(*arguments: Any, **named: Any) -> Any:
        made.append(kind(*arguments, **named))
        return made[-1]

    forward_module.Arrangement = record
    try:
        zones, seconds = best(lambda: sum(1 for _ in stream_zones(net, feature(0), box_of(net))))
    finally:
        forward_module.Arrangement = kind
    return zones, seconds, made[-1]


def pruning(_options: Options) -> None:
    table("network", "share", "cells in all", "s for all", "zones", "cuts", "cuts per zone", "cells visited", "s", "all / s")
    rng = np.random.default_rng(1)
    for widths in ([2, 32, 32, 1], [2, 64, 64, 64, 1], [3, 40, 40, 1], [2, 200, 200, 1], [2, *[64] * 8, 1]):
        samples = rng.uniform(-RADIUS, RADIUS, (200_000, widths[0]))
        cells, whole = best(lambda widths=widths: count_cells(network_of(*normal(widths))))
        for share in (0.1, 0.01, 0.001, None):
            zones, seconds, arrangement = recorded(shifted(widths, share, samples))
            cuts, visited = arrangement.stats.cuts, arrangement.stats.cells
            each = f"{cuts / zones:.2f}" if zones else "-"
            work = (f"{zones:,}", f"{cuts:,}", each, f"{visited:,}", f"{seconds:.3g}", f"{whole / seconds:.2f}")
            row(name_of(widths), "as it comes" if share is None else f"{share:.1%}", f"{cells:,}", f"{whole:.3g}", *work)


# The summary after the search.


def summary(_options: Options) -> None:
    """Compare what is computed of all zones with the search for them; the share of the volume is settled to four digits."""
    table("network", "zones", "search, s", "islands, maps, maximum, s", "/ search", "with volume, s", "/ search")
    samples = np.random.default_rng(1).uniform(-RADIUS, RADIUS, (200_000, 3))
    for widths, share in (([3, 40, 40, 1], 1), ([3, 64, 64, 1], 0.5), ([3, 64, 64, 1], 1), ([5, 12, 12, 1], 0.5)):
        inputs = np.resize(samples, (len(samples), widths[0]))
        net = shifted(widths, share, inputs) if share < 1 else raised(widths)
        start = time.process_time()
        zones = find_zones(net, feature(0), box_of(net))
        search = time.process_time() - start
        for _ in (zones.islands, zones.distinct_maps, zones.maximum):
            pass
        plain = time.process_time() - start - search
        zones.share_bounds(1e-4)
        volume = time.process_time() - start - search
        seconds = [f"{part:.3g}" for spent in (plain, volume) for part in (spent, spent / search)]
        row(name_of(widths), f"{len(zones):,}", f"{search:.3g}", *seconds)


def volumes(_options: Options) -> None:
    """Compare exact volumes with the search: the total, all zones at once, and one by one (of some zones)."""
    table("network", "zones", "search, us a zone", "total, us", "at once, us", "one by one, us")
    samples = np.random.default_rng(1).uniform(-RADIUS, RADIUS, (200_000, 5))
    for widths, share in (
        ([2, 64, 64, 1], 0.5),
        ([3, 40, 40, 1], 0.5),
        ([3, 64, 64, 1], 0.5),
        ([4, 16, 16, 1], 0.5),
        ([5, 12, 12, 1], 0.1),
    ):
        net = shifted(widths, share, samples[:, : widths[0]])
        start = time.process_time()
        zones = find_zones(net, feature(0), box_of(net))
        marks = [time.process_time() - start]
        for name in ("volume", "volumes"):
            getattr(zones, name)
            marks.append(time.process_time() - start)
        some = zones[:: max(1, len(zones) // 200)]
        start = time.process_time()
        for zone in some:
            _ = zone.volume
        single = (time.process_time() - start) / len(some)
        each = [part / len(zones) for part in (marks[0], *np.diff(marks))]
        row(name_of(widths), f"{len(zones):,}", *(f"{1e6 * seconds:.3g}" for seconds in (*each, single)))


def raised(widths: list[int]) -> Network:
    """Return the normal network with a last bias that lets the feature fire on every cell."""
    weights, biases = normal(widths)
    return network_of(weights, [*biases[:-1], biases[-1] + 1000])


SECTIONS = {section.__name__: section for section in (growth, exactness, degenerate, memory, pruning, summary, volumes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--plot", type=Path, help="where the growth curve goes, as SVG")
    parser.add_argument("--limit", type=float, default=10, help="CPU seconds for one engine and network")
    parser.add_argument("--stream", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there is {', '.join(SECTIONS)}")
    one_core()
    if options.stream:
        stream(*options.stream)
        return
    for name in options.sections or SECTIONS:
        SECTIONS[name](options)


if __name__ == "__main__":
    main()
