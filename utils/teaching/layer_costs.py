"""The cost of each layer: output shape, parameters and multiply-adds by the courses' formulas, and Keras's counts.

W is an input's width or height, F the kernel's, S the stride, P the padding on each side, D the input channels,
K the filters or units. A formula is written with its numbers and can be evaluated as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import keras

from utils.base.errors import CallerError
from utils.base.text_tables import markdown_table, plain_table
from utils.networks.flat_graph import Step, replay

NONE = "–"


class Formula(NamedTuple):
    """A number and its formula: `8·3²·1 + 8` is 80."""

    text: str
    value: int


@dataclass(frozen=True)
class LayerCost:
    """The cost of a layer by formula and by Keras.

    Attributes:
        name: name of the layer, after those of the models that contain it.
        kind: class of the layer.
        output_shape: output shape by Keras, without the batch.
        parameters: parameters by Keras, including non-trainable ones; 0 if the layer was called before.
        sides: formulas of the output's height and width; one if they are equal; empty if the layer has no such axes.
        channels: formula of the output channels or units; None if there is no formula.
        by_formula: formula of the parameters; None if there is no formula.
        multiply_adds: formula of the multiply-adds for one input; None if there is no formula.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    sides: tuple[Formula, ...] = ()
    channels: Formula | None = None
    by_formula: Formula | None = None
    multiply_adds: Formula | None = None


def layer_costs(model: keras.Model, shape: tuple[int, ...] | None = None) -> list[LayerCost]:
    """The costs of every layer of a model in execution order, including the layers of nested models.

    Args:
        model: functional or Sequential, channels last.
        shape: shape of one input, if the model does not fix it.

    Raises:
        CallerError: the model cannot be replayed, or a size is not fixed.
    """
    costs = []
    for step in replay(model, shape=shape).steps:
        if None in step.output.shape[1:]:
            raise CallerError(f"{step.name}: its output has no fixed shape", "give the shape of one input")
        costs.append(_cost(step))
    return costs


def cost_table(costs: Sequence[LayerCost], *, markdown: bool = False) -> str:
    """A table with one line per layer and the totals: formulas, their results and Keras's counts.

    Args:
        costs: from `layer_costs`.
        markdown: return Markdown instead of aligned text.
    """
    header = ["layer", "kind", "side", "output", "parameters", "Keras counts", "multiply–adds"]
    rows = [
        [
            cost.name,
            cost.kind,
            _sized(cost),
            "×".join(map(str, cost.output_shape)),
            _written(cost.by_formula),
            f"{cost.parameters:,}",
            _written(cost.multiply_adds),
        ]
        for cost in costs
    ]
    work = sum(cost.multiply_adds.value for cost in costs if cost.multiply_adds)
    rows.append(["total", "", "", "", "", f"{sum(cost.parameters for cost in costs):,}", f"{work:,}"])
    return markdown_table(header, rows) if markdown else plain_table(header, rows, left=(1, 2, 4, 6))


def _sized(cost: LayerCost) -> str:
    """Formulas of the output's sides; for a vector, its length."""
    return "; ".join(map(_written, cost.sides or (cost.channels,)))


def _written(formula: Formula | None) -> str:
    if formula is None:
        return NONE
    return f"{formula.value:,}" if formula.text == str(formula.value) else f"{formula.text} = {formula.value:,}"


def _cost(step: Step) -> LayerCost:
    layer, output = step.layer, tuple(step.output.shape[1:])
    parameters = 0 if step.again else layer.count_params()
    cost = LayerCost(step.name, type(layer).__name__, output, parameters)
    formulas = next((formulas for kinds, formulas in _FORMULAS if isinstance(layer, kinds)), None)
    if formulas is None:
        return cost
    sides, channels, by_formula, work = formulas(layer, tuple(step.inputs[0].shape[1:]), output)
    again = Formula("0", 0) if step.again else by_formula
    return replace(cost, sides=_once(sides), channels=channels, by_formula=again, multiply_adds=work)


Formulas = tuple[tuple[Formula, ...], Formula, Formula, Formula]
"""Formulas of the sides, the output channels, the parameters and the multiply-adds."""


def _once(sides: tuple[Formula, ...]) -> tuple[Formula, ...]:
    return sides[:1] if len(set(sides)) == 1 else sides


def _product(*factors: int) -> str:
    """`8·3²·5`: equal neighbours become a square."""
    words: list[str] = []
    place = 0
    while place < len(factors):
        square = factors[place : place + 2] == (factors[place],) * 2
        words.append(f"{factors[place]}²" if square else str(factors[place]))
        place += 2 if square else 1
    return "·".join(words)


def _sum(*terms: tuple[int, ...]) -> Formula:
    """A sum of products, with its value."""
    return Formula(" + ".join(_product(*term) for term in terms), sum(math.prod(term) for term in terms))


NOTHING = Formula("0", 0)


