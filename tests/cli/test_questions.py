"""--where, --property and the kinds of --domain: the same question in other words has the same answer."""

import json
import re

import pytest
from cli.support import PLANE, saved

from exactzones.network import Network
from exactzones.zones import find_zones

BOUNDS = [("-3/2", "3"), ("0", "1/3")]
BOX = "--domain=-3/2:3,0:1/3"
VNNLIB = """(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)
(assert (and (<= -1.5 X_0 3) (<= 0 X_1 (/ 1 3))))
"""


@pytest.fixture
def net(tmp_path):
    return saved(PLANE, tmp_path / "net.json")


@pytest.fixture
def files(tmp_path):
    written = {
        "box.vnnlib": VNNLIB,
        "box.json": json.dumps(BOUNDS),
        "box.csv": "min,max\n" + "".join(f"{low},{high}\n" for low, high in BOUNDS),
        "points.csv": "x,y,label\n-1/2,1,a\n2,-2/3,b\n0,0,a\n",
        "property.vnnlib": VNNLIB + "(assert (> Y_1 0.25))",
        "cases.vnnlib": VNNLIB + "(assert (or (> Y_1 0.25) (> Y_0 0.25)))",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def zones_of(outcome):
    document = json.loads(outcome.out)
    return [zone["pattern"] for zone in document["zones"]], document["domain"]


FEATURE = "--feature", 1, "--threshold", "1/4"
SAME = [
    ("--where", "z1[1] > 1/4", BOX),
    ("--where", "4*y[1] - 1 > 0", BOX),
    ("--property", "property.vnnlib"),
    *((*FEATURE, "--domain", f"box.{suffix}") for suffix in ("vnnlib", "json", "csv")),
    (*FEATURE, "--domain-of-data", "points.csv", "--margin", "1"),
]


@pytest.mark.parametrize("question", SAME[:-1], ids=lambda question: " ".join(map(str, question)))
def test_the_same_question_has_the_same_zones(run, net, files, monkeypatch, question):
    monkeypatch.chdir(files)
    expected, _ = zones_of(run("zones", net, *FEATURE, BOX, "--json", "-"))
    patterns, _ = zones_of(run("zones", net, *map(str, question), "--json", "-"))
    assert patterns == expected
    assert len(expected) > 1
    shown = run("zones", net, *question).out
    assert re.search(rf"^  zones +{len(expected)}$", shown, re.MULTILINE)
    for command in ("certify",), ("proptest", "--examples", 5), ("view", "--out", "page.html"):
        assert run(command[0], net, *command[1:], *question).code == 0


def test_the_box_around_data_is_wider_by_the_margin(run, net, files):
    question = "--domain-of-data", files / "points.csv", "--margin", "1"
    _, domain = zones_of(run("zones", net, *FEATURE, *question, "--json", "-"))
    zones = find_zones(PLANE, 1, [("-3/2", 3), ("-5/3", 2)])
    assert zones_of(run("zones", net, *FEATURE, "--domain=-3/2:3,-5/3:2", "--json", "-"))[1] == domain
    assert len(zones)


@pytest.mark.parametrize(("text", "says"), [("y[0] > 6 or y[1] > 6", "cannot fire"), ("y[0] > 5 or not y[1] > 0", "can fire")])
def test_certify_decides_a_disjunction(run, net, tmp_path, text, says):
    out = tmp_path / "c.json"
    done = run("certify", net, "--where", text, BOX, "--out", out)
    assert (done.code, done.out.splitlines()[-1]) == (0, says)
    assert run("check", net, out, "--where", text, BOX).out.splitlines()[-1] == "valid"
    assert run("check", net, out, "--where", "y[0] > 9", BOX).code == 1


def test_an_input_that_the_domain_fixes(run, net, tmp_path):
    """On y = 1/2 the zones are those of the network composed with x -> (x, 1/2)."""
    first = PLANE.layers[0]
    bias = [a + b / 2 for a, b in zip(first.bias, (row[1] for row in first.weight.rows), strict=True)]
    line = Network.of(([[row[0]] for row in first.weight.rows], bias, True), PLANE.layers[1])
    expected = find_zones(line, 1, (-2, 2))
    done = run("zones", net, "--feature", 1, "--domain=-2:2,1/2:0.5")
    assert done.code == 0
    assert "with x1 = 1/2; zones and points are in (x0)" in done.out
    assert re.search(rf"^  zones +{len(expected)}$", done.out, re.MULTILINE)
    patterns, _ = zones_of(run("zones", net, "--feature", 1, "--domain=-2:2,1/2:1/2", "--json", "-"))
    assert patterns == [list(zone.pattern) for zone in expected]
    assert run("proptest", net, "--feature", 1, "--domain=-2:2,1/2:1/2", "--examples", 5).code == 0
    assert run("view", net, "--feature", 1, "--domain=-2:2,1/2:1/2", "--out", tmp_path / "page.html").code == 0


@pytest.mark.parametrize(("above", "says"), [(0, "cannot fire"), (-1, "can fire")])
def test_certify_decides_a_single_point(run, net, tmp_path, above, says):
    threshold = PLANE([1, 0])[0] + above
    question = "--feature", 0, "--threshold", str(threshold), "--domain=1:1,0:0"
    out = tmp_path / "c.json"
    assert run("certify", net, *question, "--out", out).out.splitlines()[-1] == says
    assert run("check", net, out, *question).out.splitlines()[-1] == "valid"


def test_a_list_on_a_domain_that_fixes_an_input_has_a_certificate(run, net, tmp_path):
    question, out = ("--feature", 0, "--domain=-2:2,1/2:1/2"), tmp_path / "c.json"
    assert run("zones", net, *question, "--certificate", out).code == 0
    done = run("check", net, out, *question)
    assert done.code == 0
    assert "zones is complete" in done.out
    for wrong in [
        ("--feature", 0, "--domain=-2:2,1/3:1/3"),
        ("--feature", 0, "--domain=-2:2,0:1"),
        ("--feature", 0, "--domain=1:1,1:1"),
    ]:
        assert run("check", net, out, *wrong).code == 1
    bad = tmp_path / "bad.json"
    bad.write_text("[]\n")
    assert run("check", net, bad, *question).code == 1


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ((), "Missing option '--feature'"),
        (("--feature", 0, "--where", "y[0] > 0"), "give either --feature"),
        (("--where", "y[0] > 0", "--layer", 0), "it cannot be combined with --threshold or --layer"),
        (("--feature", 0, "--domain", "cases.json"), "cases.json: No such file"),
        (("--feature", 0, "--domain=0:1,0:1", "--domain-of-data", "points.csv"), "name two domains"),
        (("--feature", 0, "--margin", "1"), "--margin is about the box of --domain-of-data"),
        (("--feature", 0, "--domain-of-data", "points.csv", "--margin=-1"), "margin is -1"),
        (("--feature", 0, "--domain=1:1,0:0"), "the domain is the single point (1, 0); use exactzones eval"),
        (("--feature", 0, "--domain", "wrong.json"), "expected a list of pairs"),
        (("--feature", 0, "--domain", "short.csv"), "it has bounds of 1 inputs; the network has 2"),
        (("--feature", 0, "--domain", "three.csv"), "line 1 of numbers is '1,2,3'; expected low,high"),
        (("--feature", 0, "--domain", "free.vnnlib"), "2 polyhedra of inputs; 1 is expected"),
    ],
)
def test_refused(run, net, files, monkeypatch, question, says):
    monkeypatch.chdir(files)
    (files / "wrong.json").write_text('{"low": 1}')
    (files / "short.csv").write_text("0,1\n")
    (files / "three.csv").write_text("1,2,3\n0,1,2\n")
    (files / "free.vnnlib").write_text(VNNLIB + "(assert (or (<= X_0 0) (>= X_0 1)))")
    done = run("zones", net, *question)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert done.err.count("\n") == 1
