"""The network for evaluation: the same function, with fewer steps."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d
from torch.nn.utils import fuse_conv_bn_eval

from job.models.ritm.click_branch import Scale
from job.models.ritm.network import RitmNetwork
from job.models.ritm.ocr import ObjectContext


def folded(
    network: RitmNetwork,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.channels_last,
) -> RitmNetwork:
    """Return a copy of the network for evaluation, with weights of `dtype`. Its state dict has other keys.

    Each batch norm, and the scale of the click features, is folded into the convolution before it, in double precision.
    The object's context is computed once, not for each pixel.
    """
    copy = deepcopy(network).eval()
    leaves = [(name, module) for name, module in copy.named_modules() if not list(module.children())]
    for (name, module), (next_name, following) in pairwise(leaves):
        if isinstance(module, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            copy.set_submodule(name, fuse_conv_bn_eval(module.double(), following.double()).float())
        elif isinstance(module, nn.Conv2d) and isinstance(following, Scale):
            _scale(module, following)
        else:
            continue
        copy.set_submodule(next_name, nn.Identity())
    head = copy.feature_extractor
    head.set_submodule("ocr_distri_head", FoldedContext(head.ocr_distri_head))
    copy.to(memory_format=memory_format)
    copy.memory_format = memory_format
    for parameter in copy.parameters():  # not the buffers: images are normalised in float32
        parameter.requires_grad = False
        parameter.data = parameter.data.to(dtype)
    return copy


class FoldedContext(nn.Module):
    """`ObjectContext` with folded batch norms, for one class.

    Each pixel attends to the only object with weight 1, whatever query and key are. So all pixels have one context, and
    its share of the 1 x 1 convolution that combines it with the pixel's features is computed once.
    """

    def __init__(self, context: ObjectContext) -> None:
        super().__init__()
        attention = context.object_context_block
        combine = cast(nn.Conv2d, context.conv_bn_dropout[0])
        channels = combine.in_channels // 2
        self.f_down = attention.f_down
        self.f_up = attention.f_up
        self.of_context = nn.Parameter(combine.weight[:, :channels].clone())
        self.of_pixels = nn.Parameter(combine.weight[:, channels:].clone())
        self.bias = nn.Parameter(cast(Tensor, combine.bias).clone())

    def forward(self, pixels: Tensor, objects: Tensor) -> Tensor:
        """Return (B, C, H, W) from `pixels` (B, C, H, W) and `objects` (B, C, 1, 1)."""
        context = self.f_up(self.f_down(objects))
        return conv2d(pixels, self.of_pixels).add_(conv2d(context, self.of_context, self.bias)).relu_()


def _scale(conv: nn.Conv2d, scale: Scale) -> None:
    """Multiply a convolution's output by the scale."""
    for parameter in conv.parameters():
        parameter.data.mul_(scale.scale.data.abs())
