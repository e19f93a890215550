"""NSD, HD95 and ASSD are those of DeepMind's surface-distance."""

import pytest
import surface_distance

from job.metrics.boundary import assd, hd95, nsd
from tests.metrics.masks import KINDS, SPACINGS, pair

pytestmark = pytest.mark.filterwarnings("ignore:Please import:DeprecationWarning")


@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_the_metrics_agree_with_surface_distance(kind, seed, spacing):
    """Its average is of each contour; the symmetric one weighs both by their lengths."""
    masks = pair(kind, seed, spacing)
    distances = surface_distance.compute_surface_distances(masks.truth_HW, masks.prediction_HW, spacing)
    averages = surface_distance.compute_average_surface_distance(distances)
    lengths = distances["surfel_areas_gt"].sum(), distances["surfel_areas_pred"].sum()
    symmetric = (averages[0] * lengths[0] + averages[1] * lengths[1]) / sum(lengths)
    for tolerance in (0.5, 1.0, 2.0, 5.0):
        expected = surface_distance.compute_surface_dice_at_tolerance(distances, tolerance)
        assert nsd(masks, tolerance) == pytest.approx(expected, abs=1e-9)
    assert hd95(masks, 2.0) == pytest.approx(surface_distance.compute_robust_hausdorff(distances, 95), abs=1e-9)
    assert assd(masks, 2.0) == pytest.approx(symmetric, abs=1e-9)
