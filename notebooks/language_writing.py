# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Writing text: what comes next?
#
# A **language model** gives every text a probability. It does so token by token: how probable is this character, or
# this word, after those before it? A good model has learned spelling, grammar, and who speaks to whom. And a model that
# predicts can also **write**: draw the next token, append it, and predict again.
#
# In this notebook you build three of them for Shakespeare: **n-grams**, which count; an **LSTM**, which keeps a state;
# and a **transformer**, which looks back. You compare them by the same number, **bits per character**, whatever their
# tokens are: characters, **byte pairs**, which you learn by hand, or words. And you see how **temperature** and
# **top-k** change what they write.
#
# You need a little Python. The notebook on music explains the LSTM, *Attention by hand* the transformer. Run the cells
# from top to bottom; this takes about a minute and a half.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.language import lesson

lab = lesson.lab
config = replace(lab.preset("quick"), units=96, ngram=0)
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The text
#
# *Tiny Shakespeare* is a file of scenes from his plays. The last tenth of the text is the test split and the tenth
# before it validation: neighbouring sentences are alike, so pieces at random would leak.

# %%
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from labs.exercises import check
from utils.runs import harness

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"

train, test = splits.texts["train"], splits.texts["test"]
different = len(set(train))
print(train[:230])

# %% tags=["prose"]
prose(
    """
    The training part has {characters:,} characters, and **{different} different ones**. A model that knows nothing
    needs {even:.2f} bits for each of them, the binary logarithm of that number.
    """,
    claims={"a byte could number them": different < 256},
    characters=len(train),
    different=different,
    even=float(np.log2(different)),
)

# %% [markdown]
# ## Counting: a bigram
#
# The simplest model that looks back: count how often each character follows each other one. A pair that never occurred
# in training would have no probability, and a text that contains it would be impossible. So add one to every count.
#
# ### Exercise: bigram
#
# `tokens` is an array of numbers, `symbols` the number of different ones. Return a matrix: row $i$ has the
# probabilities of each token after token $i$.


# %% tags=["exercise"]
def bigram(tokens, symbols):
    ### BEGIN SOLUTION
    counts = np.ones((symbols, symbols))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    return counts / counts.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check("language_writing.bigram", bigram)

# %%
tokenizer = splits.tokenizer
tokens = {name: part.tokens for name, part in splits.encoded.items()}
counts = np.ones((len(tokenizer.symbols), len(tokenizer.symbols)))
np.add.at(counts, (tokens["train"][:-1], tokens["train"][1:]), 1)
after = counts / counts.sum(axis=1, keepdims=True)
bigram_bits = -np.log2(after[tokens["test"][:-1], tokens["test"][1:]]).mean()

random = np.random.default_rng(7)
drawn = [tokens["test"][0]]
for _ in range(200):
    drawn.append(random.choice(len(after), p=after[drawn[-1]]))
print(tokenizer.decode(drawn))

# %% tags=["prose"]
prose(
    """
    The bigram needs **{bits:.2f} bits per character** on the test text. What it writes has the right letters and, for a
    letter or two, the right sounds.
    """,
    claims={"it is better than knowing nothing": bigram_bits < np.log2(len(tokenizer.symbols))},
    bits=float(bigram_bits),
)

# %% [markdown]
# ## Longer contexts
#
# Count what follows two, three, seven characters. Most long contexts of the test text never occurred in training, so
# a good n-gram **interpolates**: it mixes its estimate with that of the next shorter context. The best known way is
# **modified Kneser–Ney smoothing** (Chen and Goodman 1998), which asks of a short context not how often a character
# followed it, but in how many different longer contexts it did.

# %%
found = splits.baselines
orders = {int(order): value / np.log(2) for order, value in found.log_losses().items()}
best_bits = orders[found.order]
figure = Figure(figsize=(6.4, 3), layout="constrained")
axes = figure.subplots()
axes.plot(list(orders), list(orders.values()), "o-", color=RED)
axes.set(xlabel="characters of the longest n-gram", ylabel="bits per character (test)")
picture(figure, "The curve falls steeply up to five characters and is flat after seven.")

# %% tags=["prose"]
prose(
    """
    Validation chooses **{order} characters**, with **{bits:.2f} bits per character**. That is a strong baseline: it
    was fitted in seconds, by counting.
    """,
    claims={
        "longer contexts help": best_bits < orders[3] - 0.3,
        "the longest one does not": orders[8] > best_bits - 0.02,
    },
    order=found.order,
    bits=float(best_bits),
)

