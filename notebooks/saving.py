# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown] facts=["3"]
# # Saving: keep a network, and use it again
#
# Keras saves a network in several formats. They differ in what they keep, and many lines of the courses on saving no
# longer work in Keras 3.
#
# You learn which format to choose, how to check that a loaded network predicts the same, how to resume a training
# without losing its state, and how to serve a network without Keras. Nearly all code is plain Keras.
#
# You need a little Python, and what an optimizer does. The notebook on classification explains the network. Run the
# cells from top to bottom; this takes about a minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.classification.lab import lab

config = lab.preset("quick")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## A network to save
#
# It takes raw pixels from `0` to `255`: their scaling is its first layer. It is trained for two epochs with batches
# from a `tf.data` pipeline.

# %%
import json
import tempfile
import zipfile
from pathlib import Path

import absl.logging
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers
from matplotlib.figure import Figure

from labs.exercises import check
from utils.runs import harness

absl.logging.set_verbosity(
    "error"
)  # hides the warning at every save that .h5 is a legacy format

train, validation = splits.train, splits.validation
order = np.random.default_rng(config.seed).permutation(len(train))
X, y = train.inputs[order], train.targets[order]
X_val, y_val = validation.inputs, validation.targets
batches = tf.data.Dataset.from_tensor_slices((X, y)).batch(64).prefetch(tf.data.AUTOTUNE)


def network():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )


def compiled(model):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


keras.utils.set_random_seed(config.seed)
model = compiled(network())
model.summary()
model.fit(batches, epochs=2, shuffle=False, verbose=0)
loss, accuracy = model.evaluate(X_val, y_val, verbose=0)
reference = model.predict(X_val, verbose=0)

# %% tags=["prose"]
prose(
    """
    After two epochs the network classifies {accuracy:.0%} of the validation images correctly. `reference` contains
    its predictions, with which all loaded networks are compared.
    """,
    claims={"it is better than a guess": accuracy > 0.5},
    within=0.1,
    accuracy=accuracy,
)

# %% [markdown]
# ## Four formats
#
# A file with the suffix `.keras` is Keras's own format. `.h5` is the old one, which the courses use. `.weights.h5`
# contains numbers only. `export` writes a SavedModel, a folder that TensorFlow runs without Keras.

# %%
folder = Path(tempfile.mkdtemp())
model.save(folder / "digits.keras")
model.save(folder / "digits.h5")
model.save_weights(folder / "digits.weights.h5")
model.export(folder / "digits", verbose=False)

not_compiled = network()  # has no optimizer
not_compiled.set_weights(model.get_weights())
not_compiled.save(folder / "not_compiled.keras")


def kilobytes(path):
    files = path.rglob("*") if path.is_dir() else [path]
    return round(sum(file.stat().st_size for file in files if file.is_file()) / 1000)


{path.name: kilobytes(path) for path in sorted(folder.iterdir())}

# %% [markdown]
# A `.keras` file is a zip archive. One file in it is the architecture as text, one contains the numbers:

# %%
with zipfile.ZipFile(folder / "digits.keras") as archive:
    print(archive.namelist())
    architecture = json.loads(archive.read("config.json"))
for layer in architecture["config"]["layers"][:3]:
    print(
        layer["class_name"], {name: layer["config"].get(name) for name in ("scale", "filters")}
    )

# %% tags=["prose"]
weights = model.count_params()
kept = sum(int(np.prod(variable.shape)) for variable in model.optimizer.variables)
size, without = (kilobytes(folder / f"{name}.keras") for name in ("digits", "not_compiled"))
prose(
    """
    The network has {weights:,} weights. The optimizer Adam keeps two numbers per weight, the averages of the gradient
    and of its square, and a few more: {kept:,} in all, or {state:.0f} kB. `digits.keras` has {size:.0f} kB, and
    `not_compiled.keras`, the same network without an optimizer, {without:.0f} kB: the difference is the state of the
    optimizer.
    """,
    claims={
        "Adam keeps two numbers per weight": 2 * weights <= kept < 2 * weights + 10,
        "the difference is the state of the optimizer": abs(size - without - 4 * kept / 1000)
        < 0.15 * size,
    },
    within=0.1,
    weights=weights,
    kept=kept,
    state=4 * kept / 1000,
    size=float(size),
    without=float(without),
)

