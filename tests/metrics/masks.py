"""Pairs of masks for comparison with reference implementations: each has pixels in both."""

import numpy as np

from job.metrics.contours import MaskPair


def disc(shape, centre, radii):
    """Draw an ellipse."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 <= 1


def one_pixel(shape, row, column):
    mask_HW = np.zeros(shape, np.bool_)
    mask_HW[row, column] = True
    return mask_HW


def random_masks(seed):
    """Return a truth and a prediction by what is special about them."""
    rng = np.random.default_rng(seed)
    noise_a, noise_b = rng.random((2, 23, 31)) < rng.uniform(0.05, 0.95, (2, 1, 1))
    smooth = disc((40, 50), rng.uniform(12, 28, 2), rng.uniform(4, 11, 2))
    moved = disc((40, 50), rng.uniform(12, 28, 2), rng.uniform(4, 11, 2))
    edge = disc((40, 50), (0, 49), rng.uniform(8, 20, 2))
    pixel = one_pixel((40, 50), *rng.integers(0, 40, 2))
    return {
        "noise": (noise_a, noise_b),
        "smooth": (smooth, moved),
        "nested": (smooth, smooth | moved),
        "touching the edge": (edge, smooth),
        "full image": (np.ones((40, 50), np.bool_), moved),
        "one pixel": (smooth, pixel),
        "two single pixels": (one_pixel((40, 50), 39, 0), pixel),
        "equal": (edge, edge),
    }


KINDS = list(random_masks(0))
SPACINGS = [(1.0, 1.0), (0.7, 0.7), (0.5, 3.0), (2.5, 0.625)]


def pair(kind, seed=0, spacing=(1.0, 1.0)):
    """Return a pair of masks of this kind."""
    return MaskPair(*random_masks(seed)[kind], spacing)
