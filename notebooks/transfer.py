# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Transfer: a network that was trained on a million images
#
# Solar cells are photographed while a current makes them glow. Dark spots and lines are cracks and inactive areas.
# Which cells are defective? There are some two thousand photographs, few for training a deep network from the
# beginning.
#
# So we take a network that was trained on **ImageNet**, more than a million photographs of a thousand kinds of things,
# none of them a solar cell. Its filters for edges, dots and textures can be used for other images, too. We keep its
# layers, and train only a classifier on their outputs. That is **transfer learning**.
#
# You need a little Python, and what a convolution is. Run the cells from top to bottom; it takes about a minute in all.

# %% tags=["setup"]
from utils.teaching.prose import begin, data_check, picture, prose

begin()  # loads Keras: a few seconds
from dataclasses import replace

from labs.transfer import lesson

lab = lesson.lab
# Small images, for a quick notebook; many validation rows, for comparisons.
config = replace(lab.preset("quick"), image_size=112, validation_fraction=0.2)
splits = lab.splits(config)
data_check(splits)

# %% [markdown]
# The licence of these photographs does **not allow commercial use**.
#
# ## The data
#
# Experts estimated for each cell the probability that it is defective. Above one half it is labelled `defective`.

# %%
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from matplotlib.figure import Figure
from scipy import special
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from labs.exercises import check
from utils.runs import harness

