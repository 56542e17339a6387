# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Regression: how strong will this concrete be?
#
# The strength of concrete is usually measured: a cylinder is cast, stored for some weeks and crushed. Here a network
# predicts the strength from the recipe and the age.
#
# The prediction is a number, so this is **regression**. You learn **gradient descent**, on which all of deep learning
# is based, and its most important setting, the **learning rate**.
#
# You need a little Python and the derivative of a square. Run the cells from top to bottom; this takes about a
# minute.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.regression.lab import lab

config = lab.preset("quick")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The data
#
# The config describes an experiment; every setting is a field of it. The preset `quick` trains for a few epochs only.
# `lab.splits` reads the data and divides them into three splits:
#
# - **training**: the network learns from these rows;
# - **validation**: these rows choose the epoch whose weights are kept;
# - **test**: these rows are used once, at the end, to evaluate the network.

# %%
import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure

from labs.exercises import check
from utils.runs import harness

config

# %% [markdown]
# One row is one cylinder that was crushed. Seven columns are kilograms per cubic metre of concrete, the eighth is the
# age in days:

# %%
train, validation, test = splits.train, splits.validation, splits.test
rows = pd.DataFrame(train.inputs, columns=splits.features)
rows["strength"] = train.targets
rows.describe().T[["min", "mean", "max"]].round()

# %% [markdown]
# Plot the data before you train. How does strength depend on the cement, and on the age?

# %%
figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
left.scatter(rows["cement"], rows["strength"], s=12, alpha=0.5)
left.set(xlabel="cement (kg/m³)", ylabel="strength (MPa)")
right.scatter(rows["age"], rows["strength"], s=12, alpha=0.5)
right.set(xlabel="age (days)")
picture(
    figure,
    "Two scatter plots of strength: it rises with cement, with a wide scatter; with age it rises fast, then flat.",
)

# %%
correlation = pd.DataFrame(
    {
        "cement": np.corrcoef(rows["cement"], rows["strength"])[0, 1],
        "age": np.corrcoef(rows["age"], rows["strength"])[0, 1],
        "logarithm of the age": np.corrcoef(np.log(rows["age"]), rows["strength"])[0, 1],
    },
    index=["correlation with strength"],
)
correlation.round(2)

# %% tags=["prose"]
by_cement, by_age, by_log_age = correlation.iloc[0]
prose(
    """
    Strength rises with the cement (correlation {by_cement:.2f}), but at each amount of cement the strengths differ
    widely. With age, strength rises fast at first and slowly later. A straight line does not describe such a curve:
    the correlation with the age is {by_age:.2f}, and with the logarithm of the age {by_log_age:.2f}. A network learns
    such curves from the data.
    """,
    claims={
        "age and strength are less correlated than cement and strength": by_age < by_cement,
        "the logarithm describes the curve better": by_log_age > by_age + 0.1,
    },
    by_cement=by_cement,
    by_age=by_age,
    by_log_age=by_log_age,
)

# %% [markdown]
# ### A test row must be a new concrete
#
# Most recipes were crushed at several ages, so many rows share their recipe. Therefore the lab holds out whole
# recipes. What would happen if it held out random rows? An experiment: train gradient boosting (a strong method for
# tables) on the random split, once without the training rows whose recipe is also in the test split, and once without
# the same number of other rows.

# %%
from sklearn.ensemble import HistGradientBoostingRegressor

at_random = lab.splits(lab.config(split="random"))
known, asked = at_random.train, at_random.test
shared = np.isin(known.groups, asked.groups)  # training rows with a recipe of the test split


def error_without(left_out):
    """The RMSE on the random test rows after training without some rows, in MPa."""
    model = HistGradientBoostingRegressor(random_state=0)
    model.fit(known.inputs[~left_out], known.targets[~left_out])
    return float(np.sqrt(np.mean((model.predict(asked.inputs) - asked.targets) ** 2)))


leak = {
    "without rows that share a recipe": error_without(shared),
    "without the same number of random rows": error_without(
        np.random.default_rng(0).permutation(shared)
    ),
}
pd.Series(leak, name="RMSE on the random test rows (MPa)").round(1).to_frame()

