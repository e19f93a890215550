"""Addresses with wildcards and named fields: a glob lists the files, a regular expression reads the fields back."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from job import storage
from job.datasets.below_root import by_address
from job.datasets.folders import folders_of, zarr_folders
from job.storage import FileInfo
from job.study.files import TEMPLATE_FIELD, split_inside

WILD = re.compile(r"[*?]")
IMAGE_ENDINGS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".nii", ".nii.gz"}
"""Endings of image files, in lower case."""
ZARR_ROOT = ("zarr.json", ".zgroup", ".zarray")
"""What lies in the folder that is a Zarr file."""


@dataclass(frozen=True)
class Pattern:
    """The address of many files: `*` and `?` within one name, `**` across folders, `{case}` within one name.

    Wildcards and fields take as little as they can, the first of them first. `{n:int}` takes digits only. As in a
    shell, a wildcard at the start of a name does not match a leading dot: archives made on macOS contain many files
    such as `._scan.nii.gz`. Names are compared in Unicode's normal form NFC, because macOS stores them decomposed.

    A pattern that ends in a slash matches folders, each of them one image, whose files are its members.
    """

    text: str

    @property
    def is_of_folders(self) -> bool:
        """Whether each match is a folder."""
        return self._address.endswith("/")

    @property
    def is_of_zarr(self) -> bool:
        """Whether each match is a Zarr file, which is a folder."""
        return self._address.lower().endswith(".zarr/")

    @property
    def inside(self) -> str:
        """What is meant inside each file."""
        return split_inside(self.text)[1]

    @cached_property
    def root(self) -> str:
        """The longest folder prefix without wildcards and fields; "" is the working folder."""
        folders = self._address.rstrip("/").split("/")[:-1]
        fixed = next((n for n, name in enumerate(folders) if varies(name)), len(folders))
        return "/".join(folders[:fixed]) or ("/" if self._address.startswith("/") else "")

    @cached_property
    def tail(self) -> str:
        """The rest of the pattern, below the root."""
        return self._address[len(self.root) :].strip("/")

    @cached_property
    def _address(self) -> str:
        address = split_inside(self.text)[0]
        return f"{address}/" if address.lower().endswith(".zarr") else address

    def listing(self) -> dict[str, FileInfo]:
        """Return the files that may match, by address below the root, and those that differ in their ending alone.

        Links that lead nowhere are listed too; one in the place of a folder has the address of the folder.
        """
        if self.is_of_zarr:
            folder = "/".join(map(glob_of, self.tail.split("/")))
            files = [file for name in ZARR_ROOT for file in storage.list_files(self.root, f"{folder}/{name}")]
            return zarr_folders(by_address(files, self.root))
        if self.is_of_folders:
            glob = "/".join([*map(glob_of, self.tail.split("/")), "*"])
            return folders_of(by_address(storage.list_files(self.root, glob, dead_links=True), self.root))
        if not varies(self.tail):
            file = storage.info(self._address)
            return {self.tail: file} if file else {}
        *folders, name = self.tail.split("/")
        glob = "/".join(
            [*(glob_of(folder) for folder in folders), glob_of(self._stem) + ".*" if self._ending else glob_of(name)]
        )
        listed = storage.list_files(self.root, glob, dead_links=True)
        return by_address(listed, self.root)

    def address_of(self, file: FileInfo) -> str:
        """Return the address below the root of a file that was listed, or of a folder."""
        (address,) = by_address([file], self.root) if varies(self.tail) else (self.tail,)
        return address.rstrip("/")

    def fields(self, address: str) -> dict[str, str] | None:
        """Return the named fields of an address below the root, as text in NFC; None without a match."""
        if not varies(self.tail):
            return {} if nfc(address) == nfc(self.tail) else None
        match = self._expression.fullmatch(nfc(address))
        return match.groupdict() if match else None

    def differs_in_ending(self, address: str) -> bool:
        """Return whether an address would match with another ending that images have, such as .PNG or .jpg."""
        name = stem(address)
        if not self._ending or address[len(name) :].lower() not in IMAGE_ENDINGS or self.fields(address) is not None:
            return False
        return Pattern(self._address.removesuffix(self._ending)).fields(name) is not None

    @cached_property
    def _stem(self) -> str:
        return stem(posixpath.basename(self.tail))

    @cached_property
    def _ending(self) -> str:
        """The literal ending of the last name, such as .png, if what precedes it varies; else "". Folders have none."""
        if self.is_of_folders:
            return ""
        ending = posixpath.basename(self.tail)[len(self._stem) :]
        return ending if varies(self._stem) and not varies(ending) else ""

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        *folders, name = nfc(self.tail).split("/")
        numbers = set(re.findall(r"\{(\w+):int\}", self.tail))
        seen: set[str] = set()
        once = [folder for folder, next_ in pairwise([*folders, ""]) if (folder, next_) != ("**", "**")]
        before = [
            r"(?:(?!\.)[^/]+/)*" if folder == "**" else _expression(folder, seen, numbers) + "/" for folder in once
        ]
        last = r"(?:(?!\.)[^/]+/)*(?!\.)[^/]+" if name == "**" else _expression(name, seen, numbers)
        return re.compile("".join([*before, last]))


def fill(text: str, fields: Mapping[str, str]) -> str:
    """Replace each `{name}` by its value, once: braces inside a value are left as they are."""
    return TEMPLATE_FIELD.sub(lambda field: fields[field[1]], text)


def stem(name: str) -> str:
    """Return a name or address without its extension; `.nii.gz` is one extension."""
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else posixpath.splitext(name)[0]


def nfc(text: str) -> str:
    """Return a text in Unicode's normal form NFC."""
    return unicodedata.normalize("NFC", text)


