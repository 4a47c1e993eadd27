"""What arguments mean that may be written in several ways, what limits do, and what results are when printed or saved."""

import numpy as np
import pytest
from api.doors import BOX, NET, PROOF, ZONES, kind

import exactzones
from exactzones import Budget, Certificate, InputError, Layer, Network, certify, feature, find_zones, nearest


def test_a_domain_may_be_text_a_pair_or_pairs():
    for domain in ("-3:3", "-3:3,-3:3", (-3, 3), ("-3", 3), [(-3, 3), (-3, 3)], np.array([[-3, 3], [-3, 3]]), BOX.hrep, BOX):
        assert find_zones(NET, 0, domain) == ZONES
    assert find_zones(NET, np.int64(0), "all") == find_zones(NET, feature(0))
    with pytest.raises(InputError, match="domain of input 1 is empty: 3 > -3"):
        find_zones(NET, 0, [(-3, 3), (3, -3)])
    with pytest.raises(InputError, match="domain of input 0 is empty: 3000001/10000000 > 3/10;"):  # both are about 0.3
        find_zones(NET, 0, [("0.3000001", "0.3"), (-3, 3)])
    with pytest.raises(InputError, match="there are 2 inputs"):
        find_zones(NET, 0, [(-3, 3)] * 3)


def test_a_network_may_be_a_path(tmp_path):
    NET.save(tmp_path / "net.json")
    for path in (tmp_path / "net.json", str(tmp_path / "net.json")):
        assert find_zones(path, 0, BOX) == ZONES


def test_a_network_may_be_a_module():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    network = exactzones.from_torch(module, 4)
    assert network == exactzones.from_torch(module, (4,)) == exactzones.from_torch(module)
    assert find_zones(module, 0, (0, 1)) == find_zones(network, 0, (0, 1))
    point = torch.tensor([0.5, 1, -1, 2], requires_grad=True)
    assert network(point) == network([0.5, 1, -1, 2])
    assert Layer.of(module[0].weight, module[0].bias) == network.layers[0]
    with pytest.raises(InputError, match="pass input_shape="):
        find_zones(torch.nn.Sequential(torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(4, 1)), 0)


def test_points_may_be_text():
    assert NET("1/2,3") == NET(["1/2", 3])
    assert ZONES.containing("5/2,3") == ZONES.containing(["5/2", 3]) == [ZONES[ZONES.index(ZONES.at("5/2,3"))]]


def test_the_same_questions_in_two_ways():
    together = exactzones.never_together(NET, [2, 3], BOX)
    assert kind(together) is kind(exactzones.never_together(NET, 2, 3, BOX)) is exactzones.CannotFire
    assert exactzones.maximum(NET, feature(2), "-3:3").value == exactzones.maximum(NET, 2, BOX).value == 3
    assert str(exactzones.check(NET, 1, (-3, 3), PROOF)) == "valid"
    with pytest.raises(InputError, match="expected one unit without a threshold"):
        exactzones.maximum(NET, feature(2, threshold=1))
    with pytest.raises(InputError, match="feature is True, a truth value"):
        feature(True)


@pytest.mark.parametrize("run", [find_zones, lambda *a, **k: list(exactzones.stream_zones(*a, **k))])
def test_limits_of_a_list_raise_with_what_was_found(run):
    for limits in ({"max_zones": 1}, {"budget": Budget(zones=1)}):
        with pytest.raises(exactzones.BudgetExceeded) as stopped:
            run(NET, 0, BOX, **limits)
        assert run is not find_zones or len(stopped.value.found) == 1
    with pytest.raises(InputError, match="pass only seconds=60, max_zones=1000 or both"):
        run(NET, 0, seconds=1, budget=Budget())


def test_verdicts_are_undecided_when_time_is_up():
    assert kind(certify(NET, 1, BOX, seconds=0)) is exactzones.Undecided
    assert kind(exactzones.prove_complete(ZONES, seconds=0)) is exactzones.Undecided
    assert exactzones.check(NET, 1, (-3, 3), PROOF, seconds=0).verdict == "not checked"
    assert {kind(verdict) for verdict in exactzones.dead_features(NET, BOX, seconds=0).values()} == {exactzones.Undecided}


def test_results_are_one_line_when_printed():
    wide = Network.mlp([(np.ones((50, 30)), np.zeros(50)), (np.ones((1, 50)), [0])])
    best = exactzones.maximum(NET, 2, BOX)
    shown = {
        repr(wide): "Network(30-50-1, 50 ReLU units)",
        repr(best): "ProvedMaximum(3 at (3, 3))",
        repr(certify(NET, 0, "2:3")): None,
        repr(certify(NET, 1)): None,
        repr(PROOF): f"Certificate({len(PROOF.lines)} lines)",
        repr(certify(NET, 1, BOX, seconds=0)): None,
        repr(exactzones.prove_complete(ZONES)): None,
        repr(nearest(ZONES, [0, 0])): "Nearest(distance 1 at (1, 0), not attained)",
        repr(wide.layers[0]): None,
    }
    for line, expected in shown.items():
        assert "\n" not in line
        assert len(line) < 150, line
        assert expected in (None, line)


@pytest.mark.parametrize("suffix", [".json", *exactzones.export.SUFFIXES])
def test_lists_of_zones_are_saved_by_suffix(suffix, tmp_path):
    ZONES.save(tmp_path / f"zones{suffix}")
    assert (tmp_path / f"zones{suffix}").stat().st_size > 100


@pytest.mark.parametrize("name", ["proof.json", "proof.json.gz"])
def test_certificates_are_saved_and_loaded(name, tmp_path):
    PROOF.save(tmp_path / name)
    assert Certificate.load(tmp_path / name) == PROOF
    assert str(exactzones.check(NET, 1, BOX, str(tmp_path / name))) == "valid"
