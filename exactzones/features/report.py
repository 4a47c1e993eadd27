"""A report on features as one HTML file without scripts: a card for each feature, and which of them fire together."""

from __future__ import annotations

import base64
import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from importlib import resources

from exactzones.certification import CanFire, CannotFire, Certificate, Undecided
from exactzones.features.answers import Contents, FeatureAnswers
from exactzones.notation import counted, number
from exactzones.polyhedra.shapes import outline
from exactzones.polyhedra.svg import PALETTE, Shape, svg
from exactzones.rational import Vector, text
from exactzones.view.summary import region
from exactzones.zones.window import default_window

_MATRIX = 64  # features whose pairs are drawn
_CELL = 14.0
_DRAWN = 2000  # zones and data points at most in a picture
_LONGEST = 200_000  # bytes of a certificate that the page carries
_SHOWN = 6  # coordinates of a point, and islands, that are written
_SEEN, _DATA, _UNSEEN = 0, 1, 3  # numbers of colours
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_KINDS = {
    "both": "at a data point",
    "point": "at another point: proved",
    "never": "never: proved",
    "open": "undecided",
}


def report_page(contents: Contents, title: str) -> str:
    """Return the page as the text of an HTML file."""
    assets, pages = (resources.files(f"exactzones.{room}").joinpath("assets") for room in ("features", "view"))
    parts = {
        "title": html.escape(title),
        "verdict": _verdict(contents),
        "style": pages.joinpath("page.css").read_text() + assets.joinpath("report.css").read_text(),
        "facts": _terms(_facts(contents)),
        "matrix": _matrix(contents),
        "cards": "".join(_card(contents, answers) for answers in contents.answers),
    }
    return _PLACE.sub(lambda place: parts[place[1]], assets.joinpath("report.html").read_text())


def _verdict(contents: Contents) -> str:
    kinds = Counter(type(answers.decision) for answers in contents.answers)
    known = Counter(map(contents.has_unseen, contents.answers))
    parts = [f"<strong>{counted(kinds[CannotFire], 'feature')}</strong> proved dead", f"{kinds[CanFire]} that fire"]
    parts += [f"{kinds[Undecided]} undecided"] * bool(kinds[Undecided])
    if len(contents.points):
        parts.append(f"<strong>{known[True]}</strong> with islands that no data point is in")
        parts += [f"{known[None]} for which that is not known"] * bool(known[None])
    rest = (
        "" if contents.complete else " Incomplete: the time was up, or the run was interrupted, before all questions were asked."
    )
    return f"On {html.escape(region(contents.domain))}: {', '.join(parts)}.{rest}"


def _facts(contents: Contents) -> Iterable[tuple[str, str]]:
    features = contents.features
    yield "features", html.escape(f"{len(contents.answers)} of {len(features)}: {features.name}")
    if features.k is not None or features.thresholds is not None:
        yield "activation", "JumpReLU" if features.k is None else f"TopK, k = {features.k}"
    yield "data", counted(len(contents.points), "point") + " in the domain"
    lists = {
        "dead": [answers for answers in contents.answers if isinstance(answers.decision, CannotFire)],
        "undecided": [answers for answers in contents.answers if isinstance(answers.decision, Undecided)],
        "islands without data": list(filter(contents.has_unseen, contents.answers)),
        "silent on the data": list(filter(contents.is_silent, contents.answers)),
    }
    for term, chosen in lists.items():
        if chosen:
            yield term, f'<span class="links">{"".join(_link(answers.unit) for answers in chosen)}</span>'
    yield "network", f"sha256 {features.network.sha256[:16]}.."
    checked = '<span class="exact">check(features.network, features.prop(unit), domain, "certificate.json")</span>'
    yield "to check", f"save a certificate from its card, then, in Python: {checked}"


def _link(unit: int) -> str:
    return f'<a href="#feature-{unit}">{unit}</a>'


