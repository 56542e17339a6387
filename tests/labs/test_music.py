"""The music lab's parts: notation, families, n-gram, windows, the network step by step, writing, judging."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.music import data
from labs.music.config import Config as MusicConfig
from labs.music.figures import OCTAVE, histogram, probabilities
from labs.music.model import build, step, stepped
from labs.music.notation import judging, scores
from labs.music.notation.keys import MODES, read_key, read_metre, signature
from labs.music.notation.transposition import transpose
from labs.music.notation.tunes import Tune, cut, melody, normalise
from labs.music.sampling import Writer
from labs.music.sound import files
from labs.music.sound.files import Text
from labs.music.windows import batches
from utils.base.errors import CallerError
from utils.datasets.splits import Source, Split, Splits
from utils.export.formats import open_model, save_model
from utils.export.predictor import predictor
from utils.text.generating.copying import Corpus
from utils.text.sequences import UNKNOWN, Vocabulary, bits_per_char, log_loss, rows_of, surprise, text_losses

RAW = """X: 12
T: The Test
R: jig   % a comment
M: 6/8
L: 1/8
N: "collected"
Z: nobody
K: D Major
d | "D"dAF  {g}d^cd \\
| f=fe !trill!d2 :|!
w: words
M:C|
A,B,C DEF | G4 ||
"""
TUNE = "M:6/8\nL:1/8\nK:D\nd | dAF {g}d^cd | f=fe d2 :|\nM:2/2\nA,B,C DEF | G4 ||"


def test_one_form_of_a_tune() -> None:
    (raw,) = cut("some words\n" + RAW)
    tune = normalise(raw)
    assert tune == Tune("The Test", TUNE)
    assert (tune.key, tune.notes.count("\n")) == ("D", 2)
    assert normalise("X:1\nT:The Test\n" + TUNE) == tune
    assert normalise("M:2/4\nK:Em\nABc").text == "M:2/4\nL:1/16\nK:Em\nABc"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("D Major", "D"),
        ("ADor", "Ador"),
        ("F# Minor", "F#m"),
        ("Amin", "Am"),
        ("GM", "G"),
        ("E Mixolydian", "Emix"),
        ("Dmix=c", "Dmix"),
    ],
)
def test_keys_in_one_spelling(text: str, key: str) -> None:
    assert read_key(text) == read_key(key) == key
    assert read_key(f"{text} clef=bass") == key


@pytest.mark.parametrize("text", ["H", "Bn", "Dfoo", "G#", "Fbm", "D♭", "D-flat", "D7", "D clog", "D ^^f", "C exp ^g"])
def test_keys_that_do_not_exist(text: str) -> None:
    with pytest.raises(CallerError, match="there is no key"):
        read_key(text)


@pytest.mark.parametrize("text", ["", "0/4", "6/7", "common", "99/8", "-3/4", "6/8x", "4/4+3/8", "2+/8", "30+3/8"])
def test_metres_that_do_not_exist(text: str) -> None:
    with pytest.raises(CallerError, match="there is no metre"):
        read_metre(text)
    assert (read_metre("C"), read_metre("C|"), read_metre("9/8")) == ("4/4", "2/2", "9/8")


def test_signatures() -> None:
    assert signature("D") == {**dict.fromkeys("CDEFGAB", 0), "F": 1, "C": 1}
    assert signature("Ador") == signature("G") == signature("Em")
    assert signature("Gm") == {**dict.fromkeys("CDEFGAB", 0), "B": -1, "E": -1}


TONICS = [tonic + sign for tonic, sign in product("ABCDEFG", ("", "#", "b"))]
KEYS: list[str] = []
for _tonic, _mode in product(TONICS, MODES):
    try:
        KEYS.append(read_key(_tonic + _mode))
    except CallerError:
        continue


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KEYS), st.integers(0, len(KEYS)), st.text("ABCDEFGabcdefg,'^=_ |2/", min_size=1, max_size=40))
def test_transposing_there_and_back(key: str, other: int, notes: str) -> None:
    mode = key[1:].lstrip("b#")
    keys = [found for found in KEYS if found[1:].lstrip("b#") == mode]
    tune = Tune("", f"M:6/8\nL:1/8\nK:{key}\n" + transposable(notes))
    there = transpose(tune, keys[other % len(keys)])
    back = transpose(there, key)
    if there.key != key:
        assert len(melody(there)) == len(melody(tune))
        assert np.ptp(np.array(melody(there) or [0]) - np.array(melody(tune) or [0])) == 0
        if back.key == key:
            assert melody(back) == melody(tune)


def transposable(notes: str) -> str:
    """Without marks that no note carries and octave marks that cancel each other."""
    return notes.replace(",'", "").replace("',", "")


@pytest.mark.parametrize("key", ["G", "A", "F", "Bb", "E"])
def test_transposing_keeps_every_interval(key: str) -> None:
    """As music21 hears it."""
    tune = Tune("", "M:4/4\nL:1/8\nK:D\nDEFG ABcd | ^G=c_B^d fgab | d'=f^^G2 A,4 |]")
    moved = transpose(tune, key)
    first, second = scores.read(tune.text), scores.read(moved.text)
    assert first is not None
    assert second is not None
    assert second.intervals == first.intervals
    assert moved.key == key
    assert {after[2] - before[2] for before, after in zip(first.notes, second.notes, strict=True)} != {0}


def test_transposing_leaves_fields_inside_a_line() -> None:
    tune = Tune("", "M:4/4\nL:1/8\nK:D\nDEFG [M:C|]ABcd|[P:A]d8|]")
    assert transpose(tune, "E").notes == "EFGA [M:C|]Bcde|[P:A]e8|]"
    assert melody(tune) == melody(Tune("", tune.text.replace("[M:C|]", "").replace("[P:A]", "")))


OTHER = "M:2/4\nL:1/8\nK:G\nGBdg f2ed | cAFA G2BG | dBgB fdcA | Bcde f2g2 | agfe dcBA | G4 ||"
LONG = "M:6/8\nL:1/8\nK:D\ndAF DFA | ded cBA | dcd efg | fed cBA | FAF GBG | AFD E2D | dfa gec | d3 d2 ||"


def test_variants_are_one_family() -> None:
    moved = transpose(Tune("Another name", LONG.replace("d3 d2", "d2A F2")), "G")
    tunes = [
        Tune("A jig", LONG),
        Tune("Reel", OTHER),
        moved,
        Tune("The Reel's name", TUNE),
        Tune("Reels name, The", "M:2/4\nL:1/8\nK:C\ncc"),
    ]
    family = data.families(tunes)
    assert family[0] == family[2]
    assert family[3] == family[4]
    assert len(set(family)) == 3


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("", "the file is empty", ""),
        (b"X:1\nK:D\n\xff\xfe\x00", "not text in UTF-8", ""),
        ("a letter, not a tune", "there is no tune", ""),
        ("X:1\nT:no key\nABc", "there is no tune", "a tune has no key or no notes"),
        ("X:1\nT:Endless\nM:4/4\nL:1/8\nK:D\n" + "d" * 5000, "there is no tune", "has 5,0"),
    ],
)
def test_files_that_hold_no_tunes(content: str | bytes, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=message) as caught:
        data.read_tunes([write(tmp_path / "a.abc", content)])
    assert hint in caught.value.hint


def test_a_bad_tune_among_good_ones_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.abc", RAW + "\nX:2\nK:Bn\nABc\n")
    assert [tune.title for tune in data.read_tunes([path])] == ["The Test"]
    assert "1 of 2 tunes are skipped: there is no key 'Bn'" in capsys.readouterr().err


def test_a_folder_of_tunes_is_split_by_family(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bodies = ["".join(rng.choice(list("ABcdefg"), 30)) for _ in range(30)]
    copies = bodies + bodies[:10]
    for number, body in enumerate(copies):
        write(tmp_path / f"{number:02}.abc", f"X:1\nT:{chr(97 + number % 26) * (number + 1)}\nM:4/4\nK:D\n{body}|")
    found = data.load(MusicConfig(data_dir=tmp_path, test_fraction=0.2))
    groups = [set(part.groups.tolist()) for part in found.parts().values() if part.groups is not None]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 30
    assert sum(map(len, found.parts().values())) == 40
    known = data.vocabulary(found.categories)
    assert set(known.symbols[2:]) == set("".join(data.texts(found.train, known)))
    assert data.texts(found.test, known)[0].startswith("M:4/4\nL:1/8\nK:D\n")


def splits(texts: list[str]) -> Splits:
    known = Vocabulary.of(texts)
    inputs, targets = rows_of([known.encode(text) for text in texts])
    part = Split(inputs, targets, np.arange(len(texts)))
    source = Source("oneills", "here", "", simulated=False)
    return Splits(part, part, part, source, "next_character", categories={"character": known.symbols})


SPLITS = splits([OTHER, LONG, transpose(Tune("", LONG), "A").text])
CONFIG = MusicConfig(units=8, embedding=4, layers=2, dropout=0.3, length=20, batch_size=3, tunes=3)


def network(seed: int = 3) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build(CONFIG, SPLITS)


def test_every_character_is_a_target_once_an_epoch() -> None:
    training, validation = batches(CONFIG, SPLITS)
    known = data.vocabulary(SPLITS.categories)
    opened = training.open(1)
    parts = [training.batch(opened, tf.constant(number)) for number in range(training.steps)]
    inputs, targets = (np.concatenate([np.ravel(part[i]) for part in parts]) for i in (0, 1))
    assert (inputs[1:] == targets[:-1]).all()
    assert {part[0].shape[1] for part in parts} == {20}
    whole = known.decode(np.concatenate([inputs[:1], targets]))
    assert sum(text in whole for text in data.texts(SPLITS.train, known)) >= 2
    assert (training.open(1) == opened).numpy().all()
    assert (training.open(2) != opened).numpy().any()
    assert (validation.open(1) == validation.open(2)).numpy().all()


def test_with_windows_from_the_beginnings_each_tune_begins_one() -> None:
    training, _ = batches(replace(CONFIG, from_beginnings=True, length=90), SPLITS)
    known = data.vocabulary(SPLITS.categories)
    windows = training.open(1).numpy()
    begun = {known.decode(window)[:80] for window in windows if window[0] == 0}
    assert begun == {text[:80] for text in data.texts(SPLITS.train, known)}


def test_validation_windows_keep_characters_that_training_has_not_seen() -> None:
    odd = replace(SPLITS.validation, inputs=np.where(SPLITS.validation.inputs == 5, 1, SPLITS.validation.inputs))
    _, validation = batches(CONFIG, replace(SPLITS, validation=odd))
    assert (validation.open(1).numpy() == 1).sum() >= (odd.inputs == 1).sum() - CONFIG.length


def test_transposed_tunes_are_in_common_keys() -> None:
    config = MusicConfig(transpositions=0.99, length=20, batch_size=3)
    training, _ = batches(config, SPLITS)
    known = data.vocabulary(SPLITS.categories)
    texts = [known.decode([*training.open(epoch).numpy()[:, :-1].ravel()]) for epoch in range(1, 9)]
    seen = {line for text in texts for line in text.split("\n")}
    keys = {line[:3] for line in seen if line.startswith("K:")}
    assert keys == {"K:G", "K:D", "K:A"}


def test_a_text_is_measured_character_by_character() -> None:
    model = network()
    losses = text_losses(predictor(model), SPLITS.test.inputs, SPLITS.test.targets)
    for row, text in enumerate([OTHER, LONG]):
        inputs = SPLITS.test.inputs[row : row + 1, : len(text) + 1]
        probabilities = model(inputs)[0].numpy()
        targets = SPLITS.test.targets[row, : len(text) + 1]
        expected = -np.log(probabilities[np.arange(len(targets)), targets]).sum()
        np.testing.assert_allclose(losses[row], [expected, len(text) + 1], rtol=1e-5)
    bits = losses[:, 0] / losses[:, 1] / np.log(2)
    np.testing.assert_allclose(surprise(predictor(model), SPLITS.test.inputs), bits, rtol=1e-5)
    assert bits_per_char(SPLITS.test.targets, losses) == pytest.approx(
        log_loss(SPLITS.test.targets, losses) / np.log(2)
    )


def test_step_by_step_it_is_the_same_network(tmp_path: Path) -> None:
    """Also by the SavedModel's signature, whose states go in and out."""
    model = network()
    inputs = SPLITS.test.inputs[:2, :30]
    whole = model(inputs).numpy()
    states: list[Any] = [tf.zeros((2, 8)) for _ in range(4)]
    named: dict[str, Any] = {f"{kind}_{n}": tf.zeros((2, 8)) for n in (1, 2) for kind in ("output", "memory")}
    save_model(model, tmp_path, stepped(model).endpoints())
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    one_step = loaded.signatures["step"]
    for place in range(30):
        character = tf.constant(inputs[:, place])
        logits, states = step(model, character, states)
        np.testing.assert_allclose(tf.nn.softmax(logits), whole[:, place], atol=1e-6)
        found = one_step(character=character, **named)
        np.testing.assert_allclose(tf.nn.softmax(found["logits"]), whole[:, place], atol=1e-6)
        named = {name: found[f"{name}_after"] for name in named}
    np.testing.assert_allclose(open_model(tmp_path / "saved_model").predict(inputs), whole, atol=1e-6)


