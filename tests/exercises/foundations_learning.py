"""Answers to the exercises on what makes a network learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.exercises import Answers, Wrong


def adam(gradient: Any, rate: Any, corrected: bool = True) -> Any:
    m, v = 0.1 * gradient, 0.001 * gradient**2
    if corrected:
        m, v = m / (1 - 0.9), v / (1 - 0.999)
    return -rate * m / (v**0.5 + 1e-8)


ANSWERS = {
    "iterations": Answers(
        right=[48_400, 48_400.0, math.ceil(15_475 / 32) * 100],
        wrong=[
            Wrong(48_300, "round up"),
            Wrong(15_475 * 100 / 32, "round up"),
            Wrong(484, "one epoch"),
            Wrong(100, "many steps"),
            Wrong(1_547_500, "number of rows"),
        ],
    ),
    "momentum": Answers(
        right=[0.2, np.float32(0.2), 0.02 / (1 - 0.9)],
        wrong=[
            Wrong(0.02, "without momentum"),
            Wrong(0.038, "second step"),
            Wrong(0.002, "not shorter"),
            Wrong(0.018, "previous step alone"),
            Wrong(20.0, "learning rate"),
            Wrong(-0.2, "geometric series"),
        ],
    ),
    "adam_step": Answers(
        right=[
            adam,
            lambda gradient, rate: -rate * np.sign(gradient),
            lambda gradient, rate: -rate * gradient / abs(gradient),
        ],
        wrong=[
            Wrong(lambda gradient, rate: -gradient / abs(gradient), "has a learning rate"),
            Wrong(lambda gradient, rate: -rate * gradient, "gradient descent"),
            Wrong(lambda gradient, rate: rate * gradient / abs(gradient), "against the gradient"),
            Wrong(lambda gradient, rate: -rate * 0.1 * gradient, "correct the averages"),
            Wrong(lambda gradient, rate: adam(gradient, rate, corrected=False), "correct the averages"),
            Wrong(lambda gradient, rate: -0.001, "√v̂"),
        ],
    ),
    "initial_std": Answers(
        right=[1 / 28, 784**-0.5, np.float32(0.035714287)],
        wrong=[
            Wrong(1 / 784, "root"),
            Wrong(28, "one divided"),
            Wrong((2 / 784) ** 0.5, "He"),
            Wrong(512**-0.5, "not of units"),
            Wrong((2 / 1296) ** 0.5, "Glorot"),
        ],
    ),
}
