"""The numbers of the pages on bands and on sweeps."""

from __future__ import annotations

from benchmarks.pages.results import block, recorded
from utils.base.text_tables import markdown_table

MEANINGS = {
    "shuffled_labels": "10 % of the training labels shuffled",
    "dropped_normalisation": "normalization removed",
    "tenfold_rate": "learning rate × 10",
    "tenth_rate": "learning rate ÷ 10",
    "half_the_data": "half of the training rows removed",
    "augmentation_off": "augmentation disabled",
    "leaked_test_rows": "test rows used for training",
    "swapped_classes": "classes swapped at evaluation",
    "summed_loss": "loss summed instead of averaged",
    "frozen_layer": "one layer frozen",
    "windows_off_by_one": "targets of windows off by one",
}


@block
def sabotages() -> str:
    """The defects caught in each lab, and the false alarms."""
    found = recorded("gate")
    labs = list(dict.fromkeys(lab for by_lab in found["sabotages"].values() for lab in by_lab))
    rows = [
        [MEANINGS[name], *("–" if lab not in by_lab else _verdict(by_lab[lab]) for lab in labs)]
        for name, by_lab in found["sabotages"].items()
    ]
    return "\n".join(
        [
            f"Of {found['tried']} defects, each in the preset `quick` with {found['seeds']} seeds, "
            f"**{found['caught']} were caught** ({found['caught'] / found['tried']:.0%}). Of {found['draws']:,} draws "
            f"of seeds without a defect, over all labs ({found['measures']} measures), **{found['false_alarms']} gave "
            f"a false alarm** ({found['false_alarms'] / found['draws']:.2%}). The table shows how many measures moved; "
            "*fact* means that the number of rows, the leakage audit or the number of parameters changed.",
            "",
            markdown_table(["defect", *labs], rows),
        ]
    )


def _verdict(case: dict[str, object]) -> str:
    if not case["caught"]:
        return "**missed**"
    moved, changed = case["moved"], case["changed"]
    assert isinstance(moved, list)
    words = [str(len(moved))] if moved else []
    return " + ".join([*words, *(["*fact*"] if changed else []), *(["failed"] if case["failed"] else [])])


@block
def scaling() -> str:
    """One worker compared with two."""
    found = recorded("scaling")
    seconds, fits = found["seconds"], found["fit_seconds"]
    same = "the same" if found["same_metrics"] else "NOT the same"
    return (
        f"{found['trials']} trainings of the regression lab with {found['epochs']} epochs take {seconds['1']:.0f} s "
        f"with one worker and {seconds['2']:.0f} s with two: **{found['times_faster']:.2f} times faster** (two threads "
        f"of one machine). Summed over the trainings, the fits take {fits['1']:.0f} s with one worker and "
        f"{fits['2']:.0f} s with two. The metrics are {same}."
    )
