"""`python -m labs.<lab> …`: a lab's options parsed, its data read, then fit, evaluate, save.

Nothing here imports Keras before the words are parsed, the folders looked at and the data read.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from labs.cli.options import execute, parse
from utils.base import config
from utils.base.console import say, show
from utils.base.errors import INTERRUPTED, CallerError, CheckError
from utils.datasets import obtain
from utils.runs import card, run_folder
from utils.runs.record import Run
from utils.training import checkpoint

if TYPE_CHECKING:
    from utils.datasets.splits import Splits
    from utils.runs.lab import Lab


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


def run(lab: Lab, words: Sequence[str]) -> int:
    """Run a lab, or one of its own commands, from the words after its name; the exit status."""
    program = f"python -m labs.{lab.name}"
    if words and words[0] in lab.commands:
        return execute(lab.commands[words[0]], words[1:], f"{program} {words[0]}", lab)
    options, settings = _parse_run(lab, words, program)
    if options.resume is None:
        out = run_folder.new_folder(lab.name, settings.seed) if options.out is None else run_folder.named(options.out)
        run_folder.check_free(out, overwrite=options.overwrite)
        if settings.data == config.Config.data and settings.data_dir is None:
            # The run is of the set that `auto` means here and now, and has that set's hyperparameters.
            options, settings = _parse_run(lab, [*words, "--data", obtain.meant_by(settings.data, lab.name)], program)
        return _train(lab, options, settings, out)
    if given := [word for word in words if word.startswith("--") and word.split("=")[0] not in ("--resume", "--json")]:
        raise CallerError(
            f"{given[0]}: a resumed run keeps the options it was started with",
            "leave it out, or start a new run",
        )
    return _resume(lab, options.resume, options)


def _parse_run(lab: Lab, words: Sequence[str], program: str) -> tuple[RunOptions, Any]:
    """Preset and data set are read first: with them go the defaults of the other options."""
    preset, data = _given("--preset", words, RunOptions.preset), _given("--data", words, config.Config.data)
    defaults = lab.preset(preset, data, folder=bool(_given("--data-dir", words, "")))
    both = make_dataclass("Command", [("run", RunOptions), ("hyperparameters", lab.config)], frozen=True)
    commands = "".join(f"\n{program} {name} --help" for name in lab.commands)
    parsed: Any = parse(
        both,
        words,
        program=program,
        description=f"{lab.title}. Presets: {', '.join(lab.preset_names)}.{' More:' if commands else ''}{commands}",
        default=both(RunOptions(), defaults),
    )
    return parsed.run, parsed.hyperparameters


def _given(option: str, words: Sequence[str], default: str) -> str:
    """The value that the words give to an option."""
    for number, word in reversed(list(enumerate(words))):
        name, equals, value = word.partition("=")
        if name.replace("_", "-") == option:  # the parser takes either, too
            return value if equals else "".join(words[number + 1 : number + 2])
    return default


def _train(lab: Lab, options: RunOptions, settings: Any, out: Path) -> int:
    splits = _load(lab, settings)
    request = run_folder.request(lab.name, options.preset, settings, splits)
    partial = run_folder.begin(out, request, overwrite=options.overwrite)
    return _fit_evaluate_save(lab, settings, splits, options, out, partial)


def _resume(lab: Lab, resume: Path, options: RunOptions) -> int:
    partial, request = run_folder.resumable(resume, lab.name)
    out = run_folder.final_of(partial)
    if (partial / run_folder.RECORD).is_file():  # whole, but for its name
        run_folder.finish(partial, out)
        _show(Run.open(out).record, out, options)
        return 0
    try:
        settings = config.from_json(lab.config, json.dumps(request["config"]))
    except ValidationError as error:
        raise config.config_error(error, f"python -m labs.{lab.name}") from error
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
    from utils.base.keras_import import import_keras

    again = f"python -m labs.{lab.name} --resume {shlex.quote(str(partial))}"
    try:
        import_keras()
        from utils.runs import harness

        fitted = harness.fit(lab, settings, splits, preset=options.preset, folder=partial, out=out, on_epoch=show_epoch)
        run = harness.save(fitted, harness.evaluate(fitted))
    except KeyboardInterrupt:
        say(f"\nerror: interrupted\nhint: go on with: {again}")
        return INTERRUPTED
    except MemoryError as error:
        hint = "give fewer units, layers or bins"
        if checkpoint.state_of(partial).exists():
            hint = f"with more memory, go on with: {again}"
        else:
            run_folder.discard(partial)
        raise CallerError("the network does not fit in memory", hint) from error
    except OSError as error:
        raise CheckError(
            f"{out}: the run cannot be written ({error})", f"make room, then go on with: {again}"
        ) from error
    except CallerError:
        if options.resume is None:
            run_folder.discard(partial)
        raise
    except Exception:
        # A defect of ours: what was trained stays, an empty folder would only be in the way.
        if not checkpoint.state_of(partial).exists():
            run_folder.discard(partial)
        raise
    _show(run.record, run.folder, options)
    return 0


def _show(record: dict[str, Any], folder: Path, options: RunOptions) -> None:
    show(json.dumps(record, indent=2) if options.json else card.summary(record, folder))


def show_epoch(row: dict[str, float], epochs: int, seconds_left: float) -> None:
    """An epoch's line on standard error: rewritten in place on a terminal, one below the other elsewhere."""
    numbers = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name not in ("epoch", "seconds"))
    line = f"epoch {row['epoch']:.0f}/{epochs}  {numbers}  {seconds_left:.0f} s left"
    say(f"\033[F\033[K{line}" if sys.stderr.isatty() and row["epoch"] > 1 else line)
