# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown] facts=["4.0"]
# # Pneumonia: does this chest X-ray show it?
#
# A doctor holds an X-ray of a child's chest against the light. Where the lungs are filled with air the radiograph is
# dark; where an infection has filled them with fluid there is a pale, ragged shadow. Can a network see it?
#
# You meet the two ideas that let networks see, **convolution** and **pooling**. Then comes what medicine asks of any
# test: how many patients does it miss, how many healthy people does it alarm, and who decides between the two?
#
# The radiographs are real: children of one to five years, photographed in the Guangzhou Women and Children's Medical
# Center (Kermany et al. 2018, CC BY 4.0), reduced to a small size. What you train here is a **teaching model, not a
# medical device**; it must not be used to judge the radiograph of a patient.
#
# You need a little Python. Run the cells from top to bottom; it takes about a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.pneumonia.lab import lab

config = replace(lab.preset("quick", "chest-xray-128"), epochs=5)
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# ## The radiographs
#
# A radiograph is a square of grey levels: `0` is black, where all rays came through, and `255` is white, where none
# did. They come in two classes, and all radiographs of one child are in the same split:

# %%
import keras
import numpy as np
import pandas as pd
from IPython.display import Image, Markdown
from matplotlib.figure import Figure

from labs.exercises import check
from labs.pneumonia import experiments
from labs.pneumonia import figures as lab_figures
from utils.export.predictor import predictor
from utils.figures import filter_sheets, image_sheets, plots
from utils.figures import thresholds as threshold_figures
from utils.images import filters
from utils.metrics import two_classes
from utils.metrics.classification import auc
from utils.networks import explain
from utils.runs import harness
from utils.teaching.layer_costs import cost_table, layer_costs

train, validation, test = splits.train, splits.validation, splits.test
healthy, sick = (np.flatnonzero(train.targets == number) for number in (0, 1))


def show(figure, alt):
    """Show a figure with a word on what it was drawn from."""
    if splits.source.simulated:
        title = f"{figure.get_suptitle()} SIMULATED radiographs".strip()
        figure.suptitle(title, x=0.99, ha="right", fontsize=10, color=plots.RED)
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
# Look before you model: fluid is pale, so is a sick radiograph simply a brighter one? That would be a classifier of a
# single number, and no network would be needed.

# %% tags=["prose"]
brightness = train.inputs[:].mean(axis=(1, 2, 3))
by_brightness = auc(train.targets, np.stack([-brightness, brightness], axis=1))
prose(
    """
    Take a sick radiograph and a healthy one at random: the sick one is the brighter of the two in {share:.0%} of such
    pairs. Chance would be half. So brightness says next to nothing: radiographs differ more by the size of the child
    and the exposure than by the illness. What counts is **where** it is pale and how the edge looks. That is a matter
    of neighbouring pixels.
    """,
    claims={"brightness says little": 0.4 < by_brightness < 0.6},
    share=by_brightness,
)

# %% [markdown]
# ## Convolution, by hand
#
# A **kernel** is a small square of weights. Lay it on a place of the radiograph, multiply each weight with the pixel
# under it, add up the products: one number says how much this place looks like the kernel. Move on by a pixel, and do
# it again, with the same weights.
#
# The kernel below is negative on its left and positive on its right. So it answers where a radiograph grows paler from
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
# Keras has a layer for it. We give the layer three kernels of our own instead of letting it learn them: the one from
# above, the same for horizontal edges, and one that takes the mean of nine pixels.

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
    # Edges have a sign: orange grows paler along the kernel, purple darker, white is level.
    drawn = {"cmap": "gray"} if name == "the mean" else {"cmap": "PuOr_r", "vmin": -largest}
    axes.imshow(responses[..., number], vmax=largest, **drawn)
    axes.set_title(name, fontsize=11)
for axes in figure.axes:
    axes.set_axis_off()
show(
    figure,
    "A radiograph and what three kernels make of it: vertical edges, horizontal edges, a smoothed radiograph.",
)

