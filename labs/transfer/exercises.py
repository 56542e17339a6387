"""The exercises of the notebook on transfer learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number, shown

PIXELS = np.array([0, 3, 64, 127, 130, 200, 254, 255, 17, 90, 128, 240], dtype="uint8").reshape(1, 2, 2, 3)


def preprocess(answer: Any) -> str:
    """A function of pixels, (pictures, height, width, channels) uint8: (x − 127) / 128."""
    what = "(x − 127) / 128 of each level, from below −0.99 to 1"
    levels = PIXELS.astype("float64")
    wrapped = (PIXELS - np.uint8(127)).astype("float64")
    mistakes = [
        Mistake(levels, "those are the raw levels"),
        Mistake(levels / 255, "from 0 to 1 is what other networks take"),
        Mistake(levels / 127.5 - 1, "that is another network's: this one had (x − 127) / 128"),
        Mistake(wrapped / 128, "in eight bits 3 − 127 is 132: make floating-point numbers of the levels first"),
        Mistake(np.trunc((levels - 127) / 128), "do not round: keep floating-point numbers"),
        Mistake(levels - 127, "divide by 128, too"),
        Mistake(levels / 128, "subtract 127 first"),
        Mistake(levels - 127 / 128, "mind the brackets: subtract first, then divide"),
        Mistake((levels - 128) / 127, "127 is subtracted, and 128 divides"),
        Mistake((127 - levels) / 128, "the sign: light pixels are the large ones"),
        Mistake((levels - levels.mean()) / levels.std(), "the numbers are the network's, not of this picture"),
    ]
    given = called(answer, PIXELS, expected=what, signature="preprocess(pixels)")
    array(given, (levels - 127) / 128, what=what, mistakes=mistakes, hint="(x − 127) / 128, in floating point")
    return "Every backbone has its own; ask its page before you give it a picture."


def trained(answer: Any) -> str:
    """The trainable parameters of a head for two classes on 1,280 frozen features."""
    head, backbone = 1280 * 2 + 2, 3_413_024
    number(
        answer,
        head,
        what="the parameters that training moves",
        mistakes=[
            Mistake(1280 * 2, "each of the two classes has a bias, too"),
            Mistake(backbone + head, "the backbone is frozen: training does not move it"),
            Mistake(backbone, "that is the backbone, which is frozen; the head is what is trained"),
            Mistake(head + 2 * 1280, "mean and variance of the standardisation are measured once, not trained"),
            Mistake(head + 2 * 1280 + 1, "mean and variance of the standardisation are measured once, not trained"),
            Mistake(1280 + 1, "a softmax has weights for each of the two classes"),
            Mistake(1280 * 1000 + 1000, "that is ImageNet's own head, for a thousand classes; ours has two"),
        ],
        hint="only the dense layer is trained: inputs × classes weights and a bias for each class",
        close=1e-9,
    )
    return "Some two thousand numbers, less than a thousandth of the backbone's: few pictures can settle them."


CHOICES = ("head", "earlier", "finetune", "deep")


def strategy(answer: Any) -> str:
    """A function of training pictures a class and likeness: one of the four names."""
    signature = "strategy(pictures_a_class, likeness)"
    for pictures, likeness, right, hint in (
        (300, 0.8, "head", "few and alike: train as little as may be"),
        (300, 0.1, "earlier", "few and unlike: a head, but on earlier stages"),
        (5000, 0.8, "finetune", "many and alike: the last blocks may be trained"),
        (5000, 0.1, "deep", "many and unlike: most of the backbone may be trained"),
        (999, 0.8, "head", "999 is under 1,000, so few"),
        (1000, 0.8, "finetune", "1,000 is no longer few: use <"),
        (300, 0.4, "head", "40 % is alike already: use >="),
        (300, 0.39, "earlier", "under 40 % is unlike"),
        (1000, 0.39, "deep", "the two questions are apart: how many, and how alike"),
    ):
        what = f"what to do with {pictures:,} pictures a class of likeness {likeness}"
        given = called(answer, pictures, likeness, expected=what, signature=signature)
        if not isinstance(given, str) or given not in CHOICES:
            raise NotYetError(f"{what}: one of {', '.join(CHOICES)}", shown(given), "return one of the four names")
        if given != right:
            raise NotYetError(what, given, hint)
    return "It is where to begin, not where to end: validation says what is best for your pictures."


# Three channels on 2 × 3 places: one that matters, one that speaks against, one with large values and hardly any slope.
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
    """A function of maps and gradients, (height, width, channels): the heat, (height, width), in [0, 1]."""
    what, signature = "the heat of 2 × 3 places, of three channels", "grad_cam(maps, gradients)"
    raw = _added(GRADIENTS.mean(axis=(0, 1)))
    heat = np.maximum(raw, 0)
    mistakes = [
        Mistake(heat, "divide by the largest value at the end"),
        Mistake(raw, "cut off what is below 0, then divide by the largest value"),
        Mistake(_scaled(raw), "cut off what is below 0: it speaks against the class"),
        Mistake((raw - raw.min()) / np.ptp(raw), "0 must stay 0: cut off what is below, do not shift it up"),
        Mistake(_scaled(np.abs(raw)), "what is below 0 speaks against the class: cut it off"),
        Mistake(
            _scaled(np.maximum((MAPS * GRADIENTS).sum(axis=-1), 0)),
            "take the mean of each channel's gradients over all places first: one weight a channel",
        ),
        Mistake(_scaled(np.maximum(MAPS.sum(axis=-1), 0)), "weight each channel by its mean gradient"),
        Mistake(_scaled(np.maximum(GRADIENTS.sum(axis=-1), 0)), "multiply the maps by the weights and add them up"),
        Mistake(
            _scaled(_added(np.maximum(GRADIENTS.mean(axis=(0, 1)), 0))),
            "cut off after adding up: a channel that speaks against must count",
        ),
        Mistake(
            _scaled(np.maximum(_added(GRADIENTS.max(axis=(0, 1))), 0)),
            "take the mean of the gradients, not the largest",
        ),
        Mistake(_scaled(np.maximum(MAPS * GRADIENTS.mean(axis=(0, 1)), 0)), "add up over the channels, the last axis"),
    ]
    hint = "weights: gradients.mean(axis=(0, 1)); heat: their sum of weighted maps, cut at 0, over its largest value"
    given = called(answer, MAPS, GRADIENTS, expected=what, signature=signature)
    array(given, _scaled(heat), what=what, mistakes=mistakes, hint=hint)
    what = "zeros where nothing speaks for the class"
    given = called(answer, MAPS, -np.abs(GRADIENTS), expected=what, signature=signature)
    array(given, np.zeros(raw.shape), what=what, hint="where the largest value is 0, do not divide by it")
    return "The last convolution has few places but the most meaning; so the heat is coarse, and about things."


EXERCISES: dict[str, Judge] = {
    "preprocess": preprocess,
    "trained": trained,
    "strategy": strategy,
    "grad_cam": grad_cam,
}
