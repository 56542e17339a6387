# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown] facts=["4.0"]
# # Pneumonia: does this chest X-ray show it?
#
# On a radiograph of the chest, lungs that are filled with air are dark. An infection fills parts of them with fluid,
# which shows as pale, ragged shadows. Can a network detect them?
#
# You learn about the two operations of networks for images, **convolution** and **pooling**. You train a network with
# Keras, and find out why its loss can be low in training and high everywhere else. Then you evaluate it as medicine
# evaluates a test: how many patients does it miss, how many healthy people does it alarm, and who decides between the
# two?
#
# The radiographs are real: children of one to five years, from the Guangzhou Women and Children's Medical Center
# (Kermany et al. 2018, CC BY 4.0), reduced to a small size. What you train here is a **teaching model, not a medical
# device**; it must not be used to judge the radiograph of a patient.
#
# You need a little Python. Run the cells from top to bottom; it takes about a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.pneumonia.lab import lab

config = replace(lab.preset("quick", "chest-xray-128"), epochs=3)
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The radiographs
#
# A radiograph is an array of grey levels from `0`, black, to `255`, white. Air absorbs few rays and is dark; bones and
# fluid absorb more and are pale. There are two classes. All radiographs of one child are in the same split.

# %%
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure
from scipy import ndimage

from labs.exercises import check
from utils.runs import harness

BLUE, ORANGE, RED, GREY = "#0072B2", "#E69F00", "#D55E00", "#666666"

train, validation, test = splits.train, splits.validation, splits.test
healthy, sick = (np.flatnonzero(train.targets == number) for number in (0, 1))


def show(figure, alt):
    """Show a figure; simulated radiographs are labelled."""
    if splits.source.simulated:
        title = f"{figure.get_suptitle()} SIMULATED radiographs".strip()
        figure.suptitle(title, x=0.99, ha="right", fontsize=10, color=RED)
    picture(figure, alt)


figure = Figure(figsize=(7, 4), layout="constrained")
for line, rows, name in zip(
    figure.subplots(2, 4), (healthy, sick), splits.class_names, strict=True
):
    for axes, radiograph in zip(line, train.inputs[rows[:4]], strict=True):
        axes.imshow(radiograph[..., 0], cmap="gray", vmin=0, vmax=255)
        axes.set_axis_off()
        axes.set_title(name, fontsize=11)
show(
    figure,
    "Eight chest radiographs of children: four normal with dark lungs, four with pale shadows in them.",
)

# %% [markdown]
# Begin with a simple hypothesis: fluid is pale, so radiographs with pneumonia may simply be brighter on average. Then
# a single number would classify them, and no network would be needed.

# %% tags=["prose"]
from sklearn.metrics import roc_auc_score

brightness = train.inputs[:].mean(axis=(1, 2, 3))
by_brightness = float(roc_auc_score(train.targets, brightness))
prose(
    """
    Choose a radiograph with pneumonia and a normal one at random. The one with pneumonia is the brighter of the two in
    {share:.0%} of such pairs; chance is one half. The mean brightness is nearly useless. A classifier has to use
    *where* a radiograph is pale, that is, the relation of neighbouring pixels.
    """,
    claims={"brightness is close to chance": 0.4 < by_brightness < 0.6},
    share=by_brightness,
)

# %% [markdown]
# ## Convolution, by hand
#
# A **kernel** is a small square of weights. Place it on the radiograph, multiply each weight by the pixel under it, and
# add the products: the sum says how similar this place is to the kernel. Then move the kernel by one pixel and repeat,
# with the same weights.
#
# The kernel below is negative on its left and positive on its right. It responds where a radiograph becomes paler from
# left to right: at vertical edges.

# %%
radiograph = train.inputs[sick[1] : sick[1] + 1][0, ..., 0] / 255
vertical = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
row, column = 30, 12
window = radiograph[row : row + 3, column : column + 3]
print("pixels\n", window.round(2))
print("times the kernel\n", (window * vertical).round(2))
print("sum", (window * vertical).sum().round(4))

# %% [markdown]
# ### Exercise: the whole image
#
# Do that at every position where the whole kernel fits. `image` is an array of (height, width), `kernel` one of
# (F, F); return an array of `(height − F + 1, width − F + 1)`.


# %% tags=["exercise"]
def convolve(image, kernel):
    ### BEGIN SOLUTION
    size = len(kernel)
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    answer = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            answer[row, column] = np.sum(
                image[row : row + size, column : column + size] * kernel
            )
    return answer
    ### END SOLUTION


# %% tags=["check"]
check("pneumonia.convolve", convolve)

# %% [markdown]
# Keras has a layer for it, `Conv2D`. Here we set its kernels ourselves: the one above, the same for horizontal edges,
# and one that computes the mean of nine pixels.

# %%
kernels = {
    "vertical edges": vertical,
    "horizontal edges": vertical.T,
    "the mean": np.full((3, 3), 1 / 9),
}
layer = keras.layers.Conv2D(len(kernels), 3)
layer.build((None, *radiograph.shape, 1))
weights = np.stack(list(kernels.values()), axis=-1)[:, :, None, :]  # (F, F, D, K)
layer.set_weights([weights, np.zeros(len(kernels))])
responses = np.asarray(layer(radiograph[None, :, :, None]))[0]

figure = Figure(figsize=(8.4, 2.7), layout="constrained")
first, *others = figure.subplots(1, 4)
first.imshow(radiograph, cmap="gray", vmin=0, vmax=1)
first.set_title(f"the radiograph: {radiograph.shape[0]} × {radiograph.shape[1]}", fontsize=11)
for number, (axes, name) in enumerate(zip(others, kernels, strict=True)):
    largest = np.abs(responses[..., number]).max()
    # Edges have a sign: orange becomes paler along the kernel, purple darker, white is constant.
    drawn_as = {"cmap": "gray"} if name == "the mean" else {"cmap": "PuOr_r", "vmin": -largest}
    axes.imshow(responses[..., number], vmax=largest, **drawn_as)
    axes.set_title(name, fontsize=11)
for axes in figure.axes:
    axes.set_axis_off()
show(
    figure,
    "A radiograph and the responses of three kernels: vertical edges, horizontal edges, a smoothed radiograph.",
)

