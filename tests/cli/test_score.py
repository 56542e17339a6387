"""`labs score`: predictions of any source, their errors by type, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from sklearn import metrics as reference

from tests.conftest import Command, Ended
from utils.figures import thresholds
from utils.metrics import two_classes

TRUTH = "id,label\na,normal\nb,normal\nc,pneumonia\nd,pneumonia\ne,normal\n"
CHANCES = "id,p\ne,0.7\nd,0.4\nc,0.9\nb,0.2\na,0.1\n"
"""In another order; at 0.5 row e is a type 1 error and row d a type 2 error."""
CLASSES = "id,label\na,x\nb,y\nc,z\nd,z\n"
TABLE = "id,x,y,z\na,0.7,0.2,0.1\nb,0.5,0.3,0.2\nc,0.1,0.1,0.8\nd,0.2,0.2,0.6\n"
TASKS = "Id,one,two\na,1,0\nb,0,0\nc,0,1\nd,1,1\n"
ANSWERS = "Id,one,two\na,0.9,0.1\nb,0.2,0.6\nc,0.3,0.5\nd,0.1,0.7\n"


@pytest.fixture
def scored(command: Command, tmp_path: Path) -> Command:
    """`scored(PREDICTIONS, TRUTH, …)`: the command on two files with these texts."""

    def run(predictions: object, truth: object, *words: object, **environment: str) -> Ended:
        (tmp_path / "p.csv").write_text(str(predictions))
        (tmp_path / "t.csv").write_text(str(truth))
        return command("labs", "score", "p.csv", "--truth", "t.csv", *words, **environment)

    return run


def test_two_classes(scored: Command, tmp_path: Path) -> None:
    found = scored(CHANCES, TRUTH, "--json", "--out", "out")
    assert found.status == 0, found.err
    (task,) = found.json["tasks"]
    assert task["class_names"] == ["normal", "pneumonia"]
    assert task["confusion"] == [[2, 1], [1, 1]]
    assert task["row_proportions"] == [[pytest.approx(2 / 3), pytest.approx(1 / 3)], [0.5, 0.5]]
    assert task["errors"] == {
        "pneumonia": {
            "type_1": {"name": "false positives", "count": 1, "of": 3, "rate": pytest.approx(1 / 3)},
            "type_2": {"name": "false negatives", "count": 1, "of": 2, "rate": 0.5},
        }
    }
    assert task["metrics"]["auc"]["value"] == pytest.approx(5 / 6)
    assert task["metrics"]["precision"]["value"] == 0.5
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"score.json", *found.json["files"]}
    assert json.loads((tmp_path / "out" / "score.json").read_text()) == found.json
    with Image.open(tmp_path / "out" / "threshold.png") as animation:
        assert getattr(animation, "n_frames", 1) == 21
    lower = scored(CHANCES, TRUTH, "--json", "--threshold", 0.3).json["tasks"][0]
    assert lower["confusion"] == [[2, 1], [0, 2]]
    assert "not an empty folder" in scored(CHANCES, TRUTH, "--out", "out").err


def test_the_positive_class(scored: Command) -> None:
    found = scored(CHANCES, TRUTH, "--positive", "normal", "--json").json["tasks"][0]
    assert found["class_names"] == ["pneumonia", "normal"]
    assert found["metrics"]["auc"]["value"] == pytest.approx(1 / 6), "the column is the positive class's probability"
    named = scored(CHANCES.replace("id,p", "id,normal"), TRUTH, "--json").json["tasks"][0]
    assert named["class_names"] == ["normal", "pneumonia"]
    assert named["metrics"]["auc"]["value"] == pytest.approx(1 / 6), "the column is named as the other class"
    both = "id,normal,pneumonia\n" + "".join(
        f"{i},{1 - float(p)},{p}\n" for i, p in (line.split(",") for line in CHANCES.split()[1:])
    )
    for positive in ("normal", "pneumonia"):
        turned = scored(both, TRUTH, "--positive", positive, "--json").json["tasks"][0]
        assert turned["class_names"][1] == positive
        assert turned["metrics"]["auc"]["value"] == pytest.approx(5 / 6)
    wide = "id,normal,pneumonia\na,1,0\nb,1,0\nc,0,1\nd,0,1\ne,1,0\n"
    assert scored(both, wide, "--json").json["tasks"][0]["confusion"] == [[2, 1], [1, 1]], "one-hot truth"
    for numbers in (("0.0", "1.0"), ("-1", "1"), ("1", "2")):
        text = TRUTH.replace("normal", numbers[0]).replace("pneumonia", numbers[1])
        assert scored(CHANCES, text, "--json").json["tasks"][0]["confusion"] == [[2, 1], [1, 1]], numbers
        exact = CHANCES.replace("0.9", "1.0")
        assert scored(exact, text, "--json").json["tasks"][0]["confusion"] == [[2, 1], [1, 1]], numbers
    zero = TRUTH.replace("normal", "0").replace("pneumonia", "1")
    assert scored(CHANCES, zero, "--json").json["tasks"][0]["confusion"] == [[2, 1], [1, 1]]


def test_several_classes(scored: Command, tmp_path: Path) -> None:
    found = scored(TABLE, CLASSES, "--json", "--out", "out").json["tasks"][0]
    assert found["confusion"] == [[1, 0, 0], [1, 0, 0], [0, 0, 2]]
    assert found["errors"]["x"]["type_1"] == {"name": "false positives", "count": 1, "of": 3, "rate": 1 / 3}
    assert found["errors"]["y"]["type_2"] == {"name": "false negatives", "count": 1, "of": 1, "rate": 1.0}
    assert set(found["metrics"]) == {"auc", "accuracy", "f1_macro", "log_loss", "ece"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"roc.png", "confusion.png", "score.json"}
    one_hot = "id,x,y,z\na,1,0,0\nb,0,1,0\nc,0,0,1\nd,0,0,1\n"
    assert scored(TABLE, one_hot, "--json").json["tasks"][0] == found
    assert [task["task"] for task in scored(TABLE, one_hot, "--tasks", "--json").json["tasks"]] == ["x", "y", "z"]
    loose = scored(TABLE.replace("0.7", "0.9"), CLASSES, "--json")
    assert "do not add up to 1" in loose.err
    assert "log_loss" not in loose.json["tasks"][0]["metrics"]


def test_predicted_classes(scored: Command, tmp_path: Path) -> None:
    hard = "id,answer\na,x\nb,x\nc,z\nd,z\n"
    found = scored(hard, CLASSES, "--json", "--out", "out")
    assert "no ROC curve" in found.err
    assert found.json["tasks"][0]["confusion"] == [[1, 0, 0], [1, 0, 0], [0, 0, 2]]
    assert set(found.json["tasks"][0]["metrics"]) == {"accuracy", "f1_macro"}
    assert not (tmp_path / "out" / "roc.png").exists()
    two = scored("id,answer\na,normal\nb,normal\nc,pneumonia\nd,normal\ne,pneumonia\n", TRUTH, "--json")
    assert two.json["tasks"][0]["confusion"] == [[2, 1], [1, 1]]


def test_tasks_and_their_mean(scored: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "FRAMES", 2)
    found = scored(ANSWERS, TASKS, "--json", "--out", "out").json
    areas = [task["metrics"]["auc"]["value"] for task in found["tasks"]]
    assert areas == [0.5, 0.75]
    assert found["mean"]["auc"]["value"] == pytest.approx(np.mean(areas))
    assert (tmp_path / "out" / "2-two-threshold.png").is_file()
    assert "a row may be in several" in scored(ANSWERS, TASKS).err


def test_scores_have_an_auc_only(scored: Command, tmp_path: Path) -> None:
    logits = CHANCES.replace("0.9", "7.5").replace("0.1", "-3")
    refused = scored(logits, TRUTH)
    assert refused.status == 2
    assert "line 4, column p: 7.5 is not a probability" in refused.err
    assert "--scores" in refused.err
    found = scored(logits, TRUTH, "--scores", "--json", "--out", "out").json["tasks"][0]
    assert set(found["metrics"]) == {"auc"}
    assert "confusion" not in found
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"roc.png", "score.json"}


def test_dialects(scored: Command) -> None:
    semicolons = CHANCES.replace(".", "comma").replace(",", ";").replace("comma", ",")
    found = scored(semicolons, TRUTH, "--json")
    assert "the decimal sign is a comma" in found.err
    assert found.json["tasks"][0]["confusion"] == [[2, 1], [1, 1]]
    numbered = "".join(f"{number if i else ''},{line}\n" for i, (number, line) in enumerate(enumerate(TRUTH.split())))
    assert scored(CHANCES, numbered, "--json").json["tasks"] == found.json["tasks"], "row numbers of pandas"
    other = scored(CHANCES.replace("id", "file"), TRUTH.replace("id", "file"), "--id", "file", "--json")
    assert other.json["tasks"] == found.json["tasks"]


def test_tables_fit_a_narrow_terminal(scored: Command) -> None:
    for predictions, truth in ((CHANCES, TRUTH), (TABLE, CLASSES), (ANSWERS, TASKS)):
        ended = scored(predictions, truth, COLUMNS="60")
        assert max(map(len, ended.out.splitlines())) <= 60
        assert "type 1" in ended.out
        assert "type 2" in ended.out


@pytest.mark.parametrize(
    ("predictions", "truth", "words", "error", "hint"),
    [
        (CHANCES, TRUTH, "--threshold 1.5", "--threshold", "--help"),
        (CHANCES, TRUTH, "--threshold -0.1", "--threshold", "--help"),
        (CHANCES, TRUTH, "--threshold nan", "--threshold", "--help"),
        (CHANCES, TRUTH, "--threshold 0.5 --scores", "exclude each other", "probabilities"),
        (TABLE, CLASSES, "--threshold 0.5", "probabilities of 3 classes", "leave it out"),
        (CHANCES, TRUTH, "--positive flu", "no class has this name", "normal, pneumonia"),
        (TABLE, CLASSES, "--positive x", "there are 3 classes", "leave"),
        (ANSWERS, TASKS, "--positive one", "in each task", "leave"),
        (CHANCES, TRUTH, "--id row", "there is no column row", "id,p"),
        (CHANCES.replace("0.4", "nan"), TRUTH, "", "line 3, column p: 'nan' is not a finite number", "correct it"),
        (CHANCES.replace("0.4", ""), TRUTH, "", "line 3, column p: '' is not a finite number", "correct it"),
        (CHANCES.replace("0.4", "1.01"), TRUTH, "", "1.01 is not a probability", "--scores"),
        (CHANCES.replace("e,", "f,"), TRUTH, "", "1 rows of the truth without a prediction (e)", "--id"),
        (CHANCES + "f,0.5\n", TRUTH, "", "1 predictions without a truth (f)", "the ids must be"),
        (CHANCES + "a,0.5\n", TRUTH, "", "line 6: the id a is repeated", "an id of its own"),
        (CHANCES, TRUTH + "a,normal\n", "", "t.csv: line 2: the id a is repeated", "an id of its own"),
        (CHANCES.replace("e,", ","), TRUTH, "", "the id is missing", "fill it in"),
        (CHANCES, TRUTH.replace("pneumonia", "normal"), "", "all 5 rows are of the class normal", "two classes"),
        (CHANCES, TRUTH.replace("e,normal", "e,"), "", "line 6, column label: the class is missing", "fill"),
        (ANSWERS, TASKS.replace("1,1", "0,1").replace("a,1", "a,0"), "", "column one: all 4 rows", "two classes"),
        (ANSWERS.replace("two", "other"), TASKS, "", "missing column two", "name the columns"),
        (ANSWERS, TASKS.replace("0,0", "2,0"), "", "2 is neither 0 nor 1", "one column of classes"),
        (TABLE.replace("z", "w"), CLASSES, "", "missing column z", "one per class"),
        (CHANCES, CLASSES + "e,z\n", "", "no class of the truth has this name", "x, y, z"),
        ("id,p\na,normal\nb,flu\nc,flu\nd,flu\ne,flu\n", TRUTH, "", "flu: no class of the truth", "names of classes"),
        (TRUTH, CHANCES, "", "5 different values are not classes", "right order"),
        ("id\na\n", TRUTH, "", "only the column id", "another column"),
        ("id,p,p\na,1,1\n", TRUTH, "", "the column p appears twice", "a name of its own"),
        ("a,0.5\nb,0.25\n", TRUTH, "", "it has no header", "name the columns"),
        ("", TRUTH, "", "the file is empty", "CSV"),
        ("id,p\n", TRUTH, "", "a header but no rows", "add a row"),
        (CHANCES + "f,0.1,0.2\n", TRUTH, "", "line 7: 3 values instead of 2", "as many values"),
    ],
)
def test_bad_input(
    scored: Command, tmp_path: Path, predictions: str, truth: str, words: str, error: str, hint: str
) -> None:
    ended = scored(predictions, truth, *words.split(), "--out", "out")
    assert ended.status == 2, ended.err
    lines = [line for line in ended.err.splitlines() if not line.startswith("note: ")]
    assert [line.split(":")[0] for line in lines] == ["error", "hint"]
    assert error in lines[0]
    assert hint in lines[1]
    assert ended.out == ""
    assert not (tmp_path / "out").exists()


def test_a_missing_file(command: Command) -> None:
    ended = command("labs", "score", "p.csv", "--truth", "t.csv")
    assert ended.status == 2
    assert "p.csv: there is no such file" in ended.err
    assert "missing" in command("labs", "score", "p.csv").err


@given(arrays(np.int64, 30, elements=st.integers(0, 1)), arrays(np.int64, 30, elements=st.integers(0, 8)))
def test_error_types_against_scikit_learn(truth: NDArray[np.int64], eighths: NDArray[np.int64]) -> None:
    probabilities = np.stack([1 - eighths / 8, eighths / 8], axis=1)
    expected = reference.confusion_matrix(truth, eighths >= 4, labels=[0, 1])
    assert two_classes.confusion(truth, probabilities, 0.5).tolist() == expected.tolist()


@pytest.mark.real_data
def test_the_published_areas_of_the_skin_lesions(command: Command, mirror: Path) -> None:
    """Udacity's dermatologist-ai publishes for its sample: melanoma, seborrheic keratosis, and the mean of both."""
    folder = mirror / "skin-lesions"
    ended = command(
        "labs", "score", folder / "sample_predictions.csv", "--truth", folder / "ground_truth.csv", "--json"
    )
    areas = {task["task"]: round(task["metrics"]["auc"]["value"], 3) for task in ended.json["tasks"]}
    assert areas == {"task_1": 0.526, "task_2": 0.606}
    assert round(ended.json["mean"]["auc"]["value"], 3) == 0.566
