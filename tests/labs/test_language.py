"""The texts of the language lab: splits, tokens, windows, bad input; its recurrent networks; its n-grams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from labs import find_definition
from labs.language import data, model, written
from labs.language.config import Config
from labs.language.ngrams import Baselines
from utils.base.errors import CallerError
from utils.datasets.audit import audit
from utils.datasets.catalog import find
from utils.datasets.corpora import plays
from utils.datasets.locate import lacks_package
from utils.datasets.obtain import obtain
from utils.export.formats import FORMATS, open_model, save_model
from utils.export.predictor import predictor
from utils.text.next_token import log_loss, measure
from utils.text.sequences import PADDING
from utils.text.tokenizing.encoded import UNKNOWN

RECURRENT = ("simple-rnn", "lstm", "gru")
SENTENCES = "".join(
    f"The {animal} of Number {n} sees {n % 7} birds, and flies.\n" for n, animal in enumerate(["Cat", "dog", "ox"] * 60)
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(SENTENCES, encoding="utf-8")
    return path


def config(path: Path, **options: Any) -> Config:
    return Config(data=str(path), **{"tokens": "characters", "length": 16, **options})


@pytest.mark.parametrize("tokens", ["characters", "words", "bpe"])
def test_the_text_is_in_three_contiguous_parts(book: Path, tokens: str) -> None:
    texts = data.load(config(book, tokens=tokens, vocabulary=300))
    parts = texts.texts
    assert "".join(parts.values()) == SENTENCES
    assert [round(len(part) / len(SENTENCES), 2) for part in parts.values()] == [0.8, 0.1, 0.1]
    for name in ("validation", "test"):
        split, encoded = texts.parts()[name], texts.encoded[name]
        assert split.targets["characters"].sum() == encoded.characters[1:].sum()
        assert encoded.characters.sum() == len(parts[name].rstrip(" ") if tokens == "words" else parts[name])
        assert (split.targets["tokens"] != PADDING).sum() == len(encoded) - 1
    assert audit(texts)["duplicates_across_splits"] == 0
    assert data.tokenizer_of(texts.categories).encode(SENTENCES).tokens.tolist() == (
        texts.tokenizer.encode(SENTENCES).tokens.tolist()
    )


def test_tokens_are_learned_from_the_training_part_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("abc abd. " * 100 + "xyz " * 25)
    for tokens in ("characters", "words"):
        texts = data.load(config(path, tokens=tokens))
        assert not {"x", "xyz"} & set(texts.tokenizer.symbols)
        assert (texts.encoded["test"].tokens == UNKNOWN).any()
        assert texts.encoded["test"].spelling.sum() > 10
    bpe = data.load(config(path, tokens="bpe", vocabulary=300))
    assert not any("xy" in symbol for symbol in bpe.tokenizer.symbols)


def test_windows_of_the_evaluation() -> None:
    assert data.windows(Config(network="transformer", length=128)) == (128, 64)
    assert data.windows(Config(length=10)) == (256, 32)
    assert data.windows(Config(length=100)) == (800, 100)
    assert data.windows(Config(length=1000)) == (1024, 128)


def test_a_text_of_its_own_counts_its_first_token() -> None:
    tokenizer = data.learn(Config(tokens="characters"), "ab\n")
    row = data.rows_of_own("ba", tokenizer, Config(length=10))
    targets: Any = row.targets
    assert row.inputs[0, :2].tolist() == tokenizer.encode("\nb").tokens.tolist()
    assert targets["tokens"][0, :3].tolist() == [*tokenizer.encode("ba").tokens, PADDING]
    assert targets["characters"].sum() == 2
    without = data.learn(Config(tokens="characters"), "ab")
    assert UNKNOWN not in data.beginning(without)


@pytest.mark.skipif(lacks_package(find("plays")), reason="needs the extra language")
def test_plays_are_split_by_play() -> None:
    texts = data.load(Config(data="plays", tokens="characters", length=64))
    paths = sorted(obtain("plays", "language").paths)
    assert len(paths) == 38
    whole = plays(paths)
    homes = [[name for name, part in texts.texts.items() if play in part] for play in whole]
    assert all(len(home) == 1 for home in homes)
    assert [homes.count([name]) for name in texts.texts] == [30, 4, 4]
    juliet = next(play for play in whole if play.startswith("Romeo and Juliet"))
    assert "\nJULIET:\nO Romeo, Romeo! wherefore art thou Romeo?\n" in juliet
    assert not set("*#\\") & set("".join(whole))


def refused(**options: Any) -> CallerError:
    with pytest.raises(CallerError) as raised:
        data.load(Config(**options))
    assert raised.value.hint
    return raised.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"a", "the text has 1 characters"),
        (b"ab " * 30, "too few for --length 100"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not text in UTF-8"),
        (b"abc\ndef\0" * 500, "line 2: it contains NUL bytes"),
        ("a\n".encode("utf-16") * 300, "not text in UTF-8"),
        (b"a" * 4000, "too few to predict"),
    ],
    ids=["empty", "blank", "one character", "short", "image", "binary", "utf-16", "repeated"],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert message in refused(data=str(path), tokens="characters", length=100).message


def test_options_that_exclude_each_other(book: Path, tmp_path: Path) -> None:
    path = str(book)
    assert "the validation split" in refused(data=path, tokens="words", length=300).message
    assert "--vocabulary 100" in refused(data=path, tokens="bpe", vocabulary=100).message
    assert "4 heads" in refused(data=path, network="transformer", units=30).message
    assert "leave no text" in refused(data=path, test_fraction=0.6, validation_fraction=0.5).message
    assert "--min-count 5000" in refused(data=path, min_count=5000).message
    assert "one-hot" in refused(data=path, embedding=0).message
    assert "reads one text file" in refused(data_dir=tmp_path).message
    assert "no such file" in refused(data=str(tmp_path / "none.txt")).message
    assert "no data set of the lab" in refused(data="shakespear").message


def test_windows_line_ends_are_ends_of_lines(book: Path, tmp_path: Path) -> None:
    windows = tmp_path / "windows.txt"
    windows.write_bytes(b"\xef\xbb\xbf" + SENTENCES.replace("\n", "\r\n").encode())
    one, other = data.load(config(book)), data.load(config(windows))
    assert one.texts == other.texts
    assert one.source.digest != other.source.digest


@pytest.mark.parametrize("name", ["book.txt", "folder/book", "my.book.markdown"])
def test_any_file_may_be_the_data(name: str) -> None:
    definition = find_definition("language")
    assert definition.names_file(name)
    assert not definition.names_file("shakespeare")
    assert not definition.names_file("moes-tavern")


def test_texts_to_predict_from(book: Path, tmp_path: Path) -> None:
    found = data.read([book, Path("To be, or not")], {})
    assert list(found) == [SENTENCES, "To be, or not"]
    with pytest.raises(CallerError, match="no such file"):
        data.read([tmp_path / "none.txt"], {})
    with pytest.raises(CallerError, match="empty"):
        data.read([Path("  ")], {})


def test_n_grams_are_chosen_on_validation(book: Path) -> None:
    texts = data.load(config(book))
    found: Baselines = texts.baselines
    values = {order: log_loss(None, losses) for order, losses in found.test.items()}
    assert list(values) == list(range(1, 9))
    assert values[found.order] < values[2] < values[1]
    assert found.test[1].shape == (len(texts.test), 4)
    assert found.nats.shape == texts.test.inputs.shape
    np.testing.assert_allclose(found.nats.sum(axis=1), found.test[found.order][:, 0])
    # The longest may be a little better on test: test is not what it is chosen by.
    assert found.log_losses()[str(found.order)] == values[found.order]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kind", RECURRENT)
def test_a_step_is_the_network(kind: str, tied: bool, book: Path) -> None:
    texts = data.load(config(book, network=kind, units=12, embedding=6, layers=2, dropout=0.2, tied=tied))
    network = model.build(texts.config, texts)
    stepped = model.stepped(network)
    tokens = texts.test.inputs[:3, :20]
    whole = np.log(network(tokens).numpy())
    states = stepped.zeros(3)
    assert len(states) == (4 if kind == "lstm" else 2)
    for place in range(tokens.shape[1]):
        logits, states = stepped.step(tokens[:, place], states)
        found = logits - keras.ops.logsumexp(logits, axis=-1, keepdims=True)
        np.testing.assert_allclose(found, whole[:, place], atol=1e-4)


@pytest.mark.parametrize(("kind", "tied"), [*((kind, False) for kind in RECURRENT), ("lstm", True)])
def test_no_look_ahead_before_and_after_reload(kind: str, tied: bool, book: Path, tmp_path: Path) -> None:
    texts = data.load(config(book, network=kind, units=8, embedding=4, tied=tied))
    network = model.build(texts.config, texts)
    save_model(network, tmp_path, {})
    tokens = texts.test.inputs[:2, :24]
    later = tokens.copy()
    later[:, 12:] = 2
    for reload in [network.predict, *(open_model(tmp_path / form).predict for form in FORMATS.values())]:
        one, other = reload(tokens), reload(later)
        assert (one[:, :12] == other[:, :12]).all()
        assert (one[:, 12:] != other[:, 12:]).any()


def test_the_loss_is_computed_from_logits(book: Path) -> None:
    """Keras finds the softmax before the loss: a probability that underflows to 0 still has its exact loss."""
    texts = data.load(config(book, units=8, embedding=4))
    network = model.build(texts.config, texts)
    network.layers[-1].kernel.assign(network.layers[-1].kernel * 0)
    bias = np.zeros(len(texts.tokenizer.symbols))
    bias[3] = 300.0
    network.layers[-1].bias.assign(bias)
    network.compile(loss="sparse_categorical_crossentropy")
    inputs = texts.test.inputs[:1, :4]
    assert network.evaluate(inputs, np.full_like(inputs, 4), verbose=0) == pytest.approx(300, rel=1e-4)


def test_one_pass_over_the_test_text_is_enough(book: Path) -> None:
    texts = data.load(config(book, network="transformer", layers=1, units=8, heads=2))
    network = model.build(texts.config, texts)
    found = written.nats_of_windows(network, texts)
    targets: Any = texts.test.targets
    measured = measure(predictor(network), texts.test.inputs, targets)
    np.testing.assert_allclose(np.where(targets["tokens"] == PADDING, 0, found).sum(axis=1), measured[:, 0], rtol=1e-6)
    positions = written.by_position(found, texts)
    assert len(positions) == texts.test.inputs.shape[1]
    assert sum(positions) * texts.encoded["test"].characters.mean() == pytest.approx(
        found[:-1].mean(axis=0).sum(), 1e-3
    )
