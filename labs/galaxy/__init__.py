"""Galaxies: feature maps, and the symmetry of the sky.

Problem: classify the shape of a galaxy in a survey image.
Data:    simulated-galaxies, rendered by this project with GalSim (SIMULATED), in four classes; galaxy-codecademy, 1,400
         real images of 128 × 128 in the same classes, from a mirror or the network; galaxy-zoo, your own folder.
Model:   course: two strided convolutions of 8 filters, two poolings, 16 hidden units (Codecademy). best: a compact
         residual network; rotated, flipped and zoomed images; predictions averaged over eight rotations and
         reflections.
Target:  best: accuracy ≥ 0.85 and AUC ≥ 0.92 on galaxy-zoo (spiral or not), ≥ 0.75 and ≥ 0.92 on galaxy-codecademy,
         accuracy ≥ 0.95 on SIMULATED galaxies.
Quality: best: accuracy 0.854, AUC 0.927 on galaxy-zoo; accuracy 0.975 on SIMULATED galaxies; course: accuracy 0.711
         on galaxy-zoo.
Time:    course 64 s on SIMULATED galaxies, best 11 minutes on galaxy-zoo (wall time on two cores).
Command: python -m labs.galaxy
"""
