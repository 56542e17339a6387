"""Why a prediction: how much each word of a text contributes to the probability of a class.

Three answers: leave-one-out removes each word, integrated gradients follow the gradient from a text without words to
the text, and attention is what a network with an attention block computes inside. They differ: attention says where
the network looks, not what its prediction depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.networks.flat_graph import replay
from utils.text.tokens import tokens

Array = NDArray[Any]
TOKENS, VECTORS, OCCURS, ATTENTION = "tokens", "vectors", "occurs", "attention"
"""Beginnings of the names of the layers that look words up, that return a vector for each word, that say which n-grams
occur, and that attend to words."""
STEPS = 32
"""Number of points on the way from the empty text to the text."""
LEFT_OUT, GRADIENTS, ATTENDED, RANDOM = "leave-one-out", "integrated gradients", "attention", "random words"


class Explainer:
    """Explains the predictions of a model of texts.

    Args:
        model: (batch,) text to (batch, classes) probabilities, live or reloaded: a network that has a
            `TextVectorization`, followed by a layer with a vector for each word, or by one with the n-grams that occur,
            see the names above; or the weighted mean of several such networks, a Dense layer over their probabilities.
        predict: the predictions of the model for (rows,) texts, (rows, classes).
    """

    def __init__(self, model: keras.Model, predict: Callable[[Array], Array]) -> None:
        self._predict = predict
        members = [layer for layer in model.layers if isinstance(layer, keras.Model) and _takes_text(layer)]
        self._networks = [_Network(each) for each in members or [model]]
        # Its kernel has a multiple of the identity for each network.
        self._weights = model.layers[-1].get_weights()[0][:: model.output.shape[-1], 0] if members else np.ones(1)

    @property
    def methods(self) -> list[str]:
        """The explanations that the model allows."""
        attends = len(self._networks) == 1 and self._networks[0].attends
        return [LEFT_OUT, GRADIENTS, *([ATTENDED] if attends else [])]

    def predicted(self, text: str) -> Array:
        """The probabilities of a cleaned text, (classes,)."""
        found: Array = self._predict(_texts([text]))[0]
        return found

    def explain(self, text: str, number: int, method: str) -> Array:
        """The contribution of each token of a cleaned text to the probability of a class, (tokens,).

        Args:
            text: cleaned.
            number: of the class.
            method: one of `methods`. Attention is never negative, and the same for all classes.
        """
        split = tokens(text)
        if method == LEFT_OUT:
            return self._left_out(split, number)
        if method == ATTENDED:
            return self._networks[0].attention(split)
        # The contributions to a weighted mean are the weighted mean of the contributions.
        parts = [network.gradients(split, number) for network in self._networks]
        contributions: Array = self._weights @ np.stack(parts)
        return contributions

    def _left_out(self, split: Sequence[str], number: int) -> Array:
        """By how much the probability falls if a word is removed."""
        shorter = [" ".join([*split[:place], *split[place + 1 :]]) for place in range(len(split))]
        found = self._predict(_texts([" ".join(split), *shorter]))[:, number]
        contributions: Array = found[0] - found[1:]
        return contributions


def _takes_text(model: keras.Model) -> bool:
    return bool(model.inputs[0].dtype == "string")


class _Network:
    """One network, cut where its words have become numbers.

    Args:
        model: from text to probabilities.
    """

    def __init__(self, model: keras.Model) -> None:
        flat = replay(model)
        steps = [(step.name.split("/")[-1], step) for step in flat.steps]
        looked_up, vectors, occurs, attention = (
            [step for name, step in steps if name.startswith(kind)] for kind in (TOKENS, VECTORS, OCCURS, ATTENTION)
        )
        self._tokens = looked_up[0].layer
        self._attention = attention[0].layer if attention else None
        # Words in order and their vectors, or which n-grams occur.
        self._cut = [step.output for step in (occurs or [*looked_up, *vectors])]
        self._first = keras.Model(flat.inputs, self._cut)
        self._rest = keras.Model(self._cut, flat.output)

    @property
    def attends(self) -> bool:
        """Whether it has an attention block."""
        return self._attention is not None

    def gradients(self, split: Sequence[str], number: int) -> Array:
        """Integrated gradients (Sundararajan, Taly and Yan 2017); their sum is the change of the probability."""
        *words, whole = self._inside(split)
        shares = tf.reshape((tf.range(STEPS, dtype=tf.float32) + 0.5) / STEPS, [-1] + [1] * (len(whole.shape) - 1))
        scaled = whole * shares
        with tf.GradientTape() as tape:
            tape.watch(scaled)
            given = [*(tf.repeat(values, STEPS, axis=0) for values in words), scaled]
            probability = self._rest(given if words else scaled)[:, number]
        part = (whole[0] * tf.reduce_mean(tape.gradient(probability, scaled), axis=0)).numpy()
        if not words:
            return _by_word(part, split, self._tokens.get_vocabulary())
        contributions = np.zeros(len(split))
        each = part.sum(axis=1)[: len(split)]  # a long text is cut, and a short one is padded
        contributions[: len(each)] = each
        return contributions

    def attention(self, split: Sequence[str]) -> Array:
        """The mean attention that each word receives from the words of the text, over all heads."""
        assert self._attention is not None, "attends says so"
        words, vectors = self._inside(split)
        count = int(tf.math.count_nonzero(words))
        mask = tf.cast(words > 0, tf.float32)[:, None]
        _, scores = self._attention(vectors, vectors, attention_mask=mask, return_attention_scores=True)
        found = np.zeros(len(split))
        found[:count] = scores.numpy()[0, :, :count, :count].mean(axis=(0, 1))
        return found

    def _inside(self, split: Sequence[str]) -> list[Any]:
        """What is in the network where it is cut."""
        found = self._first(tf.constant([" ".join(split)]))
        return list(found) if isinstance(found, (list, tuple)) else [found]


def _by_word(contributions: Array, split: Sequence[str], entries: Sequence[str]) -> Array:
    """The contributions of n-grams, divided equally among their words."""
    found = np.zeros(len(split))
    for column in np.flatnonzero(contributions).tolist():
        if column == 0:  # what is not an entry
            known = set(entries)
            places = [place for place, word in enumerate(split) if word not in known]
            found[places] += contributions[column] / max(len(places), 1)
            continue
        words = entries[column].split(" ")
        places = [p for p in range(len(split) - len(words) + 1) if list(split[p : p + len(words)]) == words]
        for place in places:
            found[place : place + len(words)] += contributions[column] / len(words) / len(places)
    return found


def dropped_tenth(
    explainer: Explainer, predict: Callable[[Array], Array], texts: Sequence[str], seed: int = 0
) -> Mapping[str, float]:
    """By how much the probability of the predicted class falls without the tenth of words that a method ranks highest.

    Args:
        explainer: of the model.
        predict: its predictions for (rows,) texts.
        texts: cleaned texts with at least one word.
        seed: of the random tenth.

    Returns:
        The mean over the texts by method, and for a random tenth.
    """
    random = np.random.default_rng(seed)
    whole = predict(_texts(texts))
    classes = whole.argmax(axis=1)
    split = [tokens(text) for text in texts]
    falls = {}
    for method in [*explainer.methods, RANDOM]:
        kept = []
        for words, text, number in zip(split, texts, classes, strict=True):
            scores = random.random(len(words)) if method == RANDOM else explainer.explain(text, number, method)
            gone = set(np.argsort(-scores, kind="stable")[: -(-len(words) // 10)].tolist())
            kept.append(" ".join(word for place, word in enumerate(words) if place not in gone))
        rows = np.arange(len(texts))
        falls[method] = float(np.mean(whole[rows, classes] - predict(_texts(kept))[rows, classes]))
    return falls


def _texts(texts: Sequence[str]) -> Array:
    found = np.empty(len(texts), dtype=object)
    found[:] = list(texts)
    return found
