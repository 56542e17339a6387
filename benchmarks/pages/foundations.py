"""The numbers of the foundations lab's page, its card and its row in the README."""

from __future__ import annotations

import base64
import json
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.pages.results import block, course_time, in_minutes, quartiles, recorded, spread
from utils.base.paths import ROOT
from utils.base.text_tables import markdown_table

RUBRIC = {"train": 0.09, "validation": 0.18}
"""The course's limits of the standardized MSE."""
TITLES = {
    "bike-sharing": "bike-sharing: the last 21 days held out",
    "admissions": "admissions: 80 of 400 rows held out",
    "mnist-5k": "mnist-5k: 1,000 of 5,000 digits held out",
}
METRICS = {
    "bike-sharing": ("rmse", "RMSE {} bikes/h", 1),
    "admissions": ("log_loss", "log loss {} nat", 3),
    "mnist-5k": ("accuracy", "accuracy {}", 3),
}
"""By data set: the metric by which the lab is judged there, how it is written, and with how many digits."""
NEURON = "class_frequencies"
FIGURES = {
    "boundary.png": ("foundations_neuron", "Red and green points with three decision boundaries"),
    "vanishing.png": ("foundations_learning", "The gradient of the weights at each of eleven layers"),
    "valley.png": ("foundations_learning", "Left: paths of seven optimizers"),
    "valley_animated.png": ("foundations_learning", "The seven paths grow step by step"),
}
"""The figures of the page: the published notebook that has them, and how their alternative texts begin."""


def _course() -> dict[str, Any]:
    return recorded("foundations_course")


def _of(values: Sequence[float], digits: int) -> str:
    return spread(quartiles(values), digits)


def figures() -> dict[str, bytes]:
    """The figures of the page by file name, from the outputs of the published notebooks."""
    return {name: _output(*where) for name, where in FIGURES.items()}


def _output(notebook: str, alt: str) -> bytes:
    cells = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    (found,) = (
        output["data"]["image/png"]
        for cell in cells
        for output in cell.get("outputs", [])
        if output.get("metadata", {}).get("image/png", {}).get("alt", "").startswith(alt)
    )
    return base64.b64decode(found)


def row() -> list[str]:
    """The row of the table of the labs."""
    found = recorded("foundations")["data"]["bike-sharing"]
    boosting = found["best"]["baselines"]["gradient_boosting"]["rmse"]
    return [
        "bike-sharing: 17,379 real hours, in the package; admissions, digits, GENERATED points",
        f"RMSE {spread(found['best']['test']['rmse'], 1)} bikes/h, in pure NumPy",
        f"gradient boosting {boosting:.1f}",
        in_minutes(found["best"]["wall_seconds"]),
    ]


@block
def presets() -> str:
    """Every preset that was measured, by the metric of its data set."""
    rows = []
    for data, found in recorded("foundations")["data"].items():
        name, text, digits = METRICS[data]
        for preset, each in found.items():
            best = max if name == "accuracy" else min
            baseline, value = best(
                ((other, scores[name]) for other, scores in each["baselines"].items()), key=lambda pair: pair[1]
            )
            rows.append(
                [
                    f"{TITLES[data]}, `{preset}`",
                    text.format(spread(each["test"][name], digits)),
                    f"{baseline.replace('_', ' ')} {value:.{digits}f}",
                    f"{each['parameters']:,}",
                    f"{each['fit_seconds']:.1f} s",
                    f"{each['wall_seconds']:.0f} s",
                    str(len(each["seeds"])),
                ]
            )
    header = ["data and preset", "test", "best baseline of that run", "parameters", "training", "wall time", "seeds"]
    return markdown_table(header, rows)


@block
def bikes() -> str:
    """The course's task by preset: the standardized MSE of training and validation, and the RMSE of the test."""
    found = _course()["bikes"]
    boosting = found["gradient_boosting"]
    rows = []
    for preset in ("course", "best"):
        values = found[preset]
        errors = {part: values[f"{part} standardized_mse"] for part in RUBRIC}
        rows.append(
            [
                f"`{preset}`",
                *(f"{_of(each, 3)}; largest {max(each):.3f}" for each in errors.values()),
                _of(values["test rmse"], 1),
                str(len(values["test rmse"])),
            ]
        )
    rows.append(
        [
            "gradient boosting",
            "–",
            f"{statistics.median(boosting['validation standardized_mse']):.3f}",
            _of(boosting["test rmse"], 1),
            str(len(boosting["test rmse"])),
        ]
    )
    limits = [
        f"standardized MSE in {part} (rubric: < {limit:.2f})"
        for part, limit in zip(("training", "validation"), RUBRIC.values(), strict=True)
    ]
    return markdown_table(["", *limits, "RMSE on test (bikes/h)", "seeds"], rows)


