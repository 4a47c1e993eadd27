"""Un-ReLU step by step: pieces start on the orthant's walls and end where the library's un-ReLU has them."""

from fractions import Fraction

import pytest
from matplotlib.animation import FFMpegWriter
from PIL import Image

from exactzones import DimensionError, InputError, Layer, Network, Polyhedron, unrelu
from exactzones.plot import UnReLU, animate_unrelu, plot_unrelu
from exactzones.polyhedra.shapes import area
from exactzones.rational import Matrix, vector

LAYER = Layer.of([[1, 0], [0, 1], [1, 1]], [0, 0, -1])
TARGET = Polyhedron.of(3, strict=[("-1/2", 1, 0, 0)])  # a0 > 1/2
SQUARE = Polyhedron.box(-2, 2, dim=2)
PICTURE = UnReLU(LAYER, TARGET, SQUARE)


def test_pieces_are_those_of_unrelu():
    whole = {signs: piece.closure().intersect(SQUARE).volume() for signs, piece in unrelu(TARGET, LAYER)}
    assert {signs: area(ring) for signs, ring in PICTURE.pieces} == whole
    assert PICTURE.steps == (0, 1, 2)
    assert sum(whole.values()) == 6  # x0 > 1/2 on the square


def test_pieces_go_from_the_walls_to_the_plane():
    for signs, ring in PICTURE.pieces:
        before = [LAYER.affine(corner) for corner in ring]
        assert PICTURE.moved(signs, ring, Fraction(0)) == tuple(LAYER.activate(values) for values in before)
        assert PICTURE.moved(signs, ring, Fraction(1)) == tuple(before)
        halfway = PICTURE.moved(signs, ring, Fraction(1, 2))
        assert all(
            (h == b) if sign == "+" else (2 * h == b)
            for corner, values in zip(halfway, before, strict=True)
            for h, b, sign in zip(corner, values, signs, strict=True)
        )


def shown(solid, signs):
    (found,) = [collection for collection in solid.collections if collection.get_gid() == signs]
    return {tuple(map(float, corner)) for corner in found._faces.reshape(-1, 3)}


@pytest.mark.parametrize(("step", "progress", "back"), [(0, 0, 0), (1, 0, 1), (1, "1/2", 1), (1, 1, 2), (2, 0, 2), (2, 1, 3)])
def test_steps(step, progress, back):
    """Back in the input are the pieces of the steps before, and of this one when it is over."""
    when = Fraction(progress)
    solid, flat = plot_unrelu(PICTURE, step, progress)
    done = [signs for signs, _ in PICTURE.pieces if signs.count("-") < step or (signs.count("-") == step and when == 1)]
    assert [text.get_text() for text in flat.texts if text.get_alpha() is None] == done
    awaited = [text.get_text() for text in flat.texts if text.get_alpha()]
    assert sorted(done + awaited) == sorted(signs for signs, _ in PICTURE.pieces)
    assert len([patch for patch in flat.patches if patch.get_gid() == "awaited"]) == len(awaited)
    for signs, ring in PICTURE.pieces:
        at = Fraction(int(signs in done)) if signs.count("-") != step else when
        assert shown(solid, signs) == {tuple(map(float, corner)) for corner in PICTURE.moved(signs, ring, at)}
    assert len({signs.count("-") for signs in done}) == back


def test_by_default_all_are_back():
    solid, flat = plot_unrelu(PICTURE, letter="z")
    assert len(flat.texts) == len(PICTURE.pieces)
    assert flat.get_xlabel() == "$z_0$"
    assert solid.get_xlabel() == "$a_0$"


def test_nothing_to_pull_back():
    nothing = UnReLU(LAYER, Polyhedron.of(3, strict=[(-1, -1, 0, 0)]), SQUARE)
    assert (nothing.pieces, nothing.steps) == ((), ())
    assert not plot_unrelu(nothing)[1].texts


def test_irrational_weights():
    net = Network.mlp([([["sqrt(3)", 1], [-1, "1/2*sqrt(3)"], [0, 1]], [0, 0, -1])])
    layer = Layer(net.layers[0].weight, net.layers[0].bias, (True,) * 3)
    picture = UnReLU(layer, TARGET, SQUARE)
    assert sum(float(area(ring)) for _, ring in picture.pieces) > 0
    plot_unrelu(picture, 1, "1/3")


@pytest.mark.parametrize(
    ("layer", "target", "says"),
    [
        (Layer.of([[1, 0], [0, 1]]), TARGET, "2 inputs and 2 units, 2 of them"),
        (Layer.of([[1], [0], [1]]), TARGET, "1 inputs and 3 units"),
        (Layer(Matrix.of([[1, 0], [0, 1], [1, 1]]), vector(0, 0, 0), (True, True, False)), TARGET, "2 of them with a ReLU"),
        (LAYER, SQUARE, "has dimension 2; expected 3"),
    ],
)
def test_what_is_no_picture(layer, target, says):
    with pytest.raises(InputError, match=says):
        UnReLU(layer, target, SQUARE)


def test_windows_must_be_windows():
    with pytest.raises(DimensionError):
        UnReLU(LAYER, TARGET, Polyhedron.box(0, 1, dim=3))


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr("exactzones.plot.unrelu._FRAMES", 2)
    monkeypatch.setattr("exactzones.plot.unrelu._REST", 1)


@pytest.mark.usefixtures("short")
def test_gif(tmp_path):
    first, second = tmp_path / "first.gif", tmp_path / "second.GIF"
    animate_unrelu(PICTURE, first)
    animate_unrelu(PICTURE, second)
    assert first.read_bytes() == second.read_bytes()
    assert sorted(tmp_path.iterdir()) == [first, second]
    with Image.open(first) as film:
        assert film.n_frames >= 5  # rest and two frames of either step, some of them alike
        assert film.info["loop"] == 0


@pytest.mark.usefixtures("short")
def test_mp4(tmp_path):
    if not FFMpegWriter.isAvailable():
        pytest.skip("ffmpeg is not installed")
    animate_unrelu(PICTURE, tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"


def test_mp4_without_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda _: False))
    with pytest.raises(InputError, match=r"needs ffmpeg, which is not installed: apt-get install ffmpeg, or write a .gif"):
        animate_unrelu(PICTURE, tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("short")
def test_other_suffixes_and_folders(tmp_path):
    with pytest.raises(InputError, match=r"an animation's name ends in .gif, .mp4"):
        animate_unrelu(PICTURE, tmp_path / "film.svg")
    with pytest.raises(InputError, match=r"nowhere/film\.gif: cannot be written: No such file"):
        animate_unrelu(PICTURE, tmp_path / "nowhere" / "film.gif")
