"""Files of sparse autoencoders and transcoders, each of our own making, against what their libraries compute."""

import json

import numpy as np
import pytest

from exactzones.errors import FormatError, InputError
from exactzones.features import Features
from exactzones.models.sparse_coder import read_sparse_coder

RNG = np.random.default_rng(7)
INPUTS, FEATURES = 3, 5
W, B, CENTRE = (RNG.integers(-8, 9, size) / 4 for size in ((INPUTS, FEATURES), FEATURES, INPUTS))
THRESHOLD = np.array([0.5, 0, 1, -1, 2])
DECODER, OUT = RNG.normal(size=(FEATURES, INPUTS)), RNG.normal(size=4)
POINTS = RNG.integers(-8, 9, (40, INPUTS)) / 4
"""All numbers are multiples of 1/4, so that floats compute what follows exactly."""


def relu(x, centre=0):
    return np.maximum((x - centre) @ W + B, 0)


def jump_relu(x, centre=0, threshold=THRESHOLD):
    return relu(x, centre) * ((x - centre) @ W + B > threshold)


def top_2(x, centre=0):
    """What TopK keeps, where the second and the third value differ."""
    values = relu(x, centre)
    return values * (values > np.sort(values)[-3])


SAELENS = {"W_enc": W, "b_enc": B, "W_dec": DECODER, "b_dec": CENTRE}
SPARSIFY = {"encoder.weight": W.T, "encoder.bias": B, "W_dec": DECODER, "b_dec": CENTRE}
DICTIONARY = {"encoder.weight": W.T, "encoder.bias": B, "decoder.weight": DECODER.T}
JUMP = {"threshold": THRESHOLD}
LAYOUTS = {
    "SAELens": (SAELENS, {"architecture": "standard", "apply_b_dec_to_input": True}, lambda x: relu(x, CENTRE)),
    "SAELens, b_dec is not applied": (SAELENS, {"activation_fn_str": "relu", "apply_b_dec_to_input": False}, relu),
    "SAELens jumprelu": (SAELENS | JUMP, {"architecture": "jumprelu", "apply_b_dec_to_input": False}, jump_relu),
    "SAELens topk": (SAELENS, {"architecture": "topk", "k": 2, "apply_b_dec_to_input": True}, lambda x: top_2(x, CENTRE)),
    "SAELens topk of old": (
        SAELENS,
        {
            "architecture": "standard",
            "activation_fn_str": "topk",
            "activation_fn_kwargs": {"k": 2},
            "apply_b_dec_to_input": False,
        },
        top_2,
    ),
    "SAELens transcoder": (SAELENS | {"b_dec": OUT}, {"architecture": "transcoder", "apply_b_dec_to_input": False}, relu),
    "Gemma Scope without b_dec": (SAELENS | JUMP | {"b_dec": 0 * CENTRE}, {}, jump_relu),
    "transcoder_circuits": (SAELENS | {"b_dec_out": OUT}, {}, lambda x: relu(x, CENTRE)),
    "circuit-tracer": (SAELENS | {"activation_function.threshold": THRESHOLD}, {}, jump_relu),
    "circuit-tracer, transposed": (SAELENS | {"W_enc": W.T, "W_skip": np.eye(INPUTS)}, {}, relu),
    "sparsify": (SPARSIFY, {"k": 2, "activation": "topk", "transcode": False}, lambda x: top_2(x, CENTRE)),
    "sparsify transcoder": (SPARSIFY, {"k": 2, "transcode": True}, top_2),
    "dictionary_learning": (DICTIONARY | {"bias": CENTRE}, {}, lambda x: relu(x, CENTRE)),
    "dictionary_learning, new": (DICTIONARY | {"decoder.bias": CENTRE}, {}, relu),
}


