# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Sentiment: is this review positive?
#
# A network computes with numbers. This notebook makes numbers of words in two ways: **bags of words**, which count,
# and **embeddings**, which are learned. You write both by hand, train the network of Udacity's course and a small one
# with an embedding, handle **padding**, and look at the words that decide a prediction.
#
# You need a little Python. The notebook on classification explains softmax and cross-entropy. Run the cells from top
# to bottom; this takes about a minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.sentiment.lab import lab

config = lab.preset("quick")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The data
#
# A row is a review of a film, written by a visitor of IMDb who also gave points. Reviews with many points are
# positive, with few points negative; those in between were left out. The texts are lower case and without HTML.

# %%
import tempfile
from pathlib import Path
from time import perf_counter

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure

from labs.exercises import check
from utils.runs import harness

train, validation, test = splits.train, splits.validation, splits.test
words_of = {
    name: [text.split() for text in part.inputs] for name, part in splits.parts().items()
}
for row in (0, len(train) - 1):
    print(f"{splits.class_names[train.targets[row]]}: {train.inputs[row][:240]} …\n")

# %%
lengths = np.array([len(words) for words in words_of["train"]])
figure = Figure(figsize=(6.4, 3), layout="constrained")
axes = figure.subplots()
axes.hist(lengths, bins=np.arange(0, 1000, 20), color="#0072B2")
axes.set(xlabel="words per review", ylabel="training reviews")
picture(
    figure,
    "A skewed histogram: most reviews have between 100 and 300 words, some close to a thousand.",
)

# %% tags=["prose"]
prose(
    """
    Half of the training reviews have at most **{median:.0f} words**, the longest has {longest:,}. {positive:.0%} are
    positive. The file is sorted by film, and reviews of one film share names that occur nowhere else. A random split
    would let a network recognize films. Here the last reviews of each class are held out, so films are not divided.
    """,
    claims={"the classes are balanced": abs(train.targets.mean() - 0.5) < 0.02},
    median=float(np.median(lengths)),
    longest=int(lengths.max()),
    positive=float(train.targets.mean()),
)

# %% [markdown]
# ## A bag of words
#
# The simplest numbers of a text: take a list of words, the **vocabulary**, and count how often each of them occurs.
#
# ### Exercise: bag of words
#
# `words` is a list of the words of a text, `vocabulary` a list of words. Return one count for each word of the
# vocabulary, in its order.


# %% tags=["exercise"]
def bag_of_words(words, vocabulary):
    ### BEGIN SOLUTION
    return [words.count(word) for word in vocabulary]
    ### END SOLUTION


# %% tags=["check"]
check("sentiment.bag_of_words", bag_of_words)

# %% [markdown]
# ## Which words matter?
#
# A word says something about the class if it is frequent in one class and rare in the other. Count the texts in which
# it occurs, $p$ in the positive class and $q$ in the negative class. Add one to each, so that nothing is divided by
# zero, and divide by the sum over all words. The logarithm of the quotient is the **log-count ratio**:
#
# $$r_w = \ln \frac{(p_w + 1) / \sum_v (p_v + 1)}{(q_w + 1) / \sum_v (q_v + 1)}$$
#
# ### Exercise: polarity
#
# `positive` and `negative` are arrays of counts, one for each word. Return the log-count ratios.


# %% tags=["exercise"]
def polarity(positive, negative):
    ### BEGIN SOLUTION
    p = (positive + 1) / (positive + 1).sum()
    q = (negative + 1) / (negative + 1).sum()
    return np.log(p / q)
    ### END SOLUTION


# %% tags=["check"]
check("sentiment.polarity", polarity)

# %% [markdown] facts=["20"]
# The next cell computes the ratios of all words that occur in at least 20 training reviews, and sorts them.

