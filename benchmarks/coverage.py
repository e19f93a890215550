"""Simulate how often intervals cover, how often a lead is claimed wrongly, and how often tests reject wrongly.

    python -m benchmarks.coverage [--replicates 2500] [--resamples 2000] [--only intervals|claims|tests]

All statistics are the job's own functions; only the number of resamples is lower than a study's 10,000.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import scipy

from benchmarks.false_claims import PATIENTS, claims, tests
from benchmarks.markdown import heading, row
from benchmarks.simulated_patients import (
    CONFIDENCE,
    Cohort,
    Setting,
    Slices,
    batches,
    better,
    iou,
    iou_without_zeros,
    never_reached,
    noc,
)
from job.statistics import estimates, over_tasks, paired_tests, resampling
from job.statistics.bootstrap_t import Linear, Range, bootstrap_t
from job.statistics.correlations import fisher, spearman
from job.statistics.estimates import Estimates
from job.statistics.resampling import Floats, draws, interval, resampled_sums

HUGE = 200_000
"""Patients of the sample that stands for the population."""

Task = Callable[[Slices], Floats]
"""What a task measures: its sums by patient, (M, R, P); two for a mean, six for a rank correlation."""


def mean_of(measure: Callable[[Floats], Floats], shared: float = 0.0) -> Task:
    """Return the task of a mean."""
    return lambda slices: np.stack([slices.sums(measure(slices.scores(shared))), slices.counts_RP])


def difference(slices: Slices) -> Floats:
    """Return the sums of the paired differences of two models, of which one is better."""
    first, second = slices.courses(1, 0.6)
    return np.stack([slices.sums(better(first, second, np.zeros((1, 1)))[0]), slices.counts_RP])


def correlation(rho: float) -> Task:
    """Return the task of a rank correlation of size and IoU, whose normal scores have this correlation."""

    def sums(slices: Slices) -> Floats:
        size_N = slices.scores()
        iou_N = iou(rho * size_N + np.sqrt(1 - rho**2) * slices.scores())
        r, s = slices.ranks(size_N), slices.ranks(iou_N)
        return np.stack([slices.counts_RP, *map(slices.sums, (r, s, r * r, s * s, r * s))])

    return sums


COHORT_SIZES = (1, 2, 4)
ESTIMANDS: dict[str, tuple[Sequence[int], Sequence[Task]]] = {
    "mean IoU": ((1,), [mean_of(iou)]),
    "mean IoU, no zeros": ((1,), [mean_of(iou_without_zeros)]),
    "mean IoU, higher with more slices": ((1,), [mean_of(iou, 1.0)]),
    "mean of paired differences": ((1,), [difference]),
    "mean over 3 tasks of one cohort": ((1,), [mean_of(iou, 0.5)] * 3),
    "mean over 3 cohorts of P, 2P, 4P": (COHORT_SIZES, [mean_of(iou)]),
    "NoC20": ((1,), [mean_of(noc)]),
    "share never reached": ((1,), [mean_of(never_reached)]),
    "share never reached over 3 cohorts of P, 2P, 4P": (COHORT_SIZES, [mean_of(never_reached)]),
    "rho of size and IoU": ((1,), [correlation(0.5)]),
    "rho over 3 cohorts of P, 2P, 4P": (COHORT_SIZES, [correlation(0.5)]),
}
"""Sizes of the cohorts, in patients P, and the tasks of each, by the name of the interval."""
SHARE = Range(lowest=0.0, highest=1.0)
RANGES = {"mean of paired differences": SHARE.of_differences(), "NoC20": Range(lowest=0.0, highest=20.0)}
"""What an object can have, where it is no share."""


def statistic(sums: Floats) -> Floats:
    """Return the statistic that is averaged over tasks, (R,) of (M, R)."""
    return sums[0] / sums[1] if len(sums) == 2 else fisher(spearman(sums.T))


def bounds(name: str, setting: Setting, patients: int, replicates: int, seed: int) -> Iterator[tuple[float, float]]:
    """Yield the interval of each replicate; one without an interval is NaN."""
    rng, (sizes, tasks) = np.random.default_rng([seed, patients]), ESTIMANDS[name]
    overall = Estimates(0, replicates)
    for number, size in enumerate(sizes):
        clusters = size * patients
        cohort, part = Cohort(setting, (replicates, clusters), rng), overall.linear_part(clusters)
        drawn_BP = draws(clusters, seed, str(number))
        for task in tasks:
            sums_MRP = task(cohort.slices()).astype(float)
            if len(sums_MRP) == 2:
                linear = Linear.of(*sums_MRP)
                part.add_means(np.arange(replicates), linear, *linear.resampled(drawn_BP))
            else:
                rhos_R = fisher(spearman(sums_MRP.sum(axis=2).T))
                rhos_RB = np.stack(
                    [fisher(spearman(resampled_sums(own, drawn_BP).T)) for own in np.moveaxis(sums_MRP, 1, 0)]
                )
                part.add(np.arange(replicates), rhos_R, rhos_RB, sums_MRP[0])
        overall.add_drawn(part, drawn_BP)
    for place in overall.places:
        if name.startswith("rho"):
            found = interval(overall.resampled(place), overall.spread(place), CONFIDENCE)
        else:
            found = bootstrap_t(overall.estimate(place), RANGES.get(name, SHARE), CONFIDENCE)
        yield (np.nan, np.nan) if found.low is None or found.high is None else (found.low, found.high)


@cache
def population(name: str, setting: Setting) -> float:
    """Return the true value, by a huge sample."""
    cohort = Cohort(setting, (1, HUGE), np.random.default_rng(1))
    return float(np.mean([statistic(task(cohort.slices()).sum(axis=2))[0] for task in ESTIMANDS[name][1]]))


def coverage(name: str, setting: Setting, patients: int, replicates: int) -> float:
    """Return the share of intervals that hold the true value; no interval holds nothing."""
    true, held = population(name, setting), 0
    for seed, count in batches(replicates):
        held += sum(low <= true <= high for low, high in bounds(name, setting, patients, count, seed))
    return held / replicates


def intervals(replicates: int) -> None:
    """Print the coverage of every kind of interval."""
    heading("interval", "slices", "ICC", *(f"P = {P}" for P in PATIENTS))
    for name in ESTIMANDS:
        informative = name.endswith("more slices")
        for unequal in (True,) if informative else (False, True):
            for icc in (0.5, 0.8) if informative else (0.0, 0.5, 0.8):
                setting = Setting(unequal=unequal, icc=icc, informative=informative)
                shares = [coverage(name, setting, P, replicates) for P in PATIENTS]
                row(name, setting.slices, icc, *(f"{share:.3f}" for share in shares))


def main() -> None:
    """Run the simulations and print their tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=2500)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--only", choices=["intervals", "claims", "tests"])
    arguments = parser.parse_args()
    for module in (resampling, over_tasks, estimates, paired_tests):
        vars(module)["RESAMPLES"] = arguments.resamples
    print(f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__},", end=" ")
    print(f"{arguments.resamples:,} resamples")
    for simulate, share in ((intervals, 1.0), (claims, 0.8), (tests, 1.0)):
        if arguments.only in (None, simulate.__name__):
            replicates, began = int(arguments.replicates * share), time.process_time()
            print(f"\n{simulate.__name__}: {replicates:,} replicates, Monte Carlo error (two standard errors)", end=" ")
            print(f"±{2 * np.sqrt(0.95 * 0.05 / replicates):.3f}\n")
            simulate(replicates)
            print(f"\n{time.process_time() - began:.0f} s of one core")


if __name__ == "__main__":
    main()