def agrees(features, reference):
    for x in POINTS:
        values = relu(x)
        if features.k is None or len(set(values)) == FEATURES:
            assert [float(value) for value in features(x)] == reference(x).tolist()
    assert (features.fires(POINTS) == np.array([[value > 0 for value in features(x)] for x in POINTS])).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_computes_what_its_library_computes(layout, tmp_path):
    arrays, config, reference = LAYOUTS[layout]
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "sae_weights.safetensors"
    path.write_bytes(safetensors.save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    agrees(Features.of(sae=tmp_path), reference)
    agrees(Features.of(sae=path), reference)
    assert read_sparse_coder(path).is_transcoder == ("transcoder" in layout or "transposed" in layout)


def test_npz_as_of_gemma_scope(tmp_path):
    np.savez(tmp_path / "params.npz", **SAELENS, **JUMP)
    with pytest.raises(
        FormatError, match=r"params\.npz: it is not known whether b_dec is subtracted .* pass apply_b_dec_to_input"
    ):
        Features.of(sae=tmp_path)
    agrees(Features.of(sae=tmp_path, apply_b_dec_to_input=False), jump_relu)
    agrees(Features.of(sae=tmp_path / "params.npz", apply_b_dec_to_input=True), lambda x: jump_relu(x, CENTRE))


def test_batch_topk_of_dictionary_learning_says_which_it_is():
    arrays = DICTIONARY | {"b_dec": CENTRE, "k": np.int32(2), "threshold": np.float32(0.5)}
    with pytest.raises(FormatError, match='there is a threshold, and there is a k, too; pass activation="jumprelu"'):
        Features.of(sae=arrays)
    agrees(Features.of(sae=arrays, activation="topk"), lambda x: top_2(x, CENTRE))
    agrees(Features.of(sae=arrays, activation="jumprelu"), lambda x: jump_relu(x, CENTRE, 0.5))
    agrees(Features.of(sae=arrays, activation="topk", k=FEATURES), lambda x: relu(x, CENTRE))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"W": W}, "tensor 'W' is not known; expected W_enc and b_enc"),
        ({}, "there is no encoder; expected W_enc"),
        ({"W_enc": W}, "b_enc is missing; there are W_enc"),
        (SAELENS | {"b_gate": B}, "tensor 'b_gate' is of a gated autoencoder"),
        (SAELENS | {"log_threshold": B}, "save the threshold itself"),
        (SAELENS | {"W_enc": W.ravel()}, r"W_enc has shape \(15,\); expected 2 axes"),
        (SAELENS | {"b_dec_out": OUT, "threshold": OUT}, r"threshold has shape \(4,\); expected \(5,\)"),
        (SAELENS | {"b_enc": B * np.nan}, r"b_enc\[0\] is nan"),
        (SPARSIFY, "it is not known"),
    ],
)
def test_what_is_not_an_encoder_is_refused(arrays, message):
    with pytest.raises(InputError, match=message):
        read_sparse_coder(arrays)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"normalize_activations": "layer_norm"}, "normalize_activations 'layer_norm', which is not part of the weights"),
        ({"architecture": "topk", "k": 2, "rescale_acts_by_decoder_norm": True}, "an irrational factor; fold it"),
        ({"activation_fn_str": "tanh-relu"}, "cfg.json has activation_fn_str 'tanh-relu'; pass activation="),
        ({"activation": ["relu"]}, r"cfg.json has activation \['relu'\]"),
        ({"architecture": "topk"}, "pass k=32"),
        ({"architecture": "topk", "k": "x"}, "k is 'x'"),
        ([], "not an object of JSON"),
    ],
)
def test_what_a_configuration_says_is_not_passed_over(config, message, tmp_path):
    np.savez(tmp_path / "params.npz", **SAELENS | {"b_dec": 0 * CENTRE})
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    with pytest.raises(FormatError, match=message):
        read_sparse_coder(tmp_path)


def test_arguments_and_files_that_do_not_fit(tmp_path):
    (tmp_path / "sae.safetensors").write_bytes(b"nothing")
    (tmp_path / "empty").mkdir()
    for source, options, message in [
        (SAELENS, {"activation": "gelu"}, "activation is 'gelu'; expected \"relu\""),
        (SAELENS, {"k": 0}, "k is 0"),
        (SAELENS, {"apply_b_dec_to_input": "no"}, "expected True or False"),
        (3, {}, "the sparse autoencoder is 3; expected the path"),
        (tmp_path / "empty", {}, "there is no file of weights in this folder; expected one of sae_weights.safetensors"),
        (tmp_path / "sae.bin", {}, "suffix '.bin' is not known"),
        (tmp_path / "none.npz", {}, "No such file"),
    ]:
        with pytest.raises(InputError, match=message):
            read_sparse_coder(source, **options)
    pytest.importorskip("safetensors")
    with pytest.raises(FormatError, match="not a safetensors file"):
        read_sparse_coder(tmp_path / "sae.safetensors")


def test_state_dicts_and_modules_of_torch(tmp_path):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(array) for name, array in SAELENS.items()}
    torch.save(
        {"cfg": {"is_transcoder": True}, "state_dict": tensors | {"b_dec_out": torch.zeros(4)}}, tmp_path / "transcoder.pt"
    )
    agrees(Features.of(sae=tmp_path / "transcoder.pt"), lambda x: relu(x, CENTRE))

    class TopK(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = torch.nn.Linear(INPUTS, FEATURES)
            self.encoder.weight.data, self.encoder.bias.data = torch.tensor(W.T), torch.tensor(B)
            self.cfg = type("Config", (), {})()
            self.cfg.k, self.cfg.transcode = 2, True

    agrees(Features.of(sae=TopK()), top_2)
