"""The transfer lab: its data, the four cases, its phases, and `main()` with its record."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from labs.transfer import cases, data, head
from labs.transfer.cases import Case
from labs.transfer.config import Config as TransferConfig
from labs.transfer.lab import lab
from tests.conftest import Command, QuickRun
from utils.base.disk_rows import RowsOnDisk
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.datasets.audit import audit
from utils.datasets.catalog import candidates
from utils.datasets.splits import Source, Split, Splits
from utils.pretrained.feature_baseline import Regression

FIGURES = {"learning_curves", "confusion", "reliability", "wrong", "filters", "feature_maps", "grad_cam"}
SMALL = ["--image-size", "64", "--batch-size", "8"]


def config(**changed: Any) -> TransferConfig:
    return TransferConfig(**changed)


def coloured(folder: Path, number: int = 16, side: int = 40) -> Path:
    """Images of two classes, red and blue, with noise, in every supported file format."""
    random = np.random.default_rng(0)
    for channel, name in ((2, "blue"), (0, "red")):
        (folder / name).mkdir(parents=True)
        for each in range(number):
            pixels = random.integers(0, 120, (side, side + 3, 3)).astype("uint8")
            pixels[..., channel] += 100
            Image.fromarray(pixels).save(folder / name / f"{each}.png")
    return folder


def test_the_table_of_the_cells() -> None:
    obtained = obtain.obtain("elpv", "transfer")
    names, defective, poly = data.read_table(obtained.paths[0])
    assert (len(names), names[0]) == (2624, "images/cell0001.png")
    # Deitsch et al. 2019, table 1: probability 0, 1/3, 2/3, 1 of mono- and of polycrystalline cells.
    assert [int(sum(defective[poly == kind])) for kind in (0, 1)] == [56 + 313, 50 + 402]
    assert [int(sum(poly == kind)) for kind in (0, 1)] == [1074, 1550]


def test_modules_are_runs_of_sixty_cells_of_a_kind() -> None:
    kinds = np.repeat([0, 1, 0], [60, 130, 7])
    assert np.unique(data.modules_of(kinds), return_counts=True)[1].tolist() == [60, 60, 60, 10, 7]


@pytest.mark.parametrize(("changed", "leaks"), [({"split": "random"}, True), ({"split": "module"}, False), ({}, False)])
def test_only_the_published_split_parts_modules(changed: dict[str, Any], leaks: bool) -> None:
    found = audit(lab.splits(config(image_size=64, **changed)))
    assert (found["groups_across_splits"] > 0) == leaks
    assert (found["test_rows_of_trained_groups"] > 0) == leaks
    assert found["duplicates_across_splits"] == 0


@pytest.mark.parametrize("preset", ["course", "quick", "best"])
def test_every_preset_holds_out_modules_of_both_kinds(preset: str) -> None:
    splits = data.load(dataclasses.replace(lab.preset(preset), image_size=64))
    for part in splits.parts().values():
        assert part.groups is not None
        assert len(np.unique(part.groups)) >= 2
    assert audit(splits)["groups_across_splits"] == 0


def test_pictures_of_one_patient_stand_together() -> None:
    names = ["a/p1_x.png", "b/p1_y.png", "a/p2.png", "a/other.png", "b/other.png"]
    assert data.named(r"p\d+", names).tolist() == ["p1", "p1", "p2", "a/other.png", "b/other.png"]
    for pattern, message in (("(", "not a regular expression"), ("z9", "no file name matches, for example a/p1_x.png")):
        with pytest.raises(CallerError, match=message):
            data.named(pattern, names)


def test_another_table_than_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = candidates("elpv", "transfer")
    (tmp_path / "images").mkdir()
    (tmp_path / "labels.csv").write_text("images/cell0001.png  1.0  mono\n")
    obtained = obtain.Obtained(entry, (tmp_path / "labels.csv", tmp_path / "images" / "other.png"), "", "sha256:0")
    monkeypatch.setattr(obtain, "obtain", lambda *_: obtained)
    with pytest.raises(CallerError, match="lists other images than those in the folder"):
        lab.splits(config())


@pytest.mark.parametrize(
    ("pictures", "similarity", "strategy"),
    [(45, 0.67, "head"), (885, 0.14, "earlier"), (5000, 0.6, "finetune"), (2348, 0.14, "deep")],
)
def test_the_four_cases(pictures: int, similarity: float, strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.zeros((2 * pictures, 1), "uint8")
    monkeypatch.setattr(cases, "confidence", lambda _: similarity)
    monkeypatch.setattr(RowsOnDisk, "__init__", lambda *_: None)

    class Held:
        inputs = type("Rows", (), {"take": lambda *_: None})()

        def __len__(self) -> int:
            return len(rows)

    class Made:
        train, class_names = Held(), ("a", "b")

    class Extracts:
        def views(self, *_: Any) -> list[Any]:
            return [rows]

    monkeypatch.setattr(cases, "Extractor", lambda *_: Extracts())
    found = cases.find(config(), Made())  # type: ignore[arg-type]
    assert (found.strategy, found.chosen) == (strategy, None)
    assert f"; strategy: {strategy}, " in str(found)
    overridden = cases.find(config(strategy="head"), Made())  # type: ignore[arg-type]
    assert (overridden.strategy, overridden.automatic) == ("head", strategy)
    assert "; chosen strategy: head, " in str(overridden)


def test_confidence_is_between_guessing_and_knowing() -> None:
    assert cases.confidence(np.zeros((3, 1000))) == pytest.approx(0.001)
    assert cases.confidence(1e4 * np.eye(4, 1000)) == pytest.approx(1.0)


def test_a_gain_is_clear_if_it_exceeds_one_standard_error() -> None:
    random = np.random.default_rng(0)
    losses = random.uniform(0, 1, 400)
    gains = random.normal(0, 1, 400)
    gains -= gains.mean()
    error = gains.std() / 20
    assert head.clearly_lower(losses, losses + gains + 1.1 * error)
    assert not head.clearly_lower(losses, losses + gains + 0.9 * error)
    # Rows of one group that all gain the same are one observation, not forty.
    groups = np.repeat(np.arange(10), 40)
    together = np.repeat(random.normal(0, 1, 10), 40)
    together += 0.2 - together.mean()
    assert head.clearly_lower(losses, losses + together)
    assert not head.clearly_lower(losses, losses + together, groups)
    assert not head.clearly_lower(losses, losses)


@pytest.mark.parametrize(("strategy", "outputs"), [("head", 2), ("earlier", 2), ("finetune", 1), ("deep", 1)])
def test_the_head_of_each_strategy(strategy: Any, outputs: int) -> None:
    """Fine-tuning replaces the last blocks, so its head sees the last features alone."""
    assert len(head.INPUTS[strategy]) == outputs


def test_validation_chooses_the_input_and_the_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The larger input only where it is clearly better; a penalty that was asked for is kept."""
    part = Split(np.zeros((50, 1)), np.zeros(50, "int64"), np.arange(50))
    made = Splits(
        part,
        part,
        part,
        Source("made", "made", "sha256:0", simulated=True),
        target="kind",
    )
    losses = {"features": np.full(50, 0.5), "features_and_levels": np.full(50, 0.5)}

    class Extracts:
        def prepare(self, *_: Any) -> None:
            pass

    def regression(_: Any, output: str, *__: Any) -> Regression:
        nothing = np.zeros(0)
        return Regression(1.0, 0.125, nothing, nothing, losses[output], np.arange(50), 50, None)

    monkeypatch.setattr(cases, "find", lambda *_: Case(10, 0.9))
    monkeypatch.setattr(cases, "extractor", lambda _: Extracts())
    monkeypatch.setattr(head, "_regression", regression)
    assert head.choose(config(), made)[:2] == ("features", 0.125)
    losses["features_and_levels"] = np.full(50, 0.4)
    assert head.choose(config(), made)[:2] == ("features_and_levels", 0.125)
    assert head.choose(config(l2=0.5), made)[:2] == ("features_and_levels", 0.5)


