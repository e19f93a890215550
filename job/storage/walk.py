"""List the files below a folder that match a glob pattern, one name of the pattern after the other, as a shell does.

For local disks, where links to folders are followed, and for web servers, which list one folder at a time.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Entry:
    """A file or folder as its folder lists it.

    name: as people write it, without percent signs from a web server. dead_link: the target of a link that leads
    nowhere, else "".
    """

    name: str
    path: str
    is_folder: bool
    is_link: bool = False
    dead_link: str = ""


Read = Callable[[str], list[Entry]]
"""Return the entries of a folder."""


def matches(read: Read, folder: str, pattern: str) -> list[Entry]:
    """Return the files below a folder that match a pattern, each once.

    `*`, `?` and `[…]` match within one name, `**` across folders; a wildcard at the start of a name matches no leading
    dot. A link that leads nowhere is listed if its name matches, even in the place of a folder.
    """
    names = [name for name, next_ in pairwise([*pattern.split("/"), ""]) if (name, next_) != ("**", "**")]
    first = _Way(folder, names, (os.path.realpath(folder),))
    return list({entry.path: entry for entry in _walk(read, first)}.values())


def local_entries(folder: str) -> list[Entry]:
    """Return the entries of a local folder; [] if it does not exist or is not a folder."""
    try:
        with os.scandir(folder) as scan:
            return [_local_entry(item) for item in scan]
    except (FileNotFoundError, NotADirectoryError):
        return []


def http_entries(fs: Any, folder: str) -> list[Entry]:
    """Return the files and folders that the page of a folder on a web server links to; [] if there is no such page."""
    is_safe = folder.startswith("https://")
    addresses = (details["name"] for details in fs.ls(folder.rstrip("/") + "/", detail=True))
    return [
        Entry(unquote(address.rstrip("/").rpartition("/")[2]), address.rstrip("/"), address.endswith("/"))
        for address in addresses
        if not re.search(r"[?#]", address)  # such as the links that sort a page of Apache's
        and (address.startswith("https://") or not is_safe)  # no link leads from TLS to none
    ]


@dataclass(frozen=True)
class _Way:
    """A folder, and the names of the pattern that its content has to match.

    chain: the real paths of the first folder and of the links that led here.
    """

    folder: str
    names: Sequence[str]
    chain: tuple[str, ...]


def _walk(read: Read, first: _Way) -> Iterator[Entry]:
    """Yield the matching entries; no folder is too deep.

    Each folder is looked at once for each place in the pattern, however many ways lead to it: the ways through several
    `**` would be countless.
    """
    seen: set[tuple[str, int]] = set()
    ways = [first]
    while ways:
        way = ways.pop()
        place = (way.folder, len(way.names))
        if place not in seen:
            seen.add(place)
            look = _look_across if way.names[0] == "**" else _look
            entries, further = look(read, way)
            yield from entries
            ways += reversed(further)


def _look(read: Read, way: _Way) -> tuple[list[Entry], list[_Way]]:
    """Return the entries of a folder that match the whole pattern, and the ways on from it."""
    expression = re.compile(fnmatch.translate(way.names[0]))
    hidden, rest = way.names[0].startswith("."), way.names[1:]
    entries, further = [], []
    for entry in read(way.folder):
        if expression.fullmatch(entry.name) and (hidden or not entry.name.startswith(".")):
            if entry.is_folder and rest:
                further.append(_Way(entry.path, rest, way.chain))
            elif not entry.is_folder and (not rest or entry.dead_link):
                entries.append(entry)
    return entries, further


def _look_across(read: Read, way: _Way) -> tuple[list[Entry], list[_Way]]:
    """As `_look`, with a pattern that begins with `**`."""
    rest = way.names[1:]
    entries = []
    further = [_Way(way.folder, rest, way.chain)] if rest else []
    for entry in read(way.folder):
        if entry.name.startswith("."):
            continue
        if not entry.is_folder:
            if not rest or entry.dead_link:
                entries.append(entry)
        elif not entry.is_link:
            further.append(_Way(entry.path, way.names, way.chain))
        elif not _leads_back(target := os.path.realpath(entry.path), way.chain):
            further.append(_Way(entry.path, way.names, (*way.chain, target)))
    return entries, further


def _leads_back(target: str, chain: Sequence[str]) -> bool:
    """Return whether a folder lies in one that is being listed, where `**` finds it anyway, or contains one."""
    return any(os.path.commonpath([target, folder]) in (target, folder) for folder in chain)


def _local_entry(item: os.DirEntry[str]) -> Entry:
    is_link = item.is_symlink()
    path = Path(item.path)
    dead = str(path.readlink()) if is_link and not path.exists() else ""
    return Entry(item.name, item.path, item.is_dir(), is_link, dead)
