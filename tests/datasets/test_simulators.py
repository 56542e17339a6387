"""SIMULATED images: their physics, their classes, and the same pixels for any number of processes."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from labs.galaxy.simulator import galaxies
from labs.galaxy.simulator.galaxies import Field, observe
from labs.galaxy.simulator.morphology import Galaxy, Knot
from labs.pneumonia.simulator import radiographs
from labs.pneumonia.simulator.thorax import Thicknesses
from tests.conftest import ROOT
from utils.base.errors import CallerError
from utils.datasets import simulation
from utils.datasets.simulation import CHUNK, Simulator

both = pytest.mark.parametrize("simulator", [radiographs, galaxies])
seeds = st.integers(0, 10_000)


def film(seed: int, label: int) -> radiographs.Radiograph:
    return radiographs.draw_parameters(np.random.default_rng(seed), label)


def field(seed: int, label: int) -> Field:
    return galaxies.draw_parameters(np.random.default_rng(seed), label)


def slab(soft: float, lung: float, bone: float, consolidated: float) -> Thicknesses:
    return Thicknesses(*(np.full((2, 2), value, np.float32) for value in (soft, lung, bone, consolidated)))


def simulate(
    simulator: Simulator, number: int, seed: int, size: int = 64, workers: int | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """A sample in memory."""
    images = np.concatenate(list(simulation.draw(simulator, number, seed, size, workers=workers)))
    return images, simulation.balanced_labels(number, len(simulator.CLASS_NAMES), seed)


def shrunk(pictures: NDArray[np.uint8], side: int = 32) -> NDArray[Any]:
    """Images averaged down to `side` pixels per side, one row per image, 0 to 1."""
    step = pictures.shape[1] // side
    blocks = pictures.reshape(len(pictures), side, step, side, step, -1)
    return blocks.mean(axis=(2, 4)).reshape(len(pictures), -1) / 255


@both
def test_shapes_types_and_equal_shares(simulator: Simulator) -> None:
    pictures, labels = simulate(simulator, 42, 1, 32)
    assert pictures.shape == (42, 32, 32, simulator.CHANNELS)
    assert pictures.dtype == np.uint8
    assert labels.dtype == np.int64
    counts = np.bincount(labels, minlength=len(simulator.CLASS_NAMES))
    assert counts.sum() == 42
    assert counts.max() - counts.min() <= 1
    assert (np.diff(labels) != 1).any(), "the labels are not shuffled"
    assert [len(chunk) for chunk in simulation.draw(simulator, 42, 1, 16)] == [CHUNK, 42 - CHUNK]


@both
def test_the_seed_decides_and_the_number_of_workers_does_not(simulator: Simulator) -> None:
    alone, labels = simulate(simulator, CHUNK + 4, 5, 32, workers=1)
    shared, again = simulate(simulator, CHUNK + 4, 5, 32, workers=2)
    assert (alone == shared).all()
    assert (labels == again).all()
    assert len(np.unique(alone.reshape(len(alone), -1), axis=0)) == len(alone)
    assert (simulate(simulator, 4, 6, 32)[0] != alone[:4]).any()


@both
@pytest.mark.parametrize("size", [64, 128])
def test_a_picture_is_drawn_from_its_own_stream_at_any_size(simulator: Simulator, size: int) -> None:
    pictures, labels = simulate(simulator, 2, 9, size)
    parameters = simulator.draw_parameters(np.random.default_rng((9, 1)), int(labels[1]))
    assert (simulator.render(parameters, size) == pictures[1]).all()


@both
@pytest.mark.parametrize(
    ("number", "seed", "size", "message"), [(0, 1, 64, "0 images"), (4, -1, 64, "negative"), (4, 1, 8, "8 × 8 pixels")]
)
def test_what_cannot_be_simulated_is_refused(
    simulator: Simulator, number: int, seed: int, size: int, message: str
) -> None:
    with pytest.raises(CallerError, match=message):
        simulate(simulator, number, seed, size)


@both
def test_closed_early_no_process_is_left(simulator: Simulator) -> None:
    chunks = simulation.draw(simulator, 40 * CHUNK, 1, 16, workers=2)
    next(chunks)
    before = {child.pid for child in workers_of_joblib()}
    assert len(before) == 2
    chunks.close()
    deadline = time.monotonic() + 10
    while before & {child.pid for child in workers_of_joblib()} and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not before & {child.pid for child in workers_of_joblib()}


def workers_of_joblib() -> list[Any]:
    from joblib.externals.loky import reusable_executor

    executor = reusable_executor._executor
    return list((executor._processes or {}).values()) if executor is not None else []


def test_without_galsim_the_hint_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "galsim", None)
    for number in (4, 4 * CHUNK):
        with pytest.raises(CallerError) as raised:
            simulate(galaxies, number, 1)
        assert raised.value.hint.startswith("pip install '.[galaxy]'")


UNGUARDED = """
import sys
print("the main module is imported")
from types import SimpleNamespace
import numpy as np
from labs.galaxy.simulator import galaxies
from labs.pneumonia.simulator import radiographs
from utils.datasets import simulation
assert "galsim" not in sys.modules and "scipy" not in sys.modules