# %% tags=["prose"]
honest, leaking = leak.values()
prose(
    """
    In the random split, **{leaks}** of {rows} test rows have a recipe that is also in training; in the lab's split,
    {none}. Without the {left_out} training rows that share a recipe, the error on the same test rows is {honest:.1f}
    MPa instead of {leaking:.1f} MPa. So the random split underestimates the error of this model on new recipes.
    Nearly all published results use it. The [page of this lab](../labs/regression/README.md) compares both.
    """,
    claims={
        "our split does not leak": not np.isin(test.groups, train.groups).any(),
        "shared recipes make the error smaller": honest > leaking + 0.5,
    },
    leaks=int(np.isin(asked.groups, known.groups).sum()),
    none=int(np.isin(test.groups, train.groups).sum()),
    rows=len(asked),
    left_out=int(shared.sum()),
    honest=honest,
    leaking=leaking,
)

# %% [markdown]
# ## Gradient descent with NumPy
#
# Before a network, take the smallest model: strength is $w \cdot x + b$, where $x$ is the cement, in standard
# deviations from its mean. The loss of $w$ and $b$ is the **mean squared error** over the $n$ rows:
#
# $$L(w, b) = \frac{1}{n} \sum_i (w x_i + b - y_i)^2$$
#
# Its gradient consists of two derivatives:
#
# $$\frac{\partial L}{\partial w} = \frac{2}{n} \sum_i (w x_i + b - y_i)\, x_i \qquad
# \frac{\partial L}{\partial b} = \frac{2}{n} \sum_i (w x_i + b - y_i)$$
#
# The gradient points in the direction in which the loss rises fastest. Gradient descent takes a step in the opposite
# direction. The **learning rate** $\eta$ scales the step:
#
# $$w \leftarrow w - \eta \frac{\partial L}{\partial w} \qquad b \leftarrow b - \eta \frac{\partial L}{\partial b}$$

# %% [markdown]
# ### Exercise: one step
#
# Write that step. `x` and `y` are arrays of shape (rows,); return the new `w` and `b`.


# %% tags=["exercise"]
def gradient_step(w, b, x, y, rate):
    ### BEGIN SOLUTION
    error = w * x + b - y
    return w - rate * 2 * np.mean(error * x), b - rate * 2 * np.mean(error)
    ### END SOLUTION


# %% tags=["check"]
check("regression.gradient_step", gradient_step)

# %% [markdown]
# ### The learning rate
#
# Gradient descent with three learning rates, from the same start:


# %%
def descend(x, y, rate, steps=25):
    """The loss and the weight w before each step, each (steps,)."""
    w, b, losses, weights = 0.0, 0.0, [], []
    for _ in range(steps):
        error = w * x + b - y
        losses.append(np.mean(error**2))
        weights.append(w)
        w, b = w - rate * 2 * np.mean(error * x), b - rate * 2 * np.mean(error)
    return np.array(losses), np.array(weights)


cement = train.inputs[:, 0].astype("float64")
cement = (cement - cement.mean()) / cement.std()
strength = train.targets.astype("float64")
rates = {"too small": 0.01, "good": 0.3, "too large": 1.02}
losses, weights = {}, {}
for name, rate in rates.items():
    losses[name], weights[name] = descend(cement, strength, rate)

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
for name, style in zip(rates, ("--", "-", ":"), strict=True):
    left.plot(losses[name], style, label=f"{name}: {rates[name]}")
    right.plot(weights[name], style)
left.set(xlabel="step", ylabel="mean squared error (MPa²)", yscale="log")
right.set(xlabel="step", ylabel="w (MPa)")
left.legend(title="learning rate", frameon=False)
picture(
    figure,
    "Loss and weight by step: with a small rate both change slowly, with a good one they settle, "
    "with a large one the loss rises and the weight alternates.",
)

# %%
slope, intercept = np.polyfit(cement, strength, 1)  # the best line, by linear algebra
least = np.mean((slope * cement + intercept - strength) ** 2)
print(f"best line: w = {slope:.2f} MPa, loss {least:.0f} MPa²")

