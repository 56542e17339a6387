# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Classification: which digit is this?
#
# Somebody wrote a digit by hand. Which of the ten is it, and how confident can we be? A network sees the pixels and
# gives ten probabilities. Choosing among classes instead of predicting a number is **classification**.
#
# On the way you build both halves of nearly every classifier by hand: **softmax**, which makes probabilities, and
# **cross-entropy**, which says how bad they are. Then come the network, written in the three ways that Keras has,
# **dropout**, **early stopping**, and the question whether the probabilities of a network can be trusted.
#
# You need a little Python, and what a logarithm is. The notebook on regression helps, for gradient descent. Run the
# cells from top to bottom; it takes less than a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.classification.lab import lab

config = lab.preset("quick")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The data
#
# These digits were written by employees of the American Census Bureau and by pupils of a high school. An image has one
# grey level per pixel, from `0`, black, to `255`, white.

# %%
import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import special

from labs.exercises import check
from utils.export.predictor import predictor
from utils.figures import plots
from utils.metrics import classification
from utils.runs import harness
from utils.teaching.layer_costs import cost_table, layer_costs

train, validation, test = splits.train, splits.validation, splits.test
figure = Figure(figsize=(9, 3.6), layout="constrained")
for digit, column in enumerate(figure.subplots(4, 10).T):
    for row, axes in zip(np.flatnonzero(train.targets == digit)[:4], column, strict=True):
        axes.imshow(train.inputs[row, ..., 0], cmap="gray")
        axes.set_axis_off()
    column[0].set_title(splits.class_names[digit], fontsize=14)
picture(figure, "Four handwritten images of each digit from 0 to 9, white on black.")

# %% [markdown]
# How many are there of each? A network that has hardly ever seen a class will hardly ever say it.

# %%
counted = {name: np.bincount(part.targets) for name, part in splits.parts().items()}
pd.DataFrame(counted, index=splits.class_names).T

# %% tags=["prose"]
shares = {name: counts / counts.sum() for name, counts in counted.items()}
prose(
    """
    All ten are equally common, in each of the splits: they were split **stratified**, class by class. So a guess is
    right {chance:.0%} of the time, and that is the least to beat.
    """,
    claims={
        "the classes are equally common": all(np.ptp(share) < 0.01 for share in shares.values())
    },
    chance=float(shares["test"].max()),
)

# %% [markdown]
# ## Softmax, by hand
#
# The smallest classifier is a row of straight lines. Each class $k$ has a weight for every pixel, and adds up what it
# sees:
#
# $$z_k = \sum_j w_{jk}\, x_j + b_k$$
#
# These ten numbers are called **logits**. They may be anything, also negative. **Softmax** makes probabilities of them:
# raise $e$ to each, so that all become positive, then divide by their sum, so that they add up to one:
#
# $$p_k = \frac{e^{z_k}}{\sum_m e^{z_m}}$$
#
# Only differences count: a constant added to all ten logits cancels. That is handy, since $e^{1000}$ is too large for a
# computer: subtract the largest logit first, and nothing can overflow.
#
# ### Exercise: softmax
#
# `logits` is an array of (rows, classes). Return probabilities of the same shape. They must hold for logits in the
# thousands, too.


# %% tags=["exercise"]
def softmax(logits):
    ### BEGIN SOLUTION
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check("classification.softmax", softmax)

# %% [markdown]
# ## Cross-entropy, by hand
#
# How bad is an answer? Look at the probability it gave to the **true** class, and take minus its logarithm:
#
# $$L = -\frac{1}{n} \sum_i \ln p_{i, y_i}$$
#
# A prediction that gives the truth all of the probability costs nothing. One that gives it hardly any costs much,
# without limit. What was said of the other classes does not matter by itself. The unit is the **nat**, as the logarithm
# is the natural one.

# %%
figure, axes = plots.new_figure("What an answer costs", size=(6.4, 3.4))
chances = np.linspace(0.005, 1, 400)
axes.plot(chances, -np.log(chances), color=plots.BLUE, linewidth=2)
for chance, said in ((0.1, "a guess among ten"), (0.9, "quite confident, and right")):
    axes.plot(chance, -np.log(chance), "o", color=plots.RED)
    axes.annotate(
        said,
        (chance, -np.log(chance)),
        (0, 14),
        textcoords="offset points",
        ha="left" if chance < 0.5 else "center",
    )
