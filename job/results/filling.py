"""Tables filled with samples, lines of the ledger, and outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from job.datasets.sample import Excluded, Sample, TaskObject
from job.metrics import overlap
from job.prompts.regions import count_components
from job.results import run_lengths
from job.results.outcome import Outcome
from job.results.tables import EPISODE_KEY, EXCLUDED, IOU, OBJECT_KEY, OBJECTS, PREDICTIONS


def objects_table(samples: Iterable[Sample]) -> pa.Table:
    """Build the `objects` table of samples, sorted by key."""
    return _table([_object_row(sample, obj) for sample in samples for obj in sample.objects], OBJECTS, OBJECT_KEY)


def excluded_table(lines: Iterable[Excluded]) -> pa.Table:
    """Build the `excluded` table: the ledger of what was left out or used with a warning, and why."""
    return _table([asdict(line) for line in lines], EXCLUDED, None)


def outcome_tables(
    outcomes: Sequence[Outcome], *, model: str, precision: str, seed: int, part: str
) -> tuple[pa.Table, pa.Table]:
    """Build the `iou` and `predictions` tables of one part, both sorted by key."""
    keys = [_key(outcome, model, seed) for outcome in outcomes]
    constants = {"precision": precision, "part": part}
    scores = [key | _scores(outcome) | constants for key, outcome in zip(keys, outcomes, strict=True)]
    predictions = [key | _prediction(outcome) for key, outcome in zip(keys, outcomes, strict=True)]
    return _table(scores, IOU, EPISODE_KEY), _table(predictions, PREDICTIONS, EPISODE_KEY)


def joined(tables: Sequence[pa.Table], key: list[pa.Field]) -> pa.Table:
    """Join tables of one kind, sorted by key."""
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables).sort_by([(f.name, "ascending") for f in key])


def _table(rows: list[dict[str, Any]], schema: pa.Schema, key: list[pa.Field] | None) -> pa.Table:
    table = pa.Table.from_pylist(rows, schema=schema)
    return table if key is None else table.sort_by([(field.name, "ascending") for field in key])


def _object_row(sample: Sample, obj: TaskObject) -> dict[str, Any]:
    height, width = obj.truth_HW.shape
    row_mm, column_mm, slice_mm = sample.spacing or (None, None, None)
    return _object_key(sample, obj) | {
        "modality": sample.modality,
        "volume": sample.volume,
        "patient": sample.patient,
        "height": height,
        "width": width,
        "image_px": height * width,
        "object_px": int(obj.truth_HW.sum()),
        "components": count_components(obj.truth_HW),
        "spacing_row_mm": row_mm,
        "spacing_column_mm": column_mm,
        "spacing_slice_mm": slice_mm,
        "intensity": sample.intensity,
        "truth": run_lengths.encode(obj.truth_HW),
    }


def _object_key(sample: Sample, obj: TaskObject) -> dict[str, Any]:
    return {
        "dataset": sample.dataset,
        "image": sample.image,
        "axis": sample.axis,
        "slice": sample.slice,
        "task": obj.task,
    }


def _key(outcome: Outcome, model: str, seed: int) -> dict[str, Any]:
    return _object_key(outcome.sample, outcome.object) | {
        "model": model,
        "prompt": outcome.prompt,
        "protocol": outcome.protocol,
        "mask_choice": outcome.mask_choice,
        "step": outcome.step,
        "seed": seed,
    }


def _scores(outcome: Outcome) -> dict[str, Any]:
    point = outcome.point
    return {
        "iou": overlap.iou(outcome.intersection_px, outcome.union_px),
        "dice": overlap.dice(outcome.intersection_px, outcome.union_px),
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


def _prediction(outcome: Outcome) -> dict[str, Any]:
    return {
        "mask": outcome.mask,
        "points": [{"x": point.x, "y": point.y, "positive": point.positive} for point in outcome.points],
        "boxes": [box._asdict() for box in outcome.boxes],
    }
