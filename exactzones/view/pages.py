"""One self-contained HTML file with data, styles and scripts, and a security policy that lets it load nothing else."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from exactzones.affine import AffineMap
from exactzones.arguments import NetworkLike, WindowLike, as_network, as_text, as_texts, as_window
from exactzones.errors import DimensionError, FormatError, InputError, require
from exactzones.files import as_path, write_atomically
from exactzones.formats.zones_json import number_texts, row_texts
from exactzones.network import Network
from exactzones.notation import counted, linear_sum, number
from exactzones.polyhedra import Polyhedron
from exactzones.property import brief
from exactzones.view.bands import bands
from exactzones.view.latents import latent_spaces
from exactzones.view.many_zones import many_zones
from exactzones.view.points import Points, placed
from exactzones.view.slices import MOST, as_slice
from exactzones.view.slides import Slides
from exactzones.view.spaces import Data, PointNumbers, drawing, exact_texts, threshold
from exactzones.view.summary import band_notes, facts, lonely_notes, notes, verdict
from exactzones.zones import Topology, Zones, ZoneUnion
from exactzones.zones.topology import loops
from exactzones.zones.union import as_drawn
from exactzones.zones.union_parts import UnionParts
from exactzones.zones.window import default_window

_SCRIPTS = (
    "text.js",
    "colours.js",
    "painter.js",
    "mesh.js",
    "legend.js",
    "ink.js",
    "plane.js",
    "solid.js",
    "facts.js",
    "cards.js",
    "latents.js",
    "controls.js",
    "main.js",
)
PAGES = (".html", ".htm")
"""What a page's name ends in."""
_LONG_DIRECTION = 40  # characters beside an axis
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def page(
    zones: Zones | ZoneUnion,
    data: Any = None,
    *,
    labels: Sequence[Any] | None = None,
    window: WindowLike = None,
    names: Sequence[str] | None = None,
    flat: AffineMap | None = None,
    title: str | None = None,
    arithmetic: str | None = None,
    slides: Slides | None = None,
    holes: Topology | None = None,
) -> str:
    """Return an interactive page of zones as the text of one HTML file.

    Args:
        zones: in an input space of one to three dimensions; of a disjunction, each part on which a case holds is shown.
        data: points of the input space to draw with the zones: ``Points``, an array or nested sequences of exact numbers.
        labels: one per data point, such as its class.
        window: a bounded polyhedron; the page shows its bounding box.  By default that of ``default_window``.
        names: names of the inputs; ``x0``, ``x1``, .. by default.
        flat: the slice, if the zones are those of ``network.compose(flat)``; data points are then points of the larger space.
        title: title of the page; by default the property, and on a slice that it is one.
        arithmetic: also draw the boundary of zones as a hairline, and say how far it may move where floats such as "float32"
            compute the network (see ``Zone.band``).
        slides: the zones on the slice at other values of the inputs that it holds fixed; the page has a slider for each.
        holes: what ``topology`` returns of the feature, on a slice of ``network.compose(flat)``: the page shows a loop around
            each hole of the set that fires, and of the rest (two inputs, no slides).

    Raises:
        InputError: more than three inputs, an unbounded or flat window, a slice or data of another space, or plotly is needed
            (for three dimensions) and not installed; floats that the model of execution does not cover.

    >>> from exactzones import Network, feature, find_zones
    >>> net = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])   # |x| - 1
    >>> page(find_zones(net, feature(0)), title="<|x| - 1>").startswith("<!doctype html>")
    True
    """
    listed = as_drawn(zones)
    network = listed.network
    check_shown(network)
    if flat is not None and as_slice(flat).inputs != network.inputs:
        raise DimensionError("the slice", expected=network.inputs, got=flat.inputs, size="dimension")
    points = None if data is None else Points.of(data, labels)
    box = default_window(listed) if window is None else as_window(window, network.inputs)
    of_data = points.names or None if points else None
    shown = _Shown(box, _input_names(network, flat, of_data if names is None else names), points, arithmetic)
    scene, exact = _scene(listed, flat, shown)
    embedded = {"scene": scene, "exact": exact}
    if holes is not None:
        scene["holes"] = loops(holes, network.inputs)
    if slides is not None:
        if holes is not None:
            raise InputError("holes are those of one slice: leave out either holes or slides")
        embedded |= _positions(_checked_slides(slides, flat), shown)
        scene["slider"] = _slider(slides, shown.names)
    heading = brief(listed.prop, network.widths) + (f" on {network.slice}" if network.slice else "")
    return _assembled(heading if title is None else as_text(title, "title"), listed, box, embedded)


