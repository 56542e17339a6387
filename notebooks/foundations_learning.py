# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Foundations: what makes a network learn
#
# Back-propagation gives the gradient. Whether a network learns from it depends on everything around it: the **learning
# rate**, the **batches**, the **activations**, the **initial weights**, the **optimizer**. And whether it has learned
# the digits or memorized them depends on its size, the data, **penalties** and **dropout**.
#
# In this notebook you change one of them at a time and measure what happens. The networks are those of the lab's
# library in NumPy, whose code you can read in one sitting; for the last ones you use Keras.
#
# The notebook [from the neuron to the network](foundations_neuron.ipynb) comes first. Run the cells from top to
# bottom; this takes about a minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.foundations import lesson

lab = lesson.lab
config = lab.preset("quick", data="mnist-5k")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# The digits become rows of numbers between zero and one, and their classes one-hot vectors. The training loop is the
# one of the first notebook: take a batch, compute loss and gradient, take a step. All comparisons use the validation
# digits.

# %%
import keras
import numpy as np
import pandas as pd
from IPython.display import Image, display
from matplotlib.figure import Figure

from labs.exercises import check

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
train, validation = splits.train, splits.validation


def rows_of(part):
    """Pixels (rows, 784) and one-hot classes (rows, 10)."""
    pixels = part.inputs.reshape(len(part), -1).astype("float32") / 255
    return pixels, np.eye(10, dtype="float32")[part.targets]


rows, held_out = rows_of(train), rows_of(validation)


def network(*widths, activation="relu", init="he", seed=0):
    """Dense layers of these widths, the last one with a softmax, and cross-entropy."""
    kinds = [activation] * (len(widths) - 2) + ["softmax"]
    layers = [
        lesson.Dense(inputs, units, kind, init)
        for inputs, units, kind in zip(widths[:-1], widths[1:], kinds, strict=True)
    ]
    return lesson.Network(layers, lesson.CategoricalCrossEntropy(), np.random.default_rng(seed))


def fit(made, optimizer, rate, epochs=5, batch_size=100, data=rows, seed=0):
    """Train a network; returns the loss of each batch, and of training and validation after each epoch."""
    random = np.random.default_rng(seed)
    steps, after = [], []
    with np.errstate(all="ignore"):  # a loss may become very large
        for _ in range(epochs):
            for x, truth in lesson.batches(*data, batch_size, random):
                steps.append(made.loss_and_gradient(x, truth))
                optimizer.step(made.parameters, made.gradient, rate)
            losses = [made.loss_of(truth, made.forward(x)) for x, truth in (data, held_out)]
            after.append(losses)
    return steps, pd.DataFrame(after, columns=["training", "validation"])


def accuracy_of(made):
    """The fraction of the validation digits that are classified correctly."""
    return float((made.forward(held_out[0]).argmax(axis=1) == validation.targets).mean())


# %% [markdown]
# ## The learning rate
#
# First on a parabola, $J(w) = (w - 3)^2$ from $w = 5$. A step multiplies the distance from the minimum by
# $1 - 2\eta$. Then on the digits, with one hidden layer, from a tiny learning rate to one that is far too large:

# %%
parabola = {}
for rate in (0.01, 0.1, 0.9, 1.05):
    w = 5.0
    parabola[rate] = [abs(w - 3)]
    for _ in range(30):
        w -= rate * 2 * (w - 3)
        parabola[rate].append(abs(w - 3))

by_rate, rate_accuracy = {}, {}
for rate in (0.001, 0.03, 0.3, 10.0):
    made = network(784, 64, 10)
    by_rate[rate] = fit(made, lesson.SGD(), rate)[0]
    rate_accuracy[rate] = accuracy_of(made)

styles = dict(
    zip(range(4), [(BLUE, ":"), (GREEN, "-"), (ORANGE, "--"), (RED, "-.")], strict=True)
)
figure = Figure(figsize=(10, 4), layout="constrained")
left, right = figure.subplots(1, 2)
for axes, lines in ((left, parabola), (right, by_rate)):
    for (rate, line), (colour, style) in zip(lines.items(), styles.values(), strict=True):
        axes.plot(line, style, color=colour, linewidth=2, label=f"η = {rate:g}")
    axes.set(yscale="log", xlabel="step")
    axes.legend(frameon=False)
left.set(ylabel="distance from the minimum", title="parabola")
right.set(ylabel="cross-entropy of the batch (nat)", title="digits")
picture(
    figure,
    "Left: distance from the minimum by step: slow, fast, with alternating sign as fast, growing. "
    "Right: the loss on digits: hardly falling, falling, falling faster, and jumping up by orders of magnitude.",
)