def test_what_a_case_says() -> None:
    said = str(Case(885.5, 0.14))
    assert said.startswith("small (886 training images per class), not similar to ImageNet (mean confidence 14%)")
    assert str(Case(1300, 0.5)).startswith("large (1,300 training images per class), similar to")


def make(kind: str, folder: Path) -> Path:
    if kind == "one class":
        coloured(folder)
        for path in (folder / "blue").iterdir():
            path.unlink()
        (folder / "blue").rmdir()
    elif kind == "six images":
        coloured(folder, number=3)
    elif kind == "one image per class":
        coloured(folder, number=1)
    else:
        coloured(folder)
        for path in (folder / "red").iterdir():
            path.write_bytes(b"not an image")
    return folder


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("one class", "1 class of images"),
        ("six images", "4 groups of rows, 2 rows of the rarest class: too few to hold out"),
        ("one image per class", "2 groups of rows, 1 rows of the rarest class: too few to hold out"),
        ("damaged", "no image of red can be used"),
    ],
)
def test_folders_that_cannot_be_used(kind: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=error):
        lab.splits(config(data_dir=make(kind, tmp_path / "in"), image_size=64))


def test_pictures_of_every_kind(tmp_path: Path) -> None:
    """Grey, transparent, sixteen bits, huge: all come as three channels of the size asked for."""
    folder = coloured(tmp_path / "in")
    random = np.random.default_rng(1)
    Image.fromarray(random.integers(0, 256, (30, 30)).astype("uint8")).save(folder / "red" / "grey.png")
    Image.fromarray(random.integers(0, 256, (30, 30, 4)).astype("uint8")).save(folder / "red" / "alpha.png")
    Image.fromarray(random.integers(0, 65536, (30, 30)).astype("uint16")).save(folder / "red" / "deep.png")
    Image.new("RGB", (6000, 4000), "red").save(folder / "red" / "huge.jpg")
    splits = lab.splits(config(data_dir=folder, image_size=64, batch_size=8))
    parts = splits.parts().values()
    assert {part.inputs.shape[1:] for part in parts} == {(64, 64, 3)}
    assert sum(len(part) for part in parts) == 36


