"""Every public function, each of its arguments, each kind of value that people pass."""

import dataclasses
import inspect
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from api.doors import (
    BOX,
    COUNT,
    DOMAIN,
    FEATURE,
    FREE,
    LIMIT,
    MAP,
    NET,
    NUMBER,
    POINT,
    PROOF,
    SEARCH,
    ZONES,
    Door,
    attempts,
    in_order,
    kind,
    try_door,
)

import exactzones
from exactzones import (
    AffineMap,
    Budget,
    Certificate,
    Disjunction,
    HRep,
    Layer,
    Matrix,
    Network,
    Polyhedron,
    Property,
    certify,
    condition,
    conjunction,
    feature,
    find_zones,
    nearest,
)

UNION = exactzones.find_union(NET, feature(0) | feature(1), BOX)
SAE = {"W_enc": np.eye(4), "b_enc": np.zeros(4)}
CLAIM = {"network": NET, "prop": feature(0), "domain": BOX}
OF_CLAIM = {"prop": FEATURE, "domain": DOMAIN}
LISTING = {
    **CLAIM,
    "engine": "forward",
    "seconds": 60,
    "max_zones": None,
    "jobs": 1,
    "executor": None,
    "progress": None,
}
STORING = {place: value for place, value in LISTING.items() if place != "engine"}
LONG_SEARCH = {**SEARCH, "progress": {"none": None}}
OF_LISTING = {**OF_CLAIM, **SEARCH, "max_zones": {"int": 3, "none": None}, "progress": {"none": None}}
BOXES = {name: box for name, box in DOMAIN.items() if name != "none"}  # what must be bounded

