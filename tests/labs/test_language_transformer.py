"""The transformer of the language lab: equal to Keras's attention, without look-ahead, the same one token at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from labs.language.cached import Form, transformer_stepped
from labs.language.config import Config, Positions
from labs.language.transformer import REACH, attention, masks, numbered, transformer
from utils.base.errors import CallerError
from utils.export.formats import FORMATS, open_model, save_model, save_saved_model
from utils.export.onnx import to_onnx

SYMBOLS, LENGTH = 11, 8
POSITIONS = get_args(Positions)


def config(**options: Any) -> Config:
    given = {"layers": 2, "units": 32, "heads": 4, "length": LENGTH, "dropout": 0.1}
    return Config(network="transformer", **(given | options))


def network(**options: Any) -> keras.Model:
    """A transformer with random weights: at the beginning of a training, blocks are the identity."""
    model = transformer(config(**options), SYMBOLS)
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return model


def texts(rows: int = 3, length: int = LENGTH) -> Any:
    return np.random.default_rng(1).integers(0, SYMBOLS, (rows, length)).astype("int32")


def test_attention_equals_that_of_keras() -> None:
    settings = config(positions="none", query_key_norm=False)
    tokens, hidden = keras.Input((None,), dtype="int32"), keras.Input((None, 32))
    penalties = masks(numbered(tokens, SYMBOLS, REACH), settings, REACH)
    ours = keras.Model([tokens, hidden], attention(hidden, penalties, None, settings, 1))
    theirs = keras.layers.MultiHeadAttention(4, 8, use_bias=False)
    vectors = np.random.default_rng(2).normal(size=(3, LENGTH, 32)).astype("float32")
    theirs.build(vectors.shape, vectors.shape)
    for name, layer in (("query", "query"), ("key", "key"), ("value", "value"), ("attention_output", "output")):
        kernel = np.random.default_rng(len(name)).normal(size=(32, 32)) / 6
        ours.get_layer(f"{name}_1").kernel.assign(kernel)
        shape = (4, 8, 32) if layer == "output" else (32, 4, 8)
        getattr(theirs, f"{layer}_dense").kernel.assign(kernel.reshape(shape))
    normalized = ours.get_layer("attention_norm_1")(vectors)
    expected = theirs(normalized, normalized, use_causal_mask=True)
    np.testing.assert_allclose(ours([texts(), vectors]), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("positions", POSITIONS)
def test_no_token_is_seen_before_its_turn_before_and_after_reload(positions: Positions, tmp_path: Path) -> None:
    length = LENGTH if positions == "learned" else 3 * LENGTH
    model = network(positions=positions)
    before, changed = texts(length=length), texts(length=length)
    half = length // 2
    changed[:, half:] = (changed[:, half:] + 1) % SYMBOLS
    expected = np.asarray(model(before))
    assert np.abs(model(changed) - expected)[:, half:].max() > 0.01
    np.testing.assert_array_equal(model(changed)[:, :half], expected[:, :half])
    save_model(model, tmp_path)
    for file in FORMATS.values():
        reloaded = open_model(tmp_path / file)
        np.testing.assert_allclose(reloaded.predict(before), expected, atol=1e-6)
        np.testing.assert_array_equal(reloaded.predict(changed)[:, :half], reloaded.predict(before)[:, :half])


def test_a_token_sees_only_its_window() -> None:
    model = network(layers=1)
    before, changed = texts(length=3 * LENGTH), texts(length=3 * LENGTH)
    changed[:, 0] = (changed[:, 0] + 1) % SYMBOLS
    difference = np.abs(model(changed) - model(before)).max(axis=(0, 2))
    assert difference[LENGTH - 1] > 1e-4
    assert difference[LENGTH:].max() == 0


@pytest.mark.parametrize(
    ("positions", "tied"), [*((kind, False) for kind in POSITIONS if kind != "none"), ("none", True)]
)
def test_one_token_at_a_time_is_the_same(positions: Positions, tied: bool) -> None:
    length = LENGTH if positions == "learned" else 3 * LENGTH
    model = network(positions=positions, tied=tied, query_key_norm=not tied)
    tokens = texts(length=length)
    expected = np.log(model(tokens))
    stepped = transformer_stepped(model)
    states, step = stepped.zeros(len(tokens)), tf.function(stepped.step)
    for place in range(length):
        logits, states = step(tf.constant(tokens[:, place]), states)
        np.testing.assert_allclose(tf.nn.log_softmax(logits), expected[:, place], atol=1e-4)
    assert Form.of(model).positions == positions


def test_logits_do_not_depend_on_the_number_of_tokens_before() -> None:
    """The rotation by a large angle is exact: a text of one period per window after 100,000 tokens and from 0."""
    stepped = transformer_stepped(network())
    step = tf.function(stepped.step)
    found = []
    for start in (0.0, 100_000.0):
        states = stepped.zeros(1)
        states[0] += start
        for place in range(3 * LENGTH):
            logits, states = step(tf.constant([place % LENGTH]), states)
        found.append(logits)
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


def test_rows_may_be_at_different_places() -> None:
    stepped = transformer_stepped(network())
    tokens = texts(2, 12)
    states = stepped.zeros(2)
    for place in range(12):
        states = stepped.step(tf.constant(tokens[:, place]), states)[1]
    one = [state[:1] for state in states]
    other = stepped.zeros(1)
    for place in range(3):
        other = stepped.step(tf.constant(tokens[1:, place]), other)[1]
    both = [tf.concat(pair, axis=0) for pair in zip(one, other, strict=True)]
    together, _ = stepped.step(tf.constant([4, 5]), both)
    np.testing.assert_allclose(together[:1], stepped.step(tf.constant([4]), one)[0], atol=1e-5)
    np.testing.assert_allclose(together[1:], stepped.step(tf.constant([5]), other)[0], atol=1e-5)


def test_more_tokens_than_positions_are_an_error() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
        network()(np.zeros((1, REACH + 1), dtype="int32"))
    learned = network(positions="learned")
    with pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
        learned(texts(length=LENGTH + 1))
    stepped = transformer_stepped(learned)
    with pytest.raises(CallerError, match="at most 8 tokens"):
        stepped.generator().generate([np.array([2])], stepped.zeros(1), longest=9)


@pytest.mark.parametrize(("units", "heads", "positions"), [(30, 4, "none"), (12, 4, "rotary")])
def test_a_width_that_cannot_be_divided_is_refused(units: int, heads: int, positions: Positions) -> None:
    with pytest.raises(CallerError, match="cannot be divided into 4 heads"):
        transformer(config(units=units, heads=heads, positions=positions), SYMBOLS)


def test_the_step_is_the_same_in_onnx(tmp_path: Path) -> None:
    """In ONNX the remainder of a negative number is another one: the mask must not need it."""
    runtime = pytest.importorskip("onnxruntime")
    stepped = transformer_stepped(network(layers=1))
    save_saved_model(network(layers=1), tmp_path / "saved_model", stepped.endpoints())
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    session = runtime.InferenceSession(to_onnx(loaded.signatures["step"], "step"))
    names = [output.name for output in session.get_outputs()]
    tokens, states = texts(2, 2 * LENGTH), stepped.zeros(2)
    before = {name: state.numpy() for name, state in zip(stepped.states, states, strict=True)}
    for place in range(2 * LENGTH):
        found = dict(zip(names, session.run(None, {"token": tokens[:, place], **before}), strict=True))
        logits, states = stepped.step(tf.constant(tokens[:, place]), states)
        np.testing.assert_allclose(found["logits"], logits, atol=1e-4)
        before = {name: found[f"{name}_after"] for name in before}