def test_writing_repeats_itself_under_a_seed_and_keeps_the_prompt() -> None:
    writer = Writer(network(), data.vocabulary(SPLITS.categories))
    prompts = ["M:6/8\n", "", "M:2/4\nL:1/8\n"]
    first = writer.write(prompts, longest=60, seed=5)
    assert first == writer.write(prompts, longest=60, seed=5)
    assert first != writer.write(prompts, longest=60, seed=6)
    assert all(text.startswith(prompt) for (text, _), prompt in zip(first, prompts, strict=True))
    assert all(ended or len(text) == 60 for text, ended in first)


def test_the_likeliest_character_each_time_is_what_an_eager_loop_takes() -> None:
    model, known = network(1), data.vocabulary(SPLITS.categories)
    (written, ended), *_ = Writer(model, known).write(["M:"], longest=25, top_k=1)
    text = np.concatenate([[0], known.encode("M:")]).astype("int32")
    while len(text) <= 25:
        probabilities = model(text[None])[0, -1].numpy()
        probabilities[1] = 0
        text = np.append(text, probabilities.argmax().astype("int32"))
        if text[-1] == 0:
            break
    assert written == known.decode(text)
    assert ended == (text[-1] == 0)


@pytest.mark.parametrize("temperature", [1e-30, 1e-300])
def test_the_coldest_temperatures_take_the_likeliest(temperature: float) -> None:
    writer = Writer(network(1), data.vocabulary(SPLITS.categories))
    greedy = writer.write(["M:"], longest=25, top_k=1)
    assert writer.write(["M:"], longest=25, temperature=temperature) == greedy


