# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Transfer: a network that has seen a million images
#
# Solar cells are photographed while a current makes them glow. Dark spots and lines are cracks, and places that give
# no power any more. Which cells are defective? There are some two thousand photographs: far too few to teach a deep
# network how to see.
#
# So we take one that can see already. It has learned **ImageNet**, more than a million photographs of a thousand
# kinds of things, and none of them was a solar cell. But edges, dots and textures are everywhere. We keep its eyes,
# and learn only what to make of what they see. That is **transfer learning**.
#
# You need a little Python, and what a convolution is. Run the cells from top to bottom; it takes about a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.transfer.lab import lab

# Small images, for a quick notebook; many validation rows, for comparisons.
config = replace(lab.preset("quick"), image_size=112, validation_fraction=0.2)
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# Mind the licence: these photographs are **not for commercial use**.
#
# ## The data
#
# Experts looked at each cell and said how likely it is defective. Above one half it counts as `defective`.

# %%
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import special

from labs.exercises import check
from labs.transfer import cases
from utils.datasets.splits import Split
from utils.export.predictor import predictor
from utils.figures import image_sheets, plots
from utils.metrics import classification
from utils.networks import explain
from utils.pretrained import backbones
from utils.runs import harness
from utils.teaching.layer_costs import layer_costs

train, validation, test = splits.train, splits.validation, splits.test
figure = Figure(figsize=(8, 3.2), layout="constrained")
for number, line in enumerate(figure.subplots(2, 6)):
    for row, axes in zip(np.flatnonzero(train.targets == number)[::60], line, strict=False):
        axes.imshow(train.inputs[row : row + 1][0])
        axes.set_axis_off()
    line[0].set_title(splits.class_names[number], loc="left", fontsize=14)
picture(
    figure,
    "Six functional cells, evenly grey with thin wires, and six defective ones with dark spots, lines and corners.",
)

# %% tags=["prose"]
defective = float(np.mean(train.targets))
prose(
    """
    {defective:.0%} of the training cells are defective. A model that calls every cell functional is therefore right in
    {always:.0%} of the cases, and useless. So look at more than the accuracy: the **AUC** is the probability that a
    defective cell gets a higher score than a functional one, and one half is worth nothing.
    """,
    claims={"defective cells are the fewer": defective < 0.5},
    defective=defective,
    always=1 - defective,
)

# %% [markdown]
# ## The backbone
#
# EfficientNet-Lite0 is a chain of convolutions made for telephones. What is left of it without its last layer, which
# names ImageNet's classes, is called a **backbone**. Let us ask it first what it has learned to answer: two
# photographs that come with scikit-learn, a Chinese palace and a flower.

# %%
import sklearn.datasets

from labs.transfer.classify import CENTRE
from utils.images.decode import read_pictures

weights = backbones.obtain(config.backbone)
side = weights.backbone.side  # of the images that it has learned from
images = Path(sklearn.datasets.__file__).parent / "images"
photographs = read_pictures(
    [images / "china.jpg", images / "flower.jpg"],
    (side, side),
    "rgb",
    centre=CENTRE,
    square=True,
)
backbone = backbones.load(weights)
logits = predictor(backbone).predict(photographs)

figure = Figure(figsize=(4.4, 2.2), layout="constrained")
for axes, photograph in zip(figure.subplots(1, 2), photographs, strict=True):
    axes.imshow(photograph)
    axes.set_axis_off()
picture(figure, "Two photographs: a Chinese palace, and a flower.")

# %% tags=["prose"]
KNOWN = {698: "palace", 985: "daisy"}  # two of ImageNet's class numbers
probable = special.softmax(logits, axis=1)
said = [KNOWN.get(number, f"class {number}") for number in probable.argmax(axis=1).tolist()]
prose(
    """
    Of a thousand classes it chooses *{china}* for the first ({china_confidence:.0%} confident) and *{flower}* for the
    second ({flower_confidence:.0%} confident). It can see.
    """,
    claims={"it knows both": said == list(KNOWN.values())},
    within=0.1,
    china=said[0],
    china_confidence=probable[0].max(),
    flower=said[1],
    flower_confidence=probable[1].max(),
)

# %% [markdown]
# What is it made of? From stage to stage the image shrinks, and gets more channels: each is a map of where one
# filter found what it looks for. In the end a few fields are left, and each has a thousand numbers that say what is
# there. Their mean over the fields, the **features**, is what a head will get.

