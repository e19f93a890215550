"""Losses, one value for each mask: logits and truth (..., H, W) give (...). All computed in float32."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def bce_dice(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy, which finds the object, plus soft Dice, which weighs small ones like large ones."""
    logits = logits.float()
    truth = truth.float().expand_as(logits)
    cross = binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(dim=(-2, -1))
    probability = logits.sigmoid()
    both = (probability * truth).sum(dim=(-2, -1))
    return cross + 1 - (2 * both + 1) / (probability.sum(dim=(-2, -1)) + truth.sum(dim=(-2, -1)) + 1)


def normalised_focal(logits: Tensor, truth: Tensor) -> Tensor:
    """RITM's normalised focal loss (Sofiiuk et al. 2019): weights sum to the number of pixels, so it never fades."""
    logits, truth = logits.float(), truth.float()
    cross = binary_cross_entropy_with_logits(logits, truth, reduction="none")
    weight = (1 - torch.exp(-cross.detach())).square()
    weight = weight / weight.mean(dim=(-2, -1), keepdim=True).clamp(min=1e-6)
    return 0.5 * (weight * cross).mean(dim=(-2, -1))


def ious(logits: Tensor, truth: Tensor) -> Tensor:
    """IoU of what is above 0."""
    found, truth = logits.detach() > 0, truth.bool()
    both, either = (found & truth).sum(dim=(-2, -1)), (found | truth).sum(dim=(-2, -1))
    return both.float() / either.clamp(min=1).float()
