"""The losses of the training scripts have the values that are computed by hand."""

import pytest
import torch

from training.losses import bce_dice, ious, normalised_focal

TRUTH = torch.tensor([[[1, 1], [0, 0]]])


@pytest.mark.parametrize("loss", [bce_dice, normalised_focal])
def test_a_loss_rises_from_right_over_undecided_to_wrong(loss):
    """It is near 0 for a right mask, and has one value for each mask."""
    right, undecided, wrong = (loss(scale * (2 * TRUTH - 1).float(), TRUTH) for scale in (20, 0, -20))
    assert right.shape == (1,)
    assert right < 1e-3 < undecided < wrong


def test_bce_dice_of_zero_logits():
    """The cross entropy is ln 2, and soft Dice adds 1 - (2 * 1 + 1) / (2 + 2 + 1)."""
    assert bce_dice(torch.zeros(1, 2, 2), TRUTH).item() == pytest.approx(0.6931 + 0.4, abs=1e-4)


def test_the_normalised_focal_loss_does_not_vanish():
    """Its weights sum to the number of pixels. Here all are equal, so the loss is half the cross entropy."""
    assert normalised_focal(torch.zeros(1, 2, 2), TRUTH).item() == pytest.approx(0.5 * 0.6931, abs=1e-4)


def test_all_candidates_are_compared_with_the_same_truth():
    """Four masks of one object have four losses; three masks have IoU 1, 0.5 and 0."""
    assert bce_dice(torch.zeros(1, 4, 2, 2), TRUTH[:, None]).shape == (1, 4)
    masks = torch.tensor([[[[1.0, 1], [-1, -1]], [[1, -1], [-1, -1]], [[-1, -1], [1, 1]]]])
    assert ious(masks, TRUTH[:, None]).tolist() == [[1.0, 0.5, 0.0]]
