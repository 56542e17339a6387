"""Optimizers by name, and Adam's update in few operations."""

from __future__ import annotations

from typing import Any

import keras

from utils.base.config import OptimizerName, Schedule


def optimizer(
    name: OptimizerName, learning_rate: float, *, schedule: Schedule = "constant", steps: int = 0, warm_up: int = 0
) -> keras.optimizers.Optimizer:
    """A Keras optimizer by name.

    Args:
        name: of the optimizer; all settings but the rate are Keras's own.
        learning_rate: the rate, or where a cosine schedule starts.
        schedule: `cosine` falls to zero along a half wave over `steps` (Loshchilov and Hutter 2017).
        steps: gradient steps of the whole training.
        warm_up: of those, the first ones, over which a cosine schedule's rate rises from zero (Goyal et al. 2017).
    """
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
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
    return kinds[name](learning_rate=rate)
