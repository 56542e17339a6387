"""What the head sees and the strength of its penalty, both chosen on validation by logistic regression."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from labs.transfer import cases
from labs.transfer.config import Config, Strategy
from utils.base.disk_rows import RowsOnDisk
from utils.datasets.splits import Splits
from utils.pretrained.backbones import BOTH, FEATURES, LEVELS
from utils.pretrained.feature_baseline import Regression, regress
from utils.pretrained.feature_cache import Extractor

INPUTS: dict[Strategy, tuple[str, ...]] = {
    "head": (FEATURES, BOTH),
    "earlier": (LEVELS, BOTH),
    "finetune": (FEATURES,),
    "deep": (FEATURES,),
}
"""The outputs of the backbone that the head may see, by strategy. Fine-tuning computes nothing but the last ones."""
MEANINGS = {
    FEATURES: "the last features",
    LEVELS: "the means of the stages",
    BOTH: "the last features and the means of the stages",
}


class Head(NamedTuple):
    """What the head sees, and its penalty.

    Attributes:
        output: the output of the backbone that the head sees.
        l2: weight of its squared weights in the loss.
        regression: logistic regression on the same features.
    """

    output: str
    l2: float
    regression: Regression

    def __str__(self) -> str:
        return f"on {MEANINGS[self.output]}, with an L2 penalty of {self.l2:.2g}"


def choose(config: Config, splits: Splits) -> Head:
    """Choose the input of the head and, unless the config sets it, the strength of its penalty.

    The strength is that at which logistic regression has the lowest loss on validation. Of two possible inputs, the
    larger one is chosen if the loss of logistic regression is lower by more than one standard error.

    Source:
        Breiman et al., Classification and Regression Trees (1984), section 3.4.3: the rule of one standard error.
    """
    outputs = INPUTS[cases.find(config, splits).strategy]
    extractor, parts = cases.extractor(config), (splits.train, splits.validation)
    # Computes the outputs that are not in the cache in one pass.
    for part in parts:
        extractor.prepare(part.inputs, outputs)
    inputs, targets = [part.inputs for part in parts], [part.targets.tobytes() for part in parts]
    found = {output: _regression(extractor, output, *inputs, *targets) for output in outputs}
    output, groups = outputs[0], splits.validation.groups
    for other in outputs[1:]:
        related = None if groups is None else groups[found[output].judged]
        if clearly_lower(found[other].losses, found[output].losses, related):
            output = other
    return Head(output, found[output].l2 if config.l2 is None else config.l2, found[output])


@lru_cache(maxsize=8)
def _regression(
    extractor: Extractor, output: str, train: RowsOnDisk, validation: RowsOnDisk, targets: bytes, held: bytes
) -> Regression:
    """Logistic regression on an output of the backbone, fitted once for the same splits."""
    ((rows,), (judged,)) = extractor.views(train, output), extractor.views(validation, output)
    return regress(rows, np.frombuffer(targets, "int64"), judged, np.frombuffer(held, "int64"))


def clearly_lower(losses: NDArray[Any], others: NDArray[Any], groups: NDArray[Any] | None = None) -> bool:
    """Whether losses are lower than others of the same rows by more than one standard error of the difference.

    Args:
        losses: (rows,).
        others: (rows,).
        groups: (rows,) labels of rows that depend on each other; None if none do.
    """
    gains = others - losses
    _, members = np.unique(np.arange(len(gains)) if groups is None else groups, return_inverse=True)
    error = np.sqrt((np.bincount(members, gains - gains.mean()) ** 2).sum()) / len(gains)
    return bool(gains.mean() > error)


def baseline(config: Config, splits: Splits) -> dict[str, NDArray[np.float64]]:
    """Test probabilities of logistic regression on the features that the head sees, (test rows, classes) by name."""
    chosen = choose(config, splits)
    (rows,) = cases.extractor(config).views(splits.test.inputs, chosen.output)
    name = chosen.regression.name(len(splits.train))
    return {name: chosen.regression.probabilities(rows, len(splits.class_names))}


def inspect(config: Config, splits: Splits) -> dict[str, Any]:
    """The input of the head and its penalty, for `run.json`."""
    chosen = choose(config, splits)
    return {"head": {"input": chosen.output, "l2": chosen.l2, "chosen": config.l2 is None}}
