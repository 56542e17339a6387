"""The exercises of the notebook on what makes a network learn."""

from __future__ import annotations

from typing import Any

from utils.teaching.answers import Judge, Mistake, called, number


def iterations(answer: Any) -> str:
    """Gradient steps of 100 epochs of 15,475 rows in batches of 32."""
    number(
        answer,
        48_400,
        what="the gradient steps of 100 epochs of 15,475 rows in batches of 32",
        mistakes=[
            Mistake(48_300, "the last batch of an epoch has the remaining 19 rows: round up"),
            Mistake(15_475 * 100 / 32, "a smaller last batch counts as a step: round up"),
            Mistake(484, "that is one epoch"),
            Mistake(100, "an epoch is a pass over all rows: it has many steps"),
            Mistake(1_547_500, "that is the number of rows; each step takes 32 of them"),
        ],
        hint="⌈15,475 / 32⌉ steps per epoch",
        close=1e-9,
    )
    return "An iteration is one batch, an epoch all of them. A course's `iterations` may mean either: check."


def momentum(answer: Any) -> str:
    """The step that momentum 0.9 approaches under a constant gradient of 2 with rate 0.01."""
    number(
        answer,
        0.2,
        what="the length of a step after very many steps with momentum 0.9, learning rate 0.01 and gradient 2",
        mistakes=[
            Mistake(0.02, "that is a step without momentum: the earlier steps are added, each time × 0.9"),
            Mistake(0.038, "that is the second step: many earlier ones contribute"),
            Mistake(0.002, "momentum makes it longer here, not shorter"),
            Mistake(0.018, "that is the contribution of the previous step alone"),
            Mistake(20.0, "multiply the gradient by the learning rate"),
        ],
        hint="0.02 · (1 + 0.9 + 0.9² + …): a geometric series",
    )
    return (
        "Along a constant slope, momentum 0.9 takes steps ten times as long; where the sign changes, it cancels them."
    )


def adam_step(answer: Any) -> str:
    """A function of a gradient and a learning rate: the change of the weight in Adam's first step."""
    what = "the change of a weight in Adam's first step, gradient 4, learning rate 0.001"
    mistakes = [
        Mistake(-1.0, "Adam has a learning rate: its step is about that long"),
        Mistake(-0.004, "that is gradient descent; Adam divides by the root of the mean squared gradient"),
        Mistake(0.001, "the step goes against the gradient"),
        Mistake(-0.0004, "correct the averages for their start at zero: after one step m̂ = g and v̂ = g²"),
        Mistake(-0.001 * 0.1 / 0.001**0.5, "correct the averages for their start at zero: m̂ = g and v̂ = g²"),
    ]
    hint = "−rate · m̂ / (√v̂ + ε), where after one step m̂ = g and v̂ = g²"
    given = called(answer, 4.0, 0.001, expected=what, signature="adam_step(gradient, rate)")
    number(given, -0.001, what=what, mistakes=mistakes, hint=hint, close=1e-3)
    given = called(answer, -0.5, 0.1, expected="that for −0.5 and 0.1", signature="adam_step(gradient, rate)")
    number(given, 0.1, what="the change for the gradient −0.5 and the learning rate 0.1", hint=hint, close=1e-3)
    return "Adam adapts the step of each weight, but it has a learning rate: its first step is that long."


def initial_std(answer: Any) -> str:
    """The standard deviation 1/√n of the first layer's weights for 784 inputs."""
    number(
        answer,
        1 / 28,
        what="the standard deviation 1/√n of the weights of a layer with 784 inputs",
        mistakes=[
            Mistake(1 / 784, "take the root of the number of inputs"),
            Mistake(28.0, "one divided by that"),
            Mistake((2 / 784) ** 0.5, "that is He's for ReLU; here it is 1/√n"),
            Mistake(512**-0.5, "n is the number of inputs, not of units"),
            Mistake((2 / (784 + 512)) ** 0.5, "that is Glorot's; here it is 1/√n"),
        ],
        hint="1/√784",
    )
    return "A sum of 784 terms then has about the variance of one input: the sigmoid starts where it has a slope."


EXERCISES: dict[str, Judge] = {
    "iterations": iterations,
    "momentum": momentum,
    "adam_step": adam_step,
    "initial_std": initial_std,
}

HINTS = {
    "iterations": "epochs * math.ceil(rows / batch_size): the last batch of an epoch is smaller, but it is a step",
    "momentum": "the sum of the series is 1 / (1 − 0.9): ten times the plain step",
    "adam_step": "after bias correction m is the gradient and v its square: the step is −rate · gradient / |gradient|",
    "initial_std": "1 / np.sqrt(784), which is 1/28",
}
