# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Foundations: from the neuron to the network
#
# What does a neural network compute, and how does it find its weights? In this notebook you write one in NumPy, line
# by line: **tensors**, a **neuron**, the **forward pass**, the **loss**, **gradient descent**, and
# **back-propagation**. At each step Keras and TensorFlow compute the same, and you compare the numbers.
#
# Some exercises start with a formula or a number from the notes of a well-known course that is wrong. You find out
# why.
#
# You need a little Python, the product of matrices and the derivative. Run the cells from top to bottom; this takes
# about half a minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.foundations import lesson

lab = lesson.lab
config = lab.preset("quick", data="points")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## Tensors
#
# The data are points of a plane, red or green. A curve divides the colours, and a few points are on the wrong side of
# it. They are generated, so that you can see what a network does with them.
#
# A network takes and returns **tensors**: arrays of numbers. A tensor has a **shape**, the length of each of its axes,
# a **rank**, the number of its axes, and a **dtype**, the type of its numbers.

# %%
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure

from labs.exercises import check
from utils.runs import harness

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
train, validation, test = splits.train, splits.validation, splits.test
tensors = {
    "a scalar": np.array(12.0),
    "a vector: one point": train.inputs[0],
    "a matrix: all training points": train.inputs,
    "one colour image": np.zeros((28, 28, 3), "uint8"),
}
pd.DataFrame(
    {name: [each.ndim, each.shape, each.dtype] for name, each in tensors.items()},
    index=["rank", "shape", "dtype"],
).T

# %% [markdown] facts=["32"]
# ### Exercise: a batch of images
#
# The notes of a course say that a batch of grey images is a three-dimensional tensor. What is the rank of a batch of
# 32 images of $28 \times 28$ pixels with one channel, as a convolutional layer of Keras takes it?

# %% tags=["exercise"]
image_batch = None
### BEGIN SOLUTION
image_batch = np.zeros((32, 28, 28, 1)).ndim
### END SOLUTION

# %% tags=["check"]
check("foundations_neuron.image_batch", image_batch)

# %% [markdown]
# **Slicing** takes a part of a tensor. The first axis usually counts the rows of a batch:

# %%
points, colours = train.inputs, train.targets
slices = {
    "points[10:14]": points[10:14],
    "points[:, 0]": points[:, 0],
    "points[-1]": points[-1],
    "points[colours == 1]": points[colours == 1],
    "points[:, None, :]": points[:, None, :],
}
pd.DataFrame({name: [each.shape] for name, each in slices.items()}, index=["shape"]).T

# %% [markdown]
# **Reshaping** gives the same numbers other axes, in the same order. It is not the same as transposing. A dense layer
# takes images as rows: `images.reshape(len(images), -1)`.

# %%
small = np.arange(6).reshape(2, 3)
print(small, small.reshape(3, 2), small.T, sep="\n\n")

# %% [markdown]
# **Broadcasting** repeats a tensor along an axis so that two shapes fit. Shapes are compared from the last axis
# backwards; an axis of length one is repeated, and so is a missing one. This adds a bias to all rows of a batch
# without a loop. It also hides errors: the two shapes of the second line fit, too.

# %%
centred = points - points.mean(axis=0)
print(points.shape, "-", points.mean(axis=0).shape, "=", centred.shape)
truth = colours.astype("float32")  # (rows,)
guesses = np.full(
    (len(truth), 1), truth.mean(), "float32"
)  # (rows, 1), as a network returns them
guesses[:] = truth[:, None]  # let every prediction be right
wrong = truth - guesses
right = truth[:, None] - guesses
print(truth.shape, "-", guesses.shape, "=", wrong.shape)

# %% tags=["prose"]
prose(
    """
    Every prediction is right, so the mean squared error is {zero:g}. With the shape `(rows, rows)` it is
    **{error:.2f}**: each prediction was compared with the targets of all rows, and there was no error message. Print
    the shape of a difference before you take its mean.
    """,
    claims={
        "the right shapes give zero": float(np.square(right).mean()) == 0,
        "the wrong ones do not": float(np.square(wrong).mean()) > 0.1,
    },
    zero=float(np.square(right).mean()),
    error=float(np.square(wrong).mean()),
)

# %% [markdown]
# ### The geometry of a dense layer
#
# A dense layer computes $y = f(x W + b)$ for all rows $x$. In the plane you can see what each part does. The matrix
# $W$ rotates, stretches or shears, the bias $b$ shifts, and all three keep straight lines straight. The activation
# $f$ does not: **ReLU** sets negative numbers to zero, and two ReLU units that are added fold the plane like a sheet
# of paper.

