"""The cluster bootstrap as PROTOCOLS and the docstrings state it, patient by patient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import optimize, stats

RESAMPLES = 4000
CONFIDENCE = 0.95


def drawn(clusters: Sequence[str], rng: np.random.Generator) -> list[list[str]]:
    """Return the clusters of each resample, drawn with replacement."""
    return [list(rng.choice(clusters, len(clusters))) for _ in range(RESAMPLES)]


def statistics(rows: pd.DataFrame, value: str, resamples: list[list[str]]) -> np.ndarray:
    """Return the mean over the objects of the drawn clusters, for each resample; NaN where there is none."""
    sums = {name: (own.sum(), len(own)) for name, own in rows.groupby("patient")[value]}
    result = []
    for names in resamples:
        own = [sums[name] for name in names if name in sums]
        result.append(sum(total for total, _ in own) / sum(count for _, count in own) if own else np.nan)
    return np.array(result)


def parts(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return what each patient adds to the error of a mean, and the share of the objects that it has."""
    own = rows.groupby("patient")[value].agg(["sum", "count"])
    error = (own["sum"] - rows[value].mean() * own["count"]) / len(rows)
    return pd.DataFrame({"error": error, "share": own["count"] / len(rows)})


def stated(parts_P: pd.DataFrame, resamples: list[list[str]]) -> tuple[float, np.ndarray]:
    """Return the variance of a sample, and the one that each resample would state if it were a sample.

    A patient that is drawn twice is two patients. Both are estimated with the sample's effective number of patients.
    """
    count = size(parts_P["share"])
    place = {name: number for number, name in enumerate(parts_P.index)}
    error_P, share_P = parts_P["error"].to_numpy(), parts_P["share"].to_numpy()
    result = []
    for names in resamples:
        own = [place[name] for name in names if name in place]
        share = share_P[own].sum()
        residuals = error_P[own] - share_P[own] * error_P[own].sum() / share if own else np.array([np.nan])
        result.append((residuals**2).sum() / share**2 if own else np.nan)
    factor = count / (count - 1)
    return factor * (error_P**2).sum(), factor * np.array(result)


def shares(rows: pd.DataFrame) -> pd.Series:
    """Return the share of the objects that each cluster has."""
    return rows.groupby("patient").size() / len(rows)


def size(weights: pd.Series) -> float:
    """Return P, the effective number of clusters (Kish 1965), from the share that each has of the objects."""
    return max(2.0, float(weights.sum() ** 2 / (weights**2).sum()))


def tails(inflation: float, freedom: float) -> tuple[float, float]:
    """Return Phi(-sqrt(inflation) t(1 - alpha/2; freedom)) and its mirror."""
    reach = np.sqrt(inflation) * stats.t.ppf((1 + CONFIDENCE) / 2, freedom)
    return float(stats.norm.cdf(-reach)), float(stats.norm.cdf(reach))


def pooled(cohorts: Sequence[tuple[np.ndarray, float]]) -> tuple[float, float]:
    """Return factor and degrees of freedom of a sum of cohorts by Welch (1938) and Satterthwaite (1946).

    cohorts: what each adds in every resample, and its number P of clusters. Its resamples have (P - 1) / P of the
    variance that is estimated with P - 1 degrees of freedom.
    """
    shown = [float(np.nanvar(added)) for added, _ in cohorts]
    estimated = [variance * count / (count - 1) for variance, (_, count) in zip(shown, cohorts, strict=True)]
    below = sum(variance**2 / (count - 1) for variance, (_, count) in zip(estimated, cohorts, strict=True))
    return sum(estimated) / sum(shown), sum(estimated) ** 2 / below


def slack(values: np.ndarray, tail: float, others: int) -> float:
    """Return four standard errors of the difference of two estimates of a quantile.

    The share of values below the true quantile differs from the tail by a binomial error in both: of these values, and
    of `others`. How far values go for that share is read from them.
    """
    known = np.sort(values[~np.isnan(values)])
    error = 4 * np.sqrt(tail * (1 - tail) * (1 / len(known) + 1 / others))
    error += 2 / len(known)
    low, high = np.quantile(known, np.clip([tail - error, tail + error], 0, 1))
    at = np.quantile(known, tail)
    return float(max(high - at, at - low)) + 1e-9


def score_end(mean: float, error: float, reach: float, lowest: float, highest: float) -> float:
    """Return the end that lies `reach` of its own standard errors below a mean, by Brent's method; above if negative.

    The standard error of values from lowest to highest varies with the end as that of a proportion does.
    """
    centre = (mean - lowest) * (highest - mean)

    def off(value: float) -> float:
        return float((mean - value) - reach * error * np.sqrt((value - lowest) * (highest - value) / centre))

    return float(optimize.brentq(off, lowest, mean) if reach > 0 else optimize.brentq(off, mean, highest))
