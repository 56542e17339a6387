"""Chest X-rays: convolution, pooling, and how medicine judges an answer. A teaching model, not a medical device.

Problem: whether a child's chest X-ray shows pneumonia, and from which probability on one should say so.
Data:    simulated-radiographs, made by this project (SIMULATED); pneumoniamnist, 5,856 real films at 28 × 28, by mirror
         or network; chest-xray, the same children's films at full size, a folder of yours (--data-dir).
Model:   course: a convolutional network of 522 parameters at 256 × 256, or a flattened perceptron of 6.6 million
         (Codecademy). best: a compact residual network, augmented pictures, a cosine schedule.
Target:  best: AUC ≥ 0.975 and accuracy ≥ 0.90 on the official test of chest-xray, AUC ≥ 0.97 and accuracy ≥ 0.90 on
         that of pneumoniamnist, at a threshold chosen on validation.
Quality: best: AUC 0.981, accuracy 0.939 on chest-xray; 0.980, 0.934 on pneumoniamnist; AUC 0.999 on SIMULATED
         radiographs; course: AUC 0.935 on chest-xray.
Time:    course 13 s on SIMULATED radiographs, best 6 minutes on chest-xray (wall time on two cores).
Command: python -m labs.pneumonia
"""
