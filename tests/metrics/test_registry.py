"""A metric is one registered function with its name, unit, direction and value of an empty prediction."""

from typing import get_args

import numpy as np
import pytest

from job.metrics.contours import MaskPair
from job.metrics.registry import METRICS
from job.study.statistics import Metric
from tests.metrics.masks import one_pixel

TRUTH = one_pixel((5, 5), 2, 2)
NOTHING = np.zeros((5, 5), np.bool_)


def test_a_spec_may_ask_for_every_metric():
    """And for no other."""
    assert list(METRICS) == list(get_args(Metric))


@pytest.mark.parametrize(
    ("metric", "better", "expected"),
    [("nsd", True, 0), ("boundary_iou", True, 0), ("hd95", False, None), ("assd", False, None)],
)
def test_an_empty_prediction_overlaps_nothing_and_has_no_distance(metric, better, expected):
    """A distance would need a second boundary."""
    assert METRICS[metric].value(MaskPair(TRUTH, NOTHING, (1.0, 1.0)), 2.0) == expected
    assert METRICS[metric].higher_is_better == better


@pytest.mark.parametrize(
    ("metric", "length", "tolerance", "expected"),
    [
        ("nsd", "mm", 2.0, ("NSD 2 mm", "share")),
        ("nsd", "px", 1.25, ("NSD 1.25 px", "share")),
        ("nsd", "mm", 3, ("NSD 3 mm", "share")),
        ("hd95", "mm", 2.0, ("HD95 mm", "mm")),
        ("assd", "px", 2.0, ("ASSD px", "px")),
        ("boundary_iou", "px", 2.0, ("boundary IoU", "share")),
    ],
)
def test_a_metric_is_named_after_its_unit_and_tolerance(metric, length, tolerance, expected):
    """So that rows in mm and in px are never averaged."""
    assert METRICS[metric].label(length, tolerance) == expected


@pytest.mark.parametrize(("metric", "expected"), [("nsd", 1), ("boundary_iou", 1), ("hd95", 0), ("assd", 0)])
def test_of_equal_masks_all_overlaps_and_nothing_is_apart(metric, expected):
    """Whatever the spacing."""
    assert METRICS[metric].value(MaskPair(TRUTH, TRUTH, (3.0, 0.5)), 2.0) == expected


@pytest.mark.parametrize(("tolerance", "expected"), [(0.1, 0), (100.0, 1)])
def test_the_tolerance_decides_what_is_near(tolerance, expected):
    """Two pixels with one between them, of 3 mm."""
    apart = MaskPair(TRUTH, one_pixel((5, 5), 2, 4), (3.0, 3.0))
    assert METRICS["nsd"].value(apart, tolerance) == expected
