"""A training step of PyTorch's nn.LSTM. `benchmarks.recurrent_training` runs this file with a Python that has PyTorch.

    python torch_lstm.py BATCH UNITS STEPS FEATURES

It prints the version of PyTorch. Then it runs one step for each line of standard input and prints the duration in
milliseconds. It imports nothing of the project, which does not depend on PyTorch.
"""

from __future__ import annotations

import sys
import time

import torch


def main() -> None:
    batch, units, steps, features = map(int, sys.argv[1:])
    torch.set_num_threads(2)
    torch.manual_seed(0)
    layer = torch.nn.LSTM(features, units, batch_first=True)
    rows = torch.randn(batch, steps, features)

    def step() -> float:
        layer.zero_grad()
        start = time.perf_counter()
        torch.mean(torch.square(layer(rows)[0] - 0.5)).backward()
        return 1000 * (time.perf_counter() - start)

    step()
    print(torch.__version__, flush=True)
    for _ in sys.stdin:
        print(step(), flush=True)


if __name__ == "__main__":
    main()
