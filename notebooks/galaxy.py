# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Galaxies: which shape has it?
#
# A survey telescope photographs millions of galaxies, far more than anybody can look at. Somebody should sort them:
# plain ones, ones with a ring, two that are merging, and whatever else there is. We teach a network to do it.
#
# On the way you look **inside** a network: at the filters that it has learned, and at its **feature maps**, what layer
# after layer makes of an image. And you give it something that it cannot know by itself: the **symmetry of the sky**,
# which has no up and no left.
#
# **The galaxies of this notebook are SIMULATED.** A program draws them with GalSim, under the seeing, the sky and the
# noise of a survey. No number below says anything of the real sky.
#
# You need a little Python; the notebook on pneumonia explains convolution and pooling. Run the cells from top
# to bottom; it takes about a minute in all.

# %% tags=["setup"]
# In a hosted notebook: make the wheel (`pip wheel --no-deps .` in a checkout), upload it, and first run
#   pip install "keras_labs-0.1.0-py3-none-any.whl[galaxy]"
import os
import sys
from pathlib import Path

for folder in (Path.cwd(), *Path.cwd().parents):
    if (folder / "labs" / "galaxy").is_dir():  # a checkout: work from its top folder
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        break

from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from labs.galaxy.lab import lab

config = lab.preset("quick", "simulated-galaxies")
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The images
#
# An image has three channels, red, green and blue, with levels from `0` to `255`. Each of the four classes has as many
# images as the others. So guessing is right in one of four.

# %%
import keras
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure
from scipy import special

from labs.exercises import check
from utils.export.predictor import predictor
from utils.figures import image_sheets, plots
from utils.metrics import classification
from utils.networks import explain
from utils.runs import harness
from utils.teaching.layer_costs import cost_table, layer_costs

train, validation, test = splits.train, splits.validation, splits.test
names = splits.class_names


def show(figure, alt, colours=128):
    """Show a figure with a word on what it was drawn from."""
    if splits.source.simulated:
        figure.suptitle("SIMULATED galaxies", x=0.99, ha="right", fontsize=10, color=plots.RED)
    picture(figure, alt, colours=colours)


figure = Figure(figsize=(5.6, 3.3), layout="constrained")
for column, name in enumerate(names):
    rows = np.flatnonzero(train.targets == column)[:2]
    for row, galaxy in enumerate(train.inputs[rows]):
        axes = figure.add_subplot(2, 4, 4 * row + column + 1)
        axes.imshow(galaxy)
        axes.set_axis_off()
        if row == 0:
            axes.set_title(name, fontsize=12)
show(
    figure,
    "Two simulated galaxies of each class: normal, ringed, merger and other.",
    colours=200,
)

# %% [markdown]
# ## Four scores, four probabilities
#
# The network ends with a score $z_k$ for each class. A score may be any number. **Softmax** makes probabilities of
# them: none is negative, and they add up to one.
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# The loss is the **cross-entropy**: $-\log p$ of the class that is true. It is zero where the network is confident and
# right, and grows without bound where it is confident and wrong.

# %% tags=["prose"]
scores = np.array([[2.0, 1.0, 0.0, -1.0]])
chances = special.softmax(scores, axis=1)[0]
prose(
    """
    The scores {scores} become the probabilities {chances}. A step of one in the score makes a class {times:.2f} times
    as likely. If the first class is true, this answer costs {right:.2f} nat, and {wrong:.2f} nat if the last one is.
    Saying the same of all four costs {even:.2f} nat.
    """,
    scores=", ".join(f"{score:g}" for score in scores[0]),
    chances=", ".join(f"{chance:.3f}" for chance in chances),
    times=float(chances[0] / chances[1]),
    right=float(-np.log(chances[0])),
    wrong=float(-np.log(chances[-1])),
    even=float(np.log(len(names))),
)

# %% [markdown]
# ### Exercise: softmax
#
# `scores` is an array of (images, classes). Return the probabilities, of the same shape. It should also work where
# the scores are large, such as `1000`; how, if a computer cannot hold $e^{1000}$? Subtract something.


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
# First the course's network: two convolutions that move by two pixels at a time, each with a pooling, then a dense
# layer, then four scores.

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
Markdown(cost_table(layer_costs(course), markdown=True))

