# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Regression: how strong will this concrete be?
#
# Somebody mixes a concrete and wants to know how much pressure it will bear. The usual answer is to cast a cylinder,
# wait some weeks and crush it. We ask a network instead: it sees the recipe and the age, and predicts the strength.
#
# What is predicted is a number, so this is **regression**. On the way you meet the idea that all of deep learning
# is based on: **gradient descent**, and the one number that decides whether it works, the **learning rate**.
#
# You need a little Python and the derivative of a square. Run the cells from top to bottom; it takes about half a
# minute in all.

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
# What the cell above did: a lab is described by a `Config`, every choice it makes is a field of it. We take the preset
# `quick`, which trains for a few epochs only. Then `lab.splits` read the data and dealt them out into three splits:
#
# - **training**: the network learns from these rows;
# - **validation**: these choose the epoch at which we stop;
# - **test**: looked at once, at the end, to judge.

# %%
import keras
import numpy as np
import pandas as pd

from labs.exercises import check
from utils.export.predictor import predictor
from utils.figures import plots
from utils.metrics.regression import rmse as rmse_of
from utils.networks.explain import permutation_importance
from utils.runs import harness
from utils.teaching.layer_costs import cost_table, layer_costs

config

# %% [markdown]
# One row is one cylinder that was crushed. Seven columns are kilograms in a cubic metre of concrete, the eighth is the
# age in days:

# %%
train, test = splits.train, splits.test
rows = pd.DataFrame(train.inputs, columns=splits.features)
rows[splits.target] = train.targets
rows.describe().T[["min", "mean", "max"]].round()

# %% [markdown]
# Look before you model. Does strength follow from the cement alone? And what does age do?

# %%
from matplotlib.figure import Figure

figure = Figure(figsize=(9, 3.6), layout="constrained")
for axes, column in zip(figure.subplots(1, 2, sharey=True), ("cement", "age"), strict=True):
    values = train.inputs[:, splits.features.index(column)]
    axes.scatter(values, train.targets, s=12, color=plots.BLUE, alpha=0.5, linewidths=0)
    axes.set_xlabel("cement (kg/m³)" if column == "cement" else "age (days)")
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("strength (MPa)")
picture(
    figure,
    "Two scatter plots of strength: it rises with cement, with a wide scatter; with age it rises fast, then flat.",
)

# %% tags=["prose"]
by_cement = float(np.corrcoef(train.inputs[:, 0], train.targets)[0, 1])
by_age = float(np.corrcoef(train.inputs[:, -1], train.targets)[0, 1])
prose(
    """
    More cement makes stronger concrete (their correlation is {by_cement:.2f}), but at any amount of cement the
    strengths are spread over a wide range: the other columns matter. With age, strength first rises fast and then
    hardly at all. A straight line cannot bend like that, and the correlation of age and strength, {by_age:.2f}, shows
    how little of it a line sees. A network can bend.
    """,
    claims={
        "age and strength are less correlated than cement and strength": by_age < by_cement
    },
    by_cement=by_cement,
    by_age=by_age,
)

# %% [markdown]
# ### A test row must be a new concrete
#
# Most recipes were crushed at several ages, so many rows share their recipe. If a row of a recipe is in training and
# another in test, the test asks what the network remembers, not what it understands. So whole recipes are held out.
# The audit counts what would leak:

# %%
from utils.datasets.audit import audit

honest = audit(splits)
at_random = lab.splits(lab.config(split="random"))
leaking = audit(at_random)

# %% tags=["prose"]
prose(
    """
    Test rows whose recipe the network has trained on: **{honest}** in our split, **{leaking}** of {rows} where rows are
    dealt out at random, as nearly all published results have it. The [page of this lab](../labs/regression/README.md)
    shows how much better the same networks look there.
    """,
    claims={"our split does not leak": honest["test_rows_of_trained_groups"] == 0},
    honest=honest["test_rows_of_trained_groups"],
    leaking=leaking["test_rows_of_trained_groups"],
    rows=len(at_random.test),
)

# %% [markdown]
# ## Gradient descent, by hand
#
# Before a network, the smallest model there is: strength is $w \cdot x + b$, where $x$ is the cement, in standard
# deviations from its mean. How good are a $w$ and a $b$? We measure the **mean squared error** over the $n$ rows:
#
# $$L(w, b) = \frac{1}{n} \sum_i (w x_i + b - y_i)^2$$
#
# The loss is a bowl over the plane of all $(w, b)$. Its slope says which way is up:
#
# $$\frac{\partial L}{\partial w} = \frac{2}{n} \sum_i (w x_i + b - y_i)\, x_i \qquad
# \frac{\partial L}{\partial b} = \frac{2}{n} \sum_i (w x_i + b - y_i)$$
#
# Gradient descent walks the other way, a step at a time. The **learning rate** $\eta$ is the length of the stride:
#
# $$w \leftarrow w - \eta \frac{\partial L}{\partial w} \qquad b \leftarrow b - \eta \frac{\partial L}{\partial b}$$

