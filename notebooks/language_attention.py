# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Attention by hand
#
# A network that reads a text has to find what matters now: the noun that a pronoun stands for, the name at the
# beginning of a line, what followed the same word before. **Attention** lets every token look at all tokens before
# it and take what it needs. In this notebook you compute it by hand: **scores**, **weights** and the **context
# vector**; why scores are divided by $\sqrt{d}$; the **mask**; **heads**; **positions**. At the end you compare your
# attention with Keras's, and see what a trained transformer attends to.
#
# You need a little Python and the product of matrices. Run the cells from top to bottom; this takes about a minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.language import lesson

splits = lesson.lab.load(lesson.lab.preset("quick"))
data_check(splits)

# %%
import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.special import softmax

from labs.exercises import check

BLUE, GREY = "#0072B2", "#666666"
random = np.random.default_rng(7)

# %% [markdown] facts=["927", "397", "148", "929", "1", "2", "900"]
# ## Scores, weights, context
#
# A token that attends has a **query**, each token that it may attend to has a **key** and a **value**. A query is a
# question, a key says what a token has to offer, and the value is what one gets. All three are vectors that the
# network computes from the tokens.
#
# 1. The **score** of a token is the product of the query and its key.
# 2. The softmax turns scores into **weights**, which add up to 1.
# 3. The **context vector** is the mean of the values with these weights.
#
# A course has this example: the scores of four tokens are 927, 397, 148 and 929. The first and the last differ by only
# 2 in more than 900, and still one of them gets most of the weight.

# %% [markdown]
# ### Exercise: weights
#
# Write the softmax. `np.exp(927)` is too large for a number of the computer: find a way around it.


# %% tags=["exercise"]
def attention_weights(scores):
    ### BEGIN SOLUTION
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check("language_attention.weights", attention_weights)

# %%
scores = np.array([927.0, 397.0, 148.0, 929.0])
weights = softmax(scores)
weights.round(3)

# %% tags=["prose"]
prose(
    """
    The course's weights are {first:.3f}, {second:.0f}, {third:.0f} and {last:.3f}. Two tokens are left out entirely,
    because their scores are hundreds smaller.
    """,
    claims={"as in the course": bool(np.allclose(weights, [0.119, 0, 0, 0.881], atol=1e-3))},
    first=float(weights[0]),
    second=float(weights[1]),
    third=float(weights[2]),
    last=float(weights[3]),
)

# %% [markdown]
# ### Exercise: the context vector
#
# Each token has a value, a row of `values`. Compute their mean with the weights.


# %% tags=["exercise"]
def context_vector(weights, values):
    ### BEGIN SOLUTION
    return weights @ values
    ### END SOLUTION


# %% tags=["check"]
check("language_attention.context", context_vector)

# %% [markdown] facts=["0", "1"]
# ## Why scores are divided by $\sqrt{d}$
#
# Queries and keys are vectors of $d$ numbers. If these are independent with mean 0 and variance 1, how large are the
# products?

# %% [markdown]
# ### Exercise: the standard deviation of a score
#
# Take $d = 256$. What is the standard deviation of the product of two such vectors? Compute it, then look below whether
# it is what you measure.

# %% tags=["exercise"]
spread = None
### BEGIN SOLUTION
spread = np.sqrt(256)
### END SOLUTION

# %% tags=["check"]
check("language_attention.spread", spread)

# %%
rows, tokens = 500, 16
measured = []
for d in (4, 16, 64, 256, 1024):
    queries = random.normal(size=(rows, 1, d))
    keys = random.normal(size=(rows, tokens, d))
    products = (queries * keys).sum(axis=-1)
    row = {"d": d, "std of a score": products.std(), "1 / tokens": 1 / tokens}
    for name, each in (("", products), (", divided by √d", products / np.sqrt(d))):
        found = softmax(each, axis=-1)
        row[f"largest weight{name}"] = found.max(axis=-1).mean()
        # how much a weight changes with its own score: the diagonal of the softmax's derivative
        row[f"slope{name}"] = (found * (1 - found)).mean()
    measured.append(row)
table = pd.DataFrame(measured).set_index("d").round(3)
table

# %% tags=["prose"]
wide = table.loc[1024]
prose(
    """
    Without the division, {largest:.0%} of the weight is on one of sixteen tokens at $d = {d}$, before anything was
    learned, and the slope of the softmax is {times:.0f} times smaller: hardly any gradient reaches queries and keys.
    Divided by √d, weights and slopes are the same for every $d$.
    """,
    claims={
        "long vectors saturate": wide["largest weight"] > 0.9,
        "the slope is larger when divided": wide["slope, divided by √d"] > 5 * wide["slope"],
        "divided, d does not matter": float(np.ptp(table["largest weight, divided by √d"]))
        < 0.05,
    },
    largest=float(wide["largest weight"]),
    d=int(table.index[-1]),
    times=float(wide["slope, divided by √d"] / wide["slope"]),
)

# %% [markdown] facts=["0"]
# ## The mask
#
# A network that predicts the next token is trained on all positions of a text at once. Token $i$ must then not see the
# tokens after it: they are what it has to predict. A **causal mask** gives them a weight of 0.

