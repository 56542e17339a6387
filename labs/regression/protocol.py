"""`python -m labs.regression protocol`: the network and its baselines over many seeded splits, on the same rows."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic.dataclasses import dataclass

from labs import lab_module
from labs.regression.config import SplitKind
from utils.base import machine, text_tables
from utils.base.atomic_files import write_json
from utils.base.config import STRICT, Count, Definition, Seed
from utils.base.console import say, say_progress, show, wrapped
from utils.base.errors import INTERRUPTED, CallerError
from utils.base.keras_import import import_keras
from utils.gate.parallel import outcomes
from utils.gate.trial import Outcome, Trial
from utils.runs.record import SCHEMA
from utils.runs.run_folder import REQUEST, RunFolder, acquire, is_not_empty, release, runs_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RECORD, TRIALS = "protocol.json", "trials"
METRICS = ("rmse", "mae", "r2")
ASKED = ("split", "splits", "preset", "seed")
"""The options by which a command is recognised when it is resumed."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Protocol:
    """Repeat the lab over seeded splits, with all models on the same rows; print and save the table."""

    split: SplitKind = "mix"
    """Hold out whole mixes, or random rows as published, which leaks."""
    splits: Count = 20
    """Number of splits, with the seeds 0, 1, 2, …"""
    preset: str = "course"
    """Preset of the network."""
    seed: Seed = 7
    """Seed of the weights of the network, the same on every split."""
    out: Path | None = None
    """Folder for the table and its figure; an interrupted command is resumed if its folder is given again."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Run the splits that are missing, then print the table."""
        trials = self._trials(definition)
        folder = RunFolder(self.out or self._default_folder(definition.name))
        request = {"lab": definition.name, **{name: getattr(self, name) for name in ASKED}}
        _begin(folder, request)
        try:
            came = outcomes(trials, folder.partial / TRIALS, on_done=_progress)
        except KeyboardInterrupt:
            say(f"error: interrupted\nhint: resume it with: {self._command(definition, folder.path)}")
            return INTERRUPTED
        finally:
            release(folder.lock)
        results = [result_of(outcome) for outcome in came]
        settings = definition.preset(self.preset)
        record = {"schema": SCHEMA, **request, **_facts(settings), "summary": summarise(results), "results": results}
        write_json(folder.partial / RECORD, record)
        draw(record).savefig(folder.partial / "rmse.png", dpi=150)
        folder.finish()
        shutil.rmtree(folder.path / TRIALS)
        show(json.dumps(record, indent=2) if self.json else f"{as_text(record)}\n\ntable: {folder.path}")
        return 0

    def _trials(self, definition: Definition) -> list[Trial]:
        """One training per split, checked before anything is written."""
        trials = [
            Trial(
                lab_module(definition.name), self.preset, self.seed, changes={"split": self.split, "split_seed": split}
            )
            for split in range(self.splits)
        ]
        trials[0].settings(definition)
        return trials

    def _default_folder(self, lab: str) -> Path:
        return runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-protocol-{self.split}-{self.preset}"

    def _command(self, definition: Definition, out: Path) -> str:
        options = {**{name: getattr(self, name) for name in ASKED}, "out": out}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return shlex.join([*definition.program.split(), "protocol", *words])


def _begin(folder: RunFolder, request: dict[str, Any]) -> None:
    """Create the partial folder, or lock that of an interrupted command with the same request.

    Raises:
        CallerError: another process is writing to it, or it belongs to another command.
    """
    if is_not_empty(folder.path) or not folder.partial.exists():
        folder.begin(request)
        return
    if not acquire(folder.lock):
        raise CallerError(f"--out {folder.path}: another process is writing to it", "wait, or give another name")
    try:
        kept = json.loads((folder.partial / REQUEST).read_text(encoding="utf-8"))
        same = request.items() <= kept.items()
    except (OSError, ValueError, TypeError, AttributeError):
        same = not is_not_empty(folder.partial)  # interrupted before it was written
    if not same:
        release(folder.lock)
        raise CallerError(
            f"--out {folder.path}: {folder.partial} belongs to another command", "give another name, or its own options"
        )
    write_json(folder.partial / REQUEST, request)