# %% [markdown]
# ### Exercise: one step
#
# Write that step. `x` and `y` are arrays of (rows,); return the new `w` and `b`.


# %% tags=["exercise"]
def gradient_step(w, b, x, y, rate):
    ### BEGIN SOLUTION
    error = w * x + b - y
    return w - rate * 2 * np.mean(error * x), b - rate * 2 * np.mean(error)
    ### END SOLUTION


# %% tags=["check"]
check("regression.gradient_step", gradient_step)

# %% [markdown]
# ### What the learning rate does
#
# Three walks down the same bowl, from the same start; only the stride differs.


# %%
def descend(x, y, rate, steps=25):
    """The loss before each step, (steps,)."""
    w, b, losses = 0.0, 0.0, []
    for _ in range(steps):
        error = w * x + b - y
        losses.append(np.mean(error**2))
        w, b = w - rate * 2 * np.mean(error * x), b - rate * 2 * np.mean(error)
    return np.array(losses)


cement = train.inputs[:, 0].astype("float64")
cement = (cement - cement.mean()) / cement.std()
strength = train.targets.astype("float64")
rates = {"too small": 0.01, "good": 0.3, "too large": 1.02}
walks = {name: descend(cement, strength, rate) for name, rate in rates.items()}

figure, axes = plots.new_figure("The loss, step by step")
for (name, losses), colour, style in zip(
    walks.items(), (plots.GREY, plots.BLUE, plots.RED), ("--", "-", ":"), strict=True
):
    axes.plot(
        losses, color=colour, linestyle=style, linewidth=2, label=f"{name}: rate {rates[name]}"
    )
axes.set_yscale("log")
axes.set_xlabel("step")
axes.set_ylabel("mean squared error (MPa²)")
axes.legend(frameon=False)
picture(
    figure,
    "Three loss curves: one falls slowly, one falls fast and lies flat, one rises step by step.",
)

# %% tags=["prose"]
prose(
    """
    All three start at a loss of {start:,.0f} MPa². With the rate {good} the walk is down at {bottom:.0f} MPa² within a
    few steps. With {small} it is on its way, but after {steps} steps still at {slow:.0f} MPa². With {large} each step
    overshoots the valley and lands higher on the other side: {blown:,.0f} MPa², and growing.

    The bottom is not zero: from the cement alone, no straight line can do better.
    """,
    claims={
        "the small rate is not down yet": walks["too small"][-1] > 1.2 * walks["good"][-1],
        "the large rate climbs": walks["too large"][-1] > walks["too large"][0],
    },
    start=walks["good"][0],
    bottom=walks["good"][-1],
    slow=walks["too small"][-1],
    blown=walks["too large"][-1],
    good=rates["good"],
    small=rates["too small"],
    large=rates["too large"],
    steps=len(walks["good"]),
)

# %% [markdown]
# ## The network, layer by layer
#
# A dense layer does many such lines at once. It takes a vector $x$ and gives $\mathrm{ReLU}(W x + b)$: each of its
# units has its own line, and $\mathrm{ReLU}(z) = \max(0, z)$ cuts it off below zero. Without the cut, a stack of layers
# would still be one straight line; with it, every unit adds a bend.
#
# First the inputs. Cement is in the hundreds, age mostly below a hundred: unscaled, the bowl is a ravine, steep
# across and flat along, and no learning rate suits both. **Normalisation** takes each column to mean zero and
# standard deviation one. Its means and spreads come from the training rows alone, and it lives inside the network, so
# that a saved model takes raw kilograms and days.

# %%
from utils.networks.blocks import normalization

inputs = keras.Input((train.inputs.shape[1],), name="features")
values = normalization(train.inputs)(inputs)
normalise_only = keras.Model(inputs, values)
first = train.inputs[:1]
pd.DataFrame(
    [first[0], normalise_only.predict_on_batch(first)[0]],
    index=["raw", "normalised"],
    columns=splits.features,
).T.round(2)

# %% [markdown]
# Now the course's network: three hidden layers of ten units, and one unit at the end that gives the strength. Each
# layer is called on what the last one gave.

# %%
hidden = values
for number in (1, 2, 3):
    hidden = keras.layers.Dense(10, activation="relu", name=f"hidden_{number}")(hidden)
