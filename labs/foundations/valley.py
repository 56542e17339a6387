"""Optimizers in a narrow curved valley: the path of each, as a still and as an animated image."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labs.foundations.network.optimizers import OPTIMIZERS, SGD, Optimizer

Array = NDArray[Any]

START = (-1.5, 1.0)
"""Where all paths begin."""
STEPS = 200
"""Length of the paths."""
MINIMUM = (1.0, 1.0)
ACROSS, UP = (-2.0, 2.0), (-1.0, 3.0)
"""The part of the plane that is drawn."""
STEEPNESS = 20.0
"""How much steeper the walls are than the floor; 100 in the original."""
RATES = tuple(digit * 10.0**power for power in range(-4, 3) for digit in (1, 2, 5))
"""The learning rates that are tried for each optimizer."""
SEVEN: dict[str, Callable[[], Optimizer]] = {
    "SGD": SGD,
    "momentum": lambda: SGD(momentum=0.9),
    "Nesterov": lambda: SGD(momentum=0.9, nesterov=True),
    "Adagrad": OPTIMIZERS["adagrad"],
    "Adadelta": OPTIMIZERS["adadelta"],
    "RMSprop": OPTIMIZERS["rmsprop"],
    "Adam": OPTIMIZERS["adam"],
}
"""The optimizers that are compared: a new one for each training."""
LOOKS = {
    "SGD": ("#000000", "o"),
    "momentum": ("#E69F00", "s"),
    "Nesterov": ("#56B4E9", "^"),
    "Adagrad": ("#009E73", "D"),
    "Adadelta": ("#CC79A7", "v"),
    "RMSprop": ("#0072B2", "P"),
    "Adam": ("#D55E00", "X"),
}
"""Colour and marker of each, in the palette of Okabe and Ito."""


def height(w: Array) -> Any:
    """J(a, b) = (1 − a)² + 20 (b − a²)², for w of (…, 2): a valley along the parabola b = a², lowest at (1, 1).

    Source:
        Rosenbrock, An automatic method for finding the greatest or least value of a function, 1960; with 100 for 20.
    """
    a, b = w[..., 0], w[..., 1]
    return (1 - a) ** 2 + STEEPNESS * (b - a**2) ** 2


def slope(w: Array) -> Array:
    """The gradient of J at w, (2,)."""
    a, b = w
    wall = 2 * STEEPNESS * (b - a**2)
    return np.array([-2 * (1 - a) - 2 * a * wall, wall])


def descend(optimizer: Optimizer, rate: float, steps: int = STEPS, start: Any = START) -> Array:
    """The path of an optimizer.

    Args:
        optimizer: has taken no step yet.
        rate: learning rate.
        steps: number of steps.
        start: where it begins, (2,).

    Returns:
        (steps + 1, 2); infinite or NaN after it diverged.
    """
    w = np.array(start, "float64")
    path = [w.copy()]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            optimizer.step(w, slope(w), rate)
            path.append(w.copy())
    return np.array(path)


def best_rate(make: Callable[[], Optimizer]) -> float:
    """Of RATES, that with the lowest J after STEPS steps, among those whose path stays in the part that is drawn and
    never climbs above its start. Without this condition, a lucky jump over the wall would win."""
    last = {}
    for rate in RATES:
        path = descend(make(), rate)
        with np.errstate(over="ignore", invalid="ignore"):
            heights = height(path)
        a, b = path.T
        is_inside = (a >= ACROSS[0]) & (a <= ACROSS[1]) & (b >= UP[0]) & (b <= UP[1])
        if is_inside.all() and (heights <= heights[0]).all():
            last[rate] = heights[-1]
    return min(last, key=lambda rate: last[rate])


def still(paths: Mapping[str, Array]) -> Figure:
    """The paths on the surface, and the height of each by step.

    Args:
        paths: (steps + 1, 2) by the names of SEVEN.
    """
    figure, _ = _drawn(paths)
    return figure


def animation(paths: Mapping[str, Array], every: int = 8, milliseconds: int = 200) -> bytes:
    """The same as an animated PNG, in which the paths grow.

    Args:
        paths: (steps + 1, 2) by the names of SEVEN.
        every: steps per frame.
        milliseconds: per frame; the last one stays for two seconds.

    Returns:
        The contents of the file.
    """
    from PIL import Image

    figure, draw = _drawn(paths)
    canvas: Any = FigureCanvasAgg(figure)  # its methods have no types
    canvas.draw()
    figure.set_layout_engine("none")  # the layout of the whole paths is that of all frames
    steps = len(next(iter(paths.values())))
    frames: list[Image.Image] = []
    palette: Image.Image | None = None
    for step in reversed([*range(0, steps - 1, every), steps - 1]):  # the last frame has all colours
        draw(step)
        canvas.draw()
        frame = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        palette = palette or frame.quantize(80, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
        frames.insert(0, frame.quantize(palette=palette, dither=Image.Dither.NONE))
    buffer = io.BytesIO()
    times = [milliseconds] * (len(frames) - 1) + [2000]
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=True)
    return buffer.getvalue()


def _drawn(paths: Mapping[str, Array]) -> tuple[Figure, Callable[[int], None]]:
    """The figure, and a function that shortens all paths to a number of steps."""
    figure = Figure(figsize=(9.6, 4.4), dpi=90, layout="constrained")
    surface, curves = figure.subplots(1, 2, width_ratios=(1.1, 1))
    _surface(surface)
    curves.set(yscale="log", xlabel="step", ylabel="height J", xlim=(0, STEPS), ylim=(1e-5, 60))
    curves.grid(color="#DDDDDD", linewidth=0.6)
    lines = []
    for name, path in paths.items():
        colour, marker = LOOKS[name]
        looks = {"color": colour, "marker": marker, "markersize": 10, "markeredgecolor": "white", "linewidth": 1.8}
        for axes, x, y in ((surface, *path.T), (curves, np.arange(len(path)), height(path))):
            (line,) = axes.plot(x, y, markevery=[-1], label=name, clip_on=axes is curves, **looks)
            lines.append((line, x, y))
    surface.legend(loc="upper center", ncols=2, fontsize=9, framealpha=0.9)

    def draw(step: int) -> None:
        for line, x, y in lines:
            line.set_data(x[: step + 1], y[: step + 1])

    return figure, draw


def _surface(axes: Axes) -> None:
    """Contour lines of J, dark where it is high, with the start and the minimum."""
    a, b = np.linspace(*ACROSS, 200), np.linspace(*UP, 200)
    heights = height(np.stack(np.meshgrid(a, b), axis=-1))
    axes.contourf(a, b, heights, levels=10.0 ** np.arange(-2, 3.1, 0.5), norm=LogNorm(), cmap="Greys", alpha=0.35)
    axes.plot(*MINIMUM, "*", color="black", markersize=15, markerfacecolor="white", zorder=5)
    axes.annotate("minimum", MINIMUM, (8, -14), textcoords="offset points")
    axes.annotate("start", START, (-14, -16), textcoords="offset points")
    axes.set(xlim=ACROSS, ylim=UP, xlabel="weight a", ylabel="weight b")