# %% tags=["prose"]
beyond = np.sign(weights["too large"] - slope)
prose(
    """
    All three start at a loss of {start:,.0f} MPa². With the learning rate {good} the loss reaches {bottom:.0f} MPa²
    within a few steps, which is the loss of the best line. With {small} it is still {slow:.0f} MPa² after {steps}
    steps. With {large} each step passes the best $w$ and ends farther away on the other side: the right plot shows
    it. The loss rises to {blown:,.0f} MPa².
    """,
    claims={
        "the small rate is not down yet": losses["too small"][-1] > 1.2 * losses["good"][-1],
        "the large rate climbs": losses["too large"][-1] > losses["too large"][0],
        "the large rate alternates between both sides": bool(
            (beyond[1:] == -beyond[:-1]).all()
        ),
        "the large rate ends farther away": bool(
            (np.diff(np.abs(weights["too large"] - slope)) > 0).all()
        ),
        "the good rate finds the best line": losses["good"][-1] < 1.001 * least,
    },
    start=losses["good"][0],
    bottom=losses["good"][-1],
    slow=losses["too small"][-1],
    blown=losses["too large"][-1],
    good=rates["good"],
    small=rates["too small"],
    large=rates["too large"],
    steps=len(losses["good"]),
)

# %% [markdown]
# ## A network in Keras
#
# ### Input pipeline
#
# Keras takes the gradient over a **batch** of rows instead of all rows, so that one pass over the rows, an **epoch**,
# has many steps. `tf.data` shuffles the rows and groups them into batches. `prefetch` prepares the next batch while
# the network trains.

# %%
batches = tf.data.Dataset.from_tensor_slices((train.inputs, train.targets))
batches = batches.shuffle(len(train), seed=config.seed).batch(32).prefetch(tf.data.AUTOTUNE)
validation_batches = tf.data.Dataset.from_tensor_slices((validation.inputs, validation.targets))
validation_batches = validation_batches.batch(32)
print(len(batches), "steps per epoch")

# %% [markdown]
# ### Normalization
#
# The columns have different scales: cement is in the hundreds, age mostly below a hundred. `Normalization` scales
# each column to mean zero and standard deviation one. `adapt` computes the means and variances from the **training
# rows** only. The layer is part of the network, so that a saved model takes raw kilograms and days.
#
# The table shows what this does to the loss of a linear model: how strongly the loss curves in the steepest and in
# the flattest direction. A learning rate must be small enough for the steepest one.

# %%
normalization = keras.layers.Normalization()
normalization.adapt(train.inputs)


def curvatures(columns):
    """Smallest and largest curvature of the mean squared error of a linear model."""
    columns = np.column_stack([columns, np.ones(len(columns))]).astype("float64")
    found = np.linalg.eigvalsh(2 * columns.T @ columns / len(columns))
    return {"flattest": found[0], "steepest": found[-1], "ratio": found[-1] / found[0]}


curvature = pd.DataFrame(
    {
        "raw": curvatures(train.inputs),
        "normalized": curvatures(normalization(train.inputs).numpy()),
    }
).T
curvature

# %% tags=["prose"]
ratio = curvature["ratio"]
prose(
    """
    On raw columns the steepest direction curves about $10^{{{raw}}}$ times as strongly as the flattest, on normalized
    columns {normalized:.0f} times. If the learning rate is one over the steepest curvature, a step reduces the error
    in the flattest direction by one part in $10^{{{raw}}}$ on raw columns, and by {part:.1%} on normalized columns.
    """,
    claims={
        "normalization makes the curvatures similar": ratio["raw"] > 1e4 * ratio["normalized"]
    },
    within=0.2,
    raw=round(np.log10(ratio["raw"])),
    normalized=ratio["normalized"],
    part=1 / ratio["normalized"],
)

# %% [markdown]
# ### Layers
#
# A `Dense` layer takes a vector $x$ and returns $\mathrm{ReLU}(W x + b)$, where $\mathrm{ReLU}(z) = \max(0, z)$.
# Without the ReLU, two layers would be one linear function:
# $W_2 (W_1 x + b_1) + b_2 = (W_2 W_1)\, x + (W_2 b_1 + b_2)$.
#
# The course's network has three hidden layers of ten units, and one unit that returns the strength. The last layer,
# `Rescaling`, converts standard deviations of the strength to MPa.


# %%
def build(rescale=True):
    layers = [
        keras.Input((8,)),
        normalization,
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(1),
    ]
    if rescale:
        layers.append(
            keras.layers.Rescaling(
                float(train.targets.std()), offset=float(train.targets.mean())
            )
        )
    return keras.Sequential(layers)


keras.utils.set_random_seed(config.seed)
model = build()
model.summary()

# %% [markdown]
# A `Dense` layer from $D$ inputs to $K$ units has $D \cdot K$ weights and $K$ biases. The means and variances of the
# normalization are not trained.

# %%
layer_sizes = [(8, 10), (10, 10), (10, 10), (10, 1)]
print(sum(inputs * units + units for inputs, units in layer_sizes))

