"""`python -m labs sweep`: a grid of hyperparameters over seeds, in parallel, compared on validation rows."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import Positional

import labs
from labs.cli.gate.progress import check_counts, growing, progress
from utils.base import text_tables
from utils.base.atomic_files import replacing, write_json
from utils.base.config import Definition
from utils.base.console import show, wrapped
from utils.base.errors import CallerError, CheckError
from utils.datasets import catalog, obtain
from utils.gate.parallel import outcomes
from utils.gate.trial import Outcome, Trial
from utils.runs import run_folder

REQUEST, TABLE, FIGURE, TRIALS = "request.json", "table.csv", "comparison.png", "trials"
FIRST_SEED = 1

Grid = dict[str, list[Any]]


@dataclass(frozen=True)
class Sweep:
    """Train a lab with a grid of hyperparameters and several seeds, and compare the settings on validation rows."""

    lab: Positional[str] = ""
    """The name of the lab."""
    grid: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set")] = ()
    """A hyperparameter and its values, as in learning_rate=1e-3,3e-3; repeat it for further ones."""
    preset: str = "course"
    """The other hyperparameters."""
    data: str = "auto"
    """Data set."""
    seeds: int = 3
    """Number of seeds per combination, counted from 1."""
    workers: int | None = None
    """Number of trainings at a time, each on one thread; defaults to the number of cores."""
    address: str | None = None
    """Address of a Ray cluster; defaults to this machine."""
    resume: Path | None = None
    """The folder of an interrupted sweep, which is resumed with its own options."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Train what is missing, and print the comparison."""
        check_counts(workers=self.workers)
        request = self._request() if self.resume is None else asked_of(self.resume)
        definition = labs.find_definition(request["lab"])
        trials = trials_of(definition, request)
        if request["data"] == "auto" and catalog.candidates("auto", definition.name):
            # The same data set on every machine, and when the sweep is resumed.
            request["data"] = obtain.meant_by("auto", definition.name)
            trials = trials_of(definition, request)
        with growing(self.resume, "sweeps", definition.name) as folder:
            write_json(folder / REQUEST, request)
            came = outcomes(trials, folder / TRIALS, workers=self.workers, address=self.address, on_done=progress)
            judged, better = judged_by(came)
            rows = [row_of(outcome, request["grid"]) for outcome in came]
            write_table(folder / TABLE, rows)
            draw(folder / FIGURE, definition.title, judged, request["grid"], came)
        settings = compared(came, request["grid"], judged, better)
        if self.json:
            show(json.dumps({"folder": str(folder), "settings": settings, "trials": rows}, indent=2))
        else:
            show(summary(settings, judged))
            show(f"sweep: {folder}")
        return 0

    def _request(self) -> dict[str, Any]:
        if not self.lab:
            raise CallerError("missing: LAB", f"the labs are: {', '.join(labs.NAMES)}")
        check_counts(seeds=self.seeds)
        grid = parse_grid(self.grid)
        return {"lab": self.lab, "preset": self.preset, "data": self.data, "seeds": self.seeds, "grid": grid}


