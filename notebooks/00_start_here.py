# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Start here
#
# A lab is a small, complete experiment in deep learning. It reads data, trains a network, evaluates it on held-out
# data and saves it. This notebook does all of this on the smallest data set: it predicts the strength of concrete
# from its recipe. First you train a network with Keras alone. Then the lab does the same with one function, and more.
#
# You need a little Python. Run the cells from top to bottom (Shift and Enter runs one).

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.regression.lab import lab

config = lab.preset("quick")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# The first cell of each notebook looks like this one. It finds the labs, loads Keras and states **which data the
# notebook uses**. Some data sets are SIMULATED: a program made them, and they do not describe the real world.
#
# The rows are in three **splits**. The network learns from the **training** rows. The **validation** rows choose
# between networks, for example the epoch at which training stops. The **test** rows are used once, at the end.

# %%
import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure

train, validation, test = splits.train, splits.validation, splits.test
table = pd.DataFrame(train.inputs, columns=splits.features)
table[splits.target] = train.targets
table.head()

# %% [markdown]
# One row is one cylinder of concrete that was crushed. Seven columns are kilograms per cubic metre, `age` is in days,
# and `compressive_strength` is in megapascals (MPa).
#
# ## A network in Keras
#
# `tf.data` shuffles the training rows and groups them into **batches**.

# %%
keras.utils.set_random_seed(config.seed)
batches = tf.data.Dataset.from_tensor_slices((train.inputs, train.targets))
batches = batches.shuffle(len(train)).batch(32).prefetch(tf.data.AUTOTUNE)
validation_batches = tf.data.Dataset.from_tensor_slices((validation.inputs, validation.targets))
validation_batches = validation_batches.batch(32)

# %% [markdown]
# The first layer scales each input to mean zero and standard deviation one. Three hidden layers follow. The last
# layer converts standard deviations of the strength to MPa. `summary()` lists the layers and their parameters.

# %%
normalization = keras.layers.Normalization()
normalization.adapt(train.inputs)
model = keras.Sequential(
    [
        keras.Input((8,)),
        normalization,
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(1),
        keras.layers.Rescaling(train.targets.std(), offset=train.targets.mean()),
    ]
)
model.summary()

# %% [markdown]
# `compile` sets the optimizer, the loss and the metrics. `fit` trains. After each epoch, `fit` calls the
# **callbacks**: `EarlyStopping` ends training when the validation loss has not improved for some epochs, and
# `ModelCheckpoint` saves the best network so far. Set `verbose=1` to see every epoch.

# %%
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=5e-3),
    loss="mean_squared_error",
    metrics=[keras.metrics.RootMeanSquaredError(name="rmse")],
)
best = Path(tempfile.mkdtemp()) / "best.keras"
history = model.fit(
    batches,
    validation_data=validation_batches,
    epochs=20,
    shuffle=False,  # the pipeline shuffles
    verbose=0,
    callbacks=[
        keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=10, restore_best_weights=True
        ),
        keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
    ],
)
curves = pd.DataFrame(history.history, index=np.array(history.epoch) + 1)
figure = Figure(figsize=(6.4, 3.4), layout="constrained")
curves[["rmse", "val_rmse"]].plot(
    ax=figure.subplots(),
    xlabel="epoch",
    ylabel="RMSE (MPa)",
    style=["-", "--"],
    xticks=curves.index[::2],
)
picture(figure, "Training and validation error fall steeply for a few epochs, then slowly.")

# %% [markdown]
# `evaluate` measures the network on the test rows. **RMSE** is the square root of the mean squared error, in MPa.

# %%
test_loss, keras_rmse = model.evaluate(test.inputs, test.targets, verbose=0)
print(f"RMSE on test rows: {keras_rmse:.2f} MPa")

# %% [markdown] facts=["2", "3"]
# ### Then and now
#
# Courses that were written for Keras 2 have lines that no longer work, or that do something else. These concern this
# notebook. The page [Course code in Keras 3](COURSE_CODE.md) has all of them.
#
# | then | now |
# | --- | --- |
# | `from keras.layers.core import Dense` | `from keras.layers import Dense` |
# | `Dense(10, input_dim=8)` | `keras.Input((8,))`, then `Dense(10)` |
# | `Adam(lr=0.005)` | `Adam(learning_rate=0.005)` |
# | `model.fit(…, nb_epoch=20)` | `model.fit(…, epochs=20)` |
# | `ModelCheckpoint("best.h5")` | `ModelCheckpoint("best.keras")` |
#
# ## The same as a lab
#
# A **config** contains every setting of the experiment. `harness.fit` builds the network that the config describes
# and trains it, `harness.evaluate` measures it, and `harness.save` writes everything into a folder:

# %%
from labs.exercises import check
from utils.runs import harness

fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
run = harness.save(fitted, evaluation)

# %% [markdown]
# The command `python -m labs.regression --preset quick` calls the same functions. `evaluate` also measures simpler
# models on the same test rows:

# %%
scores = {name: score["value"] for name, score in evaluation.metrics["test"].items()}
results = pd.DataFrame({"harness.fit": scores, **evaluation.baselines}).T
results.loc["model.fit", "rmse"] = keras_rmse
results.round(2)

# %% tags=["prose"] facts=["95 %"]
from utils.gate import bands

rmse, mean_rmse = scores["rmse"], evaluation.baselines["mean"]["rmse"]
band = next(
    band
    for band in bands.read_bands(bands.bands_folder(), "regression")
    if (band.data, band.preset) == ("concrete", "quick")
).measures["test rmse"]
prose(
    """
    Compare the column `rmse`. `harness.fit` reaches **{rmse:.1f} MPa** and `model.fit` {keras:.1f} MPa. A model that
    always predicts the mean of the training targets is off by {mean:.1f} MPa. The two networks have the same layers,
    loss and optimizer, but different random numbers. With {seeds} different seeds, the lab's command measured between
    {least:.1f} and {most:.1f} MPa; both networks are in this range.

    `evaluate` also computes a 95 % interval for other test recipes: from {low:.1f} to {high:.1f} MPa.
    """,
    claims={
        "the network is better than the mean": rmse < mean_rmse,
        "plain Keras is in the range of the seeds": min(band) <= keras_rmse <= max(band),
        "the harness is in the range of the seeds": min(band) <= rmse <= max(band),
    },
    within=0.2,
    rmse=rmse,
    keras=keras_rmse,
    mean=mean_rmse,
    seeds=len(band),
    least=min(band),
    most=max(band),
    low=evaluation.metrics["test"]["rmse"]["low"],
    high=evaluation.metrics["test"]["rmse"]["high"],
)

# %% [markdown]
# ## Every setting is a field
#
# These are the most important fields of the config:

# %%
print("epochs", config.epochs)
print("batch_size", config.batch_size)
print("learning_rate", config.learning_rate)
print("layers", config.layers, "of", config.units, "units")
print("seed", config.seed)

# %% [markdown]
# - An **epoch** is one pass over all training rows.
# - The rows are used in **batches**. After each batch the weights of the network change by one **step**.
# - The **learning rate** scales the step. The notebook on regression explains it.
# - **Layers** and **units** are the size of the network.
# - The **seed** initializes the random numbers: the first weights and the order of the rows.
#
# To change a setting, make a new config from the old one. Impossible values are refused before any work starts:

# %%
from dataclasses import replace

longer = replace(config, epochs=30)
try:
    replace(config, batch_size=0)
except ValueError as error:
    print(error.errors()[0]["msg"])

# %% [markdown]
# In a terminal the settings are options: `python -m labs.regression --epochs 30`. The option `--help` explains each.
#
# ## Exercises
#
# An exercise is checked by the cell below it. If an answer is not right yet, the check shows the inputs, what it
# expected, what it got, and a hint. This is the result for an answer to the next exercise that rounds down:

# %%
try:
    check("start_here.steps", lambda rows, batch_size: rows // batch_size)
except Exception as verdict:
    print(verdict)

# %% [markdown]
# ### Exercise: steps
#
# Write a function that returns the number of steps in one epoch. The last batch may be smaller than the others.


# %% tags=["exercise"]
def steps(rows, batch_size):
    ### BEGIN SOLUTION
    return -(-rows // batch_size)
    ### END SOLUTION


# %% [markdown]
# The next cell checks your answer. You may try as often as you like.

# %% tags=["check"]
check("start_here.steps", steps)

# %% [markdown]
# ## Seeds
#
# Training starts with random weights, and the seed determines them. With the same seed, the same machine computes the
# same network to the last digit. Another seed gives another network:


# %%
def error_on_validation(settings):
    """Train with a config; the RMSE on the validation rows, in MPa."""
    trained = harness.fit(lab, settings, splits).model
    prediction = trained.predict(validation.inputs, verbose=0).ravel()
    return float(np.sqrt(np.mean((prediction - validation.targets) ** 2)))


again = [error_on_validation(config) for _ in range(2)]
others = [error_on_validation(replace(config, seed=seed)) for seed in (1, 2, 3)]
print("same seed:  ", *(f"{error:.6f}" for error in again))
print("other seeds:", *(f"{error:.6f}" for error in others))

# %% tags=["prose"]
prose(
    """
    The first two results are equal to the last digit. The results of the other seeds are between {low:.1f} and
    {high:.1f} MPa, and these runs differ in nothing but the seed. If a change improves your network by less than
    that, train with several seeds before and after it.
    """,
    claims={
        "the same seed repeats itself": again[0] == again[1],
        "other seeds differ": len(set(others)) == len(others),
    },
    within=0.2,
    low=min(others),
    high=max(others),
)

# %% [markdown]
# ## A fair evaluation
#
# **A baseline.** An error alone does not tell whether a network is good. The simplest model to compare with ignores
# its inputs and always predicts the mean of the training targets.
#
# ### Exercise: the baseline
#
# Both arguments are arrays of shape (rows,). Return the RMSE of that model on the test rows: the square root of the
# mean of the squared errors.


# %% tags=["exercise"]
def baseline(train_targets, test_targets):
    ### BEGIN SOLUTION
    return ((test_targets - train_targets.mean()) ** 2).mean() ** 0.5
    ### END SOLUTION


# %% tags=["check"]
check("start_here.baseline", baseline)

# %% [markdown]
# **No leakage.** Many rows are the same recipe at different ages. They form a **group**, and all rows of a group
# belong in the same split. The notebook on regression measures what happens otherwise. Photographs of one patient,
# parts of one tune and views of one solar panel are groups, too.
#
# ### Exercise: count the leaks
#
# Both arguments are arrays with the group number of each row. How many **test rows** belong to a group that is also
# in training?


# %% tags=["exercise"]
def leaks(train_groups, test_groups):
    ### BEGIN SOLUTION
    trained = set(train_groups)
    return sum(group in trained for group in test_groups)
    ### END SOLUTION


# %% tags=["check"]
check("start_here.leaks", leaks)

# %% [markdown]
# ## The saved run
#
# A run is a folder:

# %%
sorted(path.name for path in run.folder.iterdir())

# %% [markdown]
# `run.json` contains every number, `README.md` is a model card, `figures` contains the plots, and the model is saved
# in three formats. Keras opens it without this project. The network takes raw kilograms and days: the scaling of the
# inputs is its layer `normalization`.

# %%
saved = keras.models.load_model(run.folder / "model.keras")
print(*(layer.name for layer in saved.layers))
recipe = dict.fromkeys(splits.features, 0.0) | {
    "cement": 350.0,
    "water": 180.0,
    "coarse_aggregate": 1000.0,
    "fine_aggregate": 800.0,
}
ages = (3, 7, 28, 90)
mixes = [[(recipe | {"age": age})[name] for name in splits.features] for age in ages]
strengths = saved.predict(np.array(mixes, dtype="float32"), verbose=0).ravel()
for age, strength in zip(ages, strengths, strict=True):
    print(f"after {age:2} days: {strength:.0f} MPa")

# %% [markdown]
# This is one of the plots:

# %%
picture(
    lab.figures(fitted, evaluation)["predicted"],
    "Predicted against measured strength of the test rows: points along the diagonal.",
)

# %% [markdown]
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again.
#
# **1. More epochs.** Does the error keep falling?

# %% tags=["try"]
for epochs in (5, 20, 60):
    print(f"{epochs} epochs: {error_on_validation(replace(config, epochs=epochs)):.1f} MPa")

# %% [markdown]
# **2. Larger batches.** The rows are the same, and there are fewer steps. How does the error change? Which other
# setting could you change with it?

# %% tags=["try"]
for batch_size in (16, 32, 128):
    changed = replace(config, batch_size=batch_size)
    print(f"batches of {batch_size}: {error_on_validation(changed):.1f} MPa")

# %% [markdown]
# **3. Another recipe.** Double the water in the recipe above. What strength does the network predict? Compare the
# amount with those in the training rows:

# %% tags=["try"]
water = train.inputs[:, splits.features.index("water")]
print(f"water in training: {water.min():.0f} to {water.max():.0f} kg/m³")

# %% [markdown]
# ## Next
#
# - The notebook on **regression** explains gradient descent and the learning rate with the same data.
# - In a terminal, `python -m labs` lists the labs with their data and times, `python -m labs compare RUN RUN`
#   compares two runs, and `python -m labs predict RUN FILE` predicts the rows of a file.
# - The notebooks in the folder `exercises` have the same text without the solutions.
