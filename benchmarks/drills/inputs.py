"""Invalid inputs to every command: options, values, files, folders and variables, drawn at random.

Each must be answered with status 2, one line of error, one of hint, no traceback and no result; nothing is written, and
no training begins. The commands run in this process.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.drills import cases, files
from benchmarks.drills.cases import COMMANDS, Case
from benchmarks.drills.files import furnish
from labs.cli import main

KINDS: list[Callable[[random.Random, Path], Case]] = [
    *(cases.number, cases.number, cases.choice, cases.unknown_option, cases.missing_value, cases.surplus_word),
    *(cases.missing_word, cases.unknown_command, cases.grid, cases.name, cases.variable),
    *(files.damaged_run, files.damaged_run, files.no_run, files.resume, files.output),
    *(files.table, files.table, files.no_table, files.images),
]
"""What draws an invalid input; the kinds take turns."""


class WorkBeganError(BaseException):
    """A command accepted its input."""


def _tree(place: Path) -> dict[str, tuple[int, int]]:
    """What is in a folder."""
    return {
        os.fsencode(path.relative_to(place)).decode("latin-1"): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in place.rglob("*")
        if not path.is_dir()
    } | {str(path.relative_to(place)): (0, 0) for path in place.rglob("*") if path.is_dir()}


@contextlib.contextmanager
def no_work() -> Iterator[None]:
    """Stop a command that begins to train: it accepted its input."""

    def stop(*_: Any, **__: Any) -> Any:
        raise WorkBeganError

    with (
        mock.patch("utils.base.keras_import.import_keras", stop),
        mock.patch("labs.cli.predict.import_keras", stop),
        mock.patch("labs.cli.records.evaluate.import_keras", stop),
        mock.patch("utils.gate.parallel._Processes.run", stop),
        mock.patch("labs.cli.new.write", stop),
        mock.patch("labs.cli.records.open.in_browser", stop),
    ):
        yield


def _execute(module: str, words: Sequence[str]) -> int:
    return main.execute(words) if module == "labs" else main.execute_lab(module.removeprefix("labs."), words)


def _command_of(case: Case) -> str:
    words = " ".join(case.words)
    return max((name for name in COMMANDS if words.startswith(name)), key=len, default="labs")


def fault_of(case: Case, place: Path, data_home: Path) -> str:
    """Run a command; what is wrong with its answer, or nothing."""
    usual = {
        "LABS_MODELS": "models",
        "LABS_DATA_HOME": str(data_home),
        "LABS_MIRROR": "",
        "LABS_OFFLINE": "1",
        "COLUMNS": "100",
    }
    before, out, err, status = _tree(place), io.StringIO(), io.StringIO(), -1
    module, *words = case.words
    with (
        no_work(),
        mock.patch.dict(os.environ, usual | case.environment),
        contextlib.chdir(place),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            status = main.status_of(lambda: _execute(module, words))
        except WorkBeganError:
            return "it was accepted"
        except SystemExit as ended:
            return f"it ended with {ended.code}"
        except BaseException:
            return traceback.format_exc()
    lines = err.getvalue().splitlines()
    kinds = [sum(line.startswith(kind) for line in lines) for kind in ("error: ", "hint: ")]
    if status != 2 or kinds != [1, 1] or out.getvalue():
        return f"status {status}\n{out.getvalue()}{err.getvalue()}"
    after = _tree(place)
    return f"it wrote {sorted(set(before.items()) ^ set(after.items()))}" if before != after else ""


def drill(folder: Path, number: int, seed: int) -> dict[str, Any]:
    """Give invalid inputs to the commands.

    Args:
        folder: empty.
        number: of inputs.
        seed: of the draws.

    Returns:
        `inputs`: their number; `commands`: how many commands they were given to; `kinds`: their number by kind.

    Raises:
        AssertionError: an input was answered in another way; the message has all such inputs.
    """
    draws, counts, commands, wrong = random.Random(seed), Counter[str](), set[str](), []
    place = folder / "place"
    furnish(place)
    for index in range(number):
        case = KINDS[index % len(KINDS)](draws, place)
        counts[case.kind.partition(" (")[0]] += 1
        commands.add(_command_of(case))
        fault = fault_of(case, place, folder / "cache")
        if fault:
            wrong.append(f"{case.environment or ''} {' '.join(map(repr, case.words))} [{case.kind}]:\n{fault}")
    assert not wrong, f"{len(wrong)} of {number}\n" + "\n".join(wrong)
    return {"inputs": number, "commands": len(commands), "kinds": dict(sorted(counts.items()))}
