"""The word vectors lab: what it trains, what it compares, and how the vectors are evaluated."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from labs import find_definition
from labs.word_vectors import data, figures, model, writing
from labs.word_vectors.compared import methods
from labs.word_vectors.config import Config
from labs.word_vectors.data import Text
from labs.word_vectors.evaluation import bias, scores
from labs.word_vectors.word2vec.training import train
from utils.datasets.splits import Split
from utils.export.formats import FORMATS, load_model, open_model
from utils.export.subject import Subject
from utils.metrics.metric import Measured, Metric, Scores, score
from utils.runs.lab import Lab, Outcome, Request
from utils.runs.record import Run
from utils.text.word_vectors import VECTORS, WordVectors, read_word_vectors
from utils.training.results import Report, predictions, reporter, silent


class WordVectorsLab(Lab):
    """Word2vec with negative sampling, next to counting and to the vectors of others."""

    definition = find_definition("word_vectors")
    metrics = scores.METRICS
    caution = bias.WARNING
    load = staticmethod(data.load)
    read = staticmethod(data.read)

    def run(self, request: Request, folder: Path, report: Report) -> dict[str, Any]:
        """Train the vectors, compare them with others, and write the files of the run; see `Lab.run`."""
        config, text, stage = request.config, request.data, reporter(report).stage
        keras.utils.set_random_seed(config.seed)
        network = model.build(config, len(text.words))
        history, seconds = train(config, text, network, report)
        stage("compare")
        found, others, seconds = methods.compare(config, text, network, seconds)
        stage("evaluate")
        start = time.perf_counter()
        evaluated, tested = evaluate(found, others, text)
        of_bias = bias.occupations(found, text)
        drawn = figures.draw(found, evaluated["compared"], of_bias, config.seed)
        seconds |= {"load": text.load_seconds, "evaluate": time.perf_counter() - start}
        start = time.perf_counter()
        written = writing.write(folder, found, history, drawn, tested, reporter(report))
        seconds["save"] = time.perf_counter() - start
        seconds["total"] = sum(seconds[name] for name in ("load", "fit", "compare", "evaluate", "save"))
        about = writing.described(config, text, found, network, evaluated["metrics"]["test"], seconds)
        return {**about, **evaluated, **written, "bias": of_bias, "seconds": seconds}

    def trial(self, config: Config) -> Outcome:
        """Train and evaluate without files, without the vectors of others, and without SimLex-999.

        A band must hold on every machine, and SimLex-999 is not on every one.
        """
        text = writing.everywhere(self.load(config))
        keras.utils.set_random_seed(config.seed)
        network = model.build(config, len(text.words))
        _, seconds = train(config, text, network, silent)
        vectors = methods.of_run(config, network, methods.counted(config, text) if config.counts_weight else None)
        parts = {name: text.part(name) for name in ("test", "validation")}
        known = scores.available(*parts.values())
        found = {
            name: _values(known, scores.answers(WordVectors(text.words, vectors), each)) for name, each in parts.items()
        }
        return Outcome(
            source=text.source,
            unit="",
            measures={f"test {name}": value for name, value in found["test"].items()},
            better={f"test {name}": metric.better for name, metric in known.items()},
            validation=found["validation"],
            facts=writing.facts(text),
            seconds=seconds["fit"],
            audit=writing.audit(text),
        )

    def metrics_of(self, run: Run) -> dict[str, Metric]:
        """Those that the run was measured with: SimLex-999 is not on every machine."""
        return {name: metric for name, metric in self.metrics.items() if name in run.record["units"]}

    def measured(self, run: Run, data: Text) -> Measured:
        """The saved vectors on the half of the questions that nothing was chosen on."""
        return scores.answers(read_word_vectors(run.path(VECTORS)), data.test)

    def subject(self, run: Run, data: Text) -> Subject:
        """The saved model, and words of the vocabulary."""
        rows = writing.parity_words(len(data.words))
        split = Split(rows, rows)
        model = load_model(run.path(FORMATS["keras"]))
        return Subject(model=model, test=split, training=split, measure=predictions, metrics={}, recorded={})

    def predict(self, run: Run, inputs: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """The nearest words of words, each as one text, the nearest first."""
        words = np.array(run.labels["categories"]["word"])
        found: Mapping[str, Any] = open_model(run.path(FORMATS["keras"])).predict(inputs)
        return {"word": words[inputs], "nearest": np.array([" ".join(words[row]) for row in found["nearest"]])}


def evaluate(found: WordVectors, others: Mapping[str, WordVectors], text: Text) -> tuple[dict[str, Any], Measured]:
    """Answer all questions with all vectors.

    Args:
        found: the vectors of the run.
        others: by name.
        text: with the questions.

    Returns:
        For the record, `metrics` of the run by part of the questions, `units`, `baselines` (the others on the test
        half), `compared` (all on all questions). And the answers of the run to the test half.
    """
    parts = {"test": text.test, "validation": text.part("validation"), "all": text.all}
    known = scores.available(parts["test"], parts["validation"])
    answers = {name: scores.answers(found, part) for name, part in parts.items()}
    metrics = {name: _score(known, each) for name, each in answers.items()}
    compared = {name: _score(known, scores.answers(each, text.all)) for name, each in others.items()}
    baselines = {name: _values(known, scores.answers(each, parts["test"])) for name, each in others.items()}
    evaluated = {
        "metrics": metrics,
        "units": dict.fromkeys(known, ""),
        "baselines": baselines,
        "compared": {"model": metrics["all"], **compared},
    }
    return evaluated, answers["test"]


def _score(metrics: Mapping[str, Metric], answers: Measured) -> Scores:
    return score(metrics, answers.truth, answers.prediction, answers.groups)


def _values(metrics: Mapping[str, Metric], answers: Measured) -> dict[str, float]:
    return {name: metric.function(answers.truth, answers.prediction) for name, metric in metrics.items()}


lab = WordVectorsLab()
