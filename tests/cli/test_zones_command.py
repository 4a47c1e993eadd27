"""``exactzones zones``: the summary, the JSON, the picture, every option."""

import json
import re
from fractions import Fraction

import jsonschema
import pytest
from cli.support import ABSOLUTE, PLANE, saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exactzones.formats.zones_json import save_zones, schema, zones_to_json
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, condition, feature
from exactzones.testing import domains, features, networks, properties
from exactzones.zones import ENGINES, find_zones


def numbers(rows):
    return [[Fraction(entry) for entry in row] for row in rows]


def same_as_objects(document, zones):
    """Demand that the document says what the objects say, number by number."""
    jsonschema.validate(document, schema())
    assert document["network"] == {"sha256": zones.network.sha256, "inputs": zones.network.inputs}
    assert document["complete"] is zones.complete
    assert len(document["zones"]) == len(zones)
    for entry, zone in zip(document["zones"], zones, strict=True):
        assert tuple(entry["pattern"]) == zone.pattern
        assert numbers(entry["inequalities"]) == list(map(list, zone.hrep.rows))
        assert numbers(entry["vertices"]) == list(map(list, zone.vrep.vertices))
        assert numbers(entry["rays"]) == list(map(list, zone.vrep.rays))
        assert numbers(entry["lines"]) == list(map(list, zone.vrep.lines))
        (sample,) = numbers([entry["sample"]])
        assert zone.fires(sample)
        if "feature" in entry:
            assert numbers([entry["feature"]]) == [list(zone.conditions[0].row)]
        else:
            assert [(Fraction(e) for e in c["row"]) for c in entry["conditions"]]
            assert [c["strict"] for c in entry["conditions"]] == [c.strict for c in zone.conditions]
            assert numbers(c["row"] for c in entry["conditions"]) == [list(c.row) for c in zone.conditions]
    assert {tuple(edge) for edge in document["adjacency"]} == {tuple(sorted(edge)) for edge in zones.graph.edges}
    assert document["islands"] == [list(island) for island in zones.islands]
    if zones.domain is None:
        assert document["domain"] == {"all": True}
    else:
        domain = Polyhedron.of(zones.network.inputs, numbers(document["domain"]["inequalities"]))
        assert domain == zones.domain.closure()
    if "merged" in document:
        for entry, merged in zip(document["merged"], zones.merged, strict=True):
            assert tuple(entry["pieces"]) == merged.pieces
            again = Polyhedron.of(zones.network.inputs, numbers(entry["inequalities"]), strict=numbers(entry["strict"]))
            assert again == Polyhedron.of(zones.network.inputs, merged.polyhedron.hrep.rows, strict=merged.polyhedron.hrep.strict)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data(), networks(inputs=(1, 3), max_width=3))
def test_documents_are_valid_and_say_what_the_objects_say(data, net):
    """For every property and domain there is, not only those that the command line can ask for."""
    prop = data.draw(st.one_of(features(net), properties(net), st.just(ALWAYS)))
    zones = find_zones(net, prop, data.draw(domains(net.inputs)))
    document = json.loads(json.dumps(zones_to_json(zones, merge=data.draw(st.booleans()))))
    same_as_objects(document, zones)


@pytest.mark.parametrize("suffix", [".npz", ".json", ".onnx"])
@pytest.mark.parametrize("engine", ENGINES)
def test_json_equals_the_objects(run, tmp_path, suffix, engine):
    net = saved(ABSOLUTE, tmp_path / f"net{suffix}")
    out = tmp_path / "zones.json"
    outcome = run("zones", net, "--feature", 0, "--engine", engine, "--json", out)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"wrote {out}" in outcome.out
    same_as_objects(json.loads(out.read_text()), find_zones(ABSOLUTE, feature(0), engine=engine))
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"net{suffix}", "zones.json"]


