"""The boundary IoU is that of its authors' definition."""

import numpy as np
import pytest
from scipy import ndimage

from job.metrics.boundary import boundary_iou
from job.metrics.contours import MaskPair
from tests.metrics.masks import KINDS, disc, pair


def defined(truth_HW, prediction_HW):
    """Return the IoU of the pixels within d of each mask's own contour, d being 2 % of the image's diagonal.

    Cheng et al. 2021, "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation". The edge of the
    image is a contour.
    """
    width = max(1, round(0.02 * float(np.hypot(*truth_HW.shape))))
    rims = [
        mask_HW & ~ndimage.binary_erosion(mask_HW, np.ones((3, 3)), iterations=width)
        for mask_HW in (truth_HW, prediction_HW)
    ]
    return np.logical_and(*rims).sum() / np.logical_or(*rims).sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_the_boundary_iou_is_as_its_authors_define_it(kind, seed):
    """In small images, the boundary is one pixel wide."""
    masks = pair(kind, seed, (0.5, 3.0))
    assert boundary_iou(masks, 2.0) == pytest.approx(defined(masks.truth_HW, masks.prediction_HW), abs=1e-12)


@pytest.mark.parametrize("shape", [(300, 400), (111, 60), (400, 390)])
def test_the_boundary_is_as_wide_as_the_image_says(shape):
    """Here 10 pixels, 3 and 11: 2 % of the diagonal of the image, not of the objects' box."""
    truth_HW, prediction_HW = disc(shape, (50, 30), (30, 25)), disc(shape, (55, 33), (28, 29))
    expected = defined(truth_HW, prediction_HW)
    assert boundary_iou(MaskPair(truth_HW, prediction_HW, (1, 1)), 2.0) == pytest.approx(expected, abs=1e-12)
