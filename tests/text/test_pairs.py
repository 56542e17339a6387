"""Pairs of texts: vocabularies, subwords, batches, losses, the dictionary and the scores."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.datasets.splits import Split
from utils.text.pairs.batches import PairBatches
from utils.text.pairs.dictionary import Dictionary
from utils.text.pairs.losses import exact_match, log_loss, pair_losses, token_accuracy, token_cross_entropy
from utils.text.pairs.scores import edit_distances, scores
from utils.text.pairs.subwords import Merges, joined
from utils.text.pairs.vocabulary import UNKNOWN, Vocabulary, pieces, rows_of, shifted

TEXTS = ["Two men, outside.", "A man-made lake", "l'eau n'est pas là", "zwei Männer"]


@given(st.text(max_size=40))
def test_pieces_are_the_text_again(text: str) -> None:
    plain = " ".join(text.replace("▁", " ").split())
    assert "".join(pieces(text)).replace("▁", " ").strip() == plain


@pytest.mark.parametrize("kind", ["characters", "words", "subwords"])
def test_texts_of_the_vocabulary_are_decoded_as_they_were(kind: Any) -> None:
    vocabulary = Vocabulary.of(TEXTS, kind, merges=10)
    for text in TEXTS:
        codes = vocabulary.encode(text)
        assert (codes > 2).all()
        assert vocabulary.decode([*codes, 1, 5]) == text
        assert vocabulary.named([*codes, 1, 5]) == vocabulary.tokens(text)
        assert vocabulary.unknown(text) == []
    assert len(set(vocabulary.symbols)) == len(vocabulary)


def test_unknown_tokens() -> None:
    characters, words = (Vocabulary.of(["ab ab c"], kind, min_count=2) for kind in ("characters", "words"))
    assert characters.encode("a§b").tolist() == [4, 2, 5] if characters.symbols[3] == " " else True
    assert characters.unknown("a§§b") == ["§"]
    assert characters.decode(characters.encode("a§b")) == "a?b"
    assert words.symbols[3:] == ("▁ab",)
    assert words.unknown("ab c d") == ["▁c", "▁d"]
    assert words.decode(words.encode("ab c ab")) == "ab ab"
    assert UNKNOWN in words.symbols


def slow_merges(counts: dict[str, int], number: int) -> list[tuple[str, str]]:
    """The definition: count all pairs again after each merge."""
    words = {word: list(word) for word in counts}
    learned: list[tuple[str, str]] = []
    for _ in range(number):
        totals: Counter[tuple[str, str]] = Counter()
        for word, tokens in words.items():
            for pair in pairwise(tokens):
                totals[pair] += counts[word]
        best = min(totals, key=lambda pair: (-totals[pair], pair), default=None)
        if best is None or totals[best] < 2:
            break
        learned.append(best)
        words = {word: joined(tokens, best) for word, tokens in words.items()}
    return learned


@settings(max_examples=60)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=8), st.integers(1, 5), max_size=8), st.integers(0, 12))
def test_merges_are_those_of_the_definition(counts: dict[str, int], number: int) -> None:
    merges = Merges.of(counts, number)
    assert list(merges.pairs) == slow_merges(counts, number)
    for word in counts:
        assert "".join(merges.split(word)) == word
        tokens = list(word)
        for pair in merges.pairs:
            tokens = joined(tokens, pair)
        assert merges.split(word) == tokens


def test_shifted_rows_are_teacher_forcing() -> None:
    inputs, targets = shifted(rows_of([np.array([5, 6, 7], np.int32), np.array([8], np.int32)]))
    assert inputs.tolist() == [[1, 5, 6, 7], [1, 8, 0, 0]]
    assert targets.tolist() == [[5, 6, 7, 1], [8, 1, -1, -1]]
    assert rows_of([np.array([3], np.int32)], 4).tolist() == [[3, 1, 0, 0]]


def split(rows: int = 11) -> Split:
    random = np.random.default_rng(0)
    codes = [random.integers(3, 9, size=random.integers(1, 7)).astype(np.int32) for _ in range(2 * rows)]
    target, truth = shifted(rows_of(codes[rows:]))
    return Split({"source": rows_of(codes[:rows]), "target": target}, truth)


def test_batches_have_each_pair_once_without_needless_padding() -> None:
    part = split()
    assert isinstance(part.inputs, dict)
    for batches in (PairBatches(part, 4, seed=3), PairBatches(part, 4)):
        opened, seen = batches.open(1), []
        for step in range(batches.steps):
            inputs, targets = batches.batch(opened, step)
            source, target, truth = (each.numpy() for each in (inputs["source"], inputs["target"], targets))
            assert (source[:, -1] != 0).any()
            assert (truth[:, -1] >= 0).any()
            assert target.shape == truth.shape
            seen += [(tuple(one[one > 0]), tuple(other[other >= 0])) for one, other in zip(source, truth, strict=True)]
        whole = zip(part.inputs["source"], part.targets, strict=True)
        assert sorted(seen) == sorted((tuple(one[one > 0]), tuple(other[other >= 0])) for one, other in whole)
    assert not np.array_equal(PairBatches(part, 4, seed=3).open(1), PairBatches(part, 4, seed=3).open(2))


class Fixed:
    """A predictor with probabilities that depend on the token before."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def predict(self, inputs: Any) -> Any:
        return self._table[inputs["target"]]


