"""What SQL cannot say well: the cluster bootstrap, and Wilcoxon's test. Vectorised numpy on the rows of staging.

The bootstrap draws a data set's patients with replacement; one draw serves all its tasks, models and steps, since these
share patients. The statistic of a cell is the sum of sums over the sum of counts; over tasks, the plain mean of the
tasks' statistics, with the tasks fixed (Efron and Tibshirani 1993, percentile interval). The test is scipy's own on the
means of patients (Wilcoxon 1945, zeros by Pratt 1959), with the matched-pairs rank-biserial correlation (Kerby 2014).
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

RESAMPLES = 10_000
BLOCK_VALUES = 1 << 22
"""Draws held at once: 32 MiB of float64."""
FEWEST_CLUSTERS = 2
FEWEST_DIFFERENCES = 6
METHOD: Any = "asymptotic"  # the stubs know only its older name, `approx`

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientSums:
    """One data set's cells by patients: `totals_CP` and `counts_CP`, float64, 0 where a patient has no object."""

    totals_CP: Floats
    counts_CP: Floats

    @property
    def patients(self) -> NDArray[np.int64]:
        """How many patients each cell has."""
        count_C: NDArray[np.int64] = (self.counts_CP > 0).sum(axis=1, dtype=np.int64)
        return count_C


def draws(patients: int, resamples: int, seed: int, dataset: str) -> Iterator[Floats]:
    """Give how often each patient is drawn, resample by resample: blocks of (B, P), `resamples` rows in all.

    Seeded by the study's seed and the data set's name, so that other data sets change nothing.
    """
    name = int.from_bytes(hashlib.sha256(dataset.encode()).digest()[:8])
    rng = np.random.default_rng([seed, name])
    size = max(1, BLOCK_VALUES // patients)
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        drawn = rng.integers(0, patients, (rows, patients)) + patients * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * patients).reshape(rows, patients).astype(np.float64)


def bootstrap(sums: PatientSums, seed: int, dataset: str, resamples: int = RESAMPLES) -> Floats:
    """Give each cell's statistic in each resample: float64 (resamples, C); NaN where none of its patients was drawn."""
    patients = sums.totals_CP.shape[1]
    blocks = []
    with np.errstate(invalid="ignore", divide="ignore"):
        for drawn_BP in draws(patients, resamples, seed, dataset):
            blocks.append((drawn_BP @ sums.totals_CP.T) / (drawn_BP @ sums.counts_CP.T))
    return np.concatenate(blocks)


def interval(statistics_BC: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Give the percentile interval of each column, over the resamples in which it is defined."""
    tail = (1 - confidence) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without any defined resample gives NaN
        low, high = np.nanquantile(statistics_BC, [tail, 1 - tail], axis=0)
    return low, high


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """A second estimand, on patients' means: their mean difference, Wilcoxon's p, the rank-biserial correlation."""

    patient_mean_difference: float
    nonzero_differences: int
    p: float | None
    rank_biserial: float | None


def paired_test(differences_P: Floats) -> PairedTest:
    """Test patients' mean differences. p is None below six differences that are not zero."""
    nonzero = int(np.count_nonzero(differences_P))
    p = rank_biserial = None
    if nonzero:
        ranks = stats.rankdata(np.abs(differences_P))  # zeros are ranked too, and then left out: Pratt
        positive, negative = ranks[differences_P > 0].sum(), ranks[differences_P < 0].sum()
        rank_biserial = float((positive - negative) / (positive + negative))
    if nonzero >= FEWEST_DIFFERENCES:
        found = stats.wilcoxon(differences_P, zero_method="pratt", method=METHOD, correction=False)
        p = float(found.pvalue)
    return PairedTest(
        patient_mean_difference=float(np.mean(differences_P)),
        nonzero_differences=nonzero,
        p=p,
        rank_biserial=rank_biserial,
    )


def spearman(moments: Floats) -> Floats:
    """Give rho from sums over objects (…, 6): n, Σr, Σs, Σrr, Σss, Σrs, where r and s are ranks; NaN without spread."""
    n, r, s, rr, ss, rs = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        rho: Floats = (n * rs - r * s) / np.sqrt((n * rr - r * r) * (n * ss - s * s))
    return rho
