"""The translation lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from labs import find_definition
from labs.translation import data, model
from labs.translation.config import Config
from labs.translation.evaluation import figures, findings
from labs.translation.steps import stepped
from utils.datasets.splits import Splits
from utils.export.extras import PART_FILES
from utils.export.formats import FORMATS, load_model
from utils.export.subject import Part, Subject
from utils.metrics.metric import Metric
from utils.networks.compiling import compile_arguments
from utils.runs.record import Run
from utils.runs.supervised import SupervisedLab
from utils.text.pairs.batches import PairBatches
from utils.text.pairs.losses import exact_match, log_loss, pair_losses, token_accuracy, token_cross_entropy
from utils.training.batches import Batches
from utils.training.results import Endpoint, Progress, Report

METRICS = {
    "exact_match": Metric(exact_match, "higher"),
    "token_accuracy": Metric(token_accuracy, "higher"),
    "log_loss": Metric(log_loss, "lower", "nat per token"),
}
VALIDATION_BATCH = 256
CHECKED = 5
"""Number of test pairs on which the parts of exports are checked."""


class TranslationLab(SupervisedLab):
    """Networks that translate one sequence into another."""

    definition = find_definition("translation")
    metrics = METRICS
    measure = staticmethod(pair_losses)
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    baselines = staticmethod(findings.baselines)
    inspect = staticmethod(findings.inspect)
    remarks = staticmethod(findings.remarks)
    figures = staticmethod(figures.draw)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Cross-entropy per token, with gradients of limited norm."""
        loss = token_cross_entropy(config.label_smoothing)
        arguments = compile_arguments(config, loss, rows=len(splits.train))
        optimizer = arguments["optimizer"]
        optimizer.global_clipnorm = config.clip
        if config.averaging:
            optimizer.use_ema, optimizer.ema_momentum = True, config.averaging
        return arguments

    def train(
        self, config: Config, splits: Splits, folder: Path | None, report: Report
    ) -> tuple[keras.Model, Progress]:
        """Train, and take the moving average of the weights if the config says so."""
        network, progress = super().train(config, splits, folder, report)
        if config.averaging:
            network.optimizer.finalize_variable_values(network.trainable_variables)
        return network, progress

    def batches(self, config: Config, splits: Splits) -> tuple[Batches, Batches]:
        """Pairs of similar length in one batch."""
        return (
            PairBatches(splits.train, config.batch_size, config.seed),
            PairBatches(splits.validation, VALIDATION_BATCH),
        )

    def endpoints(self, model: keras.Model) -> Mapping[str, Endpoint]:
        """The signatures `translate`, `encode` and `step` of the SavedModel."""
        return stepped(model).endpoints()

    def subject(self, run: Run, data: Any) -> Subject:
        """The model of a run, and the rows on which its exports are checked."""
        subject = super().subject(run, data)
        source = subject.test.inputs["source"][:CHECKED]
        parts = stepped(subject.model).parts(source[:, : (source != 0).sum(axis=1).max()])
        checked = {name: Part(inputs, onnx=name in PART_FILES) for name, inputs in parts.items()}
        return replace(subject, parts=checked, vocabulary=run.labels["categories"])

    def predict(self, run: Run, inputs: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """The translations of sources, with the beams of the run, and their scores."""
        decoder = stepped(load_model(run.path(FORMATS["keras"])))
        config = run.record["config"]
        longest = run.labels["input_shape"]["target"][0]
        found = decoder.translate(inputs, longest=longest, beams=config["beams"], penalty=config["length_penalty"])
        target = data.vocabularies(run.labels["categories"])[1]
        texts = [target.decode(row) for row in found.tokens[:, 0]]
        return {"translation": np.array(texts, dtype=object), "score": found.scores[:, 0]}


lab = TranslationLab()
