"""The population of galaxies: distributions of the parameters of normal, ringed, merging and irregular ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from labs.galaxy.simulator.morphology import Galaxy, Knot, Tail

ZERO_POINT = 22.5
"""Magnitude of one nanomaggy."""


@dataclass(frozen=True)
class Star:
    """A point source: place in arcsec, flux in nanomaggies in r, fraction of a hot star's blue light."""

    x: float
    y: float
    flux: float
    young: float


@dataclass(frozen=True)
class Trail:
    """A satellite that crossed the field: distance of its track from the centre, arcsec, its angle, flux per arcsec."""

    offset: float
    angle: float
    brightness: float


class Scene(NamedTuple):
    """The object in the centre of an image."""

    galaxies: tuple[Galaxy, ...]
    tails: tuple[Tail, ...] = ()
    knots: tuple[Knot, ...] = ()
    trail: Trail | None = None


def _flux(generator: np.random.Generator, bright: float, faint: float) -> float:
    return 10 ** (0.4 * (ZERO_POINT - generator.uniform(bright, faint)))


def _draw_galaxy(generator: np.random.Generator, **fixed: Any) -> Galaxy:
    """A disc with a bulge, of any inclination; `fixed` has the parameters that are not drawn."""
    uniform = generator.uniform
    return Galaxy(
        **{
            "x": generator.normal(0, 1.8),
            "y": generator.normal(0, 1.8),
            "flux": _flux(generator, 14.6, 16.2),
            "radius": uniform(4.5, 7.0),
            "inclination": uniform(0.0, 0.7),
            "angle": uniform(0, 2 * math.pi),
            "bulge": uniform(0.1, 0.5),
            "bulge_radius": uniform(0.8, 2.0),
            "bulge_ratio": uniform(0.7, 1.0),
            "young": uniform(0.1, 0.6),
            "patchiness": uniform(0.05, 0.2),
            "seed": int(generator.integers(2**31)),
            **fixed,
        }
    )


def _draw_elliptical(generator: np.random.Generator, **fixed: Any) -> Galaxy:
    uniform = generator.uniform
    return _draw_galaxy(
        generator,
        **{
            "flux": _flux(generator, 13.8, 15.6),
            "bulge": 1.0,
            "bulge_radius": uniform(2.5, 5.0),
            "bulge_ratio": uniform(0.5, 1.0),
            **fixed,
        },
    )


def _draw_spiral(generator: np.random.Generator, **fixed: Any) -> Galaxy:
    uniform = generator.uniform
    bar = uniform(0.15, 0.35) if uniform() < 0.35 else 0.0
    return _draw_galaxy(
        generator,
        **{
            "arms": 2 if bar or uniform() < 0.7 else int(generator.integers(3, 5)),
            "pitch": float(generator.choice([-1, 1])) * math.radians(uniform(12, 28)),
            "contrast": uniform(0.5, 0.95),
            "phase": uniform(0, 2 * math.pi),
            "bar": bar,
            "bar_length": uniform(0.45, 0.75),
            "young": uniform(0.35, 0.9),
            "patchiness": uniform(0.2, 0.45),
            **fixed,
        },
    )


def _draw_normal(generator: np.random.Generator) -> Scene:
    """Elliptical, lenticular, spiral (barred or not) or edge-on."""
    kind = generator.choice(["elliptical", "lenticular", "spiral", "edge-on"], p=[0.3, 0.15, 0.4, 0.15])
    if kind == "elliptical":
        galaxy = _draw_elliptical(generator)
    elif kind == "lenticular":
        galaxy = _draw_galaxy(generator, young=0.1, flux=_flux(generator, 14.2, 15.8))
    elif kind == "spiral":
        galaxy = _draw_spiral(generator)
    else:
        galaxy = _draw_galaxy(
            generator,
            inclination=generator.uniform(0.82, 1.0),
            radius=generator.uniform(5, 8),
            flux=_flux(generator, 14.2, 15.8),
        )
    return Scene((galaxy,))


def _draw_ringed(generator: np.random.Generator) -> Scene:
    """A bulge, often with a bar, in a disc whose light gathers in a ring."""
    uniform = generator.uniform
    galaxy = _draw_galaxy(
        generator,
        inclination=uniform(0.0, 0.5),
        bulge=uniform(0.25, 0.55),
        radius=uniform(4.5, 6.5),
        ring=uniform(0.45, 0.8),
        ring_radius=uniform(1.2, 1.8),
        ring_width=uniform(0.08, 0.16),
        bar=uniform(0.1, 0.2) if uniform() < 0.3 else 0.0,
        phase=uniform(0, 2 * math.pi),
        bar_length=uniform(0.7, 1.1),
        young=uniform(0.2, 0.9),
        patchiness=uniform(0.15, 0.4),
    )
    return Scene((galaxy,))