# %% tags=["prose"]
slow, fine, quick, diverged = by_rate
after_diverging = np.array(by_rate[diverged])
prose(
    """
    On the parabola {tiny:g} converges slowly, and {large:g} diverges: each step multiplies the distance by
    {factor:.1f}, so that it overshoots by more than it was off. On the digits the accuracy after {steps} steps is
    {slow_right:.0%} with the rate {slow:g}, {fine_right:.0%} with {fine:g} and **{quick_right:.0%}** with {quick:g}.
    With {diverged:g} the loss rose more than a thousandfold, and the network is at {diverged_right:.0%}, a guess.
    """,
    claims={
        "a small rate is slow": rate_accuracy[slow] < rate_accuracy[fine],
        "a larger one is better": rate_accuracy[fine] < rate_accuracy[quick],
        "too large a rate diverges": after_diverging.max() > 1000 * after_diverging[0],
        "and does not recover": rate_accuracy[diverged] < 0.2,
        "on the parabola, too": parabola[1.05][-1] > parabola[1.05][0],
    },
    within=0.5,
    tiny=min(parabola),
    large=max(parabola),
    factor=parabola[1.05][1] / parabola[1.05][0],
    steps=len(by_rate[fine]),
    slow=slow,
    fine=fine,
    quick=quick,
    diverged=diverged,
    slow_right=rate_accuracy[slow],
    fine_right=rate_accuracy[fine],
    quick_right=rate_accuracy[quick],
    diverged_right=rate_accuracy[diverged],
)

# %% [markdown]
# ## Full, mini and single batches
#
# A step may take all rows (**full batch**), a few (**mini-batch**) or a **single** row. An **epoch** is a pass over
# all rows, an **iteration** is one step. Three epochs with each, with the same learning rate:

# %%
sizes = {"full batch": 0, "100 rows": 100, "10 rows": 10, "single rows": 1}
batched = {}
for name, size in sizes.items():
    made = network(784, 64, 10)
    steps, losses = fit(made, lesson.SGD(), 0.03, epochs=3, batch_size=size)
    batched[name] = {
        "iterations": len(steps),
        "training loss": losses["training"].iloc[-1],
        "accuracy on validation": accuracy_of(made),
    }
batched = pd.DataFrame(batched).T.astype({"iterations": int})
batched.round(3)

# %% [markdown]
# A batch estimates the gradient of all rows. How good is the estimate? For several batch sizes, the distance of a
# batch's gradient from the full one, relative to the length of the full one, as a mean over many batches:

# %%
made = network(784, 64, 10)
made.loss_and_gradient(*rows)
full_gradient = made.gradient.copy()
random = np.random.default_rng(0)
noise = {}
for size in (1, 10, 100, 1000):
    distances = []
    for _ in range(200 if size < 1000 else 40):
        chosen = random.choice(len(train), size)
        made.loss_and_gradient(rows[0][chosen], rows[1][chosen])
        distances.append(np.linalg.norm(made.gradient - full_gradient))
    noise[size] = float(np.mean(distances) / np.linalg.norm(full_gradient))
print({size: round(value, 3) for size, value in noise.items()})

# %% tags=["prose"]
ratios = np.array(list(noise.values()))[:-1] / np.array(list(noise.values()))[1:]
full, mini, single = (batched.loc[name] for name in ("full batch", "100 rows", "single rows"))
prose(
    """
    Three epochs are {full_steps} iterations with the full batch, {mini_steps} with mini-batches and {single_steps:,}
    with single rows. The full batch has hardly begun ({full_right:.0%} correct), the mini-batches are at
    {mini_right:.0%}, the single rows at {single_right:.0%}: with the same passes over the data, small batches take
    more steps.

    Their price is noise. The gradient of a single row is off by {one:.1f} times the length of the full gradient, that
    of a hundred rows by {hundred:.2f}. Ten times the rows reduce the error by a factor of {smallest:.1f} to
    {largest:.1f}, near $\\sqrt{{10}} \\approx 3.2$, as for any mean: the tenfold work buys a third of the noise.
    """,
    claims={
        "smaller batches get further": full["training loss"]
        > mini["training loss"]
        > single["training loss"],
        "the error falls with the root of the rows": bool(
            ((ratios > 2.5) & (ratios < 4)).all()
        ),
    },
    within=0.3,
    full_steps=int(full["iterations"]),
    mini_steps=int(mini["iterations"]),
    single_steps=int(single["iterations"]),
    full_right=full["accuracy on validation"],
    mini_right=mini["accuracy on validation"],
    single_right=single["accuracy on validation"],
    one=noise[1],
    hundred=noise[100],
    smallest=ratios.min(),
    largest=ratios.max(),
)

# %% [markdown] facts=["15,475", "32", "100"]
# ### Exercise: epochs and iterations
#
# The bike rentals have 15,475 training rows. How many gradient steps are 100 epochs in batches of 32? The last batch
# of an epoch is smaller.