# %% [markdown] facts=["8", "20"]
# ### Exercise: count
#
# How many **trainable** parameters does a network have with the same 8 inputs, normalized, **two** hidden layers of
# 20 units, and one output? Compute it on paper first.

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
parameters = (8 * 20 + 20) + (20 * 20 + 20) + (20 * 1 + 1)
### END SOLUTION

# %% tags=["check"]
check("regression.parameters", parameters)

# %% [markdown]
# ### compile and fit
#
# `compile` sets the optimizer, the loss and the metrics. **Adam** is gradient descent with a step size for each
# weight, computed from the gradients so far. After each epoch `fit` measures the validation rows and calls the
# callbacks:
#
# - `ModelCheckpoint` saves the network if its validation loss is the lowest so far;
# - `ReduceLROnPlateau` halves the learning rate if the validation loss has not improved for some epochs;
# - `EarlyStopping` ends training if it has not improved for more epochs, and restores the best weights.

# %%
folder = Path(tempfile.mkdtemp())


def compile_and_fit(model, epochs=20):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=5e-3),
        loss="mean_squared_error",
        metrics=[keras.metrics.RootMeanSquaredError(name="rmse")],
    )
    return model.fit(
        batches,
        validation_data=validation_batches,
        epochs=epochs,
        shuffle=False,  # the pipeline shuffles
        verbose=0,  # 1 shows every step, 2 every epoch
        callbacks=[
            keras.callbacks.ModelCheckpoint(
                folder / "best.keras", monitor="val_loss", save_best_only=True
            ),
            keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=5),
            keras.callbacks.EarlyStopping(
                monitor="val_loss", patience=10, restore_best_weights=True
            ),
        ],
    )


history = compile_and_fit(model)
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

# %%
best = keras.models.load_model(folder / "best.keras")
measured = {
    "model": model.evaluate(validation.inputs, validation.targets, verbose=0)[1],
    "best.keras": best.evaluate(validation.inputs, validation.targets, verbose=0)[1],
}
measured

# %% tags=["prose"]
prose(
    """
    In {epochs:.0f} epochs the error on training rows fell from {first:.1f} to {last:.1f} MPa. Epoch {kept:.0f} has
    the lowest validation loss. `EarlyStopping` restored its weights, and `ModelCheckpoint` saved the same network:
    both have an RMSE of {rmse:.2f} MPa on validation. If the training error keeps falling while the validation error
    rises, a network **overfits**.
    """,
    claims={
        "the error fell": curves["rmse"].iloc[-1] < curves["rmse"].iloc[0],
        "both networks are the same": abs(measured["model"] - measured["best.keras"]) < 1e-3,
    },
    within=0.3,
    epochs=float(len(curves)),
    first=curves["rmse"].iloc[0],
    last=curves["rmse"].iloc[-1],
    kept=float(curves["val_loss"].idxmin()),
    rmse=measured["model"],
)

# %% [markdown]
# ### The last layer
#
# Is `Rescaling` at the end worth a layer? The same network without it must learn the mean of the strength, too:

# %%
keras.utils.set_random_seed(config.seed)
without = compile_and_fit(build(rescale=False), epochs=5).history["val_rmse"]
pd.DataFrame(
    {"with Rescaling": history.history["val_rmse"][:5], "without": without},
    index=pd.RangeIndex(1, 6, name="epoch"),
).T.round(1)

# %% tags=["prose"]
prose(
    """
    After the first epoch the validation error is {with_it:.1f} MPa with the layer and {without:.1f} MPa without it.
    """,
    claims={"rescaling helps at first": history.history["val_rmse"][0] < without[0] - 5},
    within=0.3,
    with_it=history.history["val_rmse"][0],
    without=without[0],
)

# %% [markdown] facts=["3"]
# ### Then and now
#
# Lines of the courses that concern this notebook. The page [Course code in Keras 3](COURSE_CODE.md) has all of them,
# with their errors.
#
# | then | now |
# | --- | --- |
# | `Dense(10, input_shape=(8,))` | `keras.Input((8,))`, then `Dense(10)` |
# | `Dense(output_dim=10, init="uniform")` | `Dense(10, kernel_initializer="random_uniform")` |
# | `Adam(lr=0.005)` | `Adam(learning_rate=0.005)` |
# | `SGD(lr=0.1, decay=0.01)` | `SGD(InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.01))` |
# | `optimizer.lr = 0.1` (ignored) | `optimizer.learning_rate = 0.1` |
# | `ReduceLROnPlateau(epsilon=0.01)` | `ReduceLROnPlateau(min_delta=0.01)` |
# | `ModelCheckpoint("best.h5")` | `ModelCheckpoint("best.keras")` |
#
# ## The same with harness.fit
#
# The lab's command uses `harness.fit`. It builds this network from the config, trains it with the same optimizer,
# loss and batches, and keeps the weights of the best epoch. It does not return to Python after every step. It can
# also resume a training that was interrupted, and its results are reproducible with a seed.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")

