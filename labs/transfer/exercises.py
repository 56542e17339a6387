"""The exercises of the notebook on transfer learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number, shown
from utils.teaching.variants import Variants

PIXELS = np.array([0, 3, 64, 127, 130, 200, 254, 255, 17, 90, 128, 240], dtype="uint8").reshape(1, 2, 2, 3)


def preprocess(answer: Any) -> str:
    """A function of pixels, (images, height, width, channels) uint8: (x − 127) / 128."""
    what = "(x − 127) / 128 of each pixel value, between −1 and 1"
    levels = PIXELS.astype("float64")
    wrapped = (PIXELS - np.uint8(127)).astype("float64")
    mistakes = [
        Mistake(levels, "those are the raw pixel values"),
        Mistake(levels / 255, "other networks take values from 0 to 1"),
        Mistake(levels / 127.5 - 1, "that is another network's preprocessing: this one uses (x − 127) / 128"),
        Mistake(wrapped / 128, "in eight bits 3 − 127 is 132: convert the pixel values to floating point first"),
        Mistake(np.trunc((levels - 127) / 128), "do not round: keep floating-point numbers"),
        Mistake(levels - 127, "divide by 128, too"),
        Mistake(levels / 128, "subtract 127 first"),
        Mistake(levels - 127 / 128, "check the brackets: subtract first, then divide"),
        Mistake((levels - 128) / 127, "subtract 127 and divide by 128, not the other way round"),
        Mistake((127 - levels) / 128, "the sign is wrong: bright pixels have large values"),
        Mistake((levels - levels.mean()) / levels.std(), "use the network's constants, not statistics of this image"),
    ]
    given = called(answer, PIXELS, expected=what, signature="preprocess(pixels)")
    array(given, (levels - 127) / 128, what=what, mistakes=mistakes, hint="(x − 127) / 128, in floating point")
    return "Every backbone has its own preprocessing: check its documentation before you use it."


def trained(answer: Any, features: int = 1280, classes: int = 2) -> str:
    """The trainable parameters of a head for some classes on frozen features."""
    head, backbone = features * classes + classes, 3_413_024
    number(
        answer,
        head,
        what="the number of trainable parameters",
        mistakes=[
            Mistake(features * classes, "each class has a bias, too"),
            Mistake(backbone + head, "the backbone is frozen: training does not change it"),
            Mistake(backbone, "that is the backbone, which is frozen: only the head is trained"),
            *(
                Mistake(head + moments, "the mean and variance of the standardisation are computed once, not trained")
                for moments in (2 * features, 2 * features + 1)
            ),
            Mistake(features + 1, "a softmax has weights for each class"),
            Mistake(features * 1000 + 1000, f"that is ImageNet's own head, for 1,000 classes: ours has {classes}"),
        ],
        hint="only the dense layer is trained: inputs × classes weights and one bias per class",
        close=1e-9,
    )
    return "They are less than a thousandth of the backbone's parameters, so few images are enough to train them."


CHOICES = ("head", "earlier", "finetune", "deep")


def strategy(answer: Any) -> str:
    """A function of training images per class and similarity: one of the four names."""
    signature = "strategy(images_per_class, similarity)"
    for images, similarity, right, hint in (
        (300, 0.8, "head", "few and similar: train as little as possible"),
        (300, 0.1, "earlier", "few and different: a head, but on earlier stages"),
        (5000, 0.8, "finetune", "many and similar: the last blocks can be trained"),
        (5000, 0.1, "deep", "many and different: most of the backbone can be trained"),
        (999, 0.8, "head", "999 is under 1,000, so few"),
        (1000, 0.8, "finetune", "1,000 is no longer few: use <"),
        (300, 0.4, "head", "0.4 already counts as similar: use >="),
        (300, 0.39, "earlier", "below 0.4 the images are different"),
        (1000, 0.39, "deep", "decide separately: how many, and how similar"),
    ):
        what = f"the strategy for {images:,} images per class with similarity {similarity}"
        given = called(answer, images, similarity, expected=what, signature=signature)
        if not isinstance(given, str) or given not in CHOICES:
            raise NotYetError(f"{what}: one of {', '.join(CHOICES)}", shown(given), "return one of the four names")
        if given != right:
            raise NotYetError(what, given, hint)
    return "It is a starting point: the validation split shows what is best for your images."


# Three channels at 2 × 3 positions: one for the class, one against it, one with large values and small gradients.
MAPS = np.array(
    [[[1.0, 0.0, 5.0], [2.0, 1.0, 0.0], [0.0, 3.0, 1.0]], [[4.0, 0.5, 2.0], [0.0, 2.0, 8.0], [1.0, 0.0, 0.0]]]
)
GRADIENTS = np.array(
    [[[0.6, -0.2, 0.1], [0.2, -0.6, 0.0], [0.4, -0.1, -0.1]], [[0.1, -0.4, 0.0], [0.9, -0.3, 0.1], [0.2, -0.2, 0.0]]]
)


def _added(weights: Array) -> Array:
    return np.asarray((MAPS * weights).sum(axis=-1))


def _scaled(heat: Array) -> Array:
    return np.asarray(heat / heat.max())


def grad_cam(answer: Any) -> str:
    """A function of maps and gradients, (height, width, channels): the heatmap, (height, width), in [0, 1]."""
    what, signature = "the heatmap of 2 × 3 positions, from three channels", "grad_cam(maps, gradients)"
    raw = _added(GRADIENTS.mean(axis=(0, 1)))
    heat = np.maximum(raw, 0)
    mistakes = [
        Mistake(heat, "divide by the largest value at the end"),
        Mistake(raw, "set negative values to 0, then divide by the largest value"),
        Mistake(_scaled(raw), "set negative values to 0: they are evidence against the class"),
        Mistake((raw - raw.min()) / np.ptp(raw), "0 must stay 0: set negative values to 0, do not shift them"),
        Mistake(_scaled(np.abs(raw)), "negative values are evidence against the class: set them to 0"),
        Mistake(
            _scaled(np.maximum((MAPS * GRADIENTS).sum(axis=-1), 0)),
            "first take the mean of each channel's gradients over all positions: one weight per channel",
        ),
        Mistake(_scaled(np.maximum(MAPS.sum(axis=-1), 0)), "weight each channel by its mean gradient"),
        Mistake(_scaled(np.maximum(GRADIENTS.sum(axis=-1), 0)), "multiply the maps by the weights and add them up"),
        Mistake(
            _scaled(_added(np.maximum(GRADIENTS.mean(axis=(0, 1)), 0))),
            "set negative values to 0 after the sum: channels against the class must count",
        ),
        Mistake(
            _scaled(np.maximum(_added(GRADIENTS.max(axis=(0, 1))), 0)),
            "take the mean of the gradients, not the largest",
        ),
        Mistake(_scaled(np.maximum(MAPS * GRADIENTS.mean(axis=(0, 1)), 0)), "sum over the channels, the last axis"),
    ]
    hint = "weights: gradients.mean(axis=(0, 1)); then the weighted sum of the maps, its ReLU, divided by its maximum"
    given = called(answer, MAPS, GRADIENTS, expected=what, signature=signature)
    array(given, _scaled(heat), what=what, mistakes=mistakes, hint=hint)
    what = "zeros if there is no evidence for the class"
    given = called(answer, MAPS, -np.abs(GRADIENTS), expected=what, signature=signature)
    array(given, np.zeros(raw.shape), what=what, hint="if the largest value is 0, do not divide by it")
    return "The last convolution has few positions but the most abstract features, so the heatmap is coarse."


EXERCISES: dict[str, Judge] = {
    "preprocess": preprocess,
    "trained": trained,
    "strategy": strategy,
    "grad_cam": grad_cam,
}

HINTS = {
    "preprocess": '(pixels.astype("float32") - 127) / 128',
    "trained": "one weight per feature and class, and one bias per class; nothing else is moved by the training",
    "strategy": "two questions: images_per_class < 1000, and similarity >= 0.4; each pair of answers has one name",
    "grad_cam": "heat = np.maximum((maps * gradients.mean(axis=(0, 1))).sum(axis=-1), 0); divide by heat.max(), if "
    "that is not 0",
}

VARIANTS = {
    "trained": Variants(
        "a backbone that gives {features} features, and a dense layer with {classes} classes",
        {"features": (512, 768, 1024, 1536, 2048), "classes": (3, 4, 5, 6, 10)},
    )
}