DOORS = {
    "AffineMap.after": Door(in_order(MAP.after), {"inner": AffineMap.identity(1)}),
    "AffineMap.identity": Door(AffineMap.identity, {"dim": 2}, {"dim": COUNT}),
    "AffineMap.of": Door(AffineMap.of, {"matrix": [[1, 0], [0, 1]], "offset": [0, 0]}, {"offset": POINT}),
    "AffineMap.through": Door(
        in_order(AffineMap.through), {"first": [0, 0], "second": [1, 0]}, {"first": POINT, "second": POINT}
    ),
    "AffineMap()": Door(in_order(AffineMap.identity(2)), {"point": [0, 0]}, {"point": POINT}),
    "AffineMap": Door(AffineMap, {"matrix": Matrix.identity(1), "offset": (0,)}, {"offset": FREE}),
    "Budget": Door(Budget, {"zones": 1, "seconds": 1.0}, {"zones": {**COUNT, "none": None}, "seconds": LIMIT}),
    "ZoneStore.open": Door(exactzones.ZoneStore.open, {"directory": Path(__file__).parent}),
    "Certificate.load": Door(Certificate.load, {"path": Path(__file__)}),
    "Features.of": Door(
        exactzones.Features.of,
        {"network": NET, "sae": SAE, "activation": "relu", "k": None, "apply_b_dec_to_input": None},
        {"sae": {"none": ...}, "network": {"none": ...}, "k": {"int": ..., "none": ...}, "activation": {"none": "relu"}}
        | {"apply_b_dec_to_input": {"none": ...}},
        str,
    ),
    "Features.fires": Door(
        exactzones.Features.of(NET).fires, {"data": [[0, 0], [1, 2]]}, {"data": POINT}, lambda found: found.tolist()
    ),
    "Features.islands": Door(
        exactzones.Features.of(NET).islands,
        {"unit": 0, "domain": BOX, "data": [[1, 2]], "seconds": 60},
        {"unit": COUNT, "domain": DOMAIN, "seconds": LIMIT},
        str,
    ),
    "Features.prop": Door(exactzones.Features.of(NET).prop, {"unit": 0}, {"unit": COUNT}),
    "HRep.of": Door(HRep.of, {"dim": 1, "rows": [(1, 1)], "strict": [], "equations": []}, {"dim": {}}),
    "Layer.of": Door(
        Layer.of,
        {"weight": [[1, 0], [0, 1]], "bias": [0, 0], "relu": True, "what": "layer"},
        {"bias": {**POINT, "none": [0, 0]}, "what": FREE},
    ),
    "Layer": Door(Layer, {"weight": Matrix.identity(1), "bias": (0,), "relu": (True,)}, {"bias": FREE, "relu": FREE}),
    "Matrix.identity": Door(Matrix.identity, {"size": 2}, {"size": COUNT}),
    "Matrix.of": Door(
        Matrix.of,
        {"rows": [[1, 2]], "what": "matrix", "columns": 2},
        {"what": FREE, "columns": {"none": None}},
    ),
    "Matrix @": Door(in_order(Matrix.identity(2).__matmul__), {"vector": [0, 0]}, {"vector": POINT}),
    "Nearest.inside": Door(nearest(ZONES, [0, 0]).inside, {"share": "1/2"}),
    "Network": Door(Network, {"layers": NET.layers, "rationalizations": ()}, {"rationalizations": FREE}),
    "Network.__call__": Door(in_order(NET), {"point": [0, 0]}, {"point": POINT}),
    "Network.compose": Door(NET.compose, {"embedding": MAP}),
    "Network.latent": Door(NET.latent, {"name": "input"}),
    "Network.mlp": Door(Network.mlp, {"pairs": [([[1]], [0])], "rationalize": None}, {"rationalize": {"int": 3, "none": None}}),
    "Network.of": Door(in_order(Network.of), {"layer": ([[1]], [0], True)}),
    "Network.pattern": Door(
        NET.pattern, {"point": [0, 0], "horizon": None}, {"point": POINT, "horizon": {"int": 3, "none": None}}
    ),
    "Network.point": Door(NET.point, {"coordinates": [0, 0]}, {"coordinates": POINT}),
    "Network.rationalized": Door(NET.rationalized, {"max_denominator": 2}, {"max_denominator": COUNT}),
    "Network.satisfies": Door(NET.satisfies, {"point": [0, 0], "prop": feature(0)}, {"point": POINT, "prop": FEATURE}),
    "Network.save": Door(NET.save, {"path": "/nowhere/net.json"}),
    "Network.tail": Door(NET.tail, {"layer": 0}),
    "Network.trace": Door(NET.trace, {"point": [0, 0]}, {"point": POINT}),
    "Polyhedron.box": Door(
        Polyhedron.box,
        {"low": [0, 0], "high": [4, 4], "dim": 2},
        {
            "low": {**POINT, "int": [3, 3], "float": ["3/2", "3/2"]},
            "high": {**POINT, "int": [3, 3], "float": ["3/2"] * 2},
            "dim": {"none": 2},
        },
    ),
    "Polyhedron.contains": Door(BOX.contains, {"point": [0, 0]}, {"point": POINT}),
    "Polyhedron.hull": Door(Polyhedron.hull, {"vertices": [[0, 0]], "rays": [], "lines": []}),
    "Polyhedron.intersect": Door(BOX.intersect, {"other": BOX}),
    "Polyhedron.is_subset": Door(BOX.is_subset, {"other": BOX}),
    "Polyhedron.maximize": Door(BOX.maximize, {"objective": [1, 0]}, {"objective": POINT}),
    "Polyhedron.of": Door(Polyhedron.of, {"dim": 1, "rows": [(1, 1)], "strict": [], "equations": []}),
    "Polyhedron.preimage": Door(BOX.preimage, {"mapping": MAP}),
    "Polyhedron.space": Door(Polyhedron.space, {"dim": 2}, {"dim": COUNT}),
    "Disjunction": Door(Disjunction, {"cases": (feature(0), feature(1))}),
    "Property": Door(Property, {"conditions": feature(0).conditions}),
    "Zone.band": Door(ZONES[0].band, {"arithmetic": "float32"}),
    "Zone.contains": Door(ZONES[0].contains, {"points": [0, 0]}, {"points": POINT}),
    "Zone.fires": Door(ZONES[0].fires, {"points": [0, 0]}, {"points": POINT}),
    "Zones.at": Door(ZONES.at, {"points": [0, 0]}, {"points": POINT}),
    "Zones.containing": Door(ZONES.containing, {"points": [0, 0]}, {"points": POINT}),
    "Zones.mean": Door(ZONES.mean, {"density": {(1, 0): 1, (0, 0): 5}}, {"density": {"none": None}}),
    "Zones.moment": Door(
        ZONES.moment, {"power": 2, "density": {(1, 0): 1, (0, 0): 5}}, {"power": COUNT, "density": {"none": None}}
    ),
    "Zones.save": Door(ZONES.save, {"path": "/nowhere/zones.json"}),
    "Zones.zones_in": Door(ZONES.zones_in, {"latent": "input"}),
    "along": Door(
        exactzones.along,
        {"network": NET, "first": [0, 0], "last": [1, 0], "seconds": 60},
        {"first": POINT, "last": POINT, "seconds": LIMIT},
    ),
    "Segment.at": Door(exactzones.along(NET, [0, 0], [1, 0]).at, {"t": "1/2"}),
    "Segment.firing": Door(
        exactzones.along(NET, [0, 0], [4, 0]).firing, {"unit": 0, "threshold": 0}, {"unit": COUNT, "threshold": NUMBER}
    ),
    "Segment.point": Door(exactzones.along(NET, [0, 0], [1, 0]).point, {"t": "1/2"}, {"t": NUMBER}),
    "zone_at": Door(
        exactzones.zone_at,
        {"network": NET, "point": [1, 2], "domain": BOX, "prop": feature(0), "seconds": 60},
        {"point": POINT, "domain": {**DOMAIN, "none": ...}, "prop": FEATURE, "seconds": LIMIT},
    ),
    "LocalZone.nearest_facet": Door(exactzones.zone_at(NET, [1, 0])[0].nearest_facet, {"norm": 2}),
    "certify": Door(
        certify,
        {**CLAIM, "seconds": 60, "resume": None, "jobs": 1, "executor": None, "progress": None},
        {**OF_CLAIM, **SEARCH, "resume": {"none": None}, "progress": {"none": None}},
        kind,
    ),
    "check": Door(exactzones.check, {**CLAIM, "certificate": PROOF, "seconds": 60}, {**OF_CLAIM, "seconds": LIMIT}),
    "activations": Door(exactzones.activations, {"model": None, "layer": "mlp", "inputs": None, "side": "output"}),
    "bounding": Door(exactzones.bounding, {"data": [[0, 0], [1, 2]], "kind": "box"}),
    "among_largest": Door(
        exactzones.among_largest,
        {"index": 1, "count": 2, "units": 3, "layer": -1, "after_relu": False},
        {"index": COUNT, "count": COUNT, "units": COUNT, "layer": COUNT},
    ),
    "condition": Door(
        condition,
        {"coefficients": [1], "constant": 0, "layer": -1, "strict": True, "after_relu": False},
        {"coefficients": POINT, "constant": NUMBER, "layer": COUNT},
    ),
    "conjunction": Door(in_order(conjunction), {"first": feature(0), "second": 1}, {"first": FEATURE, "second": FEATURE}),
    "dead_features": Door(
        exactzones.dead_features,
        {"network": NET, "domain": BOX, "layer": -1, "seconds": 60, "jobs": 1, "executor": None, "progress": None},
        {"domain": DOMAIN, **LONG_SEARCH},
        sorted,
    ),
    "exact": Door(exactzones.exact, {"value": 1, "what": "value"}, {"value": NUMBER, "what": FREE}),
    "explore": Door(
        exactzones.explore,
        {"network": NET, "prop": feature(0), "at": [1, 2], "domain": BOX, "norm": 2, "radius": 1, "everywhere": False}
        | {"max_zones": None, "seconds": 60, "progress": None, "on_zone": None},
        {"prop": FEATURE, "at": POINT, "domain": DOMAIN, "radius": {**NUMBER, "none": ...}}
        | {"max_zones": {"int": 3, "none": None}, "seconds": LIMIT, "progress": {"none": None}, "on_zone": {"none": None}},
        lambda found: [(near.pattern, near.distance) for near in found],
    ),
    "feature": Door(
        feature,
        {"index": 0, "threshold": 0, "layer": -1},
        {"index": COUNT, "threshold": NUMBER, "layer": COUNT},
    ),
    "ZoneUnion.at": Door(UNION.at, {"point": [0, 0]}, {"point": POINT}),
    "ZoneUnion.containing": Door(UNION.containing, {"point": [0, 0]}, {"point": POINT}),
    "ZoneUnion.save": Door(UNION.save, {"path": "/nowhere/zones.json"}),
    "find_union": Door(exactzones.find_union, LISTING, OF_LISTING),
    "find_zones": Door(
        find_zones,
        {**LISTING, "on_zone": None},
        {**OF_LISTING, "on_zone": {"none": None}},
    ),
    "find_zones(budget)": Door(find_zones, {**CLAIM, "budget": Budget(9, 60)}, {**OF_CLAIM, "budget": {"none": None}}),
    "from_flax": Door(exactzones.from_flax, {"parameters": {"Dense_0": {"kernel": np.eye(2)}}}),
    "from_sklearn": Door(exactzones.from_sklearn, {"model": None}),
    "from_torch": Door(exactzones.from_torch, {"module": None}),
    "load_network": Door(exactzones.load_network, {"path": "net.npz"}),
    "maximum": Door(
        exactzones.maximum,
        {"network": NET, "unit": 0, "domain": BOX, "layer": -1, "seconds": 60, "jobs": 1, "executor": None},
        {"unit": {"int": feature(3)}, "domain": DOMAIN, **SEARCH},
        lambda best: (best.value, best.point, best.ray),
    ),
    "measure": Door(
        exactzones.measure,
        {
            "network": NET,
            "unit": 0,
            "domain": BOX,
            "others": [1],
            "layer": -1,
            "seconds": 60,
            "jobs": 1,
            "executor": None,
            "progress": None,
        },
        {
            "unit": {"int": feature(3)},
            "domain": BOXES,
            "others": {"int": [3], "list": [1, 2]},
            **LONG_SEARCH,
        },
    ),
    "covariance": Door(
        exactzones.covariance,
        {"network": NET, "unit": 0, "other": 1, "domain": BOX, "layer": -1, "seconds": 60},
        {"unit": {"int": feature(3)}, "other": {"int": 3}, "domain": BOXES, "seconds": LIMIT},
    ),
    "topology": Door(
        exactzones.topology,
        {
            "network": NET,
            "unit": 0,
            "domain": BOX,
            "threshold": 0,
            "open": False,
            "layer": -1,
            "seconds": 60,
            "jobs": 1,
            "executor": None,
            "progress": None,
        },
        {
            "unit": {"int": feature(3)},
            "domain": DOMAIN,
            "threshold": NUMBER,
            **LONG_SEARCH,
        },
    ),
    "nearest": Door(nearest, {"zones": ZONES, "point": [0, 0], "norm": 2}, {"point": POINT}),
    "nearest_input": Door(
        exactzones.nearest_input,
        {"network": NET, "prop": feature(0), "point": [1, 2], "norm": 2, "domain": BOX, "seconds": 60},
        {"prop": FEATURE, "point": POINT, "domain": DOMAIN, "seconds": LIMIT},
        lambda answer: (answer.lower, answer.upper, answer.point),
    ),
    "never_together": Door(
        exactzones.never_together,
        {"network": NET, "features": 0, "other": 2, "domain": BOX, "layer": -1, "seconds": 60, "jobs": 1, "executor": None},
        {"features": FEATURE, "other": FEATURE, "domain": DOMAIN, **SEARCH},
        kind,
    ),
    "never_together(list)": Door(
        exactzones.never_together,
        {"network": NET, "features": [feature(0), 2], "other": BOX},
        {"features": {"list": [feature(1), feature(2)]}, "other": DOMAIN},
        kind,
    ),
    "prove_complete": Door(
        exactzones.prove_complete,
        {"zones": ZONES, "seconds": 60, "jobs": 1, "executor": None, "progress": None},
        {**LONG_SEARCH},
        kind,
    ),
    "prove_island": Door(
        exactzones.prove_island,
        {"found": exactzones.explore(NET, 0, [1, 0]), "seconds": 60},
        {"seconds": LIMIT},
        len,
    ),
    "radius": Door(
        exactzones.radius,
        {"network": NET, "prop": feature(0), "point": [1, 2], "norm": 2, "domain": BOX, "seconds": 60},
        {"prop": FEATURE, "point": POINT, "domain": DOMAIN, "seconds": LIMIT},
        lambda answer: (answer.lower, answer.upper, answer.point),
    ),
    "regime_bound": Door(exactzones.regime_bound, {"units": 10, "dim": 2}, {"units": COUNT, "dim": COUNT}),
    "save_network": Door(in_order(exactzones.save_network), {"network": NET, "path": "/nowhere/net.json"}),
    "store_zones": Door(lambda **places: list(exactzones.store_zones(**places, directory=mkdtemp())), STORING, OF_LISTING),
    "stream_zones": Door(lambda **places: list(exactzones.stream_zones(**places)), LISTING, OF_LISTING),
    "together": Door(
        exactzones.together,
        {"network": NET, "features": [0, 2], "domain": BOX, "seconds": 60, "jobs": 1, "executor": None, "progress": None},
        {
            "domain": DOMAIN,
            "features": {"int": [3], "list": [1, 2], "none": range(4)},
            **LONG_SEARCH,
        },
        lambda answer: (answer.together >= 0).tolist(),
    ),
    "unrelu": Door(in_order(exactzones.unrelu), {"target": BOX, "layer": NET.layers[0]}),
    "vector": Door(in_order(exactzones.vector), {"first": 1, "second": 2}, {"first": NUMBER, "second": NUMBER}),
}