# %% tags=["prose"]
by_hand = float((window * vertical).sum())
by_layer = float(responses[row, column, 0])
prose(
    """
    At the place from above the layer says {by_layer:.4f}, as we did by hand. The radiograph has {side} pixels per side,
    the output has {smaller}: at the edges the kernel would hang over. In colour, orange is where the radiograph grows
    paler (to the right in the first, downwards in the second), purple where it grows darker.
    """,
    claims={"layer and hand agree": bool(np.isclose(by_hand, by_layer, atol=1e-5))},
    by_layer=by_layer,
    side=radiograph.shape[0],
    smaller=responses.shape[0],
)

# %% [markdown]
# ## Filters
#
# Image processing has used such kernels, its **filters**, for long. Sobel's respond to edges of one direction and
# Laplace's to edges of any direction; a blur that comes first removes edges that are only noise.

# %%
sharpen = np.array([[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]])
grey = train.inputs[sick[1] : sick[1] + 1][0, ..., 0]
show(
    filter_sheets.responses(grey, {"sharpened": sharpen}),
    "A radiograph, blurred and sharpened, and its edges by Sobel's and Laplace's kernels.",
)

# %% [markdown]
# A filter is also a statement about **frequencies**: a blur keeps the slow changes of an image (low-pass), a kernel for
# edges keeps the fast ones (high-pass). The spectra below have the slow changes in the centre.

# %%
show(
    filter_sheets.frequencies(
        grey, {name: filters.KERNELS[name] for name in ("blur", "laplace", "sobel-x")}
    ),
    "A radiograph, its low and its high frequencies, their spectra, and the spectra of three kernels.",
)

# %% [markdown] facts=["180"]
# ### Exercise: a convolution with borders
#
# Two conventions differ between networks and signal processing. The **flip**: a convolution in the sense of signal
# processing turns the kernel by 180°; networks do not, and what they compute is a cross-correlation. The **border**:
# where the kernel hangs over, one can *crop* as you did above, *pad* with zeros, or *extend*, which repeats the edge
# pixels.
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
# These kernels were invented. A network **learns** its kernels: their weights are parameters, and gradient descent
# moves them as it moves any others. Here a convolution sees nothing but images of noise, and Sobel's responses to them.

# %%
first_weights, learned = experiments.learned_kernel(filters.SOBEL_X)
print("before\n", first_weights.round(2))
print("after\n", learned.round(2) + 0.0)

# %% tags=["prose"]
off, limit = float(np.abs(learned - filters.SOBEL_X).max()), 1e-3
prose(
    """
    It has found Sobel's kernel: no weight is off by more than {limit:g}.
    """,
    claims={"the kernel is recovered": off < limit},
    limit=limit,
)

# %% [markdown]
# ### How large is the answer, and what does it cost?
#
# Four numbers describe a convolution of $K$ filters over an image of width $W$ with $D$ channels: the kernel's width
# $F$, the **stride** $S$ by which it moves, and the **padding** $P$, the zeros that are put around the image on each
# side. Then
#
# $$\text{side} = \left\lfloor \frac{W - F + 2P}{S} \right\rfloor + 1 \qquad
# \text{parameters} = K \cdot F^2 \cdot D + K$$
#
# Each filter has $F^2$ weights for each of the $D$ channels that come in, and one bias. How wide the radiograph is does
# not matter: the same weights serve at every place.
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
# Whether an edge lies at this pixel or at the next is of no interest. **Max pooling** cuts the answers into squares and
# keeps the largest of each: "somewhere here there was such an edge". It has no parameters. The image gets smaller,
# what follows gets cheaper, and a kernel behind it sees more of the radiograph.

