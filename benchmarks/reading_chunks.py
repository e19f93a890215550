"""Reading a chunk with one thread and with several: wall and CPU seconds: `python -m benchmarks.reading_chunks`.

Writes chunks of 64 images with a mask each, of noise and blobs in the forms of `benchmarks.reading`, and reads each chunk as a
run does. The ways take turns within one process, so that their ratio holds on a busy machine.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.reading import FORMS, SIDE
from job import processors
from job.plan.make import make
from job.storage import InputCache
from job.study import loads
from job.worker.read_chunk import read_chunk
from job.worker.side_by_side import Readers

IMAGES = 64
REPEATS = 5
SPEC = """\
study: reading
output: {folder}/results
datasets:
  - name: D
    modality: M
    images: {folder}/images/*.{image}
    masks: {folder}/masks/{{stem}}.{mask}
    tasks: {{object: any}}
    intensity: {{percentiles: [0.5, 99.5]}}
models: [{{name: lite, family: lite_medsam}}]
prompts: [{{modes: [whole_box]}}]
execution: {{device: cpu, chunk: 64}}
"""


def main() -> None:
    """Print a table: seconds a chunk, alone and side by side."""
    count = max(2, processors.usable())
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, {count} threads, {SIDE} px"
    )
    print(f"{'64 images and masks':44} {'alone s':>8} {'CPU s':>7} {'threads s':>10} {'CPU s':>7} {'times':>6}")
    rng = np.random.default_rng(0)
    for name, write in FORMS.items():
        if "NIfTI" in name:
            continue  # a volume is one unit
        with tempfile.TemporaryDirectory() as folder:
            alone, together = _measured(Path(folder), *_written(Path(folder), write, rng), count)
        figures = (
            f"{alone[0]:8.2f} {alone[1]:7.2f} {together[0]:10.2f} {together[1]:7.2f} {alone[0] / together[0]:6.2f}"
        )
        print(f"{name:44} {figures}", flush=True)


def _written(
    folder: Path, write: Callable[[Path, np.random.Generator], tuple[str, str]], rng: np.random.Generator
) -> tuple[str, str]:
    """Write the images and masks; return the endings of their names."""
    image, mask = write(folder, rng)
    for kind, ending in (("image", image), ("mask", mask)):
        (folder / f"{kind}s").mkdir()
        for number in range(IMAGES):
            shutil.copy(folder / f"{kind}.{ending}", folder / f"{kind}s/{number:02}.{ending}")
    return image, mask


def _measured(folder: Path, image: str, mask: str, count: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the median wall and CPU seconds of reading alone, and with threads."""
    spec = loads(SPEC.format(folder=folder, image=image, mask=mask))
    cache = InputCache(folder / "cache", 1 << 30)
    (chunk,) = make(spec, cache).chunks
    with ThreadPoolExecutor(count) as pool:
        ways = (None, Readers(pool=pool, count=count))
        times: tuple[list[tuple[float, float]], ...] = ([], [])
        for _ in range(REPEATS):
            for way, of_way in zip(ways, times, strict=True):
                wall, cpu = time.monotonic(), time.process_time()
                content = read_chunk(spec, cache, chunk, readers=way)
                of_way.append((time.monotonic() - wall, time.process_time() - cpu))
                if len(content.samples) != IMAGES:
                    raise ValueError(f"{image}: {content.left_out}")
    alone, together = (tuple(median(column) for column in zip(*of_way, strict=True)) for of_way in times)
    return (alone[0], alone[1]), (together[0], together[1])


if __name__ == "__main__":
    main()
