"""Measure whether peak memory grows with the number of slices. Each number is measured in a process of its own.

    python benchmarks/memory.py [--slices 200 2000]

The model is a fast fake without weights, so any growth is in plan, chunks, results or statistics.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.cases import GENERATED, write_generated


def main() -> None:
    """Print a line for each number of slices."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, nargs="+", default=[200, 2000])
    for slices in parser.parse_args().slices:
        # In a process of its own, because RUSAGE_CHILDREN covers all earlier children of a process.
        subprocess.run([sys.executable, __file__, "--measure", str(slices)], check=True)


def measure(slices: int) -> None:
    """Run one study and print its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        text = GENERATED.replace("patients: 6, slices: 2", f"patients: {slices}").replace("chunk: 4", "chunk: 64")
        spec, began = write_generated(Path(folder), text), time.monotonic()
        command = [sys.executable, "-m", "tests.worker.fake_worker", spec]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{slices} slices: peak {peak:,.0f} MiB, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]))
    else:
        main()