# %% [markdown]
# With $W$ the side that comes in, $F$ the kernel's, $S$ the stride, $P$ the padding on each side (none here), $D$ the
# channels that come in and $K$ the filters:
#
# $$\text{side} = \left\lfloor \frac{W - F + 2P}{S} \right\rfloor + 1 \qquad
# \text{parameters} = K \cdot F^2 \cdot D + K$$
#
# ### Exercise: how many numbers come out of Flatten?
#
# In the course the images have `128 × 128` pixels, not `64 × 64`. The layers are the same. How many numbers does
# `flatten` give then?

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
# The preset `quick` takes a **residual network**: a convolution, then blocks that halve the side, double the channels,
# and add to what they have, $x + f(x)$. At its end the mean over the image is taken: how much of this pattern is
# there, wherever it is. (The notebook on pneumonia goes through its pieces.)

# %%
model = lab.build(config, splits)
costs = layer_costs(model)
kinds = ("Conv2D", "MaxPooling2D", "GlobalAveragePooling2D", "Dense")
pd.DataFrame(
    {
        cost.name: {
            "kind": cost.kind,
            "output": " × ".join(map(str, cost.output_shape)),
            "parameters": f"{cost.parameters:,}",
        }
        for cost in costs
        if cost.kind in kinds
    }
).T

# %% tags=["prose"]
prose(
    """
    With its normalisations it has {residual:,} parameters, the course's network at this size {course:,}. For the
    seconds that we have here it learns much faster; the course's network waits in "Try this".
    """,
    residual=sum(cost.parameters for cost in costs),
    course=sum(cost.parameters for cost in layer_costs(course)),
)

# %% [markdown]
# ## The symmetry of the sky
#
# A cat upside down is a strange image. A galaxy upside down is a galaxy: the sky has no up, and it is as likely as
# before. So is its mirror image. A square of pixels can be turned and mirrored in eight ways without touching a single
# level:

# %%
galaxy = train.inputs[np.flatnonzero(train.targets == names.index("merger"))[:1]][0]
figure = Figure(figsize=(5.2, 3.2), layout="constrained")
for place, axes in enumerate(figure.subplots(2, 4).ravel()):
    mirrored, turns = divmod(place, 4)
    axes.imshow(np.rot90(galaxy[:, ::-1] if mirrored else galaxy, turns))
    axes.set_title(f"{'mirrored, ' if mirrored else ''}{turns * 90}°", fontsize=10)
    axes.set_axis_off()
show(
    figure,
    "One merger of galaxies, turned by four quarter turns, and the same mirrored.",
    colours=200,
)

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
# A network does not know of this symmetry. There are two ways to tell it.
#
# **In training: augmentation.** Each time an image is shown, it is mirrored or not, left to right and top to bottom,
# by a throw of two coins. So the network sees more different images, and their labels are all right. This happens in
# the pipeline that feeds it, not in the network. Here is one image as the training gets it, epoch by epoch:

# %%
augmenter = lab.transform(config)
epochs = 5
figure = Figure(figsize=(5.6, 1.65), layout="constrained")
for epoch, axes in enumerate(figure.subplots(1, epochs)):
    axes.imshow(augmenter(galaxy[None], epoch, 0)[0])
    axes.set_title(f"epoch {epoch + 1}", fontsize=10)
    axes.set_axis_off()
show(figure, "The same merger in five epochs, mirrored in different ways.", colours=200)

# %% [markdown]
# Mirroring moves pixels and leaves them as they are. Turned by any other angle, an image is resampled, and the grain
# of its noise is smoothed away: then the network trains on images that look unlike those it will meet. Whether that
# matters is one of the experiments below.
#
# **In the answer:** ask for all eight views, and take the mean. We come to that when we have a network.
#
# ## Fit
#
# `harness.fit` builds and trains the network; it is the very function that `python -m labs.galaxy` calls.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")

# %%
curves = plots.learning_curves(
    fitted.progress.history, fitted.kept_epoch, label="cross-entropy (nat)"
)
show(curves, "Learning curves: the loss on training falls; on validation it is rougher.")

