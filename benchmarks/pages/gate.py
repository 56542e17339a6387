"""What the pages on bands and on scale say was measured."""

from __future__ import annotations

from benchmarks.pages.results import block, recorded
from utils.base.text_tables import markdown_table

MEANINGS = {
    "shuffled_labels": "10 % of the training labels shuffled",
    "dropped_normalisation": "normalisation dropped",
    "tenfold_rate": "learning rate × 10",
    "tenth_rate": "learning rate ÷ 10",
    "half_the_data": "half of the training rows lost",
    "augmentation_off": "augmentation off",
    "leaked_test_rows": "test rows in the place of training rows",
    "swapped_classes": "classes swapped at evaluation",
    "summed_loss": "the loss summed, not averaged",
    "frozen_layer": "a layer frozen",
    "windows_off_by_one": "windows off by one",
}


@block
def sabotages() -> str:
    """Which sabotages were caught in which labs, and the false alarms."""
    found = recorded("gate")
    labs = list(dict.fromkeys(lab for by_lab in found["sabotages"].values() for lab in by_lab))
    rows = [
        [MEANINGS[name], *("–" if lab not in by_lab else told(by_lab[lab]) for lab in labs)]
        for name, by_lab in found["sabotages"].items()
    ]
    return "\n".join(
        [
            f"Of {found['tried']} sabotages, each in the preset `quick` with {found['seeds']} seeds, "
            f"**{found['caught']} were caught** ({found['caught'] / found['tried']:.0%}); of {found['draws']:,} draws "
            f"of clean seeds over all labs ({found['measures']} measures), **{found['false_alarms']} set it off** "
            f"({found['false_alarms'] / found['draws']:.2%}). The number is how many measures moved; *fact* stands "
            "where rows, leaks or parameters gave it away.",
            "",
            markdown_table(["sabotage", *labs], rows),
        ]
    )


def told(case: dict[str, object]) -> str:
    """One sabotage in one lab in a word or two."""
    if not case["caught"]:
        return "**missed**"
    moved, changed = case["moved"], case["changed"]
    assert isinstance(moved, list)
    words = [str(len(moved))] if moved else []
    return " + ".join([*words, *(["*fact*"] if changed else []), *(["failed"] if case["failed"] else [])])


@block
def scaling() -> str:
    """One worker against two."""
    found = recorded("scaling")
    seconds, fits = found["seconds"], found["fit_seconds"]
    same = "the same" if found["same_metrics"] else "NOT the same"
    return (
        f"{found['trials']} trainings of the regression lab with {found['epochs']} epochs: one worker "
        f"{seconds['1']:.0f} s, two {seconds['2']:.0f} s, **{found['times_faster']:.2f} times faster** (two threads of "
        f"one machine; the fits alone took {fits['1']:.0f} s and, side by side, {fits['2']:.0f} s). The metrics "
        f"are {same}."
    )
