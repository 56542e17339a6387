"""The numbers of the classification lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import (
    COSTS,
    block,
    course_band,
    course_time,
    metric,
    over_seeds,
    quality_table,
    recorded,
    spread,
)
from benchmarks.quality import FASHION_MLP

TITLES = {
    "mnist-5k": "mnist-5k: 4,000 digits to learn from, 1,000 to judge",
    "mnist": "mnist: official test, 10,000",
    "fashion-mnist": "fashion-mnist: official test, 10,000",
    "car-evaluation": "car-evaluation: 346 of 1,728 rows to judge",
    "admissions": "admissions: 80 of 400 rows to judge",
}


def row() -> list[str]:
    """The lab in the table of the labs."""
    data = recorded("classification")["data"]
    digits = data["mnist-5k"]
    best = {name: spread(found["best"]["test"]["accuracy"], 4) for name, found in data.items()}
    return [
        "mnist-5k: 5,000 real digits, in a package; four more sets and your own pictures",
        f"accuracy {best['mnist-5k']}; MNIST {best['mnist']}, Fashion-MNIST {best['fashion-mnist']}",
        f"logistic regression {digits['best']['baselines']['logistic_regression']['accuracy']:.3f} (mnist-5k)",
        f"{digits['best']['wall_seconds']:.0f} s",
    ]


def _best_baseline(found: dict[str, Any]) -> str:
    return max(f"{each['accuracy']:.3f}" for each in found["baselines"].values())


@block
def quality() -> str:
    """Every data set and preset."""
    columns = {
        "accuracy": metric("accuracy", 4),
        "macro F1": metric("f1_macro"),
        "log loss (nat)": metric("log_loss"),
        "calibration error": metric("ece"),
        "best baseline's accuracy": lambda found: max(
            f"{each['accuracy']:.3f}" for each in found["baselines"].values()
        ),
        **COSTS,
    }
    return quality_table("classification", TITLES, columns)


@block
def images_from_disk() -> str:
    """Streaming decoded pictures from disk: speed and memory."""
    found = recorded("pictures")
    return "\n".join(
        [
            f"- {found['pictures']:,} pictures of {found['side']} × {found['side']}, decoded once in "
            f"{found['decode_seconds']:.1f} s; then found again in {found['warm_seconds']:.2f} s.",
            f"- An epoch streamed from disk takes {found['epoch_ratio']:.2f} times as long as one from memory "
            f"({found['epoch_seconds']['disk']:.2f} s against {found['epoch_seconds']['memory']:.2f} s, medians of "
            f"{found['repeats']} in turn).",
            f"- From {found['fewer']:,} to {found['pictures']:,} pictures the whole training's peak memory grows by "
            f"{found['memory_grows_mb']:.0f} MB; the decoded pictures have {found['array_mb']:.0f} MB.",
            f"- With warm caches the lab takes {found['start_seconds']:.2f} s more than importing Keras until it can "
            "train: data found, verified, read and split.",
        ]
    )


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    data = recorded("classification")["data"]
    accuracy = {name: spread(found["best"]["test"]["accuracy"], 4) for name, found in data.items()}
    digits = data["mnist-5k"]
    listed = ", ".join(f"{value} on {name}" for name, value in accuracy.items())
    course = over_seeds(course_band("classification"), "test accuracy", 3)
    fashion = data["fashion-mnist"]
    return {
        "Quality": f"best: accuracy {listed}; course {course} on mnist-5k, "
        f"{spread(fashion['course']['test']['accuracy'], 4)} on fashion-mnist, where a wider mlp reaches "
        f"{spread(fashion[FASHION_MLP]['test']['accuracy'], 4)}.",
        "Time": f"course {course_time('classification')}, best {digits['best']['wall_seconds']:.0f} s on mnist-5k and "
        f"{fashion['best']['wall_seconds'] / 60:.0f} minutes on fashion-mnist, from the shell, on two cores.",
    }
