"""What the names of files and generated images say."""

import pytest

from job.datasets.pattern import stem
from job.datasets.source import GeneratedImage, Source
from job.storage import FileInfo


def file(address: str) -> FileInfo:
    return FileInfo(address=address, size=1, version="")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.png", "a"), ("a.1.nii", "a.1"), ("a.1.nii.gz", "a.1"), ("A.NII.GZ", "A"), ("a.csv.gz", "a.csv"), ("a", "a")],
)
def test_the_stem_of_a_name(name: str, expected: str) -> None:
    """`.nii.gz` is one extension, other names lose what follows their last dot."""
    assert stem(name) == expected


def test_the_files_of_a_source_are_sorted_by_task() -> None:
    """The image first, then the masks, with None where there is none: content keys are in this order."""
    masks = {"b": (file("b"),), "c": (), "a": (file("a2"), file("a1"))}
    source = Source(image="i", file=file("i"), kind="picture", masks=masks, patient="p", volume="i")
    assert source.files == (file("i"), file("a2"), file("a1"), file("b"), None)
    assert source.file_counts == [2, 1, 0]


def test_the_content_key_of_a_generated_image_differs_with_each_argument() -> None:
    """Version, seed, patient and slice."""
    arguments = {"version": 1, "seed": 2, "patient": 3, "slice": 4}
    keys = {GeneratedImage(**(arguments | {name: 9})).content_key for name in arguments}
    assert len(keys | {GeneratedImage(**arguments).content_key}) == 5