# %% [markdown]
# ## Tokens: byte pairs
#
# A character is a small step: a model needs many of them for a sentence, and an n-gram of seven covers one word. Words
# are large steps, but there are very many, and the next text has some that nobody has seen. **Byte-pair encoding** is
# in between, and nothing is unknown to it. It starts with single characters, and repeats: find the pair of neighbours
# that is most frequent, and make it a token.
#
# ### Exercise: the most frequent pair
#
# `tokens` is an array of numbers. Return the two neighbours, left one first, that occur together most often.


# %% tags=["exercise"]
def most_frequent_pair(tokens):
    ### BEGIN SOLUTION
    pairs, counts = np.unique(np.stack([tokens[:-1], tokens[1:]]), axis=1, return_counts=True)
    return pairs[:, counts.argmax()]
    ### END SOLUTION


# %% tags=["check"]
check("language_writing.most_frequent_pair", most_frequent_pair)

# %% [markdown]
# ### Exercise: merge
#
# Replace every occurrence of the pair in `tokens` by `number`, from left to right. A token belongs to one pair only.


# %% tags=["exercise"]
def merge(tokens, pair, number):
    ### BEGIN SOLUTION
    merged, place = [], 0
    while place < len(tokens):
        if tuple(tokens[place : place + 2]) == tuple(pair):
            merged.append(number)
            place += 2
        else:
            merged.append(tokens[place])
            place += 1
    return np.array(merged)
    ### END SOLUTION


# %% tags=["check"]
check("language_writing.merge", merge)

# %% [markdown] facts=["256"]
# The lab does the same on bytes, of which there are 256, and counts each distinct word once, which takes a second for
# the whole text. Here it learns a few tokens, some more, and as many as `--preset best` has:

# %%
sentence = "Shall I compare thee to a summer's day?"
for size in (280, 400, 1024):
    pairs = lesson.BytePairs.learn(train, size)
    print(
        f"{size:5}",
        " | ".join(pairs.decode([token]) for token in pairs.encode(sentence).tokens),
    )

# %% [markdown] facts=["2"]
# ## One number for all tokens
#
# Loss per token does not compare models with different tokens: a word is harder to predict than a character. But all
# models predict the same text. So add up the bits of the whole test text, and divide by its characters.
#
# For words one usually reports the **perplexity**: the number of equally probable words among which a model would be as
# uncertain. It is 2 to the power of the bits per word.

# %% [markdown] facts=["64", "5"]
# ### Exercise: bits per character
#
# A model of words has a perplexity of 64, and a word has 5 characters on average, with the space before it. How many
# bits per character is that?

# %% tags=["exercise"]
answer = None
### BEGIN SOLUTION
answer = np.log2(64) / 5
### END SOLUTION

# %% tags=["check"]
check("language_writing.bits_per_character", answer)

# %% [markdown]
# What a word model leaves open counts, too: the letters of words outside its vocabulary, capitals, and white space.
# The lab has a small model for each, so that every text costs something under every kind of token. These are n-grams
# of the three:

# %%
rows = {}
for kind, more in {"characters": {}, "bpe": {"vocabulary": 1024}, "words": {}}.items():
    texts = splits if kind == "characters" else lab.load(replace(config, tokens=kind, **more))
    order, losses = texts.baselines.order, texts.baselines.log_losses()
    rows[kind] = {
        "different tokens": len(texts.tokenizer.symbols),
        "characters per token": len(test) / len(texts.encoded["test"]),
        "n-gram": order,
        "bits per character": losses[str(order)] / np.log(2),
    }
display(pd.DataFrame(rows).T.round(2))

# %% [markdown]
# ## A network that keeps a state
#
# An LSTM has no longest context: it reads one character after another and keeps what it needs. One short epoch is
# enough to see it learn, not to see it win.

# %%
lstm = harness.fit(lab, config, splits)
lstm_bits = lesson.bits(lstm.model, splits.test)

# %% [markdown]
# ## A network that looks back
#
# A transformer computes all positions of a window at once, and lets each look at those before it. It has as much data
# as the LSTM, and Muon as its optimizer.

# %%
looking = replace(
    config,
    network="transformer",
    layers=2,
    units=64,
    batch_size=16,
    optimizer="muon",
    learning_rate=0.02,
    warm_up=0.03,
)
view = lab.load(looking)
transformer = harness.fit(lab, looking, view)
transformer_bits = lesson.bits(transformer.model, view.test)

# %%
display(
    pd.DataFrame(
        {
            "bits per character": {
                "bigram": bigram_bits,
                f"{found.order}-gram, Kneser–Ney": best_bits,
                "LSTM, one epoch": lstm_bits,
                "transformer, one epoch": transformer_bits,
            }
        }
    ).round(2)
)