# %% [markdown] facts=["2", "3"]
# | | architecture | weights | optimizer | can be trained | needs |
# | --- | --- | --- | --- | --- | --- |
# | `.keras` | yes | yes | **yes** | yes | Keras 3 |
# | `.h5` | layers only | yes | not usable | after `compile` | Keras 2 or 3 |
# | `.weights.h5` | no: your code builds it | yes | once it is built | yes | your code |
# | SavedModel | as a graph | yes | no | no | TensorFlow |
#
# ## Does it predict the same?
#
# Check every saved file: load it, predict the same rows, and compare. One number is enough: the **largest** absolute
# difference between all predictions.
#
# ### Exercise: the largest difference
#
# Both arguments are arrays of predictions of shape (rows, classes). Return the largest absolute difference.


# %% tags=["exercise"]
def difference(prediction, other):
    ### BEGIN SOLUTION
    return np.abs(prediction - other).max()
    ### END SOLUTION


# %% tags=["check"]
check("saving.difference", difference)

# %% [markdown]
# Here are all four formats, loaded again:

# %%
loaded = {
    ".keras": keras.models.load_model(folder / "digits.keras"),
    ".h5": keras.models.load_model(folder / "digits.h5", compile=False),
    ".weights.h5": network(),
}
loaded[".weights.h5"].load_weights(folder / "digits.weights.h5")
predictions = {name: one.predict(X_val, verbose=0) for name, one in loaded.items()}

exported = tf.saved_model.load(folder / "digits")
predictions["SavedModel"] = exported.serve(X_val.astype("float32")).numpy()

apart = {name: float(abs(one - reference).max()) for name, one in predictions.items()}
pd.Series(apart, name="largest difference").to_frame()

# %% tags=["prose"]
prose(
    """
    With all {formats} formats the loaded network **predicts** the same. A difference of `1e-7` is rounding. A
    difference of `0.01` would mean that something was not saved.
    """,
    claims={"all formats predict the same": max(apart.values()) < 1e-6},
    formats=len(apart),
)

# %% [markdown]
# ## Resuming a training
#
# For **training** the formats differ. We load the network from `.keras` and continue to train it, and so does the
# original, which was never interrupted. A third copy is also loaded from `.keras`, but compiled again, as many
# courses do. Before each step we measure the loss on the validation rows.

# %%
crossentropy = keras.losses.SparseCategoricalCrossentropy()


def losses(model, steps=40):
    """Continue the training; the validation loss before each step."""
    measured = []
    for step in range(steps):
        measured.append(float(crossentropy(y_val, model.predict_on_batch(X_val))))
        rows = slice(64 * step, 64 * (step + 1))
        model.train_on_batch(X[rows], y[rows])
    return np.array(measured)


resumed = keras.models.load_model(folder / "digits.keras")
recompiled = compiled(keras.models.load_model(folder / "digits.keras"))
curves = {"resumed": losses(resumed), "compiled again": losses(recompiled)}
curves["never interrupted"] = losses(model)


def first_step(model):
    """The length of the first step: the norm of the change of all weights."""
    before = model.get_weights()
    model.train_on_batch(X[:64], y[:64])
    after = model.get_weights()
    return float(np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(after, before, strict=True))))


steps = {
    "resumed": first_step(keras.models.load_model(folder / "digits.keras")),
    "compiled again": first_step(compiled(keras.models.load_model(folder / "digits.keras"))),
}
steps

# %%
figure = Figure(figsize=(9, 3.8), layout="constrained")
axes = figure.add_subplot()
axes.plot(curves["never interrupted"], color="gray", linewidth=5, alpha=0.4)
axes.plot(curves["resumed"])
axes.plot(curves["compiled again"])
axes.legend(["never interrupted", "resumed from .keras", "compiled again"], frameon=False)
axes.set_xlabel("steps after loading")
axes.set_ylabel("validation loss")
axes.spines[["top", "right"]].set_visible(False)
picture(
    figure,
    "Validation loss after loading: the resumed curve lies on the uninterrupted one, the other rises first.",
)

# %% tags=["prose"]
same = bool((curves["resumed"] == curves["never interrupted"]).all())
rise = float((curves["compiled again"] - curves["resumed"]).max())
prose(
    """
    The resumed training is equal to the uninterrupted one to the last digit. The file contains the optimizer: its
    averages, and the number of steps ({steps} at the time of saving). The copy that was compiled again differs only
    in its new optimizer, without averages. Its first step is {longer:.1f} times as long, and its loss is up to
    {rise:.3f} higher. Here the difference disappears within an epoch.
    """,
    claims={
        "resuming changes nothing": same,
        "compiling again costs some steps": rise > 0.005,
        "its first step is longer": steps["compiled again"] > 1.5 * steps["resumed"],
        "it recovers within an epoch": curves["compiled again"][-1]
        < curves["resumed"][-1] + 0.01,
    },
    within=0.5,
    steps=int(keras.models.load_model(folder / "digits.keras").optimizer.iterations),
    longer=steps["compiled again"] / steps["resumed"],
    rise=rise,
)

