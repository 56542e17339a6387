"""Measure whether word vectors help the sentiment lab where there are few labels.

python -m benchmarks.sentiment_vectors

The vectors are those of the preset `course` of the lab on word vectors. They are trained on all reviews without their
labels, those of the test split included: a user has the texts that are to be classified, too.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from benchmarks.pages.results import record
from labs import find_lab
from utils.base.keras_import import import_keras
from utils.text.word_vectors import WordVectors, write_word_vectors

ROWS = (500, 2_500, 0)
"""Numbers of training reviews; 0 is all."""
SEEDS = (7, 8, 9)


def _vectors(path: Path) -> None:
    """Train the lab's vectors and write them."""
    from labs.word_vectors import lesson

    lab: Any = find_lab("word_vectors")
    config = lab.preset("course")
    text = lab.load(config)
    network, _ = lesson.trained(config, text)
    (table,) = network.get_layer("word_vectors").get_weights()
    write_word_vectors(path, WordVectors(text.words, table))


def _measured(lab: Any, config: Any) -> dict[str, float]:
    """Accuracy and log loss on the test split."""
    import tensorflow as tf

    from utils.runs import harness

    splits = lab.splits(config)
    model = harness.fit(lab, config, splits, preset="average-words").model
    probabilities = model.predict(tf.constant(list(splits.test.inputs)), batch_size=64, verbose=0)
    truth = splits.test.targets
    accuracy = float(np.mean(probabilities.argmax(axis=1) == truth))
    return {"accuracy": accuracy, "log_loss": float(log_loss(truth, probabilities))}


def main() -> None:
    import_keras()
    lab: Any = find_lab("sentiment")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.bin"
        _vectors(path)
        for rows in ROWS:
            # As many gradient steps as with all reviews would overfit; early stopping ends the training on validation.
            few = replace(lab.preset("average-words"), train_rows=rows, epochs=40 if rows else 6, patience=5)
            for start in (None, path):
                runs = [_measured(lab, replace(few, seed=seed, vectors=start)) for seed in SEEDS]
                means = {name: statistics.mean(run[name] for run in runs) for name in runs[0]}
                deviations = {name: statistics.stdev(run[name] for run in runs) for name in runs[0]}
                found.append({"rows": rows, "vectors": start is not None, "mean": means, "std": deviations})
                print(found[-1])
    record("sentiment_vectors", {"seeds": list(SEEDS), "network": "average", "results": found})


if __name__ == "__main__":
    main()
