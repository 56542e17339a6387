"""SIMULATED frontal chest radiographs, normal or with pneumonia: a phantom of the thorax, projected by Beer–Lambert.

A ray arrives with I = I0 exp(−∫ μ dl). A radiograph also has scattered rays, a limited number of photons, a blurred
detector, a turned or shifted patient, and a display that inverts and windows. Pneumonia is lung whose air is replaced;
radiographs of both classes have look-alikes (breasts, wide hilar vessels, a shallow breath).

Source: attenuation from Hubbell and Seltzer, NIST Standard Reference Database 126, table 4 (tissues of ICRU Report 44,
1989). Scatter as with a grid in Niklason, Sorenson and Nelson, Medical Physics 8 (1981), who find more than half of the
rays behind the mediastinum scattered: here, over 30 radiographs, a median of 0.63 behind thick tissue and
0.33 behind lung.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labs.pneumonia.simulator.thorax import Consolidation, Thicknesses, Thorax, project
from utils.images.shapes import Map, turned

CLASS_NAMES = ("normal", "pneumonia")
CHANNELS = 1
NAME = "radiographs"
VERSION = 1

ENERGY_KEV = 60.0
"""Effective energy of the beam, for which the coefficients below hold."""
SOFT = 0.2048 * 1.06
"""Linear attenuation coefficients at 60 keV, 1/cm: mass coefficient in cm²/g times density in g/cm³."""
BONE = 0.3148 * 1.92
LUNG = 0.2053
"""Attenuation of lung tissue, per g/cm³; its density depends on the breath."""
AIRLESS = 1.05
"""Density of lung without any air, g/cm³."""

SUPERSAMPLING = 2
"""Rays per pixel along each side, because ribs are thinner than a pixel."""


@dataclass(frozen=True)
class Radiograph:
    """All parameters of one image, except its size.

    Attributes:
        label: index into CLASS_NAMES.
        thorax: the patient.
        consolidations: consolidations of the pneumonia; empty in a normal radiograph.
        rotation: rotation of the patient in the image's plane, radians.
        shift: shift of the patient, cm (x, y).
        field: side of the irradiated square, cm of an adult's chest.
        quanta: noise-equivalent quanta per cm² of the open beam, few enough for visible noise on large pixels.
        scatter: ratio of scattered to primary radiation, averaged over the patient.
        scatter_width: standard deviation of its spread, cm.
        unsharpness: blur by focal spot, motion and detector, standard deviation in cm.
        window: fractions of the patient's pixels that the display shows as black and as white.
        gamma: exponent of the display.
        seed: seed of the quantum noise.
    """

    label: int
    thorax: Thorax
    consolidations: tuple[Consolidation, ...]
    rotation: float
    shift: tuple[float, float]
    field: float
    quanta: float
    scatter: float
    scatter_width: float
    unsharpness: float
    window: tuple[float, float]
    gamma: float
    seed: int


def draw_parameters(generator: np.random.Generator, label: int) -> Radiograph:
    """One random patient and exposure; only `consolidations` depends on the label."""
    thorax = _draw_thorax(generator)
    uniform = generator.uniform
    film = Radiograph(
        label=label,
        thorax=thorax,
        consolidations=(),
        rotation=math.radians(generator.normal(0, 4)),
        shift=(generator.normal(0, 1.5), generator.normal(0, 1.3)),
        field=2.15 * thorax.width * uniform(1.0, 1.25),
        quanta=10 ** uniform(5.3, 6.3),
        scatter=uniform(0.3, 1.0),
        scatter_width=uniform(4, 7),
        unsharpness=uniform(0.05, 0.25),
        window=(uniform(0.0, 0.06), uniform(0.0, 0.05)),
        gamma=uniform(0.7, 1.2),
        seed=int(generator.integers(2**31)),
    )
    if label == 0:
        return film
    return replace(film, consolidations=_draw_pneumonia(generator, thorax))


def _draw_thorax(generator: np.random.Generator) -> Thorax:
    uniform = generator.uniform
    inspiration = generator.beta(3, 1.6)
    return Thorax(
        stature=uniform(0.65, 1.0),
        width=uniform(13.5, 16.0),
        depth=uniform(18, 23),
        inspiration=inspiration,
        lung_density=0.36 - 0.13 * inspiration + uniform(-0.02, 0.04),
        heart=uniform(5.0, 6.8),
        rotation=generator.normal(0, 0.7),
        vessels=uniform(0.7, 1.5),
        breast=uniform(1, 4) if uniform() < 0.35 else 0.0,
        breast_y=uniform(4, 8),
        rib_drop=uniform(6, 11),
        rib_phase=uniform(),
        arm=uniform(-0.9, 1.5),
        gas=uniform(1, 2.2) if uniform() < 0.5 else 0.0,
        seed=int(generator.integers(2**31)),
    )


def _draw_pneumonia(generator: np.random.Generator, thorax: Thorax) -> tuple[Consolidation, ...]:
    """Lobar (one large region), patchy (several in one lung) or bilateral (several in both)."""
    kind = generator.choice(["lobar", "patchy", "bilateral"], p=[0.45, 0.35, 0.2])
    strength = generator.uniform(0.3, 0.6) if generator.uniform() < 0.12 else generator.uniform(0.7, 1.0)
    side = float(generator.choice([-1, 1]))
    if kind == "lobar":
        return (_draw_region(generator, thorax, side, generator.uniform(4.0, 6.5), strength),)
    number = int(generator.integers(4, 9))
    sides = [side if kind == "patchy" else float(generator.choice([-1, 1])) for _ in range(number)]
    return tuple(_draw_region(generator, thorax, s, generator.uniform(2.2, 3.6), strength) for s in sides)


def _draw_region(
    generator: np.random.Generator, thorax: Thorax, side: float, radius: float, strength: float
) -> Consolidation:
    uniform = generator.uniform
    bottom = 4.0 + 4.0 * thorax.inspiration
    y = uniform(-9.0, bottom)
    return Consolidation(
        x=side * uniform(0.3, 0.72) * thorax.width * (1 if y > -6 else 0.8),
        y=y,
        radius=radius,
        aspect=uniform(0.6, 1.0),
        angle=uniform(0, math.pi),
        depth=uniform(1.6, 2.6) * radius,
        filled=strength * uniform(0.7, 0.9),
        softness=uniform(0.3, 0.6),
        fissure=y + 0.6 * radius if y < -2 and uniform() < 0.5 else math.inf,
        seed=int(generator.integers(2**31)),
    )


def thicknesses(film: Radiograph, size: int) -> Thicknesses:
    """Thickness of each material along the rays of an image of size × size pixels, cm, (size, size) float32 maps."""
    reach = film.field / 2
    steps = (np.arange(size, dtype=np.float32) + 0.5) * np.float32(film.field / size) - np.float32(reach)
    across, down = steps[None, :] - np.float32(film.shift[0]), steps[:, None] - np.float32(film.shift[1]) - 1.0
    x, y = turned(across, down, film.rotation)
    return project(film.thorax, film.consolidations, x, y, film.field / size)


def attenuation(parts: Thicknesses, lung_density: float) -> Map:
    """∫ μ dl along each ray, dimensionless."""
    lung = LUNG * lung_density
    return SOFT * parts.soft + BONE * parts.bone + lung * parts.lung + (LUNG * AIRLESS - lung) * parts.consolidated


def transmission(parts: Thicknesses, lung_density: float) -> Map:
    """I / I0 of the primary beam: the Beer–Lambert law."""
    return np.exp(-attenuation(parts, lung_density))


def exposure(film: Radiograph, size: int) -> tuple[Map, NDArray[np.bool_]]:
    """Logarithm of the detected fraction of the open beam, and the mask of the patient; (size, size) each."""
    from scipy.ndimage import gaussian_filter

    fine = size * SUPERSAMPLING
    parts = thicknesses(film, fine)
    pixel = film.thorax.stature * film.field / fine
    blurred = gaussian_filter(transmission(parts, film.thorax.lung_density), film.unsharpness / pixel)
    pixel *= SUPERSAMPLING
    primary = blurred.reshape(size, SUPERSAMPLING, size, SUPERSAMPLING).mean((1, 3))
    patient = parts.soft[::SUPERSAMPLING, ::SUPERSAMPLING] > 0
    # Compton scattering comes from the patient, not from the air around, and blurs over a large distance.
    scattered = film.scatter * gaussian_filter(primary * patient, film.scatter_width / pixel, truncate=2.5)
    opened = film.quanta * pixel**2
    counts = np.random.default_rng(film.seed).poisson(opened * (primary + scattered))
    return np.log((counts + 1) / opened), patient


def render(film: Radiograph, size: int) -> NDArray[np.uint8]:
    """The displayed radiograph, with bright bones, (size, size, 1)."""
    return display(*exposure(film, size), film.window, film.gamma)[..., None]


def display(logarithm: Map, patient: NDArray[np.bool_], window: tuple[float, float], gamma: float) -> NDArray[np.uint8]:
    """Invert the logarithm of an exposure and scale it to 0 to 255; `window` has the fractions that are clipped.

    The fractions are of the patient's pixels, without the air around the patient.
    """
    bright = -logarithm
    low, high = np.quantile(bright[patient], [window[0], 1 - window[1]])
    return (255 * np.clip((bright - low) / (high - low), 0, 1) ** gamma + 0.5).astype(np.uint8)
