"""What the tokens of a text attend to in a transformer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labs.language.cached import Form
from labs.language.transformer import weights_name

MOST_SHOWN = 60
"""Largest number of tokens whose names are written at the axes."""


def with_attention(model: keras.Model) -> keras.Model:
    """The model with its attention weights as further outputs; it is saved and reloaded as any other model.

    Args:
        model: from `labs.language.transformer`, built or loaded.

    Returns:
        tokens (batch, tokens) to a dict: the probabilities under the name of the output of the model, and
        `attention_weights_1_1`, … of each block and head, (batch, tokens, tokens): row i has the weights with which
        token i takes the values of the others.
    """
    form = Form.of(model)
    outputs = {model.output_names[0]: model.outputs[0]}
    for block in range(1, form.blocks + 1):
        for head in range(form.heads):
            outputs[weights_name(block, head)] = model.get_layer(weights_name(block, head)).output
    return keras.Model(model.inputs[0], outputs, name="transformer_with_attention")


def attention_weights(model: keras.Model, tokens: Any) -> NDArray[np.float32]:
    """The attention weights of every block and head.

    Args:
        model: from `labs.language.transformer`, built or loaded.
        tokens: (tokens,) int32.

    Returns:
        (blocks, heads, tokens, tokens).
    """
    form = Form.of(model)
    found = with_attention(model)(np.asarray(tokens, "int32")[None])
    return np.array(
        [
            [np.asarray(found[weights_name(block, head)])[0] for head in range(form.heads)]
            for block in range(1, form.blocks + 1)
        ]
    )


def draw_attention(weights: NDArray[np.float32], names: list[str]) -> Figure:
    """Attention maps, one row per block and one column per head.

    Args:
        weights: from `attention_weights`.
        names: the tokens as text.
    """
    blocks, heads = weights.shape[:2]
    side = 2.6 if heads <= 4 else 2.0
    figure = Figure(figsize=(1.4 + side * heads, 0.5 + (side + 0.1) * blocks), layout="constrained")
    axes: Any = figure.subplots(blocks, heads, squeeze=False)
    for block in range(blocks):
        for head in range(heads):
            panel = axes[block, head]
            image = panel.imshow(weights[block, head] ** 0.5, cmap="Blues", vmin=0, vmax=1)
            panel.set_title(f"block {block + 1}, head {head + 1}", fontsize=9)
            shown = head == 0 and len(names) <= MOST_SHOWN
            panel.set_yticks(range(len(names)) if shown else [], names if shown else [], fontsize=5, family="monospace")
            panel.set_xticks([])
    axes[-1, 0].set_xlabel("token that is attended to", fontsize=8)
    axes[-1, 0].set_ylabel("token that attends", fontsize=8)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, ticks=[0, 0.1**0.5, 0.5**0.5, 1])
    bar.ax.set_yticklabels(["0", "0.1", "0.5", "1"], fontsize=8)
    bar.set_label("attention weight", fontsize=8)
    return figure