BLUE, ORANGE = "#0072B2", "#E69F00"

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
    {defective:.0%} of the training cells are defective. A model that calls every cell functional is right for
    {always:.0%} of the cells, and useless. So look at more than the accuracy: the **AUC** is the probability that a
    defective cell gets a higher score than a functional one; guessing has one half.
    """,
    claims={"defective cells are the fewer": defective < 0.5},
    defective=defective,
    always=1 - defective,
)

# %% [markdown]
# ## The backbone
#
# EfficientNet-Lite0 is a convolutional network that was designed for telephones. Without its last layer, which
# predicts ImageNet's classes, it is called a **backbone**. First we let the whole network classify two photographs that
# come with scikit-learn, a Chinese palace and a flower.

# %%
import sklearn.datasets

weights = lesson.backbones.obtain(config.backbone)
side = weights.backbone.side  # of the images that it was trained on
images = Path(sklearn.datasets.__file__).parent / "images"
photographs = lesson.read_pictures(
    [images / "china.jpg", images / "flower.jpg"],
    (side, side),
    "rgb",
    centre=lesson.CENTRE,
    square=True,
)
classifier = lesson.backbones.load(weights)
logits = classifier.predict(photographs, verbose=0)
KNOWN = {698: "palace", 985: "daisy"}  # two of ImageNet's class numbers

figure = Figure(figsize=(4.4, 2.2), layout="constrained")
for axes, photograph in zip(figure.subplots(1, 2), photographs, strict=True):
    axes.imshow(photograph)
    axes.set_axis_off()
picture(figure, "Two photographs: a Chinese palace, and a flower.")

# %% tags=["prose"]
probable = special.softmax(logits, axis=1)
said = [KNOWN.get(number, f"class {number}") for number in probable.argmax(axis=1).tolist()]
prose(
    """
    Of a thousand classes it predicts *{china}* for the first (probability {china_confidence:.0%}) and *{flower}* for
    the second ({flower_confidence:.0%}). Both are right.
    """,
    claims={"it knows both": said == list(KNOWN.values())},
    within=0.1,
    china=said[0],
    china_confidence=probable[0].max(),
    flower=said[1],
    flower_confidence=probable[1].max(),
)

# %% [markdown]
# From stage to stage the maps get smaller and there are more channels: each channel is a map of the responses of one
# filter. At the end there are a few positions with a thousand numbers each. Their mean over the positions, the
# **features**, is the input of the classifier that we train, called the **head**.

# %%
# The backbone at the size of our images; it stores its outputs in a cache.
extractor = lesson.cases.extractor(config)
frozen = extractor.frozen(lesson.backbones.FEATURES)
stages = ("stem_relu", *weights.backbone.stages, "top_relu", "features")
rows, parameters_so_far = [], 0
for layer in frozen.layers:
    parameters_so_far += layer.count_params()
    if layer.name in stages:
        shape = " × ".join(map(str, layer.output.shape[1:]))
        rows.append((layer.name, shape, f"{parameters_so_far:,}"))
pd.DataFrame(rows, columns=["layer", "output", "parameters so far"]).set_index("layer")

# %% [markdown]
# For a solar cell, one row per stage, the maps with the largest standard deviation:

# %%
cell = train.inputs[np.flatnonzero(train.targets == 1)[60:61]][0]
maps = lesson.explain.feature_maps(frozen, cell)
picture(
    lesson.feature_maps(
        cell, {name: maps[name] for name in stages[:-1:2]}, layers=6, channels=6
    ),
    "A defective cell, and its feature maps: edges and wires first, then ever coarser fields.",
)

# %% [markdown]
# The maps of the first layers follow edges, wires and dark spots. The last maps have a few positions only.
#
# ## A classical mistake
#
# A backbone needs its pixels preprocessed as in its training. For this one it was $(x - 127) / 128$ of each level $x$;
# other backbones use something else. If it is wrong, **there is no error**: raw levels have the right shape. Here is
# the bare network without its preprocessing, with three kinds of input.

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
# In this lab the preprocessing is a layer **inside** the model, so that the user of a saved model gives it plain
# images.
#
# ### Exercise: preprocess
#
# `pixels` is an array of (images, height, width, channels), `uint8`, as in a file. Return the input of this
# backbone. Mind the type: what is `3 - 127` in eight bits without a sign?


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
# The backbone stays **frozen**: training does not change it. Its output for an image is then the same in every epoch,
# and has to be computed only once. Each image is passed through the backbone once, and the outputs are stored on disk.
# One pass computes the outputs at several depths, which we need below:

# %%
import time

late, early = weights.backbone.late, weights.backbone.early
wanted = [
    lesson.backbones.FEATURES,
    lesson.backbones.LEVELS,
    lesson.backbones.BOTH,
    late,
    early,
]
seconds = []
for _ in range(2):
    start = time.perf_counter()
    for part in (train, validation):
        extractor.prepare(part.inputs, wanted)
    seconds.append(time.perf_counter() - start)
(train_features,) = extractor.views(train.inputs, lesson.backbones.FEATURES)
(validation_features,) = extractor.views(validation.inputs, lesson.backbones.FEATURES)
train_features.shape, validation_features.shape

# %% tags=["prose"]
prose(
    """
    Each of {rows:,} images is now represented by {columns:,} numbers. The second time they were read from the disk, in
    less than a tenth of the time.
    """,
    claims={"looking up is ten times faster": seconds[1] < seconds[0] / 10},
    rows=len(train_features) + len(validation_features),
    columns=train_features.shape[1],
)

# %% [markdown]
# Do these numbers contain information on defects, for which the backbone was not trained? Here are the training cells
# along the two directions with the largest variance:

# %%
from sklearn.decomposition import PCA

seen = PCA(2, random_state=0).fit_transform(train_features[:])
figure = Figure(figsize=(6.4, 4.4), layout="constrained")
axes = figure.subplots()
axes.set_title("Features of the training cells", loc="left")
for number, (colour, marker) in enumerate(((BLUE, "o"), (ORANGE, "^"))):
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
# The classes overlap in this plane, but their distributions differ. How well they can be separated in all directions
# is measured next.

# %% [markdown]
# ## Train a head with Keras
#
# The **head** is a single dense layer with a softmax over the two classes. The features are standardized first. The
# weights begin at zero, and a penalty on their squares keeps them small. The `tf.data` pipeline shuffles the features
# and forms batches. `ReduceLROnPlateau` lowers the learning rate when the validation loss stops falling,
# `EarlyStopping` restores the best weights, and `ModelCheckpoint` saves the best head in a file.


# %%
def build_head(features):
    """A head for features of (rows, columns)."""
    variance = features.var(axis=0)
    # A feature that is 0 for nearly all rows has a small variance, and would become huge for the others.
    variance = np.maximum(variance, 0.3 * variance.mean())
    inputs = keras.Input(features.shape[1:], name="features")
    values = keras.layers.Normalization(mean=features.mean(axis=0), variance=variance)(inputs)
    outputs = keras.layers.Dense(
        2,
        "softmax",
        kernel_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(0.002),
        name="defect",
    )(values)
    return keras.Model(inputs, outputs, name="head")


keras.utils.set_random_seed(config.seed)
head = build_head(train_features[:])
head.summary()

# %%
import tempfile

pipeline = (
    tf.data.Dataset.from_tensor_slices((train_features[:], train.targets))
    .cache()
    .shuffle(len(train), seed=config.seed)
    .batch(32)
    .prefetch(2)
)
head.compile(
    optimizer=keras.optimizers.Adam(3e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = head.fit(
    pipeline,
    epochs=15,
    shuffle=False,  # the pipeline shuffles
    validation_data=(validation_features[:], validation.targets),
    callbacks=[
        keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=1),
        keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(
            Path(tempfile.mkdtemp()) / "head.keras", save_best_only=True
        ),
    ],
    verbose=0,
).history
pd.DataFrame(history).round(3)

# %% [markdown]
# Backbone and head can be joined into one Keras model, from the pixels to the probabilities. Only the head's weights
# are trainable:

# %%
frozen.trainable = False
whole = keras.Model(frozen.input, head(frozen.output), name="backbone_and_head")
probabilities = whole.predict(validation.inputs[:64], verbose=0)
from_features = head.predict(validation_features[:], verbose=0)
print("trainable weights:", sum(int(np.prod(one.shape)) for one in whole.trainable_weights))

# %% tags=["prose"]
apart = float(np.abs(probabilities - from_features[:64]).max())
accuracy = accuracy_score(validation.targets, from_features.argmax(axis=1))
prose(
    """
    The head classifies {accuracy:.1%} of the validation cells correctly, with an AUC of {auc:.3f}. The backbone has
    {frozen:,} parameters, which training has not changed. From pixels, the joined model predicts the same as the
    head from the stored features: the largest difference is {apart:.0e}.
    """,
    claims={
        "better than calling all functional": accuracy > 1 - validation.targets.mean(),
        "the joined model predicts the same": apart < 1e-3,
    },
    within=0.1,
    accuracy=accuracy,
    auc=roc_auc_score(validation.targets, from_features[:, 1]),
    frozen=parameters_so_far,
    apart=float(f"{max(apart, 1e-7):.0e}"),
)

# %% [markdown] facts=["1,280"]
# ### Exercise: what is trained
#
# How many parameters does training change: a frozen backbone that gives 1,280 features, the standardisation, and a
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
# the case of your data:
#
# | | like ImageNet | unlike |
# | --- | --- | --- |
# | **few images** | `head`: a head on the last features | `earlier`: a head on features of all stages |
# | **many images** | `finetune`: then train the last blocks with it | `deep`: then train most of the backbone |
#
# - With **few** images, CS231n advises against training the backbone, for fear of overfitting. *Few* is under
#   1,000 training images per class; ImageNet has somewhat more.
# - For images **unlike** ImageNet's, it advises features of earlier layers. The lab measures the similarity by the mean
#   confidence of ImageNet's own classifier. From 40 % on the images count as similar.

# %%
case = lesson.cases.find(config, splits)
noise = np.random.default_rng(0).integers(0, 256, (8, side, side, 3)).astype("uint8")
likeness = {
    "solar cells": case.similarity,
    "noise": lesson.cases.confidence(classifier.predict(noise, verbose=0)),
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
# That is advice, not a law. What do the four achieve on these data? To be quick, each is trained on a few hundred of
# the training cells, and those that train blocks of the backbone do so for two epochs only.

# %%
chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:240])
part = lesson.Split(
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
        "accuracy": accuracy_score(validation.targets, predicted.argmax(axis=1)),
        "auc": roc_auc_score(validation.targets, predicted[:, 1]),
        "log_loss": log_loss(validation.targets, predicted),
    }
pd.DataFrame(compared).T.astype({"trained weights": int}).round(3)

# %% tags=["prose"]
aucs = [row["auc"] for row in compared.values()]
prose(
    """
    The AUC is between {lowest:.3f} and {highest:.3f}, with {least:,} to {most:,} trained weights. There are {rows}
    validation cells, and one of them is {one:.1%} of the accuracy, so differences of a few cells may be chance. With so
    few images and epochs, the millions of weights that `finetune` and `deep` train improve little or nothing over a
    head. Results with all images and more epochs are on the [page of this lab](../labs/transfer/README.md).
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
# ## `harness.fit` does the same, and more
#
# `harness.fit` is the function that `python -m labs.transfer` calls. It trains a head like ours. In addition it chooses
# by the case what the head sees, chooses the penalty on validation, keeps the state of training, so that an
# interrupted run can be resumed, and records settings, data and versions. `harness.evaluate` computes the metrics
# with their intervals, and baselines.

