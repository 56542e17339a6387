# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Classification: which digit is this?
#
# The network of this notebook sees the pixels of a handwritten digit and returns ten probabilities, one per digit.
# Predicting a class instead of a number is **classification**.
#
# You program both parts of nearly every classifier: **softmax**, which computes probabilities, and **cross-entropy**,
# the loss. Then you write the network in the three ways of Keras, train it with **dropout** and **early stopping**,
# and measure whether its probabilities can be trusted.
#
# You need a little Python and the logarithm. The notebook on regression explains gradient descent. Run the cells from
# top to bottom; this takes about a minute.

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
# The digits were written by employees of the American Census Bureau and by high school students. An image has one
# grey level per pixel, from `0`, black, to `255`, white.

# %%
import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure
from scipy import special

from labs.exercises import check
from utils.runs import harness

train, validation, test = splits.train, splits.validation, splits.test
figure = Figure(figsize=(9, 3.6), layout="constrained")
for digit, column in enumerate(figure.subplots(4, 10).T):
    for row, axes in zip(np.flatnonzero(train.targets == digit)[:4], column, strict=True):
        axes.imshow(train.inputs[row, ..., 0], cmap="gray")
        axes.set_axis_off()
    column[0].set_title(splits.class_names[digit], fontsize=14)
picture(figure, "Four handwritten images of each digit from 0 to 9, white on black.")

# %% [markdown]
# How many images are there of each digit?

# %%
counted = {name: np.bincount(part.targets) for name, part in splits.parts().items()}
pd.DataFrame(counted, index=splits.class_names).T

# %% tags=["prose"]
shares = {name: counts / counts.sum() for name, counts in counted.items()}
prose(
    """
    All ten digits are equally frequent in each split: the split is **stratified**, made class by class. Predicting
    the same digit for all images is correct {chance:.0%} of the time. A classifier must be better than that.
    """,
    claims={
        "the classes are equally common": all(np.ptp(share) < 0.01 for share in shares.values())
    },
    chance=float(shares["test"].max()),
)

# %% [markdown]
# ## Softmax with NumPy
#
# The smallest classifier is linear. Each class $k$ has a weight for every pixel and a bias:
#
# $$z_k = \sum_j w_{jk}\, x_j + b_k$$
#
# These ten numbers are called **logits**. They may have any value, also a negative one. **Softmax** converts them to
# probabilities: the exponential makes all of them positive, and the division makes their sum one.
#
# $$p_k = \frac{e^{z_k}}{\sum_m e^{z_m}}$$
#
# A constant that is added to all ten logits cancels. Use this for large logits, for which $e^{z}$ overflows: subtract
# the largest logit first.
#
# ### Exercise: softmax
#
# `logits` is an array of shape (rows, classes). Return probabilities of the same shape. The function must also work
# for logits in the thousands.


# %% tags=["exercise"]
def softmax(logits):
    ### BEGIN SOLUTION
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check("classification.softmax", softmax)

# %% [markdown]
# ## Cross-entropy with NumPy
#
# The loss of one image is minus the logarithm of the probability of its **true** class. The loss of $n$ images is the
# mean:
#
# $$L = -\frac{1}{n} \sum_i \ln p_{i, y_i}$$
#
# If the true class has probability one, the loss is zero. It grows without limit as this probability approaches zero.
# The unit of the natural logarithm is the **nat**.

# %%
figure = Figure(figsize=(6.4, 3.4), layout="constrained")
axes = figure.subplots()
chances = np.linspace(0.005, 1, 400)
axes.plot(chances, -np.log(chances))
axes.plot([0.1, 0.9], -np.log([0.1, 0.9]), "o")
axes.annotate("a guess among ten classes", (0.12, -np.log(0.1)))
axes.annotate("confident and correct", (0.72, 0.3))
axes.set(xlabel="probability of the true class", ylabel="cross-entropy (nat)")
picture(
    figure,
    "A falling curve: the loss is high where the true class has a low probability, 0 at 1.",
)

# %% [markdown]
# ### Exercise: cross-entropy
#
# `probabilities` has shape (rows, classes); `labels` has shape (rows,) and contains the number of each row's true
# class. Return the mean loss.


# %% tags=["exercise"]
def cross_entropy(probabilities, labels):
    ### BEGIN SOLUTION
    return -np.mean(np.log(probabilities[np.arange(len(labels)), labels]))
    ### END SOLUTION


