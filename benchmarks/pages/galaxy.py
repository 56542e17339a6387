"""The numbers of the galaxy lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import (
    COSTS,
    PICTURE_CLASSES,
    block,
    course_time,
    logistic,
    quality_table,
    recorded,
    spread,
)

TITLES = {
    "galaxy-zoo": "galaxy-zoo: spiral or not, a fifth of 1,400 to judge",
    "simulated-galaxies": "simulated-galaxies: SIMULATED, four classes, a fifth to judge",
}


def _presets(data: str) -> dict[str, Any]:
    presets: dict[str, Any] = recorded("galaxy")["data"][data]
    return presets


def row() -> list[str]:
    """The lab in the table of the labs."""
    real, made = (_presets(data) for data in TITLES)
    return [
        "simulated-galaxies (SIMULATED); the course's real pictures by mirror or network, a folder",
        f"accuracy {spread(real['best']['test']['accuracy'], 3)}, AUC {spread(real['best']['test']['auc'], 3)} (Galaxy "
        f"Zoo); accuracy {spread(made['best']['test']['accuracy'], 3)} SIMULATED",
        f"logistic regression {logistic(real['best']):.3f} (Galaxy Zoo)",
        f"{real['best']['wall_seconds'] / 60:.0f} min (Galaxy Zoo)",
    ]


@block
def quality() -> str:
    """Every data set and preset."""
    columns = {
        **PICTURE_CLASSES,
        "logistic regression's accuracy": lambda found: f"{logistic(found):.3f}",
        **COSTS,
    }
    return quality_table("galaxy", TITLES, columns)


TARGETS = {"galaxy-zoo": {"accuracy": 0.85, "auc": 0.92}, "simulated-galaxies": {"accuracy": 0.95}}
NAMES = {"accuracy": "accuracy", "auc": "AUC"}


@block
def targets() -> str:
    """Which of the lab's targets `best` reaches."""
    sentences = []
    for data, targets in TARGETS.items():
        test = _presets(data)["best"]["test"]
        told = [
            f"{NAMES[name]} {target} ({'reached' if test[name]['mean'] >= target else 'missed'})"
            for name, target in targets.items()
        ]
        sentences.append(f"on {data} {', '.join(told)}")
    return f"Aims of `best`: {'; '.join(sentences)}."


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    real, made = (_presets(data) for data in TITLES)
    return {
        "Quality": f"best: accuracy {spread(real['best']['test']['accuracy'], 3)}, AUC "
        f"{spread(real['best']['test']['auc'], 3)} on galaxy-zoo; accuracy "
        f"{spread(made['best']['test']['accuracy'], 3)} on SIMULATED galaxies; course: accuracy "
        f"{spread(real['course']['test']['accuracy'], 3)} on galaxy-zoo.",
        "Time": f"course {course_time('galaxy')} on SIMULATED galaxies, best "
        f"{real['best']['wall_seconds'] / 60:.0f} minutes on galaxy-zoo, from the shell, on two cores.",
    }
