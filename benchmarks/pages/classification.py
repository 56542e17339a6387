"""The numbers of the classification lab's page, its card and its row in the README."""

from __future__ import annotations

import statistics

from benchmarks.pages.results import (
    COSTS,
    block,
    course_band,
    course_time,
    in_minutes,
    metric,
    over_seeds,
    quality_table,
    recorded,
    spread,
)
from benchmarks.quality import FASHION_MLP
from utils.base.text_tables import markdown_table

LOGISTIC = "logistic_regression"
TITLES = {
    "mnist-5k": "mnist-5k: 1,000 of 5,000 digits held out",
    "mnist": "mnist: official test split, 10,000 images",
    "fashion-mnist": "fashion-mnist: official test split, 10,000 images",
    "car-evaluation": "car-evaluation: 346 of 1,728 rows held out",
    "admissions": "admissions: 80 of 400 rows held out",
}


def row() -> list[str]:
    """The row of the table of the labs."""
    data = recorded("classification")["data"]
    digits = data["mnist-5k"]
    best = {name: spread(found["best"]["test"]["accuracy"], 4) for name, found in data.items()}
    return [
        "mnist-5k: 5,000 real digits, in a package; four other data sets or your own images",
        f"accuracy {best['mnist-5k']}; MNIST {best['mnist']}, Fashion-MNIST {best['fashion-mnist']}",
        f"logistic regression {digits['best']['baselines']['logistic_regression']['accuracy']:.3f} (mnist-5k)",
        in_minutes(digits["best"]["wall_seconds"]),
    ]


@block
def quality() -> str:
    """All data sets and presets."""
    columns = {
        "accuracy": metric("accuracy", 4),
        "macro F1": metric("f1_macro"),
        "log loss (nat)": metric("log_loss"),
        "calibration error": metric("ece"),
        "accuracy of the best baseline": lambda found: max(
            f"{each['accuracy']:.3f}" for each in found["baselines"].values()
        ),
        **COSTS,
    }
    return quality_table("classification", TITLES, columns)


@block
def admissions() -> str:
    """The presets and the baselines on admissions, on the same rows of random splits."""
    found = recorded("admissions")
    models, splits = found["models"], len(found["splits"])

    def less(name: str, other: str, scored: str) -> str:
        """The mean difference on the same rows, with its standard error."""
        paired = [a - b for a, b in zip(models[name][scored], models[other][scored], strict=True)]
        return (
            "–" if name == other else f"{statistics.mean(paired):+.3f} ± {statistics.stdev(paired) / splits**0.5:.3f}"
        )

    rows = [
        [
            f"`{name}`" if name in ("course", "best") else name.replace("_", " "),
            f"{statistics.mean(scores['log_loss']):.3f}",
            less(name, "class_frequencies", "log_loss"),
            less(name, LOGISTIC, "log_loss"),
            f"{statistics.mean(scores['accuracy']):.3f}",
            less(name, "class_frequencies", "accuracy"),
            less(name, LOGISTIC, "accuracy"),
        ]
        for name, scores in models.items()
    ]
    columns = ("", " minus that of class frequencies", " minus that of logistic regression")
    header = ["test rows", *(f"{name}{column}" for name in ("log loss (nat)", "accuracy") for column in columns)]
    best, logistic = (models[name]["log_loss"] for name in ("best", LOGISTIC))
    lower = sum(one < other for one, other in zip(best, logistic, strict=True))
    note = (
        f"Means over {splits} random splits (`--split-seed`); differences on the same rows, with their standard error. "
        f"`best` has a lower log loss than logistic regression on {lower} of the {splits} splits."
    )
    return f"{markdown_table(header, rows)}\n\n{note}"


@block
def admissions_settings() -> str:
    """How the settings of `best` on admissions were chosen."""
    found = recorded("admissions")["cross_validation"]
    rows = []
    for name, values in found.items():
        paired = [one - other for one, other in zip(values, found[LOGISTIC], strict=True)]
        title = "`best`" if name == "best" else name.replace("_", " ")
        rows.append([title, f"{statistics.mean(values):.3f}", f"{statistics.mean(paired):+.3f}"])
    header = ["settings", "log loss (nat) in cross-validation", "minus that of logistic regression"]
    return markdown_table(header, rows)


@block
def images_from_disk() -> str:
    """Training on images streamed from disk: speed and memory."""
    found = recorded("pictures")
    return "\n".join(
        [
            f"- Decoding {found['pictures']:,} images of {found['side']} × {found['side']} takes "
            f"{found['decode_seconds']:.1f} s. It is done once: later runs open the cache in "
            f"{found['warm_seconds']:.2f} s.",
            f"- An epoch streamed from disk takes {found['epoch_ratio']:.2f} times as long as an epoch from memory "
            f"({found['epoch_seconds']['disk']:.2f} s and {found['epoch_seconds']['memory']:.2f} s; medians of "
            f"{found['repeats']} alternating runs).",
            f"- With {found['pictures']:,} images instead of {found['fewer']:,}, the peak memory of a training is "
            f"{found['memory_grows_mb']:.0f} MB higher; the decoded images take {found['array_mb']:.0f} MB.",
            f"- With warm caches, training starts {found['start_seconds']:.2f} s after Keras is imported. In this time "
            "the data are found, verified, read and split.",
        ]
    )


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    data = recorded("classification")["data"]
    accuracy = {name: spread(found["best"]["test"]["accuracy"], 4) for name, found in data.items()}
    digits = data["mnist-5k"]
    listed = ", ".join(f"{value} on {name}" for name, value in accuracy.items() if name != "admissions")
    losses = {name: scores["log_loss"] for name, scores in recorded("admissions")["models"].items()}
    students = {name: statistics.mean(values) for name, values in losses.items()}
    course = over_seeds(course_band("classification"), "test accuracy", 3)
    fashion = data["fashion-mnist"]
    return {
        "Quality": f"best: accuracy {listed}; log loss {students['best']:.3f} on admissions over {len(losses['best'])} "
        f"splits (logistic regression {students[LOGISTIC]:.3f}); course {course} on mnist-5k, "
        f"{spread(fashion['course']['test']['accuracy'], 4)} on fashion-mnist, where a wider mlp reaches "
        f"{spread(fashion[FASHION_MLP]['test']['accuracy'], 4)}.",
        "Time": f"course {course_time('classification')}, best {digits['best']['wall_seconds']:.0f} s on mnist-5k and "
        f"{fashion['best']['wall_seconds'] / 60:.0f} minutes on fashion-mnist (wall time on two cores).",
    }
