"""Rows that this program does not write fail a check, loudly and with an example."""

import pytest

from job.errors import OutputError
from job.statistics.names import CHECKS
from tests.statistics.tables import click_rows, marts, object_row

ROWS = click_rows([0.2, 0.4], image="a") + click_rows([0.2, 0.4], image="b")
OBJECTS = [object_row(ROWS[0]), object_row(ROWS[2])]
UNCHANGED = {"rows": ROWS, "objects": OBJECTS}


def changed(**values):
    """Return the tables with values of the first score changed."""
    return UNCHANGED | {"rows": [{**ROWS[0], **values}, *ROWS[1:]]}


VIOLATIONS = {
    "a score twice": ("one_row_per_key", UNCHANGED | {"rows": [*ROWS, ROWS[0]]}),
    "an object twice": ("one_object_per_key", UNCHANGED | {"objects": [*OBJECTS, OBJECTS[0]]}),
    "a score of no object": ("every_score_has_its_object", UNCHANGED | {"objects": OBJECTS[1:]}),
    "a changed score": ("iou_is_intersection_over_union", changed(iou=0.7)),
    "no score": ("iou_is_intersection_over_union", changed(iou=None)),
    "no intersection": ("iou_is_intersection_over_union", changed(intersection_px=None)),
    "no union": ("iou_is_intersection_over_union", changed(union_px=None)),
    "an empty union": ("iou_is_intersection_over_union", changed(union_px=0)),
    "negative counts": ("iou_is_intersection_over_union", changed(iou=0.5, intersection_px=-1, union_px=-2)),
    "a score above 1": ("iou_is_intersection_over_union", changed(iou=2.0, intersection_px=2, union_px=1)),
    "a score below 0": ("iou_is_intersection_over_union", changed(iou=-1.0, intersection_px=-1, union_px=1)),
    "a missing first step": ("trajectories_are_complete", UNCHANGED | {"rows": ROWS[1:]}),
    "a missing last step": ("trajectories_are_complete", UNCHANGED | {"rows": ROWS[:-1]}),
    "a missing step of one seed": (
        "trajectories_are_complete",
        UNCHANGED | {"rows": [*ROWS, *[row | {"seed": 1} for row in ROWS[1:]]]},
    ),
}


def test_sound_rows_pass():
    """The tables that the other tests spoil."""
    assert len(marts(**UNCHANGED)["task_scores"]) == 2


def test_every_check_is_violated_below():
    """A check without a violation would be untested."""
    assert {check for check, _ in VIOLATIONS.values()} == set(CHECKS)


@pytest.mark.parametrize(("check", "tables"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_a_violation_fails_its_check(check, tables):
    """The message names the check and shows a row."""
    with pytest.raises(
        OutputError, match=rf"fail a check \({check.replace('_', ' ')}\): \d rows?, such as \{{'dataset'"
    ):
        marts(**tables)


def test_a_key_under_another_seed_is_another_key():
    """Two seeds of one trajectory pass."""
    rows = [*ROWS, *[row | {"seed": 1} for row in ROWS]]
    assert {row["seed"] for row in marts(rows, objects=OBJECTS)["task_scores"]} == {0, 1}
