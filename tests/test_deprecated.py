"""What version 0.1 documented under another name works, and the warning names the new one."""

import re
import subprocess
import sys
import warnings

import pytest

from exactzones import HRep, Network, Polyhedron, VRep, feature, find_zones, maximum, never_together, prove_complete

NET = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])
ZONES = find_zones(NET, feature(0))  # |x| > 1

IMPORTS = [
    *(
        ("exactzones.certify", name, f"exactzones.certification.{name}")
        for name in (
            *("CanFire", "CannotFire", "Decision", "Undecided", "case_of", "certify", "certify_cases", "check", "conjunction"),
            *("dead_features", "maximum", "never_together", "prove_complete"),
        )
    ),
    *(
        ("exactzones.formats", name, f"exactzones.{name}")
        for name in ("from_flax", "from_sklearn", "from_torch", "load_network", "save_network")
    ),
    ("exactzones.check", "check", "exactzones.checker.check"),
    ("exactzones.check", "Case", "exactzones.checker.Case"),
    ("exactzones.check", "lines_of", "exactzones.checker.lines_of"),
    ("exactzones.check.checker", "holds", "exactzones.checker.core.holds"),
    ("exactzones.check.plain", "check_plainly", "exactzones.checker.reference.check_plainly"),
    ("exactzones.check.verified", "check_verified", "exactzones.checker.verified.check_verified"),
    ("exactzones.formats.files", "write_atomically", "exactzones.files.write_atomically"),
    ("exactzones.formats.network_json", "load_json", "exactzones.models.network_json.load_json"),
    ("exactzones.formats.npz", "load_npz", "exactzones.models.npz.load_npz"),
    ("exactzones.formats.onnx_model", "save_onnx", "exactzones.models.onnx_model.save_onnx"),
    ("exactzones.formats.sklearn_model", "from_sklearn", "exactzones.models.sklearn_model.from_sklearn"),
    ("exactzones.formats.spec", "parse_domain", "exactzones.spec.parse_domain"),
    ("exactzones.formats.state_dict", "network_of_weights", "exactzones.models.state_dict.network_of_weights"),
    ("exactzones.formats.torch_model", "from_torch", "exactzones.models.torch_model.from_torch"),
    ("exactzones.formats.vnnlib", "read_vnnlib", "exactzones.vnnlib.reader.read_vnnlib"),
    ("exactzones.zones.backward", "unrelu", "exactzones.engine.backward.unrelu"),
    ("exactzones.zones.forward", "forward", "exactzones.engine.forward.forward"),
    ("exactzones.zones.search", "find_zones", "exactzones.zones.find_zones"),
    ("exactzones.zones.search", "Budget", "exactzones.zones.Budget"),
    ("exactzones.zones.workers", "processes", "exactzones.parallel.processes"),
    ("exactzones.zones.zone", "Zone", "exactzones.zone.Zone"),
]

PROGRAM = """
import importlib, sys, warnings
warnings.simplefilter("always")
for line in sys.stdin.read().splitlines():
    old, name, new = line.split()
    with warnings.catch_warnings(record=True) as caught:
        module = importlib.import_module(old)
        value = getattr(module, name)
    module, _, last = new.rpartition(".")
    same = value is getattr(importlib.import_module(module), last)
    print(same, [str(one.message) for one in caught if issubclass(one.category, DeprecationWarning)])
"""


def outcome(program, text=""):
    """Run in a process of its own: an old package that is imported takes the place of the function of its name."""
    run = subprocess.run([sys.executable, "-c", program], input=text, capture_output=True, text=True, check=False)  # noqa: S603
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_old_imports_give_the_same_and_name_the_new_path():
    printed = outcome(PROGRAM, "\n".join(map(" ".join, IMPORTS)))
    for (old, name, new), line in zip(IMPORTS, printed, strict=True):
        assert line == f"True ['{old}.{name} is deprecated; write {new}']"


def test_an_old_package_can_be_called_as_the_function_of_its_name():
    program = """
import warnings
warnings.simplefilter("ignore")
import exactzones.certify, exactzones.check
from exactzones import Network, certify, check
net = Network.mlp([([[1]], [0])])
print(type(exactzones.certify(net, 0, (-2, -1))).__name__, type(certify(net, 0, (-2, -1))).__name__)
print(check(net, 0, (-2, -1), certify(net, 0, (-2, -1)).certificate))
"""
    assert outcome(program) == ["CannotFire CannotFire", "valid"]


def test_names_that_never_were_are_missing_under_old_paths_too():
    program = """
import exactzones.certify, exactzones.formats
for module in (exactzones.certify, exactzones.formats):
    try:
        module.sideways
    except AttributeError:
        print("missing")
try:
    import exactzones.certify.sideways
except ImportError:
    print("missing")
"""
    assert outcome(program) == ["missing"] * 3


@pytest.mark.parametrize(
    ("ask", "value", "new"),
    [
        (lambda: Polyhedron.box(0, 1, dim=3).ambient, 3, "Polyhedron.ambient is deprecated; write Polyhedron.ambient_dim"),
        (lambda: HRep(2).dim, 2, "HRep.dim is deprecated; write HRep.ambient_dim"),
        (lambda: VRep(2, ()).dim, 2, "VRep.dim is deprecated; write VRep.ambient_dim"),
        (lambda: ZONES.fires([2]), True, "Zones.fires is deprecated; write zones.at(point) is not None"),
        (lambda: ZONES.locate([[2], [-2]]), [(0,), (1,)], "Zones.locate is deprecated; write zones.containing(points)"),
    ],
)
def test_old_attributes_give_the_same_and_name_the_new_one(ask, value, new):
    with pytest.warns(DeprecationWarning, match="is deprecated; write") as caught:
        assert ask() == value
    assert [str(one.message).startswith(new) for one in caught] == [True]
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (lambda: NET.point(entries=[2]), lambda: NET.point(coordinates=[2]), "Network.point(entries=)"),
        (lambda: ZONES[0].contains(point=[2]), lambda: ZONES[0].contains(points=[2]), "Zone.contains(point=)"),
        (lambda: ZONES[0].fires(point=[2]), lambda: ZONES[0].fires(points=[2]), "Zone.fires(point=)"),
        (lambda: maximum(NET, index=0, domain="0:1"), lambda: maximum(NET, unit=0, domain="0:1"), "maximum(index=)"),
        (lambda: never_together(NET, one=0, other=0), lambda: never_together(NET, features=0, other=0), "never_together(one=)"),
        (lambda: prove_complete(found=ZONES), lambda: prove_complete(zones=ZONES), "prove_complete(found=)"),
    ],
)
def test_old_names_of_arguments_mean_the_same(old, new, names):
    with pytest.warns(DeprecationWarning, match=re.escape(f"{names} is deprecated; write ")) as caught:
        outcome = old()
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert outcome == new()


def test_new_names_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        box = Polyhedron.box([0, 0], [1, 0])
        assert (box.dim, box.ambient_dim, box.hrep.ambient_dim, box.vrep.ambient_dim) == (1, 2, 2, 2)
        cell = ZONES[0].cell
        assert cell.dim == cell.ambient_dim == 1
        assert ZONES.at([2]) is ZONES[0]
        assert ZONES.containing([[2], [0]]) == [[ZONES[0]], list(ZONES)]
