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
    walk = _Walk(read)
    return list({entry.path: entry for entry in walk.entries(folder, names, (os.path.realpath(folder),))}.values())


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


class _Walk:
    """One listing. Each folder is looked at once for each place in the pattern, however many ways lead to it: the ways
    through several `**` would be countless.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._seen: set[tuple[str, int]] = set()

    def entries(self, folder: str, names: Sequence[str], chain: tuple[str, ...]) -> Iterator[Entry]:
        """Yield the matching entries. chain: the real paths of the first folder and of the links that led here."""
        if (folder, len(names)) in self._seen:
            return
        self._seen.add((folder, len(names)))
        if names[0] == "**":
            yield from self._across(folder, names, chain)
            return
        expression = re.compile(fnmatch.translate(names[0]))
        hidden, rest = names[0].startswith("."), names[1:]
        for entry in self._read(folder):
            if expression.fullmatch(entry.name) and (hidden or not entry.name.startswith(".")):
                if entry.is_folder and rest:
                    yield from self.entries(entry.path, rest, chain)
                elif not entry.is_folder and (not rest or entry.dead_link):
                    yield entry

    def _across(self, folder: str, names: Sequence[str], chain: tuple[str, ...]) -> Iterator[Entry]:
        """Yield the entries that match a pattern which begins with `**`."""
        rest = names[1:]
        if rest:
            yield from self.entries(folder, rest, chain)
        for entry in self._read(folder):
            if entry.name.startswith("."):
                continue
            if not entry.is_folder:
                if not rest or entry.dead_link:
                    yield entry
            elif not entry.is_link:
                yield from self.entries(entry.path, names, chain)
            elif not _leads_back(target := os.path.realpath(entry.path), chain):
                yield from self.entries(entry.path, names, (*chain, target))


def _leads_back(target: str, chain: Sequence[str]) -> bool:
    """Return whether a folder lies in one that is being listed, where `**` finds it anyway, or contains one."""
    return any(os.path.commonpath([target, folder]) in (target, folder) for folder in chain)


def _local_entry(item: os.DirEntry[str]) -> Entry:
    is_link = item.is_symlink()
    path = Path(item.path)
    dead = str(path.readlink()) if is_link and not path.exists() else ""
    return Entry(item.name, item.path, item.is_dir(), is_link, dead)
