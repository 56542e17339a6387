"""The numbers of the music lab's page, its card and its row in the README."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.pages.results import block, course_band, course_time, over_seeds, recorded, spread
from utils.base.text_tables import markdown_table
from utils.datasets.catalog import find


def _presets(data: str = "oneills") -> dict[str, Any]:
    presets: dict[str, Any] = recorded("music")["data"][data]
    return presets


def _five_gram(found: dict[str, Any]) -> float:
    """Bits a character of the 5-gram on the same tunes."""
    return float(found["baselines"]["5-gram"]["bits_per_char"])


def _under(found: dict[str, Any]) -> float:
    """Bits a character under the 5-gram."""
    return _five_gram(found) - float(found["test"]["bits_per_char"]["mean"])


def row() -> list[str]:
    """The lab in the table of the labs."""
    best = _presets()["best"]
    return [
        "oneills: 2,009 tunes, in a package; two more collections and your own `.abc` files",
        f"{spread(best['test']['bits_per_char'])} bits a character",
        f"5-gram {_five_gram(best):.2f}",
        f"{best['wall_seconds'] / 60:.0f} min",
    ]


@block
def presets() -> str:
    """The presets on each collection: how well they predict, and what their tunes are like."""
    header = ["preset", "bits a character", "under the 5-gram", "parse", "inner bars right", "end on the tonic"]
    header += ["characters copied in a row (median)", "parameters", "training", "from the shell", "memory"]
    return "\n\n".join(
        f"{find(data).title}:\n\n{markdown_table(header, _rows(presets))}\n\n{_beside(presets)}"
        for data, presets in recorded("music")["data"].items()
    )


def _rows(presets: dict[str, Any]) -> list[list[str]]:
    rows = [
        [
            f"`{name}`",
            spread(found["test"]["bits_per_char"]),
            f"{_under(found):.2f}",
            *_judged(found["details"]["tunes"]["generated"]),
            f"{found['parameters']:,}",
            f"{found['fit_seconds']:.0f} s",
            f"{found['wall_seconds']:.0f} s",
            f"{found['peak_mb']:,.0f} MB",
        ]
        for name, found in presets.items()
    ]
    *_, largest = presets.values()
    return [*rows, ["held-out tunes", "", "", *_judged(largest["details"]["tunes"]["held_out"]), *([""] * 4)]]


def _judged(tunes: dict[str, Any]) -> list[str]:
    shares = (f"{tunes[share]:.1%}" for share in ("parse_rate", "inner_bars_right", "ends_on_tonic"))
    return [*shares, f"{tunes['longest_copied_run']['median']:.0f}"]


def _beside(presets: dict[str, Any]) -> str:
    """The baselines, and over how many seeds each preset was measured."""
    first, *_ = presets.values()
    baselines = {name.replace("_", " "): values["bits_per_char"] for name, values in first["baselines"].items()}
    told = ", ".join(f"{name} {bits:.2f}" for name, bits in baselines.items())
    seeds = ", ".join(f"`{name}` {len(found['seeds'])}" for name, found in presets.items())
    return (
        f"Baselines on the same tunes, in bits a character: {told}. Seeds: {seeds}; what the tunes are like is of the "
        "first of them."
    )


@block
def speed() -> str:
    """Training steps against Keras's layer, generation against the usual loops."""
    training, generation = recorded("recurrent_training"), recorded("generation")
    rows = []
    for size, found in training["sizes"].items():
        times = found["median_milliseconds"]
        torch = f"{times['torch']:.0f} ms ({found['times_faster_than_torch']:.1f} times)" if "torch" in times else ""
        rows.append(
            [size, f"{times['ours']:.0f} ms", f"{times['keras']:.0f} ms ({found['times_faster']:.1f} times)", torch]
        )
    header = ["batch × units × steps", "ours", "`keras.layers.LSTM`", "PyTorch's `nn.LSTM`"]
    return (
        "A training step of one layer (forward, loss, all gradients), in turn in one run; in brackets, how many times "
        f"longer than ours:\n\n{markdown_table(header, rows)}\n\n"
        f"A character of sixteen tunes at once takes {generation['milliseconds_a_character']['loop_of_16']:.2f} ms: "
        f"{generation['times_faster_than_predict']:.0f} times as fast as `model.predict` for each, "
        f"{generation['times_faster_than_eager']:.0f} times as fast as an eager loop; of one tune "
        f"{generation['one_tune_times_faster_than_eager']:.0f} times as fast as the eager loop."
    )


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    best, band = _presets()["best"], course_band("music")
    bits = "test bits_per_char"
    course = f"{over_seeds(band, bits)}, {_five_gram(best) - statistics.mean(band.measures[bits]):.2f} under it"
    tunes = best["details"]["tunes"]["generated"]
    return {
        "Quality": f"best {spread(best['test']['bits_per_char'])} bits a character, {_under(best):.2f} under the "
        f"5-gram; course {course}; of best's tunes "
        f"{tunes['parse_rate']:.1%} parse, {tunes['inner_bars_right']:.1%} have all inner bars right.",
        "Time": f"course {course_time('music')}, best {best['wall_seconds'] / 60:.0f} minutes from the shell, "
        "on two cores.",
    }
