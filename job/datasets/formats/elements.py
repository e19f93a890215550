"""Files that hold many images: elements of an array in a NumPy archive, and rows of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from job.datasets.formats import npz_pictures, parquet
from job.errors import DataError
from job.storage import FileInfo
from job.study.files import EACH


def elements(file: FileInfo) -> Iterator[tuple[str, FileInfo]]:
    """Yield what to add to the name of each image that a file holds, and the file with that image as `inside`.

    Without `[*]` that is the file as it is, unless it is a Parquet file, of which each row is an image. A file that
    cannot be read stays one image, whose reader says why.
    """
    if parquet.is_cell(file):
        yield from _rows(file)
        return
    if not file.inside.endswith(EACH):
        yield "", file
        return
    try:
        count = npz_pictures.length(file)
    except DataError:
        count = 0
        yield "", file
    digits = len(str(max(count - 1, 0)))
    for number in range(count):
        yield f"/{number:0{digits}}", replace(file, inside=file.inside.replace(EACH, f"[{number}]"))


def _rows(file: FileInfo) -> Iterator[tuple[str, FileInfo]]:
    try:
        names = parquet.rows(file)
    except DataError:
        names = []
        yield "", replace(file, inside=f"{file.inside.removesuffix(EACH)}[0]")
    for number, name in enumerate(names):
        yield f"/{name}", replace(file, inside=f"{file.inside.removesuffix(EACH)}[{number}]")
