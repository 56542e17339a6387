"""The sentiment lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from labs import find_definition
from labs.sentiment import data, ensemble, figures, model, pretrained, text_model
from labs.sentiment.config import Config
from labs.sentiment.data import Reviews, encoding
from labs.sentiment.encoding import is_set
from labs.sentiment.evaluation import findings
from utils.datasets.splits import Split, Splits
from utils.metrics import classification
from utils.networks.compiling import compile_arguments
from utils.runs.supervised import SupervisedLab
from utils.text.classification import linear
from utils.text.classification.batches import TextBatches, predict_rows
from utils.training.batches import Batches
from utils.training.results import Progress, Report

METRICS = {name: classification.METRICS_AND_AUC[name] for name in ("accuracy", "auc", "log_loss", "ece")}
VALIDATION_BATCH = 256


class SentimentLab(SupervisedLab):
    """Networks that read a text and predict its class."""

    definition = find_definition("sentiment")
    metrics = METRICS
    paired = ("nb_weighted_logistic_regression",)
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    details = staticmethod(findings.details)
    inspect = staticmethod(findings.inspect)
    remarks = staticmethod(findings.remarks)
    figures = staticmethod(figures.draw)

    tokenized = staticmethod(text_model.on_tokens)

    def build(self, config: Config, splits: Splits) -> keras.Model:
        """The network on numbers of words, which is trained; its embedding may start from word vectors."""
        if config.vectors is None:
            return model.build(config, encoding(splits), splits.class_names, splits.target)
        found = pretrained.vectors_of(config)
        wide = replace(config, embedding=found.vectors.shape[1])
        network = model.build(wide, encoding(splits), splits.class_names, splits.target)
        pretrained.start(network, encoding(splits), found)
        return network

    def train(
        self, config: Config, splits: Splits, folder: Path | None, report: Report
    ) -> tuple[keras.Model, Progress]:
        """One network, or the members of an ensemble one after the other."""
        if not config.members:
            return super().train(config, splits, folder, report)
        assert isinstance(splits, Reviews), "splits of this lab"
        single = super().train
        return ensemble.fit(config, splits, lambda *given: single(given[0], given[1], None, given[2]), report)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Cross-entropy, with gradients of limited norm as in the course."""
        arguments = compile_arguments(
            config, "sparse_categorical_crossentropy", rows=len(splits.train), metrics=["accuracy"]
        )
        if not is_set(config):  # it would make the sparse gradients of a large vocabulary dense
            arguments["optimizer"].global_clipnorm = config.clip
        return arguments

    def batches(self, config: Config, splits: Splits) -> tuple[Batches, Batches]:
        """Texts of similar length in one batch."""
        rows = encoding(splits).rows
        return (
            TextBatches(rows["train"], splits.train.targets, config.batch_size, config.seed, config.word_dropout),
            TextBatches(rows["validation"], splits.validation.targets, VALIDATION_BATCH),
        )

    def assemble(self, config: Config, splits: Splits, trained: keras.Model) -> keras.Model:
        """The trained network with its vocabulary, which takes texts; an ensemble does so already."""
        return trained if trained in ensemble.ENSEMBLES else text_model.from_text(config, encoding(splits), trained)

    def known(self, config: Config, splits: Splits, trained: keras.Model, part: Split) -> NDArray[Any] | None:  # noqa: ARG002
        """Predictions from the numbers of the words, without looking them up again."""
        name = next(name for name, each in splits.parts().items() if each is part)
        if trained in ensemble.ENSEMBLES:
            return ensemble.ENSEMBLES[trained].predictions(name)
        return predict_rows(trained, encoding(splits).rows[name])

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Class frequencies and, for two classes, two short lists of words."""
        counts = np.bincount(splits.train.targets, minlength=len(splits.class_names))
        found = {"class_frequencies": np.tile(counts / counts.sum(), (len(splits.test), 1))}
        if splits.class_names == ("negative", "positive"):
            found["word_lists"] = linear.listed_words(splits.test.inputs)
        return found

    def slow_baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:
        """Logistic regression on TF-IDF and on n-grams weighted by naive Bayes, each tuned on validation."""
        parts = [part.inputs for part in splits.parts().values()]
        targets = [splits.train.targets, splits.validation.targets]
        texts = linear.Texts(parts, targets, len(splits.class_names))
        return {
            "tf_idf_logistic_regression": linear.tf_idf(texts, config.seed),
            "nb_weighted_logistic_regression": linear.nb_weighted(texts, config.seed),
        }


lab = SentimentLab()
