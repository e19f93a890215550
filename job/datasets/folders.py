"""Folders that are one image each, such as a DICOM series: their files are its members."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from job.storage import FileInfo


def folders_of(files: Mapping[str, FileInfo]) -> dict[str, FileInfo]:
    """Return the folders that hold files, each with these as its members, by address; hidden files are left out.

    files: by address below a root, as are the folders.
    """
    members: dict[str, list[FileInfo]] = {}
    for address, file in sorted(files.items()):
        folder, name = posixpath.split(address)
        if not name.startswith("."):
            members.setdefault(folder, []).append(file)
    return {folder: _folder(of_folder) for folder, of_folder in members.items()}


def zarr_folders(files: Mapping[str, FileInfo]) -> dict[str, FileInfo]:
    """Return the folders in which metadata of Zarr lie, by address. Which of their files are needed is found later.

    files: the metadata, by address below a root, as are the folders.
    """
    folders = {}
    for address, file in sorted(files.items()):
        folder = file.address[: file.address.rindex("/") + 1]
        folders[posixpath.dirname(address)] = FileInfo(address=folder, size=0, version="")
    return folders


def _folder(members: Sequence[FileInfo]) -> FileInfo:
    address = members[0].address
    return FileInfo(
        address=address[: address.rindex("/") + 1],
        size=sum(member.size for member in members),
        version="",
        members=tuple(members),
    )
