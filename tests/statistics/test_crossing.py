"""Where one of two models takes the lead for good: differences by click, worked out by hand."""

import numpy as np
import pytest

from job.statistics.crossing import find_crossing
from job.statistics.resampling import Spread

MANY = Spread.of(1e9)
"""So many clusters that intervals are as wide as the normal distribution says."""


def crossing(differences, resamples, spread=MANY):
    """Return the crossing. differences: one for each click. resamples: lists of differences, a list for each."""
    return find_crossing(np.array(differences, float), np.array(resamples, float).T, spread, 0.95)


def alike(differences, count=100):
    """Return resamples that all equal the differences."""
    return [differences] * count


@pytest.mark.parametrize(
    ("differences", "click"),
    [
        ((-1, -1, -1), 1),
        ((1, -1, -1), 2),
        ((-1, 1, -1), 3),
        ((1, 1, -1), 3),
        ((-1, 0, -1), 3),
        ((-1, -1, 0), None),
        ((-1, -1, 1), None),
    ],
)
def test_the_crossing_is_the_click_from_which_the_second_side_stays_ahead(differences, click):
    """A tie is no lead, and a lead that is lost again none for good."""
    found = crossing(differences, alike(differences))
    assert (found.low, found.median, found.high) == (click, click, click)
    assert found.without == (0 if click else 1)


@pytest.mark.parametrize(
    ("differences", "ahead", "since"),
    [
        ((-1, -1), "minus", 1),
        ((1, -1), "minus", 2),
        ((1, 1), "of", 1),
        ((-1, 1), "of", 2),
        ((-1, 0), None, None),
        ((1, 0), None, None),
        ((0, 0), None, None),
    ],
)
def test_a_lead_is_held_by_the_side_that_is_ahead_at_the_last_click(differences, ahead, since):
    """Of either side; resamples without a spread have an interval of one point."""
    found = crossing(differences, alike(differences))
    assert (found.ahead, found.ahead_from) == (ahead, since)
    assert (found.low_K.tolist(), found.high_K.tolist()) == (list(differences), list(differences))


def test_a_lead_that_the_interval_does_not_hold_is_none():
    """Resamples of -1 and 1 about a difference of -.5: the interval contains 0 at the last click."""
    found = crossing((-0.5, -0.5), alike((-1, -1), 50) + alike((1, 1), 50))
    assert (found.ahead, found.ahead_from) == (None, None)
    assert found.low_K[1] < 0 < found.high_K[1]


def test_shares_and_quantiles_are_those_of_the_resamples():
    """Of 100 resamples, 10 cross at the first click, 60 at the second, 20 at the last, and 10 do not."""
    resamples = alike((-1, -1, -1), 10) + alike((1, -1, -1), 60) + alike((1, 1, -1), 20) + alike((-1, 1, 1), 10)
    found = crossing((0, -0.5, -0.8), resamples)
    assert (found.low, found.median, found.high) == (1, 2, None)
    assert found.without == 0.1
    assert found.minus_ahead_K.tolist() == [0.2, 0.7, 0.9]


def test_the_interval_holds_at_all_clicks_at_once():
    """Two clicks that vary alike and apart: the largest of both deviations decides, and is at least the normal one."""
    together, apart = np.random.default_rng(3).normal(size=(2, 4000))
    (narrow, wide) = (crossing((0, 0), np.stack([together, second], 1)) for second in (together, apart))
    assert narrow.high_K[0] / together.std() == pytest.approx(1.96, abs=0.06)
    assert wide.high_K[0] / together.std() == pytest.approx(2.24, abs=0.06)  # 95 % of the larger of two are below it
    assert wide.low_K[0] == -wide.high_K[0]


def test_few_clusters_widen_it():
    """By Student's quantile of four degrees of freedom and the inflation of five clusters: 2.776 sqrt(5/4) / 1.96."""
    resamples = np.random.default_rng(4).normal(size=(4000, 1))
    few, many = (crossing((0,), resamples, spread).high_K[0] for spread in (Spread.of(5), MANY))
    assert few / many == pytest.approx(2.776 * np.sqrt(5 / 4) / 1.96, rel=0.02)


@pytest.mark.parametrize(("lost", "is_told"), [(10, True), (11, False)])
def test_a_tenth_of_lost_resamples_is_the_most(lost, is_told):
    """A resample is lost if it has no value at one click; the rest tell."""
    found = crossing((1, -1), alike((np.nan, -1), lost) + alike((1, -1), 100 - lost))
    assert (found is not None) == is_told
    if is_told:
        assert (found.median, found.without) == (2, 0)


def test_differences_of_rounding_are_ties():
    """A lead of 1e-12 is none."""
    assert crossing((-1, -1e-12), alike((-1, -1e-12))).median is None
