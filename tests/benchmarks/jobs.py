"""What a second process brings: CPU seconds of one process alone, and of each process of a search with --jobs 2.

python tests/benchmarks/jobs.py [forward] [inequalities] [certify]

Both processes take work from one queue in small pieces, so on two idle cores each is busy for half of the sum.  The last column
is therefore how many times as fast the search is there; it can be measured on a machine that is busy with other things, too.
What a process spends on its start is counted.
"""
# ruff: noqa: T201 - scripts print

if __name__ == "__main__":  # the other process imports this script, too, and needs none of them, as with the command
    import argparse
    import os
    import time
    from pathlib import Path

    from store import random_network

    from exactzones import Polyhedron, certify, feature, stream_zones
    from exactzones.parallel import processes
    from exactzones.threads import one_thread

    _TICKS = os.sysconf("SC_CLK_TCK")

JOBS = 2


def cpu(pid):
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def listing(widths, bound, engine):
    """Return a function of an executor that lists the zones of a feature."""
    net, domain = random_network(widths), Polyhedron.box(-bound, bound, dim=widths[0])
    return lambda executor: sum(1 for _ in stream_zones(net, 0, domain, engine=engine, executor=executor))


def proving(widths, bound, threshold):
    """Return a function of an executor that certifies that a feature never exceeds a threshold."""
    net, domain = random_network(widths), Polyhedron.box(-bound, bound, dim=widths[0])

    return lambda executor: certify(net, feature(0, threshold=threshold), domain, executor=executor).nodes


SEARCHES = {  # of five seconds or more
    "forward": [
        ("3-160-160-1", lambda: listing((3, 160, 160, 1), 8, "forward")),
        ("4-48-48-1", lambda: listing((4, 48, 48, 1), 4, "forward")),
        ("6-16-16-1", lambda: listing((6, 16, 16, 1), 4, "forward")),
    ],
    "inequalities": [
        ("10-12-12-1", lambda: listing((10, 12, 12, 1), 6, "inequalities")),
        ("16-19-1", lambda: listing((16, 19, 1), 6, "inequalities")),
    ],
    "certify": [
        ("6-40-40-1", lambda: proving((6, 40, 40, 1), 1, 56)),
        ("5-80-80-1", lambda: proving((5, 80, 80, 1), 1, 224)),
        ("40-30-30-1", lambda: proving((40, 30, 30, 1), 1, 678)),
    ],
}


def spent(search, executor=None, pids=()):
    """Return the number of results, and the CPU seconds of this process and of others, those before the search included."""
    begin = time.process_time()
    with one_thread:
        count = search(executor)
    return count, [time.process_time() - begin, *(cpu(pid) for pid in pids())] if executor else [time.process_time() - begin]


def measure(kind, name, search, runs):
    """Print a row of the table, from the best of some runs each."""
    alone, together = [], []
    for _ in range(runs):
        alone.append(spent(search))
        with processes(JOBS - 1) as pool:  # this process is the other one
            together.append(spent(search, pool, lambda pool=pool: pool.pids))
    (count, (one,)), (others, two) = (min(each, key=lambda result: sum(result[1])) for each in (alone, together))
    assert kind == "certify" or others == count
    parts = " + ".join(f"{part:.1f}" for part in two)
    print(
        f"| {kind} {name} | {count:,} | {one:.1f} s | {parts} s | {sum(two) / one:.2f} | {one * JOBS / sum(two):.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="kind", help=f"{', '.join(SEARCHES)} (default: all of them)")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(SEARCHES):
        parser.error(f"unknown kind {min(unknown)}; expected {', '.join(SEARCHES)}")
    for kind in options.kinds or SEARCHES:
        for name, make in SEARCHES[kind]:
            measure(kind, name, make(), options.runs)
