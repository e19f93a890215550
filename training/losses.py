"""Losses with one value for each mask: logits and truth (..., H, W) -> (...). All are computed in float32."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def bce_dice(logits: Tensor, truth: Tensor) -> Tensor:
    """Return cross entropy plus soft Dice. Dice gives small objects the same weight as large ones."""
    logits = logits.float()
    truth = truth.float().expand_as(logits)
    cross = binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(dim=(-2, -1))
    probability = logits.sigmoid()
    both = (probability * truth).sum(dim=(-2, -1))
    return cross + 1 - (2 * both + 1) / (probability.sum(dim=(-2, -1)) + truth.sum(dim=(-2, -1)) + 1)


def normalised_focal(logits: Tensor, truth: Tensor) -> Tensor:
    """Return RITM's normalised focal loss (Sofiiuk et al. 2019).

    The weights of a mask sum to its number of pixels, so the loss does not vanish when most pixels are easy.
    """
    logits, truth = logits.float(), truth.float()
    cross = binary_cross_entropy_with_logits(logits, truth, reduction="none")
    weight = (1 - torch.exp(-cross.detach())).square()
    weight = weight / weight.mean(dim=(-2, -1), keepdim=True).clamp(min=1e-6)
    return 0.5 * (weight * cross).mean(dim=(-2, -1))


def ious(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the IoU of the masks of logits above 0."""
    masks, truth = logits.detach() > 0, truth.bool()
    both, either = (masks & truth).sum(dim=(-2, -1)), (masks | truth).sum(dim=(-2, -1))
    return both.float() / either.clamp(min=1).float()