def test_options_that_cannot_be() -> None:
    for wrong in ({"backbone": "vgg16"}, {"strategy": "all"}, {"views": 0}, {"image_size": 32}, {"l2": -1.0}):
        with pytest.raises(ValidationError):
            config(**wrong)
    with pytest.raises(CallerError, match="--data elpv and --data-dir exclude each other"):
        lab.splits(config(data="elpv", data_dir=Path("here")))


def history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_fine_tuning_from_the_command_line(command: Command, tmp_path: Path) -> None:
    coloured(tmp_path / "colours")
    words = ["--data-dir", "colours", *SMALL, "--epochs", "3", "--finetune-epochs", "2", "--strategy", "finetune"]
    ended = command("labs.transfer", *words, "--out", "run", "--json")
    assert ended.status == 0, ended.err
    assert "; chosen strategy: finetune, " in ended.err
    assert "sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db" in ended.err
    record = ended.json
    assert record["phases"] == {"head": 3, "fine-tuning": 2}
    assert [row["phase"] for row in history(tmp_path / "run")] == ["head"] * 3 + ["fine-tuning"] * 2
    assert record["details"]["case"]["strategy"] == "finetune"
    assert record["details"]["backbone"]["digest"].startswith("sha256:57934424")
    assert record["metrics"]["test"]["accuracy"]["value"] == 1.0
    assert max(form["max_abs_diff"] for form in record["parity"].values()) < 1e-6
    assert {path.stem for path in (tmp_path / "run" / "figures").iterdir()} == FIGURES
    again = command("labs.transfer", *words, "--out", "again", "--json")
    assert ", once" not in again.err, "everything comes from the cache"
    assert again.json["metrics"] == record["metrics"]
    assert command("labs", "evaluate", "run").status == 0
    predicted_with_labels_and_heat(command, tmp_path, "run")
    mean = command("labs.transfer", *words, "--mirrored", "--out", "mean", "--json")
    assert mean.json["config"]["mirrored"]
    assert "oneDNN" not in mean.err, "what is mirrored is float, of which TensorFlow has a fast turn"
    assert mean.json["metrics"]["test"]["accuracy"]["value"] == 1.0
    assert mean.json["metrics"]["test"]["log_loss"] != record["metrics"]["test"]["log_loss"]
    assert max(form["max_abs_diff"] for form in mean.json["parity"].values()) < 1e-6
    assert {path.stem for path in (tmp_path / "mean" / "figures").iterdir()} == FIGURES
    predicted_with_labels_and_heat(command, tmp_path, "mean")


def predicted_with_labels_and_heat(command: Command, folder: Path, run: str) -> None:
    """`predict` on images that the model never saw."""
    if not (folder / "new").exists():
        coloured(folder / "new", number=1, side=90)
    (folder / "names.json").write_text(json.dumps(["sea", "fire"]))
    words = [
        "new/red/0.png",
        "new/blue/0.png",
        "--top-k",
        "2",
        "--labels",
        "names.json",
        "--grad-cam",
        f"seen-by-{run}",
    ]
    ended = command("labs", "predict", run, *words, "--json")
    assert ended.status == 0, ended.err
    assert ended.json["answers"] == ["fire", "sea"]
    assert len(list((folder / f"seen-by-{run}").iterdir())) == 2
    (folder / "three.json").write_text(json.dumps(["sea", "fire", "air"]))
    refused = command("labs", "predict", run, "new/red/0.png", "--labels", "three.json")
    assert refused.status == 2
    assert "3 names, and the model has 2 classes" in refused.err


@pytest.mark.slow
def test_a_quick_run(quick_run: QuickRun) -> None:
    """The default data, on a bare machine and offline."""
    run, ended = quick_run("transfer")
    assert "CC BY-NC-SA 4.0: not for commercial use" in ended.err
    record = ended.json
    assert (record["data"]["name"], record["data"]["simulated"]) == ("elpv", False)
    assert record["data"]["rows"] == {"train": 1538, "validation": 372, "test": 714}
    assert record["details"]["case"] | {"similarity": 0, "pictures_per_class": 0} == {
        "pictures_per_class": 0,
        "small": True,
        "similarity": 0,
        "similar": False,
        "automatic": "earlier",
        "strategy": "earlier",
    }
    assert record["audit"]["duplicates_across_splits"] == 0
    assert record["audit"]["test_rows_of_trained_groups"] == 0
    assert not any("leak" in warning for warning in record["warnings"])
    scores, linear = record["metrics"]["test"], record["baselines"]["logistic_regression_on_frozen_features"]
    assert scores["accuracy"]["value"] > record["audit"]["majority"] + 0.05
    assert scores["auc"]["value"] > linear["auc"] - 0.01, "the head is logistic regression, trained otherwise"
    assert linear["auc"] > record["baselines"]["logistic_regression_at_32_pixels"]["auc"] + 0.05
    assert record["details"]["head"] == {"input": "levels", "l2": pytest.approx(0.65, abs=0.01), "chosen": True}
    assert "except logistic regression on frozen features" in (run / "README.md").read_text()
    assert "not for commercial use" in (run / "README.md").read_text()