# %%
vectorize = keras.layers.TextVectorization(
    standardize="lower_and_strip_punctuation", output_mode="multi_hot", max_tokens=12_000
)
vectorize.adapt(train.inputs)
vocabulary = np.array(vectorize.get_vocabulary())[1:]  # the first entry is the unknown word
rows = np.concatenate(
    [np.arange(2500), np.arange(len(train) - 2500, len(train))]
)  # 2,500 of each class
occurs = vectorize(train.inputs[rows]).numpy()[:, 1:].astype("uint8")
labels = train.targets[rows]
in_positive = occurs[labels == 1].sum(axis=0, dtype="int64")
in_negative = occurs[labels == 0].sum(axis=0, dtype="int64")
shares = (
    (in_positive + 1) / (in_positive + 1).sum(),
    (in_negative + 1) / (in_negative + 1).sum(),
)
ratios = np.log(shares[0] / shares[1])
common = np.flatnonzero(in_positive + in_negative >= 20)
order = common[np.argsort(ratios[common])]
pd.DataFrame(
    {
        "most negative": vocabulary[order[:8]],
        "ratio": ratios[order[:8]].round(2),
        "neutral": vocabulary[common[np.argsort(np.abs(ratios[common]))[:8]]],
        "most positive": vocabulary[order[::-1][:8]],
        "ratio ": ratios[order[::-1][:8]].round(2),
    }
)

# %% [markdown] facts=["10"]
# ## The network of Udacity's course
#
# The course's network has as inputs which words occur, a hidden layer of 10 units **without** an activation, and one
# sigmoid output. It is trained by plain gradient descent on the squared error. The course then observes that neutral
# words slow it down and distract it: it removes rare words (`min_count`) and words whose ratio is near zero (the
# **polarity cut-off**). Train it with all words and without neutral ones:


# %%
held = np.concatenate([np.arange(600), np.arange(len(validation) - 600, len(validation))])
held_occurs = vectorize(validation.inputs[held]).numpy()[:, 1:].astype("uint8")


def train_course_network(columns, epochs=6):
    """Validation accuracy by epoch, and the seconds of training."""
    keras.utils.set_random_seed(config.seed)
    network = keras.Sequential(
        [
            keras.Input((len(columns),)),
            keras.layers.Dense(10, use_bias=False),
            keras.layers.Dense(1, use_bias=False, activation="sigmoid"),
        ]
    )
    network.compile(keras.optimizers.SGD(0.1), "mean_squared_error", metrics=["accuracy"])
    inputs, held_inputs = (
        occurs[:, columns].astype("float32"),
        held_occurs[:, columns].astype("float32"),
    )
    start = perf_counter()
    history = network.fit(
        inputs,
        labels[:, None],
        batch_size=32,
        epochs=epochs,
        verbose=0,
        validation_data=(held_inputs, validation.targets[held][:, None]),
    )
    return history.history["val_accuracy"], perf_counter() - start


every_word = np.arange(len(vocabulary))
polar = common[np.abs(ratios[common]) >= 0.3]
with_noise, noisy_seconds = train_course_network(every_word)
without_noise, clean_seconds = train_course_network(polar)
figure = Figure(figsize=(6.4, 3.2), layout="constrained")
axes = figure.subplots()
epochs = np.arange(1, len(with_noise) + 1)
axes.plot(epochs, with_noise, "o--", color="#D55E00", label=f"all {len(every_word):,} words")
axes.plot(
    epochs, without_noise, "o-", color="#0072B2", label=f"{len(polar):,} words with polarity"
)
axes.set(xlabel="epoch", ylabel="validation accuracy", xticks=epochs)
axes.legend(frameon=False)
picture(
    figure,
    "Validation accuracy of the course's network by epoch, with all words and with polar words only.",
)

# %% tags=["prose"]
prose(
    """
    With all words the network reaches {noisy:.3f} after {count} epochs, with the polar ones **{clean:.3f}**. An epoch
    has {fewer:.0f} times fewer multiplications, because the first layer has a weight for each word. The ratios were
    computed from the training reviews only; from all reviews they would reveal the labels of the others.
    """,
    claims={
        "the cut-off leaves fewer words": len(polar) < len(every_word) / 3,
        "the network does not need the neutral words": without_noise[-1]
        > with_noise[-1] - 0.02,
    },
    noisy=with_noise[-1],
    clean=without_noise[-1],
    count=len(with_noise),
    fewer=len(every_word) / len(polar),
)