# %% [markdown]
# A network from `.h5` predicts the same, but `fit` fails:

# %%
old = keras.models.load_model(folder / "digits.h5")
try:
    old.fit(X[:64], y[:64], verbose=0)
except ValueError as error:
    print(str(error)[:200], "…")

# %% [markdown]
# The optimizer does not know the variables of the loaded network. Load with `compile=False` and compile again: this
# works, but the state of the optimizer is lost.
#
# ### Exercise: where to resume
#
# `fit(..., initial_epoch=…)` sets the number of the first epoch. The file does not contain the epoch, but the
# optimizer's number of steps. Compute how many **whole epochs** these steps were.


# %% tags=["exercise"]
def epochs_done(iterations, rows, batch_size):
    ### BEGIN SOLUTION
    steps = -(-rows // batch_size)
    return iterations // steps
    ### END SOLUTION


# %% tags=["check"]
check("saving.epochs_done", epochs_done)

# %% [markdown]
# ## The preparation belongs in the network
#
# Suppose that the scaling were a line of your notebook, `X / 255`, instead of a layer. The file would not contain it.
# What happens if someone loads the file and predicts raw images?

# %%
without = keras.Sequential([keras.Input((28, 28, 1)), *model.layers[1:]])  # no Rescaling
shown = {
    "scaled, as in training": without.predict(X_val / 255.0, verbose=0),
    "raw": without.predict(X_val, verbose=0),
}
right = {name: float((one.argmax(axis=1) == y_val).mean()) for name, one in shown.items()}
cost = {name: float(crossentropy(y_val, one)) for name, one in shown.items()}
highest = {name: float(one.max(axis=1).mean()) for name, one in shown.items()}
pd.DataFrame({"accuracy": right, "loss": cost, "mean highest probability": highest}).round(3)

# %% tags=["prose"]
prose(
    """
    There is no error, and the accuracy is nearly the same. But the probabilities are wrong: the mean highest
    probability is {highest:.3f}, and the loss is {times:.0f} times as high. If the scaling is a layer, the file
    contains it.
    """,
    claims={
        "the accuracy is nearly the same": abs(right["raw"] - right["scaled, as in training"])
        < 0.05,
        "the network is confident in all predictions": highest["raw"] > 0.98,
        "the loss is much higher": cost["raw"] > 2 * cost["scaled, as in training"],
    },
    within=0.5,
    highest=highest["raw"],
    times=cost["raw"] / cost["scaled, as in training"],
)

# %% [markdown]
# ### Exercise: put it inside
#
# `bare` is a Keras model that was trained on `(x - mean) / std`. Return a Keras model that takes the raw `x`.
# `layers.Normalization(mean=…, variance=…)` or `layers.Rescaling(scale, offset)` can do it.


# %% tags=["exercise"]
def with_preparation(bare, mean, std):
    ### BEGIN SOLUTION
    inputs = keras.Input(bare.input_shape[1:])
    return keras.Model(inputs, bare(layers.Rescaling(1 / std, -mean / std)(inputs)))
    ### END SOLUTION


# %% tags=["check"]
check("saving.with_preparation", with_preparation)

# %% [markdown]
# Random augmentation is the exception: it belongs in the input pipeline. `model.predict` turns it off, but in an
# exported network it is **on**. We export a network with a random rotation, and send each image fifty times:

# %%
inputs = keras.Input((28, 28, 1), name="image")
turned = layers.RandomRotation(0.1, fill_mode="constant")(inputs)
augmenting = keras.Model(inputs, model(turned))
augmenting.export(folder / "augmenting", verbose=False)
served = tf.saved_model.load(folder / "augmenting")

rows = [int(np.flatnonzero(y_val == digit)[0]) for digit in range(10)]
responses = np.array([served.serve(X_val[rows].astype("float32")) for _ in range(50)])
steady = augmenting.predict(X_val[rows], verbose=0)

figure = Figure(figsize=(9, 4.6), layout="constrained")
top, bottom = figure.subplots(2, 10, height_ratios=[1, 2.4], sharey="row")
jitter = np.random.default_rng(0).uniform(-0.3, 0.3, 50)
for digit, (above, below) in enumerate(zip(top, bottom, strict=True)):
    above.imshow(X_val[rows[digit], ..., 0], cmap="gray")
    above.set_axis_off()
    below.plot(jitter, responses[:, digit, digit], ".", color="tab:orange", alpha=0.6)
    below.axhline(steady[digit, digit], color="tab:blue")
    below.set_xlim(-0.6, 0.6)
    below.set_ylim(-0.03, 1.03)
    below.set_xticks([])
    below.spines[["top", "right"]].set_visible(False)
bottom[0].set_ylabel("probability of the digit shown")
figure.supxlabel("50 equal requests (dots) and model.predict (line)", fontsize=10)
picture(
    figure,
    "Ten digits. Below each, the exported network's probability in fifty equal requests scatters widely.",
)

# %% tags=["prose"]
ranges = np.ptp(responses[:, range(10), range(10)], axis=0)
prose(
    """
    Equal requests get different predictions: for one of these images the probability varies by {largest:.2f}. Export
    networks without augmentation.
    """,
    claims={"equal requests differ": ranges.max() > 0.1},
    within=0.3,
    largest=float(ranges.max()),
)

# %% [markdown]
# ## Serving without Keras
#
# A SavedModel has **signatures**: functions with named inputs and outputs. The name of the input is that of
# `keras.Input`; without a name it is called `keras_tensor_…`.

# %%
signature = exported.signatures["serving_default"]
some = slice(None, None, 50)
print("takes  ", signature.structured_input_signature[1])
print("returns", signature.structured_outputs)
batch = tf.constant(X_val[some], dtype="float32")
print("predicts", signature(image=batch)["output_0"].numpy().argmax(axis=1))
print("truth   ", y_val[some])

# %% [markdown]
# The courses wrote `exported(images, training=False)`. This object cannot be called, but `exported.serve(images)`
# can. So can a signature: it takes **tensors**, not arrays, by name, and returns a dict. Keep `exported` as long as
# you use a signature of it.
#
# ### Exercise: call a signature
#
# `reloaded` is what `tf.saved_model.load` returned, and `images` a NumPy array of `uint8`. The signature
# `serving_default` takes `image` as `float32`. Return the predictions as an array.


# %% tags=["exercise"]
def served_predictions(reloaded, images):
    ### BEGIN SOLUTION
    signature = reloaded.signatures["serving_default"]
    outputs = signature(image=tf.constant(images, dtype="float32"))
    return next(iter(outputs.values())).numpy()
    ### END SOLUTION


# %% tags=["check"]
check("saving.served_predictions", served_predictions)

# %% [markdown]
# To use a SavedModel inside Keras, for prediction only, wrap it in a layer:

# %%
layer = layers.TFSMLayer(folder / "digits", call_endpoint="serve")
wrapped = keras.Sequential([keras.Input((28, 28, 1)), layer])
float(abs(wrapped.predict(X_val, verbose=0) - reference).max())

# %% [markdown]
# ## A file may contain code
#
# A `Lambda` layer is saved as Python code. If loading executed it, a file from the internet could run any code on
# your computer. Keras refuses to load it:

# %%
unsafe = keras.Sequential([keras.Input((8,)), layers.Lambda(lambda x: x / 2)])
unsafe.save(folder / "unsafe.keras")
try:
    keras.models.load_model(folder / "unsafe.keras")
except ValueError as error:
    print(str(error)[:160], "…")

# %% [markdown] facts=["3"]
# The message names `safe_mode=False`. Do not use it for files of other people. Use `keras.ops`, or a layer class of
# your own, instead of `Lambda`. A SavedModel has no safe mode: it may contain operations that write files. Load only
# files that you trust.
#
# ## Then and now
#
# Lines of the courses that concern this notebook. The page [Course code in Keras 3](COURSE_CODE.md) has all of them,
# with their errors.
#
# | then | now |
# | --- | --- |
# | `model.save("my_model")` | `model.save("my_model.keras")`; for serving `model.export("my_model")` |
# | `model.save_weights("weights.h5")` | `model.save_weights("digits.weights.h5")` |
# | `load_model("saved_model_directory")` | `keras.layers.TFSMLayer("saved_model_directory", call_endpoint="serve")` |
# | `reloaded(images, training=False)` | `reloaded.serve(images)` |
# | `ModelCheckpoint("w.h5", save_weights_only=True)` | `ModelCheckpoint("w.weights.h5", save_weights_only=True)` |
# | `Adam(lr=0.001)` | `Adam(learning_rate=0.001)` |
# | `model.optimizer.lr = 0.1` (ignored) | `model.optimizer.learning_rate = 0.1` |
#
# This is what the old lines do now:


# %%
def attempt(line):
    """Run a line and show the first line of its error."""
    try:
        eval(line)
        print(f"{line}\n    no error\n")
    except Exception as error:
        message = str(error).splitlines()[0].replace(f"{folder}/", "")
        print(f"{line}\n    {type(error).__name__}: {message[:80]}\n")


attempt('model.save("my_model")')
attempt('model.save_weights("weights.h5")')
attempt('keras.models.load_model(folder / "digits")')
attempt("exported(X_val, training=False)")
attempt('keras.callbacks.ModelCheckpoint("best.h5", save_weights_only=True)')
attempt("keras.optimizers.Adam(lr=0.001)")
attempt('setattr(model.optimizer, "lr", 0.1)')

# %% [markdown]
# The last line has no error, but the learning rate did not change:

# %%
print(float(model.optimizer.learning_rate))
model.optimizer.learning_rate = 0.1  # this works
print(float(model.optimizer.learning_rate))

# %% [markdown]
# ## The best epoch
#
# `ModelCheckpoint` saves the **best** epoch during training. Monitor a metric that exists (`val_accuracy`, no longer
# `val_acc`), and use a file name that ends with `.keras`:

# %%
keras.utils.set_random_seed(config.seed)
best = folder / "best.keras"
another = compiled(network())
history = another.fit(
    batches,
    epochs=4,
    validation_data=(X_val, y_val),
    shuffle=False,
    verbose=0,
    callbacks=[
        keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
        keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=3),
    ],
)
reloaded_loss = keras.models.load_model(best).evaluate(X_val, y_val, verbose=0)[0]
print(f"best epoch {min(history.history['val_loss']):.4f}, from the file {reloaded_loss:.4f}")