axes.set_xlabel("probability given to the true class")
axes.set_ylabel("cross-entropy (nat)")
picture(
    figure, "A falling curve: the loss is high where the true class was given little, 0 at 1."
)

# %% [markdown]
# ### Exercise: cross-entropy
#
# `probabilities` is (rows, classes); `labels` is (rows,), the number of each row's true class. Return the mean.


# %% tags=["exercise"]
def cross_entropy(probabilities, labels):
    ### BEGIN SOLUTION
    return -np.mean(np.log(probabilities[np.arange(len(labels)), labels]))
    ### END SOLUTION


# %% tags=["check"]
check("classification.cross_entropy", cross_entropy)

# %% [markdown]
# ### And it learns
#
# The two fit together so well that the slope is as simple as it can be. By the logit of class $k$ it is
#
# $$\frac{\partial L}{\partial z_k} = p_k - [k \text{ is true}]$$
#
# The true class is pulled up by what it lacks, every other one is pushed down by what it has too much. With that, ten
# lines of NumPy are a classifier, **softmax regression**. All its weights begin at zero. (`special.softmax` is
# SciPy's, so that you can go on before yours is done.)

# %%
pixels = train.inputs.reshape(len(train), -1) / 255
truth = np.eye(10)[train.targets]
weights, bias = np.zeros((pixels.shape[1], 10)), np.zeros(10)
losses = []
for _ in range(100):
    probabilities = special.softmax(pixels @ weights + bias, axis=1)
    losses.append(classification.log_loss(train.targets, probabilities))
    slope = (probabilities - truth) / len(pixels)
    weights -= 0.5 * pixels.T @ slope
    bias -= 0.5 * slope.sum(axis=0)
unseen = validation.inputs.reshape(len(validation), -1) / 255
by_hand = special.softmax(unseen @ weights + bias, axis=1)

figure = Figure(figsize=(9, 3.6), layout="constrained")
most = np.abs(weights).max()
for digit, axes in enumerate(figure.subplots(2, 5).ravel()):
    shown = axes.imshow(weights[:, digit].reshape(28, 28), cmap="PuOr_r", vmin=-most, vmax=most)
    axes.set_title(splits.class_names[digit], fontsize=14)
    axes.set_axis_off()
bar = figure.colorbar(shown, ax=figure.axes, shrink=0.8, ticks=[-most, 0, most])
bar.ax.set_yticklabels(["speaks against", "0", "speaks for"])
picture(
    figure,
    "The weights of each class as an image: blurred digits, orange for and purple against.",
)

# %% tags=["prose"]
prose(
    """
    The loss began at {first:.3f} nat, which is $\\ln 10$: a network that knows nothing gives each class a tenth.
    After {steps} steps it is {last:.2f} nat, and **{right:.1%}** of the validation digits are right. Each class has
    learned one blurred template. White there speaks for the class where the template is orange, and against it where
    it is purple: see the hole in the middle of the zero.

    One template per class is not much. A seven with a bar and one without must share it. For more, the network needs
    layers.
    """,
    claims={
        "it began at the logarithm of ten": abs(losses[0] - np.log(10)) < 1e-9,
        "the loss fell": losses[-1] < losses[0],
        "white in the middle speaks against a zero": weights.reshape(28, 28, 10)[14, 14, 0] < 0,
    },
    first=losses[0],
    steps=len(losses),
    last=losses[-1],
    right=classification.accuracy(validation.targets, by_hand),
)

# %% [markdown] facts=["256", "128", "64"]
# ## The network, in three ways
#
# The course's network is a **multilayer perceptron**: three hidden layers of 256, 128 and 64 units, each with a ReLU,
# and a softmax over the ten classes at the end. A hidden unit is a template too, but a free one: it may represent a
# stroke or a loop, and the layers behind it combine them.
#
# Keras has three ways to write it down. **First, `Sequential`**: layers in a row, one after the other. `Rescaling`
# takes the levels to between zero and one, `Flatten` lays the rows of pixels end to end. Both are part of the
# network, so a saved model takes raw pixels.

