"""What each family of models costs on the CPU: seconds an image, and seconds a click.

    python -m benchmarks.families [--objects 8] [--models sam-vit_b ritm-hrnet18s …]

Networks have random weights, which cost the same. Each answers for an image of 512 x 512 with so many objects at once,
three clicks each, with the mask fed back where the model takes one; models without points get a box instead. CPU seconds
of all threads, so that the figures hold on a busy machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.memory_by_model import BUILDERS
from job.models.device import configure, describe
from job.models.protocol import EncodedImage, PromptableModel, Request
from job.testing import built, encode, make_request, random_image

CPU = torch.device("cpu")
SIDE = 512
CLICKS = 3
REPVIT = {
    "model_type": "timm_wrapper",
    "architecture": "repvit_m1.dist_in1k",
    "num_classes": 2,
    "model_args": {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]},
}
"""EdgeTAM's encoder as published; the package's default is another."""


def hub(family: str, network: str, processor: str, **config: Any) -> Callable[[], PromptableModel]:
    """Return a builder of a network of `transformers` with its default configuration, by way of a folder.

    config: what differs from the default.
    """

    def build() -> PromptableModel:
        import transformers

        network_config = getattr(transformers, f"{network}Config")(**config)
        with tempfile.TemporaryDirectory() as folder:
            getattr(transformers, f"{network}Model")(network_config).save_pretrained(folder)
            images = getattr(transformers, f"{processor}ImageProcessor")()
            Path(folder, "preprocessor_config.json").write_text(images.to_json_string())
            return built({"name": family, "family": family, "checkpoint": folder})

    return build


MODELS: dict[str, Callable[[], PromptableModel]] = {
    **BUILDERS,
    "sam2-hiera_tiny": hub("sam2", "Sam2", "Sam2"),
    "hq_sam-vit_b": hub("hq_sam", "SamHQ", "Sam"),
    "edgetam": hub("edgetam", "EdgeTam", "Sam2", vision_config={"backbone_config": REPVIT}),
}


def main() -> None:
    """Print a row of the table for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=8)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    chosen = parser.parse_args()
    configure(CPU)
    facts = describe(CPU)
    print(f"{facts['device_name']}, torch {facts['torch']}, {facts['threads']} threads, {chosen.objects} objects\n")
    print("| model | CPU s an image | CPU s a click |\n|---|---:|---:|", flush=True)
    for name in chosen.models:
        with torch.inference_mode():
            image, click = measure(MODELS[name](), chosen.objects)
        print(f"| {name} | {image:.2f} | {click:.3f} |", flush=True)


def measure(model: PromptableModel, objects: int) -> tuple[float, float]:
    """Return the CPU seconds of encoding one image, and those of a click of one object."""
    image = random_image(SIDE, SIDE)
    encode(model, image)  # the first call prepares kernels
    began = time.process_time()
    (encoded,) = encode(model, image)
    encoding, began = time.process_time() - began, time.process_time()
    click(model, encoded, objects)
    return encoding, (time.process_time() - began) / (objects * CLICKS)


def click(model: PromptableModel, encoded: EncodedImage, objects: int) -> None:
    """Click on each object three times; all objects share each call."""
    requests = [asked(model, encoded, place, 1) for place in range(objects)]
    for clicks in range(1, CLICKS + 1):
        predictions = model.predict(requests)
        for prediction in predictions:
            prediction.masks_CHW.sum().item()
        states = [prediction.mask_inputs_C[0] for prediction in predictions]
        requests = [
            replace(asked(model, encoded, place, clicks + 1), mask_input=state) for place, state in enumerate(states)
        ]


def asked(model: PromptableModel, encoded: EncodedImage, place: int, clicks: int) -> Request:
    """Return a request with so many clicks on one object, or its box."""
    left = SIDE // 20 * (place + 1)
    if not model.capabilities.points:
        return make_request(encoded, box=(left, 100, left + 40, 160))
    return make_request(encoded, [(left + 9 * number, 100 + 7 * number) for number in range(clicks)])


if __name__ == "__main__":
    main()
