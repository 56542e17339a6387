"""Bad input: one line of error, one of hint, status 2, at once, and nothing touched."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from labs import find_lab
from labs.cli import main
from labs.cli.gate.sweep import Sweep
from labs.cli.options import options_of, parse_given
from labs.cli.train import RunOptions
from labs.regression.data import FEATURES
from labs.regression.lab import lab
from tests.conftest import ROOT, Command, Refused
from utils.base.errors import CallerError
from utils.datasets.tables.columns import numbers
from utils.datasets.tables.csv_tables import read_table
from utils.training.checkpoint import state_of

COLUMNS = numbers(*FEATURES)


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("--epoch 3", "unknown option --epoch", "did you mean --epochs?"),
        ("--learning_rate_ 3", "unknown option --learning_rate_", "did you mean --learning-rate?"),
        ("--zebra", "unknown option --zebra", "--help lists the options"),
        ("extra", "unknown option extra", "--help"),
        ("--preset huge", "no such preset", "course, quick, best"),
        ("--preset", "--preset: a value is missing", "--help"),
        ("--epochs", "--epochs: a value is missing", "--help"),
        ("--epochs ten", "--epochs", "--help"),
        ("--epochs 1.5", "--epochs", "--help"),
        ("--epochs 0", "--epochs: input should be greater than or equal to 1, got 0", "--help"),
        ("--epochs -4", "--epochs", "--help"),
        ("--batch-size 0", "--batch-size: input should be greater", "--help"),
        ("--batch-size 5000", "--batch-size: 5000 is more than the 831 training rows", "at most 831"),
        ("--learning-rate 0", "--learning-rate: input should be greater than 0", "--help"),
        ("--learning-rate -1", "--learning-rate", "--help"),
        ("--learning-rate nan", "--learning-rate: input should be a finite number", "--help"),
        ("--learning-rate inf", "--learning-rate: input should be a finite number", "--help"),
        ("--dropout 1", "--dropout: input should be less than 1", "--help"),
        ("--dropout -0.1", "--dropout", "--help"),
        ("--l2 -1", "--l2", "--help"),
        ("--units 0", "--units", "--help"),
        ("--units 3000000000", "--units: input should be less than or equal to", "--help"),
        ("--epochs 99999999999999999999999", "--epochs: input should be less than or equal to", "--help"),
        ("--bins 100000", "--bins: input should be less than or equal to", "--help"),
        ("--no-normalise", "unknown option --no-normalise", "did you mean --no-normalize?"),
        ("--split random --test-fraction 0.0005", "the test split has 1 rows, too few", "larger fractions"),
        ("--out x.partial", "names that end in .partial are those of unfinished runs", "another name"),
        ("--layers -1", "--layers", "--help"),
        ("--seed -1", "--seed", "--help"),
        ("--patience -1", "--patience", "--help"),
        ("--test-fraction 1.0", "--test-fraction", "--help"),
        ("--test-fraction 0.999", "427 groups of rows: too few to hold out", "other fractions"),
        ("--activation step", "--activation: invalid choice 'step'", "relu, tanh"),
        ("--optimizer lion", "--optimizer: invalid choice 'lion'", "adam"),
        ("--split patient", "--split: invalid choice 'patient'", "mix, random"),
        (
            "--data mnist",
            "--data mnist: no data set of the lab regression",
            "choose from: auto, concrete, bike-sharing",
        ),
        ("--data-dir /tmp", "--data-dir", "leave --data-dir out"),
        ("--resume nothing", "there is no unfinished run", ".partial"),
        ("protocol --splits 0", "--splits: input should be greater than or equal to 1", "--help"),
        ("protocol --split sideways", "--split: invalid choice 'sideways'", "mix, random"),
        ("protocol --preset huge", "no such preset", "course, quick, best"),
    ],
)
def test_option(words: str, error: str, hint: str, refused: Refused, tmp_path: Path) -> None:
    said, advice = refused(*words.split())
    assert error in said
    assert hint in advice
    assert list(tmp_path.iterdir()) == []


def test_output_folder(refused: Refused, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("mine")
    assert "the folder is not empty" in refused("--out", str(full))[0]
    assert "not a run" in refused("--out", str(full), "--overwrite")[0]
    assert "this is a file" in refused("--out", str(full / "thesis.txt"))[0]
    assert "cannot be written" in refused("--out", str(full / "thesis.txt" / "run"))[0]
    assert "cannot be written" in refused("--out", "/proc/run")[0]
    (tmp_path / "r.partial").mkdir()
    error, hint = refused("--out", str(tmp_path / "r"))
    assert "unfinished run" in error
    assert "--resume" in hint
    assert [path.name for path in full.iterdir()] == ["thesis.txt"]
    assert (full / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("trained", [False, True])
def test_memory_that_runs_out_takes_no_trained_state(
    trained: bool, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fit(*_: Any, folder: Path, **__: Any) -> Any:
        if trained:
            state_of(folder).touch()
        raise MemoryError

    monkeypatch.setattr("utils.runs.harness.fit", fit)
    error, hint = refused("--preset", "quick", "--out", str(tmp_path / "run"))
    assert "does not fit in memory" in error
    assert (f"--resume {tmp_path / 'run.partial'}" in hint) == trained
    assert state_of(tmp_path / "run.partial").exists() == trained
    assert [path.name for path in tmp_path.iterdir()] == ["run.partial"] * trained


def test_resume_of_another_lab(refused: Refused, tmp_path: Path) -> None:
    partial = tmp_path / "x.partial"
    partial.mkdir()
    request = {"lab": "galaxy", "preset": "course", "config": {}, "data": "sha256:0"}
    (partial / "request.json").write_text(json.dumps(request))
    error, hint = refused("--resume", str(partial))
    assert "a run of the lab galaxy" in error
    assert "python -m labs.galaxy --resume" in hint
    assert "keeps the options" in refused("--resume", str(partial), "--epochs", "3")[0]
    (partial / "request.json").write_text(json.dumps({**request, "lab": "regression", "config": {"epochs": 0}}))
    assert "--epochs" in refused("--resume", str(partial))[0]
    (partial / "request.json").write_text("{")
    assert "no unfinished run" in refused("--resume", str(partial))[0]


def test_a_mistake_is_told_before_keras_is_imported(command: Command) -> None:
    start = time.monotonic()
    ended = command("labs.regression", "--batch-size", "5000")
    assert ended.status == 2
    assert ended.err.splitlines()[-2].startswith("error: --batch-size")
    assert "Traceback" not in ended.err
    # Not a timed test: Keras alone takes longer than this to import on the machines that it was measured on.
    probe = """if True:
        import sys
        sys.argv = ["x", "--batch-size", "5000"]
        from labs.cli import main
        try:
            main.run_lab("regression")
        except SystemExit:
            print([name for name in ("tensorflow", "keras") if name in sys.modules])
    """
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True)
    assert loaded.stdout.strip() == "[]"
    assert time.monotonic() - start < 60


HEADER = ",".join(FEATURES)
ROW = "540,0,0,162,2.5,1040,676,28"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "the file is empty"),
        (HEADER + "\n", "the file has a header but no rows"),
        (HEADER.replace("water,", "") + "\n1,2,3,4,5,6,7\n", "missing column water"),
        (HEADER.replace("water", "wasser") + f"\n{ROW}\n", "missing column water; not known: wasser"),
        (HEADER + f",colour\n{ROW},1\n", "unknown column colour"),
        (HEADER + f",compressive_strength\n{ROW},40\n", "compressive_strength is what the model predicts"),
        (HEADER + f",water\n{ROW},1\n", "column water appears twice"),
        (
            HEADER.replace(",", ";") + "\n" + ROW.replace(",", ";").replace("2.5", "2,5,1") + "\n",
            "'2,5,1' is not a finite",
        ),
        (ROW + ",44\n", "9 values per row"),
        (HEADER.replace("age", "water (kg)") + f"\n{ROW}\n", "missing column age; not known: water (kg)"),
        (f"{HEADER}\n{ROW}\n{ROW.replace('162', 'wet')}\n", "line 3, column water: 'wet' is not a finite number"),
        (f"\n{HEADER}\n{ROW}\n\n \n{ROW.replace('162', 'wet')}\n", "line 6, column water: 'wet'"),
        (f"{HEADER}\n{ROW.replace('162', '')}\n", "line 2, column water: '' is not a finite number"),
        (f"{HEADER}\n{ROW.replace('162', 'NaN')}\n", "'NaN' is not a finite number"),
        (f"{HEADER}\n{ROW.replace('162', '1e300')}\n", "'1e300' is not a finite number"),
        (f"{HEADER}\n{ROW.replace('162', 'inf')}\n", "'inf' is not a finite number"),
        (f"{HEADER}\n{ROW},7\n", "as many values as the header"),
        (f"{HEADER}\n540,0,0\n", "line 2, column water: '' is not a finite number"),
    ],
)
def test_csv(text: str, error: str, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(text)
    with pytest.raises(CallerError) as caught:
        read_table(path, COLUMNS, target="compressive_strength")
    assert error in f"{caught.value.message} / {caught.value.hint}"
    assert str(path) in caught.value.message


def test_csv_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(CallerError, match="not text in UTF-8"):
        read_table(path, COLUMNS)
    with pytest.raises(CallerError, match="no such file"):
        read_table(tmp_path / "none.csv", COLUMNS)
    with pytest.raises(CallerError, match="directory"):
        read_table(tmp_path, COLUMNS)


@pytest.mark.parametrize("ending", ["zip", "xz", "bz2", "zst", "tar"])
def test_csv_with_the_name_of_an_archive(ending: str, tmp_path: Path) -> None:
    """Its bytes decide, not its name: nothing is unpacked."""
    path = tmp_path / f"in.csv.{ending}"
    path.write_text(f"{HEADER}\n{ROW}\n")
    assert len(read_table(path, COLUMNS)) == 1


@pytest.mark.parametrize("name", ["x" * 300, "in.csv/x"])
def test_paths_that_cannot_be(name: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEADER)
    with pytest.raises(CallerError):
        read_table(tmp_path / name, COLUMNS)


def test_csv_that_only_looks_odd(tmp_path: Path) -> None:
    """A byte-order mark, Windows line ends, spaces and another order of the columns are no mistakes."""
    path = tmp_path / "in.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + ", ".join(reversed(FEATURES)).encode() + b"\r\n28 , 676,1040,2.5,162,0,0,540\r\n"
    )
    table = read_table(path, COLUMNS)
    assert table.tolist() == [[540, 0, 0, 162, 2.5, 1040, 676, 28]]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("fly", "there is no command fly"),
        ("predict", "missing: RUN"),
        ("predict run", "missing: INPUTS"),
        ("predict run in.csv", "run: there is no run here"),
        ("predict run in.csv --jsn", "unknown option --jsn"),
        ("predict run in.csv --top-k", "--top-k: a value is missing"),
        ("predict run in.csv --top-k many", "--top-k"),
        ("evaluate", "missing: RUN"),
        ("evaluate run other", "unknown option other"),
        ("evaluate run.partial", "run.partial: this run is not finished"),
        ("compare run", "missing: SECOND"),
        ("compare run other", "run: there is no run here"),
    ],
)
def test_command(words: str, error: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["labs", *words.split()])
    with pytest.raises(SystemExit) as end:
        main.run_labs()
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"error: {error}")
    assert lines[1].startswith("hint: ")


def test_unknown_lab() -> None:
    with pytest.raises(CallerError, match="no lab zebra"):
        find_lab("zebra")


def test_presets_are_valid() -> None:
    for name in lab.definition.preset_names:
        lab.preset(name)


def test_options_are_known_by_the_names_of_the_command_line() -> None:
    assert {"--set", "--resume", "--json", "--no-json"} <= set(options_of(Sweep))
    assert not {"--grid", "--lab"} & set(options_of(Sweep))


def test_an_option_with_underscores_is_the_same_option() -> None:
    kinds: dict[str, type[Any]] = {"run": RunOptions, "hyperparameter": lab.config}
    for words in (["--data_dir", "photos"], ["--data-dir=photos"], ["--data_dir=photos"]):
        given = parse_given(kinds, words, program="x", description="")
        assert given == {"run": {}, "hyperparameter": {"data_dir": Path("photos")}}
