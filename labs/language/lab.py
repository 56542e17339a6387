"""The language lab: what it trains, and how it is evaluated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs import find_definition
from labs.language import data, figures, model, written
from labs.language.config import Config
from utils.base.config import from_json
from utils.datasets.splits import Splits
from utils.export.formats import FORMATS, open_model
from utils.metrics.metric import Metric
from utils.networks.compiling import compile_arguments
from utils.runs.record import Run
from utils.runs.supervised import SupervisedLab
from utils.text import next_token
from utils.text.windows import WindowBatches, one_after_another, shuffled

METRICS = {
    "log_loss": Metric(next_token.log_loss, "lower", "nat per character"),
    "bits_per_char": Metric(next_token.bits_per_char, "lower"),
    "perplexity": Metric(next_token.perplexity, "lower", "per token"),
}
VALIDATION_VALUES = 1 << 25
"""Largest number of probabilities of a validation batch."""


class LanguageLab(SupervisedLab):
    """A network that predicts the next token of a text."""

    definition = find_definition("language")
    metrics = METRICS
    measure = staticmethod(next_token.measure)
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    stepped = staticmethod(model.stepped)
    inspect = staticmethod(written.inspect)
    remarks = staticmethod(written.remarks)
    figures = staticmethod(figures.draw)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Cross-entropy of the next token, in nats, with gradients of limited norm."""
        steps = config.epochs * self.batches(config, splits)[0].steps
        # Fused by XLA, a transformer learns from more tokens per second; recurrent networks from fewer.
        compiled = {"jit_compile": config.network == "transformer"}
        return {**compile_arguments(config, "sparse_categorical_crossentropy", steps=steps), **compiled}

    def batches(self, config: Config, splits: Splits) -> tuple[WindowBatches, WindowBatches]:
        """Windows of the whole training text from another offset in each epoch, and of the validation text."""
        texts = data.texts_of(splits)
        train, held = (texts.encoded[name].tokens for name in ("train", "validation"))
        train = np.concatenate([train, held]) if config.refit else train
        values = config.length * len(texts.tokenizer.symbols)
        return (
            WindowBatches(partial(shuffled, train, config.length, config.seed), config.batch_size, full=True),
            WindowBatches(
                lambda _: one_after_another(held, config.length), max(1, min(256, VALIDATION_VALUES // values))
            ),
        )

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """The frequencies of the tokens, and the n-gram whose order validation chooses."""
        found = data.texts_of(splits).baselines
        return {"unigram": found.test[1], "kneser_ney": found.test[found.order]}

    def predict(self, run: Run, inputs: Any) -> NDArray[np.float64]:
        """Bits per character of each text, as if it began after the end of a line."""
        config = from_json(Config, json.dumps(run.record["config"]))
        tokenizer = data.tokenizer_of(run.labels["categories"])
        network = open_model(run.path(FORMATS["keras"]))
        rows = [data.rows_of_own(text, tokenizer, config) for text in inputs]
        return np.array(
            [next_token.bits_per_char(None, self.measure(network, row.inputs, row.targets)) for row in rows]
        )


lab = LanguageLab()
