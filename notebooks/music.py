# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Music: what comes next in this tune?
#
# Irish dance tunes can be written as plain text. Somebody covers the end of such a text: which character comes next? A
# model that guesses well knows something of music: where a bar ends, how long a note is, what the key allows. And
# anyone who can guess can also **write**: guess a character, put it down, guess the next one.
#
# We train a network to do that. On the way you meet **recurrent networks**, which read one symbol after another and
# keep a memory; **back-propagation through time**, by which they learn; the reason why it fails over long
# distances, **vanishing gradients**; and what was invented against it, the **gates** of the LSTM.
#
# You need a little Python, and the chain rule. Run the cells from top to bottom; it takes about a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.music.lab import lab

config = lab.preset("quick")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# A lab is described by a `Config`: every choice that it makes is a field of it. We take the preset `quick`, a small
# network that sees each tune once. It is here to show how everything works; its tunes will not be music yet.
#
# ## The data: tunes as text
#
# The notation is called **ABC**. This is a whole tune:

# %%
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure

from labs.exercises import check
from labs.music.data import texts, vocabulary
from labs.music.notation import scores
from utils.figures import plots
from utils.runs import harness

known = vocabulary(splits.categories)
tunes = texts(splits.train, known)
jigs = [text for text in tunes if text.startswith("M:6/8")]
tune = min(jigs, key=lambda text: abs(len(text) - 170))
print(tune)

# %% [markdown]
# The first three lines are the header: `M:` is the metre, `L:` the length that a plain letter has, `K:` the key. Then
# come the notes:
#
# - `C D E F G A B c d e` are notes, from low to high; `c'` is an octave above `c`, and `C,` an octave below `C`.
# - `A2` is twice as long as `A`, and `A/2` half as long. In `d>e` the first note is longer, and the second one shorter
#   by as much.
# - `^F` is sharp, `_B` is flat, `=c` is natural.
# - `|` ends a bar. A part between `|:` and `:|` is repeated.
# - `(3ABc` is three notes in the time of two, `(AB)` a slur, `{c}d` a grace note before `d`, and `z` a rest.
#
# Read as music, the same tune looks like this:

# %%
reading = scores.read(tune)
picture(
    scores.piano_roll(reading.notes, "A tune of the training data"),
    "Notes of a tune as bars, time to the right and pitch upwards: they rise and fall in waves.",
)

# %% [markdown]
# ### Split by tune, and by its relatives
#
# The network will be judged on tunes that it has never seen. So each tune is in one split: if one half of
# it were in training and the other in test, the network would only have to remember.
#
# That is not enough. The collector wrote down many tunes twice: under another name, in another key, from another
# fiddler. Such variants are a **family**. Here is one of two tunes:

# %%
from difflib import SequenceMatcher

families, sizes = np.unique(splits.train.groups, return_counts=True)
pairs = [
    [tunes[row].split("\n") for row in np.flatnonzero(splits.train.groups == family)]
    for family in families[sizes == 2]
]
pairs = [pair for pair in pairs if pair[0][2] != pair[1][2]]  # in different keys


def shared(pair):
    """Characters that the beginnings of two tunes have in a row."""
    first, second = ("\n".join(lines[3:5]) for lines in pair)
    return SequenceMatcher(None, first, second, autojunk=False).find_longest_match().size


for lines in max(pairs, key=shared):
    print("\n".join(lines[:5]), "\n")

# %%
from utils.datasets.audit import audit

groups = np.concatenate([part.groups for part in splits.parts().values()])
order = np.random.default_rng(0).permutation(len(groups))  # what a split at random would do
held, rest = np.split(groups[order], [len(splits.test)])
relatives = int(np.isin(held, rest).sum())

# %% tags=["prose"]
prose(
    """
    The {tunes:,} tunes are {families:,} families. Dealt out at random, **{relatives} of {test} test tunes** would have
    a relative in training or validation. In our split, which holds out whole families, it is **{honest}**.
    """,
    claims={
        "our split does not leak": audit(splits)["test_rows_of_trained_groups"] == 0,
        "a split at random does": relatives > 0,
    },
    tunes=len(groups),
    families=len(np.unique(groups)),
    relatives=relatives,
    test=len(held),
    honest=audit(splits)["test_rows_of_trained_groups"],
)

# %% [markdown]
# ### Characters become numbers
#
# A network takes numbers. The **vocabulary** lists the characters that occur in training, and each is known by its
# place in the list. The first two are special: `<end>` is before and after each tune, so that the network
# learns how tunes begin and when they are over; `<unknown>` is for what training has not seen.

# %%
print(len(known.symbols), "symbols:", *map(repr, known.symbols))
beginning = tune.split("\n")[3][:16]
print()
print(*beginning, "is", *known.encode(beginning))

