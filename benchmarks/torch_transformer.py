"""The transformer of the language lab in PyTorch. `benchmarks.language_training` runs this with a Python that has it.

    python torch_transformer.py SYMBOLS LAYERS WIDTH HEADS LENGTH BATCH compiled|eager

It prints the version of PyTorch. Then it trains for as many steps as each line of standard input says and prints the
CPU seconds. It imports nothing of the project, which does not depend on PyTorch.
"""

from __future__ import annotations

import sys
import time

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Attention and feed-forward layers, each after a normalization and with a residual connection."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_wide = nn.RMSNorm(width), nn.RMSNorm(width)
        self.query_norm, self.key_norm = nn.RMSNorm(width // heads), nn.RMSNorm(width // heads)
        self.attention = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.wide, self.narrow = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, hidden: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """Vectors (rows, length, width) to the same."""
        rows, length, width = hidden.shape
        parts = self.attention(self.before_attention(hidden)).view(rows, length, 3, self.heads, width // self.heads)
        queries, keys, values = parts.permute(2, 0, 3, 1, 4)
        queries, keys = rotated(self.query_norm(queries), rotation), rotated(self.key_norm(keys), rotation)
        attended = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        hidden = hidden + self.output(attended.transpose(1, 2).reshape(rows, length, width))
        return hidden + self.narrow(torch.square(torch.relu(self.wide(self.before_wide(hidden)))))


def rotated(vectors: torch.Tensor, rotation: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    cosine, sine = rotation
    first, second = vectors.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class Transformer(nn.Module):
    """From tokens to logits of the next token."""

    def __init__(self, symbols: int, layers: int, width: int, heads: int, length: int) -> None:
        super().__init__()
        self.embedding, self.logits = nn.Embedding(symbols, width), nn.Linear(width, symbols, bias=False)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.first, self.last = nn.RMSNorm(width), nn.RMSNorm(width)
        pairs = width // heads // 2
        angle = torch.arange(length)[:, None] * 10_000.0 ** (-torch.arange(pairs) / pairs)
        self.rotation = torch.cos(angle), torch.sin(angle)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (rows, length) to logits (rows, length, symbols)."""
        hidden = self.first(self.embedding(tokens))
        for block in self.blocks:
            hidden = block(hidden, self.rotation)
        logits: torch.Tensor = self.logits(self.last(hidden))
        return logits


def main() -> None:
    symbols, layers, width, heads, length, batch = map(int, sys.argv[1:7])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Transformer(symbols, layers, width, heads, length)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    forward = torch.compile(model) if sys.argv[7] == "compiled" else model
    text = torch.randint(symbols, (batch, length + 1))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(forward(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    for _ in range(3):
        step()
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        start = time.process_time()
        for _ in range(int(line)):
            step()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