def test_every_option_at_once(run, tmp_path):
    net, out = saved(PLANE, tmp_path / "net.json"), tmp_path / "z.json"
    box = Polyhedron.box(["-1/3", 0], ["0.1", 2])
    outcome = run(
        *("zones", net, "--feature", 2, "--layer", 0, "--threshold", "-1/2", "--domain", "-1/3:0.1,0:2"),
        *("--engine", "backward", "--json", out, "--merge", "--max-zones", 100, "--timeout", 100),
    )
    assert outcome.code == 0, outcome
    zones = find_zones(PLANE, feature(2, "-1/2", layer=0), box, engine="backward")
    document = json.loads(out.read_text())
    same_as_objects(document, zones)
    assert document["feature"] == {"layer": 0, "index": 2, "threshold": "-1/2"}
    assert "merged" in document
    assert "feature 2 of layer 0 greater than -1/2 on the box -1/3:0.1,0:2" in outcome.out


def test_the_summary(run, tmp_path):
    outcome = run("zones", saved(ABSOLUTE, tmp_path / "net.npz"), "--feature", 0, "--domain", "-3:3", "--merge")
    assert outcome.err == ""
    lines = {line[:16].strip(): line[16:].strip() for line in outcome.out.splitlines()[1:]}
    assert outcome.out.splitlines()[0] == "feature 0 of layer 1 greater than 0 on the box -3:3"
    search, summary = re.fullmatch(r"(\d+\.\d\d) s, summary (\d+\.\d\d) s", lines.pop("time")).groups()
    assert float(search) >= 0 <= float(summary)
    witness = lines.pop("witness")
    point, value = witness.split(" where it is ")
    assert abs(Fraction(point.strip("()"))) - 1 == Fraction(value) > 0
    largest = lines.pop("largest value")
    assert largest in ("2 at (3)", "2 at (-3)")
    assert int(lines.pop("cells visited")) >= 2
    assert lines == {
        "zones": "2",
        "islands": "2 (island 0: 1 zone, island 1: 1 zone)",
        "distinct maps": "2",
        "merged": "2 zones into 2 convex pieces",
        "volume share": "66.67 % of the domain",
    }


def test_the_summary_of_an_unbounded_domain(run, tmp_path):
    outcome = run("zones", saved(ABSOLUTE, tmp_path / "net.npz"), "--feature", 0)
    assert "on all of the input space" in outcome.out
    assert "volume" not in outcome.out
    assert "unbounded" in outcome.out


def test_the_exact_share_is_printed_on_request(run, tmp_path):
    net = saved(ABSOLUTE, tmp_path / "net.npz")
    for question in (["--feature", "0"], ["--where", "y[0] > 0 or y[0] > 1"]):
        assert "volume share   2/3 (66.67 %) of the domain" in run("zones", net, *question, "--domain=-3:3", "--exact").out


def test_the_volume_of_many_zones_is_printed_on_request(run, tmp_path, monkeypatch):
    monkeypatch.setattr("exactzones.cli.zones._MANY_VOLUMES", 1)
    net = saved(ABSOLUTE, tmp_path / "net.npz")
    assert (
        "volume share   not computed for more than 1 zones: use --volume"
        in run("zones", net, "--feature", 0, "--domain=-3:3").out
    )
    assert "66.67 % of the domain" in run("zones", net, "--feature", 0, "--domain=-3:3", "--volume").out


def test_a_share_near_one_is_not_called_exact(run, tmp_path):
    """1 - 2^-40, and 1 by zones that cover the box."""
    for threshold, share in (("1/1099511627776", "100 % of the domain"), (0, "100 % (exactly) of the domain")):
        net = saved(Network.mlp([([[1], [1]], [0, "-1/2"]), ([[1, 1]], [0])]), tmp_path / "net.npz")
        outcome = run("zones", net, "--feature", 0, "--threshold", threshold, "--domain=0:1")
        assert share in outcome.out


