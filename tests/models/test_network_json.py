import json
import tracemalloc
from fractions import Fraction

import pytest
from models.support import refused

from exactzones.models import load_network, network_json
from exactzones.rational import vector

HEAD = '"format": "exactzones/network", "version": 1'


def write(path, layers, rest=""):
    path.write_text(f'{{{HEAD}, "layers": {layers}{rest}}}')
    return path


def test_the_defaults(tmp_path):
    first, last = load_network(write(tmp_path / "net.json", '[{"weight": [[1], ["2/4"]]}, {"weight": [["-0.1", 0.1]]}]')).layers
    assert (first.bias, first.relu) == (vector(0, 0), (True, True))
    assert (last.bias, last.relu) == (vector(0), (False,))
    assert last.weight.rows == (vector("-1/10", "1/10"),)


def test_a_json_number_is_the_decimal_in_the_file(tmp_path):
    path = write(
        tmp_path / "net.json", "[{" + '"weight": [[0.1, 1e-3, -2.50, 12345678901234567890, 0.30000000000000000000001, -0, 1E2]]}]'
    )
    expected = ["1/10", "1/1000", "-5/2", 12345678901234567890, "0.30000000000000000000001", 0, 100]
    assert load_network(path).layers[0].weight.rows == (vector(*expected),)


def test_long_integers(tmp_path):
    path = write(tmp_path / "net.json", f'[{{"weight": [[{"9" * 6000}]]}}]')
    assert load_network(path).layers[0].weight[0, 0] == Fraction(10**6000 - 1)


def test_masks(tmp_path):
    layers = '[{"weight": [[1], [2]], "relu": [true, false]}, {"weight": [[1, 1]], "bias": ["1/3"], "relu": true}]'
    first, last = load_network(write(tmp_path / "net.json", layers)).layers
    assert (first.relu, last.relu, last.bias) == ((True, False), (True,), vector("1/3"))


