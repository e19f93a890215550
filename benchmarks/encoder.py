"""Measure SAM's image encoder: the authors' forward pass against this project's, in all its variants, on one machine.

    python benchmarks/encoder.py [--device auto] [--arch vit_b vit_h] [--precision bf16] [--variant upstream kernel+compile …]
        [--batch 8] [--rounds 3] [--seconds 80]

Weights are random. Each variant's output is compared with the authors' in float32 on the same image. *Of the limit* is
the share of what the largest matrix product on this device would allow, with FLOP_PER_IMAGE. A variant that fails
prints its error, and the next one is measured. What `--seconds` does not allow is left out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from segment_anything import sam_model_registry
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from job.models.device import configure, describe, resolve_device
from job.models.image_encoder import How, ImageEncoder

FLOP_PER_IMAGE = {"vit_b": 0.972e12, "vit_l": 2.986e12, "vit_h": 5.961e12}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
VARIANTS: dict[str, How | None] = {
    "upstream": None,
    "kernel+compile": How(attention="kernel", windowed="sliced", compiled=True),
    "kernel+compile, low residual": How(attention="kernel", windowed="sliced", compiled=True, residual=torch.bfloat16),
    "appended+compile": How(attention="appended", windowed="sliced", compiled=True),
    "sliced+compile": How(attention="sliced", windowed="sliced", compiled=True),
    "kernel": How(attention="kernel", windowed="sliced"),
    "appended": How(attention="appended", windowed="sliced"),
    "appended, windows too": How(attention="appended", windowed="appended"),
    "sliced": How(attention="sliced", windowed="sliced"),
}
"""Attention in the whole image and in windows. Upstream runs under autocast, as before."""
ON_CPU = ["upstream", "sliced", "appended", "appended, windows too"]
ON_GPU = {
    torch.float32: ["upstream", "sliced+compile", "appended+compile", "sliced", "appended"],
    torch.bfloat16: [name for name in VARIANTS if "sliced" not in name],
    torch.float16: ["upstream", "kernel+compile", "appended+compile", "kernel", "appended"],
}
PEAK_SIDE = {"cuda": 8192, "cpu": 2048}


def main() -> None:
    """Print a table for each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--arch", nargs="+", default=["vit_b"], choices=FLOP_PER_IMAGE)
    parser.add_argument("--precision", default="fp32", choices=DTYPES)
    parser.add_argument("--variant", nargs="+", choices=VARIANTS)
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=600, help="no variant begins after these")
    parser.add_argument("--peak", type=float, help="TFLOP/s of the limit; by default those of a large product")
    arguments = parser.parse_args()
    device = resolve_device(arguments.device)
    configure(device)
    dtype = DTYPES[arguments.precision]
    print(describe(device))
    peak = (arguments.peak or measured_peak(device, dtype) / 1e12) * 1e12
    print(f"limit: {peak / 1e12:.3g} TFLOP/s in {arguments.precision}")
    deadline = time.perf_counter() + arguments.seconds
    names = arguments.variant or (ON_GPU[dtype] if device.type == "cuda" else ON_CPU)
    for index, arch in enumerate(arguments.arch):
        left = deadline - time.perf_counter()
        share = time.perf_counter() + left / (len(arguments.arch) - index)
        measure_arch(arch, device, dtype, names, arguments.batch, arguments.rounds, peak, share)


