"""Foundations: a neural network in pure NumPy, from the neuron to Adam, numerically equal to Keras.

Problem: predict the bikes rented in an hour, with a network whose every line can be read.
Data:    bike-sharing, 17,379 hours of 2011 and 2012 in the package, the last 21 days held out as in the course;
         admissions (400 rows), mnist-5k, mnist, fashion-mnist; points, GENERATED red and green points.
Model:   course: one hidden layer of 25 sigmoid units, gradient descent (Udacity). best: five averaged networks with
         two ReLU layers, Adam and dropout, still in NumPy.
Target:  course: standardized MSE ≤ 0.09 in training and ≤ 0.18 in validation on every seed; best: ≤ 0.13 in validation,
         and a test RMSE below that of gradient boosting.
Quality: bike-sharing: standardized MSE in validation 0.129 (0.124–0.133) with course, 0.112 (0.111–0.112) with best,
         whose test RMSE is 56.0 (55.3–56.6) bikes/h (gradient boosting 63.5); mnist-5k: accuracy 0.944 (0.941–0.945).
Time:    course 17 s, best 26 s (wall time on two cores).
Command: python -m labs.foundations
"""