# %%
relu = np.maximum(responses[..., 0], 0)  # only what looks like the kernel; the opposite is cut
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
    Keras's layer `MaxPooling2D(4)` gives the same {side} × {side} numbers, of {before:,} before it: one in {fewer}.
    """,
    claims={"layer and hand agree": bool(np.allclose(pooled, by_pooling))},
    side=pooled.shape[0],
    before=60 * 60,
    fewer=60 * 60 // pooled.size,
)

# %% [markdown]
# **Average pooling** keeps the mean of each square instead: a thin edge becomes weak in it, and the maximum keeps it.
#
# Does pooling make a network indifferent to shifts? Less than is often said: the dense layer behind it still knows the
# position of each square. The [page of this lab](../labs/pneumonia/README.md) has the measurement.

# %% [markdown]
# ## The network, layer by layer
#
# First the course's network: convolution, pooling, convolution, pooling, and a dense layer with two outputs. Each layer
# is called on what the last one gave.

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
Markdown(cost_table(layer_costs(course), markdown=True))

# %% [markdown]
# Both formulas are in the table with their numbers in place; beside them is what Keras counts. The last column is the
# work: multiplications for one radiograph.
#
# The last layer has an output for each class. Its **softmax** turns two scores $z$ into two probabilities that add up
# to one: $p_k = e^{z_k} / (e^{z_0} + e^{z_1})$. The loss is the **cross-entropy**, $-\log p$ of the class that is true.

# %%
flat = lab.build(replace(config, network="mlp"), splits)
model = lab.build(config, splits)

# %% tags=["prose"]
flat_costs, course_costs, costs = (layer_costs(each) for each in (flat, course, model))
prose(
    """
    Why not simply connect every pixel? The course compares its network with a perceptron on the flattened radiograph.
    At this size that one has {flat:,} parameters, the convolutional one {course:,}, because it uses each of its weights
    at every place.

    But {course:,} parameters are very few, and at this size they have little to work with: the course's own images have
    sixteen times as many pixels. The preset `quick` takes a **residual network** with {residual:,} parameters. Why so
    small a network is also fragile comes below.
    """,
    flat=sum(cost.parameters for cost in flat_costs),
    course=sum(cost.parameters for cost in course_costs),
    residual=sum(cost.parameters for cost in costs),
)

# %% [markdown]
# Its pieces are those that you know, with three additions:
#
# - **Batch normalisation** after each convolution brings each channel to mean zero and standard deviation one, so that
#   all layers learn at one pace.
# - A **residual** sum: a block gives $x + f(x)$. It need only learn what is to be changed, and the gradient passes
#   unhindered through the plain $x$.
# - At the end the **mean** over the radiograph, a number for each channel: how much of this pattern is there, wherever
#   it is.
#
# Padding here is `same`: as many zeros as keep the side at a stride of one. From pooling to pooling the radiograph has
# half the side and twice the channels.

# %%
Markdown(cost_table(costs, markdown=True))

# %% [markdown]
# ## Fit
#
# `harness.fit` builds that network and trains it; it is the very function that `python -m labs.pneumonia` calls. The
# network is not to learn radiographs by heart, so each is varied every time it is shown: turned by up to
# `rotation_range` degrees, shifted, zoomed. No radiograph is seen twice in the same way. This **augmentation** happens
# in the pipeline that feeds the network, not in the network: a saved model must not turn the radiographs that it
# judges.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")

# %%
curves = plots.learning_curves(
    fitted.progress.history, fitted.kept_epoch, label="cross-entropy (nat)"
)
show(curves, "Learning curves: the loss falls on training, and on validation too.")

# %% tags=["prose"]
history = fitted.progress.history
prose(
    """
    Over {epochs} epochs the cross-entropy on training radiographs fell from {first:.2f} to {last:.2f} nat. Guessing
    costs {guess:.2f} nat, the logarithm of two. The validation curve is of {radiographs} radiographs of other children.
    """,
    claims={
        "the loss fell": history[-1]["loss"] < history[0]["loss"],
        "the network is better than guessing": history[-1]["loss"] < np.log(2),
    },
    within=0.4,
    epochs=len(history),
    first=history[0]["loss"],
    last=history[-1]["loss"],
    guess=float(np.log(2)),
    radiographs=len(validation),
)

# %% [markdown] facts=["0.005"]
# ## What can go wrong: dead units
#
# A ReLU lets nothing below zero through. If the sum of a unit is negative at every place of every radiograph, its
# output is zero, and so is its gradient: it never comes back. Such a unit is **dead**. It may be so from the start, by
# its random weights, or after one step that was too large. The course trains its network of two and four filters with
# a learning rate of 0.005. How many of its six units still respond to any radiograph after two epochs?


# %%
def responding(network, radiographs):
    """The number of units of both convolutions that respond anywhere in the radiographs."""
    layers = [network.get_layer(f"convolution_{number}").output for number in (1, 2)]
    responses = keras.Model(network.input, layers).predict(radiographs, verbose=0)
    return sum(int((maps.max(axis=(0, 1, 2)) > 0).sum()) for maps in responses)


course_rate = 0.005
fragile = replace(
    config,
    network="cnn",
    redraw=False,
    learning_rate=course_rate,
    schedule="constant",
    batch_size=16,
    epochs=2,
)
trainings = {}
for seed in (1, 2, 3):
    one = harness.fit(lab, replace(fragile, seed=seed), splits)
    known = predictor(one.model).predict(validation.inputs[:])
    trainings[f"seed {seed}"] = {
        "units that respond": responding(one.model, validation.inputs[:]),
        "AUC on validation": auc(validation.targets, known),
    }
pd.DataFrame(trainings).T.round(2)

# %% tags=["prose"]
units = 2 + 4
alive = [int(each["units that respond"]) for each in trainings.values()]
prose(
    """
    Of {units} units, {fewest} to {most} are alive. If none of the last layer is left, the network predicts the same for
    every radiograph, and its AUC is one half. A wide network hardly notices a few dead units; this one has none to
    spare. The preset `course` keeps the course's network and its large radiographs. It draws the initial weights again
    while a unit is dead, and takes a smaller learning rate, chosen on validation. How often each setting fails is on
    the [page of this lab](../labs/pneumonia/README.md).
    """,
    claims={"units are dead": min(alive) < units},
    within=1.0,
    units=units,
    fewest=min(alive),
    most=max(alive),
)

# %% [markdown]
# ## Evaluate: first without a threshold
#
# `harness.evaluate` takes the test radiographs, which nothing has seen so far. The network gives each radiograph a
# probability of pneumonia. Before anybody decides from which probability on a child is called sick, ask something
# simpler: do the sick radiographs get the higher ones?

# %%
evaluation = harness.evaluate(fitted)
truth = test.targets
probability = evaluation.predictions["test"][:, 1]

figure, axes = plots.new_figure("Probability of pneumonia, test split", size=(8, 3.4))
bins = np.linspace(0, 1, 21)
groups = (
    ("normal", 0, plots.ORANGE, None),
    ("pneumonia", 1, plots.BLUE, "//"),
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
axes.set_xlabel("probability that the network gives")
axes.set_ylabel("radiographs")
axes.legend(frameon=False)
show(
    figure,
    "Two histograms that overlap: radiographs with pneumonia near one, normal ones spread over the range.",
)

# %% [markdown]
# The **ROC curve** tries every threshold. Each gives a point: upwards the **sensitivity**, the share of the sick that
# is found, to the right the share of the healthy that is alarmed, which is one minus the **specificity**. Guessing goes
# along the diagonal. The area under the curve, the **AUC**, has a plain meaning: it is the share of all pairs, a sick
# radiograph and a healthy one, in which the sick radiograph has the higher probability.

# %%
show(
    lab_figures.roc(evaluation, truth),
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
    Of {pairs:,} pairs, **{ordered:.1%}** are ordered rightly; the AUC of the run is {auc:.3f}. With {radiographs} test
    radiographs some of that is luck: the 95 % interval reaches from {low:.2f} to {high:.2f}. Logistic regression, one
    weight per pixel on the same radiographs made smaller, has {logistic:.2f}. What the preset `best` reaches, with
    larger images and more epochs, is on the [page of this lab](../labs/pneumonia/README.md).
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
# A worried parent asks something else: my child's radiograph was called sick, how likely is it so? That is the
# **precision**, the share of the called that are sick. **Recall** is another word for the sensitivity.

# %%
show(
    lab_figures.precision_recall(evaluation, truth),
    "Precision by recall: high at the left, falling towards the share of the sick at the right.",
)

# %% [markdown]
# Precision depends on who comes. In our test split nearly two radiographs in three are of sick children. Where few are
# sick, the same network alarms the same share of the healthy, but there are many more of them. With the share $q$ of
# sick people,
#
# $$\text{precision} = \frac{q \cdot \text{sensitivity}}
# {q \cdot \text{sensitivity} + (1 - q) \cdot (1 - \text{specificity})}$$

# %% tags=["prose"]
half = evaluation.details["fixed"]["0.5"]
found, left = half["sensitivity"]["value"], half["specificity"]["value"]
shares = {"clinic": 0.5, "school": 0.02}
precision = {name: q * found / (q * found + (1 - q) * (1 - left)) for name, q in shares.items()}
prose(
    """
    At the threshold {half} the network finds {found:.0%} of the sick and leaves {left:.0%} of the healthy alone. In a
    clinic where {clinic:.0%} of the children are sick, {in_clinic:.0%} of its alarms are right. In a school where
    {school:.0%} are, only **{in_school:.0%}** are right: nearly all alarms are false, with the very same network. The
    ROC curve is the same in both.
    """,
    claims={
        "most alarms in a school are false": precision["school"] < 0.5,
        "the clinic's are better": precision["clinic"] > precision["school"],
    },
    within=0.5,
    half=two_classes.HALF,
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
# radiograph is called sick where its probability is the threshold **or more**. Return sensitivity and specificity.


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
curve = threshold_figures.Curve.of(
    truth, probability, "network", two_classes.roc_band(truth, evaluation.predictions["test"])
)
mark = threshold_figures.Point(1 - left, found, f"threshold {two_classes.HALF}")
show(
    threshold_figures.roc_conventions([curve], [mark], title="ROC curve, test split"),
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
# With a low threshold no patient is missed and many are alarmed; with a high one it is the other way round. No training
# can choose for us: it depends on what an error costs. A false alarm costs a second look, some worry, perhaps a
# needless antibiotic. A missed pneumonia may cost a child's life. So screening asks for a high sensitivity, and pays
# with specificity.
#
# The lab's policy says so: of all thresholds that find at least the share `reach` of validation's patients, take the
# largest. **Validation** chooses, test only judges. A threshold that is chosen on the radiographs that test it looks
# better than it is.

# %%
chosen = two_classes.choose_threshold(
    validation.targets, evaluation.predictions["validation"], config.policy, config.reach
)
show(
    lab_figures.thresholds(evaluation, fitted),
    "Sensitivity falls and specificity rises with the threshold; test differs from validation.",
)

# %% tags=["prose"]
point = evaluation.details["chosen"]
(spared, alarmed), (missed, caught) = point["confusion"]
spared_before = two_classes.specificity(
    validation.targets, evaluation.predictions["validation"], chosen
)
prose(
    """
    The policy asks for a sensitivity of {reach:.0%} on validation, and takes the threshold **{chosen:.2f}**. On test it
    finds {caught:.0f} of {sick} patients and misses {missed:.0f}; and it alarms {alarmed:.0f} of {healthy} healthy
    children. That is a sensitivity of {found:.0%} and a specificity of {left:.0%}.

    On validation the same threshold leaves {before:.0%} of the healthy alone. Why so many fewer on test? Validation was
    held out of the training radiographs; the official test radiographs were collected separately, and their healthy
    children look sicker to the network. Validation can choose a threshold, but it cannot promise the numbers for
    another hospital.
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
    plots.confusion_matrix(
        point["confusion"],
        splits.class_names,
        note=f"threshold {chosen:.2f}, chosen on validation",
        cells=plots.ERROR_TYPES,
    ),
    "Confusion matrix: nearly all patients are found, many healthy children are alarmed.",
)