# %%
# The backbone at the size of our images, and a cache of what it sees.
extractor = cases.extractor(config)
frozen = extractor.frozen(backbones.FEATURES)
stages = ("stem_relu", *weights.backbone.stages, "top_relu", "features")
costs = layer_costs(frozen)
rows, parameters_so_far = [], 0
for cost in costs:
    parameters_so_far += cost.parameters
    if cost.name in stages:
        shape = "×".join(map(str, cost.output_shape))
        rows.append((cost.name, shape, f"{parameters_so_far:,}"))
pd.DataFrame(rows, columns=["layer", "output", "parameters so far"]).set_index("layer")

# %% [markdown]
# And what does it see in a solar cell? A row a stage, of each the maps that differ most from place to place:

# %%
cell = train.inputs[np.flatnonzero(train.targets == 1)[60:61]][0]
maps = explain.feature_maps(frozen, cell)
picture(
    image_sheets.feature_maps(
        cell, {name: maps[name] for name in stages[:-1:2]}, layers=6, channels=6
    ),
    "A defective cell, and its feature maps: edges and wires first, then ever coarser fields.",
)

# %% [markdown]
# The first layers find edges, wires and dark spots: those are not ImageNet's alone. The last maps are a few fields
# wide, and what they find has no name in our words.
#
# ## The classical trap
#
# A backbone wants its pixels as it had them in training. This one had $(x - 127) / 128$ of each level $x$. Others had
# something else, and **nothing tells you**: raw levels have the right shape, so there is no error. Look what becomes
# of the palace. (`backbones.load` above did it rightly. Here is the bare network without its preprocessing.)

# %%
bare = weights.backbone.build(side, weights.path)
levels = photographs.astype("float32")
prepared = {
    "(x − 127) / 128": (levels - 127) / 128,
    "x / 255": levels / 255,
    "raw levels": levels,
}
answers = {
    name: special.softmax(bare.predict_on_batch(x), axis=1) for name, x in prepared.items()
}
pd.DataFrame(
    {
        name: [
            f"{KNOWN.get(int(p.argmax()), f'class {p.argmax()}')} ({p.max():.0%})" for p in both
        ]
        for name, both in answers.items()
    },
    index=["the palace", "the flower"],
).T

# %% [markdown]
# The lab therefore keeps the preprocessing **inside** the model, so that users of a saved one give it plain
# images.
#
# ### Exercise: preprocess
#
# `pixels` is an array of (images, height, width, channels), `uint8`, as a file has them. Return what this backbone
# takes. Mind the type: what is `3 - 127` in eight bits without a sign?


# %% tags=["exercise"]
def preprocess(pixels):
    ### BEGIN SOLUTION
    return (pixels.astype("float32") - 127) / 128
    ### END SOLUTION


# %% tags=["check"]
check("transfer.preprocess", preprocess)

# %% [markdown]
# ## Features, once
#
# The backbone stays **frozen**: no step of the training changes it. So it says the same of an image in every epoch,
# and to ask it again would be a waste. Each image goes through it once, and what comes out is kept on disk. One
# pass gives us what we need below, at several depths:

# %%
import time

late, early = weights.backbone.late, weights.backbone.early
wanted = [backbones.FEATURES, backbones.LEVELS, backbones.BOTH, late, early]
seconds = []
for _ in range(2):
    start = time.perf_counter()
    for part in (train, validation):
        extractor.prepare(part.inputs, wanted)
    seconds.append(time.perf_counter() - start)
(train_features,) = extractor.views(train.inputs, backbones.FEATURES)
(validation_features,) = extractor.views(validation.inputs, backbones.FEATURES)
train_features.shape, validation_features.shape

# %% tags=["prose"]
prose(
    """
    Of {rows:,} images {columns:,} numbers each are left. The second time they were only looked up, in less than a
    tenth of the time.
    """,
    claims={"looking up is ten times faster": seconds[1] < seconds[0] / 10},
    rows=len(train_features) + len(validation_features),
    columns=train_features.shape[1],
)

# %% [markdown]
# Do these numbers contain information on defects, for which the backbone was not trained? Look at them along the two
# directions in which they vary most:

# %%
from sklearn.decomposition import PCA

