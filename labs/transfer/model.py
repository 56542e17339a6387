"""The head, the blocks that are fine-tuned with it, and the complete model from pixels to probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from numpy.typing import NDArray

from labs.transfer import cases, head
from labs.transfer.config import Config
from utils.base.console import say
from utils.datasets.splits import Split, Splits
from utils.export.predictor import predictor
from utils.networks.compiling import cross_entropy, optimizer
from utils.networks.ensembles import average_predictions, mirror_images
from utils.networks.flat_graph import joined
from utils.pretrained import backbones
from utils.pretrained.backbones import FEATURES
from utils.pretrained.feature_baseline import standardization
from utils.pretrained.feature_cache import ViewBatches, views_of
from utils.pretrained.fold_batchnorm import folded
from utils.training.batches import Batches
from utils.training.results import Phase


def build(config: Config, splits: Splits) -> keras.Model:
    """The head.

    Returns:
        (batch, features) from the frozen backbone to (batch, classes) probabilities.
    """
    case = cases.find(config, splits)
    say(f"case: {case}")
    extractor, cut = cases.extractor(config), _cut(config, case)
    # Compute the features of both phases in one pass.
    wanted = [*head.INPUTS[case.strategy], *([cut] if cut else [])]
    extractor.prepare(splits.train.inputs, wanted, views_of(config, config.views))
    extractor.prepare(splits.validation.inputs, wanted)
    chosen = head.choose(config, splits)
    say(f"head: {chosen}")
    (rows,) = extractor.views(splits.train.inputs, chosen.output)
    inputs = keras.Input(rows.shape[1:], name="features")
    mean, variance = standardization(rows)
    values = keras.layers.Normalization(mean=mean, variance=variance, name="standardised")(inputs)
    values = keras.layers.Dropout(config.dropout, name="dropout")(values)
    outputs = keras.layers.Dense(
        len(splits.class_names),
        activation="softmax",
        kernel_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(chosen.l2),
        name=splits.target,
    )(values)
    return keras.Model(inputs, outputs, name="head")


def _cut(config: Config, case: cases.Case) -> str | None:
    """The layer after which the strategy fine-tunes the backbone's blocks; None if it fine-tunes none."""
    backbone = backbones.BACKBONES[config.backbone]
    return {"finetune": backbone.late, "deep": backbone.early}.get(case.strategy)


def batches(config: Config, splits: Splits) -> tuple[Batches, Batches]:
    """The batches that the head is trained on: cached features of every view."""
    return _batches(config, splits, head.choose(config, splits).output)


def _batches(config: Config, splits: Splits, output: str) -> tuple[Batches, Batches]:
    extractor = cases.extractor(config)
    views = extractor.views(splits.train.inputs, output, views_of(config, config.views))
    held = extractor.views(splits.validation.inputs, output)
    return (
        ViewBatches(views, splits.train.targets, config.batch_size, config.seed),
        ViewBatches(held, splits.validation.targets, 256),
    )


def further(config: Config, splits: Splits) -> Sequence[Phase]:
    """The fine-tuning phase, if the strategy has one."""
    cut = _cut(config, cases.find(config, splits))
    if cut is None:
        return ()
    return (
        Phase(
            "fine-tuning",
            config.finetune_epochs,
            lambda config, _, trained: joined(tail(config, cut), trained, "tail"),
            lambda config, splits: compile_head(config, splits, finetune=True),
            lambda config, splits: _batches(config, splits, cut),
        ),
    )


def tail(config: Config, cut: str) -> keras.Model:
    """A trainable copy of the backbone's blocks after a layer; the batch normalisation statistics stay frozen."""
    extractor = cases.extractor(config)
    blocks = keras.Model(extractor.frozen(cut).output, extractor.frozen(FEATURES).output)
    copy = folded(blocks)
    for layer in copy.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return copy


def compile_head(config: Config, splits: Splits, *, finetune: bool = False) -> dict[str, Any]:
    """Cross-entropy and accuracy.

    In fine-tuning, the learning rate rises over the first tenth of the steps: the optimizer has no estimates of the
    gradients yet, and large steps would damage the backbone.
    """
    epochs = config.finetune_epochs if finetune else config.epochs
    rate = config.finetune_learning_rate if finetune else config.learning_rate
    steps = epochs * -(-len(splits.train) // config.batch_size)
    warm_up = steps // 10 if finetune else 0
    return {
        "optimizer": optimizer(config.optimizer, rate, schedule=config.schedule, steps=steps, warm_up=warm_up),
        "loss": cross_entropy(len(splits.class_names), config.label_smoothing),
        "metrics": ["accuracy"],
    }


def assemble(config: Config, splits: Splits, trained: keras.Model) -> keras.Model:
    """One model from pixels to probabilities: preprocessing, frozen layers and trained layers.

    With `mirrored`, the mean of its predictions for an image and for the mirrored image.
    """
    front = cases.extractor(config).frozen(_trained_input(config, splits))
    if config.mirrored:  # mirrored images are float32
        return average_predictions(joined(front, trained, config.backbone, "float32"), mirror_images)
    return joined(front, trained, config.backbone)


def _trained_input(config: Config, splits: Splits) -> str:
    """The output of the backbone that is the input of the last trained model."""
    return _cut(config, cases.find(config, splits)) or head.choose(config, splits).output


def known(config: Config, splits: Splits, trained: keras.Model, part: Split) -> NDArray[Any]:
    """Predictions for a split whose features are cached."""
    (rows,) = cases.extractor(config).views(part.inputs, _trained_input(config, splits))
    return predictor(trained).predict(rows)
