"""The verified checker and the Python checker give the same verdict on every certificate, accepted, tampered or made up."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from checker.support import in_columns, in_version_1
from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones.certification import Complete, case_of, certify, prove_complete
from exactzones.checker import Case, check
from exactzones.checker.verified import check_verified, program
from exactzones.errors import BackendError
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import Property, condition, feature
from exactzones.testing.strategies import networks
from exactzones.zones import find_zones


def _built() -> bool:
    try:
        program()
    except BackendError:
        return False
    return True


pytestmark = pytest.mark.skipif(not _built(), reason="the verified checker is not built: bash proofs/build.sh")


def same(network, cases, lines):
    """Check with both; return the report that they agree on."""
    ours, theirs = check(network, cases, iter(lines)), check_verified(network, cases, iter(lines))
    assert replace(ours, why="") == replace(theirs, why=""), (str(ours), str(theirs))
    return ours


def box(network, size=2):
    return Polyhedron.box([-size] * network.inputs, [size] * network.inputs)


@st.composite
def claims(draw):
    """A network and a property on a box, with coefficients and thresholds of every kind."""
    network = draw(networks(inputs=(1, 2), max_width=4))
    threshold = draw(st.sampled_from([0, Fraction(1, 3), 5, -2, 40]))
    prop = draw(st.sampled_from([feature(0, threshold=threshold), condition({0: 1}, -threshold, strict=False)]))
    if draw(st.booleans()):
        layer = draw(st.integers(0, len(network.layers) - 1))
        terms = {k: draw(st.sampled_from([1, "-1/2", "2/3", 0])) for k in range(network.widths[layer])}
        prop &= condition(
            terms, draw(st.sampled_from([0, "1/7", -1])), layer=layer, strict=draw(st.booleans()), after_relu=draw(st.booleans())
        )
    return network, prop


def certificate_of(network, prop, domain, complete):
    if complete:
        found = prove_complete(find_zones(network, prop, domain), seconds=2)
        return found.certificate.lines, isinstance(found, Complete)
    return certify(network, prop, domain, seconds=2).certificate.lines, False


@given(claims(), st.booleans())
def test_same_verdict_on_certificates(claim, complete):
    network, prop = claim
    domain = box(network)
    lines, proved = certificate_of(network, prop, domain, complete)
    report = same(network, [case_of(network, prop, domain)], lines)
    assert report.verdict != "invalid"
    assert not proved or report.verdict == "valid"


@given(networks(inputs=(1, 2), max_width=3, min_hidden=1), st.data())
def test_same_verdict_on_witnesses(network, data):
    """A zone's witness lies in the closed cell of its pattern, said here by the pattern's own affine maps."""
    horizon = len(network.layers) - 1
    point = network.point(Fraction(data.draw(st.integers(-2, 2)), data.draw(st.integers(1, 2))) for _ in range(network.inputs))
    own = network.pattern(point, horizon)
    pattern = tuple("".join(data.draw(st.sampled_from([sign, sign, "+", "-"])) for sign in signs) for signs in own)
    maps = network.regime_maps(pattern, horizon)
    switches = [maps[k](point)[unit] for k, layer in enumerate(network.layers[:horizon]) for unit in layer.relu_units]
    agrees = all(z >= 0 if sign == "+" else z <= 0 for sign, z in zip("".join(pattern), switches, strict=True))
    header = {
        "format": "exactzones certificate",
        "version": 1,
        "verdict": "complete",
        "network": network.sha256,
        "zones": [[pattern, list(map(str, point))]],
    }
    holds_there = condition({0: 1}, -network.trace(point)[-1][0], strict=False)
    report = same(network, [case_of(network, holds_there, box(network))], [json.dumps(header)])
    assert report.verdict == ("incomplete" if agrees else "invalid")


@pytest.mark.parametrize("version", [True, "1", 0, 3, None])
def test_other_versions(version):
    network = Network.mlp([([[1]], [0]), ([[1]], [-5])])
    lines = list(certify(network, feature(0), box(network)).certificate.lines)
    assert same(network, [case_of(network, feature(0), box(network))], lines).verdict == "valid"
    lines[0] = json.dumps(json.loads(lines[0]) | {"version": version})
    assert same(network, [case_of(network, feature(0), box(network))], lines).verdict == "invalid"


@given(claims(), st.booleans(), st.data())
def test_same_verdict_on_tampered_certificates(claim, complete, data):
    network, prop = claim
    domain = box(network)
    lines = certificate_of(network, prop, domain, complete)[0]
    lines = in_version_1(lines) if data.draw(st.booleans()) else list(lines)
    for _ in range(data.draw(st.integers(1, 3))):
        tamper(lines, data)
    same(network, [case_of(network, prop, domain)], lines)


def tamper(lines, data):
    """Change a line: a number somewhere in it, its place, or that it is there."""
    if not lines:
        return
    at = data.draw(st.integers(0, len(lines) - 1))
    kind = data.draw(st.sampled_from(["number", "number", "number", "drop", "twice", "swap", "cut"]))
    if kind == "drop":
        del lines[at]
    elif kind == "twice":
        lines.insert(at, lines[at])
    elif kind == "swap":
        other = data.draw(st.integers(0, len(lines) - 1))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "cut":
        lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))].replace("\n", "")
    else:
        try:
            tree = json.loads(lines[at])
        except ValueError:
            return
        places = list(spots(tree))
        if places:
            holder, key = data.draw(st.sampled_from(places))
            holder[key] = data.draw(other_than(holder[key]))
            lines[at] = json.dumps(tree)


def spots(tree):
    """Yield where numbers and texts stand in JSON."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, entry in entries:
        if isinstance(entry, (dict, list)):
            yield from spots(entry)
        yield tree, key


