"""`python -m labs.<lab> …`: parse the options, load the data, then train, evaluate and save.

Keras is imported only after the options were parsed, the folder was checked and the data were loaded.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import labs
from labs.cli.next_steps import next_steps
from labs.cli.options import execute, find, parse_given
from labs.cli.progress import Shown
from utils.base import config
from utils.base.config import BaseConfig, Definition
from utils.base.console import say, show, wrapped
from utils.base.errors import INTERRUPTED, CallerError, CheckError
from utils.datasets import catalog, obtain
from utils.datasets.splits import Splits
from utils.runs import card
from utils.runs.record import Run
from utils.runs.run_folder import RunFolder, release, request_of
from utils.training.checkpoint import state_of
from utils.training.tensorboard import EventFiles


@dataclass(frozen=True)
class RunOptions:
    """Options of a run that are not hyperparameters."""

    preset: str = "course"
    """Named hyperparameters: course, quick (a smoke run) or best; the options below change single ones."""
    out: Path | None = None
    """Folder of the run; defaults to a new one under models/."""
    overwrite: bool = False
    """Replace the run in --out."""
    resume: Path | None = None
    """Resume an interrupted run with its own hyperparameters."""
    tensorboard: Path | None = None
    """Folder for event files, one scalar per metric and epoch; TensorBoard itself is not needed to write them."""
    json: bool = False
    """Print run.json on standard output, and nothing else there."""


KEPT = ("resume", "tensorboard", "json")
"""Options that a resumed run may have; the others are those that it was started with."""


def run(definition: Definition, words: Sequence[str]) -> int:
    """Run a lab, or one of its own commands, from the words after its name; the exit status."""
    if words and words[0] in definition.commands:
        command = find(definition.commands[words[0]])
        return execute(command, words[1:], f"{definition.program} {words[0]}", definition)
    given = parse_given(
        {"run": RunOptions, "hyperparameter": definition.config},
        words,
        program=definition.program,
        description=_description(definition),
    )
    options = RunOptions(**given["run"])
    if options.resume is None:
        return _start(definition, options, given["hyperparameter"])
    unwanted = [name for name in (*given["run"], *given["hyperparameter"]) if name not in KEPT]
    if unwanted:
        raise CallerError(
            f"--{unwanted[0].replace('_', '-')}: a resumed run keeps the options that it was started with",
            "leave it out, or start a new run",
        )
    return _resume(definition, options)


def _description(definition: Definition) -> str:
    """The text above the options in the help: title, presets with what they change, further commands."""
    lines = [f"{definition.title}. Presets:"]
    for name in definition.preset_names:
        changes = ", ".join(f"{field} {value}" for field, value in definition.presets[name].items())
        lines.append(f"  {name}: {changes or 'the defaults'}")
    lines += [f"  further command: {definition.program} {name} --help" for name in definition.commands]
    lines.append("  -q, --quiet: no progress")
    return "\n".join(lines)


def configured(definition: Definition, preset: str, given: Mapping[str, Any]) -> Any:
    """The config of a preset with the options that were given, for the data set that `auto` or `simulated` means.

    Raises:
        CallerError: there is no such preset, or a value is invalid.
    """
    data, folder = given.get("data", BaseConfig.data), given.get("data_dir")
    changes = {name: value for name, value in given.items() if name != "data"}
    # Invalid options are reported before a data set is looked for, which may take a download.
    settings = _replaced(definition, definition.preset(preset, data, folder=folder is not None), changes)
    own = folder is not None or definition.names_file(data)
    if not own and catalog.candidates(BaseConfig.data, definition.name):
        choice = catalog.candidates(data, definition.name)
        found = choice[0].name if len(choice) == 1 else obtain.meant_by(data, definition.name)
        settings = _replaced(definition, definition.preset(preset, found), changes)
    return settings


def _replaced(definition: Definition, settings: Any, changes: Mapping[str, Any]) -> Any:
    try:
        return replace(settings, **changes)
    except ValidationError as error:
        raise config.config_error(error, definition.program) from error


def _start(definition: Definition, options: RunOptions, given: Mapping[str, Any]) -> int:
    folder = RunFolder.new(definition.name, given.get("seed", BaseConfig.seed))
    if options.out is not None:
        folder = RunFolder(options.out)
    folder.check(overwrite=options.overwrite)
    settings = configured(definition, options.preset, given)
    report = _report(definition, options, folder)
    data = _load(definition, settings, report)
    folder.begin(request_of(definition.name, options.preset, settings, data), overwrite=options.overwrite)
    return _train(definition, options, settings, data, folder, report)


def _report(definition: Definition, options: RunOptions, folder: RunFolder) -> Shown:
    """The progress on the terminal, and the event files if they are wanted.

    Raises:
        CallerError: their folder cannot be written.
    """
    if options.tensorboard is None:
        return Shown()
    events = options.tensorboard / f"{definition.name}-{folder.path.name}"
    try:
        events.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CallerError(
            f"--tensorboard {options.tensorboard}: the folder cannot be written ({error.strerror})",
            "choose a folder with write permission",
        ) from error
    return Shown([EventFiles(events)])


def _resume(definition: Definition, options: RunOptions) -> int:
    assert options.resume is not None, "the caller checked it"
    folder = RunFolder(options.resume)
    request = folder.resume(definition.name)
    if folder.is_complete:
        folder.finish()
        _show(definition, Run.open(folder.path), options)
        return 0
    try:
        settings = config.from_json(definition.config, json.dumps(request["config"]))
    except ValidationError as error:
        raise config.config_error(error, definition.program) from error
    report = _report(definition, options, folder)
    data = _load(definition, settings, report)
    if data.source.digest != request["data"]:
        raise CallerError(
            f"--resume {folder.partial}: the data have changed since the run was started", "start a new run"
        )
    return _train(definition, replace(options, preset=request["preset"]), settings, data, folder, report)


def _load(definition: Definition, settings: Any, report: Shown) -> Any:
    start = time.perf_counter()
    report.stage("load")
    data = labs.find_data(definition.name).load(settings)
    source, rows = data.source, ""
    if isinstance(data, Splits):
        data = replace(data, load_seconds=time.perf_counter() - start)
        rows = f"; {data.amount}"
    say(wrapped(f"{definition.name}: {source.name}, {source.kind} data, {source.found}{rows}"))
    return data


def _train(
    definition: Definition, options: RunOptions, settings: Any, data: Any, folder: RunFolder, report: Shown
) -> int:
    from utils.base.keras_import import import_keras

    again = f"{definition.program} --resume {shlex.quote(str(folder.partial))}"
    resumable = state_of(folder.partial)
    try:
        report.stage("import Keras")
        import_keras()
        finished = _run(definition, options, settings, data, folder, report)
    except KeyboardInterrupt:
        say(f"\nerror: interrupted\nhint: resume it with: {again}")
        return INTERRUPTED
    except MemoryError as error:
        hint = f"with more memory, resume it with: {again}"
        if not resumable.exists():
            folder.discard()
            hint = "use fewer units, layers or bins"
        raise CallerError("the network does not fit in memory", hint) from error
    except OSError as error:
        message = f"{folder.path}: the run cannot be written ({error})"
        raise CheckError(message, f"free some space, then resume it with: {again}") from error
    except Exception as error:
        # After a mistake of the caller nothing is worth keeping; after a defect, what was trained.
        if not resumable.exists() or (isinstance(error, CallerError) and options.resume is None):
            folder.discard()
        raise
    finally:
        release(folder.lock)
    _show(definition, finished, options)
    return 0


def _run(
    definition: Definition, options: RunOptions, settings: Any, data: Any, folder: RunFolder, report: Shown
) -> Run:
    """Train, and complete the run; Keras has been imported."""
    from utils.runs.completion import complete
    from utils.runs.lab import Request

    lab = labs.find_lab(definition.name)
    request = Request(options.preset, settings, data)
    part = lab.run(request, folder.partial, report)
    report.stage("save")
    finished = complete(lab, request, part, folder)
    report.end()
    return finished


def _show(definition: Definition, finished: Run, options: RunOptions) -> None:
    if options.json:
        show(json.dumps(finished.record, indent=2))
        return
    show(card.summary(finished.record, finished.folder))
    show(next_steps(definition, finished))
