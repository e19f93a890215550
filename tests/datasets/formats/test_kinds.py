"""A file that is no image is named for what it is."""

import gzip
import io
import struct
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from job.datasets.formats.raster import image_size
from job.errors import DataError
from job.storage import FileInfo, InputCache
from tests.datasets.make import MAX_PX, write
from tests.datasets.pictures import read_image, read_mask


def zipped(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, b"content")
    return buffer.getvalue()


NIFTI = nib.Nifti1Image(np.zeros((2, 3, 4), np.uint8), np.eye(4)).to_bytes()
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"

FOREIGN = [
    ("an NRRD file", b"NRRD0004\ntype: short\n"),
    ("a Git LFS pointer: not fetched (`git lfs pull`)", LFS),
    ("a git-annex pointer: not fetched", b"/annex/objects/SHA256E-s12--0f.png\n"),
    ("an HTML page", b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>"),
    ("an HTML page", b"\xef\xbb\xbf<HTML>"),
    ("an XML document", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
    ("a NIfTI file", NIFTI),
    ("a NIfTI file", nib.Nifti2Image(np.zeros((2, 3, 4), np.uint8), np.eye(4)).to_bytes()),
    ("gzip data", gzip.compress(NIFTI)),
    ("a NumPy array", b"\x93NUMPY\x01\0"),
    ("an HDF5 or MATLAB 7.3 file", b"\x89HDF\r\n\x1a\n" + bytes(90)),
    ("an HDF5 or MATLAB 7.3 file", b"MATLAB 7.3 MAT-file, Platform: GLNXA64"),
    ("a MATLAB file", b"MATLAB 5.0 MAT-file, Platform: GLNXA64"),
    ("a PDF document", b"%PDF-1.7\n"),
    ("a PostScript document", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n"),
    ("an AppleDouble file", struct.pack(">II", 0x00051607, 0x00020000) + bytes(4000)),
    ("a WebP picture", b"RIFF" + struct.pack("<I", 100) + b"WEBPVP8 "),
    ("a HEIC picture", struct.pack(">I", 24) + b"ftypheic" + bytes(12)),
    ("a JPEG 2000 picture", b"\x00\x00\x00\x0cjP  \r\n\x87\n"),
    ("a MetaImage file", b"ObjectType = Image\nNDims = 3\n"),
]


@pytest.mark.parametrize(("name", "data"), FOREIGN, ids=[name for name, _ in FOREIGN])
def test_a_file_that_is_no_image_is_named(tmp_path: Path, name: str, data: bytes) -> None:
    """Read whole or by its first bytes, as an image or as a mask. It is never called damaged."""
    path = write(tmp_path / "a.png", data)
    file = FileInfo(address=str(path), size=len(data), version="")
    cache = InputCache(tmp_path / "cache", 1 << 20)
    readers = (
        lambda: read_image(path, MAX_PX),
        lambda: read_mask(path, MAX_PX),
        lambda: image_size(file, cache),
    )
    for read in readers:
        with pytest.raises(DataError) as caught:
            read()
        assert caught.value.reason == "unreadable"
        assert caught.value.detail.startswith(name)
        assert "damaged" not in caught.value.detail


def test_an_unknown_file_is_said_to_be_none_of_the_formats(tmp_path: Path) -> None:
    """The message lists those that are read."""
    with pytest.raises(DataError) as caught:
        read_image(write(tmp_path / "a.png", b"no image at all"), MAX_PX)
    assert caught.value.detail == "not one of PNG, JPEG, TIFF, BMP, GIF, NPZ, DICOM, or its header is damaged"