# %%
angle = np.pi / 6
turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
shear = np.array([[1, 0], [0.7, 1]])


def fold(x):
    """Two ReLU units, of x1 and of -x1, and their sum: the left half is folded to the right."""
    return np.stack([np.maximum(x[:, 0], 0) + np.maximum(-x[:, 0], 0), x[:, 1]], axis=1)


shapes = {
    "the plane": lambda x: x,
    "rotate: x W": lambda x: x @ turn,
    "shear: x W": lambda x: x @ shear,
    "shift: x + b": lambda x: x + np.array([0.6, 0.4]),
    "ReLU(x)": lambda x: np.maximum(x, 0),
    "fold: ReLU(x1) + ReLU(−x1)": fold,
}
along = np.linspace(-1, 1, 41)
letter = np.array(
    [[-0.75, -0.8], [-0.75, 0.8], [-0.2, 0.8], [-0.75, 0.8], [-0.75, 0.1], [-0.3, 0.1]]
)
figure = Figure(figsize=(9, 6), layout="constrained")
for (title, shape), axes in zip(shapes.items(), figure.subplots(2, 3).flat, strict=True):
    for at in np.linspace(-1, 1, 9):
        axes.plot(*shape(np.stack([np.full(41, at), along], 1)).T, color=BLUE, linewidth=1)
        axes.plot(*shape(np.stack([along, np.full(41, at)], 1)).T, color=ORANGE, linewidth=1)
    axes.plot(*shape(letter).T, color="black", linewidth=4)
    axes.set(
        title=title, xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), xticks=[-1, 0, 1], yticks=[-1, 0, 1]
    )
    axes.set_aspect("equal")
picture(
    figure,
    "A grid with the letter F: as it is, rotated, sheared, shifted, with negative coordinates set to zero, and folded "
    "so that the left half lies on the right half.",
)

# %% [markdown]
# Are several layers more than one? Compose two layers, without an activation and with ReLU between them, and look for
# the single matrix that does the same by least squares:

# %%
random = np.random.default_rng(0)
first, second = random.normal(size=(2, 8)), random.normal(size=(8, 2))
composed = {
    "without": points @ first @ second,
    "with ReLU": np.maximum(points @ first, 0) @ second,
}
left = {}
for name, outputs in composed.items():
    single = np.linalg.lstsq(np.c_[points, np.ones(len(points))], outputs)[0]  # with a bias
    left[name] = np.abs(np.c_[points, np.ones(len(points))] @ single - outputs).max()

# %% tags=["prose"]
prose(
    """
    Without an activation a single layer reproduces both: it differs by at most {linear:.0e}. With ReLU between them
    the best single layer is off by up to **{folded:.2f}**. The activation is what makes a network more than a matrix.
    """,
    claims={
        "linear layers are one layer": left["without"] < 1e-4,
        "with ReLU they are not": left["with ReLU"] > 0.1,
    },
    within=20.0,
    linear=left["without"],
    folded=left["with ReLU"],
)

# %% [markdown]
# ## One neuron and its bias
#
# A neuron weights its inputs, adds a bias, and applies an activation:
#
# $$h = w_1 x_1 + w_2 x_2 + b \qquad y = \sigma(h) = \frac{1}{1 + e^{-h}}$$
#
# The **sigmoid** $\sigma$ makes a number between zero and one of $h$: the probability of green. It is one half where
# $h = 0$, and this is a straight line. Train three networks with Keras: a neuron without a bias, a neuron with a bias,
# and a network with a hidden layer.


# %%
def curves_of(*layers, rate=0.1, epochs=120):
    """A network trained on the points, and its losses."""
    keras.utils.set_random_seed(config.seed)
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(
        points,
        truth[:, None],
        validation_data=(validation.inputs, validation.targets[:, None]),
        batch_size=90,
        epochs=epochs,
        verbose=0,
    )
    return model, history.history


Dense = keras.layers.Dense
models = {
    "a neuron without a bias": [Dense(1, activation="sigmoid", use_bias=False)],
    "a neuron with a bias": [Dense(1, activation="sigmoid")],
    "a hidden layer of 8": [Dense(8, activation="tanh"), Dense(1, activation="sigmoid")],
}
trained = {name: curves_of(*layers) for name, layers in models.items()}

figure = Figure(figsize=(10, 3.7), layout="constrained")
for (name, (model, _)), axes in zip(trained.items(), figure.subplots(1, 3), strict=True):
    filled = lesson.boundary(axes, lambda plane, model=model: model(plane).numpy()[:, 0])
    lesson.coloured(axes, test.inputs, test.targets)
    axes.set_title(name)