# %% tags=["check"]
check("classification.cross_entropy", cross_entropy)

# %% [markdown]
# ### Softmax regression
#
# The gradient of the cross-entropy by the logit of class $k$ is simple:
#
# $$\frac{\partial L}{\partial z_k} = p_k - [k \text{ is true}]$$
#
# With it, a classifier takes ten lines of NumPy: **softmax regression**, also called logistic regression. All weights
# start at zero. (`special.softmax` is SciPy's function, so that this cell does not need your answer.)

# %%
pixels = train.inputs.reshape(len(train), -1) / 255
truth = np.eye(10)[train.targets]
weights, bias = np.zeros((pixels.shape[1], 10)), np.zeros(10)
losses = []
for _ in range(100):
    probabilities = special.softmax(pixels @ weights + bias, axis=1)
    losses.append(-(truth * np.log(probabilities)).sum(axis=1).mean())
    gradient = (probabilities - truth) / len(pixels)
    weights -= 0.5 * pixels.T @ gradient
    bias -= 0.5 * gradient.sum(axis=0)
logits = validation.inputs.reshape(len(validation), -1) / 255 @ weights + bias
linear_accuracy = float((logits.argmax(axis=1) == validation.targets).mean())

figure = Figure(figsize=(9, 3.6), layout="constrained")
most = np.abs(weights).max()
for digit, axes in enumerate(figure.subplots(2, 5).ravel()):
    shown = axes.imshow(weights[:, digit].reshape(28, 28), cmap="PuOr_r", vmin=-most, vmax=most)
    axes.set_title(splits.class_names[digit], fontsize=14)
    axes.set_axis_off()
bar = figure.colorbar(shown, ax=figure.axes, shrink=0.8, ticks=[-most, 0, most])
bar.ax.set_yticklabels(["negative", "0", "positive"])
picture(
    figure,
    "The weights of each class as an image: blurred digits, orange positive and purple negative.",
)

# %% tags=["prose"]
prose(
    """
    The loss starts at {first:.3f} nat, which is $\\ln 10$: each class has a probability of a tenth. After {steps}
    steps it is {last:.2f} nat, and **{right:.1%}** of the validation digits are classified correctly. The weights of
    a class look like a blurred digit. White pixels increase the logit of the class where the weight is positive
    (orange) and decrease it where the weight is negative (purple), for example in the middle of the zero.
    """,
    claims={
        "it began at the logarithm of ten": abs(losses[0] - np.log(10)) < 1e-9,
        "the loss fell": losses[-1] < losses[0],
        "white in the middle is evidence against a zero": weights.reshape(28, 28, 10)[14, 14, 0]
        < 0,
    },
    first=losses[0],
    steps=len(losses),
    last=losses[-1],
    right=linear_accuracy,
)

# %% [markdown] facts=["256", "128", "64"]
# ## The network, in three ways
#
# The course's network is a **multilayer perceptron**: three hidden layers of 256, 128 and 64 units with ReLU, and a
# softmax over the ten classes. Keras has three ways to write it.
#
# **First, `Sequential`**: a list of layers. `Rescaling` scales the grey levels to the range from zero to one, and
# `Flatten` makes one vector of each image. Both are part of the network, so that a saved model takes raw pixels.

# %%
sequential = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
sequential.summary()

# %% [markdown]
# **Second, the functional API**: each layer is called on the output of another. With it a network may have branches,
# several inputs and several outputs.

# %%
inputs = keras.Input((28, 28, 1), name="image")
values = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
for width in (256, 128, 64):
    values = keras.layers.Dense(width, activation="relu")(values)
functional = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(values))


# %% [markdown]
# **Third, a subclass of `keras.Model`**: the layers are attributes, and `call` is ordinary Python, with loops and
# conditions. A saved subclass can be loaded only where its Python class is available.


# %%
class Perceptron(keras.Model):
    """(batch, 28, 28, 1) grey levels to (batch, 10) probabilities."""

    def __init__(self):
        super().__init__()
        self.scale = keras.layers.Rescaling(1 / 255)
        self.flatten = keras.layers.Flatten()
        self.hidden = [keras.layers.Dense(width, activation="relu") for width in (256, 128, 64)]
        self.classify = keras.layers.Dense(10, activation="softmax")

    def call(self, images):
        """The probabilities of a batch of images."""
        values = self.flatten(self.scale(images))
        for layer in self.hidden:
            values = layer(values)
        return self.classify(values)