def _sides(layer: Any, kernel: Sequence[int], shape: tuple[int, ...]) -> tuple[Formula, ...]:
    """(W − F + 2P)/S + 1, rounded down, with P = 0; padded (`same`), W/S, rounded up."""
    dilations = getattr(layer, "dilation_rate", (1,) * len(kernel))
    formulas = []
    for width, size, stride, dilation in zip(shape, kernel, layer.strides, dilations, strict=False):
        if layer.padding != "valid":  # causal padding is all on one side
            formulas.append(Formula(f"⌈{width}/{stride}⌉", -(-width // stride)))
            continue
        wide = dilation * (size - 1) + 1
        # A dilated kernel of F spans d·(F − 1) + 1.
        span = str(size) if dilation == 1 else f"({dilation}·({size} − 1) + 1)"
        formulas.append(Formula(f"⌊({width} − {span} + 2·0)/{stride}⌋ + 1", (width - wide) // stride + 1))
    return tuple(formulas)


def _convolution(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """K·F²·D + K parameters; as many multiplications at each position of the output."""
    kernel = (layer.filters, *layer.kernel_size, shape[-1] // layer.groups)
    bias = [(layer.filters,)] if layer.use_bias else []
    return (
        _sides(layer, layer.kernel_size, shape),
        _same(layer.filters),
        _sum(kernel, *bias),
        _sum((*output[:-1], *kernel)),
    )


def _depthwise(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """One kernel per input channel (times `depth_multiplier`): D·F² + D."""
    deep = shape[-1] * layer.depth_multiplier
    kernel = (deep, *layer.kernel_size)
    bias = [(deep,)] if layer.use_bias else []
    return _sides(layer, layer.kernel_size, shape), _same(deep), _sum(kernel, *bias), _sum((*output[:-1], *kernel))


def _separable(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """A depthwise convolution, then one of 1 × 1: D·F² + K·D + K."""
    deep = shape[-1] * layer.depth_multiplier
    parts = [(deep, *layer.kernel_size), (layer.filters, deep)]
    bias = [(layer.filters,)] if layer.use_bias else []
    work = _sum(*((*output[:-1], *part) for part in parts))
    return _sides(layer, layer.kernel_size, shape), _same(layer.filters), _sum(*parts, *bias), work


def _pooling(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    del output
    return _sides(layer, layer.pool_size, shape), _same(shape[-1]), NOTHING, NOTHING


def _global_pooling(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    del output
    kept = (_same(1),) * (len(shape) - 1) if layer.keepdims else ()
    return kept, _same(shape[-1]), NOTHING, NOTHING


def _dense(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """K·D + K: every unit has a weight for every input."""
    kernel = (layer.units, shape[-1])
    bias = [(layer.units,)] if layer.use_bias else []
    return _kept(shape), _same(layer.units), _sum(kernel, *bias), _sum((*output[:-1], *kernel))


def _lstm(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """Four sets of n units, each unit with weights for n outputs and m inputs and a bias: 4·(n·(n + m) + n)."""
    steps, features = shape
    units = layer.units
    bias = [(4, units)] if layer.use_bias else []
    work = _sum((steps, 4, units, units), (steps, 4, units, features))
    return _kept(output), _same(units), _sum((4, units, units), (4, units, features), *bias), work


def _embedding(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """One vector per symbol, which is looked up: V·m parameters and no multiply-adds."""
    del shape
    return _kept(output), _same(layer.output_dim), _sum((layer.input_dim, layer.output_dim)), NOTHING


def _normalised(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """Mean, variance and optionally scale and shift per channel: 4·D. Each value is multiplied and shifted once."""
    each = 2 + bool(layer.scale) + bool(layer.center)
    channels = (0, *shape)[layer.axis]
    return _kept(shape), _same(shape[-1]), _sum((each, channels)), _sum(output)


def _scaled(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """Each value is multiplied and shifted once."""
    del layer
    return _kept(shape), _same(shape[-1]), NOTHING, _sum(output)


def _flat(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    del layer, output
    return (), _sum(shape), NOTHING, NOTHING


def _padded(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    """W plus the padding on both sides."""
    del output
    sides = [_sum((side,), *((width,) for width in added)) for side, added in zip(shape, layer.padding, strict=False)]
    return tuple(sides), _same(shape[-1]), NOTHING, NOTHING


def _unchanged(layer: Any, shape: tuple[int, ...], output: tuple[int, ...]) -> Formulas:
    del layer, output
    return _kept(shape), _same(shape[-1]), NOTHING, NOTHING


def _kept(shape: tuple[int, ...]) -> tuple[Formula, ...]:
    return tuple(_same(side) for side in shape[:-1])


def _same(number: int) -> Formula:
    """A number that needs no formula."""
    return Formula(str(number), number)


_layers = keras.layers
_FORMULAS: tuple[tuple[tuple[Any, ...], Callable[..., Formulas]], ...] = (
    ((_layers.SeparableConv1D, _layers.SeparableConv2D), _separable),
    ((_layers.DepthwiseConv1D, _layers.DepthwiseConv2D), _depthwise),
    ((_layers.Conv1D, _layers.Conv2D, _layers.Conv3D), _convolution),
    ((_layers.MaxPooling1D, _layers.MaxPooling2D, _layers.AveragePooling1D, _layers.AveragePooling2D), _pooling),
    (
        (
            _layers.GlobalMaxPooling1D,
            _layers.GlobalMaxPooling2D,
            _layers.GlobalAveragePooling1D,
            _layers.GlobalAveragePooling2D,
        ),
        _global_pooling,
    ),
    ((_layers.Dense,), _dense),
    ((_layers.LSTM,), _lstm),
    ((_layers.Embedding,), _embedding),
    ((_layers.BatchNormalization,), _normalised),
    ((_layers.Rescaling,), _scaled),
    ((_layers.Flatten,), _flat),
    ((_layers.ZeroPadding2D,), _padded),
    ((_layers.ReLU, _layers.Activation, _layers.Dropout, _layers.Add, _layers.Softmax), _unchanged),
)
