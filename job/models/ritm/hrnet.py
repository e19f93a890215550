"""HRNetV2: deep high-resolution representation learning for visual recognition (Wang et al. 2019, Sun et al. 2019).

Four branches at 1/4, 1/8, 1/16 and 1/32 of the input's size run in parallel and exchange features after every module.
Attributes are named as in the released weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from job.models.ritm.extent import UNPADDED, Extent, Extents, bounded, rectified, resize

STEM_CHANNELS = 64
"""Channels of the first convolution, at half the input's size; RITM adds its click features to its output."""


class HRNet(nn.Module):
    """The backbone. small: half the residual blocks, and one module fewer in each of the last two stages."""

    def __init__(self, width: int, *, small: bool) -> None:
        super().__init__()
        blocks = 2 if small else 4
        channels = [width * 2**branch for branch in range(4)]
        self.channels = sum(channels)
        self.conv1 = nn.Conv2d(3, STEM_CHANNELS, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM_CHANNELS)
        self.conv2 = nn.Conv2d(STEM_CHANNELS, STEM_CHANNELS, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(STEM_CHANNELS)
        self.relu = nn.ReLU(inplace=True)
        stem_out = 4 * STEM_CHANNELS
        self.layer1 = nn.Sequential(
            Bottleneck(STEM_CHANNELS, stem_out), *(Bottleneck(stem_out, stem_out) for _ in range(blocks - 1))
        )
        self.transition1 = nn.ModuleList(
            [conv_bn(stem_out, channels[0], relu=True), nn.Sequential(_halve(stem_out, channels[1], relu=True))]
        )
        self.stage2 = _stage(channels[:2], modules=1, blocks=blocks)
        self.transition2 = _new_branch(channels[:3])
        self.stage3 = _stage(channels[:3], modules=3 if small else 4, blocks=blocks)
        self.transition3 = _new_branch(channels)
        self.stage4 = _stage(channels, modules=2 if small else 3, blocks=blocks)

    def features(self, image: Tensor, added: Tensor, extents: Extents = UNPADDED) -> Tensor:
        """Return all branches at the size of the finest: (B, 15 * width, H/4, W/4).

        image: (B, 3, H, W), normalised. added: (B, 64, H/2, W/2), to which the first convolution's output is added.
        """
        x = bounded(added.add_(self.relu(self.bn1(self.conv1(image)))), extents[1])
        x = self.relu(self.bn2(self.conv2(x)))
        levels = extents[2:]
        x = _run(self.layer1, x, levels[0])
        branches = [bounded(grow(x), level) for grow, level in zip(self.transition1, levels, strict=False)]
        branches = _run(self.stage2, branches, levels)
        branches = _run(self.stage3, [*branches, bounded(self.transition2[-1](branches[-1]), levels[2])], levels)
        branches = _run(self.stage4, [*branches, bounded(self.transition3[-1](branches[-1]), levels[3])], levels)
        size = branches[0].shape[2:]
        resized = [resize(x, size, level, levels[0]) for x, level in zip(branches, levels, strict=True)]
        return torch.cat(resized, dim=1)


class MultiResolutionModule(nn.Module):
    """Residual blocks on each branch, then an exchange: each branch becomes the sum of all, resized to its own size."""

    def __init__(self, channels: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(BasicBlock(c) for _ in range(blocks))) for c in channels)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_exchange(channels, source, target) for source in range(len(channels)))
            for target in range(len(channels))
        )

    def forward(self, inputs: list[Tensor], levels: Extents) -> list[Tensor]:
        """Return the branches, finest first, each (B, C, H, W) of unchanged shape. levels: one for each branch."""
        branches = [_run(branch, x, level) for branch, x, level in zip(self.branches, inputs, levels, strict=False)]
        return [self._fused(branches, target, levels) for target in range(len(branches))]

    def _fused(self, branches: list[Tensor], target: int, levels: Extents) -> Tensor:
        fused, *others = (
            self._resized(branches, source, target, levels) for source in range(len(branches)) if source != target
        )
        for other in others:
            fused.add_(other)
        return rectified(fused.add_(branches[target]), levels[target])

    def _resized(self, branches: list[Tensor], source: int, target: int, levels: Extents) -> Tensor:
        x, path = branches[source], cast(nn.ModuleList, self.fuse_layers[target])[source]
        if source > target:
            return resize(path(x), branches[target].shape[2:], levels[source], levels[target])
        for halving, level in zip(cast(nn.Sequential, path), levels[source + 1 :], strict=False):
            x = bounded(halving(x), level)
        return x


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and a shortcut (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, extent: Extent | None = None) -> Tensor:
        """Return (B, C, H, W) from (B, C, H, W)."""
        y = rectified(self.bn1(self.conv1(x)), extent)
        y = self.bn2(self.conv2(y))
        return rectified(y.add_(x), extent)


class Bottleneck(nn.Module):
    """A 3 x 3 convolution with a quarter of the channels, between two of 1 x 1, and a shortcut (He et al. 2016)."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.conv1 = nn.Conv2d(channels_in, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.downsample: nn.Module = nn.Identity()
        if channels_in != channels:
            self.downsample = nn.Sequential(nn.Conv2d(channels_in, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor, extent: Extent | None = None) -> Tensor:
        """Return (B, channels, H, W) from (B, channels_in, H, W)."""
        y = rectified(self.bn1(self.conv1(x)), extent)
        y = rectified(self.bn2(self.conv2(y)), extent)
        y = self.bn3(self.conv3(y))
        return rectified(y.add_(self.downsample(x)), extent)


def conv_bn(channels_in: int, channels: int, *, kernel: int = 3, stride: int = 1, relu: bool) -> nn.Sequential:
    """Build a convolution without bias, its batch norm, and, if `relu`, a ReLU."""
    conv = nn.Conv2d(channels_in, channels, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels), *([nn.ReLU(inplace=True)] if relu else []))


def _halve(channels_in: int, channels: int, *, relu: bool) -> nn.Sequential:
    return conv_bn(channels_in, channels, stride=2, relu=relu)


def _run(modules: nn.Module, x: Any, extent: Any) -> Any:
    """Apply modules in turn, each to the output of the one before and the extent, or extents, of all."""
    for module in cast(nn.Sequential, modules):
        x = module(x, extent)
    return x


def _stage(channels: Sequence[int], *, modules: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(MultiResolutionModule(channels, blocks) for _ in range(modules)))


def _new_branch(channels: Sequence[int]) -> nn.ModuleList:
    """Build the transition to one more branch: the others are unchanged, the new one halves the coarsest of them."""
    unchanged = [nn.Identity() for _ in channels[:-1]]
    return nn.ModuleList([*unchanged, nn.Sequential(_halve(channels[-2], channels[-1], relu=True))])


def _exchange(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """Build the path between two branches: 1 x 1 to a finer one (resized afterwards), halvings to a coarser one."""
    if source == target:
        return nn.Identity()
    if source > target:
        return conv_bn(channels[source], channels[target], kernel=1, relu=False)
    halvings = [_halve(channels[source], channels[source], relu=True) for _ in range(target - source - 1)]
    return nn.Sequential(*halvings, _halve(channels[source], channels[target], relu=False))
