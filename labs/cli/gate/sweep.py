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
from labs.cli.gate.progress import growing, progress
from utils.base import text_tables
from utils.base.atomic_files import replacing, write_json
from utils.base.console import show
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.gate.parallel import outcomes
from utils.gate.trial import Outcome, Trial
from utils.runs import run_folder
from utils.runs.lab import Lab

REQUEST, TABLE, FIGURE, TRIALS = "request.json", "table.csv", "comparison.png", "trials"
FIRST_SEED = 1

Grid = dict[str, list[Any]]


@dataclass(frozen=True)
class Sweep:
    """Train a lab with each combination of some hyperparameters and several seeds, and compare on validation rows."""

    lab: Positional[str] = ""
    """The lab's name."""
    grid: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set")] = ()
    """A hyperparameter and its values: learning_rate=1e-3,3e-3; again for each further one."""
    preset: str = "course"
    """The other hyperparameters."""
    data: str = "auto"
    """Data set."""
    seeds: int = 3
    """Of each combination, counted from 1."""
    workers: int | None = None
    """Trainings at a time, each on one thread; all cores where not given."""
    address: str | None = None
    """Of a Ray cluster that trains; else this machine does."""
    resume: Path | None = None
    """The folder of an interrupted sweep, which goes on with what it was asked for."""
    json: bool = False
    """Print the machine's form."""

    def execute(self) -> int:
        """Train what is missing, and print the comparison."""
        request = self._request() if self.resume is None else asked_of(self.resume)
        lab = labs.find_lab(request["lab"])
        trials = trials_of(lab, request)
        if request["data"] == "auto":  # the same set for every machine, and for a sweep that goes on tomorrow
            request["data"] = obtain.meant_by("auto", lab.name)
            trials = trials_of(lab, request)
        with growing(self.resume, "sweeps", lab.name) as folder:
            write_json(folder / REQUEST, request)
            came = outcomes(trials, folder / TRIALS, workers=self.workers, address=self.address, on_done=progress)
            judged = next(iter(lab.metrics))
            rows = [row_of(outcome, request["grid"]) for outcome in came]
            write_table(folder / TABLE, rows)
            draw(folder / FIGURE, lab, judged, request["grid"], came)
        settings = compared(came, request["grid"], judged, lab.metrics[judged].better)
        if self.json:
            show(json.dumps({"folder": str(folder), "settings": settings, "trials": rows}, indent=2))
        else:
            show(summary(settings, judged))
            show(f"the sweep: {folder}")
        return 0

    def _request(self) -> dict[str, Any]:
        if not self.lab:
            raise CallerError("missing: LAB", f"the labs are: {', '.join(labs.NAMES)}")
        if self.seeds < 1:
            raise CallerError(f"--seeds: {self.seeds}", "give at least 1")
        grid = parse_grid(self.grid)
        return {"lab": self.lab, "preset": self.preset, "data": self.data, "seeds": self.seeds, "grid": grid}


def parse_grid(words: Sequence[str]) -> Grid:
    """`name=v1,v2` for each hyperparameter to its values; numbers and true, false, null as JSON has them.

    Raises:
        CallerError: there is none, a word is not of this form, or a name or a value stands twice.
    """
    grid: Grid = {}
    for word in words:
        name, equals, values = word.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name or not all(values.split(",")):
            raise CallerError(f"--set {word}: not a name with its values", "as in --set learning_rate=1e-3,3e-3")
        if name in grid or name == "seed":
            raise CallerError(f"--set {word}: {name} is set already", "give all values at once; --seeds sets seeds")
        grid[name] = [_value(value) for value in values.split(",")]
        if len({json.dumps(value) for value in grid[name]}) < len(grid[name]):
            raise CallerError(f"--set {word}: a value stands twice", "give each value once")
    if not grid:
        raise CallerError("--set is missing: there is nothing to compare", "as in --set learning_rate=1e-3,3e-3")
    return grid


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def asked_of(folder: Path) -> dict[str, Any]:
    """What a sweep's folder was begun with.

    Raises:
        CallerError: it is no sweep.
    """
    try:
        request: dict[str, Any] = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        return {name: request[name] for name in ("lab", "preset", "data", "seeds", "grid")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        where = run_folder.runs_folder() / "sweeps"
        raise CallerError(f"--resume {folder}: there is no sweep here", f"they lie in {where}") from error


def trials_of(lab: Lab, request: Mapping[str, Any]) -> list[Trial]:
    """Each combination of the grid with each seed, checked before anything is trained.

    Raises:
        CallerError: a hyperparameter or a value that the lab does not take.
    """
    names = list(request["grid"])
    trials = [
        Trial(f"labs.{lab.name}.lab", request["preset"], seed, request["data"], dict(zip(names, values, strict=True)))
        for values in itertools.product(*request["grid"].values())
        for seed in range(FIRST_SEED, FIRST_SEED + request["seeds"])
    ]
    for trial in trials:
        trial.settings(lab)
    return trials


def row_of(outcome: Outcome, grid: Grid) -> dict[str, Any]:
    """A trial as a row: its hyperparameters, seed, validation metrics, seconds, memory; or its error."""
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
    """The trials as CSV, a row each."""
    import pandas as pd

    with replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)


def compared(came: Sequence[Outcome], grid: Grid, judged: str, better: str) -> list[dict[str, Any]]:
    """The settings, the best on validation first; of that one also what it reaches on test.

    Test is shown of the chosen setting alone: who chooses on it has no test split any more.
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
    """The settings as a table, and what the best one reaches on test."""
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
    lines = [text_tables.table([*names, f"validation {judged}", "s", "seeds", "fit s", ""], rows)]
    best = settings[0]
    if "test_mean" in best:
        chosen = ", ".join(f"{name} {value}" for name, value in best["setting"].items())
        lines.append(f"\nbest on validation: {chosen}; on test its {judged} is {text_tables.number(best['test_mean'])}")
    return "\n".join(lines)


def draw(path: Path, lab: Lab, judged: str, grid: Grid, came: Sequence[Outcome]) -> None:
    """The lab's metric on validation against the first hyperparameter, a line for each combination of the others."""
    from utils.figures import sweep

    whole = [outcome for outcome in came if "error" not in outcome]
    if not whole:
        return
    points = [(outcome["trial"]["changes"], outcome["validation"][judged]) for outcome in whole]
    label = f"validation {judged}" + (f" ({whole[0]['unit']})" if whole[0]["unit"] else "")
    figure = sweep.comparison(points, grid, label, lab.title, simulated=whole[0]["simulated"])
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)
