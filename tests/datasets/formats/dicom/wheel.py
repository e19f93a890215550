"""What happens to every file that pydicom's wheel brings: `python -m tests.datasets.formats.dicom.wheel > docs/…`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom

from job.datasets.formats.dicom import picture, series
from job.datasets.sizes import as_text
from job.errors import DataError
from tests.datasets.formats.dicom.written import members
from tests.datasets.volumes import local

ROOT = Path(pydicom.__file__).parent / "data"
TITLE = """# DICOM files of pydicom

What happens to each file of the folders `charset_files`, `palettes` and `test_files` that the wheel of pydicom brings,
and to the folders that hold a series. "Picture": read as one 2D image. "Volume": read as a series. This page:
`python -m tests.datasets.formats.dicom.wheel > docs/dicom_test_files.md`.

| file or folder | picture | volume |
|---|---|---|
"""
MAX_PX = 1 << 24


def files() -> list[Path]:
    """Return all files of the wheel whose names end in .dcm."""
    return sorted(ROOT.rglob("*.dcm"))


def folders() -> list[Path]:
    """Return the folders whose files, without an ending, are slices."""
    slices = [path for path in ROOT.glob("test_files/dicomdirtests/**/*") if path.is_file() and _is_slice(path)]
    return sorted({path.parent for path in slices})


def table() -> str:
    """Return the page."""
    rows = [f"| `{_name(path)}` | {as_picture(path)} | {as_volume(path)} |" for path in files()]
    rows += [f"| `{_name(path)}/` | | {as_volume(path)} |" for path in folders()]
    return TITLE + "\n".join(rows)


def as_picture(path: Path) -> str:
    """Return what a file is as a picture, or why it is none."""

    def read() -> Iterator[str]:
        found = picture.decode(path.read_bytes(), MAX_PX)
        yield f"{as_text(found.values.shape)} {found.values.dtype}"
        if found.palette is not None:
            yield f"{len(found.palette)} colours"
        if found.lossy:
            yield found.lossy
        yield from (doubt.reason for doubt in found.doubts)

    return _outcome(read)


def as_volume(path: Path) -> str:
    """Return what a file or folder is as a volume, or why it is none."""

    def read() -> Iterator[str]:
        file = members(path) if path.is_dir() else local(path)
        values, header = series.read_values(file), series.read_header(file)
        yield f"{as_text(values.shape)} {values.dtype}"
        if not header.oriented:
            yield "no orientation"
        yield from (doubt.reason for doubt in header.doubts)

    return _outcome(read)


def _outcome(read: Callable[[], Iterator[str]]) -> str:
    try:
        return ", ".join(read())
    except DataError as error:
        return f"{error.reason}: {error.detail}".replace("|", "/")


def _is_slice(path: Path) -> bool:
    with path.open("rb") as file:
        return b"DICM" in file.read(132) and "DICOMDIR" not in path.name


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    print(table())