# %% [markdown] facts=["1", "2"]
# ### Two types of error
#
# Statistics numbers the errors. It starts from the hypothesis that the patient is healthy. A **type 1 error** rejects
# it although it is true, a **type 2 error** keeps it although it is false. Watch both while the threshold moves from
# one to zero: a lower one trades missed patients for false alarms.

# %%
moving = threshold_figures.moving_threshold(
    truth, evaluation.predictions["test"], splits.class_names, title="Test split"
)
Image(
    moving,
    alt="Animation: a threshold moves through two histograms, and a point along the ROC curve.",
)

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
# All of this can be had for the predictions of any program, as CSV files with an id in each row:
# `python -m labs score PREDICTIONS.csv --truth TRUTH.csv --out DIR`.

# %% [markdown]
# ### What an error costs
#
# Say it in numbers. If a missed patient costs so much, and a false alarm so much, each threshold has a price, and the
# cheapest can be read off. Here it is, on validation, per radiograph:

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


weights = {"as a false alarm": 1, "five of them": 5, "twenty of them": 20}
figure, axes = plots.new_figure("What a threshold costs, validation split", size=(8, 3.8))
colours, styles = (plots.GREY, plots.BLUE, plots.RED), ("--", "-", ":")
for (name, ratio), colour, style, size in zip(
    weights.items(), colours, styles, (7, 8, 13), strict=True
):
    costs_of = price(ratio, 1)
    best = costs_of.argmin()
    axes.semilogy(grid, costs_of, style, color=colour, linewidth=2, label=name)
    # Rings of several sizes: two of them may lie on one point.
    axes.plot(
        grid[best], costs_of[best], "o", color=colour, markersize=size, fillstyle="none", mew=2
    )