def _draw_merger(generator: np.random.Generator) -> Scene:
    """Two galaxies of comparable mass, bent by each other's tide, with tails and a bridge between them."""
    uniform = generator.uniform
    apart, direction = uniform(5.0, 10.0), uniform(0, 2 * math.pi)
    across, up = 0.5 * apart * math.cos(direction), 0.5 * apart * math.sin(direction)
    x, y = generator.normal(0, 1.8, 2).tolist()
    flux = _flux(generator, 15.0, 16.4)
    pair, tails = [], []
    for side in (-1, 1):
        make = (_draw_elliptical, _draw_spiral, _draw_galaxy)[generator.choice(3, p=[0.25, 0.4, 0.35])]
        galaxy = make(
            generator,
            x=x + side * across,
            y=y + side * up,
            flux=0.6 * flux * (1.0 if side < 0 else uniform(0.35, 1.0)),
            radius=uniform(2.8, 4.5),
            bend=generator.normal(0, 0.06),
        )
        pair.append(galaxy)
        if uniform() < 0.85:
            outward = direction + (0 if side > 0 else math.pi) + generator.normal(0, 0.7)
            tails.append(_draw_tail(generator, galaxy, outward, uniform(7, 16), 0.12, flux * uniform(0.15, 0.35)))
    bridge = _draw_tail(generator, pair[0], direction, apart, 0.03, 0.08 * flux)
    return Scene(tuple(pair), (*tails, bridge))


def _draw_tail(
    generator: np.random.Generator, galaxy: Galaxy, angle: float, length: float, bent: float, flux: float
) -> Tail:
    uniform = generator.uniform
    return Tail(
        x=galaxy.x,
        y=galaxy.y,
        angle=angle,
        curvature=generator.normal(0, bent),
        length=length,
        width=uniform(0.7, 1.4),
        flux=flux,
        young=uniform(0.3, 0.9),
    )


def _draw_other(generator: np.random.Generator) -> Scene:
    """An irregular galaxy (no bulge, patches of young stars off its centre), or an image that an artefact spoils."""
    uniform = generator.uniform
    if uniform() < 0.3:
        galaxy = _draw_elliptical(generator) if uniform() < 0.4 else _draw_spiral(generator)
        return Scene((galaxy,), trail=Trail(uniform(-12, 12), uniform(0, math.pi), 10 ** uniform(0.6, 1.3)))
    galaxy = _draw_galaxy(
        generator,
        flux=_flux(generator, 15.4, 16.9),
        bulge=uniform(0.0, 0.08),
        young=uniform(0.4, 1.0),
        inclination=uniform(0.1, 0.75),
        bend=generator.normal(0, 0.03),
        patchiness=uniform(0.5, 0.9),
    )
    knots = []
    for _ in range(generator.integers(3, 9)):
        away, angle = galaxy.radius * abs(generator.normal(0, 0.9)), uniform(0, 2 * math.pi)
        knots.append(
            Knot(
                x=galaxy.x + away * math.cos(angle),
                y=galaxy.y + away * math.sin(angle),
                width=uniform(0.5, 1.8),
                flux=galaxy.flux * uniform(0.02, 0.15),
                young=uniform(0.6, 1.0),
            )
        )
    return Scene((galaxy,), knots=tuple(knots))


def draw_object(generator: np.random.Generator, label: int) -> Scene:
    """The object of an image of this class, by its index: normal, ringed, merger, other."""
    kinds: tuple[Callable[[np.random.Generator], Scene], ...] = (_draw_normal, _draw_ringed, _draw_merger, _draw_other)
    return kinds[label](generator)


def draw_neighbours(generator: np.random.Generator) -> tuple[Galaxy, ...]:
    """Smaller and fainter galaxies behind or in front, some nearly as near as a merger's companion."""
    uniform = generator.uniform
    found = []
    for _ in range(generator.poisson(1.0)):
        away, angle = uniform(11, 24), uniform(0, 2 * math.pi)
        found.append(
            _draw_galaxy(
                generator,
                x=away * math.cos(angle),
                y=away * math.sin(angle),
                flux=_flux(generator, 17.0, 19.5),
                radius=uniform(0.8, 2.0),
                patchiness=0.0,
                bulge_radius=uniform(0.5, 1.0),
                bulge=uniform(0.2, 0.8),
            )
        )
    return tuple(found)


def draw_stars(generator: np.random.Generator) -> tuple[Star, ...]:
    """Stars of our own Galaxy in front, anywhere in the field."""
    places = generator.uniform(-23, 23, (generator.poisson(1.2), 2))
    return tuple(
        Star(float(x), float(y), _flux(generator, 17.0, 20.5), generator.uniform(-0.2, 1.0)) for x, y in places
    )
