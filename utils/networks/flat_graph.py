"""A trained model as a flat graph: every layer that it calls, in order, including those of nested models.

The `output` of a layer belongs to the graph in which the layer was first called. In a nested model, and in a reloaded
Sequential, it is not connected to the output of the whole model, and gradients between the two are None. Calling the
same layers again on a new Input gives a graph in which everything is connected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from utils.base.errors import CallerError

Call = Callable[..., Any]
"""Function of the number of the step, the layer and the arguments of the call; returns the outputs."""


@dataclass(frozen=True)
class Step:
    """One call of one layer.

    Attributes:
        name: path of the layer through nested models (`backbone/stem`); the second call of the same layer is
            `stem (2)`.
        layer: the layer, with its weights.
        inputs: its input tensors.
        output: its output tensor; the first if there are several.
    """

    name: str
    layer: Any
    inputs: tuple[Any, ...]
    output: Any

    @property
    def spatial(self) -> bool:
        """Whether the output is (batch, height, width, channels)."""
        return len(self.output.shape) == 4

    @property
    def again(self) -> bool:
        """Whether this is not the first call of the layer."""
        return self.name.endswith(")")


class Replay(NamedTuple):
    """The layers of a model on a new Input: the input, the steps in the order of execution, the output."""

    inputs: Any
    steps: list[Step]
    output: Any

    @property
    def last(self) -> int:
        """The number of the step that computes the output, or -1 if an operation outside a layer does."""
        return next((n for n, step in enumerate(self.steps) if step.output is self.output), -1)


def _as_it_is(number: int, layer: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ARG001
    return layer(*arguments, **options)


def replay(
    model: keras.Model, call: Call = _as_it_is, shape: tuple[int, ...] | None = None, dtype: str | None = None
) -> Replay:
    """Call the layers of a model again on a new Input, as a flat graph.

    The layers and their weights are shared with the model, which is not changed.

    Args:
        model: functional or Sequential, live or reloaded, with one input and one output; it may contain other models.
        call: called instead of each layer.
        shape: shape of one input, for a model that does not fix it.
        dtype: dtype of the new Input; defaults to that of the model.

    Raises:
        CallerError: the model, or a nested one, is a subclass, whose calls cannot be listed; or it has several inputs
            or outputs.
    """
    _check(model)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise CallerError(
            f"the model {model.name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs",
            "use a model with one of each",
        )
    (tensor,) = model.inputs
    inputs = keras.Input(shape or tensor.shape[1:], dtype=dtype or tensor.dtype, name=tensor.name)
    steps: list[Step] = []
    seen: dict[int, int] = {}

    def walk(inner: keras.Model, arguments: Any, prefix: str) -> Any:
        _check(inner)

        def visit(layer: Any, *given: Any, **options: Any) -> Any:
            if isinstance(layer, keras.Model):
                return walk(layer, given[0], f"{prefix}{layer.name}/")
            if not isinstance(layer, keras.Layer):
                return layer(*given, **options)
            outputs = call(len(steps), layer, *given, **options)
            seen[id(layer)] = times = seen.get(id(layer), 0) + 1
            name = f"{prefix}{layer.name}" + (f" ({times})" if times > 1 else "")
            steps.append(Step(name, layer, tuple(keras.tree.flatten(given)), keras.tree.flatten(outputs)[0]))
            return outputs

        # A Sequential does not list its graph; a functional model over the same tensors does. `_run_through_graph` is
        # private. The public `clone_model` fails on a nested model; the tests check the behaviour that is used here.
        plain = keras.Model(inner.inputs, inner.outputs)
        outputs = plain._run_through_graph(arguments, operation_fn=lambda layer: layer, call_fn=visit)
        return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs

    output = walk(model, inputs, "")
    return Replay(inputs, steps, output)


def joined(first: keras.Model, second: keras.Model, name: str, dtype: str | None = None) -> keras.Model:
    """Two models as one flat model: the second takes the output of the first. Layers and weights are shared.

    Args:
        first: functional, with one input and one output.
        second: as the first.
        name: name of the joined model.
        dtype: dtype of its input; defaults to that of the first model.
    """
    found = replay(keras.Model(first.inputs, second(first.output)), dtype=dtype)
    return keras.Model(found.inputs, found.output, name=name)


def _check(model: keras.Model) -> None:
    row = isinstance(model, keras.Sequential)
    if row and not getattr(model, "inputs", None):  # a property that raises before the first call
        raise CallerError(f"the model {model.name} has no input shape yet", "add an Input as its first layer")
    if not row and not hasattr(model, "operations"):
        raise CallerError(
            f"the model {model.name} is a subclass of keras.Model, whose layer calls cannot be listed",
            "make it functional: keras.Model(inputs, model.call(inputs))",
        )
