"""How fluid a page is: milliseconds per frame and of CPU time, in a headless Chromium without a GPU.

``python tests/view/fluid.py [WIDTH ..]``; by default the first feature of a random 2-220-160-1, about 30,000 zones.
"""

# ruff: noqa: T201 - scripts print

import itertools
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from exactzones import Network, Polyhedron, feature, find_zones
from exactzones.view import save

FRAMES = 60
ACTS = {
    "nothing": "() => {}",
    "pan": "(k) => view.pan((k < 30 ? 3 : -3) / view.view.kx, 0)",
    "zoom": "(k) => view.zoom(k < 30 ? 1.05 : 1 / 1.05)",
    "point": "(k) => page.hover((k * 37) % page.shape.count, { clientX: 300, clientY: 300 }, [0, 0])",
    "paint all": "(k) => { view.view.x += 1e-6; view.paint(); }",
}
MEASURE = """async () => {
  const page = exactzones, { view } = page, act = ACT, took = [];
  view.reset();
  await new Promise((done) => setTimeout(done, 500));
  for (let k = 0; k < FRAMES; k++) {
    const start = performance.now();
    act(k);
    await new Promise(requestAnimationFrame);
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  return [took[FRAMES >> 1], took[Math.floor(0.9 * FRAMES)]];
}""".replace("FRAMES", str(FRAMES))


def spent(pid):
    """Seconds of CPU time of all that descends from a process."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
                total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + spent(child)
            except OSError:  # it has ended
                continue
    return total


def main(widths):
    draw = np.random.default_rng(0)
    layers = [
        (draw.normal(size=(after, before)).astype(np.float32), draw.normal(size=after).astype(np.float32))
        for before, after in itertools.pairwise(widths)
    ]
    zones = find_zones(Network.mlp(layers), feature(0), Polyhedron.box(-8, 8, dim=widths[0]))
    path = Path(tempfile.mkdtemp()) / "page.html"
    start = time.process_time()
    save(zones, path)
    print(f"{len(zones)} zones, {path.stat().st_size / 1e6:.1f} MB, {time.process_time() - start:.1f} s of CPU time to write")
    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        tab = browser.new_page(viewport={"width": 1360, "height": 900})
        start = time.monotonic()
        tab.goto(path.as_uri())
        tab.wait_for_selector("html[data-ready]", state="attached")
        print(f"{'open':<10} {1000 * (time.monotonic() - start):6.0f} ms")
        tab.wait_for_timeout(1500)
        for name, act in ACTS.items():
            before = spent(os.getpid())
            median, most = tab.evaluate(MEASURE.replace("ACT", act))
            cpu = (spent(os.getpid()) - before) / FRAMES
            print(f"{name:<10} {median:6.1f} ms per frame (nine of ten below {most:.1f}), {1000 * cpu:6.1f} ms of CPU time")
        browser.close()


if __name__ == "__main__":
    main([int(width) for width in sys.argv[1:]] or [2, 220, 160, 1])
