"""The numbers of the galaxy lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import (
    COSTS,
    IMAGE_CLASSES,
    block,
    course_candidates,
    course_time,
    in_minutes,
    logistic,
    on_frozen_features,
    quality_table,
    recorded,
    spread,
)

TITLES = {
    "galaxy-zoo": "galaxy-zoo: spiral or not, a fifth of 1,400 images held out",
    "simulated-galaxies": "simulated-galaxies: SIMULATED, four classes, a fifth held out",
}


def _presets(data: str) -> dict[str, Any]:
    presets: dict[str, Any] = recorded("galaxy")["data"][data]
    return presets


def row() -> list[str]:
    """The row of the table of the labs."""
    real, made = (_presets(data) for data in TITLES)
    return [
        "simulated-galaxies (SIMULATED); the course's real images from a mirror or the network, or your own",
        f"accuracy {spread(real['best']['test']['accuracy'], 3)}, AUC {spread(real['best']['test']['auc'], 3)} (Galaxy "
        f"Zoo); accuracy {spread(made['best']['test']['accuracy'], 3)} SIMULATED",
        f"logistic regression {logistic(real['best']):.3f} (Galaxy Zoo)",
        in_minutes(real["best"]["wall_seconds"]),
    ]


@block
def quality() -> str:
    """All data sets and presets."""
    columns = {
        **IMAGE_CLASSES,
        "accuracy of logistic regression on pixels": lambda found: f"{logistic(found):.3f}",
        "on frozen features": on_frozen_features(),
        **COSTS,
    }
    return quality_table("galaxy", TITLES, columns)


@block
def trainings() -> str:
    """The course's network with several numbers of epochs, with and without mirrored images."""
    return course_candidates("galaxy", "accuracy", "training")


TARGETS = {"galaxy-zoo": {"accuracy": 0.85, "auc": 0.92}, "simulated-galaxies": {"accuracy": 0.95}}
NAMES = {"accuracy": "accuracy", "auc": "AUC"}


@block
def targets() -> str:
    """The targets that `best` reaches."""
    sentences = []
    for data, targets in TARGETS.items():
        test = _presets(data)["best"]["test"]
        verdicts = [
            f"{NAMES[name]} {target} ({'reached' if test[name]['mean'] >= target else 'missed'})"
            for name, target in targets.items()
        ]
        sentences.append(f"on {data} {', '.join(verdicts)}")
    return f"Targets of `best`: {'; '.join(sentences)}."


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    real, made = (_presets(data) for data in TITLES)
    return {
        "Quality": f"best: accuracy {spread(real['best']['test']['accuracy'], 3)}, AUC "
        f"{spread(real['best']['test']['auc'], 3)} on galaxy-zoo; accuracy "
        f"{spread(made['best']['test']['accuracy'], 3)} on SIMULATED galaxies; course: accuracy "
        f"{spread(real['course']['test']['accuracy'], 3)} on galaxy-zoo.",
        "Time": f"course {course_time('galaxy')} on SIMULATED galaxies, best "
        f"{real['best']['wall_seconds'] / 60:.0f} minutes on galaxy-zoo (wall time on two cores).",
    }
