"""A model of another package: the pixels around the clicks whose grey is similar, by flood fill."""

from typing import Literal

import numpy as np
from pydantic import Field
from scipy import ndimage

from job.models.family import Family
from job.models.protocol import Capabilities, EncodedImage, Need, Prediction
from job.study.model import ModelSpec

CAPABILITIES = Capabilities(points=True, boxes=False, multimask=False, mask_input="none")


class Flood(ModelSpec):
    """Flood fill from the positive clicks; a negative click removes the piece that it hits."""

    family: Literal["flood"]
    tolerance: int = Field(20, ge=0, le=255)
    """Largest difference in grey to the click that a pixel may have."""


class FloodModel:
    """Keeps no state: what it knows of an image is in `EncodedImage`."""

    capabilities = CAPABILITIES
    encode_batch = 16

    def __init__(self, tolerance):
        self.tolerance = tolerance

    def prepare(self, image_HWC):
        return image_HWC.mean(axis=2)

    def encode(self, prepared):
        return [EncodedImage(height=len(grey), width=len(grey[0]), features=grey) for grey in prepared]

    def predict(self, requests):
        return [self._predict(request) for request in requests]

    def needs(self, height, width):
        pixels = height * width
        return Need(encode=8 * pixels, image=8 * pixels, episode=0, predict=lambda requests: (12 + requests) * pixels)

    def _predict(self, request):
        import torch  # not above: a spec is checked without it

        self.capabilities.check(request)
        grey_HW = request.image.features
        mask_HW = np.zeros(grey_HW.shape, bool)
        for (x, y), positive in zip(request.points_N2, request.labels_N, strict=True):
            pieces_HW, _ = ndimage.label(np.abs(grey_HW - grey_HW[y, x]) <= self.tolerance)
            piece_HW = pieces_HW == pieces_HW[y, x]
            mask_HW = mask_HW | piece_HW if positive else mask_HW & ~piece_HW
        return Prediction(masks_CHW=torch.from_numpy(mask_HW[None]), predicted_iou_C=None, mask_inputs_C=[None])


def build(spec, checkpoint, device):
    """Build the model. It has no weights, so `checkpoint` is None."""
    return FloodModel(spec.tolerance)


FAMILY = Family(spec=Flood, capabilities=CAPABILITIES, build=build)