@pytest.mark.parametrize("temperature", [1e12, 1e46, 1e300])
def test_at_the_hottest_temperatures_every_known_character_is_as_likely(temperature: float) -> None:
    known = data.vocabulary(SPLITS.categories)
    (text, _), *_ = Writer(network(1), known).write(["M:"] * 40, longest=60, temperature=temperature)
    assert UNKNOWN not in text
    written = "".join(text for text, _ in Writer(network(1), known).write([""] * 40, longest=60, temperature=1e46))
    counts = np.array([written.count(symbol) for symbol in known.symbols[2:]])
    assert counts.min() > 0.5 * counts.mean()
    assert counts.max() < 1.5 * counts.mean()


def test_music21_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert scores.read("M:2/4\nL:1/8\nK:D\ni2 AB | TM cd | A4 |]") is not None
    assert capsys.readouterr() == ("", "")


def test_reading_as_music() -> None:
    right = scores.read("M:6/8\nL:1/8\nK:D\nA | dcd efg | f3 A3 | d3 d2 :|")
    assert right is not None
    assert (right.bars_right, right.ends_on_tonic) == (True, True)
    assert right.notes[0][1:] == (0.5, 69)
    for bar in ("dcd ef", "dcd efg a", "dcd efg abc", "dcd efg abc' def"):
        wrong = scores.read(f"M:6/8\nL:1/8\nK:D\nA | {bar} | f3 A3 | d3 e2 :|")
        assert wrong is not None
        assert (wrong.bars_right, wrong.ends_on_tonic) == (False, False), bar
    without_key = scores.read("M:6/8\nL:1/8\ndcd efg | f3 A3 | d6 |]")
    assert without_key is not None
    assert (without_key.bars_right, without_key.ends_on_tonic) == (True, False)
    for key, last in (("Bb", "B"), ("Ador", "A"), ("F#m", "F"), ("Em", "e")):
        reading = scores.read(f"M:2/4\nL:1/8\nK:{key}\nAB cd | ef ga | {last}4 |]")
        assert reading is not None
        assert reading.ends_on_tonic, key
    assert scores.read("no notes at all") is None
    assert scores.read("M:6/8\nL:1/0\nK:D\n(((|||{{") is None


