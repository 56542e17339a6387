"""Writing, adapting and looking into a transformer of the language lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from labs.language.commands.adapting import merge, with_adapters
from labs.language.commands.attending import attention_weights, with_attention
from labs.language.commands.induction import LENGTH, UNKNOWN_NEXT, repeated
from labs.language.commands.write import Writer, check_prompt
from labs.language.config import Config
from labs.language.model import network
from utils.base.errors import CallerError
from utils.export.formats import FORMATS, open_model, save_model
from utils.runs.harness import trainable_parameters
from utils.text.tokenizing.byte_pairs import BytePairs
from utils.text.tokenizing.characters import Characters
from utils.text.tokenizing.encoded import SPECIAL, Tokenizer
from utils.text.tokenizing.words import Words

TEXT = "ROMEO:\nWhat says she, my good lady?\n\nNURSE:\nShe says not a word, é, € and 😀.\n" * 3
TOKENIZERS: dict[str, Tokenizer] = {
    "characters": Characters.learn(TEXT),
    "bpe": BytePairs.learn(TEXT, 256 + len(SPECIAL)),
    "words": Words.learn(TEXT, 100, 1),
}
DRAWN: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 3}


def model(symbols: int, **options: Any) -> keras.Model:
    keras.utils.set_random_seed(5)
    given: dict[str, Any] = {
        "network": "transformer",
        "layers": 1,
        "units": 16,
        "heads": 2,
        "length": 8,
        "dropout": 0.0,
    }
    found = network(Config(**(given | options)), symbols)
    random = np.random.default_rng(0)
    for weight in found.trainable_weights:
        weight.assign(weight + 0.3 * random.normal(size=weight.shape))
    return found


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("prompt", ["", "She says"])
def test_a_stream_is_the_text_in_parts(name: str, prompt: str) -> None:
    tokenizer = TOKENIZERS[name]
    writer = Writer(model(len(tokenizer.symbols)), tokenizer)
    (whole,) = writer.write(prompt, 700, **DRAWN)
    parts = list(writer.stream(prompt, 700, **DRAWN))
    assert "".join(parts) == whole
    assert len(whole) == 700
    assert len(parts) > 5
    assert writer.write(prompt, 40, **DRAWN) == [whole[:40]]
    several = writer.write(prompt, 40, 3, **DRAWN)
    assert len({len(text) for text in several}) == 1
    assert len(set(several)) > 1


def test_writing_stops_behind_a_text() -> None:
    writer = Writer(model(len(TOKENIZERS["characters"].symbols)), TOKENIZERS["characters"])
    (whole,) = writer.write("", 300, **DRAWN)
    stop = whole[100:102]
    assert writer.write("", 300, stop=stop, **DRAWN) == [whole[: whole.find(stop) + 2]]
    assert "".join(writer.stream("", 300, stop=stop, **DRAWN)) == whole[: whole.find(stop) + 2]


def test_temperature_0_is_the_same_for_every_seed() -> None:
    writer = Writer(model(len(TOKENIZERS["characters"].symbols)), TOKENIZERS["characters"])
    found = {writer.write("", 50, **(DRAWN | {"temperature": 0.0, "seed": seed}))[0] for seed in range(3)}
    assert len(found) == 1


def test_recurrent_networks_write_too() -> None:
    tokenizer = TOKENIZERS["characters"]
    writer = Writer(model(len(tokenizer.symbols), network="lstm", embedding=8), tokenizer)
    assert len(writer.write("ROMEO:", 30, **DRAWN)[0]) == 30


def test_what_the_network_does_not_know_is_named() -> None:
    with pytest.raises(CallerError, match="does not know 'Q' 'ß'"):
        check_prompt("Q: weiß", Characters.learn("wei :"))
    with pytest.raises(CallerError, match="'hamlet'"):
        check_prompt("hamlet says", TOKENIZERS["words"])
    check_prompt("weiß, 你好", TOKENIZERS["bpe"])


def test_adapters_are_few_and_change_what_is_saved() -> None:
    adapted, plain = model(11), model(11)
    tokens = np.arange(8, dtype="int32")[None] % 11
    before, all_weights = np.asarray(plain(tokens)), trainable_parameters(plain)
    with_adapters(adapted, 1)
    assert trainable_parameters(adapted) < all_weights / 3
    np.testing.assert_allclose(adapted(tokens), before, atol=1e-6)  # adapters begin with zeros
    random = np.random.default_rng(1)
    for weight in adapted.trainable_weights:
        assert "lora" in weight.name
        weight.assign(random.normal(size=weight.shape))
    merge(adapted, plain)
    np.testing.assert_allclose(plain(tokens), adapted(tokens), atol=1e-5)
    assert np.abs(np.asarray(plain(tokens)) - before).max() > 0.01


def test_attention_weights_are_outputs_in_every_format(tmp_path: Path) -> None:
    network_ = model(11, layers=2)
    tokens = np.random.default_rng(2).integers(0, 11, (1, 20)).astype("int32")
    weights = attention_weights(network_, tokens[0])
    assert weights.shape == (2, 2, 20, 20)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    distance = np.subtract.outer(np.arange(20), np.arange(20))
    assert weights[:, :, (distance < 0) | (distance >= 8)].max() == 0
    save_model(with_attention(network_), tmp_path)
    for file in FORMATS.values():
        found = open_model(tmp_path / file).predict(tokens)
        np.testing.assert_allclose(found["attention_weights_2_1"][0], weights[1, 0], atol=1e-6)
        np.testing.assert_allclose(found["next_token"], network_(tokens), atol=1e-6)


def test_texts_of_the_induction_experiment_repeat_themselves() -> None:
    tokens, targets = repeated(np.random.default_rng(3), 50)
    assert tokens.shape == targets.shape == (50, LENGTH)
    for row, target in zip(tokens, targets, strict=True):
        known = np.flatnonzero(target != UNKNOWN_NEXT)
        number = len(known) + 1
        assert known[-1] == LENGTH - 1
        text = np.append(row, target[-1])
        np.testing.assert_array_equal(text[-number:], text[-2 * number : -number])
        np.testing.assert_array_equal(target[known], text[known + 1])
