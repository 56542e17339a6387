# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Words as vectors: meaning from neighbours
#
# Words that are used in similar contexts have similar meanings. **word2vec** turns this into a task for a network:
# from a word, predict the words around it. Nobody needs to label anything, and the weights of the trained network are
# vectors with a geometry: neighbours are related words, and some differences of vectors have a meaning.
#
# You make the training pairs, write the gradient by hand, train on five million words of film reviews, and measure
# what the vectors know, and which prejudices they took from the text.
#
# You need vectors, scalar products and the sigmoid. The notebook on sentiment explains embeddings. Run the cells from
# top to bottom; this takes about a minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.word_vectors.lab import lab

config = replace(lab.preset("quick"), part=1.0, epochs=1, min_count=50)
splits = lab.load(config)
data_check(splits)

# %% [markdown]
# ## The text
#
# All reviews are used, because there is nothing to predict about them. The preset `quick` takes a part of them; here we
# take all, once. Words that are rare are left out: a word that
# occurs twice has no neighbours to learn from.

# %%
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure
from scipy.special import expit

from labs.exercises import check
from labs.word_vectors import lesson

words, counts = splits.words, splits.counts
number_of = {word: number for number, word in enumerate(words)}
frequent = pd.DataFrame({"word": words[:8], "count": counts[:8]})
rare = pd.DataFrame({"rare word": words[-8:], "count ": counts[-8:]})
pd.concat([frequent, rare], axis=1)

# %%
figure = Figure(figsize=(6.4, 3.2), layout="constrained")
axes = figure.subplots()
ranks = np.arange(1, len(words) + 1)
axes.loglog(ranks, counts, color="#0072B2", linewidth=2, label="counts")
axes.loglog(
    ranks, counts[9] * 10 / ranks, "--", color="#D55E00", label="proportional to 1 / rank"
)
axes.set(xlabel="rank of the word", ylabel="occurrences")
axes.legend(frameon=False)
picture(figure, "Occurrences by rank on logarithmic axes: nearly a straight line, Zipf's law.")

# %% tags=["prose"]
top = float(counts[:100].sum() / counts.sum())
prose(
    """
    The text has {total:,} words of the vocabulary, of which {size:,} are different. The counts fall roughly like one
    over the rank (**Zipf's law**): the hundred most frequent words are **{top:.0%}** of the text.
    """,
    claims={"a hundred words are more than a third of the text": top > 0.35},
    total=int(counts.sum()),
    size=len(words),
    top=top,
)

# %% [markdown]
# ## Skip-gram pairs
#
# Each word is once the **centre**; the words at most a **window** away are its **context**. Each pair of a centre and
# a word of its context is a training example.
#
# ### Exercise: pairs
#
# `words` is an array of the numbers of the words of a sentence. Return a list of pairs `(centre, context)`.


# %% tags=["exercise"]
def pairs(words, window):
    ### BEGIN SOLUTION
    found = []
    for place, centre in enumerate(words):
        for other in range(max(0, place - window), min(len(words), place + window + 1)):
            if other != place:
                found.append((centre, words[other]))  # noqa: PERF401
    return found
    ### END SOLUTION


# %% tags=["check"]
check("word_vectors.pairs", pairs)

# %% [markdown] facts=["40,000", "1,000,000", "10"]
# ## Subsampling
#
# Most pairs contain words such as "the", which say little about their neighbours. word2vec leaves out each occurrence
# of a word at random. With the frequency $f$ of the word and a threshold $t$, an occurrence is kept with probability
#
# $$\min\left(1, \sqrt{t / f}\right)$$
#
# ### Exercise: kept
#
# A word makes up 40,000 of 1,000,000 words, and the threshold is 10 of 1,000,000. With which probability is an
# occurrence kept?

# %% tags=["exercise"]
probability = None
### BEGIN SOLUTION
probability = (10 / 40_000) ** 0.5
### END SOLUTION

# %% tags=["check"]
check("word_vectors.kept", probability)

# %%
shares = counts / counts.sum()
keep = np.minimum(1, np.sqrt(config.sample / shares))
pd.DataFrame(
    {"word": words[:6], "share of the text": shares[:6].round(4), "kept": keep[:6].round(2)}
)

# %% tags=["prose"]
prose(
    """
    With the threshold of the lab, {threshold:g}, **{left:.0%}** of the text is left. The words between are gone too,
    so a window reaches farther.
    """,
    claims={"a good part is left out": 0.3 < float((keep * shares).sum()) < 0.95},
    threshold=config.sample,
    left=float((keep * shares).sum()),
)

