"""Transfer learning: a network that knows ImageNet, put to another task with few pictures.

Problem: which solar cells are defective, from photographs of their glow; or the classes of a folder of yours.
Data:    elpv, 2,624 real photographs of solar cells in a package (CC BY-NC-SA 4.0: not for commercial use); any folder
         with a folder a class (--data-dir).
Model:   EfficientNet-Lite0 with its ImageNet weights, frozen: its features are computed once. A head is trained on
         them, and, by size and likeness of the data, the last blocks are fine-tuned.
Target:  best: accuracy ≥ 0.885 on elpv's held-out quarter (published CNN 0.884); course: ≥ 0.85.
Quality: best: accuracy 0.890 ± 0.005 on elpv's held-out quarter; course: 0.866 ± 0.002, 0.829 ± 0.001 with whole
         solar modules held out.
Time:    course 30 s once the features are cached, best 5 minutes (wall time on two cores).
Command: python -m labs.transfer
"""
