"""``ALWAYS``, documented to have all cells as its zones, gave one zone: all of the domain, with no pattern."""

from exactzones import ALWAYS, Network, find_zones


def test_a_property_without_conditions_lists_every_cell():
    """|x| has the two cells x <= 0 and x >= 0; ReLU(|x| - 1) cuts each once more."""
    absolute = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])
    assert sorted(zone.pattern for zone in find_zones(absolute, ALWAYS)) == [("+-",), ("-+",)]
    with_relu = Network.of(([[1], [-1]], [0, 0], True), ([[1, 1]], [-1], True))
    assert sorted(zone.pattern for zone in find_zones(with_relu, ALWAYS)) == [
        ("+-", "+"),
        ("+-", "-"),
        ("-+", "+"),
        ("-+", "-"),
    ]


def test_its_largest_value_is_asked_for():
    """Zone.maximum looked for a first condition and raised IndexError."""
    net = Network.mlp([([[1]], [0])])
    assert find_zones(net, ALWAYS).maximum.value == 0