# %% [markdown]
# ## Negative sampling
#
# A softmax over the vocabulary would need a scalar product with every word for each pair. **Negative sampling** asks a
# simpler question: is this pair from the text, or was the second word drawn at random? It is a binary classification
# with the sigmoid. A word has two vectors, $v$ as the centre and $u$ as context, and the loss of a pair $(c, o)$ with
# the random words $n_1, \dots, n_k$, the **negatives**, is
#
# $$L = -\ln \sigma(v_c \cdot u_o) - \sum_i \ln \sigma(-v_c \cdot u_{n_i})$$
#
# The negatives are drawn in proportion to count$^{3/4}$.
#
# ### Exercise: the noise distribution
#
# `counts` has shape (words,). Return the probability with which each word is drawn.


# %% tags=["exercise"]
def noise(counts):
    ### BEGIN SOLUTION
    raised = counts**0.75
    return raised / raised.sum()
    ### END SOLUTION


# %% tags=["check"]
check("word_vectors.noise", noise)

# %% [markdown] facts=["0", "1"]
# ### Exercise: the gradient of the centre
#
# The derivative of the loss of a sigmoid with cross-entropy is simple: sigmoid minus label. The label of the real
# context is 1, that of a negative is 0. Each word moves the centre along its own vector. `centre` and `context` have
# shape (width,), `negatives` has shape (negatives, width). Return the gradient of the loss with respect to `centre`.
# The sigmoid of $x$ is $1 / (1 + e^{-x})$.


# %% tags=["exercise"]
def centre_gradient(centre, context, negatives):
    ### BEGIN SOLUTION
    near = 1 / (1 + np.exp(-centre @ context))
    far = 1 / (1 + np.exp(-negatives @ centre))
    return (near - 1) * context + far @ negatives
    ### END SOLUTION


# %% tags=["check"]
check("word_vectors.centre_gradient", centre_gradient)

# %% [markdown]
# TensorFlow finds the same gradient automatically:

# %%
random = np.random.default_rng(config.seed)
centre, context, negatives = (random.normal(size=shape) for shape in ((20,), (20,), (5, 20)))
variable = tf.Variable(centre)
with tf.GradientTape() as tape:
    near = tf.reduce_sum(variable * context)
    far = tf.linalg.matvec(tf.constant(negatives), variable)
    loss = -tf.math.log_sigmoid(near) - tf.reduce_sum(tf.math.log_sigmoid(-far))
automatic = tape.gradient(loss, variable).numpy()
by_hand = (expit(centre @ context) - 1) * context + expit(negatives @ centre) @ negatives
gradient_apart = float(np.abs(automatic - by_hand).max())
print(f"largest difference: {gradient_apart:.1g}")

# %% [markdown] facts=["0", "1"]
# ## Training
#
# In Keras the network is two `Embedding` layers and a scalar product. First a small piece of the text with `compile`
# and `fit`: pairs from the text have the label 1, pairs with random words the label 0.


# %%
def examples(tokens, window, negatives):
    """Centres, contexts and labels: every pair of the tokens, and `negatives` random ones for each."""
    centres, contexts = [], []
    for distance in range(1, window + 1):
        centres += [tokens[:-distance], tokens[distance:]]
        contexts += [tokens[distance:], tokens[:-distance]]
    centres, contexts = np.concatenate(centres), np.concatenate(contexts)
    drawn = random.choice(
        len(words), len(centres) * negatives, p=counts**0.75 / (counts**0.75).sum()
    )
    labels = np.repeat([1.0, 0.0], [len(centres), len(drawn)])
    return (
        np.concatenate([centres, np.repeat(centres, negatives)]),
        np.concatenate([contexts, drawn]),
        labels,
    )


def build(width):
    centre, context = (
        keras.Input((), dtype="int32", name=name) for name in ("centre", "context")
    )
    start = keras.initializers.RandomUniform(-0.5 / width, 0.5 / width, seed=config.seed)
    vectors = keras.layers.Embedding(
        len(words), width, embeddings_initializer=start, name="vectors"
    )
    of_context = keras.layers.Embedding(len(words), width, embeddings_initializer="zeros")
    product = keras.layers.Dot(axes=-1)([vectors(centre), of_context(context)])
    return keras.Model([centre, context], keras.layers.Activation("sigmoid")(product))


piece = splits.rows.tokens[:60_000]
piece = piece[random.random(len(piece)) < keep[piece]]
centres, contexts, labels = examples(piece, window=3, negatives=3)
keras.utils.set_random_seed(config.seed)
model = build(config.dimension)
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
history = model.fit([centres, contexts], labels, batch_size=4096, epochs=2, verbose=0)
pd.DataFrame(history.history, index=[1, 2]).round(3)

# %% [markdown]
# `fit` returns to Python after each batch. The lab keeps a whole epoch in one graph, computes the gradients by the
# formula above as products of matrices, and trains on the whole text:

# %%
network, rows = lesson.trained(config, splits)
vectors = network.get_layer("word_vectors").get_weights()[0]
pd.DataFrame(rows).round(3)

