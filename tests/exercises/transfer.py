"""Answers to the exercises on transfer learning."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tests.exercises import Answers, Wrong


def choose(pictures: Any, likeness: Any) -> str:
    if pictures < 1000:
        return "head" if likeness >= 0.4 else "earlier"
    return "finetune" if likeness >= 0.4 else "deep"


def heat_of(maps: Any, gradients: Any) -> Any:
    heat = np.maximum((maps * gradients.mean(axis=(0, 1))).sum(axis=-1), 0)
    return heat / heat.max() if heat.max() > 0 else heat


def heat_by_loop(maps: Any, gradients: Any) -> Any:
    heat = [[0.0] * maps.shape[1] for _ in maps]
    for channel in range(maps.shape[2]):
        weight = gradients[..., channel].mean()
        for i, row in enumerate(maps[..., channel]):
            for j, value in enumerate(row):
                heat[i][j] += float(weight * value)
    heat = [[max(value, 0.0) for value in row] for row in heat]
    most = max(map(max, heat)) or 1.0
    return [[value / most for value in row] for row in heat]


def heat_by_product(maps: Any, gradients: Any) -> Any:
    # A sum over the places instead of the mean changes nothing once the heat is scaled.
    heat = np.clip(np.einsum("ijc,c->ij", maps, gradients.sum(axis=(0, 1))), 0, None)
    return np.divide(heat, heat.max(), out=np.zeros_like(heat), where=heat.max() > 0)


def heat_by_keras(maps: Any, gradients: Any) -> Any:
    heat = keras.ops.relu(keras.ops.sum(maps * keras.ops.mean(gradients, axis=(0, 1)), axis=-1))
    return heat / (keras.ops.max(heat) + 1e-12)


def summed(maps: Any, gradients: Any) -> Any:
    return (maps * gradients.mean(axis=(0, 1))).sum(axis=-1)


def over_most(heat: Any) -> Any:
    return heat / heat.max()


ANSWERS = {
    "preprocess": Answers(
        right=[
            lambda pixels: (pixels.astype("float32") - 127) / 128,
            lambda pixels: (pixels - 127.0) / 128,
            lambda pixels: pixels / 128 - 127 / 128,
            lambda pixels: keras.layers.Rescaling(1 / 128, -127 / 128)(pixels),
            lambda pixels: ((pixels.astype(int) - 127) / 128).tolist(),
        ],
        wrong=[
            Wrong(lambda pixels: pixels, "raw pixel values"),
            Wrong(lambda pixels: pixels / 255, "other networks"),
            Wrong(lambda pixels: pixels / 127.5 - 1, "another network's"),
            Wrong(lambda pixels: (pixels - 127) / 128, "eight bits"),
            Wrong(lambda pixels: (pixels - np.uint8(127)).astype("float32") / 128, "eight bits"),
            Wrong(lambda pixels: ((pixels.astype(int) - 127) / 128).astype("int8"), "do not round"),
            Wrong(lambda pixels: pixels - 127.0, "divide by 128"),
            Wrong(lambda pixels: pixels / 128, "subtract 127"),
            Wrong(lambda pixels: pixels - 127 / 128, "brackets"),
            Wrong(lambda pixels: (pixels - 128.0) / 127, "not the other way round"),
            Wrong(lambda pixels: (127.0 - pixels) / 128, "sign"),
            Wrong(lambda pixels: (pixels - pixels.mean()) / pixels.std(), "not statistics of this image"),
            Wrong(lambda pixels: ((pixels - 127.0) / 128)[0], "floating point"),
        ],
    ),
    "trained": Answers(
        right=[2562, 2562.0, np.int64(2562), np.array([2562]), keras.ops.convert_to_tensor(2562)],
        wrong=[
            Wrong(2560, "bias"),
            Wrong(3_413_024 + 2562, "does not change"),
            Wrong(3_413_024, "which is frozen"),
            Wrong(2562 + 2560, "computed once"),
            Wrong(2562 + 2561, "computed once"),
            Wrong(1281, "each class"),
            Wrong(1_281_000, "ImageNet's own head"),
            Wrong(2563, "only the dense layer"),
            Wrong([2560, 2], "only the dense layer"),
        ],
    ),
    "strategy": Answers(
        right=[
            choose,
            lambda pictures, likeness: {
                (True, True): "head",
                (True, False): "earlier",
                (False, True): "finetune",
                (False, False): "deep",
            }[pictures < 1000, likeness >= 0.4],
            lambda pictures, likeness: ("head", "earlier", "finetune", "deep")[
                2 * (pictures >= 1000) + (likeness < 0.4)
            ],
            lambda pictures, likeness: np.str_(choose(pictures, likeness)),
        ],
        wrong=[
            Wrong(lambda pictures, likeness: choose(pictures, 1 - likeness), "as little as possible"),
            Wrong(lambda pictures, likeness: "head", "on earlier stages"),
            Wrong(lambda pictures, likeness: choose(500, likeness), "last blocks"),
            Wrong(lambda pictures, likeness: choose(pictures, 1), "on earlier stages"),
            Wrong(lambda pictures, likeness: "finetune" if pictures >= 1000 else choose(1, likeness), "most of the"),
            Wrong(lambda pictures, likeness: choose(pictures, likeness - 0.001), "use >="),
            Wrong(lambda pictures, likeness: choose(pictures - 1, likeness), "use <"),
            Wrong(lambda pictures, likeness: choose(pictures, 100 * likeness), "on earlier stages"),
            Wrong(lambda pictures, likeness: choose(pictures + 1, likeness + 0.02), "under 1,000"),
            Wrong(lambda pictures, likeness: choose(pictures, likeness + 0.02), "are different"),
            Wrong(lambda pictures, likeness: choose(pictures, likeness).upper(), "four names"),
            Wrong("head", "the function itself"),
        ],
    ),
    "grad_cam": Answers(
        right=[heat_of, heat_by_loop, heat_by_product, heat_by_keras],
        wrong=[
            Wrong(lambda maps, gradients: np.maximum(summed(maps, gradients), 0), "largest value at the end"),
            Wrong(summed, "then divide"),
            Wrong(lambda maps, gradients: over_most(summed(maps, gradients)), "evidence against"),
            Wrong(
                lambda maps, gradients: (
                    (summed(maps, gradients) - summed(maps, gradients).min()) / np.ptp(summed(maps, gradients))
                ),
                "do not shift",
            ),
            Wrong(lambda maps, gradients: over_most(abs(summed(maps, gradients))), "set them to 0"),
            Wrong(
                lambda maps, gradients: over_most(np.maximum((maps * gradients).sum(axis=-1), 0)),
                "one weight per channel",
            ),
            Wrong(lambda maps, gradients: over_most(maps.sum(axis=-1)), "weight each channel"),
            Wrong(lambda maps, gradients: over_most(np.maximum(gradients.sum(axis=-1), 0)), "multiply the maps"),
            Wrong(
                lambda maps, gradients: over_most((maps * np.maximum(gradients.mean(axis=(0, 1)), 0)).sum(axis=-1)),
                "must count",
            ),
            Wrong(
                lambda maps, gradients: over_most(np.maximum((maps * gradients.max(axis=(0, 1))).sum(axis=-1), 0)),
                "not the largest",
            ),
            Wrong(
                lambda maps, gradients: over_most(np.maximum(maps * gradients.mean(axis=(0, 1)), 0)),
                "over the channels",
            ),
            Wrong(lambda maps, gradients: over_most(np.maximum(summed(maps, gradients), 0)), "do not divide by it"),
            Wrong(lambda maps, gradients: heat_of(maps, gradients).ravel(), "shape"),
        ],
    ),
}
