"""The resources of this machine, and the versions and the device that a run records."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from typing import Any

import numpy as np

from utils.base.paths import ROOT


def cores() -> int:
    """Number of cores that this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "pandas")


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that determine the results."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def device() -> dict[str, Any]:
    """The device of the training: its `kind` (cpu or gpu), its `name` and the number of `threads` (cores)."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return {"kind": "gpu", "name": details.get("device_name", "unknown"), "threads": cores()}
    return {"kind": "cpu", "name": platform.machine(), "threads": cores()}


def commit() -> str | None:
    """The commit of this checkout, with `-dirty` if files were changed; None outside a checkout."""
    if not (ROOT / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def peak_megabytes() -> float | None:
    """Peak resident memory of this process in MB; None if the system does not report it (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


PACE_SIDE, PACE_PRODUCTS = 384, 60


def limit_threads(threads: int) -> None:
    """Limit TensorFlow, OpenCV and BLAS to a number of threads; must be called before TensorFlow computes anything."""
    import importlib.util

    import tensorflow as tf
    import threadpoolctl

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    threadpoolctl.threadpool_limits(threads)
    if importlib.util.find_spec("cv2"):
        import cv2

        cv2.setNumThreads(threads)


def pace() -> float:
    """Seconds that a fixed loop of matrix products takes on this machine now.

    The times of two runs of the same training have about the ratio of their paces, on any machine and under any load.
    """
    matrix = np.random.default_rng(0).standard_normal((PACE_SIDE, PACE_SIDE)).astype("float32") / PACE_SIDE
    product = matrix
    start = time.perf_counter()
    for _ in range(PACE_PRODUCTS):
        product = matrix @ product + matrix
    return time.perf_counter() - start
