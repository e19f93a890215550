"""The rows of `boundary` follow from the stored masks alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from job.errors import OutputError
from job.metrics import registry
from job.results import run_lengths
from job.results.boundary import Asked, boundary_table
from job.results.filling import objects_table, outcome_tables
from job.results.tables import BOUNDARY, EPISODE_KEY
from tests.results.make import make_outcome, make_sample, task_object

TRUTH = task_object(["......", ".#....", "......"])
OTHER = task_object(["......", ".#....", "......"], task="vessel")
NEAR = ["......", "..#...", "......"]
NOTHING = ["......", "......", "......"]
ALL = Asked(metrics=["assd", "boundary_iou", "hd95", "nsd"], tolerances={"lesion": 2.0, "vessel": 0.5})


def mask(rows):
    return run_lengths.encode(task_object(rows).truth_HW)


def table(outcomes, asked=ALL, steps=(1,), objects=None):
    """Compute the rows of outcomes, as of one part."""
    samples = {outcome.sample: None for outcome in outcomes}
    _, predictions = outcome_tables(outcomes, model="sam", precision="fp32", seed=0, part="p")
    stored = objects_table(samples) if objects is None else objects
    with ThreadPoolExecutor(2) as pool:
        return boundary_table(stored, predictions, asked, steps, pool)


def values(outcomes, **others):
    """Return the value of each row by its metric and unit."""
    return {(row["metric"], row["unit"]): row["value"] for row in table(outcomes, **others).to_pylist()}


def outcome(rows, *objects, spacing=None, **changes):
    sample = make_sample(*(objects or (TRUTH,)), **({"spacing": spacing} if spacing != "default" else {}))
    return make_outcome(sample, sample.objects[-1], mask=mask(rows), **changes)


def test_distances_are_in_millimetres_where_a_spacing_is_known():
    """Here 0.75 mm from column to column: the nearer corners of two neighbouring pixels coincide."""
    assert values([outcome(NEAR, spacing="default")]) == {
        ("ASSD mm", "mm"): 0.375, ("HD95 mm", "mm"): 0.75, ("NSD 2 mm", "share"): 1, ("boundary IoU", "share"): 0,
    }  # fmt: skip


def test_distances_are_in_pixels_where_no_spacing_is_known():
    """The names say so."""
    assert values([outcome(NEAR)]) == {
        ("ASSD px", "px"): 0.5, ("HD95 px", "px"): 1, ("NSD 2 px", "share"): 1, ("boundary IoU", "share"): 0,
    }  # fmt: skip


def test_each_task_has_a_tolerance_of_its_own():
    """Half of the corners lie within half a pixel."""
    assert values([outcome(NEAR, TRUTH, OTHER)])["NSD 0.5 px", "share"] == 0.5


def test_an_empty_prediction_has_no_distance():
    """Its shares are 0."""
    assert values([outcome(NOTHING)]) == {
        ("ASSD px", "px"): None, ("HD95 px", "px"): None, ("NSD 2 px", "share"): 0, ("boundary IoU", "share"): 0,
    }  # fmt: skip


def test_only_the_named_steps_have_rows():
    """The others are not computed."""
    sample = make_sample(TRUTH)
    outcomes = [make_outcome(sample, TRUTH, mask=mask(NEAR), step=step) for step in range(1, 6)]
    assert table(outcomes, steps={1, 5})["step"].to_pylist() == [1] * 4 + [5] * 4


def test_a_row_has_the_key_of_its_prediction():
    """And says which way is better."""
    rows = table([outcome(NEAR, prompt="each_box", mask_choice="oracle")])
    assert rows.schema == BOUNDARY
    assert rows.schema.names == [field.name for field in EPISODE_KEY] + ["metric", "unit", "higher_is_better", "value"]
    first = rows.to_pylist()[0]
    assert (first["image"], first["slice"], first["task"]) == ("scans/a.nii", 7, "lesion")
    assert (first["model"], first["prompt"], first["mask_choice"], first["step"]) == ("sam", "each_box", "oracle", 1)
    assert rows["higher_is_better"].to_pylist() == [False, True, False, True]


def test_equal_masks_of_an_object_are_computed_once(monkeypatch):
    """Modes often have equal prompts, and mask choices often agree."""
    computed = []
    metric = registry.Metric(
        name="count",
        unit="",
        higher_is_better=True,
        empty=0.0,
        function=lambda pair, _: len(computed.append(pair) or [1]),
    )
    monkeypatch.setattr("job.results.boundary.METRICS", {"count": metric})
    sample = make_sample(TRUTH)
    outcomes = [make_outcome(sample, TRUTH, mask=mask(NEAR), prompt=prompt) for prompt in ("each_box", "whole_box")]
    asked = Asked(metrics=["count"], tolerances=ALL.tolerances)
    assert table(outcomes, asked)["value"].to_pylist() == [1, 1]
    assert len(computed) == 1


def test_masks_are_those_of_the_image():
    """Rows are rows, columns are columns: the spacing of rows applies to what lies below."""
    below = ["......", "......", ".#...."]
    assert values([outcome(below, spacing="default")])["HD95 mm", "mm"] == 0.5


def test_a_prediction_without_its_object_is_refused():
    """Its rows would be missing for ever."""
    none = pa.Table.from_pylist([], schema=objects_table([]).schema)
    with pytest.raises(OutputError, match=r"no object belongs to a prediction of Brain, scans/a.nii, axial, 7, lesion"):
        table([outcome(NEAR)], objects=none)


def test_a_part_without_predictions_has_no_rows():
    """As a chunk of empty slices."""
    assert table([]).num_rows == 0
    assert np.array_equal(table([]).schema.names, BOUNDARY.names)
