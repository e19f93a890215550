"""DICOM files written by pydicom: an asymmetric volume as slices in any order, single images, frames of any syntax."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from job.datasets.formats.dicom import series
from job.datasets.formats.volume import Volume, canonical_volume
from job.errors import DataError
from job.storage import FileInfo
from tests.datasets.volumes import local

ORDERS = list(product(permutations(range(3)), product((1, -1), repeat=3)))
"""Which anatomical axis slices, rows and columns follow, and whether to the right, front and top or against it."""
SPACING = (0.5, 0.75, 2.0)
ORIGIN = (-20.0, 30.0, 10.5)
SECRET = "NOBODY^KNOWS"
"""The patient's name and number in all files: no text may show it."""
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def phantom(shape: tuple[int, int, int] = (5, 7, 4)) -> NDArray[np.int16]:
    """Return a volume XYZ, RAS+, in which no value occurs twice: any swap or flip is seen."""
    return np.arange(np.prod(shape), dtype=np.int16).reshape(shape) - 20


def grid(spacing: Sequence[float] = SPACING, turn: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the affine of a canonical volume: index to mm in RAS+. turn: a rotation 3x3."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if turn is None else turn) @ np.diag(spacing)
    affine[:3, 3] = ORIGIN
    return affine


def stored(
    values_XYZ: NDArray[Any], affine: NDArray[np.float64], order: tuple[Any, Any] = ((2, 1, 0), (1, -1, -1))
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return slices, rows, columns, and their affine to mm in LPS. The default order is that of axial slices."""
    axes, directions = order
    planes = values_XYZ.transpose(axes)[tuple(slice(None, None, direction) for direction in directions)]
    to_canonical = np.zeros((4, 4))
    to_canonical[3, 3] = 1
    for index, (axis, direction) in enumerate(zip(axes, directions, strict=True)):
        to_canonical[axis, index] = direction
        to_canonical[axis, 3] = values_XYZ.shape[axis] - 1 if direction < 0 else 0
    return planes, TO_RAS @ affine @ to_canonical


def slices(planes: NDArray[Any], to_lps: NDArray[np.float64], **elements: Any) -> list[Dataset]:
    """Return a CT data set for each slice: rows, columns of int16. Lists among the elements hold a value for each."""
    made = []
    study_uid, series_uid, frame_uid = generate_uid(), generate_uid(), generate_uid()
    steps = np.linalg.norm(to_lps[:3, :3], axis=0)
    directions = to_lps[:3, :3] / steps
    for number, plane in enumerate(planes):
        made.append(
            image(
                plane,
                SOPClassUID=CTImageStorage,
                StudyInstanceUID=study_uid,
                SeriesInstanceUID=series_uid,
                FrameOfReferenceUID=frame_uid,
                InstanceNumber=1,
                ImagePositionPatient=[_ds(value) for value in (to_lps @ [number, 0, 0, 1])[:3]],
                ImageOrientationPatient=[_ds(value) for value in (*directions[:, 2], *directions[:, 1])],
                PixelSpacing=[_ds(steps[1]), _ds(steps[2])],
                **{
                    key: value[number] if isinstance(value, list) else value
                    for key, value in {"Modality": "CT", **elements}.items()
                },
            )
        )
    return made


def image(values: NDArray[Any], *, frames: int = 1, **elements: Any) -> Dataset:
    """Return a data set of a single image, or of frames: HxW, HxWx3, or with the frames first."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.PatientName = made.PatientID = SECRET
    made.StudyInstanceUID, made.SOPInstanceUID = generate_uid(), generate_uid()
    made.SeriesInstanceUID, made.SOPClassUID, made.Modality = generate_uid(), SecondaryCaptureImageStorage, "OT"
    samples = 3 if values.ndim == 3 + (frames > 1) else 1
    made.Rows, made.Columns = values.shape[frames > 1 :][:2]
    if frames > 1:
        made.NumberOfFrames = frames
    made.SamplesPerPixel = samples
    made.PhotometricInterpretation = "RGB" if samples == 3 else "MONOCHROME2"
    if samples == 3:
        made.PlanarConfiguration = 0
    made.BitsAllocated = made.BitsStored = values.dtype.itemsize * 8
    made.HighBit, made.PixelRepresentation = made.BitsStored - 1, int(values.dtype.kind == "i")
    data = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
    made.PixelData = data + b"\0" * (len(data) % 2)
    made["PixelData"].VR = "OW" if values.dtype.itemsize > 1 else "OB"
    for keyword, value in elements.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    if "BitsStored" in elements and "HighBit" not in elements:
        made.HighBit = made.BitsStored - 1
    return made


def compressed(made: Dataset, syntax: str, frames: Sequence[bytes]) -> Dataset:
    """Return a data set with other pixels: frames that are compressed already."""
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = encapsulate(list(frames))
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    return made


def as_bytes(made: Dataset) -> bytes:
    """Return the file of a data set."""
    buffer = io.BytesIO()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def write(folder: Path, made: Sequence[Dataset], seed: int = 0) -> FileInfo:
    """Write data sets into a folder under names in random order, and return the folder with its members."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in zip(np.random.default_rng(seed).permutation(len(made)), made, strict=True):
        (folder / f"{number:03}.dcm").write_bytes(as_bytes(each))
    return members(folder)


def members(folder: Path) -> FileInfo:
    """Return a folder with its files."""
    files = tuple(local(path) for path in sorted(folder.iterdir()))
    return FileInfo(address=f"{folder}/", size=sum(file.size for file in files), version="", members=files)


def one_file(path: Path, made: Dataset) -> FileInfo:
    """Write a data set as one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes(made))
    return local(path)


def read(file: FileInfo) -> Volume:
    """Read a series in canonical order."""
    return canonical_volume(series.read_values(file), series.read_header(file))


def doubts(file: FileInfo) -> dict[str, str]:
    """Return the doubts about a series: reason and detail."""
    found = {doubt.reason: doubt.detail for doubt in series.read_header(file).doubts}
    assert SECRET not in str(found)
    return found


def refused(file: FileInfo) -> DataError:
    """Return the error that a series raises, in its header or its values, which must name no patient."""
    with pytest.raises(DataError) as caught:
        series.read_values(file)  # which reads the headers first
    assert SECRET not in str(caught.value)
    return caught.value


def _ds(value: float) -> str:
    """Return a number as a decimal string of at most 16 characters (PS3.5 6.2)."""
    return f"{value:.10f}"[:16]
