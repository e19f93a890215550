"""The cases that a user names: by a condition or a query, each with the other models beside it."""

import pyarrow as pa
import pytest

from job.errors import JobError
from job.plan.file import Chunk, Part, Plan
from job.results.store import Results
from job.results.tables import EXCLUDED, IOU, OBJECTS, PREDICTIONS
from job.statistics.cases import cases, trajectories
from tests.statistics.tables import click_rows, iou_row, object_row


def stored(folder, rows):
    """Store rows, a part for each model, and return the output with its plan. A mask names its model and step."""
    results, models = Results(str(folder)), sorted({row["model"] for row in rows})
    parts = [Part(name=model, chunk="c", model=model, block=0, seed=0, episodes=1) for model in models]
    objects = {(row["dataset"], row["image"], row["task"]): object_row(row) for row in rows}.values()
    results.write_chunk("c", pa.Table.from_pylist(list(objects), OBJECTS), EXCLUDED.empty_table(), full=True)
    for model in models:
        of_model = [{**row, "mask": f"{model} {row['step']}"} for row in rows if row["model"] == model]
        iou, predictions = (pa.Table.from_pylist(of_model, schema) for schema in (IOU, PREDICTIONS))
        results.write_part(model, iou, predictions, {}, full=True)
    chunk = Chunk(name="c", dataset="A", units=())
    plan = Plan(spec="s", precision="fp32", batch=1, limit=None, models={}, chunks=(chunk,), parts=tuple(parts))
    return results, plan


def images(found):
    """Return the images of the objects, in order."""
    return found.objects["image"].to_pylist()


def masks(found):
    """Return each prediction as its mask, with a star if the query names it."""
    return [row["mask"] + " *" * row["is_named"] for row in found.predictions.to_pylist()]


THREE = [iou_row(image=image, iou=iou) for image, iou in (("a", 0.7), ("b", 0.2), ("c", 0.4))]


@pytest.mark.parametrize(
    "text",
    [
        "WHERE iou < 0.5 ORDER BY iou",
        "iou < 0.5 ORDER BY iou",
        "  where iou < 0.5 -- failures\n ORDER BY iou",
        "SELECT * FROM iou WHERE iou < 0.5 ORDER BY iou",
        "SELECT dataset, image, axis, slice, task FROM cases WHERE iou < 0.5 ORDER BY iou",
        "WITH w AS (SELECT * FROM iou) FROM w WHERE iou < 0.5 ORDER BY iou",
        "ORDER BY iou LIMIT 2",
    ],
)
def test_a_condition_or_a_query_names_the_same_cases(tmp_path, text):
    """In the order of its rows."""
    assert images(cases(*stored(tmp_path, THREE), text)) == ["b", "c"]


def test_a_condition_may_use_the_facts_of_objects(tmp_path):
    """Their size and their patient, beside the score."""
    found = cases(*stored(tmp_path, THREE), "object_px = 100 AND patient = 'c' AND modality = 'CT' AND iou > 0")
    assert images(found) == ["c"]


def test_the_first_cases_of_many_are_taken_and_all_are_counted(tmp_path):
    """An object counts once, whatever the number of its rows."""
    rows = [*THREE, *click_rows((0.1, 0.2, 0.3), image="a")]
    found = cases(*stored(tmp_path, rows), "TRUE ORDER BY image", 2)
    assert (found.found, images(found)) == (3, ["a", "b"])


def test_other_models_stand_beside_the_named_one(tmp_path):
    """Asked in the same way; not another prompt."""
    rows = [
        iou_row(model="sam", iou=0.2),
        iou_row(model="ritm", iou=0.9),
        iou_row(model="ritm", iou=0.9, prompt="each_box"),
    ]
    assert masks(cases(*stored(tmp_path, rows), "iou < 0.5")) == ["ritm 1", "sam 1 *"]


