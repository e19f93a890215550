"""Families of models, by entry points of the group `medsam_job.models`: ours, and those of other packages.

An entry point names an object with the attribute `spec`: the family's own class of `ModelSpec`. This room knows no more
of it; `job.models.family` says what else a family is. No family is imported before a spec names it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, SerializeAsAny, TypeAdapter
from pydantic_core import PydanticCustomError, PydanticKnownError

from job.errors import JobError
from job.study.entry_points import Installed, installed
from job.study.model import ModelSpec

GROUP = "medsam_job.models"
BROKEN = "family_broken"
"""The kind of pydantic's error for a family that cannot be used."""


def families() -> Mapping[str, Installed]:
    """Return all families that are installed, by name."""
    return installed(GROUP, "family")


def installed_family(name: str) -> Any:
    """Return the family of a name, which a valid spec holds; JobError if it cannot be used here."""
    if name not in families():
        raise JobError(f"the family {name} is not installed here; installed are {', '.join(families()) or 'none'}")
    family = families()[name].value
    if _name_in(getattr(family, "spec", None)) != name:
        raise families()[name].incomplete(f'a Family whose spec is a ModelSpec with family: Literal["{name}"]')
    return family


def spec_type(name: object) -> type[ModelSpec] | None:
    """Return the class of a family's specs; None if no usable family has this name."""
    try:
        spec: type[ModelSpec] = installed_family(str(name)).spec
    except JobError:
        return None
    return spec


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a model of any family that can be used, with its `$defs`."""
    specs = tuple(spec for spec in map(spec_type, families()) if spec is not None)
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
    if not isinstance(name, str) or name not in families():
        tags = ", ".join(repr(each) for each in families())
        raise PydanticKnownError(
            "union_tag_invalid", {"discriminator": "'family'", "tag": str(name), "expected_tags": tags}
        )
    try:
        spec = installed_family(name).spec
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
