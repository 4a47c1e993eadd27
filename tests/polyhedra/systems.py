"""Random systems of few small rows, with and without equations, bounded and not, for the tests of back ends."""

from hypothesis import strategies as st

from exactzones.polyhedra import HRep

ENTRIES = st.integers(-3, 3)


@st.composite
def systems(draw, most_rows=7):
    dim = draw(st.integers(1, 3))
    row = st.lists(ENTRIES, min_size=dim + 1, max_size=dim + 1)
    equations = draw(st.lists(row, max_size=2)) if draw(st.booleans()) else []
    rows = draw(st.lists(row, max_size=most_rows))
    if draw(st.booleans()):
        rows += [[5, *(sign * int(j == k) for j in range(dim))] for k in range(dim) for sign in (1, -1)]
    return HRep.of(dim, rows, equations=equations)
