"""Optimizers, learning rate schedules and losses by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from utils.base.config import OptimizerName, Schedule

ADAM_SHARE = 0.5
"""Step size of AdamW for the vectors and embeddings beside Muon, as a fraction of Muon's (chosen on validation text of
tiny Shakespeare)."""
OUTPUT_LAYERS = ("logits", "next_token")
"""Names of output layers, whose weights Muon leaves to AdamW, besides embeddings and vectors."""


def optimizer(
    name: OptimizerName,
    learning_rate: float,
    *,
    schedule: Schedule = "constant",
    steps: int = 0,
    warm_up: int = 0,
    weight_decay: float | None = None,
    clip: float = 0.0,
) -> keras.optimizers.Optimizer:
    """A Keras optimizer by name.

    `muon` (Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982) makes the update of each matrix nearly orthogonal. It
    is for the matrices inside a network: embeddings, vectors and `OUTPUT_LAYERS` are trained by AdamW.

    Args:
        name: name of the optimizer; all settings that are not given here are Keras's defaults.
        learning_rate: the learning rate, or its initial value with a cosine schedule.
        schedule: `cosine` decays to zero over `steps` (Loshchilov and Hutter 2017).
        steps: gradient steps of the whole training.
        warm_up: number of first steps in which the rate of a cosine schedule rises from zero (Goyal et al. 2017).
        weight_decay: fraction of the weights that is subtracted per step, times the learning rate; defaults to Keras's.
        clip: largest norm of the gradient of all weights; 0 disables it.
    """
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "muon": keras.optimizers.Muon,
        "nadam": keras.optimizers.Nadam,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }
    rate: Any = learning_rate
    if schedule == "cosine" and warm_up:
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps - warm_up, warmup_target=learning_rate, warmup_steps=warm_up
        )
    elif schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    options: dict[str, Any] = {"global_clipnorm": clip} if clip else {}
    if weight_decay is not None and name in ("adamw", "muon"):
        options["weight_decay"] = weight_decay
    if name == "muon":
        options |= {
            "exclude_layers": list(OUTPUT_LAYERS),
            "adam_lr_ratio": ADAM_SHARE,
            "adam_weight_decay": weight_decay,
        }
    return kinds[name](learning_rate=rate, **options)


def compile_arguments(
    config: Any, loss: Any, *, rows: int | None = None, steps: int | None = None, metrics: Sequence[str] = ()
) -> dict[str, Any]:
    """Arguments of `keras.Model.compile`: the optimizer of a config, with its schedule over the whole training.

    Args:
        config: has the fields of `Optimization`, and may have those of `StableOptimization`.
        loss: a loss as Keras takes it.
        rows: number of training rows, which determines the number of gradient steps; not needed with `steps`.
        steps: gradient steps of the whole training.
        metrics: names of Keras metrics.
    """
    if steps is None:
        assert rows is not None, "give rows or steps"
        steps = config.epochs * -(-rows // config.batch_size)
    rate = optimizer(
        config.optimizer,
        config.learning_rate,
        schedule=config.schedule,
        steps=steps,
        warm_up=int(getattr(config, "warm_up", 0.0) * steps),
        weight_decay=getattr(config, "weight_decay", None),
        clip=getattr(config, "clip", 0.0),
    )
    return {"optimizer": rate, "loss": loss, "metrics": list(metrics)}


def cross_entropy(classes: int, label_smoothing: float = 0.0, *, members: int = 1) -> Any:
    """Cross-entropy of class numbers and probabilities, in nats.

    Args:
        classes: number of classes.
        label_smoothing: fraction of each target that is distributed evenly over all classes.
        members: members of an ensemble; with more than one, the probabilities are (rows, members, classes) and the loss
            is the mean over all.

    Returns:
        The name of a Keras loss, or a function of truth (rows,) or (rows, 1) and probabilities.

    Source:
        Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, Rethinking the Inception Architecture, CVPR 2016, section 7.
    """
    if not label_smoothing and members == 1:
        return "sparse_categorical_crossentropy"

    def loss(truth: Any, probabilities: Any) -> Any:
        targets = keras.ops.one_hot(keras.ops.reshape(truth, (-1,)), classes)
        if members > 1:
            targets = keras.ops.repeat(targets[:, None], members, axis=1)
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)

    return loss
