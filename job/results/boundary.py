"""The rows of `boundary`, computed from stored masks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from job.errors import OutputError
from job.metrics.contours import MaskPair
from job.metrics.registry import METRICS
from job.results import run_lengths
from job.results.tables import BOUNDARY, EPISODE_KEY, OBJECT_KEY

VERSION = 1
"""Counts the changes of the metrics' definitions. It is part of the files' keys."""
OF_OBJECT = ("height", "width", "spacing_row_mm", "spacing_column_mm", "truth")

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is computed. metrics: their names in the spec. tolerances: by task, in mm, or in px without a spacing."""

    metrics: Sequence[str]
    tolerances: Mapping[str, float]


def boundary_table(
    objects: pa.Table, predictions: pa.Table, asked: Asked, steps: Collection[int], pool: Executor
) -> pa.Table:
    """Compute the `boundary` table of a part, in the order of `predictions`.

    steps: those of which there are rows. Equal masks of an object are computed once. Raise OutputError for a prediction
    without its object.
    """
    truths = {_key(row, OBJECT_KEY): row for row in _rows(objects, OF_OBJECT, OBJECT_KEY)}
    named = predictions.filter(pc.is_in(predictions["step"], value_set=pa.array(sorted(steps), pa.int32())))
    episodes = _rows(named, ("mask",), EPISODE_KEY)
    pairs = list(dict.fromkeys((_key(row, OBJECT_KEY), row["mask"]) for row in episodes))
    missing = next((key for key, _ in pairs if key not in truths), None)
    if missing is not None:
        shown = ", ".join(map(str, missing))
        raise OutputError(
            f"no object belongs to a prediction of {shown}; delete the file of its chunk in objects/ and run the study "
            "again, which makes it anew"
        )
    scores = dict(zip(pairs, pool.map(partial(_scores, truths, asked), pairs), strict=True))
    rows = [
        {name: value for name, value in row.items() if name != "mask"} | score
        for row in episodes
        for score in scores[_key(row, OBJECT_KEY), row["mask"]]
    ]
    return pa.Table.from_pylist(rows, schema=BOUNDARY)


def _scores(truths: Mapping[Key, Row], asked: Asked, pair: tuple[Key, str]) -> list[Row]:
    """Return the columns of each metric. pair: the key of an object, and the run-lengths of a prediction."""
    key, mask = pair
    obj = truths[key]
    spacing, length = (obj["spacing_row_mm"], obj["spacing_column_mm"]), "mm"
    if None in spacing:
        spacing, length = (1.0, 1.0), "px"
    truth_HW, prediction_HW = (
        run_lengths.decode(counts, obj["height"], obj["width"]) for counts in (obj["truth"], mask)
    )
    masks, tolerance = MaskPair(truth_HW, prediction_HW, spacing), asked.tolerances[obj["task"]]
    scores: list[Row] = []
    for metric in (METRICS[name] for name in asked.metrics):
        name, unit = metric.label(length, tolerance)
        value = metric.value(masks, tolerance)
        scores.append({"metric": name, "unit": unit, "higher_is_better": metric.higher_is_better, "value": value})
    return scores


def _rows(table: pa.Table, columns: Sequence[str], key: list[pa.Field]) -> list[Row]:
    rows: list[Row] = table.select([*(field.name for field in key), *columns]).to_pylist()
    return rows


def _key(row: Row, fields: list[pa.Field]) -> Key:
    return tuple(row[field.name] for field in fields)
