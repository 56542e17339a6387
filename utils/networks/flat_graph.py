"""A trained model laid out flat: every layer it calls, in order, also those of the models inside it.

A layer's own `output` belongs to the graph in which it was first called. That of a nested model's layer does not lead
to the outer model's answer, nor does that of a reloaded Sequential's: gradients between the two are None. Calling the
same layers once more, one after the other on a new Input, gives a graph in which everything is connected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from utils.base.errors import CallerError

Call = Callable[..., Any]
"""Takes the number of the step, the layer and the arguments it is called with; gives the outputs."""


@dataclass(frozen=True)
class Step:
    """One call of one layer.

    Attributes:
        name: of the layer, behind those of the models that hold it (`backbone/stem`); the second call of the same
            layer is `stem (2)`.
        layer: with its weights.
        inputs: the tensors that it takes.
        output: the tensor that it gives; of several, the first.
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
        """Whether the layer was called before."""
        return self.name.endswith(")")


class Replay(NamedTuple):
    """A model's layers on a new Input: the input, the steps in the order of their execution, the answer."""

    inputs: Any
    steps: list[Step]
    output: Any

    @property
    def last(self) -> int:
        """The number of the step that gives the answer, or -1 where no layer does (an operation)."""
        return next((n for n, step in enumerate(self.steps) if step.output is self.output), -1)


def _as_it_is(number: int, layer: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ARG001
    return layer(*arguments, **options)


def replay(
    model: keras.Model, call: Call = _as_it_is, shape: tuple[int, ...] | None = None, dtype: str | None = None
) -> Replay:
    """Call a model's layers again, on a new Input, flat.

    The layers are the model's own, weights and all; the model itself is not changed.

    Args:
        model: functional or Sequential, live or reloaded, with one input and one output; it may hold further models.
        call: what is done instead of calling a layer.
        shape: of one input, where the model leaves it open.
        dtype: of the new Input; the model's own where none is given.

    Raises:
        CallerError: the model, or one in it, is a subclass, whose calls nobody can list; or it has several inputs.
    """
    _check(model)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise CallerError(
            f"the model {model.name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs",
            "give a model with one of each",
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

        # A Sequential does not list its graph; a functional model over the same tensors does. Cloning, the public way
        # to run a graph with calls of one's own, fails on a model in the middle of another; the tests hold this one to
        # what it does.
        plain = keras.Model(inner.inputs, inner.outputs)
        outputs = plain._run_through_graph(arguments, operation_fn=lambda layer: layer, call_fn=visit)
        return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs

    output = walk(model, inputs, "")
    return Replay(inputs, steps, output)


def joined(first: keras.Model, second: keras.Model, name: str, dtype: str | None = None) -> keras.Model:
    """The two as one flat model, the second on what the first gives, made of their own layers.

    Args:
        first: functional, with one input and one output.
        second: likewise.
        name: of the whole.
        dtype: that it takes; the first's own where none is given.
    """
    found = replay(keras.Model(first.inputs, second(first.output)), dtype=dtype)
    return keras.Model(found.inputs, found.output, name=name)


def _check(model: keras.Model) -> None:
    row = isinstance(model, keras.Sequential)
    if row and not getattr(model, "inputs", None):  # a property that raises before the first call
        raise CallerError(f"the model {model.name} does not know its input yet", "give it an Input as its first layer")
    if not row and not hasattr(model, "operations"):
        raise CallerError(
            f"the model {model.name} is a subclass: what its call does cannot be listed",
            "make it functional: keras.Model(inputs, model.call(inputs))",
        )