figure.colorbar(filled, ax=figure.axes, label="probability of green")
figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
picture(
    figure,
    "Red and green points with three decision boundaries: a line through the origin, a line anywhere, "
    "and a curve that follows the dotted parabola between the colours.",
)

# %% tags=["prose"]
accuracies = {
    name: float((model(test.inputs).numpy()[:, 0].round() == test.targets).mean())
    for name, (model, _) in trained.items()
}
without, neuron, curved = accuracies.values()
at_origin = trained["a neuron without a bias"][0](np.zeros((1, 2), "float32")).numpy().item()
prose(
    """
    The solid line is where both colours are equally probable, and the dotted curve is the one with which the points
    were generated. The neuron without a bias says {half:.1f} at the origin whatever its weights are: its line passes
    through it. With a bias the line may be anywhere. Either is a **linear** decision boundary. The hidden layer makes
    it **curved**: {curved:.0%} of the test points are on the right side, with the lines {without:.0%} and
    {neuron:.0%}.
    """,
    claims={
        "without a bias the probability at the origin is one half": at_origin == 0.5,
        "the bias helps": neuron > without,
        "the curve helps": curved > neuron + 0.05,
    },
    within=0.1,
    half=at_origin,
    without=without,
    neuron=neuron,
    curved=curved,
)

# %% [markdown] facts=["2", "8", "4"]
# ## The forward pass of 2-8-4-2
#
# A network is several layers, one after the other: the outputs of one are the inputs of the next. This one has 2
# inputs, two hidden layers of 8 and 4 units, and 2 outputs, one per colour. All rows of a batch pass at once, as a
# product of matrices.
#
# ### Exercise: one layer
#
# `x` is (rows, inputs), `W` is (inputs, units) and `b` is (units,). Return the outputs of a layer with a sigmoid.


# %% tags=["exercise"]
def forward(x, W, b):
    ### BEGIN SOLUTION
    return 1 / (1 + np.exp(-(x @ W + b)))
    ### END SOLUTION


# %% tags=["check"]
check("foundations_neuron.forward", forward)

# %%
pairs = [(2, 8), (8, 4), (4, 2)]
weights = [random.normal(0, before**-0.5, (before, after)) for before, after in pairs]
biases = [np.zeros(after) for _, after in pairs]
values = points[:5].astype("float64")
passed = {"inputs": values.shape}
for number, (W, b) in enumerate(zip(weights, biases, strict=True), 1):
    values = lesson.ACTIVATIONS["softmax" if number == 3 else "tanh"].value(values @ W + b)
    passed[f"layer {number}"] = values.shape
print(passed)
print(values.round(3))

# %% [markdown] facts=["2", "8", "4"]
# The last layer has a **softmax**: its outputs are probabilities, and those of a row add up to one. Nothing is trained
# yet, so they mean nothing.
#
# ### Exercise: count
#
# How many parameters, weights and biases, does the network 2-8-4-2 have?

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
parameters = (2 * 8 + 8) + (8 * 4 + 4) + (4 * 2 + 2)
### END SOLUTION

# %% tags=["check"]
check("foundations_neuron.parameters", parameters)

# %% [markdown]
# ### Exercise: softmax
#
# The notes of a course give `[.51, .18, .31]` as the softmax of the scores `[1.66, .55, .98]`. Program it,
#
# $$p_k = \frac{e^{z_k}}{\sum_m e^{z_m}}$$
#
# and compare. Your function must also work for scores in the thousands: a constant that is added to all scores
# cancels.


# %% tags=["exercise"]
def softmax(scores):
    ### BEGIN SOLUTION
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()
    ### END SOLUTION


# %% tags=["check"]
check("foundations_neuron.softmax", softmax)

# %% [markdown]
# ## The loss
#
# The **loss** says with one number how wrong the predictions are. Training makes it small.
#
# | loss | of a row | for |
# | --- | --- | --- |
# | squared error | $(y - \hat y)^2$ | numbers |
# | binary cross-entropy | $-y \ln \hat y - (1 - y) \ln(1 - \hat y)$ | two classes, one output |
# | categorical cross-entropy | $-\ln \hat y_k$ of the true class $k$ | several classes, one output each |
#
# The loss of a batch is the mean over its rows. Both cross-entropies are the same idea: they depend on the probability
# of the true class only.
#
# ### Exercise: cross-entropy
#
# Notes differ in the sign and in the logarithm. `probability` is that of the true class. Return the cross-entropy of
# the row, in nat.


# %% tags=["exercise"]
def cross_entropy(probability):
    ### BEGIN SOLUTION
    return -np.log(probability)
    ### END SOLUTION


# %% tags=["check"]
check("foundations_neuron.cross_entropy", cross_entropy)

