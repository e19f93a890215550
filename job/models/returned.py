"""What a model returned must have the form that was asked for, or other pixels would be scored as the image's.

A mask of another size or type can have as many pixels as the truth. Only forms are compared, so nothing waits for the
device.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from job.errors import DataError
from job.models.protocol import EncodedImage, Prediction, Request

REASON = "output has the wrong form"


def check_encoded(sizes: Sequence[tuple[int, int]], images: Sequence[EncodedImage]) -> None:
    """Raise DataError unless a model encoded each image, at its own height and width."""
    _check("number of encoded images", len(sizes), len(images))
    for size, image in zip(sizes, images, strict=True):
        _check("height and width of an encoded image", size, (image.height, image.width))


def check_predictions(requests: Sequence[Request], predictions: Sequence[Prediction]) -> None:
    """Raise DataError unless each request has a prediction whose parts agree with `Prediction`."""
    _check("number of predictions", len(requests), len(predictions))
    for request, prediction in zip(requests, predictions, strict=True):
        candidates, masks_CHW = 3 if request.multimask else 1, prediction.masks_CHW
        _check("masks_CHW", (candidates, request.image.height, request.image.width), tuple(masks_CHW.shape))
        _check("type of masks_CHW", torch.bool, masks_CHW.dtype)
        if prediction.predicted_iou_C is not None:
            _check("predicted_iou_C", (candidates,), tuple(prediction.predicted_iou_C.shape))
        _check("entries of mask_inputs_C", candidates, len(prediction.mask_inputs_C))


def _check(what: str, expected: object, got: object) -> None:
    if got != expected:
        raise DataError(REASON, f"{what}: expected {expected}, got {got}; mend or update the model's package")