@block
def admissions() -> str:
    """The neuron over random splits."""
    found = _course()["admissions"]

    def mean(name: str, digits: int = 3) -> str:
        return f"{statistics.mean(found[name]):.{digits}f} ± {statistics.stdev(found[name]):.{digits}f}"

    rows = [
        ["one neuron", mean("log_loss"), mean("accuracy")],
        *(
            [title, mean(f"{name} log_loss"), mean(f"{name} accuracy")]
            for name, title in (
                (NEURON, "class frequencies"),
                ("logistic_regression", "logistic regression"),
                ("gradient_boosting", "gradient boosting"),
            )
        ),
    ]
    table = markdown_table(["", "log loss on test (nat)", "accuracy on test"], rows)
    return f"{table}\n\nMean ± standard deviation over {len(found['accuracy'])} random splits (`--split-seed`)."


@block
def digits() -> str:
    """The same network in NumPy and in Keras."""
    found = _course()["digits"]
    rows = [
        [title, _of(found[kind]["test accuracy"], 3), _of(found[kind]["test log_loss"], 3)]
        for kind, title in (("numpy", "NumPy"), ("keras", "Keras (`--network keras`)"))
    ]
    table = markdown_table(["784-512-10", "accuracy on test", "log loss (nat)"], rows)
    return f"{table}\n\nMedian with quartiles over {len(found['numpy']['test accuracy'])} seeds."


@block
def initial_weights() -> str:
    """Accuracy after two epochs by initial weights."""
    found = _course()["initial_weights"]
    titles = {
        "zeros": "zeros",
        "uniform": "uniform from 0 to 1",
        "centred": "uniform ± 0.5",
        "scaled_uniform": "uniform ± 1/√n",
        "glorot": "Glorot",
        "he": "He",
    }
    rows = []
    for name, title in titles.items():
        off, on = (found["validation_accuracy"][f"dropout_{state}"][name] for state in ("off", "on"))
        published = found["published_percent"].get(name)
        rows.append(
            [
                f"{title} (`--init {name}`)",
                f"{statistics.mean(off):.1%} ± {statistics.stdev(off):.1%}",
                f"{statistics.mean(on):.1%} ± {statistics.stdev(on):.1%}",
                "–" if published is None else f"{published:.1f}%",
            ]
        )
    header = [f"validation accuracy after {found['epochs']} epochs", "dropout off", "dropout left on", "in the course"]
    return markdown_table(header, rows)


@block
def speed() -> str:
    """NumPy beside Keras."""
    found = _course()["speed"]
    titles = {"numpy": "this lab, in NumPy", "loop": "Keras in the loop of utils/training", "fit": "`keras.Model.fit`"}

    def cell(task: str, way: str) -> str:
        cpu, wall = found[task]["median_cpu_seconds"], found[task]["median_seconds"]
        return f"{cpu[way]:.1f} s ({cpu[way] / cpu['numpy']:.1f} ×), {wall[way]:.1f} s"

    rows = [[title, cell("bikes", way), cell("digits", way)] for way, title in titles.items()]
    bikes, digits = found["bikes"], found["digits"]
    header = [
        "CPU time (compared with NumPy), wall time",
        f"bike rentals 56-25-1, {bikes['epochs']} epochs",
        f"digits 784-512-10, {digits['epochs']} epochs",
    ]
    note = (
        f"Batches of {bikes['batch_size']}, one thread, with a validation loss per epoch, in turns in one process; "
        f"medians of {bikes['rounds']} rounds. Other programs were running, which changes wall times."
    )
    return f"{markdown_table(header, rows)}\n\n{note}"


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    found, task = recorded("foundations")["data"], _course()["bikes"]
    best, course = (task[name]["validation standardized_mse"] for name in ("best", "course"))
    bikes, digits = found["bike-sharing"]["best"], found["mnist-5k"]["course"]
    boosting = statistics.median(task["gradient_boosting"]["test rmse"])
    return {
        "Quality": f"bike-sharing: standardized MSE in validation {_of(course, 3)} with course, {_of(best, 3)} with "
        f"best, whose test RMSE is {spread(bikes['test']['rmse'], 1)} bikes/h (gradient boosting {boosting:.1f}); "
        f"mnist-5k: accuracy {spread(digits['test']['accuracy'], 3)}.",
        "Time": f"course {course_time('foundations')}, best {bikes['wall_seconds']:.0f} s (wall time on two cores).",
    }