seen = PCA(2, random_state=0).fit_transform(train_features[:])
figure, axes = plots.new_figure("What the backbone sees of the training cells", size=(6.4, 4.4))
for number, (colour, marker) in enumerate(((plots.BLUE, "o"), (plots.ORANGE, "^"))):
    mine = train.targets == number
    axes.scatter(
        *seen[mine].T,
        s=18,
        color=colour,
        marker=marker,
        alpha=0.6,
        linewidths=0,
        label=splits.class_names[number],
    )
axes.set_xlabel("first principal component")
axes.set_ylabel("second principal component")
axes.legend(frameon=False, markerscale=1.8)
picture(
    figure,
    "A scatter plot of the cells: functional and defective ones overlap, but lie in different places on average.",
)

# %% [markdown]
# Many defective cells lie where hardly a functional one does: the backbone was not trained for defects, but it sees
# that they are odd. Others lie among the functional ones. In all its directions, not only in two, they may be separated
# better. That is the head's work.
#
# ## The head
#
# On top of the features comes a **head**: a single dense layer with a softmax over our two classes. The features are
# standardised first. All its weights begin at zero, and a penalty on their squares keeps them small, as there are
# about as many of them as images. How strong must the penalty be? That is chosen on validation: here the strength is
# picked by hand, the lab tries several.


# %%
def head_on(features):
    """A head for features of (rows, columns)."""
    variance = features.var(axis=0)
    # A feature that is nearly always 0 would become huge where, once, it is not.
    variance = np.maximum(variance, 0.3 * variance.mean())
    inputs = keras.Input(features.shape[1:], name="features")
    values = keras.layers.Normalization(mean=features.mean(axis=0), variance=variance)(inputs)
    outputs = keras.layers.Dense(
        2,
        "softmax",
        kernel_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(0.002),
    )(values)
    return keras.Model(inputs, outputs)


keras.utils.set_random_seed(config.seed)
by_hand = head_on(train_features[:])
by_hand.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
by_hand.fit(train_features[:], train.targets, batch_size=32, epochs=10, verbose=0)
probabilities = by_hand.predict(validation_features[:], verbose=0)

# %% tags=["prose"]
score = {
    name: lab.metrics[name].function(validation.targets, probabilities)
    for name in ("accuracy", "auc")
}
prose(
    """
    A moment of training, and the head classifies {accuracy:.1%} of the validation cells correctly, with an AUC of
    {auc:.3f}. The backbone has {frozen:,} parameters, none of which has moved.
    """,
    claims={
        "better than calling all functional": score["accuracy"] > 1 - validation.targets.mean()
    },
    accuracy=score["accuracy"],
    auc=score["auc"],
    frozen=parameters_so_far,
)

# %% [markdown] facts=["1,280"]
# ### Exercise: what is trained
#
# How many parameters does training move: a frozen backbone that gives 1,280 features, the standardisation, and a
# dense layer with two classes on top?

# %% tags=["exercise"]
trained = None
### BEGIN SOLUTION
trained = 1280 * 2 + 2
### END SOLUTION

# %% tags=["check"]
check("transfer.trained", trained)

# %% [markdown] facts=["1,000", "40 %"]
# ## The four cases
#
# How much of the backbone should be trained? Stanford's course CS231n distinguishes four cases, and the lab measures
# which one yours is:
#
# | | like ImageNet | unlike |
# | --- | --- | --- |
# | **few images** | `head`: a head on the last features | `earlier`: a head on what all stages saw |
# | **many images** | `finetune`: then train the last blocks with it | `deep`: then train most of the backbone |
#
# - With **few** images train little: millions of weights would learn a few hundred images by heart. *Few* is under
#   1,000 training images per class; ImageNet has somewhat more.
# - What is **unlike** ImageNet needs earlier layers: the last ones know about dogs and cars. How alike are they? Ask
#   ImageNet's own classifier: the lab takes its mean confidence. From 40 % on it counts as alike.

# %%
case = cases.find(config, splits)
noise = np.random.default_rng(0).integers(0, 256, (8, side, side, 3)).astype("uint8")
likeness = {
    "solar cells": case.similarity,
    "noise": cases.confidence(predictor(backbone).predict(noise)),
}
print(f"case: {case}")
pd.Series(likeness, name="confidence of ImageNet's classifier").to_frame().round(3)

