"""Translating with a network that has an encoder and a decoder, one token at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.text.generating.beam import search
from utils.training.results import Endpoint

ENCODE, STEP, TRANSLATE = "encode", "step", "translate"
"""The signatures of such a network in a SavedModel, besides that for whole pairs."""
AFTER = "_after"
"""Appended to the name of a state where it is an output: ONNX confuses an output with an input of the same name."""
START = END = 1
EXCLUDED = (0, 2)
"""Padding and the unknown token are never written."""
ROWS = 64
"""Sources that are translated together."""


class Translations(NamedTuple):
    """Translations of sources.

    Attributes:
        tokens: (rows, beams, length) int32, best first; END behind the end.
        scores: (rows, beams): log-probability over the length penalty.
    """

    tokens: NDArray[np.int32]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class EncoderDecoder:
    """A network that encodes a source once and writes a target token by token.

    Attributes:
        encode: from a source (rows, length) int32 to named tensors: the context and the first states.
        step: from tokens (rows,) int32, the states and the context, in the order of `states` and `context`, to logits
            (rows, symbols) and the states after.
        states: the shape of each state by name, without the axis of rows; float32.
        context: the shape of each tensor of the context by name; None is the length of the source.
        most: largest number of tokens of a target that the network has places for, END included; None for any.
    """

    encode: Callable[[Any], dict[str, Any]]
    step: Callable[[Any, list[Any], list[Any]], tuple[Any, list[Any]]]
    states: Mapping[str, tuple[int, ...]]
    context: Mapping[str, tuple[int | None, ...]]
    most: int | None = None

    def translated(self, source: Any, beams: Any, longest: Any, penalty: Any) -> tuple[Any, Any]:
        """Tokens and scores of the beam search, see `utils.text.generating.beam.search`; inside a graph."""
        encoded = self.encode(source)
        longest = longest if self.most is None else tf.minimum(longest, self.most)
        return search(
            self.step,
            [encoded[name] for name in self.states],
            [encoded[name] for name in self.context],
            start=START,
            end=END,
            beams=beams,
            longest=longest,
            penalty=penalty,
            excluded=EXCLUDED,
        )

    @cached_property
    def _compiled(self) -> Any:
        numbers = [tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.float32)]
        return tf.function(
            self.translated, input_signature=[tf.TensorSpec((None, None), tf.int32), *numbers], autograph=False
        )

    def translate(
        self, source: NDArray[np.int32], *, longest: int, beams: int = 1, penalty: float = 0.6
    ) -> Translations:
        """Translate sources, of similar length together.

        Args:
            source: (rows, length), 0 behind the end.
            longest: largest number of tokens of a translation, END included.
            beams: hypotheses; 1 is greedy decoding.
            penalty: exponent of the length penalty.
        """
        lengths = (source != 0).sum(axis=1)
        longest = longest if self.most is None else min(longest, self.most)
        tokens = np.full((len(source), beams, longest), END, dtype=np.int32)
        scores = np.zeros((len(source), beams), dtype=np.float32)
        for rows in np.array_split(np.argsort(lengths, kind="stable"), -(-len(source) // ROWS)):
            some = tf.constant(source[rows, : lengths[rows].max()])
            numbers = tf.constant(beams), tf.constant(longest), tf.constant(penalty, tf.float32)
            tokens[rows], scores[rows] = (each.numpy() for each in self._compiled(some, *numbers))
        return Translations(tokens, scores)

    def endpoints(self) -> dict[str, Endpoint]:
        """The signatures of a SavedModel.

        `translate` takes `source` (rows, length) int32, 0 behind the end, `beams`, `longest` and `length_penalty`, and
        returns `tokens` (rows, beams, longest) and `scores` (rows, beams). `encode` takes `source` and returns the
        context and the first states by name. `step` takes `token` (rows,), the states and the context by name; it
        returns `logits` (rows, symbols), and each state with `_after` behind its name.
        """
        source = tf.TensorSpec((None, None), tf.int32, name="source")
        options = {"beams": tf.int32, "longest": tf.int32, "length_penalty": tf.float32}
        specs = [tf.TensorSpec((), dtype, name=name) for name, dtype in options.items()]
        return {
            TRANSLATE: Endpoint(self._translate, [source, *specs]),
            ENCODE: Endpoint(self.encode, [source]),
            STEP: Endpoint(self._step, self._step_specs()),
        }

    def parts(self, source: NDArray[np.int32]) -> dict[str, dict[str, Any]]:
        """Inputs of each of the signatures, by name, for some sources: the step gets what the encoder returns."""
        encoded = {name: value.numpy() for name, value in self.encode(tf.constant(source)).items()}
        options = {"beams": np.int32(3), "longest": np.int32(source.shape[1]), "length_penalty": np.float32(0.6)}
        return {
            TRANSLATE: {"source": source, **options},
            ENCODE: {"source": source},
            STEP: {"token": np.full(len(source), START, dtype=np.int32), **encoded},
        }

    def _step_specs(self) -> list[Any]:
        tensors = {**self.states, **self.context}
        specs = [tf.TensorSpec((None, *shape), tf.float32, name=name) for name, shape in tensors.items()]
        return [tf.TensorSpec((None,), tf.int32, name="token"), *specs]

    def _translate(self, source: Any, beams: Any, longest: Any, length_penalty: Any) -> dict[str, Any]:
        tokens, scores = self.translated(source, beams, longest, length_penalty)
        return {"tokens": tokens, "scores": scores}

    def _step(self, token: Any, *tensors: Any) -> dict[str, Any]:
        states, context = list(tensors[: len(self.states)]), list(tensors[len(self.states) :])
        logits, after = self.step(token, states, context)
        return {"logits": logits, **{name + AFTER: state for name, state in zip(self.states, after, strict=True)}}


def teacher_forced(decoder: EncoderDecoder, source: NDArray[np.int32], targets: Sequence[NDArray[np.int32]]) -> Any:
    """Logits of the step for given inputs, (rows, length, symbols): what the network must predict at once, too.

    Args:
        decoder: the network.
        source: (rows, length).
        targets: the tokens of each step, (rows,) each.
    """
    encoded = decoder.encode(tf.constant(source))
    states = [encoded[name] for name in decoder.states]
    context = [encoded[name] for name in decoder.context]
    found = []
    for tokens in targets:
        logits, states = decoder.step(tf.constant(tokens), states, context)
        found.append(logits)
    return tf.stack(found, axis=1)
