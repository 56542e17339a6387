"""The lab's baselines: single characters and an interpolated 5-gram of characters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from utils.datasets.splits import Split, Splits
from utils.text.ngrams import Losses, Ngram


def baselines(splits: Splits) -> Mapping[str, Losses]:
    """Losses of the test tunes, (tunes, 2), by model; the models are fitted on the training and validation tunes."""
    parts: tuple[Split, ...] = (splits.train, splits.validation)
    codes = np.concatenate([part.inputs for part in parts])
    targets = np.concatenate([part.targets for part in parts])
    model = Ngram(codes, targets, len(splits.categories["character"]), order=5)
    test = splits.test
    return {
        "single_characters": model.losses(test.inputs, test.targets, order=1),
        "5-gram": model.losses(test.inputs, test.targets),
    }