# %%
sequential = keras.Sequential(
    [
        keras.Input((28, 28, 1), dtype="uint8"),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)

# %% [markdown]
# **Second, the functional API**: each layer is called on what the last one gave. So a value may be used twice, branches
# may meet again, and a network may have several inputs.

# %%
inputs = keras.Input((28, 28, 1), dtype="uint8", name="pictures")
values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
for width in (256, 128, 64):
    values = keras.layers.Dense(width, activation="relu")(values)
functional = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(values))


# %% [markdown]
# **Third, a subclass of `keras.Model`**: the layers are attributes, and `call` is ordinary Python, with loops and
# ifs. That is the freest form and the hardest to save: a file of it opens only where this very class is.


# %%
class Perceptron(keras.Model):
    """(batch, 28, 28, 1) grey levels to (batch, 10) probabilities."""

    def __init__(self):
        super().__init__()
        self.scale = keras.layers.Rescaling(1 / 255)
        self.flatten = keras.layers.Flatten()
        self.hidden = [keras.layers.Dense(width, activation="relu") for width in (256, 128, 64)]
        self.answer = keras.layers.Dense(10, activation="softmax")

    def call(self, images):
        """What the network does with a batch."""
        values = self.flatten(self.scale(images))
        for layer in self.hidden:
            values = layer(values)
        return self.answer(values)


subclassed = Perceptron()
# It learns its shapes, and makes its weights, when it is first called.
subclassed(train.inputs[:1]).shape

# %% [markdown]
# Are they the same network? Give all three the same weights and ask them:

# %%
for other in (functional, subclassed):
    other.set_weights(sequential.get_weights())
answers = [
    each(test.inputs[:100], training=False).numpy()
    for each in (sequential, functional, subclassed)
]
apart = max(float(np.abs(answer - answers[0]).max()) for answer in answers)
parameters_of = [each.count_params() for each in (sequential, functional, subclassed)]

# %% tags=["prose"]
prose(
    """
    All three have {parameters:,} parameters, and their answers to the same images differ by at most {apart:g}.
    Which way you write a network is a matter of taste. `--network` of this lab's command chooses one: `mlp` is a
    `Sequential`, `cnn` is functional, `subclassed` a subclass.
    """,
    claims={
        "they answer alike": apart < 1e-6,
        "they are equally large": len(set(parameters_of)) == 1,
    },
    within=10.0,
    parameters=parameters_of[0],
    apart=apart,
)

# %% [markdown]
# The module's own network is built from the config. What does each layer cost? A dense layer of $K$ units on $D$
# inputs has $K \cdot D$ weights and $K$ biases:

# %%
keras.utils.set_random_seed(config.seed)  # the weights to begin with
model = lab.build(config, splits)
print(cost_table(layer_costs(model)))

# %% [markdown] facts=["64", "10"]
# Nearly all the weights are in the first hidden layer: every unit has one for each pixel.
#
# ### Exercise: count
#
# How many parameters has a network for images of $28 \times 28$ with **one** hidden layer of 64 units and 10 classes?

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
parameters = (28 * 28 * 64 + 64) + (64 * 10 + 10)
### END SOLUTION

# %% tags=["check"]
check("classification.parameters", parameters)

# %% [markdown]
# ## Dropout
#
# There are layers in that table without any parameters: **dropout**. A network with many more weights than images
# can learn the images by heart. Dropout makes that hard. In each training step it sets a random share of a layer's
# outputs, the **rate**, to zero, and multiplies the others by $1 / (1 - \text{rate})$. No unit can rely on another
# one to be there.
#
# Why the factor? Look at a thousand ones:

# %%
rate = 0.2
ones = np.ones((1, 1000), "float32")
layer = keras.layers.Dropout(rate, seed=0)
in_training = layer(ones, training=True).numpy()
in_prediction = layer(ones, training=False).numpy()
pd.DataFrame(
    {
        "set to zero": [int((values == 0).sum()) for values in (in_training, in_prediction)],
        "largest": [values.max() for values in (in_training, in_prediction)],
        "mean": [values.mean() for values in (in_training, in_prediction)],
    },
    index=["in training", "in prediction"],
).round(3)