output = keras.layers.Dense(1, name="strength")(hidden)
by_hand = keras.Model(inputs, output)

# %% [markdown]
# What does each layer cost? A dense layer from $D$ inputs to $K$ units has $D \cdot K$ weights and $K$ biases:

# %%
print(cost_table(layer_costs(by_hand)))

# %% [markdown]
# The module has the same network, with a rescaling at the end: the last layer works in standard deviations, and the
# rescaling turns them into MPa. So the network need not spend its first epochs on learning the mean.

# %%
model = lab.build(config, splits)
print(cost_table(layer_costs(model)))

# %% tags=["prose"]
trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
prose(
    """
    Both networks have {trainable} parameters to train, and {rows} rows to learn them from. The means and variances of
    the normalisation are not among them: they are measured once, and stay.
    """,
    claims={
        "both networks train as many": trainable
        == sum(int(np.prod(w.shape)) for w in by_hand.trainable_weights)
    },
    trainable=trainable,
    rows=len(train),
)

# %% [markdown] facts=["8", "20"]
# ### Exercise: count
#
# How many **trainable** parameters has a network with the same 8 inputs, normalised, **two** hidden layers of 20 units,
# and one output? Work it out on paper first.

# %% tags=["exercise"]
parameters = None
### BEGIN SOLUTION
parameters = (8 * 20 + 20) + (20 * 20 + 20) + (20 * 1 + 1)
### END SOLUTION

# %% tags=["check"]
check("regression.parameters", parameters)

# %% [markdown]
# ## Fit
#
# `harness.fit` builds that network and walks down its bowl, which now has a dimension for each parameter. Three things
# are new:
#
# - The slope is not taken over all rows but over a **batch** of them: noisier, but many more steps for the same work.
#   Once through all rows is an **epoch**.
# - The stride is set by **Adam**, which gives each weight a learning rate of its own, from how steady its slopes were.
# - After each epoch the loss on validation is measured, and at the end the weights of the best epoch are kept.
#
# It is the very function that `python -m labs.regression` calls.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")

# %%
picture(
    plots.learning_curves(
        fitted.progress.history, fitted.kept_epoch, label="RMSE (MPa)", root=True
    ),
    "Learning curves: training and validation error fall steeply for a few epochs, then slowly.",
)

