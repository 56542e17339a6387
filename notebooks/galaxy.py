# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Galaxies: which shape has it?
#
# A survey telescope takes images of millions of galaxies, far more than people can look at. They have to be
# classified: normal ones, ones with a ring, two that are merging, and others. We train a network to do it.
#
# You look **inside** a network: at the filters that it has learned, and at its **feature maps**, the outputs of its
# layers for an image. And you use what is known about the data: the **symmetry of the sky**, which has no up and no
# left.
#
# **Real or SIMULATED?** The course's images are real. This notebook uses them where the machine has them
# (`python -m labs data fetch galaxy-codecademy`, or a mirror). Otherwise a program draws SIMULATED galaxies with
# GalSim, with the blur, the background and the noise of a survey. The table below the first cell says which data are
# used. The published notebook was made without a network and without a mirror, so its galaxies are **SIMULATED**, and
# its numbers say nothing about the real sky.
#
# You need a little Python; the notebook on pneumonia explains convolution and pooling. Run the cells from top
# to bottom; it takes about a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.galaxy.lab import lab

config = lab.preset(
    "quick"
)  # the course's real images if they are available, else SIMULATED ones
# For your own images, in one folder per class: config = replace(config, data_dir=Path("galaxies"))
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The images
#
# An image has three channels, red, green and blue, with levels from `0` to `255`. The program draws equally many
# images of each of its four classes, so guessing is right for one in four.

# %%
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure
from scipy import ndimage
from sklearn.metrics import accuracy_score, log_loss

from labs.exercises import check
from utils.runs import harness

BLUE, ORANGE, RED, GREY, PINK = "#0072B2", "#E69F00", "#D55E00", "#666666", "#CC79A7"

train, validation, test = splits.train, splits.validation, splits.test
names = splits.class_names


def show(figure, alt, colours=128):
    """Show a figure; simulated galaxies are labelled."""
    if splits.source.simulated:
        title = f"{figure.get_suptitle()} SIMULATED galaxies".strip()
        figure.suptitle(title, x=0.99, ha="right", fontsize=10, color=RED)
    picture(figure, alt, colours=colours)


figure = Figure(figsize=(1.4 * len(names), 3.3), layout="constrained")
for column, line in enumerate(figure.subplots(2, len(names)).T):
    rows = np.flatnonzero(train.targets == column)[:2]
    for axes, galaxy in zip(line, train.inputs[rows], strict=True):
        axes.imshow(galaxy)
        axes.set_axis_off()
    line[0].set_title(names[column], fontsize=12)
show(figure, "Two galaxies of each class.", colours=200)

# %% [markdown]
# ## Scores and probabilities
#
# The network computes a score $z_k$ for each class. A score may be any number. **Softmax** turns the scores into
# probabilities: none is negative, and their sum is one.
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# The loss is the **cross-entropy**: $-\log p$ of the true class. It is near zero for a confident prediction that is
# right, and grows without bound for a confident prediction that is wrong.

# %% tags=["prose"]
from scipy import special

example = np.array([[2.0, 1.0, 0.0, -1.0]])
chances = special.softmax(example, axis=1)[0]
prose(
    """
    The scores {scores} become the probabilities {chances}. A score that is higher by one makes a class {times:.2f}
    times as probable. If the first class is true, the loss is {right:.2f} nat; if the last one is, it is {wrong:.2f}
    nat. Equal probabilities for all four have a loss of {even:.2f} nat.
    """,
    scores=", ".join(f"{score:g}" for score in example[0]),
    chances=", ".join(f"{chance:.3f}" for chance in chances),
    times=float(chances[0] / chances[1]),
    right=float(-np.log(chances[0])),
    wrong=float(-np.log(chances[-1])),
    even=float(np.log(4)),
)

# %% [markdown]
# ### Exercise: softmax
#
# `scores` is an array of (images, classes). Return the probabilities, of the same shape. It should also work where
# the scores are large, such as `1000`; how, if a computer cannot represent $e^{1000}$? Subtract something.


