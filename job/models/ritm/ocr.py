"""HRNet with object-contextual representations (Yuan et al. 2020), for one class: the object.

A coarse output locates the object. A weighted mean of its pixels' features represents it. Each pixel attends to this
representation, and the result is concatenated with its own features. Attributes are named as in the released weights.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from job.models.ritm.extent import UNPADDED, Extent, Extents
from job.models.ritm.hrnet import HRNet

CLASSES = 1


class Logits(NamedTuple):
    """The network's outputs before the sigmoid, each (B, 1, H, W)."""

    instances: Tensor
    """The object."""
    aux: Tensor
    """The coarse output, which training supervises as well."""


class HRNetOCR(HRNet):
    """The backbone and the OCR head, in one module as in the released weights."""

    def __init__(self, width: int, ocr_width: int, *, small: bool) -> None:
        super().__init__(width, small=small)
        pixel_channels = 2 * ocr_width
        self.conv3x3_ocr = nn.Sequential(
            nn.Conv2d(self.channels, pixel_channels, 3, padding=1),
            nn.BatchNorm2d(pixel_channels),
            nn.ReLU(inplace=True),
        )
        self.ocr_distri_head = ObjectContext(pixel_channels, ocr_width)
        self.cls_head = nn.Conv2d(pixel_channels, CLASSES, 1)
        self.aux_head = nn.Sequential(
            nn.Conv2d(self.channels, self.channels, 1),
            nn.BatchNorm2d(self.channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(self.channels, CLASSES, 1),
        )

    def forward(self, image: Tensor, added: Tensor, extents: Extents = UNPADDED) -> Logits:
        """Return both outputs at a quarter of the input's size; arguments as for `features`."""
        features = self.features(image, added, extents)
        aux = self.aux_head(features)
        pixels = self.conv3x3_ocr(features)
        instances = self.cls_head(self.ocr_distri_head(pixels, gather(pixels, aux, extents[2])))
        return Logits(instances, aux)


def gather(pixels: Tensor, aux: Tensor, extent: Extent | None = None) -> Tensor:
    """Return each class's mean feature, weighted by a softmax of its logits over all pixels: (B, C, K, 1).

    pixels: (B, C, H, W). aux: (B, K, H, W) logits.
    """
    if extent is not None:
        aux = aux.masked_fill(extent.inside == 0, -torch.inf)
    weights = aux.flatten(2).softmax(dim=2)
    return (pixels.flatten(2) @ weights.transpose(1, 2)).unsqueeze(3)


class ObjectAttention(nn.Module):
    """Scaled dot-product attention of pixels to object representations, with `keys` channels."""

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.scale = keys**-0.5
        self.f_pixel = _projections(channels, keys, keys)
        self.f_object = _projections(channels, keys, keys)
        self.f_down = _projections(channels, keys)
        self.f_up = _projections(keys, channels)

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:
        """Return the context (B, C, H, W) of `pixels` (B, C, H, W) from `objects` (B, C, K, 1)."""
        query = self.f_pixel(pixels).flatten(2).transpose(1, 2)
        key = self.f_object(objects).flatten(2)
        value = self.f_down(objects).flatten(2)
        attention = (query @ key * self.scale).softmax(dim=2)
        context = (value @ attention.transpose(1, 2)).unflatten(2, pixels.shape[2:])
        projected: Tensor = self.f_up(context)
        return projected


class ObjectContext(nn.Module):
    """The augmented representation: context and pixel features, combined by a 1 x 1 convolution."""

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.object_context_block = ObjectAttention(channels, keys)
        self.conv_bn_dropout = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1, bias=False), _norm_relu(channels), nn.Dropout2d(0.05)
        )

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:
        """Return (B, C, H, W) from `pixels` (B, C, H, W) and `objects` (B, C, K, 1)."""
        context = self.object_context_block(pixels, objects)
        augmented: Tensor = self.conv_bn_dropout(torch.cat([context, pixels], dim=1))
        return augmented


def _projections(*channels: int) -> nn.Sequential:
    steps: list[nn.Module] = []
    for before, after in pairwise(channels):
        steps += [nn.Conv2d(before, after, 1, bias=False), _norm_relu(after)]
    return nn.Sequential(*steps)


def _norm_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