# %% [markdown]
# ## The same with harness.save, and more
#
# The labs save every run in three formats. `harness.save` loads each of them in a new process, and compares all test
# predictions with those of the trained network (parity). If one differs, the run is not saved.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
run = harness.save(fitted, harness.evaluate(fitted))
pd.DataFrame(run.record["parity"]).T[["max_abs_diff"]]

# %% tags=["prose"]
largest = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    The largest difference is {largest:.1g}, as small as above. The record of the run, `run.json`, contains these
    numbers.
    """,
    claims={"the difference is rounding": largest < 1e-5},
    within=10.0,
    largest=largest,
)

# %% [markdown]
# ## Try this
#
# **1. Another optimizer.** SGD without momentum keeps no averages. What does compiling again change?

# %% tags=["try"]
plain = network()
plain.set_weights(model.get_weights())
plain.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
plain.save(folder / "plain.keras")
again = keras.models.load_model(folder / "plain.keras", compile=False)
again.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
print("largest difference of the losses:", abs(losses(plain, 5) - losses(again, 5)).max())

# %% [markdown]
# **2. A damaged network.** Change one weight, and compare. Does the predicted class of any image change? How large is
# the largest difference?

# %% tags=["try"]
damaged = keras.models.load_model(folder / "digits.keras")
values = damaged.get_weights()
values[0].flat[0] += 0.1
damaged.set_weights(values)
prediction = damaged.predict(X_val, verbose=0)
changed = int((prediction.argmax(axis=1) != reference.argmax(axis=1)).sum())
print(
    f"other classes: {changed} of {len(X_val)}; difference: {abs(prediction - reference).max():.3f}"
)

# %% [markdown]
# **3. Overwriting.** `save` replaces a file without asking. With `overwrite=False` Keras asks on the terminal, and a
# script waits for an answer. How would you choose a name that does not exist yet?

# %% tags=["try"]
for _ in range(2):
    compiled(network()).save(folder / "same-name.keras")
print(len(list(folder.glob("same-name*"))), "file for two networks")

# %% [markdown] facts=["3"]
# ## Summary
#
# - `.keras` contains the architecture, the weights and the optimizer. Use it to resume a training.
# - After you have saved a network, load it and compare its predictions with those of the original.
# - Put the scaling of the inputs into the network, and random augmentation into the input pipeline.
#
# [Course code in Keras 3](COURSE_CODE.md) lists the lines of the courses, with their errors and the lines that work.
