"""The kind of a segmentation is judged by its content; each kind gives the identical mask."""

from pathlib import Path

import numpy as np
import pytest

from job.datasets.formats.segments.reading import read_segmentation
from job.datasets.formats.segments.segment import chosen
from job.errors import StorageError
from tests.datasets.formats.phantom import grid, phantom
from tests.datasets.formats.segments import dicom_writers, test_seg_nrrd
from tests.datasets.formats.segments.test_rtstruct import outlines
from tests.datasets.make import nifti, write
from tests.datasets.volumes import local


def files(folder: Path) -> dict[str, Path]:
    """Write the phantom's segments in each format, under names without a meaning."""
    contours = {name: outlines(phantom() == n, 2) for n, name in enumerate(("liver", "tumour"), 1)}
    return {
        "SEG": dicom_writers.saved(dicom_writers.dicom_seg(), folder / "1"),
        "RTSTRUCT": dicom_writers.saved(dicom_writers.rtstruct(contours), folder / "2"),
        ".seg.nrrd": test_seg_nrrd.saved(folder / "3.nrrd", [phantom()], test_seg_nrrd.BOTH),
    }


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT", ".seg.nrrd"])
def test_each_kind_gives_the_same_masks(tmp_path: Path, kind: str) -> None:
    """By name, on the image's grid."""
    segmentation = read_segmentation(local(files(tmp_path)[kind]))
    assert segmentation
    for number, name in enumerate(("liver", "tumour"), 1):
        (segment,) = chosen(segmentation.segments, name)
        assert np.array_equal(segmentation.drawn(segment, grid("RAS")).mask_XYZ, phantom() == number)


def test_other_files_are_none(tmp_path: Path) -> None:
    """A volume, a slice of a series, an NRRD volume, an empty file."""
    (item, *_) = dicom_writers.series()
    plain = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 1 1 1\nencoding: raw\n\n\0"
    others = [
        nifti(tmp_path / "a.nii", phantom()),
        dicom_writers.saved(item, tmp_path / "b.dcm"),
        write(tmp_path / "c.nrrd", plain),
        write(tmp_path / "d", b""),
    ]
    assert [read_segmentation(local(path)) for path in others] == [None] * 4
    with pytest.raises(StorageError):
        read_segmentation(local(tmp_path / "missing"))