# %% [markdown]
# Which loss is better for classes? Let the true class be one, and let $h$ be the weighted input of the sigmoid. Left
# are the losses, right their slopes by $h$, as differences of neighbouring values: the slope is what training gets.

# %%
h = np.linspace(-8, 8, 401)
guess = lesson.sigmoid(h)
losses = {"squared error": (1 - guess) ** 2, "cross-entropy": -np.log(guess)}
figure = Figure(figsize=(9, 3.6), layout="constrained")
left_axes, right_axes = figure.subplots(1, 2)
for (name, loss), style in zip(losses.items(), ("--", "-"), strict=True):
    left_axes.plot(h, loss, style, color=BLUE if style == "-" else ORANGE, label=name)
    right_axes.plot(h, np.gradient(loss, h), style, color=BLUE if style == "-" else ORANGE)
left_axes.set(xlabel="weighted input h (the truth is 1)", ylabel="loss")
left_axes.legend(frameon=False)
right_axes.set(xlabel="weighted input h (the truth is 1)", ylabel="slope of the loss")
picture(
    figure,
    "Left: for a wrong prediction cross-entropy rises in a straight line, squared error levels off at 1. "
    "Right: there the slope of cross-entropy is −1, that of squared error 0.",
)

# %% tags=["prose"]
slopes = {name: float(np.gradient(loss, h)[0]) for name, loss in losses.items()}
prose(
    """
    At $h = {h:g}$ the prediction is wrong and certain. The slope of cross-entropy is {cross:.2f} there, that of squared
    error {squared:.4f}: **a confident mistake is hardly corrected**. The slope of squared error contains that of the
    sigmoid as a factor, which is flat there; in the slope of cross-entropy it cancels.
    """,
    claims={
        "cross-entropy has a slope there": slopes["cross-entropy"] < -0.99,
        "squared error has hardly any": abs(slopes["squared error"]) < 0.001,
        "its slope contains that of the sigmoid, the other one does not": np.allclose(
            np.gradient(losses["squared error"], h),
            2 * (guess - 1) * np.gradient(guess, h),
            atol=1e-3,
        )
        and np.allclose(np.gradient(losses["cross-entropy"], h), guess - 1, atol=0.01),
    },
    h=float(h[0]),
    cross=slopes["cross-entropy"],
    squared=slopes["squared error"],
)

# %% [markdown]
# ### Exercise: the error term
#
# Minus the slope of the loss by $h$ is the **error term** of a neuron: gradient descent adds learning rate × error term
# × input to its weights. The notes of a course give $(y - \hat y)\, \sigma'(h)$ for a sigmoid trained with
# cross-entropy. Derive it, look at the plot, and return the right one for arrays `y` and `y_hat` of the same shape.


# %% tags=["exercise"]
def error_term(y, y_hat):
    ### BEGIN SOLUTION
    return y - y_hat
    ### END SOLUTION


# %% tags=["check"]
check("foundations_neuron.error_term", error_term)

# %% [markdown]
# ## Gradient descent
#
# The slope tells in which direction the loss rises. **Gradient descent** goes the other way, by the slope times the
# **learning rate** $\eta$:
#
# $$w \leftarrow w - \eta \frac{dJ}{dw}$$
#
# ### Exercise: two steps
#
# $J(w) = (w - 3)^2$. Start at $w = 5$ with the learning rate $0.1$. What is $w$ after two steps?

# %% tags=["exercise"]
gradient_descent = None
### BEGIN SOLUTION
w = 5
for _ in range(2):
    w = w - 0.1 * 2 * (w - 3)
gradient_descent = w
### END SOLUTION

# %% tags=["check"]
check("foundations_neuron.gradient_descent", gradient_descent)

# %%
position, descended = 5.0, []
for step in range(11):
    descended.append({"step": step, "w": position, "J": (position - 3) ** 2})
    position -= 0.1 * 2 * (position - 3)
descended = pd.DataFrame(descended).set_index("step")
along = np.linspace(0.5, 5.5, 100)
figure = Figure(figsize=(6.4, 3.6), layout="constrained")
axes = figure.subplots()
axes.plot(along, (along - 3) ** 2, color=GREY)
axes.plot(descended["w"], descended["J"], "o-", color=RED, markersize=7)
axes.set(xlabel="weight w", ylabel="loss J(w)")
picture(
    figure, "A parabola with points that come down its right side in steps that get shorter."
)
descended.head(3).round(2)