# %% tags=["exercise"]
iterations = None
### BEGIN SOLUTION
iterations = 100 * -(-15_475 // 32)
### END SOLUTION

# %% tags=["check"]
check("foundations_learning.iterations", iterations)

# %% [markdown]
# ## Gradients that vanish
#
# Back-propagation multiplies the gradient at each layer by the slope of the activation and by the weights. The slope
# of the sigmoid is at most $\tfrac14$. What is left after ten layers? Measure the gradient of the weights at each
# layer, for one batch, before training. Sigmoids start with Glorot's weights, ReLU with He's. Beside them there is
# $\tanh(h) = 2\sigma(2h) - 1$, a stretched sigmoid with slopes up to one and the weights of the sigmoid: a test of
# whether the slope is the cause.

# %%
deep = {"sigmoid": "glorot", "tanh": "glorot", "relu": "he"}
gradients, learned = {}, {}
for activation, init in deep.items():
    sizes_of_gradients = []
    for seed in range(5):
        made = network(784, *[64] * 10, 10, activation=activation, init=init, seed=seed)
        made.loss_and_gradient(rows[0][:400], rows[1][:400])
        sizes_of_gradients.append(
            [np.sqrt(np.square(layer.kernel_gradient).mean()) for layer in made.dense]
        )
    gradients[activation] = np.median(sizes_of_gradients, axis=0)
    made = network(784, *[64] * 10, 10, activation=activation, init=init)
    fit(made, lesson.SGD(), 0.05, epochs=8)
    learned[activation] = accuracy_of(made)

figure = Figure(figsize=(7.2, 4.2), layout="constrained")
axes = figure.subplots()
looks = {"sigmoid": (RED, "o-"), "tanh": (BLUE, "s--"), "relu": (GREEN, "^-")}
for activation, size in gradients.items():
    colour, style = looks[activation]
    layers = np.arange(1, 1 + len(size))
    axes.plot(layers, size, style, color=colour, linewidth=2, markersize=7, label=activation)
axes.set(
    yscale="log",
    xticks=np.arange(1, 12),
    xlabel="layer (1: nearest to the input, 11: the output)",
    ylabel="root mean square of the gradient",
    title="Gradient of the weights by layer, before training",
)
axes.grid(color="#DDDDDD", linewidth=0.6)
axes.legend(frameon=False)
picture(
    figure,
    "The gradient of the weights at each of eleven layers: with the sigmoid it falls by a factor of about "
    "four per layer towards the input, with tanh and ReLU it keeps its size.",
)

# %% tags=["prose"]
# Not the first layer, whose inputs are pixels.
whole = {name: float(size[-2] / size[1]) for name, size in gradients.items()}
per_layer = {name: ratio ** (1 / 8) for name, ratio in whole.items()}
prose(
    """
    From the last hidden layer to the second one, the gradient becomes {vanished:,.0f} times smaller with the sigmoid,
    which is a factor of {per_layer:.1f} per layer. With $\\tanh$ it is {tanh:.1f} times, with ReLU {relu:.1f}. The
    curve of the sigmoid stretched to a slope of one is enough for the gradient to survive.

    After eight epochs of the same gradient descent the network of sigmoids is at {sigmoid_right:.0%}, a guess. With
    $\\tanh$ it is {tanh_right:.0%}, with ReLU **{relu_right:.0%}**.
    """,
    claims={
        "it vanishes with the sigmoid": whole["sigmoid"] > 1e4,
        "by about the largest slope per layer": 3 < per_layer["sigmoid"] < 6,
        "not with tanh": whole["tanh"] < 10,
        "nor with ReLU": whole["relu"] < 10,
        "sigmoids learned nothing": learned["sigmoid"] < 0.2,
        "the others did": min(learned["tanh"], learned["relu"]) > 0.8,
    },
    within=0.5,
    vanished=whole["sigmoid"],
    per_layer=per_layer["sigmoid"],
    tanh=whole["tanh"],
    relu=whole["relu"],
    sigmoid_right=learned["sigmoid"],
    tanh_right=learned["tanh"],
    relu_right=learned["relu"],
)

# %% [markdown] facts=["784", "256", "128", "10"]
# ## Initial weights
#
# With which weights should training start? The course's network, 784-256-128-10 with ReLU, after **two epochs** of
# Adam, from different initial weights. The columns show the standard deviation of the weighted inputs $h$ of each
# layer before training, and how much the units of the first layer differ after it:

# %%
kinds = {
    "zeros": "zeros",
    "ones": "ones",
    "uniform 0 to 1": "uniform",
    "uniform ± 0.5": "centred",
    "normal": "normal",
    "uniform ± 1/√n": "scaled_uniform",
    "normal 1/√n": "scaled_normal",
    "Glorot": "glorot",
    "He": "he",
}
started = {}
for name, init in kinds.items():
    found = []
    for seed in range(3):
        made = network(784, 256, 128, 10, init=init, seed=seed)
        made.forward(rows[0][:400])
        spread = [float(layer.h.std()) for layer in made.dense]
        fit(made, lesson.Adam(), 1e-3, epochs=2, seed=seed)
        apart = float(np.ptp(made.dense[0].kernel, axis=1).max())
        found.append([*spread, apart, accuracy_of(made)])
    started[name] = np.mean(found, axis=0)
columns = ["h, first layer", "h, second layer", "h, output", "units differ by", "accuracy"]
started = pd.DataFrame(started, index=columns).T
started.map("{:,.3g}".format)

# %% tags=["prose"]
right_after = started["accuracy"]
positive, centred = started.loc["uniform 0 to 1"], started.loc["uniform ± 0.5"]
prose(
    """
    With **zeros** or **ones** the units of a layer get equal gradients and stay equal: they differ by {equal:g}, and
    the accuracy is {zeros:.0%}, a guess. Weights **from `0` to `1`** make sums that grow from layer to layer, to
    {large:,.0f}, and reach {uniform:.0%}. Around zero, `± 0.5`, they still grow ({grown:.0f}; {centred:.0%}). Scaled
    by the number of inputs $n$, as $1/\\sqrt{{n}}$, Glorot and He have it, the sums do not grow, and the accuracy
    is {least:.0%} to **{most:.0%}**.
    """,
    claims={
        "equal units stay equal": started.loc[["zeros", "ones"], "units differ by"].max()
        < 1e-3,
        "and do not learn": right_after[["zeros", "ones"]].max() < 0.15,
        "the sums of positive weights grow": positive["h, output"]
        > 100 * positive["h, first layer"],
        "around zero is better": centred["accuracy"] > positive["accuracy"] + 0.1,
        "scaled is best": right_after.iloc[5:].min() > right_after.iloc[:5].max(),
        "scaled sums do not grow": started.iloc[5:, :3].to_numpy().max() < 2,
    },
    within=0.5,
    equal=started.loc[["zeros", "ones"], "units differ by"].max(),
    zeros=right_after["zeros"],
    large=positive["h, output"],
    uniform=positive["accuracy"],
    grown=centred["h, output"],
    centred=centred["accuracy"],
    least=right_after.iloc[5:].min(),
    most=right_after.iloc[5:].max(),
)

# %% [markdown] facts=["784", "512"]
# The [page of the lab](../labs/foundations/README.md) has the same on Fashion-MNIST, next to the course's numbers.
#
# ### Exercise: initial weights
#
# A layer of 512 units gets images of 784 pixels. Which standard deviation do its weights have, by the rule
# $1/\sqrt{n}$?

# %% tags=["exercise"]
initial_std = None
### BEGIN SOLUTION
initial_std = 1 / np.sqrt(784)
### END SOLUTION

# %% tags=["check"]
check("foundations_learning.initial_std", initial_std)

# %% [markdown]
# ## Momentum: an average of steps
#
# Gradient descent forgets its last step. **Momentum** keeps a fraction $\mu$ of it:
#
# $$v \leftarrow \mu v - \eta g \qquad w \leftarrow w + v$$
#
# Written out, $v$ is the sum of all steps so far, with the weights $1, \mu, \mu^2, \dots$: an average that forgets
# slowly. Compare both ways, and see what the average does to a slope that is constant, and to one that changes its
# sign:

# %%
random = np.random.default_rng(0)
slopes = {
    "random": random.normal(size=60),
    "constant": np.ones(60),
    "alternating": (-1.0) ** np.arange(60),
}
mu, eta = 0.9, 0.01
lengths, gaps = {}, {}
for name, gradient in slopes.items():
    w, optimizer, positions = np.zeros(1), lesson.SGD(momentum=mu), [0.0]
    for g in gradient:
        optimizer.step(w, np.array([g]), eta)
        positions.append(w.item())
    decayed = mu ** np.arange(60)[::-1]
    gaps[name] = abs(positions[-1] - positions[-2] - (decayed * -eta * gradient).sum())
    lengths[name] = abs(positions[-1] - positions[-2]) / abs(eta * gradient[-1])
print({name: round(float(length), 3) for name, length in lengths.items()})

# %% tags=["prose"]
prose(
    """
    The last step is the weighted sum of all steps, up to {gap:.0e}. Along the constant slope it is **{constant:.1f}**
    times as long as without momentum, where the sign changes {alternating:.2f} times: the average speeds up where the
    slopes agree and damps where they do not.
    """,
    claims={
        "it is the weighted sum": max(gaps.values()) < 1e-12,
        "longer where the slopes agree": lengths["constant"] > 9,
        "shorter where they do not": lengths["alternating"] < 0.6,
    },
    within=10.0,
    gap=max(gaps.values()),
    constant=lengths["constant"],
    alternating=lengths["alternating"],
)

# %% [markdown]
# ### Exercise: the length of a step
#
# The gradient is always $2$, the learning rate $0.01$ and $\mu = 0.9$. How long does a step become after very many
# steps?

# %% tags=["exercise"]
momentum = None
### BEGIN SOLUTION
momentum = 0.01 * 2 / (1 - 0.9)
### END SOLUTION

# %% tags=["check"]
check("foundations_learning.momentum", momentum)

# %% [markdown] facts=["200"]
# ## Seven optimizers in a narrow curved valley
#
# The loss of a network is often steep in some directions and flat in others. A surface of two weights shows what this
# means,
#
# $$J(a, b) = (1 - a)^2 + 20\,(b - a^2)^2$$
#
# a valley along a parabola, with steep walls and a nearly flat floor (Rosenbrock's function, with a smaller factor).
# **Momentum** and **Nesterov** average steps. **Adagrad**, **Adadelta** and **RMSprop** divide each weight's step by
# the size of its gradients so far, and **Adam** does both. The learning rate of each is the best of a list: the one
# with the lowest $J$ after 200 steps whose path never leaves the picture or climbs above its start.

# %%
rates = {name: lesson.best_rate(make) for name, make in lesson.SEVEN.items()}
paths = {name: lesson.descend(make(), rates[name]) for name, make in lesson.SEVEN.items()}
picture(
    lesson.still(paths),
    "Left: paths of seven optimizers from a wall of a curved valley towards its minimum. Right: the height by step: "
    "momentum and Adam fall fastest, then Nesterov; Adagrad and SGD are the slowest.",
)
heights = {name: float(lesson.height(path[-1])) for name, path in paths.items()}
pd.DataFrame({"learning rate": rates, "J after 200 steps": heights})

# %% [markdown]
# The same as an animation. And a test of what slows Adagrad down: a second one starts where the first one was after a
# few steps, without the gradients of the wall.

# %%
forgotten = 10
again = lesson.descend(
    lesson.SEVEN["Adagrad"](), rates["Adagrad"], 200 - forgotten, paths["Adagrad"][forgotten]
)
heights_again = float(lesson.height(again[-1]))
display(
    Image(
        lesson.animation(paths),
        format="png",
        width=768,
        alt="The seven paths grow step by step; momentum and Adam overshoot first and arrive first.",
    )
)

# %% tags=["prose"]
prose(
    """
    All reach the floor within a few steps; along it they differ. Gradient descent has to take steps that are small
    enough for the walls, and is still at $J$ = {sgd:.2f} after {steps} of them. Momentum adds up the small slopes
    along the floor and is at {momentum:.0e}, Adam at {adam:.0e}, with a learning rate {times:.0f} times that of
    gradient descent: it divides by the steepness.

    Adagrad divides by the root of **all** squared gradients, also those of the wall at the beginning, and is at
    {adagrad:.2f}. If it forgets them after {forgotten} steps and continues with the same rate, it is at {again:.2f}
    after as many steps.
    """,
    claims={
        "momentum is ahead of gradient descent": heights["momentum"] < 0.01 * heights["SGD"],
        "so is Adam": heights["Adam"] < 0.01 * heights["SGD"],
        "its memory slows Adagrad down": heights_again < 0.5 * heights["Adagrad"],
        "Adam takes a larger rate": rates["Adam"] > 10 * rates["SGD"],
    },
    within=0.2,
    sgd=heights["SGD"],
    steps=len(paths["SGD"]) - 1,
    momentum=heights["momentum"],
    adam=heights["Adam"],
    times=rates["Adam"] / rates["SGD"],
    adagrad=heights["Adagrad"],
    forgotten=forgotten,
    again=heights_again,
)

# %% [markdown]
# ### On digits
#
# The same seven on a network, each with four learning rates; the table has the validation loss after three epochs:

# %%
on_digits = {}
for name, make in lesson.SEVEN.items():
    on_digits[name] = {}
    for rate in (0.001, 0.01, 0.1, 1.0):
        _, losses = fit(network(784, 64, 10), make(), rate, epochs=3)
        on_digits[name][f"η = {rate:g}"] = losses["validation"].iloc[-1]
on_digits = pd.DataFrame(on_digits).T
on_digits.round(3)

# %% tags=["prose"]
best = on_digits.min(axis=1)
adam = on_digits.loc["Adam"]
prose(
    """
    Each with its best rate, they are much closer than in the valley: {lowest:.2f} to {highest:.2f} nat. The best
    learning rate is not the same for all, so a comparison at one rate says little. And **Adam has a learning rate**:
    its loss is {adam_best:.2f} with the best of the four and {adam_worst:.2f} with the worst.
    """,
    claims={
        "the best rates differ": on_digits.idxmin(axis=1).nunique() > 1,
        "Adam's rate matters": adam.max() > 2 * adam.min(),
        "they are close with their best rates": best.max() < 3 * best.min(),
    },
    within=0.4,
    lowest=best.min(),
    highest=best.max(),
    adam_best=adam.min(),
    adam_worst=adam.max(),
)

# %% [markdown]
# ### Exercise: Adam's first step
#
# The notes of a course say that Adam needs no learning rate. Adam averages the gradient, $m$, and its square, $v$,
# with $\beta_1 = 0.9$ and $\beta_2 = 0.999$ from zero, and corrects both for that start:
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t} \qquad
# w \leftarrow w - \eta \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# Return the change of a weight in the **first** step ($t = 1$).


