"""RITM's network: HRNet with OCR, guided by clicks and the previous mask (Sofiiuk et al. 2021, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from job.models.click_based.disks import disks
from job.models.click_based.normalisation import ImageNetNormalisation
from job.models.ritm.architecture import RitmArch
from job.models.ritm.click_branch import ClickBranch
from job.models.ritm.extent import bounded, extents_of, resize
from job.models.ritm.ocr import HRNetOCR, Logits

BASE_BYTES, BASE_BYTES_SMALL, BYTES_OF_CHANNEL = 330, 230, 26
"""Peak memory of a pass in float32, for each pixel of the input: a part of its own, and one that grows with the width.
Measured: benchmarks/memory_by_model_cpu_202611.md."""


class RitmNetwork(nn.Module):
    """The network; keys and shapes of its state dict are those of the official checkpoints.

    bytes_per_px: estimated peak memory of a pass for each pixel of its input. memory_format: of what enters the first
    convolutions.
    """

    def __init__(self, arch: RitmArch) -> None:
        super().__init__()
        self.bytes_per_px = (BASE_BYTES_SMALL if arch.small else BASE_BYTES) + BYTES_OF_CHANNEL * arch.width
        self.memory_format = torch.preserve_format
        self.radius = arch.norm_radius
        self.normalisation = ImageNetNormalisation()
        self.maps_transform = ClickBranch(leaky=arch.use_leaky_relu)
        self.feature_extractor = HRNetOCR(arch.width, arch.ocr_width, small=arch.small)

    def forward(self, image: Tensor, points: Tensor, sizes_B2: Tensor | None = None) -> Logits:
        """Return both outputs at the input's size.

        image: (B, 4, H, W) float: RGB in [0, 1], and the previous mask's probability (zeros if there is none).
        points: (B, 2N, 3) float, padded (row, column, index), as `disks` takes them.
        sizes_B2: rows and columns of each member if they differ; the others are padding, right and below, whose content
        does not matter. The outputs are zero there.
        """
        rgb, previous = image[:, :3], image[:, 3:]
        size = image.shape[2:]
        extents = extents_of(sizes_B2, (size[0], size[1]), self.feature_extractor.conv1.weight.dtype)
        maps = torch.cat([previous, disks(points, size[0], size[1], self.radius)], dim=1)
        added = self.maps_transform(maps.to(memory_format=self.memory_format), extents[0])
        normalised = bounded(self.normalisation(rgb), extents[0]).to(memory_format=self.memory_format)
        out = self.feature_extractor(normalised, added, extents)
        return Logits(*(resize(logits, size, extents[2], extents[0]) for logits in out))

    def object_logits(self, image: Tensor, points: Tensor, sizes_B2: Tensor | None = None) -> Tensor:
        """Return the first output of `forward`."""
        logits: Logits = self(image, points, sizes_B2)
        return logits.instances
