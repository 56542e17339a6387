"""Tunes as sound and in staff notation: performance, synthesiser, Verovio's process."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.music.notation.staff import staffs
from labs.music.sound.listen import PLAYER_RATE, play, staff
from labs.music.sound.performance import Note, perform
from labs.music.sound.synthesiser import RATE, frequency, synthesise, wav
from utils.base.errors import CallerError

HEAD = "M:2/4\nL:1/8\nK:D\n"
CRASHES = "M:6/8\nL:1/8\nK:A\nv~pEvE(i_p,[6D+]..][:oK6 )Dx<)gBc2CrA}3hZ"
"""A text that ends Verovio 6.4 with a segmentation fault."""


def played(music: str) -> list[Note]:
    notes = perform(HEAD + music)
    assert notes is not None
    return notes


def pitches(music: str) -> list[int]:
    return [note.pitch for note in played(music)]


def test_repeats_and_endings_are_played() -> None:
    assert pitches("|: AB cd |1 e2 e2 :|2 f2 f2 |]") == [69, 71, 73, 74, 76, 76, 69, 71, 73, 74, 78, 78]


def test_a_malformed_repeat_is_played_once() -> None:
    assert pitches("AB cd :|:|1 e2 e2 |2 :|") in ([69, 71, 73, 74, 76, 76], [69, 71, 73, 74] * 2 + [76, 76])


def test_a_roll_is_five_notes_within_the_time_of_one() -> None:
    notes = played("~A4 | B4 |]")
    assert [note.pitch for note in notes] == [69, 71, 69, 67, 69, 71]  # G and B are in the scale of D
    assert notes[0].seconds == pytest.approx(notes[2].seconds)
    assert notes[1].seconds < notes[0].seconds
    assert notes[4].start + notes[4].seconds == pytest.approx(notes[5].start)


def test_a_trill_alternates_with_the_note_above_and_ends_on_its_own() -> None:
    notes = played("TF4 | G4 |]")[:-1]
    assert {note.pitch for note in notes} == {66, 67}
    assert notes[0].pitch == notes[-1].pitch == 66
    assert len(notes) > 5


def test_a_grace_note_takes_its_time_from_its_note() -> None:
    grace, note, after = played("{e}d4 | B4 |]")
    assert (grace.pitch, grace.start) == (76, 0)
    assert note.start == pytest.approx(grace.seconds)
    assert note.start + note.seconds == pytest.approx(after.start)


def test_ties_chords_and_staccato() -> None:
    assert [note.pitch for note in played("A4- | A4 |]")] == [69]
    assert sorted(pitches("[Ac]4 | B4 |]")) == [69, 71, 73]
    short, whole = played(".A2 A2 |]")
    assert short.seconds == pytest.approx(whole.seconds / 2)


def test_tempo_depends_on_the_metre() -> None:
    """A jig has 112 dotted quarter notes per minute, a reel 96 half notes."""
    jig, reel = perform("M:6/8\nL:1/8\nK:D\nA3 B3 |]"), perform("M:4/4\nL:1/8\nK:D\nA4 B4 |]")
    assert jig is not None
    assert reel is not None
    assert jig[1].start == pytest.approx(60 / 112)
    assert reel[1].start == pytest.approx(60 / 96)


@pytest.mark.parametrize("instrument", ["string", "flute"])
@pytest.mark.parametrize("pitch", [55, 62, 69, 76, 88])
def test_notes_are_in_tune(instrument: str, pitch: int) -> None:
    """Within two hundredths of a semitone: a listener notices about five."""
    sound = synthesise([Note(0, 2, pitch)], instrument)[: 2 * RATE]  # type: ignore[arg-type]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
    hertz = np.fft.rfftfreq(1 << 19, 1 / RATE)
    near = (hertz > 0.94 * frequency(pitch)) & (hertz < 1.06 * frequency(pitch))
    found = hertz[near][spectrum[near].argmax()]
    assert abs(1200 * np.log2(found / frequency(pitch))) < 2


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0, 2), st.floats(0.001, 1), st.integers(40, 100)), min_size=1, max_size=8),
    st.sampled_from(["string", "flute"]),
)
def test_any_notes_sound(rows: list[tuple[float, float, int]], instrument: str) -> None:
    sound = synthesise([Note(*row) for row in rows], instrument)  # type: ignore[arg-type]
    assert np.isfinite(sound).all()
    assert 0.5 < np.abs(sound).max() <= 1
    with wave.open(io.BytesIO(wav(sound))) as read:
        assert (read.getnchannels(), read.getframerate(), read.getnframes()) == (1, RATE, len(sound))


def test_a_tune_that_crashes_verovio_loses_no_other() -> None:
    first, crashed, last = staffs([HEAD + "A4 | B4 |]", CRASHES, HEAD + "c4 | d4 |]"])
    assert crashed is None
    assert first is not None
    assert last is not None
    assert "<svg" in first
    assert first != last


def test_a_player_of_an_excerpt_is_small() -> None:
    """A notebook stores the sound: six seconds are about 180 kB."""
    tune = HEAD + "A4 | B4 | c4 | d4 | e4 | f4 | g4 | a4 |]"
    whole, excerpt = play(tune), play(tune, seconds=1.5)
    with wave.open(io.BytesIO(excerpt.data)) as read:
        assert (read.getframerate(), read.getnframes()) == (PLAYER_RATE, round(1.5 * PLAYER_RATE))
        samples = np.frombuffer(read.readframes(read.getnframes()), "<i2")
    with wave.open(io.BytesIO(whole.data)) as read:
        assert read.getnframes() > 2 * len(samples)
        start = np.frombuffer(read.readframes(PLAYER_RATE // 2), "<i2")
    assert np.array_equal(samples[: len(start)], start)
    assert np.abs(samples[-20:]).max() < 0.01 * np.abs(samples).max()
    assert len(play(tune, seconds=1000).data) == len(whole.data)
    with pytest.raises(CallerError, match="seconds=0: the length of an excerpt is positive"):
        play(tune, seconds=0)


def test_in_a_notebook() -> None:
    assert "audio" in play(HEAD + "A4 | B4 |]")._repr_html_()
    assert "<svg" in staff(HEAD + "A4 | B4 |]")._repr_svg_()
    with pytest.raises(CallerError, match="cannot parse"):
        play("no tune")
    with pytest.raises(CallerError, match="cannot read"):
        staff(CRASHES)