# %% tags=["prose"]
by_fit = len(piece) * 2
prose(
    """
    `fit` saw {small:,} words of the text, the lab's loop {large:,}. A loss below {start:.2f} nat per pair means that
    the network tells real pairs from random ones: at first each of the {classes} questions per pair costs $\\ln 2$.
    """,
    claims={"the network learned": rows[-1]["loss"] < (1 + config.negatives) * np.log(2) * 0.8},
    small=len(piece),
    large=len(splits.rows.tokens) * config.epochs,
    start=(1 + config.negatives) * float(np.log(2)),
    classes=1 + config.negatives,
)

# %% [markdown]
# ## Cosine similarity
#
# How similar are two vectors? The **cosine** of the angle between them does not depend on their lengths:
#
# $$\cos(a, b) = \frac{a \cdot b}{\lVert a \rVert \, \lVert b \rVert}$$
#
# ### Exercise: cosine
#
# `vector` has shape (width,), `vectors` has shape (words, width). Return the cosine with each, (words,).


# %% tags=["exercise"]
def cosine(vector, vectors):
    ### BEGIN SOLUTION
    return vectors @ vector / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector))
    ### END SOLUTION


# %% tags=["check"]
check("word_vectors.cosine", cosine)

# %%
unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(word, most=6):
    """The words with the largest cosines."""
    similar = unit @ unit[number_of[word]]
    order = np.argsort(-similar)[1 : most + 1]
    return [words[number] for number in order]


pd.DataFrame({word: nearest(word) for word in ("good", "actor", "funny", "scary", "son")})

# %% [markdown] facts=["3"]
# ### Then and now
#
# | then | now |
# | --- | --- |
# | `Tokenizer().fit_on_texts(texts)` | count the words, or `keras.layers.TextVectorization(vocabulary=words)` |
# | `keras.preprocessing.sequence.skipgrams(…)` | the function above; Keras 3 no longer has it |
# | `Embedding(words, 100, input_length=1)` | `Embedding(words, 100)` |
# | `merge([a, b], mode="dot")` | `keras.layers.Dot(axes=-1)([a, b])` |
#
# ## Analogies
#
# If "king" differs from "man" as "queen" differs from "woman", then king − man + woman should be near queen.
#
# ### Exercise: analogy
#
# `vectors` are of length one, (words, width). Return the number of the word that is to `c` as `b` is to `a`: the
# word nearest to $b - a + c$, without the words `a`, `b` and `c` themselves.


# %% tags=["exercise"]
def analogy(vectors, a, b, c):
    ### BEGIN SOLUTION
    scores = vectors @ (vectors[b] - vectors[a] + vectors[c])
    scores[[a, b, c]] = -np.inf
    return int(np.argmax(scores))
    ### END SOLUTION


# %% tags=["check"]
check("word_vectors.analogy", analogy)

# %%
questions = [
    ("man", "actor", "woman"),
    ("he", "his", "she"),
    ("good", "better", "bad"),
    ("father", "son", "mother"),
    ("boy", "boys", "girl"),
]


def solved(a, b, c, excluded=True):
    scores = unit @ (unit[number_of[b]] - unit[number_of[a]] + unit[number_of[c]])
    if excluded:
        scores[[number_of[a], number_of[b], number_of[c]]] = -np.inf
    return words[int(np.argmax(scores))]


pd.DataFrame(
    {
        "question": [f"{a} : {b} = {c} : ?" for a, b, c in questions],
        "nearest": [solved(*each) for each in questions],
        "with the words of the question": [solved(*each, excluded=False) for each in questions],
    }
)

# %% tags=["prose"]
same = sum(solved(*each, excluded=False) in each for each in questions)
prose(
    """
    Without the exclusion, {same} of {all} predictions are words of the question itself: the target is near the words
    that it is made of. Published accuracies of analogies depend on this rule.
    """,
    claims={"the exclusion matters": same >= 1},
    same=same,
    all=len(questions),
)

# %% [markdown] facts=["353"]
# ## Are these vectors good?
#
# People rated the similarity of pairs of words; **WordSim-353** has 353 such pairs. Spearman's $\rho$ compares the
# order of the ratings with the order of the cosines. **Counting** is the simpler method to compare with: how often do
# two words occur near each other, compared with chance (positive pointwise mutual information), reduced to as many
# numbers by a singular value decomposition.

# %%
quality = lesson.quality(config, splits, network)
quality.round(3)

# %% tags=["prose"] facts=["353"]
prose(
    """
    On this short text word2vec reaches $\\rho$ = {trained:.2f} on WordSim-353 and counting {counted:.2f}. `fit`, which
    saw a small piece of the text, is not in the table. The lab's `course` trains longer, and `best` combines both.
    """,
    claims={"both know something": min(quality["wordsim"]) > 0.1},
    within=0.2,
    trained=float(quality.loc["word2vec", "wordsim"]),
    counted=float(quality.loc["counting", "wordsim"]),
)

