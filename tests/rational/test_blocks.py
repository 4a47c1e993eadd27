"""Products by dense blocks against those of whole matrices."""

import numpy as np
from examples_drawn import at_most
from hypothesis import given
from hypothesis import strategies as st

from exactzones.rational import Matrix
from exactzones.rational.blocks import BlockMatrix, Blocks, SparseFloats, SparseForm, _SparsePart
from exactzones.rational.storage import DenseFloats, SparseEntries


@st.composite
def sparse_matrices(draw):
    """Small integers: at random places, or the same small blocks again and again, as in a convolution."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    matrix = rng.integers(-4, 5, (height, width)) * (rng.random((height, width)) < draw(st.sampled_from([0, 0.2, 0.7])))
    if draw(st.booleans()):
        block = rng.integers(1, 4, (draw(st.integers(1, 3)), draw(st.integers(1, 3))))
        matrix = np.kron(np.eye(draw(st.integers(1, 7)), dtype=int), block)
        matrix += np.roll(matrix, 1, 1) * draw(st.integers(0, 1))
    return matrix.astype(float)


@at_most(100)
@given(sparse_matrices(), st.integers(0, 1 << 32))
def test_products_by_blocks_are_those_of_the_matrix(matrix, seed):
    rng = np.random.default_rng(seed)
    rows, columns = np.nonzero(matrix)
    values = matrix[rows, columns]
    sparse = SparseFloats(matrix.shape, rows, columns, values)
    left = rng.integers(-3, 4, (5, len(matrix))).astype(float) * (rng.random(len(matrix)) < 0.7)
    right = rng.integers(-3, 4, (3, matrix.shape[1])).astype(float)
    assert np.array_equal(left @ sparse, left @ matrix)
    assert np.array_equal(left[0] @ sparse, left[0] @ matrix)
    assert np.array_equal(right @ sparse.T, right @ matrix.T)
    assert np.array_equal(sparse @ right[0], matrix @ right[0])
    assert np.array_equal(sparse.T.T @ right.T, matrix @ right.T)
    chosen = rng.integers(0, len(matrix), (2, 3))
    assert np.array_equal(sparse[chosen], matrix[chosen])
    kept = rng.random(matrix.shape[1]) < 0.5
    assert np.array_equal(left @ sparse.pick(kept), left @ matrix[:, kept])
    rows_kept = rng.random(len(matrix)) < 0.5
    part, dense = _SparsePart(sparse, np.flatnonzero(rows_kept), np.flatnonzero(kept)), matrix[np.ix_(rows_kept, kept)]
    assert np.array_equal(sparse.part(rows_kept, kept), dense)
    assert part.entries == np.count_nonzero(dense)
    assert np.array_equal(left[:, rows_kept] @ part, left[:, rows_kept] @ dense)
    assert np.array_equal(left[0, rows_kept] @ part, left[0, rows_kept] @ dense)
    assert np.array_equal(right[:, kept] @ part.T, right[:, kept] @ dense.T)
    assert np.array_equal(part[np.arange(len(dense))], dense)
    needed = rng.random(matrix.shape[1]) < 0.5
    both, chosen = BlockMatrix(Blocks(matrix.shape, rows, columns), [values, 2 * values]).product(left, needed)
    wanted = np.stack([left @ matrix, 2 * left @ matrix])
    assert np.array_equal(both, wanted[:, :, chosen])
    assert not wanted[:, :, needed & ~chosen].any()


@given(sparse_matrices())
def test_columns_of_one_block_are_neighbours_in_the_order(matrix):
    rows, columns = np.nonzero(matrix)
    blocks = Blocks(matrix.shape, rows, columns)
    order = blocks.order()
    assert sorted(order.tolist()) == list(range(matrix.shape[1]))
    for j, k in zip(*np.triu_indices(matrix.shape[1], 1), strict=True):
        same = np.array_equal(matrix[:, j] != 0, matrix[:, k] != 0)
        between = [m for m in range(matrix.shape[1]) if min(order[j], order[k]) < order[m] < max(order[j], order[k])]
        ends = [np.nonzero(matrix[:, m])[0][[0, -1]].tolist() for m in (j, *between) if matrix[:, m].any()]
        assert not same or all(end == ends[0] for end in ends)


def test_a_matrix_is_kept_by_blocks_where_that_is_faster():
    blocks = np.kron(np.eye(64), np.ones((8, 8)))
    form = Matrix.of(blocks).sparse_form
    assert form is not None
    assert np.array_equal(form.entries.dense(form.entries.values), blocks)
    assert SparseForm.of(SparseEntries(blocks.shape, *np.nonzero(blocks), blocks[np.nonzero(blocks)])) is not None
    assert SparseForm.of(DenseFloats(np.ones((512, 512)))) is None
    assert SparseForm.of(DenseFloats(np.diag(np.ones(512)) + np.eye(512)[::-1] + np.eye(512, k=7))) is not None
    scattered = np.random.default_rng(0).random((512, 512)) < 0.3
    assert SparseForm.of(DenseFloats(scattered.astype(float))) is None
    assert Matrix.of(np.eye(8)).sparse_form is None
    assert Matrix.of([["sqrt(2)"]]).sparse_form is None
