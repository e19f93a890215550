"""Losses of the training scripts, on masks that can be computed by hand."""

import pytest
import torch

from training.losses import bce_dice, ious, normalised_focal

TRUTH = torch.tensor([[[1, 1], [0, 0]]])


@pytest.mark.parametrize("loss", [bce_dice, normalised_focal])
def test_what_is_right_costs_nothing_and_what_is_wrong_much(loss):
    """One value for each mask."""
    right, unsure, wrong = (loss(scale * (2 * TRUTH - 1).float(), TRUTH) for scale in (20, 0, -20))
    assert right.shape == (1,)
    assert right < 1e-3 < unsure < wrong


def test_bce_dice_of_no_opinion():
    """Ln 2 for the cross entropy, and 1 - (2 * 1 + 1) / (2 + 2 + 1) for Dice."""
    assert bce_dice(torch.zeros(1, 2, 2), TRUTH).item() == pytest.approx(0.6931 + 0.4, abs=1e-4)


def test_the_focal_loss_does_not_fade_where_all_is_easy():
    """Its weights sum to the number of pixels: here all are equal, and half the cross entropy is left."""
    assert normalised_focal(torch.zeros(1, 2, 2), TRUTH).item() == pytest.approx(0.5 * 0.6931, abs=1e-4)


def test_candidates_share_one_truth():
    """Four masks of one object give four values."""
    assert bce_dice(torch.zeros(1, 4, 2, 2), TRUTH[:, None]).shape == (1, 4)
    masks = torch.tensor([[[[1.0, 1], [-1, -1]], [[1, -1], [-1, -1]], [[-1, -1], [1, 1]]]])
    assert ious(masks, TRUTH[:, None]).tolist() == [[1.0, 0.5, 0.0]]