# %% tags=["prose"]
history = fitted.progress.history
prose(
    """
    Over {epochs} epochs of {steps} steps the cross-entropy on training images fell from {first:.2f} to {last:.2f}
    nat. Validation, with {few} images, is at {validation:.2f} nat: what the network knows of its training images it
    does not know of all.
    """,
    claims={
        "the loss fell": history[-1]["loss"] < history[0]["loss"],
        "validation costs more than training": history[-1]["val_loss"] > history[-1]["loss"],
    },
    within=0.5,
    epochs=len(history),
    steps=-(-len(train) // config.batch_size),
    first=history[0]["loss"],
    last=history[-1]["loss"],
    few=len(validation),
    validation=history[-1]["val_loss"],
)

# %% [markdown]
# ## Evaluate
#
# Now the test images, for the first time. Compare the network with a model that knows only how frequent each class
# is, and with logistic regression on the same images made smaller.

# %%
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
pd.DataFrame({"network": network, **evaluation.baselines}).T.round(2)

# %% tags=["prose"] facts=["95 %"]
accuracy = scores["accuracy"]
logistic = evaluation.baselines["logistic_regression_at_32_pixels"]["accuracy"]
prose(
    """
    The network is right in **{accuracy:.0%}** of {images} images; the 95 % interval reaches from {low:.0%} to
    {high:.0%}, so wide because they are so few. Logistic regression is right in {logistic:.0%}: it has a weight for
    each pixel, so a ring must lie where it always lay. In {top:.0%} the true class is among the network's first two.

    What the preset `best` reaches is on the [page of this lab](../labs/galaxy/README.md).
    """,
    claims={
        "better than guessing": accuracy["low"] > 0.25,
        "better than logistic regression": accuracy["value"] > logistic,
    },
    within=0.2,
    accuracy=accuracy["value"],
    images=len(test),
    low=accuracy["low"],
    high=accuracy["high"],
    logistic=logistic,
    top=network["top_2"],
)

# %% [markdown]
# ### What is taken for what?
#
# One number hides much. The **confusion matrix** has a row for each true class and a column for each answer. On its
# diagonal the network is right.

# %%
table = np.array(evaluation.details["confusion"])
show(
    plots.confusion_matrix(table, names, note=f"accuracy {network['accuracy']:.2f}"),
    "Confusion matrix of four classes: most images lie on the diagonal.",
)

# %% tags=["prose"]
wrong = table.sum() - np.trace(table)
merger = evaluation.details["classes"]["merger"]
prose(
    """
    Off the diagonal lie {wrong:.0f} of {all} images. Which two classes does the network mix up most? Look for the
    darkest square off the diagonal.

    Two shares can be read off for each class. **Recall**, along the row: of all mergers, how many are called so?
    **Precision**, down the column: of all that are called mergers, how many are? Here they are for *merger*: recall
    {recall:.0%}, precision {precision:.0%}.
    """,
    claims={"most lie on the diagonal": wrong < table.sum() / 2},
    within=0.6,
    wrong=float(wrong),
    all=int(table.sum()),
    recall=merger["recall"],
    precision=merger["precision"],
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
# Look at images, too, not only at numbers: the most confident predictions, right and wrong. Would you have known
# better?

# %%
picture(
    image_sheets.most_confident(
        test.inputs,
        test.targets,
        evaluation.predictions["test"],
        names,
        number=5,
        simulated=splits.source.simulated,
    ),
    "Two rows of galaxies: the most confident correct predictions above, the most confident errors below.",
    colours=200,
)

# %% [markdown]
# ## Inside: the first filters
#
# The first convolution looks at the pixels themselves, so its kernels can be drawn in colour: a filter answers most
# where the image looks like it. Grey is a weight of zero.

# %%
filters = explain.first_filters(fitted.model)
picture(
    image_sheets.filters(filters, simulated=splits.source.simulated),
    "Eight filters of three by three pixels in colour.",
)

# %% tags=["prose"]
prose(
    """
    {number} filters of {side} × {side} pixels, each with {channels} channels: {weights} weights. Which one answers to a
    bright spot, which to an edge, which to a blue place beside a red one? Many show nothing that a person could name.
    They began as random numbers, and a few epochs have moved them only a little.
    """,
    number=filters.shape[-1],
    side=filters.shape[0],
    channels=filters.shape[2],
    weights=filters.size,
)

# %% [markdown]
# ## Inside: feature maps
#
# A **feature map** is what one channel of a layer makes of an image. The first layers keep the image's places: you
# can still see the galaxy. Deeper ones are coarse; a pixel there represents a whole region, and says that a pattern is
# in it. `explain.feature_maps` gives those of every layer:

# %%
ring = np.flatnonzero(test.targets == names.index("ringed"))
clearest = ring[np.argsort(-evaluation.predictions["test"][ring, names.index("ringed")])[0]]
seen = test.inputs[clearest : clearest + 1][0]
maps = explain.feature_maps(fitted.model, seen)
relus = {name: found for name, found in maps.items() if name.endswith(("relu", "pixels"))}
picture(
    image_sheets.feature_maps(
        seen, relus, layers=5, channels=6, simulated=splits.source.simulated
    ),
    "A ringed galaxy and, below it, maps of ever coarser grids, layer by layer.",
)

# %% tags=["prose"]
first_map, last_map = (list(maps.values())[place] for place in (0, -1))
relu = relus[list(relus)[-1]]
zeros = float(np.mean(relu == 0))
prose(
    """
    From {first} × {first} pixels in {few} channels to {last} × {last} places in {many}: less and less *where*, more and
    more *what*. In the last ReLU {zeros:.0%} of all values are zero: there, a pattern is not. The mean over the places
    then makes {many} numbers of the maps, and the last layer's four scores are sums of them.
    """,
    within=0.3,
    first=first_map.shape[0],
    few=first_map.shape[-1],
    last=last_map.shape[0],
    many=last_map.shape[-1],
    zeros=zeros,
)

# %% [markdown]
# ## Symmetry in the answer: the mean over eight views
#
# Ask the trained network for the eight views of each test image. It should say the same of all of them. Does it?

# %%
live = predictor(fitted.model)


def eight_answers(images):
    """Probabilities of each view of each image, (8, images, classes)."""
    turned = [
        np.rot90(one, turns, axes=(1, 2))
        for one in (images, images[:, :, ::-1])
        for turns in range(4)
    ]
    return np.stack([live.predict(np.ascontiguousarray(view)) for view in turned])


answers = eight_answers(test.inputs[:])
ranges = answers.max(axis=0) - answers.min(axis=0)
torn = int(ranges.max(axis=1).argmax())

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
columns = np.concatenate([answers[:, torn], answers[:, torn].mean(axis=0)[None]])
colours = (plots.GREY, plots.ORANGE, plots.BLUE, "#CC79A7")
for number, (name, colour, hatch) in enumerate(
    zip(names, colours, ("", "//", "..", "xx"), strict=True)
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
right.set_title("what the network says of its views (m.: mirrored)", fontsize=11, loc="left")
figure.legend(loc="outside right center", frameon=False)
show(
    figure,
    "A galaxy, and stacked bars: the probabilities of four classes for each of eight views.",
    colours=200,
)

# %% tags=["prose"]
singles = [classification.log_loss(test.targets, answer) for answer in answers]
right_ones = [classification.accuracy(test.targets, answer) for answer in answers]
mean = answers.mean(axis=0)
changed = float(np.mean([len(set(column)) > 1 for column in answers.argmax(axis=2).T]))
prose(
    """
    It does not. That is the image on which the views differ most; of all test images, {changed:.0%} get another
    class in at least one of their views.

    Now the mean. A single view costs {single:.3f} nat on average and is right in {one:.1%}; the mean of the eight costs
    **{mean:.3f} nat** and is right in **{all:.1%}**. That the loss gets smaller is no luck: $-\\log$ is a curve
    that bends upwards, so the loss of a mean is never more than the mean of the losses. The accuracy has no such law.
    """,
    claims={
        "the mean costs less": classification.log_loss(test.targets, mean) < np.mean(singles),
        "some answers change": changed > 0,
    },
    within=0.5,
    changed=changed,
    single=float(np.mean(singles)),
    one=float(np.mean(right_ones)),
    mean=classification.log_loss(test.targets, mean),
    all=classification.accuracy(test.targets, mean),
)

# %% [markdown]
# The module builds this into the model that it saves: the option `symmetric` puts plain layers that turn and mirror in
# front of the network, and a mean behind it. We give it the weights that we have:

# %%
from dataclasses import replace

symmetric_config = replace(config, symmetric=True)
bare = lab.build(symmetric_config, splits)
bare.set_weights(fitted.trained.get_weights())
symmetric = lab.assemble(symmetric_config, splits, bare)
by_model = predictor(symmetric).predict(test.inputs[:])

# %% tags=["prose"]
apart = float(np.abs(by_model - mean).max())
upside_down = predictor(symmetric).predict(np.ascontiguousarray(test.inputs[:][:, ::-1]))
still = float(np.abs(upside_down - by_model).max())
prose(
    """
    The largest difference to our mean is {apart:.0e}. And upside down the images get the same answers, up to rounding
    ({still:.0e}): now the model **knows** that the sky has no up. The price is eight times the work.
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
# every number. Then all three are opened in a fresh process and must predict the same.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model gives the {rows} test images the same probabilities: the largest
    difference is {difference:.1g}.
    """,
    claims={"the difference is rounding": difference < 1e-4},
    within=100.0,
    rows=len(test),
    difference=difference,
)

# %% [markdown]
# The same from a terminal, in one line: `python -m labs.galaxy --preset quick --data simulated-galaxies`.
#
# ## Try this
#
# Three experiments. Each cell is ready to run: run it, then change it. What do you expect before you press the key?
# The first two judge on validation, so that the test images stay unseen; it is small, so believe only large
# differences.

# %% [markdown]
# **1. Symmetry or not, in training.** Not mirrored; mirrored, as above; turned by any angle as well. Compare training
# with validation: which network has learned its images by heart?


# %% tags=["try"]
def judged(trained):
    """Accuracy on training and validation."""
    by = predictor(trained.model)
    return {
        name: classification.accuracy(part.targets, by.predict(part.inputs[:]))
        for name, part in (("training", train), ("validation", validation))
    }


ways = {
    "not at all": {"horizontal_flip": False, "vertical_flip": False},
    "turned too": {"rotation_range": 180.0},
}
tried = {"mirrored": judged(fitted)}
for name, changes in ways.items():
    tried[name] = judged(harness.fit(lab, replace(config, **changes), splits))
pd.DataFrame(tried).T.round(2)

# %% [markdown]
# **2. The course's network.** First as many epochs as above; then give it more. What does it need?

# %% tags=["try"]
trained = harness.fit(lab, replace(config, network="cnn", epochs=config.epochs), splits)
pd.DataFrame({"residual": tried["mirrored"], "course": judged(trained)}).T.round(2)

# %% [markdown]
# **3. Turn it slowly.** One galaxy, turned by every angle from none to a full turn: the probability of its class, from
# the network and from the mean over eight views. Where do the two differ, and why is the second one periodic? Change
# `torn` to another number.

# %% tags=["try"]
from utils.base import choices
from utils.images import augment

angles = np.arange(0, 361, 5)
still_ones = augment.draw(choices.Augmentation(), np.random.default_rng(0), len(angles))
turning = augment.matrices(still_ones._replace(rotation=angles.astype(float)), *seen.shape[:2])
copies = np.repeat(test.inputs[torn : torn + 1], len(angles), axis=0)
turned = augment.warp(copies, turning)

figure, axes = plots.new_figure(
    "One galaxy, turned: the probability of its class", size=(8, 3.4)
)
by = {
    "network": (live, plots.ORANGE, "--"),
    "mean of eight": (predictor(symmetric), plots.BLUE, "-"),
}
for name, (who, colour, style) in by.items():
    chance = who.predict(turned)[:, test.targets[torn]]
    axes.plot(angles, chance, style, color=colour, linewidth=2, label=name)
axes.set_xticks(range(0, 361, 90))
axes.set_xlabel("turned by (degrees)")
axes.set_ylabel(f"probability of {names[test.targets[torn]]}")
axes.set_ylim(0, 1)
axes.legend(frameon=False)
show(
    figure,
    "Two curves of probability by angle: the network's is ragged, the mean's repeats itself.",
)

# %% [markdown]
# ## What to take along
#
# - Softmax turns scores into probabilities; only their differences count.
# - Feature maps go from where to what: finer and few in the beginning, coarse and many at the end.
# - What leaves the label as it is can be given to a network: as augmentation in training, as a mean over views in the
#   answer, or both.
# - A confusion matrix says which mistakes are made; the accuracy only how many.
#
# More on this lab: [its page](../labs/galaxy/README.md), `python -m labs.galaxy --help`, and your own images:
# `--data-dir`.
