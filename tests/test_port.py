import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exactzones.errors import FeatureError
from exactzones.port import Port


@given(st.lists(st.integers(1, 4), max_size=4), st.integers(0, 9))
def test_places_are_those_of_numpy(shape, first):
    port, array = Port("y", tuple(shape), first), np.arange(np.prod(shape, dtype=int)).reshape(shape)
    for indices in np.ndindex(*shape):
        place = first + int(array[indices])
        assert port.place(*indices) == port.place(place - first) == place
        assert shape[:1] != [1] or port.place(*indices[1:]) == place


@pytest.mark.parametrize("indices", [(), (6,), (0, 3), (2, 0), (0, 2, 0), (1, 0, 0, 0)])
def test_entries_that_do_not_exist(indices):
    with pytest.raises(FeatureError, match=r"is not an entry of 'y', which has shape \(1, 2, 3\).*below 6"):
        Port("y", (1, 2, 3), 0).place(*indices)
