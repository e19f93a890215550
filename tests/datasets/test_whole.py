"""Doubts about a data set as a whole."""

import pytest

from job.datasets.formats.kind import kind_by_name
from job.datasets.source import Source
from job.datasets.whole import doubts_of_whole
from job.storage import FileInfo
from job.study import loads
from tests.study.small import GENERATED, SMALL


def sources(*names):
    files = [FileInfo(address=f"/a/{name}", size=1, version="") for name in names]
    return [
        Source(image=name, file=file, kind=kind_by_name(file), masks={}, patient=name, volume=name)
        for name, file in zip(names, files, strict=True)
    ]


def lines(text, *names):
    return [
        (line.image, line.kind, line.reason) for line in doubts_of_whole(loads(text).study.datasets[0], sources(*names))
    ]


def test_pictures_without_patients_are_doubtful():
    """Volumes beside them are not."""
    assert lines(SMALL, "a.nii.gz", "b.png", "c.png") == [("b.png", "warning", "patients not stated")]


@pytest.mark.parametrize("patient", ["p", "{stem}", "{image}"])
def test_stated_patients_are_not(patient):
    """Whatever they are."""
    assert lines(SMALL.replace("    tasks", f"    patient: '{patient}'\n    tasks"), "a.png", "b.png") == []


def test_neither_are_volumes_nor_one_picture():
    """A volume is most likely one patient's, and one image is."""
    assert lines(SMALL, "a.nii", "b.nii.gz") == []
    assert lines(SMALL, "a.nii", "b.png") == []


def test_generated_images_have_patients():
    """Their names say so."""
    assert lines(GENERATED, "a.png", "b.png") == []