# %% tags=["exercise"]
def adam_step(gradient, rate):
    ### BEGIN SOLUTION
    m, v = 0.1 * gradient, 0.001 * gradient**2
    return -rate * (m / (1 - 0.9)) / (np.sqrt(v / (1 - 0.999)) + 1e-7)
    ### END SOLUTION


# %% tags=["check"]
check("foundations_learning.adam_step", adam_step)

# %% [markdown]
# ## Random restarts
#
# A network may end in a bad place, where no small step helps. Train one with **two** hidden units on the red and green
# points of the first notebook, which need both of them, from twenty different initial weights. The validation points
# choose one, the test points say what it is worth:

# %%
coloured = lab.splits(lab.preset("quick", data="points"))
parts = {
    name: (part.inputs, part.targets[:, None].astype("float32"))
    for name, part in coloured.parts().items()
}
restarts = []
for seed in range(20):
    layers = [
        lesson.Dense(2, 2, "tanh", "scaled_normal"),
        lesson.Dense(2, 1, "sigmoid", "scaled_normal"),
    ]
    made = lesson.Network(layers, lesson.BinaryCrossEntropy(), np.random.default_rng(seed))
    optimizer = lesson.SGD(momentum=0.9)
    for _ in range(200):
        made.loss_and_gradient(*parts["train"])
        optimizer.step(made.parameters, made.gradient, 0.3)
    restarts.append(
        {name: made.loss_of(truth, made.forward(x)) for name, (x, truth) in parts.items()}
    )