# %% [markdown]
# ### Windows: a text and itself, moved on by one
#
# The training tunes are joined into one long text and cut into **windows**. What is to be predicted needs no labels:
# the target at each place is the character that comes next, so the targets are the same text, moved on by one.

# %%
from labs.music.windows import batches

training, validation = batches(config, splits)
windows_of_epoch = training.open(0)
inputs, targets = training.batch(windows_of_epoch, 0)
print("inputs ", inputs.shape, repr(known.decode(inputs[0, :40].numpy())))
print("targets", targets.shape, repr(known.decode(targets[0, :40].numpy())))

# %% tags=["prose"]
prose(
    """
    A window of {length} characters asks {length} questions at once: what comes after the first character, what after
    the first two, and so on. An epoch has {windows:,} windows, in {steps} batches of {batch}. For each epoch the tunes
    are joined in another order, so the cuts fall elsewhere.
    """,
    length=config.length,
    windows=int(windows_of_epoch.shape[0]),
    steps=training.steps,
    batch=config.batch_size,
)

# %% [markdown]
# ### Exercise: cut windows
#
# `text` is an array of (symbols,), `length` the symbols of a window. Return inputs and targets, both
# (windows, length). Each window begins where the one before ended, so that every symbol but the first is a target
# once. A last window that would not be full is left out. Mind that the last target needs a symbol, too.


# %% tags=["exercise"]
def windows(text, length):
    ### BEGIN SOLUTION
    count = (len(text) - 1) // length
    inputs = text[: count * length].reshape(count, length)
    targets = text[1 : count * length + 1].reshape(count, length)
    return inputs, targets
    ### END SOLUTION


# %% tags=["check"]
check("music.windows", windows)

# %% [markdown]
# ## How good is a guess? Bits per character
#
# The model gives a probability to each character that could come. If it gave $p$ to the one that came, its surprise is
# $-\log_2 p$ **bits**: none if it was certain ($p = 1$), one bit for a coin toss ($p = \tfrac12$), two for one in four.
# The mean over a text of $T$ characters is
#
# $$\text{bits per character} = -\frac{1}{T} \sum_{t=1}^{T} \log_2 p(x_t \mid x_1, \dots, x_{t-1})$$
#
# This is the cross-entropy, which training makes small. Keras takes the natural logarithm; its unit is the
# **nat**. Divide nats by $\ln 2 = 0.693$ and you have bits. Two to the power of the bits is the **perplexity**: the
# model is as unsure as if it chose among so many characters, all alike.
#
# ### Exercise: bits from probabilities
#
# `probabilities` is (positions, symbols): at each position, the probability of each symbol. `targets`, (positions,),
# are the numbers of the symbols that came. Return the bits per character.


# %% tags=["exercise"]
def bits(probabilities, targets):
    ### BEGIN SOLUTION
    chosen = probabilities[np.arange(len(targets)), targets]
    return -np.log2(chosen).mean()
    ### END SOLUTION


# %% tags=["check"]
check("music.bits", bits)

# %% [markdown] facts=["5"]
# ## Two models that only count
#
# Before a network, two models that need none. The **unigram** model gives each character the share that it has in the
# training tunes, whatever came before. An **n-gram** looks at the last $n - 1$ characters, finds the places
# in training where the same ones stood, and counts what followed. Where a context was never seen, it falls back on a
# shorter one: our 5-gram mixes all lengths, by the method of Witten and Bell.
#
# How long should the context be?

# %%
from utils.text.ngrams import Ngram

counted = Ngram(splits.train.inputs, splits.train.targets, len(known.symbols), order=8)
by_order = {}
for order in range(1, 9):
    nats, characters = counted.losses(
        splits.validation.inputs, splits.validation.targets, order=order
    ).sum(axis=0)
    by_order[order] = nats / characters / np.log(2)

figure, axes = plots.new_figure("Counting: bits on validation by the order of the n-gram")
axes.plot(list(by_order), list(by_order.values()), "o-", color=plots.BLUE, linewidth=2)
axes.axhline(np.log2(len(known.symbols)), color=plots.GREY, linestyle=":", linewidth=1.5)
axes.text(8, 5.95, "all characters equally likely", color=plots.GREY, ha="right", va="top")
axes.set_ylim(0, 6.5)
axes.set_xlabel("order n (it sees n − 1 characters)")
axes.set_ylabel("bits per character")
picture(figure, "Bits by order: they fall steeply to about the fifth order, then rise again.")

