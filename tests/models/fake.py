"""A small `PromptableModel` without weights, fast and deterministic, for tests of code that calls models."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from job.models.protocol import Capabilities, EncodedImage, Image, Need, Prediction, Request

EVERYTHING = Capabilities(points=True, boxes=True, multimask=True, mask_input="optional")
CANDIDATES = (-0.25, 0.0, 4.0)
"""Offsets of the logits, in px, of the small, middle and large candidate. The single mask is the middle one."""


class FakeModel:
    """Outlines pixels near positive points and of similar grey, and the inside of a box.

    Logits are in px. With points, they are `reach` minus the distance to the nearest positive point and a difference in
    grey, and at most the distance by which a negative point is farther. With a box, they are the depth in it. A quarter
    of the mask input is added. `encoded` counts images; `batches` lists the number of requests of each call.
    """

    def __init__(self, capabilities: Capabilities = EVERYTHING) -> None:
        self.capabilities = capabilities
        self.encode_batch = 4
        self.encoded = 0
        self.batches: list[int] = []

    def prepare(self, image_HWC: Image) -> Image:
        return image_HWC

    def encode(self, images: Sequence[Image]) -> list[EncodedImage]:
        self.encoded += len(images)
        return [
            EncodedImage(height=image.shape[0], width=image.shape[1], features=torch.tensor(image.mean(axis=2)))
            for image in images
        ]

    def predict(self, requests: Sequence[Request]) -> list[Prediction]:
        self.batches.append(len(requests))
        return [self._predict(request) for request in requests]

    def needs(self, height: int, width: int) -> Need:
        return Need(encode=0, image=0, episode=0, predict=lambda requests: 0)

    def _predict(self, request: Request) -> Prediction:
        self.capabilities.check(request)
        logits_HW = _logits(request)
        offsets = torch.tensor(CANDIDATES if request.multimask else CANDIDATES[1:2])
        logits_CHW = logits_HW + offsets[:, None, None]
        masks_CHW = logits_CHW > 0
        share_C = masks_CHW.double().mean(dim=(1, 2))
        feeds_back = self.capabilities.mask_input != "none"
        return Prediction(
            masks_CHW=masks_CHW,
            predicted_iou_C=1 - (share_C - 0.05).abs(),
            mask_inputs_C=list(logits_CHW.unsqueeze(1)) if feeds_back else [None] * len(masks_CHW),
        )


def _logits(request: Request) -> Tensor:
    height, width = request.image.height, request.image.width
    x_HW, y_HW = torch.arange(width)[None, :].float(), torch.arange(height)[:, None].float()
    grey_HW = request.image.features
    logits_HW = torch.full((height, width), float("inf"))
    if request.box_4 is not None:
        x0, y0, x1, y1 = request.box_4.tolist()
        across = torch.minimum(x_HW - x0, x1 - x_HW)
        logits_HW = torch.minimum(across, torch.minimum(y_HW - y0, y1 - y_HW)) + 0.5
    if len(request.points_N2):
        reach = 1 + 0.2 * min(height, width)
        near = {0: torch.full((height, width), 1e6), 1: torch.full((height, width), 1e6)}
        for (x, y), label in zip(request.points_N2.tolist(), request.labels_N.tolist(), strict=True):
            distance_HW = torch.hypot(x_HW - x, y_HW - y)
            if label:
                distance_HW = distance_HW + (grey_HW - grey_HW[y, x]).abs().float() / 16
            near[label] = torch.minimum(near[label], distance_HW)
        logits_HW = torch.minimum(logits_HW, torch.minimum(reach - near[1], near[0] - near[1]))
    return logits_HW if request.mask_input is None else logits_HW + 0.25 * request.mask_input[0]
