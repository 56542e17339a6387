"""What the notebooks use of this lab, under one name: the library in NumPy, the points, the valley and their plots."""

from __future__ import annotations

from labs.foundations.figures import boundary, coloured
from labs.foundations.lab import lab
from labs.foundations.network.activations import ACTIVATIONS, sigmoid, softmax
from labs.foundations.network.batches import batches
from labs.foundations.network.initializers import INITIALIZERS
from labs.foundations.network.layers import Dense, Dropout, Network
from labs.foundations.network.losses import BinaryCrossEntropy, CategoricalCrossEntropy, SquaredError
from labs.foundations.network.optimizers import SGD, Adam
from labs.foundations.valley import SEVEN, animation, best_rate, descend, height, still

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "SEVEN",
    "SGD",
    "Adam",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Dense",
    "Dropout",
    "Network",
    "SquaredError",
    "animation",
    "batches",
    "best_rate",
    "boundary",
    "coloured",
    "descend",
    "height",
    "lab",
    "sigmoid",
    "softmax",
    "still",
]
