"""The music lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs import find_definition
from labs.music import data, figures, model, sampling, windows
from labs.music.config import Config
from utils.datasets.splits import Splits
from utils.metrics.metric import Metric
from utils.networks.compiling import compile_arguments
from utils.runs.supervised import SupervisedLab
from utils.text.ngrams import Ngram
from utils.text.sequences import bits_per_char, log_loss, surprise, text_losses

METRICS = {
    "log_loss": Metric(log_loss, "lower", "nat per character"),
    "bits_per_char": Metric(bits_per_char, "lower"),
}


class MusicLab(SupervisedLab):
    """A recurrent network that writes tunes, character by character."""

    definition = find_definition("music")
    metrics = METRICS
    measure = staticmethod(text_losses)
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    batches = staticmethod(windows.batches)
    stepped = staticmethod(model.stepped)
    predict_rows = staticmethod(surprise)
    inspect = staticmethod(sampling.inspect)
    remarks = staticmethod(sampling.remarks)
    figures = staticmethod(figures.draw)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Cross-entropy of the next character, in nats, as in the course."""
        steps = config.epochs * windows.batches(config, splits)[0].steps
        return compile_arguments(config, "sparse_categorical_crossentropy", steps=steps)

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Losses of the test tunes by single characters and by an interpolated 8-gram, (tunes, 2) each.

        Both are fitted on the training and the validation tunes.
        """
        parts = (splits.train, splits.validation)
        codes = np.concatenate([part.inputs for part in parts])
        targets = np.concatenate([part.targets for part in parts])
        ngram = Ngram(codes, targets, len(splits.categories["character"]), order=8)
        test = splits.test
        return {
            "single_characters": ngram.losses(test.inputs, test.targets, order=1),
            "8-gram": ngram.losses(test.inputs, test.targets),
        }


lab = MusicLab()
