"""Padding that does not change a prediction, with layers only: such models reload in every format.

Keras's own masks (`mask_zero=True`) become operations in the graph, which `.h5` cannot reload, and their average of an
empty text is NaN. Here a mask is a tensor like any other, made from the numbers of the words by standard layers: 1 for
a word and 0 for padding, (batch, length, 1). A text may be padded to any length on the right.
"""

from __future__ import annotations

from typing import Any

from keras import layers

FAR = 1e9
"""Lowers what padding contributes to a maximum."""


def word_mask(words: Any, prefix: str = "") -> Any:
    """The mask of padded words.

    Args:
        words: (batch, length) int32, 0 for padding.
        prefix: of the names of the layers, where a model has several masks.

    Returns:
        (batch, length, 1) float32.
    """
    number = layers.Rescaling(1.0, name=f"{prefix}number")(words)
    return layers.Reshape((-1, 1), name=f"{prefix}mask")(layers.ReLU(max_value=1.0, name=f"{prefix}is_word")(number))


def embedded(words: Any, mask: Any, count: int, width: int, **options: Any) -> Any:
    """A learned vector for each word, and zeros for padding.

    Args:
        words: (batch, length) int32.
        mask: of `word_mask`.
        count: number of words with padding and the unknown word.
        width: of a vector.
        options: further arguments of `keras.layers.Embedding`.

    Returns:
        (batch, length, width) float32.
    """
    vectors = layers.Embedding(count, width, name="embedding", **options)(words)
    return layers.Multiply(name="vectors")([vectors, mask])


def masked_mean(vectors: Any, mask: Any, name: str = "mean") -> Any:
    """The mean over the words, (batch, width); zeros for an empty text."""
    # Of n words, each has 1/√n here; their largest is 1/√n, or 0 if there is none.
    shares = layers.UnitNormalization(axis=1, name=f"{name}_shares")(mask)
    share = layers.ReLU(name=f"{name}_share")(layers.GlobalMaxPooling1D(name=f"{name}_largest")(shares))
    total = layers.Flatten(name=f"{name}_flat")(layers.Dot(axes=1, name=f"{name}_sum")([shares, vectors]))
    return layers.Multiply(name=name)([total, share])


def masked_sum(vectors: Any, mask: Any, name: str = "sum") -> Any:
    """The sum over the words, (batch, width); zeros for an empty text."""
    return layers.Flatten(name=f"{name}_flat")(layers.Dot(axes=1, name=name)([mask, vectors]))


def masked_max(vectors: Any, mask: Any, name: str = "max") -> Any:
    """The maximum over the words of values that are not negative, (batch, width); zeros for an empty text.

    The values may be negative before: they pass through a ReLU afterwards.
    """
    low = layers.Rescaling(FAR, -FAR, name=f"{name}_low")(mask)
    # In this order: Keras 3.15 takes a second summand of shape (1, n, 1) for a bias of the last axis, if that has n
    # columns too, and adds it along the wrong axis.
    lowered = layers.Add(name=f"{name}_masked")([low, vectors])
    return layers.ReLU(name=f"{name}_kept")(layers.GlobalMaxPooling1D(name=name)(lowered))


def last_state(states: Any, mask: Any, name: str = "last") -> Any:
    """The state after the last word, (batch, width); zeros for an empty text."""
    following = layers.ZeroPadding1D((0, 1), name=f"{name}_shifted")(mask)
    following = layers.Cropping1D((1, 0), name=f"{name}_next")(following)
    is_last = layers.Subtract(name=f"is_{name}")([mask, following])
    return layers.Flatten(name=f"{name}_flat")(layers.Dot(axes=1, name=name)([is_last, states]))


def first_state(states: Any, mask: Any, name: str = "first") -> Any:
    """The state at the first word, (batch, width); zeros for an empty text."""
    before = layers.ZeroPadding1D((1, 0), name=f"{name}_shifted")(mask)
    before = layers.Cropping1D((0, 1), name=f"{name}_before")(before)
    is_first = layers.Subtract(name=f"is_{name}")([mask, before])
    return layers.Flatten(name=f"{name}_flat")(layers.Dot(axes=1, name=name)([is_first, states]))


def places(mask: Any, longest: int, name: str = "place") -> Any:
    """The number of each word in its text, from 1, (batch, length, 1) float32; 0 for padding before the first word.

    It is a causal convolution that counts the mask, with weights of one that are not trained, so that every format
    reloads it. Words behind the first `longest` have the number `longest`.
    """
    return layers.Conv1D(
        1, longest, padding="causal", use_bias=False, kernel_initializer="ones", trainable=False, name=name
    )(mask)


def attention_mask(mask: Any) -> Any:
    """The mask for `keras.layers.MultiHeadAttention`: which words are attended to, (batch, 1, length)."""
    return layers.Reshape((1, -1), name="attended")(mask)
