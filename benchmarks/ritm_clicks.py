"""Measure RITM's time per click, with one object at a time and with many together.

    python benchmarks/ritm_clicks.py [--objects 8] [--clicks 4] [--rounds 3]

The weights are random, because the time does not depend on them. Each object has a random image of 256 x 256; the
clicks are near its centre.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

import numpy as np
import torch

from job.models.device import Device, configure, describe, resolve_device
from job.models.protocol import EncodedImage, Request
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.model import RitmModel
from job.models.ritm.network import RitmNetwork

SIDE = 256


def trajectory(model: RitmModel, images: list[EncodedImage], clicks: int) -> None:
    """Click all images together, `clicks` times, each with its own previous mask."""
    previous = [None] * len(images)
    points = [
        np.array([(128 + 5 * step, 128 - 7 * step) for step in range(count)], np.int32) for count in range(clicks + 1)
    ]
    for step in range(1, clicks + 1):
        labels = np.ones(step, np.int32)
        requests = [
            Request(image=image, points_N2=points[step], labels_N=labels, mask_input=previous[index])
            for index, image in enumerate(images)
        ]
        previous = [prediction.mask_inputs_C[0] for prediction in model.predict(requests)]


def seconds(action) -> float:
    """Return the seconds of one call."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def main() -> None:
    """Print a row for each network: seconds per click for both settings, and their ratio."""
    parser = argparse.ArgumentParser()
    for name, default in (("objects", 8), ("clicks", 4), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    clicks = arguments.clicks
    device = resolve_device("auto")
    configure(device)
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8) for _ in range(arguments.objects)]
    print({"cores": os.cpu_count(), **describe(device)})
    print(f"{'network':<10} {'one at a time, s/click':>23} {'together, s/click':>18} {'ratio':>6}")
    for arch in ("hrnet18s", "hrnet32"):
        torch.manual_seed(0)
        model = RitmModel(RitmNetwork(ARCHITECTURES[arch]), Device.of(device))
        images = model.encode(pixels)
        trajectory(model, images[:1], 1)  # warm-up
        per_click = 1 / (arguments.objects * clicks)
        singles, together = [], []
        for _ in range(arguments.rounds):  # alternately, so that a machine that slows down affects both
            singles.append(per_click * seconds(lambda: [trajectory(model, [image], clicks) for image in images]))  # noqa: B023
            together.append(per_click * seconds(lambda: trajectory(model, images, clicks)))  # noqa: B023
        single_s, together_s = statistics.median(singles), statistics.median(together)
        print(f"{arch:<10} {single_s:>23.3f} {together_s:>18.3f} {single_s / together_s:>6.2f}")


if __name__ == "__main__":
    main()
