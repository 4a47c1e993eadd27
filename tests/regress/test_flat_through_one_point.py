"""``AffineMap.through`` lost the dimension of the space when only one point was given."""

from exactzones.affine import AffineMap
from exactzones.rational import vector


def test_one_point_is_a_flat_of_dimension_zero():
    flat = AffineMap.through([1, 2])
    assert (flat.inputs, flat.outputs) == (0, 2)
    assert flat(()) == vector(1, 2)