# %% tags=["prose"]
best_order = min(by_order, key=lambda order: by_order[order])
prose(
    """
    If all {symbols} symbols were equally likely, each would cost {uniform:.2f} bits. Single characters bring that down
    to {unigram:.2f}; the best order, {best}, to **{lowest:.2f}**. Beyond that it gets worse: nearly every long context
    is new, and there is nothing to count. So counting never looks further back than half a bar. A melody does: its
    second line answers the first one, dozens of characters ago.

    We need a model that does not keep contexts by heart, but sums them up.
    """,
    claims={
        "longer contexts help at first": by_order[best_order] < by_order[2] < by_order[1],
        "and harm later": by_order[8] > by_order[best_order],
    },
    symbols=len(known.symbols),
    uniform=np.log2(len(known.symbols)),
    unigram=by_order[1],
    best=best_order,
    lowest=by_order[best_order],
)

# %% [markdown]
# ## A recurrent network
#
# It reads one character after the other and keeps a **state**, a vector $h$ of $n$ numbers that sums up what it has
# read so far. Each step makes a new state from the character's vector $x_t$ and the state before:
#
# $$h_t = \tanh(x_t U + h_{t-1} W + b)$$
#
# The weights $U$, $W$ and $b$ are the same at every step, so a text may have any length. From $h_t$ a dense layer with
# a softmax gives the probabilities of the next character.
#
# ### Back-propagation through time
#
# How do you train a loop? Write it out: a text of a hundred characters becomes a network of a hundred layers that
# happen to share their weights. Then it is back-propagation as ever: forwards through all steps, keeping the states;
# then backwards with the gradient, from the last step to the first. Each step back goes through the $\tanh$, whose
# slope is $1 - h_t^2$, and then through $W$:
#
# $$\frac{\partial L}{\partial h_{t-1}} =
# \left( \frac{\partial L}{\partial h_t} \odot (1 - h_t^2) \right) W^\top$$
#
# As all steps share $W$, its gradient is the sum over the steps. That is the whole algorithm. In NumPy:

# %%
random = np.random.default_rng(0)
steps, width, units = 12, 3, 4
x = random.normal(size=(steps, width))
U, W = random.normal(size=(width, units)), random.normal(size=(units, units))
b = random.normal(size=units)

states = [np.zeros(units)]  # forwards, keeping each state
for t in range(steps):
    states.append(np.tanh(x[t] @ U + states[-1] @ W + b))

gradient = np.ones(units)  # of the loss, here the sum of the last state
weight_gradient = np.zeros_like(W)
for t in reversed(range(steps)):  # backwards
    through_tanh = gradient * (1 - states[t + 1] ** 2)
    weight_gradient += np.outer(states[t], through_tanh)
    gradient = through_tanh @ W.T

layer = keras.layers.SimpleRNN(units, dtype="float64")
layer.build((1, steps, width))
layer.set_weights([U, W, b])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x[None]))
by_keras = tape.gradient(loss, layer.trainable_weights)[1].numpy()

# %% tags=["prose"]
difference = float(np.abs(weight_gradient - by_keras).max())
prose(
    """
    Keras finds the same gradient of $W$: the largest difference is {difference:.0e}.
    """,
    claims={"the two are the same": difference < 1e-10},
    within=100,
    difference=difference,
)

# %% [markdown]
# ### Exercise: one step back
#
# `gradient` is that of the loss by the state $h_t$, `state` is $h_t$ itself, both (rows, units): a row for each text.
# `weights` is $W$, (units, units). Return the gradient by the state before, $h_{t-1}$.


# %% tags=["exercise"]
def step_back(gradient, state, weights):
    ### BEGIN SOLUTION
    return (gradient * (1 - state**2)) @ weights.T
    ### END SOLUTION


# %% tags=["check"]
check("music.step_back", step_back)

# %% [markdown]
# ### Why gradients vanish
#
# What the loss at the end says about a character $k$ steps back is a **product of $k$ factors**. If a step shrinks the
# gradient to nine tenths, after a hundred steps $0.9^{100} \approx 0.00003$ of it is left: it has **vanished**, and the
# network cannot learn what that character had to do with the end. If each step makes it larger by a tenth, it is
# $1.1^{100} \approx 14{,}000$: it **explodes**. Only a factor very near one would do. But $1 - h^2$ is below one as
# soon as a unit does anything.
#
# ## The LSTM: gates
#
# The **long short-term memory** has, beside its output $h$, a memory $c$ that is not pressed through weights at each
# step. Three **gates** decide what happens to it. A gate is a vector of numbers between zero and one, from a sigmoid
# $\sigma$, and it is multiplied with what it lets through:
#
# $$\begin{aligned}
# i_t &= \sigma(x_t U_i + h_{t-1} W_i + b_i) && \text{input gate: how much that is new comes in} \\
# f_t &= \sigma(x_t U_f + h_{t-1} W_f + b_f) && \text{forget gate: how much of the memory is kept} \\
# g_t &= \tanh(x_t U_g + h_{t-1} W_g + b_g) && \text{candidate: what could come in} \\
# o_t &= \sigma(x_t U_o + h_{t-1} W_o + b_o) && \text{output gate: how much of the memory is shown} \\
# c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
# h_t &= o_t \odot \tanh(c_t)
# \end{aligned}$$
#
# Look at the line of $c_t$. The straight way back is $\partial c_t / \partial c_{t-1} = f_t$. A cell whose forget gate
# is near one keeps its memory, and its gradient, over as many steps as it likes. And as $f_t$ is computed from what is
# read, the network **learns** when to keep and when to forget.
#
# ### What it costs
#
# With $n$ units and vectors of $m$ numbers, each of the four lines has $n \cdot m$ weights for $x_t$, $n \cdot n$ for
# $h_{t-1}$ and $n$ biases. In all:
#
# $$4\,(n\,(n + m) + n)$$