# %% tags=["prose"]
by_hand = float((window * vertical).sum())
by_layer = float(responses[row, column, 0])
prose(
    """
    At the position from above the layer computes {by_layer:.4f}, the same as we did by hand. The radiograph has {side}
    pixels per side, the output has {smaller}, as the kernel must not extend over the border. Orange is where the
    radiograph becomes paler (to the right in the first image, downwards in the second), purple where it becomes
    darker.
    """,
    claims={"layer and hand agree": bool(np.isclose(by_hand, by_layer, atol=1e-5))},
    by_layer=by_layer,
    side=radiograph.shape[0],
    smaller=responses.shape[0],
)

# %% [markdown]
# ## Filters
#
# Image processing has long used such kernels, called **filters**. A blur computes a weighted mean. Sobel's filters
# respond to edges of one direction, Laplace's to edges of any direction. A filter also acts on **frequencies**: a blur
# keeps the slow changes of an image (low-pass), an edge filter keeps the fast ones (high-pass). The second row shows
# the spectrum of each image, with the slow changes in the centre.

# %%
binomial = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]) / 16
laplace = np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
blurred = ndimage.correlate(ndimage.correlate(radiograph, binomial), binomial)
filtered_images = {
    "the radiograph": radiograph,
    "blurred": blurred,
    "sharpened": radiograph - ndimage.correlate(radiograph, laplace),
    "Sobel, vertical edges": ndimage.correlate(radiograph, vertical),
    "Laplace": ndimage.correlate(radiograph, laplace),
}
figure = Figure(figsize=(9, 3.9), layout="constrained")
for (name, image), (above, below) in zip(
    filtered_images.items(), figure.subplots(2, 5).T, strict=True
):
    spectrum = np.fft.fftshift(np.abs(np.fft.fft2(image)))
    above.imshow(image, cmap="gray")
    above.set_title(name, fontsize=10)
    below.imshow(np.log10(spectrum + 1e-2), cmap="viridis", vmin=-1, vmax=3)
    for axes in (above, below):
        axes.set_axis_off()
show(
    figure,
    "A radiograph, blurred, sharpened, and its edges by Sobel's and Laplace's kernels; below, the spectra.",
)


# %% tags=["prose"]
def share_of_fast(image):
    """Share of the spectrum's energy, without the mean, outside the inner half of the frequencies."""
    energy = np.abs(np.fft.fftshift(np.fft.fft2(image - image.mean()))) ** 2
    quarter = len(image) // 4
    inner = energy[quarter:-quarter, quarter:-quarter].sum()
    return float(1 - inner / energy.sum())


fast = {name: share_of_fast(image) for name, image in filtered_images.items()}
prose(
    """
    The upper half of the frequencies has {original:.1%} of the variance of the radiograph, {blurred:.1%} of that of
    the blurred one, and {edges:.0%} of that of Laplace's response.
    """,
    claims={
        "a blur keeps the slow changes": fast["blurred"] < fast["the radiograph"],
        "edge filters keep the fast ones": fast["the radiograph"]
        < min(fast["Laplace"], fast["Sobel, vertical edges"]),
    },
    original=fast["the radiograph"],
    blurred=fast["blurred"],
    edges=fast["Laplace"],
)

# %% [markdown] facts=["180"]
# ### Exercise: a convolution with borders
#
# Two conventions differ between networks and signal processing. The **flip**: a convolution in the sense of signal
# processing rotates the kernel by 180°; networks do not, and what they compute is a cross-correlation. The **border**:
# where the kernel extends over the border, one can *crop* as you did above, *pad* with zeros, or *extend*, which
# repeats the edge pixels.
#
# Return the convolution, with the flip, at **every** pixel of the image, with extended borders. `image` is
# (height, width), `kernel` is (F, F) with an odd F; the result has the shape of the image.


# %% tags=["exercise"]
def filtered(image, kernel):
    ### BEGIN SOLUTION
    extended = np.pad(image, len(kernel) // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(extended, kernel.shape)
    return np.sum(windows * kernel[::-1, ::-1], axis=(2, 3))
    ### END SOLUTION


# %% tags=["check"]
check("pneumonia.filtered", filtered)

# %% [markdown]
# ### A kernel that is learned
#
# These kernels were designed by people. A network **learns** its kernels: their weights are parameters, and gradient
# descent changes them like all others. Here a convolution with one kernel is trained on GENERATED noise and on Sobel's
# responses to it. This is the shortest training in Keras: build, compile, fit.

# %%
keras.utils.set_random_seed(config.seed)
noise = np.random.default_rng(0).normal(size=(64, 32, 32, 1)).astype("float32")
sobel = keras.layers.Conv2D(1, 3, use_bias=False, trainable=False)
sobel.build(noise.shape)
sobel.set_weights([vertical[:, :, None, None]])

small = keras.Sequential([keras.Input((32, 32, 1)), keras.layers.Conv2D(1, 3, name="kernel")])
print("before\n", small.get_layer("kernel").get_weights()[0][..., 0, 0].round(2))
decay = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=30 * 8)
small.compile(optimizer=keras.optimizers.Adam(decay), loss="mse")
small.fit(noise, sobel(noise), batch_size=8, epochs=30, verbose=0)
learned = small.get_layer("kernel").get_weights()[0][..., 0, 0]
print("after\n", learned.round(2) + 0.0)

# %% tags=["prose"]
off, limit = float(np.abs(learned - vertical).max()), 1e-3
prose(
    """
    The network has found Sobel's kernel: no weight differs by more than {limit:g}.
    """,
    claims={"the kernel is recovered": off < limit},
    limit=limit,
)

# %% [markdown]
# ### The size of the output, and its cost
#
# Four numbers describe a convolution of $K$ filters over an image of width $W$ with $D$ channels: the kernel's width
# $F$, the **stride** $S$ by which it moves, and the **padding** $P$, the zeros that are put around the image on each
# side. Then
#
# $$\text{side} = \left\lfloor \frac{W - F + 2P}{S} \right\rfloor + 1 \qquad
# \text{parameters} = K \cdot F^2 \cdot D + K$$
#
# Each filter has $F^2$ weights for each of the $D$ input channels, and one bias. The parameters do not depend on the
# width of the radiograph: the same weights are used at every position.
#
# ### Exercise: the side
#
# Write the first formula as a function; $\lfloor\;\rfloor$ means rounded down.


# %% tags=["exercise"]
def side(width, kernel, padding, stride):
    ### BEGIN SOLUTION
    return (width - kernel + 2 * padding) // stride + 1
    ### END SOLUTION


# %% tags=["check"]
check("pneumonia.side", side)

# %% [markdown]
# ### Exercise: the parameters
#
# How many parameters have `16` filters of `5 × 5` over an image of `8` channels?

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
parameters = 16 * 5**2 * 8 + 16
### END SOLUTION

