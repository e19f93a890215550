"""The tables: every column declared once, and rows from outcomes. Their meaning is told in docs/results.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from job import masks, metrics
from job.datasets.sample import Excluded, Sample, TaskObject
from job.prompts.regions import count_parts
from job.results.outcome import Outcome

SCHEMA_VERSION = 1

OBJECT_KEY = [
    pa.field("dataset", pa.string(), nullable=False),
    pa.field("image", pa.string(), nullable=False),
    pa.field("axis", pa.string(), nullable=False),
    pa.field("slice", pa.int32(), nullable=False),
    pa.field("task", pa.string(), nullable=False),
]

EPISODE_KEY = [
    *OBJECT_KEY,
    pa.field("model", pa.string(), nullable=False),
    pa.field("prompt", pa.string(), nullable=False),
    pa.field("protocol", pa.string(), nullable=False),
    pa.field("mask_choice", pa.string(), nullable=False),
    pa.field("step", pa.int32(), nullable=False),
]

OBJECTS = pa.schema(
    [
        *OBJECT_KEY,
        pa.field("modality", pa.string()),
        pa.field("volume", pa.string()),
        pa.field("patient", pa.string()),
        pa.field("height", pa.int32()),
        pa.field("width", pa.int32()),
        pa.field("image_px", pa.int64()),
        pa.field("object_px", pa.int64()),
        pa.field("parts", pa.int32()),
        pa.field("intensity", pa.string()),
        pa.field("truth", pa.string()),
    ]
)

IOU = pa.schema(
    [
        *EPISODE_KEY,
        pa.field("iou", pa.float64()),
        pa.field("dice", pa.float64()),
        pa.field("predicted_iou", pa.float64()),
        pa.field("intersection_px", pa.int64()),
        pa.field("union_px", pa.int64()),
        pa.field("mask_index", pa.int8()),
        pa.field("point_x", pa.int32()),
        pa.field("point_y", pa.int32()),
        pa.field("point_positive", pa.bool_()),
        pa.field("point_depth", pa.float32()),
        pa.field("point_ties", pa.int32()),
        pa.field("status", pa.string()),
        pa.field("precision", pa.string()),
        pa.field("seed", pa.int64()),
        pa.field("part", pa.string()),
    ]
)

POINT = pa.struct([("x", pa.int32()), ("y", pa.int32()), ("positive", pa.bool_())])
BOX = pa.struct([("x0", pa.int32()), ("y0", pa.int32()), ("x1", pa.int32()), ("y1", pa.int32())])

PREDICTIONS = pa.schema(
    [
        *EPISODE_KEY,
        pa.field("mask", pa.string()),
        pa.field("points", pa.list_(POINT)),
        pa.field("boxes", pa.list_(BOX)),
    ]
)

EXCLUDED = pa.schema(
    [
        *OBJECT_KEY[:4],
        pa.field("task", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)


def objects_table(samples: Iterable[Sample]) -> pa.Table:
    """Give the `objects` table of samples."""
    return _table([_object_row(sample, thing) for sample in samples for thing in sample.objects], OBJECTS, OBJECT_KEY)


def excluded_table(lines: Iterable[Excluded]) -> pa.Table:
    """Give the `excluded` table: the ledger of what was left out, and why."""
    return _table([asdict(line) for line in lines], EXCLUDED, None)


def outcome_tables(
    outcomes: Sequence[Outcome], *, model: str, precision: str, seed: int, part: str
) -> tuple[pa.Table, pa.Table]:
    """Give the `iou` and `predictions` tables of one part, in the order of the key."""
    made = {"precision": precision, "seed": seed, "part": part}
    scores = [_key(outcome, model) | _scores(outcome) | made for outcome in outcomes]
    given = [_key(outcome, model) | _given(outcome) for outcome in outcomes]
    return _table(scores, IOU, EPISODE_KEY), _table(given, PREDICTIONS, EPISODE_KEY)


def _table(rows: list[dict[str, Any]], schema: pa.Schema, key: list[pa.Field] | None) -> pa.Table:
    table = pa.Table.from_pylist(rows, schema=schema)
    return table if key is None else table.sort_by([(field.name, "ascending") for field in key])


def _object_row(sample: Sample, thing: TaskObject) -> dict[str, Any]:
    height, width = thing.truth_HW.shape
    return _object_key(sample, thing) | {
        "modality": sample.modality,
        "volume": sample.volume,
        "patient": sample.patient,
        "height": height,
        "width": width,
        "image_px": height * width,
        "object_px": int(thing.truth_HW.sum()),
        "parts": count_parts(thing.truth_HW),
        "intensity": sample.intensity,
        "truth": masks.encode(thing.truth_HW),
    }


def _object_key(sample: Sample, thing: TaskObject) -> dict[str, Any]:
    return {
        "dataset": sample.dataset,
        "image": sample.image,
        "axis": sample.axis,
        "slice": sample.slice,
        "task": thing.task,
    }


def _key(outcome: Outcome, model: str) -> dict[str, Any]:
    return _object_key(outcome.sample, outcome.object) | {
        "model": model,
        "prompt": outcome.prompt,
        "protocol": outcome.protocol,
        "mask_choice": outcome.mask_choice,
        "step": outcome.step,
    }


def _scores(outcome: Outcome) -> dict[str, Any]:
    point = outcome.point
    return {
        "iou": metrics.iou(outcome.intersection_px, outcome.union_px),
        "dice": metrics.dice(outcome.intersection_px, outcome.union_px),
        "predicted_iou": outcome.predicted_iou,
        "intersection_px": outcome.intersection_px,
        "union_px": outcome.union_px,
        "mask_index": outcome.mask_index,
        "point_x": point.x if point else None,
        "point_y": point.y if point else None,
        "point_positive": point.positive if point else None,
        "point_depth": point.depth if point else None,
        "point_ties": point.ties if point else None,
        "status": outcome.status,
    }


def _given(outcome: Outcome) -> dict[str, Any]:
    return {
        "mask": outcome.mask,
        "points": [{"x": point.x, "y": point.y, "positive": point.positive} for point in outcome.points],
        "boxes": [dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)) for box in outcome.boxes],
    }
