"""Means of values between 0 and 1 have Wilson's interval, which does not end at 0 because no patient shows it."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from job.statistics.bounded import bounded_interval
from job.statistics.resampling import Spread
from tests.statistics.tables import boundary_rows, click_rows, iou_row, marts, object_row, only, study

NORMAL, STUDENT = 1.959964, 2.200985
"""The quantile .975 of the normal distribution, and of Student's with eleven degrees of freedom."""


def bounds(*arguments):
    """Return the two ends of an interval."""
    found = bounded_interval(*arguments, 0.95)
    return found.low, found.high


def measured(rows):
    """Return the rows of failures."""
    return [row for row in rows if row["measure"] == "failures"]


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


def test_with_patients_of_one_image_it_is_wilsons_interval_with_students_quantile():
    """Statsmodels' own, of 4 in 12. Resamples estimate the variance within two percent."""
    level = 2 * (1 - 0.9860971)  # the normal distribution's tails beyond 2.200985
    expected = proportion_confint(4 * 11 / 12, 11, level, method="wilson")
    for row in failures([(1, 0)] * 4 + [(0, 1)] * 8):
        assert (row["low"], row["high"]) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("variance", "independent"), [(0.0021, 100), (0.021, 10), (1e-9, 300)])
def test_as_many_independent_objects_count_as_have_the_variance_of_the_resamples(variance, independent):
    """But never more than there are. 30 % of 300, with so many clusters that Student's quantile is the normal one."""
    resampled = 0.3 + np.sqrt(variance) * np.resize([-1.0, 1.0], 1000)
    spread = Spread(inflation=1.0, freedom=1e9)
    expected = proportion_confint(0.3 * independent, independent, 0.05, method="wilson")
    assert bounds(0.3, resampled, 300, spread) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("theirs", "has_interval"), [(0.8, False), (0.0, True)])
def test_a_difference_that_no_patient_shows_has_no_interval(theirs, has_interval):
    """From 0 to 0 would claim more than twelve patients can show."""
    ious = [("m", 0.8)] * 12 + [("n", 0.8)] * 11 + [("n", theirs)]
    rows = [iou_row(iou=iou, image=str(number % 12), model=model) for number, (model, iou) in enumerate(ious)]
    tables = marts(rows, of=study(compare=("m", "n")))
    for name in ("differences_by_task", "differences_overall"):
        row = only(measured(tables[name]))
        assert row["mean_difference"] == pytest.approx(-has_interval / 12)
        assert (row["low"] is not None, row["high"] is not None) == (has_interval, has_interval)


def test_resamples_that_are_lost_take_the_interval_away():
    """More than a tenth of them, as for means; fewer are left out."""
    resampled = np.resize([0.2, 0.4], 1000)
    whole = bounds(0.3, resampled, 300, Spread.of(12))
    resampled[:100] = np.nan
    assert bounds(0.3, resampled, 300, Spread.of(12)) == pytest.approx(whole, abs=1e-9)
    resampled[100] = np.nan
    found = bounded_interval(0.3, resampled, 300, Spread.of(12), 0.95)
    assert (found.low, found.high, found.lost_resamples) == (None, None, 101)


def test_values_between_0_and_1_count_as_more_objects_than_there_are():
    """Twelve IoU of .7 to .9: statsmodels' interval of as many zeros and ones as would have their variance, s² / 12."""
    ious = np.repeat([0.7, 0.75, 0.85, 0.9], 3)
    tables = marts([iou_row(iou=iou, image=str(image)) for image, iou in enumerate(ious)])
    independent = 0.8 * 0.2 / (ious.var(ddof=1) / 12)
    assert independent > 20 * 12
    level = 2 * (1 - 0.9860971)
    expected = proportion_confint(0.8 * independent, independent, level, method="wilson")
    for name in ("task_scores", "overall_scores"):
        row = only(tables[name])
        assert (row["low"], row["high"]) == pytest.approx(expected, abs=0.003)
        assert row["mean_iou"] - row["low"] > row["high"] - row["mean_iou"]


def test_a_mean_of_equal_values_has_an_interval_without_width_unless_all_are_0_or_1():
    """By the variance of the resamples, which is none; where all are 0, a twelfth patient more may be anything."""
    for iou, width in ((0.5, 0.0), (0.0, STUDENT**2 / (12 + STUDENT**2)), (1.0, STUDENT**2 / (12 + STUDENT**2))):
        row = only(marts([iou_row(iou=iou, image=str(image)) for image in range(12)])["task_scores"])
        assert row["high"] - row["low"] == pytest.approx(width, abs=1e-6)


def test_an_interval_depends_on_what_values_an_object_can_have():
    """Of these, some measures are 0 or 1, some may be below 0 or above 1, and all others lie between."""
    rows = [iou_row() | {"predicted_iou": 1.1}, *click_rows([0.2, 0.8, 0.9])]
    masks = boundary_rows(rows[:1], [2.0]) + boundary_rows(rows[:1], [0.5], "NSD 2 mm", "share", True)
    values = {row["measure"]: row["object_values"] for row in marts(rows, boundary=masks)["measures"]}
    assert {name for name in values if values[name] == "0 or 1"} == {
        "failures", "worse@3", "never-reached3@80", "never-reached3@90", "reached-limit3@80", "reached-limit3@90",
    }  # fmt: skip
    assert {name for name in values if values[name] == "any"} == {
        "gain@3", "NoC3@80", "NoC3@90", "predicted-bias", "predicted-error", "HD95 mm",
    }  # fmt: skip
    assert {"iou", "dice", "AUC@3", "patient-iou", "NSD 2 mm"} <= {name for name in values if values[name] == "0 to 1"}
