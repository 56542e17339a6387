"""A transformer that predicts the next token, from the embedding to the softmax.

Every operation is a standard Keras layer: a saved model reloads in all three formats without this project, and
optimizers and `enable_lora` treat it as any other model. Attention is therefore written from its matrix products: `Dot`
of queries and keys, a mask, `Softmax`, `Dot` of the weights and the values, for each head.

Sources: Vaswani et al., Attention Is All You Need (2017, arXiv:1706.03762); normalization before each sublayer: Xiong
et al. (2020, arXiv:2002.04745); RMSNorm: Zhang and Sennrich (2019, arXiv:1910.07467); normalized queries and keys:
Henry et al. (2020, arXiv:2010.04245); the squared ReLU: So et al., Primer (2021, arXiv:2109.08668).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from labs.language.config import Config
from utils.base.errors import CallerError

REACH = 1024
"""Number of tokens that a model reads at once; more if its context is longer. Further tokens are an error."""
NEVER = 2.0**30
"""Subtracted from the score of a token that must not be seen. Multiples of a power of two are exact, so that nothing is
subtracted from the others."""
SLOWEST = 10_000.0
"""Rotations and sines turn by one radian in 1 to (nearly) this many tokens (Vaswani et al. 2017, section 3.5)."""


def transformer(config: Config, symbols: int, target: str = "next_token") -> keras.Model:
    """A decoder-only transformer.

    A token attends to itself and to the `config.length` − 1 tokens before it. This window slides over longer texts,
    except with learned positions, of which there are only `config.length`.

    Args:
        config: the hyperparameters.
        symbols: number of different tokens.
        target: name of the output.

    Returns:
        tokens (batch, tokens) int32 to probabilities of the next token (batch, tokens, symbols), uncompiled.

    Raises:
        CallerError: the width cannot be divided into heads.
    """
    check(config)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    embedding = layers.ReversibleEmbedding(
        symbols, config.units, embeddings_initializer=normal(0.02 if config.tied else 1.0), name="embedding"
    )
    reach = max(REACH, config.length + 1)
    positions = numbered(tokens, symbols, reach)
    hidden = dropped(located(embedding(tokens), positions, config, reach), config)
    hidden = layers.RMSNormalization(name="normalized_embedding")(hidden)
    penalties = masks(positions, config, reach)
    rotation = rotations(positions, config, reach) if config.positions == "rotary" else None
    for block in range(1, config.layers + 1):
        attended = attention(hidden, penalties, rotation, config, block)
        hidden = layers.Add(name=f"attended_{block}")([hidden, dropped(attended, config)])
        transformed = feed_forward(hidden, config, block)
        hidden = layers.Add(name=f"transformed_{block}")([hidden, dropped(transformed, config)])
    hidden = layers.RMSNormalization(name="normalized_output")(hidden)
    if config.tied:
        logits = embedding(hidden, reverse=True)
    else:
        logits = layers.Dense(symbols, use_bias=False, kernel_initializer="zeros", name="logits")(hidden)
    return keras.Model(tokens, layers.Softmax(name=target)(logits), name="transformer")


def check(config: Config) -> None:
    """Refuse a width that cannot be divided into heads.

    Raises:
        CallerError: it cannot.
    """
    parts = config.heads * (2 if config.positions == "rotary" else 1)
    if config.units % parts:
        raise CallerError(
            f"--units {config.units}: the width cannot be divided into {config.heads} heads",
            f"give a multiple of {parts}" + (", because rotary positions rotate pairs" if parts > config.heads else ""),
        )


# Positions -----------------------------------------------------------------------------------------------------------


def numbered(tokens: Any, symbols: int, reach: int) -> Any:
    """The positions of the tokens, counted from 0, (batch, tokens) float32.

    A causal convolution with ones counts the tokens so far.
    """
    ones = table(tokens, np.ones((symbols, 1)), "one")
    longest = reach + 1  # so that the first position beyond the tables is an error
    counted = layers.Conv1D(
        1, longest, padding="causal", use_bias=False, kernel_initializer="ones", trainable=False, name="count"
    )(ones)
    return layers.Rescaling(1.0, offset=-1.0, name="position")(layers.Reshape((-1,), name="counted")(counted))


def located(vectors: Any, positions: Any, config: Config, reach: int) -> Any:
    """Vectors of tokens plus vectors of their positions, with learned or sinusoidal positions; else the vectors."""
    if config.positions == "learned":
        places = layers.Embedding(
            config.length, config.units, embeddings_initializer=normal(0.02), name="embedding_of_positions"
        )
        return layers.Add(name="located")([vectors, places(positions)])
    if config.positions == "sinusoidal":
        angle = angles(reach, config.units // 2)
        waves = table(positions, np.concatenate([np.sin(angle), np.cos(angle)], axis=1), "waves")
        return layers.Add(name="located")([vectors, waves])
    return vectors


def angles(reach: int, pairs: int) -> NDArray[np.float64]:
    """The angle of each pair of features at each position, (reach, pairs)."""
    return np.arange(reach)[:, None] * SLOWEST ** (-np.arange(pairs) / pairs)


def rotations(positions: Any, config: Config, reach: int) -> tuple[Any, Any]:
    """Cosine and sine by which queries and keys are rotated, (batch, 1, tokens, width of a head / 2) each.

    Source: Su et al., RoFormer (2021, arXiv:2104.09864).
    """
    pairs = config.units // config.heads // 2
    angle = angles(reach, pairs)
    cosine, sine = (
        table(positions, values, name) for values, name in ((np.cos(angle), "cosine"), (np.sin(angle), "sine"))
    )
    return layers.Reshape((1, -1, pairs), name="cosines")(cosine), layers.Reshape((1, -1, pairs), name="sines")(sine)


def rotated(vectors: Any, rotation: tuple[Any, Any]) -> Any:
    """Each pair of features (one of each half) rotated; the product of two rotated vectors depends on their distance.

    Args:
        vectors: (batch, heads, tokens, width of a head).
        rotation: cosine and sine, from `rotations`.
    """
    (cosine, sine), half = rotation, vectors.shape[-1] // 2
    first, second = (
        layers.Cropping2D(((0, 0), (start, half - start)), data_format="channels_first")(vectors) for start in (0, half)
    )
    multiply = layers.Multiply
    return layers.Concatenate()(
        [
            layers.Subtract()([multiply()([first, cosine]), multiply()([second, sine])]),
            layers.Add()([multiply()([first, sine]), multiply()([second, cosine])]),
        ]
    )


def masks(positions: Any, config: Config, reach: int) -> list[Any]:
    """What is subtracted from the scores of each head, (batch, tokens, tokens) each: NEVER and more for later tokens
    and for those that have left the window.

    With ALiBi also a multiple of the distance, by head (Press, Smith and Lewis 2022, arXiv:2108.12409).
    """
    place, one = np.arange(float(reach)), np.ones(reach)
    now = table(positions, np.stack([place, one], axis=1), "now")
    then = table(positions, np.stack([one, -place], axis=1), "then")
    distance = layers.Dot(axes=2, name="distance")([now, then])
    later = layers.ReLU(name="later")(layers.Rescaling(-NEVER)(distance))
    left = layers.ReLU(name="left")(
        layers.Rescaling(NEVER, offset=-NEVER * (config.length - 1), name="window")(distance)
    )
    unseen = layers.Add(name="unseen")([later, left])
    if config.positions != "alibi":
        return [unseen] * config.heads
    slopes = [2.0 ** (-8 * head / config.heads) for head in range(1, config.heads + 1)]
    scaled = [layers.Rescaling(slope, name=f"slope_{head}")(distance) for head, slope in enumerate(slopes, 1)]
    return [layers.Add()([unseen, penalty]) for penalty in scaled]


# Blocks --------------------------------------------------------------------------------------------------------------


def attention(hidden: Any, penalties: list[Any], rotation: Any, config: Config, block: int) -> Any:
    """Causal multi-head self-attention, (batch, tokens, width) to the same.

    Each token asks with its query; the keys of the tokens that it may see answer; it takes a mean of their values.

    Args:
        hidden: the vectors of the tokens.
        penalties: of each head, from `masks`.
        rotation: from `rotations`, or None.
        config: the hyperparameters.
        block: number of the block, from 1.
    """
    width, heads = config.units, config.heads
    hidden = layers.RMSNormalization(name=f"attention_norm_{block}")(hidden)

    def divided(name: str) -> Any:  # (batch, heads, tokens, width of a head)
        projected = dense(width, f"{name}_{block}")(hidden)
        return layers.Permute((2, 1, 3))(layers.Reshape((-1, heads, width // heads))(projected))

    queries, keys, values = divided("query"), divided("key"), divided("value")
    if config.query_key_norm:
        queries = layers.RMSNormalization(name=f"query_norm_{block}")(queries)
        keys = layers.RMSNormalization(name=f"key_norm_{block}")(keys)
    if rotation is not None:
        queries, keys = rotated(queries, rotation), rotated(keys, rotation)
    # The variance of a product of two vectors is proportional to their length: divided by √d, scores are of order 1.
    queries = layers.Rescaling((width // heads) ** -0.5)(queries)
    means = []
    for head, penalty in enumerate(penalties):
        query, key, value = (one_head(vectors, head) for vectors in (queries, keys, values))
        scores = layers.Dot(axes=2)([query, key])  # (batch, tokens, tokens): Q Kᵀ
        weights = layers.Softmax(name=weights_name(block, head))(layers.Subtract()([scores, penalty]))
        means.append(layers.Dot(axes=(2, 1))([weights, value]))
    joined = layers.Concatenate()(means) if heads > 1 else means[0]
    return dense(width, f"attention_output_{block}", "zeros")(joined)


def one_head(vectors: Any, head: int) -> Any:
    """(batch, heads, tokens, width of a head) to (batch, tokens, width of a head)."""
    heads, width = vectors.shape[1], vectors.shape[3]
    return layers.Reshape((-1, width))(layers.Cropping2D(((head, heads - 1 - head), (0, 0)))(vectors))


def weights_name(block: int, head: int) -> str:
    """The name of the layer with the attention weights of a head; blocks count from 1, heads from 0."""
    return f"attention_weights_{block}_{head + 1}"


def feed_forward(hidden: Any, config: Config, block: int) -> Any:
    """Two dense layers with a squared ReLU between them, for each token by itself."""
    hidden = layers.RMSNormalization(name=f"feed_forward_norm_{block}")(hidden)
    hidden = layers.ReLU()(dense(4 * config.units, f"wide_{block}")(hidden))
    return dense(config.units, f"narrow_{block}", "zeros")(layers.Multiply()([hidden, hidden]))


# Layers --------------------------------------------------------------------------------------------------------------


def dense(units: int, name: str, initializer: str = "lecun_normal") -> Any:
    """A dense layer without bias. The last one of each sublayer begins with zeros: a block begins as the identity."""
    return layers.Dense(units, use_bias=False, kernel_initializer=initializer, name=name)


def dropped(hidden: Any, config: Config) -> Any:
    """Dropout, if its rate is not 0."""
    return layers.Dropout(config.dropout)(hidden) if config.dropout else hidden


def normal(std: float) -> Any:
    """Initial weights drawn from a normal distribution."""
    return keras.initializers.RandomNormal(stddev=std)


def table(numbers: Any, values: NDArray[Any], name: str) -> Any:
    """The rows of a fixed table at these numbers: a frozen embedding, (…) to (…, columns)."""
    layer = layers.Embedding(*values.shape, trainable=False, name=name)
    outputs = layer(numbers)
    layer.set_weights([values])
    return outputs
