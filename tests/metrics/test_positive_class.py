"""The positive class is the finding: a name that means healthy never is, unless the user says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labs.pneumonia import data
from labs.pneumonia.config import Config
from utils.base.errors import CallerError
from utils.metrics.positive_class import means_healthy, positive_class

HEALTHY = [
    *(
        "normal",
        "Normal",
        "NORMAL",
        "healthy",
        "Healthy",
        "negative",
        "NEG",
        "benign",
        "Benign",
        "no_finding",
        "No Finding",
    ),
    *("NoFinding", "no-findings", "control", "Controls", "non_covid", "nonTumor", "non-tumour", "nontumor", "No_DR"),
    *(
        "without_pneumonia",
        "not pneumonia",
        "uninfected",
        "unaffected",
        "normal_cells",
        "Lung_Normal",
        "NORMAL2",
        "0_normal",
    ),
]
FINDINGS = [
    *(
        "PNEUMONIA",
        "covid",
        "COVID-19",
        "abnormal",
        "Abnormal",
        "unhealthy",
        "positive",
        "malignant",
        "nodule",
        "not_normal",
    ),
    *("non-benign", "notes", "Tumor", "viral", "A", "0", "1", "infected", "knot", "nonnormal", "clearance"),
]


@pytest.mark.parametrize("name", HEALTHY)
def test_names_that_mean_healthy(name: str) -> None:
    assert means_healthy(name)


@pytest.mark.parametrize("name", FINDINGS)
def test_names_that_do_not(name: str) -> None:
    assert not means_healthy(name)


@pytest.mark.parametrize("healthy", HEALTHY)
@pytest.mark.parametrize("finding", ["COVID", "aaa", "zzz", "PNEUMONIA", "abnormal"])
def test_healthy_is_never_positive(healthy: str, finding: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = sorted([healthy, finding])
    assert names[positive_class(names, None)] == finding
    assert capsys.readouterr().err == ""


def test_where_names_do_not_decide(capsys: pytest.CaptureFixture[str]) -> None:
    assert positive_class(["bacteria", "virus"], None) == 1
    said = capsys.readouterr().err
    assert "the positive class is virus, the second by name" in said
    assert "give --positive bacteria" in said
    with pytest.raises(CallerError, match="both classes mean healthy: benign, normal"):
        positive_class(["benign", "normal"], None)


def test_the_option_decides(capsys: pytest.CaptureFixture[str]) -> None:
    assert positive_class(["COVID", "Normal"], "normal") == 1
    assert positive_class(["bacteria", "virus"], "Bacteria") == 0
    assert positive_class(["Virus", "virus"], "virus") == 1
    assert capsys.readouterr().err == ""
    for names, wanted in ((["a", "b"], "c"), (["Virus", "virus"], "VIRUS")):
        with pytest.raises(CallerError, match=f"--positive {wanted}: no class has this name") as caught:
            positive_class(names, wanted)
        assert ", ".join(names) in caught.value.hint


@pytest.mark.parametrize("official", [True, False])
@pytest.mark.parametrize(
    ("names", "option", "positive"),
    [(("COVID", "Normal"), None, "COVID"), (("NORMAL", "PNEUMONIA"), None, "PNEUMONIA"), (("a", "b"), "a", "a")],
)
def test_a_folder_of_radiographs(
    names: tuple[str, str],
    option: str | None,
    positive: str,
    official: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for split in ("train", "test") if official else ("",):
        for name in names:
            (tmp_path / "in" / split / name).mkdir(parents=True)
            for i in range(20):
                level = 200 if name == positive else 20
                pixels = (level + random.integers(0, 50, (20, 20))).astype("uint8")
                Image.fromarray(pixels).save(tmp_path / "in" / split / name / f"{i}.png")
    splits = data.load(Config(data_dir=tmp_path / "in", image_size=16, batch_size=4, positive=option))
    assert splits.class_names == (*[name for name in names if name != positive], positive)
    for part in splits.parts().values():
        bright = np.asarray(part.inputs).mean(axis=(1, 2, 3)) > 100
        assert (part.targets == bright).all()


def test_an_embedded_set_keeps_its_classes_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MIRROR", "")
    plain = data.load(Config(data="simulated", films=200, image_size=16))
    turned = data.load(Config(data="simulated", films=200, image_size=16, positive="NORMAL"))
    assert plain.class_names == turned.class_names[::-1]
    assert turned.class_names[1].lower() == "normal"
    np.testing.assert_array_equal(plain.test.targets, 1 - turned.test.targets)
    with pytest.raises(CallerError, match="--positive flu"):
        data.load(Config(data="simulated", films=200, image_size=16, positive="flu"))