HEAVY = ("tensorflow", "keras", "sklearn", "matplotlib")

def render(parameters, size):
    import os, sys
    heavy = any(name in sys.modules for name in HEAVY)
    return np.array([[[os.getpid() % 256, heavy]]], np.uint8)

for simulator in (galaxies, radiographs):
    for chunk in simulation.draw(simulator, 64, 1, 16, workers=2):
        pass
spy = SimpleNamespace(CLASS_NAMES=("a", "b"), CHANNELS=2, draw_parameters=lambda *_: None, render=render)
drawn = np.concatenate(list(simulation.draw(spy, 256, 1, 16, workers=2)))
import os
print((drawn[..., 0] == os.getpid() % 256).any(), drawn[..., 1].any(), [name for name in HEAVY if name in sys.modules])
"""


def test_processes_import_neither_tensorflow_nor_the_main_module_again(tmp_path: Path) -> None:
    (tmp_path / "unguarded.py").write_text(UNGUARDED)
    words = [sys.executable, "-W", "error", str(tmp_path / "unguarded.py")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["the main module is imported", "False False []"]
    assert done.stderr == ""


@given(soft=st.floats(0, 12), lung=st.floats(0, 10), bone=st.floats(0, 2), density=st.floats(0.2, 0.5))
@settings(deadline=None)
def test_twice_the_slab_squares_the_transmission(soft: float, lung: float, bone: float, density: float) -> None:
    once = radiographs.transmission(slab(soft, lung, bone, lung / 2), density)
    twice = radiographs.transmission(slab(2 * soft, 2 * lung, 2 * bone, lung), density)
    assert np.allclose(twice, once**2, rtol=1e-4)
    assert (once <= 1).all()


def test_coefficients_are_those_of_nist() -> None:
    # NIST SRD 126 at 60 keV: soft tissue 0.2048 cm²/g, cortical bone 0.3148, lung 0.2053 (ICRU-44 compositions).
    assert np.allclose(radiographs.attenuation(slab(1, 0, 0, 0), 0.26), 0.2048 * 1.06)
    assert np.allclose(radiographs.attenuation(slab(0, 0, 1, 0), 0.26), 0.3148 * 1.92)
    assert np.allclose(radiographs.attenuation(slab(0, 1, 0, 0), 0.26), 0.2053 * 0.26)
    assert np.allclose(radiographs.attenuation(slab(0, 1, 0, 1), 0.26), 0.2053 * 1.05)


@given(seed=seeds)
@settings(deadline=None, max_examples=30)
def test_pneumonia_fills_lung_and_nothing_else(seed: int) -> None:
    sick, healthy = film(seed, 1), replace(film(seed, 1), consolidations=())
    with_it, without = radiographs.thicknesses(sick, 64), radiographs.thicknesses(healthy, 64)
    assert sick.consolidations
    assert (with_it.consolidated <= with_it.lung).all()
    assert not without.consolidated.any()
    for part in ("soft", "lung", "bone"):
        assert (getattr(with_it, part) == getattr(without, part)).all()
    assert all(part.dtype == np.float32 and (part >= 0).all() for part in with_it)
    darker = radiographs.transmission(with_it, 0.26) < radiographs.transmission(without, 0.26)
    assert darker.any()
    assert not darker[with_it.lung == 0].any()


@given(seed=seeds, label=st.integers(0, 1))
@settings(deadline=None, max_examples=50)
def test_parameters_of_a_film_are_of_a_patient(seed: int, label: int) -> None:
    drawn = film(seed, label)
    assert bool(drawn.consolidations) == (label == 1)
    assert 0.2 < drawn.thorax.lung_density < 0.45  # aerated lung: 0.26 g/cm³ in ICRU Report 44
    assert 0 <= drawn.thorax.inspiration <= 1
    assert 18 <= drawn.thorax.depth <= 23
    assert 0.3 <= drawn.scatter <= 1
    assert all(0 < place.filled <= 1 and abs(place.x) < drawn.thorax.width for place in drawn.consolidations)
    # Nothing but the consolidations is drawn differently for the other class.
    assert replace(drawn, label=0, consolidations=()) == film(seed, 0)


def test_bone_is_bright_and_lung_dark() -> None:
    dark, bright = [], []
    for seed in range(8):
        drawn = film(seed, 0)
        picture, parts = radiographs.render(drawn, 64)[..., 0], radiographs.thicknesses(drawn, 64)
        dark.append(picture[parts.lung > 8].mean())
        bright.append(picture[(parts.lung == 0) & (parts.soft > 8)].mean())
    assert np.mean(bright) > np.mean(dark) + 60


def test_scatter_fogs_what_is_thick() -> None:
    """Rays that lost their way fill the shadows: the step from lung to heart becomes smaller."""
    drawn = replace(film(3, 0), quanta=1e9)
    parts = radiographs.thicknesses(drawn, 64)
    lung, heart = parts.lung > 0.6 * parts.lung.max(), (parts.lung == 0) & (parts.soft > 0.7 * parts.soft.max())
    steps = []
    for share in (0.0, 1.0):
        seen = radiographs.exposure(replace(drawn, scatter=share), 64)[0]
        steps.append(seen[lung].mean() - seen[heart].mean())
    assert steps[1] < 0.9 * steps[0]


@both
def test_pictures_are_neither_black_nor_white_and_brightness_tells_little(simulator: Simulator) -> None:
    from sklearn.metrics import roc_auc_score

    pictures, labels = simulate(simulator, 160, 2, 32)
    means = pictures.reshape(len(pictures), -1).mean(axis=1)
    for label in range(len(simulator.CLASS_NAMES)):
        assert 0.3 < roc_auc_score(labels == label, means) < 0.7
    grey = pictures.max(axis=-1)
    assert (grey == 255).mean() < 0.1
    assert (grey == 0).mean() < 0.3


ROUND: dict[str, Any] = {"x": 0.0, "y": 0.0, "flux": 100.0, "radius": 3.0, "inclination": 0.0, "angle": 0.0} | {
    "bulge_radius": 1.0,
    "bulge_ratio": 1.0,
    "young": 0.0,
}


EMPTY = replace(field(0, 0), galaxies=(), knots=(), tails=(), stars=(), trail=None, width=40.0)


@pytest.mark.parametrize(
    ("seen", "place"),
    [
        (replace(EMPTY, galaxies=(Galaxy(bulge=1.0, **ROUND),)), (0, 0)),
        (replace(EMPTY, galaxies=(Galaxy(bulge=0.0, **ROUND),)), (0, 0)),
        (replace(EMPTY, galaxies=(Galaxy(bulge=0.0, ring=0.8, **ROUND),)), (0, 0)),
        (replace(EMPTY, galaxies=(Galaxy(bulge=0.0, bar=0.9, bar_length=1.0, **ROUND),)), (0, 0)),
        (replace(EMPTY, galaxies=(Galaxy(bulge=0.0, **{**ROUND, "inclination": 0.7, "angle": 1.0}),)), (0, 0)),
        (replace(EMPTY, knots=(Knot(3.0, 5.0, 0.4, 100.0, 0.0),)), (3, 5)),
    ],
)
def test_light_arrives_where_it_belongs_and_none_is_lost(seen: Field, place: tuple[float, float]) -> None:
    """Bulges go through GalSim, the rest through our own grid: both must agree on centre and flux."""
    old, young = observe(seen, 64)
    assert np.abs(young).max() < 1e-4
    steps = (np.arange(64) - 31.5) * 40 / 64
    total = old.sum()
    assert math.isclose(total, 100, rel_tol=0.02)
    centre = (old.sum(axis=0) @ steps / total, old.sum(axis=1) @ steps / total)
    assert np.allclose(centre, place, atol=0.05)


@given(seed=seeds, label=st.integers(0, 3))
@settings(deadline=None, max_examples=50)
def test_parameters_of_a_field_are_those_of_its_class(seed: int, label: int) -> None:
    drawn = field(seed, label)
    main = drawn.galaxies[0]
    assert (main.ring > 0) == (label == 1)
    assert bool(drawn.tails) == (label == 2)
    assert bool(drawn.knots or drawn.trail) == (label == 3)
    assert 1.30 <= drawn.seeing <= 1.58  # quartiles of the SDSS in r
    assert 20.70 <= drawn.sky <= 21.03
    for galaxy in drawn.galaxies:
        assert 0 <= galaxy.bulge <= 1
        assert 0 < galaxy.bulge_ratio <= 1
        assert 0 <= galaxy.inclination <= 1
        assert galaxy.bar + galaxy.ring < 1


def test_old_stars_are_redder_than_young_ones() -> None:
    for young, channels in ((0.0, (0, 2)), (1.0, (2, 0))):
        picture = galaxies.render(replace(EMPTY, knots=(Knot(0, 0, 3, 2000, young),)), 64)[28:36, 28:36]
        strong, weak = (picture[..., channel].mean() for channel in channels)
        assert strong > weak + 20


@pytest.mark.slow
@pytest.mark.parametrize(("simulator", "low", "high"), [(radiographs, 0.70, 0.85), (galaxies, 0.40, 0.75)])
def test_a_linear_model_learns_something_and_not_everything(simulator: Simulator, low: float, high: float) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pictures, labels = simulate(simulator, 1800, 11)
    rows = shrunk(pictures)
    # Strongly regularised: there are more pixels than images.
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=1000)).fit(rows[:1200], labels[:1200])
    assert low < model.score(rows[1200:], labels[1200:]) < high
