"""Dividing texts into characters, byte pairs and words: without loss, and by what each token costs."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.text.tokenizing.byte_pairs import BytePairs, learn, merged
from utils.text.tokenizing.characters import Characters
from utils.text.tokenizing.encoded import CODE_POINTS, SPECIAL, UNKNOWN, together
from utils.text.tokenizing.layout import Layout
from utils.text.tokenizing.spelling import Spelling
from utils.text.tokenizing.words import Words, joined, split

SOME = (
    "JULIET:\nO Romeo, Romeo! wherefore art thou Romeo?\nDeny thy father -- and refuse thy name;\n\n"
    "ROMEO:\nShall I hear more, or shall I speak at this?\n\n"
) * 5
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
PLAIN = st.text(st.sampled_from("Ab c.\n-'\"É\tß İ8_"), max_size=40)


@given(TEXTS, TEXTS)
def test_byte_pairs_lose_nothing(learned: str, text: str) -> None:
    pairs = BytePairs.learn(learned, 300)
    encoded = pairs.encode(text)
    assert pairs.decode(encoded.tokens) == text
    assert encoded.characters.sum() == len(text)
    assert not encoded.spelling.any()
    assert pairs.unknown(text) == []


@given(TEXTS)
def test_characters_lose_nothing_that_they_know(text: str) -> None:
    characters = Characters.learn(text)
    assert characters.decode(characters.encode(text).tokens) == text
    assert len(characters.encode(text)) == len(text)


def test_unknown_characters_cost_a_choice_among_all() -> None:
    characters = Characters.learn("abc")
    encoded = characters.encode("abΩ")
    assert encoded.tokens.tolist() == [2, 3, UNKNOWN]
    assert encoded.spelling.tolist() == pytest.approx([0, 0, np.log(CODE_POINTS)])
    assert characters.decode(encoded.tokens) == "ab"
    assert characters.unknown("aΩbΨΩ") == ["Ψ", "Ω"]
    assert Characters.learn("a").unknown("<start>") == ["<", ">", "r", "s", "t"]


@given(PLAIN | TEXTS)
def test_words_and_forms_lose_nothing_but_white_space_at_the_end(text: str) -> None:
    pieces = split(text)
    whole = joined(pieces)
    assert text.startswith(whole)
    assert not text[len(whole) :].strip()
    assert "\n" not in text[len(whole) :]
    encoded = Words.learn(SOME, 1000, 1).encode(text)
    assert encoded.characters.sum() == len(whole)
    assert np.isfinite(encoded.spelling).all()
    assert (encoded.spelling >= 0).all()


def test_words_of_udacity() -> None:
    text = "Moe_Szyslak: (INTO PHONE) \"Moe's,\" he said -- well-made!\nHOMER: D'oh."
    found = [word for _, word in split(text)]
    assert found == [
        *("Moe_Szyslak:", "(", "into", "phone", ")", '"', "moe's", ",", '"', "he", "said", "--", "well", "-", "made"),
        *("!", "\n", "homer:", "d'oh", "."),
    ]
    assert [form for form, _ in split("THE The the tHe I")] == ["u", " c", " =", " =", " c"]


def test_words_decode_to_the_usual_form() -> None:
    words = Words.learn(SOME, 1000, 1)
    text = "ROMEO:\nShall I speak, or hear thy name?\n\nJULIET:\nO Romeo!\n"
    assert words.decode(words.encode(text).tokens) == text
    assert words.unknown("Deny thy SWORD, sword and  shield") == ["sword", "shield"]
    assert words.unknown("<unknown> name") == ["<unknown>"]


def test_rare_words_are_unknown_and_spelled() -> None:
    words = Words.learn("the cat sat. the cat ran. the dog ran.\n", 100, 2)
    assert set(words.symbols[2:]) == {"the", "cat", "ran", "."}
    assert set(words.rare) == {"sat", "dog", "\n"}
    encoded = words.encode("the sat zebra")
    assert encoded.tokens[1:].tolist() == [UNKNOWN, UNKNOWN]
    known, seen, unseen = encoded.spelling
    assert known < seen < unseen  # `zebra` has letters that no rare word has
    assert Words.learn("the cat sat the", 1, 1).symbols[2:] == ("the",)


def test_spelling_is_a_distribution() -> None:
    """The probabilities of all words over the letters sum to one, up to the longest word that is summed over."""
    spelling = Spelling(["ab", "a", "bba", "ba"], 3)
    every, total = [""], 0.0
    for _ in range(12):
        total += float(np.exp(-spelling.nats(every)).sum())
        every = [word + letter for word in every for letter in "ab"]
    assert 0.95 < total < 1
    assert spelling.nats(["ab", "zz", "ab"])[[0, 2]].tolist() == spelling.nats(["ab"]).tolist() * 2
    assert spelling.nats(["z"])[0] > np.log(CODE_POINTS)


def test_forms_have_a_distribution() -> None:
    words = Words.learn(SOME, 1000, 1)
    layout = words.layout
    number = words.symbols.index("romeo")
    forms = [space + case for length in range(4) for space in _spaces(length) for case in "=cu"]
    total = sum(float(np.exp(-layout.nats([".", form], [number, number])[1])) for form in forms)
    assert 0.9 < total <= 1.0000001
    assert layout.likeliest([]) == []


def _spaces(length: int) -> list[str]:
    return [""] if not length else [a + b for a in _spaces(length - 1) for b in "\t \x0b\x0c\r\x1c\x1d\x1e"]


@pytest.mark.parametrize("kind", [Characters, BytePairs, Words])
def test_state_is_json_from_which_the_tokenizer_is_made_again(kind: Any) -> None:
    arguments = {Characters: (), BytePairs: (300,), Words: (50, 2)}[kind]
    learned = kind.learn(SOME + "é€", *arguments)
    again = kind.of_state(json.loads(json.dumps(learned.state())))
    text = "Romeo and é Ω,\n\tJULIET"
    one, two = learned.encode(text), again.encode(text)
    assert one.tokens.tolist() == two.tokens.tolist()
    assert one.spelling.tolist() == two.spelling.tolist()
    assert again.symbols == learned.symbols
    assert again.symbols[:2] == SPECIAL
    assert again.decode(one.tokens) == learned.decode(one.tokens)


def test_byte_pairs_are_learned_by_frequency() -> None:
    """The example of Sennrich et al.: merges of the most frequent pairs, never across words."""
    text = " ".join(["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3)
    found = learn(text, 262)
    assert found[:256] == [bytes([byte]) for byte in range(256)]
    assert len(found) == 262
    assert b"est" in found
    assert not any(b" " in sequence[1:] for sequence in found)
    assert len(learn("abc", 300)) == 256  # no pair occurs twice
    assert merged([b"a", b"a", b"a", b"a", b"a"], b"aa") == [b"aa", b"aa", b"a"]


@settings(max_examples=30)
@given(st.text("ab ", min_size=1, max_size=60))
def test_byte_pairs_encode_as_they_were_learned(text: str) -> None:
    """The pieces of the text itself are those that learning ended with: nothing that could be joined is left."""
    pairs = BytePairs.learn(text, 280)
    for chunk in text.split():
        pieces = pairs.pieces(chunk.encode())
        assert b"".join(pieces) == chunk.encode()
        assert not any(left + right in pairs.sequences for left, right in pairwise(pieces))


def test_three_and_a_half_megabytes_are_encoded_in_seconds() -> None:
    random = np.random.default_rng(0)
    vocabulary = ["".join(random.choice(list("etaoinshr"), random.integers(2, 9))) for _ in range(20_000)]
    text = " ".join(random.choice(vocabulary, 550_000))
    start = time.process_time()
    pairs = BytePairs.learn(text, 1024)
    assert pairs.encode(text).characters.sum() == len(text) > 3_000_000
    assert time.process_time() - start < 20


def test_texts_in_a_row() -> None:
    pairs = BytePairs.learn(SOME, 300)
    one, two = pairs.encode("Romeo "), pairs.encode("and Juliet")
    both = together([one, two])
    assert pairs.decode(both.tokens) == "Romeo and Juliet"
    assert len(both[1:]) == len(both) - 1
    assert both[1:].characters.tolist() == both.characters[1:].tolist()


def test_a_layout_without_counts_has_probabilities() -> None:
    layout = Layout.learn([], [], SPECIAL)
    assert np.isfinite(layout.nats(["="], [UNKNOWN])).all()
    assert layout.likeliest([UNKNOWN]) == ["="]
