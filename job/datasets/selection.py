"""Which images `only` and `except` name: by pattern, by the values of fields, or by a list file."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from job import storage
from job.datasets.pattern import nfc, stem
from job.study.addresses import normal
from job.study.files import LIST, FieldValues, Selection

RANGE = re.compile(r"([0-9]+)-([0-9]+)")


@dataclass(frozen=True)
class Selector:
    """Tells whether an image is among those that a selection of the spec names."""

    selection: Selection

    def matches(self, image: str, fields: Mapping[str, str]) -> bool:
        """Return whether the selection names an image. image: its address below the root."""
        if isinstance(self.selection, Mapping):
            named = {name: values for name, values in self.selection.items() if name != LIST}
            return (LIST not in self.selection or bool(self.listed.intersection(names_of(image)))) and all(
                value_matches(fields[name], values) for name, values in named.items()
            )
        patterns = [self.selection] if isinstance(self.selection, str) else self.selection
        return any(_name_matches(nfc(image), nfc(pattern)) for pattern in patterns)

    @cached_property
    def listed(self) -> frozenset[str]:
        """The lines of the list file, without empty ones and those that begin with `#`; none without such a file."""
        address = self.selection.get(LIST) if isinstance(self.selection, Mapping) else None
        if not isinstance(address, str):
            return frozenset()
        lines = (line.strip() for line in storage.read(normal(address)).decode("utf-8-sig", "replace").splitlines())
        return frozenset(nfc(line) for line in lines if line and not line.startswith("#"))


def names_of(image: str) -> tuple[str, str, str]:
    """Return the names by which a list or a table may name an image: its address, its name and its stem."""
    name = posixpath.basename(nfc(image))
    return nfc(image), name, stem(name)


def _name_matches(image: str, pattern: str) -> bool:
    """Return whether a pattern matches an address, or the last name alone if the pattern has no slash.

    A wildcard matches within one name.
    """
    if "/" not in pattern:
        return _fits(posixpath.basename(image), pattern)
    names, patterns = image.split("/"), pattern.split("/")
    return len(names) == len(patterns) and all(map(_fits, names, patterns))


def value_matches(value: str, wanted: FieldValues) -> bool:
    """Return whether a field's value is one of those wanted. See `Selector`."""
    values: Sequence[int | str] = [wanted] if isinstance(wanted, int | str) else wanted
    return any(_is(value, item) for item in values)


def _is(value: str, wanted: int | str) -> bool:
    """Return whether a field's value is a number, lies in a range such as 28-47, or matches a pattern."""
    number = int(value) if re.fullmatch("[0-9]+", value) else None
    if isinstance(wanted, int):
        return number == wanted
    bounds = RANGE.fullmatch(wanted)
    if bounds and number is not None and int(bounds[1]) <= number <= int(bounds[2]):
        return True
    return _fits(value, nfc(wanted))


def _fits(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
