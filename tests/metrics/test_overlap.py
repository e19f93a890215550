"""IoU and Dice of two sets, computed by hand and by counting pixels."""

import numpy as np
import pytest

from job.metrics.overlap import dice, iou


@pytest.mark.parametrize(
    ("a", "b", "intersection", "union", "expected_iou", "expected_dice"),
    [
        (4, 6, 3, 7, 3 / 7, 6 / 10),
        (5, 5, 5, 5, 1, 1),
        (5, 4, 0, 9, 0, 0),
        (0, 4, 0, 4, 0, 0),
        (1, 3, 1, 3, 1 / 3, 2 / 4),
        (100, 1, 1, 100, 1 / 100, 2 / 101),
    ],
)
def test_scores_of_sets_of_known_size(a, b, intersection, union, expected_iou, expected_dice):
    """IoU is |A and B| / |A or B|, Dice is 2 |A and B| / (|A| + |B|)."""
    assert union == a + b - intersection
    assert iou(intersection, union) == pytest.approx(expected_iou, abs=1e-15)
    assert dice(intersection, union) == pytest.approx(expected_dice, abs=1e-15)
    assert dice(intersection, union) == pytest.approx(2 * intersection / (a + b), abs=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_scores_of_random_masks_are_those_of_their_pixels(seed):
    """Dice is also the F1 score: 2 TP / (2 TP + FP + FN)."""
    rng = np.random.default_rng(seed)
    truth_HW, mask_HW = rng.random((2, 13, 29)) < rng.uniform(0.1, 0.9)
    hits, excess, missing = (mask_HW & truth_HW).sum(), (mask_HW & ~truth_HW).sum(), (truth_HW & ~mask_HW).sum()
    counts = int((mask_HW & truth_HW).sum()), int((mask_HW | truth_HW).sum())
    assert iou(*counts) == pytest.approx(hits / (hits + excess + missing), abs=1e-15)
    assert dice(*counts) == pytest.approx(2 * hits / (2 * hits + excess + missing), abs=1e-15)


def test_counts_beyond_float32_are_exact():
    """One pixel of 2^26 is not lost."""
    assert iou(2**26 - 1, 2**26) == 1 - 2.0**-26
    assert dice(2**26, 2**26) == 1
