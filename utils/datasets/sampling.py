"""Making many pictures: balanced labels, a random stream a picture, all cores, the same pictures on any number of them.

The arrays of one small picture are too short for threads: two of them took longer than one, handing over the
interpreter's lock. So other processes draw, started afresh rather than by `multiprocessing`, which would import the
caller's main module again and so run a student's unguarded script twice. `python -m utils.datasets.sampling MODULE`
is such a process: it reads requests from standard input, a line of JSON each, and writes the pixels to standard output.
It imports neither TensorFlow nor Keras.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.base.machine import cores
from utils.base.paths import ROOT

SIZES = (16, 1024)
"""The smallest and the largest side of a picture, pixels."""
CHUNK = 32
"""Pictures drawn in one go. Fewer than four chunks are drawn at home: starting processes would take longer."""

Pictures = NDArray[np.uint8]
Labels = NDArray[np.int64]
Progress = Callable[[int], None]


class Request(TypedDict):
    """Some pictures of one sample: the index of the first and the label of each."""

    seed: int
    size: int
    first: int
    labels: list[int]


def sample(
    simulator: str,
    number: int,
    seed: int,
    size: int,
    progress: Progress | None = None,
    workers: int | None = None,
) -> tuple[Pictures, Labels]:
    """Draw pictures of all classes in equal shares; picture i is drawn from `SeedSequence((seed, i))`.

    Args:
        simulator: full name of the module that draws: it has `CLASS_NAMES`, `CHANNELS`, `draw_parameters`, `render`.
        number: of pictures.
        seed: not negative.
        size: pixels a side, within SIZES.
        progress: called in the caller's thread with the number of pictures made so far.
        workers: processes; one a core where None.

    Returns:
        Pictures (number, size, size, channels) uint8 and labels (number,) int64.

    Raises:
        CallerError: the number, the seed or the size cannot be simulated.
    """
    _check(number, seed, size)
    module = importlib.import_module(simulator)
    labels = balanced_labels(number, len(module.CLASS_NAMES), seed)
    pictures = np.empty((number, size, size, module.CHANNELS), np.uint8)
    requests: list[Request] = [
        {"seed": seed, "size": size, "first": first, "labels": labels[first : first + CHUNK].tolist()}
        for first in range(0, number, CHUNK)
    ]
    if workers is None:
        workers = cores() if len(requests) >= 4 else 1
    with _drawing(simulator, requests, workers) as drawn:
        for chunk, request in zip(drawn, requests, strict=True):
            done = request["first"] + len(request["labels"])
            pictures[request["first"] : done] = chunk.reshape(-1, *pictures.shape[1:])
            if progress is not None:
                progress(done)
    return pictures, labels


def balanced_labels(number: int, classes: int, seed: int) -> Labels:
    """Class numbers in equal shares (one apart where they do not divide), shuffled, (number,)."""
    # No picture has the index `number`, so this stream is no picture's.
    return np.random.default_rng((seed, number)).permutation(np.arange(number, dtype=np.int64) % classes)


def draw(simulator: str, request: Request) -> Pictures:
    """The pictures of a request, one after the other, (pictures, size, size, channels)."""
    module = importlib.import_module(simulator)
    drawn = []
    for index, label in enumerate(request["labels"], start=request["first"]):
        generator = np.random.default_rng((request["seed"], index))
        drawn.append(module.render(module.draw_parameters(generator, label), request["size"]))
    return np.stack(drawn)


def _check(number: int, seed: int, size: int) -> None:
    if number < 1:
        raise CallerError(f"{number} pictures cannot be simulated", "ask for one at least")
    if seed < 0:
        raise CallerError(f"the seed {seed} is negative", "take a seed of 0 or more")
    if not SIZES[0] <= size <= SIZES[1]:
        raise CallerError(f"a picture cannot have {size} pixels a side", f"take {SIZES[0]} to {SIZES[1]}")


@contextmanager
def _drawing(simulator: str, requests: Sequence[Request], workers: int) -> Iterator[Iterator[Pictures]]:
    """The pixels of each request, in order; left early (Ctrl-C, an error of the caller's), nothing goes on drawing."""
    if workers == 1:
        yield (draw(simulator, request) for request in requests)
        return
    with _processes(simulator, min(workers, len(requests))) as processes:
        idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for process in processes:
            idle.put(process)

        def ask(request: Request) -> Pictures:
            process = idle.get()
            try:
                return _answer(process, request)
            finally:
                idle.put(process)

        pool = ThreadPoolExecutor(len(processes))
        try:
            yield pool.map(ask, requests)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _processes(simulator: str, number: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    root = str(ROOT)
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", __name__, simulator],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            process_group=0,  # Ctrl-C is for the caller, who ends them
        )
        for _ in range(number)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _answer(process: subprocess.Popen[bytes], request: Request) -> Pictures:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()
    length = int(process.stdout.readline() or 0)
    pixels = process.stdout.read(length)
    if len(pixels) < length or not length:
        raise RuntimeError(f"a process that draws ended with status {process.wait()}; its own message stands above")
    return np.frombuffer(pixels, np.uint8)


def main() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        pixels = draw(sys.argv[1], json.loads(line)).tobytes()
        sys.stdout.buffer.write(b"%d\n" % len(pixels) + pixels)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
