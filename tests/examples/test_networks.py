"""The example networks are what examples/networks/README.md says: both files, every count, every island."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from exactzones import Network, Polyhedron, Zones, feature, find_zones
from exactzones.cli.commands import cli
from exactzones.models import load_network
from exactzones.plot.samples import sample

FOLDER = Path(__file__).parents[2] / "examples" / "networks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
SHAPES = {
    "text_2_10_2_10": (2, 10, 2, 10),
    "small_island": (2, 10, 10, 4),
    "iris_2d": (2, 8, 3),
    "iris": (4, 10, 3),
    "wine": (3, 12, 3),
    "breast_cancer": (2, 16, 1),
    "digits": (4, 12, 10),
}


def network(name: str) -> Network:
    return load_network(FOLDER / f"{name}.npz")


def box(low: int, high: int, dim: int = 2) -> Polyhedron:
    return Polyhedron.box(low, high, dim=dim)


def claims() -> list[tuple[str, int, str, int, str, str]]:
    """Return (network, feature, domain, zones, islands, merged) for each row of the README's second table."""
    found, last = [], ""
    for line in README.partition("## What to look at")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or "--domain" not in cells[0]:
            continue
        command = cells[0].replace("the same,", last).replace("`", "")
        name, index, domain = re.fullmatch(r"(\w+)\.npz --feature (\d+)\s+--domain=(\S+)", command).groups()
        last = command.partition("--domain")[0]
        found.append((name, int(index), domain, int(cells[1]), cells[2], cells[3]))
    return found


def domain_of(spec: str, dim: int) -> Polyhedron | None:
    return None if spec == "all" else box(*map(int, spec.split(":")), dim=dim)


@pytest.mark.parametrize("name", SHAPES)
def test_both_files_hold_the_same_network(name: str) -> None:
    pytest.importorskip("onnx")
    net = network(name)
    assert load_network(FOLDER / f"{name}.onnx").sha256 == net.sha256
    assert (net.inputs, *net.widths) == SHAPES[name]
    weights = [entry for layer in net.layers for row in (*layer.weight.rows, layer.bias) for entry in row]
    assert all(float(np.float32(float(entry))) == entry for entry in weights)


def test_files_are_small_and_all_are_told_of() -> None:
    files = [path for path in FOLDER.iterdir() if path.suffix in (".npz", ".onnx")]
    assert {path.stem for path in files} == set(SHAPES)
    assert sum(path.stat().st_size for path in files) < 50_000
    assert all(f"| `{name}` | {'-'.join(map(str, shape))} |" in README for name, shape in SHAPES.items())


def test_only_the_down_projection_of_the_text_network_has_no_relu() -> None:
    net = network("text_2_10_2_10")
    assert [set(layer.relu) for layer in net.layers] == [{True}, {False}, {True}]
    with np.load(FOLDER / "text_2_10_2_10.npz") as arrays:
        assert not arrays["relu1"]
        assert arrays["W0"].shape == (10, 2)


@pytest.mark.parametrize(("name", "index", "domain", "zones", "islands", "merged"), claims())
def test_counts_of_the_readme(name: str, index: int, domain: str, zones: int, islands: str, merged: str) -> None:
    net = network(name)
    found = find_zones(net, feature(index), domain_of(domain, net.inputs))
    assert len(found) == zones
    sizes = sorted(map(len, found.islands), reverse=True)
    assert " + ".join(map(str, sizes)) == islands.removesuffix(" zones")
    assert not merged or len(found.merged) == int(merged)


def test_the_readme_was_read() -> None:
    assert len(claims()) == 13


def test_a_command_of_the_readme_prints_the_counts() -> None:
    command = ["zones", str(FOLDER / "text_2_10_2_10.npz"), "--feature", "9", "--domain=-6:6", "--merge"]
    printed = CliRunner().invoke(cli, command, standalone_mode=False).output
    assert "2 (island 0: 13 zones, island 1: 4 zones)" in printed
    assert "17 zones into 6 convex pieces" in printed