# %%
fitted = harness.fit(lab, config, splits, preset="quick")
evaluation = harness.evaluate(fitted)
scores = evaluation.metrics["test"]
network = {name: score["value"] for name, score in scores.items()}
choice = evaluation.details["head"]
print(f"the head sees: {choice['input']}; penalty, chosen on validation: {choice['l2']:.2g}")
pd.DataFrame({"network": network, **evaluation.baselines}).T.drop(columns="top_2").round(3)

# %%
pd.crosstab(
    pd.Categorical.from_codes(test.targets, splits.class_names),
    pd.Categorical.from_codes(
        evaluation.predictions["test"].argmax(axis=1), splits.class_names
    ),
    rownames=["true class"],
    colnames=["predicted class"],
)

# %% [markdown]
# Two more measurements: the AUC of our own head on the test cells, and how often the training cell with the most
# similar features comes from the same solar module.

# %%
from sklearn.neighbors import NearestNeighbors

(test_features,) = extractor.views(test.inputs, lesson.backbones.FEATURES)
by_keras = roc_auc_score(test.targets, head.predict(test_features[:], verbose=0)[:, 1])
nearest = NearestNeighbors(n_neighbors=2).fit(train_features[:])
_, second = nearest.kneighbors(
    train_features[:], return_distance=False
).T  # the first is itself
same_module = float(np.mean(train.groups[second] == train.groups))
by_chance = float(np.mean(train.groups[:, None] == train.groups[None]))

