import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from exactzones import InputError, Network, Polyhedron, feature, find_zones
from exactzones.plot import plot_zones, save_zones

NET = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1]], [-1])])
ZONES = find_zones(NET, feature(0), Polyhedron.box(-2, 2, dim=2))
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", MAGIC)
def test_every_format_is_deterministic(tmp_path, suffix):
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    save_zones(ZONES, first)
    save_zones(find_zones(NET, feature(0), Polyhedron.box(-2, 2, dim=2)), str(second))
    assert first.read_bytes().startswith(MAGIC[suffix])
    assert first.read_bytes() == second.read_bytes()
    assert sorted(tmp_path.iterdir()) == [first, second]


def test_same_svg_in_another_process_without_a_display(tmp_path):
    here, there = tmp_path / "here.svg", tmp_path / "there.svg"
    save_zones(ZONES, here)
    program = (
        "import sys; from exactzones import *; from exactzones.plot import save_zones\n"
        "net = Network.mlp([([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1]], [-1])])\n"
        "save_zones(find_zones(net, feature(0), Polyhedron.box(-2, 2, dim=2)), sys.argv[1])"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    subprocess.run([sys.executable, "-c", program, there], check=True, env=environment | {"PYTHONHASHSEED": "77"})  # noqa: S603 - our own interpreter
    assert here.read_bytes() == there.read_bytes()
    assert b"<dc:date>" not in here.read_bytes()


@pytest.mark.parametrize("name", ["zones.jpg", "zones", "zones.svg.gz"])
def test_other_suffixes_are_refused_before_anything_is_drawn(tmp_path, name):
    with pytest.raises(InputError, match=r"\.svg, \.png, \.pdf"):
        save_zones(None, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match=r"zones.svg: cannot be written: No such file"):
        save_zones(ZONES, tmp_path / "nowhere" / "zones.svg")


def test_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    target = tmp_path / "zones.svg"
    target.write_text("old")

    def half_a_file(_figure, file, **_options):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", half_a_file)
    with pytest.raises(KeyboardInterrupt):
        save_zones(ZONES, target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        save_zones(ZONES, tmp_path / "zones.svg")
    finally:
        os.umask(before)
    assert (tmp_path / "zones.svg").stat().st_mode & 0o777 == 0o644


def test_three_inputs(tmp_path):
    net = Network.mlp([([[1, 1, 1]], [0]), ([[1]], [-1])])
    save_zones(find_zones(net, feature(0)), tmp_path / "solid.png", Polyhedron.box(-1, 1, dim=3), merged=True)
    assert (tmp_path / "solid.png").read_bytes().startswith(MAGIC["png"])


def test_missing_matplotlib_is_said_with_the_way_out():
    program = (
        "import importlib.util as util; find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'matplotlib' else find(name, *rest)\n"
        "from exactzones import InputError\n"
        "try:\n    import exactzones.plot\n"
        "except InputError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)  # noqa: S603 - our own interpreter
    assert "pip install exactzones[plot]" in done.stdout


def test_themes(tmp_path):
    """On a dark page greys are turned about; for print every colour is grey."""
    light, dark, grey = (tmp_path / f"{theme}.png" for theme in ("light", "dark", "print"))
    for path in (light, dark, grey):
        save_zones(ZONES, path, theme=path.stem)
    save_zones(ZONES, tmp_path / "default.png")
    assert (tmp_path / "default.png").read_bytes() == light.read_bytes()
    pixels = [pyplot.imread(path)[..., :3] for path in (light, dark, grey)]
    assert [picture[0, 0].mean() > 0.5 for picture in pixels] == [True, False, True]
    assert np.ptp(pixels[0], axis=2).max() > 0.3 < np.ptp(pixels[1], axis=2).max()  # the zones keep their colours
    assert np.ptp(pixels[2], axis=2).max() < 0.01
    with pytest.raises(InputError, match="expected one of light, dark, print"):
        save_zones(ZONES, light, theme="sepia")
    for dpi, says in ((0, "dpi is 0"), (1201, "at most 1200"), (1.5, "dpi is 1.5")):
        with pytest.raises(InputError, match=says):
            save_zones(ZONES, light, dpi=dpi)


def test_themes_of_solids(tmp_path):
    cube = find_zones(Network.mlp([([[1, 0, 0], [0, 1, 1]], [0, 0]), ([[1, 1]], [-1])]), feature(0), (-1, 1))
    save_zones(cube, tmp_path / "solid.png", theme="print")
    assert np.ptp(pyplot.imread(tmp_path / "solid.png")[..., :3], axis=2).max() < 0.01


@pytest.mark.parametrize("panels", [1, 2])
def test_a_legend_is_not_cut_off_on_axes_of_the_users_own(panels):
    """Plain ``figure.savefig`` without a bounding box "tight" writes what lies in the figure only."""
    figure = Figure()
    for ax in figure.subplots(1, panels, squeeze=False)[0]:
        plot_zones(ZONES, ax=ax, color_by="zone")
    figure.draw_without_rendering()
    for ax in figure.axes:
        box = ax.get_legend().get_window_extent()
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