# %% [markdown]
# ## A map
#
# A principal component analysis projects the vectors to two numbers, with as much of their variance as possible:

# %%
groups = {
    "family": ["father", "mother", "daughter", "brother"],
    "people of a film": ["actor", "actress", "director", "writer", "producer"],
    "judgement": ["good", "great", "bad", "terrible", "awful", "excellent"],
    "kind of film": ["comedy", "horror", "thriller", "drama", "western"],
}
shown = [
    (group, word) for group, members in groups.items() for word in members if word in number_of
]
chosen = unit[[number_of[word] for _, word in shown]]
centred = chosen - chosen.mean(axis=0)
places = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
figure = Figure(figsize=(8, 5), layout="constrained")
axes = figure.subplots()
for (group, colour), marker in zip(
    zip(groups, ("#0072B2", "#D55E00", "#009E73", "#000000"), strict=True), "osD^", strict=True
):
    of_group = [number for number, (name, _) in enumerate(shown) if name == group]
    axes.scatter(*places[of_group].T, color=colour, marker=marker, label=group)
    for place, number in enumerate(of_group):
        right, up = place % 2, place // 2 % 2
        axes.annotate(
            shown[number][1],
            places[number],
            xytext=(7 if right else -7, 5 if up else -5),
            textcoords="offset points",
            color=colour,
            ha="left" if right else "right",
            va="bottom" if up else "top",
        )
axes.set(xlabel="first principal component", ylabel="second principal component")
axes.legend(frameon=False)
axes.margins(0.12)
picture(figure, "Words on two principal components: words of a group lie together.")

# %% [markdown]
# ## Bias
#
# The vectors learn what the text says, and texts have prejudices. The difference of "he" and "she" is an axis. Where
# on it are occupations?

# %%
axis = sum(
    unit[number_of[she]] - unit[number_of[he]]
    for he, she in (("he", "she"), ("him", "her"), ("man", "woman"), ("boy", "girl"))
)
axis /= np.linalg.norm(axis)
occupations = [
    "nurse",
    "teacher",
    "doctor",
    "writer",
    "lawyer",
    "scientist",
    "cop",
    "soldier",
    "director",
    "dancer",
]
occupations = [word for word in occupations if word in number_of]
towards_she = pd.Series(
    {word: float(unit[number_of[word]] @ axis) for word in occupations}
).sort_values()
figure = Figure(figsize=(6.4, 3.4), layout="constrained")
axes = figure.subplots()
axes.barh(towards_she.index, towards_she, color=np.where(towards_she > 0, "#D55E00", "#0072B2"))
axes.axvline(0, color="black", linewidth=0.8)
axes.set_xlabel("cosine with the axis from he (left) to she (right)")
picture(figure, "Occupations on the axis from he to she.")

# %% tags=["prose"]
prose(
    """
    "{most}" is nearest to *she* and "{least}" nearest to *he*. **This says nothing about people.** It measures how
    film reviews use these words, with the films and the prejudices that they describe. A program that uses such
    vectors, for example to sort applications, takes over the prejudices.
    """,
    claims={
        "the occupations are spread along the axis": towards_she.iloc[-1] - towards_she.iloc[0]
        > 0.1
    },
    most=str(towards_she.index[-1]),
    least=str(towards_she.index[0]),
)

# %% [markdown]
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again.
#
# **1. Opposites.** Which words are nearest to "good"? Why is "bad" so near?

# %% tags=["try"]
{word: nearest(word, 10) for word in ("good", "love")}

# %% [markdown]
# **2. Frequent words.** Train without subsampling. What changes among the neighbours?

# %% tags=["try"]
other, _ = lesson.trained(replace(config, sample=0.0), splits)
table = other.get_layer("word_vectors").get_weights()[0]
table /= np.linalg.norm(table, axis=1, keepdims=True)
[words[number] for number in np.argsort(-(table @ table[number_of["scary"]]))[1:9]]

# %% [markdown] facts=["1", "10"]
# **3. A narrow window.** With a window of 1 the neighbours are words that can replace each other. With a larger one
# more of them are words of the same subject. Look at "actor", and try a window of 10.

# %% tags=["try"]
other, _ = lesson.trained(replace(config, window=1), splits)
table = other.get_layer("word_vectors").get_weights()[0]
table /= np.linalg.norm(table, axis=1, keepdims=True)
[words[number] for number in np.argsort(-(table @ table[number_of["actor"]]))[1:9]]

# %% [markdown]
# ## Next
#
# - `python -m labs.word_vectors` trains on all words, compares with counting, and draws maps and analogies.
# - `python -m labs.word_vectors neighbours good` and `analogy man actor woman` ask a run.
# - More on this lab: [its page](../labs/word_vectors/README.md).
