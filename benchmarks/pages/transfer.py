"""The numbers of the transfer lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import (
    COSTS,
    IMAGE_CLASSES,
    block,
    course_band,
    course_time,
    in_minutes,
    logistic,
    on_frozen_features,
    over_seeds,
    quality_table,
    recorded,
    spread,
)
from utils.base.text_tables import markdown_table

TITLES = {
    "elpv": "elpv: whole solar modules held out, a quarter of them",
    "elpv-random": "elpv: a random quarter of the cells held out, as published",
    "hymenoptera": "hymenoptera: ants or bees, 60 images held out",
    "chest-xray": "chest-xray: official test split, 624 radiographs",
    "galaxy-zoo": "galaxy-zoo: spiral or not, a quarter of 1,400 images held out",
}


def _presets(data: str) -> dict[str, Any]:
    presets: dict[str, Any] = recorded("transfer")["data"][data]
    return presets


def _published() -> dict[str, Any]:
    """The record of `best` on the published split."""
    return next(found for name, found in _presets("elpv-random").items() if name.startswith("best"))


def row() -> list[str]:
    """The row of the table of the labs."""
    best, published = _presets("elpv")["best"], _published()
    return [
        "elpv: 2,624 real images of solar cells, in a package; or your own images",
        f"accuracy {spread(best['test']['accuracy'], 3)} by solar module, "
        f"{spread(published['test']['accuracy'], 3)} on a random quarter, as published",
        f"logistic regression on frozen features {on_frozen_features()(best)} by solar module; "
        "published CNN 0.884 on a random quarter",
        in_minutes(best["wall_seconds"]),
    ]


@block
def quality() -> str:
    """All data sets and presets."""
    parameters, *costs = COSTS
    columns = {
        "strategy": lambda found: f"`{found['details']['case']['strategy']}`",
        **IMAGE_CLASSES,
        "accuracy of logistic regression on pixels": lambda found: f"{logistic(found):.3f}",
        "on frozen features": on_frozen_features(),
        "trained parameters": COSTS[parameters],
        **{name: COSTS[name] for name in costs},
    }
    return quality_table("transfer", TITLES, columns)


@block
def cases() -> str:
    """The case of each data set."""
    header = ["data", "training images per class", "mean confidence of ImageNet's classifier", "case", "strategy"]
    rows = []
    for data, measured in recorded("transfer")["data"].items():
        found = next(iter(measured.values()))
        case = found["details"]["case"]
        size, similarity = "small" if case["small"] else "large", "similar to" if case["similar"] else "different from"
        rows.append(
            [
                "elpv, a random quarter" if data == "elpv-random" else TITLES[data].split(":")[0],
                f"{case['pictures_per_class']:,.0f}",
                f"{case['similarity']:.0%}",
                f"{size}, {similarity} ImageNet",
                f"`{case['automatic']}`",
            ]
        )
    return markdown_table(header, rows)


@block
def from_scratch() -> str:
    """Radiographs and galaxies: transfer learning, and training from scratch in the labs on these data."""
    rows = []
    for data, lab in (("chest-xray", "pneumonia"), ("galaxy-zoo", "galaxy")):
        for way, name in (("from scratch", lab), ("transfer learning", "transfer")):
            if data not in recorded("transfer")["data"]:
                continue  # not measured yet
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
    return markdown_table(["data", "network", "AUC", "accuracy", "trained parameters", "training"], rows)


@block
def speed() -> str:
    """Cached features compared with the course's code."""
    found = recorded("transfer_speed")
    head, extraction, finetuning = found["head"], found["extraction"], found["finetuning"]
    seconds, accuracy = head["seconds"], head["validation_accuracy"]
    return "\n".join(
        [
            f"- Ten epochs of the head on {head['pictures']:,} images take {seconds['course']:.0f} s if the images "
            f"pass through the frozen backbone in each epoch, as in the courses. With cached features they take "
            f"{seconds['ours']:.0f} s including the pass that computes the features ({head['times_faster']:.1f} times "
            f"faster), and {seconds['ours_again']:.1f} s once the features are cached "
            f"({head['times_faster_again']:.0f} times faster). The validation accuracies are "
            f"{accuracy['course']:.3f} (courses) and {accuracy['ours']:.3f} (this lab).",
            f"- Features are computed for {extraction['pictures_per_second']['ours']:.0f} images per second at "
            f"224 × 224, {extraction['times_faster']:.1f} times as many as with `predict` of the same network in plain "
            f"Keras ({extraction['pictures_per_second']['keras']:.0f}), because batch normalization is folded into the "
            "convolutions.",
            f"- A pass of fine-tuning from cached activations is {finetuning['times_faster']:.1f} times faster than "
            "through the whole backbone.",
            f"- Training starts {found['start_seconds']['full_cache']:.1f} s after the imports with a full cache, and "
            f"{found['start_seconds']['empty_cache']:.0f} s after them with an empty cache.",
            f"- From 400 to {head['pictures']:,} images, the peak memory of a training changes by "
            f"{found['memory_grows_mb']:+.0f} MB.",
        ]
    )


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    best, published = _presets("elpv")["best"], _published()
    return {
        "Quality": f"best: accuracy {spread(best['test']['accuracy'], 3)} with whole solar modules held out, "
        f"{spread(published['test']['accuracy'], 3)} on a random quarter of the cells; course: "
        f"{over_seeds(course_band('transfer'), 'test accuracy', 3)} by module, "
        f"{spread(_presets('elpv-random')['course']['test']['accuracy'], 3)} on a random quarter.",
        "Time": f"course {course_time('transfer')} once the features are cached, best "
        f"{best['wall_seconds'] / 60:.0f} minutes (wall time on two cores).",
    }
