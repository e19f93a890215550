"""A click protocol of another package: the pixel nearest to the centre of the larger error, missing or too much."""

import numpy as np
from scipy import ndimage

from job.prompts.clicks import ClickProtocol
from job.prompts.modes import Point


def next_click(situation):
    """Return the next click, or `converged` for a perfect mask."""
    missing_HW = situation.truth_HW & ~situation.prediction_HW
    excess_HW = situation.prediction_HW & ~situation.truth_HW
    positive = bool(missing_HW.sum() >= excess_HW.sum())
    error_HW = missing_HW if positive else excess_HW
    if not error_HW.any():
        return "converged"
    y_N, x_N = np.nonzero(error_HW)
    distances_N = np.hypot(x_N - x_N.mean(), y_N - y_N.mean())
    (nearest_N,) = np.nonzero(distances_N == distances_N.min())
    x, y = int(x_N[nearest_N[0]]), int(y_N[nearest_N[0]])
    depth = float(ndimage.distance_transform_edt(np.pad(error_HW, 1))[y + 1, x + 1])
    return Point(x=x, y=y, positive=positive, depth=depth, ties=len(nearest_N))


PROTOCOL = ClickProtocol(name="centre", next_click=next_click, feedback=False, clicks=5)
