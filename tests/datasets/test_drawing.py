"""The map of a task from named segments."""

import numpy as np
import pytest

from job.datasets.doubt import Doubt
from job.datasets.drawing import Drawing
from job.datasets.formats.segments.segment import Segment
from job.errors import DataError, NoMaskError
from job.study.task import Task

LIVER, MASS, BONE = (Segment(number=number, name=name) for number, name in ((1, "Liver"), (2, "Mass"), (3, "Bone")))
MASKS = {LIVER: [[1, 1, 0, 0]], MASS: [[0, 1, 1, 0]], BONE: [[0, 0, 0, 0]]}
CUT = Doubt(reason="cut", detail="the mass leaves the image")


def drawn(label):
    """Return the map of a task with this label, and its doubts. The mass overlaps the liver and is doubtful."""
    drawing = Drawing((LIVER, MASS, BONE), lambda each: (np.array(MASKS[each], bool), (CUT,) if each is MASS else ()))
    values, doubts = drawing.map_of(Task.model_validate(label))
    return values.tolist(), doubts


def test_a_name_is_its_segment_and_every_segment_is_labelled():
    """2 is the object, 1 another segment alone; where segments overlap, it is the object's."""
    assert drawn("Liver") == ([[2, 2, 1, 0]], ())
    assert drawn("Mass") == ([[1, 2, 2, 0]], (CUT,))


def test_a_list_joins_segments_and_any_takes_all():
    """By names and numbers."""
    assert drawn(["liver", 2])[0] == [[2, 2, 2, 0]]
    assert drawn("any")[0] == [[2, 2, 2, 0]]


def test_of_a_list_some_may_be_missing():
    """Not every patient has every lesion."""
    assert drawn(["Liver", "Metastasis"])[0] == [[2, 2, 1, 0]]


def test_without_any_of_its_segments_a_task_has_no_mask_here():
    """Which is no error; what was expected and what there is are named."""
    with pytest.raises(NoMaskError, match="expected 'Spleen'; the file has 1 'Liver', 2 'Mass', 3 'Bone'"):
        drawn("Spleen")


def test_a_threshold_needs_a_map_of_values():
    """And so does a colour."""
    with pytest.raises(DataError, match="`above` needs a map of values"):
        drawn({"above": 0.5})


def test_a_segment_that_cannot_be_drawn_spoils_no_other():
    """Such as an isocentre, which is a point: it is a doubt for the others, and an error for its own task."""
    point = Segment(number=4, name="Isocentre")

    def draw(segment):
        if segment is point:
            raise DataError("not an area", "a contour of the type POINT")
        return np.array(MASKS[segment], bool), ()

    drawing = Drawing((LIVER, point), draw)
    for _ in range(2):  # the doubt is not forgotten once the others are drawn
        values, doubts = drawing.map_of(Task.model_validate("Liver"))
        assert values.tolist() == [[2, 2, 0, 0]]
        assert [doubt.detail for doubt in doubts] == ["Isocentre: a contour of the type POINT"]
    with pytest.raises(DataError, match="type POINT"):
        drawing.map_of(Task.model_validate("Isocentre"))
