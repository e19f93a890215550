"""What a stored encoding saves: CPU seconds of encoding images, of storing them, and of reading them instead.

    PYTHONPATH=. python benchmarks/embeddings.py [--images 2] [--models lite_medsam vit_b]

Both in one run on one thread, so that the ratio holds on a busy machine. ViT-B has random weights, which cost the same.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch

from job.models import registry
from job.models.device import configure, describe
from job.models.embedding import SUFFIX
from job.models.families.lite_medsam import LiteMedSam
from job.models.families.sam import Sam
from job.models.known_weights import lite_medsam_checkpoint
from job.models.protocol import EncodedImage, Image, PromptableModel
from job.models.sam import build_sam
from job.storage import BoundedFolder
from job.worker.embeddings import Embeddings

CPU = torch.device("cpu")
SIDE = 512


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--models", nargs="+", choices=["lite_medsam", "vit_b"], default=["lite_medsam", "vit_b"])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    configure(CPU)
    facts = describe(CPU)
    print(f"{facts['device_name']}, torch {facts['torch']}; CPU seconds an image of {SIDE} x {SIDE}")
    numbers = np.random.default_rng(0)
    images = [numbers.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8) for _ in range(chosen.images)]
    for name in chosen.models:
        _measure(name, _model(name), images)


def _measure(name: str, model: PromptableModel, images: Sequence[Image]) -> None:
    model.encode([model.prepare(images[0])])  # the first call prepares kernels
    with tempfile.TemporaryDirectory() as folder:
        seconds, encoded = [time.process_time()], list[EncodedImage]()
        for image in images:
            encoded += model.encode([model.prepare(image)])
        seconds.append(time.process_time())
        for _ in range(2):  # the first finds nothing and stores, the second finds all
            _look_up(folder, images, encoded)
            seconds.append(time.process_time())
        size = max(path.stat().st_size for path in Path(folder).iterdir())
    encode, store, read = (float(step) / len(images) for step in np.diff(seconds))
    print(f"{name}: encode {encode:.3f}, store {store:.3f}, read {read:.3f} ({encode / read:.0f} x), {size:,} bytes")


def _look_up(folder: str, images: Sequence[Image], encoded: Sequence[EncodedImage]) -> None:
    """Look images up in a new process's way, and store those that are missing."""
    with ThreadPoolExecutor(1) as readers, ThreadPoolExecutor(1) as writers:
        open_folder = partial(BoundedFolder, folder, SUFFIX, 10**12)
        embeddings = Embeddings({"model": ""}, CPU, open_folder, Counter(), readers, writers)
        for look, image in zip(embeddings.look_up("model", [[image] for image in images]), encoded, strict=True):
            if look.encoded is None:
                embeddings.keep(look, [image])
        embeddings.finish()


def _model(name: str) -> PromptableModel:
    if name == "lite_medsam":
        spec = LiteMedSam(name=name, family="lite_medsam")
        return registry.build(spec, lite_medsam_checkpoint(), CPU, "fp32")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vit_b.pth"
        torch.save(build_sam("vit_b").state_dict(), path)
        return registry.build(Sam(name=name, family="sam", arch="vit_b", checkpoint=str(path)), path, CPU, "fp32")


if __name__ == "__main__":
    main()