# %% tags=["exercise"]
def softmax(scores):
    ### BEGIN SOLUTION
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check("galaxy.softmax", softmax)

# %% [markdown]
# ## The network, layer by layer
#
# First the course's network: two convolutions with a stride of two, each followed by a pooling, then a dense layer,
# then one score per class.

# %%
inputs = keras.Input(train.inputs.shape[1:], dtype="uint8", name="pictures")
values = keras.layers.Rescaling(1 / 255, name="pixels")(inputs)
for number in (1, 2):
    values = keras.layers.Conv2D(
        8, 3, strides=2, activation="relu", name=f"convolution_{number}"
    )(values)
    values = keras.layers.MaxPooling2D(2, strides=2, name=f"pool_{number}")(values)
values = keras.layers.Flatten(name="flatten")(values)
values = keras.layers.Dense(16, activation="relu", name="hidden")(values)
outputs = keras.layers.Dense(len(names), activation="softmax", name="shape")(values)
course = keras.Model(inputs, outputs, name="course")
course.summary()

# %% [markdown]
# With $W$ the side of the input, $F$ the kernel's, $S$ the stride, $P$ the padding on each side (none here), $D$ the
# input channels and $K$ the filters:
#
# $$\text{side} = \left\lfloor \frac{W - F + 2P}{S} \right\rfloor + 1 \qquad
# \text{parameters} = K \cdot F^2 \cdot D + K$$

# %% tags=["prose"]
from utils.teaching.layer_costs import cost_table, layer_costs

prose(
    """
    Both formulas for each layer of the network, next to the numbers of Keras:

    {table}
    """,
    table=cost_table(layer_costs(course), markdown=True),
)

# %% [markdown]
# ### Exercise: how many outputs has Flatten?
#
# In the course the images have `128 × 128` pixels, not `64 × 64`. The layers are the same. How many numbers are the
# output of `flatten` then?

# %% tags=["exercise"]
flat = None
### BEGIN SOLUTION
side = 128
for kernel, stride in ((3, 2), (2, 2), (3, 2), (2, 2)):
    side = (side - kernel) // stride + 1
flat = side * side * 8
### END SOLUTION

# %% tags=["check"]
check("galaxy.flat", flat)

# %% [markdown]
# We train a **residual network** instead: a convolution, then blocks that halve the side, double the channels, and
# compute $x + f(x)$. At its end is the mean over all positions: how much of a pattern is there, wherever it is. Each
# convolution is followed by batch normalization. The notebook on pneumonia shows what its `momentum` of `0.9` is for.


# %%
def convolution(values, filters):
    """Convolution, batch normalization, ReLU."""
    values = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(values)
    values = keras.layers.BatchNormalization(momentum=0.9)(values)
    return keras.layers.ReLU()(values)


def build():
    """A residual network, from images to probabilities of the classes."""
    inputs = keras.Input(train.inputs.shape[1:], dtype="uint8", name="galaxies")
    values = keras.layers.Rescaling(1 / 255)(inputs)
    values = convolution(values, 8)
    for filters in (16, 32, 64, 64):
        values = keras.layers.MaxPooling2D(2)(values)
        values = convolution(values, filters)
        values = keras.layers.Add()([values, convolution(values, filters)])
    values = keras.layers.GlobalAveragePooling2D()(values)
    outputs = keras.layers.Dense(len(names), activation="softmax", name="shape")(values)
    return keras.Model(inputs, outputs, name="residual")


keras.utils.set_random_seed(config.seed)
by_keras = build()
by_keras.summary()

# %% tags=["prose"]
prose(
    """
    It has {residual:,} parameters, the course's network at this size {course:,}. The second experiment at the end
    trains the course's network for as many epochs.
    """,
    residual=by_keras.count_params(),
    course=course.count_params(),
)

# %% [markdown]
# ## The symmetry of the sky
#
# A photograph of a cat upside down is unusual. An image of a galaxy upside down is as probable as before: the sky has
# no up. The same holds for its mirror image. A square of pixels can be rotated and mirrored in eight ways without
# changing any level:

# %%
galaxy = train.inputs[np.flatnonzero(train.targets == len(names) // 2)[:1]][0]
figure = Figure(figsize=(5.2, 3.2), layout="constrained")
for place, axes in enumerate(figure.subplots(2, 4).ravel()):
    mirrored, turns = divmod(place, 4)
    axes.imshow(np.rot90(galaxy[:, ::-1] if mirrored else galaxy, turns))
    axes.set_title(f"{'mirrored, ' if mirrored else ''}{turns * 90}°", fontsize=10)
    axes.set_axis_off()
show(figure, "One galaxy, rotated by four quarter turns, and the same mirrored.", colours=200)

# %% [markdown]
# ### Exercise: the eight views
#
# `image` is an array of (side, side, channels). Return its eight views in any order, as a list or as one array of
# `(8, side, side, channels)`. You may find `np.rot90` and `[:, ::-1]` useful.


# %% tags=["exercise"]
def views(image):
    ### BEGIN SOLUTION
    return np.stack(
        [np.rot90(one, turns) for one in (image, image[:, ::-1]) for turns in range(4)]
    )
    ### END SOLUTION


# %% tags=["check"]
check("galaxy.views", views)

# %% [markdown]
# A network does not know this symmetry. There are two ways to use it.
#
# **In training: augmentation.** Each time an image is used, it is mirrored at random, left to right and top to bottom.
# The network sees more different images, and their labels are right. This is part of the input pipeline, not of the
# network. Here is one image in five epochs:

# %%
flip = keras.layers.RandomFlip("horizontal_and_vertical", seed=config.seed)
figure = Figure(figsize=(5.6, 1.65), layout="constrained")
for epoch, axes in enumerate(figure.subplots(1, 5), start=1):
    axes.imshow(np.asarray(flip(galaxy[None].astype("float32"), training=True))[0] / 255)
    axes.set_title(f"epoch {epoch}", fontsize=10)
    axes.set_axis_off()
show(figure, "The same galaxy in five epochs, mirrored in different ways.", colours=200)

# %% [markdown]
# Mirroring moves pixels and does not change their levels. A rotation by another angle computes each pixel from several
# others.

# %% tags=["prose"]
noise = np.random.default_rng(0).normal(size=(64, 64))
inner = (slice(16, 48),) * 2
rotated = ndimage.rotate(noise, 30, reshape=False, order=1)[inner]
mirrored_noise = noise[:, ::-1][inner]
prose(
    """
    For GENERATED noise with a standard deviation of {before:.2f}, the mirror image has {mirrored:.2f}, and the noise
    that is rotated with linear interpolation has {after:.2f}: rotation smooths it. A network that is trained on rotated
    images sees less noise than in the images that it has to classify. The first experiment below compares both kinds of
    augmentation.
    """,
    claims={
        "rotation smooths noise": rotated.std() < 0.85 * noise.std(),
        "mirroring does not": mirrored_noise.std() > 0.95 * noise.std(),
    },
    before=float(noise.std()),
    mirrored=float(mirrored_noise.std()),
    after=float(rotated.std()),
)

# %% [markdown]
# **In the prediction:** predict for all eight views, and take the mean. This comes below.
#
# ## Train with Keras
#
# A `tf.data` pipeline shuffles the images, forms batches, mirrors them and prepares the next batch while the network
# trains on the current one. Of the callbacks, `ReduceLROnPlateau` lowers the learning rate when the validation loss
# stops falling, `EarlyStopping` ends the training if it has not fallen for some epochs and restores the best weights,
# and `ModelCheckpoint` saves the best network in a file.

# %%
import tempfile
from pathlib import Path

pipeline = (
    tf.data.Dataset.from_tensor_slices((train.inputs[:], train.targets))
    .shuffle(len(train), seed=config.seed)
    .batch(config.batch_size)
    .map(lambda x, y: (flip(tf.cast(x, "float32"), training=True), y))
    .prefetch(2)
)
held_out = (validation.inputs[:], validation.targets)
checkpoint = Path(tempfile.mkdtemp()) / "best.keras"
first_weights = by_keras.get_weights()[0]
by_keras.compile(
    optimizer=keras.optimizers.Adam(3e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = by_keras.fit(
    pipeline,
    epochs=config.epochs,
    shuffle=False,  # the pipeline shuffles
    validation_data=held_out,
    callbacks=[
        keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=2),
        keras.callbacks.EarlyStopping(patience=6, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(checkpoint, save_best_only=True),
    ],
    verbose=0,
).history

figure = Figure(figsize=(6.4, 3.4), layout="constrained")
axes = figure.subplots()
epochs = range(1, len(history["loss"]) + 1)
axes.plot(epochs, history["loss"], "o-", color=BLUE, label="training")
axes.plot(epochs, history["val_loss"], "^:", color=ORANGE, label="validation")
axes.set_xlabel("epoch")
axes.set_ylabel("cross-entropy (nat)")
axes.legend(frameon=False)
show(figure, "Learning curves: the loss on training falls; on validation it varies more.")

# %% tags=["prose"]
reported = by_keras.evaluate(*held_out, verbose=0)[0]
reloaded = keras.models.load_model(checkpoint).evaluate(*held_out, verbose=0)[0]
prose(
    """
    In {epochs} epochs of {steps} steps, the cross-entropy on training images fell from {first:.2f} to {last:.2f}
    nat. The lowest validation loss, on {few} images, is {validation:.2f} nat. The network in the checkpoint has the
    same loss.
    """,
    claims={
        "the loss fell": history["loss"][-1] < history["loss"][0],
        "the checkpoint is the network of the best epoch": abs(reported - reloaded) < 1e-3,
        "the best weights are restored": abs(reported - min(history["val_loss"])) < 0.01,
    },
    within=0.6,
    epochs=float(len(history["loss"])),
    steps=-(-len(train) // config.batch_size),
    first=history["loss"][0],
    last=history["loss"][-1],
    few=len(validation),
    validation=reported,
)

# %% [markdown]
# ## `harness.fit` does the same, and more
#
# `harness.fit` is the function that `python -m labs.galaxy` calls. It builds the same network and trains it on batches
# that are mirrored in the same way. In addition it keeps the state of training after each epoch, so that an
# interrupted run can be resumed, and records settings, data and versions. The preset lowers the learning rate along
# a cosine instead of using callbacks. `harness.evaluate` computes the metrics with their intervals, and baselines: a
# model that knows only the frequencies of the classes, and logistic regression on the same images, reduced.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
pd.DataFrame({"network": network, **evaluation.baselines}).T.round(2)

# %% tags=["prose"] facts=["95 %"]
ours = accuracy_score(test.targets, by_keras.predict(test.inputs[:], verbose=0).argmax(axis=1))
accuracy = scores["accuracy"]
logistic = next(
    values["accuracy"] for name, values in evaluation.baselines.items() if "logistic" in name
)
prose(
    """
    Both networks have {parameters:,} parameters. On the test images, the accuracy of the network of `harness.fit` is
    **{accuracy:.0%}**, with a 95 % interval of {low:.0%} to {high:.0%} for {images} images. The accuracy of the network
    that was trained with plain Keras is {ours:.0%}: they differ by less than the interval is wide. Logistic regression,
    with a weight for each pixel and class, has {logistic:.0%}. For {top:.0%} of the images the true class is one of the
    two most probable ones.

    What the preset `best` reaches is reported on the [page of this lab](../labs/galaxy/README.md).
    """,
    claims={
        "the networks have as many parameters": by_keras.count_params()
        == fitted.trained.count_params(),
        "better than guessing": accuracy["low"] > 1 / len(names),
        "better than logistic regression": accuracy["value"] > logistic,
        # Both accuracies vary: one need not be in the interval of the other.
        "they differ by less than the interval is wide": abs(ours - accuracy["value"])
        < accuracy["high"] - accuracy["low"],
    },
    within=0.3,
    parameters=fitted.trained.count_params(),
    accuracy=accuracy["value"],
    low=accuracy["low"],
    high=accuracy["high"],
    images=len(test),
    ours=float(ours),
    logistic=logistic,
    top=network["top_2"],
)

# %% [markdown] facts=["2"]
# ### Then → now
#
# The course was written for Keras 2. Its lines, and what replaces them:
#
# | then | now |
# | --- | --- |
# | `ImageDataGenerator(rescale=1/255)` | `Rescaling` in the model ([why][rescale]) |
# | `ImageDataGenerator(horizontal_flip=True, …)` | `RandomFlip` in the pipeline ([why][flip]) |
# | `generator.flow(x, y, batch_size=5)` | `tf.data.Dataset.from_tensor_slices((x, y))` ([why][generator]) |
# | `model.add(…)` line by line | the functional API; `.add` still works ([details][add]) |
# | `fit(…, steps_per_epoch=len(x) / 5)` | `fit(pipeline)`, which has a length ([why][steps]) |
# | `ModelCheckpoint("best.h5", save_best_only=True)` | `ModelCheckpoint("best.keras", …)` ([why][checkpoint]) |
#
# [rescale]: COURSE_CODE.md#rescale
# [flip]: COURSE_CODE.md#horizontal_flip-and-vertical_flip
# [generator]: COURSE_CODE.md#from-keraspreprocessingimage-import-imagedatagenerator
# [add]: COURSE_CODE.md#add-in-a-loop
# [steps]: COURSE_CODE.md#a-float-as-steps_per_epoch
# [checkpoint]: COURSE_CODE.md#modelcheckpointbesth5-save_best_onlytrue
#
# All lines are in [COURSE_CODE.md](COURSE_CODE.md), each with its error message.

# %% [markdown]
# ## The confusion matrix
#
# The **confusion matrix** has a row for each true class and a column for each predicted class. Its diagonal counts the
# correct predictions.

# %%
drawn = lab.figures(fitted, evaluation)
show(drawn["confusion"], "Confusion matrix: most images are on the diagonal.")

# %% tags=["prose"]
confusion = np.array(evaluation.details["confusion"])
wrong = confusion.sum() - np.trace(confusion)
name = names[len(names) // 2]
of_class = evaluation.details["classes"][name]
prose(
    """
    {wrong:.0f} of {all} images are not on the diagonal. Which two classes does the network confuse most often? Look for
    the darkest square off the diagonal.

    Each class has two rates. **Recall**, along the row: the fraction of all images of the class that are predicted as
    it. **Precision**, down the column: the fraction of the images predicted as the class that are of it. For
    *{name}*: recall {recall:.0%}, precision {precision:.0%}.
    """,
    claims={"most are on the diagonal": wrong < confusion.sum() / 2},
    within=0.6,
    wrong=float(wrong),
    all=int(confusion.sum()),
    name=name,
    recall=of_class["recall"],
    precision=of_class["precision"],
)

# %% [markdown]
# ### Exercise: recall by class
#
# `table` is a confusion matrix, an array of (classes, classes), its rows by true class. Return the recall of each
# class, an array of (classes,).


# %% tags=["exercise"]
def recalls(table):
    ### BEGIN SOLUTION
    return np.diag(table) / table.sum(axis=1)
    ### END SOLUTION


# %% tags=["check"]
check("galaxy.recalls", recalls)

# %% [markdown]
# Look at images, too, not only at numbers: the most confident predictions, right and wrong.

# %%
probabilities = evaluation.predictions["test"]
predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
figure = Figure(figsize=(7, 3.9), layout="constrained")
for line, correct in zip(figure.subplots(2, 5), (True, False), strict=True):
    rows = np.flatnonzero((predicted == test.targets) == correct)
    rows = rows[np.argsort(-confidence[rows])][: len(line)]
    for axes, row in zip(line, rows, strict=False):
        axes.imshow(test.inputs[row : row + 1][0])
        said = f"{names[predicted[row]]} ({confidence[row]:.0%})"
        axes.set_title(
            said if correct else f"{said}\nis {names[test.targets[row]]}", fontsize=9
        )
    for axes in line:
        axes.set_axis_off()
show(
    figure,
    "The most confident correct predictions above, and the most confident errors below.",
    colours=200,
)

# %% [markdown]
# ## Inside: the first filters
#
# The kernels of the first convolution have three channels, so they can be drawn in colour: a filter responds most where
# the image is similar to it. Grey is a weight of zero.

# %%
filters = by_keras.get_weights()[0]  # (height, width, channels, filters)
figure = Figure(figsize=(7, 1.3), layout="constrained")
for axes, one in zip(
    figure.subplots(1, filters.shape[-1]), np.moveaxis(filters, -1, 0), strict=True
):
    axes.imshow(0.5 + one / (2 * np.abs(filters).max()))
    axes.set_axis_off()
show(figure, "Eight filters of three by three pixels in colour.")

# %% tags=["prose"]
change = float(np.linalg.norm(filters - first_weights) / np.linalg.norm(first_weights))
prose(
    """
    There are {number} filters of {side} × {side} pixels, each with {channels} channels: {weights} weights. Many show
    no pattern that a person could name. They began as random numbers, and training has changed them by {change:.0%}
    of their norm.
    """,
    claims={"most of the initial weights is left": change < 1},
    within=0.5,
    number=filters.shape[-1],
    side=filters.shape[0],
    channels=filters.shape[2],
    weights=filters.size,
    change=change,
)

# %% [markdown]
# ## Inside: feature maps
#
# A **feature map** is one channel of a layer's output for an image. A Keras model with other outputs gives them: it has
# the same input and the same layers.

# %%
relus = [layer for layer in by_keras.layers if isinstance(layer, keras.layers.ReLU)]
inside = keras.Model(by_keras.input, [layer.output for layer in relus])
seen = test.inputs[np.flatnonzero(test.targets == 1)[:1]]
maps = inside.predict(seen, verbose=0)

shown = maps[0::2]  # the first convolution, and one of each block
figure = Figure(figsize=(6, 5.4), layout="constrained")
for line, layer in zip(figure.subplots(len(shown), 7), shown, strict=True):
    line[0].imshow(seen[0])
    strongest = np.argsort(-layer[0].std(axis=(0, 1)))[:6]
    for axes, channel in zip(line[1:], strongest, strict=True):
        axes.imshow(layer[0, ..., channel], cmap="viridis")
    line[1].set_title(f"{layer.shape[1]} × {layer.shape[2]}", fontsize=9, loc="left")
    for axes in line:
        axes.set_axis_off()
show(figure, "A galaxy and, next to it, maps of ever coarser grids, layer by layer.")

# %% tags=["prose"]
first_map, last_map = maps[0][0], maps[-1][0]
zeros = float(np.mean(last_map == 0))
prose(
    """
    The first maps have {first} × {first} places and {few} channels, the last ones {last} × {last} places and {many}
    channels: each layer keeps fewer places and has at least as many channels. In the last ReLU {zeros:.0%} of all
    values are zero. The mean over the places makes {many} numbers of the maps, and the scores are weighted sums of
    them.
    """,
    claims={"some values are zero": zeros > 0},
    within=0.5,
    first=first_map.shape[0],
    few=first_map.shape[-1],
    last=last_map.shape[0],
    many=last_map.shape[-1],
    zeros=zeros,
)

# %% [markdown]
# ## Symmetry in the prediction: the mean over eight views
#
# Let the network predict for the eight views of each test image. Are the predictions the same?


# %%
def eight_predictions(images):
    """Probabilities for each view of each image, (8, images, classes)."""
    turned = [
        np.rot90(one, turns, axes=(1, 2))
        for one in (images, images[:, :, ::-1])
        for turns in range(4)
    ]
    return np.stack(
        [fitted.model.predict(np.ascontiguousarray(view), verbose=0) for view in turned]
    )


predictions = eight_predictions(test.inputs[:])
mean = predictions.mean(axis=0)
ranges = predictions.max(axis=0) - predictions.min(axis=0)
torn = int(ranges.max(axis=1).argmax())  # the image whose views differ most

figure = Figure(figsize=(8.4, 3.2), layout="constrained")
left, right = figure.subplots(1, 2, width_ratios=[1, 3.4])
left.imshow(test.inputs[torn : torn + 1][0])
left.set_axis_off()
left.set_title(f"{names[test.targets[torn]]}", fontsize=11)
labels = [
    f"{turns * 90}°{chr(10) + 'm.' if mirrored else ''}"
    for mirrored in (0, 1)
    for turns in range(4)
]
bottom = np.zeros(len(labels) + 1)
columns = np.concatenate([predictions[:, torn], mean[None, torn]])
for number, (name, colour, hatch) in enumerate(
    zip(names, (GREY, ORANGE, BLUE, PINK), ("", "//", "..", "xx"), strict=False)
):
    right.bar(
        [*labels, "mean"],
        columns[:, number],
        bottom=bottom,
        color=colour,
        hatch=hatch,
        edgecolor="white",
        label=name,
    )
    bottom += columns[:, number]
right.set_ylabel("probability")
right.tick_params(axis="x", labelsize=9)
right.set_title("predictions for the eight views (m.: mirrored)", fontsize=11, loc="left")
figure.legend(loc="outside right center", frameon=False)
show(
    figure,
    "A galaxy, and stacked bars: the probabilities of the classes for each of eight views.",
    colours=200,
)

# %% tags=["prose"]
every = list(range(len(names)))
singles = [log_loss(test.targets, view, labels=every) for view in predictions]
right_ones = [accuracy_score(test.targets, view.argmax(axis=1)) for view in predictions]
of_mean = log_loss(test.targets, mean, labels=every)
changed = float(np.mean([len(set(column)) > 1 for column in predictions.argmax(axis=2).T]))
prose(
    """
    They are not. The figure shows the image whose views differ most; for {changed:.0%} of the test images at least one
    view has another predicted class.

    A single view has a loss of {single:.3f} nat on average, and an accuracy of {one:.1%}. The mean of the eight has a
    loss of **{mean:.3f} nat** and an accuracy of **{all:.1%}**. The lower loss follows from the definition: $-\\log$ is
    convex, so the loss of a mean is never larger than the mean of the losses (Jensen's inequality). There is no such
    rule for the accuracy.
    """,
    claims={
        "the mean has a lower loss": of_mean < np.mean(singles),
        "some predictions change": changed > 0,
    },
    within=0.5,
    changed=changed,
    single=float(np.mean(singles)),
    one=float(np.mean(right_ones)),
    mean=of_mean,
    all=accuracy_score(test.targets, mean.argmax(axis=1)),
)

# %% [markdown]
# The lab can build this into the model that it saves: with the option `symmetric`, layers that rotate and mirror are
# put before the network, and a mean behind it. We give it the weights of our network:

# %%
symmetric_config = replace(config, symmetric=True)
bare = lab.build(symmetric_config, splits)
bare.set_weights(fitted.trained.get_weights())
symmetric = lab.assemble(symmetric_config, splits, bare)
by_model = symmetric.predict(test.inputs[:], verbose=0)

# %% tags=["prose"]
apart = float(np.abs(by_model - mean).max())
upside_down = symmetric.predict(np.ascontiguousarray(test.inputs[:][:, ::-1]), verbose=0)
still = float(np.abs(upside_down - by_model).max())
prose(
    """
    The largest difference to our mean is {apart:.0e}. For images upside down the predictions are the same, up to
    rounding ({still:.0e}): the symmetry is now a property of the model. A prediction costs eight times as much.
    """,
    claims={"they agree": apart < 1e-4, "upside down is the same": still < 1e-4},
    within=100.0,
    apart=apart,
    still=still,
)

# %% [markdown]
# ## Save
#
# `harness.save` writes the run into a folder: the model in three formats, the figures, a card and `run.json` with
# every number. Then all three are loaded in a fresh process and must predict the same.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model predicts the same probabilities for the {rows} test images: the largest
    difference is {difference:.1g}.
    """,
    claims={"the difference is rounding": difference < 1e-4},
    within=100.0,
    rows=len(test),
    difference=difference,
)

# %% [markdown]
# The same from a terminal, in one line: `python -m labs.galaxy --preset quick`. It chooses the data in the same way;
# `--data simulated-galaxies` or `--data galaxy-codecademy` decides it, and `--data-dir FOLDER` takes your own images,
# for example those of Galaxy Zoo.
#
# ## Try this
#
# Three experiments. Each cell is ready to run: run it, then change it. What do you expect before you run it?
# The first two judge on validation, so that the test images stay unseen; it is small, so only large differences count.

# %% [markdown]
# **1. Augmentation.** Not mirrored; mirrored, as above; rotated by any angle as well. Compare training with validation:
# which network overfits most?


# %% tags=["try"]
def judged(trained):
    """Accuracy on training and validation."""
    return {
        name: accuracy_score(
            part.targets, trained.model.predict(part.inputs[:], verbose=0).argmax(axis=1)
        )
        for name, part in (("training", train), ("validation", validation))
    }


ways = {
    "not mirrored": {"horizontal_flip": False, "vertical_flip": False},
    "rotated too": {"rotation_range": 180.0},
}
tried = {"mirrored": judged(fitted)}
for name, changes in ways.items():
    tried[name] = judged(harness.fit(lab, replace(config, **changes), splits))
pd.DataFrame(tried).T.round(2)

# %% [markdown]
# **2. The course's network.** First as many epochs as above; then try more.

# %% tags=["try"]
trained = harness.fit(lab, replace(config, network="cnn", epochs=config.epochs), splits)
pd.DataFrame({"residual": tried["mirrored"], "course": judged(trained)}).T.round(2)

# %% [markdown]
# **3. Rotate it slowly.** One galaxy, rotated by every angle from zero to a full turn: the probability of its class,
# from the network and from the mean over eight views. At multiples of a quarter turn no pixel is interpolated: what do
# you see there? Where do the two differ, and why is the second one periodic?
# Change `torn` to another number.

# %% tags=["try"]
angles = np.arange(0, 361, 5)
image = test.inputs[torn : torn + 1][0].astype("float32")
turned = np.stack(
    [ndimage.rotate(image, angle, reshape=False, order=1, mode="nearest") for angle in angles]
).astype("uint8")

figure = Figure(figsize=(8, 3.4), layout="constrained")
axes = figure.subplots()
by = {
    "network": (fitted.model, ORANGE, "--"),
    "mean of eight": (symmetric, BLUE, "-"),
}
for name, (predicting, colour, style) in by.items():
    chance = predicting.predict(turned, verbose=0)[:, test.targets[torn]]
    axes.plot(angles, chance, style, color=colour, linewidth=2, label=name)
axes.set_xticks(range(0, 361, 90))
axes.set_xlabel("rotated by (degrees)")
axes.set_ylabel(f"probability of {names[test.targets[torn]]}")
axes.set_ylim(0, 1)
axes.legend(frameon=False)
show(
    figure,
    "Two curves of probability by angle: the network's varies irregularly, the mean's is periodic.",
)

# %% [markdown]
# ## Summary
#
# - Softmax turns scores into probabilities; only their differences count.
# - The first feature maps have many places and few channels, the last ones few places and many channels.
# - A change of the image that does not change its label can be used in training, as augmentation, in the prediction, as
#   a mean over views, or in both.
# - A confusion matrix shows which errors are made; the accuracy only how many.
#
# More on this lab: [its page](../labs/galaxy/README.md), `python -m labs.galaxy --help`, and your own images:
# `--data-dir`.