# %% tags=["prose"]
prose(
    """
    After a few seconds of training, the LSTM needs {lstm:.2f} bits per character and the transformer {transformer:.2f}.
    Neither is as good as counting yet, and both are better than the bigram. `--preset best` trains for ten minutes.
    """,
    claims={
        "both are better than the bigram": max(lstm_bits, transformer_bits) < bigram_bits,
        "the n-gram is better than both": best_bits < min(lstm_bits, transformer_bits),
    },
    lstm=float(lstm_bits),
    transformer=float(transformer_bits),
)

# %% [markdown] facts=["0", "1"]
# ## Writing
#
# To write, draw a token from the probabilities. **Temperature** divides their logarithms: below 1, probable tokens
# become more probable, and the text more careful and more repetitive. Drawing only from the $k$ most probable tokens
# (**top-k**) leaves out what is improbable one by one, but probable in total.
#
# ### Exercise: top-k
#
# Return the probabilities to draw from: 0 for all but the `k` largest, and the rest in proportion.


# %% tags=["exercise"]
def top_k(probabilities, k):
    ### BEGIN SOLUTION
    smallest = np.sort(probabilities)[-k]
    kept = np.where(probabilities >= smallest, probabilities, 0)
    return kept / kept.sum()
    ### END SOLUTION


# %% tags=["check"]
check("language_writing.top_k", top_k)

# %%
writer = lesson.Writer(transformer.model, view.tokenizer)
for options in ({"temperature": 0.3}, {"temperature": 1.0}, {"temperature": 1.0, "top_k": 5}):
    (text,) = writer.write("ROMEO:\n", 160, **options, seed=7)
    print(f"--- {options}\n{text}\n")

# %% [markdown]
# ## Does it copy?
#
# A model that has learned its text by heart predicts the training text well, and writes passages of it. The longest
# run of characters that also occurs in the training text is a simple check. A piece of the test text has such runs,
# too: names, and phrases that everybody uses.

# %%
corpus = lesson.Corpus([train])
texts = writer.write("", 300, 6, temperature=0.8, seed=7)
held_out = [test[start : start + 300] for start in range(0, 6 * 3000, 3000)]
runs = {
    "written": [corpus.longest_run(text) for text in texts],
    "test text": [corpus.longest_run(text) for text in held_out],
}
display(pd.DataFrame(runs))

# %% [markdown] facts=["3.5"]
# ## Then → now
#
# | in the course | here |
# | --- | --- |
# | `stateful=True`, `batch_shape=…`, `model.reset_states()` | a stateless network; the states are passed explicitly |
# | PyTorch: `hidden = tuple(each.data for each in hidden)` between batches | windows that begin with a state of zeros |
# | `token_lookup`: punctuation becomes `\|\|period\|\|` | the same tokens; capitals and white space are counted |
# | training loss below 3.5 | bits per character of held-out text, next to an n-gram |
#
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again.
#
# **1. Top-p.** Drawing from the most probable tokens that together have a probability of $p$ adapts to each step. Is
# the text more careful than with the five most probable ones?

# %% tags=["try"]
for top_p in (0.5, 0.9):
    (text,) = writer.write("ROMEO:\n", 160, temperature=1.0, top_p=top_p, seed=7)
    print(f"--- {top_p}\n{text}\n")

# %% [markdown]
# **2. The prompt.** A model that only looks back a little has forgotten who speaks. Does the end depend on the
# beginning?

# %% tags=["try"]
for prompt in ("KING RICHARD III:\n", "Nurse:\n", "First Citizen:\nSpeak"):
    (text,) = writer.write(prompt, 120, temperature=0.7, seed=7)
    print(prompt + text + "\n")

# %% [markdown]
# **3. How sure.** For which next character is the transformer most confident after these beginnings?

# %% tags=["try"]
for beginning in ("ROME", "thou ar", "the q"):
    seen = view.tokenizer.encode(beginning).tokens[None]
    probabilities = np.asarray(transformer.model(seen))[0, -1]
    best = np.argsort(-probabilities)[:3]
    print(
        beginning,
        [(view.tokenizer.symbols[k], round(float(probabilities[k]), 2)) for k in best],
    )

# %% [markdown]
# ## Next
#
# - `python -m labs.language --preset best` trains for ten minutes, and
#   `python -m labs.language write RUN --prompt "ROMEO:"` writes with what it learned.
# - `python -m labs.language --data your-book.txt` reads a text of your own.
# - More on this lab: [its page](../labs/language/README.md).