# %% tags=["prose"]
history = fitted.progress.history
prose(
    """
    Over {epochs} epochs, of {steps} steps each, the error on training rows fell from {first:.1f} to {last:.1f} MPa.
    The weights that were kept are those of epoch {kept:.0f}, which validation liked best. Where training continues
    falling while validation rises again, a network has begun to learn its rows by heart: it **overfits**.
    """,
    claims={"the error fell": history[-1]["loss"] < history[0]["loss"]},
    within=0.3,
    epochs=len(history),
    steps=-(-len(train) // config.batch_size),
    first=history[0]["loss"] ** 0.5,
    last=history[-1]["loss"] ** 0.5,
    kept=float(fitted.kept_epoch),
)

# %% [markdown]
# ## Evaluate
#
# Now, for the first time, the test rows. Three numbers say how far off the network is:
#
# - **RMSE**, the root of the mean squared error, in MPa: large errors count more;
# - **MAE**, the mean absolute error, in MPa: all count alike;
# - **R²**, the share of the variance that is explained: one is perfect, zero is no better than saying the mean.

# %% [markdown]
# ### Exercise: the root of the mean squared error
#
# `truth` and `prediction` are arrays of (rows,).


# %% tags=["exercise"]
def rmse(truth, prediction):
    ### BEGIN SOLUTION
    return np.sqrt(np.mean((prediction - truth) ** 2))
    ### END SOLUTION


# %% tags=["check"]
check("regression.rmse", rmse)

# %% [markdown]
# A number alone says little. So three other models get the same rows: one that always says the mean, a straight line in
# all columns, and gradient boosting, which is hard to beat on tables.

# %%
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
pd.DataFrame({"network": network, **evaluation.baselines}).T.round(2)

# %% tags=["prose"] facts=["95 %"]
others = {name: row["rmse"] for name, row in evaluation.baselines.items()}
prose(
    """
    The network is off by **{rmse:.2f} MPa**. The 95 % interval, from {low:.2f} to {high:.2f} MPa, says how much of that
    is the luck of which {mixes} recipes were held out. It is far better than the mean ({mean:.2f} MPa) and than a
    straight line ({line:.2f} MPa), so the bends are worth having; gradient boosting ({boosting:.2f} MPa) is still ahead
    of these few epochs. What the preset `best` makes of the same rows is on the lab's page.
    """,
    claims={
        "better than a straight line": network["rmse"] < others["linear_regression"],
        "gradient boosting is ahead": others["gradient_boosting"] < network["rmse"],
    },
    within=0.1,
    rmse=network["rmse"],
    low=scores["rmse"]["low"],
    high=scores["rmse"]["high"],
    mixes=len(np.unique(test.groups)),
    mean=others["mean"],
    line=others["linear_regression"],
    boosting=others["gradient_boosting"],
)

# %% [markdown]
# ### Look at the errors, not only at their mean

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
drops = permutation_importance(
    predictor(fitted.model).predict, test.inputs, test.targets, lab.metrics["rmse"]
).mean(axis=1)
prose(
    """
    On the diagonal a prediction is right. Below it are concretes that turned out stronger than the network thought.

    The bars ask what the network uses: one column is shuffled among the test rows, and the error grows by so much. It
    needs **{first}** most: with that column shuffled it is off by {drop:.1f} MPa more.
    """,
    within=0.2,
    first=splits.features[drops.argmax()].replace("_", " "),
    drop=drops.max(),
)

# %% [markdown]
# ## Save
#
# `harness.save` writes the run into a folder: the model in three formats, the figures, the history, a card to read
# and `run.json` with every number. Then it opens all three in a fresh process and holds their predictions against those
# of the model that was trained: a saved model that says something else would be worthless.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model predicts the {rows} test rows as before: the largest difference is
    {difference:.1g} MPa.
    """,
    claims={"the difference is rounding": difference < 1e-3},
    within=1.0,
    rows=len(test),
    difference=difference,
)

# %% [markdown]
# The same from a terminal, in one line: `python -m labs.regression --preset quick`.
#
# ## Exercise: normalise as the network does
#
# `train` and `rows` are arrays of (rows, features). Return `rows`, each column in standard deviations from the mean.
# Whose mean?


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
# Three experiments. Each cell is ready to run: run it, then change it. What do you expect before you press the key?
# They judge on validation, so that the test rows stay unseen.


# %%
from dataclasses import replace


def train_once(**changes):
    """The RMSE on validation after training with some fields of the config changed."""
    trained = harness.fit(lab, replace(config, **changes), splits)
    prediction = predictor(trained.model).predict(splits.validation.inputs)
    return rmse_of(splits.validation.targets, prediction)


# %% [markdown]
# **1. The learning rate of a real network.** From too small to too large. Where is the bottom, and how wide is it?

# %% tags=["try"]
tried = {rate: train_once(learning_rate=rate) for rate in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)}
figure, axes = plots.new_figure("Error on validation by learning rate")
axes.semilogx(list(tried), list(tried.values()), "o-", color=plots.BLUE)
axes.set_xlabel("learning rate of Adam")
axes.set_ylabel("RMSE on validation (MPa)")
picture(figure, "Error by learning rate: high at both ends, lowest in the middle.")

# %% tags=["prose"]
best = min(tried, key=lambda rate: tried[rate])
prose(
    """
    Of these, {best} does best: {error:.1f} MPa. The smallest, {smallest}, has not come far ({slow:.1f} MPa); the
    largest, {largest}, throws the weights about ({wild:.1f} MPa).
    """,
    claims={"the best lies between the ends": min(tried) < best < max(tried)},
    within=0.25,
    best=best,
    error=tried[best],
    smallest=min(tried),
    slow=tried[min(tried)],
    largest=max(tried),
    wild=tried[max(tried)],
)

# %% [markdown]
# **2. No normalisation.** The same network on raw kilograms and days. (The course's first part does it this way.)

# %% tags=["try"]
normalised, raw = train_once(), train_once(normalize=False)
print(f"normalised {normalised:.1f} MPa, raw {raw:.1f} MPa")

# %% [markdown]
# **3. Wider or deeper?** Change the lists. Is one wide layer as good as three narrow ones?

# %% tags=["try"]
for layers, units in ((0, 10), (1, 10), (1, 50), (3, 10)):
    print(f"{layers} × {units} units: {train_once(layers=layers, units=units):.1f} MPa")

# %% [markdown]
# ## What to take along
#
# - A network is trained by walking down the slope of its loss. Too short a stride never arrives, too long a one never
#   settles.
# - Inputs on one scale make one stride fit all of them.
# - Judge on rows of things that the network has never met, and beside models that are simpler.
#
# More on this lab: [its page](../labs/regression/README.md), `python -m labs.regression --help`, and
# `python -m labs.regression protocol`, which repeats the comparison over twenty splits.
