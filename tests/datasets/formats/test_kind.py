"""What a file holds, by its name where that tells, else by its first bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from job.datasets.formats.kind import HEAD_BYTES, kind_by_name, kind_of
from job.storage import FileInfo
from tests.datasets.formats.segments.dicom_writers import dicom_seg, rtstruct, saved
from tests.datasets.make import write


def stored(path: Path, inside: str = "") -> FileInfo:
    return FileInfo(address=str(path), size=path.stat().st_size, version="", inside=inside)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a/b.nii", "volume"),
        ("a/b.nii.gz", "volume"),
        ("a/B.NII.GZ", "volume"),
        ("b.mha", "volume"),
        ("b.nrrd", "volume"),
        ("b.seg.nrrd", "segments"),
        ("instances.json", "segments"),
        ("a.nii/b.png", "picture"),
        ("b.gz", None),
        ("b.dcm", None),
        ("b.tif", None),
        ("b.npz", None),
    ],
)
def test_most_names_tell_what_a_file_holds(address: str, expected: str | None) -> None:
    """In upper or lower case. DICOM, TIFF and NumPy files may hold either."""
    assert kind_by_name(FileInfo(address=address, size=1, version="")) == expected


def test_a_folder_is_a_volume() -> None:
    """Its members are the slices."""
    member = FileInfo(address="a/1.dcm", size=1, version="")
    assert kind_of(FileInfo(address="a/", size=1, version="", members=(member,))) == "volume"


@pytest.mark.parametrize(("shape", "expected"), [((4, 6), "picture"), ((5, 4, 6), "volume"), ((4, 6, 3), "picture")])
def test_the_pages_of_a_tiff_tell(tmp_path: Path, shape: tuple[int, ...], expected: str) -> None:
    """One page is a picture, grey or RGB; several are a stack."""
    tifffile.imwrite(tmp_path / "a.tif", np.ones(shape, np.uint8))
    assert kind_of(stored(tmp_path / "a.tif")) == expected


@pytest.mark.parametrize(("shape", "expected"), [((4, 6), "picture"), ((5, 4, 6), "volume"), ((4, 6, 3), "picture")])
def test_the_shape_of_an_array_tells(tmp_path: Path, shape: tuple[int, ...], expected: str) -> None:
    """Of the array that is meant."""
    np.savez(tmp_path / "a.npz", imgs=np.zeros((2, 2)), gts=np.ones(shape, np.uint8))
    assert kind_of(stored(tmp_path / "a.npz", "gts")) == expected


@pytest.mark.parametrize("data", [b"", b"text", b"II*\0", b"PK\x03\x04"], ids=["empty", "text", "TIFF", "ZIP"])
def test_what_cannot_be_read_counts_as_a_picture(tmp_path: Path, data: Any) -> None:
    """Its reader says what is wrong."""
    assert kind_of(stored(write(tmp_path / "a.dat", data))) == "picture"


def test_segments_are_known_by_the_beginning_of_a_large_file(tmp_path: Path) -> None:
    """Contours and descriptions of frames take megabytes, of which no length is stated; the modality precedes them."""
    ring = np.column_stack([*np.random.default_rng(0).integers(0, 9, (2, 99_999)), np.full(99_999, 10)])
    structures, segments = rtstruct({"liver": [ring]}), dicom_seg()
    segments.PerFrameFunctionalGroupsSequence = [segments.PerFrameFunctionalGroupsSequence[0]] * 2000
    for made, keyword in ((structures, "ROIContourSequence"), (segments, "PerFrameFunctionalGroupsSequence")):
        made[keyword].is_undefined_length = True
        path = saved(made, tmp_path / keyword)
        assert path.stat().st_size > HEAD_BYTES
        assert kind_of(stored(path)) == "segments"
