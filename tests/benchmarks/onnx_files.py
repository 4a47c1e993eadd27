"""Read every ONNX file of a folder, one subfolder per source, and say which are read, and why others are refused.

    EXACTZONES_ONNX=FOLDER python tests/benchmarks/onnx_files.py [--points 3] [--seconds 60] [--csv OUT]

Files of equal content count once.  What is read is compared with onnxruntime at random points.
"""

# ruff: noqa: T201 - scripts print
from __future__ import annotations

import argparse
import csv
import hashlib
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from exactzones import load_network
from exactzones.errors import ExactZonesError
from exactzones.files import read_unpacked
from exactzones.port import JUMP

OTHER = {
    "not piecewise linear": r"not piecewise linear|quantiz|divisor a constant|depends on the network's input; a constant",
    "jumps": r"makes steps|jumps where|operator Round|which is output \d+ of",
    "integer or other inputs": r"input '.*' has ONNX element type|input '.*' is not a tensor|has type (STRING|COMPLEX)",
    "not a function": r"the graph has 0 inputs|has no entries|operator (Bernoulli|Random\w+|Multinomial) |training mode",
    "needs a shape": r"has an axis without a fixed length|has no shape",
    "old or incomplete": r"opset \d+ is not supported|is not an ONNX model|which is not in the model's folder",
    "too large": r"at most [\d,]+ .*supported|a network of 1 to [\d,]+ inputs|more time than",
}
"""What a refused file is if it is not a piecewise linear network that should be read -> what its message says."""


class TooSlowError(ExactZonesError):
    """Reading a file took more time than the limit."""


def stop(*_):
    raise TooSlowError("reading it took more time than the limit")


def distinct(folder):
    """Return one path for each content."""
    known = {}
    for path in sorted(folder.rglob("*.onnx*")):
        if path.suffix in (".onnx", ".gz") and path.is_file():
            known.setdefault(hashlib.sha256(read_unpacked(path)).hexdigest(), path)
    return list(known.values())


def verdict(path, points, seconds):
    """Return "read", "read, but differs" or a kind of reason, and the message."""
    try:
        signal.alarm(seconds)
        net = load_network(path)
    except ExactZonesError as error:
        message = str(error).removeprefix(f"{path}: ")
        return next((kind for kind, pattern in OTHER.items() if re.search(pattern, message)), "refused"), message
    finally:
        signal.alarm(0)
    try:
        signal.alarm(seconds)
        worst = difference(path, net, points)
    except TooSlowError:
        return "read", "comparing it took more time than the limit"
    except Exception as error:  # noqa: BLE001  onnxruntime's
        return "read", f"onnxruntime: {str(error).splitlines()[0]}"
    finally:
        signal.alarm(0)
    return "read" if worst < 1e-3 else "read, but differs", f"relative difference {worst:.1e}"


def difference(path, net, points):
    """Return the largest relative difference from onnxruntime at random points; 1 where an output that jumps differs in sign."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    session = onnxruntime.InferenceSession(read_unpacked(path), providers=["CPUExecutionProvider"])
    kinds = {entry.name: entry.type for entry in session.get_inputs()}
    names = [port.name for port in net.output_ports if port.before in ("", JUMP)]
    generator, worst = np.random.default_rng(0), 0.0
    for _ in range(points if names else 0):
        point = generator.normal(0, 1, net.inputs).astype(np.float32)
        feed = {
            port.name: point[port.first : port.first + port.size]
            .reshape(port.shape)
            .astype({"tensor(double)": np.float64, "tensor(float16)": np.float16}.get(kinds[port.name], np.float32))
            for port in net.input_ports
        }
        ours = np.array([float(entry) for entry in net(point)])
        for name, theirs in zip(names, session.run(names, feed), strict=True):
            (port,) = (port for port in net.output_ports if port.name == name)
            own = ours[port.first : port.first + port.size]
            if port.before == JUMP:
                worst = max(worst, float(np.any((own > 0) != (theirs.ravel() > 0))))
                continue
            worst = max(worst, float(np.max(np.abs(own - theirs.ravel()) / (1 + np.abs(own).max()))))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=3, help="random points at which to compare with onnxruntime")
    parser.add_argument("--seconds", type=int, default=60, help="time limit for reading a file, and for comparing it")
    parser.add_argument("--csv", type=Path, help="write every file with what came of it here")
    options = parser.parse_args()
    if not os.environ.get("EXACTZONES_ONNX"):
        sys.exit("EXACTZONES_ONNX names no folder")
    folder, rows = Path(os.environ["EXACTZONES_ONNX"]), []
    signal.signal(signal.SIGALRM, stop)
    for path in distinct(folder):
        kind, message = verdict(path, options.points, options.seconds)
        rows.append((path.relative_to(folder), kind, message))
        print(f"{kind:24} {path.relative_to(folder)}: {message}", flush=True)
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("file", "what", "message"), *rows])
    sources = {path.parts[0] for path, _, _ in rows}
    kinds = ["read", "read, but differs", "refused", *OTHER]
    print(f"| source | {' | '.join(kinds)} |\n|---|{'--:|' * len(kinds)}")
    for source in [*sorted(sources), None]:
        counts = Counter(kind for path, kind, _ in rows if source in (None, path.parts[0]))
        print(f"| {source or 'all'} | {' | '.join(str(counts[kind] or '') for kind in kinds)} |")


if __name__ == "__main__":
    main()