def split(zones: Zones) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the larger and the smaller of two islands."""
    small, large = sorted(zones.islands, key=len)
    return large, small


def test_samples_of_the_inner_box_miss_the_island() -> None:
    net = network("text_2_10_2_10")
    zones = find_zones(net, feature(9), box(-6, 6))
    large, small = split(zones)
    assert all(zones[k].firing.intersect(box(-4, 4)).is_empty for k in small)
    assert any(not zones[k].firing.intersect(box(-4, 4)).is_empty for k in large)
    assert min(vertex[1] for k in small for vertex in zones[k].firing.vrep.vertices) > 4
    share = sum(zones[k].volume for k in small) / 144
    assert round(float(share), 4) == 0.0069
    # Not an artefact of the engine: the network itself fires there.
    assert all(net(zones[k].sample)[9] > 0 for k in small)


def test_the_island_is_one_on_the_whole_plane_too() -> None:
    net = network("text_2_10_2_10")
    zones = find_zones(net, feature(9))
    _, small = split(zones)
    assert all(zones[k].firing.is_bounded and zones[k].firing.is_subset(box(-6, 6)) for k in small)


def test_feature_8_never_fires() -> None:
    net = network("text_2_10_2_10")
    assert not find_zones(net, feature(8))
    axis = np.linspace(-100, 100, 21).tolist()
    assert all(net((x, y))[8] == 0 for x in axis for y in axis)


def test_the_other_features_of_the_text_network_fire() -> None:
    net = network("text_2_10_2_10")
    assert [index for index in range(10) if not find_zones(net, feature(index))] == [8]


def test_virginica_fires_for_a_tiny_petal() -> None:
    net = network("iris_2d")
    zones = find_zones(net, feature(2), box(0, 8))
    _, small = split(zones)
    assert net((2, "1/10"))[2] > 0
    assert any(zones[k].fires((2, "1/10")) for k in small)


def test_islands_without_data() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    flowers = datasets.load_iris()
    assert flowers.data[flowers.target == 2, 2].min() == 4.5
    zones = find_zones(network("iris"), feature(2), box(0, 8, dim=4))
    small = min(zones.islands, key=len)
    assert len(small) == 7
    assert not any(zones[k].fires(point) for k in small for point in flowers.data.tolist())


def test_no_digit_lies_in_the_smaller_island_of_two() -> None:
    train = pytest.importorskip("train")
    recipe = train.RECIPES["digits"]
    data = recipe.load()
    known, unknown = train.train_test_split(data.data, test_size=0.25, random_state=0, stratify=data.target)
    zones = find_zones(network("digits"), feature(2), box(-3, 3, dim=4))
    _, small = split(zones)
    pictures = recipe.projection.fit(known).transform(np.vstack([known, unknown]))
    assert np.abs(pictures).max() < 3
    fires = [point for point in pictures.tolist() if zones.network(point)[2] > 0]
    assert len(fires) > 100
    assert not any(zones[k].fires(point) for k in small for point in fires)


def test_the_drawn_samples_miss_the_small_island() -> None:
    zones = find_zones(network("small_island"), feature(2), box(-6, 6))
    _, small = split(zones)
    assert round(box(-6, 6).volume() / sum(zones[k].volume for k in small)) == 18_337
    drawn = sample(box(-6, 6), 10_000, seed=0)
    assert sum(zones.network.satisfies(point, zones.prop) for point in drawn) == 2832
    assert not any(zones[k].fires(point) for k in small for point in drawn)
    missed = zones.network(zones[small[0]].sample)
    assert missed[2] > 0  # yet the network fires there


def test_the_script_makes_the_networks_with_random_weights() -> None:
    train = pytest.importorskip("train")
    assert train.small_island().sha256 == network("small_island").sha256
    assert train.text_network().sha256 == network("text_2_10_2_10").sha256
    assert train.search(range(train.SEED - 5, train.SEED + 1)) == train.SEED


def test_training_works_and_repeats_itself() -> None:
    train = pytest.importorskip("train")
    first, accuracy = train.train(train.RECIPES["iris_2d"])
    second, _ = train.train(train.RECIPES["iris_2d"])
    assert first.sha256 == second.sha256
    assert accuracy > 0.9