# %% [markdown] facts=["100", "50"]
# ### Exercise: count
#
# How many parameters has an LSTM of 100 units that reads vectors of 50 numbers?

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
n, m = 100, 50
parameters = 4 * (n * (n + m) + n)
### END SOLUTION

# %% tags=["check"]
check("music.parameters", parameters)

# %% [markdown]
# ### Exercise: one step of an LSTM
#
# `x` is (rows, m), `h` and `c` are (rows, n). Keras keeps the weights of the four lines side by side, in the order
# i, f, g, o: `kernel` is `(m, 4n)`, `recurrent` is `(n, 4n)`, `bias` is `(4n,)`. Return the new `h` and `c`.
# `np.split(z, 4, axis=1)` cuts an array into four.


# %% tags=["exercise"]
def lstm_step(x, h, c, kernel, recurrent, bias):
    ### BEGIN SOLUTION
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c
    ### END SOLUTION


# %% tags=["check"]
check("music.lstm_step", lstm_step)

# %% [markdown]
# ## The network, layer by layer
#
# An **embedding** looks up a vector for each character; the vectors are learned. The **LSTM** reads them and gives its
# output at each step. A **dense** layer with a softmax makes probabilities of it, at each step the same layer:

# %%
characters = keras.Input((None,), dtype="int32", name="characters")
vectors = keras.layers.Embedding(len(known.symbols), config.embedding, name="embedding")(
    characters
)
outputs = keras.layers.LSTM(config.units, return_sequences=True, name="lstm_1")(vectors)
softmax = keras.layers.Dense(len(known.symbols), activation="softmax", name="next_character")
by_hand = keras.Model(characters, softmax(outputs))
for tensor in (characters, vectors, outputs, by_hand.output):
    print(tensor.shape)

# %% [markdown]
# The first `None` is the number of texts, the second one their length: the network takes any. The module builds the
# same one. What does each layer cost, for a window?

# %%
from utils.teaching.layer_costs import cost_table, layer_costs

keras.utils.set_random_seed(config.seed)
untrained = lab.build(config, splits)
print(cost_table(layer_costs(untrained, shape=(config.length,))))

# %% tags=["prose"]
first = untrained(inputs).numpy()
before = float(
    keras.losses.sparse_categorical_crossentropy(targets, first).numpy().mean() / np.log(2)
)
prose(
    """
    It has {parameters:,} parameters, most of them in the LSTM, and {characters:,} training characters to learn them
    from. Before any training it costs {before:.2f} bits per character, as it should: it gives the same probability
    to everything, and $\\log_2$ of {symbols} is {uniform:.2f}. A first loss far from that would be a sign of a mistake.
    """,
    claims={
        "both networks are alike": untrained.count_params() == by_hand.count_params(),
        "it begins even": abs(before - np.log2(len(known.symbols))) < 0.05,
    },
    parameters=untrained.count_params(),
    characters=int((splits.train.targets >= 0).sum()),
    before=before,
    symbols=len(known.symbols),
    uniform=np.log2(len(known.symbols)),
)

# %% [markdown]
# ## Fit
#
# `harness.fit` builds that network and trains it on the windows with Adam: back-propagation through time over a window
# at each step. It is the very function that `python -m labs.music` calls.
#
# We train a plain recurrent network beside it, in the same lab and on the same windows, to see what the gates are good
# for. `lab.replace` makes a copy with another method:

# %%
from utils.export.predictor import predictor
from utils.text.sequences import bits_per_char, text_losses


def build_plain(config, splits):
    """The same network with a plain recurrent layer in place of the LSTM."""
    symbols = len(splits.categories["character"])
    characters = keras.Input((None,), dtype="int32")
    hidden = keras.layers.Embedding(symbols, config.embedding)(characters)
    hidden = keras.layers.SimpleRNN(config.units, return_sequences=True)(hidden)
    probabilities = keras.layers.Dense(symbols, activation="softmax")(hidden)
    return keras.Model(characters, probabilities)


