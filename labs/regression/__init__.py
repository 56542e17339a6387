"""Concrete strength: a multilayer perceptron on a table, and what a leaking split hides.

Problem: the compressive strength (MPa) of a concrete from its recipe and its age, for whoever designs the mix.
Data:    concrete, 1,030 rows × 8 columns, CC BY 4.0, in the package; split by mix (427 of them), 10 % test.
Model:   course: three dense layers of 10, ReLU, Adam, 50 epochs (IBM/Coursera). best: piecewise-linear encoding, wide
         dropout network.
Target:  best: RMSE ≤ 5.2 MPa by mix, ≤ 4.0 MPa on random rows, no worse than gradient boosting on the same splits.
Quality: best, over 20 splits: RMSE 5.12 ± 0.81 MPa by mix, 3.90 ± 0.60 on random rows (gradient boosting: 5.63 ±
         0.93, 4.17 ± 0.58).
Time:    course 12 s, best 16 s (wall time on two cores).
Command: python -m labs.regression
"""