# %% [markdown] facts=["0", "1"]
# ## From one-hot vectors to an embedding
#
# The course multiplies a vector of zeros and ones with a matrix. One word alone is a **one-hot vector**.
#
# ### Exercise: one-hot
#
# `numbers` has shape (words,): the place of each word in the vocabulary, from 0. Return an array of shape
# (words, size) with a 1 in the column of each number.


# %% tags=["exercise"]
def one_hot(numbers, size):
    ### BEGIN SOLUTION
    return np.eye(size)[numbers]
    ### END SOLUTION


# %% tags=["check"]
check("sentiment.one_hot", one_hot)

# %% [markdown]
# A product with a one-hot vector selects a row of the matrix. An **embedding** selects the row directly, without
# multiplying by all the zeros:

# %%
embedding = keras.layers.Embedding(len(vocabulary), 16)
numbers = np.array([3, 100, 3, 42] * 50)
looked_up = embedding(numbers).numpy()
table = embedding.get_weights()[0]


def seconds_of(function):
    start = perf_counter()
    for _ in range(5):
        result = function()
    return result, (perf_counter() - start) / 5


multiplied, by_product = seconds_of(
    lambda: np.eye(len(vocabulary), dtype="float32")[numbers] @ table
)
selected, by_row = seconds_of(lambda: table[numbers])
apart = float(np.abs(multiplied - looked_up).max())
print(
    f"largest difference: {apart:g}; product: {by_product * 1000:.1f} ms, row: {by_row * 1000:.3f} ms"
)

# %% tags=["prose"]
prose(
    """
    Both give the same vectors: the largest difference is {apart:g}. Selecting rows is faster, here for {words} words
    and a vocabulary of {size:,}.
    """,
    claims={"they are equal": apart < 1e-6, "selecting is faster": by_row < by_product / 5},
    apart=apart,
    words=len(numbers),
    size=len(vocabulary),
)

# %% [markdown] facts=["20,000", "64"]
# ### Exercise: count
#
# How many weights does an embedding of 20,000 entries have, if each entry has a vector of 64 numbers?

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
parameters = 20_000 * 64
### END SOLUTION

# %% tags=["check"]
check("sentiment.embedding_parameters", parameters)

# %% [markdown] facts=["0", "1"]
# ## Padding and masks
#
# A batch is an array, so all its texts need the same length. Shorter ones are filled with the number 0, **padding**.
# Zeros must not change the prediction: a network that averages over all places averages over padding too.
#
# ### Exercise: masked mean
#
# `vectors` has shape (texts, words, width). `mask` has shape (texts, words): 1 for a word, 0 for padding. Return the
# mean over the words, (texts, width). A text without any word gets zeros.


# %% tags=["exercise"]
def masked_mean(vectors, mask):
    ### BEGIN SOLUTION
    total = (vectors * mask[:, :, None]).sum(axis=1)
    return total / np.maximum(mask.sum(axis=1, keepdims=True), 1)
    ### END SOLUTION


# %% tags=["check"]
check("sentiment.masked_mean", masked_mean)

# %% [markdown] facts=["0", "1"]
# ## A network with an embedding
#
# `TextVectorization` turns a text into the numbers of its words: 0 is padding and 1 is every word that is not in the
# vocabulary. Its vocabulary is given as a list. The network averages the vectors of the words, as fastText does, and
# a dense layer makes a probability of the mean. In Keras, `mask_zero=True` passes the mask on to the layer that
# averages. Files in the old format `.h5` cannot store such a network, so the lab builds the mask from layers; the
# result is the same.

# %%
WORDS, LENGTH = 10_000, 200
to_numbers = keras.layers.TextVectorization(
    standardize="lower_and_strip_punctuation",
    vocabulary=list(vocabulary[: WORDS - 2]),
    output_sequence_length=LENGTH,
)


