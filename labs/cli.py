"""The command line: what `python -m labs …` and `python -m labs.<lab> …` do, and how they end.

Nothing here imports Keras before the words are parsed, the folders looked at and the data read.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import labs
from utils import runs
from utils.errors import CallerError, LabsError

if TYPE_CHECKING:
    from utils.contracts import Lab
    from utils.splits import Splits

INTERRUPTED = 130


@dataclass(frozen=True)
class RunOptions:
    """What a run is, apart from its hyperparameters."""

    preset: str = "course"
    """Named hyperparameters: course, quick (a smoke run) or best; the options below change single ones."""
    out: Path | None = None
    """The run's folder; a new one under models/ where none is given."""
    overwrite: bool = False
    """Replace the run that --out names."""
    resume: Path | None = None
    """Continue an interrupted run; its hyperparameters are its own."""
    json: bool = False
    """Print run.json on standard output, and nothing else there."""


def run_labs() -> NoReturn:
    """`python -m labs …`."""
    _end(lambda: _labs(sys.argv[1:]))


def run_lab(name: str) -> NoReturn:
    """`python -m labs.<name> …`."""
    _end(lambda: _lab(labs.find_lab(name), sys.argv[1:]))


def say(text: str) -> None:
    """A line for a person, on standard error: standard output belongs to what was asked for."""
    print(text, file=sys.stderr, flush=True)


def _end(action: Callable[[], int]) -> NoReturn:
    """Run a command and leave with its status; what the user can act on is two lines and no traceback."""
    try:
        status = action()
    except LabsError as error:
        say(f"error: {error.message}\nhint: {error.hint}")
        status = error.exit_status
    except KeyboardInterrupt:
        say("error: interrupted\nhint: nothing is half written; run the command again")
        status = INTERRUPTED
    sys.exit(status)


def _labs(words: Sequence[str]) -> int:
    from labs import overview

    name, *rest = words or [""]
    if name in ("", "-h", "--help"):
        print(overview.usage() if name else overview.overview())
        return 0
    if name not in overview.COMMANDS:
        raise CallerError(
            f"there is no command {name}", f"python -m labs --help lists them; a lab: python -m labs.{name}"
        )
    commands = importlib.import_module("labs.commands")
    return _command(getattr(commands, name.capitalize()), rest, f"python -m labs {name}")


def _command(kind: type[Any], words: Sequence[str], program: str, *arguments: Any) -> int:
    """Parse the words of a command into its dataclass and execute it."""
    from labs.parsing import parse

    command = parse(kind, words, program=program, description=str(kind.__doc__))
    status: int = command.execute(*arguments)
    return status


def _lab(lab: Lab, words: Sequence[str]) -> int:
    program = f"python -m labs.{lab.name}"
    if words and words[0] in lab.commands:
        return _command(lab.commands[words[0]], words[1:], f"{program} {words[0]}", lab)
    options, settings = _parse_run(lab, words, program)
    if options.resume is None:
        return _train(lab, options, settings)
    if given := [word for word in words if word.startswith("--") and word.split("=")[0] not in ("--resume", "--json")]:
        raise CallerError(
            f"{given[0]}: a resumed run keeps the options it was started with",
            "leave it out, or start a new run",
        )
    return _resume(lab, options)


def _parse_run(lab: Lab, words: Sequence[str], program: str) -> tuple[RunOptions, Any]:
    """The preset is read first: its values are the defaults of the other options."""
    from labs.parsing import parse

    chosen = RunOptions.preset
    for number, word in enumerate(words):
        if word == "--preset":
            chosen = "".join(words[number + 1 : number + 2])
        elif word.startswith("--preset="):
            chosen = word.removeprefix("--preset=")
    defaults = lab.preset(chosen)
    both = make_dataclass("Command", [("run", RunOptions), ("hyperparameters", lab.config)], frozen=True)
    commands = "".join(f"\n{program} {name} --help" for name in lab.commands)
    parsed: Any = parse(
        both,
        words,
        program=program,
        description=f"{lab.title}. Presets: {', '.join(lab.presets)}.{' More:' if commands else ''}{commands}",
        default=both(RunOptions(), defaults),
    )
    return parsed.run, parsed.hyperparameters


def _train(lab: Lab, options: RunOptions, settings: Any) -> int:
    out = options.out or runs.new_folder(lab.name, settings.seed)
    runs.check_free(out, overwrite=options.overwrite)
    splits = _load(lab, settings)
    request = runs.request(lab.name, options.preset, settings, splits)
    partial = runs.begin(out, request, overwrite=options.overwrite)
    return _fit_evaluate_save(lab, settings, splits, options, out, partial)


def _resume(lab: Lab, options: RunOptions) -> int:
    from pydantic import ValidationError

    from utils import config

    assert options.resume is not None
    partial, request = runs.resumable(options.resume, lab.name)
    try:
        settings = config.from_json(lab.config, json.dumps(request["config"]))
    except ValidationError as error:
        raise config.config_error(error, f"python -m labs.{lab.name}") from error
    out = partial.with_name(partial.name.removesuffix(runs.PARTIAL))
    splits = _load(lab, settings)
    if splits.source.digest != request["data"]:
        raise CallerError(f"--resume {partial}: the data are no longer those it was started with", "start a new run")
    return _fit_evaluate_save(lab, settings, splits, replace(options, preset=request["preset"]), out, partial)


def _load(lab: Lab, settings: Any) -> Splits:
    splits = lab.splits(settings)
    kind = "SIMULATED" if splits.source.simulated else "real"
    say(f"{lab.name}: {splits.source.name}, {kind} data, {splits.source.found}; {len(splits.train)} training rows")
    return splits


def _fit_evaluate_save(lab: Lab, settings: Any, splits: Splits, options: RunOptions, out: Path, partial: Path) -> int:
    from utils.quiet import import_keras

    try:
        import_keras()
        from utils import harness, report

        fitted = harness.fit(lab, settings, splits, preset=options.preset, folder=partial, out=out, on_epoch=show_epoch)
        run = harness.save(fitted, harness.evaluate(fitted))
    except KeyboardInterrupt:
        say(f"\nerror: interrupted\nhint: go on with: python -m labs.{lab.name} --resume {partial}")
        return INTERRUPTED
    except CallerError:
        runs.discard(partial)
        raise
    print(json.dumps(run.record, indent=2) if options.json else report.summary(run.record, run.folder))
    return 0


def show_epoch(row: dict[str, float], epochs: int, seconds_left: float) -> None:
    """An epoch's line on standard error: rewritten in place on a terminal, one below the other elsewhere."""
    numbers = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name not in ("epoch", "seconds"))
    line = f"epoch {row['epoch']:.0f}/{epochs}  {numbers}  {seconds_left:.0f} s left"
    say(f"\033[F\033[K{line}" if sys.stderr.isatty() and row["epoch"] > 1 else line)
