"""Models, images and requests in few words, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from job.models import registry
from job.models.protocol import EncodedImage, Image, PromptableModel, Request
from job.study.families import Model


def built(spec: dict[str, Any]) -> PromptableModel:
    """Build a model on the CPU in float32, from an item of a spec's `models` and a local checkpoint if it has one."""
    parsed = TypeAdapter(Model).validate_python(spec)
    checkpoint = None if parsed.checkpoint is None else Path(parsed.checkpoint)
    return registry.build(parsed, checkpoint, torch.device("cpu"), "fp32")


def random_image(height: int, width: int, seed: int = 0) -> Image:
    """Return blocks of random colours with some noise: uint8, height x width x 3."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 200, (-(-height // 8), -(-width // 8), 3)).repeat(8, 0).repeat(8, 1)[:height, :width]
    return (blocks + rng.integers(0, 56, (height, width, 3))).astype(np.uint8)


def encode(model: PromptableModel, *images: Image) -> list[EncodedImage]:
    """Encode images as a run does: prepare each, then encode them together."""
    return model.encode([model.prepare(image) for image in images])


def make_request(
    image: EncodedImage,
    points: Sequence[tuple[int, int]] = (),
    labels: Sequence[int] | None = None,
    box: tuple[int, int, int, int] | None = None,
    mask_input: Any = None,
    multimask: bool = False,
) -> Request:
    """Return a request; points are positive unless `labels` is given."""
    return Request(
        image=image,
        points_N2=np.array(points, np.int32).reshape(-1, 2),
        labels_N=np.array([1] * len(points) if labels is None else labels, np.int32),
        box_4=None if box is None else np.array(box, np.int32),
        mask_input=mask_input,
        multimask=multimask,
    )


def requests_of(model: PromptableModel, image: EncodedImage) -> list[Request]:
    """Return a request of every form that a model accepts: corners, single pixels, the whole image."""
    accepted, right, bottom = model.capabilities, image.width - 1, image.height - 1
    several, middle = accepted.multimask, (right // 2, bottom // 2)
    requests = []
    if accepted.points:
        requests.append(make_request(image, [(right, bottom)]))
        requests.append(make_request(image, [(0, 0), middle], [0, 1], multimask=several))
    if accepted.boxes:
        requests.append(make_request(image, box=(0, 0, right, bottom), multimask=several))
        requests.append(make_request(image, box=(right, 0, right, 0)))
    if accepted.points and accepted.boxes:
        box = (right // 4, 0, right, bottom)
        requests.append(make_request(image, [(right // 2, 1)], box=box, multimask=several))
    return requests
