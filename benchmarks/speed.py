"""Compare the job with the loop that a user would write, on the same images and weights, and print a Markdown table.

    python -m benchmarks.speed [--subjects vit_b lite h18s] [--precision fp32 bf16] [--images 2] [--objects 2] …

Both sides run alternately, each in a process of its own: the plain loop in float32 (benchmarks/plain_loop.py), and the
job from the spec to the Parquet files. CPU seconds are those of all threads and child processes; their ratio holds on a
busy machine too. Nothing is written beside a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.agreement import Agreement, compare, job_rows, plain_rows
from benchmarks.markdown import heading, row
from benchmarks.side import Measured, measure
from benchmarks.subjects import EXPERIMENTS, Subject, subject, tasks, write_images, write_spec

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile")
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
"""Flags of a CPU that multiplies bfloat16."""
VERSIONS_OF = ("torch", "segment-anything", "numpy", "opencv-python-headless")


def main() -> int:
    """Print the tables. Return 1 if masks in float32 do not agree."""
    arguments = parsed()
    print_facts(arguments.device)
    agreements: list[Agreement] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_images(root / "data", arguments.images, arguments.objects, arguments.side)
        print(f"\n{arguments.images} images of {arguments.side} × {arguments.side}, {arguments.objects} objects each\n")
        heading("model", "side", "precision", *COLUMNS)
        for name in arguments.subjects:
            experiments = [pair for pair in EXPERIMENTS if "/".join(pair) in arguments.experiments]
            agreements += lines(subject(name, root, experiments), root, arguments)
    print("\nRatios are the plain loop's CPU seconds by the job's. The job's masks against the plain loop's:\n")
    for agreement in agreements:
        print(f"- {agreement}")
    return int(not all(agreement.holds for agreement in agreements if agreement.is_exact))


COLUMNS = (
    "start, CPU s", "work, CPU s", "start, wall s", "work, wall s", "ratio of work", "ratio with start", "wall ratio"
)  # fmt: skip


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--subjects", nargs="+", default=["vit_b", "lite", "h18s"], help="vit_b, vit_h, lite, h18s, h32"
    )
    parser.add_argument("--precision", nargs="+", default=precisions(), help="of the job; the plain loop is fp32")
    parser.add_argument("--device", default="cpu")
    every = ["/".join(pair) for pair in EXPERIMENTS]
    parser.add_argument("--experiments", nargs="+", choices=every, default=every)
    for option, default in (("images", 2), ("objects", 2), ("side", 256), ("rounds", 1)):
        parser.add_argument(f"--{option}", type=int, default=default)
    return parser.parse_args()


def precisions() -> list[str]:
    """Return the precisions that this CPU computes in natively."""
    return ["fp32", "bf16"] if BF16_FLAGS & cpu_flags() else ["fp32"]


def lines(own: Subject, root: Path, arguments: argparse.Namespace) -> Iterator[Agreement]:
    """Measure a model and print a row for each side; yield how the masks of each of the job's runs agree."""
    measured: dict[str, list[Measured]] = {side: [] for side in ("plain", *arguments.precision)}
    folders = {side: root / f"{own.model['name']}-{side}" for side in measured}
    for number in range(arguments.rounds):
        for side, runs in measured.items():
            folder = folders[side] / str(number)
            runs.append(run_side(side, own, folder, root / "data", arguments))
    middle = {side: median(runs) for side, runs in measured.items()}
    for side, result in middle.items():
        name, precision = ("plain loop", "fp32") if side == "plain" else ("job", side)
        row(own.model["name"], name, precision, *cells(result, None if side == "plain" else middle["plain"]))
    expected = plain_rows(folders["plain"] / "0" / "plain.parquet")
    for precision in arguments.precision:
        yield compare(expected, job_rows(folders[precision] / "0" / "results"), f"{own.model['name']}, {precision}")


def run_side(side: str, own: Subject, folder: Path, data: Path, arguments: argparse.Namespace) -> Measured:
    """Run one side once."""
    if side == "plain":
        options = {"subject": own.__dict__, "tasks": tasks(arguments.objects), "device": arguments.device}
        return measure("plain", folder, data=str(data), **options)
    write_spec(folder, data, own, arguments.objects, {"device": arguments.device, "precision": side})
    return measure("job", folder)


def median(runs: Sequence[Measured]) -> Measured:
    """Return the median of each measure."""
    numbers = [field.name for field in fields(Measured) if field.name.endswith(("cpu", "wall"))]
    middle: dict[str, Any] = {name: statistics.median(getattr(run, name) for run in runs) for name in numbers}
    return Measured(**(runs[0].__dict__ | middle))


def cells(result: Measured, plain: Measured | None) -> list[str]:
    """Return the figures of a row; ratios where there is something to compare with."""
    seconds = [result.start_cpu, result.work_cpu, result.start_wall, result.work_wall]
    shown = [f"{value:.1f}" for value in seconds]
    if plain is None:
        return [*shown, "", "", ""]
    ratios = plain.work_cpu / result.work_cpu, plain.cpu / result.cpu, plain.work_wall / result.work_wall
    return [*shown, *(f"{ratio:.2f}" for ratio in ratios)]


def print_facts(device: str) -> None:
    """Print what the figures depend on: date, command, revision, processor, device, versions."""
    import torch

    flags = ", ".join(flag for flag in FLAGS if flag in cpu_flags()) or "none of " + ", ".join(FLAGS)
    print(f"{date.today():%-d %B %Y}, commit {revision()}, started at {time.strftime('%H:%M')}\n")
    print(f"- command: `{shlex.join(['python', '-m', *module_and_options()])}`")
    print(f"- CPU: {cpu_name()}, {os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads; {flags}")
    if device != "cpu" and torch.cuda.is_available():
        print(
            f"- GPU: {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
        )
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in VERSIONS_OF)
    print(f"- Python {platform.python_version()}, {versions}", flush=True)


def module_and_options() -> list[str]:
    """Return the name of the module that runs, and its options."""
    return [f"benchmarks.{Path(sys.argv[0]).stem}", *sys.argv[1:]]


def revision() -> str:
    """Return the revision of the code, if git knows it."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def cpu_flags() -> set[str]:
    """Return the features of the CPU, as Linux names them."""
    return set(_cpu_line("flags").split())


def cpu_name() -> str:
    """Return the model of the CPU."""
    return _cpu_line("model name") or platform.processor()


def _cpu_line(key: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


if __name__ == "__main__":
    sys.exit(main())
