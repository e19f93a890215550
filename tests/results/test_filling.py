"""Rows contain the values of samples, outcomes and lines of the ledger."""

from job.datasets.sample import Excluded
from job.prompts.boxes import Box
from job.prompts.modes import Point
from job.results.filling import excluded_table, objects_table, outcome_tables
from job.results.tables import EXCLUDED, IOU, OBJECTS, PREDICTIONS
from tests.results.make import make_outcome, make_sample, task_object


def test_an_object_is_a_row():
    """3 x 4 px, five of them in the object, in two 8-connected components (a corner connects)."""
    obj = task_object(["##..", "..#.", "#..#"])
    (row,) = objects_table([make_sample(obj)]).to_pylist()
    assert row.pop("truth")
    assert row == {
        "dataset": "Brain",
        "image": "scans/a.nii",
        "axis": "axial",
        "slice": 7,
        "task": "lesion",
        "modality": "MR",
        "volume": "a",
        "patient": "p1",
        "height": 3,
        "width": 4,
        "image_px": 12,
        "object_px": 5,
        "components": 2,
        "spacing_row_mm": 0.5,
        "spacing_column_mm": 0.75,
        "spacing_slice_mm": 3.0,
        "intensity": "minmax/slice",
    }


def test_a_spacing_that_is_not_known_is_null():
    """All three columns are."""
    (row,) = objects_table([make_sample(task_object(["#"]), spacing=None)]).to_pylist()
    assert [row[f"spacing_{axis}_mm"] for axis in ("row", "column", "slice")] == [None] * 3


def test_objects_are_sorted_by_key():
    """By image, then slice as a number, then task."""
    b, a = task_object(["#"], task="b"), task_object(["#"], task="a")
    samples = [make_sample(b, a, index=10), make_sample(b, index=9), make_sample(b, image="scans/0.nii", index=99)]
    keys = [(row["image"], row["slice"], row["task"]) for row in objects_table(samples).to_pylist()]
    assert keys == [
        ("scans/0.nii", 99, "b"),
        ("scans/a.nii", 9, "b"),
        ("scans/a.nii", 10, "a"),
        ("scans/a.nii", 10, "b"),
    ]


def tables_of(*outcomes):
    iou, predictions = outcome_tables(outcomes, model="sam", precision="fp32", seed=3, part="p0")
    return iou.to_pylist(), predictions.to_pylist()


KEY_VALUES = {
    "dataset": "Brain",
    "image": "scans/a.nii",
    "axis": "axial",
    "slice": 7,
    "task": "lesion",
    "model": "sam",
    "prompt": "clicks",
    "protocol": "ritm",
    "mask_choice": "oracle",
    "step": 2,
    "seed": 3,
}


def test_a_click_is_a_row_of_both_tables():
    """IoU 3/6 and Dice 6/9; `iou` has the step's click, `predictions` all clicks so far."""
    obj = task_object(["##.", "#.."])
    first = Point(x=0, y=0, positive=True, depth=1.5, ties=2)
    second = Point(x=2, y=1, positive=False, depth=2.5, ties=4)
    outcome = make_outcome(
        make_sample(obj),
        obj,
        prompt="clicks",
        protocol="ritm",
        mask_choice="oracle",
        step=2,
        point=second,
        points=(first, second),
    )
    (scores,), (prediction,) = tables_of(outcome)
    assert scores == KEY_VALUES | {
        "iou": 0.5,
        "dice": 6 / 9,
        "predicted_iou": 0.9,
        "intersection_px": 3,
        "union_px": 6,
        "mask_index": 2,
        "point_x": 2,
        "point_y": 1,
        "point_positive": False,
        "point_depth": 2.5,
        "point_ties": 4,
        "status": "ok",
        "precision": "fp32",
        "part": "p0",
    }
    points = [{"x": 0, "y": 0, "positive": True}, {"x": 2, "y": 1, "positive": False}]
    assert prediction == KEY_VALUES | {"mask": "51", "points": points, "boxes": []}


def test_absent_values_are_null():
    """No click, no candidate and no predicted IoU; two boxes are listed."""
    obj = task_object(["#.#"])
    boxes = (Box(0, 0, 0, 0), Box(2, 0, 2, 0))
    outcome = make_outcome(make_sample(obj), obj, predicted_iou=None, mask_index=None, boxes=boxes)
    (scores,), (prediction,) = tables_of(outcome)
    columns = ("predicted_iou", "mask_index", "point_x", "point_y", "point_positive", "point_depth", "point_ties")
    assert [scores[column] for column in columns] == [None] * 7
    assert prediction["boxes"] == [{"x0": 0, "y0": 0, "x1": 0, "y1": 0}, {"x0": 2, "y0": 0, "x1": 2, "y1": 0}]


def test_outcomes_are_sorted_by_key():
    """In both tables, whatever the order of evaluation; steps are numbers."""
    obj = task_object(["#"])
    sample = make_sample(obj)
    outcomes = [make_outcome(sample, obj, step=step, mask=str(step)) for step in (10, 9, 1)]
    scores, predictions = tables_of(*outcomes)
    assert [row["step"] for row in scores] == [1, 9, 10]
    assert [(row["step"], row["mask"]) for row in predictions] == [(1, "1"), (9, "9"), (10, "10")]


def test_a_line_of_the_ledger_is_a_row():
    """Lines stay in order; the task of a line about a whole image is null."""
    image = {"dataset": "Brain", "image": "b.nii", "axis": "axial", "slice": 4}
    lines = [
        image | {"task": "lesion", "kind": "empty", "reason": "no object", "detail": ""},
        image | {"task": None, "kind": "error", "reason": "damaged", "detail": "3 bytes"},
    ]
    assert excluded_table([Excluded(**line) for line in lines]).to_pylist() == lines


def test_no_rows_are_tables_with_all_columns():
    """A chunk may have neither objects nor a ledger."""
    assert objects_table([]).schema == OBJECTS
    assert excluded_table([]).schema == EXCLUDED
    iou, predictions = outcome_tables([], model="sam", precision="fp32", seed=3, part="p0")
    assert (iou.schema, predictions.schema) == (IOU, PREDICTIONS)
