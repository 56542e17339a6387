"""The pages on the notebooks: their order, the weeks of courses that they belong to, minutes and points; grading.

What the courses teach when, and the concepts of a notebook, are listed here; minutes come from the record of the
notebooks, points from the exercises.
"""

from __future__ import annotations

from typing import NamedTuple

import labs
from benchmarks.pages.results import block, recorded
from labs.course.handout import notebooks
from labs.exercises import notebooks_of
from utils.base.text_tables import markdown_table

WORDS_PER_MINUTE = 200
"""Usual speed of reading."""


class Week(NamedTuple):
    """A part of a course, and the notebook for it."""

    part: str
    notebook: str


CONCEPTS = {
    "00_start_here": "config, splits, seeds, baseline, leakage, a saved run",
    "foundations_neuron": "tensors, neuron, activation, loss, gradient descent, chain rule, back-propagation",
    "foundations_learning": "learning rate, batches, vanishing gradients, initial weights, optimizers, L1, L2, dropout",
    "regression": "gradient descent, learning rate, dense layers, RMSE, normalization",
    "classification": "softmax, cross-entropy, dropout, early stopping, confusion matrix, calibration",
    "saving": "formats, parity, resuming, SavedModel and signatures, safe loading",
    "pneumonia": "convolution, pooling, sensitivity and specificity, ROC, choosing a threshold, Grad-CAM",
    "galaxy": "strided convolutions, residual network, augmentation by symmetry, feature maps, recall",
    "music": "windows of text, bits per character, RNN, vanishing gradients, LSTM, temperature",
    "transfer": "preprocessing of a backbone, frozen features, fine-tuning, Grad-CAM",
    "sentiment": "bag of words, log-count ratio, one-hot, embedding, padding and masks, negation, leave-one-out",
    "word_vectors": "skip-gram, subsampling, negative sampling, cosine, analogies, Zipf's law, bias",
    "language_attention": "query, key and value, scaled scores, causal mask, heads, positions",
    "language_writing": "tokens, n-grams, perplexity, LSTM and transformer, temperature, sampling",
    "translation": "encoder and decoder, teacher forcing, bottleneck, attention maps, greedy and beam search, BLEU",
}
"""By notebook, in the order in which the notebooks are best read."""

PREREQUISITES = {
    "00_start_here": "a little Python",
    "foundations_neuron": "the product of matrices, the derivative; `00_start_here`",
    "foundations_learning": "`foundations_neuron`",
    "regression": "the derivative of a square",
    "classification": "the logarithm; `regression`",
    "saving": "`classification`",
    "pneumonia": "`classification`",
    "galaxy": "`pneumonia`",
    "music": "`classification`",
    "transfer": "`pneumonia`",
    "sentiment": "`classification`",
    "word_vectors": "the scalar product; `sentiment`",
    "language_attention": "the product of matrices; `sentiment`",
    "language_writing": "`language_attention`, `music`",
    "translation": "`language_attention`",
}
"""What a reader should know before, by notebook: facts, and notebooks to read first."""

