"""The sentiment lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from labs import find_definition
from labs.sentiment import data, figures, findings, model
from labs.sentiment.config import Config
from labs.sentiment.data import Reviews
from utils.datasets.splits import Split
from utils.metrics import classification
from utils.networks.compiling import compile_arguments
from utils.runs.supervised import SupervisedLab
from utils.text.classification import linear
from utils.text.classification.batches import TextBatches, predict_rows
from utils.training.batches import Batches

METRICS = {name: classification.METRICS_AND_AUC[name] for name in ("accuracy", "auc", "log_loss", "ece")}
VALIDATION_BATCH = 256


class SentimentLab(SupervisedLab):
    """Networks that read a text and predict its class."""

    definition = find_definition("sentiment")
    metrics = METRICS
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    details = staticmethod(findings.details)
    inspect = staticmethod(findings.inspect)
    remarks = staticmethod(findings.remarks)
    figures = staticmethod(figures.draw)

    def build(self, config: Config, splits: Reviews) -> keras.Model:
        """The network on numbers of words, which is trained."""
        return model.build(config, splits.encoding, splits.class_names, splits.target)

    def compile(self, config: Config, splits: Reviews) -> dict[str, Any]:
        """Cross-entropy, with gradients of limited norm as in the course."""
        arguments = compile_arguments(
            config, "sparse_categorical_crossentropy", rows=len(splits.train), metrics=["accuracy"]
        )
        arguments["optimizer"].global_clipnorm = config.clip
        return arguments

    def batches(self, config: Config, splits: Reviews) -> tuple[Batches, Batches]:
        """Texts of similar length in one batch."""
        rows = splits.encoding.rows
        return (
            TextBatches(rows["train"], splits.train.targets, config.batch_size, config.seed, config.word_dropout),
            TextBatches(rows["validation"], splits.validation.targets, VALIDATION_BATCH),
        )

    def assemble(self, config: Config, splits: Reviews, trained: keras.Model) -> keras.Model:
        """The trained network with its vocabulary, which takes texts."""
        return model.from_text(config, splits.encoding, trained)

    def known(self, config: Config, splits: Reviews, trained: keras.Model, part: Split) -> NDArray[Any] | None:  # noqa: ARG002
        """Predictions from the numbers of the words, without looking them up again."""
        name = next(name for name, each in splits.parts().items() if each is part)
        return predict_rows(trained, splits.encoding.rows[name])

    def baselines(self, config: Config, splits: Reviews) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Class frequencies and, for two classes, two short lists of words."""
        counts = np.bincount(splits.train.targets, minlength=len(splits.class_names))
        found = {"class_frequencies": np.tile(counts / counts.sum(), (len(splits.test), 1))}
        if splits.class_names == ("negative", "positive"):
            found["word_lists"] = linear.listed_words(splits.test.inputs)
        return found

    def slow_baselines(self, config: Config, splits: Reviews) -> Mapping[str, NDArray[Any]]:
        """Logistic regression on TF-IDF and on n-grams weighted by naive Bayes, each tuned on validation."""
        parts = [part.inputs for part in splits.parts().values()]
        targets = [splits.train.targets, splits.validation.targets]
        texts = linear.Texts(parts, targets, len(splits.class_names))
        return {
            "tf_idf_logistic_regression": linear.tf_idf(texts, config.seed),
            "nb_weighted_logistic_regression": linear.nb_weighted(texts, config.seed),
        }


lab = SentimentLab()