restarts = pd.DataFrame(restarts)
kept = restarts["validation"].idxmin()

figure = Figure(figsize=(7.2, 3.4), layout="constrained")
axes = figure.subplots()
shades = [GREEN if seed == kept else GREY for seed in restarts.index]
axes.bar(restarts.index, restarts["validation"], color=shades)
axes.set(xlabel="seed of the initial weights", ylabel="validation loss (nat)", xticks=range(20))
picture(
    figure,
    "Twenty bars: most are low and alike, a few are several times as high; the lowest is green.",
)

# %% tags=["prose"]
stuck = restarts["validation"] > 2 * restarts["validation"].median()
prose(
    """
    Most trainings end near {median:.2f} nat, but **{stuck:.0f} of {trainings}** near {high:.2f}. The restart with the
    lowest validation loss has {test:.2f} nat on the test points; the worst one has {worst:.2f}.
    """,
    claims={
        "some are stuck": 1 <= stuck.sum() <= 10,
        "the chosen one is good on test points, too": restarts["test"][kept]
        < 0.6 * restarts["test"].max(),
    },
    within=0.5,
    median=restarts["validation"].median(),
    stuck=float(stuck.sum()),
    trainings=len(restarts),
    high=restarts["validation"][stuck].mean(),
    test=restarts["test"][kept],
    worst=restarts["test"].max(),
)