# %% [markdown]
# In training about the share of the rate is gone, the others are larger, and the **mean stays** about what it was. So
# the next layer gets inputs of the same size in training and in prediction, where nothing is dropped. Is that so in
# the whole network? Ask it twice for the same image:

# %%
one = test.inputs[:1]
twice = {
    training: [model(one, training=training).numpy() for _ in range(2)]
    for training in (True, False)
}
differs = {training: float(np.abs(a - b).max()) for training, (a, b) in twice.items()}
differs

# %% tags=["prose"]
prose(
    """
    With `training=True` the two answers differ by up to {training:.2g}, as other units are dropped each time. With
    `training=False` they differ by {prediction:g}: in prediction dropout does nothing at all.
    """,
    claims={
        "in training they differ": differs[True] > 0,
        "in prediction they are the same": differs[False] == 0,
        "dropout keeps the mean": abs(in_training.mean() - 1) < 0.05,
    },
    within=1.0,
    training=differs[True],
    prediction=differs[False],
)

# %% [markdown]
# ### Exercise: dropout
#
# `values` is an array of any shape and `kept` one of the same shape, `True` where a value is kept. Return what dropout
# gives in training.


# %% tags=["exercise"]
def dropout(values, kept, rate):
    ### BEGIN SOLUTION
    return np.where(kept, values / (1 - rate), 0)
    ### END SOLUTION


# %% tags=["check"]
check("classification.dropout", dropout)

# %% [markdown]
# ## Fit
#
# The very function that `python -m labs.classification` calls. The preset `quick` has a few epochs.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
picture(
    plots.learning_curves(
        fitted.progress.history, fitted.kept_epoch, label="cross-entropy (nat)"
    ),
    "Learning curves: training and validation loss fall steeply at first, then slowly.",
)

# %% tags=["prose"]
history = fitted.progress.history
prose(
    """
    After {epochs} epochs the network gets **{right:.1%}** of the validation digits right; it began with {began:.1%}
    after the first epoch. A curiosity: in the first epochs the loss on validation may lie *below* the one on
    training. Training is measured with dropout on, and while the network is still changing; validation after the
    epoch, with all units.
    """,
    claims={
        "it became better": history[-1]["val_accuracy"] > history[0]["val_accuracy"],
        "validation lies below training at first": history[0]["val_loss"] < history[0]["loss"],
    },
    epochs=len(history),
    right=history[-1]["val_accuracy"],
    began=history[0]["val_accuracy"],
)

# %% [markdown]
# ## Early stopping, and the best weights
#
# How many epochs are right? Too few, and the network has not learned what it could. Too many, and it learns the
# training images by heart. **Early stopping** lets validation decide: when its loss has not become better for some
# epochs (the **patience**), training ends. Then the **best weights** are put back, those of the epoch with the lowest
# validation loss. Here is a training that continues for long, without dropout, so that it shows:

# %%
from dataclasses import replace

patient = replace(
    config,
    epochs=30,
    patience=5,
    dropout=0.0,
    batch_size=128,
    schedule="constant",
    restore_best_weights=True,
)
stopped = harness.fit(lab, patient, splits)
endless = harness.fit(lab, replace(patient, patience=0), splits)
picture(
    plots.learning_curves(
        endless.progress.history, endless.kept_epoch, label="cross-entropy (nat)"
    ),
    "Training loss falls towards zero; validation loss falls, then rises again. The kept epoch is marked.",
)

# %% tags=["prose"]
long = endless.progress.history
lowest, ended = endless.progress.best_loss, long[-1]
prose(
    """
    On training the loss goes down to {trained:.4f} nat: the images are known by heart. On validation it is lowest
    after epoch {kept:.0f} of {epochs}, at {lowest:.3f} nat, and at the end it is {ended:.3f} nat again. Yet it
    gets as many right as before ({right_then:.1%} then, {right_now:.1%} now): it has not forgotten its digits, it has
    become too confident in its mistakes, and cross-entropy charges for that.

    With a patience of {patience} the training ended after {ran:.0f} epochs, and kept the weights of epoch {early:.0f}.
    """,
    claims={
        "validation rose again": ended["val_loss"] > 1.05 * lowest,
        "training was learned by heart": ended["loss"] < 0.1 * ended["val_loss"],
        "as many are right": ended["val_accuracy"]
        > long[endless.kept_epoch - 1]["val_accuracy"] - 0.02,
        "it stopped early": len(stopped.progress.history) < len(long),
    },
    within=0.6,
    trained=ended["loss"],
    kept=float(endless.kept_epoch),
    epochs=len(long),
    lowest=lowest,
    right_then=long[endless.kept_epoch - 1]["val_accuracy"],
    right_now=ended["val_accuracy"],
    ended=ended["val_loss"],
    patience=patient.patience,
    ran=float(len(stopped.progress.history)),
    early=float(stopped.kept_epoch),
)

