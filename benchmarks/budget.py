"""Measurements within a budget of seconds: each begins while time is left, and what fails or is stopped is printed."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.side import Measured, measure
from benchmarks.subjects import Subject, write_images, write_spec

PEAK_SIDE = {"cuda": 8192, "cpu": 1024}
"""Rows of the matrices whose product shows what a device can do."""


@dataclass(frozen=True)
class Bench:
    """The options, a folder for temporary files, and the time when all must have ended."""

    options: argparse.Namespace
    root: Path
    deadline: float

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.deadline - time.monotonic()

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """Do a part of the work; if it fails, or time runs out, print so and go on."""
        try:
            yield
        except subprocess.TimeoutExpired:
            print(f"\n{what}: stopped, for the budget ended", flush=True)
        except (RuntimeError, subprocess.CalledProcessError) as error:
            print(f"\n{what}: failed: {str(error)[-1500:]}", flush=True)

    def data(self, count: int) -> Path:
        """Return a folder with so many images, which are drawn once."""
        folder = self.root / f"data{count}"
        if not folder.is_dir():
            write_images(folder, count, 1, self.options.side)
        return folder

    def job(self, own: Subject, precision: str, images: int) -> Measured:
        """Run the study of a model on so many images."""
        folder = Path(tempfile.mkdtemp(dir=self.root))
        execution = {"device": self.options.device, "precision": precision}
        write_spec(folder, self.data(images), own, 1, execution)
        return measure("job", folder, self.left)

    def script(self, module: str, *arguments: str) -> None:
        """Run another benchmark, and let it print."""
        command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *arguments]
        print(f"`python -m benchmarks.{module} {' '.join(arguments)}`\n\n```", flush=True)
        with self.attempt(module), subprocess.Popen(command, start_new_session=True) as process:
            try:
                if process.wait(max(1.0, self.left)):
                    raise RuntimeError(f"exit code {process.returncode}")
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # with the processes that it started
                print("```", flush=True)


def peak(device: str, precision: str) -> float:
    """Return the FLOP/s of a large matrix product on random numbers: the best of five times ten."""
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    side = PEAK_SIDE[device[:4]]
    square, best = torch.randn(side, side, device=device).to(dtype), 0.0
    for _ in range(6):
        wait(device)
        began = time.perf_counter()
        for _ in range(10):
            square @ square
        wait(device)
        best = max(best, 10 * 2 * side**3 / (time.perf_counter() - began))
    return best


def wait(device: str) -> None:
    """Wait until the device has done all work."""
    if device != "cpu":
        torch.cuda.synchronize()
