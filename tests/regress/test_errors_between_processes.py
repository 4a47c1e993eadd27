"""An error of which pickle could not make the same again: a pool of processes broke or hung instead of raising it."""

from __future__ import annotations

import pickle

import pytest

from exactzones import BudgetExceeded, DimensionError, InputError


@pytest.mark.parametrize(
    "error", [DimensionError("point", expected=2, got=3), InputError("no"), BudgetExceeded("2 s ran out", [1])]
)
def test_errors_are_pickled(error):
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - of our own making
    assert (type(again), str(again)) == (type(error), str(error))
    assert getattr(again, "found", None) == getattr(error, "found", None)