COURSES = {
    "MIT 6.S191: Introduction to Deep Learning": (
        Week("Lab 1, part 1: introduction to TensorFlow", "00_start_here"),
        Week("Lab 1, part 1: tensors, dense layers, gradients", "foundations_neuron"),
        Week("Lab 1, part 1: gradient descent, dense layers", "regression"),
        Week("Lab 1, part 2: music generation", "music"),
        Week("Lab 2, part 1: MNIST", "classification"),
        Week("Lecture 2: attention; lab 3: adapting a language model (2026)", "language_attention"),
    ),
    "Udacity: Intro to Machine Learning with TensorFlow": (
        Week("Supervised learning: linear regression", "regression"),
        Week("Deep learning: perceptrons, gradient descent, back-propagation", "foundations_neuron"),
        Week("Deep learning: training neural networks (initial weights, momentum, dropout)", "foundations_learning"),
        Week("Deep learning: neural networks, Fashion-MNIST, dropout, early stopping", "classification"),
        Week("Deep learning: saving and loading models", "saving"),
        Week("Deep learning: transfer learning", "transfer"),
        Week("Project: image classifier", "transfer"),
        Week("Sentiment analysis with a bag of words (Andrew Trask)", "sentiment"),
        Week("Recurrent networks: sentiment analysis", "sentiment"),
        Week("Recurrent networks: embeddings, word2vec", "word_vectors"),
        Week("Recurrent networks: character-level LSTM (Anna Karenina)", "language_writing"),
        Week("Project: generate TV scripts", "language_writing"),
        Week("Sequence to sequence, attention", "translation"),
    ),
    "IBM/Coursera: Introduction to Deep Learning & Neural Networks with Keras": (
        Week("Week 1: forward propagation", "foundations_neuron"),
        Week("Week 2: gradient descent, backpropagation, vanishing gradients", "foundations_learning"),
        Week("Week 2: gradient descent, backpropagation", "regression"),
        Week("Week 3: regression with Keras (concrete)", "regression"),
        Week("Week 3: classification with Keras (MNIST)", "classification"),
        Week("Week 4: convolutional networks", "pneumonia"),
        Week("Week 4: recurrent networks", "music"),
        Week("Week 5: project (concrete)", "regression"),
    ),
    "Codecademy: Build Deep Learning Models with TensorFlow": (
        Week("Foundations: perceptrons, gradient descent", "foundations_neuron"),
        Week("Foundations and regression", "regression"),
        Week("Classification", "classification"),
        Week("Image classification: X-rays", "pneumonia"),
        Week("Project: galaxies", "galaxy"),
    ),
    "Chollet: Deep Learning with Python, second edition": (
        Week("Chapter 2: tensors, NaiveDense, NaiveSequential, gradients", "foundations_neuron"),
        Week("Chapter 2: the mathematical building blocks", "regression"),
        Week("Chapter 4: classification and regression", "classification"),
        Week("Chapter 5: fundamentals of machine learning (baselines, leakage)", "00_start_here"),
        Week("Chapter 5: fundamentals of machine learning (overfitting, L1 and L2, dropout)", "foundations_learning"),
        Week("Chapter 8: deep learning for computer vision", "pneumonia"),
        Week("Chapter 8: a pretrained model", "transfer"),
        Week("Chapter 9: residual connections, what convnets learn", "galaxy"),
        Week("Chapter 11: text, bag of words, embeddings", "sentiment"),
        Week("Chapter 11: the transformer, query, key and value", "language_attention"),
        Week("Chapter 11: sequence-to-sequence learning, machine translation", "translation"),
        Week("Chapters 10 and 12: LSTM, text generation, temperature", "music"),
        Week("Chapter 12: text generation with a transformer", "language_writing"),
    ),
}
"""The parts of each course for which there is a lab, in the course's order."""


def lab_of(notebook: str) -> str:
    """The lab that a notebook uses."""
    others = {"00_start_here": "regression", "saving": "classification"}
    return others.get(notebook) or next(lab for lab in labs.NAMES if notebook in notebooks_of(lab))


def _minutes(notebook: str) -> list[str]:
    """Minutes of a run, and of reading."""
    measured = recorded("notebooks")["notebooks"].get(notebook)
    if measured is None:
        return ["–", "–"]
    return [f"{measured['seconds'] / 60:.1f}", f"{measured['words'] / WORDS_PER_MINUTE:.0f}"]


@block
def overview() -> str:
    """A table of all notebooks in order: prerequisites, concepts, minutes, exercises."""
    header = ["", "notebook", "you know", "concepts", "run (min)", "reading (min)", "exercises"]
    rows = [
        [
            *(str(number), f"[{name}]({name}.ipynb)", PREREQUISITES[name], concepts),
            *(*_minutes(name), str(len(notebooks()[name]))),
        ]
        for number, (name, concepts) in enumerate(CONCEPTS.items(), 1)
    ]
    return markdown_table(header, rows)


@block
def courses() -> str:
    """A table per course: part, lab, notebook, concepts, minutes, points."""
    header = ["part of the course", "lab", "notebook", "concepts", "run (min)", "reading (min)", "points"]
    parts = []
    for course, weeks in COURSES.items():
        rows = [
            [
                *(week.part, lab_of(week.notebook), f"`{week.notebook}`", CONCEPTS[week.notebook]),
                *(*_minutes(week.notebook), str(len(notebooks().get(week.notebook, [])))),
            ]
            for week in weeks
        ]
        parts.append(f"### {course}\n\n{markdown_table(header, rows)}")
    return "\n\n".join(parts)


@block
def grading() -> str:
    """How long grading took."""
    found = recorded("classroom")
    rows = [
        [
            f"`{name}`",
            str(one["submissions"]),
            str(one["hostile"]),
            str(one["exercises"]),
            f"{one['seconds'] / 60:.1f}",
            f"{one['core_seconds'] / one['submissions']:.1f}",
            str(len(one["wrong_points"])),
        ]
        for name, one in found.items()
        if isinstance(one, dict) and "wrong_points" in one
    ]
    header = ["notebook", "submissions", "of these hostile", "exercises", "minutes", "core-seconds per submission"]
    return markdown_table([*header, "wrong points"], rows)