def parse_grid(words: Sequence[str]) -> Grid:
    """The values of each hyperparameter from words like `name=v1,v2`; numbers, true, false and null are JSON's.

    Raises:
        CallerError: there is none, a word has another form, or a name or a value is repeated.
    """
    grid: Grid = {}
    for word in words:
        name, equals, values = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name or not all(values.split(",")):
            raise CallerError(f"--set {word}: this is not a name with values", "as in --set learning_rate=1e-3,3e-3")
        if name in grid or name == "seed":
            raise CallerError(f"--set {word}: {name} is set twice", "give all values at once; --seeds sets the seeds")
        grid[name] = [_value(value) for value in values.split(",")]
        if len({json.dumps(value) for value in grid[name]}) < len(grid[name]):
            raise CallerError(f"--set {word}: a value is repeated", "give each value once")
    if not grid:
        raise CallerError("--set is missing", "as in --set learning_rate=1e-3,3e-3")
    return grid


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def asked_of(folder: Path) -> dict[str, Any]:
    """The request that a sweep was started with.

    Raises:
        CallerError: the folder is not a sweep.
    """
    try:
        request: dict[str, Any] = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        return {name: request[name] for name in ("lab", "preset", "data", "seeds", "grid")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        where = run_folder.runs_folder() / "sweeps"
        raise CallerError(f"--resume {folder}: this is not a sweep", f"they are in {where}") from error


def trials_of(definition: Definition, request: Mapping[str, Any]) -> list[Trial]:
    """Each combination of the grid with each seed, checked before anything is trained.

    Raises:
        CallerError: the lab has no such hyperparameter, or does not accept a value.
    """
    names, module = list(request["grid"]), labs.lab_module(definition.name)
    trials = [
        Trial(module, request["preset"], seed, request["data"], dict(zip(names, values, strict=True)))
        for values in itertools.product(*request["grid"].values())
        for seed in range(FIRST_SEED, FIRST_SEED + request["seeds"])
    ]
    for trial in trials:
        trial.settings(definition)
    return trials


def judged_by(came: Sequence[Outcome]) -> tuple[str, str]:
    """The metric by which the lab is judged, the first of its validation metrics, and its direction.

    Raises:
        CheckError: all trials failed.
    """
    whole = next((outcome for outcome in came if "error" not in outcome), None)
    if whole is None:
        raise CheckError(f"all trials failed: {came[0]['error']}", came[0]["hint"])
    judged = next(iter(whole["validation"]))
    return judged, whole["better"][f"test {judged}"]


def row_of(outcome: Outcome, grid: Grid) -> dict[str, Any]:
    """A trial as a row: hyperparameters, seed, validation metrics, seconds and memory, or its error."""
    trial = outcome["trial"]
    return {
        **{name: trial["changes"][name] for name in grid},
        "seed": trial["seed"],
        **{f"validation_{name}": value for name, value in outcome.get("validation", {}).items()},
        "fit_seconds": outcome.get("seconds"),
        "peak_mb": outcome.get("peak_mb"),
        "error": outcome.get("error", ""),
    }


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """The trials as CSV, one row each."""
    import pandas as pd

    with replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


def compared(came: Sequence[Outcome], grid: Grid, judged: str, better: str) -> list[dict[str, Any]]:
    """The settings, the best on validation first, and the test metric of the best one.

    The test metric of the other settings is not shown: choosing by it would make the test split a validation split.
    """
    by_setting: dict[str, list[Outcome]] = {}
    for outcome in came:
        by_setting.setdefault(json.dumps([outcome["trial"]["changes"][name] for name in grid]), []).append(outcome)
    settings: list[dict[str, Any]] = []
    for key, some in by_setting.items():
        whole = [outcome for outcome in some if "error" not in outcome]
        found = [outcome["validation"][judged] for outcome in whole]
        settings.append(
            {
                "setting": dict(zip(grid, json.loads(key), strict=True)),
                "seeds": len(found),
                "failed": [outcome["error"] for outcome in some if "error" in outcome],
                "mean": statistics.mean(found) if found else None,
                "std": statistics.stdev(found) if len(found) > 1 else None,
                "fit_seconds": statistics.mean(outcome["seconds"] for outcome in whole) if whole else None,
                "test": [outcome["measures"][f"test {judged}"] for outcome in whole],
            }
        )
    sign = 1 if better == "lower" else -1
    settings.sort(key=lambda each: (each["mean"] is None or bool(each["failed"]), sign * (each["mean"] or 0.0)))
    for number, each in enumerate(settings):
        test = each.pop("test")
        if number == 0 and test:
            each["test_mean"] = statistics.mean(test)
    return settings


def summary(settings: Sequence[Mapping[str, Any]], judged: str) -> str:
    """The settings as a table, and the test metric of the best one."""
    names = list(settings[0]["setting"])
    rows = [
        [
            *(str(each["setting"][name]) for name in names),
            "–" if each["mean"] is None else text_tables.number(each["mean"]),
            "–" if each["std"] is None else text_tables.number(each["std"]),
            str(each["seeds"]),
            "–" if each["fit_seconds"] is None else f"{each['fit_seconds']:.1f}",
            f"{len(each['failed'])} failed" if each["failed"] else "",
        ]
        for each in settings
    ]
    lines = [text_tables.table([*names, f"validation {judged}", "std", "seeds", "fit s", ""], rows, keys=len(names))]
    best = settings[0]
    if "test_mean" in best:
        chosen = ", ".join(f"{name} {value}" for name, value in best["setting"].items())
        test = text_tables.number(best["test_mean"])
        lines.append(wrapped(f"\nbest on validation: {chosen}; its {judged} on test is {test}"))
    return "\n".join(lines)


def draw(path: Path, title: str, judged: str, grid: Grid, came: Sequence[Outcome]) -> None:
    """Plot the validation metric against the first hyperparameter, one line per combination of the others."""
    from utils.figures import sweep

    whole = [outcome for outcome in came if "error" not in outcome]
    if not whole:
        return
    points = [(outcome["trial"]["changes"], outcome["validation"][judged]) for outcome in whole]
    label = f"validation {judged}" + (f" ({whole[0]['unit']})" if whole[0]["unit"] else "")
    figure = sweep.comparison(points, grid, label, title, kind=whole[0]["kind"])
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)
