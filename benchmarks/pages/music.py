"""The numbers of the music lab's page, its card and its row in the README."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.pages.results import block, course_band, course_time, in_minutes, over_seeds, recorded, spread
from utils.base.text_tables import markdown_table
from utils.datasets.catalog import find


def _presets(data: str = "oneills") -> dict[str, Any]:
    presets: dict[str, Any] = recorded("music")["data"][data]
    return presets


def _eight_gram(found: dict[str, Any]) -> float:
    """Bits per character of the 8-gram on the same tunes."""
    return float(found["baselines"]["8-gram"]["bits_per_char"])


def _under(found: dict[str, Any]) -> float:
    """Bits per character below the 8-gram."""
    return _eight_gram(found) - float(found["test"]["bits_per_char"]["mean"])


def row() -> list[str]:
    """The row of the table of the labs."""
    best = _presets()["best"]
    return [
        "oneills: 2,009 tunes, in a package; two other collections or your own `.abc` files",
        f"{spread(best['test']['bits_per_char'])} bits per character",
        f"8-gram {_eight_gram(best):.2f}",
        in_minutes(best["wall_seconds"]),
    ]


@block
def presets() -> str:
    """The presets on each collection: prediction, and properties of the generated tunes."""
    header = ["preset", "bits per character", "below the 8-gram", "parsed", "inner bars correct", "end on the tonic"]
    header += ["longest copied run (characters, median)", "parameters", "training", "wall time", "memory"]
    return "\n\n".join(
        f"{find(data).title}:\n\n{markdown_table(header, _rows(presets))}\n\n{_note(presets)}"
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


def _note(presets: dict[str, Any]) -> str:
    """The baselines, and the number of seeds of each preset."""
    first, *_ = presets.values()
    baselines = {name.replace("_", " "): values["bits_per_char"] for name, values in first["baselines"].items()}
    listed = ", ".join(f"{name} {bits:.2f}" for name, bits in baselines.items())
    seeds = ", ".join(f"`{name}` {len(found['seeds'])}" for name, found in presets.items())
    return (
        f"Baselines on the same tunes, in bits per character: {listed}. Number of seeds: {seeds}; the properties of "
        "the generated tunes are those of the first seed."
    )


@block
def speed() -> str:
    """Training steps compared with Keras's layer, generation compared with the usual loops."""
    training, generation = recorded("recurrent_training"), recorded("generation")
    rows = []
    for size, found in training["sizes"].items():
        times = found["median_milliseconds"]
        torch = f"{times['torch']:.0f} ms ({found['times_faster_than_torch']:.1f} times)" if "torch" in times else ""
        rows.append(
            [size, f"{times['ours']:.0f} ms", f"{times['keras']:.0f} ms ({found['times_faster']:.1f} times)", torch]
        )
    header = ["batch × units × steps", "this lab", "`keras.layers.LSTM`", "PyTorch's `nn.LSTM`"]
    return (
        "Time of one training step of one layer (forward pass, loss, all gradients), measured alternately in one run. "
        f"In brackets: the time relative to this lab.\n\n{markdown_table(header, rows)}\n\n"
        "Generating sixteen tunes in one batch takes "
        f"{generation['milliseconds_a_character']['loop_of_16']:.2f} ms per character. This is "
        f"{generation['times_faster_than_predict']:.0f} times as fast as calling `model.predict` for each character "
        f"and {generation['times_faster_than_eager']:.0f} times as fast as an eager loop; for a single tune it is "
        f"{generation['one_tune_times_faster_than_eager']:.0f} times as fast as the eager loop."
    )


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    best, band = _presets()["best"], course_band("music")
    bits = "test bits_per_char"
    course = f"{over_seeds(band, bits)}, {_eight_gram(best) - statistics.mean(band.measures[bits]):.2f} below it"
    tunes = best["details"]["tunes"]["generated"]
    return {
        "Quality": f"best {spread(best['test']['bits_per_char'])} bits per character, {_under(best):.2f} below the "
        f"8-gram; course {course}; of the tunes of best, "
        f"{tunes['parse_rate']:.1%} parse and {tunes['inner_bars_right']:.1%} have only correct inner bars.",
        "Time": f"course {course_time('music')}, best {best['wall_seconds'] / 60:.0f} minutes "
        "(wall time on two cores).",
    }