def _progress(outcome: Outcome, done: int, trials: int, seconds_left: float) -> None:
    if "error" not in outcome:
        rmse = ", ".join(f"{model} {value:.2f}" for model, value in result_of(outcome)["rmse"].items())
        split = outcome["trial"]["changes"]["split_seed"]
        say_progress(f"{done}/{trials}  split {split}: RMSE {rmse}; {seconds_left:.0f} s left")


def result_of(outcome: Outcome) -> dict[str, Any]:
    """All models on one split: `{metric: {model: value}}` with the audit, the rows and the seconds of training.

    Raises:
        CallerError: the trial failed.
    """
    if "error" in outcome:
        raise CallerError(outcome["error"], outcome["hint"])
    scores = {"network": {name: outcome["measures"][f"test {name}"] for name in METRICS}, **outcome["baselines"]}
    return {
        "split_seed": outcome["trial"]["changes"]["split_seed"],
        "rows": {part: outcome["facts"][f"{part} rows"] for part in ("train", "validation", "test")},
        "audit": outcome["audit"],
        "seconds": outcome["seconds"],
        **{metric: {model: values[metric] for model, values in scores.items()} for metric in METRICS},
    }


def summarise(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation (n − 1) by metric and model, and on how many splits each model beats boosting."""
    summary: dict[str, Any] = {}
    for metric in METRICS:
        values = {model: np.array([result[metric][model] for result in results]) for model in results[0][metric]}
        summary[metric] = {
            model: {"mean": float(each.mean()), "std": float(each.std(ddof=1)) if len(each) > 1 else 0.0}
            for model, each in values.items()
        }
    summary["network_beats_gradient_boosting"] = sum(
        result["rmse"]["network"] <= result["rmse"]["gradient_boosting"] for result in results
    )
    leaked = [result["audit"]["test_rows_of_trained_groups"] / result["rows"]["test"] for result in results]
    summary["test_rows_of_trained_mixes"] = float(np.mean(leaked))
    return summary


def _facts(settings: Any) -> dict[str, Any]:
    import_keras()  # `machine` looks at it
    config = {name: value for name, value in asdict(settings).items() if name not in ("split", "split_seed", "seed")}
    return {
        "config": config,
        "versions": machine.versions(),
        "device": machine.device(),
        "git": machine.commit(),
    }


def as_text(record: Mapping[str, Any]) -> str:
    """The table of a protocol: mean ± std over the splits, by model."""
    summary = record["summary"]
    rows = [
        [
            model.replace("_", " "),
            *(f"{summary[metric][model]['mean']:.2f} ± {summary[metric][model]['std']:.2f}" for metric in METRICS),
        ]
        for model in summary["rmse"]
    ]
    kind = "whole mixes held out" if record["split"] == "mix" else "rows held out at random"
    leak = f"{summary['test_rows_of_trained_mixes']:.0%} of the test rows have their mix in training or validation"
    wins = (
        "the network is at least as good as gradient boosting on "
        f"{summary['network_beats_gradient_boosting']} of {record['splits']} splits"
    )
    return "\n".join(
        [
            wrapped(f"{record['splits']} splits, {kind}, network: preset {record['preset']}"),
            wrapped(leak),
            "",
            text_tables.table(["mean ± std on test", "RMSE (MPa)", "MAE (MPa)", "R²"], rows),
            "",
            wrapped(wins),
        ]
    )


def draw(record: Mapping[str, Any]) -> Figure:
    """RMSE of each model on each split; lines connect the models of one split, bars are the means."""
    from utils.figures import plots

    figure, axes = plots.new_figure(
        f"RMSE over {record['splits']} splits, "
        + ("whole mixes held out" if record["split"] == "mix" else "rows held out at random")
    )
    models = ["linear_regression", "gradient_boosting", "network"]
    values = np.array([[result["rmse"][model] for model in models] for result in record["results"]])
    axes.plot(range(len(models)), values.T, color=plots.GREY, linewidth=0.7, alpha=0.6, zorder=1)
    for column, colour in zip(range(len(models)), (plots.GREY, plots.ORANGE, plots.BLUE), strict=True):
        axes.scatter([column] * len(values), values[:, column], s=28, color=colour, zorder=2)
        axes.hlines(values[:, column].mean(), column - 0.2, column + 0.2, color="black", linewidth=2.5, zorder=3)
    axes.set_xticks(range(len(models)), [model.replace("_", " ") for model in models])
    axes.set_ylabel("RMSE on test (MPa)")
    axes.set_xlim(-0.5, len(models) - 0.5)
    return figure
