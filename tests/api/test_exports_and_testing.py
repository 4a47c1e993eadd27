"""The functions for users' own tests, and the export of files: each argument, each kind of value that people pass."""

from functools import partial

import pytest
from api.doors import COUNT, NET, POINT, ZONES, Door, attempts, in_order, try_door
from hypothesis import find, settings

from exactzones import export, testing


def drawn_from(strategy, *, argument):
    """Draw one example: a strategy that is composed reads its arguments when it draws."""
    return find(strategy(argument), lambda _: True, settings=settings(max_examples=5, database=None))


DOORS = {
    "export.save": Door(in_order(export.save), {"zones": ZONES, "path": "/nowhere/zones.csv"}),
    "testing.adjacency_is_right": Door(testing.adjacency_is_right, {"zones": ZONES, "index": 0}),
    "testing.check_zones": Door(testing.check_zones, {"zones": ZONES, "examples": 1, "progress": print}, {"examples": COUNT}),
    "testing.domain_points": Door(testing.domain_points, {"zones": ZONES}),
    "testing.domains": Door(testing.domains, {"dim": 2}, {"dim": {"int": ...}}),
    "testing.dyadics": Door(testing.dyadics, {"bits": 4, "bound": 3}, {"bits": {"int": ...}, "bound": {"int": ...}}),
    "testing.floats32": Door(testing.floats32, {"bound": 3}, {"bound": {"int": ...}}),
    "testing.points": Door(testing.points, {"dim": 2}, {"dim": {"int": ...}}),
    "testing.rationals": Door(testing.rationals, {"max_denominator": 4}, {"max_denominator": {"int": ...}}),
    "testing.zones_are_complete": Door(testing.zones_are_complete, {"zones": ZONES, "point": [0, 0]}, {"point": POINT}),
    "testing.zones_are_sound": Door(testing.zones_are_sound, {"zones": ZONES, "point": [0, 0]}, {"point": POINT}),
    "testing.zones_do_not_overlap": Door(testing.zones_do_not_overlap, {"zones": ZONES, "point": [0, 0]}, {"point": POINT}),
}
for _name, _argument in (("boxes", 2), ("features", NET), ("networks", "plain"), ("points_near", NET), ("polyhedra", 2)):
    _kept = {"int": ...} if _argument == 2 else {"none": ...} if _name == "networks" else {}
    DOORS[f"testing.{_name}"] = Door(partial(drawn_from, getattr(testing, _name)), {"argument": _argument}, {"argument": _kept})


@pytest.mark.parametrize(("door", "place", "value"), list(attempts(DOORS)))
def test_what_is_passed_is_taken_in_its_plain_meaning_or_refused_in_one_line(door, place, value):
    try_door(door, place, value)
