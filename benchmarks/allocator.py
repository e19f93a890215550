"""Measure how much time keeping freed memory saves on a CPU: encode the same image in processes with and without it.

python benchmarks/allocator.py [--images 4] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

CHILD = """
import sys, time, numpy as np, resource
from job import storage
from job.models import allocator
from job.models.registry import build
from job.models.families.lite_medsam import LiteMedSam
import torch
if sys.argv[1] == "keep":
    allocator.keep_freed_memory()
spec = LiteMedSam(name="lite", family="lite_medsam")
model = build(spec, storage.local_path(spec.checkpoint), torch.device("cpu"), "fp32")
image = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
model.encode([model.prepare(image)])
began = time.perf_counter()
for _ in range(int(sys.argv[2])):
    model.encode([model.prepare(image)])
seconds = (time.perf_counter() - began) / int(sys.argv[2])
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(kind: str, images: int) -> tuple[float, float]:
    """Return seconds per image and peak memory in MiB of a fresh process."""
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, kind, str(images)], check=True, capture_output=True, text=True
    ).stdout
    seconds, peak = out.split()[-2:]
    return float(seconds), float(peak)


def main() -> None:
    """Print the median time and peak memory of each setting, and the ratio of the times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    runs: dict[str, list[tuple[float, float]]] = {"default": [], "keep": []}
    for _ in range(arguments.rounds):
        for kind, measurements in runs.items():
            measurements.append(measure(kind, arguments.images))
    medians = {kind: [statistics.median(column) for column in zip(*rows, strict=True)] for kind, rows in runs.items()}
    for kind, (seconds, peak) in medians.items():
        print(f"{kind:<8} {seconds:.3f} s/image, peak {peak:.0f} MiB")
    print(f"ratio    {medians['default'][0] / medians['keep'][0]:.2f}")


if __name__ == "__main__":
    main()
