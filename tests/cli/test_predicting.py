"""`python -m labs predict`: names, thresholds, several classes, Grad-CAM sheets, and files of the wrong kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labs import find_lab
from labs.cli.answers import Answers, read_names
from labs.cli.predict import Predict, _warn_outside
from tests.conftest import ROOT, Command, without_rules
from utils.base.atomic_files import write_json
from utils.base.errors import CallerError
from utils.runs.record import digests

L = keras.layers
Printed = pytest.CaptureFixture[str]


def run_of(folder: Path, model: keras.Model, lab: str = "classification", **labels: Any) -> Path:
    """The folder of a run with an untrained model."""
    folder.mkdir()
    model.save(folder / "model.keras")
    simulated = labels.pop("simulated", False)
    usual: dict[str, Any] = {"features": [], "categories": {}, "trained_between": {}, "target": "class", "unit": ""}
    shape = {"input_shape": list(model.inputs[0].shape[1:])}
    write_json(folder / "labels.json", {**usual, **shape, **labels})
    score = {"value": 0.5, "low": 0.5, "high": 0.5}
    record = {
        "schema": 1,
        "lab": lab,
        "config": {},
        "data": {"name": "made", "digest": "", "simulated": simulated},
        "metrics": {"test": dict.fromkeys(find_lab(lab).metrics, score)},
        "units": {},
        "versions": {},
        "device": {},
        "files": digests(folder),
    }
    write_json(folder / "run.json", record)
    return folder


def bright(classes: int = 2, channels: int = 3) -> keras.Model:
    """A network that measures how bright an image is: class 1 of two at more than half."""
    inputs = keras.Input((16, 16, channels), dtype="uint8", name="pictures")
    pixels, convolution = L.Rescaling(1 / 255), L.Conv2D(1, 3, activation="relu", name="brightness")
    answer = L.Dense(classes, activation="softmax" if classes > 1 else "sigmoid", name="class")
    model = keras.Model(inputs, answer(L.GlobalAveragePooling2D()(convolution(pixels(inputs)))))
    convolution.set_weights([np.full((3, 3, channels, 1), 1 / 9 / channels), np.zeros(1)])
    slopes = np.linspace(0, 8, classes)[None] if classes > 1 else np.array([[8.0]])
    answer.set_weights([slopes, -slopes[0] / 2 if classes < 3 else np.zeros(classes)])
    return model


def flat(outputs: int) -> keras.Model:
    inputs = keras.Input((4,), name="features")
    return keras.Model(inputs, L.Dense(outputs, activation="softmax" if outputs > 1 else None)(inputs))


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    """A light one in colour and a dark one in grey."""
    light, dark = tmp_path / "light.png", tmp_path / "dark.jpg"
    Image.fromarray(np.full((20, 30, 3), 250, "uint8")).save(light)
    Image.fromarray(np.full((40, 30), 90, "uint8")).save(dark)
    return light, dark


def predicted(capsys: Printed, run: Path, *inputs: Path, **options: Any) -> str:
    assert Predict(run, inputs, **options).execute() == 0
    return without_rules(capsys.readouterr().out)


def test_rows_are_named_by_their_files(tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    run = run_of(tmp_path / "run", bright(), class_names=["night", "day"])
    header, *lines = predicted(capsys, run, *pictures).splitlines()
    assert header.split() == ["file", "class", "probability", "or", "probability"]
    assert [line.split()[:2] for line in lines] == [[str(pictures[0]), "day"], [str(pictures[1]), "night"]]
    found = json.loads(predicted(capsys, run, *pictures, json=True))
    assert found["files"] == [str(path) for path in pictures]
    assert found["answers"] == ["day", "night"]
    assert found["class_names"] == ["night", "day"]
    assert found["threshold"] is None
    assert np.sum(found["predictions"], axis=1) == pytest.approx([1, 1])
    assert "top" not in found


def test_one_sigmoid_is_class_1(tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    found = [
        json.loads(
            predicted(
                capsys, run_of(tmp_path / f"run{n}", bright(n), class_names=["night", "day"]), *pictures, json=True
            )
        )
        for n in (1, 2)
    ]
    assert found[0]["answers"] == ["day", "night"]
    # Two outputs of slopes 0 and 8 are one of slope 8.
    np.testing.assert_allclose(found[0]["predictions"], found[1]["predictions"], atol=1e-6)


def test_top_k(tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    names = ["black", "grey", "light grey", "white"]
    run = run_of(tmp_path / "run", bright(4), class_names=names)
    first = predicted(capsys, run, *pictures, top_k=1).splitlines()
    assert first[0].split() == ["file", "class", "probability"]
    assert [line.split()[1] for line in first[1:]] == ["white", "white"]
    lines = predicted(capsys, run, *pictures, top_k=3).splitlines()[1:]
    assert [line.rsplit(maxsplit=1)[0].split(".png")[-1].strip() for line in lines[:3]] == [
        "white",
        "light grey",
        "grey",
    ]
    top = json.loads(predicted(capsys, run, *pictures, top_k=4, json=True))["top"]
    assert [entry["class"] for entry in top[0]] == names[::-1]
    chances = [entry["probability"] for entry in top[1]]
    assert chances == sorted(chances, reverse=True)
    for wrong in (0, -1, 5):
        with pytest.raises(CallerError, match=f"--top-k {wrong}: the model has 4 classes"):
            Predict(run, pictures, top_k=wrong).execute()


def test_a_threshold_decides_and_is_told(tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    usual = json.loads(
        predicted(capsys, run_of(tmp_path / "a", bright(), class_names=["well", "ill"]), *pictures, json=True)
    )
    chance = usual["predictions"][1][1]
    assert chance < 0.5
    run = run_of(tmp_path / "b", bright(), class_names=["well", "ill"], threshold=chance - 0.01)
    out = predicted(capsys, run, *pictures)
    assert [line.split()[1] for line in out.splitlines()[1:3]] == ["ill", "ill"]
    assert f"ill is predicted from a probability of {chance - 0.01:#.3g}" in out.splitlines()[-1]
    found = json.loads(predicted(capsys, run, *pictures, json=True))
    assert found["answers"] == ["ill", "ill"]
    assert found["threshold"] == pytest.approx(chance - 0.01)
    assert found["predictions"] == usual["predictions"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0, 1))
def test_the_answer_by_a_threshold(chances: list[float], threshold: float) -> None:
    probabilities = np.stack([1 - np.array(chances), chances], axis=1)
    order = Answers(probabilities, ["no", "yes"], threshold).order
    assert order[:, 0].tolist() == [int(chance >= threshold) for chance in probabilities[:, 1]]
    assert np.sort(order, axis=1).tolist() == [[0, 1]] * len(chances)


def test_caution_and_simulated_data_are_said(tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    run = run_of(tmp_path / "run", bright(2, 1), "pneumonia", class_names=["NORMAL", "PNEUMONIA"], simulated=True)
    assert Predict(run, pictures[:1]).execute() == 0
    said = capsys.readouterr().err
    assert "not a medical device" in said
    assert "trained on SIMULATED data" in said


@pytest.mark.parametrize("channels", [1, 3])
def test_grad_cam_sheets(channels: int, tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    run = run_of(tmp_path / "run", bright(4, channels), class_names=["a", "b", "c", "d"], simulated=True)
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "light.png"
    twin.write_bytes(pictures[0].read_bytes())
    folder = tmp_path / "new" / "sheets"
    found = json.loads(predicted(capsys, run, *pictures, twin, grad_cam=folder, top_k=4, json=True))
    assert [Path(path).name for path in found["grad_cam"]] == ["light.png", "dark.png", "light-2.png"]
    assert sorted(path.name for path in folder.iterdir()) == ["dark.png", "light-2.png", "light.png"]
    with Image.open(folder / "dark.png") as sheet:
        assert min(sheet.size) > 200
    before = (folder / "dark.png").read_bytes()
    with pytest.raises(CallerError, match=r"dark\.png exists"):
        Predict(run, pictures[1:], grad_cam=folder).execute()
    assert (folder / "dark.png").read_bytes() == before
    with pytest.raises(CallerError, match="this is a file"):
        Predict(run, pictures, grad_cam=pictures[0]).execute()


def test_grad_cam_without_a_convolution(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    inputs = keras.Input((16, 16, 3), dtype="uint8")
    mlp = keras.Model(inputs, L.Dense(2, activation="softmax")(L.Flatten()(L.Rescaling(1 / 255)(inputs))))
    run = run_of(tmp_path / "run", mlp, class_names=["night", "day"])
    with pytest.raises(CallerError, match="has no convolution"):
        Predict(run, pictures, grad_cam=tmp_path / "sheets").execute()
    assert not (tmp_path / "sheets").exists()


def table(folder: Path, outputs: int) -> Path:
    columns = ["a", "b", "c", "d"]
    lab, names = ("classification", ["x", "y", "z"]) if outputs > 1 else ("regression", [])
    return run_of(folder, flat(outputs), lab, features=columns, class_names=names)


def test_files_of_the_wrong_kind(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    csv = tmp_path / "in.csv"
    csv.write_text("a,b,c,d\n1,2,3,4\n")
    of_pictures = run_of(tmp_path / "pictures", bright(), class_names=["night", "day"])
    with pytest.raises(CallerError, match=r"in\.csv: not an image") as raised:
        Predict(of_pictures, (pictures[0], csv)).execute()
    assert "that an image viewer opens" in raised.value.hint
    for run in (table(tmp_path / "classes", 3), table(tmp_path / "number", 1)):
        with pytest.raises(CallerError, match=r"light\.png: this is an image, but the run predicts from tables"):
            Predict(run, (csv, pictures[0])).execute()


def test_options_that_do_not_fit(tmp_path: Path, capsys: Printed) -> None:
    csv = tmp_path / "in.csv"
    csv.write_text("a,b,c,d\n1,2,3,4\n")
    options: list[Mapping[str, Any]] = [{"top_k": 1}, {"labels": csv}, {"grad_cam": tmp_path / "x"}]
    number = table(tmp_path / "number", 1)
    for option in options:
        with pytest.raises(CallerError, match="this run predicts no classes"):
            Predict(number, (csv,), **option).execute()
    classes = table(tmp_path / "classes", 3)
    with pytest.raises(CallerError, match="this run predicts from tables, not from images"):
        Predict(classes, (csv,), grad_cam=tmp_path / "x").execute()
    lines = predicted(capsys, classes, csv, top_k=3).splitlines()
    assert lines[0].split() == ["row", "class", "probability"]
    assert lines[1].split()[0] == "1"
    assert len(lines) == 4


TRAINED = sorted(str(number) for number in range(1, 13))


def names_of(value: Any, trained: list[str], folder: Path) -> list[str]:
    path = folder / "names.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return read_names(path, trained)


@pytest.mark.parametrize(
    "value",
    [
        ["rose", "tulip", "daisy"],
        {"class_names": ["rose", "tulip", "daisy"], "target": "flower"},
        {"0": "rose", "1": "tulip", "2": "daisy"},
        {"3": "daisy", "1": "rose", "2": "tulip"},
        {"c": "daisy", "a": "rose", "b": "tulip"},
        '\ufeff["rose", "tulip", "daisy"]',
    ],
)
def test_names_in_every_form(value: Any, tmp_path: Path) -> None:
    assert names_of(value, ["a", "b", "c"], tmp_path) == ["rose", "tulip", "daisy"]


def test_folders_that_are_numbers_are_not_class_numbers(tmp_path: Path) -> None:
    """Folders 1 to 12 are classes in the order 1, 10, 11, 12, 2, …; a file by number names the folders."""
    assert TRAINED[:3] == ["1", "10", "11"]
    named = names_of({str(number): f"flower {number}" for number in range(1, 13)}, TRAINED, tmp_path)
    assert named == [f"flower {folder}" for folder in TRAINED]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["rose", "tulip"], "2 names, and the model has 3 classes"),
        ([str(number) for number in range(102)], "102 names, and the model has 3 classes"),
        ([], "0 names, and the model has 3 classes"),
        ({"class_names": []}, "0 names"),
        ({"1": "rose", "2": "tulip", "3": "daisy", "4": "lily"}, "4 names, and the model has 3"),
        ({"1": "rose", "2": "tulip", "4": "daisy"}, "does not name classes by number"),
        ({"2": "rose", "3": "tulip", "4": "daisy"}, "does not name classes by number"),
        ({"0": ["n01", "tench"], "1": ["n02", "goldfish"], "2": ["n03", "shark"]}, "does not name classes by number"),
        ([1, 2, 3], "does not name classes by number"),
        (["rose", "", "daisy"], "does not name classes by number"),
        ("7", "does not name classes by number"),
        ("null", "does not name classes by number"),
        (["rose", "rose", "daisy"], "two classes have the name rose"),
        ('{"1": "rose", "1": "tulip", "2": "daisy"}', "the key 1 appears twice"),
        ("1: rose", "this is not a JSON file"),
        ("", "this is not a JSON file"),
        ("[" * 100_000, "this is not a JSON file"),
    ],
)
def test_names_that_do_not_fit(value: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=message):
        names_of(value, ["a", "b", "c"], tmp_path)


def test_names_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="No such file"):
        read_names(tmp_path / "none.json", ["a", "b"])
    with pytest.raises(CallerError, match="directory"):
        read_names(tmp_path, ["a", "b"])
    (tmp_path / "x.json").write_bytes(b"\xff\xfe[")
    with pytest.raises(CallerError, match="not a JSON"):
        read_names(tmp_path / "x.json", ["a", "b"])


def test_names_are_printed(tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    run = run_of(tmp_path / "run", bright(), class_names=["night", "day"])
    (tmp_path / "names.json").write_text('{"1": "Nacht", "2": "später Morgen"}', encoding="utf-8")
    out = predicted(capsys, run, pictures[0], labels=tmp_path / "names.json")
    assert "später Morgen" in out.splitlines()[1]
    found = json.loads(predicted(capsys, run, pictures[0], labels=tmp_path / "names.json", json=True))
    assert (found["class_names"], found["answers"]) == (["Nacht", "später Morgen"], ["später Morgen"])


@pytest.mark.slow
def test_from_the_command_line(command: Command, tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    run_of(tmp_path / "run", bright(), class_names=["night", "day"])
    (tmp_path / "names.json").write_text('["Nacht", "Tag"]')
    words = ["predict", "run", "light.png", "dark.jpg", "--labels", "names.json", "--top-k", "1", "--grad-cam", "seen"]
    ended = command("labs", *words)
    assert ended.status == 0, ended.err
    assert [line.split()[:2] for line in without_rules(ended.out).splitlines()[1:]] == [
        ["light.png", "Tag"],
        ["dark.jpg", "Nacht"],
    ]
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["dark.png", "light.png"]
    again = command("labs", *words)
    assert (again.status, again.out) == (2, "")
    assert again.err.splitlines()[0] == "error: --grad-cam seen: light.png exists"
    (tmp_path / "names.json").write_text('["Nacht"]')
    refused = command("labs", *words)
    assert refused.status == 2
    assert "1 names, and the model has 2 classes" in refused.err
    assert "Traceback" not in refused.err


def test_columns_outside_their_range_are_told_by_name_whatever_stands_before_them(capsys: Printed) -> None:
    labels = {"features": ["season", "temperature"], "trained_between": {"temperature": [0.0, 1.0]}}
    _warn_outside(np.array([[3.0, 0.5], [4.0, 2.0]]), labels)
    assert "temperature: 1 of 2 rows are outside the training range, 0 to 1" in capsys.readouterr().err


def test_a_folder_of_images(tmp_path: Path, pictures: tuple[Path, Path], capsys: Printed) -> None:
    run = run_of(tmp_path / "run", bright(), class_names=["night", "day"])
    root = tmp_path / "in"
    (root / "deep").mkdir(parents=True)
    (root / "__MACOSX").mkdir()
    odd = os.fsdecode(b"caf\xe9.png")
    pictures[0].rename(root / odd)
    pictures[1].rename(root / "deep" / "dark")  # without an extension
    (root / "list.txt").write_text("what these are")
    (root / "cut.png").write_bytes((root / odd).read_bytes()[:60])
    for name in ("._a.png", "Thumbs.db", "__MACOSX/b.png"):
        (root / name).write_bytes(b"\0\5")
    assert Predict(run, (root,), json=True, grad_cam=tmp_path / "sheets").execute() == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["answers"] == ["day", "night"]
    assert [Path(file).name for file in found["files"]] == ["caf\\xe9.png", "dark"]
    assert {path.name for path in (tmp_path / "sheets").iterdir()} == {odd, "dark.png"}
    left_out = [line for line in printed.err.splitlines() if line.endswith("left out")]
    assert len(left_out) == 2
    assert any("cut.png: damaged" in line for line in left_out)
    assert "list.txt: not an image; left out" in printed.err


def test_folders_that_cannot_be_predicted_from(tmp_path: Path, capsys: Printed) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("text")
    of_pictures = run_of(tmp_path / "pictures", bright(), class_names=["night", "day"])
    with pytest.raises(CallerError, match="the folder has no image that can be read"):
        Predict(of_pictures, (tmp_path / "in",)).execute()
    of_tables = table(tmp_path / "tables", 2)
    with pytest.raises(CallerError, match=r"the folder has no file named \.csv or \.tsv"):
        Predict(of_tables, (tmp_path / "in",)).execute()
    (tmp_path / "in" / "b.csv").write_text("a,b,c,d\n1,2,3,4\n")
    (tmp_path / "in" / "c.TSV").write_text("a\tb\tc\td\n1\t2\t3\t4\n")
    assert len(predicted(capsys, of_tables, tmp_path / "in").splitlines()) == 3
    of_text = run_of(tmp_path / "text", keras.Sequential([L.Input((4,)), L.Dense(1)]), lab="music", class_names=[])
    with pytest.raises(CallerError, match="this is a folder") as raised:
        Predict(of_text, (tmp_path / "in",)).execute()
    assert raised.value.hint == f"give its files: {tmp_path / 'in' / '*'}"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "cp437"])
def test_json_is_valid_on_any_stream(encoding: str, tmp_path: Path) -> None:
    """Also with names that the stream cannot write, as a redirected stream of Windows."""
    names = ["\U0001f600.jpg", "é€.jpg", os.fsdecode(b"caf\xe9.jpg"), "\ud800"]
    code = f"""if True:
        import json
        from utils.base.console import open_streams, show
        from utils.base.paths import printable
        open_streams()
        show(json.dumps({{"files": list(map(printable, {names!a}))}}))
    """
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    ended.stdout.decode("ascii")
    assert json.loads(ended.stdout)["files"] == ["\U0001f600.jpg", "é€.jpg", "caf\\xe9.jpg", "\\ud800"]


def test_json_is_always_escaped() -> None:
    files = [path for top in ("utils", "labs") for path in (ROOT / top).rglob("*.py")]
    assert [path for path in files if "ensure_ascii" in path.read_text(encoding="utf-8")] == []
