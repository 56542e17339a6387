"""The language lab from the command line: a run and what it says of its texts, prediction, bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Command, QuickRun

pytestmark = pytest.mark.slow

FIGURES = {"learning_curves.png", "n_grams.png", "positions.png", "written.png"}
SENTENCE = "ROMEO:\nShall I hear more, or shall I speak at this?\n"
NOISE = "xqzj kkwv Zzrt; qqjx vwxz jqk!"


@pytest.fixture
def quick(quick_run: QuickRun) -> Path:
    """A run of the quick preset."""
    return quick_run("language")[0]


def record_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "run.json").read_text())


def test_record(quick: Path) -> None:
    record = record_of(quick)
    details = record["details"]
    assert {path.name for path in (quick / "figures").iterdir()} == FIGURES
    assert record["data"]["name"] == "shakespeare"
    assert list(record["metrics"]["test"]) == ["log_loss", "bits_per_char", "perplexity"]
    assert set(record["baselines"]) == {"unigram", "kneser_ney"}
    loss = {name: values["log_loss"] for name, values in record["baselines"].items()}
    assert loss["kneser_ney"] == details["n_gram"]["log_loss"][str(details["n_gram"]["order"])]
    assert 1.4 < loss["kneser_ney"] < record["metrics"]["test"]["log_loss"]["value"] < loss["unigram"]
    # The mean of both is better than the mean of their losses, because the logarithm is concave.
    mean = (loss["kneser_ney"] + record["metrics"]["test"]["log_loss"]["value"]) / 2
    assert loss["kneser_ney"] - 0.1 < details["with_n_gram"]["log_loss"] < mean
    amounts = details["amounts"]
    assert sum(part["characters"] for part in amounts.values()) == 1_115_394
    assert amounts["test"]["unknown"] == 0
    positions = details["by_position"]
    assert np.mean(positions[-50:]) < positions[0]
    written = details["written"]
    assert (written["number"], written["characters"]) == (2, 200)
    assert len(written["shown"][0]) == 200
    assert set(written["longest_copied_run"]) == {"generated", "held_out"}
    assert all(remark in (quick / "README.md").read_text() for remark in record["remarks"])
    assert record["parity"]["saved_model"]["signature"]["outputs"]["next_token"]["dtype"] == "float32"


def test_predict(quick: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE * 40)
    ended = command("labs", "predict", quick, "a.txt", SENTENCE, NOISE, "--json")
    assert ended.status == 0, ended.err
    whole, usual, odd = ended.json["predictions"]
    assert 0 < usual < odd
    assert whole < odd


def test_evaluate_on_another_text(quick: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text((SENTENCE + NOISE + "\n") * 60)
    ended = command("labs", "evaluate", quick, "--data", "other.txt", "--json")
    assert ended.status == 0, ended.err
    (tmp_path / "tiny.txt").write_text("a")
    ended = command("labs", "evaluate", quick, "--data", "tiny.txt")
    assert (ended.status, "Traceback" in ended.err) == (2, False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--data", "empty.txt"), "the file is empty"),
        (("--data", "one.txt"), "1 characters"),
        (("--data", "binary.txt"), "NUL bytes"),
        (("--data", "none.txt"), "no such file"),
        (("--length", "500000"), "too few for --length 500000"),
        (("--tokens", "bpe", "--vocabulary", "3"), "--vocabulary 3"),
        (("--temperature", "0"), "--temperature"),
        (("--top-k", "-1"), "--top-k"),
        (("--network", "transformer", "--units", "30"), "--units 30"),
        (("--tokens", "syllables"), "syllables"),
    ],
)
def test_bad_input_is_two_lines(words: tuple[str, ...], message: str, command: Command, tmp_path: Path) -> None:
    for name, content in {"empty": b"", "one": b"a", "binary": b"a\0b" * 900}.items():
        (tmp_path / f"{name}.txt").write_bytes(content)
    ended = command("labs.language", "--preset", "quick", *words)
    assert ended.status == 2
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert ended.err.count("error: ") == ended.err.count("hint: ") == 1
