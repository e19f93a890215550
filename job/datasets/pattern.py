"""Addresses with wildcards and named fields: as a glob for the store, as an expression that reads the fields back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from job import storage
from job.storage import FileInfo
from job.study.dataset import TEMPLATE_FIELD

WILD = re.compile(r"[*?]")


@dataclass(frozen=True)
class Pattern:
    """The address of many files: `*` and `?` within one name, `**` over folders, `{case}` within one name.

    root: the longest folder prefix without wildcards and fields. tail: what follows it. As in a shell, a wildcard at
    the start of a name matches no leading dot: archives made on macOS are full of `._scan.nii.gz`.
    """

    text: str

    @cached_property
    def root(self) -> str:
        """The folder that relative addresses count from; "" is the working folder."""
        folders = self.text.split("/")[:-1]
        fixed = next((n for n, name in enumerate(folders) if _varies(name)), len(folders))
        return "/".join(folders[:fixed]) or ("/" if self.text.startswith("/") else "")

    @cached_property
    def tail(self) -> str:
        """The pattern below the root."""
        return self.text[len(self.root) :].lstrip("/")

    def files(self) -> dict[str, FileInfo]:
        """List the files by address below the root. A text without wildcards and fields is one file's address."""
        if not _varies(self.tail):
            file = storage.info(self.text)
            return {self.tail: file} if file else {}
        listed = storage.list_files(self.root, "/".join(_glob(name) for name in self.tail.split("/")))
        return {relative(file.address, self.root): file for file in listed}

    def fields(self, address: str) -> dict[str, str] | None:
        """Read the named fields of an address below the root; None if it does not match. The first field is greedy."""
        if not _varies(self.tail):
            return {} if address == self.tail else None
        found = self._expression.fullmatch(address)
        return found.groupdict() if found else None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        *folders, name = self.tail.split("/")
        seen: set[str] = set()
        parts = [r"(?:(?!\.)[^/]+/)*" if folder == "**" else _expression(folder, seen) + "/" for folder in folders]
        last = r"(?:(?!\.)[^/]+/)*(?!\.)[^/]+" if name == "**" else _expression(name, seen)
        return re.compile("".join([*parts, last]), re.DOTALL)


@dataclass(frozen=True)
class Template:
    """An address with fields that each image fills: `{stem}` and its like, `{image}`, and the fields of `images`.

    Everything else in it is literal. `{image}` at the start is the image's whole address, elsewhere the one below its
    root.
    """

    text: str
    images: Pattern

    @cached_property
    def _pattern(self) -> Pattern:
        starts = self.text.startswith("{image}")
        return Pattern(below(self.images.root, self.text) if starts else self.text)

    def files(self) -> dict[str, FileInfo]:
        """List, with one request, every file that some image may name, by address below the template's root."""
        tail = self._pattern.tail
        if not TEMPLATE_FIELD.search(tail):
            file = storage.info(self.text)
            return {tail: file} if file else {}
        glob = "/".join(self._glob(name) for name in tail.split("/"))
        listed = storage.list_files(self._pattern.root, glob)
        return {relative(file.address, self._pattern.root): file for file in listed}

    def fill(self, fields: Mapping[str, str]) -> str:
        """Give the address below the template's root that one image names."""
        return fill(self._pattern.tail, fields)

    def _glob(self, name: str) -> str:
        if "{image}" in name:
            before, _, after = name.partition("{image}")
            return (
                self._glob(before) + "/".join(_glob(part) for part in self.images.tail.split("/")) + self._glob(after)
            )
        return re.sub(r"\*\*+", "*", "*".join(storage.literal(text) for text in TEMPLATE_FIELD.split(name)[::2]))


def fill(text: str, fields: Mapping[str, str]) -> str:
    """Put values in place of `{name}`, once: a value that holds braces stays as it is."""
    return TEMPLATE_FIELD.sub(lambda field: fields[field[1]], text)


def below(root: str, address: str) -> str:
    """Put an address below a root, which may be "" or "/"."""
    return storage.join(root, address) if root else address


def relative(address: str, root: str) -> str:
    """Give a listed address below a root, the same for a local folder, a bucket and a package."""
    path, folder = storage.local_path(address), storage.local_path(root)
    if path and folder:
        return path.relative_to(folder).as_posix()
    # Stores differ in how they write scheme and host of what they list (s3a, abfs, memory); the path agrees.
    _, _, path_below_host = address.partition("://")[2].lstrip("/").partition("/")
    _, _, root_below_host = root.partition("://")[2].lstrip("/").partition("/")
    return path_below_host.removeprefix(root_below_host.rstrip("/")).lstrip("/")


def _varies(text: str) -> bool:
    return bool(WILD.search(text) or TEMPLATE_FIELD.search(text))


def _glob(name: str) -> str:
    """Write one name of a pattern for the store: fields become `*`, and `[` is an ordinary character."""
    if name == "**":
        return name
    return re.sub(r"\*+", "*", "*".join(TEMPLATE_FIELD.split(name)[::2])).replace("[", "[[]")


def _expression(name: str, seen: set[str]) -> str:
    """Write one name of a pattern as a regular expression; a field that comes again must read the same."""
    parts = []
    for piece in re.split(r"(\*+|\?|\{[A-Za-z_][A-Za-z0-9_]*\})", name):
        field = TEMPLATE_FIELD.fullmatch(piece)
        if field:
            parts.append(f"(?P={field[1]})" if field[1] in seen else f"(?P<{field[1]}>[^/]+)")
            seen.add(field[1])
        else:
            parts.append("[^/]*" if piece.startswith("*") else "[^/]" if piece == "?" else re.escape(piece))
    return (r"(?!\.)" if _varies(name[:1]) or TEMPLATE_FIELD.match(name) else "") + "".join(parts)
