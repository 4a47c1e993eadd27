"""``exactzones view``: its options, its errors, what it writes."""

import numpy as np
import pytest
from cli.support import ABSOLUTE, PLANE, refused, run, saved
from view.support import FOUR, STEP, carried

from exactzones import Polyhedron, feature, find_zones, topology
from exactzones.view import cut_through, embedding, page, read_points

__all__ = ["refused", "run"]


@pytest.fixture
def net(tmp_path):
    return saved(PLANE, tmp_path / "net.json")


@pytest.fixture
def four(tmp_path):
    return saved(FOUR, tmp_path / "four.json")


def test_the_page_is_that_of_the_zones(run, net, tmp_path):
    out, data = tmp_path / "page.html", tmp_path / "data.csv"
    data.write_text("a,b,kind\n0.1,1,x\n-1,1/3,y\n")
    outcome = run("view", net, "--feature", 0, "--threshold", "1/2", "--domain=-2:2", "--data", data, "--out", out)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"wrote {out}" in outcome.out
    zones = find_zones(PLANE, feature(0, "1/2"), Polyhedron.box(-2, 2, dim=2))
    assert f"zones    {len(zones)}\n" in outcome.out
    assert out.read_text() == page(zones, read_points(data, 2), title="net.json: z1[0] > 1/2")


def test_holes(run, refused, net, tmp_path):
    out = tmp_path / "page.html"
    question = ["--feature", 0, "--threshold=-1/2", "--domain=-2:2"]
    assert run("view", net, *question, "--holes", "--out", out, "--quiet").code == 0
    shape = topology(PLANE, 0, Polyhedron.box(-2, 2, dim=2), threshold="-1/2", open=True)
    zones = find_zones(PLANE, feature(0, "-1/2"), Polyhedron.box(-2, 2, dim=2))
    assert out.read_text() == page(zones, title=f"net.json: {zones.prop}", holes=shape)
    refused("view", net, "--where", "2*y[0] > 1", "--holes", "--out", out, says=["for one --feature"])


def test_slices(run, four, tmp_path):
    out = tmp_path / "page.html"
    through = ["--through", "0,0,0,0", "--through", "1,0,0,0", "--through", "0,1/3,1,0"]
    assert run("view", four, "--feature", 0, "--domain=-3:3", *through, "--out", out, "--quiet").out == ""
    flat = embedding(4, through=[[0, 0, 0, 0], [1, 0, 0, 0], [0, "1/3", 1, 0]])
    zones = find_zones(FOUR.compose(flat), feature(0), cut_through(Polyhedron.box(-3, 3, dim=4), flat))
    assert out.read_text() == page(zones, flat=flat, title="four.json: z1[0] > 0 on a slice of 4 inputs")
    along = ["--along", "-1,0,0,0", "--along", "0,0,1,1", "--from", "-1,0,0,1/2"]
    assert run("view", four, "--feature", 0, *along, "--out", out).code == 0
    rows = carried(out.read_text())[0]["flat"]["rows"]
    assert rows == [["-1", "-1", "0"], ["0", "0", "0"], ["0", "0", "1"], ["1/2", "0", "1"]]


def test_sliders_and_bands(run, refused, four, tmp_path):
    out = tmp_path / "page.html"
    plane = ["--along", "1,0,0,0", "--along", "0,1,0,0", "--from", "0,0,1/2,0"]
    options = ["--feature", 0, "--domain=-3:3", *plane, "--arithmetic", "float32", "--out", out]
    assert run("view", four, *options, "--slide", "2=0:1:2", "--slide", "x3=-1:1:3", "--quiet").code == 0
    scene, _ = carried(out.read_text())
    assert scene["slider"]["inputs"] == [{"name": "x2", "values": ["0", "1/2", "1"]}, {"name": "x3", "values": ["-1", "0", "1"]}]
    assert scene["spaces"][0]["band"]["arithmetic"] == "float32"
    refused("view", four, *options, "--slide", "0=0:1", says=["input 0, which is not held fixed"])
    refused("view", four, *options, "--slide", "2", says=["slider '2' is not an input with its bounds"])
    refused("view", four, *options, "--slide", "2=5:9:2", says=["misses"])


def test_sliders_need_a_slice(refused, net, tmp_path):
    options = ["--feature", 0, "--out", tmp_path / "page.html"]
    refused("view", net, *options, "--slide", "1=0:1", says=["--slide moves an input that a slice holds fixed"])
    refused("view", net, *options, "--arithmetic", "float7", says=["float7"])


def test_three_inputs_and_none_that_fires(run, tmp_path):
    out = tmp_path / "page.html"
    assert run("view", saved(STEP, tmp_path / "step.npz"), "--feature", 0, "--domain=-1:1", "--out", out).code == 0
    outcome = run("view", saved(ABSOLUTE, tmp_path / "abs.npz"), "--feature", 1, "--out", out)
    assert "none: the feature cannot fire on this domain" in outcome.out
    assert "Cannot fire" in out.read_text()


def test_budgets(run, net, tmp_path):
    out = tmp_path / "page.html"
    outcome = run("view", net, "--feature", 0, "--domain=-2:2", "--max-zones", 1, "--out", out)
    assert outcome.code == 3
    assert "incomplete: " in outcome.err
    assert "found so far: the list is not complete" in outcome.out
    assert "Incomplete: 1 zone" in out.read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], ["Missing option '--out'"]),
        (["--out", "{}/missing/page.html"], ["its folder does not exist"]),
        (["--out", "{}/net.json"], ["'.json'", "pages end in .html, .htm"]),
        (["--out", "{}/net.html"], ["it is the network itself"]),
        (["--out", "{}/p.html", "--data", "{}/data.txt"], ["data.txt", ".csv or .npy"]),
        (["--out", "{}/p.html", "--data", "{}/none.csv"], ["none.csv", "No such file"]),
        (["--out", "{}/p.html", "--data", "{}/three.npy"], ["three.npy", "(points, 2)"]),
        (["--out", "{}/p.html", "--from", "1,1"], ["--along"]),
        (["--out", "{}/p.html", "--along", "1,0", "--holes"], ["--holes draws loops in a plane"]),
        (["--out", "{}/p.html", "--along", "1"], ["point '1' has 1 entry; expected 2"]),
        (["--out", "{}/p.html", "--along", "0,0"], ["not linearly independent"]),
        (["--out", "{}/p.html", "--through", "0,0", "--through", "x,1"], ["coordinate 0"]),
        (["--out", "{}/p.html", "--through", "9,9", "--through", "9,10"], ["misses"]),
    ],
)
def test_bad_options(refused, net, tmp_path, options, says):
    (tmp_path / "data.txt").write_text("1,2")
    (tmp_path / "net.html").symlink_to(net)
    np.save(tmp_path / "three.npy", np.zeros((2, 3)))
    refused("view", net, "--feature", 0, "--domain=-2:2", *(option.format(tmp_path) for option in options), says=says)


def test_data_are_not_written_over(refused, net, tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("1,2\n")
    page = tmp_path / "page.html"
    page.symlink_to(data)
    refused("view", net, "--feature", 0, "--data", data, "--out", page, says=["it is the data file itself"])
    assert data.read_text() == "1,2\n"


def test_many_inputs_ask_for_a_slice(refused, four, tmp_path):
    refused("view", four, "--feature", 0, "--out", tmp_path / "p.html", says=["this network has 4", "--through P", "--along U"])