# %% [markdown]
# ## Underfitting and overfitting
#
# Has a network learned the digits or its training images? Compare the two losses. One network is too small; one is
# large, with few images; one is large, with all images. They take the same number of steps:

# %%
few = np.random.default_rng(0).choice(len(train), 400, replace=False)
fewer = tuple(each[few] for each in rows)
settings = {
    "3 hidden units, all images": (3, rows, 16),
    "128 hidden units, 400 images": (128, fewer, 144),
    "128 hidden units, all images": (128, rows, 16),
}
fits = {}
for name, (units, data, epochs) in settings.items():
    _, fits[name] = fit(network(784, units, 10), lesson.Adam(), 3e-3, epochs, 50, data)

figure = Figure(figsize=(10, 3.8), layout="constrained")
for (name, losses), axes in zip(fits.items(), figure.subplots(1, 3, sharey=True), strict=True):
    steps = 1152 * (losses.index + 1) / len(losses)
    axes.plot(steps, losses["training"], "--", color=BLUE, linewidth=2, label="training")
    axes.plot(steps, losses["validation"], color=ORANGE, linewidth=2, label="validation")
    axes.set(title=name, xlabel="step", yscale="log")
    axes.grid(color="#DDDDDD", linewidth=0.6)
figure.axes[0].set_ylabel("cross-entropy (nat)")
figure.axes[0].legend(frameon=False)
picture(
    figure,
    "Losses by step: both high and close for the small network; training falls towards zero and validation rises for "
    "few images; both low for all images.",
)

# %% tags=["prose"]
under, over, good = (losses.iloc[-1] for losses in fits.values())
lowest = fits["128 hidden units, 400 images"]["validation"].min()
prose(
    """
    The small network **underfits**: {under_train:.2f} nat in training and {under_valid:.2f} in validation, both high.
    The large one on few images **overfits**: {over_train:.4f} in training, while its validation loss rose from
    {lowest:.2f} to {over_valid:.2f}. On all images the same network has {good_valid:.2f} after as many steps: more
    data help against overfitting, a larger network against underfitting.
    """,
    claims={
        "the small one is worse in training than the large one": under["training"]
        > 3 * good["training"],
        "its two losses are close": under["validation"] < 1.3 * under["training"],
        "the large one memorizes few images": over["training"] < 0.05 * over["validation"],
        "its validation loss rises": over["validation"] > 1.03 * lowest,
        "more data help": good["validation"] < 0.7 * over["validation"],
    },
    within=0.5,
    under_train=under["training"],
    under_valid=under["validation"],
    over_train=over["training"],
    lowest=lowest,
    over_valid=over["validation"],
    good_valid=good["validation"],
)

# %% [markdown] facts=["45", "80"]
# ## L1 compared with L2
#
# A **penalty** on the weights is added to the loss: L1 is $\lambda \sum |w|$, L2 is $\lambda \sum w^2$. Their slopes
# differ: that of L2 is $2 \lambda w$ and fades near zero, that of L1 is $\pm\lambda$ down to zero. What does this do
# to columns that have nothing to do with the target? A GENERATED table: five columns matter, 45 do not, and there are
# only 80 training rows. $\lambda$ is chosen on rows of its own.

# %%
random = np.random.default_rng(0)
true_weights = np.zeros(50)
true_weights[:5] = [3, -2, 2, -1.5, 1]
table = random.normal(size=(480, 50)).astype("float32")
targets = (table @ true_weights + random.normal(size=480))[:, None].astype("float32")


def linear(l1=0.0, l2=0.0):
    """The weights of a linear neuron, and its squared error on rows that choose and rows that test."""
    layer = lesson.Dense(50, 1, "linear", "zeros", l1=l1, l2=l2)
    made = lesson.Network([layer], lesson.SquaredError(), random)
    optimizer = lesson.SGD()
    for step in range(2000):
        made.loss_and_gradient(table[:80], targets[:80])
        optimizer.step(made.parameters, made.gradient, 0.1 * (1 - step / 2000))
    errors = np.square(made.forward(table) - targets)
    return layer.kernel[:, 0].copy(), float(errors[80:280].mean()), float(errors[280:].mean())


strengths = (0.01, 0.03, 0.1, 0.3, 1.0)
penalized = {
    "no penalty": linear(),
    "L2": min((linear(l2=strength) for strength in strengths), key=lambda each: each[1]),
    "L1": min((linear(l1=strength) for strength in strengths), key=lambda each: each[1]),
}
figure = Figure(figsize=(10, 3.4), layout="constrained")
for (name, (found, _, _)), axes in zip(
    penalized.items(), figure.subplots(1, 3, sharey=True), strict=True
):
    axes.bar(
        np.arange(50), found, color=[BLUE if weight else ORANGE for weight in true_weights]
    )
    axes.plot(
        np.arange(5), true_weights[:5], "_", color="black", markersize=9, markeredgewidth=2
    )
    axes.set(title=name, xlabel="column (blue: it matters)")
    axes.axhline(0, color=GREY, linewidth=0.8)
