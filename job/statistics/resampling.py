"""The cluster bootstrap and the paired test, pure: numpy arrays in, numpy arrays out.

The bootstrap draws a data set's patients with replacement. One draw serves all tasks, runs and steps of the data set,
because they share its patients. The statistic of a cell is the drawn patients' sum of scores over their count of
objects; over tasks, it is the plain mean of the tasks' statistics, with the tasks fixed (Efron and Tibshirani 1993,
percentile interval). The test is scipy's, on the means of patients (Wilcoxon 1945, zeros by Pratt 1959), with the
matched-pairs rank-biserial correlation (Kerby 2014).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BLOCK_VALUES = 1 << 22
"""Draws held in memory at once: 32 MiB of float64."""
FEWEST_DIFFERENCES = 6
"""Fewer differences that are not zero are not tested."""
METHOD: Any = "asymptotic"  # scipy-stubs knows only its older name, `approx`

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientSums:
    """One data set's sums of scores and counts of objects, float64 (C, P): cells by patients; 0 without an object."""

    totals_CP: Floats
    counts_CP: Floats

    @property
    def patients(self) -> NDArray[np.int64]:
        """Number of patients with an object in each cell, int64 (C,)."""
        count_C: NDArray[np.int64] = (self.counts_CP > 0).sum(axis=1, dtype=np.int64)
        return count_C


def draws(patients: int, resamples: int, seed: int, dataset: str) -> Iterator[Floats]:
    """Yield how often each patient is drawn in each resample: float64 blocks of (B, P), `resamples` rows in all.

    The generator is seeded by `seed` and the data set's name, so the draws do not depend on other data sets.
    """
    name = int.from_bytes(hashlib.sha256(dataset.encode()).digest()[:8])
    rng = np.random.default_rng([seed, name])
    size = max(1, BLOCK_VALUES // patients)
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        drawn = rng.integers(0, patients, (rows, patients)) + patients * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * patients).reshape(rows, patients).astype(np.float64)


def bootstrap(sums: PatientSums, resamples: int, seed: int, dataset: str) -> Floats:
    """Return each cell's statistic in each resample, float64 (B, C); NaN where none of its patients was drawn."""
    patients = sums.totals_CP.shape[1]
    blocks = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for drawn_BP in draws(patients, resamples, seed, dataset):
            blocks.append((drawn_BP @ sums.totals_CP.T) / (drawn_BP @ sums.counts_CP.T))
    return np.concatenate(blocks)


def interval(statistics_BC: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return the percentile interval of each column, two of (C,), over the resamples in which it is not NaN."""
    tail = (1 - confidence) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column of NaN alone stays NaN
        low, high = np.nanquantile(statistics_BC, [tail, 1 - tail], axis=0)
    return low, high


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """Patients' mean differences: their mean, Wilcoxon's p, and the rank-biserial correlation (-1 to 1)."""

    patient_mean_difference: float
    nonzero_differences: int
    p: float | None
    rank_biserial: float | None


def paired_test(differences_P: Floats) -> PairedTest:
    """Test the patients' mean differences, float64 (P,).

    p is None below FEWEST_DIFFERENCES differences that are not zero; rank_biserial is None if all are zero.
    """
    nonzero = int(np.count_nonzero(differences_P))
    p = rank_biserial = None
    if nonzero:
        ranks = stats.rankdata(np.abs(differences_P))  # Pratt: zeros are ranked, then left out
        positive, negative = ranks[differences_P > 0].sum(), ranks[differences_P < 0].sum()
        rank_biserial = float((positive - negative) / (positive + negative))
    if nonzero >= FEWEST_DIFFERENCES:
        p = float(stats.wilcoxon(differences_P, zero_method="pratt", method=METHOD, correction=False).pvalue)
    return PairedTest(
        patient_mean_difference=float(np.mean(differences_P)),
        nonzero_differences=nonzero,
        p=p,
        rank_biserial=rank_biserial,
    )


def spearman(moments: Floats) -> Floats:
    """Return rho (…) from sums over objects (…, 6): n, Σr, Σs, Σrr, Σss, Σrs of ranks r and s; NaN without spread."""
    n, r, s, rr, ss, rs = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho: Floats = (n * rs - r * s) / np.sqrt((n * rr - r * r) * (n * ss - s * s))
    return rho
