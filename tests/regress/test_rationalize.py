"""``rationalize`` gave 24 significant digits whatever the number's size, ran strings as code, and let sympy's errors through."""

from fractions import Fraction

import pytest
import sympy

from exactzones.errors import InexactError
from exactzones.network import Network
from exactzones.rational import rationalize


def test_a_large_number_is_taken_to_its_last_integer_digit():
    """pi * 10**30 = 3141592653589793238462643383279.50288.. (the digits of pi)."""
    taken = rationalize(sympy.pi * 10**30, 1)
    assert taken.value == 3141592653589793238462643383280
    assert Fraction(497, 1000) < taken.error < Fraction(1, 2)
    assert rationalize(sympy.exp(1000), 10).error < Fraction(1, 10)
    assert str(rationalize(sympy.exp(1000), 10)).endswith(")")


def test_a_string_is_not_run_as_code(tmp_path):
    victim = tmp_path / "victim"
    code = f"open({str(victim)!r}, 'w')"
    with pytest.raises(InexactError, match="not a finite real number"):
        Network.of(([[code]], [0], True), rationalize=10)
    assert not victim.exists()


@pytest.mark.parametrize("value", [None, object(), [1], True, "sqrt(2)"])
def test_what_is_no_number_at_all(value):
    with pytest.raises(InexactError, match=r"entry is .* not a finite real number"):
        rationalize(value, 10, "entry")


def test_zero_in_disguise():
    with pytest.raises(InexactError, match="cannot tell from zero"):
        rationalize(sympy.sin(1) ** 2 + sympy.cos(1) ** 2 - 1, 10)
    assert rationalize(sympy.Integer(0), 10).value == 0


def test_a_number_too_large_to_hold():
    with pytest.raises(InexactError, match="more than 100000 digits"):
        rationalize(sympy.exp(sympy.exp(100)), 10)
