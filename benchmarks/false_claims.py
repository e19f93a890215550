"""Simulate how often a lead is claimed of two equal models, and how often tests reject; coverage.py prints both."""

from __future__ import annotations

import numpy as np

from benchmarks.markdown import heading, row
from benchmarks.simulated_patients import CONFIDENCE, Cohort, Difference, Setting, batches, better, equal, skewed
from job.statistics.bootstrap_t import Linear
from job.statistics.crossing import find_crossing
from job.statistics.paired_tests import flip_test, flips, rank_test
from job.statistics.resampling import Floats, Spread, draws, resampled_sums

PATIENTS = (5, 8, 10, 20, 40)
TESTED_PATIENTS = (6, 8, 12, 20, 40)


def courses(
    difference: Difference, setting: Setting, shift_K1: Floats, shape: tuple[int, int], seed: int
) -> tuple[Floats, Floats]:
    """Return the patients' sums of differences at each click, (K, R, P), and their counts, (R, P)."""
    clicks = len(shift_K1)
    slices = Cohort(setting, shape, np.random.default_rng([seed, shape[1], clicks])).slices()
    values_KN = difference(*slices.courses(clicks, 0.6), shift_K1)
    return np.stack([slices.sums(values_N) for values_N in values_KN]), slices.counts_RP.astype(float)


def claimed(difference: Difference, setting: Setting, clicks: int, patients: int, replicates: int) -> tuple[float, ...]:
    """Return how often either side is said to be ahead, and how often the simultaneous interval misses 0 somewhere."""
    ahead = missed = 0
    shift_K1 = -2 * np.exp(-np.arange(clicks) / 3)[:, None]  # the first clicks have low IoU
    for seed, count in batches(replicates):
        sums_KRP, counts_RP = courses(difference, setting, shift_K1, (count, patients), seed)
        drawn_BP = draws(patients, seed, "")
        for replicate in range(count):
            sums_KP, counts_KP = sums_KRP[:, replicate], np.tile(counts_RP[replicate], (clicks, 1))
            linear = Linear.of(sums_KP, counts_KP)
            spread, errors_KB = Spread.of(float(linear.clusters[0])), linear.resampled(drawn_BP)[0]
            found = find_crossing(linear.mean_C, linear.mean_C[:, None] + errors_KB, spread, CONFIDENCE)
            if found is not None:
                ahead += found.ahead is not None
                missed += bool(((found.low_K > 0) | (found.high_K < 0)).any())
    return ahead / replicates, missed / replicates


def claims(replicates: int) -> None:
    """Print how often one of two equal models is said to be ahead, and the power for a true difference."""
    heading("differences", "clicks", "slices", *(f"P = {P}" for P in PATIENTS))
    for name, differences in (("equal", equal), ("skewed, mean 0", skewed), ("0.05: power", better)):
        for clicks in (9, 20):
            for unequal in (False, True):
                setting = Setting(unequal=unequal, icc=0.5)
                shares = [claimed(differences, setting, clicks, P, replicates) for P in PATIENTS]
                row(name, clicks, setting.slices, *(f"{ahead:.3f} ({missed:.3f})" for ahead, missed in shares))


def p_values(differences: Difference, setting: Setting, patients: int, replicates: int) -> dict[str, list[float]]:
    """Return the p-values of each test. Over tasks: one task of P patients and two that share 10."""
    found: dict[str, list[float]] = {"flips": [], "Wilcoxon": [], "flips over tasks": []}
    for seed, count in batches(replicates):
        numbers = ((patients, seed), (10, seed + 1_000), (10, seed + 2_000))
        tasks = [courses(differences, setting, np.zeros((1, 1)), (count, P), own) for P, own in numbers]
        shares = [sums[0] / counts.sum(axis=1, keepdims=True) for sums, counts in tasks]
        weights = [shares[0], shares[1] + shares[2]]
        flipped = [resampled_sums(own, flips(own.shape[1], seed, str(own.shape))) for own in weights]
        means_RP = tasks[0][0][0] / tasks[0][1]
        for place in range(count):
            joined_P = np.concatenate([own[place] for own in weights])
            found["flips"].append(flip_test(weights[0][place], flipped[0][place]) or 1.0)
            found["flips over tasks"].append(flip_test(joined_P, flipped[0][place] + flipped[1][place]) or 1.0)
            found["Wilcoxon"].append(rank_test(means_RP[place]).wilcoxon_p or 1.0)
    return found


def tests(replicates: int) -> None:
    """Print how often a p is at most .05 although there is no difference, and the highest level that was attainable."""
    heading("test", "differences", "slices", *(f"P = {P}" for P in TESTED_PATIENTS))
    for name, differences in (("equal", equal), ("skewed, mean 0", skewed)):
        for unequal in (False, True):
            setting = Setting(unequal=unequal, icc=0.5)
            found = [p_values(differences, setting, P, replicates) for P in TESTED_PATIENTS]
            for test in found[0]:
                levels = [np.array(of_P[test]) for of_P in found]
                shown = [f"{np.mean(p <= 0.05):.3f} (of {p[p <= 0.05].max():.3f})" for p in levels]
                row(test, name, setting.slices, *shown)