axes.set_xlabel("threshold")
axes.set_ylabel("cost per radiograph, in false alarms")
figure.legend(loc="outside right center", frameon=False, title="a missed patient costs")
show(
    figure,
    "Three cost curves; the dearer a missed patient, the further left the cheapest point.",
)

# %% tags=["prose"]
cheapest_points = [float(grid[price(cost, 1).argmin()]) for cost in weights.values()]
prose(
    """
    Rings mark the cheapest threshold of each: {alike:.2f} where both errors cost the same, {dearest:.2f} where a missed
    patient costs {times} false alarms. Nothing of the network has changed.
    """,
    claims={"the dearer a miss, the lower": cheapest_points[-1] < cheapest_points[0]},
    within=1.0,
    alike=cheapest_points[0],
    dearest=cheapest_points[-1],
    times=max(weights.values()),
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
# ## Is a probability to be believed?
#
# If a network says "eighty per cent" of many radiographs, eighty in a hundred of its answers should be right. Then it
# is **calibrated**. The AUC does not see this: halve all probabilities, and every pair is ordered as before.

# %%
show(
    plots.reliability(
        truth, evaluation.predictions["test"], note="the nearer to the line the better"
    ),
    "Share that is right by confidence: points about the diagonal with long error bars.",
)

# %% tags=["prose"]
calibration = evaluation.metrics["test"]["ece"]["value"]
prose(
    """
    Points under the line are predictions that were overconfident. Some represent few radiographs, hence their long
    bars. Their mean distance from the line, weighted by the radiographs, is the **expected calibration error**:
    here {ece:.2f}. For a threshold that is computed from costs this matters: the sum is right only where the
    probabilities are.
    """,
    within=0.6,
    ece=calibration,
)

# %% [markdown]
# ## Where does it look?
#
# **Grad-CAM** asks which places of the last convolution speak for a class. $A^k$ are that layer's maps, $z_c$ is the
# class's score before softmax. The mean gradient says how much map $k$ counts for the class, and the heat is the
# weighted sum of the maps, as far as it speaks for the class:
#
# $$\alpha_k = \frac{1}{n} \sum_{i,j} \frac{\partial z_c}{\partial A^k_{ij}} \qquad
# \text{heat} = \mathrm{ReLU}\left(\sum_k \alpha_k A^k\right)$$

# %%
rows = np.argsort(-probability)[:2]
radiographs = test.inputs[rows]
heat = explain.grad_cam(fitted.model, radiographs, 1)
seen = [
    image_sheets.Explained(one, warm, splits.class_names[1], chance)
    for one, warm, chance in zip(radiographs, heat, probability[rows], strict=True)
]
picture(
    image_sheets.grad_cam(seen, simulated=splits.source.simulated),
    "Two radiographs, each next to its coarse heat map of the evidence for pneumonia.",
)

# %% tags=["prose"]
maps = explain.feature_maps(fitted.model, radiographs[0])
last = next(found for found in reversed(maps.values()) if found.ndim == 3)
prose(
    """
    These are the {number} test radiographs that the network finds sickest. The last maps have only {side} × {side}
    places, drawn large: the heat is coarse, and it names a region, not an outline. Does it lie on the pale shadows, or
    on the belly, the arms, the edge of the radiograph? A network may be right for a wrong reason: networks have been
    caught reading the hospital's marker in the corner (Zech et al. 2018). A heat map is a question to ask, no proof.
    """,
    number=len(rows),
    side=last.shape[0],
)

# %% [markdown]
# ## Save
#
# `harness.save` writes the run into a folder: the model in three formats, the figures, a card, `run.json` with every
# number, the chosen threshold among them. Then all three are opened in a fresh process and must predict the same.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    Reloaded from each of the three, the model gives the {rows} test radiographs the same probabilities: the largest
    difference is {difference:.1g}. The card has the lab's caution: "{caution}"
    """,
    claims={"the difference is rounding": difference < 1e-4},
    within=100.0,
    rows=len(test),
    difference=difference,
    caution=lab.caution,
)

# %% [markdown]
# The same from a terminal, in one line: `python -m labs.pneumonia --preset quick --epochs 5`.
#
# ## Try this
#
# Three experiments. Each cell is ready to run: run it, then change it. What do you expect before you press the key?
#
# **1. Another policy.** How low must the threshold go to find nearly everybody, and what becomes of the healthy?
# `youden` counts both errors alike.

# %% tags=["try"]
answers = evaluation.predictions["test"]
table = {}
for policy, reach in (
    ("youden", 0.5),
    ("sensitivity", 0.7),
    ("sensitivity", 0.9),
    ("sensitivity", 0.99),
):
    at = two_classes.choose_threshold(
        validation.targets, evaluation.predictions["validation"], policy, reach
    )
    name = policy if policy == "youden" else f"sensitivity of {reach}"
    table[name] = {
        "threshold": at,
        "sensitivity on test": two_classes.sensitivity(truth, answers, at),
        "specificity on test": two_classes.specificity(truth, answers, at),
    }
pd.DataFrame(table).T.round(2)

# %% [markdown]
# **2. Other networks.** The course's two, trained for two epochs on the same small radiographs; the AUC on validation.
# What would each need? Try more `epochs`.

# %% tags=["try"]
for network in ("cnn", "mlp"):
    trained = harness.fit(lab, replace(config, network=network, epochs=2), splits)
    guess = predictor(trained.model).predict(validation.inputs[:])
    print(f"{network}: AUC {auc(validation.targets, guess):.2f}")
print(f"residual: AUC {auc(validation.targets, evaluation.predictions['validation']):.2f}")

# %% [markdown]
# **3. Cover a place.** A second opinion on the heat map: lay a grey square on the radiograph, and see how far the score
# of pneumonia falls. Where it falls most, the network found what it needed. Change the radiograph, or the size of the
# square.

# %% tags=["try"]
covered, size, stride = radiographs[0], 12, 4
places = range(0, covered.shape[0] - size + 1, stride)
tries = np.repeat(covered[None], len(places) ** 2, axis=0)
for number, (down, right) in enumerate((down, right) for down in places for right in places):
    tries[number, down : down + size, right : right + size] = covered.mean()


def log_odds(chances):
    """log(p / (1 − p)) of pneumonia, which does not flatten out near 1 as p does."""
    clipped = np.clip(chances.astype("float64"), 1e-7, 1 - 1e-7)
    return np.log(clipped[:, 1] / clipped[:, 0])


live = predictor(fitted.model)
drop = log_odds(live.predict(covered[None])) - log_odds(live.predict(tries))

figure = Figure(figsize=(7.6, 3.4), layout="constrained")
left_axes, right_axes = figure.subplots(1, 2)
left_axes.imshow(covered[..., 0], cmap="gray", vmin=0, vmax=255)
left_axes.set_title("the radiograph", fontsize=11)
reach = (places[0] + size / 2 - stride / 2, places[-1] + size / 2 + stride / 2)
right_axes.imshow(covered[..., 0], cmap="gray", vmin=0, vmax=255)
shade = right_axes.imshow(
    drop.reshape(len(places), -1), cmap="viridis", alpha=0.6, extent=(*reach, *reach[::-1])
)
right_axes.set(xlim=left_axes.get_xlim(), ylim=left_axes.get_ylim())
right_axes.set_title("where covering it hurts", fontsize=11)
for axes in (left_axes, right_axes):
    axes.set_axis_off()
figure.colorbar(shade, ax=right_axes, label="fall of the log odds")
show(figure, "A radiograph, and a map of how much the score falls where a square covers it.")

# %% [markdown]
# ## What to take along
#
# - A convolution looks at every place with the same few weights; a pooling says that something was there, not exactly
#   where.
# - The AUC judges the order of the probabilities, calibration judges their size, and neither chooses a threshold.
# - A threshold weighs missed patients against false alarms. It is chosen on validation, by people who say what errors
#   cost, and judged on test.
# - The same network is another test where fewer people are sick.
#
# More on this lab: [its page](../labs/pneumonia/README.md), `python -m labs.pneumonia --help`, filters for an image of
# your own: `python -m labs.pneumonia filters IMAGE`, and full-size radiographs: `--data-dir`.