def bits_on_validation(model):
    """Bits per character on whole validation tunes, each character once."""
    held = splits.validation
    return bits_per_char(held.targets, text_losses(predictor(model), held.inputs, held.targets))


plain_lab = lab.replace(build=build_plain)
plain = harness.fit(plain_lab, config, splits, preset="quick")
fitted = harness.fit(lab, config, splits, preset="quick")
race = {
    "plain": bits_on_validation(plain.model),
    "LSTM": bits_on_validation(fitted.model),
    "counting": by_order[5],
}
for name, value in race.items():
    print(f"{name:10} {value:.2f} bits per character")

# %% tags=["prose"]
prose(
    """
    One pass over the tunes ({steps} steps) brought the LSTM from {before:.2f} to {lstm:.2f} bits. **That is little.**
    Counting has {counting:.2f}, and even the plain network is at {plain:.2f}.

    Why does the cleverer layer learn more slowly? Likely because its gates begin half open: little gets in and
    little gets out, and little of the gradient comes back; the next figure shows it. A plain unit is wired straight
    through. In a longer race between larger networks, that of the preset `course`, the order turns round, and the LSTM
    leaves both behind.
    """,
    claims={
        "the network has learned": race["LSTM"] < before - 1,
        "counting is better than so short a training": race["counting"]
        < min(race["plain"], race["LSTM"]),
        "the plain network is ahead after one pass": race["plain"] < race["LSTM"],
    },
    within=0.15,
    steps=training.steps * config.epochs,
    before=before,
    lstm=race["LSTM"],
    plain=race["plain"],
    counting=race["counting"],
)

# %% [markdown]
# ## Vanishing gradients, measured
#
# Take windows of validation tunes and the loss of their **last** character alone. How much would it change if the
# vector of the character $k$ steps back changed a little? That is the norm of a gradient, and we can have it for each
# $k$. As so often it pays to look before and after training.
#
# A third network has the same LSTM but for its start: `memory=200` sets the biases of the forget gates so that cells
# begin by keeping, some for a few characters, some for up to two hundred.


# %%
def gradients_back(model):
    """The gradient of the last character's loss by the vector k steps back: its norm, (k,)."""
    rows = validation.open(0)[:64]
    vectors = model.layers[1](rows[:, :-1])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        hidden = vectors
        for layer in model.layers[2:]:
            hidden = layer(hidden)
        losses = keras.losses.sparse_categorical_crossentropy(rows[:, -1], hidden[:, -1])
        loss = tf.reduce_sum(losses)
    norms = np.linalg.norm(tape.gradient(loss, vectors), axis=-1)
    return np.median(norms, axis=0)[::-1]  # of the windows; the last character first


keras.utils.set_random_seed(config.seed)
keeping = replace(config, memory=200)
plain_name, lstm_name, keeping_name = "plain", "LSTM", "LSTM, memory=200"
at_first = {
    plain_name: gradients_back(build_plain(config, splits)),
    lstm_name: gradients_back(untrained),
    keeping_name: gradients_back(lab.build(keeping, splits)),
}
trained = {
    plain_name: gradients_back(plain.model),
    lstm_name: gradients_back(fitted.model),
}

figure = Figure(figsize=(9, 3.8), layout="constrained")
styles = {
    plain_name: {"color": plots.RED, "linestyle": ":"},
    lstm_name: {"color": plots.BLUE, "linestyle": "-"},
    keeping_name: {"color": plots.GREEN, "linestyle": "--"},
}
for axes, title, measured in zip(
    figure.subplots(1, 2, sharey=True),
    ("before training", "after one pass over the tunes"),
    (at_first, trained),
    strict=True,
):
    for name, norms in measured.items():
        axes.semilogy(norms, linewidth=2.5, label=name, **styles[name])
    axes.set_title(title, loc="left", fontsize=12)
    axes.set_xlabel("steps back")
    axes.set_xlim(0, config.length - 1)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("norm of the gradient")
figure.axes[0].legend(frameon=False, loc="lower left")
picture(
    figure,
    "Gradient norm by steps back, log scale. Before training the LSTM's falls along a line, the plain one's "
    "and that of memory=200 hardly. After it both fall steeply, the plain one to far smaller values.",
)


# %%
def reach(norms):
    """Steps back at which a thousandth of the gradient is left; all of them where more is."""
    small = np.flatnonzero(norms < norms[0] / 1000)
    return float(small[0]) if len(small) else float(len(norms))


