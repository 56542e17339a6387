# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Music: what comes next in this tune?
#
# Irish dance tunes can be written as plain text. Given the beginning of such a text, which character comes next? A
# model that predicts it well has learned something about music: where a bar ends, how long a note is, which notes a
# key has. And a model that predicts can also **write**: predict a character, append it, predict the next one.
#
# We train a network to do that. On the way you meet **recurrent networks**, which read one symbol after another and
# keep a state; **back-propagation through time**, by which they learn; **vanishing gradients**, the reason why it fails
# over long distances; and the **gates** of the LSTM, which were invented against them. At the end you hear the tunes of
# a network that ships with this project, next to a real one.
#
# You need a little Python, and the chain rule. Run the cells from top to bottom; it takes about a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.music import lesson

lab = lesson.lab
config = replace(lab.preset("quick"), units=128, embedding=64, epochs=2, schedule="constant")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# A lab is described by a `Config`: every hyperparameter is a field of it. We take the preset `quick` with a larger
# network and two epochs. Its tunes will not be good music yet.
#
# ## The data: tunes as text
#
# The notation is called **ABC**. This is a whole tune:

# %%
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from IPython.display import display
from matplotlib.figure import Figure

from labs.exercises import check
from utils.runs import harness

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"

known = lesson.vocabulary(splits.categories)
tunes = lesson.texts(splits.train, known)
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
# The same tune in staff notation, and its beginning as sound:

# %%
display(lesson.staff(tune), lesson.play(tune, seconds=5))

# %% [markdown]
# And as a piano roll, with the pitch of each note over time:

# %%
picture(
    lesson.piano_roll(lesson.read(tune).notes, "A tune of the training data"),
    "Notes of a tune as bars, time to the right and pitch upwards: they rise and fall in waves.",
)

# %% [markdown]
# ### Split by tune, and by its relatives
#
# The network will be evaluated on tunes that it was not trained on. So each tune is in one split: if one half of it
# were in training and the other in test, the network could predict the second half from memory.
#
# That is not enough. The collector wrote down many tunes twice: with another name, in another key, from another
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
groups = np.concatenate([part.groups for part in splits.parts().values()])
order = np.random.default_rng(0).permutation(len(groups))  # what a split at random would do
held, rest = np.split(groups[order], [len(splits.test)])
relatives = int(np.isin(held, rest).sum())

# %% tags=["prose"]
audited = lesson.audit(splits)["test_rows_of_trained_groups"]
prose(
    """
    The {tunes:,} tunes are {families:,} families. In a random split, **{relatives} of {test} test tunes** would have
    a relative in training or validation. In our split, which holds out whole families, it is **{honest}**.
    """,
    claims={"our split does not leak": audited == 0, "a random split does": relatives > 0},
    tunes=len(groups),
    families=len(np.unique(groups)),
    relatives=relatives,
    test=len(held),
    honest=audited,
)

# %% [markdown]
# ### Characters become numbers
#
# A network takes numbers. The **vocabulary** lists the characters that occur in training, and each is represented by
# its position in the list. The first two are special: `<end>` is before and after each tune, so that the network
# learns how tunes begin and end; `<unknown>` is for characters that are not in training.

# %%
print(len(known.symbols), "symbols:", *map(repr, known.symbols))
beginning = tune.split("\n")[3][:16]
print()
print(*beginning, "is", *known.encode(beginning))

# %% [markdown]
# ### Windows: a text, and the same text shifted by one
#
# The training tunes are joined into one long text and cut into **windows**. No labels are needed: the target at each
# position is the next character, so the targets are the same text, shifted by one. A `tf.data` pipeline cuts the
# windows, shuffles them and forms batches:


# %%
def joined(texts):
    """The codes of all texts in a row, with <end> before each and after the last."""
    return np.concatenate([np.append(0, known.encode(text)) for text in texts] + [[0]])


def windows_of(texts):
    """A dataset of (inputs, targets), each (length,)."""
    characters = tf.data.Dataset.from_tensor_slices(joined(texts).astype("int32"))
    pieces = characters.batch(config.length + 1, drop_remainder=True)
    return pieces.map(lambda piece: (piece[:-1], piece[1:])).cache()


pipeline = (
    windows_of(tunes)
    .shuffle(10_000, seed=config.seed)
    .batch(config.batch_size, drop_remainder=True)
    .prefetch(2)
)
held_out = windows_of(lesson.texts(splits.validation, known)).batch(256)
inputs, targets = next(iter(held_out))
print("inputs ", inputs.shape, repr(known.decode(inputs[0, :40].numpy())))
print("targets", targets.shape, repr(known.decode(targets[0, :40].numpy())))