# %% tags=["prose"] facts=["95 %"]
table = np.array(evaluation.details["confusion"])
linear = evaluation.baselines["logistic_regression_at_32_pixels"]
frozen_linear = evaluation.baselines["logistic_regression_on_frozen_features"]
leaked = evaluation.audit["test_rows_of_trained_groups"]
prose(
    """
    **{accuracy:.1%}** of the test cells are classified correctly (95 % interval: {low:.1%} to {high:.1%}), with an AUC
    of {auc:.3f} (from {auc_low:.3f} to {auc_high:.3f}). Our head, trained with plain Keras on the last features, has an
    AUC of {by_keras:.3f}: the two are equal within the interval. Logistic regression on the pixels of small images,
    without a backbone, has an AUC of {linear_auc:.3f}; on the same frozen features as the head it has
    {frozen_auc:.3f}. A head of one layer *is* logistic regression, trained by gradient descent: always compare a head
    with it. The network finds {found:.0%} of the defective cells. If a missed crack costs more than a false alarm,
    choose a threshold below one half.

    The cells of one solar module are similar. For {nearest:.0%} of the training cells, the cell with the most similar
    features is of the same module; of randomly chosen pairs {by_chance:.1%} are. The lab holds out whole modules:
    {leaked:.0f} of the {rows} test cells come from a module that also has cells in training or validation. The
    published results are on a random quarter of the cells (`--split random`), where the same modules are in training
    and test.
    """,
    claims={
        "better than logistic regression on pixels": network["auc"] > linear["auc"],
        "no worse than logistic regression on frozen features": network["auc"]
        > frozen_linear["auc"] - 0.02,
        "cells of a module are similar": same_module > 3 * by_chance,
        "no test cell shares a module with training": leaked == 0,
        "equal within the interval": abs(by_keras - network["auc"])
        < max(scores["auc"]["high"] - scores["auc"]["low"], 0.02),
    },
    within=0.1,
    accuracy=network["accuracy"],
    low=scores["accuracy"]["low"],
    high=scores["accuracy"]["high"],
    auc=network["auc"],
    auc_low=scores["auc"]["low"],
    auc_high=scores["auc"]["high"],
    by_keras=float(by_keras),
    linear_auc=linear["auc"],
    frozen_auc=frozen_linear["auc"],
    found=table[1, 1] / table[1].sum(),
    nearest=same_module,
    by_chance=by_chance,
    leaked=float(leaked),
    rows=len(test),
)

