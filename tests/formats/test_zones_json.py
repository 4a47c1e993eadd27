"""Zones as JSON: written while they are found, shorter with references, compressed, whole after every interruption."""

import gzip
import io
import json

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interruptions import Interruption

from exactzones import ALWAYS, BudgetExceeded, FormatError, Network, feature, find_zones
from exactzones.formats import zones_json
from exactzones.formats.zones_json import ZonesWriter, load_zones, save_zones, schema, zones_to_json
from exactzones.testing import domains, features, networks

GRID = Network.mlp([([[1, 0], [0, 1], [1, 1], [1, -1], [2, 1]], [0, 0, "1/3", "-1/2", "5/7"]), ([[1, 2, 1, 1, 1]], [1])])
ZONES = find_zones(GRID, feature(0), (-2, 2))


def written(zones, writer, stream):
    for zone in zones:
        writer.add(zone)
    writer.finish(zones)
    return json.loads(stream.getvalue())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data(), networks(inputs=(1, 3), max_width=3))
def test_both_versions_say_the_same(tmp_path, data, net):
    zones = find_zones(net, data.draw(st.one_of(features(net), st.just(ALWAYS))), data.draw(domains(net.inputs)))
    full, path = data.draw(st.integers(0, 3)), tmp_path / data.draw(st.sampled_from(["z.json", "z.json.gz"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones_json, "FULL_ZONES", full)
        patch.setattr(zones_json, "_KNOWN_ROWS", data.draw(st.integers(1, 9)))
        patch.setattr(zones_json, "_MEMBER", data.draw(st.integers(1, 900)))
        save_zones(zones, path, merge=True)
    raw = path.read_bytes()
    document = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    jsonschema.validate(document, schema())
    assert document["version"] == (2 if len(zones) > full else 1)
    assert load_zones(path) == zones_to_json(zones, merge=True)


def test_references_are_shorter(tmp_path, monkeypatch):
    save_zones(ZONES, tmp_path / "full.json")
    monkeypatch.setattr(zones_json, "FULL_ZONES", 0)
    save_zones(ZONES, tmp_path / "short.json")
    assert (tmp_path / "short.json").stat().st_size < 0.75 * (tmp_path / "full.json").stat().st_size
    short = json.loads((tmp_path / "short.json").read_text())
    rows = [tuple(row) for zone in short["zones"] for row in zone["inequalities"] if isinstance(row, list)]
    assert len(rows) == len({max(row, tuple(zones_json._negative(row))) for row in rows})
    with pytest.raises(jsonschema.ValidationError):  # version 1 has no references
        jsonschema.validate(short | {"version": 1}, schema())


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("step", range(1, 40))
def test_an_interruption_anywhere_leaves_a_whole_file(monkeypatch, compress, step):
    """The writer is interrupted at its step-th call of anything that it uses, then it is finished with the zones until then."""
    monkeypatch.setattr(zones_json, "FULL_ZONES", 2)
    monkeypatch.setattr(zones_json, "_MEMBER", 700)
    interrupting = Interruption(step)

    class Stream(io.BytesIO):
        write = interrupting(io.BytesIO.write)

    stream = Stream()
    writer = ZonesWriter(stream, (GRID, ZONES.prop, ZONES.domain), compress=compress)
    for name in ("_json", "_zone"):
        monkeypatch.setattr(zones_json, name, interrupting(getattr(zones_json, name)))
    monkeypatch.setattr(zones_json._Table, "shorten", interrupting(zones_json._Table.shorten))
    with pytest.raises(BudgetExceeded) as stopped:
        find_zones(GRID, feature(0), (-2, 2), on_zone=writer.add)
    interrupting.left = 0
    writer.finish(stopped.value.found)
    data = stream.getvalue()
    document = json.loads(gzip.decompress(data) if compress else data)
    jsonschema.validate(document, schema())
    assert not document["complete"]
    assert zones_json._in_full(document) == zones_to_json(stopped.value.found)


def test_a_failed_write_is_reported_at_the_end():
    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(28, "No space left on device")

    writer = ZonesWriter(Full(), (GRID, ZONES.prop, ZONES.domain))
    for zone in ZONES:
        writer.add(zone)
    with pytest.raises(OSError, match="No space"):
        writer.finish(ZONES)


def test_compressed_files_have_the_same_bytes_every_time(tmp_path):
    for name in ("a.json.gz", "b.json.gz"):
        ZONES.save(tmp_path / name)
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "exactzones/zones", "version": 3}', "\x1f\x8b.."])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / "z.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(FormatError, match=r"z\.json: "):
        load_zones(tmp_path / "z.json")