figure.axes[0].set_ylabel("weight (dash: the true one)")
picture(
    figure,
    "Weights of 50 columns: without a penalty and with L2 the 45 irrelevant columns have weights of all sizes; with L1 "
    "they are nearly all zero.",
)

# %% tags=["prose"]
zeros = {
    name: int((np.abs(found[5:]) < 0.01).sum()) for name, (found, _, _) in penalized.items()
}
errors = {name: error for name, (_, _, error) in penalized.items()}
prose(
    """
    Of the {irrelevant} irrelevant columns {zeros_none:.0f} have a weight below `0.01` without a penalty,
    {zeros_l2:.0f} with L2 and **{zeros_l1:.0f}** with L1. The squared error on new rows is {error_none:.2f},
    {error_l2:.2f} and {error_l1:.2f}; the noise has a variance of one. L2 makes the weights smaller, L1 selects
    columns.
    """,
    claims={
        "L1 makes weights zero": zeros["L1"] > 30,
        "L2 does not": zeros["L2"] < 10,
        "L1 predicts best here": errors["L1"] < 0.7 * min(errors["L2"], errors["no penalty"]),
        "L2 makes weights smaller": np.abs(penalized["L2"][0]).sum()
        < np.abs(penalized["no penalty"][0]).sum(),
    },
    within=0.3,
    irrelevant=int((true_weights == 0).sum()),
    zeros_none=float(zeros["no penalty"]),
    zeros_l2=float(zeros["L2"]),
    zeros_l1=float(zeros["L1"]),
    error_none=errors["no penalty"],
    error_l2=errors["L2"],
    error_l1=errors["L1"],
)

# %% [markdown]
# ## Dropout, with Keras
#
# **Dropout** sets a random fraction of a layer's outputs to zero in each training step, and scales the others up so
# that their mean stays the same. The idea is that no unit can rely on another. Train the large network on the few
# images with plain Keras, without dropout and with a rate of one half. Keras reports the training loss with dropout; a
# callback measures the training images without it.


# %%
def with_dropout(rate):
    """Losses of training images, without dropout, and of validation after each epoch; and the network."""
    keras.utils.set_random_seed(config.seed)
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal"),
            keras.layers.Dropout(rate),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), "categorical_crossentropy", metrics=["accuracy"])
    measured = []

    def measure(_epoch, _logs):
        measured.append(model.evaluate(*fewer, batch_size=400, verbose=0)[0])

    history = model.fit(
        *fewer,
        validation_data=held_out,
        batch_size=50,
        epochs=40,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=measure)],
    )
    losses = pd.DataFrame({"training": measured, "validation": history.history["val_loss"]})
    return losses, history.history["val_accuracy"][-1]


dropped = {rate: with_dropout(rate) for rate in (0.0, 0.5)}
figure = Figure(figsize=(9, 3.6), layout="constrained")
for (rate, (losses, _)), axes in zip(
    dropped.items(), figure.subplots(1, 2, sharey=True), strict=True
):
    axes.plot(
        losses.index + 1, losses["training"], "--", color=BLUE, linewidth=2, label="training"
    )
    axes.plot(
        losses.index + 1, losses["validation"], color=ORANGE, linewidth=2, label="validation"
    )
    axes.set(title=f"dropout {rate:g}", xlabel="epoch", yscale="log")
    axes.grid(color="#DDDDDD", linewidth=0.6)
figure.axes[0].set_ylabel("cross-entropy (nat)")
figure.axes[0].legend(frameon=False)
picture(
    figure,
    "Two panels: without dropout the training loss falls far below the validation loss, which rises again; "
    "with dropout the training loss falls more slowly and the validation loss stays lower.",
)

# %% tags=["prose"]
(plain, plain_right), (half, half_right) = dropped.values()
prose(
    """
    After {epochs} epochs the validation loss is {plain:.2f} nat without dropout and **{half:.2f}** with it; the
    training loss is {plain_train:.4f} and {half_train:.4f}. The accuracy is {plain_right:.1%} and {half_right:.1%}.
    """,
    claims={
        "dropout lowers the validation loss": half["validation"].iloc[-1]
        < plain["validation"].iloc[-1],
        "training images are memorized less": half["training"].iloc[-1]
        > plain["training"].iloc[-1],
    },
    within=0.5,
    epochs=len(plain),
    plain=plain["validation"].iloc[-1],
    half=half["validation"].iloc[-1],
    plain_train=plain["training"].iloc[-1],
    half_train=half["training"].iloc[-1],
    plain_right=plain_right,
    half_right=half_right,
)

