"""`python -m labs.regression protocol`: the network and its baselines over many seeded splits, on the same rows."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic.dataclasses import dataclass

from labs.regression.config import SplitKind
from utils.base import machine, text_tables
from utils.base.atomic_files import write_json
from utils.base.config import STRICT, Count, Definition, Seed
from utils.base.console import say, say_progress, show, wrapped
from utils.base.errors import INTERRUPTED, CallerError
from utils.base.keras_import import import_keras
from utils.runs.record import SCHEMA
from utils.runs.run_folder import REQUEST, RunFolder, acquire, is_not_empty, runs_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RECORD = "protocol.json"


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
        settings = definition.preset(self.preset)
        folder = RunFolder(self.out or self._default_folder(definition.name))
        request = {
            "lab": definition.name,
            "split": self.split,
            "splits": self.splits,
            "preset": self.preset,
            "seed": self.seed,
        }
        done = _begin(folder, request)
        try:
            self._train(settings, folder, request, done)
        except KeyboardInterrupt:
            say(f"error: interrupted\nhint: resume it with: {self._command(definition, folder.path)}")
            return INTERRUPTED
        record = {
            "schema": SCHEMA,
            **request,
            **_facts(settings),
            "summary": summarise(done),
            "results": done,
        }
        write_json(folder.partial / RECORD, record)
        draw(record).savefig(folder.partial / "rmse.png", dpi=150)
        folder.finish()
        show(json.dumps(record, indent=2) if self.json else f"{as_text(record)}\n\ntable: {folder.path}")
        return 0

    def _default_folder(self, lab: str) -> Path:
        return runs_folder() / lab / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-protocol-{self.split}-{self.preset}"

    def _command(self, definition: Definition, out: Path) -> str:
        options = {"split": self.split, "splits": self.splits, "preset": self.preset, "seed": self.seed, "out": out}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return shlex.join([*definition.program.split(), "protocol", *words])

    def _train(self, settings: Any, folder: RunFolder, request: Mapping[str, Any], done: list[dict[str, Any]]) -> None:
        """Train on each split that is missing; the results are saved after each."""
        for split_seed in range(len(done), self.splits):
            done.append(_one(replace(settings, split=self.split, split_seed=split_seed, seed=self.seed)))
            write_json(folder.partial / RECORD, {**request, "results": done})
            rmse = ", ".join(f"{model} {value:.2f}" for model, value in done[-1]["rmse"].items())
            say_progress(f"split {split_seed + 1} of {self.splits}: RMSE {rmse}")


def _begin(folder: RunFolder, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Create the partial folder, or lock the one of an interrupted command and return its results."""
    if is_not_empty(folder.path) or not folder.partial.exists():
        folder.begin(request)
        return []
    if not acquire(folder.lock):
        raise CallerError(f"--out {folder.path}: another process is writing to it", "wait, or give another name")
    if not is_not_empty(folder.partial):
        return []
    try:
        kept = json.loads((folder.partial / RECORD).read_text(encoding="utf-8"))
        results: list[dict[str, Any]] = kept["results"]
        same = request.items() <= kept.items() and all(
            set(result) >= {"rmse", "mae", "r2", "split_seed"} for result in results
        )
    except FileNotFoundError:  # interrupted before the first split was done
        same, results = (folder.partial / REQUEST).is_file(), []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        same = False
    if not same:
        raise CallerError(
            f"--out {folder.path}: {folder.partial} belongs to another command", "give another name, or its own options"
        )
    return results


def _one(settings: Any) -> dict[str, Any]:
    """All models on one split: `{metric: {model: value}}` with the audit, the rows and the seconds."""
    import_keras()
    from labs.regression.lab import lab
    from utils.runs import harness

    start = time.perf_counter()
    splits = lab.splits(settings)
    fitted = harness.fit(lab, settings, splits)
    evaluation = harness.evaluate(fitted)
    scores = {"network": {name: score["value"] for name, score in evaluation.metrics["test"].items()}}
    scores |= evaluation.baselines
    return {
        "split_seed": settings.split_seed,
        "rows": {name: len(part) for name, part in splits.parts().items()},
        "audit": evaluation.audit,
        "seconds": time.perf_counter() - start,
        **{metric: {model: values[metric] for model, values in scores.items()} for metric in lab.metrics},
    }


def summarise(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean and standard deviation (n − 1) by metric and model, and on how many splits each model beats boosting."""
    summary: dict[str, Any] = {}
    for metric in ("rmse", "mae", "r2"):
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
            *(
                f"{summary[metric][model]['mean']:.2f} ± {summary[metric][model]['std']:.2f}"
                for metric in ("rmse", "mae", "r2")
            ),
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
