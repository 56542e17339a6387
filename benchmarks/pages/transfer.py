"""The numbers of the transfer lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import (
    COSTS,
    PICTURE_CLASSES,
    block,
    course_band,
    course_time,
    logistic,
    over_seeds,
    quality_table,
    recorded,
    spread,
)
from utils.base.text_tables import markdown_table

TITLES = {
    "elpv": "elpv: any quarter of the cells held out, as published",
    "elpv-by-module": "elpv: a quarter of the solar modules held out whole",
    "hymenoptera": "hymenoptera: ants or bees, 60 photographs to judge",
    "chest-xray": "chest-xray: official test, 624 films",
    "galaxy-zoo": "galaxy-zoo: spiral or not, a quarter of 1,400 to judge",
}


def _presets(data: str) -> dict[str, Any]:
    presets: dict[str, Any] = recorded("transfer")["data"][data]
    return presets


def _by_module() -> str:
    """What `course` reaches on solar modules held out whole."""
    found = _presets("elpv-by-module")["course"]
    return f", {spread(found['test']['accuracy'], 3)} on solar modules held out whole"


def row() -> list[str]:
    """The lab in the table of the labs."""
    best = _presets("elpv")["best"]
    return [
        "elpv: 2,624 real photographs of solar cells, in a package; your own pictures",
        f"accuracy {spread(best['test']['accuracy'], 3)} on a random quarter, as published",
        f"logistic regression {logistic(best):.3f} on pixels; published CNN 0.884",
        f"{best['wall_seconds'] / 60:.0f} min",
    ]


@block
def quality() -> str:
    """Every data set and preset."""
    parameters, *costs = COSTS
    columns = {
        "strategy": lambda found: f"`{found['details']['case']['strategy']}`",
        **PICTURE_CLASSES,
        "logistic regression's accuracy": lambda found: f"{logistic(found):.3f}",
        "trained parameters": COSTS[parameters],
        **{name: COSTS[name] for name in costs},
    }
    return quality_table("transfer", TITLES, columns)


@block
def cases() -> str:
    """Which case each data set is."""
    header = ["data", "training pictures a class", "ImageNet's classifier is sure", "case", "what is then done"]
    rows = []
    for data, measured in recorded("transfer")["data"].items():
        found = next(iter(measured.values()))
        case = found["details"]["case"]
        size, like = "small" if case["small"] else "large", "like" if case["similar"] else "unlike"
        rows.append(
            [
                TITLES[data].split(":")[0] if data != "elpv-by-module" else "elpv, by module",
                f"{case['pictures_per_class']:,.0f}",
                f"{case['similarity']:.0%}",
                f"{size}, {like} ImageNet",
                f"`{case['automatic']}`",
            ]
        )
    return markdown_table(header, rows)


@block
def from_scratch() -> str:
    """Films and galaxies: transferred, and learned from scratch by the labs that are about them."""
    rows = []
    for data, lab in (("chest-xray", "pneumonia"), ("galaxy-zoo", "galaxy")):
        for way, name in (("from scratch", lab), ("transferred", "transfer")):
            if data not in recorded("transfer")["data"]:
                continue  # to be measured
            found = recorded(name)["data"][data]["best"]
            rows.append(
                [
                    data,
                    f"{way} ({name} lab, `best`)",
                    spread(found["test"]["auc"], 3),
                    spread(found["test"]["accuracy"], 3),
                    f"{found['parameters']:,}",
                    f"{found['fit_seconds']:.0f} s",
                ]
            )
    return markdown_table(["data", "network", "AUC", "accuracy", "trained parameters", "fit"], rows)


@block
def speed() -> str:
    """Cached features beside the course's way."""
    found = recorded("transfer_speed")
    head, extraction, finetuning = found["head"], found["extraction"], found["finetuning"]
    seconds, accuracy = head["seconds"], head["validation_accuracy"]
    return "\n".join(
        [
            f"- Ten epochs of the head on {head['pictures']:,} pictures: through the frozen backbone in each epoch, as "
            f"courses do, {seconds['course']:.0f} s; with features cached {seconds['ours']:.0f} s, one pass included "
            f"({head['times_faster']:.1f} times faster), and {seconds['ours_again']:.1f} s once they are there "
            f"({head['times_faster_again']:.0f} times). Accuracy on validation {accuracy['course']:.3f} and "
            f"{accuracy['ours']:.3f}.",
            f"- Features of {extraction['pictures_per_second']['ours']:.0f} pictures a second at 224 × 224, "
            f"{extraction['times_faster']:.1f} times as many as `predict` of the network as Keras has it "
            f"({extraction['pictures_per_second']['keras']:.0f}): normalisation is folded into the convolutions.",
            f"- A pass of fine-tuning from cached activations is {finetuning['times_faster']:.1f} times faster than "
            "through the whole backbone.",
            f"- With a full cache training begins {found['start_seconds']['full_cache']:.1f} s after the imports, with "
            f"an empty one {found['start_seconds']['empty_cache']:.0f} s.",
            f"- From 400 to {head['pictures']:,} pictures the peak memory of a training changes by "
            f"{found['memory_grows_mb']:+.0f} MB.",
        ]
    )


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    cells = _presets("elpv")
    return {
        "Quality": f"best: accuracy {spread(cells['best']['test']['accuracy'], 3)} on elpv's held-out quarter"
        f"; course: {over_seeds(course_band('transfer'), 'test accuracy', 3)}{_by_module()}.",
        "Time": f"course {course_time('transfer')} once the features are cached, best "
        f"{cells['best']['wall_seconds'] / 60:.0f} minutes, from the shell, on two cores.",
    }