def test_a_feature_that_never_fires(run, tmp_path):
    net, out = saved(ABSOLUTE, tmp_path / "net.npz"), tmp_path / "z.json"
    outcome = run("zones", net, "--feature", 1, "--json", out, "--merge")
    assert outcome.code == 0
    assert "none: the feature cannot fire on this domain" in outcome.out
    document = json.loads(out.read_text())
    jsonschema.validate(document, schema())
    assert (document["zones"], document["adjacency"], document["islands"], document["merged"]) == ([], [], [], [])
    assert document["complete"] is True


def test_a_feature_that_always_fires(run, tmp_path):
    net = saved(Network.mlp([([[1, 2]], [0]), ([[0]], [1])]), tmp_path / "net.npz")
    assert "100 % (exactly) of the domain" in run("zones", net, "--feature", 0, "--domain", "0:1").out


def test_a_tiny_share_is_not_called_nothing(run, tmp_path):
    net = saved(Network.mlp([([[1]], [-1]), ([[1]], [0])]), tmp_path / "net.json")
    outcome = run("zones", net, "--feature", 0, "--domain", f"0:1.{'0' * 30}1")
    assert "volume share   1e-29 % of the domain" in outcome.out


def test_quiet_says_nothing(run, tmp_path):
    net, out = saved(ABSOLUTE, tmp_path / "net.npz"), tmp_path / "z.json"
    outcome = run("zones", net, "--feature", 0, "--quiet", "--json", out)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert out.exists()


@pytest.mark.parametrize(
    "spelling", [["--threshold", "-1/2"], ["--threshold=-1/2"], ["--threshold", "-0.5"], ["--threshold", "-5e-1"]]
)
@pytest.mark.parametrize("domain", [["--domain", "-2:2"], ["--domain=-2:2"], ["--domain", " -2 : 2 "]])
def test_negative_numbers_need_no_tricks(run, tmp_path, spelling, domain):
    net, out = saved(ABSOLUTE, tmp_path / "net.npz"), tmp_path / "z.json"
    assert run("zones", net, "--feature", 0, *spelling, *domain, "--json", out, "--quiet").code == 0
    same_as_objects(json.loads(out.read_text()), find_zones(ABSOLUTE, feature(0, "-1/2"), Polyhedron.box(-2, 2, dim=1)))


def test_domain_all_is_the_default(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    for out, extra in (("a.json", []), ("b.json", ["--domain", "all"])):
        run("zones", net, "--feature", 0, "--quiet", "--json", tmp_path / out, *extra)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_the_same_question_gives_the_same_bytes(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    for out in ("a.json", "b.json"):
        run("zones", net, "--feature", 1, "--domain", "-2:2", "--quiet", "--merge", "--json", tmp_path / out)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_an_existing_file_is_replaced(run, tmp_path):
    net, out = saved(ABSOLUTE, tmp_path / "net.npz"), tmp_path / "z.json"
    out.write_text("old " * 10_000)
    run("zones", net, "--feature", 0, "--json", out)
    jsonschema.validate(json.loads(out.read_text()), schema())


def test_long_numbers_are_rounded_in_the_summary_and_exact_in_the_file(run, tmp_path):
    long = "1/" + "3" * 60
    net, out = saved(Network.mlp([([[1]], [0]), ([[long]], [0])]), tmp_path / "net.json"), tmp_path / "z.json"
    outcome = run("zones", net, "--feature", 0, "--domain", "0:1", "--json", out)
    assert "largest value  ~3e-60 at (1)" in outcome.out
    assert json.loads(out.read_text())["zones"][0]["feature"] == ["0", long]


def test_numbers_beyond_floats_are_shown_too(run, tmp_path):
    net = saved(Network.mlp([([[1]], [0]), ([[10**400]], [0])]), tmp_path / "net.json")
    outcome = run("zones", net, "--feature", 0, "--domain", "0:1")
    assert outcome.code == 0, outcome
    assert "largest value  1e+400 at (1)" in outcome.out


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "PNG"])
def test_a_picture(run, tmp_path, suffix):
    pytest.importorskip("matplotlib")
    net, picture = saved(PLANE, tmp_path / "net.json"), tmp_path / f"zones.{suffix}"
    outcome = run("zones", net, "--feature", 0, "--domain", "-2:2", "--plot", picture)
    assert (outcome.code, outcome.err) == (0, "")
    start = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[suffix.lower()]
    assert picture.read_bytes().startswith(start)
    assert f"wrote {picture}" in outcome.out


