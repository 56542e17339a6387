"""Invalid inputs to every command: options, values, files, folders and variables, drawn at random.

Each must be answered with status 2, one line of error, one of hint, no traceback and no result; nothing is written, and
no training begins. The commands run in this process.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints
from unittest import mock

import labs
from labs.cli import help, main, options
from labs.cli.train import RunOptions
from utils.runs.record import digests

NUMBERS = [
    "ten",
    "",
    " ",
    "1.5e",
    "0x1",
    "1,5",
    "--",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "½",
    "-1e30",
    "9" * 30,
    "-" + "9" * 30,
]
"""What no integer option accepts, and no fraction."""
JUNK: list[Any] = [None, [], {}, "", "text", -1, 1e300, [[]], {"a": {}}, True]
NAMES = [
    "nowhere",
    "x" * 300,
    "file.txt/x",
    "ünïcode",
    "-",
    "a\nb",
    os.fsdecode(b"caf\xe9"),
    "~no-such-user/x",
    "empty",
    "file.txt",
]
"""Paths at which there is no run and no table."""
FEATURES = ["cement", "slag", "fly_ash", "water", "superplasticizer", "coarse_aggregate", "fine_aggregate", "age"]
ROW = ["540", "0", "0", "162", "2.5", "1040", "676", "28"]
ONLY_READ = ("evaluate", "predict", "open", "clean")
"""Commands that take the folder of a run."""


@dataclass(frozen=True)
class Case:
    """A command with an invalid input.

    Attributes:
        kind: what is invalid, in words.
        words: of the command, `labs` or `labs.<lab>` first.
        environment: variables.
    """

    kind: str
    words: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)


class WorkBeganError(BaseException):
    """A command accepted its input."""


def _commands() -> dict[str, list[Any]]:
    """The options of each command, by its words."""
    found = {f"labs {name}": [options.find(about[0])] for name, about in help.COMMANDS.items()}
    for name in labs.NAMES:
        definition = labs.find_definition(name)
        found[f"labs.{name}"] = [RunOptions, definition.config]
        found |= {f"labs.{name} {word}": [options.find(where)] for word, where in definition.commands.items()}
    return found


COMMANDS = _commands()


def _options(command: str, *kinds: str) -> list[str]:
    """The options of a command whose type has one of these names."""
    return [
        "--" + each.name.replace("_", "-")
        for kind in COMMANDS[command]
        for each in fields(kind)
        if "Positional" not in str(get_type_hints(kind, include_extras=True)[each.name])
        and str(get_type_hints(kind)[each.name]).removeprefix("<class '").rstrip("'>") in kinds
    ]


def _with(command: str, random: random.Random, *words: str) -> list[str]:
    """The command with the positional words that it needs, and further ones."""
    needed = {
        "labs predict": ["run", "good.csv"],
        "labs compare": ["run", "run"],
        "labs sweep": ["regression", "--set", "epochs=1"],
        "labs baseline": ["regression", "--reason", "drill", "--bands", "bands"],
        "labs verify": ["regression", "--bands", "bands"],
        "labs data fetch": ["concrete"],
        "labs data where": ["concrete"],
        "labs new": ["tides"],
    }
    own = needed.get(command, ["run"] if command.removeprefix("labs ") in ONLY_READ else [])
    parts = [own, list(words)]
    random.shuffle(parts) if command not in ("labs sweep", "labs predict", "labs data fetch") else None
    return [*command.split(), *parts[0], *parts[1]]


# Options


def number(random: random.Random, _: Path) -> Case:
    """A number that is none, or out of range."""
    choices = [
        (name, option) for name in COMMANDS for option in _options(name, "int", "float", "int | None", "float | None")
    ]
    command, option = random.choice(choices)
    return Case("a number that is none", _with(command, random, f"{option}={random.choice(NUMBERS)}"))


def choice(random: random.Random, _: Path) -> Case:
    """A value that is none of the choices."""
    options = ["--preset", "--data", "--optimizer", "--schedule", "--activation"]
    lab, option = random.choice(labs.NAMES), random.choice(options)
    word = random.choice(["huge", "", "Course", "quick ", "mnist,mnist", "1"])
    return Case("a value that is none of the choices", [f"labs.{lab}", option, word])


def unknown_option(random: random.Random, _: Path) -> Case:
    """An option that does not exist."""
    command = random.choice(list(COMMANDS))
    known = sorted(each for kind in COMMANDS[command] for each in options.options_of(kind)) or ["--json"]
    while True:
        letters = list(random.choice(known))
        letters[random.randrange(2, len(letters))] = random.choice("abcxyz_")
        word = "".join(letters)
        if word.replace("_", "-") not in known:
            return Case("an option that does not exist", _with(command, random, word))


def missing_value(random: random.Random, _: Path) -> Case:
    """An option without its value at the end."""
    command = random.choice([name for name in COMMANDS if _options(name, "int", "float", "str", "pathlib.Path | None")])
    option = random.choice(_options(command, "int", "float", "str", "pathlib.Path | None"))
    return Case(
        "an option without a value", [*command.split(), *(["run", "run"] if "compare" in command else []), option]
    )


def surplus_word(random: random.Random, _: Path) -> Case:
    """A word where no command takes one."""
    command = random.choice(["runs", "compare", "open", "evaluate", "data list", "data where", "new"])
    return Case("a word too many", [*_with(f"labs {command}", random), random.choice(["extra", "run", "/", "*"])])


def missing_word(random: random.Random, _: Path) -> Case:
    """A command without what it works on."""
    command = random.choice(["predict", "evaluate", "compare", "sweep", "baseline", "data fetch", "data where", "new"])
    return Case("a word too few", ["labs", *command.split()])


def unknown_command(random: random.Random, _: Path) -> Case:
    """A command that does not exist."""
    letters = list(random.choice([*labs.NAMES, *(name.split()[0] for name in help.COMMANDS)]))
    random.shuffle(letters)
    word = "".join(letters) + random.choice("xyz")
    return Case("a command that does not exist", ["labs", word, *random.choice([[], ["run"], ["--json"]])])


def grid(random: random.Random, _: Path) -> Case:
    """A grid that is none."""
    words = ["x", "=1", "epochs=", "epochs=1,,2", "epochs=0", "epochs=1,1", "seed=1", "nosuch=1", "epochs=ten", ","]
    lab = random.choice(["regression", "galaxy"])
    return Case("a grid of hyperparameters that is none", ["labs", "sweep", lab, "--set", random.choice(words)])


def name(random: random.Random, _: Path) -> Case:
    """A name of a lab, a data set, or a new lab, that cannot be."""
    word = random.choice(["Über", "1st", "class", "a-b", "", " ", "../x", "x" * 200, "regression ", "runs", "os.path"])
    command = random.choice(["new", "data fetch", "data where", "data verify", "sweep", "runs --lab", "baseline"])
    more = {"sweep": ["--set", "epochs=1"], "baseline": ["--reason", "drill"]}.get(command, [])
    return Case("a name that does not exist", ["labs", *command.split(), word, *more])


def variable(random: random.Random, _: Path) -> Case:
    """An environment variable that cannot be used."""
    pairs = [
        ("LABS_MODELS", ["file.txt", "~no-such-user/x", "$NOWHERE/x"]),
        ("LABS_MIRROR", ["http://", "http://host:port", "nowhere", "~no-such-user", "$NOWHERE"]),
        ("LABS_DATA_HOME", ["~no-such-user/x", "$NOWHERE/x"]),
    ]
    variable, values = random.choice(pairs)
    words = {
        "LABS_MODELS": ["labs.regression"],
        "LABS_MIRROR": ["labs", "data", "list"],
        "LABS_DATA_HOME": ["labs", "data", "list"],
    }[variable]
    return Case("a variable that cannot be used", words, {variable: random.choice(values)})


# Runs


def _spoiled(random: random.Random, folder: Path) -> str:
    """Damage the copy of a run in one way."""
    record, labels = folder / "run.json", folder / "labels.json"
    read = json.loads(record.read_text())
    ways = "key type cut bytes schema lab tampered missing record config deep"
    way = random.choice(ways.split())
    needed = ["schema", "lab", "config", "data", "metrics", "units", "versions", "device", "files"]
    if way == "key":
        del read[random.choice(needed)]
    elif way == "type":
        key = random.choice(needed)
        read[key] = random.choice([junk for junk in JUNK if not isinstance(junk, type(read[key])) and junk is not True])
    elif way == "schema":
        read["schema"] = random.choice([0, 2, 99])
    elif way == "lab":
        read["lab"] = random.choice(["os", "nosuch", "", "os.path"])
    elif way == "config":
        read["config"][random.choice(["epochs", "nosuch", "units"])] = random.choice(["many", -1, []])
    if way in ("cut", "bytes", "deep"):
        text = record.read_bytes()
        spoiled = {
            "cut": text[: random.randrange(len(text) - 2)],
            "bytes": random.randbytes(random.randrange(1, 99)),
            "deep": b"[" * 100_000,
        }
        record.write_bytes(spoiled[way])
    elif way == "tampered":
        labels.write_bytes(labels.read_bytes() + b" ")
    elif way == "missing":
        labels.unlink()
    elif way == "record":
        record.unlink()
    else:
        record.write_text(json.dumps(read))
    return way


def damaged_run(random: random.Random, place: Path) -> Case:
    """A run that was damaged."""
    folder = place / f"run-{len(list(place.iterdir()))}"
    make_run(folder)
    way = _spoiled(random, folder)
    commands = [["evaluate"], ["predict"], ["compare"]] + ([["open"]] if way not in ("lab", "config") else [])
    command = random.choice([["evaluate"]] if way == "config" else commands)
    more = {"predict": ["good.csv"], "compare": ["run"]}.get(command[0], [])
    return Case(f"a damaged run ({way})", ["labs", *command, folder.name, *more])


def no_run(random: random.Random, _: Path) -> Case:
    """A path at which there is no run."""
    command, word = random.choice(["evaluate", "predict", "compare", "open", "clean"]), random.choice(NAMES)
    more = {"predict": ["good.csv"], "compare": ["run"]}.get(command, [])
    return Case("no run at the path", ["labs", command, "./" + word, *more])


def resume(random: random.Random, _: Path) -> Case:
    """Something that cannot be resumed."""
    lab = [f"labs.{random.choice(labs.NAMES)}"]
    command = random.choice([lab, ["labs", "sweep"], ["labs", "baseline", "regression", "--reason", "drill"]])
    place = random.choice(["run", "./" + random.choice([word for word in NAMES if word != "empty"])])
    return Case("nothing to resume at the path", [*command, "--resume", place])


def output(random: random.Random, _: Path) -> Case:
    """A folder for a run that cannot be used."""
    word = random.choice(["run", "file.txt", "file.txt/x", "full", "x.partial", "/", "x" * 300])
    return Case("an output folder that cannot be used", [f"labs.{random.choice(labs.NAMES)}", "--out", word])


# Files


def table(random: random.Random, place: Path) -> Case:
    """A table that is none, or has other columns or values."""
    rows = [list(FEATURES), *(list(ROW) for _ in range(random.randrange(1, 4)))]
    way = random.choice(["cell", "column", "cut", "bytes", "empty", "header", "twice", "wide", "gzip"])
    line, column = random.randrange(1, len(rows)), random.randrange(len(ROW))
    if way == "cell":
        rows[line][column] = random.choice(["", "wet", "nan", "inf", "1e300", "1;5", "--", "½", "0x10", "1 000 x"])
    elif way == "column":
        rows = [row[:column] + row[column + 1 :] for row in rows]
    elif way == "cut":
        rows[line] = rows[line][:-1]
    elif way == "twice":
        rows[0][column] = rows[0][column - 1]
    elif way == "wide":
        rows = [[*row, "1"] for row in rows[1:]]
    text = "\n".join(map(",".join, rows)).encode()
    header = rows[0] if way == "header" else FEATURES
    spoiled = {"bytes": random.randbytes(200), "empty": b"\n", "header": ",".join(header).encode()}
    text = spoiled.get(way, text)
    path = place / f"table-{len(list(place.iterdir()))}.csv{'.gz' if way == 'gzip' else ''}"
    path.write_bytes(gzip.compress(text)[:-9] if way == "gzip" else text)
    return Case(
        f"a table that is none ({way})", ["labs", "predict", "run", path.name, *random.choice([[], ["--json"]])]
    )


def no_table(random: random.Random, _: Path) -> Case:
    """A path at which there is no table, or options that do not fit the run."""
    more = random.choice([[], ["--top-k", "1"], ["--labels", "file.txt"], ["--grad-cam", "sheets"]])
    path = "good.csv" if more else "./" + random.choice(NAMES)
    return Case("no table at the path", ["labs", "predict", "run", path, *more])


def images(random: random.Random, place: Path) -> Case:
    """A folder of images that is none."""
    folder = place / f"images-{len(list(place.iterdir()))}"
    way = random.choice(["nothing", "no images", "one class", "damaged", "a file", "nowhere"])
    if way not in ("nowhere", "a file"):
        for number in range({"nothing": 0, "one class": 1}.get(way, 2)):
            (folder / f"class{number}").mkdir(parents=True)
            for image in range(3):
                content = b"text" if way == "no images" else b"\x89PNG\r\n\x1a\n" + random.randbytes(90)
                (folder / f"class{number}" / f"{image}.{'txt' if way == 'no images' else 'png'}").write_bytes(content)
        folder.mkdir(exist_ok=True)
    lab = random.choice(["pneumonia", "galaxy", "transfer", "music", "regression", "classification"])
    given = "file.txt" if way == "a file" else folder.name
    return Case(f"a folder of images that is none ({way})", [f"labs.{lab}", "--data-dir", given])


KINDS: list[Callable[[random.Random, Path], Case]] = [
    *(number, number, choice, unknown_option, missing_value, surplus_word, missing_word, unknown_command, grid, name),
    *(variable, damaged_run, damaged_run, no_run, resume, output, table, table, no_table, images),
]


# The drill


def make_run(folder: Path) -> None:
    """A run of the lab regression as its files describe it, without a model."""
    folder.mkdir()
    labels = {
        **{"features": FEATURES, "categories": {}, "trained_between": {}, "target": "compressive_strength"},
        **{"unit": "MPa", "class_names": [], "input_shape": [8], "threshold": None, "centre": 1.0},
    }
    (folder / "labels.json").write_text(json.dumps(labels))
    (folder / "report.html").write_text("<!DOCTYPE html>")
    record = {
        **{"schema": 1, "lab": "regression", "preset": "course", "config": {"seed": 7}, "versions": {}, "device": {}},
        "data": {"name": "concrete", "digest": "sha256:0", "simulated": False},
        "metrics": {"test": {"rmse": {"value": 5.0, "low": 4.0, "high": 6.0}}},
        **{"units": {"rmse": "MPa"}, "better": {"rmse": "lower"}, "files": digests(folder)},
    }
    (folder / "run.json").write_text(json.dumps(record))


def furnish(place: Path) -> None:
    """The folder in which the commands are given: a run, a table, and what is neither."""
    place.mkdir()
    make_run(place / "run")
    (place / "good.csv").write_text(",".join(FEATURES) + "\n" + ",".join(ROW) + "\n")
    (place / "file.txt").write_text("no run\n")
    (place / "empty").mkdir()
    (place / "full").mkdir()
    (place / "full" / "thesis.txt").write_text("mine")


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
