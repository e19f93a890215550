"""The tables: their keys and Arrow schemas. docs/results.md explains the columns."""

from __future__ import annotations

import pyarrow as pa

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
    pa.field("seed", pa.int64(), nullable=False),
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
        pa.field("components", pa.int32()),
        pa.field("spacing_row_mm", pa.float64()),
        pa.field("spacing_column_mm", pa.float64()),
        pa.field("spacing_slice_mm", pa.float64()),
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

BOUNDARY = pa.schema(
    [
        *EPISODE_KEY,
        pa.field("metric", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("higher_is_better", pa.bool_(), nullable=False),
        pa.field("value", pa.float64()),
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