# %% tags=["prose"]
steps_per_epoch = sum(1 for _ in pipeline)
prose(
    """
    A window of {length} characters contains {length} predictions: of the next character after the first one, after the
    first two, and so on. An epoch has {steps} batches of {batch} windows.
    """,
    length=config.length,
    steps=steps_per_epoch,
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
# ## The metric: bits per character
#
# The model gives a probability to each possible next character. If it gave $p$ to the one that came, its loss is
# $-\log_2 p$ **bits**: zero if it was certain ($p = 1$), one bit for a coin toss ($p = \tfrac12$), two for one in four.
# The mean over a text of $T$ characters is
#
# $$\text{bits per character} = -\frac{1}{T} \sum_{t=1}^{T} \log_2 p(x_t \mid x_1, \dots, x_{t-1})$$
#
# This is the cross-entropy, which training minimizes. Keras takes the natural logarithm; its unit is the
# **nat**. Divide nats by $\ln 2 = 0.693$ to get bits. Two to the power of the bits is the **perplexity**: the
# model is as uncertain as if that many characters were equally probable.
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

# %% [markdown]
# ## Two models that only count
#
# Before a network, two models that count. The **unigram** model gives each character the fraction that it has in the
# training tunes. An **n-gram** takes the last $n - 1$ characters, finds the places in training where the same ones
# occur, and counts what followed. Where a context does not occur, it takes a shorter one. Where it is rare, its counts
# are not reliable: our n-gram takes a little from each count and gives it to the shorter contexts, so that it mixes
# all lengths. This is the method of Kneser and Ney, as modified by Chen and Goodman.
#
# How long should the context be?

# %%
counted = lesson.Ngram(splits.train.inputs, splits.train.targets, len(known.symbols), order=12)
by_order = {}
for order in range(1, 13):
    nats, characters = counted.losses(
        splits.validation.inputs, splits.validation.targets, order=order
    ).sum(axis=0)
    by_order[order] = nats / characters / np.log(2)

figure = Figure(figsize=(6.4, 4), layout="constrained")
axes = figure.subplots()
axes.plot(list(by_order), list(by_order.values()), "o-", color=BLUE, linewidth=2)
axes.axhline(np.log2(len(known.symbols)), color=GREY, linestyle=":", linewidth=1.5)
axes.text(12, 5.95, "all characters equally probable", color=GREY, ha="right", va="top")
axes.set_title("Counting: bits on validation by the order of the n-gram", loc="left")
axes.set_ylim(0, 6.5)
axes.set_xlabel("order n (it sees n − 1 characters)")
axes.set_ylabel("bits per character")
picture(figure, "Bits by order: they fall steeply to about the fifth order, then hardly.")

# %% tags=["prose"] facts=["4", "5", "7", "8", "11", "12"]
text, other = joined(tunes), joined(lesson.texts(splits.validation, known))


def unseen(length):
    """Fraction of the validation contexts of a length that do not occur in training."""
    slid = np.lib.stride_tricks.sliding_window_view
    contexts = {row.tobytes() for row in slid(text, length)}
    return float(np.mean([row.tobytes() not in contexts for row in slid(other, length)]))


missing = {order: unseen(order - 1) for order in (5, 8, 12)}
prose(
    """
    If all {symbols} symbols were equally probable, each would cost {uniform:.2f} bits. The unigram model has
    {unigram:.2f}, the 5-gram {fifth:.2f}, the 8-gram **{eighth:.2f}** and the 12-gram {twelfth:.2f}: longer contexts
    help less and less. Of the validation contexts of 4 characters {few:.0%} do not occur in training, of those of 7
    characters {more:.0%}, of those of 11 characters **{most:.0%}**: there is little to count. From here on we compare
    with the 8-gram.

    We need a model that does not store contexts, but summarizes them.
    """,
    claims={
        "longer contexts help at first": by_order[5] < by_order[2] < by_order[1],
        "then less and less": by_order[4] - by_order[8] > 3 * (by_order[8] - by_order[12]) > 0,
        "long contexts are often unseen": missing[12] > missing[8] > 2 * missing[5],
    },
    symbols=len(known.symbols),
    uniform=np.log2(len(known.symbols)),
    unigram=by_order[1],
    fifth=by_order[5],
    eighth=by_order[8],
    twelfth=by_order[12],
    few=missing[5],
    more=missing[8],
    most=missing[12],
)

# %% [markdown]
# ## A recurrent network
#
# It reads one character after the other and keeps a **state**, a vector $h$ of $n$ numbers that summarizes what it has
# read. Each step computes a new state from the character's vector $x_t$ and the previous state:
#
# $$h_t = \tanh(x_t U + h_{t-1} W + b)$$
#
# The weights $U$, $W$ and $b$ are the same at every step, so a text may have any length. From $h_t$ a dense layer with
# a softmax gives the probabilities of the next character.
#
# ### Back-propagation through time
#
# How is a loop trained? Unrolled, a text of a hundred characters is a network of a hundred layers that share their
# weights. Then it is ordinary back-propagation: forwards through all steps, storing the states; then backwards with the
# gradient, from the last step to the first. Each step back multiplies by the slope of the $\tanh$, $1 - h_t^2$, and
# then by $W$:
#
# $$\frac{\partial L}{\partial h_{t-1}} =
# \left( \frac{\partial L}{\partial h_t} \odot (1 - h_t^2) \right) W^\top$$
#
# All steps share $W$, so its gradient is the sum over the steps. In NumPy:

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
    Keras computes the same gradient of $W$: the largest difference is {difference:.0e}.
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
# The gradient of the loss at the end with respect to a character $k$ steps back is a **product of $k$ factors**. If a
# step shrinks the gradient to nine tenths, $0.9^{100} \approx 0.00003$ of it is left after a hundred steps: it has
# **vanished**, and the network cannot learn how that character influences the end. If each step makes it larger by a
# tenth, it is $1.1^{100} \approx 14{,}000$: it **explodes**. Only a factor very near one avoids both. But $1 - h^2$ is
# below one wherever $h$ is not zero.
#
# ## The LSTM: gates
#
# The **long short-term memory** has, beside its output $h$, a memory $c$ that is not multiplied by a matrix at each
# step. Three **gates** control it. A gate is a vector of numbers between zero and one, from a sigmoid
# $\sigma$, that is multiplied with another vector:
#
# $$\begin{aligned}
# i_t &= \sigma(x_t U_i + h_{t-1} W_i + b_i) && \text{input gate: how much is added} \\
# f_t &= \sigma(x_t U_f + h_{t-1} W_f + b_f) && \text{forget gate: how much of the memory is kept} \\
# g_t &= \tanh(x_t U_g + h_{t-1} W_g + b_g) && \text{candidate: what could be added} \\
# o_t &= \sigma(x_t U_o + h_{t-1} W_o + b_o) && \text{output gate: how much of the memory is output} \\
# c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
# h_t &= o_t \odot \tanh(c_t)
# \end{aligned}$$
#
# Along the memory, $\partial c_t / \partial c_{t-1} = f_t$. A cell whose forget gate is near one keeps its memory, and
# its gradient, over many steps. And as $f_t$ is computed from the input, the network **learns** when to keep and when
# to forget.
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
# `x` is (rows, m), `h` and `c` are (rows, n). Keras stores the weights of the four lines side by side, in the order
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
# output at each step. A **dense** layer with a softmax computes probabilities from it, at each step with the same
# weights:


# %%
def build(layer, settings=config):
    """A network from characters (batch, length) to probabilities of the next one, with a recurrent layer."""
    characters = keras.Input((None,), dtype="int32", name="characters")
    vectors = keras.layers.Embedding(len(known.symbols), settings.embedding)(characters)
    outputs = layer(settings.units, return_sequences=True)(vectors)
    probabilities = keras.layers.Dense(len(known.symbols), activation="softmax")(outputs)
    return keras.Model(characters, probabilities)


keras.utils.set_random_seed(config.seed)
by_keras = build(keras.layers.LSTM)
by_keras.summary()

# %% [markdown]
# The first `None` is the number of texts, the second one their length: the network takes any.

# %% tags=["prose"]
untrained_nats = keras.losses.sparse_categorical_crossentropy(targets, by_keras(inputs))
before = float(untrained_nats.numpy().mean() / np.log(2))
recurrent = by_keras.layers[2].count_params()
prose(
    """
    It has {parameters:,} parameters, {recurrent:,} of them in the LSTM, as the formula says, and there are
    {characters:,} training characters. Before training it has {before:.2f} bits per character. This is expected: it
    gives nearly the same probability to every symbol, and $\\log_2$ of {symbols} is {uniform:.2f}. A first loss far
    from that would be a sign of a mistake.
    """,
    claims={
        "the formula counts the LSTM": recurrent
        == 4 * (config.units * (config.units + config.embedding) + config.units),
        "it begins uniform": abs(before - np.log2(len(known.symbols))) < 0.05,
    },
    parameters=by_keras.count_params(),
    recurrent=recurrent,
    characters=int((splits.train.targets >= 0).sum()),
    before=before,
    symbols=len(known.symbols),
    uniform=np.log2(len(known.symbols)),
)

# %% [markdown]
# ## Train with Keras
#
# `fit` performs back-propagation through time over a batch of windows at each step. After each epoch the callbacks act:
# `ReduceLROnPlateau` lowers the learning rate where the validation loss does not fall by a tenth of a nat,
# `EarlyStopping` would end the training, and `ModelCheckpoint` saves the best network. A compiled step has some
# overhead; `steps_per_execution` runs several steps at once.

# %%
import tempfile
from pathlib import Path

by_keras.compile(
    optimizer=keras.optimizers.Adam(5e-3),
    loss="sparse_categorical_crossentropy",
    steps_per_execution=8,
)
history = by_keras.fit(
    pipeline,
    epochs=config.epochs,
    shuffle=False,  # the pipeline shuffles
    validation_data=held_out,
    callbacks=[
        keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=0, min_delta=0.1),
        keras.callbacks.EarlyStopping(patience=3),
        keras.callbacks.ModelCheckpoint(
            Path(tempfile.mkdtemp()) / "best.keras", save_best_only=True
        ),
    ],
    verbose=0,
).history
(pd.DataFrame(history)[["loss", "val_loss"]] / np.log(2)).round(2)  # in bits

