"""Surface brightness of galaxies without a telescope: discs with arms, bars and rings, tidal tails, knots.

Coordinates are seconds of arc, x to the right and y upward. A galaxy's stars are two populations, old (red) and young
(blue); each part has a fraction of young light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.images.shapes import Map, ripple, turned

SCALE_LENGTHS = 1.678
"""Half-light radius of an exponential disc over its scale length (Graham and Driver, PASA 22 (2005), b_n for n = 1)."""


@dataclass(frozen=True)
class Galaxy:
    """A bulge (Sérsic n = 4) in a disc (Sérsic n = 1) that may have arms, a bar and a ring.

    Attributes:
        x, y: its centre, arcsec.
        flux: total, nanomaggies in r.
        radius: half-light radius of the disc, arcsec.
        inclination: 0 face-on to 1 edge-on: 1 − cos i.
        angle: position angle of the major axis, radians from the x axis.
        bulge: fraction of the flux in the bulge.
        bulge_radius: its half-light radius, arcsec.
        bulge_ratio: its axis ratio.
        young: fraction of young stars in the disc.
        arms: number of spiral arms; 0 for a smooth disc.
        pitch: pitch angle of the arms, radians; a negative one winds the other way.
        contrast: contrast of the arms, 0 to 1.
        phase: phase of arms and bar, radians.
        bar: fraction of the disc's flux in the bar.
        bar_length: half of it over the disc's half-light radius.
        ring: fraction of the disc's flux in the ring.
        ring_radius: over the disc's half-light radius.
        ring_width: standard deviation over the ring's radius.
        bend: how much a neighbour's tide bends the disc, 1/arcsec.
        patchiness: standard deviation of the logarithm of the brightness of clouds and gaps.
        seed: seed of the clouds.
    """

    x: float
    y: float
    flux: float
    radius: float
    inclination: float
    angle: float
    bulge: float
    bulge_radius: float
    bulge_ratio: float
    young: float
    arms: int = 0
    pitch: float = 0.3
    contrast: float = 0.0
    phase: float = 0.0
    bar: float = 0.0
    bar_length: float = 0.5
    ring: float = 0.0
    ring_radius: float = 1.3
    ring_width: float = 0.12
    bend: float = 0.0
    patchiness: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Tail:
    """A curved stream of stars pulled out by a tide.

    Attributes:
        x, y: where it starts, arcsec.
        angle: its direction there, radians.
        curvature: 1/arcsec.
        length: arcsec.
        width: standard deviation across at the start, arcsec; it doubles along the tail.
        flux: nanomaggies in r.
        young: fraction of young stars.
    """

    x: float
    y: float
    angle: float
    curvature: float
    length: float
    width: float
    flux: float
    young: float


@dataclass(frozen=True)
class Knot:
    """A round Gaussian patch of stars: centre and standard deviation in arcsec, flux in nanomaggies."""

    x: float
    y: float
    width: float
    flux: float
    young: float


class Light(NamedTuple):
    """Surface brightness of the old and the young stars, nanomaggies per cell of the grid."""

    old: Map
    young: Map


def disc(galaxy: Galaxy, x: Map, y: Map, cell: float) -> Map:
    """The light of disc, arms, bar and ring together, nanomaggies per cell; `cell` is the grid's step in arcsec."""
    u, v = turned(x - np.float32(galaxy.x), y - np.float32(galaxy.y), galaxy.angle)
    v = v + np.float32(galaxy.bend) * u * u
    # A disc seen edge-on is about a tenth as thick as it is long.
    squeeze = math.hypot(1 - galaxy.inclination, 0.1)
    v = v / np.float32(squeeze)
    radius = np.sqrt(u * u + v * v) + np.float32(1e-3)
    length = galaxy.radius / SCALE_LENGTHS
    smooth = np.exp(radius * np.float32(-1 / length)) / np.float32(2 * math.pi * length**2)
    if galaxy.arms:
        smooth = smooth * spiral(galaxy, u, v, radius)
    parts = (1 - galaxy.bar - galaxy.ring) * smooth
    if galaxy.bar:
        parts = parts + galaxy.bar * bar(galaxy, u, v)
    if galaxy.ring:
        parts = parts + galaxy.ring * ring(galaxy, radius)
    if galaxy.patchiness:
        parts = parts * np.exp(np.float32(galaxy.patchiness) * ripple(u, v, 0.35 * galaxy.radius, galaxy.seed))
    return np.float32(galaxy.flux * (1 - galaxy.bulge) * cell**2 / squeeze) * parts