def _terms(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<dt>{term}</dt><dd>{written}</dd>" for term, written in rows)


def _matrix(contents: Contents) -> str:
    """Return the matrix of pairs as SVG, with its legend."""
    found = contents.together
    if found is None or len(found.features) > _MATRIX:
        return ""
    size = len(found.features)
    edge = 26
    cells, counts = [], Counter[str]()
    for i, one in enumerate(found.features):
        cells.append(f'<text x="{edge - 4}" y="{edge + _CELL * (i + 0.75):.1f}" text-anchor="end">{one}</text>')
        cells.append(f'<text x="{edge + _CELL * (i + 0.5):.1f}" y="{edge - 4}" text-anchor="middle">{one}</text>')
        for j, other in enumerate(found.features):
            at = found.together[i, j]
            kind = "never" if at == -1 else "open" if at < 0 else "both" if (one, other) in contents.shared else "point"
            counts[kind] += i < j
            place = f'x="{edge + _CELL * j:.1f}" y="{edge + _CELL * i:.1f}" width="{_CELL - 1}" height="{_CELL - 1}"'
            cells.append(f'<rect {place} class="{kind}"><title>{one} and {other}: {_KINDS[kind]}</title></rect>')
    whole = edge + _CELL * size
    legend = "".join(
        f'<li><span class="swatch {kind}"></span>{said}: {counts[kind]}</li>' for kind, said in _KINDS.items() if counts[kind]
    )
    seen = f'viewBox="0 0 {whole:.0f} {whole:.0f}" style="width:{1.4 * whole:.0f}px"'
    drawn = f'<svg {seen} role="img" aria-label="Which features fire together">{"".join(cells)}</svg>'
    return f'<div class="matrix"><h2>Pairs that fire together</h2>{drawn}<ul class="legend">{legend}</ul></div>\n'


def _card(contents: Contents, answers: FeatureAnswers) -> str:
    unit, decision = answers.unit, answers.decision
    badge, kind = {CannotFire: ("dead", ""), Undecided: ("undecided", "")}.get(type(decision), ("fires", "fires"))
    if answers.unseen:
        badge, kind = counted(len(answers.unseen), "island") + " without data", "unseen"
    elif contents.is_silent(answers):
        badge, kind = "fires without data", "unseen"
    label = contents.labels.get(unit)
    name = f"{unit}: {html.escape(str(label))}" if label else f"feature {unit}"
    heading = f'<h2 id="name-{unit}">{name} <span class="badge {kind}">{badge}</span></h2>'
    return (
        f'<article id="feature-{unit}" aria-labelledby="name-{unit}">{heading}{_picture(contents, answers)}'
        f"<dl>{_terms(_rows(contents, answers))}</dl>{_evidence(contents, answers)}</article>\n"
    )


def _rows(contents: Contents, answers: FeatureAnswers) -> Iterable[tuple[str, str]]:
    names, numbers, count = contents.names, contents.numbers, len(contents.points)
    if isinstance(answers.decision, CannotFire):
        yield "answer", f"fires nowhere: proved in {counted(answers.decision.nodes, 'node')}"
        return
    if isinstance(answers.decision, Undecided):
        yield "answer", html.escape(f"undecided: {answers.decision.reason}")
    if count:
        most = answers.top
        top = "" if most is None else f", most at point {numbers[most]}: {number(_value(contents, answers, most))}"
        yield "on the data", f"fires at {len(answers.data)} of {counted(count, 'point')}{top}"
    best = answers.strongest
    if best is not None and best.ray is not None:
        yield "largest value", "unbounded"
    elif best is not None and best.value is not None:
        proved = "" if answers.is_strongest_known else ", or larger: not proved"
        yield "largest value", f"{number(best.value)}{proved}, at {_point(best.point, names)}"
    if answers.zones is not None:
        hidden = f", {len(answers.unseen)} of them without data" if answers.unseen else ""
        yield "islands", f"{len(answers.islands)}{hidden} ({counted(len(answers.zones), 'zone')})"
    elif answers.fires:
        silent = ", all of them without data" if contents.is_silent(answers) else ""
        yield "islands", f"not known how many{silent}: its zones were not listed within the limits"
    for island in answers.unseen[:_SHOWN]:
        yield "no data at", _point(island.witness, names)
    if answers.missed is not None and (reach := answers.missed[1].upper) is not None:
        yield "nearly fires", f"data point {numbers[answers.missed[0]]}, if each input changes by at most {number(reach)}"


def _value(contents: Contents, answers: FeatureAnswers, point: int) -> Fraction:
    return contents.features(contents.points[point])[answers.unit]


def _point(point: Vector, names: Sequence[str]) -> str:
    listed = [f"{name} {number(entry)}" for name, entry in zip(names, point, strict=True)]
    return html.escape(", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""))


def _evidence(contents: Contents, answers: FeatureAnswers) -> str:
    """Return witnesses in exact numbers, and links that save certificates."""
    items = []
    if isinstance(answers.decision, CanFire):
        items.append(f'fires at <span class="exact">{_exact(answers.decision.witness)}</span>')
    elif isinstance(answers.decision, CannotFire):
        items.append(_saved(answers.decision.certificate, f"feature-{answers.unit}-dead", "that it fires nowhere"))
    if answers.strongest is not None and answers.is_strongest_known:
        items.append(f'largest at <span class="exact">{_exact(answers.strongest.point)}</span>')
    items += [f'no data at <span class="exact">{_exact(island.witness)}</span>' for island in answers.unseen[:_SHOWN]]
    if answers.missed is not None and answers.missed[1].point is not None:
        near = f"nearest to data point {contents.numbers[answers.missed[0]]}"
        items.append(f'{near} <span class="exact">{_exact(answers.missed[1].point)}</span>')
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f'<details><summary>Exact evidence</summary><ul class="hint">{listed}</ul></details>' if items else ""


def _saved(certificate: Certificate, name: str, what: str) -> str:
    data = "".join(f"{line}\n" for line in certificate.lines).encode()
    if len(data) > _LONGEST:
        return f"certificate {what}: {len(data):,} bytes, not on this page"
    packed = base64.b64encode(data).decode()
    return f'<a download="{name}.json" href="data:application/json;base64,{packed}">certificate</a> {what}'


def _exact(point: Vector) -> str:
    return html.escape(f"({', '.join(map(text, point))})")


def _picture(contents: Contents, answers: FeatureAnswers) -> str:
    """Return the zones of two inputs, the islands without data in a colour of their own."""
    zones = answers.zones
    if zones is None or contents.features.network.inputs != 2 or not 0 < len(zones) <= _DRAWN:
        return ""
    window = default_window(zones)
    unseen = set(answers.unseen)
    shapes = [
        Shape(outline(zone.firing_part, window), _UNSEEN if answers.islands[island] in unseen else _SEEN, f"island {island}")
        for zone, island in zip(zones.zones, zones.island_of, strict=True)
    ]
    islands = [[ring for k in island for ring in shapes[k].rings] for island in zones.islands]
    numbered = zip(contents.numbers, contents.points, strict=True)
    inside = [(k, point) for k, point in numbered if window.contains(point)][:_DRAWN]
    shapes += [Shape([(point,)], _DATA, f"data point {k}") for k, point in inside]
    across, up = map(html.escape, contents.names)
    named = "" if (across, up) == ("x0", "x1") else f"<li>x0: {across}, x1: {up}</li>"
    used = {_SEEN: "fires", _UNSEEN: "fires, without data", _DATA: "data"}
    kinds = [kind for kind in used if any(shape.group == kind for shape in shapes)]
    items = "".join(f'<li><span class="swatch" style="background:{PALETTE[kind]}"></span>{used[kind]}</li>' for kind in kinds)
    return f'{svg(shapes, window, islands=islands)}<ul class="legend">{items}{named}</ul>'
