"""Writing tunes with a trained network: many at once, character by character, in one compiled loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labs.music.model import recurrent_layers, step
from utils.text.sequences import Vocabulary

SHARPEST, BLUNTEST = 1e9, 1e-9
"""Of 1 / temperature: from here on the likeliest character always comes, from there on all are equally likely; beyond,
the scores would leave the range of float32."""


class Writer:
    """A network made ready to write; the states live in the loop alone.

    Args:
        model: of `labs.music.model.build`.
        vocabulary: its characters.
    """

    def __init__(self, model: keras.Model, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._model = model
        self._widths = [layer.units for layer in recurrent_layers(model) for _ in range(2)]
        self._loop = tf.function(self._write, autograph=False, reduce_retracing=True)

    def write(
        self,
        prompts: Sequence[str],
        *,
        longest: int,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> list[tuple[str, bool]]:
        """Go on from each prompt until the network ends the tune.

        The same arguments give the same tunes.

        Args:
            prompts: beginnings of tunes, of known characters; an empty one leaves all to the network.
            longest: characters of a tune at most.
            temperature: divides the logarithms of the probabilities: below 1 the likely becomes likelier.
            top_k: only the k likeliest characters may come (Fan et al. 2018); 0 for all.
            top_p: only the likeliest characters that together have this probability (Holtzman et al. 2020).
            seed: draws the characters.

        Returns:
            For each prompt the whole text, and whether the network ended it.
        """
        # Behind END, which every text begins with; -1 leaves the character to the network.
        forced = np.full((len(prompts), longest + 1), -1, dtype=np.int32)
        forced[:, 0] = 0
        for row, prompt in enumerate(prompts):
            forced[row, 1 : len(prompt) + 1] = self.vocabulary.encode(prompt)
        kept = top_k or len(self.vocabulary.symbols)
        codes: NDArray[np.int32] = self._loop(
            tf.constant(forced.T),
            sharpness=tf.constant(min(max(1 / temperature, BLUNTEST), SHARPEST), tf.float32),
            top_k=tf.constant(kept),
            top_p=tf.constant(top_p, tf.float32),
            seed=tf.constant(seed, tf.int64),
        ).numpy()
        ends = [np.flatnonzero(row[1:] == 0) for row in codes.T]
        return [
            (self.vocabulary.decode(row[1 : end[0] + 1] if len(end) else row[1:]), len(end) > 0)
            for row, end in zip(codes.T, ends, strict=True)
        ]

    def _write(self, forced: Any, sharpness: Any, top_k: Any, top_p: Any, seed: Any) -> Any:
        length, rows = tf.shape(forced)[0], tf.shape(forced)[1]
        states = [tf.zeros([rows, width]) for width in self._widths]
        written = tf.TensorArray(tf.int32, length).write(0, forced[0])

        def unfinished(number: Any, ended: Any, *_: Any) -> Any:
            return (number < length) & ~tf.reduce_all(ended)

        def body(number: Any, ended: Any, character: Any, written: Any, *states: Any) -> Any:
            probabilities, after = step(self._model, character, list(states))
            scores = filtered(tf.math.log(probabilities), sharpness, top_k, top_p)
            drawn = tf.random.stateless_categorical(
                scores, 1, tf.stack([seed, tf.cast(number, tf.int64)]), dtype=tf.int32
            )[:, 0]
            wanted = forced[number]
            character = tf.where(wanted >= 0, wanted, tf.where(ended, 0, drawn))
            return number + 1, ended | (character == 0), character, written.write(number, character), *after

        ended = tf.zeros([rows], tf.bool)
        start = (1, ended, forced[0], written, *states)
        _, _, _, written, *_ = tf.while_loop(unfinished, body, start, parallel_iterations=1)
        # A loop that ended early has not written all; END is character 0.
        return written.stack()


def filtered(scores: Any, sharpness: Any, top_k: Any, top_p: Any) -> Any:
    """Scores with those that may not come at −∞: the unknown character, and whatever top-k and top-p leave out.

    Args:
        scores: (rows, characters), logarithms of weights.
        sharpness: what they are multiplied by, the highest being 0.
        top_k: characters that may come.
        top_p: share of the probability that they must have together; the likeliest always stays.
    """
    unknown = tf.one_hot(1, tf.shape(scores)[1], on_value=-np.inf, off_value=0.0)
    scores = scores + unknown
    scores = (scores - tf.reduce_max(scores, axis=1, keepdims=True)) * sharpness
    ordered = tf.sort(scores, direction="DESCENDING")
    before = tf.cumsum(tf.nn.softmax(ordered), axis=1, exclusive=True)
    ranks = tf.range(tf.shape(scores)[1])
    kept = (ranks[None] < top_k) & ((before < top_p) | (ranks[None] == 0))
    least = tf.reduce_min(tf.where(kept, ordered, np.inf), axis=1, keepdims=True)
    return tf.where(scores >= least, scores, -np.inf)