def test_the_other_model_is_shown_by_the_same_mask_choice(tmp_path):
    """Or by all of its own where it lacks that."""
    rows = [
        iou_row(model="sam", choice="oracle", iou=0.2),
        iou_row(model="sam", choice="first", iou=0.8),
        iou_row(model="med", choice="oracle", iou=0.9),
        iou_row(model="med", choice="first", iou=0.9),
        iou_row(model="ritm", choice="single", iou=0.9),
    ]
    found = cases(*stored(tmp_path, rows), "iou < 0.5").predictions.select(["model", "mask_choice"]).to_pylist()
    assert [(row["model"], row["mask_choice"]) for row in found] == [
        ("med", "oracle"), ("ritm", "single"), ("sam", "oracle"),
    ]  # fmt: skip


def test_a_trajectory_is_shown_at_the_last_click_that_is_named(tmp_path):
    """IoU is below 0.5 until the second click; the other model stands at that click. The course ends there."""
    rows = [*click_rows((0.1, 0.4, 0.6), model="sam"), *click_rows((0.5, 0.7, 0.9), model="ritm")]
    found = cases(*stored(tmp_path, rows), "iou < 0.5")
    assert masks(found) == ["ritm 2", "sam 2 *"]
    assert found.predictions["ious"].to_pylist() == [[0.5, 0.7], [0.1, 0.4]]


def test_a_query_of_objects_alone_shows_all_that_was_made_of_them(tmp_path):
    """Every run, at its last step."""
    rows = [*click_rows((0.1, 0.4), model="sam"), iou_row(model="sam"), iou_row(model="ritm", choice="single")]
    found = cases(*stored(tmp_path, rows), "SELECT * FROM objects WHERE components = 1")
    assert masks(found) == ["sam 2 *", "ritm 1 *", "sam 1 *"]


def test_a_key_column_of_scores_in_a_query_narrows_what_is_named(tmp_path):
    """Here a click; nothing says which model."""
    rows = click_rows((0.1, 0.4, 0.6))
    found = cases(*stored(tmp_path, rows), "SELECT dataset, image, axis, slice, task, 2 AS step FROM objects")
    assert masks(found) == ["m 2 *"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT image, task FROM iou", "missing: dataset, axis, slice; select them"),
        ("iou < 0.5; DROP VIEW iou", "expected one SELECT, found 2 statements"),
        ("DELETE FROM iou", "expected one SELECT, found DELETE"),
        ("WHERE nonsense < 1", "nonsense"),
        ("iou <", "syntax error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled by configuration"),
        ("image IN (SELECT content FROM read_text('/etc/passwd'))", "disabled by configuration"),
        ("SELECT dataset, image, axis, task, 'x' AS slice FROM iou", "slice"),
    ],
)
def test_what_names_no_case_is_refused(tmp_path, text, message):
    """With the reason; nothing but the output can be read."""
    with pytest.raises(JobError, match=message):
        cases(*stored(tmp_path, THREE), text)


def test_an_object_that_is_not_there_is_none(tmp_path):
    """A query can make up keys."""
    text = "SELECT 'A' AS dataset, 'z' AS image, 'none' AS axis, 0 AS slice, 't' AS task"
    assert cases(*stored(tmp_path, THREE), text).found == 0


def test_trajectories_hold_every_step_of_the_first_seed(tmp_path):
    """Clicks before modes, in the order of the objects that were asked for."""
    rows = [
        *(row for image in "ab" for row in click_rows((0.1, 0.4), image=image)),
        iou_row(image="a"),
        *click_rows((0.2, 0.3), image="a", seed=1),
    ]
    results, plan = stored(tmp_path, rows)
    wanted = cases(results, plan, "TRUE ORDER BY image DESC").objects
    found = trajectories(results, plan, wanted)
    assert images(found) == ["b", "a"]
    steps = [(row["place"], row["prompt"], row["seed"], row["mask"]) for row in found.predictions.to_pylist()]
    assert steps == [
        (1, "clicks", 0, "m 1"), (1, "clicks", 0, "m 2"),
        (2, "clicks", 0, "m 1"), (2, "clicks", 0, "m 2"), (2, "whole_box", 0, "m 1"),
    ]  # fmt: skip