# %% [markdown]
# ## `harness.fit` does the same, and more
#
# `harness.fit` is the function that `python -m labs.music` calls. It builds the same network and trains it on windows
# of the same tunes. In addition it joins the tunes in another order in each epoch, keeps the state of training, so that
# an interrupted run can be resumed, and records settings, data and versions.
# `harness.evaluate` takes whole tunes, from the first character to the end, each character once, and lets the network
# write some.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
measured = evaluation.metrics["test"]["bits_per_char"]
rows = {
    "network, harness.fit": measured["value"],
    "network, plain Keras": lesson.bits(by_keras, splits.test),
}
rows |= {name: values["bits_per_char"] for name, values in evaluation.baselines.items()}
table = pd.DataFrame({"bits per character": rows})
table["perplexity"] = 2 ** table["bits per character"]
table.round(2)

# %% tags=["prose"] facts=["95 %", "8"]
others = {name: values["bits_per_char"] for name, values in evaluation.baselines.items()}
of_validation = {
    "harness": evaluation.metrics["validation"]["bits_per_char"]["value"],
    "keras": lesson.bits(by_keras, splits.validation),
}
prose(
    """
    On the test tunes the network of `harness.fit` has **{bits:.2f} bits per character** (95 % interval {low:.2f} to
    {high:.2f}), that of plain Keras {keras:.2f}; both have {parameters:,} parameters. Single characters have
    {single:.2f} bits, and the 8-gram has {counting:.2f}: **both networks are better than counting**. On validation they
    have {validation:.2f} and {keras_validation:.2f} bits, and the 8-gram {counting_validation:.2f}.
    """,
    claims={
        "better than the best count on test": max(
            rows["network, harness.fit"], rows["network, plain Keras"]
        )
        < others["8-gram"],
        "and on validation": max(of_validation.values()) < by_order[8],
        "as many parameters": fitted.model.count_params() == by_keras.count_params(),
        "equal within a tenth of a bit": abs(
            rows["network, harness.fit"] - rows["network, plain Keras"]
        )
        < 0.1,
    },
    within=0.1,
    bits=measured["value"],
    low=measured["low"],
    high=measured["high"],
    keras=rows["network, plain Keras"],
    parameters=fitted.model.count_params(),
    single=others["single_characters"],
    counting=others["8-gram"],
    validation=of_validation["harness"],
    keras_validation=of_validation["keras"],
    counting_validation=by_order[8],
)