# %% [markdown] facts=["3"]
# ### Then and now
#
# Lines of the courses that concern this notebook. The page [Course code in Keras 3](COURSE_CODE.md) has many more,
# with their errors.
#
# | then | now |
# | --- | --- |
# | `SGD(lr=0.01, decay=1e-6, momentum=0.9)` | `SGD(schedule, momentum=0.9)`, with a schedule as the learning rate |
# | `Adam(lr=0.001)` | `Adam(learning_rate=0.001)` |
# | `Dense(128, init="he_normal")` | `Dense(128, kernel_initializer="he_normal")` |
# | `Dense(128, W_regularizer=l2(0.01))` | `Dense(128, kernel_regularizer=keras.regularizers.L2(0.01))` |
# | `tf.nn.dropout(x, keep_prob=0.8)` | `keras.layers.Dropout(0.2)`: the rate is what is dropped |
# | `model.fit(…, nb_epoch=10)` | `model.fit(…, epochs=10)` |
#
# The lab's command has all of these as options, in NumPy or with `--network keras` in Keras:
# `python -m labs.foundations --data mnist-5k --optimizer adam --dropout 0.5 --l1 1e-5`.
#
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again.
#
# **1. How deep can a network of sigmoids be?** The accuracy of one, two, four and six hidden layers after the same
# training:

# %% tags=["try"]
by_depth = {}
for depth in (1, 2, 4, 6):
    made = network(784, *[64] * depth, 10, activation="sigmoid", init="glorot")
    fit(made, lesson.SGD(momentum=0.9), 0.1, epochs=8)
    by_depth[depth] = accuracy_of(made)
print({depth: f"{right:.0%}" for depth, right in by_depth.items()})

# %% tags=["prose"]
prose(
    """
    One hidden layer reaches {shallow:.0%}, {deepest} hidden layers only {deep:.0%}.
    """,
    claims={"deep networks of sigmoids learn less": by_depth[6] < by_depth[1] - 0.3},
    within=0.5,
    shallow=by_depth[1],
    deepest=max(by_depth),
    deep=by_depth[6],
)

# %% [markdown]
# **2. How much momentum?** In the valley, with the learning rate of gradient descent. Is more always better?

# %% tags=["try"]
by_momentum, swings = {}, {}
for fraction in (0.0, 0.5, 0.9, 0.99):
    path = lesson.descend(lesson.SGD(momentum=fraction), 0.002)
    by_momentum[fraction] = float(lesson.height(path[-1]))
    from_floor = path[:, 1] - path[:, 0] ** 2
    swings[fraction] = float(np.abs(from_floor[100:]).max())
    print(
        f"momentum {fraction}: J = {by_momentum[fraction]:.3g} after {len(path) - 1} steps,",
        end=" ",
    )
    print(f"in the second half up to {swings[fraction]:.2g} beside the floor")

# %% tags=["prose"]
prose(
    """
    From no momentum to {some:g}, $J$ falls from {none:.1f} to {good:.2g}. With {most:g} it is {much:.2g}:
    in the second half of its path it still swings up to {swing:.1f} away from the floor of the valley, with {some:g} at
    most {calm:.2f}.
    """,
    claims={
        "momentum helps": by_momentum[0.9] < 0.1 * by_momentum[0.0],
        "too much is worse": by_momentum[0.99] > by_momentum[0.9],
        "it swings": swings[0.99] > 10 * swings[0.9],
    },
    within=0.2,
    some=sorted(by_momentum)[-2],
    none=by_momentum[0.0],
    good=by_momentum[0.9],
    most=max(by_momentum),
    much=by_momentum[0.99],
    swing=swings[0.99],
    calm=swings[0.9],
)

# %% [markdown]
# **3. How strong a penalty?** For each strength of L1: the error on new rows, the irrelevant columns that are zero,
# and the relevant ones that are still there.

# %% tags=["try"]
by_strength = {}
for strength in (0.0, 0.03, 0.3, 1.0, 3.0):
    found, _, error = linear(l1=strength)
    zero = np.abs(found) < 0.01
    by_strength[strength] = {
        "error": error,
        "irrelevant, zero": int(zero[5:].sum()),
        "relevant, not zero": int((~zero[:5]).sum()),
    }
by_strength = pd.DataFrame(by_strength).T
by_strength.round(2)

# %% tags=["prose"]
error_by_strength = by_strength["error"]
prose(
    """
    The error is lowest at {best:g} ({lowest:.2f}). A stronger penalty of {most:g} sets more weights to zero, but only
    {left:.0f} of the five relevant columns are left, and the error is {largest:.1f}.
    """,
    claims={
        "there is a best strength in the middle": 0 < error_by_strength.idxmin() < 3.0,
        "a strong penalty harms": error_by_strength[3.0] > 2 * error_by_strength.min(),
    },
    within=0.2,
    best=float(error_by_strength.idxmin()),
    lowest=error_by_strength.min(),
    most=max(by_strength.index),
    left=float(by_strength["relevant, not zero"].iloc[-1]),
    largest=error_by_strength.iloc[-1],
)

# %% [markdown]
# ## Summary
#
# - The learning rate comes first: too small is slow, too large diverges. Every optimizer has one, Adam too.
# - Small batches take more steps per epoch; the error of their gradient falls with the root of their rows.
# - Sigmoids make gradients vanish, because their slope is small. ReLU, and initial weights scaled by the number of
#   inputs, keep them.
# - Momentum averages steps; Adam also divides by the size of the gradients. In a narrow valley, both arrive first.
# - Compare training and validation loss. More data and dropout help against overfitting; L1 selects columns.
#
# More on this lab: [its page](../labs/foundations/README.md), with bike rentals, admissions and the comparison of the
# library with Keras.
