"""Tokens follow one specification, in Python and in TextVectorization."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.text.padding import TokenRows, buckets
from utils.text.tokens import SPLIT, STANDARDIZE, clean, clean_all, token_bytes, tokens
from utils.text.vocabularies import WordVocabulary, count_words

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "token_vectors.json").read_text(encoding="utf-8"))
MARKUP = st.sampled_from(
    [
        "<b>",
        "</b>",
        "<br />",
        "&amp;",
        "&lt;",
        "lt;",
        "&#38;",
        "&",
        "<",
        ">",
        "a",
        "B",
        " ",
        "-",
        "'",
        "É",
        "İ",
        "\u0301",
    ]
)


def whole(value: Any) -> Any:
    """A text of the file; a long one is written as a character and how often it is repeated."""
    return value[0] * value[1] if isinstance(value, list) else value


def layer(vocabulary: list[str]) -> keras.layers.TextVectorization:
    return keras.layers.TextVectorization(standardize=STANDARDIZE, split=SPLIT, vocabulary=vocabulary)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["about"])
def test_the_vectors(vector: dict[str, Any]) -> None:
    cleaned = clean(whole(vector["text"]))
    assert cleaned == whole(vector["clean"])
    assert tokens(cleaned) == [whole(token) for token in vector["tokens"]]


def test_the_model_finds_the_same_words() -> None:
    texts = [clean(whole(vector["text"])) for vector in VECTORS]
    words = sorted({word for text in texts for word in tokens(text)} - {"bad"})
    vocabulary = WordVocabulary(tuple(words), np.ones(len(words), dtype=np.int64))
    expected = vocabulary.encode(texts).padded()
    np.testing.assert_array_equal(layer(words)(tf.constant(texts)), expected)
    assert 1 in expected, "a word is unknown"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_the_model_finds_the_same_words_in_any_text(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]  # TensorFlow accepts no lone surrogates
    split = tf.strings.split(tf.strings.regex_replace(tf.strings.lower(texts), r"[[:punct:]]", ""))
    assert [row.tolist() for row in split.numpy()] == [token_bytes(text) for text in texts]


def test_the_model_takes_invalid_bytes_for_an_unknown_word() -> None:
    words = ["bad", "caf"]
    for raw in (b"caf\xff bad", b"caf\xc3\x28 bad", b"\xed\xa0\x80caf bad"):
        assert layer(words)(tf.constant([raw])).numpy().tolist() == [[1, 2]]


@given(st.one_of(st.text(max_size=80), st.lists(MARKUP, max_size=25).map("".join)))
def test_a_cleaned_text_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert "\0" not in cleaned
    assert cleaned.strip() == cleaned


@pytest.mark.parametrize(
    "text",
    ["<" * 300_000, "<a" * 150_000, "&" * 300_000, "&amp;" * 60_000, "<!--" * 80_000, "-" * 300_000, "a-" * 150_000],
)
def test_cleaning_takes_linear_time(text: str) -> None:
    start = time.process_time()
    clean(text)
    assert time.process_time() - start < 2


def test_words_are_counted_and_numbered() -> None:
    texts = clean_all(["The film, the FILM", "a film", "b"])
    counts = count_words(texts)
    vocabulary = WordVocabulary.of(counts, min_count=1)
    assert vocabulary.words == ("film", "the", "a", "b")
    assert vocabulary.counts.tolist() == [3, 2, 1, 1]
    assert (len(vocabulary), vocabulary.number("film"), vocabulary.number("cat")) == (6, 2, 1)
    assert [vocabulary.word(number) for number in range(6)] == ["", "[UNK]", "film", "the", "a", "b"]
    small = WordVocabulary.of(counts, min_count=2, largest=1)
    assert small.words == ("film",)
    assert small.unknown == pytest.approx(4 / 7)
    encoded = small.encode(texts)
    assert [encoded[row].tolist() for row in range(3)] == [[1, 2, 1, 2], [1, 2], [1]]
    assert [len(row) for row in map(small.encode(texts, longest=1).__getitem__, range(3))] == [1, 1, 1]
    assert len(small.encode([])) == 0


def test_a_vocabulary_needs_words() -> None:
    with pytest.raises(CallerError, match="--min-count 3: no word occurs so often; the most frequent one occurs 2"):
        WordVocabulary.of(Counter({b"a": 2}), min_count=3)
    with pytest.raises(CallerError, match="no word"):
        WordVocabulary.of(Counter())


def test_rare_words_are_dropped_where_there_are_too_many(capsys: Any) -> None:
    counts = count_words(["a a a b b c", "d e f"], most=3)
    assert counts[b"a"] == 3
    assert len(counts) <= 3
    assert "more than 3 distinct words" in capsys.readouterr().err


ROWS = TokenRows.of_lengths(np.arange(1, 7, dtype=np.int32), np.array([3, 0, 2, 1]))


def test_padding() -> None:
    assert ROWS.padded().tolist() == [[1, 2, 3], [0, 0, 0], [4, 5, 0], [6, 0, 0]]
    assert ROWS.padded(2).tolist() == [[1, 2], [0, 0], [4, 5], [6, 0]]
    assert ROWS.padded(2, keep="last").tolist() == [[2, 3], [0, 0], [4, 5], [6, 0]]
    assert ROWS.padded(4, pad="before").tolist() == [[0, 1, 2, 3], [0, 0, 0, 0], [0, 0, 4, 5], [0, 0, 0, 6]]
    assert ROWS.padded(2, keep="last", pad="before").tolist() == [[2, 3], [0, 0], [4, 5], [0, 6]]
    assert ROWS.row_numbers().tolist() == [0, 0, 0, 2, 2, 3]


@given(st.lists(st.integers(0, 6), max_size=12), st.integers(0, 5), st.data())
def test_rows_are_taken_in_any_order(lengths: list[int], seed: int, data: Any) -> None:
    tokens = np.random.default_rng(seed).integers(1, 9, sum(lengths), dtype=np.int32)
    rows = TokenRows.of_lengths(tokens, np.array(lengths, dtype=np.int64))
    chosen = data.draw(st.lists(st.integers(0, max(len(lengths) - 1, 0)), max_size=8 if lengths else 0))
    taken = rows.take(np.array(chosen, dtype=np.intp))
    assert [row.tolist() for row in map(taken.__getitem__, range(len(taken)))] == [rows[row].tolist() for row in chosen]


def test_buckets_hold_every_row_once_and_similar_lengths() -> None:
    lengths = np.random.default_rng(0).integers(1, 1000, 1003)
    batches = buckets(lengths, 10, seed=1)
    assert sorted(np.concatenate(batches)) == list(range(1003))
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded < 1.1 * lengths.sum()
    assert [batch.tolist() for batch in buckets(lengths, 10, seed=1)] == [batch.tolist() for batch in batches]
    assert [batch.tolist() for batch in buckets(lengths, 10, seed=2)] != [batch.tolist() for batch in batches]
