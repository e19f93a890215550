"""The bytes of which a local copy is made: those of a file as it was planned, or what a gzip file holds."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from job.errors import DataError
from job.storage.address import FileInfo
from job.storage.checks import check_copy
from job.storage.faults import changed_since_plan
from job.storage.files import BLOCK, local_path
from job.storage.members import beyond_bounds
from job.storage.retry import with_retries
from job.storage.stores import file_info, is_archive, open_store
from job.study.addresses import file_of, split_archive

ENDING = re.compile(r"\.[A-Za-z0-9]{1,12}")


def blocks_of(fs: Any, path: str, file: FileInfo) -> Iterator[bytes]:
    """Yield the content of a file in an archive, in blocks; StorageError if it is not what `file` says."""
    current = file_info(fs, file.address, fs.info(path))
    if current.size != file.size or (local_path(file_of(file.address)) is None and current.version != file.version):
        raise changed_since_plan(file.address)  # of a local archive, the hash decides
    yield from fs.blocks(path)


def fetch(file: FileInfo, target: Path) -> None:
    """Copy a file that is not on this disk to a local path; StorageError if it is not what `file` says."""
    fs, path = open_store(file.address)
    if is_archive(fs):
        write_blocks(blocks_of(fs, path, file), target)
        return
    fs.get_file(path, str(target))
    details = fs.info(path)
    current = file_info(fs, file.address, details)
    if current.size != file.size or (file.version and current.version != file.version):
        raise changed_since_plan(file.address)
    check_copy(target, details)


def write_blocks(blocks: Iterable[bytes], target: Path) -> None:
    """Write a local file block by block."""
    with target.open("wb") as file:
        for block in blocks:
            file.write(block)


def sha256_of(file: FileInfo) -> str:
    """Return the SHA-256 of a file in an archive, in hexadecimal; no copy of it is made."""

    def attempt() -> str:
        digest = hashlib.sha256()
        for block in blocks_of(*open_store(file.address), file):
            digest.update(block)
        return digest.hexdigest()

    return with_retries(file.address, "read", attempt)


def ending(address: str) -> str:
    """Return the ending of a name, by which formats are told apart, without what is strange in it."""
    path = address if split_archive(address) else urlsplit(address).path
    return "".join(suffix for suffix in Path(posixpath.basename(path)).suffixes[-2:] if ENDING.fullmatch(suffix))


def unzipped(path: Path, size: int) -> Iterator[bytes]:
    """Yield what a local gzip file of a size holds, in blocks. Raise DataError if it is damaged, or a bomb."""
    unpacked = 0
    try:
        with gzip.open(path) as stream:
            while block := stream.read(BLOCK):
                unpacked += len(block)
                if beyond_bounds(unpacked, size):
                    detail = f"over {unpacked} bytes in {size} packed ones: a bomb? unpack it if it is none"
                    raise DataError("unreadable", detail)
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError("unreadable", f"damaged: {error}") from None
