"""Headers: as many bytes as they need, nothing of the patient, and no trust in what they say."""

from pathlib import Path

import fsspec
import numpy as np
import pytest
from pydicom import uid

from job.datasets.formats.dicom import headers
from job.datasets.formats.dicom.elements import number
from job.errors import DataError
from job.storage import FileInfo
from tests.datasets.formats.dicom.written import SECRET, as_bytes, image, one_file

GREY = np.arange(20, dtype=np.uint16).reshape(4, 5)


def test_only_elements_that_are_needed_are_kept() -> None:
    """No name of a patient is in memory."""
    header = headers.parse(as_bytes(image(GREY, Modality="CT")))
    assert SECRET not in str(header.dataset)
    assert header.dataset.Modality == "CT"


def test_the_pixels_are_found_but_not_read() -> None:
    data = as_bytes(image(GREY))
    header = headers.parse(data)
    assert (header.pixels, header.pixels_length) == ("PixelData", 40)
    assert data[header.pixels_at :] == GREY.tobytes()


def test_a_long_header_is_read_in_steps() -> None:
    """200 kB before the pixels; the pixels themselves are not fetched."""
    data = as_bytes(image(GREY, ICCProfile=bytes(200_000)))
    fsspec.filesystem("memory").pipe("memory://dicom-headers/long.dcm", data)
    header = headers.read(FileInfo(address="memory://dicom-headers/long.dcm", size=len(data), version=""))
    assert header.pixels_at == len(data) - 40


@pytest.mark.parametrize("content", [b"", b"text", b"\x08\0\x05\0", bytes(1000)])
def test_other_files_are_no_images(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(headers.NoImageError):
        headers.read(FileInfo(address=str(tmp_path / "a"), size=len(content), version=""))


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    """Files from before 1993, and some since, begin with their first element."""
    file = one_file(tmp_path / "a.dcm", image(GREY))
    path = Path(file.address)
    path.write_bytes(path.read_bytes()[132:])
    header = headers.read(file)
    assert header.syntax == uid.ExplicitVRLittleEndian
    assert path.read_bytes()[header.pixels_at :] == GREY.tobytes()


def test_a_file_without_file_meta_information_is_read(tmp_path: Path) -> None:
    data = as_bytes(image(GREY))
    (tmp_path / "a").write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    header = headers.read(FileInfo(address=str(tmp_path / "a"), size=len(data), version=""))
    assert header.syntax == uid.ExplicitVRLittleEndian


def test_a_number_that_is_none_is_refused_without_its_text() -> None:
    data = as_bytes(image(GREY, RescaleSlope="1.234")).replace(b"1.234", b"Smith")
    with pytest.raises(DataError, match="RescaleSlope") as caught:
        number(headers.parse(data).dataset, "RescaleSlope")
    assert "Smith" not in str(caught.value)
