"""Measure the memory that each family of models takes by image size, on a CPU. Weights are random.

    python -m benchmarks.memory_by_model [--families ritm-hrnet18s …] [--megapixels 0.0625 1 4 9] [--requests 1 32]

Each row is measured in a process of its own: what the loaded model holds, and the highest that encoding one image and
answering so many requests on it, with three candidates where the model has them, take beyond that.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.hub_networks import HUB

MIB = 1 << 20


def main() -> None:
    """Print a row of the table for each family, size and number of requests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="+", default=list(BUILDERS))
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.0625, 1, 4, 9])
    parser.add_argument("--requests", type=int, nargs="+", default=[1])
    arguments = parser.parse_args()
    print("| model | MP | requests | loaded | encode | predict | encode, reckoned | predict, reckoned | seconds |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for family in arguments.families:
        for megapixels in arguments.megapixels:
            for requests in arguments.requests:
                row = [family, str(megapixels), str(requests)]
                subprocess.run([sys.executable, "-m", "benchmarks.memory_by_model", "--measure", *row], check=False)


def measure(family: str, megapixels: float, requests: int) -> None:
    """Print one row: resident memory of the loaded model, then the peaks of both steps beyond it."""
    import torch

    from job.models.device import configure

    configure(torch.device("cpu"))
    model, began = BUILDERS[family](), time.monotonic()
    side = round(1024 * math.sqrt(megapixels))
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    held_by_model = held()
    (encoded,) = model.encode([model.prepare(image)])
    encode, before = peak() - held_by_model, held()
    model.predict([request(model, encoded, offset) for offset in range(requests)])
    predict = peak() - before
    need = model.needs(side, side)
    figures = (held_by_model, encode, predict, need.encode / MIB, need.predict(requests) / MIB)
    row = " | ".join(f"{figure:,.0f}" for figure in (*figures, time.monotonic() - began))
    print(f"| {family} | {megapixels:g} | {requests} | {row} |", flush=True)


def held() -> float:
    """Return freed memory to the kernel, begin a new peak there, and return the resident memory in MiB."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> float:
    """Return the highest resident memory since `held`, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def request(model: Any, encoded: Any, offset: int) -> Any:
    """Return a request of the costliest form: points and several candidates where the model takes them."""
    from job.models.protocol import Request

    points = model.capabilities.points
    return Request(
        image=encoded,
        points_N2=np.array([[8 + offset, 8]] if points else [], np.int32).reshape(-1, 2),
        labels_N=np.ones(int(points), np.int32),
        box_4=None if points else np.array([4, 4, 30 + offset, 30], np.int32),
        multimask=model.capabilities.multimask,
    )


def lite_medsam(family: str) -> Callable[[], Any]:
    """Return a builder of LiteMedSAM, with or without clicks."""

    def build() -> Any:
        import torch

        from job.models.device import Device
        from job.models.lite_medsam import LiteMedSamModel, build_lite_medsam
        from job.study.families import installed_family

        capabilities = installed_family(family).capabilities
        return LiteMedSamModel(build_lite_medsam(), capabilities=capabilities, device=Device.of(torch.device("cpu")))

    return build


def sam_vit_b() -> Any:
    """Build SAM ViT-B."""
    import torch

    from job.models.device import Device
    from job.models.families.sam import CAPABILITIES
    from job.models.sam import SamModel, build_sam

    device = Device.of(torch.device("cpu"))
    return SamModel(build_sam("vit_b"), capabilities=CAPABILITIES, device=device)


def ritm(arch: str) -> Callable[[], Any]:
    """Return a builder of RITM."""

    def build() -> Any:
        import torch

        from job.models.device import Device
        from job.models.ritm.architecture import ARCHITECTURES
        from job.models.ritm.folded import folded
        from job.models.ritm.model import ritm_model
        from job.models.ritm.network import RitmNetwork

        return ritm_model(folded(RitmNetwork(ARCHITECTURES[arch])), Device.of(torch.device("cpu")))

    return build


def simpleclick(arch: str) -> Callable[[], Any]:
    """Return a builder of SimpleClick."""

    def build() -> Any:
        import torch

        from job.models.device import Device
        from job.models.simpleclick.architecture import ARCHITECTURES
        from job.models.simpleclick.model import simpleclick_model
        from job.models.simpleclick.network import SimpleClickNetwork

        return simpleclick_model(SimpleClickNetwork(ARCHITECTURES[arch]), Device.of(torch.device("cpu")))

    return build


BUILDERS: dict[str, Callable[[], Any]] = {
    "lite_medsam": lite_medsam("lite_medsam"),
    "lite_medsam_clicks": lite_medsam("lite_medsam_clicks"),
    "sam-vit_b": sam_vit_b,
    "ritm-hrnet18s": ritm("hrnet18s"),
    "ritm-hrnet18": ritm("hrnet18"),
    "ritm-hrnet32": ritm("hrnet32"),
    "simpleclick-vit_b": simpleclick("vit_b"),
    "simpleclick-vit_l": simpleclick("vit_l"),
    "simpleclick-vit_h": simpleclick("vit_h"),
    **HUB,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