subclassed = Perceptron()
# The first call determines the shapes and creates the weights.
subclassed(train.inputs[:1]).shape

# %% [markdown]
# Are they the same network? Give all three the same weights and compare their predictions:

# %%
for other in (functional, subclassed):
    other.set_weights(sequential.get_weights())
predicted = [
    each(test.inputs[:100], training=False).numpy()
    for each in (sequential, functional, subclassed)
]
apart = max(float(np.abs(one - predicted[0]).max()) for one in predicted)
parameters_of = [each.count_params() for each in (sequential, functional, subclassed)]
print(parameters_of, apart)

# %% tags=["prose"]
first_layer = sequential.layers[2].count_params()
prose(
    """
    All three have {parameters:,} parameters, and their predictions for the same images differ by at most {apart:g}.
    Of the parameters, {share:.0%} are in the first hidden layer. The option `--network` of the lab chooses between
    the three ways: `mlp` is a `Sequential`, `cnn` is functional, `subclassed` a subclass.
    """,
    claims={
        "they predict the same": apart < 1e-6,
        "they are equally large": len(set(parameters_of)) == 1,
    },
    within=10.0,
    parameters=parameters_of[0],
    apart=apart,
    share=first_layer / parameters_of[0],
)

# %% [markdown] facts=["64", "10"]
# A dense layer of $K$ units on $D$ inputs has $K \cdot D$ weights and $K$ biases.
#
# ### Exercise: count
#
# How many parameters does a network have for images of $28 \times 28$ with **one** hidden layer of 64 units and 10
# classes?

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
# A network with many more weights than images can memorize the training images. **Dropout** works against it: in each
# training step it sets a random fraction of a layer's outputs, the **rate**, to zero, and multiplies the others by
# $1 / (1 - \text{rate})$. The first experiment at the end measures the effect. What is the factor for? Apply dropout
# to a thousand ones:

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

# %% tags=["prose"]
prose(
    """
    In training {zero:.0%} of the values are zero and the others are larger, so that the mean is {mean:.3f}, nearly as
    before. In prediction dropout changes nothing.
    """,
    claims={
        "dropout keeps the mean": abs(in_training.mean() - 1) < 0.05,
        "in prediction nothing changes": bool((in_prediction == 1).all()),
    },
    zero=float((in_training == 0).mean()),
    mean=in_training.mean(),
)

# %% [markdown]
# ### Exercise: dropout
#
# `values` is an array of any shape, and `kept` is an array of the same shape, `True` where a value is kept. Return
# the output of dropout in training.


# %% tags=["exercise"]
def dropout(values, kept, rate):
    ### BEGIN SOLUTION
    return np.where(kept, values / (1 - rate), 0)
    ### END SOLUTION


# %% tags=["check"]
check("classification.dropout", dropout)

# %% [markdown]
# ## compile and fit
#
# `tf.data` shuffles the images and groups them into batches. The learning rate decreases to zero along a cosine.
# `ModelCheckpoint` saves the network after each epoch in which the validation loss is the lowest so far.
#
# Keras reports the training loss as the mean over the batches of an epoch, with dropout, while the weights change.
# For a fair comparison with validation, a callback measures the **training images in inference mode** after each
# epoch: without dropout, with the weights at the end of the epoch.


# %%
def training_batches(size):
    rows = tf.data.Dataset.from_tensor_slices((train.inputs, train.targets)).cache()
    return rows.shuffle(len(train), seed=config.seed).batch(size).prefetch(tf.data.AUTOTUNE)


batches = training_batches(64)
validation_batches = tf.data.Dataset.from_tensor_slices((validation.inputs, validation.targets))
validation_batches = validation_batches.batch(256)


def build(dropout):
    model = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    )
    for width in (256, 128, 64):
        model.add(keras.layers.Dense(width, activation="relu"))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


folder = Path(tempfile.mkdtemp())
inference_losses = []


def measure(_epoch, _logs):
    inference_losses.append(model.evaluate(train.inputs, train.targets, verbose=0)[0])


