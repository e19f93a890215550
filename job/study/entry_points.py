"""What packages bring, ours and others, by entry points: found by name, and imported when it is used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic_core import PydanticCustomError, PydanticKnownError

from job.errors import JobError, lacks_memory
from job.study.strict import FILE_NAME, PATTERNS

OWN_PACKAGE = "medsam-job"
RESERVED = ("clicks", "one-shot")
"""What rows say of clicks and of modes, which neither can be called."""


@dataclass(frozen=True)
class Installed:
    """One name of a group, and the entry points of the packages that bring it. kind: what it is, such as `family`."""

    kind: str
    name: str
    points: tuple[EntryPoint, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """Name and version of each package that brings it."""
        return tuple(f"{point.dist.name} {point.dist.version}" if point.dist else point.value for point in self.points)

    @property
    def other_packages(self) -> tuple[str, ...]:
        """The packages that are not this one."""
        return tuple(package for package in self.packages if package.split()[0] != OWN_PACKAGE)

    @cached_property
    def value(self) -> Any:
        """What the entry point names; JobError, which names the package, if it cannot be imported."""
        if len(self.points) > 1:
            packages = " and ".join(self.packages)
            raise JobError(f"the {self.kind} {self.name} is brought by {packages}: uninstall all but one")
        try:
            return self.points[0].load()
        except Exception as error:  # whatever the package's own code raises
            if not is_own_fault(error):
                raise
            raise JobError(f"the {self.kind} {self.name} of {self.packages[0]} cannot be imported: {error}") from error

    def incomplete(self, expected: str) -> JobError:
        """Return the error of a package that brings something else."""
        return JobError(f"the {self.kind} {self.name} of {self.packages[0]} is incomplete: expected {expected}")


@lru_cache
def installed(group: str, kind: str) -> Mapping[str, Installed]:
    """Return all that is installed of a group, by name, sorted."""
    points: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        same = points.setdefault(point.name, [])
        if point not in same:  # a folder may stand twice in Python's path
            same.append(point)
    return {name: Installed(kind, name, tuple(points[name])) for name in sorted(points)}


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of entry points whose names stand in a spec. Each names an object with its own name, and with `has`.

    kind: what one of them is, such as `mode`. expected: its type, for people. has: attributes that the spec needs, and
    their types; the room that uses the object knows the rest. first: names that are listed before the others.
    """

    group: str
    kind: str
    expected: str
    has: Mapping[str, type]
    first: tuple[str, ...] = ()

    def all(self) -> Mapping[str, Installed]:
        """Return all that are installed, by name."""
        found = installed(self.group, self.kind)
        return {name: found[name] for name in dict.fromkeys((*self.first, *found)) if name in found}

    def value(self, name: str) -> Any:
        """Return the object of a name; JobError if it cannot be used here."""
        if name not in self.all():
            raise JobError(
                f"the {self.kind} {name} is not installed here; installed are {', '.join(self.all()) or 'none'}"
            )
        if name in RESERVED or not re.fullmatch(FILE_NAME, name):
            raise self.all()[name].incomplete(f"a name of {PATTERNS[FILE_NAME]}, and none of {', '.join(RESERVED)}")
        value = self.all()[name].value
        whole = all(isinstance(getattr(value, attribute, None), of) for attribute, of in self.has.items())
        if getattr(value, "name", None) != name or not whole:
            raise self.all()[name].incomplete(f'{self.expected} called "{name}"')
        return value

    def usable(self, name: str) -> str:
        """Return the name of one that is installed and whole. Raise pydantic's error for any other."""
        if name not in self.all():
            raise unknown(self.all())
        try:
            self.value(name)
        except JobError as error:
            raise PydanticCustomError(f"{self.kind}_broken", "{reason}", {"reason": str(error)}) from None
        return name

    def list_names(self, schema: dict[str, Any]) -> None:
        """Add the names to a JSON Schema."""
        schema["enum"] = list(self.all())


def is_own_fault(error: Exception) -> bool:
    """Return whether what a package's code raised tells of the package, and not of a machine without memory."""
    return not lacks_memory(error)


def unknown(names: Iterable[str]) -> PydanticKnownError:
    """Return pydantic's error for a name that is none of these."""
    return PydanticKnownError("literal_error", {"expected": " or ".join(map(repr, names))})
