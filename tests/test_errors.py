"""Messages of sizes that differ, and errors that go from one process to another."""

import pickle

import pytest

from exactzones.errors import DimensionError, InputError


@pytest.mark.parametrize(
    ("got", "size", "written"),
    [
        (0, "entries", "weight has 0 entries; expected 2"),
        (1, "entries", "weight has 1 entry; expected 2"),
        (3, "entries", "weight has 3 entries; expected 2"),
        (1, "rows", "weight has 1 row; expected 2"),
        (3, "rows", "weight has 3 rows; expected 2"),
        (1, "dimension", "weight has dimension 1; expected 2"),
    ],
)
def test_a_size_that_differs_is_a_sentence(got, size, written):
    error = DimensionError("weight", expected=2, got=got, size=size)
    assert str(error) == written
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(copy), str(copy)) == (DimensionError, written)
    assert isinstance(error, InputError)