def test_chords_and_grace_notes() -> None:
    """Of a chord the top note is the melody's, and any note may be the tonic; a grace note has no length."""
    reading = scores.read("M:2/4\nL:1/8\nK:D\nAB [ce]d | e2 {f}d2 | [FAd]4 {f}|]")
    assert reading is not None
    assert reading.ends_on_tonic
    assert [note for note in reading.notes if note[0] == 1] == [(1, 0.5, 73), (1, 0.5, 76)]
    assert reading.intervals == {2: 2, 5: 1, -2: 2, 0: 1}
    assert reading.lengths[2.0] == 3


def test_a_tune_is_saved_in_every_form(tmp_path: Path) -> None:
    (saved,) = files.save([Text("A tune", LONG)], tmp_path, "flute")
    endings = {"abc", "mid", "musicxml", "png", "wav", "svg"}
    assert set(saved["files"]) == {f"tune-001.{ending}" for ending in endings}
    assert all((tmp_path / name).stat().st_size > 50 for name in saved["files"])
    assert (saved["parsed"], saved["bars_right"], saved["ends_on_tonic"]) == (True, True, True)
    assert data.read_tunes([tmp_path / "tune-001.abc"])[0].text == LONG


@pytest.mark.parametrize("ending", ["mid", "musicxml", "svg", "wav"])
def test_other_programs_read_what_is_saved(ending: str, tmp_path: Path) -> None:
    """And the same tune gives the same file."""
    from music21 import converter

    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        files.save([Text("A tune", LONG)], folder, "string")
    first, second = (tmp_path / folder / f"tune-001.{ending}" for folder in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    if ending in ("svg", "wav"):
        return
    tune = scores.read(LONG)
    assert tune is not None
    read = converter.parse(first, forceSource=True).flatten().notes
    assert [(float(note.offset), note.pitches[0].midi) for note in read] == [(at, pitch) for at, _, pitch in tune.notes]


def test_a_tune_whose_repeats_make_no_sense_is_played_through(tmp_path: Path) -> None:
    from music21 import converter

    bars = "dAF DFA | ded cBA :| dcd efg | fed cBA |1 FAF GBG |1 AFD E2D |: dfa gec | d3 d2"
    (saved,) = files.save([Text("A tune", f"M:6/8\nL:1/8\nK:D\n{bars} :|:|")], tmp_path, "string")
    assert {"tune-001.mid", "tune-001.musicxml"} <= set(saved["files"])
    read = scores.read(f"M:6/8\nL:1/8\nK:D\n{bars} :|:|")
    assert read is not None
    played = converter.parse(tmp_path / "tune-001.mid", forceSource=True).flatten().notes
    assert [note.pitches[0].midi for note in played] == [pitch for _, _, pitch in read.notes]


def test_a_tune_that_music21_cannot_read_is_kept(tmp_path: Path) -> None:
    (saved,) = files.save([Text("<i>", "M:6/8\nL:1/0\nK:D\n(((|||{{", ended=False)], tmp_path, "string")
    assert (saved["parsed"], saved["files"]) == (False, ["tune-001.abc"])
    assert [path.name for path in tmp_path.glob("tune-*")] == ["tune-001.abc"]
    assert "&lt;i&gt;" in (tmp_path / files.PAGE).read_text()


@settings(max_examples=40, deadline=None)
@given(st.text("AB|", max_size=30), st.lists(st.text("AB|", max_size=40), min_size=1, max_size=4))
def test_the_longest_copied_run(text: str, trained: list[str]) -> None:
    runs = [text[i:j] for i in range(len(text)) for j in range(i, len(text) + 1)]
    expected = max((len(run) for run in runs if any(run in other for other in trained)), default=0)
    assert Corpus(trained).longest_run(text) == expected


def test_judging_real_tunes() -> None:
    known = data.vocabulary(SPLITS.categories)
    found = judging.judged(data.texts(SPLITS.test, known), Corpus([judging.notes_of(LONG)]))
    assert found["parse_rate"] == 1
    assert found["longest_copied_run"]["largest"] == len(judging.notes_of(LONG))
    assert sum(found["lengths"].values()) == pytest.approx(1)
    assert judging.notes_of(TUNE) == "d|dAF{g}d^cd|f=fed2:|A,B,CDEF|G4||"
    assert judging.notes_of("K:D\n|:AB\nP:A\n::cd:|") == "|:AB::cd:|"
    bad = judging.judged(["K", OTHER], Corpus(["xyz"]))
    assert (bad["parse_rate"], bad["longest_copied_run"]["largest"]) == (0.5, 0)


def test_the_strip_shows_a_tune() -> None:
    figure = probabilities(network(), SPLITS)
    assert "".join(text.get_text() for text in figure.axes[0].texts).startswith("M:6/8↵L:1/8↵K:D↵")


def test_histograms_of_tunes_of_which_none_can_be_read() -> None:
    real = {"intervals": {"2": 0.6, "-3": 0.4}}
    figure = histogram({"generated": {"intervals": {}}, "held_out": real}, "intervals", OCTAVE, "semitones")
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()][1] == "generated tunes: none could be parsed"
    heights = [bar.get_height() for bar in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert heights[: len(OCTAVE)] == [{2: 0.6, -3: 0.4}.get(value, 0) for value in range(-12, 13)]


def test_tunes_too_short_for_a_phrase_are_families_of_their_own() -> None:
    short = [Tune(f"Tune {letter}", f"M:4/4\nL:1/8\nK:D\n{letter}2 {letter}2 |") for letter in "ABC"]
    assert len(set(data.families(short).tolist())) == 3


def test_folders_that_are_none_or_hold_no_tunes(tmp_path: Path) -> None:
    for folder, message in (
        (tmp_path / "none", "none: no such folder"),
        (tmp_path, "it contains no .abc file"),
    ):
        with pytest.raises(CallerError, match=message):
            data.load(MusicConfig(data_dir=folder))
    write(tmp_path / "A.ABC", "no tune")
    with pytest.raises(CallerError, match=r"A\.ABC: there is no tune"):
        data.load(MusicConfig(data_dir=tmp_path))


def test_without_music21_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labs.music.data.find_spec", lambda _: None)
    with pytest.raises(CallerError, match="needs music21, which is not installed") as refused:
        data.load(MusicConfig(data="irish"))
    assert "[music]" in refused.value.hint


def test_a_data_set_and_a_folder_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="exclude each other"):
        data.load(MusicConfig(data="irish", data_dir=tmp_path))