# %% tags=["prose"]
far = 90
prose(
    """
    **Before training** holds two surprises.

    - The plain network's gradient hardly vanishes. Keras starts $W$ as an orthogonal matrix, which keeps lengths as
      they are, and with small states the slopes $1 - h^2$ are near one. It is learning that ruins it: the units begin
      to saturate.
    - The LSTM's gradient does vanish, along a straight line. Keras starts the forget gates with a bias of one, and
      $\\sigma(1)$ is {keep:.2f}: a new cell keeps that share at each step, and after ten steps {left:.0%}. With
      `memory=200` the same formulas carry the gradient through the whole window.

    **After training** both fall by powers of ten. A thousandth is left {plain:.0f} steps back in the plain network and
    {lstm:.0f} steps back in the LSTM: they are alike. Only far back do they part: {far} steps back the LSTM's gradient
    is about $10^{{{more:.0f}}}$ times the plain one's, and still far too small to learn from.

    Has the LSTM not learned to keep? The next cell looks inside.
    """,
    claims={
        "the plain gradient hardly vanishes before training": reach(at_first[plain_name])
        > config.length / 2,
        "the LSTM's does": reach(at_first[lstm_name]) < config.length / 2,
        "that of cells that keep does not": reach(at_first[keeping_name]) == config.length,
        "after training the plain gradient falls further than the LSTM's": trained[plain_name][
            far
        ]
        < trained[lstm_name][far],
        "near by they are alike": 0.5
        < reach(trained[lstm_name]) / reach(trained[plain_name])
        < 2,
        "both are small far back": max(norms[far] / norms[0] for norms in trained.values())
        < 1e-3,
    },
    within=0.5,
    plain=reach(trained[plain_name]),
    lstm=reach(trained[lstm_name]),
    far=far,
    more=float(np.log10(trained[lstm_name][far] / trained[plain_name][far])),
    keep=1 / (1 + np.exp(-1)),
    left=(1 / (1 + np.exp(-1))) ** 10,
)


