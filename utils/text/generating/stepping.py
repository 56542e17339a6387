"""Models of sequences with explicit states: one symbol and the states in, logits and the new states out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from utils.text.generating.generation import Generator
from utils.training.results import Endpoint

STEP, GENERATE = "step", "generate"
"""The signatures of such a model in a SavedModel, besides that for whole sequences."""
LOGITS, AFTER = "logits", "_after"
"""The output with the logits, and what is appended to the name of a state where it is an output: ONNX and LiteRT
confuse an output with an input of the same name."""


@dataclass(frozen=True)
class Stepped:
    """A model that processes a sequence one symbol at a time.

    Attributes:
        step: from symbols (rows,) int32 and the states, in the order of `states`, to the logits of the next symbols
            (rows, symbols) float32 and the states after them.
        states: the shape of each state by name, without the axis of rows. States are float32 and begin as zeros.
        token: the name of the symbols.
        end: the symbol that ends a sequence; None if none does.
        excluded: symbols that are never generated.
        longest: largest number of symbols of a sequence; None if there is none.
    """

    step: Callable[[Any, list[Any]], tuple[Any, list[Any]]]
    states: Mapping[str, tuple[int, ...]]
    token: str = "token"
    end: int | None = None
    excluded: Sequence[int] = ()
    longest: int | None = None

    def zeros(self, rows: int) -> list[Any]:
        """The states before the first symbol."""
        return [tf.zeros([rows, *shape]) for shape in self.states.values()]

    def generator(self) -> Generator:
        """Generates sequences with the model."""
        return Generator(self._probabilities, end=self.end, excluded=self.excluded, most=self.longest)

    def endpoints(self) -> dict[str, Endpoint]:
        """The signatures `step` and `generate` of a SavedModel.

        `step` takes symbols and states by name; it returns `logits`, and each state with `_after` behind its name.

        `generate` takes `prompt` (rows, longest) int32 with −1 behind the end of each prompt, `temperature`, `top_k` (0
        for all), `top_p` and `seed`, as `Generator.generate` does, and returns `tokens` (rows, symbols) int32: the
        prompts and what the model adds, up to the longest; a sequence that ended is filled with `end`.
        """
        specs = [tf.TensorSpec((None,), tf.int32, name=self.token)]
        specs += [tf.TensorSpec((None, *shape), tf.float32, name=name) for name, shape in self.states.items()]

        def step(tokens: Any, *states: Any) -> dict[str, Any]:
            logits, after = self.step(tokens, list(states))
            return {LOGITS: logits, **{name + AFTER: state for name, state in zip(self.states, after, strict=True)}}

        return {STEP: Endpoint(step, specs), GENERATE: self._generate()}

    def _generate(self) -> Endpoint:
        generator = self.generator()

        def generate(prompt: Any, temperature: Any, top_k: Any, top_p: Any, seed: Any) -> dict[str, Any]:
            states = [tf.zeros([tf.shape(prompt)[0], *shape]) for shape in self.states.values()]
            return {"tokens": generator.tokens(prompt, states, temperature, top_k, top_p, seed)}

        options = {"temperature": tf.float32, "top_k": tf.int32, "top_p": tf.float32, "seed": tf.int64}
        specs = [tf.TensorSpec((None, None), tf.int32, name="prompt")]
        return Endpoint(generate, specs + [tf.TensorSpec((), dtype, name=name) for name, dtype in options.items()])

    def _probabilities(self, tokens: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        logits, after = self.step(tokens, states)
        return tf.nn.softmax(logits), after