keras.utils.set_random_seed(config.seed)
model = build(dropout=0.2)
model.compile(
    optimizer=keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(1e-3, decay_steps=5 * len(batches))
    ),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    batches,
    validation_data=validation_batches,
    epochs=5,
    shuffle=False,  # the pipeline shuffles
    verbose=0,  # 1 shows every step, 2 every epoch
    callbacks=[
        keras.callbacks.ModelCheckpoint(
            folder / "digits.keras", monitor="val_loss", save_best_only=True
        ),
        keras.callbacks.LambdaCallback(on_epoch_end=measure),
    ],
)
curves = pd.DataFrame(history.history, index=np.array(history.epoch) + 1)
curves["training, inference mode"] = inference_losses
shown = curves.rename(columns={"loss": "training, as reported", "val_loss": "validation"})
figure = Figure(figsize=(6.4, 3.4), layout="constrained")
shown[["training, as reported", "training, inference mode", "validation"]].plot(
    ax=figure.subplots(),
    xlabel="epoch",
    ylabel="cross-entropy (nat)",
    style=["--", "-", "-"],
    xticks=curves.index,
)
picture(
    figure,
    "Three losses by epoch: the reported training loss starts far above the two others, which are close together.",
)

# %% tags=["prose"]
at_first, at_last = curves.iloc[0], curves.iloc[-1]
prose(
    """
    The validation accuracy is {began:.1%} after the first epoch and **{right:.1%}** after {epochs} epochs. In the
    first epoch the reported training loss ({reported:.2f} nat) is higher than the validation loss ({validation:.2f}
    nat). The training images in inference mode have {inference:.2f} nat, about as much as the validation images. The
    difference comes from how the training loss is measured.
    """,
    claims={
        "it became better": at_last["val_accuracy"] > at_first["val_accuracy"],
        "validation lies below the reported training loss at first": at_first["val_loss"]
        < at_first["loss"] - 0.2,
        "measured in the same way, training is not above validation": inference_losses[0]
        < at_first["val_loss"] + 0.05,
    },
    within=0.2,
    epochs=len(curves),
    right=at_last["val_accuracy"],
    began=at_first["val_accuracy"],
    reported=at_first["loss"],
    validation=at_first["val_loss"],
    inference=inference_losses[0],
)

# %% [markdown] facts=["3"]
# ### Then and now
#
# Lines of the courses that concern this notebook. The page [Course code in Keras 3](COURSE_CODE.md) has all of them,
# with their errors.
#
# | then | now |
# | --- | --- |
# | `Dense(256, input_shape=(784,))` | `keras.Input((28, 28, 1))`, `Flatten()`, then `Dense(256)` |
# | `np_utils.to_categorical(y)` | `keras.utils.to_categorical(y)`, or integers and `sparse_categorical_crossentropy` |
# | `model.fit_generator(…)` | `model.fit(…)` |
# | `model.predict_classes(x)` | `model.predict(x).argmax(axis=-1)` |
# | `history.history["acc"]` | `history.history["accuracy"]` |
# | `EarlyStopping(monitor="val_acc")` | `EarlyStopping(monitor="val_accuracy", mode="max")` |
#
# ## Early stopping
#
# How many epochs are right? **Early stopping** uses the validation loss: if it has not improved for some epochs (the
# **patience**), training ends, and the weights of the best epoch are restored. To see why, train the network without
# dropout three times: for all epochs, with `EarlyStopping`, and with `ReduceLROnPlateau`, which lowers the learning
# rate when the validation loss does not improve.


# %%
def train_long(*callbacks):
    """The network without dropout after at most 30 epochs, and its history."""
    keras.utils.set_random_seed(config.seed)
    model = build(dropout=0.0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        training_batches(128),
        validation_data=validation_batches,
        epochs=30,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    return model, pd.DataFrame(history.history, index=np.array(history.epoch) + 1)


best = folder / "best.keras"
last_model, long = train_long(keras.callbacks.ModelCheckpoint(best, save_best_only=True))
best_model = keras.models.load_model(best)
_, stopped = train_long(
    keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
)
_, reduced = train_long(
    keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=2)
)

figure = Figure(figsize=(9, 3.4), layout="constrained")
left, right = figure.subplots(1, 2)
left.plot(long["loss"], "--", label="training")
left.plot(long["val_loss"], label="validation")
left.axvline(len(stopped), color="gray", linestyle=":", label="EarlyStopping ends here")
left.set(xlabel="epoch", ylabel="cross-entropy (nat)")
left.legend(frameon=False)
right.plot(long["val_loss"], label="constant learning rate")
right.plot(reduced["val_loss"], "--", label="ReduceLROnPlateau")
right.set(xlabel="epoch", ylabel="validation loss (nat)")
right.legend(frameon=False)
picture(
    figure,
    "Left: training loss falls to zero, validation loss falls and then rises. "
    "Right: with ReduceLROnPlateau the validation loss stays low.",
)

