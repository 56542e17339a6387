"""What a run says of itself: the record's facts about machine and versions, its tables, its model card."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "pandas")


def versions() -> dict[str, str]:
    """Python's version and those of the packages that decide the numbers."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def device() -> dict[str, Any]:
    """What trained: `kind` is cpu or gpu, `name` says which, `threads` how many cores this process may use."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return {"kind": "gpu", "name": details.get("device_name", "unknown"), "threads": _threads()}
    return {"kind": "cpu", "name": platform.machine(), "threads": _threads()}


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def commit() -> str | None:
    """The commit of the checkout that runs, with `-dirty` where files differ from it; None outside a checkout."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def peak_megabytes() -> float | None:
    """The largest resident memory that this process has had, in MB; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def interval(score: dict[str, float]) -> str:
    """A value with its interval: `6.12 [5.40, 6.91]`."""
    return f"{score['value']:.3g} [{score['low']:.3g}, {score['high']:.3g}]"


def score_rows(record: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a run's test metrics: the network with its intervals, then the baselines."""
    names = list(record["metrics"]["test"])
    rows = [["network (95 % interval)", *(interval(record["metrics"]["test"][name]) for name in names)]]
    for baseline, values in record["baselines"].items():
        rows.append([baseline.replace("_", " "), *(f"{values[name]:.3g}" for name in names)])
    return ["on the test split", *names], rows


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
        "",
        f"kept: epoch {record['kept_epoch']} of {record['epochs_run']}; {seconds['total']:.1f} s "
        f"(fit {seconds['fit']:.1f} s); reloaded in a fresh process, .keras, .h5 and SavedModel predict the same "
        f"(largest difference {parity:.1g})",
        *(f"note: {warning}" for warning in record["warnings"]),
        f"the run: {folder}",
    ]
    return "\n".join(lines)


def model_card(record: dict[str, Any], title: str, entry: dict[str, str], figures: Sequence[str]) -> str:
    """The README of a run. Every figure in it comes from the record.

    Args:
        record: what `run.json` holds.
        title: of the lab.
        entry: `title`, `licence`, `citation` and `homepage` of the data set.
        figures: file names of the pictures.
    """
    data, seconds = record["data"], record["seconds"]
    config = ", ".join(f"{name} {value}" for name, value in record["config"].items() if value is not None)
    simulated = "\n**The data are SIMULATED.**\n" if data["simulated"] else ""
    leak = record["audit"]["test_rows_of_trained_groups"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    signature = record["parity"]["saved_model"]["signature"]
    return f"""# {title}
{simulated}
## Data

{entry["title"]} ({entry["licence"]}). {entry["citation"]}. {entry["homepage"]}

Rows: {", ".join(f"{rows} {name}" for name, rows in data["rows"].items())}. Digest `{data["digest"]}`.
Leakage audit: {record["audit"]["duplicates_across_splits"]} inputs and {record["audit"]["groups_across_splits"]}
groups stand in more than one split ({leak} of the {data["rows"]["test"]} test rows have their group in training).

## Model

{record["parameters"]:,} trainable parameters; preset `{record["preset"]}`: {config}.

## Quality

{markdown_table(*score_rows(record))}

The weights are those of epoch {record["kept_epoch"]} of {record["epochs_run"]}
({"chosen on validation" if record["config"]["restore_best_weights"] else "the last one"}).
Baselines were fitted on training and validation rows. {" ".join(record["warnings"])}

{chr(10).join(f"![{name}](figures/{name})" for name in figures)}

## Use

`model.keras`, `model.h5` and `saved_model/` predict the same from raw inputs (checked in a fresh process; largest
difference {max(form["max_abs_diff"] for form in record["parity"].values()):.1g}). The SavedModel's signature:
`{signature["inputs"]}` → `{signature["outputs"]}`. From the command line: `python -m labs predict <this folder> INPUT`.

Trained in {seconds["fit"]:.1f} s of {seconds["total"]:.1f} s on {record["device"]["kind"]}
({record["device"]["threads"]} threads) with {versions}.
"""
