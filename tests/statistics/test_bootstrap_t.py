"""The interval of a mean reaches farther where few values are low, stays in their range, and never claims certainty."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from job.statistics.bootstrap_t import UNKNOWN, Estimate, Range, bootstrap_t
from job.statistics.resampling import Spread
from tests.statistics.recomputed.bootstrap import score_end
from tests.statistics.tables import boundary_rows, click_rows, iou_row, marts, object_row, only, study

SHARE, CLICKS = Range(lowest=0.0, highest=1.0), Range(lowest=0.0, highest=20.0)
STUDENT = stats.t.ppf(0.975, 11)
LEVEL = 2 * stats.norm.sf(STUDENT)
"""Of the normal distribution, as far out on both sides."""


def estimate(mean=0.3, variance=0.01, errors=(0.0,), variances=None, spread=None):
    """Return an estimate from these resamples, whose own variances are the sample's unless others are given."""
    errors_B = np.array(errors, float)
    variances_B = np.full(len(errors_B), variance) if variances is None else np.array(variances, float)
    return Estimate(
        mean=mean, variance=variance, error_B=errors_B, variance_B=variances_B, spread=spread or Spread.of(12)
    )


def bounds(of, values=SHARE, confidence=0.95):
    """Return the two ends of an interval."""
    found = bootstrap_t(of, values, confidence)
    return found.low, found.high


def failures(patients):
    """Return the rows of failures of a study. patients: of each, how many of its images fail, and how many do not."""
    ious = [(str(number), iou) for number, (fail, hold) in enumerate(patients) for iou in [0.0] * fail + [0.8] * hold]
    rows = [iou_row(iou=iou, image=str(image)) for image, (_, iou) in enumerate(ious)]
    objects = [object_row(row, patient=patient) for row, (patient, _) in zip(rows, ious, strict=True)]
    tables = marts(rows, objects=objects)
    return [
        only(row for row in tables[name] if row["measure"] == "failures")
        for name in ("measures_by_task", "measures_overall")
    ]


def test_of_twelve_patients_without_a_failure_the_share_may_be_a_quarter():
    """t² / (12 + t²), by hand. Every resample says 0."""
    for row in failures([(0, 3)] * 12):
        assert (row["mean"], row["low"]) == (0, 0)
        assert row["high"] == pytest.approx(STUDENT**2 / (12 + STUDENT**2), abs=1e-6)


def test_where_all_objects_fail_it_ends_at_one():
    """The mirror."""
    for row in failures([(3, 0)] * 12):
        assert (row["mean"], row["high"]) == (1, 1)
        assert row["low"] == pytest.approx(12 / (12 + STUDENT**2), abs=1e-6)


def test_where_each_patient_has_the_same_share_of_failures_patients_count_as_objects():
    """Statsmodels' Wilson interval of 4 in 12, with Student's quantile. Every resample says a third."""
    for row in failures([(1, 2)] * 12):
        assert (row["low"], row["high"]) == pytest.approx(proportion_confint(4, 12, LEVEL, method="wilson"), abs=1e-6)


@pytest.mark.parametrize(("variance", "independent"), [(0.0021, 100), (0.021, 10)])
def test_as_many_independent_objects_count_as_have_the_variance_of_the_mean(variance, independent):
    """Statsmodels' Wilson interval of 30 %, where resamples do not deviate and Student's quantile is the normal one."""
    found = bounds(estimate(0.3, variance, spread=Spread(inflation=1.0, freedom=1e9)))
    expected = proportion_confint(0.3 * independent, independent, 0.05, method="wilson")
    assert found == pytest.approx(expected, abs=1e-6)


def test_few_clusters_reach_farther_by_students_quantile():
    """Without a known range, the mean and 2.2 standard errors."""
    assert bounds(estimate(), UNKNOWN) == pytest.approx((0.3 - 0.1 * STUDENT, 0.3 + 0.1 * STUDENT), abs=1e-6)


def test_an_end_lies_where_the_studentised_errors_of_resamples_have_their_quantile():
    """Of 80, two (2.5 %) lie beyond 4 standard errors, and the third at 4: too high a mean, so the low end moves."""
    errors = np.zeros(80)
    errors[:4] = 0.6, 0.5, 0.4, 0.3
    assert bounds(estimate(errors=errors), UNKNOWN) == pytest.approx((0.3 - 0.4, 0.3 + 0.1 * STUDENT))
    assert bounds(estimate(errors=-errors), UNKNOWN) == pytest.approx((0.3 - 0.1 * STUDENT, 0.3 + 0.4))


def test_an_error_counts_in_the_standard_errors_that_its_own_resample_states():
    """.2 where the resample states .05: 4. Where it states none, the sample's over the root of twelve clusters."""
    errors, variances = np.zeros(80), np.full(80, 0.01)
    errors[:3], variances[:3] = 0.2, 0.0025
    assert bounds(estimate(errors=errors, variances=variances), UNKNOWN)[0] == pytest.approx(0.3 - 4 * 0.1)
    variances[:3] = 0.0
    assert bounds(estimate(errors=errors, variances=variances), UNKNOWN)[0] == pytest.approx(0.3 - 2 * 12**0.5 * 0.1)


