"""Pages: what they carry is what the objects say, and nothing in them is read as markup."""

import base64
import hashlib
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view.support import ABS, DEEP, DIAMOND, FOUR, SQUARE, STEP, carried, numbers

from exactzones import ALWAYS, Budget, BudgetExceeded, InputError, Network, Polyhedron, condition, feature, find_zones
from exactzones.affine import AffineMap
from exactzones.testing import domains, features, networks, properties
from exactzones.view import page, save


@given(st.data(), networks(inputs=(1, 2), max_width=3))
def test_a_page_says_what_the_zones_say(data, net):
    prop = data.draw(st.one_of(features(net), properties(net), st.just(ALWAYS)))
    zones = find_zones(net, prop, data.draw(domains(net.inputs)))
    scene, exact = carried(page(zones))
    (main, *latents), points = scene["spaces"], numbers(exact["points"])
    assert len(exact["zones"]) == len(main["rings"]) == len(zones)
    assert scene["islands"] == len(zones.islands)
    for k, (zone, entry) in enumerate(zip(zones, exact["zones"], strict=True)):
        assert main["patterns"][k] == " ".join(zone.pattern)
        assert numbers(entry["inequalities"]) == list(zone.hrep.rows)
        assert [points[j] for j in entry["vertices"]] == list(zone.vrep.vertices)
        assert numbers(entry.get("rays", [])) == list(zone.vrep.rays)
        assert numbers(entry.get("lines", [])) == list(zone.vrep.lines)
        corners = (zone.firing_cell or zone.firing).vrep.vertices
        fires = [points[j] for j in entry.get("fires", entry)["vertices"]]
        assert (len(fires), set(fires)) == (len(corners), set(corners))
        assert ("fires" in entry) is (zone.firing_part is not zone.cell)
        assert zone.fires(points[entry["sample"]])
        assert numbers(entry["map"]) == list(zone.affine.augmented().rows)
        assert [(tuple(numbers([row])[0]), sign == ">") for *row, sign in entry["conditions"]] == [
            (c.row, c.strict) for c in zone.conditions
        ]
        assert k in zones.islands[main["colours"]["island"][k]]
        assert bool(main["outside"][k]) or zone.firing.is_bounded
        if zone.firing_cell is not None and zone.firing_cell.is_bounded and not main["outside"][k]:
            drawn = {tuple(main["corners"][j]) for ring in main["rings"][k] for j in ring}
            assert drawn == {tuple(map(float, corner)) for corner in zone.firing_cell.vrep.vertices}
    assert {frozenset(edge[:2]) for edge in exact["edges"]} == {frozenset(edge) for edge in zones.graph.edges}
    for a, b, facet, flips, fires in exact["edges"]:
        edge = zones.graph.edges[a, b]
        assert (numbers([facet]), [tuple(flip) for flip in flips], fires) == ([edge["facet"]], list(edge["flips"]), edge["fires"])
        for colouring in ("pattern", "map"):
            same = colouring == "map" and [c.row for c in zones[a].conditions] == [c.row for c in zones[b].conditions]
            colours = main["colours"][colouring]
            assert (colours[a] == colours[b]) is same
    assert all(space["name"].startswith("latent") for space in latents)


def test_latent_spaces_have_the_images_of_zones():
    zones = find_zones(DEEP, feature(0), SQUARE)
    scene, _ = carried(page(zones))
    main, latent = scene["spaces"]
    assert (latent["name"], latent["dim"], latent["complete"]) == ("latent1", 2, True)
    there = zones.zones_in("latent1")
    for k, zone in enumerate(zones):
        image = [[float(entry) for entry in row] for row in latent["images"][k]]
        at = zone.sample
        real = DEEP.trace(at)[1]
        assert [row[0] + sum(a * float(x) for a, x in zip(row[1:], at, strict=True)) for row in image] == list(map(float, real))
        holding = [other.pattern for other in there.containing(real)]
        assert tuple(latent["patterns"][latent["targets"][k]].split()) in holding
    assert len(main["rings"]) == len(zones)


def test_latent_spaces_of_many_dimensions_are_named_only():
    wide = Network.of(([[1], [2]], [0, 1], True), ([[1, 1]] * 4, [0] * 4, False), ([[1] * 4], [0], True))
    scene, _ = carried(page(find_zones(wide, feature(0), Polyhedron.box(-1, 1, dim=1))))
    assert scene["spaces"][1] == {"name": "latent1", "dim": 4}


def test_latent_spaces_behind_the_property_are_left_out():
    scene, _ = carried(page(find_zones(DEEP, feature(0, layer=0), SQUARE)))
    assert len(scene["spaces"]) == 1


def test_the_empty_list_says_that_it_cannot_fire():
    text = page(find_zones(DIAMOND, feature(0, 100), SQUARE))
    assert "Cannot fire: the list of zones is complete and empty" in text
    assert "[-2, 2] by [-2, 2]" in text
    assert carried(text)[0]["silent"] == "Cannot fire"


def test_incomplete_lists_claim_nothing():
    for budget, says in ((Budget(zones=2), "Incomplete: 2 zones"), (Budget(seconds=1e-9), "says nothing")):
        with pytest.raises(BudgetExceeded) as stopped:
            find_zones(DIAMOND, feature(0), SQUARE, budget=budget)
        text = page(stopped.value.found)
        assert says in text
        assert "annot fire" not in text.split("<main>", maxsplit=1)[0]
        assert carried(text)[0]["silent"] == "Nothing found"


