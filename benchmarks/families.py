"""What each family of models costs on the CPU: seconds an image, and seconds a click.

    python -m benchmarks.families [--objects 8] [--models sam-vit_b ritm-hrnet18s …]

Networks have random weights, which cost the same. Each answers for an image of 512 x 512 with so many objects at once,
three clicks each, with the mask fed back where the model takes one; models without points get a box instead. CPU seconds
of all threads, so that the figures hold on a busy machine.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import torch

from benchmarks.memory_by_model import BUILDERS
from job.models.device import configure, describe
from job.models.protocol import EncodedImage, PromptableModel, Request
from job.testing import encode, make_request, random_image

CPU = torch.device("cpu")
SIDE = 512
CLICKS = 3


def main() -> None:
    """Print a row of the table for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=8)
    parser.add_argument("--models", nargs="+", choices=BUILDERS, default=list(BUILDERS))
    chosen = parser.parse_args()
    configure(CPU)
    facts = describe(CPU)
    print(f"{facts['device_name']}, torch {facts['torch']}, {facts['threads']} threads, {chosen.objects} objects\n")
    print("| model | CPU s an image | CPU s a click |\n|---|---:|---:|", flush=True)
    for name in chosen.models:
        with torch.inference_mode():
            image, click = measure(BUILDERS[name](), chosen.objects)
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
