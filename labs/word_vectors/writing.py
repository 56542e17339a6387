"""The files of a run and the lab's part of its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labs.word_vectors import model
from labs.word_vectors.config import Config
from labs.word_vectors.data import Text, without
from labs.word_vectors.evaluation.chosen import NEIGHBOURS, present
from utils.base.atomic_files import write_json
from utils.base.errors import CheckError
from utils.datasets.catalog import REAL
from utils.datasets.splits import Split
from utils.export.formats import save_model
from utils.export.parity import FreshProcess
from utils.export.predictor import predictor
from utils.metrics.metric import Measured, Scores
from utils.runs import artifacts, predictions
from utils.runs.record import LABELS
from utils.text.word_vectors import VECTORS, WordVectors, write_word_vectors
from utils.training.results import Progress, Reporter, Row

PARITY_ROWS = 2000
"""Number of words whose vectors are compared in every format."""


def parity_words(words: int) -> NDArray[np.int32]:
    """Rows of the vocabulary for the comparison of formats, spread over it."""
    return np.unique(np.linspace(0, words - 1, min(words, PARITY_ROWS)).astype(np.int32))


def write(
    folder: Path,
    found: WordVectors,
    history: Sequence[Row],
    drawn: Mapping[str, Figure],
    tested: Measured,
    report: Reporter,
) -> dict[str, Any]:
    """Write the vectors, the model in three formats, the history, the figures, and check the formats.

    Args:
        folder: of the run.
        found: the vectors.
        history: one row per epoch.
        drawn: figures by name.
        tested: the test questions with their predictions.
        report: told of the stages.

    Returns:
        For the record: `parity`, `figures`, `captions`, `layers`, `parameters`.

    Raises:
        CheckError: a saved model has other vectors than the trained one.
    """
    with FreshProcess() as process:  # imports Keras while the files are written
        report.stage("save")
        write_word_vectors(folder / VECTORS, found)
        saved = model.exported(found)
        save_model(saved, folder)
        artifacts.write_history(folder / "history.csv", Progress(history=list(history)))
        write_json(folder / LABELS, labels(found))
        predictions.save(folder, tested)
        report.stage("figures")
        captions = artifacts.write_figures(folder / "figures", drawn, REAL)
        report.stage("check exports")
        rows = parity_words(len(found))
        parity = process.check(folder, rows, rows, predictor(saved).predict(rows), {})
    for form, result in parity.items():
        if result["max_abs_diff"]:  # tables are copied, not computed
            raise CheckError(f"{form}: the saved vectors differ by {result['max_abs_diff']:.2g}", "please report this")
    layers = artifacts.layer_table(saved)
    return {"parity": parity, "figures": list(captions), "captions": captions, "layers": layers}


def labels(found: WordVectors) -> dict[str, Any]:
    """The meaning of inputs and outputs: `categories` has the words by row."""
    return {
        "features": [],
        "categories": {"word": list(found.words)},
        "trained_between": {},
        "target": "vector",
        "unit": "",
        "class_names": [],
        "input_shape": [],
        "centre": 1.0,
    }


def everywhere(text: Text) -> Text:
    """The text with the questions that every machine has, for bands; SimLex-999 is not on every one."""
    return without(text, "simlex")


def facts(text: Text) -> dict[str, Any]:
    """What a band says of the data."""
    rows = {f"{name} rows": len(text.part(name)) for name in ("test", "validation")}
    return {"data digest": text.source.digest, "words": len(text.words), **rows}


def described(
    config: Config, text: Text, found: WordVectors, network: keras.Model, scores: Scores, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """The keys of the record that follow from the text and the vectors; `Lab.run` says which there are."""
    parts = {"test": text.test, "validation": text.part("validation"), "all": text.all}
    epochs = config.epochs
    trained = epochs * len(text.rows.tokens)
    methods = {"word2vec": "fit_cpu", "gensim": "gensim_cpu"}
    return {
        "data": {
            "rows": {name: len(part) for name, part in parts.items()},
            "words": len(text.words),
            "tokens": text.tokens,
            "trained_tokens": len(text.rows.tokens),
            "test_digest": predictions.digest_of_rows(parts["test"], text.source),
        },
        "audit": audit(text),
        "facts": facts(everywhere(text)),
        "covered": {name: {"covered": some, "all": every} for name, (some, every) in text.covered.items()},
        "neighbours": {word: found.neighbours(word) for word in present(NEIGHBOURS, frozenset(found.words))},
        "words_per_cpu_second": {name: trained / seconds[key] for name, key in methods.items() if seconds.get(key)},
        "remarks": remarks(text, scores),
        "chosen": "Nothing of a run was chosen on the test split, but the idea of the preset best came from "
        "experiments on all questions (see the page of the lab)",
        "fitted_on": "The vectors that are compared were trained on the same text, except GloVe 6B",
        "kept_epoch": epochs,
        "epochs_run": epochs,
        "parameters": network.count_params(),
    }


def audit(text: Text) -> dict[str, Any]:
    """What the two halves of the questions share; a pair of words is in one half only."""
    questions = [_names(part) for part in (text.test, text.part("validation"))]
    pairs = [[" ".join(words.split()[:2]) for words in part] for part in questions]
    shared = set(pairs[0]) & set(pairs[1])
    return {
        "duplicates_across_splits": len(set(questions[0]) & set(questions[1])),
        "groups_across_splits": len(shared),
        "test_rows_of_trained_groups": sum(pair in shared for pair in pairs[0]),
        "majority": None,
    }


def _names(part: Split) -> list[str]:
    assert part.names is not None, "see `Questions.covered`"
    return [str(words) for words in part.names]


def remarks(text: Text, scores: Scores) -> list[str]:
    """Sentences on the evaluation for the summary and the card."""
    some = ", ".join(f"{covered:,} of {every:,} {name}" for name, (covered, every) in text.covered.items())
    found = [
        f"The vocabulary of {len(text.words):,} words covers {some} questions; the others are left out.",
        "A pair of words is in one of two halves of the questions, validation and test; all are the complete sets as "
        "published. Presets were chosen among candidates on the validation half.",
    ]
    if "simlex" not in scores:
        found.append(
            "SimLex-999 is not evaluated: it is not on this machine, or too few of its words are in the vocabulary "
            "(python -m labs data fetch word-vectors)."
        )
    return found
