"""Which kind of segmentation a local file is, by its content."""

from __future__ import annotations

from pathlib import Path

from job.datasets.formats import blocks, kinds, nrrd, nrrd_header
from job.datasets.formats.segments import dicom_file
from job.datasets.formats.segments.dicom_seg import read_seg
from job.datasets.formats.segments.rtstruct import read_rtstruct
from job.datasets.formats.segments.seg_nrrd import read_seg_nrrd
from job.datasets.formats.segments.segment import Segmentation
from job.storage import FileInfo


def read_segmentation(file: FileInfo) -> Segmentation | None:
    """Read the segments of a local file: DICOM SEG, DICOM RTSTRUCT or .seg.nrrd; None if it is none of these."""
    path = Path(file.address)
    with blocks.opened(path) as stream:
        head = stream.read(nrrd.HEAD_BYTES)
    if kinds.is_dicom(head):
        kind = {"SEG": read_seg, "RTSTRUCT": read_rtstruct}.get(dicom_file.modality(path))
        return kind(path) if kind else None
    if nrrd_header.MAGIC.match(head) and nrrd.is_segmentation(nrrd_header.parse(head)):
        return read_seg_nrrd(path)
    return None