# %%
def look_inside(model):
    """Mean forget gate, median size of the memory, mean slope of its tanh, over windows."""
    rows = validation.open(0)[:64]
    vectors = model.layers[1](rows[:, :-1]).numpy()
    kernel, recurrent, bias = (weight.numpy() for weight in model.layers[2].weights)
    h = c = np.zeros((len(rows), recurrent.shape[0]))
    gates, memories = [], []
    for t in range(vectors.shape[1]):  # the formulas from above
        i, f, g, o = np.split(vectors[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        gates.append(f)
        memories.append(c)
    slopes = 1 - np.tanh(memories) ** 2
    return {
        "forget gate, mean": np.mean(gates),
        "size of the memory, median": np.median(np.abs(memories)),
        "slope of tanh(c), mean": np.mean(slopes),
    }


inside = {"before": look_inside(untrained), "after": look_inside(fitted.model)}
pd.DataFrame(inside).T.round(2)

# %% tags=["prose"]
gate, size, slope = inside["after"].values()
prose(
    """
    It has: the mean forget gate went from {keep:.2f} up to **{gate:.2f}**, so the memory itself continues, and its
    gradient with it. But nothing bounds $c$, and what is kept adds up. A typical memory is now
    {size:.0f} in size, and at {size:.0f} the $\\tanh$ is flat: its slope is {slope:.2f} on average, where it began at
    {first:.2f}. What is in the memory hardly changes what is shown. The way through time is open, and the door at its
    end is shut.

    This is an early stage. The first experiment below trains for longer, and the third one looks inside again.

    So gates do not abolish vanishing. They make the factor something that can be near one, and that can be learned; but
    it has to be learned.
    """,
    claims={
        "the forget gates have opened": gate > inside["before"]["forget gate, mean"] + 0.05,
        "the memories have grown, and tanh is flat": size > 3 and slope < 0.3,
    },
    within=0.3,
    keep=inside["before"]["forget gate, mean"],
    gate=gate,
    size=size,
    slope=slope,
    first=inside["before"]["slope of tanh(c), mean"],
)

# %% [markdown]
# ## Evaluate
#
# Now the test tunes: whole, from the first character to the end, each character once. The network writes some tunes
# as well, and they are judged as music, beside held-out ones.

# %%
evaluation = harness.evaluate(fitted)
measured = evaluation.metrics["test"]["bits_per_char"]
rows = {"network": measured["value"]}
rows |= {name: values["bits_per_char"] for name, values in evaluation.baselines.items()}
table = pd.DataFrame({"bits per character": rows})
table["perplexity"] = 2 ** table["bits per character"]
table.round(2)

# %% tags=["prose"] facts=["95 %", "5"]
others = {name: values["bits_per_char"] for name, values in evaluation.baselines.items()}
prose(
    """
    The network needs **{bits:.2f} bits per character** (95 % interval {low:.2f} to {high:.2f}): it is as uncertain as
    if it chose among {perplexity:.0f} characters. Single characters need {single:.2f} bits, so it has learned from what
    comes before. The 5-gram needs {counting:.2f}: it is still ahead.

    Where is the network confident, and where not?
    """,
    claims={
        "better than single characters": measured["value"] < others["single_characters"],
        "the 5-gram is ahead": others["5-gram"] < measured["value"],
    },
    within=0.1,
    bits=measured["value"],
    low=measured["low"],
    high=measured["high"],
    perplexity=2 ** measured["value"],
    single=others["single_characters"],
    counting=others["5-gram"],
)

# %%
picture(
    lab.figures(fitted, evaluation)["sureness"],
    "The beginning of a test tune, each character on a blue that is the darker the likelier it was.",
)

# %% [markdown]
# What it has learned first is the spelling: parts of the header that are always the same, the space behind a bracket.
# Which **note** comes next, it hardly knows. That order is no accident: spelling is near, music is far.
#
# ## Save
#
# `harness.save` writes the run into a folder: the model in three formats, the figures, the history, a card to read
# and `run.json` with every number. Then it opens all three in a fresh process and holds their predictions against those
# of the model that was trained.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model predicts the {rows} test tunes as before: the largest difference of a
    probability is {difference:.1g}.
    """,
    claims={"the difference is rounding": difference < 1e-4},
    within=10,
    rows=len(splits.test),
    difference=difference,
)

# %% [markdown]
# The same from a terminal, in one line: `python -m labs.music --preset quick`.
#
# ## Let it write
#
# To write a tune, feed `<end>`, draw a character from the probabilities, feed that, draw the next one, until `<end>` is
# drawn. The states carry over, so a character costs one step, however long the tune has become.
#
# Always taking the likeliest character is a poor idea: the tune goes in circles. Drawing from the probabilities as they
# are is honest, but a hundred small risks add up. Between the two lies the **temperature** $\tau$. It divides the
# logarithms of the probabilities before they are made to sum to one again:
#
# $$q_j = \frac{\exp(\ln p_j / \tau)}{\sum_l \exp(\ln p_l / \tau)}$$
#
# ### Exercise: temperature
#
# `probabilities` is (symbols,), all above zero. Return $q$.


# %% tags=["exercise"]
def with_temperature(probabilities, temperature):
    ### BEGIN SOLUTION
    weights = np.exp(np.log(probabilities) / temperature)
    return weights / weights.sum()
    ### END SOLUTION


# %% tags=["check"]
check("music.with_temperature", with_temperature)

# %% [markdown]
# The lab's `Writer` does this for many tunes at once, in one compiled loop. First with nothing given: this is the
# beginning of a tune that the network made while it was evaluated.

# %%
made = evaluation.details["tunes"]
print(made["shown"][0][:300])

# %% tags=["prose"]
prose(
    """
    Of {number} such tunes music21, a library that reads ABC, can read **{share:.0%}**: one wrong character in the
    header is enough, and the network has not learned headers yet. So we help it: we give the header, and it continues.
    """,
    claims={"hardly any tune can be read": made["generated"]["parse_rate"] < 0.5},
    within=1.0,
    number=made["number"],
    share=made["generated"]["parse_rate"],
)

# %%
from labs.music.notation.judging import Corpus, judged, notes_of
from labs.music.sampling import Writer

writer = Writer(fitted.model, known)
header = "M:6/8\nL:1/8\nK:D\n"
corpus = Corpus([notes_of(text) for text in tunes])
written, verdicts = {}, {}
for temperature in (0.5, 0.9, 1.3):
    made = writer.write([header] * 20, longest=400, temperature=temperature, seed=config.seed)
    written[temperature] = [text for text, _ in made]
    verdicts[f"temperature {temperature}"] = judged(written[temperature], corpus)
verdicts["held-out tunes"] = judged(texts(splits.test, known)[:20], corpus)
for temperature in (0.5, 1.3):
    print(f"temperature {temperature}:\n{written[temperature][0][len(header) :][:160]}\n")

# %%
pd.DataFrame(
    {
        name: {
            "can be read": f"{verdict['parse_rate']:.0%}",
            "inner bars right": f"{verdict['inner_bars_right']:.0%}",
            "end on the tonic": f"{verdict['ends_on_tonic']:.0%}",
            "copied in a row (median)": f"{verdict['longest_copied_run']['median']:.0f}",
        }
        for name, verdict in verdicts.items()
    }
).T

# %% [markdown]
# - **can be read**: music21 makes notes of it. It is the least one can ask: it reads much that no fiddler would.
# - **inner bars right**: every bar within a part adds up to the metre. The network has to count for that.
# - **end on the tonic**: the last note is the one that the key is named after.
# - **copied in a row**: the longest run of notes, in characters, that is in a training tune. Real tunes share
#   turns, too; a run far longer than theirs would mean that the network recites.

# %%
readings = [scores.read(text) for text in written[0.5]]
longest = max((found for found in readings if found), key=lambda found: len(found.notes))
print(written[0.5][readings.index(longest)])
picture(
    scores.piano_roll(longest.notes, "A tune that the network wrote"),
    "Notes of a made tune as bars: they wander up and down without any form.",
)

# %% tags=["prose"]
ours = [verdict for name, verdict in verdicts.items() if name != "held-out tunes"]
real = verdicts["held-out tunes"]
copied = max(verdict["longest_copied_run"]["median"] for verdict in ours)
prose(
    """
    With the header given, {least:.0%} to {most:.0%} can be read, depending on the temperature and, with {number} tunes
    each, on luck. There are notes and bar lines, but the bars do not add up, and there is no form. Nothing is
    copied either: the median of the longest run is at most {copied:.0f} characters, and {shared:.0f} in real tunes.

    This is as far as one pass of a small network goes. Tunes that can be played take the presets `course`
    and `best`. What they reach, and how long they take, is on the [page of this lab](../labs/music/README.md),
    with a plot of a tune. Then let them write: `python -m labs.music generate` makes files that you can hear and
    print.
    """,
    claims={
        "some can be read": min(verdict["parse_rate"] for verdict in ours) > 0,
        "hardly any tune has its bars right": max(
            verdict["inner_bars_right"] for verdict in ours
        )
        < real["inner_bars_right"] / 3,
        "real tunes share more": copied < real["longest_copied_run"]["median"],
    },
    within=0.6,
    least=min(verdict["parse_rate"] for verdict in ours),
    most=max(verdict["parse_rate"] for verdict in ours),
    number=len(written[0.5]),
    copied=copied,
    shared=real["longest_copied_run"]["median"],
)

# %% [markdown]
# ## Try this
#
# Three experiments. Each cell is ready to run: run it, then change it. What do you expect before you press the key?
# They judge on validation, so that the test tunes stay unseen.
#
# **1. More of everything.** Twice the units and twice the epochs. Does it overtake counting?

# %% tags=["try"]
larger = harness.fit(lab, replace(config, units=128, epochs=2), splits)
print(f"bits: {bits_on_validation(larger.model):.2f}, counting: {by_order[5]:.2f}\n")
[(text, _)] = Writer(larger.model, known).write([header], longest=400, temperature=0.7, seed=3)
print(text)

# %% [markdown]
# **2. How far back does it look?** We hide all but the last characters of each window, and ask for the next one.
# From where on does more context no longer help? Compare it with the plot of the gradients.

# %% tags=["try"]
rows = validation.open(0).numpy()
contexts = (1, 2, 4, 8, 16, 32, 64, 100)
lost = {}
for name, model in {
    "plain": plain.model,
    "LSTM": fitted.model,
    "larger LSTM": larger.model,
}.items():
    chosen = [
        model.predict_on_batch(rows[:, -1 - k : -1])[np.arange(len(rows)), -1, rows[:, -1]]
        for k in contexts
    ]
    lost[name] = -np.log2(chosen).mean(axis=1)
pd.DataFrame(lost, index=pd.Index(contexts, name="characters seen")).round(2)

# %% [markdown]
# **3. Cells that begin by keeping.** The gradient reaches the whole window at first. Is it still there after training,
# and is the network better for it? (Then try the long race: with `lab.preset("course")` in place of `config`,
# `harness.fit(plain_lab, …)` and `harness.fit(lab, …)` take a minute or two each.)

# %% tags=["try"]
kept = harness.fit(lab, keeping, splits)
print(f"bits: {bits_on_validation(kept.model):.2f}, from Keras's own start: {race['LSTM']:.2f}")
compared = {"LSTM": fitted.model, "larger LSTM": larger.model, "memory=200": kept.model}
looks = {}
for name, model in compared.items():
    norms = gradients_back(model)
    looks[name] = look_inside(model) | {
        f"left {far} steps back": f"{norms[far] / norms[0]:.0e}"
    }
pd.DataFrame(looks).T.map(lambda value: value if isinstance(value, str) else f"{value:.2f}")

# %% [markdown]
# ## What to take along
#
# - A text is its own teacher: the target is the text, moved on by one.
# - Judge a language model in bits per character, on tunes that have no relative in training, beside a model that only
#   counts.
# - Back-propagation through time multiplies a factor at each step; over many steps it vanishes or explodes. The gates
#   of an LSTM make the factor something to be learned.
# - Temperature trades mistakes against monotony.
#
# More on this lab: [its page](../labs/music/README.md), `python -m labs.music --help`, and
# `python -m labs.music generate --help`.
