"""Measure whether peak memory grows with the number of slices. Each number is measured in a process of its own.

    PYTHONPATH=. python benchmarks/memory.py [--slices 200 2000] [--models fake lite_medsam ritm]
        [--embeddings none stored read] [--only predict]

The model `fake` is fast and has no weights, so any growth is in plan, chunks, reading ahead, results or statistics; the
others are LiteMedSAM and RITM as shipped. embeddings: `none` keeps no encodings, `stored` stores each, `read` reads
those that a run before stored, outside of the measurement.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.cases import GENERATED, write_generated

RITM = "ritm, arch: hrnet18s, checkpoint: 'package://job/models/weights/ritm_h18s_demo.safetensors'"
FAMILIES = {"fake": "lite_medsam", "lite_medsam": "lite_medsam", "ritm": RITM}
MODES, CLICK = "modes: [whole_box, each_box]", "clicks: {{protocol: ritm, max: 1}}"
EMBEDDINGS = ("none", "stored", "read")


def main() -> None:
    """Print a line for each model, use of embeddings, and number of slices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--models", nargs="+", choices=FAMILIES, default=["fake"])
    parser.add_argument("--embeddings", nargs="+", choices=EMBEDDINGS, default=["none"])
    parser.add_argument("--only", choices=["predict"], help="leave the statistics out")
    chosen = parser.parse_args()
    options = ["--only", chosen.only] if chosen.only else []
    for model in chosen.models:
        for embeddings in chosen.embeddings if model != "ritm" else ["none"]:  # RITM has no encodings
            for slices in chosen.slices:
                with tempfile.TemporaryDirectory() as folder:
                    spec = _spec(Path(folder), model, embeddings, slices)
                    command = _command(model, spec, options)
                    if embeddings == "read":
                        _run([*command, "--output", f"{folder}/before"])
                    # In a process of its own, because RUSAGE_CHILDREN covers all earlier children of a process.
                    print(f"{model}, embeddings {embeddings}, {slices} slices: ", end="", flush=True)
                    subprocess.run([sys.executable, __file__, "--measure", *command], check=True)


def measure(command: Sequence[str]) -> None:
    """Run a command, and print its peak memory and its seconds."""
    began = time.monotonic()
    _run(command)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = f"{time.monotonic() - began:.0f} s, {used.ru_utime + used.ru_stime:.0f} CPU seconds"
    print(f"peak {used.ru_maxrss / 1024:,.0f} MiB, {seconds}", flush=True)


def _spec(folder: Path, model: str, embeddings: str, slices: int) -> str:
    """Write a study of generated images, one of each patient, in chunks of 64."""
    changes = {
        "patients: 6, slices: 2": f"patients: {slices}",
        "  - name: lite\n    family: lite_medsam\n": f"  - {{{{name: lite, family: {FAMILIES[model]}}}}}\n",
        "chunk: 4": "chunk: 64" + (f", embeddings: {folder}/embeddings" if embeddings != "none" else ""),
        MODES: CLICK if model == "ritm" else MODES,
    }
    text = GENERATED
    for old, new in changes.items():
        text = text.replace(old, new)
    return str(write_generated(folder, text))


def _command(model: str, spec: str, options: Sequence[str]) -> list[str]:
    module = "tests.worker.fake_worker" if model == "fake" else "job"
    return [sys.executable, "-m", module, spec, *options]


def _run(command: Sequence[str]) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2:])
    else:
        main()
