"""SimpleClick's network: a plain ViT to whose tokens the clicks and the previous mask are added (Liu et al. 2023)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from job.models.click_based.disks import disks
from job.models.click_based.normalisation import ImageNetNormalisation
from job.models.click_based.sampling import resized
from job.models.simpleclick.architecture import SimpleClickArch
from job.models.simpleclick.head import SegmentationHead
from job.models.simpleclick.neck import FeaturePyramid
from job.models.simpleclick.vit import PatchEmbed, VisionTransformer

UNUSED = ("backbone.cls_token", "backbone.fc_norm.", "backbone.head.", "head.up_conv1.", "head.up_conv2.")
"""Beginnings of the keys of an official checkpoint that are left from pre-training, or from other heads."""

BASE_BYTES, BYTES_OF_CHANNEL = 200, 0.9
"""Peak memory of a pass in float32, for each pixel of the input: a part of its own, and one that grows with the
channels of all tokens. Measured with vit_xt and vit_b: benchmarks/memory_by_model_cpu_202611.md."""


class SimpleClickNetwork(nn.Module):
    """The network; keys and shapes of its state dict are those of the official checkpoints without `UNUSED`.

    bytes_per_px: estimated peak memory of a pass for each pixel of its input.
    """

    def __init__(self, arch: SimpleClickArch) -> None:
        super().__init__()
        self.bytes_per_px = BASE_BYTES + BYTES_OF_CHANNEL * arch.embed_dim * (16 / arch.patch_size) ** 2
        self.radius = arch.norm_radius
        self.normalisation = ImageNetNormalisation()
        self.patch_embed_coords = PatchEmbed(arch.patch_size, arch.embed_dim)
        self.backbone = VisionTransformer(arch)
        self.neck = FeaturePyramid(arch.embed_dim, arch.neck_dims)
        self.head = SegmentationHead(arch.neck_dims, arch.head_channels)

    def forward(self, image: Tensor, points: Tensor) -> Tensor:
        """Return the logits (B, 1, S, S) at the input's size, S px a side as the architecture has it.

        image: (B, 4, S, S) float: RGB in [0, 1], and the previous mask's probability (zeros if there is none).
        points: (B, 2N, 3) float, padded (row, column, index), as `disks` takes them.
        """
        rgb, previous = image[:, :3], image[:, 3:]
        size = image.shape[2:]
        maps = torch.cat([previous, disks(points, size[0], size[1], self.radius)], dim=1)
        features = self.backbone(self.normalisation(rgb), self.patch_embed_coords(maps))
        return resized(self.head(self.neck(features)), size)

    def object_logits(self, image: Tensor, points: Tensor, sizes_B2: Tensor | None = None) -> Tensor:
        """Return the output of `forward`. All inputs have one size, so `sizes_B2` is None."""
        logits: Tensor = self(image, points)
        return logits