def test_a_few_low_values_move_the_low_end_alone():
    """Of twelve IoU, one is 0 and the others are high: a sample without it would be too high, and look too exact."""
    ious = np.array([0.0, *np.linspace(0.8, 0.9, 11)])
    row = only(marts([iou_row(iou=iou, image=str(image)) for image, iou in enumerate(ious)])["task_scores"])
    error = ious.std(ddof=1) / 12**0.5
    low, high = (score_end(ious.mean(), error, reach, 0, 1) for reach in (STUDENT, -STUDENT))
    assert row["low"] < low - 0.05
    assert row["high"] == pytest.approx(high, abs=1e-6)


@pytest.mark.parametrize(("theirs", "has_interval"), [(0.8, False), (0.0, True)])
def test_a_difference_that_no_patient_shows_has_no_interval(theirs, has_interval):
    """From 0 to 0 would claim more than twelve patients can show."""
    ious = [("m", 0.8)] * 12 + [("n", 0.8)] * 11 + [("n", theirs)]
    rows = [iou_row(iou=iou, image=str(number % 12), model=model) for number, (model, iou) in enumerate(ious)]
    tables = marts(rows, of=study(compare=("m", "n")))
    for name in ("differences_by_task", "differences_overall"):
        row = only(row for row in tables[name] if row["measure"] == "failures")
        assert row["mean_difference"] == pytest.approx(-has_interval / 12)
        assert (row["low"] is not None, row["high"] is not None) == (has_interval, has_interval)


def test_resamples_that_are_lost_take_the_interval_away():
    """More than a tenth of them; fewer are left out."""
    errors = np.resize([-0.5, 0.5], 1000)
    whole = bounds(estimate(errors=errors))
    errors[:100] = np.nan
    assert bounds(estimate(errors=errors)) == pytest.approx(whole, abs=1e-9)
    errors[100] = np.nan
    found = bootstrap_t(estimate(errors=errors), SHARE, 0.95)
    assert (found.low, found.high, found.lost_resamples) == (None, None, 101)


def test_a_mean_of_equal_values_has_an_interval_without_width_unless_all_are_0_or_1():
    """Clusters that agree leave no doubt of a value between; where all are 0, a thirteenth patient may be anything."""
    for iou, width in ((0.5, 0.0), (0.0, STUDENT**2 / (12 + STUDENT**2)), (1.0, STUDENT**2 / (12 + STUDENT**2))):
        row = only(marts([iou_row(iou=iou, image=str(image)) for image in range(12)])["task_scores"])
        assert row["high"] - row["low"] == pytest.approx(width, abs=1e-6)


@pytest.mark.parametrize(("of", "values"), [
    (estimate(0.9, 0.04), SHARE), (estimate(0.1, 0.04), SHARE.of_differences()), (estimate(19.0, 4.0), CLICKS),
])  # fmt: skip
def test_no_end_lies_beyond_what_an_object_can_have(of, values):
    """And is the mean from which the estimate is Student's quantile of its own standard errors away."""
    found = bounds(of, values)
    assert values.lowest <= found[0] < of.mean < found[1] <= values.highest
    expected = [score_end(of.mean, of.variance**0.5, sign * STUDENT, values.lowest, values.highest) for sign in (1, -1)]
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_distance_is_not_negative():
    """Of eleven small ones and a large one, the mean less its standard errors would be."""
    rows = [iou_row(image=str(image)) for image in range(12)]
    masks = boundary_rows(rows, [1.0] * 11 + [100.0])
    row = only(row for row in marts(rows, boundary=masks)["measures_by_task"] if row["measure"] == "HD95 mm")
    assert row["low"] == 0
    assert row["high"] > row["mean"] + STUDENT * np.std([1.0] * 11 + [100.0], ddof=1) / 12**0.5 - 1e-6


def test_a_measure_states_what_values_an_object_can_have():
    """A model may predict an IoU above 1; clicks end at their limit; a distance has no end."""
    rows = [iou_row() | {"predicted_iou": 1.1}, *click_rows([0.2, 0.8, 0.9])]
    masks = boundary_rows(rows[:1], [2.0]) + boundary_rows(rows[:1], [0.5], "NSD 2 mm", "share", True)
    found = {row["measure"]: (row["lowest"], row["highest"]) for row in marts(rows, boundary=masks)["measures"]}
    others = {
        "gain@3": (-1, 1), "NoC3@80": (0, 3), "NoC3@90": (0, 3), "predicted-bias": (None, None),
        "predicted-error": (0, None), "HD95 mm": (0, None),
    }  # fmt: skip
    assert {name: found[name] for name in others} == others
    assert {found[name] for name in set(found) - set(others)} == {(0, 1)}
    assert {"iou", "dice", "AUC@3", "failures", "never-reached3@80", "NSD 2 mm"} <= set(found)
