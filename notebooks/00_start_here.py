# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Start here
#
# These labs are small, whole experiments in deep learning. Each one reads real or simulated data, trains a network,
# judges it honestly and saves it; the quick form of each takes less than a minute on an ordinary laptop. This notebook
# shows how all of them work, with the smallest one: how strong is a concrete, given its recipe?
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
# The first cell of each notebook looks like this one. It finds the labs, loads Keras and says **which data the notebook
# runs on**: real data, or SIMULATED ones that were made by a program and say nothing of the world.
#
# ## A lab in five lines
#
# You have just run the first two: a **config**, which holds every choice that is to be made, and the data in three
# **splits**. Three more, and the experiment is done:

# %%
from labs.exercises import NotYetError, check
from utils.runs import harness

fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
run = harness.save(fitted, evaluation)

# %% [markdown]
# `fit` trained a network on the training rows, `evaluate` measured it on rows that it had never seen, and `save` wrote
# everything into a folder. That is all that `python -m labs.regression --preset quick` does in a terminal: notebook and
# command call the same functions.
#
# How good is it?

# %%
import pandas as pd

scores = {name: score["value"] for name, score in evaluation.metrics["test"].items()}
pd.DataFrame({"network": scores, **evaluation.baselines}).T.round(2)

# %% tags=["prose"] facts=["95 %"]
rmse, mean_rmse = scores["rmse"], evaluation.baselines["mean"]["rmse"]
prose(
    """
    Read the column `rmse`: the network is off by about **{rmse:.1f} MPa**, where always saying the mean is off by
    {mean:.1f} MPa. So the network has learned something. How much is luck? Had other recipes been held out, the number
    would have been another, most likely between {low:.1f} and {high:.1f} MPa: the 95 % interval is in every result
    of these labs.

    These sentences were filled in by the run. Change something above, run the notebook again, and they change too.
    """,
    claims={"the network is better than the mean": rmse < mean_rmse},
    within=0.1,
    rmse=rmse,
    mean=mean_rmse,
    low=evaluation.metrics["test"]["rmse"]["low"],
    high=evaluation.metrics["test"]["rmse"]["high"],
)

# %% [markdown]
# ## Every choice is a field
#
# Nothing is hidden: the config lists all that was chosen. These are the ones that matter most:

# %%
print("epochs", config.epochs)
print("batch_size", config.batch_size)
print("learning_rate", config.learning_rate)
print("layers", config.layers, "of", config.units, "units")
print("seed", config.seed)

# %% [markdown]
# - An **epoch** is once through all training rows.
# - The rows are taken in **batches**; after each batch the network's weights move a step.
# - The **learning rate** is the length of that step. The notebook on regression is about it.
# - **Layers** and **units** are the size of the network.
# - The **seed** starts the random numbers: the first weights, the order of the rows.
#
# To change a choice, make a new config from the old one. What cannot be is refused at once, before any work:

# %%
from dataclasses import replace

from pydantic import ValidationError

longer = replace(config, epochs=30)
try:
    replace(config, batch_size=0)
except ValidationError as error:
    print(error.errors()[0]["msg"])

# %% [markdown]
# In a terminal the same choices are options: `python -m labs.regression --epochs 30`, and `--help` explains each.
#
# ### Exercise: steps
#
# Write a function that says how many steps an epoch has. The last batch may be smaller than the others.