# %% tags=["prose"]
prose(
    """
    The loss falls from {first:.0f} over {second:.2f} to {third:.2f}. Each step multiplies the distance from the minimum
    by {factor:.1f}, because the slope is proportional to the distance.
    """,
    claims={
        "the steps are those of the course": descended["w"].head(3).round(2).tolist()
        == [5.0, 4.6, 4.28],
        "the distance shrinks by the same factor": np.allclose(
            (descended["w"].to_numpy()[1:] - 3) / (descended["w"].to_numpy()[:-1] - 3), 0.8
        ),
    },
    first=descended["J"][0],
    second=descended["J"][1],
    third=descended["J"][2],
    factor=(descended["w"][1] - 3) / (descended["w"][0] - 3),
)

# %% [markdown]
# ## The chain rule
#
# A network is a chain of functions, and the derivative of a chain is the product of the derivatives of its links. One
# weight, one neuron, squared error:
#
# $$h = w x + b \qquad \hat y = \sigma(h) \qquad J = (\hat y - y)^2$$
#
# $$\frac{dJ}{dw} = \frac{dJ}{d\hat y} \cdot \frac{d\hat y}{dh} \cdot \frac{dh}{dw}
# = 2 (\hat y - y) \cdot \hat y (1 - \hat y) \cdot x$$
#
# TensorFlow finds the same derivative by recording the links in a `GradientTape`. And you can always check a derivative
# with a small difference:

# %%
x, y, w_start, b = 1.5, 1.0, 0.4, -0.2


def loss_of(w):
    return (lesson.sigmoid(np.float64(w * x + b)) - y) ** 2


y_hat = lesson.sigmoid(np.float64(w_start * x + b))
by_chain = 2 * (y_hat - y) * y_hat * (1 - y_hat) * x
by_difference = (loss_of(w_start + 1e-5) - loss_of(w_start - 1e-5)) / 2e-5
variable = tf.Variable(w_start, dtype="float64")
with tf.GradientTape() as tape:
    recorded = (tf.sigmoid(variable * x + b) - y) ** 2
by_tape = tape.gradient(recorded, variable).numpy()
pd.Series({"chain rule": by_chain, "GradientTape": by_tape, "difference": by_difference})

# %% [markdown]
# ## Back-propagation by hand
#
# With a hidden layer the chain gets longer, and **back-propagation** computes it from the end: the error term of a unit
# is that of the units after it, weighted by the connections, times the slope of its own activation.
#
# ### Exercise: the error of hidden units
#
# `error` is the error term of the single output, `w` (units,) are the weights from the hidden units to it, and `a`
# (units,) are the outputs of the hidden sigmoids. Return the error terms of the hidden units.


# %% tags=["exercise"]
def hidden_error(error, w, a):
    ### BEGIN SOLUTION
    return error * w * a * (1 - a)
    ### END SOLUTION


# %% tags=["check"]
check("foundations_neuron.hidden_error", hidden_error)

# %% [markdown]
# Udacity's project *Your first neural network* comes with a unit test: three inputs, two hidden sigmoid units, one
# linear output, learning rate `0.5`, one row. Here is its step, in the order of the passes:

# %%
row, target, rate = np.array([[0.5, -0.2, 0.1]]), 0.4, 0.5
to_hidden = np.array([[0.1, -0.2], [0.4, 0.5], [-0.3, 0.2]])
to_output = np.array([[0.3], [-0.1]])

hidden = lesson.sigmoid(row @ to_hidden)  # forward
output = hidden @ to_output

output_error = target - output  # backward
hidden_terms = output_error @ to_output.T * hidden * (1 - hidden)

to_output = to_output + rate * hidden.T @ output_error  # one step
to_hidden = to_hidden + rate * row.T @ hidden_terms
print("to the output:", to_output.ravel().round(8))
print("to the hidden units:", to_hidden.round(8).tolist())

# %% tags=["prose"]
prose(
    """
    The test expects `[0.37275328, -0.03172939]` for the weights to the output. It also expects the output
    `0.09998924` before the step: it was {before:.8f}, and is {after:.4f} after it, nearer to the target {target:g}.
    """,
    claims={
        "the weights are those of the unit test": np.allclose(
            to_output.ravel(), [0.37275328, -0.03172939], atol=5e-9
        ),
        "the output is that of the unit test": abs(output.item() - 0.09998924) < 5e-9,
        "the output came nearer": abs(
            (lesson.sigmoid(row @ to_hidden) @ to_output).item() - target
        )
        < abs(output.item() - target),
    },
    before=output.item(),
    after=(lesson.sigmoid(row @ to_hidden) @ to_output).item(),
    target=target,
)

# %% [markdown]
# ## A layer and a network: NaiveDense and NaiveSequential
#
# Chollet's book builds both in a few lines, with a `GradientTape` for the gradients. Here they have a backward pass of
# their own. A layer keeps what its backward pass needs, fills its gradients, and passes on the gradient by its inputs:


# %%
class NaiveDense:
    """(rows, inputs) to (rows, units)."""

    def __init__(self, inputs, units, activation, random):
        self.W = random.normal(0, inputs**-0.5, (inputs, units))
        self.b = np.zeros(units)
        self.activation = activation

    def __call__(self, x):
        """The outputs of a batch; keeps what the backward pass needs."""
        self.x = x
        self.y = lesson.ACTIVATIONS[self.activation].value(x @ self.W + self.b)
        return self.y

    def backward(self, gradient):
        """From the gradient by the outputs to that by the inputs."""
        if self.activation == "tanh":
            gradient = gradient * (1 - self.y**2)
        # For softmax with cross-entropy, the gradient is already that by the weighted inputs.
        self.gradient_W = self.x.T @ gradient
        self.gradient_b = gradient.sum(axis=0)
        return gradient @ self.W.T


class NaiveSequential:
    """Layers, one after the other."""

    def __init__(self, layers):
        self.layers = layers

    def __call__(self, x):
        """The outputs of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, gradient):
        """From the gradient by the outputs to the gradients of all layers."""
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)


# %% [markdown]
# ### One step
#
# Forward, loss, backward, update:


# %%
def one_step(network, x, truth, rate):
    """A gradient step on a batch; returns the loss before it."""
    probabilities = network(x)
    loss = -np.log((probabilities * truth).sum(axis=1)).mean()
    network.backward((probabilities - truth) / len(x))
    for layer in network.layers:
        layer.W -= rate * layer.gradient_W
        layer.b -= rate * layer.gradient_b
    return loss


random = np.random.default_rng(config.seed)
naive = NaiveSequential(
    [
        NaiveDense(2, 8, "tanh", random),
        NaiveDense(8, 4, "tanh", random),
        NaiveDense(4, 2, "softmax", random),
    ]
)
one_hot = np.eye(2)[colours]

# The same network in TensorFlow, for its gradients.
variables = [tf.Variable(each) for layer in naive.layers for each in (layer.W, layer.b)]
with tf.GradientTape() as tape:
    values = tf.constant(points.astype("float64"))
    for position in (0, 2, 4):
        values = values @ variables[position] + variables[position + 1]
        values = tf.tanh(values) if position < 4 else values
    recorded = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(one_hot, values))
by_tape = [each.numpy() for each in tape.gradient(recorded, variables)]

before = one_step(naive, points.astype("float64"), one_hot, rate=0.5)
by_hand = [each for layer in naive.layers for each in (layer.gradient_W, layer.gradient_b)]
apart = max(np.abs(one - other).max() for one, other in zip(by_hand, by_tape, strict=True))
after = -np.log((naive(points) * one_hot).sum(axis=1)).mean()
print(f"loss before {before:.4f}, after {after:.4f}; gradients differ by {apart:.0e}")

# %% [markdown]
# ### The full loop
#
# An **epoch** takes all rows once, in a random order, a **batch** at a time:

# %%
shuffled = np.random.default_rng(config.seed)
naive_losses = []
for _ in range(200):
    total = 0.0
    for x_batch, truth_batch in lesson.batches(points, one_hot, 32, shuffled):
        total += one_step(naive, x_batch, truth_batch, rate=0.2) * len(x_batch)
    naive_losses.append(total / len(points))


def accuracy_of(predicted):
    """The fraction of the test points with the right colour."""
    return float((np.asarray(predicted) == test.targets).mean())


naive_accuracy = accuracy_of(naive(test.inputs).argmax(axis=1))

# %% tags=["prose"]
prose(
    """
    The gradients by hand are those of TensorFlow; the largest difference is {apart:.0e}. The first step lowered the
    loss from {before:.3f} to {after:.3f} nat, and {epochs} epochs brought it to {last:.3f}. **{right:.0%}** of the
    test points are classified correctly.
    """,
    claims={
        "the gradients are the same": apart < 1e-12,
        "a step lowers the loss": after < before,
        "so does training": naive_losses[-1] < 0.5 * before,
        "it beats the neuron": naive_accuracy > neuron,
    },
    within=10.0,
    apart=apart,
    before=before,
    after=after,
    epochs=len(naive_losses),
    last=naive_losses[-1],
    right=naive_accuracy,
)

# %% [markdown] facts=["5", "8", "4", "2"]
# ## The same network in the three APIs of Keras
#
# A network for rows of $m = 5$ numbers, with layers of 8 and 4 units and 2 outputs: 5 → 8 → 4 → 2. Keras has three ways
# to write it: `Sequential`, a list of layers; the **functional** API, where a layer is called on the output of another,
# so that a network may branch; and a **subclass** of `keras.Model`, whose `call` is ordinary Python.

# %%
sequential = keras.Sequential(
    [
        keras.Input((5,)),
        keras.layers.Dense(8, activation="tanh"),
        keras.layers.Dense(4, activation="tanh"),
        keras.layers.Dense(2, activation="softmax"),
    ]
)

inputs = keras.Input((5,))
outputs = keras.layers.Dense(8, activation="tanh")(inputs)
outputs = keras.layers.Dense(4, activation="tanh")(outputs)
functional = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(outputs))


class Subclassed(keras.Model):
    """(batch, 5) to (batch, 2)."""

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Dense(8, activation="tanh")
        self.second = keras.layers.Dense(4, activation="tanh")
        self.last = keras.layers.Dense(2, activation="softmax")

    def call(self, x):
        """Rows to probabilities."""
        return self.last(self.second(self.first(x)))


subclassed = Subclassed()
rows = random.normal(size=(16, 5)).astype("float32")
subclassed(rows)  # creates the weights

ours = NaiveSequential(
    [
        NaiveDense(5, 8, "tanh", random),
        NaiveDense(8, 4, "tanh", random),
        NaiveDense(4, 2, "softmax", random),
    ]
)
arrays = [each for layer in ours.layers for each in (layer.W, layer.b)]
differences = {}
for name, model in (
    ("Sequential", sequential),
    ("functional", functional),
    ("subclass", subclassed),
):
    model.set_weights(arrays)
    differences[name] = float(np.abs(model(rows).numpy() - ours(rows)).max())
counts = [model.count_params() for model in (sequential, functional, subclassed)]
pd.Series(differences)

# %% tags=["prose"]
prose(
    """
    With the arrays of `NaiveSequential`, the three predict what it predicts: the largest difference is {apart:.0e},
    which is rounding to float32. All have {parameters} parameters.
    """,
    claims={
        "the four predict the same": max(differences.values()) < 1e-6,
        "they have as many parameters": set(counts) == {sum(each.size for each in arrays)},
    },
    within=10.0,
    apart=max(differences.values()),
    parameters=counts[0],
)

# %% [markdown] facts=["3"]
# ### Then and now
#
# Lines of the courses that concern this notebook. The page [Course code in Keras 3](COURSE_CODE.md) has many more, with
# their errors.
#
# | then | now |
# | --- | --- |
# | `Dense(8, input_dim=5, init="uniform")` | `Input((5,))`, then `Dense(8, kernel_initializer="random_uniform")` |
# | `tf.Session().run(y, feed_dict={x: rows})` | `model(rows)`: operations are executed at once |
# | `tf.gradients(loss, variables)` | `tape.gradient(loss, variables)` in a `tf.GradientTape` |
# | `tf.nn.sigmoid_cross_entropy_with_logits(…)` | the same, or `BinaryCrossentropy(from_logits=True)` |
# | `tf.train.GradientDescentOptimizer(0.1)` | `keras.optimizers.SGD(0.1)` |
#
# ## The same with harness.fit
#
# The command of this lab trains a network of the same kind in NumPy, `labs/foundations/network`, and copies its arrays
# into Keras layers. There, too, the layers have a backward pass written as products of matrices, and all seven
# activations, the losses and the optimizers of the next notebook.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
network = {name: score["value"] for name, score in evaluation.metrics["test"].items()}
results = pd.DataFrame({"harness.fit, in NumPy": network, **evaluation.baselines}).T
keras_model = trained["a hidden layer of 8"][0]
results.loc["NaiveSequential", "accuracy"] = naive_accuracy
results.loc["model.fit", "accuracy"] = accuracy_of(
    keras_model(test.inputs).numpy()[:, 0].round()
)
results[["accuracy", "log_loss"]].round(3)

# %% tags=["prose"]
accuracy = results["accuracy"]
prose(
    """
    The network of the command classifies {command:.0%} of the test points correctly, `model.fit` {fit:.0%} and
    `NaiveSequential` {naive:.0%}; logistic regression, which is one neuron, {linear:.0%}.
    """,
    claims={
        f"{name} is better than a neuron": accuracy[name] > accuracy["logistic_regression"]
        for name in ("harness.fit, in NumPy", "model.fit", "NaiveSequential")
    },
    within=0.1,
    command=accuracy["harness.fit, in NumPy"],
    fit=accuracy["model.fit"],
    naive=accuracy["NaiveSequential"],
    linear=accuracy["logistic_regression"],
)

# %% [markdown]
# The command for this is `python -m labs.foundations --data points --preset quick`.
#
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again. The experiments use the validation
# points, so that the test points choose nothing.


# %%
def tried(hidden, activation="tanh", init="scaled_normal", seed=0, epochs=300):
    """A network of the lab's library after training on the points."""
    generator = np.random.default_rng(seed)
    widths = [2, *hidden]
    layers = [
        lesson.Dense(before, after, activation, init)
        for before, after in zip(widths, hidden, strict=False)
    ]
    layers.append(lesson.Dense(widths[-1], 1, "sigmoid", init))
    made = lesson.Network(layers, lesson.BinaryCrossEntropy(), generator)
    optimizer = lesson.Adam()
    for _ in range(epochs):
        for x_batch, y_batch in lesson.batches(points, truth[:, None], 90, generator):
            made.loss_and_gradient(x_batch, y_batch)
            optimizer.step(made.parameters, made.gradient, 0.02)
    return made


