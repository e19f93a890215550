"""Measure how much of a study's time is not the networks': reading, prompts, scores, storage, and all that is between.

    python -m benchmarks.overhead [--subjects vit_b lite h18s] [--images 4] [--side 256] [--device cpu]

The networks' time is that of the stage `encode` and of the outermost calls of torch modules in the stage `predict`:
prompt and mask decoder of SAM, all of RITM's network. What is left of the evaluation's wall time is overhead, among it
the upscaling of masks, counting, choosing. The first images of a study may warm up what the others use.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from benchmarks.markdown import heading, row
from benchmarks.side import Watch, job
from benchmarks.speed import print_facts
from benchmarks.subjects import subject, write_images, write_spec

IMAGE_ENCODERS = {"TinyViT", "ImageEncoderViT"}
"""Their time is that of the stage `encode`."""


class Inside:
    """Seconds inside the outermost calls of modules other than image encoders."""

    def __init__(self) -> None:
        self.seconds, self._depth, self._began = 0.0, 0, 0.0

    def enter(self, *_: Any) -> None:
        """Begin a call."""
        self._depth += 1
        if self._depth == 1:
            self._began = time.perf_counter()

    def leave(self, module: Any, *_: Any) -> None:
        """End a call."""
        self._depth -= 1
        if self._depth == 0 and type(module).__name__ not in IMAGE_ENCODERS:
            self.seconds += time.perf_counter() - self._began


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", nargs="+", default=["vit_b", "lite", "h18s"])
    parser.add_argument("--device", default="cpu")
    for option, default in (("images", 4), ("side", 256)):
        parser.add_argument(f"--{option}", type=int, default=default)
    options = parser.parse_args()
    print_facts(options.device)
    inside = Inside()
    register_module_forward_pre_hook(inside.enter)
    register_module_forward_hook(inside.leave, always_call=True)
    heading("network", "images", "evaluation, s", "encode, s", "decoder or RITM's network, s", "overhead")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_images(root / "data", options.images, 1, options.side)
        for name in options.subjects:
            own, place = subject(name, root), Path(tempfile.mkdtemp(dir=root))
            write_spec(place, root / "data", own, 1, {"device": options.device, "precision": "fp32"})
            inside.seconds = 0.0
            seconds = job(Watch(time.time()), place).stages
            evaluation = sum(seconds.values()) - seconds["load models"] - seconds.get("plan", 0.0)
            encode = seconds.get("encode", 0.0)
            share = 1 - (encode + inside.seconds) / evaluation
            row(name, options.images, f"{evaluation:.1f}", f"{encode:.1f}", f"{inside.seconds:.1f}", f"{share:.1%}")


if __name__ == "__main__":
    main()
