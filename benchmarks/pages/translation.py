"""The numbers of the translation lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.pages.results import best_minutes, block, course_time, measured, png, recorded, spread, wall_time
from utils.base.text_tables import markdown_table

TITLES = {
    "dates": "dates (GENERATED)",
    "numbers": "numbers (GENERATED)",
    "reverse": "reverse (GENERATED)",
    "sort": "sort (GENERATED)",
    "multi30k": "multi30k, German to English",
}
NETWORKS = {"best": "dot-product attention", "best --network plain": "no attention"}
COLOURS = {"best": "#0072B2", "best --network plain": "#D55E00"}
"""The networks of the figure, on reversed letters."""


def _presets(data: str = "dates") -> dict[str, Any]:
    found: dict[str, Any] = recorded("translation")["data"][data]
    return found


def row() -> list[str]:
    """The row of the table of the labs."""
    best, dates = _sentences(), _presets()["best"]
    bleu = best["details"]["translations"]
    return [
        "dates and numbers, GENERATED; multi30k, 29,000 pairs of sentences; your own pairs",
        f"exact match on dates {spread(dates['test']['exact_match'], 4)}; multi30k BLEU {bleu['network']['bleu']:.1f}",
        f"word-by-word dictionary, BLEU {bleu['dictionary']['bleu']:.1f}",
        best_minutes(best),
    ]


def _sentences() -> dict[str, Any]:
    found: dict[str, Any] = _presets("multi30k")["best"]
    return found


@block
def presets() -> str:
    """Every preset that was measured on sequences of which a translation is right or wrong."""
    rows = []
    for data, found in recorded("translation")["data"].items():
        for preset, each in found.items():
            network = each["details"]["translations"]["network"]
            rows.append(
                [
                    f"{TITLES[data]}, `{preset}`",
                    spread(each["test"]["exact_match"], 4),
                    f"{network['character_error_rate']:.2%}",
                    f"{each['parameters']:,}",
                    f"{each['fit_seconds']:.0f} s",
                    wall_time(each),
                    f"{each['peak_mb']:,.0f} MB",
                    str(len(each["seeds"])),
                ]
            )
    header = ["data and preset", "exact match", "character errors", "parameters", "training", "wall time"]
    return markdown_table([*header, "memory", "seeds"], rows)


@block
def simple() -> str:
    """What simple methods reach on the same test pairs."""
    rows = []
    for data, found in recorded("translation")["data"].items():
        each = found["best" if "best" in found else "course"]
        for name, scores in each["details"]["translations"].items():
            rows.append([TITLES[data], name, f"{scores['exact_match']:.3f}", f"{scores['character_error_rate']:.1%}"])
    return markdown_table(["data", "method", "exact match", "character errors"], rows)


@block
def bleu() -> str:
    """The methods on the official test set of multi30k."""
    found = _sentences()["details"]["translations"]
    rows = [[name, f"{scores['bleu']:.1f}", f"{scores['chrf']:.1f}"] for name, scores in found.items()]
    table = markdown_table(["method", "BLEU", "chrF"], rows)
    network = found["network"]
    return f"{table}\n\nSignatures of sacrebleu: `{network['bleu_signature']}`, `{network['chrf_signature']}`."


def figures() -> dict[str, bytes]:
    """The figures of the page, PNG by file name."""
    return measured(lambda: {"bottleneck.png": _bottleneck()}, {})


def _bottleneck() -> bytes:
    """Exact match against the length of the source, with and without attention."""
    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    axes = figure.subplots()
    for preset, name in NETWORKS.items():
        groups = _presets("reverse")[preset]["details"]["by_length"]
        places = [np.mean(group["tokens"]) for group in groups]
        values = [group["exact_match"] for group in groups]
        axes.plot(places, values, marker="o" if preset == "best" else "s", color=COLOURS[preset], label=name)
    axes.set_xlabel("letters of the source")
    axes.set_ylabel("exact match, test split")
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("Writing GENERATED letters backwards")
    axes.legend(frameon=False)
    return png(figure)


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    found, sentences = _presets(), _sentences()
    best, course = found["best"], found["course"]
    time = measured(lambda: course_time("translation"), f"{course['wall_seconds']:.0f} s")
    network = sentences["details"]["translations"]["network"]
    return {
        "Quality": f"exact match on dates: course {spread(course['test']['exact_match'], 4)}, best "
        f"{spread(best['test']['exact_match'], 4)}; multi30k German to English, best: BLEU {network['bleu']:.1f} "
        f"({len(best['seeds'])} seed).",
        "Time": f"course {time}, best {wall_time(best)}; multi30k {wall_time(sentences)} (wall time, on "
        "two cores where nothing else is said).",
    }