def ring(galaxy: Galaxy, radius: Map) -> Map:
    """A ring of Gaussian cross-section, with a total of 1."""
    middle = galaxy.ring_radius * galaxy.radius
    width = galaxy.ring_width * middle
    return np.exp(np.square((radius - np.float32(middle)) / np.float32(width)) * -0.5) / np.float32(
        (2 * math.pi) ** 1.5 * middle * width
    )


def spiral(galaxy: Galaxy, u: Map, v: Map, radius: Map) -> Map:
    """Brightness of the disc relative to a smooth one: logarithmic arms that fade out inside the bulge or the bar."""
    winding = np.log(radius / np.float32(galaxy.radius)) * np.float32(1 / math.tan(galaxy.pitch))
    wave = np.cos(galaxy.arms * (np.arctan2(v, u) - winding - np.float32(galaxy.phase)))
    strength = galaxy.contrast * (1 - np.exp(np.square(radius) * np.float32(-1 / (0.35 * galaxy.radius) ** 2)))
    # Arms are narrower than the gaps between them, and outshine the disc far out.
    ridge = np.exp(2.5 * (wave - 1))
    return 1 - strength + strength * ridge * (1.2 + radius * np.float32(1.6 / galaxy.radius))


def bar(galaxy: Galaxy, u: Map, v: Map) -> Map:
    """A bar from which the arms start: a flat-topped ellipse, five times as long as wide, with a total of 1."""
    u, v = turned(u, v, galaxy.phase)
    long = galaxy.bar_length * galaxy.radius
    wide = 0.2 * long
    along, across = u / np.float32(long), v / np.float32(wide)
    return np.exp(-np.square(along * along + across * across)) / np.float32(math.pi**1.5 / 2 * long * wide)


def tail(stream: Tail, x: Map, y: Map) -> Map:
    """Light of a tidal tail along an arc of a circle, nanomaggies per cell."""
    u, v = turned(x - np.float32(stream.x), y - np.float32(stream.y), stream.angle)
    away = v - np.float32(0.5 * stream.curvature) * u * u
    along = u / np.float32(stream.length)
    inside = np.clip(8 * along + 1, 0, 1) * np.exp(-np.square(np.square(np.maximum(along, 0))))
    across = away / (np.float32(stream.width) * (1 + np.clip(along, 0, 1)))
    brightness = inside * np.exp(-0.5 * across * across - np.maximum(along, 0))
    return stream.flux * brightness / np.maximum(brightness.sum(), np.float32(1e-9))


def knot(patch: Knot, x: Map, y: Map, cell: float) -> Map:
    """Light of a knot, nanomaggies per cell."""
    distance = np.square(x - np.float32(patch.x)) + np.square(y - np.float32(patch.y))
    variance = patch.width**2
    return np.exp(distance * np.float32(-0.5 / variance)) * np.float32(patch.flux * cell**2 / (2 * math.pi * variance))


def light(
    galaxies: tuple[Galaxy, ...], tails: tuple[Tail, ...], knots: tuple[Knot, ...], x: Map, y: Map, cell: float
) -> Light:
    """Everything but the bulges, whose cusps need a finer grid, on a grid of steps of `cell` arcsec."""
    parts = [(g.young, disc(g, x, y, cell)) for g in galaxies]
    parts += [(t.young, tail(t, x, y)) for t in tails]
    parts += [(k.young, knot(k, x, y, cell)) for k in knots]
    old = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    young = np.zeros_like(old)
    for share, brightness in parts:
        old += (1 - share) * brightness
        young += share * brightness
    return Light(old, young)
