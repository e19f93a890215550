"""The boundary IoU is that of its authors' code."""

import cv2
import numpy as np
import pytest

from job.metrics.boundary import boundary_iou
from job.metrics.contours import MaskPair
from tests.metrics.masks import KINDS, disc, pair


def published(truth_HW, prediction_HW):
    """Compute the boundary IoU as Cheng et al. (2021) do in their `boundary_iou/utils/boundary_utils.py`."""
    truth, prediction = (mask_to_boundary(mask_HW.astype(np.uint8)) for mask_HW in (truth_HW, prediction_HW))
    return ((truth * prediction) > 0).sum() / ((truth + prediction) > 0).sum()


def mask_to_boundary(mask, dilation_ratio=0.02):
    h, w = mask.shape
    dilation = max(1, round(dilation_ratio * np.sqrt(h**2 + w**2)))
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), dtype=np.uint8), iterations=dilation)
    return mask - eroded[1 : h + 1, 1 : w + 1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_the_boundary_iou_agrees_with_its_authors_code(kind, seed):
    """In small images, the boundary is one pixel wide."""
    masks = pair(kind, seed, (0.5, 3.0))
    assert boundary_iou(masks, 2.0) == pytest.approx(published(masks.truth_HW, masks.prediction_HW), abs=1e-12)


@pytest.mark.parametrize("shape", [(300, 400), (111, 60), (400, 390)])
def test_the_boundary_is_as_wide_as_the_image_says(shape):
    """Here 10 pixels, 3 and 11: 2 % of the diagonal of the image, not of the objects' box."""
    truth_HW, prediction_HW = disc(shape, (50, 30), (30, 25)), disc(shape, (55, 33), (28, 29))
    expected = published(truth_HW, prediction_HW)
    assert boundary_iou(MaskPair(truth_HW, prediction_HW, (1, 1)), 2.0) == pytest.approx(expected, abs=1e-12)
