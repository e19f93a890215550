"""How wide an interval is depends on the effective number of clusters."""

import numpy as np
import pytest
from scipy import stats

from job.statistics.over_tasks import OverTasks
from job.statistics.resampling import RESAMPLES, Spread, effective_clusters


@pytest.mark.parametrize(("weights", "effective"), [
    ((3, 3, 3, 3, 3), 5), ((3, 3, 0, 3), 3), ((4, 1, 1, 2, 2), 100 / 26), ((9, 1, 1, 1, 1, 1), 196 / 86),
])  # fmt: skip
def test_unequal_clusters_count_as_fewer(weights, effective):
    """By hand: the squared sum over the sum of squares."""
    assert effective_clusters(np.array([weights], float)) == pytest.approx([effective])


def test_one_dominating_cluster_counts_as_two():
    """One alone has no spread to speak of: 1004² / 1,000,004 is 1.008."""
    assert effective_clusters(np.array([[1000.0, 1, 1, 1, 1]])) == [2]


def test_the_width_is_students_quantile_times_the_inflation():
    """Hesterberg 2015: sqrt(P / (P - 1)) t(P - 1), here of 5 and of 3.5 clusters, by scipy."""
    for clusters in (5, 3.5):
        expected = np.sqrt(clusters / (clusters - 1)) * stats.t.ppf(0.975, clusters - 1)
        assert Spread.of(clusters).width(stats.norm.ppf(0.975)) == pytest.approx(expected)


def test_tasks_of_one_cohort_add_up_the_weights_of_a_cluster():
    """Shares (3/4, 1/4, 0) and (1/4, 0, 3/4) add up to (1, 1/4, 3/4): 4 over 26/16, in place of three."""
    overall = OverTasks(0, 1)
    part = overall.part(3)
    for counts in ((3, 1, 0), (1, 0, 3)):
        statistics = np.random.default_rng(0).normal(size=(1, RESAMPLES))
        part.add(np.array([0]), np.zeros(1), statistics, np.array([counts], float))
    overall.add(part)
    effective = 4 / (26 / 16)
    assert overall.spread(0).freedom == pytest.approx(effective - 1)
    assert overall.spread(0).inflation == pytest.approx(effective / (effective - 1))


def test_each_row_over_tasks_has_the_means_of_its_own_tasks():
    """Two tasks for the first row, one for the second, and one of another cohort for both; by hand."""
    overall = OverTasks(0, 2)
    part = overall.part(2)
    part.add(np.array([0, 1]), np.array([0.2, 0.9]), np.zeros((2, RESAMPLES)), np.array([[1.0, 2.0], [10.0, 20.0]]))
    part.add(np.array([0]), np.array([0.6]), np.zeros((1, RESAMPLES)), np.array([[4.0, 0.0]]))
    overall.add(part)
    assert [overall.tasks(row) for row in (0, 1)] == [2, 1]
    assert [overall.mean(row) for row in (0, 1)] == pytest.approx([0.4, 0.9])
    other_cohort = overall.part(1)
    other_cohort.add(np.array([0, 1]), np.array([0.1, 0.3]), np.zeros((2, RESAMPLES)), np.array([[5.0], [6.0]]))
    overall.add(other_cohort)
    assert [overall.tasks(row) for row in (0, 1)] == [3, 2]
    assert [overall.mean(row) for row in (0, 1)] == pytest.approx([0.3, 0.6])
