"""The summary of a run for the terminal, and its model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from utils.base.console import wrapped
from utils.base.text_tables import interval, markdown_table, number, table
from utils.datasets.catalog import REAL, kind_of_data
from utils.metrics.baselines import ON_FROZEN_FEATURES
from utils.runs.report import words


def score_rows(record: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a run's test metrics: the model with its intervals, then the baselines."""
    scores = record["metrics"]["test"]
    units = {name: f" ({unit})" if unit else "" for name, unit in record["units"].items()}
    rows = [["model (95 % interval)", *(interval(scores[name]) for name in scores)]]
    for baseline, values in record["baselines"].items():
        rows.append([baseline.replace("_", " "), *(number(values[name]) for name in scores)])
    return ["on the test split", *(f"{name}{units.get(name, '')}" for name in scores)], rows


def _counts(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in rows.items())


def _difference(record: Mapping[str, Any]) -> float:
    """Largest difference between the predictions of a reloaded format and of the trained model."""
    return max(form["max_abs_diff"] for form in record["parity"].values())


def summary(record: Mapping[str, Any], folder: Path) -> str:
    """What is printed at the end of a run."""
    data, seconds = record["data"], record["seconds"]
    found = f"{data['name']} ({kind_of_data(data)} data, {data['found']})"
    rows = f", {_counts(data['rows'])}" if data["rows"] else ""
    facts = [f"{seconds['total']:.1f} s (fit {seconds['fit']:.1f} s)"]
    if "kept_epoch" in record:
        facts.insert(0, f"weights of epoch {record['kept_epoch']} of {record['epochs_run']}")
    if record["parity"]:
        facts.append(
            "exports reloaded in a fresh process predict the same as the trained model "
            f"(largest difference {_difference(record):.1g})"
        )
    lines = [
        f"{record['lab']}, preset {record['preset']}, seed {record['seed']}: {found}{rows}",
        "",
        _score_table(record),
        "",
        words.result(record),
        *(f"\n{remark}" for remark in record.get("remarks", ())),  # runs of earlier versions have none
        "",
        "; ".join(facts),
        *([f"threshold: {decision(record)}"] if record["threshold"] is not None else []),
        *(f"note: {warning}" for warning in record["warnings"]),
    ]
    return "\n".join([*map(_wrapped, lines[:2]), lines[2], *map(_wrapped, lines[3:]), f"run: {folder}"])


def _wrapped(line: str) -> str:
    return wrapped(line, hang=2 if line.startswith("note: ") else 0)


def _score_table(record: Mapping[str, Any]) -> str:
    """Metrics as rows, models as columns: a terminal has fewer columns than a run has metrics."""
    header, *rows = zip(*[score_rows(record)[0], *score_rows(record)[1]], strict=True)
    return table(header, rows)


def decision(record: Mapping[str, Any]) -> str:
    """How the run's model decides between two classes."""
    return (
        f"{record['classes'][1]} is predicted from a probability of {record['threshold']:.3g}, chosen on validation "
        "(accuracy, sensitivity and specificity of the model are measured at this threshold, those of the baselines "
        "at 0.5)"
    )