# %% tags=["check"]
check("pneumonia.parameters", parameters)

# %% [markdown]
# ## Pooling
#
# **Max pooling** divides the responses into squares and keeps the largest of each: "somewhere in this square there was
# such an edge". It has no parameters. The output is smaller, so that the following layers need fewer
# multiplications, and their kernels cover a larger part of the radiograph.

# %%
relu = np.maximum(
    responses[..., 0], 0
)  # keeps what is similar to the kernel, sets the rest to 0
blocks = relu[:60, :60].reshape(15, 4, 15, 4)
pooled = blocks.max(axis=(1, 3))

figure = Figure(figsize=(7.2, 2.9), layout="constrained")
steps = {"vertical edges": responses[..., 0], "ReLU": relu, "pooled by four": pooled}
for axes, (name, values) in zip(figure.subplots(1, 3), steps.items(), strict=True):
    edges = {"cmap": "PuOr_r", "vmin": -values.max(), "vmax": values.max()}
    axes.imshow(values, **(edges if name == "vertical edges" else {"cmap": "viridis"}))
    axes.set_title(f"{name}: {values.shape[0]} × {values.shape[1]}", fontsize=10)
    axes.set_axis_off()
show(
    figure,
    "The response to vertical edges, the same after ReLU, and pooled into a coarse grid.",
)

# %% tags=["prose"]
by_pooling = np.asarray(keras.layers.MaxPooling2D(4)(relu[None, :60, :60, None]))[0, ..., 0]
prose(
    """
    Keras's layer `MaxPooling2D(4)` computes the same {side} × {side} numbers from {before:,}: one of {fewer}.
    """,
    claims={"layer and hand agree": bool(np.allclose(pooled, by_pooling))},
    side=pooled.shape[0],
    before=60 * 60,
    fewer=60 * 60 // pooled.size,
)

# %% [markdown]
# **Average pooling** computes the mean of each square instead. Does pooling make a network insensitive to shifts? The
# [page of this lab](../labs/pneumonia/README.md) has the measurement.

# %% [markdown]
# ## The network, layer by layer
#
# First the course's network in Keras's functional API: convolution, pooling, convolution, pooling, and a dense layer
# with two outputs. Each layer is called on the output of the one before. `summary()` lists the layers with their output
# shapes and parameters.

# %%
inputs = keras.Input(train.inputs.shape[1:], dtype="uint8", name="pictures")
values = keras.layers.Rescaling(1 / 255, name="pixels")(inputs)
values = keras.layers.Conv2D(2, 5, strides=3, activation="relu", name="convolution_1")(values)
values = keras.layers.MaxPooling2D(5, strides=5, name="pool_1")(values)
values = keras.layers.Conv2D(4, 3, activation="relu", name="convolution_2")(values)
values = keras.layers.MaxPooling2D(2, strides=2, name="pool_2")(values)
values = keras.layers.Flatten(name="flatten")(values)
outputs = keras.layers.Dense(2, activation="softmax", name="diagnosis")(values)
course = keras.Model(inputs, outputs, name="course")
course.summary()

# %% tags=["prose"]
from utils.teaching.layer_costs import cost_table, layer_costs

prose(
    """
    The next table applies both formulas to each layer. The column of Keras confirms them; the last column is the number
    of multiplications for one radiograph.

    {table}
    """,
    table=cost_table(layer_costs(course), markdown=True),
)

# %% [markdown]
# The last layer has one output per class. Its **softmax** turns two scores $z$ into two probabilities with the sum one:
# $p_k = e^{z_k} / (e^{z_0} + e^{z_1})$. The loss is the **cross-entropy**, $-\log p$ of the true class.

# %% tags=["prose"]
flat = lab.build(replace(config, network="mlp"), splits)
prose(
    """
    The course compares its network with a perceptron, in which every pixel is connected to every unit. At this size the
    perceptron has {flat:,} parameters, the convolutional network {course:,}. The course's own radiographs have sixteen
    times as many pixels. For these small ones we use a larger network.
    """,
    claims={"the perceptron has far more": flat.count_params() > 100 * course.count_params()},
    flat=flat.count_params(),
    course=course.count_params(),
)

# %% [markdown]
# ### A residual network
#
# It has the same layers, with three additions:
#
# - **Batch normalization** after each convolution: each channel is shifted and scaled to mean zero and standard
#   deviation one, computed over the batch.
# - A **residual** connection: a block computes $x + f(x)$.
# - At the end the **mean** over all positions, one number per channel.
#
# Padding is `same`: with a stride of one the output has the side of the input. Each pooling halves the side.


# %%
def convolution(values, filters, momentum, strides=1):
    """Convolution, batch normalization, ReLU. The convolution needs no bias: normalization subtracts the mean."""
    values = keras.layers.Conv2D(
        filters,
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(values)
    values = keras.layers.BatchNormalization(momentum=momentum)(values)
    return keras.layers.ReLU()(values)


def build(momentum):
    """A residual network, from radiographs to probabilities of the two classes."""
    inputs = keras.Input(train.inputs.shape[1:], dtype="uint8", name="radiographs")
    values = keras.layers.Rescaling(1 / 255)(inputs)
    values = convolution(values, 8, momentum, strides=2)
    for filters in (16, 32, 64):
        values = keras.layers.MaxPooling2D(2)(values)
        values = convolution(values, filters, momentum)
        values = keras.layers.Add()([values, convolution(values, filters, momentum)])
    values = keras.layers.GlobalAveragePooling2D()(values)
    outputs = keras.layers.Dense(2, activation="softmax", name="diagnosis")(values)
    return keras.Model(inputs, outputs, name="residual")


network = build(momentum=0.99)
network.summary()

# %% [markdown]
# ## Train with Keras
#
# `compile` takes the optimizer, the loss and the metrics; `fit` trains and returns the history. We begin with a few
# hundred radiographs, for a short training. In Keras the momentum of batch normalization is `0.99` unless it is given.

# %%
few = np.random.default_rng(0).permutation(len(train))[:640]
small_train = (train.inputs.take(few)[:], train.targets[few])
held_out = (validation.inputs[:], validation.targets)

epochs, batch_size = 6, 32
steps = epochs * len(few) // batch_size


def trained_with(momentum):
    """A trained network, its history, and its training rows in inference mode: loss and accuracy by epoch."""
    keras.utils.set_random_seed(config.seed)  # the same initial weights and the same batches
    network = build(momentum)
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    in_inference = []
    evaluate = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: in_inference.append(network.evaluate(*small_train, verbose=0))
    )
    history = network.fit(
        *small_train,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=held_out,
        callbacks=[evaluate],
        verbose=0,
    ).history
    return network, history, in_inference


