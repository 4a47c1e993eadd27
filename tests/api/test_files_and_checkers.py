"""Functions that read and write files, and the checkers: each argument, each kind of value that people pass."""

import tempfile
from pathlib import Path

import pytest
from api.doors import BOX, NET, PROOF, ZONES, Door, attempts, in_order, try_door

from exactzones import feature
from exactzones.certification import case_of
from exactzones.checker import check
from exactzones.checker.reference import check_plainly
from exactzones.checker.verified import check_verified
from exactzones.export import csv_text, geojson, gexf, graphml, plain_graph, smtlib, wkt
from exactzones.formats import certificates, zones_json
from exactzones.models import network_json, npz, onnx_model, state_dict
from exactzones.vnnlib.reader import read_query, read_vnnlib

FOLDER = tempfile.TemporaryDirectory()
FILE = str(Path(FOLDER.name) / "file.json")
PATH, WRITTEN = {"path": FILE}, {"path": {"str": ...}}
CLAIM = {"network": NET, "cases": [case_of(NET, feature(1), BOX)], "lines": PROOF.lines}
BOXES = {**dict.fromkeys(("list", "array", "tensor"), "1:2"), "none": None}
DOORS = {
    "load_certificate": Door(certificates.load_certificate, PATH),
    "save_certificate": Door(certificates.save_certificate, {"certificate": PROOF, **PATH}, WRITTEN),
    "load_zones": Door(zones_json.load_zones, PATH),
    "save_zones": Door(zones_json.save_zones, {"zones": ZONES, **PATH, "merge": False}, WRITTEN),
    "zones_to_json": Door(zones_json.zones_to_json, {"zones": ZONES, "merge": False}),
    "load_json": Door(network_json.load_json, PATH),
    "load_npz": Door(npz.load_npz, PATH),
    "load_onnx": Door(onnx_model.load_onnx, PATH),
    "load_safetensors": Door(state_dict.load_safetensors, PATH),
    "load_state_dict": Door(state_dict.load_state_dict, PATH),
    "read_vnnlib": Door(read_vnnlib, {**PATH, "network": NET}, {"network": {"none": ...}}),
    "read_query": Door(read_query, PATH),
    "csv_text": Door(csv_text, {"zones": ZONES}),
    "geojson": Door(geojson, {"zones": ZONES, "window": BOX}, {"window": BOXES}),
    "gexf": Door(gexf, {"zones": ZONES}),
    "graphml": Door(graphml, {"zones": ZONES}),
    "plain_graph": Door(plain_graph, {"zones": ZONES}),
    "smtlib": Door(smtlib, {"network": NET, "prop": 0, "domain": BOX}, {"prop": {"int": feature(3)}, "domain": BOXES}),
    "wkt": Door(wkt, {"zones": ZONES, "window": BOX}, {"window": BOXES}),
}
LINES = dict.fromkeys(("list", "array", "tensor"), ...)
for checker in (check, check_plainly, check_verified):
    DOORS[checker.__name__] = Door(in_order(checker), CLAIM, {"lines": LINES})


@pytest.mark.parametrize(("door", "place", "value"), list(attempts(DOORS)))
def test_what_is_passed_is_taken_in_its_plain_meaning_or_refused_in_one_line(door, place, value):
    try_door(door, place, value)


@pytest.mark.parametrize("checker", [check, check_plainly])
def test_lines_that_are_not_text_are_an_invalid_certificate(checker):
    assert checker(**CLAIM | {"lines": [1, 2]}).verdict == "invalid"
    assert checker(**CLAIM).verdict == "valid"
