"""Word vectors: neighbours and analogies by hand, the formats of word2vec, damaged files."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.base.errors import CallerError
from utils.text import word_vectors
from utils.text.word_vectors import WordVectors, normalized, read_word_vectors, write_word_vectors

HAND = WordVectors(
    ("man", "king", "woman", "queen", "apple"),
    np.array([[1, 0, 0], [1, 2, 0], [0, 0, 1], [0, 2, 1.1], [-1, -1, 0]], dtype=np.float32),
)


def test_neighbours_and_analogies_by_hand() -> None:
    assert [word for word, _ in HAND.neighbours("king", 2)] == ["queen", "man"]
    cosine = 4 / (np.sqrt(5) * np.sqrt(5.21))
    assert HAND.neighbours("king", 1)[0][1] == pytest.approx(cosine, abs=1e-6)
    assert HAND.analogy("man", "king", "woman", 1)[0][0] == "queen"
    assert "woman" not in [word for word, _ in HAND.analogy("man", "king", "woman")]
    assert HAND.neighbours("King")[0][0] == "queen"  # in lower case
    with pytest.raises(CallerError, match="quen: the vocabulary has no such word") as error:
        HAND.analogy("man", "king", "quen")
    assert error.value.hint == "did you mean queen?"
    with pytest.raises(CallerError) as error:
        HAND.number("xyzzy")
    assert "5 words; the most frequent are man, king" in error.value.hint


def test_vectors_for_a_layer() -> None:
    found = HAND.of(["queen", "[UNK]", "man"])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, HAND.vectors[[3, 3, 0]] * [[1], [0], [1]])
    with pytest.raises(ValueError, match="2 words, but vectors of shape"):
        WordVectors(("a", "b"), np.zeros((3, 2), np.float32))
    np.testing.assert_array_equal(normalized(np.zeros((2, 3))), np.zeros((2, 3)))


@given(st.integers(1, 700), st.integers(1, 12), st.integers(0, 99))
def test_the_largest_values_of_a_row(columns: int, most: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(-50, 50, (3, columns)).astype(np.float32)
    most = min(most, columns)
    found = np.take_along_axis(values, word_vectors._largest(values, most), axis=1)
    np.testing.assert_array_equal(np.sort(found), np.sort(values)[:, columns - most :])


def test_nearest_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    found = WordVectors(tuple(map(str, range(40))), random)
    own = [[row] for row in range(40)]
    whole = found.nearest(random, 3, own)
    monkeypatch.setattr(word_vectors, "CHUNK", 7)
    for one, other in zip(whole, found.nearest(random, 3, own), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert not (whole[0] == np.arange(40)[:, None]).any()


@given(
    st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=9), min_size=1, unique=True),
    st.sampled_from([".bin", ".txt", ".vec"]),
)
def test_both_formats_keep_every_bit(tmp_path_factory: pytest.TempPathFactory, words: list[str], suffix: str) -> None:
    vectors = np.random.default_rng(len(words)).normal(0, 1e-3, (len(words), 4)).astype(np.float32)
    path = tmp_path_factory.mktemp("vectors") / f"v{suffix}"
    write_word_vectors(path, WordVectors(tuple(words), vectors))
    found = read_word_vectors(path)
    assert found.words == tuple(words)
    np.testing.assert_array_equal(found.vectors, vectors)


@pytest.mark.skipif(importlib.util.find_spec("gensim") is None, reason="gensim (the extra peers) is not installed")
@pytest.mark.parametrize("suffix", [".bin", ".txt"])
def test_gensim_reads_and_writes_the_same_files(tmp_path: Path, suffix: str) -> None:
    from gensim.models import KeyedVectors

    binary, ours, theirs = suffix == ".bin", tmp_path / f"ours{suffix}", tmp_path / f"theirs{suffix}"
    write_word_vectors(ours, HAND)
    read = KeyedVectors.load_word2vec_format(str(ours), binary=binary)
    assert tuple(read.index_to_key) == HAND.words
    np.testing.assert_array_equal(read.vectors, HAND.vectors)
    assert read.most_similar(positive=["king", "woman"], negative=["man"], topn=1)[0][0] == "queen"
    read.save_word2vec_format(str(theirs), binary=binary)
    again = read_word_vectors(theirs)
    assert again.words == HAND.words
    np.testing.assert_array_equal(again.vectors, HAND.vectors)


def test_the_format_of_glove_and_line_feeds_before_words(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text("the 0.5 -1\nof 2 3e-2\n")
    assert read_word_vectors(tmp_path / "glove.txt").words == ("the", "of")
    numbers = np.array([[1, 2], [3, 4]], dtype="<f4")
    (tmp_path / "old.bin").write_bytes(b"2 2\na " + numbers[0].tobytes() + b"b " + numbers[1].tobytes())
    np.testing.assert_array_equal(read_word_vectors(tmp_path / "old.bin").vectors, numbers)


BAD = {
    "empty.txt": (b"", "the file is empty"),
    "empty.bin": (b"", "the file is empty"),
    "blank.txt": (b"\n\n", "the file is empty"),
    "header.bin": (b"two words\n", "its first line is not the number of words"),
    "short.bin": (b"5 100\nthe ", "too short for 5 words of 100 numbers"),
    "huge.bin": (b"1 99999999\n", "it has 1 words of 99999999 numbers"),
    "cut.bin": (b"2 1\nlonger \0\0\0\0x \0\0", "it ends within the vector of x"),
    "endless.bin": (b"1 1\n" + b"x" * 20_000, "a word has no end"),
    "nan.bin": (b"1 1\na " + np.array([np.nan], "<f4").tobytes(), "not finite"),
    "latin.bin": (b"1 1\n\xe9 \0\0\0\0", "is not UTF-8"),
    "binary.txt": (b"\0\1\2\3 \4", "this is not text"),
    "uneven.txt": (b"2 2\na 1 2\nb 1\n", "line 3 has 1 numbers instead of 2"),
    "letters.txt": (b"1 2\na 1 x\n", "line 2 has something else than numbers"),
    "count.txt": (b"3 1\na 1\n", "it has 1 words, its first line says 3"),
}


@pytest.mark.parametrize("name", BAD)
def test_damaged_files(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CallerError, match=message):
        read_word_vectors(tmp_path / name)


def test_files_that_are_not_there_or_not_written(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="there is no such file"):
        read_word_vectors(tmp_path / "none.bin")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CallerError, match=r"folder: "):
        read_word_vectors(tmp_path / "folder")
    for word in ("", "two words", "line\nfeed"):
        with pytest.raises(ValueError, match="is empty or contains white space"):
            write_word_vectors(tmp_path / "v.txt", WordVectors((word,), np.zeros((1, 2), np.float32)))
    assert list(tmp_path.glob("*.txt")) == []