networks, histories, in_inference = {}, {}, {}
for momentum in (0.99, 0.9):
    networks[momentum], histories[momentum], in_inference[momentum] = trained_with(momentum)
pd.DataFrame(histories[0.99]).round(2)

# %% [markdown]
# With the default momentum the training loss falls quickly, and the validation loss stays high. It looks like
# overfitting, or like a validation split that is too small. To find out, the callback above evaluated the **training
# rows in inference mode**, with `evaluate`: the radiographs that the network was trained on, with the weights that it
# has.

# %%
figure = Figure(figsize=(9, 3.6), layout="constrained")
for axes, momentum in zip(figure.subplots(1, 2, sharey=True), histories, strict=True):
    history = histories[momentum]
    numbers = range(1, epochs + 1)
    axes.plot(numbers, history["loss"], "o-", color=BLUE, label="training, as fit reports it")
    rows = [loss for loss, _ in in_inference[momentum]]
    axes.plot(numbers, rows, "s--", color=RED, label="training rows in inference mode")
    axes.plot(numbers, history["val_loss"], "^:", color=ORANGE, label="validation")
    axes.set_title(f"momentum {momentum}", loc="left", fontsize=12)
    axes.set_xlabel("epoch")
    axes.grid(color="#DDDDDD", linewidth=0.6)
figure.axes[0].set_ylabel("cross-entropy (nat)")
figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
show(
    figure,
    "Loss by epoch for two momenta. With 0.99 the training rows in inference mode have a loss as high as validation; "
    "with 0.9 both come down to the training loss.",
)

# %% tags=["prose"] facts=["0.9", "0.99"]
default, shorter = histories[0.99], histories[0.9]
slow, quick = in_inference[0.99][-1], in_inference[0.9][-1]  # loss and accuracy
same_weights = all(
    np.allclose(one, other, atol=1e-4)
    for one, other in zip(
        networks[0.99].trainable_weights,
        networks[0.9].trainable_weights,
        strict=True,
    )
)
prose(
    """
    With momentum 0.99, `fit` reports a training loss of {reported:.2f}. In inference mode the same network has a loss
    of **{inference:.2f}** and an accuracy of {accuracy:.2f} **on its own training radiographs**. So neither overfitting
    nor the number of validation radiographs explains the validation loss of {validation:.2f}.

    What differs is batch normalization. In training, a batch is normalized by its own mean and variance. In inference,
    running averages are used instead. They start at mean zero and variance one, and at each step they keep the fraction
    *momentum* of their old value: after the {steps} steps of this training, $0.99^{{{steps}}}$ = {left:.0%} of the
    initial value is left, and the rest averages over earlier stages of the network.

    The right side is the test of this explanation. With the same seed and momentum 0.9, training is the same: the
    reported training losses are equal, and so are all trained weights. Only the running averages differ. In
    inference mode the training rows now have a loss of **{fixed:.2f}**, and validation one of {fixed_validation:.2f}.

    Use a momentum of 0.9 when a training has few steps. The networks of these labs do.
    """,
    claims={
        "the training rows have a high loss in inference mode": slow[0]
        > default["loss"][-1] + 0.5,
        "the training is the same": bool(
            np.allclose(default["loss"], shorter["loss"], atol=1e-3)
        ),
        "the trained weights are the same": same_weights,
        "the momentum alone makes the loss of the training rows small": quick[0]
        < min(0.3, slow[0] / 3),
        "and that of validation smaller": shorter["val_loss"][-1] < default["val_loss"][-1] / 2,
    },
    within=1.0,
    reported=default["loss"][-1],
    inference=float(slow[0]),
    accuracy=float(slow[1]),
    validation=default["val_loss"][-1],
    steps=steps,
    left=float(0.99**steps),
    fixed=float(quick[0]),
    fixed_validation=shorter["val_loss"][-1],
)

# %% [markdown]
# ### All radiographs: a pipeline with augmentation
#
# Now we train on all radiographs. A `tf.data` pipeline shuffles them, forms batches, and prepares the next batch
# while the network trains on the current one. **Augmentation** rotates, shifts and zooms each radiograph a little, in
# another way in each epoch. It is part of the pipeline, not of the network: a saved model must not rotate the
# radiographs that it judges.

# %%
vary = keras.Sequential(
    [
        keras.layers.RandomRotation(15 / 360, fill_mode="nearest"),
        keras.layers.RandomTranslation(0.05, 0.05, fill_mode="nearest"),
        keras.layers.RandomZoom(0.2, fill_mode="nearest"),
    ]
)
pipeline = (
    tf.data.Dataset.from_tensor_slices((train.inputs[:], train.targets))
    .shuffle(len(train), seed=config.seed)
    .batch(config.batch_size)
    .map(lambda x, y: (vary(tf.cast(x, "float32"), training=True), y), num_parallel_calls=2)
    .prefetch(2)
)
batch, labels = next(iter(pipeline))
figure = Figure(figsize=(7, 1.6), layout="constrained")
for axes, radiograph in zip(figure.subplots(1, 6), batch[..., 0], strict=False):
    axes.imshow(radiograph, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
show(figure, "Six radiographs of a batch, rotated, shifted and zoomed.")

# %% [markdown]
# Three callbacks act after each epoch. `ReduceLROnPlateau` takes smaller steps when the validation loss stops falling.
# `EarlyStopping` ends the training when it has not fallen for some epochs. `ModelCheckpoint` saves the best network so
# far. The learning rate is multiplied by `0.2` after the first epoch without improvement.

# %%
import tempfile
from pathlib import Path

checkpoint = Path(tempfile.mkdtemp()) / "best.keras"
keras.utils.set_random_seed(config.seed)
by_keras = build(momentum=0.9)
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
        keras.callbacks.ReduceLROnPlateau(factor=0.2, patience=0, min_delta=0.02),
        keras.callbacks.EarlyStopping(patience=3),
        keras.callbacks.ModelCheckpoint(checkpoint, save_best_only=True),
    ],
    verbose=0,
).history
by_keras = keras.models.load_model(checkpoint)
pd.DataFrame(history).round(4)

