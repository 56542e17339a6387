"""The numbers of the music lab's page, its card and its row in the README."""

from __future__ import annotations

from typing import Any

from benchmarks.results import recorded, spread
from utils.report import markdown_table


def _presets() -> dict[str, Any]:
    presets: dict[str, Any] = recorded("music")["data"]["oneills"]
    return presets


def _under(found: dict[str, Any]) -> float:
    """Bits a character under the 5-gram."""
    return float(found["baselines"]["5-gram"]["bits_per_char"] - found["test"]["bits_per_char"]["mean"])


def row() -> list[str]:
    """The lab in the table of the labs."""
    presets = _presets()
    best = presets["best"]
    return [
        "[music](labs/music/README.md)",
        "oneills: 2,009 tunes, in a package; two more collections",
        f"{spread(best['test']['bits_per_char'])} bits a character",
        f"5-gram {best['baselines']['5-gram']['bits_per_char']:.2f}",
        f"{presets['course']['wall_seconds']:.0f} s, {best['wall_seconds'] / 60:.0f} min",
        f"{best['peak_mb']:,.0f} MB",
    ]


def presets_block() -> str:
    """The presets: how well they predict, and what their tunes are like."""
    rows = []
    for name, found in _presets().items():
        tunes = found["details"]["tunes"]["generated"]
        rows.append(
            [
                f"`{name}`",
                spread(found["test"]["bits_per_char"]),
                f"{_under(found):.2f}",
                *(f"{tunes[share]:.0%}" for share in ("parse_rate", "inner_bars_right", "ends_on_tonic")),
                f"{tunes['longest_copied_run']['median']:.0f}",
                f"{found['parameters']:,}",
                f"{found['fit_seconds']:.0f} s",
                f"{found['wall_seconds']:.0f} s",
                f"{found['peak_mb']:,.0f} MB",
            ]
        )
    best = _presets()["best"]
    held = best["details"]["tunes"]["held_out"]
    rows.append(
        [
            "held-out tunes",
            "",
            "",
            *(f"{held[share]:.0%}" for share in ("parse_rate", "inner_bars_right", "ends_on_tonic")),
            f"{held['longest_copied_run']['median']:.0f}",
            *([""] * 4),
        ]
    )
    header = ["preset", "bits a character", "under the 5-gram", "parse", "inner bars right", "end on the tonic"]
    header += ["notes copied in a row (median)", "parameters", "training", "from the shell", "memory"]
    baselines = {name: values["bits_per_char"] for name, values in best["baselines"].items()}
    told = ", ".join(f"{name.replace('_', ' ')} {bits:.2f}" for name, bits in baselines.items())
    return f"{markdown_table(header, rows)}\n\nBaselines on the same tunes, in bits a character: {told}. One seed each."


def speed_block() -> str:
    """Training steps against Keras's layer, generation against the usual loops."""
    training, generation = recorded("recurrent_training"), recorded("generation")
    lines = [
        f"- A training step, batch × units × steps {size}: {found['times_faster']:.1f} times as fast as "
        f"`keras.layers.LSTM` ({found['median_milliseconds']['ours']:.0f} ms against "
        f"{found['median_milliseconds']['keras']:.0f} ms)."
        for size, found in training["sizes"].items()
    ]
    lines.append(
        f"- A character of sixteen tunes at once: {generation['times_faster_than_predict']:.0f} times as fast as "
        f"`model.predict` for each, {generation['times_faster_than_eager']:.0f} times as fast as an eager loop "
        f"({generation['milliseconds_a_character']['loop_of_16']:.2f} ms); of one tune "
        f"{generation['one_tune_times_faster_than_eager']:.0f} times as fast as the eager loop."
    )
    return "\n".join(lines)


BLOCKS = {"presets": presets_block, "speed": speed_block}


def card() -> dict[str, str]:
    """The measured fields of the lab's card."""
    presets = _presets()
    course, best = presets["course"], presets["best"]
    tunes = best["details"]["tunes"]["generated"]
    return {
        "Quality": f"best {spread(best['test']['bits_per_char'])} bits a character, {_under(best):.2f} under the "
        f"5-gram; course {spread(course['test']['bits_per_char'])}, {_under(course):.2f} under it; of best's tunes "
        f"{tunes['parse_rate']:.0%} parse, {tunes['inner_bars_right']:.0%} have all inner bars right.",
        "Time": f"course {course['wall_seconds']:.0f} s, best {best['wall_seconds'] / 60:.0f} minutes from the shell, "
        "on two cores.",
    }