def right_on_validation(made):
    """The fraction of the validation points with the right colour."""
    predicted = made.forward(validation.inputs)[:, 0].round()
    return float((predicted == validation.targets).mean())


# %% [markdown]
# **1. How many hidden units?** Each unit draws one line, and the output combines them. How many lines does this curve
# need?

# %% tags=["try"]
by_units = {units: tried((units,)) for units in (1, 2, 3, 8)}
figure = Figure(figsize=(10, 3), layout="constrained")
for (units, made), axes in zip(by_units.items(), figure.subplots(1, 4), strict=True):
    lesson.boundary(axes, lambda plane, made=made: made.forward(plane)[:, 0])
    axes.set_title(f"hidden units: {units}")
picture(
    figure,
    "Decision boundaries of networks with 1, 2, 3 and 8 hidden units: from a line to the curve.",
)

# %% tags=["prose"]
by_count = {units: right_on_validation(made) for units, made in by_units.items()}
prose(
    """
    One unit draws a line ({one:.0%} on validation); with {many} the boundary follows the curve ({eight:.0%}).
    """,
    claims={"more units are better here": by_count[8] > by_count[1]},
    within=0.1,
    one=by_count[1],
    many=max(by_count),
    eight=by_count[8],
)

# %% [markdown]
# **2. Depth without an activation.** A network with three hidden layers of eight units, linear and with ReLU. Which one
# is better than the neuron?

