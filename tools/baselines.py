"""Measure the baselines of a network in the project again: `python -m tools.baselines models/pretrained/LAB-PRESET`.

After a change of a lab's baselines, the record and the card of a run still have the earlier ones. The network is not
trained again: only its baselines are measured, on the same test rows.
"""

from __future__ import annotations

from pathlib import Path

import tyro
from tyro.conf import Positional

from labs import find_lab
from labs.cli.records.open import config_of, opened
from tools.pretrain import CARD, card_of
from utils.base import machine
from utils.base.atomic_files import replacing, write_json
from utils.base.errors import CallerError
from utils.runs import card, harness, predictions, run_folder
from utils.runs.hooks import SupervisedHooks
from utils.runs.record import digests


def write(run: Positional[Path]) -> Path:
    """Write the baselines into `run.json` and the card; returns the run.

    Args:
        run: the folder, as `tools.pretrain` wrote it.

    Raises:
        CallerError: it is not a run of a supervised lab, or its test rows are not those of the data today.
    """
    found, definition = opened(run)
    record, config, lab = found.record, config_of(found, definition), find_lab(definition.name)
    if not isinstance(lab, SupervisedHooks):
        raise CallerError(f"{run}: {definition.name} is not a supervised lab", "train it again")
    splits = lab.splits(config)
    if predictions.digest_of_rows(splits.test, splits.source) != record["data"]["test_digest"]:
        raise CallerError(f"{run}: its test rows are not those of the data today", "train it again")
    guesses = harness.baselines(lab, config, splits, record["preset"])
    record |= {"baselines": harness.baseline_scores(lab, splits, guesses), "git_of_baselines": machine.commit()}
    text = card_of(card.model_card(record, record["title"], record["about"], record["caution"]))
    with replacing(run / CARD) as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_json(run / run_folder.RECORD, {**record, "files": digests(run)})
    return run


if __name__ == "__main__":
    print(tyro.cli(write))