def model_card(record: Mapping[str, Any], title: str, entry: Mapping[str, str], caution: str = "") -> str:
    """The README of a run. Every number in it comes from the record.

    Args:
        record: the contents of `run.json`.
        title: of the lab.
        entry: `title`, `licence`, `citation` and `homepage` of the data set; for a folder of the user only the title.
        caution: of the lab.
    """
    data = record["data"]
    kind = kind_of_data(data)
    simulated = f"**The data are {kind}: they say nothing about the real world.**" if kind != REAL else ""
    parts = [
        f"# {title}",
        simulated,
        f"A model for teaching, trained by `{record['command']}`.",
        f"**{caution}**" if caution else "",
        *_quality(record),
        *_data(record, entry),
        *_use(record),
        *_model(record),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def fitted_on(record: Mapping[str, Any]) -> str:
    """On which rows the baselines were fitted; a lab that is not supervised says it in its record."""
    baselines = record["baselines"]
    if "fitted_on" in record:
        return str(record["fitted_on"])
    text = "The baselines were fitted on the training and the validation rows"
    if any(name.startswith(ON_FROZEN_FEATURES) for name in baselines):
        text += ", except logistic regression on frozen features: on training rows, at a strength chosen on validation"
    return text


def chosen_on(record: Mapping[str, Any]) -> str:
    """What was chosen on the test split: nothing, unless the lab says otherwise in its record."""
    return str(record.get("chosen", "Nothing was chosen on the test split"))


def _quality(record: Mapping[str, Any]) -> list[str]:
    chosen = f"{chosen_on(record)}."
    if "kept_epoch" in record:
        how = "chosen on validation" if record["config"].get("restore_best_weights") else "the last one"
        chosen = f"The weights are those of epoch {record['kept_epoch']} of {record['epochs_run']}, {how}. {chosen}"
    if record["baselines"]:
        chosen += f" {fitted_on(record)}."
    return [
        "## Quality",
        markdown_table(*score_rows(record)),
        *record["remarks"],
        chosen,
        "" if record["threshold"] is None else f"Threshold: {decision(record)}.",
        *(f"**Note:** {warning}." for warning in record["warnings"]),
        *(f"![{Path(name).stem.replace('_', ' ')}](figures/{name})" for name in record.get("figures", ())),
    ]


def _data(record: Mapping[str, Any], entry: Mapping[str, str]) -> list[str]:
    data, audit = record["data"], record["audit"]
    origin = f" {entry['licence']}. {entry['citation']}. <{entry['homepage']}>" if entry["homepage"] else ""
    rows = f": {_counts(data['rows'])}" if data["rows"] else ""
    checked = ""
    if audit:
        checked = (
            f" Leakage audit: {audit['duplicates_across_splits']} inputs and {audit['groups_across_splits']} groups "
            f"are in more than one split; {audit['test_rows_of_trained_groups']} of the {data['rows']['test']} test "
            "rows have their group in training or validation."
        )
    return ["## Data", f"{entry['title']}{rows}.{origin}", f"Digest `{data['digest']}`.{checked}"]


def _use(record: Mapping[str, Any]) -> list[str]:
    if not record["parity"]:
        return []
    signature = record["parity"]["saved_model"]["signature"]
    return [
        "## Use",
        "`model.keras`, `model.h5` and `saved_model/` take raw inputs and predict the same (checked in a fresh "
        f"process; largest difference {_difference(record):.1g}). The signature of the SavedModel:",
        f"- inputs: {_tensors(signature['inputs'])}\n- outputs: {_tensors(signature['outputs'])}",
        _levels(record),
        "`python -m labs predict <this folder> INPUT` predicts from files. `labels.json` describes the inputs and the "
        "range of each one in training: outside these ranges predictions are not reliable.",
    ]


def _levels(record: Mapping[str, Any]) -> str:
    """What a model with categories takes, and what it does with an unknown level."""
    if not {layer["kind"] for layer in record.get("layers", [])} & {"IntegerLookup", "StringLookup"}:
        return ""
    return (
        "Each input is a column, with the values as they are in the file: the model looks up the levels itself. It "
        "raises `InvalidArgumentError` for a level that no training row has; `labels.json` lists the known ones under "
        "`categories`. A column of int64 takes whole numbers; Keras cuts off the fraction of a float without an error."
    )


def _model(record: Mapping[str, Any]) -> list[str]:
    seconds, device = record["seconds"], record["device"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return [
        "## Model",
        f"{record['parameters']:,} trainable parameters." if "parameters" in record else "",
        markdown_table(["setting", "value"], [[f"`{name}`", str(value)] for name, value in record["config"].items()]),
        f"Trained in {seconds['fit']:.1f} s of {seconds['total']:.1f} s on a {device['kind']} with {device['threads']} "
        f"threads; {versions}.",
    ]


def _tensors(described: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}` {tensor['dtype']} {tensor['shape']}" for name, tensor in described.items())
