"""The four cases of transfer learning: few or many pictures, like ImageNet's or unlike, and what to do in each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from labs.transfer import data
from labs.transfer.config import Config, Strategy
from utils.datasets.splits import Splits
from utils.pretrained import backbones
from utils.pretrained.feature_cache import Extractor

SMALL = 1_000
"""Training pictures a class under which a set is small: ImageNet, which the backbone learned from, has 1,300."""
SIMILAR = 0.4
"""Mean confidence of ImageNet's classifier from which on pictures are like ImageNet's."""
SAMPLE = 256
"""Training pictures that the likeness is measured on."""

CHOICES: dict[tuple[bool, bool], Strategy] = {
    (True, True): "head",
    (True, False): "earlier",
    (False, True): "finetune",
    (False, False): "deep",
}
"""By (small, similar)."""
MEANINGS = {
    "head": "a head on the backbone's last features",
    "earlier": "a head on what the backbone sees on the way, not only at its end",
    "finetune": "a head, then the backbone's last blocks with it, slowly",
    "deep": "a head, then most of the backbone with it, slowly",
}


class Case(NamedTuple):
    """Which case a data set is, and what is done.

    Attributes:
        pictures: training pictures a class, on average.
        similarity: mean over pictures of the largest of ImageNet's 1,000 probabilities, in [0.001, 1].
        chosen: the strategy that the caller chose, or None.
    """

    pictures: float
    similarity: float
    chosen: Strategy | None = None

    @property
    def small(self) -> bool:
        """Whether there are few pictures."""
        return self.pictures < SMALL

    @property
    def similar(self) -> bool:
        """Whether they are like ImageNet's."""
        return self.similarity >= SIMILAR

    @property
    def strategy(self) -> Strategy:
        """What is done."""
        return self.chosen or self.automatic

    @property
    def automatic(self) -> Strategy:
        """What follows from the case."""
        return CHOICES[self.small, self.similar]

    def __str__(self) -> str:
        size = f"{'small' if self.small else 'large'} ({self.pictures:,.0f} training pictures a class)"
        like = f"{'like' if self.similar else 'unlike'} ImageNet (its classifier is {self.similarity:.0%} sure)"
        by = "--strategy" if self.chosen else "so"
        return f"{size}, {like}; {by} {self.strategy}: {MEANINGS[self.strategy]}"


def extractor(config: Config) -> Extractor:
    """What computes the features of the config's backbone, or finds them."""
    weights = backbones.obtain(config.backbone, config.weights)
    return Extractor(weights, data.side_of(config), config)


def find(config: Config, splits: Splits) -> Case:
    """The case of a data set.

    The likeness is the mean maximum softmax probability of ImageNet's own classifier: a network is less sure of
    pictures that are unlike those it has learned from. It is asked at the size that it has learned from, too: of small
    pictures it is sure without reason.

    Source:
        Stanford's CS231n, notes on transfer learning (the four cases); Hendrycks and Gimpel, A Baseline for Detecting
        Misclassified and Out-of-Distribution Examples in Neural Networks, ICLR 2017 (the measure).
    """
    number = min(SAMPLE, len(splits.train))
    rows = np.linspace(0, len(splits.train) - 1, number).astype(np.intp)
    weights = backbones.obtain(config.backbone, config.weights)
    classifier = Extractor(weights, weights.backbone.side, config)
    (logits,) = classifier.views(splits.train.inputs.take(rows), backbones.LOGITS)
    chosen = None if config.strategy == "auto" else config.strategy
    return Case(len(splits.train) / len(splits.class_names), confidence(logits[:]), chosen)


def confidence(logits: NDArray[Any]) -> float:
    """Mean over the rows of the largest probability, from logits of (rows, classes)."""
    return float(softmax(logits, axis=1).max(axis=1).mean())


def inspect(config: Config, splits: Splits) -> dict[str, Any]:
    """Which backbone with which weights, and which case with what was done: for `run.json`."""
    weights, case = backbones.obtain(config.backbone, config.weights), find(config, splits)
    return {
        "backbone": {
            "name": weights.backbone.name,
            "digest": weights.digest,
            "found": weights.found,
            "licence": weights.backbone.entry.licence,
        },
        "case": {
            "pictures_per_class": case.pictures,
            "small": case.small,
            "similarity": case.similarity,
            "similar": case.similar,
            "automatic": case.automatic,
            "strategy": case.strategy,
        },
    }