def test_unbounded_zones_are_cut_and_say_so():
    scene, exact = carried(page(find_zones(DIAMOND, feature(0)), window=Polyhedron.box(-3, 3, dim=2)) or "")
    (main,) = scene["spaces"]
    assert main["outside"] == ["unbounded"] * 4
    assert all(len(entry["rays"]) == 2 for entry in exact["zones"])
    assert max(abs(entry) for corner in main["corners"] for entry in corner) == 3
    assert any("4 extend beyond it, 4 of them without end" in note for note in scene["notes"])


def test_bands_say_where_there_is_no_bound():
    for domain, told in ((None, "(the hairline) may be anywhere in some zone"), (SQUARE, "(the hairline) may move by up to ")):
        scene, _ = carried(page(find_zones(DIAMOND, feature(0), domain), arithmetic="float32"))
        (note,) = [note for note in scene["notes"] if "float32" in note]
        assert told in note
        assert (scene["spaces"][0]["band"]["half"] == [None] * 4) is (domain is None)


def test_flat_parts_are_segments_and_points():
    peak = find_zones(DIAMOND, condition({1: 1}, -1, strict=False), SQUARE)  # -|x| - |y| >= 0
    (main,) = carried(page(peak))[0]["spaces"]
    assert {len(ring) for rings in main["rings"] for ring in rings} == {1}
    assert all(cell for cell in main["cells"])


@pytest.mark.parametrize("net", [ABS, DIAMOND, STEP])
def test_one_to_three_inputs(net):
    text = page(find_zones(net, feature(0), Polyhedron.box(-2, 2, dim=net.inputs)))
    assert ("plotly.js v" in text) is (net.inputs == 3)
    assert carried(text)[0]["spaces"][0]["dim"] == net.inputs


def test_solids_without_plotly(monkeypatch):
    monkeypatch.setattr("exactzones.view.pages.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"exactzones\[view\]"):
        page(find_zones(STEP, feature(0), Polyhedron.box(-1, 1, dim=3)))
    assert page(find_zones(DIAMOND, feature(0), SQUARE))


def test_nothing_is_loaded_and_only_these_scripts_run():
    for net in (DIAMOND, STEP):
        text = page(find_zones(net, feature(0), Polyhedron.box(-1, 1, dim=net.inputs)))
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
        assert policy.startswith("default-src 'none'; ")
        scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        for script in scripts:
            assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
        assert "<link" not in text
        assert not re.search(r"<script[^>]+src|<img", text)


HOSTILE = '</title></script><script>alert(1)</script><b title="{{scene}}">'


def test_the_title_says_in_words_that_a_unit_is_the_largest():
    net = Network.mlp([([[1], [-1], [0]], [0, 0, 1])])
    text = page(find_zones(net, condition({1: 1, 0: -1}) & condition({1: 1, 2: -1})))
    assert "<h1>feature 1 of layer 0 greater than all others</h1>" in text


def test_titles_names_and_labels_are_text():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    text = page(zones, [[1, 1]], labels=[HOSTILE], names=[HOSTILE, "y"], title=HOSTILE)
    assert HOSTILE not in text
    assert "alert(1)&lt;/script&gt;" in text
    assert text.count("<script>") == 1
    scene, _ = carried(text)
    assert scene["axes"][0] == f"x0: {HOSTILE}"
    assert scene["data"]["labels"] == [HOSTILE]


def test_the_same_zones_give_the_same_bytes():
    assert page(find_zones(DIAMOND, feature(0), SQUARE)) == page(find_zones(DIAMOND, feature(0), SQUARE))


def test_numbers_beyond_floats():
    huge = Network.mlp([([[1]], [0]), ([[10**400]], [0])])
    with pytest.raises(InputError, match="beyond the range of floats"):
        page(find_zones(huge, feature(0), Polyhedron.box(0, 1, dim=1)))
    long = Network.mlp([([[1]], [0]), ([["1/" + "3" * 60]], [0])])
    assert "3" * 60 in carried(page(find_zones(long, feature(0), Polyhedron.box(0, 1, dim=1))))[1]["zones"][0]["function"][1]


def test_wrong_options():
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    with pytest.raises(InputError, match=r"AffineMap\.through"):
        page(find_zones(FOUR, feature(0), Polyhedron.box(0, 1, dim=4)))
    with pytest.raises(InputError, match="window"):
        page(zones, window=Polyhedron.space(2))
    with pytest.raises(InputError, match="list of names has 1 entry"):
        page(zones, names=["x"])
    with pytest.raises(InputError, match="the slice has dimension"):
        page(zones, flat=AffineMap.identity(3))


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    zones = find_zones(DIAMOND, feature(0), SQUARE)
    save(zones, tmp_path / "page.html", title="pages")
    assert (tmp_path / "page.html").read_text() == page(zones, title="pages")
    with pytest.raises(InputError, match="cannot be written"):
        save(zones, tmp_path / "missing" / "page.html")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_matplotlib_is_not_needed():
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from exactzones import Network, feature, find_zones\n"
        "from exactzones.view import page\n"
        "print(len(page(find_zones(Network.mlp([([[1, 2]], [0])]), feature(0)))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert int(done.stdout) > 10_000


def test_a_conjunction_has_no_largest_value():
    """That of its first condition would be taken for the feature's."""
    net = Network.mlp([([[1, 0], [0, 1]], [0, 0]), ([[1, 0], [0, 1]], [0, 0])])
    for prop, shown in ((feature(0), True), (feature(0) & feature(1), False)):
        zones = find_zones(net, prop, Polyhedron.box(-1, 1, dim=2))
        assert ("largest value" in page(zones)) is shown
