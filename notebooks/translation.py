# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # One sequence into another
#
# A sentence becomes a sentence of another length, in another order. Two networks do it together: an **encoder** reads
# the source, a **decoder** writes the target, token by token. This notebook builds both in Keras, finds the
# **bottleneck** between them, removes it with **attention**, draws what the decoder reads, and writes with **beam
# search**. The texts are dates, because a small network learns them in seconds and everyone can check the result.
#
# The notebook on music explains the LSTM. Run the cells from top to bottom; this takes about a minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.translation import lesson

lab = lesson.lab
config = lab.preset("quick")
splits = lab.splits(config)
data_check(splits)

# %% [markdown] facts=["8601"]
# ## The data
#
# A pair is a date as people write it, in English, German or French, and the same date in ISO 8601. The pairs are
# **GENERATED** from the formats of Unicode's CLDR. Nobody has to label them, and the right target is known for each.

# %%
import keras
import numpy as np
import pandas as pd
from keras import layers

from labs.exercises import check
from utils.runs import harness

train, validation, test = splits.train, splits.validation, splits.test
pd.DataFrame(splits.texts["train"][:8], columns=["source", "target"])

# %% [markdown] facts=["1", "0"]
# A token is a character here. Each has a number: 0 is padding, and 1 is `<end>`, which is behind each text:

# %%
source_vocabulary, target_vocabulary = lesson.vocabularies(splits.categories)
row = 0
print(splits.texts["train"][row])
print("source:        ", train.inputs["source"][row])
print("decoder inputs:", train.inputs["target"][row])
print("targets:       ", train.targets[row])

# %% tags=["prose"]
trained = {text for pair in splits.texts["train"] for text in pair}
tested = {text for pair in splits.texts["test"] for text in pair}
prose(
    """
    There are {rows:,} training pairs with {symbols} different characters in the sources. No text of the test split is a
    source or a target of training: a network that remembers pairs gets none of them right.
    """,
    claims={"no test text is in training": not trained & tested},
    rows=len(train),
    symbols=len(source_vocabulary) - 3,
)

# %% [markdown] facts=["1", "2"]
# ## Teacher forcing
#
# The decoder predicts the next token from the source and the tokens before. In training these are the **true** tokens,
# even where the network would have written others. That is **teacher forcing** (Williams and Zipser, 1989): all tokens
# of a target are trained in one pass.
#
# ### Exercise: teacher forcing
#
# `target` is an array with the numbers of the tokens, `end` the number of `<end>`. Return the inputs of the decoder and
# its targets, as an array of shape (2, tokens + 1): `<end>` is before the first token of the inputs, and behind the
# last one of the targets.


# %% tags=["exercise"]
def teacher_forcing(target, end):
    ### BEGIN SOLUTION
    return np.array([[end, *target], [*target, end]])
    ### END SOLUTION


# %% tags=["check"]
check("translation.teacher_forcing", teacher_forcing)

# %% [markdown]
# ## Encoder and decoder
#
# This is the network of Sutskever, Vinyals and Le (2014), and of Udacity's course: an LSTM reads the source, and its
# last state is the first state of another LSTM, which writes the target.

# %%
units, width = config.units, config.embedding

source = keras.Input((None,), dtype="int32", name="source")
target = keras.Input((None,), dtype="int32", name="target")
read = layers.Embedding(len(source_vocabulary), width)(source)
_, output, memory = layers.LSTM(units, return_state=True)(read)
written = layers.Embedding(len(target_vocabulary), width)(target)
written = layers.LSTM(units, return_sequences=True)(written, initial_state=[output, memory])
outputs = layers.Dense(len(target_vocabulary), activation="softmax")(written)
simple = keras.Model({"source": source, "target": target}, outputs)
simple.summary()

# %% [markdown]
# Two things are missing. This encoder also reads the padding behind a short source, so a prediction depends on how
# long the other sources of the batch are. And it reads in one direction only. The network `plain` of the lab reads in
# both, and a mask takes the states at the ends of each source. It is trained as any Keras model:

# %%
settings = {name: lab.preset("quick") for name in ("plain", "dot")}
settings["plain"] = type(config)(**{**vars(config), "network": "plain"})
fitted = {
    name: harness.fit(lab, each, splits, preset="quick") for name, each in settings.items()
}
evaluations = {name: harness.evaluate(each) for name, each in fitted.items()}
results = pd.DataFrame(
    {
        name: {metric: score["value"] for metric, score in each.metrics["test"].items()}
        for name, each in evaluations.items()
    }
).T
results["parameters"] = [each.model.count_params() for each in fitted.values()]
results.round(3)

# %% tags=["prose"]
plain, dot = (results.loc[name, "exact_match"] for name in ("plain", "dot"))
prose(
    """
    The plain network writes **{plain:.0%}** of the unseen dates exactly right, and {plain_tokens:.0%} of the
    characters given those before. The network `dot` has **{dot:.0%}** after the same number of steps. It differs in one
    block, attention, which the rest of this notebook explains.
    """,
    claims={"attention is far better": dot > plain + 0.3},
    within=0.5,
    plain=plain,
    plain_tokens=results.loc["plain", "token_accuracy"],
    dot=dot,
)

# %% [markdown] facts=["128", "30"]
# ## The bottleneck
#
# The plain decoder gets one vector of the source, whatever its length. Attention gives it a state for each token.
#
# ### Exercise: what is passed on
#
# How many numbers does a bidirectional encoder with 128 units in each direction pass to a decoder with attention, for a
# source of 30 tokens? Count the states that it attends to.

# %% tags=["exercise"]
passed_numbers = ...
### BEGIN SOLUTION
passed_numbers = 30 * 2 * 128
### END SOLUTION

# %% tags=["check"]
check("translation.passed_numbers", passed_numbers)

# %%
picture(
    lesson.by_length_figure(
        {name: each.details["by_length"] for name, each in evaluations.items()},
        note="GENERATED dates; preset quick",
    ),
    "The fraction of exactly right dates by length of the source: near one for the network with attention, far lower "
    "for the one without.",
)

# %% [markdown] facts=["0", "1"]
# ## Attention
#
# At each step the decoder compares its state, the **query** $q$, with a **key** $k_i$ of each token of the source. The
# products are **scores**; their softmax are weights, and the weighted mean of the encoder's states $h_i$ is the
# **context** (Luong, Pham and Manning, 2015):
#
# $$\alpha_i = \frac{\exp(q \cdot k_i)}{\sum_j \exp(q \cdot k_j)}, \qquad c = \sum_i \alpha_i h_i$$
#
# Bahdanau, Cho and Bengio (2015), who introduced attention, compute the scores with a small network,
# $v \cdot \tanh(q + k_i)$: `--network additive`.
#
# ### Exercise: attention
#
# `query` has shape (width,), `keys` (source, width), `states` (source, units), and `mask` (source,) is 1 for a token
# and 0 for padding. Return the context, (units,). Padding must have no weight, and large scores must not overflow.


# %% tags=["exercise"]
def attention(query, keys, states, mask):
    ### BEGIN SOLUTION
    scores = np.where(mask > 0, keys @ query, -np.inf)
    weights = np.exp(scores - scores.max())
    return weights / weights.sum() @ states
    ### END SOLUTION


# %% tags=["check"]
check("translation.attention", attention)

# %% [markdown] facts=["0", "1"]
# This is what the lab's network does, for all steps of a batch at once, in layers that every format saves:
#
# ```python
# keys = layers.Dense(config.units, use_bias=False, name="keys")(encoded.states)
# scores = layers.Dot(axes=(2, 2), name="scores")([hidden, keys])
# low = layers.Reshape((1, -1))(layers.Rescaling(FAR, -FAR)(encoded.mask))
# weights = layers.Softmax(name="attention")(layers.Add()([scores, low]))
# context = layers.Dot(axes=(2, 1), name="context")([weights, encoded.states])
# ```
#
# ## What the decoder reads
#
# The weights are numbers between 0 and 1 that sum to 1 in each row. A row is a token that the network writes:

# %%
network = fitted["dot"].model
examples = lesson.encode(["December 24, 1999", "mardi 3 mars 1992"], splits)
longest = test.targets.shape[1]
picture(
    lesson.maps(network, examples, (source_vocabulary, target_vocabulary), longest=longest),
    "Two maps of attention: the digits of the year are written from the end of the source, the day from its middle or "
    "its beginning.",
)

# %% tags=["prose"]
year_first = lesson.attention(network, test.inputs["source"], test.inputs["target"])[
    :, :4
].argmax(axis=2)
last_tokens = (test.inputs["source"] != 0).sum(axis=1)[:, None] - year_first
prose(
    """
    The order of the target is not that of the source: the network goes to the end for the year, and back for month and
    day. For the four characters of the year, the largest weight is at one of the last six tokens of the source in
    {share:.0%} of the cases. Nobody told it where a year is. Weights show where the network reads; they do not prove
    why it writes what it writes.
    """,
    claims={"years are read at the end": (last_tokens <= 6).mean() > 0.7},
    within=0.3,
    share=float((last_tokens <= 6).mean()),
)

# %% [markdown]
# ## Writing token by token
#
# Nobody knows the true tokens when the network translates. It writes the most probable token, and reads it again as its
# next input: **greedy decoding**. By hand, one call of the whole network for each token:

# %%
sources = test.inputs["source"][:1]
written = [1]  # <end> is before the first token
while len(written) < longest and (len(written) == 1 or written[-1] != 1):
    so_far = np.array([written], dtype="int32")
    probabilities = network({"source": sources, "target": so_far}, training=False)
    written.append(int(np.argmax(probabilities[0, -1])))
print(source_vocabulary.decode(sources[0]), "→", target_vocabulary.decode(written[1:]))

# %% [markdown] facts=["2"]
# The course's Keras 2 code built two further models for this, one for the encoder and one for a step of the decoder. In
# this lab `stepped` makes them from the layers of the trained network. The encoder runs once, and the loop over the
# tokens is one compiled graph:

# %%
decoder = lesson.stepped(network)
by_step = lesson.translate(decoder, test.inputs["source"], splits)
print(by_step[0][0])
encoded = decoder.encode(sources)
pd.DataFrame(
    {
        name: [str(tuple(tensor.shape)), "state" if name in decoder.states else "context"]
        for name, tensor in encoded.items()
    },
    index=["shape", "role"],
).T

# %% [markdown] facts=["2"]
# ### Then → now
#
# Lines of the courses' sequence-to-sequence code, and what replaces them:
#
# | then | now |
# | --- | --- |
# | `Model(encoder_inputs, encoder_states)` for the encoder | the same: it shares the weights of the trained model |
# | a third `Model` for one step of the decoder | `layer.cell(x, states)`, one step of the trained layer |
# | `decoder_model.predict([token] + states)` per token | a loop in one `tf.function`; `predict` is for batches |
# | `Embedding(…, mask_zero=True)` | a mask from layers: such models reload from `.h5`, too |
# | `tf.contrib.seq2seq.BeamSearchDecoder` | gone with TensorFlow 2; `utils.text.generating.beam.search` |
# | `model.reset_states()` between sentences | states are inputs and outputs of a step: nothing to reset |
#
# Other lines are in [COURSE_CODE.md](COURSE_CODE.md), each with its error message.

# %% [markdown]
# ## Beam search
#
# The most probable first token may lead to improbable texts. **Beam search** keeps several hypotheses, extends each by
# each token, and keeps the best again.
#
# ### Exercise: beam search
#
# `first` has the log-probabilities of the first token, (symbols,), and `second` those of the second one given the
# first, (symbols, symbols). Keep the `beams` best first tokens, extend them by every second token, and return the best
# pair and its log-probability: first token, second token, log-probability.


# %% tags=["exercise"]
def beam_search(first, second, beams):
    ### BEGIN SOLUTION
    kept = np.argsort(-first)[:beams]
    totals = first[kept, None] + second[kept]
    best, token = np.unravel_index(totals.argmax(), totals.shape)
    return kept[best], token, totals.max()
    ### END SOLUTION


# %% tags=["check"]
check("translation.beam", beam_search)

