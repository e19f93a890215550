"""Zip and tar archives as stores: `case.zip#/folder/a.png` is a file in an archive. Where archives lie: `mounting`."""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from job.errors import DataError
from job.storage.address import FileInfo
from job.storage.damage import damage_named, damaged, text_of
from job.storage.members import Member, of_tar, of_zip
from job.storage.ranges import AstrayError, Bounded
from job.storage.walk import Entry

BLOCK = 1 << 20
ZIP = ".zip"
OF_READERS = (AstrayError, zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError)
OF_NUMBERS = (ValueError, OverflowError)
"""What zipfile and tarfile raise for damaged archives; the second, of numbers and names that are none."""
Open = Callable[[], BinaryIO]


class Archive:
    """The files in one archive, with the methods of an fsspec file system by which they are listed and read.

    file: the archive. Raise DataError if it is damaged, and for a file in it that is refused or damaged.
    """

    protocol = ("archive",)

    def __init__(self, file: FileInfo, open_stream: Open) -> None:
        self._file, self._open = file, open_stream
        self._idle: deque[Any] = deque()  # readers of the archive that no thread uses now
        with _as_data_error(self._file.address), self._reader() as reader:
            is_zip = isinstance(reader, zipfile.ZipFile)
            self._members = of_zip(reader) if is_zip else of_tar(reader, _size(reader.fileobj))
        self._folders = _folders(self._members)

    def info(self, path: str) -> dict[str, Any]:
        """Return the description of a file; raise FileNotFoundError if the archive does not hold it."""
        member = self._members.get(path)
        if member is None:
            raise FileNotFoundError(path)
        return {
            "name": f"{self._file.address}#/{path}",
            "type": "file",
            "size": member.size,
            "version": f"{self._file.version}/{member.mark}",
            "refusal": member.refusal,
        }

    def ls(self, path: str, *, detail: bool = False) -> list[str]:
        """Return the names in a folder; raise FileNotFoundError if there is no such folder. detail: not supported."""
        if path.strip("/") not in self._folders:
            raise FileNotFoundError(path)
        return [entry.path for entry in self.entries(path)]

    def entries(self, folder: str) -> list[Entry]:
        """Return the files and folders in a folder."""
        return list(self._folders.get(folder.strip("/"), {}).values())

    def cat_file(self, path: str, end: int | None = None) -> bytes:
        """Read a whole file, or its first bytes."""
        data = bytearray()
        for block in self.blocks(path, end):
            data += block
        return bytes(data[:end])

    def blocks(self, path: str, end: int | None = None) -> Iterator[bytes]:
        """Yield the content of a file in blocks, at least the first `end` bytes. A checksum is compared at the end."""
        member = self._members.get(path)
        if member is None:
            raise FileNotFoundError(path)
        if member.refusal:
            raise DataError("unreadable", member.refusal)
        with _as_data_error(self._file.address), self._reader() as reader, _opened(reader, member) as stream:
            left = member.size if end is None else min(end, member.size)
            while left > 0:
                block = stream.read(min(BLOCK, left))
                if not block:
                    raise EOFError("the file ends too early")
                left -= len(block)
                yield block
            if end is None and stream.read(1):  # where zipfile compares the checksum
                raise EOFError("the file is longer than the archive states")

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        """Return a reader of the archive for one thread."""
        try:
            reader = self._idle.pop()
        except IndexError:
            stream = self._open()
            bounded: Any = Bounded(stream, _size(stream))
            is_zip = self._file.address.lower().endswith(ZIP)
            reader = zipfile.ZipFile(bounded) if is_zip else tarfile.TarFile(fileobj=bounded)
        yield reader
        self._idle.append(reader)


@contextmanager
def _opened(reader: Any, member: Member) -> Iterator[Any]:
    """Open a file in an archive."""
    with reader.open(member.entry) if isinstance(reader, zipfile.ZipFile) else reader.extractfile(member.entry) as file:
        yield file


@contextmanager
def _as_data_error(address: str) -> Iterator[None]:
    """Turn what zipfile, tarfile and zlib raise for a damaged archive into a DataError."""
    with damage_named(address, _damaged, (*OF_READERS, *OF_NUMBERS)):
        yield


def _damaged(error: Exception) -> str:
    return damaged(error) if isinstance(error, OF_NUMBERS) else f"damaged, or no such archive: {text_of(error)}"


def _size(stream: Any) -> int:
    at = stream.tell()
    size: int = stream.seek(0, os.SEEK_END)
    stream.seek(at)
    return size


def _folders(members: dict[str, Member]) -> dict[str, dict[tuple[str, bool], Entry]]:
    """Return what each folder holds, by name and whether it is a folder: a file may have the same name."""
    folders: dict[str, dict[tuple[str, bool], Entry]] = {"": {}}
    for path in members:
        is_folder = False
        while path:
            parent, _, name = path.rpartition("/")
            known = folders.setdefault(parent, {})
            if (name, is_folder) in known:
                break
            known[name, is_folder] = Entry(name, path, is_folder)
            path, is_folder = parent, True
    return folders