# %% [markdown] facts=["1,000", "40 %"]
# ### Exercise: which case
#
# Write the decision: from the training images per class and the similarity, a number from zero to one, to `"head"`,
# `"earlier"`, `"finetune"` or `"deep"`. Few is **under** 1,000; similar is 40 % **or more**.


# %% tags=["exercise"]
def strategy(images_per_class, similarity):
    ### BEGIN SOLUTION
    if images_per_class < 1000:
        return "head" if similarity >= 0.4 else "earlier"
    return "finetune" if similarity >= 0.4 else "deep"
    ### END SOLUTION


# %% tags=["check"]
check("transfer.strategy", strategy)

# %% [markdown]
# ### All four, side by side
#
# That is a rule of thumb. What do the four do on these data? To be quick, each gets a few hundred of the training
# cells, and those that train blocks of the backbone do so for two epochs only, from what is cached at the cut.

# %%
chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:240])
part = Split(
    train.inputs.take(chosen), train.targets[chosen], train.groups[chosen], train.names[chosen]
)
small = replace(splits, train=part)
extractor.prepare(part.inputs, wanted)
compared = {}
for name in ("head", "earlier", "finetune", "deep"):
    settings = replace(config, strategy=name, finetune_epochs=2)
    tried = harness.fit(lab, settings, small)
    predicted = lab.known(settings, small, tried.trained, validation)
    compared[name] = {
        "trained weights": sum(
            int(np.prod(weight.shape)) for weight in tried.trained.trainable_weights
        ),
        **{
            metric: lab.metrics[metric].function(validation.targets, predicted)
            for metric in ("accuracy", "auc", "log_loss")
        },
    }
pd.DataFrame(compared).T.astype({"trained weights": int}).round(3)

# %% tags=["prose"]
aucs = [row["auc"] for row in compared.values()]
prose(
    """
    The AUC lies between {lowest:.3f} and {highest:.3f}, with from {least:,} to {most:,} trained weights. Of {rows}
    validation cells, one is worth {one:.1%} of accuracy, so differences of a few cells are luck. With so few images
    and epochs, the millions of weights that `finetune` and `deep` may move buy little or nothing over a head that is
    trained in a moment: the rule of thumb is right to say that few images want little training. How it goes with all
    images and more epochs is reported on the [page of this lab](../labs/transfer/README.md).
    """,
    claims={
        "all four are better than chance": min(aucs) > 0.7,
        "training the backbone buys little here": max(
            compared["finetune"]["auc"], compared["deep"]["auc"]
        )
        < max(compared["head"]["auc"], compared["earlier"]["auc"]) + 0.03,
    },
    within=0.1,
    lowest=min(aucs),
    highest=max(aucs),
    least=min(row["trained weights"] for row in compared.values()),
    most=max(row["trained weights"] for row in compared.values()),
    rows=len(validation),
    one=1 / len(validation),
)

# %% [markdown]
# ## Fit, evaluate, save
#
# Now with all training cells and what the lab has chosen by itself. These are the very functions that
# `python -m labs.transfer` calls.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
head = evaluation.details["head"]
print(f"the head sees: {head['input']}; penalty, chosen on validation: {head['l2']:.2g}")
pd.DataFrame({"network": network, **evaluation.baselines}).T.drop(columns="top_2").round(3)

# %%
picture(
    plots.confusion_matrix(
        evaluation.details["confusion"],
        splits.class_names,
        note=f"accuracy {network['accuracy']:.3f}",
    ),
    "Confusion matrix of functional and defective cells: most counts are on the diagonal.",
)

