"""Run a study of 12 small images and of one of 9, 25 and 100 MP each under memory limits, and show what becomes of it.

    PYTHONPATH=. python benchmarks/memory_limits.py [--gib 2 4 6]

The limit is RLIMIT_DATA, set by prlimit, as no control group can be made without root. The study has shipped weights:
LiteMedSAM with boxes, LiteMedSAM with clicks, RITM (HRNet18s). All ends with 3, as errors are in the ledger.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

SPEC = """\
study: memory
output: {output}
datasets:
  - name: Discs
    modality: synthetic
    images: {data}/images/*.png
    masks: {data}/masks/{{name}}
    patient: "{{image}}"
    tasks: {{disc: 1}}
models:
  - {{name: lite, family: lite_medsam}}
  - {{name: clicks, family: lite_medsam_clicks}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "package://job/models/weights/ritm_h18s_demo.safetensors"}}
prompts:
  - {{models: [lite], modes: [whole_box]}}
  - {{models: [clicks, ritm], clicks: {{protocol: ritm, max: 2}}}}
execution: {{device: cpu}}
"""
SIDES = {f"small{number:02}": 256 for number in range(12)} | {"mp009": 3072, "mp025": 5120, "mp100": 10_000}


def main() -> None:
    """Print a row for each limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, nargs="+", default=[2, 4, 6])
    limits = parser.parse_args().gib
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        draw(data)
        print(
            "| limit, GiB | exit | seconds | largest resident, MiB | small images done | large images done | errors |"
        )
        print("|---|---|---|---|---|---|---|", flush=True)
        for limit in limits:
            run(Path(folder) / f"under{limit:g}", data, limit)


def draw(data: Path) -> None:
    """Draw a disc in each image."""
    for kind in ("images", "masks"):
        (data / kind).mkdir(parents=True)
    for name, side in SIDES.items():
        mask = cv2.circle(np.zeros((side, side), np.uint8), (side // 2, side // 2), side // 8, 1, -1)
        ramp = (np.arange(side) * 100 // side).astype(np.uint8)
        cv2.imwrite(str(data / "images" / f"{name}.png"), 100 * mask + ramp)
        cv2.imwrite(str(data / "masks" / f"{name}.png"), mask)


def run(folder: Path, data: Path, limit: float) -> None:
    """Run the study under one limit and print its row, then the errors of the ledger."""
    folder.mkdir()
    spec, began = folder / "study.yaml", time.monotonic()
    spec.write_text(SPEC.format(output=folder / "results", data=data))
    command = ["prlimit", f"--data={int(limit * (1 << 30))}", sys.executable, "-m", "job", str(spec)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    (folder / "log").write_text(done.stdout + done.stderr)
    rows = pq.read_table(folder / "results/iou").to_pylist()
    episodes = Counter((row["image"][:5], row["model"]) for row in rows if row["step"] == 1)
    errors = [row for row in pq.read_table(folder / "results/excluded").to_pylist() if row["kind"] == "error"]
    small = ", ".join(f"{model} {number}" for (image, model), number in sorted(episodes.items()) if image == "small")
    large = ", ".join(f"{model} {image[2:]} MP" for image, model in sorted(episodes) if image != "small")
    print(
        f"| {limit:g} | {done.returncode} | {time.monotonic() - began:.0f} | {peak:,.0f} | {small} | {large} |", end=""
    )
    print(f" {len(errors)} |", flush=True)
    for row in errors:
        print(f"    {row['image']}: {row['reason']}: {row['detail']}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
