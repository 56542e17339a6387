"""Transfer learning: a network pretrained on ImageNet, adapted to another task with few images.

Problem: predict which solar cells are defective from electroluminescence images; or the classes of your own folder.
Data:    elpv, 2,624 real images of solar cells in a package (CC BY-NC-SA 4.0: not for commercial use); any folder of
         images by class (--data-dir).
Split:   whole solar modules are held out; `--split random` holds out a random quarter of the cells, as published.
Model:   EfficientNet-Lite0 with its ImageNet weights, frozen: its features are computed once. A head is trained on
         them, and the last blocks are fine-tuned, depending on the size of the data and their similarity to ImageNet.
Target:  best: accuracy ≥ 0.885 on a random quarter of the cells (published CNN 0.884); course: no worse than logistic
         regression on the same frozen features.
Quality: best: accuracy 0.864 with whole solar modules held out, 0.890 ± 0.005 on a random quarter of the cells;
         course: 0.802 (0.800–0.803) by module, 0.863 ± 0.002 on a random quarter.
Time:    course 34 s once the features are cached, best 6 minutes (wall time on two cores).
Command: python -m labs.transfer
"""
