"""What a run says of itself: the record's facts about machine and versions, its tables, its model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils.base.text_tables import interval, markdown_table, number, table


def score_rows(record: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a run's test metrics: the network with its intervals, then the baselines."""
    scores = record["metrics"]["test"]
    units = {name: f" ({unit})" if unit else "" for name, unit in record["units"].items()}
    rows = [["network (95 % interval)", *(interval(scores[name]) for name in scores)]]
    for baseline, values in record["baselines"].items():
        rows.append([baseline.replace("_", " "), *(number(values[name]) for name in scores)])
    return ["on the test split", *(f"{name}{units[name]}" for name in scores)], rows


def summary(record: dict[str, Any], folder: Path) -> str:
    """What a finished run tells the person who started it."""
    data, seconds = record["data"], record["seconds"]
    kind = "SIMULATED data" if data["simulated"] else "real data"
    parity = max(form["max_abs_diff"] for form in record["parity"].values())
    lines = [
        f"{record['lab']}, preset {record['preset']}, seed {record['seed']}: {data['name']} ({kind}, {data['found']}), "
        + ", ".join(f"{rows} {name}" for name, rows in data["rows"].items()),
        "",
        table(*score_rows(record)),
        *(f"\n{remark}" for remark in record.get("remarks", ())),  # runs of earlier days have none
        "",
        f"kept: epoch {record['kept_epoch']} of {record['epochs_run']}; {seconds['total']:.1f} s "
        f"(fit {seconds['fit']:.1f} s); reloaded in a fresh process, .keras, .h5 and SavedModel predict the same "
        f"(largest difference {parity:.1g})",
        *([f"decision: {decision(record)}"] if record["threshold"] is not None else []),
        *(f"note: {warning}" for warning in record["warnings"]),
        f"the run: {folder}",
    ]
    return "\n".join(lines)


def decision(record: dict[str, Any]) -> str:
    """From which probability on the run's model says which class."""
    return (
        f"{record['classes'][1]} from a probability of {record['threshold']:.3g} on, chosen on validation "
        "(the network's accuracy, sensitivity and specificity are measured there, the baselines' at 0.5)"
    )


CARD = """# {title}
{simulated}
A model for teaching, trained by `{command}`.{caution}

## Quality

{scores}
{remarks}
The weights are those of epoch {kept_epoch} of {epochs_run}, {chosen}. Nothing was chosen on the test split. The
baselines were fitted on the training and the validation rows.
{decision}{notes}
{pictures}

## Data

{data}: {rows}.{origin}

Digest `{digest}`. Leakage audit: {duplicates} inputs and {groups} groups stand in more than one split; {leaked} of the
{test_rows} test rows have their group in training or validation.

## Use

`model.keras`, `model.h5` and `saved_model/` take raw inputs and predict the same (checked in a fresh process; largest
difference {difference:.1g}). The SavedModel's signature:

- inputs: {inputs}
- outputs: {outputs}

`python -m labs predict <this folder> INPUT` predicts from files. `labels.json` says what the inputs mean and between
which values the model was trained: outside them its answer is a guess.

## Model

{parameters:,} trainable parameters.

{settings}

Trained in {fit_seconds:.1f} s of {total_seconds:.1f} s on a {device} with {threads} threads; {versions}.
"""


def model_card(
    record: dict[str, Any], title: str, entry: dict[str, str], figures: Sequence[str], caution: str = ""
) -> str:
    """The README of a run. Every figure in it comes from the record.

    Args:
        record: what `run.json` holds.
        title: of the lab.
        entry: `title`, `licence`, `citation` and `homepage` of the data set; but for the title empty for a folder.
        figures: file names of the pictures.
        caution: of the lab.
    """
    data, audit = record["data"], record["audit"]
    signature = record["parity"]["saved_model"]["signature"]
    simulated = "\n**The data are SIMULATED: they say nothing of the real world.**\n" if data["simulated"] else ""
    return CARD.format(
        title=title,
        simulated=simulated,
        command=record["command"],
        caution=f"\n\n**{caution}**" if caution else "",
        scores=markdown_table(*score_rows(record)),
        remarks="".join(f"\n{remark}\n" for remark in record["remarks"]),
        kept_epoch=record["kept_epoch"],
        epochs_run=record["epochs_run"],
        chosen="chosen on validation" if record["config"]["restore_best_weights"] else "the last one",
        decision="" if record["threshold"] is None else f"\nDecision: {decision(record)}.\n",
        notes="".join(f"\n**Note:** {warning}.\n" for warning in record["warnings"]),
        pictures="\n\n".join(f"![{Path(name).stem.replace('_', ' ')}](figures/{name})" for name in figures),
        data=entry["title"],
        origin=f" {entry['licence']}. {entry['citation']}. <{entry['homepage']}>" if entry["homepage"] else "",
        rows=", ".join(f"{count} {name}" for name, count in data["rows"].items()),
        digest=data["digest"],
        duplicates=audit["duplicates_across_splits"],
        groups=audit["groups_across_splits"],
        leaked=audit["test_rows_of_trained_groups"],
        test_rows=data["rows"]["test"],
        difference=max(form["max_abs_diff"] for form in record["parity"].values()),
        inputs=_tensors(signature["inputs"]),
        outputs=_tensors(signature["outputs"]),
        parameters=record["parameters"],
        settings=markdown_table(["setting", "value"], [[f"`{k}`", str(v)] for k, v in record["config"].items()]),
        fit_seconds=record["seconds"]["fit"],
        total_seconds=record["seconds"]["total"],
        device=record["device"]["kind"],
        threads=record["device"]["threads"],
        versions=", ".join(f"{name} {version}" for name, version in record["versions"].items()),
    )


def _tensors(described: dict[str, Any]) -> str:
    return ", ".join(f"`{name}` {tensor['dtype']} {tensor['shape']}" for name, tensor in described.items())
