"""A phantom of the thorax: the centimetres of each material along every ray from back to front.

Every organ is a solid whose extent along the ray has a closed form (ellipsoids, tubes, domes), so that an image
needs a few hundred array operations and no ray tracing. Coordinates are centimetres: x to the right of
the image (the patient's left), y downward, the origin at the carina's level in the midline of an adult.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from utils.images.shapes import Map, box, chord, ellipsoid, fade, ripple, tube, turned

APEX = -13.0
"""Level of the lungs' tops, cm."""
RIB_PAIRS = 10
RIB_RADIUS = 0.75
RIB_WALL = 0.22
"""Half the height of a rib and the thickness of its cortex, cm."""


@dataclass(frozen=True)
class Consolidation:
    """A region of lung whose air is replaced by exudate.

    Attributes:
        x, y: its centre, cm.
        radius: along its longer axis, cm.
        aspect: shorter over longer axis.
        angle: of the longer axis, radians.
        depth: its greatest extent along the ray, cm.
        filled: fraction of the air that is replaced, 0 to 1.
        softness: how gradually it ends, as a share of its radius.
        fissure: level at which the lobe ends below it, cm; infinite where no fissure bounds it.
        seed: of its irregular outline.
    """

    x: float
    y: float
    radius: float
    aspect: float
    angle: float
    depth: float
    filled: float
    softness: float
    fissure: float
    seed: int


@dataclass(frozen=True)
class Thorax:
    """One patient's chest; lengths in cm of an adult's, all multiplied by `stature` when projected.

    Attributes:
        stature: size of the whole body; 1 is an adult.
        width: half the width of the chest.
        depth: of the chest from back to front.
        inspiration: 0 (shallow breath: high diaphragm, dense lungs) to 1.
        lung_density: of the aerated lung, g/cm³.
        heart: half the heart's length.
        rotation: sideways shift of the heart and the mediastinum by a turned patient.
        vessels: calibre of the hilar vessels; 1 is usual.
        breast: greatest thickness of each breast along the ray.
        breast_y: level of the breasts.
        rib_drop: how far a rib falls from back to front.
        rib_phase: level of the ribs as a share of their distance.
        arm: angle of the upper arms to the horizontal, radians, positive downward.
        gas: radius of the gas bubble in the stomach; 0 for none.
        seed: of the vessels' branching.
    """

    stature: float
    width: float
    depth: float
    inspiration: float
    lung_density: float
    heart: float
    rotation: float
    vessels: float
    breast: float
    breast_y: float
    rib_drop: float
    rib_phase: float
    arm: float
    gas: float
    seed: int


class Thicknesses(NamedTuple):
    """Centimetres of each material along every ray; lung counts its consolidated part too."""

    soft: Map
    lung: Map
    bone: Map
    consolidated: Map


def body(thorax: Thorax, x: Map, y: Map) -> Map:
    """Thickness of the whole patient: trunk, neck, arms and breasts."""
    width = thorax.width
    levels = [-30, -21, -17.5, -14.5, -11.5, -8, 0, 12, 30]
    widths = [5.8, 5.8, 7.0, 0.75 * width, 1.05 * width, 1.03 * width, width, 0.96 * width, 0.98 * width]
    half = np.interp(y, levels, widths).astype(np.float32)
    deep = np.interp(y, [-30, -17, -11, 0, 30], [0.6, 0.62, 0.85, 1, 1]).astype(np.float32)
    trunk = thorax.depth * deep * np.sqrt(np.maximum(1 - np.abs(x / half) ** 2.5, 0))
    bust = thorax.breast * ellipsoid(np.abs(x), y, (0.52 * width, thorax.breast_y), (0.44 * width, 0.4 * width)) ** 2
    return np.maximum(trunk, arms(thorax, x, y)[0]) + bust * (trunk > 0)