# %%
ambiguous = lesson.encode(["03.04.92", "3/4/92"], splits)
for text, hypotheses in zip(
    ("03.04.92", "3/4/92"), lesson.translate(decoder, ambiguous, splits, beams=3), strict=True
):
    print(text)
    for hypothesis, score in hypotheses:
        print(f"    {hypothesis}  {score:.2f}")

# %%
truth = [target for _, target in splits.texts["test"]]
rows = {}
for beams in (1, 2, 5):
    found = lesson.translate(decoder, test.inputs["source"], splits, beams=beams)
    measured = lesson.scores([each[0][0] for each in found], truth, sentences=False)
    rows[beams] = measured | {"mean score": np.mean([each[0][1] for each in found])}
pd.DataFrame(rows).T.rename_axis("hypotheses").round(4)

# %% tags=["prose"]
prose(
    """
    With five hypotheses the mean score is at least as high as with one: {wide:.3f} and {greedy:.3f}. Whether more dates
    are right is another question: the network is confident of dates, and the search has little to find. Sentences
    gain more, because there are many ways to say something.
    """,
    claims={
        "the search finds more probable texts": rows[5]["mean score"]
        >= rows[1]["mean score"] - 1e-6
    },
    within=0.8,
    wide=float(rows[5]["mean score"]),
    greedy=float(rows[1]["mean score"]),
)

# %% [markdown] facts=["1"]
# ## Compared with what?
#
# Simple methods on the same test pairs: copying the source; a **dictionary** learned word by word by expectation
# maximization (IBM's model 1, which statistical translation began with); the target of the most similar training
# source.

# %%
simple_methods = lesson.simple(
    [source for source, _ in splits.texts["test"]], splits.texts["train"], slow=True
)
table = {
    name: lesson.scores(found, truth, sentences=False) for name, found in simple_methods.items()
}
table |= {name: each.details["translations"]["network"] for name, each in evaluations.items()}
pd.DataFrame(table).T[["exact_match", "character_error_rate"]].astype(float).round(3)

# %% tags=["prose"]
prose(
    """
    Copying gets {copying:.0%} right, the most similar pair {similar:.0%}: the dates of the test split are in no pair
    of training. A network must learn the rule.
    """,
    claims={"remembering does not help": table["most similar"]["exact_match"] < 0.05},
    copying=table["copying"]["exact_match"],
    similar=table["most similar"]["exact_match"],
)

# %% [markdown]
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again.
#
# **1. Impossible dates.** What does the network make of a date that does not exist, or of two dates?

# %% tags=["try"]
odd = ["February 31, 1999", "31 31 31", "March March 3, 1992"]
for text, hypotheses in zip(
    odd, lesson.translate(decoder, lesson.encode(odd, splits), splits), strict=True
):
    print(f"{text:24} {hypotheses[0][0]}")

# %% [markdown]
# **2. An encoder that reads in one direction.** Does attention still know which number is the month?

# %% tags=["try"]
forward = harness.fit(
    lab, type(config)(**{**vars(config), "encoder": "forward"}), splits, preset="quick"
)
losses = lesson.losses(forward.model, validation)
print(f"exact match on validation: {losses[:, 3].mean():.3f}")

# %% [markdown]
# **3. The length penalty.** A score is divided by a power of the length. Does it change what is written?

# %% tags=["try"]
for penalty in (0.0, 0.6, 2.0):
    found = lesson.translate(decoder, ambiguous, splits, beams=5, penalty=penalty)
    print(penalty, [each[0][0] for each in found])

# %% [markdown]
# ## Summary
#
# - An encoder reads, a decoder writes. One vector between them is a bottleneck for long sources.
# - Attention gives the decoder a state per token, and weights that show where it reads.
# - Teacher forcing trains all tokens at once; translating goes token by token, greedily or with several hypotheses.
# - Keep all pairs that share a text in one split, in both directions.
#
# More on this lab: [its page](../labs/translation/README.md), `python -m labs.translation --help`,
# `python -m labs.translation translate RUN "March 3, 1992"`, and German into English with
# `python -m labs.translation --preset best --data multi30k`.