def test_how_a_picture_looks(run, refused, tmp_path):
    saving, themes = pytest.importorskip("exactzones.plot.saving"), pytest.importorskip("exactzones.plot.themes")
    net, picture = saved(PLANE, tmp_path / "net.json"), tmp_path / "zones.png"
    question = ["zones", net, "--feature", 0, "--domain", "-2:2"]
    pictures = []
    for options in ([], *(["--theme", theme] for theme in themes.THEMES), ["--dpi", saving.DPI], ["--dpi", 30]):
        assert run(*question, "--plot", picture, *options, "--quiet").code == 0
        pictures.append(picture.read_bytes())
    plain, light, dark, grey, same, small = pictures
    assert plain == light == same
    assert len({plain, dark, grey}) == 3
    width, narrow = (int.from_bytes(content[16:20]) for content in (plain, small))
    assert width == pytest.approx(5 * narrow, abs=5)
    picture.unlink()
    refused(*question, "--dpi", 30, says=["--theme and --dpi are about pictures: give --plot OUT too"])


def test_several_pictures(run, tmp_path):
    pytest.importorskip("matplotlib")
    net, pictures = saved(PLANE, tmp_path / "net.json"), [tmp_path / "zones.svg", tmp_path / "zones.png"]
    outcome = run("zones", net, "--feature", 0, "--domain", "-2:2", "--plot", pictures[0], "--plot", pictures[1])
    assert (outcome.code, outcome.err) == (0, "")
    for picture in pictures:
        assert picture.stat().st_size > 1000
        assert f"wrote {picture}" in outcome.out


@pytest.mark.parametrize("inputs", [1, 2, 3])
@pytest.mark.parametrize("threshold", [0, 10**6])
def test_pictures_in_one_to_three_dimensions_and_of_nothing(run, tmp_path, inputs, threshold):
    pytest.importorskip("matplotlib")
    net = saved(Network.mlp([([[1] * inputs, [-1] * inputs], [0, 1]), ([[1, 1]], [-1])]), tmp_path / "net.json")
    picture = tmp_path / "zones.svg"
    outcome = run("zones", net, "--feature", 0, "--threshold", threshold, "--domain", "-2:2", "--plot", picture, "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert picture.stat().st_size > 1000


def test_conjunctions_are_written_as_conditions(tmp_path):
    prop = feature(0) & condition([1, 2], "1/3", layer=0, strict=False, after_relu=True)
    zones = find_zones(ABSOLUTE, prop)
    save_zones(zones, tmp_path / "z.json")
    document = json.loads((tmp_path / "z.json").read_text())
    same_as_objects(document, zones)
    assert document["feature"]["conditions"][1] == {
        "layer": 0,
        "terms": [[0, "1"], [1, "2"]],
        "constant": "1/3",
        "strict": False,
        "after_relu": True,
    }


def test_the_schema_refuses_what_is_no_document():
    document = zones_to_json(find_zones(ABSOLUTE, feature(0)))
    jsonschema.Draft202012Validator.check_schema(schema())
    for change in (
        {"version": 3},
        {"complete": "yes"},
        {"islands": [[]]},
        {"adjacency": [[0]]},
        {"zones": [{}]},
        {"domain": {"all": False}},
        {"more": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document | change, schema())
    document["zones"][0]["vertices"][0][0] = "0.5"  # numbers are p/q
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())