# %% [markdown]
# ### Exercise: when to stop
#
# `losses` is a list with the validation loss after each epoch. Return **two** numbers: after how many epochs training
# ends, and the epoch whose weights are kept, both counted from one. Training ends when `patience` epochs in a row
# have not been better than the best one so far, or with the last epoch.


# %% tags=["exercise"]
def early_stopping(losses, patience):
    ### BEGIN SOLUTION
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1
    ### END SOLUTION


# %% tags=["check"]
check("classification.early_stopping", early_stopping)

# %% [markdown]
# ## Evaluate
#
# Back to the network of the preset, and to the test digits, which no decision has seen. Compare it with two simpler
# models on the same rows: one that knows how common each class is, and nothing else, and softmax regression, which is
# also called logistic regression.

# %%
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
pd.DataFrame({"network": network, **evaluation.baselines}).T.round(3)

# %% tags=["prose"] facts=["95 %"]
others = {name: row["accuracy"] for name, row in evaluation.baselines.items()}
prose(
    """
    The network gets **{accuracy:.1%}** right (95 % interval: {low:.1%} to {high:.1%}); softmax regression gets
    {linear:.1%}, so the hidden layers are worth having. `top_2` says that in {top_2:.1%} the true digit is among the
    two most probable ones. `log_loss` is the cross-entropy from above.
    """,
    claims={
        "better than softmax regression": network["accuracy"] > others["logistic_regression"]
    },
    within=0.03,
    accuracy=network["accuracy"],
    low=scores["accuracy"]["low"],
    high=scores["accuracy"]["high"],
    linear=others["logistic_regression"],
    top_2=network["top_2"],
)

# %% [markdown]
# ### What is taken for what
#
# One number hides which digits are hard. In the **confusion matrix** each row is a true class: what was said of it?

# %%
drawn = lab.figures(fitted, evaluation)
picture(drawn["confusion"], "Confusion matrix: nearly all counts are on the diagonal.")

# %% tags=["prose"]
table = np.array(evaluation.details["confusion"])
beside = table - np.diag(np.diag(table))
found = np.diag(table) / table.sum(axis=1)
prose(
    """
    {wrong:.0f} of {rows:,} digits are off the diagonal. The share of a class that is found is its **recall**: here it
    lies between {hardly:.0%} and {easily:.0%}. Find the darkest cells off the diagonal: do those two digits look
    alike when written in a hurry?
    """,
    claims={"some classes are harder than others": found.min() < found.max()},
    within=0.3,
    wrong=float(beside.sum()),
    rows=len(test),
    easily=found.max(),
    hardly=found.min(),
)

# %% [markdown] facts=["90 %"]
# ### May it be believed?
#
# A network that says 90 % should be right in nine of ten such cases. Put the test digits into bins by its confidence,
# and count. On the line it is calibrated; below the line it is overconfident.

# %%
picture(
    drawn["reliability"],
    "Reliability: share that is right by probability of the predicted class, with the diagonal.",
)

# %% tags=["prose"] facts=["99 %"]
predicted = evaluation.predictions["test"]
certain = predicted.max(axis=1) > 0.99
right = predicted.argmax(axis=1) == test.targets
prose(
    """
    The **expected calibration error** is the mean distance from the line, weighted by the number of digits: {ece:.1%}
    here. Of {certain:.0f} digits the network is more than 99 % confident, and {sure_right:.1%} of those are right.
    Where it is less confident than that, it is right in {unsure_right:.1%}. So its doubts mean something: a post office
    could let it read what it is confident about, and give the rest to people.
    """,
    claims={
        "confident predictions are better": right[certain].mean()
        > right[~certain].mean() + 0.05
    },
    within=0.4,
    ece=network["ece"],
    certain=float(certain.sum()),
    sure_right=right[certain].mean(),
    unsure_right=right[~certain].mean(),
)

