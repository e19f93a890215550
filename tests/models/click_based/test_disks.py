"""Clicks are drawn as disks."""

import torch

from job.models.click_based.disks import disks


def test_a_disk_holds_the_pixels_within_its_radius():
    """With radius 1 about (2, 3) these are the pixel and its four neighbours, on the positive channel only."""
    drawn = disks(torch.tensor([[[2.0, 3, 0], [-1, -1, -1]]]), 5, 6, radius=1)
    assert drawn[0, 0].nonzero().tolist() == [[1, 3], [2, 2], [2, 3], [2, 4], [3, 3]]
    assert not drawn[0, 1].any()


def test_padding_is_not_drawn_but_a_click_above_the_image_is():
    """Padding has both coordinates below 0; (-1, 2) is a click whose disk reaches into the image."""
    padding, above = disks(torch.tensor([[[-1.0, -1, 0], [-1, 2, 1]]]), 4, 4, radius=1)[0]
    assert not padding.any()
    assert above.nonzero().tolist() == [[0, 2]]


def test_a_click_may_lie_between_pixels():
    """Clicks in a crop are not rounded: with radius 0.5, (1.5, 1) reaches two pixels."""
    drawn = disks(torch.tensor([[[1.5, 1, 0], [-1, -1, -1]]]), 4, 4, radius=0.5)
    assert drawn[0, 0].nonzero().tolist() == [[1, 1], [2, 1]]


def test_a_batch_has_the_disks_of_its_members():
    """Each list of clicks is drawn on its own map."""
    points = torch.tensor([[[2.0, 2, 0], [6, 6, 1]], [[5, 1, 0], [-1, -1, -1]]])
    assert torch.equal(disks(points, 8, 8, 2), torch.cat([disks(clicks[None], 8, 8, 2) for clicks in points]))