# %% [markdown]
# ## Evaluate
#
# Now the test rows are used for the first time. Three numbers measure the error:
#
# - **RMSE**, the root of the mean squared error, in MPa: large errors have more weight;
# - **MAE**, the mean absolute error, in MPa: all errors have the same weight;
# - **R²**, the fraction of the variance that is explained: one is perfect, zero is as good as predicting the mean.

# %% [markdown]
# ### Exercise: the root of the mean squared error
#
# `truth` and `prediction` are arrays of shape (rows,).


# %% tags=["exercise"]
def rmse(truth, prediction):
    ### BEGIN SOLUTION
    return np.sqrt(np.mean((prediction - truth) ** 2))
    ### END SOLUTION


# %% tags=["check"]
check("regression.rmse", rmse)

# %% [markdown]
# `harness.evaluate` measures three other models on the same rows: the mean of the training targets, linear regression
# in all columns, and gradient boosting, which is one of the strongest methods for tables.

# %%
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
results = pd.DataFrame({"harness.fit": network, **evaluation.baselines}).T
results.loc["model.fit", "rmse"] = model.evaluate(test.inputs, test.targets, verbose=0)[1]
results.round(2)

# %% tags=["prose"] facts=["95 %"]
from utils.gate import bands

others = results["rmse"]
band = next(
    band
    for band in bands.read_bands(bands.bands_folder(), "regression")
    if (band.data, band.preset) == ("concrete", "quick")
).measures["test rmse"]
prose(
    """
    `harness.fit` has an RMSE of **{rmse:.2f} MPa** and `model.fit` of {keras:.2f} MPa. They have the same layers,
    loss and optimizer. Their random numbers differ, and a callback of `model.fit` may lower the learning rate. With
    {seeds} seeds the lab's command measured between {least:.2f} and {most:.2f} MPa, and both are in this range.

    The 95 % interval of the network, from {low:.2f} to {high:.2f} MPa, is computed by drawing the {mixes} test
    recipes again with replacement (bootstrap). The network is better than linear regression ({line:.2f} MPa) and the
    mean ({mean:.2f} MPa). Gradient boosting ({boosting:.2f} MPa) is better than this short training. The lab's page
    has the result of the preset `best`.
    """,
    claims={
        "better than a straight line": network["rmse"] < others["linear_regression"],
        "gradient boosting is ahead": others["gradient_boosting"] < network["rmse"],
        "plain Keras is in the range of the seeds": min(band)
        <= others["model.fit"]
        <= max(band),
        "the harness is in the range of the seeds": min(band) <= network["rmse"] <= max(band),
    },
    within=0.2,
    rmse=network["rmse"],
    keras=others["model.fit"],
    seeds=len(band),
    least=min(band),
    most=max(band),
    low=scores["rmse"]["low"],
    high=scores["rmse"]["high"],
    mixes=len(np.unique(test.groups)),
    mean=others["mean"],
    line=others["linear_regression"],
    boosting=others["gradient_boosting"],
)

# %% [markdown]
# ### The errors in detail
#
# The first plot compares predictions with measurements. The second one shows which columns the network uses: the
# values of one column are shuffled among the test rows, and the bar is the increase of the error (permutation
# importance).

# %%
drawn = lab.figures(fitted, evaluation)
picture(
    drawn["predicted"],
    "Predicted against measured strength: the points lie along the diagonal.",
)
picture(
    drawn["importance"],
    "Bars: how much the error grows when a column is shuffled; age and cement lead.",
)

# %% tags=["prose"]
from utils.networks.explain import permutation_importance

drops = permutation_importance(
    lambda inputs: fitted.model.predict(inputs, verbose=0).ravel(),
    test.inputs,
    test.targets,
    lab.metrics["rmse"],
).mean(axis=1)
prose(
    """
    A point on the diagonal is a correct prediction. A point below it is a concrete that is stronger than predicted.

    Shuffling **{first}** increases the error most, by {drop:.1f} MPa.
    """,
    within=0.2,
    first=splits.features[drops.argmax()].replace("_", " "),
    drop=drops.max(),
)

