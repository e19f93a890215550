"""The head: all levels of the pyramid are joined at the size of the finest and become one channel of logits.

After Xie et al. 2021 (SegFormer). Attributes are named as in the released weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate


class Conv(nn.Module):
    """A 1 x 1 convolution and ReLU."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, out, H, W) from (B, channels, H, W)."""
        convolved: Tensor = self.conv(x)
        return convolved.relu_()


class SegmentationHead(nn.Module):
    """Levels of the pyramid to logits at the size of the finest level."""

    def __init__(self, dims: Sequence[int], channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList([Conv(dim, channels) for dim in dims])
        self.fusion_conv = Conv(channels * len(dims), channels)
        self.conv_seg = nn.Conv2d(channels, 1, 1)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return (B, 1, H, W).

        The levels are to be resized, concatenated and fused by a 1 x 1 convolution. Each level is multiplied with its
        share of that convolution's weights before it is resized, which is the same, in less memory.
        """
        size = levels[0].shape[2:]
        fusion = self.fusion_conv.conv
        shares = fusion.weight.chunk(len(levels), dim=1)
        fused = cast(Tensor, fusion.bias).to(levels[0].dtype)[:, None, None]
        for level, conv, share in zip(levels, self.convs, shares, strict=True):
            mixed = conv2d(conv(level), share)
            fused = fused + interpolate(mixed, size, mode="bilinear", align_corners=False)
        logits: Tensor = self.conv_seg(fused.relu_())
        return logits
