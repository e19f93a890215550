"""HRNet with object-contextual representations (Yuan et al. 2020), for one class: the object.

A coarse output says where the object is; the pixels there are gathered into one representation of it; each pixel
attends to it and gets it back beside its own features. Attributes are named as in the released weights.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from job.models.ritm.hrnet import HRNet

CLASSES = 1


class Logits(NamedTuple):
    """What the network gives, each (B, 1, H, W), before the sigmoid."""

    instances: Tensor
    """The object."""
    aux: Tensor
    """The coarse output, which training supervises too."""


class HRNetOCR(HRNet):
    """The backbone and its OCR head, whose weights lie side by side in the released files."""

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

    def forward(self, image: Tensor, added: Tensor) -> Logits:
        """Give both outputs at a quarter of the input's size; arguments as for `features`."""
        features = self.features(image, added)
        aux = self.aux_head(features)
        pixels = self.conv3x3_ocr(features)
        instances = self.cls_head(self.ocr_distri_head(pixels, gather(pixels, aux)))
        return Logits(instances, aux)


def gather(pixels: Tensor, aux: Tensor) -> Tensor:
    """Give each class's mean feature, weighted by a softmax of its logits over all pixels: (B, C, K, 1).

    pixels: (B, C, H, W). aux: (B, K, H, W) logits.
    """
    weights = aux.flatten(2).softmax(dim=2)
    return (pixels.flatten(2) @ weights.transpose(1, 2)).unsqueeze(3)


class ObjectAttention(nn.Module):
    """Each pixel's mixture of the object representations, by scaled dot products in a space of `keys` channels."""

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.scale = keys**-0.5
        self.f_pixel = _projections(channels, keys, keys)
        self.f_object = _projections(channels, keys, keys)
        self.f_down = _projections(channels, keys)
        self.f_up = _projections(keys, channels)

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:
        """Give the context (B, C, H, W) of `pixels` (B, C, H, W) from `objects` (B, C, K, 1)."""
        query = self.f_pixel(pixels).flatten(2).transpose(1, 2)
        key = self.f_object(objects).flatten(2)
        value = self.f_down(objects).flatten(2)
        attention = (query @ key * self.scale).softmax(dim=2)
        context = (value @ attention.transpose(1, 2)).unflatten(2, pixels.shape[2:])
        lifted: Tensor = self.f_up(context)
        return lifted


class ObjectContext(nn.Module):
    """The augmented representation: context and pixel features, mixed."""

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.object_context_block = ObjectAttention(channels, keys)
        self.conv_bn_dropout = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1, bias=False), _norm_relu(channels), nn.Dropout2d(0.05)
        )

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:
        """Give (B, C, H, W) from `pixels` (B, C, H, W) and `objects` (B, C, K, 1)."""
        context = self.object_context_block(pixels, objects)
        mixed: Tensor = self.conv_bn_dropout(torch.cat([context, pixels], dim=1))
        return mixed


def _projections(*channels: int) -> nn.Sequential:
    steps: list[nn.Module] = []
    for before, after in pairwise(channels):
        steps += [nn.Conv2d(before, after, 1, bias=False), _norm_relu(after)]
    return nn.Sequential(*steps)


def _norm_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
