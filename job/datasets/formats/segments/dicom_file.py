"""DICOM files of segments, read by pydicom: nothing is unpacked without a bound, and no value enters an error."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from job.datasets.fit import check_bytes
from job.datasets.formats.blocks import opened
from job.datasets.formats.dicom.headers import as_data_error
from job.datasets.formats.kinds import DICOM, DICOM_AT
from job.errors import DataError
from job.storage import BLOCK

META = DICOM_AT + len(DICOM) + 12  # the group's length is an element of 12 bytes, and counts from its end
MAX_INFLATED = 1 << 30

# pydicom's warnings show values. What cannot be used raises an error, which the ledger shows.
config.settings.reading_validation_mode = config.IGNORE


def modality(path: Path) -> str:
    """Read the Modality of a local file, such as SEG; "" if it has none."""
    with as_data_error(str(path)):
        meta = read_file_meta_info(path)
        if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
            return str(read(path).get("Modality", ""))
        return str(dcmread(path, specific_tags=["Modality"], stop_before_pixels=True).get("Modality", ""))


def read(path: Path) -> Dataset:
    """Read a local file with all its values."""
    check_bytes(path.stat().st_size)
    with as_data_error(str(path)):
        meta = read_file_meta_info(path)
        if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            return dcmread(path)
        dataset = read_dataset(io.BytesIO(_inflated(path, meta)), is_implicit_VR=False, is_little_endian=True)
        dataset.file_meta = meta
        return dataset


def needed(dataset: Dataset, name: str) -> Any:
    """Return a value by its DICOM keyword; raise DataError if it is missing or empty."""
    value = dataset.get(name)
    if value is None or (hasattr(value, "__len__") and not len(value)):
        raise DataError("unreadable", f"a DICOM file without {name}, which this kind of file needs")
    return value


def _inflated(path: Path, meta: FileMetaDataset) -> bytearray:
    """Return what follows the meta information of a deflated file (PS3.5 A.5). pydicom would unpack without a bound."""
    unpacked, unpacker = bytearray(), zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    with opened(path) as file:
        file.seek(META + int(meta.FileMetaInformationGroupLength))
        while not unpacker.eof and (data := unpacker.unconsumed_tail or file.read(BLOCK)):
            unpacked += unpacker.decompress(data, BLOCK)
            if len(unpacked) > MAX_INFLATED:
                raise DataError("too large", f"it unpacks to over {MAX_INFLATED} bytes; store it uncompressed")
    if not unpacker.eof:
        raise DataError("unreadable", "truncated: the deflated data end too early")
    return unpacked