def batches(part, size, shuffle=False):
    numbers = np.concatenate(
        [to_numbers(texts) for texts in np.array_split(part.inputs.astype(str), 20)]
    )
    rows = tf.data.Dataset.from_tensor_slices((numbers, part.targets)).cache()
    if shuffle:
        rows = rows.shuffle(len(part), seed=config.seed)
    return rows.batch(size).prefetch(tf.data.AUTOTUNE)


def build(masked=True):
    numbers = keras.Input((None,), dtype="int64", name="words")
    vectors = keras.layers.Embedding(WORDS, 64, mask_zero=masked)(numbers)
    mean = keras.layers.GlobalAveragePooling1D()(vectors)
    mean = keras.layers.Dropout(0.5)(mean)
    return keras.Model(numbers, keras.layers.Dense(2, activation="softmax")(mean))


keras.utils.set_random_seed(config.seed)
model = build()
model.summary()

# %%
best = Path(tempfile.mkdtemp()) / "best.keras"
training_batches, validation_batches = (
    batches(train, 64, shuffle=True),
    batches(validation, 512),
)
model.compile(
    keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
)
history = model.fit(
    training_batches,
    validation_data=validation_batches,
    epochs=5,
    shuffle=False,  # the pipeline shuffles
    verbose=0,
    callbacks=[
        keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=1, restore_best_weights=True
        ),
        keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.3, patience=0),
        keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
    ],
)
pd.DataFrame(history.history, index=np.array(history.epoch) + 1).round(3)

# %% [markdown] facts=["300"]
# Does padding matter? Here is the same review without padding and with 300 zeros after it, for this network and for
# one whose average includes the padding:

# %%
review = to_numbers(test.inputs[:1].astype(str)).numpy()
review = review[:, : np.count_nonzero(review[0])]
padded = np.pad(review, ((0, 0), (0, 300)))
unmasked = build(masked=False)
unmasked.set_weights(model.get_weights())
positive_of = pd.DataFrame(
    {
        name: [float(network(rows, training=False)[0, 1]) for rows in (review, padded)]
        for name, network in (("with a mask", model), ("without a mask", unmasked))
    },
    index=["the review", "the review and padding"],
)
positive_of.round(4)

# %% tags=["prose"]
masked_apart, unmasked_apart = positive_of.diff().abs().iloc[-1]
prose(
    """
    With a mask the probability changes by {masked:.1g}, without a mask by {unmasked:.2g}.
    """,
    claims={
        "with a mask, padding does not matter": masked_apart < 1e-5,
        "without it, it does": unmasked_apart > 0.01,
    },
    within=1.0,
    masked=float(masked_apart),
    unmasked=float(unmasked_apart),
)

# %% [markdown] facts=["3"]
# ### Then and now
#
# Lines of the courses that concern this notebook. The page [Course code in Keras 3](COURSE_CODE.md) has more of them.
#
# | then | now |
# | --- | --- |
# | `keras.preprocessing.text.Tokenizer()` | `keras.layers.TextVectorization(vocabulary=words)`, part of the model |
# | `tokenizer.texts_to_sequences(texts)` | `to_numbers(texts)` |
# | `keras.preprocessing.sequence.pad_sequences(rows)` | `keras.utils.pad_sequences(rows, padding="post")` |
# | `imdb.load_data(allow_pickle=True)` | `lab.splits(config)`: the texts themselves, without pickle |
# | `Embedding(words, 64, input_length=200)` | `Embedding(words, 64)` |
#
# ## The same with harness.fit
#
# The lab's network is the same mean of word vectors. `harness.fit` sorts the reviews by length, so that a batch has
# little padding, and the saved model contains the vocabulary: it takes text.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
results = pd.DataFrame(
    {
        "harness.fit": {name: score["value"] for name, score in scores.items()},
        **evaluation.baselines,
    }
).T
results.loc["model.fit", "accuracy"] = model.evaluate(batches(test, 512), verbose=0)[1]
results.round(3)