@pytest.mark.parametrize(
    ("layers", "parts"),
    [
        ("[]", ["at least one layer"]),
        ("{}", ["layers is an object; a list is expected"]),
        ("null", ["layers is null"]),
        ("[[]]", ["layers[0] is a list; an object is expected"]),
        ("[{}]", ["layers[0] lacks the key 'weight'; keys are bias, relu, weight"]),
        ('[{"weight": [[1]], "bais": [0]}]', ["layers[0] has the unknown key 'bais'; keys are bias, relu, weight"]),
        ('[{"weight": "12"}]', ['layers[0].weight is "12"; a list is expected']),
        ('[{"weight": ["12"]}]', ['layers[0].weight[0] is "12"; a list is expected']),
        ('[{"weight": [1]}]', ["layers[0].weight[0] is 1; a list is expected"]),
        ('[{"weight": []}]', ["shape (0, 0)"]),
        ('[{"weight": [[]]}]', ["shape (1, 0)"]),
        ('[{"weight": [[1, 2], [1]]}]', ["row 1 of layers[0].weight has 1 entry; expected 2"]),
        ('[{"weight": [[true]]}]', ["layers[0].weight[0][0] is true"]),
        ('[{"weight": [[null]]}]', ["layers[0].weight[0][0] is null"]),
        ('[{"weight": [[[1]]]}]', ["layers[0].weight[0][0] is a list"]),
        ('[{"weight": [["one"]]}]', ["layers[0].weight[0][0] is 'one'"]),
        ('[{"weight": [["1/0"]]}]', ["divides by zero"]),
        ('[{"weight": [["nan"]]}]', ["layers[0].weight[0][0] is 'nan'"]),
        ('[{"weight": [[NaN]]}]', ["NaN is not a number; every number must be finite"]),
        ('[{"weight": [[Infinity]]}]', ["Infinity is not a number; every number must be finite"]),
        ('[{"weight": [[-Infinity]]}]', ["-Infinity is not a number; every number must be finite"]),
        ('[{"weight": [["1e999999999"]]}]', ["exponents beyond"]),
        ('[{"weight": [[1e999999999]]}]', ["exponents beyond"]),
        (f'[{{"weight": [[{"9" * 200_000}]]}}]', ["has 200000 characters"]),
        ('[{"weight": [[1]], "bias": 0}]', ["layers[0].bias is 0; a list"]),
        ('[{"weight": [[1]], "bias": null}]', ["layers[0].bias is null"]),
        ('[{"weight": [[1]], "bias": [1, 2]}]', ["layers[0] bias has 2 entries; expected 1"]),
        ('[{"weight": [[1]], "relu": 1}]', ["layers[0].relu is 1; a list"]),
        ('[{"weight": [[1]], "relu": [1]}]', ["layers[0].relu[0] is 1; true or false"]),
        ('[{"weight": [[1]], "relu": [true, true]}]', ["ReLU mask has 2 entries; expected 1"]),
        (
            '[{"weight": [[1], [2]]}, {"weight": [[1]]}]',
            ["layers[1].weight has rows of length 1; length 2, the number of outputs of layers[0], is expected"],
        ),
        ('[{"weight": [[1]], "weight": [[2]]}]', ["key 'weight' is in one object twice"]),
    ],
)
def test_bad_layers(layers, parts, tmp_path):
    refused(load_network, write(tmp_path / "bad.json", layers), *parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["the file is empty"]),
        ("[]", ["not a network"]),
        ("3", ["not a network"]),
        ("{}", ["not a network"]),
        ('{"format": "exactzones/zones", "version": 1}', ["not a network"]),
        ('{"format": "exactzones/network"}', ["version is null; this program reads version 1"]),
        ('{"format": "exactzones/network", "version": 2, "layers": []}', ["version is 2"]),
        ('{"format": "exactzones/network", "version": "1", "layers": []}', ['version is "1"']),
        ('{"format": "exactzones/network", "version": 1.0, "layers": []}', ["version is 1.0"]),
        ('{"format": "exactzones/network", "version": true, "layers": []}', ["version is true"]),
        (f"{{{HEAD}}}", ["the document lacks the key 'layers'"]),
        (f'{{{HEAD}, "layers": [], "extra": 1}}', ["the document has the unknown key 'extra'"]),
        (f'{{{HEAD}, {HEAD}, "layers": []}}', ["key 'format' is in one object twice"]),
        ("[" * 200_000, ["nested too deeply"]),
        ('{"a":' * 100_000, ["nested too deeply"]),
        (f'{{{HEAD}, "layers": {"[" * 100_000}{"]" * 100_000}}}', ["nested too deeply"]),
        ("{} {}", ["not JSON"]),
        ("\ufeff{}", ["not JSON"]),
    ],
)
def test_bad_documents(text, parts, tmp_path):
    (tmp_path / "bad.json").write_text(text)
    refused(load_network, tmp_path / "bad.json", *parts)


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("3", "rationalizations[0] is 3; an object is expected"),
        ('{"expression": "x", "value": 1}', "rationalizations[0] lacks the key 'error'"),
        ('{"expression": 1, "value": 1, "error": 0}', "rationalizations[0].expression is 1; a string"),
        ('{"expression": "x", "value": "y", "error": 0}', "rationalizations[0].value is 'y'"),
        ('{"expression": "x", "value": 1, "error": -1}', "rationalizations[0].error is -1; a number from 0 is expected"),
    ],
)
def test_bad_rationalizations(entry, part, tmp_path):
    refused(load_network, write(tmp_path / "bad.json", '[{"weight": [[1]]}]', f', "rationalizations": [{entry}]'), part)


def test_what_is_no_text(tmp_path):
    (tmp_path / "bad.json").write_bytes(b'{"format": "\xff"}')
    refused(load_network, tmp_path / "bad.json", "not JSON")


def test_every_truncation(tmp_path):
    text = write(tmp_path / "bad.json", '[{"weight": [[1, "1/2"]], "relu": true}]').read_text()
    for length in range(len(text)):
        (tmp_path / "bad.json").write_text(text[:length])
        refused(load_network, tmp_path / "bad.json", "the file is not JSON, or is cut short" if length else "the file is empty")


def test_a_file_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(network_json, "_MAX_FILE", 50)
    refused(load_network, write(tmp_path / "bad.json", '[{"weight": [[1]]}]'), "at most 50 are supported")


def test_short_files_do_not_grow_without_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(network_json, "_MAX_BITS", 10**7)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"format": "exactzones/network", "version": 1, "layers": [{"weight": [["1e99999"] * 1000]}]}))
    tracemalloc.start()
    try:
        refused(load_network, path, "the numbers up to layers[0].weight[0][30] take more than")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