# %% [markdown]
# ## Save
#
# `harness.save` writes the run into a folder: the model in three formats, the figures, the history, a model card and
# `run.json` with every number. Then it loads the three files in a new process and compares their predictions with
# those of the trained model.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    The largest difference on the {rows} test rows, over all three formats, is {difference:.1g} MPa.
    """,
    claims={"the difference is rounding": difference < 1e-3},
    within=1.0,
    rows=len(test),
    difference=difference,
)

# %% [markdown]
# The command for all of this is `python -m labs.regression --preset quick`.
#
# ## Exercise: normalize as the network does
#
# `train` and `rows` are arrays of shape (rows, features). Return `rows` with each column in standard deviations from
# the mean. Which rows give the mean and the standard deviation?


# %% tags=["exercise"]
def normalise(train, rows):
    ### BEGIN SOLUTION
    return (rows - train.mean(axis=0)) / train.std(axis=0)
    ### END SOLUTION


# %% tags=["check"]
check("regression.normalise", normalise)

# %% [markdown]
# ## Try this
#
# Before you run a cell, predict its result. Then change the cell and run it again. The experiments use the validation
# rows, so that the test rows choose nothing.


# %%
from dataclasses import replace


def train_once(**changes):
    """The RMSE on validation after training with some fields of the config changed."""
    trained = harness.fit(lab, replace(config, **changes), splits).model
    prediction = trained.predict(validation.inputs, verbose=0).ravel()
    return float(np.sqrt(np.mean((prediction - validation.targets) ** 2)))


# %% [markdown]
# **1. The learning rate of a network.** Which learning rate has the lowest error? How wide is the range of good ones?

# %% tags=["try"]
tried = {rate: train_once(learning_rate=rate) for rate in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)}
figure = Figure(figsize=(6.4, 3.4), layout="constrained")
axes = figure.subplots()
axes.semilogx(list(tried), list(tried.values()), "o-")
axes.set(xlabel="learning rate of Adam", ylabel="RMSE on validation (MPa)")
picture(figure, "Error by learning rate: high at both ends, lowest in the middle.")

# %% tags=["prose"]
rate_of_best = min(tried, key=lambda rate: tried[rate])
prose(
    """
    The learning rate {best} has the lowest error, {error:.1f} MPa. The smallest, {smallest}, ends at {slow:.1f} MPa,
    and the largest, {largest}, at {wild:.1f} MPa.
    """,
    claims={"the best lies between the ends": min(tried) < rate_of_best < max(tried)},
    within=0.25,
    best=rate_of_best,
    error=tried[rate_of_best],
    smallest=min(tried),
    slow=tried[min(tried)],
    largest=max(tried),
    wild=tried[max(tried)],
)

# %% [markdown]
# **2. No normalization.** The same network on raw kilograms and days, as in the first part of the course.

# %% tags=["try"]
normalised, raw = train_once(), train_once(normalize=False)
print(f"normalized {normalised:.1f} MPa, raw {raw:.1f} MPa")

# %% tags=["prose"]
prose(
    """
    After {epochs} epochs the error is {normalised:.1f} MPa with normalization and {raw:.1f} MPa without.
    """,
    claims={"normalization helps": normalised < raw - 1},
    within=0.25,
    epochs=config.epochs,
    normalised=normalised,
    raw=raw,
)

# %% [markdown]
# **3. Wider or deeper?** Change the lists. Is one wide layer as good as three narrow ones? With zero layers the
# network is linear regression.

# %% tags=["try"]
for layers, units in ((0, 10), (1, 10), (1, 50), (3, 10)):
    print(f"{layers} × {units} units: {train_once(layers=layers, units=units):.1f} MPa")

# %% [markdown]
# ## Summary
#
# - Gradient descent changes the weights against the gradient of the loss. If the learning rate is too small, training
#   is slow; if it is too large, the loss rises.
# - Inputs with the same scale let one learning rate fit all of them.
# - Evaluate on rows of new recipes, and compare with simpler models.
#
# More on this lab: [its page](../labs/regression/README.md), `python -m labs.regression --help`, and
# `python -m labs.regression protocol`, which repeats the comparison over twenty splits.
