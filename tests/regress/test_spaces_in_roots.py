"""Long spaces in a number with a root, from a hostile file, took the square of their number of steps: minutes."""

from __future__ import annotations

import time

import pytest

from exactzones import InexactError
from exactzones.rational import algebraic


@pytest.mark.parametrize("text", ["1" + " " * 90_000 + "sqrt(2)", "sqrt" + " " * 10**6 + "(2)"])
def test_spaces_are_read_in_no_time(text):
    """The first took 100 seconds; the second is longer than any number may be."""
    start = time.monotonic()
    with pytest.raises(InexactError):
        algebraic(text)
    assert time.monotonic() - start < 5


def test_spaces_around_operators_are_left_out():
    """Nowhere else."""
    assert algebraic(" 1 / 2 \t+ 3 *sqrt(2)/ 5\n") == algebraic("1/2+3*sqrt(2)/5")
    for wrong in ("1 2+sqrt(2)", "s qrt(2)", "sqrt(2) sqrt(2)", "sqrt (2)"):
        with pytest.raises(InexactError):
            algebraic(wrong)
