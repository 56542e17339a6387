"""The translation lab from its own command line: a run, its record and figures, translations, exports, bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Command, QuickRun
from utils.runs.record import Run

pytestmark = pytest.mark.slow
DATES = {"March 3, 1992": "1992-03-03", "Dienstag, 3. März 1992": "1992-03-03", "24/12/1999": "1999-12-24"}

PROGRAM = """
import json, sys
import numpy as np, tensorflow as tf

folder, text = sys.argv[1:]
known = json.load(open(f"{folder}/vocabulary.json"))
source = np.array([[*(known["source"].index(letter) for letter in text), 1]], "int32")
loaded = tf.saved_model.load(f"{folder}/saved_model")
found = loaded.signatures["translate"](
    source=tf.constant(source), beams=tf.constant(2), longest=tf.constant(12), length_penalty=tf.constant(0.6)
)
best = found["tokens"].numpy()[0, 0]
written = {"saved_model": "".join(known["target"][n] for n in best[best > 1])}

import onnxruntime
encode, step = (onnxruntime.InferenceSession(f"{folder}/{name}.onnx") for name in ("encode", "step"))
names = [output.name for output in encode.get_outputs()]
tensors = dict(zip(names, encode.run(names, {"source": source})))
outputs = [output.name for output in step.get_outputs()]
token, letters = np.array([1], "int32"), []
for _ in range(12):
    after = dict(zip(outputs, step.run(outputs, {"token": token, **tensors})))
    token = after["logits"].argmax(axis=1).astype("int32")
    if token[0] == 1:
        break
    letters.append(known["target"][token[0]])
    tensors |= {name.removesuffix("_after"): value for name, value in after.items() if name != "logits"}
written["onnx"] = "".join(letters)
assert not {"utils", "labs"} & {name.split(".")[0] for name in sys.modules}
print(json.dumps(written))
"""


@pytest.fixture
def quick(quick_run: QuickRun) -> Path:
    """A run of the quick preset."""
    return quick_run("translation")[0]


def record_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = Run.open(run).record
    return found


def test_record(quick: Path) -> None:
    record = record_of(quick)
    assert (record["data"]["name"], record["data"]["simulated"]) == ("dates", True)
    assert list(record["metrics"]["test"]) == ["exact_match", "token_accuracy", "log_loss"]
    exact = record["metrics"]["test"]["exact_match"]["value"]
    assert exact > 0.7
    found = record["details"]["translations"]
    assert set(found) == {"network", "copying", "dictionary"}
    assert found["network"]["exact_match"] == pytest.approx(exact)  # greedy decoding is exact under teacher forcing
    assert 0 <= found["network"]["character_error_rate"] < found["copying"]["character_error_rate"]
    lengths = record["details"]["by_length"]
    assert sum(group["rows"] for group in lengths) == record["data"]["rows"]["test"]
    right = sum(group["rows"] * group["exact_match"] for group in lengths)
    assert right / record["data"]["rows"]["test"] == pytest.approx(exact)
    assert all(set(one) == {"source", "target", "translation"} for one in record["details"]["shown"])
    assert record["remarks"][0] in (quick / "README.md").read_text()
    assert {path.stem for path in (quick / "figures").iterdir()} == {"learning_curves", "by_length", "attention"}
    assert record["audit"]["duplicates_across_splits"] == 0


def test_translate(quick: Path, command: Command, tmp_path: Path) -> None:
    found = command("labs.translation", "translate", quick, *DATES, "--json").json
    assert [one["source"] for one in found] == list(DATES)
    assert sum(one["translation"] == DATES[one["source"]] for one in found) >= 2
    (tmp_path / "in.txt").write_text("\n".join(DATES) + "\n")
    by_line = command("labs.translation", "translate", quick, "--lines", "in.txt", "--json").json
    assert [one["translation"] for one in by_line] == [one["translation"] for one in found]
    wide = command(
        *("labs.translation", "translate", quick, "March 3, 1992", "--beams", "4", "--alternatives", "--json"),
        *("--attention", "map.png"),
    )
    (one,) = wide.json
    scores = [each["score"] for each in one["alternatives"]]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert one["translation"] == one["alternatives"][0]["translation"]
    assert (tmp_path / "map.png").stat().st_size > 10_000
    table = command("labs.translation", "translate", quick, "March 3, 1992")
    assert "1992-" in table.out


def test_predict(quick: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("March 3, 1992\n24/12/1999\n")
    found = command("labs", "predict", quick, "a.txt", "--json").json["predictions"]
    translated = command("labs.translation", "translate", quick, "--lines", "a.txt", "--json").json
    assert found["translation"] == [one["translation"] for one in translated]
    np.testing.assert_allclose(found["score"], [one["score"] for one in translated], rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "there is no text"),
        ([""], "text 1: the text is empty"),
        (["March § 3"], "does not know the characters '§'"),
        (["1" * 60], "the text has 60 tokens, the network reads"),
        (["3/4/92", "--beams", "0"], "--beams"),
        (["3/4/92", "--length-penalty", "-1"], "--length-penalty"),
        (["--lines", "none.txt"], "none.txt: no such file"),
        (["--lines", "gap.txt"], "gap.txt: line 2 is empty"),
        (["3/4/92", "--attention", "gap.txt"], "not the name of a new .png file"),
        ([*["3/4/92"] * 4, "--attention", "a.png"], "--attention: there are 4 texts"),
    ],
)
def test_what_translate_refuses(words: list[str], message: str, quick: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "gap.txt").write_text("3/4/92\n\n3/4/93\n")
    ended = command("labs.translation", "translate", quick, *words)
    assert ended.status == 2, ended.err
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_evaluate_on_pairs_of_the_user(quick: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "own.tsv").write_text("".join(f"{text}\t{target}\n" for text, target in DATES.items()))
    ended = command("labs", "evaluate", quick, "--data", "own.tsv", "--json")
    assert ended.status == 0, ended.err
    assert "exact_match" in ended.out


def test_the_exports_translate_in_a_program_without_this_project(quick: Path, command: Command, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    ended = command("labs", "export", quick, "--out", "exports", "--format", "keras,h5,saved_model,onnx", "--json")
    assert ended.status == 0, ended.err
    reports = ended.json["exports"]
    assert {"saved_model/translate", "saved_model/encode", "saved_model/step", "onnx/encode", "onnx/step"} < set(
        reports
    )
    assert not [name for name, report in reports.items() if report["failed"]]
    text = "March 3, 1992"
    translated = command("labs.translation", "translate", quick, text, "--json").json[0]["translation"]
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, tmp_path / "exports", text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.strip().splitlines()[-1]) == {"saved_model": translated, "onnx": translated}


def test_a_transformer_from_the_command_line(command: Command, tmp_path: Path) -> None:
    """Few steps: it goes through the whole way, and its steps convert to ONNX."""
    small = ["--pairs", "400", "--units", "8", "--embedding", "8", "--heads", "2", "--epochs", "1", "--preset", "quick"]
    words = [*small, "--network", "transformer", "--out", "transformer", "--beams", "2", "--json"]
    ended = command("labs.translation", *words)
    assert ended.status == 0, ended.err
    assert ended.json["parity"]["h5"]["max_abs_diff"] < 1e-6
    assert "attention.png" in ended.json["figures"]
    assert "network, greedy" in ended.json["details"]["translations"]
    pytest.importorskip("tf2onnx")
    ended = command("labs", "export", "transformer", "--out", "exports", "--format", "onnx", "--json")
    assert ended.status == 0, ended.err
    assert not [name for name, report in ended.json["exports"].items() if report["failed"]]
