"""ABC files as the ABC 2.1 standard has them, and folders with bad files among good ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.music import data
from labs.music.config import Config
from labs.music.notation.keys import read_key, read_metre, read_unit, signature
from labs.music.notation.transposition import transpose
from labs.music.notation.tunes import Tune, cut, normalise
from utils.base.errors import CallerError

HEADER = "X:1\nT:One\nM:4/4\nL:1/8\nK:D\n"


def texts(content: str) -> list[str]:
    return [normalise(raw).text for raw in cut(content)]


def music(line: str) -> str:
    """What is kept of the music of a tune in D."""
    return normalise(HEADER + line).notes


@pytest.mark.parametrize("start", ["%abc-2.1\n", "", "%%pagewidth 20cm\n", "\ufeff".encode().decode("utf-8-sig")])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_file_header_is_inherited(start: str, end: str) -> None:
    content = f"{start}M:6/8\nL:1/16 % short\nO:Eire\n\nX:1\nK:D\nAB|\n\nX:2\nM:3/4\nK:G\nGA|\n"
    assert texts(content.replace("\n", end)) == ["M:6/8\nL:1/16\nK:D\nAB|", "M:3/4\nL:1/16\nK:G\nGA|"]


def test_fields_between_tunes_are_not_inherited() -> None:
    assert texts("X:1\nK:D\nAB|\n\nM:6/8\n\nX:2\nK:G\nGA|\n") == ["M:4/4\nL:1/8\nK:D\nAB|", "M:4/4\nL:1/8\nK:G\nGA|"]


@pytest.mark.parametrize(
    "between",
    [
        "A fine dance that a neighbour gave me.\n",
        "Beg | bed | add |\n",
        "%%begintext\nA bad cabbage\n\nand a cab\n%%endtext\n",
        "%%begintext\nX:5\nK:G\nGGG\n%%endtext\n",
        "%%begintext\nnever ended\n",
        "% a comment\n\n\n",
    ],
)
def test_free_text_is_no_music(between: str) -> None:
    first = f"{HEADER}AB|\n"
    assert texts(f"{between}\n{first}") == texts(first)[: "never" not in between]
    after = texts(f"{first}\n{between}\n{first}")
    assert after == texts(first) * (1 if "never" in between else 2)


def test_a_text_block_inside_a_tune_is_no_music() -> None:
    assert texts(f"{HEADER}AB|\n%%begintext\na bad cab\n%%endtext\ncd|\n") == ["M:4/4\nL:1/8\nK:D\nAB|\ncd|"]


def test_an_empty_line_below_the_header_does_not_end_a_tune() -> None:
    spaced, words = cut(f"{HEADER}\nAB|cd|\n\nX:2\nK:D\n\nwords, not music\n")
    assert normalise(spaced).text == normalise(f"{HEADER}AB|cd|").text
    with pytest.raises(CallerError, match="no notes"):
        normalise(words)


def test_a_field_is_continued() -> None:
    raw = f"{HEADER}AB|\nw: la la\n+: a baa de\n+: da\ncd|\n"
    assert normalise(raw).notes == "AB|\ncd|"
    assert normalise("X:1\nT:A long\n+:title\nK:D\nAB|").title == "A long title"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("AB\\\ncd|", "AB cd|"),
        ("AB \\ % goes on\ncd|", "AB cd|"),
        ("AB\\\nM:3/4\ncd|", "AB\nM:3/4\ncd|"),
        ("AB\\\n%%setbarnb 1\ncd|", "AB\ncd|"),
        ("AB|\nw: la \\\n+: ba\ncd|", "AB|\ncd|"),
    ],
)
def test_lines_that_a_backslash_continues(line: str, kept: str) -> None:
    assert music(line) == kept


DECORATIONS = [
    "1",
    "5",
    "D.S.",
    "D.C.",
    "D.S.alcoda",
    "8va(",
    "8va)",
    "<(",
    "<)",
    "+",
    ">",
    "^",
    "///",
    "breath",
    "courtesy",
    "editorial",
    "crescendo(",
    "invertedfermata",
    "fermata",
    "trill(",
    "arpeggio",
    "segno",
    "p",
    "ffff",
    "A",
    "2,3",
    "x/y",
    "~",
    "[",
    "]",
    "{G}",
    "D.S._al_Fine",
    "a=b",
    "D.S. al Fine",
]


@pytest.mark.parametrize("decoration", DECORATIONS)
def test_decorations_are_dropped_whole(decoration: str) -> None:
    assert music(f"!{decoration}!A!{decoration}! B|cd|") == "A B|cd|"


@given(st.text("ABcdefg0123456789.()<>+^~ -/", max_size=12).map(str.strip).filter(bool))
def test_whatever_is_in_a_decoration(decoration: str) -> None:
    assert music(f"!{decoration}!A!{decoration}!B|") == "AB|"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("AB|cd!\nef|ga!|", "AB|cd\nef|ga|"),
        ("AB| ! cd| ! ef|", "AB| cd| ef|"),
        ("AB!|cd!|", "AB|cd|"),
        ("+trill+A+5+B+CEG+|", "AB+CEG+|"),
        ('"D7"A"^with feeling"B|', "AB|"),
        ("A y B `c|", "A B c|"),
        ("[P:A]AB|[r:a bad cab]cd|[M:3/4]e|[K:G clef=bass]f|[Q:1/4=80]g|", "AB|cd|[M:3/4]e|[K:G]f|g|"),
        ("AB|\nK:bass\ncd|\nK:G\nef|", "AB|\ncd|\nK:G\nef|"),
    ],
)
def test_other_words_among_the_notes(line: str, kept: str) -> None:
    assert music(line) == kept


CLEFS = [
    *("", " clef=bass", " bass", " treble-8", " alto", " tenor+8", " perc", " G2", " octave=1", " octave=-2"),
    *(" transpose=-2", " t=12", " middle=d", " m=B,", " stafflines=1", " bass octave=1 transpose=-2", " clef=none"),
]


@pytest.mark.parametrize("clef", CLEFS)
@pytest.mark.parametrize(
    ("text", "key"),
    [
        *[("D", "D"), ("C", "C"), ("G", "G"), ("F", "F"), ("Em", "Em"), ("A Dorian", "Ador"), ("Bb maj", "Bb")],
        *[("HP", "Amix"), ("Hp", "Amix"), ("none", "none"), ("", "none"), ("None", "none")],
        *[("D =c", "Dmix"), ("D=c", "Dmix"), ("Dmix=c", "Dmix"), ("A exp ^f ^c", "Amix"), ("D Phr", "Dphr")],
    ],
)
def test_keys_with_clefs(text: str, key: str, clef: str) -> None:
    assert read_key(text + clef) == key
    assert read_key(key) == key


def test_the_bagpipe_has_two_sharps_and_no_key_none() -> None:
    assert {letter for letter, raised in signature(read_key("HP")).items() if raised == 1} == {"F", "C"}
    assert set(signature("none").values()) == {0}
    tune = normalise("X:1\nM:none\nK:none\n^FGA|")
    assert tune.text == "M:none\nL:1/8\nK:none\n^FGA|"
    assert tune.key == "none"
    assert transpose(Tune("", "M:4/4\nL:1/8\nK:G\nGA|"), "A").key == "A"


@pytest.mark.parametrize(
    ("text", "metre"),
    [("none", "none"), ("None", "none"), ("2+3/8", "5/8"), ("(2+3+2)/8", "7/8"), ("3+3+2/8", "8/8"), ("C|", "2/2")],
)
def test_metres_of_the_standard(text: str, metre: str) -> None:
    assert read_metre(text) == read_metre(metre) == metre


def test_a_unit_of_a_whole_note() -> None:
    assert (read_unit("1"), read_unit("1/1"), read_unit("1/8")) == ("1/1", "1/1", "1/8")
    with pytest.raises(CallerError, match="there is no unit length"):
        read_unit("2")


VOICES = {
    "lines": ("V:1\nAB|cd|\nV:2 clef=bass\nD,D,|D,D,|\nV:1\nef|\nV:2\nD,4|", ("2",)),
    "inline": ("[V:1] AB|cd|\n[V:2] D,D,|D,D,|\n[V:1]ef|\n[V:2]D,4|", ("2",)),
    "three, named": ('V:T name="Tin whistle"\nAB|cd|\nef|\nV:B\nD,4|\nV:C\nE,4|', ("B", "C")),
    "in one line": ("[V:1]AB|cd|[V:2]D,D,|D,D,|\n[V:1]ef|", ("2",)),
    "changes of key": ("V:1\nAB|cd|\nV:2\nK:G\nM:2/4\nD,4|\nV:1\nef|", ("2",)),
    "only one": ("V:1\nAB|cd|\nef|", ()),
    "overlay": ("AB & D,D,|cd & D,D,|\nef|", ("&",)),
}


@pytest.mark.parametrize("header", ["", "V:1 clef=treble\nV:2 clef=bass\n"])
@pytest.mark.parametrize("case", VOICES)
def test_the_first_of_several_voices(case: str, header: str) -> None:
    body, others = VOICES[case]
    tune = normalise(f"X:1\nM:4/4\nL:1/8\n{header}K:D\n{body}")
    assert tune.notes.replace(" |", "|") == "AB|cd|\nef|"
    assert tune.left_out == others


def many(number: int, title: str, start: int = 0) -> str:
    random = np.random.default_rng(start)
    bodies = ["".join(random.choice(list("ABcdefg"), 30)) for _ in range(number)]
    return "\n".join(f"X:{i}\nT:{title.format(i)}\nM:4/4\nK:D\n{body}|\n" for i, body in enumerate(bodies, 1))


TITLES = ["Gan Ainm", "Untitled", "Polka {}", "Jig No. {}", "", "no name", "Reel in D", "THE UNKNOWN", "Tune {}"]


@pytest.mark.parametrize("title", TITLES)
def test_titles_that_name_no_tune(title: str, tmp_path: Path) -> None:
    (tmp_path / "x.abc").write_text(many(30, title))
    tunes = data.read_tunes([tmp_path / "x.abc"])
    assert len(set(data.families(tunes))) == 30
    assert len(set(data.families([*tunes, *tunes[:5]]))) == 30, "equal notes are one family"
    assert len(data.load(Config(data_dir=tmp_path, test_fraction=0.2)).test) >= 4


def test_titles_that_name_a_tune(tmp_path: Path) -> None:
    (tmp_path / "x.abc").write_text(many(6, "The Sailor's Jig {}"))
    assert len(set(data.families(data.read_tunes([tmp_path / "x.abc"])))) == 1


def test_bad_files_do_not_stop_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.abc").write_text(many(30, "Tune {}") + "\nX:99\nT:Medley\nK:D\n" + "defg|" * 1000)
    plain = len(data.load(Config(data_dir=tmp_path)).train)
    capsys.readouterr()
    (tmp_path / "._b.abc").write_bytes(b"\0\5\x16\7\0\2\xff")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "b.abc").write_bytes(b"\xff")
    (tmp_path / "a.abc").write_bytes("X:1\nT:Café\nK:D\nAB|".encode("utf-16"))
    (tmp_path / "c.abc").touch()
    assert len(data.load(Config(data_dir=tmp_path)).train) == plain
    assert capsys.readouterr().err.splitlines() == [
        "note: a.abc: this is not text in UTF-8 (byte 0); skipped",
        "note: b.abc, tune 31: a tune (Medley) has 5,016 characters; skipped",
        "note: c.abc: the file is empty; skipped",
        "note: 1 of 31 tunes and 2 files are skipped: this is not text in UTF-8 (byte 0), a tune (Medley) has 5,016 "
        "characters, the file is empty",
    ]


def test_many_bad_tunes_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.abc").write_text(many(2, "Tune {}") + "".join(f"\nX:{i}\nK:H\nAB|\n" for i in range(9)))
    assert len(data.read_tunes([tmp_path / "a.abc"])) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == data.NAMED + 1
    assert said[-1] == "note: 9 of 11 tunes are skipped: there is no key 'H'"


def test_left_out_voices_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.abc").write_text(f"{HEADER}V:1\nAB|\nV:2\nD,2|\nV:3\nE,2|\n")
    assert data.read_tunes([tmp_path / "a.abc"])[0].notes == "AB|"
    assert capsys.readouterr().err == "note: a.abc, One: voices 2, 3 left out\n"