def test_losses_of_pairs() -> None:
    part = split()
    table = np.random.default_rng(1).dirichlet(np.ones(9), size=9)
    found = pair_losses(Fixed(table), part.inputs, part.targets)
    assert isinstance(part.inputs, dict)
    for row, (inputs, targets) in enumerate(zip(part.inputs["target"], part.targets, strict=True)):
        real = targets >= 0
        chances = table[inputs[real]]
        right = chances.argmax(axis=1) == targets[real]
        expected = [-np.log(chances[np.arange(real.sum()), targets[real]]).sum(), real.sum(), right.sum(), right.all()]
        np.testing.assert_allclose(found[row], expected)
    assert log_loss(found, found) == pytest.approx(found[:, 0].sum() / found[:, 1].sum())
    assert 0 <= exact_match(found, found) <= token_accuracy(found, found) <= 1


def test_the_loss_ignores_padding_and_smooths() -> None:
    truth = np.array([[2, 1, -1], [0, -1, -1]])
    chances = np.random.default_rng(2).dirichlet(np.ones(4), size=(2, 3)).astype("float32")
    nats = -np.log(chances)
    picked = [nats[0, 0, 2], nats[0, 1, 1], nats[1, 0, 0]]
    others = [nats[place].mean() for place in ((0, 0), (0, 1), (1, 0))]
    assert float(token_cross_entropy()(truth, chances)) == pytest.approx(np.mean(picked), rel=1e-5)
    smooth = 0.9 * np.mean(picked) + 0.1 * np.mean(others)
    assert float(token_cross_entropy(0.1)(truth, chances)) == pytest.approx(smooth, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_of_the_loss_is_that_of_its_formula(smoothing: float) -> None:
    truth = np.array([[2, 1, -1], [0, -1, -1]])
    logits = tf.Variable(np.random.default_rng(3).normal(size=(2, 3, 5)).astype("float32"))
    counts = tf.cast(truth >= 0, tf.float32)

    def formula(chances: Any) -> Any:
        targets = (1 - smoothing) * tf.one_hot(truth, 5) + smoothing / 5
        return tf.reduce_sum(-targets * tf.math.log(chances) * counts[..., None]) / tf.reduce_sum(counts)

    found = []
    for loss in (formula, lambda chances: token_cross_entropy(smoothing)(truth, chances)):
        with tf.GradientTape() as tape:
            value = loss(keras.activations.softmax(logits))
        found.append((value, tape.gradient(value, logits)))
    for mine, expected in zip(found[1], found[0], strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-6)


PAIRS = [("das haus", "the house"), ("das buch", "the book"), ("ein buch", "a book")]


def test_the_dictionary_finds_what_words_mean() -> None:
    found = Dictionary(PAIRS, iterations=30)
    assert found.translate("ein haus") == "a house"
    assert found.translate("das Auto") == "the Auto"
    chances = found.probabilities("▁buch")
    assert next(iter(chances)) == "▁book"
    assert chances["▁book"] > 0.9
    assert sum(chances.values()) == pytest.approx(1)
    assert found.probabilities("▁katze") == {}
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(found.log_likelihood))


def test_the_first_iteration_by_hand() -> None:
    """All words are equally probable at first, so that each target word counts 1/3 for each source word and NOTHING."""
    chances = Dictionary(PAIRS, iterations=1).probabilities("▁buch")
    assert chances == pytest.approx({"▁the": 1 / 4, "▁book": 2 / 4, "▁a": 1 / 4})


def slow_distance(first: str, second: str) -> int:
    table = {(i, 0): i for i in range(len(first) + 1)} | {(0, j): j for j in range(len(second) + 1)}
    for i, one in enumerate(first, 1):
        for j, other in enumerate(second, 1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (one != other))
    return table[len(first), len(second)]


@given(st.lists(st.tuples(st.text("abc", max_size=7), st.text("abc", max_size=7)), min_size=1, max_size=6))
def test_edit_distances(pairs: list[tuple[str, str]]) -> None:
    found = edit_distances([first for first, _ in pairs], [second for _, second in pairs])
    assert found.tolist() == [slow_distance(*pair) for pair in pairs]


def test_scores() -> None:
    found, truth = ["the cat sat on the mat .", "a dog", "xyz"], ["The cat sat on the mat .", "a dog", "abc"]
    plain = scores(found, truth, sentences=False)
    assert plain == {"exact_match": 1 / 3, "character_error_rate": 4 / 32}
    pytest.importorskip("sacrebleu")
    whole = scores(found, truth, sentences=True, intervals=True)
    assert "case:lc" in whole["bleu_signature"]
    assert 50 < whole["bleu"] < 100
    low, high = whole["bleu_interval"]
    assert low <= whole["bleu"] <= high
    assert scores(truth, truth, sentences=True)["bleu"] == pytest.approx(100)