def below(root: str, address: str) -> str:
    """Join a root, which may be "" or "/", and an address below it."""
    return storage.join(root, address) if root else address


def varies(text: str) -> bool:
    """Return whether a text has wildcards or fields."""
    return bool(WILD.search(text) or TEMPLATE_FIELD.search(text))


def glob_of(name: str) -> str:
    """Return a glob that matches, among others, what one name of a pattern matches.

    Fields become `*`, and so do letters beyond ASCII, which a store may hold in another normal form. `[` is an ordinary
    character.
    """
    if name == "**":
        return name
    wild = re.sub(r"[^\x00-\x7f]", "*", nfc("*".join(TEMPLATE_FIELD.split(name)[::2])))
    return re.sub(r"\*+", "*", wild).replace("[", "[[]")


def _expression(name: str, seen: set[str], numbers: set[str]) -> str:
    """Return one name of a pattern as a regular expression. A repeated field must have the same value each time.

    numbers: the fields that take digits only.
    """
    groups: list[str] = [""]
    leftmost = True
    for piece in re.split(r"(\*+|\?|\{[A-Za-z_][A-Za-z0-9_]*(?::int)?\})", name):
        field = TEMPLATE_FIELD.fullmatch(piece)
        if field:
            is_number, is_repeated = field[1] in numbers, field[1] in seen
            leftmost = leftmost and not is_number and not is_repeated
            value = "[0-9]+?" if is_number else "[^/]+?"
            groups.append(f"(?P={field[1]})" if is_repeated else f"(?P<{field[1]}>{value})")
            seen.add(field[1])
        elif piece.startswith("*"):
            groups.append("[^/]*?")
        else:
            groups[-1] += "[^/]" if piece == "?" else re.escape(piece)
    start = r"(?!\.)" if varies(name[:1]) or TEMPLATE_FIELD.match(name) else ""
    return start + (at_first_places(groups) if leftmost else "".join(groups))


def at_first_places(groups: Sequence[str]) -> str:
    """Join the groups of one name's regular expression: a text first, then each a wildcard with the text behind it.

    Every text but the last is matched at its first place, and at no other: if the rest matches behind a later one, it
    also does behind the first. Otherwise a name of many equal letters would take hours.
    """
    first, *wild = groups
    return first + "".join(f"(?>{group})" for group in wild[:-1]) + "".join(wild[-1:])
