"""What a file is, by its first bytes: one of the 2D formats that are read, or the name of what it is instead."""

from __future__ import annotations

READ = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "NPZ": (b"PK\x03\x04",),
    "DICOM": (),
}
"""The first bytes of the formats that are read. DICOM's follow a preamble: see `is_dicom`."""
DICOM_AT = 128
DICOM = b"DICM"
FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")  # of a DICOM file without preamble and prefix

FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"NRRD0", "an NRRD file: its name must end in .nrrd"),
    (0, b"version https://git-lfs", "a Git LFS pointer: not fetched (`git lfs pull`)"),
    (0, b"/annex/objects/", "a git-annex pointer: not fetched (`git annex get`)"),
    (344, b"n+1\0", "a NIfTI file: its name must end in .nii or .nii.gz"),
    (344, b"ni1\0", "the header of a NIfTI pair (.hdr, .img); store it as one .nii file"),
    (4, b"n+2\0\r\n\x1a\n", "a NIfTI file: its name must end in .nii or .nii.gz"),
    (0, b"\x1f\x8b", "gzip data: unpack it, or name a NIfTI file .nii.gz"),
    (0, b"\x93NUMPY", "a NumPy array (.npy)"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 or MATLAB 7.3 file"),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file (.mat)"),
    (0, b"MATLAB 7.3 MAT-file", "an HDF5 or MATLAB 7.3 file"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\x00\x05\x16\x07", "an AppleDouble file (`._name`, metadata of macOS): delete it or leave it out"),
    (0, b"ObjectType", "a MetaImage file: its name must end in .mha or .mhd"),
    (0, b"NDims", "a MetaImage file: its name must end in .mha or .mhd"),
    (8, b"WEBP", "a WebP picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC or AVIF picture"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
)
"""Offset, bytes and name of files that are found in place of images."""

MARKUP = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
)
LONGEST_MARKUP = 512


def is_dicom(head: bytes) -> bool:
    """Return whether the first bytes are those of a DICOM file, with or without the preamble of PS3.10 7.1."""
    return head[DICOM_AT : DICOM_AT + len(DICOM)] == DICOM or (
        head[:2] in FIRST_GROUPS and len(head) > 8 and head[3] == 0  # a tag of a low element of these groups
    )


def read_format(head: bytes) -> str | None:
    """Return which of the formats in `READ` the first bytes of a file begin, or None."""
    if is_dicom(head):
        return "DICOM"
    return next((name for name, magics in READ.items() if head.startswith(magics)), None)


def foreign_name(head: bytes) -> str | None:
    """Return what a file is that is no image of a format in `READ`, or None if its first bytes are not known.

    head: the first 512 bytes at least, if the file has as many.
    """
    for offset, magic, name in FOREIGN:
        if head[offset : offset + len(magic)] == magic:
            return name
    text = head[:LONGEST_MARKUP].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return next((name for magic, name in MARKUP if text.startswith(magic)), None)
