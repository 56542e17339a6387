"""SIMULATED galaxies in four classes, as a survey telescope would photograph them, rendered with GalSim.

Bulges and discs are Sérsic profiles (n = 4 and n = 1), discs have arms, bars and rings, mergers tails and bridges. The
sky adds neighbours, stars, seeing, background and photon noise; g, r and i become one colour image.

Source: GalSim: Rowe et al., Astronomy and Computing 10 (2015). Seeing and sky: between the quartiles of the Sloan
Digital Sky Survey in r (its page "Seeing and sky brightness", DR7). Images from bands: Lupton et al., PASP 116
(2004). That galaxies are red or blue: Strateva et al., AJ 122 (2001); the two colours below are our rounded values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.galaxy.simulator.morphology import Galaxy, Knot, Light, Tail, light
from labs.galaxy.simulator.population import ZERO_POINT, Star, Trail, draw_neighbours, draw_object, draw_stars
from utils.base.errors import CallerError, with_extra
from utils.images.shapes import Map

CLASS_NAMES = ("normal", "ringed", "merger", "other")
CHANNELS = 3
NAME = "galaxies"
VERSION = 1

OLD = 10 ** (-0.4 * np.array([0.80, 0.0, -0.40], np.float32))
YOUNG = 10 ** (-0.4 * np.array([0.15, 0.0, 0.05], np.float32))
"""Flux in g, r and i over that in r: old stars have g − r = 0.80, r − i = 0.40, young ones 0.15 and −0.05 mag."""
SKY = 10 ** (-0.4 * np.array([0.9, 0.0, -0.6], np.float32))
"""The same for the night sky."""
SUPERSAMPLING = 2


@dataclass(frozen=True)
class Field:
    """All parameters of one image, except its size.

    Attributes:
        label: index into CLASS_NAMES.
        galaxies: the object first, then random neighbours.
        tails: tidal tails of a merger.
        knots: knots of star formation.
        stars: stars in the foreground.
        trail: trail of a satellite, or None.
        width: side of the field, arcsec.
        seeing: full width at half maximum of the point spread function, arcsec.
        sky: surface brightness of the sky in r, mag/arcsec².
        electrons: detected electrons per nanomaggy (exposure, aperture and efficiency).
        stretch, softening: α and Q of Lupton et al.
        seed: seed of the photon noise.
    """

    label: int
    galaxies: tuple[Galaxy, ...]
    tails: tuple[Tail, ...]
    knots: tuple[Knot, ...]
    stars: tuple[Star, ...]
    trail: Trail | None
    width: float
    seeing: float
    sky: float
    electrons: float
    stretch: float
    softening: float
    seed: int


def draw_parameters(generator: np.random.Generator, label: int) -> Field:
    """One random field of this class; sky, exposure, neighbours and stars do not depend on the class."""
    uniform = generator.uniform
    scene = draw_object(generator, label)
    return Field(
        label=label,
        galaxies=scene.galaxies + draw_neighbours(generator),
        tails=scene.tails,
        knots=scene.knots,
        stars=draw_stars(generator),
        trail=scene.trail,
        width=uniform(38, 46),
        seeing=uniform(1.30, 1.58),
        sky=uniform(20.70, 21.03),
        electrons=10 ** uniform(2.6, 3.1),
        stretch=uniform(0.15, 0.3),
        softening=8.0,
        seed=int(generator.integers(2**31)),
    )


def render(field: Field, size: int) -> NDArray[np.uint8]:
    """The field in colour, (size, size, 3) red, green, blue.

    Raises:
        CallerError: GalSim is not installed.
    """
    pixel = field.width / size
    old, young = observe(field, size)
    source = OLD[:, None, None] * old + YOUNG[:, None, None] * young
    sky = SKY * np.float32(10 ** (0.4 * (ZERO_POINT - field.sky)) * pixel**2)
    expected = field.electrons * (np.maximum(source, 0) + sky[:, None, None])
    counts = np.random.default_rng(field.seed).poisson(expected).astype(np.float32)
    measured = (counts / np.float32(field.electrons) - sky[:, None, None]) / np.float32(pixel**2)
    return lupton(measured, field.stretch, field.softening)


def observe(field: Field, size: int) -> Light:
    """Old and young stars through the atmosphere and the pixels, nanomaggies per pixel, (size, size) each."""
    galsim = import_galsim()
    # GalSim's defaults are for measuring shear to 0.1 %; here photon noise is larger than the error.
    rough = galsim.GSParams(folding_threshold=0.05, maxk_threshold=0.01, kvalue_accuracy=1e-3)
    seeing = galsim.Moffat(beta=3.5, fwhm=field.seeing, gsparams=rough)
    pixel = field.width / size
    seen = diffuse(field, seeing, size)
    bulges = [
        galsim.DeVaucouleurs(half_light_radius=g.bulge_radius, flux=g.bulge * g.flux, gsparams=rough)
        .shear(q=g.bulge_ratio, beta=g.angle * galsim.radians)
        .shift(g.x, g.y)
        for g in field.galaxies
        if g.bulge > 0
    ]
    if bulges:
        bulge = galsim.Convolve(galsim.Sum(bulges), seeing, gsparams=rough)
        bulge.drawImage(galsim.Image(seen.old), scale=pixel, add_to_image=True)
    return seen


def diffuse(field: Field, seeing: Any, size: int) -> Light:
    """All but the bulges, on a finer grid with a margin for light that the seeing spreads into the field."""
    from scipy.fft import irfft2, rfft2

    margin = 8
    rows = size + 2 * margin
    pixel = field.width / size
    cell = pixel / SUPERSAMPLING
    steps = (np.arange(rows * SUPERSAMPLING, dtype=np.float32) + 0.5) * np.float32(cell) - np.float32(rows * pixel / 2)
    stars = tuple(Knot(s.x, s.y, 0.7 * cell, s.flux, s.young) for s in field.stars)
    sharp = np.stack(light(field.galaxies, field.tails, field.knots + stars, steps[None, :], steps[:, None], cell))
    if field.trail is not None:
        sharp += 0.5 * track(field.trail, steps[None, :], steps[:, None], cell)
    spread = seeing.drawImage(nx=len(steps), ny=len(steps), scale=cell, method="no_pixel", offset=(0.5, 0.5)).array
    blurred = irfft2(rfft2(sharp) * rfft2(np.fft.ifftshift(spread)), s=spread.shape)
    binned = blurred.reshape(2, rows, SUPERSAMPLING, rows, SUPERSAMPLING).sum((2, 4))
    return Light(*np.ascontiguousarray(binned[:, margin:-margin, margin:-margin]))


def track(trail: Trail, x: Map, y: Map, cell: float) -> Map:
    """Light of a satellite's track, out of focus, nanomaggies per cell."""
    away = y * np.float32(math.cos(trail.angle)) - x * np.float32(math.sin(trail.angle)) - np.float32(trail.offset)
    return np.float32(trail.brightness * cell**2 / math.sqrt(2 * math.pi) / 0.3) * np.exp(-0.5 * np.square(away / 0.3))


def lupton(bands: Map, stretch: float, softening: float) -> NDArray[np.uint8]:
    """Surface brightness in g, r and i, (3, height, width), as a colour image that keeps colours where it is bright.

    Source: Lupton et al., Preparing red-green-blue images from CCD data, PASP 116 (2004).
    """
    # White is midway between the two populations.
    colours = (bands / np.sqrt(OLD * YOUNG)[:, None, None])[::-1]
    intensity = np.maximum(colours.mean(axis=0), 1e-6)
    colours = colours * (np.arcsinh(stretch * softening * intensity) / softening / intensity)
    colours = colours / np.maximum(colours.max(axis=0), 1)
    return (255 * np.clip(colours, 0, 1) + 0.5).astype(np.uint8).transpose(1, 2, 0)


def import_galsim() -> Any:
    """GalSim, which is not needed by any other lab.

    Raises:
        CallerError: it is not installed.
    """
    try:
        import galsim
    except ImportError:
        raise CallerError("simulating galaxies needs GalSim", with_extra("galaxy")) from None
    return galsim