@torch.inference_mode()
def measure_arch(
    arch: str,
    device: torch.device,
    dtype: torch.dtype,
    names: list[str],
    batches: list[int],
    rounds: int,
    peak: float,
    deadline: float,
) -> None:
    """Print the rows of one network: each variant in each batch."""
    network = random_encoder(arch, device)
    generator = torch.Generator(device).manual_seed(1)
    images = torch.randn(max(batches), 3, 1024, 1024, generator=generator, device=device)
    expected = network(images[:1])
    free(device)
    print(f"\n{arch}\n{'variant':<28} {'batch':>5} {'images/s':>9} {'of limit':>8} {'CPU s/image':>11} "
          f"{'MiB/image':>9} {'first s':>7} {'max error':>9} {'mean':>9}", flush=True)  # fmt: skip
    # What torch has compiled is forgotten before the next variant, since it limits the versions of one function. So on
    # a GPU, where nothing else runs, each variant is timed at once; on a CPU they alternate.
    groups = [[name] for name in names] if device.type == "cuda" else [names]
    for group in groups:
        for batch in batches:
            torch.compiler.reset()
            if time.perf_counter() > deadline:
                print(f"{', '.join(group)}, batch {batch}: left out for want of time", flush=True)
                continue
            ready = {name: run for name in group if (run := tried(network, dtype, name, images[:batch], expected))}
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in ready}
            for _ in range(rounds):
                for name, (action, _) in ready.items():
                    times[name].append(clocked(action, device))
            for name, (_, notes) in ready.items():
                wall, cpu = (statistics.median(seconds) / batch for seconds in zip(*times[name], strict=True))
                share = FLOP_PER_IMAGE[arch] / wall / peak
                print(f"{name:<28} {batch:>5} {1 / wall:>9.2f} {share:>8.1%} {cpu:>11.3f} {notes}", flush=True)


def tried(
    network: Any, dtype: torch.dtype, name: str, images: Tensor, expected: Tensor
) -> tuple[Callable[[], Tensor], str] | None:
    """Run a variant for the first time; return its forward pass, and notes on memory, start and error. None: failed."""
    device, batch = images.device, len(images)
    free(device)
    try:
        forward = runner(network, dtype, VARIANTS[name], batch)
        wait(device)
        began = time.perf_counter()
        error = (forward(images)[:1].float() - expected).abs() / expected.abs().max()
        wait(device)
        started = time.perf_counter() - began
        memory = peak_memory(lambda: forward(images), device) / batch / (1 << 20)
    except Exception as fault:
        print(f"{name:<28} {batch:>5} {type(fault).__name__}: {str(fault)[:300]!r}", flush=True)
        return None
    notes = f"{memory:>9,.0f} {started:>7.1f} {error.max().item():>9.1e} {error.mean().item():>9.1e}"
    return lambda: forward(images), notes


def runner(network: Any, dtype: torch.dtype, how: How | None, batch: int) -> Callable[[Tensor], Tensor]:
    """Return the forward pass of a variant. It casts copies, so that all share the float32 weights."""
    if how is not None:
        return ImageEncoder(network, dtype, how, batch)
    lower = dtype is not torch.float32

    def upstream(images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, dtype=dtype, enabled=lower):
            return network(images)

    return upstream


def random_encoder(arch: str, device: torch.device) -> Any:
    """Return the authors' encoder with random weights, also for the relative positions, which begin as zeros."""
    torch.manual_seed(0)
    with device:
        network = sam_model_registry[arch]().image_encoder.eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "rel_pos" in name or "pos_embed" in name:
                weight.normal_(std=0.3)
            elif name.endswith("bias"):
                weight.normal_(std=0.1)
    return network


def measured_peak(device: torch.device, dtype: torch.dtype) -> float:
    """Return the FLOP/s of a large matrix product: the best of five."""
    side = PEAK_SIDE[device.type]
    square = torch.randn(side, side, device=device, dtype=dtype)
    clocked(lambda: square @ square, device)
    return max(10 * 2 * side**3 / clocked(lambda: [square @ square for _ in range(10)], device)[0] for _ in range(5))


def clocked(action: Callable[[], Any], device: torch.device) -> tuple[float, float]:
    """Return the wall seconds and the CPU seconds of an action, until the device has done it."""
    wait(device)
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    wait(device)
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_memory(action: Callable[[], Any], device: torch.device) -> float:
    """Return the most bytes of the device that an action takes; 0 on a CPU, where benchmarks.memory_by_model measures them."""
    if device.type != "cuda":
        return 0.0
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    action()
    return torch.cuda.max_memory_allocated(device) - before


def wait(device: torch.device) -> None:
    """Wait until the device has done all work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def free(device: torch.device) -> None:
    """Return memory that is no longer used to the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