# %% tags=["prose"] facts=["95 %"]
table = np.array(evaluation.details["confusion"])
linear = evaluation.baselines["logistic_regression_at_32_pixels"]
frozen_linear = evaluation.baselines["logistic_regression_on_frozen_features"]
leaked = evaluation.audit["test_rows_of_trained_groups"]
prose(
    """
    **{accuracy:.1%}** of the test cells are classified correctly (95 % interval: {low:.1%} to {high:.1%}), with an AUC
    of {auc:.3f}. Logistic regression on the pixels of small images, without any backbone, has an AUC of
    {linear_auc:.3f}: the difference is what ImageNet's million images are worth here. Logistic regression on the same
    frozen features as the head has {frozen_auc:.3f}. That is no surprise, as a head of one layer *is* logistic
    regression, trained by gradient descent: always compare a head with it. Of the cells that are defective the
    network finds {found:.0%}. If a missed crack is worse than a false alarm, the threshold of one half is not the right
    one.

    The cells of one solar module look alike. The lab therefore holds out whole modules: {leaked:.0f} of the {rows} test
    cells come from a module that also has cells in training or validation. The published results are on a random
    quarter of the cells (`--split random`), where nearly all do. There every score is higher, and says less about the
    next module.
    """,
    claims={
        "better than logistic regression on pixels": network["auc"] > linear["auc"],
        "no worse than logistic regression on frozen features": network["auc"]
        > frozen_linear["auc"] - 0.02,
        "no test cell shares a module with training": leaked == 0,
    },
    within=0.1,
    accuracy=network["accuracy"],
    low=scores["accuracy"]["low"],
    high=scores["accuracy"]["high"],
    auc=network["auc"],
    linear_auc=linear["auc"],
    frozen_auc=frozen_linear["auc"],
    found=table[1, 1] / table[1].sum(),
    leaked=float(leaked),
    rows=len(test),
)

# %% [markdown]
# ### Save: one piece
#
# Backbone and head were trained apart. What is saved is **one** model, from raw pixels to probabilities.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% [markdown]
# Plain Keras opens it, without this project. It takes whole numbers from `0` to `255`, and the first layer does the
# preprocessing, so this error cannot happen:

# %%
reopened = keras.models.load_model(run.folder / "model.keras")
print("takes", reopened.input.shape, reopened.input.dtype)
print("first layers:", ", ".join(layer.name for layer in reopened.layers[:3]))
print("last layers:", ", ".join(layer.name for layer in reopened.layers[-3:]))
again = reopened.predict(test.inputs[:32], verbose=0)
apart = float(np.abs(again - evaluation.predictions["test"][:32]).max())