# %% [markdown]
# ### Then → now
#
# The course was written for an earlier Keras. Its lines, and what replaces them:
#
# | then | now |
# | --- | --- |
# | `Embedding(vocab_size, dim, batch_input_shape=[batch, None])` | `keras.Input((None,))` before it ([why][shape]) |
# | `LSTM(…, stateful=True)`, `model.reset_states()` | a stateless network; writing passes the states ([why][states]) |
# | `model.build(tf.TensorShape([1, None]))` for writing | the same network takes any batch ([why][build]) |
# | `input_length=seq_length` | leave it out ([why][length]) |
# | `model.save_weights(checkpoint_prefix)` | `ModelCheckpoint("best.keras")` ([why][weights]) |
# | `optimizer = tf.keras.optimizers.Adam(lr=…)` | `keras.optimizers.Adam(learning_rate=…)` ([why][lr]) |
#
# [shape]: COURSE_CODE.md#batch_input_shape-and-stateful-lstms
# [states]: COURSE_CODE.md#modelreset_states
# [build]: COURSE_CODE.md#modelbuild-and-modelsummary-of-a-subclass
# [length]: COURSE_CODE.md#embeddinginput_length
# [weights]: COURSE_CODE.md#save_weightswh5
# [lr]: COURSE_CODE.md#lr
#
# All lines are in [COURSE_CODE.md](COURSE_CODE.md), each with its error message.