# %% [markdown]
# ## `harness.fit` does the same, and more
#
# `harness.fit` is the function that `python -m labs.pneumonia` calls. It builds the same network, compiles it with the
# same loss, and trains it on batches that are augmented in the same way. In addition it keeps the state of training
# after each epoch, so that an interrupted run can be resumed, reports its progress, and records settings, data and
# versions. The preset has another schedule of the learning rate, a cosine.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
drawn = lab.figures(fitted, evaluation)
show(drawn["learning_curves"], "Learning curves: the loss falls in training and in validation.")

# %% tags=["prose"] facts=["95 %"]
from sklearn.metrics import roc_auc_score

ours = float(roc_auc_score(validation.targets, by_keras.predict(held_out[0], verbose=0)[:, 1]))
theirs = evaluation.metrics["validation"]["auc"]
prose(
    """
    Both networks have {parameters:,} parameters. The **AUC**, which is explained below, is {ours:.3f} on validation for
    the network that was trained with plain Keras, and {theirs:.3f} for that of `harness.fit`, with a 95 % interval of
    {low:.3f} to {high:.3f}. The two are equal within the uncertainty.
    """,
    claims={
        "the networks have as many parameters": by_keras.count_params()
        == fitted.model.count_params(),
        "the AUC is equal within the interval": abs(ours - theirs["value"])
        < max(theirs["high"] - theirs["low"], 0.02),
    },
    within=0.05,
    parameters=fitted.model.count_params(),
    ours=ours,
    theirs=theirs["value"],
    low=theirs["low"],
    high=theirs["high"],
)

# %% [markdown] facts=["2"]
# ### Then → now
#
# The course was written for Keras 2. Its lines, and what replaces them:
#
# | then | now |
# | --- | --- |
# | `ImageDataGenerator(rescale=1/255, …)` | `Rescaling` in the model ([why][rescale]) |
# | `ImageDataGenerator(rotation_range=15, …)` | `Random…` layers in the pipeline ([why][generator]) |
# | `generator.flow_from_directory(…)` | `keras.utils.image_dataset_from_directory(…)` ([why][folder]) |
# | `fit(…, steps_per_epoch=iterator.samples / BATCH_SIZE)` | `fit(pipeline)`, which has a length ([why][steps]) |
# | `EarlyStopping(monitor="val_acc")` | `EarlyStopping(monitor="val_accuracy")` ([why][monitor]) |
# | `iterator.next()` | `next(iter(pipeline))` ([why][next]) |
# | `iterator.labels` for a confusion matrix | the targets, in the order of the predictions ([why][labels]) |
#
# [rescale]: COURSE_CODE.md#rescale
# [generator]: COURSE_CODE.md#from-keraspreprocessingimage-import-imagedatagenerator
# [folder]: COURSE_CODE.md#flow_from_directory
# [steps]: COURSE_CODE.md#a-float-as-steps_per_epoch
# [monitor]: COURSE_CODE.md#earlystoppingmonitorval_acc
# [next]: COURSE_CODE.md#iteratornext
# [labels]: COURSE_CODE.md#iteratorlabels-with-shuffletrue
#
# All lines are in [COURSE_CODE.md](COURSE_CODE.md), each with its error message.

# %% [markdown] facts=["0.005"]
# ## What can go wrong: dead units
#
# The output of a ReLU is zero for negative inputs. If the sum of a unit is negative at every position of every
# radiograph, its output is zero, and so is its gradient: its weights no longer change. Such a unit is **dead**. It may
# be dead from the start, by its random weights, or after a step that was too large. The course trains its network of
# two and four filters with a learning rate of 0.005. How many of its six units still respond to any radiograph after
# two epochs?


# %%
def responding(network, radiographs):
    """The number of units of both convolutions that respond anywhere in the radiographs."""
    layers = [network.get_layer(f"convolution_{number}").output for number in (1, 2)]
    responses = keras.Model(network.input, layers).predict(radiographs, verbose=0)
    return sum(int((maps.max(axis=(0, 1, 2)) > 0).sum()) for maps in responses)