# %% [markdown]
# Why does the validation loss rise? Compare the network of the best epoch with that of the last epoch, and look at
# correct and wrong predictions separately:


# %%
def by_correctness(model):
    probabilities = model.predict(validation.inputs, verbose=0)
    true_class = probabilities[np.arange(len(validation)), validation.targets]
    wrong = probabilities.argmax(axis=1) != validation.targets
    return {
        "wrong": int(wrong.sum()),
        "loss of correct ones": -np.log(true_class[~wrong]).mean(),
        "loss of wrong ones": -np.log(true_class[wrong]).mean(),
        "confidence in wrong ones": probabilities.max(axis=1)[wrong].mean(),
    }


causes = pd.DataFrame(
    {"best epoch": by_correctness(best_model), "last epoch": by_correctness(last_model)}
).T
causes.round(3)

# %% tags=["prose"]
then, now = causes.loc["best epoch"], causes.loc["last epoch"]
prose(
    """
    Without early stopping the training loss falls to {trained:.4f} nat: the network has memorized the training
    images. The validation loss is lowest after epoch {kept:.0f} of {epochs}, at {lowest:.3f} nat, and {ended:.3f} nat
    at the end. The network does not make more mistakes ({wrong_then:.0f} at the best epoch, {wrong_now:.0f} at the
    end), but it is more confident in them: the mean confidence in wrong predictions rises from {confident_then:.2f}
    to {confident_now:.2f}, and their loss from {loss_then:.1f} to {loss_now:.1f} nat.

    With a patience of {patience}, training ends after {ran:.0f} epochs. With `ReduceLROnPlateau` the validation loss
    at the end is {plateau:.3f} nat.
    """,
    claims={
        "validation rose again": long["val_loss"].iloc[-1] > 1.05 * long["val_loss"].min(),
        "the training images are memorized": long["loss"].iloc[-1]
        < 0.1 * long["val_loss"].iloc[-1],
        "there are hardly more mistakes": now["wrong"] < then["wrong"] + 8,
        "mistakes are more confident": now["confidence in wrong ones"]
        > then["confidence in wrong ones"] + 0.02,
        "mistakes cost more": now["loss of wrong ones"] > 1.2 * then["loss of wrong ones"],
        "correct predictions cost no more": now["loss of correct ones"]
        <= then["loss of correct ones"],
        "it stopped early": len(stopped) < len(long),
        "a lower learning rate keeps the loss low": reduced["val_loss"].iloc[-1]
        < long["val_loss"].iloc[-1],
    },
    within=0.6,
    trained=long["loss"].iloc[-1],
    kept=float(long["val_loss"].idxmin()),
    epochs=len(long),
    lowest=long["val_loss"].min(),
    ended=long["val_loss"].iloc[-1],
    wrong_then=float(then["wrong"]),
    wrong_now=float(now["wrong"]),
    confident_then=then["confidence in wrong ones"],
    confident_now=now["confidence in wrong ones"],
    loss_then=then["loss of wrong ones"],
    loss_now=now["loss of wrong ones"],
    patience=len(stopped) - int(stopped["val_loss"].idxmin()),
    ran=float(len(stopped)),
    plateau=reduced["val_loss"].iloc[-1],
)

# %% [markdown]
# ### Exercise: when to stop
#
# `losses` is a list with the validation loss after each epoch. Return **two** numbers: the number of epochs after
# which training ends, and the epoch whose weights are kept, both counted from one. Training ends when `patience`
# epochs in a row have not been better than the best one so far, or with the last epoch.


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
# ## The same with harness.fit, and more
#
# The lab's command uses `harness.fit`. It builds the network from the config and trains it with the same batches,
# optimizer and loss. It does not return to Python after every step, can resume a training that was interrupted, and
# records every setting.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")

# %% [markdown]
# `harness.evaluate` measures the **test** digits, which were not used for any decision, and two simpler models on the
# same rows: one that knows only how frequent each class is, and logistic regression.

