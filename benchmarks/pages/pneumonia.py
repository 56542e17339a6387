"""The numbers of the pneumonia lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import (
    COSTS,
    OVER_SEEDS,
    block,
    course_band,
    course_candidates,
    course_time,
    in_minutes,
    logistic,
    metric,
    on_frozen_features,
    quality_table,
    quartiles,
    recorded,
    spread,
)
from utils.base.text_tables import markdown_table

TITLES = {
    "chest-xray-128": "chest-xray-128: official test split, 624 radiographs of 128 × 128",
    "chest-xray": "chest-xray: the same radiographs of 224 × 224",
    "pneumoniamnist": "pneumoniamnist: official test split, 624 radiographs of 28 × 28",
    "simulated-radiographs": "simulated-radiographs: SIMULATED, a fifth held out",
}

LEARNED = 0.6
"""The AUC on validation of a network that has learned anything is above this; guessing has 0.5."""


def _presets(data: str) -> dict[str, Any]:
    presets: dict[str, Any] = recorded("pneumonia")["data"][data]
    return presets


def row() -> list[str]:
    """The row of the table of the labs."""
    real = _presets("chest-xray")["best"]
    area = {name: spread(_presets(name)["best"]["test"]["auc"], 3) for name in ("chest-xray", "pneumoniamnist")}
    return [
        "chest-xray-128: 5,840 real radiographs of children, in the package; larger ones from a folder",
        f"AUC {area['chest-xray']}, accuracy {spread(real['test']['accuracy'], 3)} at 224 × 224; "
        f"AUC {area['pneumoniamnist']} at 28 × 28",
        f"logistic regression AUC {logistic(real, 'auc'):.3f}",
        in_minutes(real["wall_seconds"]),
    ]


@block
def quality() -> str:
    """All data sets and presets."""
    columns = {
        "AUC": metric("auc"),
        "accuracy": metric("accuracy"),
        "sensitivity": metric("sensitivity"),
        "specificity": metric("specificity"),
        "log loss (nat)": metric("log_loss"),
        "calibration error": metric("ece"),
        "AUC of logistic regression on pixels": lambda found: f"{logistic(found, 'auc'):.3f}",
        "on frozen features": on_frozen_features("auc"),
        **COSTS,
    }
    band = course_band("pneumonia")
    areas = band.measures["test auc"]
    return (
        f"{quality_table('pneumonia', TITLES, columns)}\n\n"
        f"{OVER_SEEDS}. On chest-xray-128 the AUC of `course` lies between {min(areas):.3f} and {max(areas):.3f} over "
        f"the {len(areas)} seeds of its band."
    )


@block
def learning_rates() -> str:
    """The course's network at several rates and with redrawn weights, and how often it learns nothing."""
    candidates = recorded("course_pneumonia")["candidates"]
    failed = {name: sum(area < LEARNED for area in each["validation"]["auc"]) for name, each in candidates.items()}
    counts = "; ".join(f"{name}: {count} of {candidates[name]['seeds']}" for name, count in failed.items())
    return (
        f"{course_candidates('pneumonia', 'auc', 'learning rate, initial weights')}\n\n"
        f"Seeds that learn nothing (AUC on validation below {LEARNED:g}): {counts}."
    )


@block
def thresholds() -> str:
    """The metrics at several thresholds, for one `best` run on the real radiographs."""
    details = _presets("chest-xray")["best"]["details"]
    points = [("chosen on validation", details["chosen"]), *(("fixed", point) for point in details["fixed"].values())]
    rows = [
        [
            f"{point['threshold']:.3g}, {how}",
            *(
                f"{point[name]['value']:.3f} [{point[name]['low']:.3f}, {point[name]['high']:.3f}]"
                for name in ("accuracy", "sensitivity", "specificity")
            ),
        ]
        for how, point in points
    ]
    kinds = "; ".join(
        f"{name}: {kind['called_class_1']} of {kind['rows']}" for name, kind in details["by_kind"].items()
    )
    table = markdown_table(["threshold", "accuracy", "sensitivity", "specificity"], rows)
    return f"{table}\n\nPredicted positive (pneumonia) at the chosen threshold, by kind: {kinds}."


@block
def shifts() -> str:
    """How much a shift changes the prediction, by network."""
    found = recorded("shifts")
    rows = [
        [
            name,
            f"{one['parameters']:,}",
            f"{one['auc_mean']:.3f} ± {one['auc_std']:.3f}",
            *(f"{mean:.3f} ± {std:.3f}" for mean, std in zip(one["changes_mean"], one["changes_std"], strict=True)),
        ]
        for name, one in found["networks"].items()
    ]
    pixels = [f"{shift} pixel{'s' * (shift > 1)}" for shift in found["shifts"]]
    table = markdown_table(["network", "parameters", "AUC", *pixels], rows)
    return (
        f"{table}\n\nMean absolute change of the predicted probability over the four directions. Mean ± standard "
        f"deviation over {len(found['seeds'])} seeds, on the {found['rows']} test radiographs of {found['data']}."
    )


@block
def speed() -> str:
    """An augmented epoch compared with the course's generator, and the first pass."""
    found = recorded("radiographs")
    times, first = found["epoch_seconds"], found["first_pass"]
    return "\n".join(
        [
            f"- An augmented epoch of the course's network on {found['films']:,} radiographs of {found['side']} × "
            f"{found['side']}, with validation on {found['validation_films']}, takes {times['ours']:.1f} s. With the "
            f"course's `ImageDataGenerator` on the same files it takes {times['generator']:.1f} s: this lab is "
            f"{found['times_faster']:.1f} times faster. Augmentation makes an epoch {found['augmentation_costs']:.2f} "
            f"times as long ({times['plain']:.1f} s without). The files had been decoded once before.",
            f"- The first pass over full-size radiographs ({first['width']:,} × {first['height']:,}) is "
            f"{first['times_faster']:.1f} times faster than decoding and resizing with PIL. The images differ by "
            f"{first['mean_difference']:.2f} of 255 levels on average ({first['largest_mean_difference']:.2f} in the "
            "radiograph that differs most).",
            f"- From 500 to 4,700 radiographs, the peak memory of an augmented training changes by "
            f"{found['memory_grows_mb']:+.0f} MB.",
        ]
    )


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    real, small = (_presets(data) for data in ("chest-xray", "pneumoniamnist"))
    areas = course_band("pneumonia").measures["test auc"]
    return {
        "Quality": f"best: AUC {spread(real['best']['test']['auc'], 3)}, accuracy "
        f"{spread(real['best']['test']['accuracy'], 3)} on chest-xray; {spread(small['best']['test']['auc'], 3)}, "
        f"{spread(small['best']['test']['accuracy'], 3)} on pneumoniamnist; course: AUC "
        f"{spread(quartiles(areas), 3)} on chest-xray-128, over {len(areas)} seeds.",
        "Time": f"course {course_time('pneumonia')} on chest-xray-128, best "
        f"{real['best']['wall_seconds'] / 60:.0f} minutes on chest-xray (wall time on two cores).",
    }