# %% [markdown]
# ### Where is the network confident?

# %%
picture(
    lab.figures(fitted, evaluation)["sureness"],
    "The beginning of a test tune, each character on a blue that is darker where it was more probable.",
)

# %% tags=["prose"]
predicted = by_keras.predict(held_out, verbose=0)
expected = np.concatenate([y.numpy() for _, y in held_out])
rows_of, columns_of = np.indices(expected.shape)
surprise = -np.log2(predicted[rows_of, columns_of, expected])
is_note = np.isin(expected, known.encode("ABCDEFGabcdefg"))
prose(
    """
    A character that is the letter of a note costs {notes:.2f} bits on average over the validation windows, any other
    character (header, bar lines, spaces, lengths) {rest:.2f} bits. The network has learned the notation better than the
    melody.
    """,
    claims={"notes are harder": surprise[is_note].mean() > surprise[~is_note].mean() + 0.3},
    within=0.15,
    notes=float(surprise[is_note].mean()),
    rest=float(surprise[~is_note].mean()),
)

# %% [markdown]
# ## Vanishing gradients, measured
#
# Now we compare the LSTM with a plain recurrent network. To be quick, both are small and see each tune once. Their
# layers are built by our `build`; `lab.replace` makes a copy of the lab with another method:

# %%
small = lab.preset("quick")
plain_lab = lab.replace(build=lambda settings, _: build(keras.layers.SimpleRNN, settings))
plain = harness.fit(plain_lab, small, splits, preset="quick")
lstm = harness.fit(lab, small, splits, preset="quick")
race = {
    "plain": lesson.bits(plain.model, splits.validation),
    "LSTM": lesson.bits(lstm.model, splits.validation),
    "8-gram": by_order[8],
}
for name, value in race.items():
    print(f"{name:10} {value:.2f} bits per character")

# %% tags=["prose"] facts=["8"]
prose(
    """
    After one pass over the tunes, the small LSTM has {lstm:.2f} bits per character on validation and the plain network
    {plain:.2f}: at this point the plain network is ahead. The 8-gram has {counting:.2f}.
    """,
    claims={
        "counting is better than so short a training": race["8-gram"]
        < min(race["plain"], race["LSTM"]),
        "the plain network is ahead after one pass": race["plain"] < race["LSTM"],
    },
    within=0.15,
    lstm=race["LSTM"],
    plain=race["plain"],
    counting=race["8-gram"],
)

# %% [markdown]
# Take windows of validation tunes and the loss of their **last** character alone. How much would it change if the
# vector of the character $k$ steps back changed a little? That is the norm of a gradient, which we compute for each
# $k$, before and after training.
#
# A third network is the same LSTM with other initial weights: `memory=200` sets the biases of the gates so that cells
# begin by keeping their memory, some for a few characters, some for up to two hundred.


# %%
windows_held = np.concatenate([x.numpy() for x, _ in held_out])


def gradients_back(model):
    """The norm of the gradient of the last character's loss by the vector k steps back, (k,)."""
    rows = windows_held[:64]
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


keras.utils.set_random_seed(small.seed)
keeping = replace(small, memory=200)
plain_name, lstm_name, keeping_name = "plain", "LSTM", "LSTM, memory=200"
untrained_plain, untrained = build(keras.layers.SimpleRNN, small), lab.build(small, splits)
at_first = {
    plain_name: gradients_back(untrained_plain),
    lstm_name: gradients_back(untrained),
    keeping_name: gradients_back(lab.build(keeping, splits)),
}
trained = {
    plain_name: gradients_back(plain.model),
    lstm_name: gradients_back(lstm.model),
}

figure = Figure(figsize=(9, 3.8), layout="constrained")
styles = {
    plain_name: {"color": RED, "linestyle": ":"},
    lstm_name: {"color": BLUE, "linestyle": "-"},
    keeping_name: {"color": GREEN, "linestyle": "--"},
}
for axes, title, measured_norms in zip(
    figure.subplots(1, 2, sharey=True),
    ("before training", "after one pass over the tunes"),
    (at_first, trained),
    strict=True,
):
    for name, norms in measured_norms.items():
        axes.semilogy(norms, linewidth=2.5, label=name, **styles[name])
    axes.set_title(title, loc="left", fontsize=12)
    axes.set_xlabel("steps back")
    axes.grid(color="#DDDDDD", linewidth=0.6)
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
    small_ones = np.flatnonzero(norms < norms[0] / 1000)
    return float(small_ones[0]) if len(small_ones) else float(len(norms))


def mean_slope(model):
    """Mean of 1 − h² over the states of a plain network, for windows of validation tunes."""
    states = model.layers[2](model.layers[1](windows_held[:64]))
    return float(1 - np.square(states).mean())


