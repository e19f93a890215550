"""Requests in few words, random images and random weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from job.models.mask_decoding import MaskDecodingModel
from job.models.protocol import EncodedImage, Image, PromptableModel, Request


def random_image(height: int, width: int, seed: int = 0) -> Image:
    """Return blocks of random colours with some noise: uint8, height x width x 3."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 200, (-(-height // 8), -(-width // 8), 3)).repeat(8, 0).repeat(8, 1)[:height, :width]
    return (blocks + rng.integers(0, 56, (height, width, 3))).astype(np.uint8)


def randomise(network: nn.Module, seed: int = 0) -> None:
    """Change every weight a little, also those that are initialised to zeros, so that each affects the output."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.05)


def encode(model: PromptableModel, *images: Image) -> list[EncodedImage]:
    """Encode images as a run does: prepare each, then encode them together."""
    return model.encode([model.prepare(image) for image in images])


def encoder_input(model: MaskDecodingModel, image: Image) -> Tensor:
    """Return what the encoder gets of an image: float32, 3 x side x side."""
    return model.encoder_input([model.prepare(image)])[0]


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
