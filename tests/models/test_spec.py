from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones.errors import DimensionError, DomainError, InputError
from exactzones.rational import text, vector
from exactzones.spec import parse_domain, parse_point


@pytest.mark.parametrize("spec", ["all", " all "])
def test_the_whole_space(spec):
    assert parse_domain(spec, 3) is None


@pytest.mark.parametrize(
    ("spec", "dim", "expected"),
    [
        ("0:1", 1, [(0, 1)]),
        ("0:1", 2, [(0, 1), (0, 1)]),
        ("-6:1/3", 2, [(-6, Fraction(1, 3))] * 2),
        ("-0.1:0.1, 0:1e3", 2, [(Fraction(-1, 10), Fraction(1, 10)), (0, 1000)]),
    ],
)
def test_boxes(spec, dim, expected):
    assert parse_domain(spec, dim) == expected


@given(st.lists(st.lists(st.fractions(), min_size=2, max_size=2, unique=True).map(sorted), min_size=1))
def test_boxes_are_read_exactly(box):
    spec = ",".join(f"{text(lower)}:{text(upper)}" for lower, upper in box)
    assert parse_domain(spec, len(box)) == [tuple(interval) for interval in box]


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("1:0", DomainError, "domain of every input is empty: 1 > 0"),
        ("0:1,1/2:1/3", DomainError, "domain of input 1 is empty: 1/2 > 1/3"),
        ("0:1,0:1,0:1", DimensionError, "domain '0:1,0:1,0:1' has 3 entries; expected 2"),
        ("", InputError, "domain of every input is ''; write LO:HI"),
        ("1", InputError, "domain of every input is '1'; write LO:HI"),
        ("0:1:2", InputError, "write LO:HI"),
        ("0:1,", InputError, "domain of input 1 is ''"),
        ("a:1", InputError, "lower bound of every input is 'a'"),
        ("0:", InputError, "upper bound of every input is ''"),
        ("0:1,0:inf", InputError, "upper bound of input 1 is 'inf'"),
        ("0:nan", InputError, "upper bound of every input is 'nan'"),
        ("0:1/0", InputError, "divides by zero"),
        ("all,all", InputError, "domain of input 0 is 'all'"),
    ],
)
def test_bad_domains(spec, error, message):
    with pytest.raises(InputError, match=message) as caught:
        parse_domain(spec, 2)
    assert isinstance(caught.value, error)


def test_points():
    assert parse_point("1/2,-3/4", 2) == vector("1/2", "-3/4")
    assert parse_point(" 0.1 ", 1) == vector("1/10")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("1", "point '1' has 1 entry; expected 2"),
        ("1,2,3", "3 entries; expected 2"),
        ("1,x", "coordinate 1 of the point is 'x'"),
        ("1,", "coordinate 1 of the point is ''"),
        ("inf,1", "coordinate 0 of the point is 'inf'"),
    ],
)
def test_bad_points(spec, message):
    with pytest.raises(InputError, match=message):
        parse_point(spec, 2)
