"""Turn pydantic's errors into faults with a place, an expectation and the nearest valid name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from job.errors import Fault
from job.study.families import BROKEN, spec_type
from job.study.model import ModelSpec
from job.study.strict import PATTERNS
from job.study.study import Study
from job.study.yaml_source import YamlSource, shorten

WORDS = {
    "Input should be": "expected",
    "Tuple should have": "expected",
    "Dictionary should have": "expected",
    "String should have": "expected",
    " after validation": "",
    "a valid integer": "an integer",
    "a valid array": "a list",
    "a valid boolean": "true or false",
    "a valid ": "a ",
    "an object": "a mapping",
    "expected less than or equal to": "expected at most",
    "greater than or equal to": "at least",
}
"""Pydantic's phrases -> those for a YAML file. Replaced in this order."""


def nearest(word: str | int, names: list[str]) -> str | None:
    """Return a hint with the nearest of these names, or with all of them; None if there are none."""
    shown = ", ".join(shorten(name) for name in names)
    return similar(word, names) or (f"one of: {shown}" if names else None)


def similar(word: str | int, names: list[str]) -> str | None:
    """Return a hint with the nearest of these names; None if none is near."""
    match = difflib.get_close_matches(str(word), names, n=1, cutoff=0.6)
    return f"did you mean '{shorten(match[0])}'?" if match else None


def explain(details: ErrorDetails, source: YamlSource) -> Fault:
    """Return the fault of one pydantic error, with its place."""
    path = _real_path(details, source.data)
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "extra_forbidden":
        key = details["loc"][-1]
        return source.fault(path, f"unknown key '{shorten(key)}'", hint=nearest(key, _names_at(path[:-1], source.data)))
    if kind == "missing" and isinstance(details["loc"][-1], int):
        return source.fault(path, "expected more values in this list")
    if kind in ("missing", "union_tag_not_found"):
        name = details["loc"][-1] if kind == "missing" else "family"
        return source.fault(path[:-1] if kind == "missing" else path, f"the key {name!r} is missing")
    shown = None if isinstance(value, dict | list) else "null" if value is None else source.as_written(path, value)
    if details["loc"][-1:] == ("[key]",):
        shown = value  # the key itself, not what it holds
    names = re.findall(r"'([^']*)'", str(context.get("expected") or context.get("expected_tags") or ""))
    if kind in ("union_tag_invalid", BROKEN):
        path = (*path, "family")
        shown = source.as_written(path, context.get("tag"))
    expected = details["msg"]
    for theirs, ours in WORDS.items():
        expected = expected.replace(theirs, ours)
    if kind == "string_pattern_mismatch":
        expected = f"expected {PATTERNS[context['pattern']]}"
    if names:
        expected = f"expected {' or '.join(names)}"
    return source.fault(path, expected, shown, similar(shown, names) if names and shown is not None else None)


def relevant(errors: Iterable[ErrorDetails], source: YamlSource) -> list[ErrorDetails]:
    """Leave out the errors that another one makes.

    A list is too short because pydantic left out its faulty items. A mapping with a fault inside has no other form,
    such as a text: the fault inside says what is wrong.
    """
    candidates = [details for details in errors if not (details["type"] == "too_short" and details["input"])]
    paths = [_real_path(details, source.data) for details in candidates]
    holders = {path[:length] for path in paths for length in range(len(path))}
    return [
        details
        for details, path in zip(candidates, paths, strict=True)
        if not (details["type"].endswith(("_type", "literal_error")) and path in holders)
    ]


def merged(faults: Iterable[Fault]) -> list[Fault]:
    """Merge the faults of one value: pydantic reports one for each form that the value may have."""
    places: dict[tuple[int, int, str], Fault] = {}
    for fault in faults:
        first = places.setdefault((fault.line, fault.column, fault.field), fault)
        if fault.expected not in first.expected:
            also = fault.expected.removeprefix("expected ")
            places[fault.line, fault.column, fault.field] = replace(first, expected=f"{first.expected} or {also}")
    return list(places.values())


def _real_path(details: ErrorDetails, data: Any) -> tuple[int | str, ...]:
    """Return pydantic's `loc` without what it adds for unions: the keys that exist, and one that is missing."""
    loc: tuple[Any, ...] = details["loc"]
    path: list[int | str] = []
    for position, key in enumerate(loc):
        if (isinstance(data, dict) and key in data) or (isinstance(data, list) and key in range(len(data))):
            data = data[key]
        elif details["type"] != "missing" or position < len(loc) - 1:
            continue
        path.append(key)
    return tuple(path)


def _names_at(path: tuple[int | str, ...], data: Any) -> list[str]:
    """Return the valid keys of the mapping at `path`."""
    types: list[type[BaseModel]] = [Study]
    for key in path:
        data = data[key]
        types = [inner for outer in types for inner in _types_in(_annotation(outer, key))] or types
        if types == [ModelSpec] and isinstance(data, dict):
            types = [spec_type(data.get("family")) or ModelSpec]
    return list(dict.fromkeys(field.alias or name for t in types for name, field in t.model_fields.items()))


def _annotation(outer: type[BaseModel], key: int | str) -> Any:
    return outer.model_fields[key].annotation if isinstance(key, str) and key in outer.model_fields else None


def _types_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the mappings of the spec that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated, tuple, list, dict):
        for argument in get_args(annotation):
            yield from _types_in(argument)