# %% [markdown]
# ### Then → now
#
# Older courses load backbones in other ways. Their lines, and what replaces them:
#
# | then | now |
# | --- | --- |
# | `Sequential([hub.KerasLayer(URL, trainable=False), …])` | a Keras model as backbone, as above ([why][hub]) |
# | `ImageDataGenerator(preprocessing_function=preprocess_input)` | a layer of the model ([why][preprocess]) |
# | `model.fit_generator(…)` | `model.fit(pipeline)` ([why][generator]) |
# | `layer.output_shape` | `layer.output.shape` ([why][shape]) |
# | `model.save("directory")`, `load_model("directory")` | `model.save("model.keras")` ([why][save], [why][load]) |
# | `tf.saved_model.save(model, directory)` | `model.export(directory)` ([why][export]) |
#
# [hub]: COURSE_CODE.md#hubkeraslayer-in-a-sequential
# [preprocess]: COURSE_CODE.md#preprocessing_function
# [generator]: COURSE_CODE.md#fit_generator-evaluate_generator-predict_generator
# [shape]: COURSE_CODE.md#layeroutput_shape
# [save]: COURSE_CODE.md#modelsavedirectory
# [load]: COURSE_CODE.md#load_modeldirectory
# [export]: COURSE_CODE.md#tfsaved_modelsavemodel-directory
#
# All lines are in [COURSE_CODE.md](COURSE_CODE.md), each with its error message.

# %% [markdown]
# ## Save: one model
#
# Backbone and head were trained separately. **One** model is saved, from raw pixels to probabilities.

# %%
run = harness.save(fitted, evaluation)
sorted(path.name for path in run.folder.iterdir())

# %% [markdown]
# Plain Keras loads it, without this project. It takes integers from `0` to `255`, and its first layer does the
# preprocessing, so that the mistake from above cannot happen:

# %%
reopened = keras.models.load_model(run.folder / "model.keras")
print("takes", reopened.input.shape, reopened.input.dtype)
print("first layers:", ", ".join(layer.name for layer in reopened.layers[:3]))
print("last layers:", ", ".join(layer.name for layer in reopened.layers[-3:]))
again = reopened.predict(test.inputs[:32], verbose=0)

# %% tags=["prose"]
apart = float(np.abs(again - evaluation.predictions["test"][:32]).max())
difference = float(max(form["max_abs_diff"] for form in run.record["parity"].values()))
prose(
    """
    For the first test cells it predicts the probabilities that were measured, up to {apart:.1g}. `harness.save` has
    compared all three formats with the trained model in a fresh process; the largest difference was {difference:.1g}.
    """,
    claims={"the differences are rounding": max(apart, difference) < 1e-4},
    within=100.0,
    apart=apart,
    difference=difference,
)

# %% [markdown]
# ## Which places count?
#
# **Grad-CAM** shows which places of an image are evidence for a class. Take the maps $A^c$ of the last convolution, one
# for each channel $c$, and the gradient of the class's score $s$ with respect to their values. The mean gradient over
# all places $(i, j)$ says how much the channel counts; the heat map is the weighted sum of the maps, where it is
# positive:
#
# $$\alpha_c = \frac{1}{n} \sum_{i,j} \frac{\partial s}{\partial A^c_{ij}} \qquad
# H_{ij} = \mathrm{ReLU}\Big(\sum_c \alpha_c A^c_{ij}\Big)$$
#
# Then it is divided by its largest value.

# %%
answers = evaluation.predictions["test"]
guess = answers.argmax(axis=1)
order = np.argsort(-answers[:, 1])
hits = [row for row in order if test.targets[row] == 1][:3]
alarms = [row for row in order if test.targets[row] == 0][:1]
shown = np.array([*hits, *alarms])
heat = lesson.explain.grad_cam(reopened, test.inputs[shown], [1] * len(shown))
words = [*(["defective"] * len(hits)), *(["false alarm: defective"] * len(alarms))]
picture(
    lesson.grad_cam(
        [
            lesson.Explained(image, warmth, word, float(answers[row, 1]))
            for image, warmth, word, row in zip(
                test.inputs[shown], heat, words, shown, strict=True
            )
        ],
        title="Evidence for a defect (Grad-CAM)",
    ),
    "Four cells, each next to its heat map, which is warm where cracks are; the false alarm may stay dark.",
)

# %% [markdown]
# Three defective cells, and the functional one with the highest probability of a defect. Is the heat where you see
# cracks? The map is coarse: the last maps have only a few places on each side. It shows what the prediction depends on,
# not that it is right. Here the head uses features of earlier stages as well, whose contribution Grad-CAM of the last
# maps does not show.
#
# ### Exercise: Grad-CAM
#
# `maps` and `gradients` are arrays of (height, width, channels): the maps, and the gradient of the class's score
# with respect to their values. Return the heat, (height, width), from zero to one; all zeros where nothing is evidence
# for the class.


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
# Three experiments. Run each cell, then change it. What do you expect before you run it? They judge on validation, so
# that the test cells stay unseen.


# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def auc_of(train_rows, targets, validation_rows):
    """Of a head on some features: softmax with a penalty on the weights is logistic regression."""
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    linear.fit(train_rows, targets)
    return roc_auc_score(validation.targets, linear.predict_proba(validation_rows)[:, 1])


# %% [markdown]
# **1. How few images are enough?** A head on more and more training cells. The features are in the cache.

# %% tags=["try"]
shuffled = np.random.default_rng(1).permutation(len(train))
by_size = {}
for size in (25, 100, 400, len(train)):
    mine = shuffled[:size]
    by_size[size] = auc_of(train_features[mine], train.targets[mine], validation_features[:])
figure = Figure(figsize=(6.4, 3.4), layout="constrained")
axes = figure.subplots()
axes.set_title("The head by the number of training cells", loc="left")
axes.semilogx(list(by_size), list(by_size.values()), "o-", color=BLUE)
axes.set_xticks(list(by_size), [f"{size:,}" for size in by_size])
axes.minorticks_off()
axes.set_xlabel("training cells")
axes.set_ylabel("AUC on validation")
picture(figure, "AUC by number of training cells: it rises, ever more slowly.")

# %% tags=["prose"]
prose(
    """
    With {least} training cells the AUC is {few:.2f}; with all {most:,} it is {many:.2f}.
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
# **2. Which stage?** The means at the end of each stage, and a head on each of them alone.

# %% tags=["try"]
(train_levels,) = extractor.views(train.inputs, lesson.backbones.LEVELS)
(validation_levels,) = extractor.views(validation.inputs, lesson.backbones.LEVELS)
start = 0
for stage in weights.backbone.stages:
    width = frozen.get_layer(stage).output.shape[-1]
    columns = slice(start, start + width)
    auc = auc_of(train_levels[:][:, columns], train.targets, validation_levels[:][:, columns])
    print(f"{stage}: {width} features, AUC {auc:.3f}")
    start += width

# %% [markdown]
# **3. What are the pretrained weights worth?** The same head on three kinds of features: of the backbone as it should
# be used, of the backbone without preprocessing, which raises no error, and of a backbone with random weights.

# %% tags=["try"]
unprepared = weights.backbone.build(config.image_size, weights.path)
unprepared = keras.Model(unprepared.input, unprepared.get_layer("features").output)
keras.utils.set_random_seed(config.seed)
random_backbone = keras.models.clone_model(frozen)  # the same layers with new random weights
mine = shuffled[:200]
features = {"pretrained": (train_features[mine], validation_features[:])}
for name, network_to_try in (("raw levels", unprepared), ("random weights", random_backbone)):
    features[name] = tuple(
        network_to_try.predict(
            part.astype("float32") if name == "raw levels" else part, batch_size=64, verbose=0
        )
        for part in (train.inputs[mine], validation.inputs[:])
    )
of_features = {
    name: auc_of(of_train, train.targets[mine], of_validation)
    for name, (of_train, of_validation) in features.items()
}
pd.Series(of_features, name="AUC on validation").round(3).to_frame()

# %% tags=["prose"]
prose(
    """
    From {rows} cells, the pretrained backbone gives an AUC of {well:.3f}, and with raw levels {ill:.3f}. The
    palace was not recognized at all with raw levels; here the loss is small, and without a comparison nobody
    would notice it. The same layers with random weights give {random:.3f}: the weights learned on ImageNet make the
    difference, not the layers alone.
    """,
    claims={
        "raw levels are no better": of_features["raw levels"] < of_features["pretrained"],
        "random weights are worse": of_features["random weights"]
        < of_features["pretrained"] - 0.05,
    },
    within=0.15,
    rows=len(mine),
    well=of_features["pretrained"],
    ill=of_features["raw levels"],
    random=of_features["random weights"],
)

# %% [markdown]
# ## Summary
#
# - A network that was trained on many images is a good start for other images, even of things that it has never seen.
# - The outputs of frozen layers have to be computed only once.
# - With few images, train a head first, and compare it with logistic regression and with training more layers.
# - Give a backbone its pixels as in its training, and put the preprocessing into the model.
#
# More on this lab: [its page](../labs/transfer/README.md); `python -m labs.transfer --data-dir FOLDER` does the same
# with your own images, one folder per class.
