"""The four cases of transfer learning: few or many images, similar to ImageNet or not, and a strategy for each."""

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
"""A data set with fewer training images per class is small; ImageNet has 1,300."""
SIMILAR = 0.4
"""Images are similar to ImageNet's if the mean confidence of ImageNet's classifier is at least this."""
SAMPLE = 256
"""Number of training images on which the similarity is measured."""

CHOICES: dict[tuple[bool, bool], Strategy] = {
    (True, True): "head",
    (True, False): "earlier",
    (False, True): "finetune",
    (False, False): "deep",
}
"""The strategy by (small, similar)."""
MEANINGS = {
    "head": "a head on the backbone's last features",
    "earlier": "a head on features of all stages of the backbone",
    "finetune": "a head, then fine-tuning of the backbone's last blocks",
    "deep": "a head, then fine-tuning of most of the backbone",
}


class Case(NamedTuple):
    """The case of a data set, and the strategy.

    Attributes:
        images: mean number of training images per class.
        similarity: mean over images of the largest of ImageNet's 1,000 probabilities, in [0.001, 1].
        chosen: the strategy that the caller chose, or None.
    """

    images: float
    similarity: float
    chosen: Strategy | None = None

    @property
    def small(self) -> bool:
        """Whether there are few images."""
        return self.images < SMALL

    @property
    def similar(self) -> bool:
        """Whether the images are similar to ImageNet's."""
        return self.similarity >= SIMILAR

    @property
    def strategy(self) -> Strategy:
        """The strategy that is used."""
        return self.chosen or self.automatic

    @property
    def automatic(self) -> Strategy:
        """The strategy that follows from the case."""
        return CHOICES[self.small, self.similar]

    def __str__(self) -> str:
        size = f"{'small' if self.small else 'large'} ({self.images:,.0f} training images per class)"
        like = f"{'similar' if self.similar else 'not similar'} to ImageNet (mean confidence {self.similarity:.0%})"
        by = "chosen strategy" if self.chosen else "strategy"
        return f"{size}, {like}; {by}: {self.strategy}, {MEANINGS[self.strategy]}"


def extractor(config: Config) -> Extractor:
    """The extractor of the features of the config's backbone; it caches them."""
    weights = backbones.obtain(config.backbone, config.weights)
    return Extractor(weights, data.side_of(config), config)


def find(config: Config, splits: Splits) -> Case:
    """The case of a data set.

    The similarity is the mean maximum softmax probability of ImageNet's own classifier: a network is less confident
    about images unlike its training images. It is computed at the image size of its training, because the classifier
    is overconfident on small images.

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
    """Mean over the rows of the largest probability, from logits (rows, classes)."""
    return float(softmax(logits, axis=1).max(axis=1).mean())


def inspect(config: Config, splits: Splits) -> dict[str, Any]:
    """The backbone, its weights, the case and the strategy, for `run.json`."""
    weights, case = backbones.obtain(config.backbone, config.weights), find(config, splits)
    return {
        "backbone": {
            "name": weights.backbone.name,
            "digest": weights.digest,
            "found": weights.found,
            "licence": weights.backbone.entry.licence,
        },
        "case": {
            "pictures_per_class": case.images,
            "small": case.small,
            "similarity": case.similarity,
            "similar": case.similar,
            "automatic": case.automatic,
            "strategy": case.strategy,
        },
    }
