"""The sentiment lab: data, networks that ignore padding, raw text in every format, probes, explanations."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from labs.sentiment import data, ensemble, model
from labs.sentiment.config import Config
from labs.sentiment.data import Reviews
from labs.sentiment.evaluation import findings, probes
from labs.sentiment.lab import lab
from tests.conftest import Command
from utils.base.errors import CallerError
from utils.datasets.audit import audit
from utils.datasets.corpora import as_texts
from utils.datasets.splits import Split
from utils.export.formats import FORMATS, load_model, open_model, save_model, save_saved_model
from utils.export.onnx import to_onnx
from utils.export.predictor import predictor
from utils.text.classification.batches import predict_rows
from utils.text.tokens import tokens

GOOD = ["great", "wonderful", "excellent", "best", "loved", "moving", "brilliant", "perfect", "superb", "fun"]
BAD = ["bad", "awful", "terrible", "boring", "worst", "waste", "horrible", "poor", "stupid", "dull"]
PLAIN = ["the", "film", "story", "and", "was", "it", "a", "of", "in", "this", "that", "movie", "with", "plot", "scene"]


def reviews(rows: int, seed: int = 0) -> tuple[Any, Any]:
    """Short texts of plain words and a few words of praise or of blame."""
    random = np.random.default_rng(seed)
    targets = np.arange(rows) % 2
    texts = []
    for target in targets:
        words = [*random.choice(PLAIN, random.integers(4, 20)), *random.choice(GOOD if target else BAD, 3)]
        texts.append(" ".join(random.permutation(words)))
    return as_texts(texts), targets.astype(np.int64)


def csv_file(path: Path, rows: int = 300) -> Path:
    texts, targets = reviews(rows)
    lines = [f'"{text}",{"pos" if target else "neg"}' for text, target in zip(texts, targets, strict=True)]
    path.write_text("\n".join(["review,sentiment", *lines]) + "\n")
    return path


def config(path: Path, **changes: Any) -> Config:
    given: dict[str, Any] = {"data": str(path), "text_column": "review", "label_column": "sentiment", "min_count": 2}
    return Config(
        **{
            **given,
            "units": 6,
            "embedding": 6,
            "heads": 2,
            "epochs": 6,
            "batch_size": 12,
            "learning_rate": 2e-2,
            **changes,
        }
    )


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Reviews:
    return data.load(config(csv_file(tmp_path_factory.mktemp("reviews") / "reviews.csv")))


NETWORKS = [
    {"network": "average"},
    {"network": "average", "ngrams": 2, "words": 0},
    {"network": "lstm"},
    {"network": "lstm", "pooling": "last"},
    {"network": "gru", "layers": 1},
    {"network": "bilstm", "pooling": "max"},
    {"network": "cnn"},
    {"network": "attention", "words": 30},
    {"network": "course-mlp", "words": 0},
    {"network": "wide", "ngrams": 3, "words": 0, "optimizer": "sgd", "learning_rate": 0.5, "dropout": 0.0},
]


def own(splits: Reviews, **changes: Any) -> Reviews:
    """The splits for another network."""
    return replace(splits, config=replace(splits.config, **changes))


def trained(splits: Reviews) -> Any:
    return lab.train(splits.config, splits, None, lambda *_: None)[0]


@pytest.mark.parametrize("changes", NETWORKS, ids=lambda changes: "-".join(map(str, changes.values())))
def test_padding_changes_no_prediction(splits: Reviews, changes: dict[str, Any]) -> None:
    """Also for as many words as there are filters, which Keras 3.15 confuses in an addition."""
    found = own(splits, **changes)
    network = model.build(found.config, found.encoding, found.class_names)
    random = np.random.default_rng(0)
    for weight in network.trainable_weights:
        weight.assign(random.normal(size=weight.shape))
    for length in (2, 3, 5, 6):
        words = random.integers(2, 12, (1, length))
        plain = network(words).numpy()
        assert np.isfinite(plain).all()
        for padding in (1, 3, 30):
            padded = np.pad(words, ((0, 0), (0, padding)))
            np.testing.assert_allclose(network(padded), plain, atol=1e-6)
            np.testing.assert_allclose(network(np.repeat(padded, 2, axis=0))[1:], plain, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("changes", NETWORKS, ids=lambda changes: "-".join(map(str, changes.values())))
def test_raw_text_in_every_format(splits: Reviews, changes: dict[str, Any], tmp_path: Path) -> None:
    found = own(splits, **changes)
    network = trained(found)
    whole = lab.assemble(found.config, found, network)
    test = found.test
    expected = predictor(whole).predict(test.inputs)
    np.testing.assert_allclose(predict_rows(network, found.encoding.rows["test"]), expected, atol=1e-6)
    assert np.mean(expected.argmax(axis=1) == test.targets) > 0.8
    save_model(whole, tmp_path)
    odd = as_texts(["", "?!...", "😀 ❤️", "great\0bad", "cafe\u0301", "<br />", "x" * 1_000_000, "سلام", "word " * 3000])
    for name in FORMATS.values():
        opened = open_model(tmp_path / name)
        np.testing.assert_allclose(opened.predict(test.inputs), expected, atol=1e-6)
        assert np.isfinite(opened.predict(odd)).all()
    assert np.isfinite(whole(tf.constant([b"caf\xff", b"\xed\xa0\x80"]))).all()
    check_on_tokens(tmp_path, as_texts([*test.inputs[:20], *odd]))


def check_on_tokens(folder: Path, texts: Any) -> None:
    """The ids of a text by the vocabulary file alone, and the predictions of ONNX from them."""
    whole = load_model(folder / FORMATS["keras"])
    tokenized = lab.tokenized(whole)
    assert tokenized is not None
    given = tokenized.encode(texts)
    vocabulary = json.loads(json.dumps(tokenized.vocabulary))
    for name, about in vocabulary["inputs"].items():
        for row, text in zip(given[name], texts, strict=True):
            assert [number for number in row if number] == ids_by_hand(vocabulary, about, text)
    expected = predictor(whole).predict(texts)
    np.testing.assert_allclose(predictor(tokenized.model).predict(given), expected, atol=1e-6)
    save_saved_model(tokenized.model, folder / "tokens", {})
    loaded = tf.saved_model.load(folder / "tokens")
    session = onnxruntime.InferenceSession(to_onnx(loaded.signatures["serving_default"], "tokens"))
    np.testing.assert_allclose(session.run(None, given)[0], expected, atol=1e-5)


def test_sets_are_looked_up_a_few_texts_at_a_time(splits: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    """One number per entry and text: 5,000 texts and 400,000 entries would be 16 GB."""
    found = own(splits, network="wide", ngrams=2, words=0)
    network = model.build(found.config, found.encoding, found.class_names)
    tokenized = lab.tokenized(lab.assemble(found.config, found, network))
    sizes: list[int] = []
    call = keras.layers.TextVectorization.__call__

    def counted(layer: Any, texts: Any, *given: Any) -> Any:
        sizes.append(len(texts))
        return call(layer, texts, *given)

    monkeypatch.setattr(keras.layers.TextVectorization, "__call__", counted)
    assert len(tokenized.encode(found.train.inputs)["words"]) == len(found.train)
    assert sizes
    assert max(sizes) <= 16


def ids_by_hand(vocabulary: dict[str, Any], about: dict[str, Any], text: str) -> list[int]:
    words = tokens(text)
    number = {entry: n for n, entry in enumerate(about["entries"], vocabulary["first_entry"])}
    if about["ids"] == "every word, in order":
        return [number.get(word, vocabulary["unknown"]) for word in words[: about["longest"]]]
    grams = {" ".join(words[i : i + n]) for n in range(1, about["ngrams"] + 1) for i in range(len(words) - n + 1)}
    return sorted(number[gram] for gram in grams & number.keys())


def test_settings_of_a_preset_are_valid() -> None:
    for name in lab.definition.preset_names:
        for source in ("imdb", "rotten-tomatoes"):
            assert lab.preset(name, source).data == source


def test_the_splits_of_a_file(splits: Reviews) -> None:
    assert [len(part) for part in splits.parts().values()] == [216, 24, 60]
    assert splits.class_names == ("negative", "positive")
    assert splits.source.found == "your file"
    assert splits.encoding.entries[0] in PLAIN
    assert max(splits.encoding.rows["train"].lengths) <= 23


def test_a_random_split_of_sorted_reviews_says_that_it_leaks(capsys: pytest.CaptureFixture[str]) -> None:
    found = audit(data.load(Config(data="imdb", split="random")))
    assert "a random split leaks" in capsys.readouterr().err
    assert found["test_rows_of_trained_groups"] > 4_900
    assert found["duplicates_across_splits"] == 0
    assert audit(data.load(Config(data="imdb")))["test_rows_of_trained_groups"] == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_count": 10_000}, "--min-count 10000: no word occurs so often"),
        ({"network": "course-mlp", "polarity": 50.0}, "--polarity 50: no word differs so much"),
        ({"text_column": "text"}, "there is no column text"),
        ({"label_column": "review"}, "too few"),
        ({"test_fraction": 0.999}, "too few"),
        ({"data": "no-such-file.csv"}, "no such file"),
        ({"data_dir": Path()}, "this lab reads one CSV file"),
        ({"batch_size": 100_000}, "--batch-size: 100000 is more than"),
    ],
)
def test_bad_input(splits: Reviews, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CallerError) as raised:
        assert data.load(replace(splits.config, **changes)).encoding
    assert message in raised.value.message
    assert raised.value.hint


def test_other_data_with_the_classes_of_the_run(splits: Reviews) -> None:
    labels = {"class_names": ["positive", "negative"]}
    found = data.labelled(splits.config, labels)
    assert len(found.test) == 60
    np.testing.assert_array_equal(found.test.targets, 1 - splits.test.targets)
    with pytest.raises(CallerError, match="classes"):
        data.labelled(splits.config, {"class_names": ["news", "sport"]})


def test_texts_for_predict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("It wasn’t <b>good</b>\n")
    assert data.read([tmp_path / "a.txt", Path("Not GOOD at all")], {}).tolist() == [
        "it wasn't good",
        "not good at all",
    ]
    with pytest.raises(CallerError, match="no such file"):
        data.read([Path("nothing.txt")], {})
    with pytest.raises(CallerError, match="the text has no word"):
        data.read([Path("?! …")], {})
    assert len(data.cleaned("word " * 300_000, "a text")) < 1_000_001
    assert "a text: the text is cut after 1,000,000 characters" in capsys.readouterr().err


@pytest.mark.slow
def test_a_mean_of_networks(splits: Reviews, tmp_path: Path) -> None:
    found = own(splits, members=("wide", "average"), refit=True)
    whole, progress = lab.train(found.config, found, None, lambda *_: None)
    assert list(progress.phases) == ["wide", "average", "wide again", "average again"]
    made = ensemble.ENSEMBLES[whole]
    assert made.weights.sum() == pytest.approx(1)
    assert lab.assemble(found.config, found, whole) is whole
    test = made.predictions("test")
    assert [len(made.predictions(name)) for name in found.parts()] == [216, 24, 60]
    np.testing.assert_allclose(predictor(whole).predict(found.test.inputs), test, atol=1e-5)
    np.testing.assert_array_equal(lab.known(found.config, found, whole, found.validation), made.validated)
    save_model(whole, tmp_path)
    for name in FORMATS.values():
        np.testing.assert_allclose(open_model(tmp_path / name).predict(found.test.inputs), test, atol=1e-5)
    check_on_tokens(tmp_path, found.test.inputs)


def test_weights_of_a_mean() -> None:
    targets = np.array([0, 1, 0, 1] * 25)
    good = np.where(targets[:, None] == np.arange(2), 0.9, 0.1)
    weights = ensemble.best_weights([good, 1 - good], targets)
    np.testing.assert_allclose(weights, [1, 0], atol=0.01)
    np.testing.assert_allclose(ensemble.best_weights([good, good], targets).sum(), 1)


def test_probe_sentences() -> None:
    texts, truth = probes.sentences()
    assert len(set(texts)) == len(texts) == 40
    assert truth.sum() == 20
    right = np.where(truth[:, None] == np.arange(2), 0.8, 0.2)
    assert probes.results(lambda _: right)["flipped"] == 1.0
    always = np.tile([0.9, 0.1], (40, 1))
    found = probes.results(lambda _: always)
    assert (found["accuracy"], found["flipped"]) == (0.5, 0.0)


@pytest.mark.slow
def test_the_label_of_clear_sentences_flips_after_export(tmp_path: Path) -> None:
    """Real reviews, a tenth of them: the model must not always predict one class, in any format."""
    big = data.load(lab.preset("wide", "imdb"))
    train, validation, test = (Split(part.inputs[::8], part.targets[::8]) for part in big.parts().values())
    found = replace(big, train=train, validation=validation, test=test)
    whole = lab.assemble(found.config, found, trained(found))
    save_model(whole, tmp_path)
    texts, truth = as_texts([data.cleaned(text, "") for text, _ in probes.CLEAR]), [label for _, label in probes.CLEAR]
    for name in FORMATS.values():
        predicted = open_model(tmp_path / name).predict(texts)
        assert predicted.argmax(axis=1).tolist() == truth
    scores = findings.confident_errors(found.test, predictor(whole).predict(found.test.inputs), found.class_names)
    assert scores[0]["probability"] >= scores[-1]["probability"] > 0.5


def test_accuracy_by_length_and_errors(splits: Reviews) -> None:
    probabilities = np.where(splits.test.targets[:, None] == np.arange(2), 0.9, 0.1)
    probabilities[3] = 1 - probabilities[3]
    found = findings.details(splits, probabilities, None)
    assert sum(part["rows"] for part in found["by_length"]) == 60
    assert [part["accuracy"] for part in found["by_length"]].count(1.0) == 4
    (error,) = found["errors"]
    assert error["class"] != error["predicted"]
    assert error["text"] == splits.test.inputs[3]


@pytest.mark.slow
def test_the_commands(command: Command, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "reviews.csv")
    columns = ("--text-column", "review", "--label-column", "sentiment")
    few = ("--preset", "quick", "--out", "run", "--min-count", "2", "--vocabulary", "50", "--epochs", "5")
    ended = command("labs.sentiment", "--data", path, *columns, *few)
    assert ended.status == 0, ended.err
    asked = command("labs.sentiment", "predict", "run", "a great film", "an awful film", "--json").json
    assert [one["class"] for one in asked] == ["positive", "negative"]
    assert max(asked[0]["words"], key=lambda word: word["contribution"])["word"] == "great"
    shown = command("labs.sentiment", "predict", "run", "a great film", "--explain", "why.png")
    assert shown.status == 0, shown.err
    assert (tmp_path / "why.png").stat().st_size > 5_000
    assert command("labs", "predict", "run", "a great film").status == 0
    assert command("labs", "export", "run", "--format", "onnx", "--json").json["exports"]["onnx"]["failed"] == ""
    exported = json.loads((tmp_path / "run" / "exports" / "vocabulary.json").read_text())
    assert exported["inputs"]["words"]["longest"] == 200
    for words, message in (
        (("predict", "run"), "there is no text"),
        (("predict", "run", "?!"), "text 1: the text has no word"),
        (("predict", "run", "a", "b", "--explain", "x.png"), "there are 2 texts"),
        (("predict", "run", "a b", "--explain", "why.png"), "this is not the name of a new .png file"),
        (("--data", "reviews.tsv"), "no such file"),
        (("--data", "reviews"), "no data set of the lab sentiment has this name"),
    ):
        refused = command("labs.sentiment", *words)
        assert refused.status == 2, words
        assert message in refused.err
        assert "hint: " in refused.err
