"""The files in an archive, by their names below its root, and why one of them cannot be used."""

from __future__ import annotations

import re
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from job.errors import DataError, printable

MOST_MEMBERS = 500_000
BLOCK = 1 << 20
MOST_FOLDERS, LONGEST_NAME, SHOWN = 100, 2000, 200
DEFLATE_BEST = 1032
"""The highest ratio that deflate can reach: what claims more lies."""
LARGE = 1 << 30
BOMB = 200
"""Of a file that is larger than LARGE, the ratio of its sizes above which it counts as a decompression bomb."""
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
LOCAL = b"PK\x03\x04"
"""What begins each file in a zip archive."""
DRIVE = re.compile(r"[A-Za-z]:")
METHODS = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA", 9: "Deflate64", 93: "Zstandard", 99: "encryption"}


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file in an archive. size: unpacked. mark: changes with the content. refusal: why it cannot be used, or "".

    entry: what the archive's reader calls it.
    """

    name: str
    size: int
    mark: str
    entry: Any
    refusal: str = ""


def of_zip(archive: zipfile.ZipFile) -> dict[str, Member]:
    """Return the files in a zip archive by name."""
    entries = archive.infolist()
    _check_number(len(entries))
    _check_start(archive, min((entry.header_offset for entry in entries), default=0))
    return _by_name(_zip_member(entry) for entry in entries if not _zip_name(entry).endswith("/"))


def of_tar(archive: tarfile.TarFile, size: int) -> dict[str, Member]:
    """Return the files in an unpacked tar archive by name. size: of the archive, in bytes."""
    members: list[Member] = []
    for entry in archive:
        _check_number(len(members))
        if not entry.isdir():
            members.append(_tar_member(entry, size))
    if archive.offset <= size:  # else the last file is cut off, and is refused
        _check_end(archive, size)
    return _by_name(members)


def beyond_bounds(unpacked: int, packed: int) -> bool:
    """Return whether sizes are those of a decompression bomb."""
    return unpacked > LARGE and unpacked > BOMB * packed


def _check_start(archive: zipfile.ZipFile, first: int) -> None:
    """Raise DataError if a file lies before the first that the list names: of archives that were joined, one counts."""
    stream: Any = archive.fp
    if first > 0:  # as behind the program of an archive that unpacks itself
        stream.seek(0)
        if stream.read(len(LOCAL)) == LOCAL:
            raise DataError(
                "unreadable", f"several archives in one, or a damaged one: no list names what lies before byte {first}"
            )


def _check_end(archive: tarfile.TarFile, size: int) -> None:
    """Raise DataError if more than zeros follow the last file, or less: tarfile ends a list at a damaged header."""
    stream: Any = archive.fileobj
    stream.seek(archive.offset)
    left = size - archive.offset
    if left < tarfile.BLOCKSIZE:
        raise DataError("unreadable", f"cut off: it ends at byte {size}, without the mark of its end")
    while left > 0:
        block = stream.read(min(BLOCK, left))
        if block.count(0) != len(block) or not block:
            raise DataError(
                "unreadable", f"damaged, or several archives in one: what follows byte {archive.offset} is no file"
            )
        left -= len(block)


def _check_number(count: int) -> None:
    if count > MOST_MEMBERS:
        raise DataError("unreadable", f"expected an archive of at most {MOST_MEMBERS:,} files")


def _by_name(members: Iterable[Member]) -> dict[str, Member]:
    """Return members by their names below the root; those that share a name are refused, because one hides another."""
    named: dict[str, Member] = {}
    for member in members:
        name, refusal = _below_root(member.name)
        if name in named:
            named[name] = replace(named[name], refusal="the archive holds several files of this name")
        elif name:
            named[name] = replace(member, name=name, refusal=refusal or member.refusal)
    return named


def _below_root(stored: str) -> tuple[str, str]:
    """Return a name without what would lead out of the archive, and why the file is refused if there is such a part."""
    readable = stored.encode(errors="replace").decode()
    parts = [part for part in readable.split("/") if part not in ("", ".")]
    if len(parts) > MOST_FOLDERS or len(readable) > LONGEST_NAME:
        return parts[-1][
            -SHOWN:
        ], f"its name is longer than {LONGEST_NAME} characters, or in over {MOST_FOLDERS} folders"
    inside = [part for part in parts if part != ".." and not DRIVE.match(part)]
    if readable.startswith("/") or len(inside) != len(parts):
        return "/".join(inside), f"its name leads out of the archive: {printable(stored)[:SHOWN]!r}"
    if readable != stored:
        return "/".join(inside), "its name is not UTF-8"
    return "/".join(inside), ""


def _zip_member(entry: zipfile.ZipInfo) -> Member:
    return Member(
        name=_zip_name(entry),
        size=entry.file_size,
        mark=f"{entry.CRC:08x}",
        entry=entry,
        refusal=next(_zip_refusals(entry), ""),
    )


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Return a name as text. Without the flag for it, many programs store UTF-8 nonetheless; some write backslashes."""
    name = entry.filename
    if not entry.flag_bits & UTF8_FLAG:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = entry.filename
    return name.replace("\\", "/")


def _zip_refusals(entry: zipfile.ZipInfo) -> Iterator[str]:
    if stat.S_ISLNK(entry.external_attr >> 16):
        yield "a link, which is not followed in an archive"
    if entry.flag_bits & ENCRYPTED_FLAG:
        yield "encrypted: unpack the archive with its password"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        method = METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        yield f"packed by {method}, which is not read: unpack the archive"
    best = DEFLATE_BEST if entry.compress_type else 1
    if entry.file_size > best * entry.compress_size:
        yield f"damaged: {entry.compress_size} packed bytes are said to hold {entry.file_size}"
    if beyond_bounds(entry.file_size, entry.compress_size):
        yield f"{entry.file_size} bytes in {entry.compress_size} packed ones: a bomb? unpack the archive if it is none"


def _tar_member(entry: tarfile.TarInfo, size: int) -> Member:
    return Member(
        name=entry.name,
        size=entry.size,
        mark=f"{entry.mtime}-{entry.offset_data}",
        entry=entry,
        refusal=next(_tar_refusals(entry, size), ""),
    )


def _tar_refusals(entry: tarfile.TarInfo, size: int) -> Iterator[str]:
    if entry.issym() or entry.islnk():
        yield f"a link to {printable(entry.linkname)[:200]!r}, which is not followed in an archive"
    if not entry.isreg():
        yield "no plain file"
    if entry.issparse():
        yield "stored with gaps (sparse): unpack the archive"
    if entry.offset_data + entry.size > size:
        yield "cut off: the archive ends before it"
