"""The figures of the lab: quality of the vectors, maps of words, analogies as arrows, occupations and pronouns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labs.word_vectors.evaluation.bias import FEWEST as FEWEST_COUNTS
from labs.word_vectors.evaluation.chosen import ARROWS, MAP, present
from utils.figures import plots
from utils.metrics.metric import Scores
from utils.text.word_vectors import WordVectors

COLOURS = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.RED, plots.GREY, "#CC79A7", "#56B4E9", "#000000")
"""By group of words; the palette of Okabe and Ito."""
FEWEST = 5
"""Fewest words of a map."""
Groups = Mapping[str, Sequence[str]]


def draw(found: WordVectors, compared: Mapping[str, Scores], bias: Mapping[str, Any], seed: int) -> dict[str, Figure]:
    """The figures by file name.

    Args:
        found: the vectors of the run.
        compared: the scores of all vectors on all questions, by name.
        bias: of `bias.occupations`.
        seed: of t-SNE.
    """
    drawn = {"quality": quality(compared)}
    groups = known(MAP, found)
    if sum(map(len, groups.values())) >= FEWEST:
        drawn["map"] = word_map(found, groups, seed)
    pairs = [pair for pair in ARROWS if all(word in found for word in pair)]
    if len(pairs) > 1:
        drawn["arrows"] = arrows(found, pairs)
    if bias:
        drawn["occupations"] = occupations(bias)
    return drawn


def known(groups: Groups, found: WordVectors) -> dict[str, list[str]]:
    """The groups without words that the vocabulary does not have."""
    vocabulary = frozenset(found.words)
    return {name: words for name, each in groups.items() if (words := present(tuple(each), vocabulary))}


def quality(compared: Mapping[str, Scores]) -> Figure:
    """The scores of all vectors with their intervals, on all covered questions."""
    metrics = list(next(iter(compared.values())))
    figure, axes = plots.new_figure("Word vectors on all covered questions", size=(8.4, 4.2))
    width = 0.8 / len(compared)
    for number, (name, scores) in enumerate(compared.items()):
        place = np.arange(len(metrics)) + (number - (len(compared) - 1) / 2) * width
        values = np.array([[scores[metric][key] for key in ("value", "low", "high")] for metric in metrics])
        error = np.abs(values[:, 1:].T - values[:, 0])
        label = name.replace("_", " ")
        axes.bar(place, values[:, 0], width, yerr=error, color=COLOURS[number], label=label, error_kw={"linewidth": 1})
    axes.set_xticks(np.arange(len(metrics)), metrics)
    axes.set_ylabel("Spearman correlation, or fraction solved")
    axes.legend(frameon=False)
    return plots.captioned(
        figure,
        "Correlation of the cosine with judgements of people (wordsim: relatedness, simlex: similarity), and the "
        "fraction of analogies that are solved; lines are 95 % intervals over the questions.",
    )


def word_map(found: WordVectors, groups: Groups, seed: int) -> Figure:
    """Words in the plane by PCA and by t-SNE, coloured by group."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    names = [name for name, words in groups.items() for _ in words]
    words = [word for each in groups.values() for word in each]
    vectors = found.directions[[found.number(word) for word in words]]
    close = float(min(15, max(1, (len(words) - 1) // 3)))
    # For few words the exact method is faster, and it repeats a map on any number of threads.
    method = "exact" if len(words) <= 500 else "barnes_hut"
    tsne = TSNE(2, perplexity=close, init="pca", metric="cosine", method=method, random_state=seed)
    places = {"PCA": PCA(2, random_state=0).fit_transform(vectors), "t-SNE": tsne.fit_transform(vectors)}
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    for axes, (method, place) in zip(figure.subplots(1, 2), places.items(), strict=True):
        axes.set_title(f"Map of words, {method}", loc="left", fontsize=12)
        for number, group in enumerate(groups):
            rows = [row for row, name in enumerate(names) if name == group]
            _words(axes, place[rows], [words[row] for row in rows], COLOURS[number % len(COLOURS)], group)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.margins(0.08)
    figure.axes[0].legend(frameon=False, fontsize=8)
    return plots.captioned(
        figure,
        "PCA keeps the two directions of the largest variance, t-SNE keeps neighbours together. Distances between the "
        "groups of t-SNE mean nothing, and another seed gives another map.",
    )


def _words(axes: Axes, place: NDArray[Any], words: Sequence[str], colour: str, group: str) -> None:
    axes.scatter(place[:, 0], place[:, 1], s=8, color=colour, label=group)
    for (x, y), word in zip(place, words, strict=True):
        axes.annotate(word, (x, y), (2, 2), textcoords="offset points", fontsize=7.5, color=colour)


def arrows(found: WordVectors, pairs: Sequence[Sequence[str]]) -> Figure:
    """Pairs of words in the plane of PCA, each with an arrow from its first word to its second."""
    from sklearn.decomposition import PCA

    ends = [found.directions[[found.number(pair[side]) for pair in pairs]] for side in (0, 1)]
    difference = normalized_mean(ends[1] - ends[0])
    # The horizontal axis is the mean difference, the vertical one the largest variance of what is left.
    rest = np.concatenate(ends) - np.outer(np.concatenate(ends) @ difference, difference)
    up = PCA(1, random_state=0).fit(rest).components_[0]
    figure, axes = plots.new_figure("Analogies as arrows", size=(7.6, 5.2))
    for pair, one, other in zip(
        pairs, *(np.stack([each @ difference, each @ up], axis=1) for each in ends), strict=True
    ):
        axes.annotate("", other, one, arrowprops={"arrowstyle": "->", "color": plots.GREY, "linewidth": 1})
        for word, place, colour in zip(pair, (one, other), (plots.BLUE, plots.RED), strict=True):
            _words(axes, place[None], [word], colour, "")
    axes.set_xlabel("mean difference of the pairs")
    axes.set_ylabel("largest variance of the rest")
    axes.margins(0.12)
    return plots.captioned(
        figure,
        "An analogy works where arrows have the same direction and length: adding the arrow of one pair to the first "
        "word of another one leads to its second word. The horizontal axis is chosen to show the difference.",
    )


def normalized_mean(differences: NDArray[Any]) -> NDArray[Any]:
    """The mean direction of differences, (dimension,), of length one."""
    mean = differences.mean(axis=0)
    direction: NDArray[Any] = mean / (np.linalg.norm(mean) or 1)
    return direction


def occupations(bias: Mapping[str, Any]) -> Figure:
    """Occupations on the axis from he to she, next to the log ratio of the pronouns near them in the text."""
    words, cosines = list(bias["axis"]), np.array(list(bias["axis"].values()))
    counts = np.array([bias["counts"][word] for word in words])
    ratio = np.log((counts[:, 1] + 1) / (counts[:, 0] + 1))
    ratio[counts.sum(axis=1) < FEWEST_COUNTS] = np.nan
    figure = Figure(figsize=(9.6, 0.17 * len(words) + 1.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, values, label in (
        (left, cosines, "cosine with the axis from he to she"),
        (right, ratio, "log ratio of she to he near the word in the text"),
    ):
        axes.barh(words, values, color=np.where(values > 0, plots.ORANGE, plots.BLUE))
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel(label)
        axes.tick_params(axis="y", labelsize=7.5)
        axes.margins(y=0.01)
    left.set_title("Occupations between he and she", loc="left", fontsize=12)
    return plots.captioned(
        figure,
        "Left: the vectors, nearer to she on the right. Right: how often she and he are near the word in the training "
        f"text, where there are at least {FEWEST_COUNTS} of them. {bias['warning']}",
    )
