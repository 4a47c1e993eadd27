import gzip
from fractions import Fraction

import numpy as np
import pytest
from models.float_band import band
from models.support import refused
from models.test_roundings import Program

from exactzones.models import load_network

PLAIN = """// two inputs, two hidden, one output
2,2,1,2,
2,2,1,
0,
-1,-1,
1,1,
0,0,0,
1,1,1,
1,-1,
1,1,
0,
-0.5,
1,2,
0.25,
"""


def saved(path, text):
    path.write_text(text)
    return path


def test_a_network_without_scales(tmp_path):
    net = load_network(saved(tmp_path / "a.nnet", PLAIN))
    assert net.widths == (2, 1)
    assert net([3, 1]) == (2 + 2 * Fraction(7, 2) + Fraction(1, 4),)
    assert net([1, 3]) == (0 + 2 * Fraction(7, 2) + Fraction(1, 4),)


def test_means_and_ranges_are_part_of_the_network(tmp_path):
    text = PLAIN.replace("0,0,0,\n1,1,1,", "3,-1,10.5,\n2,0.1,4")
    net, plain = load_network(saved(tmp_path / "a.nnet", text)), load_network(saved(tmp_path / "b.nnet", PLAIN))
    for point in ([0, 0], [3, -1], [Fraction(1, 3), 7]):
        scaled = [(point[0] - 3) / Fraction(2), (point[1] + 1) * Fraction(10)]
        assert net(point) == (4 * plain(scaled)[0] + Fraction(21, 2),)


def test_numbers_worked_out_by_hand(tmp_path):
    """Inputs less the means by the ranges, layers, then outputs times the range plus the mean; inputs are not clipped.

    At (4, -0.95) the scaled inputs are (0.5, 0.5), the ReLUs (0, 0.5), the scaled output is 0 + 2 * 0.5 + 0.25, and 4 times
    that plus 10.5 is 15.5.  At (9, -1) they are (3, 0), (3, 2.5) and 8.25, which gives 43.5; the format's own programs would
    take the greatest first input, 5, in place of 9: (1, 0), (1, 0.5), 2.25 and 19.5.
    """
    text = PLAIN.replace("-1,-1,\n1,1,\n0,0,0,\n1,1,1,", "0,-1.5,\n5,0,\n3,-1,10.5,\n2,0.1,4,")
    net = load_network(saved(tmp_path / "a.nnet", text))
    assert net([4, "-0.95"]) == (Fraction(31, 2),)
    assert net([9, -1]) == (Fraction(87, 2),)
    assert net([5, -1]) == (Fraction(39, 2),)


def test_floats_normalize_before_and_after_the_layers(tmp_path):
    """What float16 computes, rounded up, down or to the nearest, is inside the band of the layers that join the operations."""
    text = PLAIN.replace("0,0,0,\n1,1,1,", "3,-1,10.5,\n3,0.125,5,")
    net, program = load_network(saved(tmp_path / "a.nnet", text)), Program(0)
    points = program.rounded(program.random.normal(size=(200, 2)))
    scaled = program.rounded(program.rounded(points - [3, -1]) / [3, 0.125])
    first = np.maximum(program.rounded(program.product(np.array([[1.0, -1], [1, 1]]), scaled) + np.array([0, -0.5])), 0)
    last = program.rounded(program.product(np.array([[1.0, 2]]), first) + 0.25)
    results = program.rounded(program.rounded(last * 5) + 10.5)
    low, high = band(net, points, "float16")
    assert (low <= results).all()
    assert (results <= high).all()
    assert not (results == [[float(net([*map(Fraction, point)])[0])] for point in points]).all()


def test_a_byte_order_mark_other_line_ends_and_gzip(tmp_path):
    path = tmp_path / "a.nnet.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode()))
    assert load_network(path) == load_network(saved(tmp_path / "a.nnet", PLAIN))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("2,2,1,2,", "2,2,", "line 2 is '2,2'; expected numbers of layers, inputs and outputs"),
        ("2,2,1,2,", "2,2,2,2,", "the sizes of the layers are [2, 2, 1]"),
        ("2,2,1,2,", "0,2,1,2,", "expected 1 sizes of layers"),
        ("2,2,1,\n", "2,x,1,\n", "line 3 is '2,x,1'; expected 3 sizes of layers"),
        ("\n1,-1,\n1,1,\n", "\n1,-1,3\n1,1,\n", "line 9 is '1,-1,3'; expected 2 weights"),
        ("\n1,2,\n0.25", "\n1,nan,\n0.25", "line 13 is '1,nan'; expected 2 weights"),
        ("0.25,\n", "", "line 14 is missing; expected one bias"),
        ("1,1,1,\n", "1,0,1,\n", "a range is 0"),
        (PLAIN, "\n", "line 1 is missing"),
        (PLAIN, "", "the file is empty"),
    ],
)
def test_what_does_not_fit_is_refused(old, new, part, tmp_path):
    refused(load_network, saved(tmp_path / "bad.nnet", PLAIN.replace(old, new, 1)), part)
