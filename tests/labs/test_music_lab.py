"""The music lab from its own command line: a run, what it says of its tunes, generation, and bad input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command, QuickRun

pytestmark = pytest.mark.slow

FIGURES = {"learning_curves.png", "sureness.png", "intervals.png", "lengths.png"}
TUNE = "X:1\nT:Begun\nM:6/8\nL:1/8\nK:D\nA|dcd efg|\n"


@pytest.fixture
def quick(quick_run: QuickRun) -> Path:
    """A run of the quick preset."""
    return quick_run("music")[0]


def record_of(run: Path) -> dict[str, Any]:
    return json.loads((run / "run.json").read_text())


def test_record(quick: Path) -> None:
    record = record_of(quick)
    assert {path.name for path in (quick / "figures").iterdir()} >= FIGURES
    assert record["data"]["name"] == "oneills"
    assert sum(record["data"]["rows"].values()) == 2007
    assert list(record["metrics"]["test"]) == ["log_loss", "bits_per_char"]
    assert set(record["baselines"]) == {"single_characters", "8-gram"}
    audit = record["audit"]
    assert (audit["duplicates_across_splits"], audit["groups_across_splits"]) == (0, 0)
    bits = record["metrics"]["test"]["bits_per_char"]["value"]
    assert bits < record["baselines"]["single_characters"]["bits_per_char"]
    held_out = record["details"]["tunes"]["held_out"]
    assert held_out["parse_rate"] > 0.9
    assert {"parse_rate", "inner_bars_right", "ends_on_tonic", "longest_copied_run"} <= set(
        record["details"]["tunes"]["generated"]
    )
    first, second = record["remarks"]
    assert first.startswith("10 tunes at temperature 0.9: ")
    assert f"{held_out['inner_bars_right']:.0%} have only correct inner bars" in second
    assert f"{first}\n\n{second}\n" in (quick / "README.md").read_text()
    assert record["parity"]["saved_model"]["signature"]["outputs"]["next_character"]["dtype"] == "float32"


def test_predict(quick: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.abc").write_text(TUNE + "\n" + TUNE.replace("dcd efg", "^c_B^f ^f^f^f"))
    usual, odd = command("labs", "predict", quick, "a.abc", "--json").json["predictions"]
    assert 0 < usual < odd


def test_generate(quick: Path, command: Command, tmp_path: Path) -> None:
    words = ["generate", quick, "--tunes", "3", "--key", "D", "--metre", "6/8", "--longest", "200", "--seed", "5"]
    first = command("labs.music", *words, "--out", "a", "--json")
    assert first.status == 0, first.err
    again = command("labs.music", *words, "--out", "b", "--json")
    assert first.json["tunes"] == again.json["tunes"]
    for tune in first.json["tunes"]:
        assert tune["text"].startswith("M:6/8\n")
        assert "K:D\n" in tune["text"]
        assert {path.name for path in (tmp_path / "a").glob(f"{tune['name']}.*")} == set(tune["files"])
    (tmp_path / "begun.abc").write_text(TUNE)
    begun = command("labs.music", "generate", quick, "--prompt", "begun.abc", "--out", "c", "--longest", "99", "--json")
    assert all(tune["text"].startswith("M:6/8\nL:1/8\nK:D\nA|dcd efg|") for tune in begun.json["tunes"])
    assert "Traceback" not in first.err + again.err + begun.err
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "begun.abc", "c"}


def test_generate_needs_neither_a_run_nor_a_folder(
    quick: Path, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a run, the network that comes with the lab generates: its tunes are music."""
    monkeypatch.setenv("LABS_MODELS", str(tmp_path / "models"))
    ended = command("labs.music", "generate", "--tunes", "4", "--out", "a", "--json")
    assert ended.status == 0, ended.err
    assert "the network that comes with the lab" in ended.err
    assert sum(tune["parsed"] for tune in ended.json["tunes"]) >= 3
    shutil.copytree(quick, tmp_path / "models" / "music" / "run")
    ended = command("labs.music", "generate", "--tunes", "1", "--longest", "60")
    assert ended.status == 0, ended.err
    (tunes,) = (tmp_path / "models" / "music").glob("*-tunes")
    assert ended.out.strip().endswith(f"parsed by music21: {tunes}")
    assert {"tunes.json", "tune-001.abc"} <= {path.name for path in tunes.iterdir()}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tunes", "0"], "--tunes"),
        (["--temperature", "0"], "--temperature"),
        (["--top-p", "0"], "--top-p"),
        (["--key", "H"], "there is no key 'H'"),
        (["--metre", "7"], "there is no metre '7'"),
        (["--prompt", "none.abc"], "none.abc: no such file"),
        (["--prompt", "odd.abc"], "does not know the characters '§'"),
        (["--prompt", "two.abc"], "it contains 2 tunes"),
        (["--prompt", "begun.abc", "--key", "D"], "its file already gives key and metre"),
        (["--prompt", "begun.abc", "--longest", "9"], "--longest 9"),
        (["--key", "D", "--longest", "43"], "--longest 43: the beginning may have 44 characters"),
        (["--out", "full"], "it exists and is not an empty folder"),
        (["--out", "/proc/tunes"], "--out /proc/tunes: the folder cannot be written"),
    ],
)
def test_what_generate_refuses(words: list[str], message: str, quick: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "begun.abc").write_text(TUNE)
    (tmp_path / "two.abc").write_text(TUNE + TUNE)
    (tmp_path / "odd.abc").write_text(TUNE.replace("efg", "§fg"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "tune.abc").write_text(TUNE)
    ended = command("labs.music", "generate", quick, "--out", "new", *words)
    assert ended.status == 2, ended.err
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "new").exists()


def test_play(command: Command, tmp_path: Path) -> None:
    (tmp_path / "two.abc").write_text(TUNE + TUNE.replace("X:1", "X:2"))
    ended = command("labs.music", "play", "two.abc", "--instrument", "flute", "--first", "1", "--out", "played")
    assert ended.status == 0, ended.err
    assert "note: 2 tunes; the first 1 are played" in ended.err
    names = {path.name for path in (tmp_path / "played").iterdir()}
    assert names == {"tunes.html"} | {f"tune-001.{form}" for form in ("abc", "mid", "musicxml", "png", "svg", "wav")}
    page = (tmp_path / "played" / "tunes.html").read_text()
    assert page.count("<audio") == page.count("<svg") - page.count("<svg ", page.find("<svg") + 1) == 1
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no file is given"),
        (["none.abc"], "none.abc: no such file or folder"),
        (["empty"], "empty: it contains no .abc file"),
        (["one.abc", "--out", "empty/../full"], "it exists and is not an empty folder"),
        (["one.abc", "--instrument", "harp"], "--instrument"),
        (["text.abc"], "text.abc"),
    ],
)
def test_what_play_refuses(words: list[str], message: str, command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    (tmp_path / "one.abc").write_text(TUNE)
    (tmp_path / "text.abc").write_text("no tune")
    ended = command("labs.music", "play", *words)
    assert ended.status == 2, ended.err
    assert message in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.slow
def test_other_collections(command: Command) -> None:
    for data in ("ryans", "irish"):
        words = ["--preset", "quick", "--data", data, "--tunes", "2", "--json"]
        ended = command("labs.music", *words)
        assert ended.status == 0, ended.err
        assert ended.json["data"]["name"] == data
