"""Addresses with wildcards and named fields: a glob lists the files, a regular expression reads the fields back."""

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
    """The address of many files: `*` and `?` within one name, `**` across folders, `{case}` within one name.

    As in a shell, a wildcard at the start of a name does not match a leading dot: archives made on macOS contain many
    files such as `._scan.nii.gz`.
    """

    text: str

    @cached_property
    def root(self) -> str:
        """The longest folder prefix without wildcards and fields; "" is the working folder."""
        folders = self.text.split("/")[:-1]
        fixed = next((n for n, name in enumerate(folders) if _varies(name)), len(folders))
        return "/".join(folders[:fixed]) or ("/" if self.text.startswith("/") else "")

    @cached_property
    def tail(self) -> str:
        """The rest of the pattern, below the root."""
        return self.text[len(self.root) :].lstrip("/")

    def files(self) -> dict[str, FileInfo]:
        """Return the matching files by address below the root; at most one if the text has no wildcards and fields."""
        if not _varies(self.tail):
            file = storage.info(self.text)
            return {self.tail: file} if file else {}
        listed = storage.list_files(self.root, "/".join(_glob(name) for name in self.tail.split("/")))
        return {relative(file.address, self.root): file for file in listed}

    def fields(self, address: str) -> dict[str, str] | None:
        """Return the named fields of an address below the root, None without a match. The first field is greedy."""
        if not _varies(self.tail):
            return {} if address == self.tail else None
        match = self._expression.fullmatch(address)
        return match.groupdict() if match else None

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        *folders, name = self.tail.split("/")
        seen: set[str] = set()
        before = [r"(?:(?!\.)[^/]+/)*" if folder == "**" else _expression(folder, seen) + "/" for folder in folders]
        last = r"(?:(?!\.)[^/]+/)*(?!\.)[^/]+" if name == "**" else _expression(name, seen)
        return re.compile("".join([*before, last]))


@dataclass(frozen=True)
class Template:
    """An address whose fields each image fills: `{stem}`, `{name}`, `{parent}`, `{image}` and the fields of `images`.

    The rest is literal. `{image}` is the image's whole address at the start of the text, elsewhere its address below
    the root.
    """

    text: str
    images: Pattern

    @cached_property
    def _pattern(self) -> Pattern:
        return Pattern(below(self.images.root, self.text) if self.text.startswith("{image}") else self.text)

    def files(self) -> dict[str, FileInfo]:
        """Return, from one listing, the files that any image may name, by address below the template's root."""
        tail = self._pattern.tail
        if not TEMPLATE_FIELD.search(tail):
            file = storage.info(self.text)
            return {tail: file} if file else {}
        glob = "/".join(self._glob(name) for name in tail.split("/"))
        listed = storage.list_files(self._pattern.root, glob)
        return {relative(file.address, self._pattern.root): file for file in listed}

    def fill(self, fields: Mapping[str, str]) -> str:
        """Return the address that one image names, below the template's root."""
        return fill(self._pattern.tail, fields)

    def _glob(self, name: str) -> str:
        if "{image}" in name:
            before, _, after = name.partition("{image}")
            return (
                self._glob(before) + "/".join(_glob(name) for name in self.images.tail.split("/")) + self._glob(after)
            )
        return re.sub(r"\*\*+", "*", "*".join(storage.literal(text) for text in TEMPLATE_FIELD.split(name)[::2]))


def fill(text: str, fields: Mapping[str, str]) -> str:
    """Replace each `{name}` by its value, once: braces inside a value are left as they are."""
    return TEMPLATE_FIELD.sub(lambda field: fields[field[1]], text)


def below(root: str, address: str) -> str:
    """Join a root, which may be "" or "/", and an address below it."""
    return storage.join(root, address) if root else address


def relative(address: str, root: str) -> str:
    """Return a listed address relative to a root: the same text for a local folder, a bucket and a package."""
    path, folder = storage.local_path(address), storage.local_path(root)
    if path and folder:
        return path.relative_to(folder).as_posix()
    # In their listings, stores write scheme and host differently (s3a, abfs, memory); the path is the same.
    _, _, path_below_host = address.partition("://")[2].lstrip("/").partition("/")
    _, _, root_below_host = root.partition("://")[2].lstrip("/").partition("/")
    return path_below_host.removeprefix(root_below_host.rstrip("/")).lstrip("/")


def _varies(text: str) -> bool:
    return bool(WILD.search(text) or TEMPLATE_FIELD.search(text))


def _glob(name: str) -> str:
    """Return one name of a pattern as a glob: fields become `*`, and `[` is an ordinary character."""
    if name == "**":
        return name
    return re.sub(r"\*+", "*", "*".join(TEMPLATE_FIELD.split(name)[::2])).replace("[", "[[]")


def _expression(name: str, seen: set[str]) -> str:
    """Return one name of a pattern as a regular expression. A repeated field must have the same value each time."""
    pieces = []
    for piece in re.split(r"(\*+|\?|\{[A-Za-z_][A-Za-z0-9_]*\})", name):
        field = TEMPLATE_FIELD.fullmatch(piece)
        if field:
            pieces.append(f"(?P={field[1]})" if field[1] in seen else f"(?P<{field[1]}>[^/]+)")
            seen.add(field[1])
        else:
            pieces.append("[^/]*" if piece.startswith("*") else "[^/]" if piece == "?" else re.escape(piece))
    return (r"(?!\.)" if _varies(name[:1]) or TEMPLATE_FIELD.match(name) else "") + "".join(pieces)