RECORDS = {
    *(
        "Band",
        "BorderFacet",
        "CanFire",
        "CannotFire",
        "Certificate",
        "CoFiring",
        "Complete",
        "Exploration",
        "FeatureIsland",
        "LocalZone",
        "Maximum",
        "Measures",
        "MergedZone",
        "NearZone",
        "Nearest",
        "NearestInput",
        "PairMeasures",
        "ProvedMaximum",
        "Report",
        "Segment",
        "SegmentPiece",
        "Undecided",
    ),
    *(
        "Cell",
        "Condition",
        "HRep",
        "Hole",
        "Latent",
        "Matrix",
        "Polyhedron",
        "VRep",
        "Zone",
        "Topology",
        "ZoneCondition",
        "ZoneFacet",
        "UnionZone",
        "ZoneUnion",
        "Zones",
    ),
}
"""What functions return; their parts are not read at a door, but where they have one of their own, such as ``Matrix.of``."""


@pytest.mark.parametrize(("door", "place", "value"), list(attempts(DOORS)))
def test_what_is_passed_is_taken_in_its_plain_meaning_or_refused_in_one_line(door, place, value):
    try_door(door, place, value)


def test_every_public_function_has_a_door():
    assert set(DOORS) >= {name for name in exactzones.__all__ if inspect.isfunction(getattr(exactzones, name))}
    for name in exactzones.__all__:
        public = getattr(exactzones, name)
        if not inspect.isclass(public) or issubclass(public, Exception):
            continue
        assert any(door.partition(".")[0] == name for door in DOORS) or name in RECORDS, name


@pytest.mark.parametrize("name", sorted(RECORDS - {"Matrix"}))
def test_records_are_plain_values(name):
    assert dataclasses.is_dataclass(getattr(exactzones, name))