def arms(thorax: Thorax, x: Map, y: Map) -> tuple[Map, Map]:
    """Thickness of the upper arms, and that of their bone."""
    along, across = turned(np.abs(x) - np.float32(0.97 * thorax.width), y + np.float32(10.8), thorax.arm)
    whole = 9 * chord((across / 4.2) ** 2 + (np.minimum(along, 0) / 4.2) ** 2)
    shaft = tube(across, 1.2, 0.3) * fade(-along - 1, 1)
    head = 2.5 * chord((along / 2.3) ** 2 + (across / 2.3) ** 2)
    return whole, 0.45 * np.maximum(shaft, head)


def cavity(thorax: Thorax, y: Map) -> Map:
    """Half the width of the space inside the ribs at each level."""
    inner = 0.86 * thorax.width
    t = np.clip((y - APEX + 0.8) / 13, 0, 1)
    return inner * np.sqrt(1 - (1 - t) ** 2.2 + 1e-4) * (1 + 0.004 * np.maximum(y, 0))


def diaphragm(thorax: Thorax, x: Map) -> Map:
    """Level of the diaphragm's dome on each side; the right one, over the liver, is higher."""
    top = 5.5 + 4.5 * thorax.inspiration - np.where(x < 0, 0.7, -0.5).astype(np.float32)
    return top + 3.6 * np.abs((np.abs(x) - 0.45 * thorax.width) / (0.42 * thorax.width)) ** 2.2


def mediastinum(thorax: Thorax, x: Map, y: Map) -> Map:
    """Thickness of the heart, the great vessels and the rest of the mediastinum."""
    size = thorax.heart / 6.0
    x = x - np.float32(thorax.rotation)
    base = 5.2 + 3.2 * thorax.inspiration
    parts = [
        10.5 * ellipsoid(x, y, (1.9 * size, base - 3.2 * size), (thorax.heart, 4.7 * size), 0.62),
        8.5 * ellipsoid(x, y, (-1.3 * size, base - 3.4 * size), (2.9 * size, 4.6 * size)),
        6.5 * ellipsoid(x, y, (1.9, -4.6), (1.6, 1.7)),
        6.5 * ellipsoid(x, y, (2.2, -1.2), (1.9, 2.2)),
        9.0 * chord(np.square(np.square(x / (2.3 + 0.10 * np.maximum(-y - 8, 0))))),
    ]
    return np.maximum.reduce(parts)


def lungs(thorax: Thorax, x: Map, y: Map) -> Map:
    """Thickness of both lungs, without the mediastinum."""
    wall = cavity(thorax, y)
    inner = 1.2 + 2.6 * np.exp(-np.maximum(y - APEX, 0) / 2.0)
    half = np.maximum((wall - inner) / 2, 0.05)
    u = (np.abs(x) - inner - half) / half
    across = np.sqrt(np.maximum(1 - np.abs(u) ** 2.6, 0))
    upward = np.clip((y - APEX) / 9, 0, 1)
    deep = 0.66 * thorax.depth * (0.35 + 0.65 * np.sqrt(upward)) * (y > APEX)
    above = diaphragm(thorax, x) - y
    # Behind the dome the lung reaches further down: the recess that a frontal radiograph shows through the liver.
    dome = np.maximum(np.sqrt(np.clip(above / 3.2, 0, 1)), 0.13 * np.clip(1 + above / 4, 0, 1))
    return np.maximum(deep * across * dome - mediastinum(thorax, x, y), 0)