# %% tags=["try"]
deep = {name: right_on_validation(tried((8, 8, 8), name)) for name in ("linear", "relu")}
deep["one neuron"] = right_on_validation(tried(()))
print(deep)

# %% tags=["prose"]
prose(
    """
    The linear network classifies {linear:.0%} correctly, as the neuron does ({neuron:.0%}); with ReLU it is {relu:.0%}.
    """,
    claims={
        "depth without activation is no gain": deep["linear"] <= deep["one neuron"] + 0.03,
        "with ReLU it is": deep["relu"] > deep["one neuron"] + 0.03,
    },
    within=0.1,
    linear=deep["linear"],
    neuron=deep["one neuron"],
    relu=deep["relu"],
)

# %% [markdown]
# **3. Equal weights.** Let all weights start at one, or at random. How different are the eight hidden units after
# training?

# %% tags=["try"]
starts = {init: tried((8,), init=init) for init in ("ones", "scaled_normal")}
apart_units = {
    init: float(np.ptp(made.dense[0].kernel, axis=1).max()) for init, made in starts.items()
}
for init, made in starts.items():
    print(
        f"{init}: weights differ by {apart_units[init]:.3g}, {right_on_validation(made):.0%} right"
    )

# %% tags=["prose"]
prose(
    """
    From equal weights the units get equal gradients, and after training they still differ by {equal:.1g}: eight
    units do the work of one. From random weights they differ by {different:.1f}.
    """,
    claims={
        "equal units stay equal": apart_units["ones"] < 1e-3,
        "random ones differ": apart_units["scaled_normal"] > 0.1,
        "and are better": right_on_validation(starts["scaled_normal"])
        > right_on_validation(starts["ones"]),
    },
    within=10.0,
    equal=apart_units["ones"],
    different=apart_units["scaled_normal"],
)

# %% [markdown]
# ## Summary
#
# - A tensor has a rank, a shape and a dtype. Broadcasting adds a bias to a batch, and hides wrong shapes.
# - A dense layer rotates, shears and shifts; its activation folds. Without activations, layers are one matrix.
# - The loss is one number; gradient descent follows its slope downwards.
# - Back-propagation is the chain rule from the end: the error term of a unit is that of the next ones, weighted by the
#   connections, times the slope of its activation. For a sigmoid with cross-entropy, it is $y - \hat y$ at the output.
#
# The next notebook, [what makes it learn](foundations_learning.ipynb), is about the settings of the training. More on
# this lab: [its page](../labs/foundations/README.md).
