"""N-grams, batches of texts, linear baselines and explanations."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from utils.export.predictor import predictor
from utils.networks import masks
from utils.text.classification import linear
from utils.text.classification.batches import TextBatches, predict_rows
from utils.text.classification.explanations import ATTENDED, GRADIENTS, LEFT_OUT, RANDOM, Explainer, dropped_tenth
from utils.text.classification.word_ngrams import WordNgrams, log_count_ratios, present
from utils.text.padding import TokenRows
from utils.text.tokens import SPLIT, STANDARDIZE
from utils.text.vocabularies import WordVocabulary, count_words

TEXTS = ["a good film", "a bad film", "not a good film", "bad bad film", "", "good"]


def encoded(texts: list[str]) -> tuple[WordVocabulary, TokenRows]:
    vocabulary = WordVocabulary.of(count_words(texts))
    return vocabulary, vocabulary.encode(texts)


@given(
    st.lists(st.lists(st.sampled_from("abcde"), max_size=8).map(" ".join), min_size=1, max_size=8).filter(
        lambda texts: any(text.strip() for text in texts)
    ),
    st.integers(1, 3),
    st.integers(1, 2),
)
def test_counts_are_those_of_scikit_learn(texts: list[str], longest: int, least: int) -> None:
    vocabulary, rows = encoded(texts)
    ngrams = WordNgrams.of(rows, vocabulary, longest, min_texts=least)
    theirs = CountVectorizer(token_pattern=r"\S+", ngram_range=(1, longest), min_df=least)
    try:
        expected = theirs.fit_transform(texts).toarray()
    except ValueError:  # no n-gram is left
        assert len(ngrams) == 0
        return
    names = ngrams.strings()
    assert sorted(names) == sorted(theirs.vocabulary_)
    columns = [theirs.vocabulary_[name] for name in names]
    np.testing.assert_array_equal(ngrams.counts(rows).toarray(), expected[:, columns])


def test_ngrams_have_no_unknown_words_and_those_of_most_texts_are_kept() -> None:
    vocabulary, rows = encoded(TEXTS)
    assert WordNgrams.of(rows, vocabulary, 2, min_texts=1, largest=2).strings() == ["film", "a"]
    ngrams = WordNgrams.of(rows, vocabulary, 2, min_texts=1)
    assert ngrams.counts(vocabulary.encode(["some good film"])).sum() == 3  # good, film, good film
    with pytest.raises(ValueError, match="do not fit 63 bits"):
        WordNgrams.of(rows, vocabulary, 30)


def test_log_count_ratios() -> None:
    vocabulary, rows = encoded(TEXTS[:4])
    ngrams = WordNgrams.of(rows, vocabulary, 1, min_texts=1)
    ratios = log_count_ratios(present(ngrams.counts(rows)), np.array([1, 0, 1, 0]), 2)
    good = ngrams.strings().index("good")
    # good is in two of the seven words of class 1 and in none of the five of class 0; there are five words.
    assert ratios[good, 1] == pytest.approx(np.log((3 / 12) / (1 / 10)))
    np.testing.assert_allclose(ratios[:, 0], -ratios[:, 1], rtol=1e-6)


def test_listed_words() -> None:
    found = linear.listed_words(["great and good", "a terrible waste, but good", "nothing"])
    np.testing.assert_allclose(found[:, 1], [3 / 4, 2 / 5, 1 / 2])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("baseline", [linear.tf_idf, linear.nb_weighted])
def test_linear_baselines_learn(baseline: Any, classes: int) -> None:
    random = np.random.default_rng(0)
    targets = np.arange(120) % classes
    words = ["red", "green", "blue"]
    texts = np.array(
        [" ".join([words[number], *random.choice(list("abcdefgh"), 6)]) for number in targets], dtype=object
    )
    parts = [texts[:60], texts[60:90], texts[90:]]
    found = baseline(linear.Texts(parts, [targets[:60], targets[60:90]], classes))
    assert found.shape == (30, classes)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    assert np.mean(found.argmax(axis=1) == targets[90:]) > 0.9


def test_batches_hold_each_text_once_in_an_epoch() -> None:
    lengths = np.random.default_rng(0).integers(0, 30, 53)
    rows = TokenRows.of_lengths(np.arange(1, lengths.sum() + 1, dtype=np.int32), lengths)
    batches = TextBatches(rows, np.arange(53), 8, seed=3)
    assert batches.steps == 7
    for epoch in (1, 2):
        opened = batches.open(epoch)
        seen = [batches.batch(opened, step) for step in range(batches.steps)]
        order = np.concatenate([targets.numpy() for _, targets in seen])
        assert sorted(order) == list(range(53))
        for words, targets in seen:
            for padded, row in zip(words.numpy(), targets.numpy(), strict=True):
                np.testing.assert_array_equal(padded[padded > 0], rows[row])
            assert words.shape[1] == max(1, lengths[targets.numpy()].max())
    again = batches.batch(batches.open(1), 0)[1].numpy()
    np.testing.assert_array_equal(again, TextBatches(rows, np.arange(53), 8, seed=3).batch(batches.open(1), 0)[1])
    assert not np.array_equal(again, batches.batch(batches.open(2), 0)[1])


def test_dropped_words_become_the_unknown_word() -> None:
    rows = TokenRows.of_lengths(np.full(4000, 7, dtype=np.int32), np.array([1000] * 4))
    batches = TextBatches(rows, np.zeros(4), 4, seed=1, dropped=0.3)
    words = batches.batch(batches.open(1), 0)[0].numpy()
    assert set(np.unique(words)) == {1, 7}
    assert 0.25 < np.mean(words == 1) < 0.35
    assert not np.array_equal(words, batches.batch(batches.open(2), 0)[0].numpy())


VOCABULARY = ["good", "bad", "film", "not", "a"]


def network(kind: str) -> keras.Model:
    """A small network of texts with random weights."""
    keras.utils.set_random_seed(1)
    text = keras.Input((), dtype="string", name="text")
    lookup = {"standardize": STANDARDIZE, "split": SPLIT, "vocabulary": VOCABULARY, "name": "tokens"}
    if kind == "set":
        occurs = keras.layers.TextVectorization(**lookup, output_mode="multi_hot")(text)
        values = keras.layers.Rescaling(1.0, name="occurs")(occurs)
    else:
        words = keras.layers.TextVectorization(**lookup)(text)
        mask = masks.word_mask(words)
        values = masks.embedded(words, mask, 7, 6)
        if kind == "attention":
            attention = keras.layers.MultiHeadAttention(2, 3, name="attention")
            values = attention(values, values, attention_mask=masks.attention_mask(mask))
        values = masks.masked_mean(values, mask)
    outputs = keras.layers.Dense(2, activation="softmax", kernel_initializer="random_normal")(values)
    model = keras.Model(text, outputs)
    for weight in model.trainable_weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    return model


@pytest.mark.parametrize("kind", ["mean", "set", "attention"])
def test_explanations(kind: str) -> None:
    model = network(kind)
    predict = predictor(model).predict
    explainer = Explainer(model, predict)
    text = "not a good film, a bad one"
    probability = explainer.predicted(text)
    assert explainer.methods == [LEFT_OUT, GRADIENTS, *([ATTENDED] if kind == "attention" else [])]
    for number in (0, 1):
        gradients = explainer.explain(text, number, GRADIENTS)
        assert len(gradients) == 7
        if kind != "attention":  # its masked mean of an empty text is not the limit of short vectors
            assert gradients.sum() == pytest.approx(probability[number] - explainer.predicted("")[number], abs=2e-3)
        left_out = explainer.explain(text, number, LEFT_OUT)
        assert left_out[2] == pytest.approx(
            probability[number] - explainer.predicted("not a film a bad one")[number], abs=1e-6
        )
    if kind == "attention":
        attention = explainer.explain(text, 0, ATTENDED)
        assert attention.sum() == pytest.approx(1, abs=1e-5)
        assert (attention >= 0).all()


def test_without_the_highest_words_the_probability_falls_most() -> None:
    model = network("mean")
    predict = predictor(model).predict
    texts = ["good bad film not a a a a a a", "film film bad bad a a not good good good good"]
    falls = dropped_tenth(Explainer(model, predict), predict, texts)
    assert list(falls) == [LEFT_OUT, GRADIENTS, RANDOM]
    assert falls[LEFT_OUT] >= falls[RANDOM]
    assert falls[LEFT_OUT] > 0


def test_predictions_keep_the_order_of_the_rows() -> None:
    words = keras.Input((None,), dtype="int32")
    mask = masks.word_mask(words)
    model = keras.Model(words, masks.masked_sum(masks.embedded(words, mask, 9, 2), mask))
    rows = TokenRows.of_lengths(np.arange(1, 9, dtype=np.int32), np.array([3, 0, 1, 4]))
    together = predict_rows(model, rows, batch_size=2)
    each = [model(rows[row][None]).numpy()[0] if len(rows[row]) else np.zeros(2) for row in range(4)]
    np.testing.assert_allclose(together, each, atol=1e-6)
