"""Which files of a folder are of the series that the spec asks for, by values of their headers."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from job.datasets.formats.dicom import headers
from job.datasets.formats.dicom.elements import text
from job.errors import DataError
from job.storage import FileInfo
from job.study.dataset import SeriesKey

Wanted = Mapping[SeriesKey, int | str]

READERS = 16  # headers that are read at the same time: a store answers many small requests better so


def of_series(folders: Mapping[str, FileInfo], wanted: Wanted) -> dict[str, FileInfo]:
    """Return the folders that hold the wanted series, by address, each with the files of that series alone.

    wanted: texts by DICOM keyword; `*`, `?` and `[…]` are wildcards, capitals do not matter. A multi-valued element is
    compared as its values with a backslash between them, as DICOM stores them.
    """
    chosen = {address: _of_folder(folder, wanted) for address, folder in folders.items()}
    return {address: folder for address, folder in chosen.items() if folder.members}


def _of_folder(folder: FileInfo, wanted: Wanted) -> FileInfo:
    with ThreadPoolExecutor(READERS) as pool:
        matches = list(pool.map(lambda member: _matches(member, wanted), folder.members))
    members = tuple(member for member, is_wanted in zip(folder.members, matches, strict=True) if is_wanted)
    return replace(folder, members=members, size=sum(member.size for member in members))


def _matches(file: FileInfo, wanted: Wanted) -> bool:
    try:
        dataset = headers.read(file).dataset
        return all(_fits(text(dataset, keyword), str(value)) for keyword, value in wanted.items())
    except DataError:  # no DICOM image
        return False


def _fits(value: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(value.casefold(), pattern.casefold())