# %%
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
results = pd.DataFrame({"harness.fit": network, **evaluation.baselines}).T
results.loc["model.fit", "accuracy"] = model.evaluate(test.inputs, test.targets, verbose=0)[1]
results.round(3)

# %% tags=["prose"] facts=["95 %"]
from utils.gate import bands

others = results["accuracy"]
band = next(
    band
    for band in bands.read_bands(bands.bands_folder(), "classification")
    if (band.data, band.preset) == ("mnist-5k", "quick")
).measures["test accuracy"]
prose(
    """
    `harness.fit` classifies **{accuracy:.1%}** correctly (95 % interval: {low:.1%} to {high:.1%}), `model.fit`
    {keras:.1%}. They differ in their random numbers only: with {seeds} seeds the lab's command measured between
    {least:.1%} and {most:.1%}, and both are in this range. Logistic regression classifies {linear:.1%} correctly.

    `top_2` is the fraction of digits for which the true class is among the two most probable ones: {top_2:.1%}.
    `log_loss` is the cross-entropy.
    """,
    claims={
        "better than logistic regression": network["accuracy"] > others["logistic_regression"],
        "plain Keras is in the range of the seeds": min(band)
        <= others["model.fit"]
        <= max(band),
        "the harness is in the range of the seeds": min(band)
        <= network["accuracy"]
        <= max(band),
    },
    within=0.03,
    accuracy=network["accuracy"],
    low=scores["accuracy"]["low"],
    high=scores["accuracy"]["high"],
    keras=others["model.fit"],
    seeds=len(band),
    least=min(band),
    most=max(band),
    linear=others["logistic_regression"],
    top_2=network["top_2"],
)

# %% [markdown]
# ### Confusion matrix
#
# Accuracy does not show which digits are difficult. In the **confusion matrix** each row is a true class, and each
# column a predicted one:

# %%
drawn = lab.figures(fitted, evaluation)
picture(drawn["confusion"], "Confusion matrix: nearly all counts are on the diagonal.")

# %% tags=["prose"]
table = np.array(evaluation.details["confusion"])
beside = table - np.diag(np.diag(table))
found = np.diag(table) / table.sum(axis=1)
prose(
    """
    {wrong:.0f} of {rows:,} digits are off the diagonal. The fraction of a class that is classified correctly is its
    **recall**: it is between {hardly:.0%} and {easily:.0%} here. Which cells off the diagonal are the darkest? Do
    these digits look similar in the images at the top?
    """,
    claims={"the recalls differ": found.min() < found.max()},
    within=0.3,
    wrong=float(beside.sum()),
    rows=len(test),
    easily=found.max(),
    hardly=found.min(),
)

# %% [markdown] facts=["90 %"]
# ### Calibration
#
# If a network predicts with a probability of 90 %, it should be correct in nine of ten such cases. The plot groups
# the test digits by the probability of the predicted class. On the diagonal the network is calibrated; below it, it
# is overconfident.

# %%
picture(
    drawn["reliability"],
    "Reliability: share that is right by probability of the predicted class, with the diagonal.",
)

# %% tags=["prose"] facts=["99 %"]
probabilities = evaluation.predictions["test"]
confident = probabilities.max(axis=1) > 0.99
correct = probabilities.argmax(axis=1) == test.targets
prose(
    """
    The **expected calibration error** is the mean distance from the diagonal, weighted by the number of digits:
    {ece:.1%}. For {confident:.0f} digits the probability is above 99 %, and {confident_right:.1%} of these are
    correct; of the others {other_right:.1%}. A program could accept the confident predictions and ask a person to
    read the others.
    """,
    claims={
        "confident predictions are better": correct[confident].mean()
        > correct[~confident].mean() + 0.05
    },
    within=0.4,
    ece=network["ece"],
    confident=float(confident.sum()),
    confident_right=correct[confident].mean(),
    other_right=correct[~confident].mean(),
)

# %% [markdown]
# ### Confident errors
#
# The lower row shows the errors with the highest probability. Which of them can you read?

# %%
picture(
    drawn["wrong"],
    "Two rows of digits: the most confident correct predictions, and the most confident errors.",
)

