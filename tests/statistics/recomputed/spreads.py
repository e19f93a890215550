"""How an object's IoU spreads over the seeds, by pandas."""

from __future__ import annotations

import pandas as pd

from tests.statistics.recomputed.studies import OBJECT, RUN

WAY = [name for name in RUN if name != "seed"]
SPREADS = ("seed-sd", "seed-range", "worst-seed-iou")


def spreads(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row per object, way of asking and step: of objects that have all seeds. seed: the first, to pair by."""
    seeds = scores.groupby(WAY)["seed"].agg(seeds="nunique", seed="min").reset_index()
    of_object = (
        scores.groupby([*WAY, "step", *OBJECT, "patient"])["iou"].agg(["size", "std", "max", "min"]).reset_index()
    )
    whole = of_object.merge(seeds[seeds["seeds"] > 1], on=WAY).query("size == seeds")
    return whole.assign(
        **{"seed-sd": whole["std"], "seed-range": whole["max"] - whole["min"], "worst-seed-iou": whole["min"]}
    )
