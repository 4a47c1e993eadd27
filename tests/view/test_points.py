"""Data points: read exactly, refused clearly, placed in the zones that hold them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from view.support import DIAMOND, SQUARE, carried

from exactzones import DimensionError, FormatError, InexactError, InputError, feature, find_zones, vector
from exactzones.testing import features, networks, points
from exactzones.view import Points, page, read_points


def written(tmp_path, content, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_is_exact(tmp_path):
    found = read_points(written(tmp_path, "\ufeffheight, width\r\n0.1,1/3,red\r\n\r\n-2,1e-3, blue\r\n"), 2)
    assert found == Points((vector("1/10", "1/3"), vector(-2, "1/1000")), ("red", "blue"), ("height", "width"))
    assert read_points(written(tmp_path, "1,2\n3,4\n"), 2) == Points((vector(1, 2), vector(3, 4)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_npy(tmp_path, dtype):
    array = np.array([[1, 2], [3, 4]], dtype) / 2 if dtype is not np.int64 else np.array([[1, 2], [3, 4]])
    np.save(tmp_path / "data.npy", array)
    assert read_points(tmp_path / "data.npy", 2) == Points.of(array)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("1,2\n3\n", "line 2 has 1 entry; expected 2 numbers, or 2 and a label"),
        ("1,2,a,b\n", "line 1"),
        ("x,y\n1,2\nz,w\n", "line 3, column 1"),
        ("x,y\na,b\n", "line 2, column 1"),
        ("1,nan\n2,3\n", "line 1, column 2"),
        ("1,2\n2,3\n4,inf\n", "line 3, column 2"),
        ("1,2,a\n3,4\n", "1 of 2 lines have a label"),
        (b"\xff\xfe1,2", "UTF-8"),
        ('1,"2\n', "not a CSV file"),
    ],
)
def test_bad_csv(tmp_path, content, says):
    path = written(tmp_path, content)
    with pytest.raises(FormatError, match=says) as refused:
        read_points(path, 2)
    assert str(path) in str(refused.value)


def test_bad_files(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_points(tmp_path / "missing.csv", 2)
    with pytest.raises(FormatError, match=r"\.csv or \.npy"):
        read_points(written(tmp_path, "1,2", "data.txt"), 2)
    with pytest.raises(FormatError, match=r"not a \.npy file"):
        read_points(written(tmp_path, "1,2", "data.npy"), 2)
    np.save(tmp_path / "flat.npy", np.zeros(3))
    with pytest.raises(FormatError, match=r"shape \(3,\); expected \(points, 2\)"):
        read_points(tmp_path / "flat.npy", 2)
    np.save(tmp_path / "objects.npy", np.array([[1, "x"]], object), allow_pickle=True)
    with pytest.raises(FormatError, match=r"not a \.npy file"):
        read_points(tmp_path / "objects.npy", 2)
    np.save(tmp_path / "many.npy", np.zeros((100_001, 2), np.int8))
    with pytest.raises(FormatError, match="100001 points"):
        read_points(tmp_path / "many.npy", 2)
    np.save(tmp_path / "nan.npy", np.array([[0, np.nan]]))
    with pytest.raises(FormatError, match="coordinate 1 of data point 0"):
        read_points(tmp_path / "nan.npy", 2)


def test_labels_take_the_place_of_others():
    data = Points((vector(1, 2),), ("a",), ("x", "y"))
    assert Points.of(data) is data
    assert Points.of(data, [7]) == Points((vector(1, 2),), ("7",), ("x", "y"))


def test_labels_fit():
    with pytest.raises(DimensionError, match="list of labels"):
        Points.of([[1, 2]], ["a", "b"])
    with pytest.raises(InexactError, match="coordinate 0 of data point 1"):
        Points.of([[1, 2], [None, 1]])


@given(st.data(), networks(inputs=(1, 2), max_width=3))
def test_points_are_in_the_zones_that_hold_them(data, net):
    zones = find_zones(net, data.draw(features(net)))
    given_points = data.draw(st.lists(points(net.inputs), max_size=5))
    placed = carried(page(zones, given_points))[0]["data"]
    with_data = {zones.island_of[k] for k in placed["zone"] if k >= 0}
    assert set(placed["empty"]) == (set(range(len(zones.islands))) - with_data if given_points else set())
    for point, zone in zip(given_points, placed["zone"], strict=True):
        assert (zone >= 0) is net.satisfies(point, zones.prop)
        assert zone < 0 or zones[zone].fires(point)


def test_data_in_a_page():
    data = Points.of([["3/2", 0], [0, 0], [0, "1/3"]], ["b", "a", "b"])
    placed = carried(page(find_zones(DIAMOND, feature(0), SQUARE), data))[0]["data"]
    assert placed["labels"] == ["a", "b"]
    assert placed["label"] == [1, 0, 1]
    assert placed["exact"][2] == ["0", "1/3"]
    assert [zone >= 0 for zone in placed["zone"]] == [True, False, False]
    assert placed["off"] == [False] * 3
    assert carried(page(find_zones(DIAMOND, feature(0), SQUARE), []))[0]["data"]["at"] == []