slopes = {"before": mean_slope(untrained_plain), "after": mean_slope(plain.model)}
far = 90

# %% tags=["prose"] facts=["0.8"]
W = untrained_plain.layers[2].get_weights()[1]
shrunk = keras.models.clone_model(untrained_plain)
shrunk.set_weights(untrained_plain.get_weights())
weights_of_layer = shrunk.layers[2].get_weights()
shrunk.layers[2].set_weights([weights_of_layer[0], 0.8 * W, weights_of_layer[2]])
smaller = gradients_back(shrunk)
first_lstm = at_first[lstm_name]
without = keras.models.clone_model(untrained)
without.set_weights(untrained.get_weights())
kernel_of, recurrent_of, bias_of = without.layers[2].get_weights()
without.layers[2].set_weights([kernel_of, 0 * recurrent_of, bias_of])


def rate(norms):
    """The factor per step between 10 and 40 steps back."""
    return float((norms[40] / norms[10]) ** (1 / 30))


per_step, alone = rate(first_lstm), rate(gradients_back(without))
keep = float(1 / (1 + np.exp(-1)))
prose(
    """
    **Before training** there are two surprises.

    - The plain network's gradient hardly vanishes. Keras initializes $W$ as an orthogonal matrix, which does not change
      the length of a vector, and the mean slope $1 - h^2$ is {slope:.3f}. If we multiply $W$ by 0.8, the gradient
      {far} steps back is smaller by a factor of about $10^{{{drop:.0f}}}$. After training, the mean slope is
      {slope_after:.2f}: the units saturate.
    - The LSTM's gradient does vanish, at a constant rate: it is multiplied by {per_step:.2f} per step. Keras
      initializes the forget gates with a bias of one, and $\\sigma(1)$ is {keep:.2f}. This is the rate along the memory
      alone: with recurrent weights of zero we measure {alone:.2f}. The rest passes through $h$. With `memory=200`,
      where only the biases of the gates differ, the gradient reaches back through the whole window.

    **After training** both fall by powers of ten. A thousandth is left {plain:.0f} steps back in the plain network and
    {lstm:.0f} steps back in the LSTM: they are similar. They differ only far back: {far} steps back the LSTM's gradient
    is about $10^{{{more:.0f}}}$ times that of the plain network, and still far too small to learn from.

    Has the LSTM not learned to keep its memory? The next cell looks inside.
    """,
    claims={
        "W is orthogonal": bool(np.allclose(W @ W.T, np.eye(len(W)), atol=1e-4)),
        "a smaller W makes the gradient vanish": smaller[far] < at_first[plain_name][far] / 1e6,
        "the slope falls in training": slopes["after"] < slopes["before"] - 0.05,
        "the plain gradient hardly vanishes before training": reach(at_first[plain_name])
        > small.length / 2,
        "the LSTM's does": reach(first_lstm) < small.length / 2,
        "the memory alone has the rate of the forget gate": abs(alone - keep) < 0.02,
        "the path through h adds to it": per_step > alone + 0.02,
        "that of cells that keep does not": reach(at_first[keeping_name])
        == len(at_first[keeping_name]),
        "after training the plain gradient falls further than the LSTM's": trained[plain_name][
            far
        ]
        < trained[lstm_name][far],
        "near by they are similar": 0.5
        < reach(trained[lstm_name]) / reach(trained[plain_name])
        < 2,
        "both are small far back": max(norms[far] / norms[0] for norms in trained.values())
        < 1e-3,
    },
    within=0.5,
    slope=slopes["before"],
    slope_after=slopes["after"],
    drop=float(np.log10(at_first[plain_name][far] / smaller[far])),
    per_step=per_step,
    alone=alone,
    plain=reach(trained[plain_name]),
    lstm=reach(trained[lstm_name]),
    far=far,
    more=float(np.log10(trained[lstm_name][far] / trained[plain_name][far])),
    keep=keep,
)


# %%
def look_inside(model):
    """Mean forget gate, median size of the memory, mean slope of its tanh, over windows."""
    rows = windows_held[:64]
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


inside = {"before": look_inside(untrained), "after": look_inside(lstm.model)}
pd.DataFrame(inside).T.round(2)