# %% [markdown] facts=["1"]
# ### Exercise: causal weights
#
# `scores` is a square matrix: row $i$ has the scores that token $i$ gives. Compute the weights without those of later
# tokens. Each row adds up to 1.


# %% tags=["exercise"]
def causal_weights(scores):
    ### BEGIN SOLUTION
    masked = scores + np.triu(np.full(scores.shape, -1e9), 1)
    powers = np.exp(masked - masked.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check("language_attention.causal", causal_weights)

# %% [markdown]
# ### Exercise: attention
#
# Now the whole of it: queries, keys and values are matrices with one row per token, and the result has one context
# vector per token. Divide by $\sqrt{d}$, and mask later tokens.


# %% tags=["exercise"]
def attention(queries, keys, values):
    ### BEGIN SOLUTION
    scores = queries @ keys.T / np.sqrt(queries.shape[1])
    masked = scores + np.triu(np.full(scores.shape, -1e9), 1)
    powers = np.exp(masked - masked.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True) @ values
    ### END SOLUTION


# %% tags=["check"]
check("language_attention.attention", attention)

# %% [markdown]
# ## Heads
#
# One softmax has one mean. To take something from two places at once, a layer has several **heads**: the features of
# queries, keys and values are divided among them, each head attends by itself, and the context vectors are joined and
# projected once more.

# %% [markdown] facts=["0"]
# ### Exercise: dividing into heads
#
# `vectors` has the shape `(tokens, width)`. Return an array of shape `(heads, tokens, width / heads)`: head 0 has the
# first features of every token.


# %% tags=["exercise"]
def divided(vectors, heads):
    ### BEGIN SOLUTION
    return vectors.reshape(len(vectors), heads, -1).transpose(1, 0, 2)
    ### END SOLUTION


# %% tags=["check"]
check("language_attention.heads", divided)

# %% [markdown] facts=["128", "4"]
# ### Exercise: how many weights
#
# How many weights does self-attention of width 128 with 4 heads have, without biases?

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
parameters = 4 * 128**2
### END SOLUTION

# %% tags=["check"]
check("language_attention.parameters", parameters)

# %% [markdown]
# ### Compared with Keras
#
# `keras.layers.MultiHeadAttention` does the same. Its kernels have the heads as an axis of their own.

# Here both attend over the first characters of Shakespeare's text, each a random vector, all heads at once.

# %%
width, heads, length = 32, 4, 10
table = random.normal(size=(len(splits.tokenizer.symbols), width)).astype("float32")
hidden = table[splits.train.inputs[0, :length]]
kernels = random.normal(size=(4, width, width)).astype("float32") / np.sqrt(width)

queries, keys, values = (
    (hidden @ kernel).reshape(length, heads, -1).transpose(1, 0, 2) for kernel in kernels[:3]
)
products = queries @ keys.transpose(0, 2, 1) / np.sqrt(width // heads)
products += np.triu(np.full((length, length), -1e9), 1)
contexts = softmax(products, axis=-1) @ values
by_hand = contexts.transpose(1, 0, 2).reshape(length, width) @ kernels[3]

layer = keras.layers.MultiHeadAttention(heads, width // heads, use_bias=False)
layer.build((1, length, width), (1, length, width))
for part, kernel in zip(
    (layer.query_dense, layer.key_dense, layer.value_dense), kernels[:3], strict=True
):
    part.kernel.assign(kernel.reshape(width, heads, width // heads))
layer.output_dense.kernel.assign(kernels[3].reshape(heads, width // heads, width))
by_keras = np.asarray(layer(hidden[None], hidden[None], use_causal_mask=True))[0]
difference = float(np.abs(by_hand - by_keras).max())
rounding = 1e-5

# %% tags=["prose"]
prose(
    "The largest difference is below {limit:g}: rounding. Attention by hand is Keras's attention.",
    claims={"the same": difference < rounding},
    limit=rounding,
)

# %% [markdown]
# **No look-ahead**, checked: if a later token changes, no earlier result may change.

# %%
changed = hidden.copy()
changed[6] += 1.0
after = np.asarray(layer(changed[None], changed[None], use_causal_mask=True))[0]
np.abs(after - by_keras).max(axis=1).round(3)

# %% [markdown]
# ## Positions
#
# Nothing in the product of a query and a key says where a token is. Without a mask, attention treats a text as a set:
# in another order, every token gets the same context as before.

# %%
order = random.permutation(length)
plain = np.asarray(layer(hidden[None], hidden[None]))[0]
shuffled = np.asarray(layer(hidden[order][None], hidden[order][None]))[0]
moved = float(np.abs(shuffled - plain[order]).max())
masked = np.asarray(layer(hidden[order][None], hidden[order][None], use_causal_mask=True))[0]
with_mask = float(np.abs(masked - by_keras[order]).max())

# %% tags=["prose"]
prose(
    """
    Without a mask the context vectors of the shuffled text are the same vectors, shuffled. With the causal mask they
    differ by up to {masked:.1f}: which tokens are before it says something about the position. A causal transformer
    can therefore count without being given positions, but it has to learn how.
    """,
    claims={"a set without a mask": moved < 1e-5, "not with the mask": with_mask > 0.1},
    masked=with_mask,
)

# %% [markdown]
# Usually the order is given. The first transformer added a vector for each position to the embedding: sines and
# cosines, or learned vectors. **Rotary positions** rotate pairs of features of queries and keys instead, by an angle
# that grows with the position. The product of two rotated vectors only depends on the **distance** of their positions.


# %%
def rotated(vector, position, slowest=10_000.0):
    pairs = len(vector) // 2
    angle = position * slowest ** (-np.arange(pairs) / pairs)
    first, second = vector[:pairs], vector[pairs:]
    return np.concatenate(
        [
            first * np.cos(angle) - second * np.sin(angle),
            first * np.sin(angle) + second * np.cos(angle),
        ]
    )


query, key = random.normal(size=(2, 32))
pd.DataFrame(
    {
        f"distance {distance}": [
            rotated(query, start + distance) @ rotated(key, start) for start in (0, 10, 500)
        ]
        for distance in (0, 1, 5, 20)
    },
    index=["from position 0", "from position 10", "from position 500"],
).round(4)

# %% [markdown]
# ## What a transformer attends to
#
# A text of random tokens, whose last part repeats the part before it: only the text itself says what comes next. A
# transformer of two blocks learns to look back. It is trained here for about half a minute on such texts, which are
# GENERATED.

# %%
induction = lesson.induction
found = induction.train("transformer, 2 blocks", seconds=80, seed=7)  # ends when it is right
seconds, accuracy = zip(*found.curve, strict=True)
known = accuracy[-1]

# %%
figure = Figure(figsize=(6, 3), layout="constrained")
axes = figure.subplots()
axes.plot(seconds, accuracy, color=BLUE)
axes.axhline(1 / induction.SYMBOLS, color=GREY, linestyle=":", label="chance")
axes.set(xlabel="CPU seconds", ylabel="accuracy on tokens\nthat can be known", ylim=(0, 1.02))
axes.legend()
picture(figure, "Accuracy over the seconds of training: it rises steeply after a plateau.")

# %%
text, targets = induction.repeated(np.random.default_rng(1), 1)
maps = lesson.attention_weights(found.model, text[0])
picture(
    lesson.draw_attention(maps, [str(token) for token in text[0]]),
    "Attention weights of each block and head: a diagonal one step below the main one, and one at the distance of the "
    "repetition.",
)

# %% tags=["prose"]
prose(
    """
    The network predicts {known:.0%} of the tokens that can be known; chance is {chance:.1%}. A head of the first
    block attends to the tokens just **before** each token. The heads of the second block attend to the token that
    **followed** the last occurrence of the current one, and copy it: *induction heads*. With a single block this is
    impossible, because a key would have to know what is before its own token. The command
    `python -m labs.language induction` compares both, and an LSTM.
    """,
    claims={"it looks back": known > 0.5},
    within=0.3,
    known=known,
    chance=1 / induction.SYMBOLS,
)

# %% [markdown]
# ## Then → now
#
# | then | now |
# | --- | --- |
# | a layer of one's own with `K.dot` | `keras.layers.MultiHeadAttention`, `keras.ops` |
# | a mask as a matrix that is passed in | `use_causal_mask=True` |
# | `attention_scores` from a second model | `return_attention_scores=True` |
# | stateful recurrent layers, `batch_shape`, `model.reset_states()` | states as inputs and outputs of a step |
# | `hidden` handed from batch to batch in PyTorch | keys and values in a cache, or explicit states |
#
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again.
#
# **1. Temperature.** What happens to the weights of the course's example if all scores are divided by ten?

# %% tags=["try"]
for divisor in (1, 2, 10, 100):
    print(divisor, softmax(scores / divisor).round(3))

# %% [markdown] facts=["1,000"]
# **2. Rotated by how much.** A slower slowest rotation keeps vectors apart over longer distances. What happens to the
# product of a vector with itself at a distance of 1,000?

# %% tags=["try"]
for slowest in (100.0, 10_000.0, 1_000_000.0):
    near, far = (rotated(query, place, slowest) @ query for place in (1, 1_000))
    print(f"{slowest:>11,.0f}   distance 1: {near:6.2f}   distance 1,000: {far:6.2f}")

# %% [markdown]
# **3. Another text.** The pattern of the last map is that of the repetition. Where is the diagonal if more tokens are
# repeated?

# %% tags=["try"]
for seed in (2, 3):
    text, targets = induction.repeated(np.random.default_rng(seed), 1)
    shown = lesson.attention_weights(found.model, text[0])
    picture(
        lesson.draw_attention(shown, [str(token) for token in text[0]]),
        "Attention weights for another text: the diagonal of the second block is at the distance of its repetition.",
    )

# %% [markdown]
# ## Next
#
# - `python -m labs.language --preset transformer` trains a transformer on Shakespeare, and
#   `python -m labs.language write RUN --prompt "ROMEO:"` lets it write.
# - More on this lab: [its page](../labs/language/README.md).
