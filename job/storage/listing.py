"""List the files below a folder that match a glob pattern, in any store and in archives."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

from fsspec.asyn import AsyncFileSystem

from job.errors import DataError
from job.storage import walk
from job.storage.absence import none_if_missing
from job.storage.address import FileInfo, join
from job.storage.retry import with_retries
from job.storage.stores import file_info, hides_missing_buckets, is_archive, is_http, is_local, open_store
from job.study.addresses import IN_ARCHIVE


def list_files(folder: str, pattern: str, *, dead_links: bool = False) -> list[FileInfo]:
    """Return the files below a folder that match a glob pattern, sorted by address; [] if there are none.

    folder: taken literally, because a name may hold `[` or `*`. pattern: `*`, `?` and `[…]` match within one name,
    `**` across folders. Links are followed, to files and to folders. dead_links: also list links that lead nowhere,
    even in the place of a folder, and archives that cannot be listed, each as a folder with the reason as its refusal.

    Names in the pattern that end in `#` are archives, whose files are listed as those of folders.
    """
    outer, mark, inner = _first_archive(pattern)
    if mark:
        archives = list_files(folder, outer, dead_links=dead_links)
        return [file for each in archives for file in _in_archive(each, inner, dead_links)]
    return _in_one_store(folder, pattern, dead_links)


def _first_archive(pattern: str) -> tuple[str, str, str]:
    """Return the pattern of archives, `#/` if there is one, and the pattern of the files in them."""
    mark = IN_ARCHIVE.search(pattern)
    return (pattern[: mark.start()], mark[0], pattern[mark.end() :]) if mark else (pattern, "", "")


def _in_archive(archive: FileInfo, pattern: str, dead_links: bool) -> list[FileInfo]:
    """Return the files in an archive that match a pattern, or the archive itself if it cannot be listed."""
    try:
        if archive.refusal or archive.dead_link:
            raise DataError("unreadable", archive.refusal or f"a link to {archive.dead_link}, where nothing is")
        return list_files(f"{archive.address}#/", pattern, dead_links=dead_links)
    except DataError as error:
        return [replace(archive, address=f"{archive.address}#/", refusal=error.detail)] if dead_links else []


def _in_one_store(folder: str, pattern: str, dead_links: bool) -> list[FileInfo]:
    def attempt() -> list[FileInfo]:
        opened = none_if_missing(lambda: open_store(folder))
        if opened is None:  # an archive that is not there
            return []
        fs, path = opened
        if is_local(fs):
            entries = walk.matches(walk.local_entries, path, pattern)
            found = [_local_file(fs, folder, entry) for entry in entries if dead_links or not entry.dead_link]
            return sorted((file for file in found if file), key=lambda file: file.address)
        if is_archive(fs):
            entries = walk.matches(fs.entries, path.rstrip("/"), pattern)
            matches = {entry.path: fs.info(entry.path) for entry in entries}
        elif is_http(fs):
            entries = walk.matches(
                lambda page: none_if_missing(lambda: walk.http_entries(fs, page)) or [], path, pattern
            )
            matches = {entry.path: fs.info(entry.path) for entry in entries}
        else:
            matches = _in_store(fs, path, pattern)
            if not matches and hides_missing_buckets(fs):
                fs.ls(path.partition("/")[0])
        return sorted(
            (
                file_info(fs, folder, _with_size(fs, details))
                for details in matches.values()
                if details.get("type") == "file"
            ),
            key=lambda file: file.address,
        )

    return with_retries(join(folder, pattern), "list", attempt)


def literal(text: str) -> str:
    """Return a glob pattern that matches a text literally."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def _local_file(fs: Any, folder: str, entry: walk.Entry) -> FileInfo | None:
    """Return the description of a listed file; None if it was deleted since."""
    try:
        status = Path(entry.path).stat(follow_symlinks=not entry.dead_link)
    except FileNotFoundError:
        return None
    if not (entry.dead_link or stat.S_ISREG(status.st_mode)):
        return None
    details = {"name": entry.path, "size": status.st_size, "mtime": status.st_mtime}
    return replace(file_info(fs, folder, details), dead_link=entry.dead_link)


def _in_store(fs: Any, folder: str, pattern: str) -> dict[str, dict[str, Any]]:
    """Return the files and folders of a store that match a pattern, each with its details.

    fsspec's own glob takes a folder that cannot be listed for an empty one, unless it lists all names at once. Object
    stores do that for `**`.
    """
    if "**" in pattern and isinstance(fs, AsyncFileSystem):
        expression = f"{literal(folder).rstrip('/')}/{pattern}"
        found: dict[str, dict[str, Any]] | None = none_if_missing(lambda: fs.glob(expression, detail=True))
        return found or {}
    details: dict[str, dict[str, Any]] = {}

    def entries(path: str) -> list[walk.Entry]:
        listed = none_if_missing(lambda: fs.ls(path, detail=True)) or []
        below = {each["name"].rstrip("/"): each for each in listed if each["name"].strip("/") != path.strip("/")}
        details.update(below)
        return [
            walk.Entry(name.rpartition("/")[2], name, each.get("type") == "directory") for name, each in below.items()
        ]

    return {entry.path: details[entry.path] for entry in walk.matches(entries, folder.rstrip("/"), pattern)}


def _with_size(fs: Any, details: dict[str, Any]) -> dict[str, Any]:
    """Return a listing's entry with its size, which some stores leave out of listings."""
    return details if details.get("size") is not None else {**details, **fs.info(details["name"])}
