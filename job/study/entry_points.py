"""What packages bring, ours and others, by entry points: found by name, and imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from job.errors import JobError

OWN_PACKAGE = "medsam-job"


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