# %% [markdown]
# ## Save
#
# `harness.save` writes the run into a folder, loads the model from each of its three formats in a new process, and
# compares the predictions with those of the trained model.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    The largest difference of a probability on the {rows:,} test digits, over all three formats, is {difference:.1g}.
    """,
    claims={"the difference is rounding": difference < 1e-5},
    within=10.0,
    rows=len(test),
    difference=difference,
)

# %% [markdown]
# The command for all of this is `python -m labs.classification --preset quick`.
#
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again. The experiments use the validation
# digits, so that the test digits choose nothing.


# %%
from dataclasses import replace


def accuracy_of(model, part, shift=0):
    """The accuracy on a split whose images are moved to the right by some pixels."""
    moved = np.roll(part.inputs, shift, axis=2)
    return float((model.predict(moved, verbose=0).argmax(axis=1) == part.targets).mean())


# %% [markdown]
# **1. How much dropout?** For each rate: the accuracy on training and on validation. How does the difference between
# the two change?

# %% tags=["try"]
gaps = {}
for rate in (0.0, 0.2, 0.6):
    tried = harness.fit(lab, replace(config, epochs=8, dropout=rate), splits).model
    on_train, on_validation = accuracy_of(tried, train), accuracy_of(tried, validation)
    gaps[rate] = on_train - on_validation
    print(f"dropout {rate}: training {on_train:.1%}, validation {on_validation:.1%}")

# %% tags=["prose"]
prose(
    """
    The difference between training and validation is {without:.1%} without dropout and {much:.1%} with the rate
    {rate}.
    """,
    claims={"dropout reduces the difference": gaps[max(gaps)] < gaps[0.0]},
    within=0.5,
    without=gaps[0.0],
    much=gaps[max(gaps)],
    rate=max(gaps),
)

# %% [markdown]
# **2. Moved digits.** The same digits, moved to the right by some pixels. You read them as before. Does the network?

# %% tags=["try"]
moved = {shift: accuracy_of(fitted.model, validation, shift) for shift in range(6)}
figure = Figure(figsize=(6.4, 3.4), layout="constrained")
axes = figure.subplots()
axes.plot(list(moved), list(moved.values()), "o-")
axes.set(xlabel="pixels", ylabel="accuracy on validation", ylim=(0, 1))
picture(figure, "Accuracy by shift: it falls steeply with each pixel.")

# %% tags=["prose"]
prose(
    """
    The accuracy falls from {still:.1%} to {far:.1%} at {pixels} pixels.
    """,
    claims={"moved digits are recognized worse": moved[max(moved)] < moved[0] - 0.2},
    within=0.5,
    still=moved[0],
    far=moved[max(moved)],
    pixels=max(moved),
)

# %% [markdown]
# **3. Another network.** A perceptron without hidden layers, which is softmax regression, one with a single hidden
# layer, and a small convolutional network. Compare the parameters, too. How do they classify moved digits?

# %% tags=["try"]
networks = {
    "no hidden layer": {"layers": 0},
    "one hidden layer": {"layers": 1},
    "convolutional": {"network": "cnn", "filters": 8, "epochs": 3, "batch_size": 16},
}
rows = {}
for name, changes in networks.items():
    tried = harness.fit(lab, replace(config, **changes), splits).model
    rows[name] = {
        "accuracy": accuracy_of(tried, validation),
        "moved by 3 pixels": accuracy_of(tried, validation, shift=3),
        "parameters": tried.count_params(),
    }
compared = pd.DataFrame(rows).T
compared.round(3)

# %% tags=["prose"]
moved_by_three = compared["moved by 3 pixels"]
prose(
    """
    Of digits that were moved, the convolutional network classifies {cnn:.0%} correctly, the perceptron with one
    hidden layer {mlp:.0%}. The next notebooks are about convolutional networks.
    """,
    claims={
        "the convolutional network is better on moved digits": moved_by_three["convolutional"]
        > moved_by_three["one hidden layer"] + 0.05
    },
    within=0.5,
    cnn=moved_by_three["convolutional"],
    mlp=moved_by_three["one hidden layer"],
)

# %% [markdown]
# ## Summary
#
# - Softmax converts logits to probabilities. Cross-entropy depends on the probability of the true class. The gradient
#   by the logits is the probability minus the truth.
# - Dropout is active in training only.
# - Early stopping chooses the epoch on validation data. Measure training and validation loss in the same way before
#   you compare them.
# - Measure whether the probabilities are calibrated, not only the accuracy.
#
# More on this lab: [its page](../labs/classification/README.md), with clothes, cars and students, and
# `python -m labs.classification --help`.
