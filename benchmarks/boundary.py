"""Measure how many objects per second get all boundary metrics: cropped and uncropped, by a tree of contour elements and
by distance transforms, in one thread, in threads and in processes, side by side.

    python benchmarks/boundary.py [--objects 40] [--rounds 3]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
from scipy.ndimage import distance_transform_edt

from job.metrics import contours
from job.metrics.contours import Contour, Mask, MaskPair
from job.metrics.registry import METRICS
from job.results import run_lengths

SIZES = ((256, 25), (512, 70), (1024, 150))
"""Side of the image and radius of the object, px."""
SPACING = (0.7, 0.7)
Stored = tuple[str, str, int]
"""Run-lengths of truth and prediction, and the side of the image."""


class Uncropped(MaskPair):
    """The whole image, with background on all sides."""

    @cached_property
    def cropped(self) -> tuple[Mask, Mask]:
        """Both masks, with a margin alone."""
        return np.pad(self.truth_HW, 1), np.pad(self.prediction_HW, 1)


class Transformed(MaskPair):
    """Cropped; each distance is read from a distance transform of the other contour."""

    @cached_property
    def contours(self) -> tuple[Contour, Contour]:
        """Both contours with their distances."""
        truth, prediction = (contours._elements(mask_HW, self.spacing) for mask_HW in self.cropped)
        shape = tuple(length - 1 for length in self.cropped[0].shape)
        return self._transformed(truth, prediction, shape), self._transformed(prediction, truth, shape)

    def _transformed(self, own: Any, other: Any, shape: tuple[int, ...]) -> Contour:
        free_HW = np.ones(shape, np.bool_)
        free_HW[tuple(other[0].T)] = False
        distances_N = distance_transform_edt(free_HW, sampling=self.spacing)[tuple(own[0].T)]
        order_N = np.lexsort((own[1], distances_N))
        return Contour(distances_N[order_N], own[1][order_N])


def flower(side: int, radius: int, shift: float) -> Mask:
    """Draw an object with five lobes."""
    y, x = np.mgrid[:side, :side] - side / 2
    angle = np.arctan2(y, x - shift)
    return np.asarray(np.hypot(y, x - shift) < radius * (1 + 0.15 * np.sin(5 * angle + shift)))


def stored(side: int, radius: int, objects: int) -> list[Stored]:
    """Return objects and predictions as the tables hold them."""
    truth = run_lengths.encode(flower(side, radius, 0))
    return [
        (truth, run_lengths.encode(flower(side, radius, 1 + index * radius / 2 / objects)), side)
        for index in range(objects)
    ]


def score(pair: Stored, kind: type[MaskPair] = MaskPair) -> list[float | None]:
    """Decode a truth and a prediction, and compute every metric."""
    truth, prediction, side = pair
    masks = kind(run_lengths.decode(truth, side, side), run_lengths.decode(prediction, side, side), SPACING)
    return [metric.value(masks, 2.0) for metric in METRICS.values()]


def main() -> None:
    """Print the median objects per second of each way, by size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--objects", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cores = os.cpu_count() or 1
    spawn = multiprocessing.get_context("spawn")
    with ThreadPoolExecutor(cores) as threads, ProcessPoolExecutor(cores, mp_context=spawn) as processes:
        ways: dict[str, Callable[[list[Stored]], Iterable[Any]]] = {
            "cropped": lambda pairs: map(score, pairs),
            "uncropped": lambda pairs: (score(pair, Uncropped) for pair in pairs),
            "transforms": lambda pairs: (score(pair, Transformed) for pair in pairs),
            f"{cores} threads": lambda pairs: threads.map(score, pairs),
            f"{cores} processes": lambda pairs: processes.map(score, pairs),
        }
        print(f"{'side':>5} {'radius':>6} " + " ".join(f"{way:>12}" for way in ways))
        for side, radius in SIZES:
            pairs = stored(side, radius, arguments.objects)
            expected = [list(way(pairs)) for way in ways.values()]  # warm up; all ways agree
            assert all(np.allclose(np.array(values, float), expected[0]) for values in expected)  # noqa: S101
            rates: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(arguments.rounds):
                for name, way in ways.items():
                    began = time.perf_counter()
                    list(way(pairs))
                    rates[name].append(len(pairs) / (time.perf_counter() - began))
            print(f"{side:>5} {radius:>6} " + " ".join(f"{statistics.median(rates[way]):>10.0f}/s" for way in ways))


if __name__ == "__main__":
    main()
