"""What the row of an outcome contains, by hand, for modes and for clicks."""

import pytest

from job.prompts.boxes import Box
from job.prompts.modes import Point
from job.results import run_lengths
from tests.evaluate.scripted import ScriptedModel, clicks, mask, modes, run, sample

TRUTH = mask(".....", ".###.", ".###.", ".###.")
"""Nine pixels."""
MORE = mask("#####", "#####", "#####", ".###.")
"""18 pixels, which contain the truth: its IoU is 9 / 18."""
CENTRE = Point(x=2, y=2, positive=True, depth=2.0, ties=1)


def row_of(image, **values):
    """Return the values of a row of the mask MORE: those in common, and those of a mode or a click."""
    common = {"intersection_px": 9, "union_px": 18, "status": "ok", "mask": run_lengths.encode(MORE)}
    return {"sample": image, "object": image.objects[0], "mask_choice": "score", "step": 1} | common | values


def test_the_row_of_a_mode_with_a_box():
    """It has a box, the values of the chosen candidate, and step 1."""
    image = sample(TRUTH)
    (row,) = run(ScriptedModel([TRUTH, TRUTH, MORE]), [image], modes("whole_box"))
    assert vars(row) == row_of(
        image,
        prompt="whole_box",
        protocol="one-shot",
        predicted_iou=0.3,
        mask_index=2,
        point=None,
        points=(),
        boxes=(Box(1, 1, 3, 3),),
    )


def test_the_row_of_a_click():
    """It has the points so far, of which the latest is the point of the row, and no box."""
    image = sample(TRUTH)
    (row,) = run(ScriptedModel([TRUTH, MORE, TRUTH], scores=(0.1, 0.8, 0.2)), [image], clicks("ritm", 1))
    assert vars(row) == row_of(
        image,
        prompt="clicks",
        protocol="ritm",
        predicted_iou=0.8,
        mask_index=1,
        point=CENTRE,
        points=(CENTRE,),
        boxes=(),
    )


def test_the_row_of_a_step_after_the_end_repeats_all_but_step_point_and_status():
    """The points so far stay."""
    first, second = run(ScriptedModel([MORE] * 3), [sample(TRUTH)], clicks("ritm", 2, target=0.4))
    assert (second.step, second.point, second.status) == (2, None, "target")
    unchanged = ("prompt", "protocol", "mask_choice", "predicted_iou", "mask_index", "points", "boxes", "mask")
    assert [getattr(second, name) for name in unchanged] == [getattr(first, name) for name in unchanged]


@pytest.mark.parametrize(("target", "statuses"), [(0.5, ["ok", "target"]), (0.51, ["ok", "ok"])])
def test_a_target_is_reached_by_an_equal_iou(target, statuses):
    """The IoU is 1/2."""
    rows = run(ScriptedModel([MORE] * 3), [sample(TRUTH)], clicks("ritm", 2, target=target))
    assert [row.status for row in rows] == statuses


def test_an_object_without_a_pixel_cannot_be_clicked():
    """Data sets leave such objects out, so this is an error of the program."""
    with pytest.raises(ValueError, match="an object with an empty truth cannot be clicked"):
        run(ScriptedModel([MORE] * 3), [sample(mask("...", "..."))], clicks("ritm", 1))