trainings = {}
for seed in (1, 2, 3):
    keras.utils.set_random_seed(seed)
    one = keras.models.clone_model(course)  # the same layers with new random weights
    before = responding(one, held_out[0])
    auc = keras.metrics.AUC(name="auc")
    one.compile(
        keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    one.fit(train.inputs[:], train.targets, batch_size=16, epochs=2, verbose=0)
    auc.update_state(validation.targets, one.predict(held_out[0], verbose=0)[:, 1])
    trainings[f"seed {seed}"] = {
        "units that respond at first": before,
        "units that respond after training": responding(one, held_out[0]),
        "AUC on validation": float(auc.result()),
    }
pd.DataFrame(trainings).T.round(2)

# %% tags=["prose"]
units = 2 + 4
alive = [int(each["units that respond after training"]) for each in trainings.values()]
areas = [each["AUC on validation"] for each in trainings.values()]
prose(
    """
    Of {units} units, {fewest:.0f} to {most:.0f} respond after training, and the AUC is between {low:.2f} and
    {high:.2f}. If no unit of the last convolution responds, the network predicts the same for every radiograph, and its
    AUC is one half. The preset `course` keeps the course's network and its large radiographs. It draws the initial
    weights again while a unit is dead, and takes a smaller learning rate, chosen on validation. How often each setting
    fails is reported on the [page of this lab](../labs/pneumonia/README.md).
    """,
    claims={"units are dead": min(alive) < units},
    within=1.0,
    units=units,
    fewest=float(min(alive)),
    most=float(max(alive)),
    low=float(min(areas)),
    high=float(max(areas)),
)

# %% [markdown]
# ## Evaluate: first without a threshold
#
# `harness.evaluate` has evaluated the network on the test radiographs, which nothing was chosen on. The network gives
# each radiograph a probability of pneumonia. Before we choose from which probability on pneumonia is predicted, ask
# something simpler: do the radiographs with pneumonia get the higher probabilities?

# %%
truth = test.targets
probability = evaluation.predictions["test"][:, 1]

figure = Figure(figsize=(8, 3.4), layout="constrained")
axes = figure.subplots()
bins = np.linspace(0, 1, 21)
groups = (
    ("normal", 0, ORANGE, None),
    ("pneumonia", 1, BLUE, "//"),
)
for name, number, colour, hatch in groups:
    axes.hist(
        probability[truth == number],
        bins,
        color=colour,
        alpha=0.6,
        hatch=hatch,
        edgecolor="white",
        label=f"radiographs that are {name}",
    )
axes.set_title("Probability of pneumonia, test split", loc="left")
axes.set_xlabel("probability that the network gives")
axes.set_ylabel("radiographs")
axes.legend(frameon=False)
show(
    figure,
    "Two histograms that overlap: radiographs with pneumonia near one, normal ones over the whole range.",
)

# %% [markdown]
# The **ROC curve** has a point for each threshold: upwards the **sensitivity**, the fraction of the sick that is found,
# to the right the fraction of the healthy that is alarmed, which is one minus the **specificity**. Guessing is the
# diagonal. The area under the curve, the **AUC**, is the fraction of all pairs of a sick and a healthy radiograph in
# which the sick one has the higher probability.

# %%
show(
    drawn["roc"],
    "ROC curve far above the diagonal, with a band and four thresholds marked on it.",
)

# %% tags=["prose"] facts=["95 %"]
pairs = probability[truth == 1][:, None] - probability[truth == 0][None, :]
ordered = np.mean((pairs > 0) + 0.5 * (pairs == 0))  # a tie counts half
area = evaluation.metrics["test"]["auc"]
(name,) = (name for name in evaluation.baselines if name.startswith("logistic"))
logistic = evaluation.baselines[name]["auc"]
prose(
    """
    Of {pairs:,} pairs, **{ordered:.1%}** are in the right order; the AUC of the run is {auc:.3f}. The 95 % interval
    over samples of {radiographs} test radiographs is {low:.2f} to {high:.2f}. Logistic regression, one weight
    per pixel on the same radiographs, reduced, has {logistic:.2f}. What the preset `best` reaches, with larger images
    and more epochs, is reported on the [page of this lab](../labs/pneumonia/README.md).
    """,
    claims={
        "the share of pairs is the AUC": abs(ordered - area["value"]) < 1e-6,
        "the network is better than guessing": area["low"] > 0.5,
    },
    within=0.15,
    pairs=pairs.size,
    ordered=ordered,
    auc=area["value"],
    radiographs=len(test),
    low=area["low"],
    high=area["high"],
    logistic=logistic,
)

# %% [markdown]
# ### Precision and recall
#
# Parents ask another question: pneumonia was predicted for my child, how probable is it? That is the **precision**, the
# fraction of the predicted positives that are sick. **Recall** is another word for the sensitivity.

# %%
show(
    drawn["precision_recall"],
    "Precision by recall: high at the left, falling towards the fraction of the sick at the right.",
)

# %% [markdown]
# Precision depends on who is examined. In our test split nearly two radiographs in three are of sick children. Where
# few are sick, the same network alarms the same fraction of the healthy, but there are many more of them. With the
# fraction $q$ of sick people,
#
# $$\text{precision} = \frac{q \cdot \text{sensitivity}}
# {q \cdot \text{sensitivity} + (1 - q) \cdot (1 - \text{specificity})}$$

# %%
fixed = evaluation.details["fixed"]["0.5"]
found, left = fixed["sensitivity"]["value"], fixed["specificity"]["value"]
shares = {"clinic": 0.5, "school": 0.02}
precision = {name: q * found / (q * found + (1 - q) * (1 - left)) for name, q in shares.items()}
pd.Series(precision, name="precision").round(3).to_frame()

# %% tags=["prose"]
prose(
    """
    At the threshold {half} the network finds {found:.0%} of the sick, and predicts no pneumonia for {left:.0%} of the
    healthy. In a clinic where {clinic:.0%} of the children are sick, {in_clinic:.0%} of its alarms are right. In a
    school where {school:.0%} are, only **{in_school:.0%}** are right: nearly all alarms are false, with the same
    network. Sensitivity and specificity, and with them the ROC curve, do not depend on $q$.
    """,
    claims={
        "most alarms in a school are false": precision["school"] < 0.5,
        "the clinic's are better": precision["clinic"] > precision["school"],
    },
    within=0.5,
    half=fixed["threshold"],
    found=found,
    left=left,
    clinic=shares["clinic"],
    in_clinic=precision["clinic"],
    school=shares["school"],
    in_school=precision["school"],
)

# %% [markdown]
# ### Exercise: sensitivity and specificity
#
# `truth` is an array of (radiographs,), `1` for sick and `0` for healthy; `probability` has the probability of each. A
# radiograph is predicted positive where its probability is the threshold **or more**. Return sensitivity and
# specificity.


# %% tags=["exercise"]
def rates(truth, probability, threshold):
    ### BEGIN SOLUTION
    called = probability >= threshold
    return np.mean(called[truth == 1]), np.mean(~called[truth == 0])
    ### END SOLUTION


# %% tags=["check"]
check("pneumonia.rates", rates)

# %% [markdown]
# ### Two conventions
#
# Some courses draw sensitivity against specificity instead. It is the same curve, mirrored, with the same area:

# %%
from sklearn.metrics import recall_score, roc_curve

false_alarms, sensitivity, _ = roc_curve(truth, probability)
figure = Figure(figsize=(7.6, 3.5), layout="constrained")
usual, mirrored = figure.subplots(1, 2, sharey=True)
for axes, across, label in (
    (usual, false_alarms, "1 − specificity (false positive rate)"),
    (mirrored, 1 - false_alarms, "specificity"),
):
    axes.plot(across, sensitivity, color=BLUE, linewidth=2)
    axes.plot([0, 1], [1, 0] if axes is mirrored else [0, 1], ":", color=GREY)
    axes.set_xlabel(label)
    axes.set_aspect("equal")
usual.plot(1 - left, found, "o", color=RED, label="threshold 0.5")
mirrored.plot(left, found, "o", color=RED)
usual.set_ylabel("sensitivity")
usual.legend(frameon=False)
show(
    figure,
    "The ROC curve twice: against the false positive rate, and mirrored, against the specificity.",
)

# %% [markdown]
# ### Exercise: a point of the curve
#
# Notes of courses have been seen with the axes swapped. Return the point `(x, y)` of the ROC curve in the usual
# convention, the left one above. A probability equal to the threshold is positive.


# %% tags=["exercise"]
def roc_point(truth, probability, threshold):
    ### BEGIN SOLUTION
    called = probability >= threshold
    return np.mean(called[truth == 0]), np.mean(called[truth == 1])
    ### END SOLUTION


# %% tags=["check"]
check("pneumonia.roc_point", roc_point)

# %% [markdown]
# ## A threshold is a decision
#
# With a low threshold few patients are missed and many healthy people are alarmed; with a high one it is the other way
# round. No training can choose it: the choice depends on what an error costs. A false alarm costs another examination,
# worry, perhaps a needless antibiotic. A missed pneumonia may cost a child's life. Screening therefore requires a high
# sensitivity, and accepts a lower specificity.
#
# The lab's policy: of all thresholds with at least the sensitivity `reach` on **validation**, take the largest. The
# test split only judges. A threshold that is chosen on the test radiographs looks better than it is.

# %%
show(
    drawn["thresholds"],
    "Sensitivity falls and specificity rises with the threshold; test differs from validation.",
)

# %% tags=["prose"]
from utils.metrics import two_classes

point = evaluation.details["chosen"]
(spared, alarmed), (missed, caught) = point["confusion"]
chosen = two_classes.choose_threshold(
    validation.targets, evaluation.predictions["validation"], config.policy, config.reach
)
spared_before = two_classes.specificity(
    validation.targets, evaluation.predictions["validation"], chosen
)
prose(
    """
    The policy requires a sensitivity of {reach:.0%} on validation, and takes the threshold **{chosen:.2f}**. On test
    the network finds {caught:.0f} of {sick} patients and misses {missed:.0f}; it alarms {alarmed:.0f} of {healthy}
    healthy children. That is a sensitivity of {found:.0%} and a specificity of {left:.0%}.

    On validation, the specificity at the same threshold is {before:.0%}. The validation split was held out of the
    training radiographs; the test split is the official one, collected separately. A threshold that is chosen on
    validation does not guarantee the same specificity on radiographs from elsewhere.
    """,
    claims={
        "evaluate chose the same": chosen == evaluation.threshold,
        "test differs from validation": point["specificity"]["value"] < spared_before,
    },
    within=1.0,
    reach=config.reach,
    chosen=chosen,
    caught=float(caught),
    sick=int(np.sum(truth == 1)),
    missed=float(missed),
    alarmed=float(alarmed),
    healthy=int(np.sum(truth == 0)),
    found=point["sensitivity"]["value"],
    left=point["specificity"]["value"],
    before=spared_before,
)

# %%
show(
    drawn["confusion"],
    "Confusion matrix: nearly all patients are found, many healthy children are alarmed.",
)

# %% [markdown] facts=["1", "2"]
# ### Two types of error
#
# Statistics numbers the errors. Its hypothesis is that the patient is healthy. A **type 1 error** rejects it although
# it is true: a false alarm. A **type 2 error** keeps it although it is false: a missed patient. A lower threshold has
# fewer type 2 errors and more type 1 errors.

# %% [markdown] facts=["1", "2"]
# ### Exercise: count the errors
#
# In the notes of a course, the true negatives are called type 2 errors. Is that right? `truth` and `predicted` are
# arrays of `1` for sick and `0` for healthy. Return the numbers of type 1 and of type 2 errors.


# %% tags=["exercise"]
def error_types(truth, predicted):
    ### BEGIN SOLUTION
    return np.sum((truth == 0) & (predicted == 1)), np.sum((truth == 1) & (predicted == 0))
    ### END SOLUTION


# %% tags=["check"]
check("pneumonia.error_types", error_types)

# %% [markdown]
# The same measures, the figures and an animation of a moving threshold for the predictions of any program, as CSV files
# with an id in each row: `python -m labs score PREDICTIONS.csv --truth TRUTH.csv --out DIR`.

# %% [markdown]
# ### What an error costs
#
# If the costs of a missed patient and of a false alarm are known, each threshold has a cost per radiograph, and the
# cheapest one can be read off. Here on validation:

# %%
known = evaluation.predictions["validation"][:, 1]
grid = np.linspace(0.01, 0.99, 99)


def price(missed, alarm):
    """What each threshold of the grid costs per radiograph on validation, (thresholds,)."""
    called = known >= grid[:, None]
    is_sick = validation.targets == 1
    return missed * np.mean(~called & is_sick, axis=1) + alarm * np.mean(
        called & ~is_sick, axis=1
    )


ratios = {"as a false alarm": 1, "five of them": 5, "twenty of them": 20}
figure = Figure(figsize=(8, 3.8), layout="constrained")
axes = figure.subplots()
for (name, ratio), colour, style, size in zip(
    ratios.items(), (GREY, BLUE, RED), ("--", "-", ":"), (7, 8, 13), strict=True
):
    costs = price(ratio, 1)
    cheapest_at = costs.argmin()
    axes.semilogy(grid, costs, style, color=colour, linewidth=2, label=name)
    # Rings of several sizes: two of them may be at the same point.
    ring = {"color": colour, "markersize": size, "fillstyle": "none", "mew": 2}
    axes.plot(grid[cheapest_at], costs[cheapest_at], "o", **ring)
axes.set_title("What a threshold costs, validation split", loc="left")
axes.set_xlabel("threshold")
axes.set_ylabel("cost per radiograph, in false alarms")
figure.legend(loc="outside right center", frameon=False, title="a missed patient costs")
show(
    figure,
    "Three cost curves; the higher the cost of a missed patient, the lower the cheapest threshold.",
)

# %% tags=["prose"]
cheapest_points = [float(grid[price(cost, 1).argmin()]) for cost in ratios.values()]
prose(
    """
    Rings mark the cheapest thresholds: {alike:.2f} where both errors cost the same, {dearest:.2f} where a missed
    patient costs {times} false alarms. The network is the same.
    """,
    claims={"the dearer a miss, the lower": cheapest_points[-1] < cheapest_points[0]},
    within=1.0,
    alike=cheapest_points[0],
    dearest=cheapest_points[-1],
    times=max(ratios.values()),
)

# %% [markdown]
# ### Exercise: the cheapest threshold
#
# `thresholds` is an array of candidates. A missed patient costs `missed`, a false alarm `alarm`. Return the candidate
# with the smallest cost over all radiographs.


# %% tags=["exercise"]
def cheapest(truth, probability, thresholds, missed, alarm):
    ### BEGIN SOLUTION
    costs = []
    for threshold in thresholds:
        called = probability >= threshold
        misses, alarms = np.sum(~called & (truth == 1)), np.sum(called & (truth == 0))
        costs.append(missed * misses + alarm * alarms)
    return thresholds[np.argmin(costs)]
    ### END SOLUTION


# %% tags=["check"]
check("pneumonia.cheapest", cheapest)

# %% [markdown]
# ## Calibration
#
# If a network predicts eighty per cent for many radiographs, eighty in a hundred of these predictions should be right.
# Then it is **calibrated**. The AUC does not measure this: if all probabilities are halved, every pair has the same
# order as before.

# %%
show(
    drawn["reliability"],
    "Fraction that is right by confidence: points near the diagonal with long error bars.",
)

# %% tags=["prose"]
calibration = evaluation.metrics["test"]["ece"]["value"]
prose(
    """
    Points below the line are overconfident predictions. Points of few radiographs have long error bars. The mean
    distance from the line, weighted by the number of radiographs, is the **expected calibration error**: here
    {ece:.2f}. A threshold that is computed from costs assumes calibrated probabilities.
    """,
    within=0.6,
    ece=calibration,
)

# %% [markdown]
# ## Which places count?
#
# **Grad-CAM** shows which places of the last convolution are evidence for a class. $A^k$ are that layer's maps, $z_c$
# is the class's score before softmax. The mean gradient says how much map $k$ counts for the class, and the heat map
# is the weighted sum of the maps, where it is positive:
#
# $$\alpha_k = \frac{1}{n} \sum_{i,j} \frac{\partial z_c}{\partial A^k_{ij}} \qquad
# \text{heat} = \mathrm{ReLU}\left(\sum_k \alpha_k A^k\right)$$

# %%
show(
    drawn["grad_cam"],
    "Four radiographs, each next to its coarse heat map of the evidence for the predicted class.",
)

# %% tags=["prose"]
places = fitted.model.get_layer("mean").input.shape[1]
prose(
    """
    These are the most confident test predictions of each class. The last maps have only {side} × {side} places: the
    heat map shows a region, not an outline. Is it on the pale shadows, or on the abdomen, the arms, the edge of the
    radiograph? A network may be right for a wrong reason: networks have been found to use the hospital's marker in the
    corner (Zech et al. 2018). A heat map shows where to look more closely; it proves nothing.
    """,
    side=places,
)

# %% [markdown]
# ## Save
#
# `harness.save` writes the run into a folder: the model in three formats, the figures, a card, and `run.json` with
# every number and the chosen threshold. Then all three are loaded in a fresh process and must predict the same.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model predicts the same probabilities for the {rows} test radiographs: the
    largest difference is {difference:.1g}. The card has the lab's caution: "{caution}"
    """,
    claims={"the difference is rounding": difference < 1e-4},
    within=100.0,
    rows=len(test),
    difference=difference,
    caution=lab.caution,
)

# %% [markdown]
# The same from a terminal, in one line: `python -m labs.pneumonia --preset quick --epochs 3`.
#
# ## Try this
#
# Three experiments. Each cell is ready to run: run it, then change it. What do you expect before you run it?
#
# **1. Another policy.** Which threshold finds nearly all patients, and what is the specificity there? `youden`
# maximizes the sum of sensitivity and specificity.

# %% tags=["try"]
alarms, reached, thresholds = roc_curve(validation.targets, known)
policies = {"youden": np.argmax(reached - alarms)}
for reach in (0.7, 0.9, 0.99):
    policies[f"sensitivity of {reach}"] = np.argmax(reached >= reach)  # the largest threshold
table = {}
for name, place in policies.items():
    predicted = probability >= thresholds[place]
    table[name] = {
        "threshold": thresholds[place],
        "sensitivity on test": recall_score(truth, predicted),
        "specificity on test": recall_score(truth, predicted, pos_label=0),
    }
pd.DataFrame(table).T.round(2)

# %% [markdown]
# **2. Other networks.** The course's two, trained for two epochs on the same small radiographs; the AUC on validation.
# Try more `epochs`.

# %% tags=["try"]
from sklearn.metrics import roc_auc_score

for kind in ("cnn", "mlp"):
    other = harness.fit(lab, replace(config, network=kind, epochs=2), splits)
    guess = other.model.predict(held_out[0], verbose=0)[:, 1]
    print(f"{kind}: AUC {roc_auc_score(validation.targets, guess):.2f}")
print(f"residual: AUC {roc_auc_score(validation.targets, known):.2f}")

# %% [markdown]
# **3. Cover a place.** A test of the heat map: cover a square of the radiograph with grey, and measure how far the
# score of pneumonia falls. Where it falls most, the network relies on what is covered. Change the
# radiograph, or the size of the square.

# %% tags=["try"]
covered, size, stride = test.inputs[int(np.argmax(probability)) :][0], 12, 4
places = range(0, covered.shape[0] - size + 1, stride)
tries = np.repeat(covered[None], len(places) ** 2, axis=0)
for number, (down, right) in enumerate((down, right) for down in places for right in places):
    tries[number, down : down + size, right : right + size] = covered.mean()


def log_odds(chances):
    """log(p / (1 − p)) of pneumonia, which does not saturate near 1 as p does."""
    clipped = np.clip(chances.astype("float64"), 1e-7, 1 - 1e-7)
    return np.log(clipped[:, 1] / clipped[:, 0])


whole = log_odds(fitted.model.predict(covered[None], verbose=0))
drop = whole - log_odds(fitted.model.predict(tries, verbose=0))

figure = Figure(figsize=(7.6, 3.4), layout="constrained")
left_axes, right_axes = figure.subplots(1, 2)
left_axes.imshow(covered[..., 0], cmap="gray", vmin=0, vmax=255)
left_axes.set_title("the radiograph", fontsize=11)
edge = (places[0] + size / 2 - stride / 2, places[-1] + size / 2 + stride / 2)
right_axes.imshow(covered[..., 0], cmap="gray", vmin=0, vmax=255)
shade = right_axes.imshow(
    drop.reshape(len(places), -1), cmap="viridis", alpha=0.6, extent=(*edge, *edge[::-1])
)
right_axes.set(xlim=left_axes.get_xlim(), ylim=left_axes.get_ylim())
right_axes.set_title("where covering lowers the score", fontsize=11)
for axes in (left_axes, right_axes):
    axes.set_axis_off()
figure.colorbar(shade, ax=right_axes, label="fall of the log odds")
show(figure, "A radiograph, and a map of how much the score falls where a square covers it.")

# %% [markdown]
# ## Summary
#
# - A convolution applies the same few weights at every position; pooling keeps what was there, and coarsens where.
# - If the training loss is low and every other loss is high, evaluate the training rows in inference mode. With batch
#   normalization the running statistics may lag behind.
# - The AUC measures the order of the probabilities, calibration measures their size, and neither chooses a threshold.
# - A threshold weighs missed patients against false alarms. It is chosen on validation, by people who know what errors
#   cost, and judged on test.
# - The precision of the same network is lower where fewer people are sick.
#
# More on this lab: [its page](../labs/pneumonia/README.md), `python -m labs.pneumonia --help`, filters for your own
# images: `python -m labs.pneumonia filters IMAGE`, and full-size radiographs: `--data-dir`.