def other_than(entry):
    if type(entry) is int:
        return st.sampled_from(
            [entry + 1, entry - 1, 2 * entry, entry // 2, -entry, entry ^ 1, entry ^ 2, 0, 1 << 70, str(entry), None, True, []]
        )
    if isinstance(entry, str):
        return st.sampled_from(
            [entry + "0", entry[:-1], "1/0", "-1", "1/3", "3/-4", "", "+", entry.replace("+", "-", 1), entry.replace("-", "", 1)]
        )
    return st.sampled_from([[], 0, "0", None])


@settings(max_examples=60)
@given(st.data())
def test_same_bounds(data):
    """Made-up hints of every kind: at the threshold that Python's checker still accepts, and one step further."""
    network = data.draw(networks(inputs=(1, 2), max_width=3))
    bits = data.draw(st.sampled_from([16, 24, 40]))
    last = len(network.layers) - 1
    after = data.draw(st.booleans())
    offsets = [0, network.inputs]
    for width in network.widths[: last + after]:
        offsets.append(offsets[-1] + width)
    hints = st.builds(
        lambda rows, betas, alphas: [*rows, betas, alphas],
        pairs(st.integers(0, 2 * network.inputs + 1), multipliers()),
        pairs(st.integers(2 * offsets[1], 2 * offsets[-1] - 1), multipliers()) if offsets[-1] > offsets[1] else st.just([]),
        pairs(st.integers(offsets[1], offsets[-1] - 1), st.integers(0, 256)) if offsets[-1] > offsets[1] else st.just([]),
    )
    every = [[4 * unit + kind] for unit in range(offsets[-1]) for kind in (0, 1)]  # so that most multiples have a bound
    bounds = st.lists(
        st.builds(
            lambda unit, kind, hint: [4 * unit + kind, *hint],
            st.integers(0, offsets[-1] - 1),
            st.integers(0, 3),
            hints | st.just([]),
        ),
        max_size=6,
    ).map(lambda found: sorted(every + found, key=lambda entry: sum(entry[0] >> 2 >= offset for offset in offsets[1:])))
    exact = data.draw(st.integers(0, 1))
    terms = {k: data.draw(st.sampled_from([1, -2, "1/3"])) for k in range(network.widths[last])}
    hidden = [u for u in range(offsets[1], offsets[-1]) if [m for layer in network.layers for m in layer.relu][u - offsets[1]]]
    node = [0, data.draw(bounds), ["no", exact, [0, data.draw(st.integers(1, 3))], data.draw(hints)]]
    nodes = [node]
    if hidden and data.draw(st.booleans()):
        split = data.draw(st.sampled_from(hidden))
        nodes = [[0, data.draw(bounds), ["relu", split]]] + [
            [k, data.draw(bounds), [*node[2][:3], data.draw(hints)]] for k in (1, 2)
        ]
    elif data.draw(st.booleans()):
        nodes = [[0, data.draw(bounds), ["cut", 0, data.draw(st.integers(-(2 << bits), 2 << bits))]]] + [
            [k, data.draw(bounds), node[2]] for k in (1, 2)
        ]
    header = {
        "format": "exactzones certificate",
        "version": 1,
        "verdict": "cannot fire",
        "network": network.sha256,
        "bits": bits,
        "cases": 1,
    }
    lines = [json.dumps(header), *map(json.dumps, nodes)]
    lines = in_columns(lines) if data.draw(st.booleans()) else lines
    domain = box(network)

    def case(constant):
        found = case_of(network, condition(terms, Fraction(constant, 1 << bits), layer=last, after_relu=after), domain)
        return [Case((*found.rows, (3, *[1] * network.inputs)), found.prop)]

    low, high = -(1 << (bits + 40)), 1 << (bits + 40)
    valid = lambda constant: check(network, case(constant), iter(lines)).verdict == "valid"  # noqa: E731
    if not valid(low) or valid(high):
        same(network, case(low), lines)
        same(network, case(high), lines)
        return
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if valid(middle) else (low, middle)
    assert same(network, case(low), lines).verdict == "valid"
    assert same(network, case(high), lines).verdict == "invalid"


def pairs(first, second):
    return st.lists(st.tuples(first, second), max_size=2).map(lambda found: [entry for pair in found for entry in pair])


def multipliers():
    return st.integers(0, 1 << 33) | st.sampled_from(["1/3", "0", "5/7"])


def test_several_cases_and_the_wrong_network():
    network = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])
    domain = Polyhedron.box([0], [1])
    lines = certify(network, feature(0), domain).certificate.lines
    assert same(network, [case_of(network, feature(0), domain)], lines).verdict == "valid"
    assert same(network, [case_of(network, feature(0), domain)] * 2, lines).verdict == "invalid"
    assert same(network, [case_of(network, feature(0, threshold=-1), domain)], lines).verdict == "invalid"
    assert same(network, [case_of(network, Property(()), domain)], lines).verdict == "invalid"
    assert (
        same(Network.mlp([([[1], [-1]], [0, 0]), ([[1, 2]], [-1])]), [case_of(network, feature(0), domain)], lines).verdict
        == "invalid"
    )
    assert same(network, [case_of(network, feature(0), domain)], []).verdict == "invalid"


@pytest.mark.parametrize("place", ["work/exactzones-checker", "path/exactzones-checker", "data/exactzones/exactzones-checker"])
def test_the_program_is_found_after_an_ordinary_install(place, tmp_path, monkeypatch):
    for folder in ("work", "path", "data/exactzones", "beside"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.delenv("EXACTZONES_VERIFIED", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(
        "exactzones.checker.verified.__file__", str(tmp_path / "beside" / "exactzones" / "checker" / "verified.py")
    )
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(BackendError, match=r"bash proofs/build\.sh, or name it in the variable EXACTZONES_VERIFIED") as error:
        program()
    for folder in ("work", "beside", "data"):
        assert str(tmp_path / folder) in error.value.args[0]  # as text it is cut to a line
    built = tmp_path / place
    built.write_text("#!/bin/sh\n")
    built.chmod(0o755)
    assert program() == built


def test_a_missing_program_is_named(monkeypatch):
    monkeypatch.setenv("EXACTZONES_VERIFIED", "/nowhere/checker")
    with pytest.raises(BackendError, match=r"bash proofs/build\.sh"):
        program()