# %% tags=["prose"]
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    It gives the test cells the probabilities that were measured, but for at most {apart:.1g}. `harness.save` has held
    all three formats against the live model in a fresh process; the largest difference was {difference:.1g}.
    """,
    claims={"the differences are rounding": max(apart, difference) < 1e-4},
    within=100.0,
    apart=apart,
    difference=difference,
)

# %% [markdown]
# ## Where does it look?
#
# **Grad-CAM** asks which places of an image speak for a class. Take the maps $A^c$ of the last convolution, one for
# each channel $c$, and the slope of the class's score $s$ by each of their values. The mean slope over all places
# $(i, j)$ says how much the channel matters; the maps, weighted so and added up, are the heat. What speaks against
# the class is cut off:
#
# $$\alpha_c = \frac{1}{n} \sum_{i,j} \frac{\partial s}{\partial A^c_{ij}} \qquad
# H_{ij} = \mathrm{ReLU}\Big(\sum_c \alpha_c A^c_{ij}\Big)$$
#
# At last the heat is divided by its largest value.

# %%
answers = evaluation.predictions["test"]
guess = answers.argmax(axis=1)
order = np.argsort(-answers[:, 1])
hits = [row for row in order if test.targets[row] == 1][:3]
alarms = [row for row in order if test.targets[row] == 0][:1]
shown = np.array([*hits, *alarms])
heat = explain.grad_cam(reopened, test.inputs[shown], [1] * len(shown))
words = [*(["defective"] * len(hits)), *(["false alarm: defective"] * len(alarms))]
picture(
    image_sheets.grad_cam(
        [
            image_sheets.Explained(image, warmth, word, float(answers[row, 1]))
            for image, warmth, word, row in zip(
                test.inputs[shown], heat, words, shown, strict=True
            )
        ],
        title="What speaks for a defect (Grad-CAM)",
    ),
    "Four cells, each next to its heat map, which is warm where cracks are; the false alarm may stay dark.",
)

# %% [markdown]
# Three defective cells, and the functional one that it was most mistaken about. Is the heat where you would have
# pointed? It is coarse: the last maps have only a few fields on each side. And it says where the network looks, not
# that it is right. Where an image stays dark, nothing in the last maps speaks for a defect: our head sees earlier
# stages as well, and what those say Grad-CAM does not show.
#
# ### Exercise: Grad-CAM
#
# `maps` and `gradients` are arrays of (height, width, channels): the maps, and the slope of the class's score by each
# of their values. Return the heat, (height, width), from zero to one; all zeros where nothing speaks for the class.


# %% tags=["exercise"]
def grad_cam(maps, gradients):
    ### BEGIN SOLUTION
    weights_of_channels = gradients.mean(axis=(0, 1))
    heat = np.maximum((maps * weights_of_channels).sum(axis=-1), 0)
    return heat / heat.max() if heat.max() > 0 else heat
    ### END SOLUTION


# %% tags=["check"]
check("transfer.grad_cam", grad_cam)

# %% [markdown]
# ## Try this
#
# Three experiments. Run each cell, then change it. What do you expect before you press the key? They judge on
# validation, so that the test cells stay unseen.


# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def auc_of(train_rows, targets, validation_rows):
    """Of a head on some features: softmax with a penalty on the weights is logistic regression."""
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    head.fit(train_rows, targets)
    return classification.auc(validation.targets, head.predict_proba(validation_rows))


# %% [markdown]
# **1. How few images will do?** A head, on ever more training cells. The features are in the cache, so it takes a
# moment.

# %% tags=["try"]
shuffled = np.random.default_rng(1).permutation(len(train))
by_size = {}
for size in (25, 100, 400, len(train)):
    mine = shuffled[:size]
    by_size[size] = auc_of(train_features[mine], train.targets[mine], validation_features[:])
figure, axes = plots.new_figure("The head by the number of training cells", size=(6.4, 3.4))
axes.semilogx(list(by_size), list(by_size.values()), "o-", color=plots.BLUE)
axes.set_xticks(list(by_size), [f"{size:,}" for size in by_size])
axes.minorticks_off()
axes.set_xlabel("training cells")
axes.set_ylabel("AUC on validation")
picture(figure, "AUC by number of training cells: it rises, ever more slowly.")

# %% tags=["prose"]
prose(
    """
    Even {least} cells give an AUC of {few:.2f}; with all {most:,} it is {many:.2f}. The eyes
    were there before the first cell was.
    """,
    claims={
        "few are better than chance": by_size[min(by_size)] > 0.6,
        "more are better": by_size[max(by_size)] > by_size[min(by_size)],
    },
    within=0.1,
    least=min(by_size),
    few=by_size[min(by_size)],
    most=max(by_size),
    many=by_size[max(by_size)],
)

# %% [markdown]
# **2. How deep should it look?** The means at the end of each stage, a head on each of them alone.

# %% tags=["try"]
(train_levels,) = extractor.views(train.inputs, backbones.LEVELS)
(validation_levels,) = extractor.views(validation.inputs, backbones.LEVELS)
start = 0
for stage in weights.backbone.stages:
    width = frozen.get_layer(stage).output.shape[-1]
    columns = slice(start, start + width)
    auc = auc_of(train_levels[:][:, columns], train.targets, validation_levels[:][:, columns])
    print(f"{stage}: {width} features, AUC {auc:.3f}")
    start += width

# %% [markdown]
# **3. Into the trap.** The same head on what a bare backbone makes of raw levels. Nothing warns. How much is lost?

# %% tags=["try"]
bare = weights.backbone.build(config.image_size, weights.path)
to_features = predictor(keras.Model(bare.input, bare.get_layer("features").output))
mine = shuffled[:200]
raw = [
    to_features.predict(images.astype("float32"))
    for images in (train.inputs[mine], validation.inputs[:])
]
prepared = [train_features[mine], validation_features[:]]
well, ill = (
    auc_of(mine_seen, train.targets[mine], validation_seen)
    for mine_seen, validation_seen in (prepared, raw)
)

# %% tags=["prose"]
prose(
    """
    From {rows} cells, rightly prepared: an AUC of {well:.3f}. From raw levels: {ill:.3f}. The palace was lost
    altogether; here only a little of the score is, and that makes it worse: anyone who has nothing to compare it with
    will never notice.
    """,
    claims={"raw levels are no better": ill < well},
    within=0.15,
    rows=len(mine),
    well=well,
    ill=ill,
)

# %% [markdown]
# ## What to take along
#
# - A network that can see makes a good start, even for things that it has never seen.
# - What is frozen need be computed only once.
# - The fewer images, the less should be trained; the stranger they are, the earlier one should look.
# - Give a backbone its pixels as it had them, and put that into the model.
#
# More on this lab: [its page](../labs/transfer/README.md); `python -m labs.transfer --data-dir FOLDER` does the same
# with your own images, one folder per class.
