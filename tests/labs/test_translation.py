"""The translation lab: generated and read pairs, what never is in training, and the networks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from labs.translation import data, model
from labs.translation.config import Config
from labs.translation.evaluation.attention import attention, has_attention
from labs.translation.lab import lab
from labs.translation.steps import stepped
from labs.translation.texts.generated import GENERATORS, generate
from labs.translation.texts.pairs import Texts, aligned, columns, groups, without
from tests.conftest import Refused
from utils.base.errors import CallerError
from utils.datasets.splits import Splits
from utils.export.formats import FORMATS, open_model, save_h5, save_model
from utils.text.pairs.translating import teacher_forced
from utils.text.pairs.vocabulary import SPECIAL
from utils.training.results import silent

NETWORKS = ["plain", "dot", "additive", "transformer"]
SMALL = Config(data="dates", pairs=300, units=8, embedding=8, layers=2, heads=2)


def trained_texts(splits: data.Pairs) -> set[str]:
    return {text for pair in splits.texts["train"] for text in pair}


@pytest.mark.parametrize("name", list(GENERATORS))
def test_no_text_of_the_test_split_is_in_training(name: str) -> None:
    """In neither direction: neither as source nor as target."""
    splits = data.load(Config(data=name, pairs=3000))
    trained = trained_texts(splits) | {text for pair in splits.texts["validation"] for text in pair}
    tested = {text for pair in splits.texts["test"] for text in pair}
    assert len(splits.test) > 50
    assert not tested & trained
    assert splits.source.simulated
    known = data.vocabularies(splits.categories)
    for part, texts in zip(splits.parts().values(), splits.texts.values(), strict=True):
        assert isinstance(part.inputs, dict)
        assert [known[0].decode(row) for row in part.inputs["source"]] == [source for source, _ in texts]
        assert [known[1].decode(row) for row in part.targets] == [target for _, target in texts]


def test_pairs_that_share_a_text_are_one_group() -> None:
    found = groups([("ab", "ba"), ("ba", "ab"), ("c", "d"), ("d", "e"), ("x", "ba"), ("y", "z")])
    assert found[0] == found[1] == found[4]
    assert found[2] == found[3]
    assert len({found[0], found[2], found[5]}) == 3


def test_reversed_pairs_are_left_out() -> None:
    assert without([("a", "b"), ("b", "a"), ("a", "c")], [("a", "b")]) == [("a", "c")]


def test_what_is_generated() -> None:
    dates = generate("dates", 3000)
    assert ("Dienstag, 3. März 1992", "1992-03-03") not in dates[:5]
    by_source = defaultdict(set)
    for source, target in dates:
        by_source[source].add(target)
    assert {len(targets) for targets in by_source.values()} == {1}  # unambiguous
    assert all(len(target) == 10 for _, target in dates)
    assert {"Tuesday", "Dienstag", "mardi"} <= {source.split(",")[0].split()[0] for source, _ in dates}
    assert all(source[::-1] == target for source, target in generate("reverse", 50))
    assert all("".join(sorted(source)) == target for source, target in generate("sort", 50))
    assert ("four", "quatre") in generate("numbers", 500)
    assert generate("dates", 50) == generate("dates", 50)
    assert len(set(dates)) == len(dates)


def test_a_missing_package_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labs.translation.texts.generated.find_spec", lambda _: None)
    with pytest.raises(CallerError, match="dates are generated with babel"):
        generate("dates", 5)
    assert generate("sort", 5)


def test_subwords_and_lower_case(tmp_path: Path) -> None:
    pairs = [(f"Der Mann {n} läuft.", f"The man {n} runs.") for n in range(60)]
    (tmp_path / "own.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
    own = Config(data=str(tmp_path / "own.tsv"), tokens="subwords", merges=40, lower_case=True, batch_size=8)
    splits = data.load(own)
    source, target = data.vocabularies(splits.categories)
    assert source == target
    assert source.tokens("der mann")[:2] == ["▁der", "▁mann"]
    assert source.symbols[:3] == SPECIAL
    assert splits.texts["train"][0][0].islower()
    assert not splits.source.simulated
    words = data.load(replace(own, tokens="words"))
    assert "▁man" in words.categories["target"]
    assert "▁man" not in words.categories["source"]


@pytest.mark.real_data
def test_multi30k(mirror: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LABS_MIRROR", str(mirror))
    for source, target in (("de", "en"), ("en", "fr")):
        languages: Any = {"source": source, "target": target}
        config = Config(data="multi30k", tokens="words", lower_case=True, **languages)
        splits = data.load(config)
        assert len(splits.test) == 1000
        assert len(splits.validation) in (1013, 1014)
        assert len(splits.train) > 28_900
        tested = {frozenset(pair) for part in ("test", "validation") for pair in splits.texts[part]}
        assert not tested & {frozenset(pair) for pair in splits.texts["train"]}
    with pytest.raises(CallerError, match="are both en"):
        data.load(replace(config, target="en"))


@pytest.mark.real_data
def test_the_letters_of_the_course(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MIRROR", str(mirror))
    splits = data.load(Config(data="seq2seq-letters"))
    assert all("".join(sorted(source)) == target for source, target in splits.texts["train"])
    assert not trained_texts(splits) & {text for pair in splits.texts["test"] for text in pair}


def files(folder: Path, source: str, target: str) -> list[Path]:
    paths = [folder / "source.txt", folder / "target.txt"]
    for path, text in zip(paths, (source, target), strict=True):
        path.write_bytes(text.encode())
    return paths


def test_files_of_pairs(tmp_path: Path) -> None:
    expected: Texts = [("a b", "c"), ("d", "e")]
    assert aligned(*files(tmp_path, "a b\nd\n", "c\r\ne")) == expected
    (tmp_path / "own.tsv").write_text("\ufeffa b\tc\r\nd\te\r\n", encoding="utf-8")
    assert columns(tmp_path / "own.tsv") == expected


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a\nb\n", "c\n", "source.txt has 2 lines, target.txt has 1"),
        ("a\n\nb\n", "c\nd\ne\n", "source.txt: line 2 is empty"),
        ("", "c\n", "the file is empty"),
        ("a\n", "\n", "the file is empty"),
    ],
)
def test_two_files_that_do_not_fit(source: str, target: str, message: str, tmp_path: Path, refused: Refused) -> None:
    files(tmp_path, source, target)
    error, _ = refused("--data-dir", tmp_path, lab="translation")
    assert message in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\tb\nc\n", "line 2 has 1 column, not 2"),
        (b"a\tb\tc\n", "line 1 has 3 columns, not 2"),
        (b"a\t\n", "line 1 has an empty column"),
        (b"\tb\n", "line 1 has an empty column"),
        (b"", "the file is empty"),
        (b"x", "line 1 has 1 column, not 2"),
        (b"\xff\xfe\x00", "this is not text in UTF-8"),
        (b"a\tb\n", "too few"),
    ],
)
def test_a_file_that_is_not_one_of_pairs(content: bytes, message: str, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "own.tsv").write_bytes(content)
    error, _ = refused("--data", tmp_path / "own.tsv", lab="translation")
    assert message in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "none.tsv"], "none.tsv: no such file"),
        (["--data-dir", "none"], "--data-dir none: no such folder"),
        (["--data", "dates", "--data-dir", "."], "exclude each other"),
        (["--data-dir", "."], "there is no source.txt"),
        (["--data", "klingon"], "--data klingon: no data set"),
        (["--network", "rnn"], "--network"),
        (["--beams", "0"], "--beams"),
        (["--tied"], "--tied: source and target have different characters"),
        (["--pairs", "0"], "--pairs"),
        (["--longest", "3", "--pairs", "100"], "no pair of the train split is left"),
        (["--pairs", "20", "--batch-size", "64"], "--batch-size: 64 is more than"),
    ],
)
def test_what_a_run_refuses(words: list[str], message: str, refused: Refused) -> None:
    error, _ = refused(*words, lab="translation")
    assert message in error


def labels_of(splits: Splits) -> dict[str, Any]:
    assert isinstance(splits.train.inputs, dict)
    return {
        "categories": splits.categories,
        "input_shape": {name: list(array.shape[1:]) for name, array in splits.train.inputs.items()},
    }


def test_sources_as_the_network_receives_them(tmp_path: Path) -> None:
    splits = data.load(SMALL)
    labels = labels_of(splits)
    (tmp_path / "in.txt").write_text("  March   3, 1992 \n3/4/92\n")
    rows = data.read([tmp_path / "in.txt"], labels)
    known = data.vocabularies(splits.categories)[0]
    assert [known.decode(row) for row in rows] == ["March 3, 1992", "3/4/92"]
    for text, message in (
        ("March § 3", "text 1: the network does not know the characters '§'"),
        ("1" * 99, "text 1: the text has 99 tokens, the network reads"),
        ("   ", "text 1: the text is empty"),
    ):
        with pytest.raises(CallerError, match=message):
            data.sources([(text, "text 1")], labels)


@pytest.mark.slow
def test_one_table_of_vectors(tmp_path: Path) -> None:
    """For source, target and output: it reloads, and the step uses it, too."""
    pairs = [(f"der mann {n} läuft weg", f"the man {n} runs off") for n in range(60)]
    (tmp_path / "own.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
    own = replace(SMALL, data=str(tmp_path / "own.tsv"), tokens="subwords", merges=20, tied=True, batch_size=8)
    splits = data.load(own)
    size = len(splits.categories["target"])
    for name in ("dot", "transformer"):
        kind: Any = {"network": name}
        built = model.build(replace(own, **kind), splits)
        tables = [weight for weight in built.weights if size in weight.shape and weight.shape[-1] != size]
        assert [tuple(weight.shape) for weight in tables] == [(size, 8)]
        inputs = inputs_of(splits)
        form = FORMATS["h5"]  # the format that keeps the least
        save_h5(built, tmp_path / form)
        np.testing.assert_allclose(open_model(tmp_path / form).predict(inputs), built(inputs), atol=1e-6)
        logits = teacher_forced(stepped(built), inputs["source"], list(inputs["target"].T))
        real = inputs["target"] > 0  # behind the end, padding has no place of its own
        np.testing.assert_allclose(tf.nn.softmax(logits)[real], built(inputs)[real], atol=2e-6)


def network(name: str, encoder: str = "bidirectional") -> tuple[keras.Model, Splits]:
    splits = data.load(SMALL)
    keras.utils.set_random_seed(3)
    kinds: Any = {"network": name, "encoder": encoder}
    built = model.build(replace(SMALL, **kinds), splits)
    for weight in built.trainable_weights:
        weight.assign(weight + 0.3 * keras.random.normal(weight.shape, seed=len(weight.shape)))
    return built, splits


def inputs_of(splits: Splits, rows: int = 4) -> dict[str, Any]:
    assert isinstance(splits.test.inputs, dict)
    return {name: array[:rows] for name, array in splits.test.inputs.items()}


def padded(inputs: dict[str, Any], before: int, after: int) -> dict[str, Any]:
    return {
        "source": np.pad(inputs["source"], ((0, 0), (0, before))),
        "target": np.pad(inputs["target"], ((0, 0), (0, after))),
    }


EVERY = [*((name, "bidirectional") for name in NETWORKS), ("dot", "forward"), ("dot", "convolutional")]


@pytest.mark.parametrize(("name", "encoder"), EVERY)
def test_padding_changes_no_prediction(name: str, encoder: str) -> None:
    built, splits = network(name, encoder)
    inputs = inputs_of(splits)
    length = inputs["target"].shape[1]
    plain = built(inputs).numpy()
    np.testing.assert_allclose(built(padded(inputs, 9, 4)).numpy()[:, :length], plain, atol=1e-6)
    wrong = {**inputs, "source": np.where(inputs["source"] == 0, 1, inputs["source"])}
    assert abs(built(wrong).numpy() - plain).max() > 1e-4  # tokens in the place of padding do


@pytest.mark.parametrize(("name", "encoder"), EVERY)
def test_step_by_step_is_the_whole_at_once(name: str, encoder: str) -> None:
    built, splits = network(name, encoder)
    inputs = inputs_of(splits)
    logits = teacher_forced(stepped(built), inputs["source"], list(inputs["target"].T))
    np.testing.assert_allclose(tf.nn.softmax(logits), built(inputs), atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_no_decoder_looks_ahead_before_and_after_reload(name: str, tmp_path: Path) -> None:
    built, splits = network(name)
    save_model(built, tmp_path)
    inputs = inputs_of(splits)
    expected = built(inputs).numpy()
    for form in (None, *FORMATS.values()):
        predict = built.predict if form is None else open_model(tmp_path / form).predict
        plain = predict(inputs)
        np.testing.assert_array_equal(plain, predict(inputs))
        np.testing.assert_allclose(plain, expected, atol=1e-6)
        for place in (1, 4, 10):
            changed = inputs["target"].copy()
            changed[:, place:] = 3 + (changed[:, place:] + 1) % 8
            other = predict({**inputs, "target": changed})
            np.testing.assert_array_equal(other[:, :place], plain[:, :place])
            assert abs(other[:, place:] - plain[:, place:]).max() > 1e-4
        longer = padded(inputs, 3, 0)  # at any length
        np.testing.assert_allclose(predict(longer), plain, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_greedy_decoding_is_the_most_probable_token_at_each_step(name: str) -> None:
    built, splits = network(name)
    source = inputs_of(splits)["source"]
    found = stepped(built).translate(source, longest=9).tokens[:, 0]
    target = np.ones((len(source), 1), dtype=np.int32)
    for place in range(9):
        probabilities = built({"source": source, "target": target}).numpy()[:, -1].copy()
        probabilities[:, [0, 2]] = 0
        best = probabilities.argmax(axis=1)
        running = ~(target[:, 1:] == 1).any(axis=1)
        np.testing.assert_array_equal(found[running, place], best[running])
        target = np.concatenate([target, found[:, place : place + 1]], axis=1)


def test_beams_find_translations_that_are_at_least_as_probable() -> None:
    built, splits = network("dot")
    source, decoder = inputs_of(splits, 20)["source"], stepped(built)
    greedy, beams = (decoder.translate(source, longest=9, beams=beams, penalty=0.0) for beams in (1, 50))
    assert (beams.scores[:, 0] >= greedy.scores[:, 0] - 1e-5).all()
    assert (np.diff(beams.scores, axis=1) <= 1e-6).all()
    first = decoder.translate(source[:1], longest=9, beams=50, penalty=0.0)
    np.testing.assert_array_equal(first.tokens[0], beams.tokens[0])


def test_a_transformer_has_a_place_for_as_many_tokens_as_in_training() -> None:
    built, splits = network("transformer")
    decoder = stepped(built)
    assert decoder.most == 11
    assert decoder.translate(inputs_of(splits)["source"], longest=99).tokens.shape == (4, 1, 11)


@pytest.mark.slow
def test_the_moving_average_of_the_weights_is_kept() -> None:
    splits = data.load(SMALL)
    weights = {}
    for averaging in (0.0, 0.999):
        config = replace(SMALL, network="plain", epochs=1, averaging=averaging, layers=1)
        trained, _ = lab.train(config, splits, None, silent)
        keras.utils.set_random_seed(config.seed)
        start = lab.build(config, splits).get_weights()
        weights[averaging] = sum(
            float(np.abs(one - other).sum()) for one, other in zip(trained.get_weights(), start, strict=True)
        )
    # With so high a momentum, the average of four steps is that after the first one.
    assert 0 < weights[0.999] < 0.6 * weights[0.0]


@pytest.mark.parametrize("name", NETWORKS[1:])
def test_attention_is_a_distribution_over_the_source(name: str) -> None:
    built, splits = network(name)
    inputs = inputs_of(splits)
    weights = attention(built, **inputs)
    assert weights.shape == (4, inputs["target"].shape[1], inputs["source"].shape[1])
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert weights[np.broadcast_to(inputs["source"][:, None] == 0, weights.shape)].max() < 1e-6


def test_the_plain_network_has_no_attention() -> None:
    built, splits = network("plain")
    assert not has_attention(built)
    with pytest.raises(ValueError, match="no attention"):
        attention(built, **inputs_of(splits))
