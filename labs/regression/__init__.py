"""Concrete strength: a multilayer perceptron for a table, and the effect of a split that leaks.

Problem: predict the compressive strength (MPa) of a concrete from its recipe and age, for engineers who design mixes.
Data:    concrete, 1,030 rows × 8 columns, CC BY 4.0, in the package; split by mix (427 mixes), 10 % held out.
Model:   course: three dense layers of 10, ReLU, Adam, 50 epochs (IBM/Coursera). best: piecewise-linear encoding, a
         wide network with dropout.
Target:  best: RMSE ≤ 5.2 MPa by mix, ≤ 4.0 MPa on random rows, no worse than gradient boosting on the same splits.
Quality: best, over 20 splits: RMSE 5.12 ± 0.81 MPa by mix, 3.90 ± 0.60 on random rows (gradient boosting: 5.63 ±
         0.93, 4.17 ± 0.58).
Time:    course 12 s, best 16 s (wall time on two cores).
Command: python -m labs.regression
"""