# %% [markdown]
# ### Where it is surely wrong
#
# The most telling images are its most confident mistakes. Would you have read them?

# %%
picture(
    drawn["wrong"],
    "Two rows of digits: the most confident correct predictions, and the most confident errors.",
)

# %% [markdown]
# Some of these you may read as the network does. Others are clear to you and not to it: a stroke at an odd angle, a
# digit off its place. The network has one weight for each pixel, so a shifted digit is a new one to it (see the
# second experiment below).
#
# ## Save
#
# `harness.save` writes the run into a folder, opens the model again from each of its three formats, in a fresh
# process, and holds the predictions against those of the model that was trained.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model gives all {rows:,} test digits the same probabilities, but for at most
    {difference:.1g}.
    """,
    claims={"the difference is rounding": difference < 1e-5},
    within=10.0,
    rows=len(test),
    difference=difference,
)

# %% [markdown]
# The same from a terminal, in one line: `python -m labs.classification --preset quick`.
#
# ## Try this
#
# Three experiments. Run each cell, then change it. What do you expect before you press the key? They judge on
# validation, so that the test digits stay unseen.


# %%
def accuracy_of(model, inputs, targets=validation.targets):
    return classification.accuracy(targets, predictor(model).predict(inputs))


# %% [markdown]
# **1. How much dropout?** For each rate: the accuracy on training and on validation. What happens to the gap between
# the two?

# %% tags=["try"]
for rate in (0.0, 0.2, 0.6):
    tried = harness.fit(lab, replace(config, epochs=8, dropout=rate), splits).model
    on_train = accuracy_of(tried, train.inputs, train.targets)
    on_validation = accuracy_of(tried, validation.inputs)
    print(f"dropout {rate}: training {on_train:.1%}, validation {on_validation:.1%}")

# %% [markdown]
# **2. A step to the right.** The same digits, moved by some pixels. You read them as before. Does the network?

# %% tags=["try"]
moved = {}
for shift in range(6):
    moved[shift] = accuracy_of(fitted.model, np.roll(validation.inputs, shift, axis=2))
figure, axes = plots.new_figure("Validation digits, moved to the right", size=(6.4, 3.4))
axes.plot(list(moved), list(moved.values()), "o-", color=plots.BLUE)
axes.set_ylim(0, 1)
axes.set_xlabel("pixels")
axes.set_ylabel("accuracy")
picture(figure, "Accuracy by shift: it falls steeply with each pixel.")

# %% tags=["prose"]
prose(
    """
    From {still:.1%} where they are, to {far:.1%} at {pixels} pixels. The network has learned where the strokes are,
    not what they look like. The networks of the next notebooks look for a stroke at every place: they are
    **convolutional**.
    """,
    claims={"moved digits are read worse": moved[max(moved)] < moved[0] - 0.2},
    within=0.5,
    still=moved[0],
    far=moved[max(moved)],
    pixels=max(moved),
)

# %% [markdown]
# **3. Another network.** A small convolutional one, and none at all: with no hidden layer the perceptron is softmax
# regression. Look at the parameters, too.

# %% tags=["try"]
networks = {
    "no hidden layer": {"layers": 0},
    "one hidden layer": {"layers": 1},
    "convolutional": {"network": "cnn", "filters": 8, "epochs": 3, "batch_size": 16},
}
for name, changes in networks.items():
    tried = harness.fit(lab, replace(config, **changes), splits).model
    print(
        f"{name}: {accuracy_of(tried, validation.inputs):.1%}, {tried.count_params():,} parameters"
    )

# %% [markdown]
# ## What to take along
#
# - Softmax makes probabilities of any numbers; cross-entropy asks only what the truth was given. Their slope is what
#   was said minus what is true.
# - Dropout is for training alone. In prediction all units work.
# - Validation decides when to stop, and the weights of its best epoch are the ones to keep.
# - Ask not only how often a network is right, but whether it knows when it is not.
#
# More on this lab: [its page](../labs/classification/README.md), with clothes, cars and students, and
# `python -m labs.classification --help`.
