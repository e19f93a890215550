"""What a whole trajectory of clicks has, as a reader of the marts would compute it."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from tests.statistics.recomputed.studies import LEVELS, OBJECT, RUN

OWNER = [*OBJECT, "patient"]


def trajectories(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per object and run of clicks with a column for each measure, such as AUC@4 and NoC4@75."""
    clicks = scores[scores["protocol"] != "one-shot"]
    return pd.DataFrame([
        dict(zip([*RUN, *OWNER], key, strict=True)) | _measures(list(group.sort_values("step")["iou"]))
        for key, group in clicks.groupby([*RUN, *OWNER])
    ])  # fmt: skip


def measures(courses: pd.DataFrame) -> list[str]:
    """Return the names of the measures."""
    return [name for name in courses if "@" in name]


def _measures(ious: list[float]) -> dict[str, float]:
    limit = len(ious)
    halves = [(before + after) / 2 for before, after in pairwise(ious)]
    row: dict[str, float] = {
        "step": limit,
        f"AUC@{limit}": sum(ious) / limit,
        f"AUC-trapezoid@{limit}": sum(halves) / len(halves),
        f"gain@{limit}": ious[-1] - ious[0],
        f"worse@{limit}": float(ious[-1] < ious[0]),
    }
    for level in LEVELS:
        name = f"{limit}@{level * 100:g}"
        reached = [click for click, iou in enumerate(ious, 1) if iou >= level]
        row[f"NoC{name}"] = reached[0] if reached else limit
        row[f"never-reached{name}"] = float(not reached)
        row[f"reached-limit{name}"] = float(not reached or reached[0] == limit)
    return row
