"""The phantom as DICOM: a series of slices for highdicom, segmentations by highdicom, RT structures by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from tests.datasets.formats.phantom import SHAPE, in_lps, phantom, stored

FRAME = "1.2.826.0.1.3680043.8.498.1"
PATIENT = "Doe^Jane"


def series(axes: str = "SPL", image_XYZ: NDArray[Any] | None = None) -> list[Dataset]:
    """Return the slices of an image of the phantom. axes: where slices, rows and columns lead, such as SPL."""
    values, placed = stored(np.zeros(SHAPE, np.uint16) if image_XYZ is None else image_XYZ.astype(np.uint16), axes)
    affine = in_lps(placed)
    study, number = generate_uid(), generate_uid()
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    slices = []
    for index in range(values.shape[0]):
        item = Dataset()
        item.file_meta = FileMetaDataset()
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.file_meta.MediaStorageSOPClassUID = item.SOPClassUID = CTImageStorage
        item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID = generate_uid()
        item.PatientName = item.PatientID = PATIENT
        item.PatientBirthDate = item.PatientSex = item.AccessionNumber = item.StudyID = ""
        item.StudyDate, item.StudyTime, item.Modality = "20000101", "120000", "CT"
        item.StudyInstanceUID, item.FrameOfReferenceUID, item.SeriesInstanceUID = study, FRAME, number
        item.Manufacturer, item.SeriesNumber, item.InstanceNumber = "none", 1, index + 1
        item.PositionReferenceIndicator = item.ReferringPhysicianName = ""
        item.ImagePositionPatient = (affine[:3, 3] + index * affine[:3, 0]).tolist()
        item.ImageOrientationPatient = (affine[:3, [2, 1]] / lengths[[2, 1]]).T.ravel().tolist()
        item.PixelSpacing, item.SliceThickness = [float(lengths[1]), float(lengths[2])], float(lengths[0])
        item.SpacingBetweenSlices = float(lengths[0])
        item.Rows, item.Columns = values.shape[1:]
        item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
        item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 16, 15, 0
        item.RescaleSlope, item.RescaleIntercept = 1, 0
        item.PixelData = values[index].tobytes()
        slices.append(item)
    return slices


def dicom_seg(
    map_XYZ: NDArray[Any] | None = None,
    axes: str = "SPL",
    kind: str = "BINARY",
    names: Sequence[str] = ("liver", "tumour"),
    **options: Any,
) -> Dataset:
    """Return a segmentation of a label map's values 1, 2, …, by highdicom. axes: as in `series`."""
    frames = stored(phantom() if map_XYZ is None else map_XYZ, axes)[0]
    array = np.stack([frames == n + 1 for n in range(len(names))], -1)
    pixels = array.astype(np.float32) if kind == "FRACTIONAL" else array.astype(np.uint8)
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=n + 1,
            segment_label=name,
            segmented_property_category=codes.SCT.Tissue,
            segmented_property_type=codes.SCT.Tissue,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for n, name in enumerate(names)
    ]
    return highdicom.seg.Segmentation(
        source_images=series(axes),
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=generate_uid(),
        series_number=300,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
        **options,
    )


def saved(dataset: Dataset, path: Path) -> Path:
    """Save a data set as DICOM Part 10."""
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path


def rtstruct(regions: Mapping[str, Sequence[NDArray[Any]]], kind: str = "CLOSED_PLANAR") -> Dataset:
    """Return RT structures by hand. regions: by name, the corners of each contour, Nx3, mm in RAS+."""
    item = Dataset()
    item.file_meta = FileMetaDataset()
    item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item.file_meta.MediaStorageSOPClassUID = item.SOPClassUID = RTStructureSetStorage
    item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID = generate_uid()
    item.PatientName = item.PatientID = PATIENT
    item.Modality = "RTSTRUCT"
    item.StructureSetROISequence, item.ROIContourSequence = Items(), Items()
    for number, (name, contours) in enumerate(regions.items(), 1):
        roi, drawing = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, FRAME
        drawing.ReferencedROINumber = number
        if contours:
            drawing.ContourSequence = Items([_contour(corners, kind) for corners in contours])
        item.StructureSetROISequence.append(roi)
        item.ROIContourSequence.append(drawing)
    return item


def _contour(corners: NDArray[Any], kind: str) -> Dataset:
    item = Dataset()
    item.ContourGeometricType, item.NumberOfContourPoints = kind, len(corners)
    item.ContourData = [f"{number:.6g}" for number in (np.asarray(corners) * [-1, -1, 1]).ravel()]
    return item
