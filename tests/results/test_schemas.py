"""The tables have the columns of the design."""

import pyarrow as pa
import pytest

from job.results.tables import BOUNDARY, EXCLUDED, IOU, OBJECTS, PREDICTIONS

POINT = pa.struct([("x", pa.int32()), ("y", pa.int32()), ("positive", pa.bool_())])
BOX = pa.struct([("x0", pa.int32()), ("y0", pa.int32()), ("x1", pa.int32()), ("y1", pa.int32())])
OBJECT_KEY = {
    "dataset": pa.string(),
    "image": pa.string(),
    "axis": pa.string(),
    "slice": pa.int32(),
    "task": pa.string(),
}
EPISODE_KEY = OBJECT_KEY | {
    "model": pa.string(),
    "prompt": pa.string(),
    "protocol": pa.string(),
    "mask_choice": pa.string(),
    "step": pa.int32(),
    "seed": pa.int64(),
}
OBJECTS_COLUMNS = OBJECT_KEY | {
    "modality": pa.string(),
    "volume": pa.string(),
    "patient": pa.string(),
    "height": pa.int32(),
    "width": pa.int32(),
    "image_px": pa.int64(),
    "object_px": pa.int64(),
    "components": pa.int32(),
    "spacing_row_mm": pa.float64(),
    "spacing_column_mm": pa.float64(),
    "spacing_slice_mm": pa.float64(),
    "intensity": pa.string(),
    "truth": pa.string(),
}
IOU_COLUMNS = EPISODE_KEY | {
    "iou": pa.float64(),
    "dice": pa.float64(),
    "predicted_iou": pa.float64(),
    "intersection_px": pa.int64(),
    "union_px": pa.int64(),
    "mask_index": pa.int8(),
    "point_x": pa.int32(),
    "point_y": pa.int32(),
    "point_positive": pa.bool_(),
    "point_depth": pa.float32(),
    "point_ties": pa.int32(),
    "status": pa.string(),
    "precision": pa.string(),
    "part": pa.string(),
}
PREDICTIONS_COLUMNS = EPISODE_KEY | {"mask": pa.string(), "points": pa.list_(POINT), "boxes": pa.list_(BOX)}
BOUNDARY_COLUMNS = EPISODE_KEY | {
    "metric": pa.string(),
    "unit": pa.string(),
    "higher_is_better": pa.bool_(),
    "value": pa.float64(),
}
EXCLUDED_COLUMNS = OBJECT_KEY | {"kind": pa.string(), "reason": pa.string(), "detail": pa.string()}


@pytest.mark.parametrize(
    ("schema", "columns"),
    [
        (OBJECTS, OBJECTS_COLUMNS),
        (IOU, IOU_COLUMNS),
        (PREDICTIONS, PREDICTIONS_COLUMNS),
        (BOUNDARY, BOUNDARY_COLUMNS),
        (EXCLUDED, EXCLUDED_COLUMNS),
    ],
    ids=["objects", "iou", "predictions", "boundary", "excluded"],
)
def test_a_table_has_the_columns_of_the_design(schema, columns):
    """Names, order and types are those of the architecture; readers of stored results depend on them."""
    assert [(field.name, field.type) for field in schema] == list(columns.items())


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        (OBJECTS, set(OBJECT_KEY)),
        (IOU, set(EPISODE_KEY)),
        (PREDICTIONS, set(EPISODE_KEY)),
        (BOUNDARY, {*EPISODE_KEY, "metric", "unit", "higher_is_better"}),
        (EXCLUDED, {"dataset", "image", "axis", "slice", "kind", "reason", "detail"}),
    ],
    ids=["objects", "iou", "predictions", "boundary", "excluded"],
)
def test_key_columns_are_never_null(schema, required):
    """Every other column may be null; in the ledger, so may the task."""
    assert {field.name for field in schema if not field.nullable} == required
