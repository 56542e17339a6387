"""The output of commands on terminals of any width and through a pipe, and the words that every command has."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import labs
from labs.cli import completion, help, main
from labs.cli.gate.sweep import summary
from labs.cli.next_steps import next_steps
from labs.cli.progress import batch_line, epoch_line
from labs.cli.train import RunOptions
from tests.conftest import Command, QuickRun
from tests.pseudo_terminal import on_terminal, screen
from utils.base import console
from utils.runs import card
from utils.runs.record import Run
from utils.training.results import Batch
from utils.training.tensorboard import EventFiles

WIDTHS = [60, 80, 200]
RED = "\x1b[31m"


def test_a_screen_shows_what_replaced_the_rest() -> None:
    assert screen("epoch 10\r  next  \rdone\r\nred \x1b[31mword\x1b[39m\r\n") == ["donext", "red word", ""]


@given(
    st.dictionaries(
        st.sampled_from(["loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc"]), st.floats(0, 9)
    ),
    st.integers(1, 10**6),
    st.floats(0, 1e6),
)
def test_the_line_of_an_epoch_fits(row: dict[str, float], epochs: int, left: float) -> None:
    whole = {"loss": 0.123456, "val_loss": 0.4, **row, "epoch": 1.0, "seconds": 3.0}
    line = epoch_line(whole, epochs, left, 70)
    assert len(line) <= 70
    assert "  loss " in line
    assert "  val_loss " in line
    assert line.endswith(" left")


@given(st.integers(1, 500), st.integers(1, 10**5), st.floats(0, 1), st.sampled_from([20, 59, 79, 199]))
def test_the_bar_of_an_epoch_fits(epoch: int, steps: int, share: float, width: int) -> None:
    position = Batch(epoch, 500, int(share * steps), steps, 1.25, 3.0, 40.0)
    line = batch_line(position, width)
    assert len(line) <= width
    if width > 100:
        assert f"{position.done}/{steps} batches" in line
        assert line.endswith("loss 1.25  40 s left")
        assert line.count("━") == 24 * position.done // steps


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["data", "--help"],
        ["data", "list"],
        ["data", "verify"],
        ["verify", "--help"],
        ["regression", "-h"],
    ],
)
def test_commands_fit(width: int, words: list[str], command: Command, capfd: pytest.CaptureFixture[str]) -> None:
    try:
        out = command("labs", *words, COLUMNS=str(width)).out
    except SystemExit:
        out = capfd.readouterr().out
    assert max(map(len, out.splitlines())) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_a_summary_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = card.summary(record(simulated=True), Path("models/galaxy/run"))
    assert max(map(len, text.splitlines())) <= width
    assert "SIMULATED data" in " ".join(text.split())


def record(value: float = 0.8, *, better: str = "higher", simulated: bool = False) -> dict[str, object]:
    names = ("accuracy", "auc", "log_loss", "brier", "ece")
    score = {"value": value, "low": value - 0.05, "high": value + 0.05}
    return {
        "lab": "galaxy",
        "preset": "course",
        "seed": 7,
        "data": {"name": "galaxies", "simulated": simulated, "found": "simulated", "rows": {"train": 9, "test": 4}},
        "seconds": {"total": 3.0, "fit": 1.0},
        "metrics": {"test": dict.fromkeys(names, score)},
        "units": dict.fromkeys(names, ""),
        "better": dict.fromkeys(names, better),
        "baselines": {
            "most_frequent_class": dict.fromkeys(names, 0.5),
            "logistic_regression_on_pixels": dict.fromkeys(names, 0.7),
        },
        "parity": {},
        "threshold": None,
        "warnings": ["this split leaks: 30% of the test rows have their group in training or validation"],
    }


def test_a_sweep_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    setting = {"learning_rate": 1e-3, "validation_fraction": 0.1, "units": 128}
    row = {"setting": setting, "mean": 3.0, "std": 0.1, "seeds": 3, "fit_seconds": 1.0, "failed": [], "test_mean": 3.0}
    assert max(map(len, summary([row], "bits_per_char").splitlines())) <= 60


class Terminal:
    """A stream that claims to be a terminal."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize(
    ("environment", "red"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_alarms_are_red(environment: dict[str, str], red: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    console.show("concrete (real data)")
    assert RED not in terminal.text
    for text in ("galaxies (SIMULATED data)", "note: this split leaks: 30% of the rows\n  are in both", "x MOVED"):
        terminal.text = ""
        console.show(text)
        assert (RED in terminal.text) == red
        assert console.ALARM.search(text)


def test_a_pipe_is_not_red(capfd: pytest.CaptureFixture[str]) -> None:
    console.show("SIMULATED data")
    assert capfd.readouterr().out == "SIMULATED data\n"


def test_progress_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("sys.stdout", terminal)
    for number in range(30):
        console.status(f"epoch {number} " + "x" * number * 3)
    console.show("result")
    assert terminal.text.count("\n") == 1
    assert screen(terminal.text) == ["result", ""]
    terminal.text = ""
    console.set_quiet(True)
    console.status("epoch 1")
    console.say_progress("epoch 1")
    console.set_quiet(False)
    assert terminal.text == ""


@pytest.mark.parametrize("words", [["data", "--help"], ["data", "-h"]])
def test_help_of_a_group(words: list[str], command: Command) -> None:
    ended = command("labs", *words)
    assert ended.status == 0
    for name in help.COMMANDS:
        assert (f"labs {name} …" in ended.out) == name.startswith("data ")


@pytest.mark.parametrize("name", [*help.COMMANDS, *labs.NAMES])
def test_help_of_each_command(name: str, command: Command, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command("labs", *name.split(), "--help")
    assert ended.value.code == 0
    assert "usage: " in capfd.readouterr().out


def test_version_and_a_similar_command(command: Command) -> None:
    assert command("labs", "--version").out == f"keras-labs {help.version()}\n"
    unknown = command("labs", "galaxi")
    assert (unknown.status, unknown.out) == (2, "")
    assert "did you mean galaxy?" in unknown.err
    assert command("labs", "no.such.lab").status == 2


def test_the_command_is_named_as_it_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "python -m labs data list" in help.usage()
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/labs"])
    assert "\n  labs data list …" in help.usage()
    assert "python -m labs " not in help.usage()


def test_completion(command: Command, tmp_path: Path) -> None:
    assert command("labs", "--completion", "csh").status == 2
    assert command("labs", "--completion").status == 2
    (tmp_path / "completion.bash").write_text(command("labs", "--completion", "bash").out)
    for words, found in (
        ("labs", {"regression", "verify", "data"}),
        ("labs data", {"list", "fetch"}),
        ("labs verify", set(labs.NAMES)),
        ("labs regression --preset", {"course", "quick", "best"}),
    ):
        script = (
            f'source completion.bash; COMP_WORDS=({words} ""); COMP_CWORD={len(words.split())}; _shtab_labs; '
            'echo "${COMPREPLY[@]}"'
        )
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert found <= set(done.stdout.split()), words
    assert "#compdef labs" in completion.script(["zsh"])


def test_tensorboard_files_have_each_metric(tmp_path: Path) -> None:
    events = EventFiles(tmp_path)
    for epoch in (1, 2):
        events({"epoch": epoch, "loss": 1 / epoch, "accuracy": 0.5, "val_loss": 2.0, "seconds": 1.0}, 2, 0.0)
    found = {}
    for file in tmp_path.glob("*/*.tfevents*"):
        for raw in tf.data.TFRecordDataset(str(file)):
            for value in tf.compat.v1.Event.FromString(raw.numpy()).summary.value:
                found[(file.parent.name, value.tag)] = float(tf.make_ndarray(value.tensor))
    expected = {("train", "epoch_loss"): 0.5, ("train", "epoch_accuracy"): 0.5, ("validation", "epoch_loss"): 2.0}
    assert found == expected


def test_a_tensorboard_folder_that_cannot_be_written(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = command("labs", "regression", "--tensorboard", "file/events")
    assert ended.status == 2
    assert "--tensorboard file/events: the folder cannot be written" in ended.err
    assert RunOptions().tensorboard is None


@pytest.mark.slow
@pytest.mark.xdist_group("regression")
def test_next_steps_name_runs_that_exist(
    quick_run: QuickRun, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = quick_run("regression")
    for name in ("first", "second"):
        subprocess.run(["cp", "-r", folder, tmp_path / name], check=True)
    monkeypatch.setenv("COLUMNS", "60")
    definition = labs.find_definition("regression")
    text = next_steps(definition, Run.open(tmp_path / "second"))
    for line in text.replace(" \\\n   ", "").splitlines():
        words = line.split()[3:]
        if words[:1] == ["compare"]:
            assert main.status_of(lambda: main.execute(words)) == 0  # noqa: B023
            assert [Path(word).name for word in words[1:]] == ["first", "second"]
    assert "predict" in text


@pytest.mark.slow
def test_a_run_on_a_terminal_and_quietly(tmp_path: Path) -> None:
    words = ["-m", "labs", "regression", "--preset", "quick", "--out", "run", "--tensorboard", "events"]
    shown = on_terminal(words, 60, tmp_path)
    assert shown.status == 0, shown.sent
    assert max(map(len, shown.lines)) <= 60
    text = "\n".join(shown.lines)
    assert text.count("epoch ") == text.count("epoch 20/20") + text.count("weights of epoch")
    for stage in ("load", "import Keras", "build", "train", "evaluate", "save", "figures", "check exports"):
        assert f"{stage} " in text
    for words in (["next:"], ["the best baseline, gradient boosting"], ["python -m labs predict"]):
        assert words[0] in " ".join(text.split())  # sentences are wrapped
    assert len(list(tmp_path.glob("events/regression-run/*/*.tfevents*"))) == 2
    quiet = on_terminal([*words[:0], "-m", "labs", "-q", "regression", "--epochs", "1", "--json"], 80, tmp_path)
    assert quiet.status == 0
    assert "\repoch" not in quiet.sent
    assert json.loads(quiet.sent[quiet.sent.index("{") :])["epochs_run"] == 1