def vessels(thorax: Thorax, x: Map, y: Map, pixel: float) -> Map:
    """Thickness of the blood vessels of the lungs: forks that thin as they leave the hilum."""
    random = np.random.default_rng(thorax.seed)
    total = np.zeros_like(x)
    for side in (-1, 1):
        here = box((side * x > 0) & (np.abs(y) < 13))
        u, v = side * x[here] - 2.6, y[here] - (0.2 if side < 0 else -0.6)
        distance = np.sqrt(u * u + v * v) + np.float32(1e-3)
        angle = np.arctan2(v, u)
        total[here] += 2.2 * thorax.vessels * np.exp(u * u * (-1 / 2.2) + v * v * (-1 / 6.0))
        for start in np.linspace(-1.35, 1.45, 7) + random.normal(0, 0.15, 7):
            fork, bend, wave = random.uniform(1, 4), random.normal(0, 0.05), random.uniform(0, 6)
            reach, radius = random.uniform(6, 11), thorax.vessels * random.uniform(0.22, 0.4)
            calibre = radius * np.maximum(1 - distance / reach, 0.02)
            trunk = float(start) + bend * distance + 0.12 * np.sin(0.9 * distance + wave)
            spread = random.uniform(0.25, 0.55) * np.maximum(1 - fork / distance, 0)
            for turn in (-1, 1):
                total[here] += tube(distance * (angle - trunk - turn * spread), calibre, 0.5 * pixel)
    return total


def bones(thorax: Thorax, x: Map, y: Map, pixel: float) -> Map:
    """Thickness of compact bone: ribs, clavicles, spine, shoulder blades and upper arms."""
    blade = ellipsoid(np.abs(x), y, (0.88 * thorax.width, -7.0), (3.0, 6.5), -0.25)
    return (
        ribs(thorax, x, y, pixel)
        + clavicles(thorax, x, y, pixel)
        + spine(thorax, x, y)
        + 0.35 * np.sqrt(blade)
        + arms(thorax, x, y)[1]
    )


def ribs(thorax: Thorax, x: Map, y: Map, pixel: float) -> Map:
    """Hollow tubes on tilted ellipses: a ray crosses each twice, behind and in front, and edge-on at the chest wall."""
    spacing = 2.25
    total = np.zeros_like(x)
    for pair in range(RIB_PAIRS):
        level = APEX + 0.6 + (pair + thorax.rib_phase) * spacing
        drop = thorax.rib_drop * min(1.0, 0.45 + 0.1 * pair)
        reach = cavity(thorax, np.array([level + 0.4 * drop], np.float32)).item() + 0.5
        here = box((y > level - 3) & (y < level + drop + 2) & (np.abs(x) < reach + 1))
        total[here] += rib(np.abs(x[here]), y[here] - np.float32(level), reach, drop, pixel)
    return total


def rib(x: Map, y: Map, reach: float, drop: float, pixel: float) -> Map:
    """Both shadows of one rib and its twin: `x` from the midline, `y` from the level at the spine."""
    u = np.minimum(x / np.float32(reach), 1)
    depth = np.sqrt(1 - u * u)
    cosine = depth / np.sqrt(depth * depth + (drop / (2 * reach) * u) ** 2 + np.float32(1e-6))
    steepness, obliquity = np.maximum(cosine, 0.4), 1 / np.maximum(depth, 0.35)
    beyond = obliquity * fade(x - np.float32(reach), 0.3)
    # In front, a rib ends in cartilage, which casts no shadow of its own.
    front = 0.8 * fade(0.45 - u, 0.08)
    total = np.zeros_like(x)
    for course, present in ((0.55 * (1 - depth) * drop - 1.6 * u * (1 - u), 1.0), (0.5 * drop * (1 + depth), front)):
        away = (y - course) * steepness
        shadow = tube(away, RIB_RADIUS, 0.4 * pixel) - tube(away, RIB_RADIUS - RIB_WALL, 0.4 * pixel)
        total += present * shadow * beyond
    return total


def clavicles(thorax: Thorax, x: Map, y: Map, pixel: float) -> Map:
    """Two S-shaped tubes from the breastbone to the shoulders."""
    out = (np.abs(x) - 1.5) / (0.95 * thorax.width - 1.5)
    course = APEX + 2.6 - 3.0 * np.clip(out, 0, 1) + 0.7 * np.sin(2 * np.pi * np.clip(out, 0, 1))
    shadow = tube(y - course, 0.8, 0.4 * pixel) - 0.8 * tube(y - course, 0.5, 0.4 * pixel)
    return shadow * fade(np.abs(out - 0.5) - 0.5, 0.05)


