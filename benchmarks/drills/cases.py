"""Invalid words, drawn at random: options, values, names and variables."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import labs
from labs.cli import help, options
from labs.cli.train import RunOptions

NUMBERS = ["ten", "", " ", "1.5e", "0x1", "1,5", "--", "nan", "inf", "-inf", "1e999", "½", "-1e30"]
NUMBERS += ["9" * 30, "-" + "9" * 30]
"""What no integer option accepts, and no fraction."""
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