# %% tags=["prose"]
gate, size, slope = inside["after"].values()
prose(
    """
    It has: the mean forget gate rose from {keep:.2f} to **{gate:.2f}**, so more of the memory is kept at each step. But
    nothing bounds $c$. The median size of the memory is now {size:.0f}, where $\\tanh$ is nearly constant: its mean
    slope is {slope:.2f}, and it was {first:.2f} at first. The gradient passes along the memory, but it is multiplied
    by this small slope where the memory is output.

    Gates do not abolish vanishing gradients. They make the factor per step something that can be near one and that can
    be learned.
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
# ## Save
#
# `harness.save` writes the run into a folder: the model in three formats, the figures, the history, a card
# and `run.json` with every number. Then it loads all three in a fresh process and compares their predictions with those
# of the trained model.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model predicts the same probabilities for the {rows} test tunes: the largest
    difference is {difference:.1g}.
    """,
    claims={"the difference is rounding": difference < 1e-4},
    within=10,
    rows=len(splits.test),
    difference=difference,
)

# %% [markdown]
# The same from a terminal:
#
# ```sh
# python -m labs.music --preset quick --units 128 --embedding 64 --epochs 2 --schedule constant
# ```
#
# ## Let it write
#
# To write a tune, start with `<end>`, draw a character from the predicted probabilities, append it, and draw the next
# one, until `<end>` is drawn. The states are passed on, so a character costs one step, however long the tune is.
#
# The **temperature** $\tau$ controls the draw. It divides the logarithms of the probabilities before they are
# normalized again. Below one, probable characters become more probable; above one, all become more alike:
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
# The lab's `Writer` does this for many tunes at once, in one compiled loop. First without a beginning: this is the
# start of a tune that the network wrote in its evaluation.

# %%
made = evaluation.details["tunes"]
print(made["shown"][0][:300])

# %% tags=["prose"]
prose(
    """
    music21, a library that reads ABC, can read **{share:.0%}** of {number} such tunes. Next the header is given, and
    the network continues it, at three temperatures.
    """,
    within=1.0,
    number=made["number"],
    share=made["generated"]["parse_rate"],
)

# %%
writer = lesson.Writer(fitted.model, known)
header = "M:6/8\nL:1/8\nK:D\n"
corpus = lesson.Corpus([lesson.notes_of(text) for text in tunes])
written, verdicts = {}, {}
for temperature in (0.5, 0.9, 1.3):
    made = writer.write([header] * 20, longest=400, temperature=temperature, seed=config.seed)
    written[temperature] = [text for text, _ in made]
    verdicts[f"temperature {temperature}"] = lesson.judged(written[temperature], corpus)
verdicts["held-out tunes"] = lesson.judged(lesson.texts(splits.test, known)[:20], corpus)
for temperature in (0.5, 1.3):
    middle = sorted(written[temperature], key=len)[10]  # of median length
    print(f"temperature {temperature}:\n{middle[len(header) :][:160]}\n")

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
# - **can be read**: music21 finds notes in it. This is a minimum: it reads much that nobody would play.
# - **inner bars right**: every bar within a part adds up to the metre.
# - **end on the tonic**: the last note is the one that the key is named after.
# - **copied in a row**: the longest run of notes, in characters, that is in a training tune. Real tunes share phrases,
#   too; a run far longer than theirs would mean that the network has memorized.

# %% tags=["prose"]
ours = [verdict for name, verdict in verdicts.items() if name != "held-out tunes"]
real = verdicts["held-out tunes"]
copied = max(verdict["longest_copied_run"]["median"] for verdict in ours)
prose(
    """
    With the header given, {least:.0%} to {most:.0%} can be read, depending on the temperature. At most {right:.0%} have
    only correct inner bars; of the real tunes {right_real:.0%} have. The median of the longest run that is copied is
    at most {copied:.0f} characters, and {shared:.0f} for real tunes. With {number} tunes each, these numbers are
    uncertain.
    """,
    claims={
        "some can be read": min(verdict["parse_rate"] for verdict in ours) > 0,
        "fewer bars are right than in real tunes": max(
            verdict["inner_bars_right"] for verdict in ours
        )
        < real["inner_bars_right"],
        "real tunes share at least as much": copied <= real["longest_copied_run"]["median"],
    },
    within=0.8,
    least=min(verdict["parse_rate"] for verdict in ours),
    most=max(verdict["parse_rate"] for verdict in ours),
    right=max(verdict["inner_bars_right"] for verdict in ours),
    right_real=real["inner_bars_right"],
    number=len(written[0.5]),
    copied=copied,
    shared=real["longest_copied_run"]["median"],
)

# %% [markdown]
# ## A network that has trained for longer
#
# The preset `best` is a larger LSTM, trained for longer on longer windows. Its trained network ships with this project,
# with a [card](../models/pretrained/music-best/README.md). It is a Keras model in a file:

# %%
best = keras.saving.load_model(lesson.BEST / "model.keras", compile=False)
best.summary()

