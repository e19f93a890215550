"""Families of models, by entry points of the group `medsam_job.models`: ours, and those of other packages.

An entry point names an object with the attribute `spec`: the family's own class of `ModelSpec`. This room knows no more
of it; `job.models.family` says what else a family is. No family is imported before a spec names it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, SerializeAsAny, TypeAdapter
from pydantic_core import PydanticCustomError, PydanticKnownError

from job.errors import JobError
from job.study.model import ModelSpec

GROUP = "medsam_job.models"
BROKEN = "family_broken"
"""The kind of pydantic's error for a family that cannot be used."""


@dataclass(frozen=True)
class Installed:
    """A family as it is installed: by its name, and each package that brings one of this name."""

    name: str
    points: tuple[EntryPoint, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """Name and version of each package that brings it."""
        return tuple(f"{point.dist.name} {point.dist.version}" if point.dist else point.value for point in self.points)

    @cached_property
    def family(self) -> Any:
        """The family itself; JobError, which names the package, if it cannot be used."""
        if len(self.points) > 1:
            packages = " and ".join(self.packages)
            raise JobError(f"the family {self.name} is brought by {packages}: uninstall all but one")
        try:
            family = self.points[0].load()
        except Exception as error:  # whatever the package's own code raises
            raise JobError(f"the family {self.name} of {self.packages[0]} cannot be imported: {error}") from error
        if _name_in(getattr(family, "spec", None)) != self.name:
            expected = f'expected a Family whose spec is a ModelSpec with family: Literal["{self.name}"]'
            raise JobError(f"the family {self.name} of {self.packages[0]} is incomplete: {expected}")
        return family


@lru_cache(maxsize=1)
def installed() -> Mapping[str, Installed]:
    """Return all families that are installed, by name, sorted."""
    points: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=GROUP):
        same = points.setdefault(point.name, [])
        if point not in same:  # a folder may stand twice in Python's path
            same.append(point)
    return {name: Installed(name, tuple(points[name])) for name in sorted(points)}


def installed_family(name: str) -> Any:
    """Return the family of a name, which a valid spec holds; JobError if it cannot be used here."""
    if name not in installed():
        raise JobError(f"the family {name} is not installed here; installed are {', '.join(installed()) or 'none'}")
    return installed()[name].family


def spec_type(name: object) -> type[ModelSpec] | None:
    """Return the class of a family's specs; None if no usable family has this name."""
    try:
        spec: type[ModelSpec] = installed_family(str(name)).spec
    except JobError:
        return None
    return spec


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a model of any family that can be used, with its `$defs`."""
    specs = tuple(spec for spec in map(spec_type, installed()) if spec is not None)
    if len(specs) < 2:  # one type makes no union
        return TypeAdapter(*(specs or (ModelSpec,))).json_schema()
    union: Any = specs[0]
    for spec in specs[1:]:
        union = union | spec
    return TypeAdapter(Annotated[union, Field(discriminator="family")]).json_schema()


def _of_its_family(value: Any) -> Any:
    """Return the spec of a model, parsed as its family's class; pydantic's errors of a tagged union otherwise."""
    if not isinstance(value, dict):
        return value
    if "family" not in value:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'family'"})
    name = value["family"]
    if not isinstance(name, str) or name not in installed():
        tags = ", ".join(repr(each) for each in installed())
        raise PydanticKnownError(
            "union_tag_invalid", {"discriminator": "'family'", "tag": str(name), "expected_tags": tags}
        )
    try:
        spec = installed()[name].family.spec
    except JobError as error:
        raise PydanticCustomError(BROKEN, "{reason}", {"reason": str(error)}) from None
    return spec.model_validate_json(json.dumps(value))  # strict types of JSON: a list may be a tuple


def _name_in(spec: object) -> str | None:
    """Return the name that a class of specs has for `family`; None if it is no such class."""
    if not (isinstance(spec, type) and issubclass(spec, ModelSpec)):
        return None
    names = get_args(spec.model_fields["family"].annotation)
    return names[0] if len(names) == 1 else None


Model = Annotated[SerializeAsAny[ModelSpec], BeforeValidator(_of_its_family)]
"""A model of the spec: of the class of its family."""