class _Shown(NamedTuple):
    """What all positions of a slice show."""

    window: Polyhedron
    names: Sequence[str]
    points: Points | None
    arithmetic: str | None


def _input_names(network: Network, flat: AffineMap | None, names: Sequence[str] | None) -> Sequence[str]:
    """Return the names of the inputs, ``x0``, ``x1``, .. by default; on a slice those of the larger space."""
    inputs = network.inputs if flat is None else flat.outputs
    input_names = [f"x{k}" for k in range(inputs)] if names is None else as_texts(names, "names")
    if len(input_names) != inputs:
        raise DimensionError("list of names", expected=inputs, got=len(input_names))
    return input_names


def _scene(zones: Zones | UnionParts, flat: AffineMap | None, shown: _Shown) -> tuple[Data, Data]:
    """Return what the page's scripts draw and show first, and the exact numbers."""
    main, exact = _main_space(zones, flat, shown)
    letters = [f"{'x' if flat is None else 'u'}{k}" for k in range(zones.network.inputs)]
    data = None if shown.points is None else placed(shown.points, zones, flat)
    scene: Data = {
        "letters": letters,
        "axes": _axes(letters, shown.names, flat),
        "threshold": threshold(zones),
        "layers": [list(layer.relu_units) for layer in zones.network.layers[: zones.prop.horizon]],
        "spaces": [main, *latent_spaces(zones, main)],
        "islands": len(zones.islands),
        "notes": [*notes(zones, main["outside"], flat), *band_notes(main.get("band")), *lonely_notes(data, len(zones.islands))],
        "silent": "Cannot fire" if zones.complete else "Nothing found",
        "flat": None if flat is None else {"names": list(shown.names), "rows": row_texts(flat.augmented().rows)},
        "data": data,
    }
    return scene, exact


def _main_space(zones: Zones | UnionParts, flat: AffineMap | None, shown: _Shown) -> tuple[Data, Data]:
    """Return what draws the zones, and their exact numbers or what these follow from."""
    if shown.arithmetic is None and isinstance(zones, Zones) and (found := many_zones(zones, shown.window)) is not None:
        return found
    table = PointNumbers()
    main = drawing(zones, shown.window, table)
    if shown.arithmetic is not None:
        main["band"] = bands(zones, as_text(shown.arithmetic, "arithmetic"), main, table)
    return main, exact_texts(zones, main, table, flat)


def _checked_slides(slides: Any, flat: AffineMap | None) -> Slides:
    """Return slides that have zones and move the slice.

    Raises:
        InputError: others.
    """
    checked = require(slides, Slides, "slides", "Slides with zones")
    if flat not in checked.positions:
        raise InputError("slides move another slice than flat; make them with Slides.of(flat, ..)")
    if not checked.zones:
        raise InputError("slides have no zones; give them the zones at each position with slides.with_zones(..)")
    return checked


def _positions(slides: Slides, shown: _Shown) -> dict[str, Data]:
    """Return the scenes at all positions of the sliders, each with what is said of it, and their exact numbers."""
    embedded: dict[str, Data] = {}
    for k, (position, zones) in enumerate(zip(slides.positions, slides.zones, strict=True)):
        listed = as_drawn(zones)
        embedded[f"scene-{k}"], embedded[f"exact-{k}"] = _scene(listed, position, shown)
        embedded[f"scene-{k}"]["said"] = {"verdict": verdict(listed), "facts": facts(listed, shown.window)}
    return embedded


