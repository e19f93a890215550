"""Clicks become disks."""

import torch

from job.models.ritm.click_maps import disks


def test_a_disk_holds_the_pixels_within_its_radius():
    """Radius 1 about (2, 3): the pixel and its four neighbours, on the positive channel alone."""
    drawn = disks(torch.tensor([[[2.0, 3, 0], [-1, -1, -1]]]), 5, 6, radius=1)
    assert drawn[0, 0].nonzero().tolist() == [[1, 3], [2, 2], [2, 3], [2, 4], [3, 3]]
    assert not drawn[0, 1].any()


def test_padding_draws_nothing_but_a_click_above_the_image_does():
    """Both coordinates below 0 is padding; (-1, 2) is a click whose disk reaches in."""
    padding, above = disks(torch.tensor([[[-1.0, -1, 0], [-1, 2, 1]]]), 4, 4, radius=1)[0]
    assert not padding.any()
    assert above.nonzero().tolist() == [[0, 2]]


def test_a_click_may_lie_between_pixels():
    """In a crop clicks are not rounded: (1.5, 1) reaches two pixels with radius 0.5."""
    drawn = disks(torch.tensor([[[1.5, 1, 0], [-1, -1, -1]]]), 4, 4, radius=0.5)
    assert drawn[0, 0].nonzero().tolist() == [[1, 1], [2, 1]]


def test_a_batch_is_drawn_as_its_members_are():
    """Each list of clicks stays with its own image."""
    points = torch.tensor([[[2.0, 2, 0], [6, 6, 1]], [[5, 1, 0], [-1, -1, -1]]])
    assert torch.equal(disks(points, 8, 8, 2), torch.cat([disks(one[None], 8, 8, 2) for one in points]))