# %% tags=["exercise"]
def steps(rows, batch_size):
    ### BEGIN SOLUTION
    return -(-rows // batch_size)
    ### END SOLUTION


# %% [markdown]
# The next cell checks it. Where an answer is not right yet, the verdict says what was expected, what it got, and where
# to look. You may try as often as you like.

# %% tags=["check"]
check("start_here.steps", steps)

# %% [markdown]
# This is what it says to anyone who rounds down:

# %%
try:
    check("start_here.steps", lambda rows, batch_size: rows // batch_size)
except NotYetError as verdict:
    print(verdict)

# %% [markdown]
# ## The same again, and not quite the same
#
# Training starts at random weights, but the seed decides which. The same seed gives the same network, bit by bit, on
# the same machine. Another seed gives another:

# %%
from utils.export.predictor import predictor
from utils.metrics.regression import rmse as rmse_of


def error_on_validation(settings):
    """Train with a config; the RMSE on the validation rows, in MPa."""
    trained = harness.fit(lab, settings, splits)
    prediction = predictor(trained.model).predict(splits.validation.inputs)
    return rmse_of(splits.validation.targets, prediction)


again = [error_on_validation(config) for _ in range(2)]
others = [error_on_validation(replace(config, seed=seed)) for seed in (1, 2, 3)]
print("same seed:  ", *(f"{error:.6f}" for error in again))
print("other seeds:", *(f"{error:.6f}" for error in others))

# %% tags=["prose"]
prose(
    """
    The first two are the same to the last digit. The other seeds lie between {low:.1f} and {high:.1f} MPa, and nothing
    but luck makes the difference. So when a change makes your network better by less than that, try more seeds before
    you believe it.
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
# ## What a fair judge needs
#
# **A number to beat.** An error alone says little. The least a network must beat is a model that ignores its inputs and
# always says the mean of the targets it was trained on.
#
# ### Exercise: the baseline
#
# Both arguments are arrays of (rows,). Return that model's RMSE on the test rows: the root of the mean of the squared
# errors.


# %% tags=["exercise"]
def baseline(train_targets, test_targets):
    ### BEGIN SOLUTION
    return ((test_targets - train_targets.mean()) ** 2).mean() ** 0.5
    ### END SOLUTION


# %% tags=["check"]
check("start_here.baseline", baseline)

# %% [markdown]
# **Rows it has never met.** Many rows are the same recipe at another age. They form a **group**, and a group must not
# be in both splits, or the test asks what the network remembers. Photographs of one patient, bars of one tune and
# views of one solar panel are groups as well.
#
# ### Exercise: count the leaks
#
# Both arguments are arrays with the group number of each row. How many **test rows** belong to a group that is also in
# training?


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
# A run is a folder. Others can read it, compare it and use it:

# %%
sorted(path.name for path in run.folder.iterdir())

# %% [markdown]
# `run.json` has every number, `README.md` is a card for people, `figures` has the plots, and the model is there
# three times, in the formats that other programs open. Keras opens it without this project, and it takes raw kilograms
# and days, because the preparation of the inputs is part of the network:

# %%
import keras
import numpy as np

model = keras.models.load_model(run.folder / "model.keras")
recipe = dict.fromkeys(splits.features, 0.0) | {
    "cement": 350.0,
    "water": 180.0,
    "coarse_aggregate": 1000.0,
    "fine_aggregate": 800.0,
}
ages = (3, 7, 28, 90)
mixes = [[(recipe | {"age": age})[name] for name in splits.features] for age in ages]
strengths = model.predict(np.array(mixes, dtype="float32"), verbose=0).ravel()
for age, strength in zip(ages, strengths, strict=True):
    print(f"after {age:2} days: {strength:.0f} MPa")

# %% [markdown]
# And the plots:

# %%
picture(
    lab.figures(fitted, evaluation)["predicted"],
    "Predicted against measured strength of the test rows: points along the diagonal.",
)

# %% [markdown]
# ## Try this
#
# Run each cell, then change it. What do you expect, before you press the keys?
#
# **1. More epochs.** Does the error go on falling?

# %% tags=["try"]
for epochs in (5, 20, 60):
    print(f"{epochs} epochs: {error_on_validation(replace(config, epochs=epochs)):.1f} MPa")

# %% [markdown]
# **2. Larger batches.** The same rows, fewer steps. What does that do to the error, and what would help?

# %% tags=["try"]
for batch_size in (16, 32, 128):
    changed = replace(config, batch_size=batch_size)
    print(f"batches of {batch_size}: {error_on_validation(changed):.1f} MPa")

# %% [markdown]
# **3. Another recipe.** Twice the water, in the cell with the recipe above: what becomes of the strength? Does the
# network know, or does it guess? Look at which amounts of water it was trained on:

# %% tags=["try"]
water = splits.train.inputs[:, splits.features.index("water")]
print(f"water in training: {water.min():.0f} to {water.max():.0f} kg/m³")

# %% [markdown]
# ## Where to go
#
# - The notebook on **regression**: gradient descent and the learning rate, on these very data.
# - In a terminal: `python -m labs` lists the labs with their data and times, `python -m labs compare RUN RUN` holds two
#   runs side by side, `python -m labs predict RUN FILE` uses one.
# - The notebooks in the folder `exercises` have the same text without the solutions.
