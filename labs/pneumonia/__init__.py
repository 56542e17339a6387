"""Chest X-rays: convolution, pooling, sensitivity and specificity. A teaching model, not a medical device.

Problem: predict whether a child's chest X-ray shows pneumonia, and choose the threshold of the probability.
Data:    chest-xray-128, 5,840 real radiographs of children, official split, CC BY 4.0, in the package; pneumoniamnist,
         the same children at 28 × 28; chest-xray, full-size radiographs, your own folder (--data-dir);
         simulated-radiographs, made by this project (SIMULATED).
Model:   course: a convolutional network of 522 parameters at 256 × 256, or a flattened perceptron of 6.6 million
         (Codecademy). best: a compact residual network, augmented images, a cosine schedule.
Target:  best: AUC ≥ 0.975 and accuracy ≥ 0.90 on the official test split of chest-xray, AUC ≥ 0.97 and accuracy
         ≥ 0.90 on that of pneumoniamnist, at a threshold chosen on validation.
Quality: best: AUC 0.983, accuracy 0.936 on chest-xray; 0.980, 0.934 on pneumoniamnist; course: AUC 0.926
         (0.921–0.930) on chest-xray-128, over 20 seeds.
Time:    course 26 s on chest-xray-128, best 5 minutes on chest-xray (wall time on two cores).
Command: python -m labs.pneumonia
"""