def _slider(slides: Slides, names: Sequence[str]) -> Data:
    """Return what the page's sliders show: of each input its name and its values, and where the page begins."""
    inputs = [{"name": names[k], "values": number_texts(values)} for k, values in zip(slides.inputs, slides.values, strict=True)]
    return {"inputs": inputs, "at": slides.at}


def check_shown(network: NetworkLike) -> None:
    """Raise an error if a network has spaces that a page cannot show.

    Raises:
        InputError: more than three inputs, or a space of three dimensions and plotly, which draws it, is not installed.
    """
    loaded = as_network(network)
    if loaded.inputs > MOST:
        raise InputError(
            f"an input space of {loaded.inputs} dimensions cannot be drawn; show a slice: flat = AffineMap.through(p, q, r), "
            "then the zones of network.compose(flat)"
        )
    if any(latent.dim == MOST for latent in loaded.latents) and find_spec("plotly") is None:
        raise InputError("three-dimensional spaces are drawn with plotly, which is not installed: pip install exactzones[view]")


def save(zones: Zones | ZoneUnion, path: str | Path, data: Any = None, **options: Any) -> None:
    """Write an interactive page of zones to a file, in full or not at all; the arguments are those of ``page``.

    Raises:
        FormatError: the path does not end in .html or .htm.
        InputError: see ``page``, or the file cannot be written.
    """
    target = page_path(path)
    write_atomically(target, page(zones, data, **options).encode())


def page_path(path: Any) -> str:
    """Return the path of a page.

    Raises:
        FormatError: it does not end in .html or .htm.
    """
    target = as_path(path)
    if not target.lower().endswith(PAGES):
        raise FormatError(f"{target}: suffix {Path(target).suffix!r} is not known; pages end in {', '.join(PAGES)}")
    return target


def _axes(letters: Sequence[str], input_names: Sequence[str], flat: AffineMap | None) -> list[str]:
    """Return what is written beside the axes; on a slice it says which inputs grow along them."""
    if flat is None:
        return [letter if name == letter else f"{letter}: {name}" for letter, name in zip(letters, input_names, strict=True)]
    named = []
    for letter, column in zip(letters, zip(*flat.matrix.rows, strict=True), strict=True):
        moved = [(entry, name) for entry, name in zip(column, input_names, strict=True) if entry]
        written = linear_sum(moved, number)
        named.append(f"{letter}: {written if len(written) <= _LONG_DIRECTION else counted(len(moved), 'input')} (slice)")
    return named


def _assembled(title: str, zones: Zones | UnionParts, window: Polyhedron, embedded: dict[str, Data]) -> str:
    assets = resources.files("exactzones.view").joinpath("assets")
    own = "".join(assets.joinpath(name).read_text() for name in _SCRIPTS)
    scripts = [f"'use strict';(() => {{\n{own}}})();\n"]
    if any(space["dim"] == MOST and "corners" in space for space in embedded["scene"]["spaces"]):
        scripts.insert(0, resources.files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8"))
    parts = {
        "title": html.escape(title),
        "verdict": html.escape(verdict(zones)),
        "facts": "".join(f"<dt>{html.escape(term)}</dt><dd>{html.escape(value)}</dd>" for term, value in facts(zones, window)),
        "hashes": " ".join(map(_hash, scripts)),
        "style": assets.joinpath("page.css").read_text(),
        "data": "".join(_embedded(name, value) for name, value in embedded.items()),
        "scripts": "".join(f"<script>{script}</script>\n" for script in scripts),
    }
    # A single pass: placeholders in inserted text are not replaced.
    return _PLACE.sub(lambda place: parts[place[1]], assets.joinpath("page.html").read_text())


def _embedded(name: str, value: Data) -> str:
    return f'<script type="application/octet-stream" id="{name}">{_packed(value)}</script>\n'


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _packed(value: Data) -> str:
    """Return data as JSON, compressed with gzip, in base64: free of characters special to HTML, and reproducible."""
    return base64.b64encode(gzip.compress(json.dumps(value, separators=(",", ":")).encode(), 6, mtime=0)).decode()
