"""What a whole trajectory of clicks has, as a reader of the marts would compute it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from tests.statistics.recomputed.studies import LEVELS, OBJECT, RUN

OWNER = [*OBJECT, "patient"]


def trajectories(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per object and run of clicks with a column for each measure, such as AUC@4 and NoC4@75."""
    clicks = scores[scores["protocol"] != "one-shot"]
    return pd.DataFrame([
        dict(zip([*RUN, *OWNER], key, strict=True)) | _measures(dict(zip(group["step"], group["iou"], strict=True)))
        for key, group in clicks.groupby([*RUN, *OWNER])
    ])  # fmt: skip


def measures(courses: pd.DataFrame) -> list[str]:
    """Return the names of the measures."""
    return [name for name in courses if "@" in name]


def _measures(iou_of_step: dict[int, float]) -> dict[str, float]:
    limit = max(iou_of_step)
    ious = [iou_of_step[click] for click in range(1, limit + 1)]
    halves = [(before + after) / 2 for before, after in pairwise(ious)]
    row: dict[str, float] = {
        "step": limit,
        f"AUC@{limit}": sum(ious) / limit,
        f"AUC-trapezoid@{limit}": sum(halves) / len(halves),
        f"dice-AUC-trapezoid@{limit}": np.trapezoid([2 * iou / (1 + iou) for iou in ious]) / (limit - 1),
        f"gain@{limit}": ious[-1] - ious[0],
        f"worse@{limit}": float(ious[-1] < ious[0]),
    }
    for level in LEVELS:
        name = f"{limit}@{level * 100:g}"
        reached = [click for click, iou in sorted(iou_of_step.items()) if iou >= level]
        row[f"NoC{name}"] = reached[0] if reached else limit
        row[f"never-reached{name}"] = float(not reached)
        row[f"reached-limit{name}"] = float(not reached or reached[0] == limit)
    return row