def spine(thorax: Thorax, x: Map, y: Map) -> Map:
    """Vertebral bodies, discs between them, and the row of spinous processes."""
    phase = 2 * np.pi * (y / 2.5 + thorax.rib_phase)
    width = 1.75 + 0.02 * (y - APEX) + 0.12 * np.cos(phase)
    bodies = fade(np.abs(x) - width, 0.25) * (1.0 + 0.28 * np.tanh(2 * np.cos(phase)))
    process = 0.5 * np.exp(-((x / 0.35) ** 2)) * (0.6 + 0.4 * np.cos(phase + 1))
    return bodies + process


def gas(thorax: Thorax, x: Map, y: Map) -> Map:
    """Thickness of air outside the lungs: windpipe, main bronchi, stomach."""
    x = x - np.float32(0.7 * thorax.rotation)
    pipe = 1.5 * chord((x / 0.95) ** 2) * fade(y + 3.5, 1)
    spread = np.abs(np.abs(x) - np.clip(0.55 * (y + 4.3), 0, None))
    bronchi = 1.0 * chord((spread / 0.7) ** 2) * fade(np.abs(y + 2.6) - 1.6, 0.4)
    airway = np.maximum(pipe, bronchi)
    if thorax.gas == 0:
        return airway
    level = 5.5 + 4.5 * thorax.inspiration + 0.8 + thorax.gas
    return airway + 1.6 * thorax.gas * ellipsoid(x, y, (0.42 * thorax.width, level), (1.4 * thorax.gas, thorax.gas))


def consolidation(place: Consolidation, x: Map, y: Map) -> Map:
    """Centimetres of airless lung along each ray, if the lung were thick enough everywhere."""
    total = np.zeros_like(x)
    u, v = x - np.float32(place.x), y - np.float32(place.y)
    here = box((np.abs(u) < 2.8 * place.radius) & (np.abs(v) < 2.8 * place.radius))
    x, y = x[here], y[here]
    u, v = turned(u[here], v[here], place.angle)
    away = np.hypot(u, v / np.float32(place.aspect)) / np.float32(place.radius)
    outline = 0.25 * ripple(x, y, 0.9 * place.radius, place.seed)
    mottle = 1 + 0.15 * ripple(x, y, 0.5 * place.radius, place.seed + 1)
    # The fading never reaches 0: the value at the edge of the box is subtracted.
    within = np.maximum(fade(away + outline - 1, place.softness) - 0.03, 0)
    above = fade(y - np.float32(place.fissure), 0.25)
    total[here] = place.filled * place.depth * np.clip(mottle, 0.3, 1.7) * within * above
    return total


def project(thorax: Thorax, consolidations: tuple[Consolidation, ...], x: Map, y: Map, pixel: float) -> Thicknesses:
    """The thickness of each material along every ray.

    Args:
        thorax: the patient.
        consolidations: empty for a healthy lung.
        x, y: positions of the rays, cm of an adult's chest (divide the image's by `stature`), (height, width) each.
        pixel: distance of the rays in the same unit; thin tubes are drawn no finer.

    Returns:
        Maps of (height, width) float32, in the patient's own cm.
    """
    whole = body(thorax, x, y)
    bone = bones(thorax, x, y, pixel) * (whole > 0)
    air = np.minimum(gas(thorax, x, y), whole)
    lung = np.minimum(lungs(thorax, x, y), 0.9 * whole)
    blood = np.minimum(vessels(thorax, x, y, pixel), 0.6 * lung)
    lung = lung - blood
    filled = np.zeros_like(lung)
    for place in consolidations:
        filled += consolidation(place, x, y)
    soft = np.maximum(whole - lung - bone - air, 0)
    parts = (soft, lung, bone, np.minimum(filled, lung))
    return Thicknesses(*(np.float32(thorax.stature) * part.astype(np.float32) for part in parts))