# %% tags=["prose"] facts=["95 %"]
accuracy = scores["accuracy"]
by_keras = float(results.loc["model.fit", "accuracy"])
prose(
    """
    `harness.fit` classifies **{ours:.1%}** of the test reviews correctly (95 % interval: {low:.1%} to {high:.1%}),
    `model.fit` {keras:.1%}. Both average the vectors of the first words of a review.
    """,
    claims={
        "both are about equally good": abs(accuracy["value"] - by_keras) < 0.02,
        "both are far better than chance": min(accuracy["value"], by_keras) > 0.8,
    },
    ours=accuracy["value"],
    low=accuracy["low"],
    high=accuracy["high"],
    keras=by_keras,
)

# %% [markdown]
# ## Text in, probability out
#
# The saved model takes texts. It must be able to predict both classes:

# %%
from_text = fitted.model
clear = [
    "an excellent film one of the best i have ever seen",
    "a wonderful story with brilliant acting",
    "the worst film i have ever seen a terrible waste of time",
    "boring badly acted and poorly written avoid it",
]


def positive(texts):
    """The probability of the positive class of each text."""
    return from_text(tf.constant(list(texts)), training=False).numpy()[:, 1]


pd.DataFrame({"text": clear, "positive": positive(clear).round(3)})

# %% [markdown]
# ## Negation
#
# A mean of word vectors does not know the order of words. Does the network understand "not good"?

# %%
pairs = [
    ("the film was good", "the film was not good"),
    ("i liked it", "i did not like it"),
    ("the jokes are funny", "the jokes are never funny"),
    ("the film was not bad at all", "the film was bad"),
    ("i was never bored", "i was bored"),
    ("it is not a waste of time", "it is a waste of time"),
]
probabilities = positive([text for pair in pairs for text in pair]).reshape(-1, 2)
pd.DataFrame(
    {
        "positive text": [pair[0] for pair in pairs],
        "p": probabilities[:, 0].round(2),
        "negative text": [pair[1] for pair in pairs],
        "p ": probabilities[:, 1].round(2),
    }
)

# %% tags=["prose"] facts=["40"]
both = int(((probabilities[:, 0] >= 0.5) & (probabilities[:, 1] < 0.5)).sum())
prose(
    """
    In {both} of {pairs} pairs both texts are classified correctly. "Not" moves the mean towards negative, in whatever
    text it is: it cannot turn "bad" into praise. The lab has 40 such sentences, and compares its networks on
    them.
    """,
    claims={
        "double negation is not understood": bool((probabilities[3:, 0] < 0.5).any()),
        "not moves a text towards negative": bool(probabilities[0, 1] < probabilities[0, 0]),
    },
    both=both,
    pairs=len(pairs),
)

# %% [markdown]
# ## Which words decided?
#
# The simplest explanation of a prediction is **leave-one-out**: remove a word, and see by how much the probability
# changes.
#
# ### Exercise: leave one out
#
# A network gives each word a score, and the probability is the sigmoid of the **mean** score of the words. `scores`
# has shape (words,). Return for each word by how much it raises the probability: that of all words, minus that of the
# others. The sigmoid of $x$ is $1 / (1 + e^{-x})$.


# %% tags=["exercise"]
def leave_one_out(scores):
    ### BEGIN SOLUTION
    others = (scores.sum() - scores) / (len(scores) - 1)
    return 1 / (1 + np.exp(-scores.mean())) - 1 / (1 + np.exp(-others))
    ### END SOLUTION


# %% tags=["check"]
check("sentiment.leave_one_out", leave_one_out)

# %% [markdown]
# With the real network, all texts without one word are one batch:

# %%
chosen = next(row for row in range(len(test)) if 30 < len(words_of["test"][row]) < 60)
text = words_of["test"][chosen]
shorter = [" ".join([*text[:place], *text[place + 1 :]]) for place in range(len(text))]
whole = float(positive([" ".join(text)])[0])
effects = whole - positive(shorter)
figure = Figure(figsize=(9, 2.6), layout="constrained")
axes = figure.subplots()
axes.set_axis_off()
largest, x, y = np.abs(effects).max(), 0.0, 0.0
for word, effect in zip(text, effects, strict=True):
    width = 0.011 * (len(word) + 1.2)
    if x + width > 1:
        x, y = 0.0, y - 0.2
    strength = min(abs(effect) / largest, 1)
    colour = np.array([0.0, 0.45, 0.7]) if effect > 0 else np.array([0.84, 0.37, 0.0])
    shade = tuple(1 - strength * 0.7 * (1 - colour))
    axes.text(
        x,
        y,
        word,
        fontsize=11,
        family="monospace",
        bbox={"facecolor": shade, "edgecolor": "none", "pad": 1.5},
    )
    x += width
axes.set_xlim(0, 1)
axes.set_ylim(y - 0.15, 0.2)
axes.set_title(
    f"{splits.class_names[test.targets[chosen]]}; probability of positive {whole:.2f} "
    "(blue: for positive, orange: against)",
    loc="left",
    fontsize=11,
)
picture(
    figure,
    "The words of a review on blue where they raise the probability of positive, orange where they lower it.",
)

# %% [markdown]
# Is this right? Remove the words that are said to matter most, and as many random ones:

# %%
strongest = set(np.argsort(-np.abs(effects))[: max(len(text) // 10, 1)])
chance = np.random.default_rng(config.seed)
without_strongest = float(
    positive([" ".join(word for place, word in enumerate(text) if place not in strongest)])[0]
)
random_places = [
    set(chance.choice(len(text), len(strongest), replace=False)) for _ in range(50)
]
without_random = positive(
    " ".join(word for place, word in enumerate(text) if place not in places)
    for places in random_places
)
print(
    f"all {whole:.3f}; without the strongest {without_strongest:.3f}; without random ones {without_random.mean():.3f}"
)

# %% tags=["prose"]
prose(
    """
    Without the tenth of the words that leave-one-out ranks highest the probability changes by {strong:.3f}, without as
    many random words by {random:.3f} on average. The report of a run has this comparison over many reviews, for
    leave-one-out, integrated gradients and attention.
    """,
    claims={
        "the ranked words matter more": abs(whole - without_strongest)
        > np.abs(whole - without_random).mean()
    },
    within=0.5,
    strong=abs(whole - without_strongest),
    random=float(np.abs(whole - without_random).mean()),
)

# %% [markdown]
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again.
#
# **1. Your own review.** Write three sentences, one of them ironic. Which of them does the network get wrong?

# %% tags=["try"]
mine = [
    "this film is a masterpiece of boredom",
    "i expected nothing and was rewarded",
    "see it",
]
pd.DataFrame({"text": mine, "positive": positive(mine).round(2)})

# %% [markdown]
# **2. Fewer words.** How good is a prediction from the first ten words of a review? And from the last ones?

# %% tags=["try"]
for kept in (10, 50, 200):
    for name, part in (("first", slice(None, kept)), ("last", slice(-kept, None))):
        cut = [" ".join(words[part]) for words in words_of["validation"]]
        right = np.mean((positive(cut) >= 0.5) == validation.targets)
        print(f"{name} {kept} words: accuracy {right:.3f}")

# %% [markdown]
# **3. Another cut-off.** How many words does the course's network need?

# %% tags=["try"]
for cutoff in (0.0, 0.5, 1.0):
    columns = common[np.abs(ratios[common]) >= cutoff]
    accuracies, seconds = train_course_network(columns, epochs=3)
    print(
        f"cut-off {cutoff}: {len(columns):,} words, accuracy {accuracies[-1]:.3f}, {seconds:.1f} s"
    )

# %% [markdown]
# ## Next
#
# - `python -m labs.sentiment` trains the recurrent network of the course, `--preset best` the strongest one, and
#   `python -m labs.sentiment predict RUN "It was not good at all"` predicts a text.
# - The notebook on word vectors shows what an embedding can learn without labels.
# - More on this lab: [its page](../labs/sentiment/README.md).