# %%
best_writer = lesson.Writer(best, known)
made = best_writer.write([header] * 12, longest=600, temperature=0.8, seed=1)
by_best = [text for text, ended in made if ended]
judged_best = lesson.judged(by_best, corpus)
right_tunes = [
    text for text in by_best if (reading := lesson.read(text)) and reading.bars_right
]
its_tune = min(right_tunes, key=lambda text: abs(len(text) - len(tune)))
print(its_tune)
display(lesson.staff(its_tune), lesson.play(its_tune, seconds=5))

# %% tags=["prose"]
bits_of_best = lesson.bits(best, splits.test)
prose(
    """
    This network has {parameters:,} parameters and **{bits:.2f} bits per character** on the test tunes; ours has
    {ours:.2f}. It was asked for {asked} tunes and has finished {number}. Of these {readable:.0%} can be read, and
    {right:.0%} have only correct inner bars. The tune above is that of the latter whose length is nearest to the first
    tune of this notebook.
    """,
    claims={
        "it is better than ours": bits_of_best < measured["value"] - 0.3,
        "it has our vocabulary": best.output.shape[-1] == len(known.symbols),
    },
    within=0.3,
    parameters=best.count_params(),
    bits=bits_of_best,
    ours=measured["value"],
    asked=len(made),
    number=len(by_best),
    readable=judged_best["parse_rate"],
    right=judged_best["inner_bars_right"],
)

# %% [markdown]
# And a real tune with the same header, from the test split: neither network was trained on it.

# %%
real_tunes = [text for text in lesson.texts(splits.test, known) if text.startswith(header)]
real_tune = min(real_tunes, key=lambda text: abs(len(text) - len(its_tune)))
display(lesson.staff(real_tune), lesson.play(real_tune, seconds=5))

# %% [markdown]
# What differs? Compare the phrases, the rhythm, the last bar. `lesson.play(tune, "flute")` plays a whole tune on
# another instrument, `python -m labs.music play` writes it as a .wav file, and `python -m labs.music generate` lets a
# network write more.

# %% [markdown]
# ## Try this
#
# Three experiments. Each cell is ready to run: run it, then change it. What do you expect before you run it?
# They judge on validation, so that the test tunes stay unseen.
#
# **1. Another layer.** A `GRU` has two gates and no separate memory. Is it better than the small LSTM after one pass?

# %% tags=["try"]
gru_lab = lab.replace(build=lambda settings, _: build(keras.layers.GRU, settings))
gru = harness.fit(gru_lab, small, splits)
print(f"GRU: {lesson.bits(gru.model, splits.validation):.2f} bits per character")
print(f"LSTM: {race['LSTM']:.2f}, plain: {race['plain']:.2f}, 8-gram: {race['8-gram']:.2f}")

# %% [markdown]
# **2. How much context does it use?** All but the last characters of each window are hidden, and the networks predict
# the next one. From where on does more context no longer help? Compare it with the plot of the gradients.

# %% tags=["try"]
contexts = (1, 2, 4, 8, 16, 32, 64, 99)
lost = {}
for name, model in {
    "plain": plain.model,
    "small LSTM": lstm.model,
    "LSTM": fitted.model,
    "best": best,
}.items():
    answers = windows_held[:, -1]
    chosen = [
        model.predict_on_batch(windows_held[:, -1 - k : -1])[
            np.arange(len(answers)), -1, answers
        ]
        for k in contexts
    ]
    lost[name] = -np.log2(chosen).mean(axis=1)
pd.DataFrame(lost, index=pd.Index(contexts, name="characters seen")).round(2)

# %% [markdown]
# **3. Cells that begin by keeping.** The gradient reaches the whole window at first. Is it still there after training,
# and is the network better? (Then try it with more epochs.)

# %% tags=["try"]
kept = harness.fit(lab, keeping, splits)
in_bits = lesson.bits(kept.model, splits.validation)
print(f"bits: {in_bits:.2f}, with Keras's initial biases: {race['LSTM']:.2f}")
compared = {"small LSTM": lstm.model, "LSTM": fitted.model, "memory=200": kept.model}
looks = {}
for name, model in compared.items():
    norms = gradients_back(model)
    looks[name] = look_inside(model) | {
        f"left {far} steps back": f"{norms[far] / norms[0]:.0e}"
    }
pd.DataFrame(looks).T.map(lambda value: value if isinstance(value, str) else f"{value:.2f}")

# %% [markdown]
# ## Summary
#
# - A text provides its own targets: the same text, shifted by one.
# - Evaluate a language model in bits per character, on tunes that have no relative in training, next to a model that
#   counts.
# - Back-propagation through time multiplies a factor at each step; over many steps the product vanishes or explodes.
#   The gates of an LSTM make the factor something that is learned.
# - A low temperature gives more probable tunes, a high one more varied tunes.
#
# More on this lab: [its page](../labs/music/README.md), `python -m labs.music --help`, and
# `python -m labs.music generate --help`.
