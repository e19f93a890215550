"""Turns pydantic's errors into faults with a place, an expectation and the nearest valid name."""

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
from job.study.study import Study
from job.study.yaml_source import YamlSource, shorten

WORDS = {
    "Input should be": "expected",
    "Tuple should have": "expected",
    " after validation": "",
    "valid array": "list",
    "an object": "a mapping",
}
"""What pydantic says, in the words of a YAML file."""


def nearest(word: Any, names: list[str]) -> str | None:
    """A hint that names the likeliest intended word, or all of them."""
    match = difflib.get_close_matches(str(word), names, n=1, cutoff=0.6)
    shown = ", ".join(shorten(name) for name in names)
    return f"did you mean '{shorten(match[0])}'?" if match else f"one of: {shown}" if names else None


def explain(details: ErrorDetails, source: YamlSource) -> Fault:
    """Turn one pydantic error into a fault with its place."""
    path = _real_path(details["loc"], source.data)
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == "extra_forbidden":
        key = details["loc"][-1]
        return source.fault(
            path, f"unknown key '{shorten(key)}'", hint=nearest(key, _names_at(path[:-1], details["loc"]))
        )
    if kind == "missing" and isinstance(details["loc"][-1], int):
        return source.fault(path, "expected more values in this list")
    if kind in ("missing", "union_tag_not_found"):
        name = details["loc"][-1] if kind == "missing" else "family"
        return source.fault(path[:-1] if kind == "missing" else path, f"the key {name!r} is missing")
    shown = source.as_written(path, value) if not isinstance(value, dict | list) else None
    names = re.findall(r"'([^']*)'", str(context.get("expected") or context.get("expected_tags") or ""))
    if kind == "union_tag_invalid":
        path = (*path, "family")
        shown = source.as_written(path, context.get("tag"))
    expected = details["msg"]
    for theirs, ours in WORDS.items():
        expected = expected.replace(theirs, ours)
    if names:
        expected = f"expected {' or '.join(names)}"
    return source.fault(path, expected, shown, nearest(shown, names) if names and shown is not None else None)


def is_echo(details: ErrorDetails) -> bool:
    """Whether pydantic says of a list that it is too short only because its items are faulty."""
    return details["type"] == "too_short" and bool(details["input"])


def merged(faults: Iterable[Fault]) -> list[Fault]:
    """Join what pydantic says of one value for each form that it might have had."""
    places: dict[tuple[int, int, str], Fault] = {}
    for fault in faults:
        first = places.setdefault((fault.line, fault.column, fault.field), fault)
        if fault.expected not in first.expected:
            also = fault.expected.removeprefix("expected ")
            places[fault.line, fault.column, fault.field] = replace(first, expected=f"{first.expected} or {also}")
    return list(places.values())


def _real_path(loc: tuple[Any, ...], data: Any) -> tuple[int | str, ...]:
    """Drop what pydantic adds for unions: keep the parts of `loc` that exist in the data, and a last missing key."""
    path: list[int | str] = []
    for position, part in enumerate(loc):
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and part in range(len(data))):
            data = data[part]
        elif not isinstance(data, dict) or position < len(loc) - 1:
            continue
        path.append(part)
    return tuple(path)


def _names_at(path: tuple[int | str, ...], loc: tuple[int | str, ...]) -> list[str]:
    """The valid keys of the part of a spec that stands at `path`."""
    models: list[type[BaseModel]] = [Study]
    for part in path:
        inner = [found for model in models for found in _models_in(_annotation(model, part))]
        models = inner or models
    tagged = [
        m for m in models if "family" in m.model_fields and get_args(m.model_fields["family"].annotation)[0] in loc
    ]
    return list(dict.fromkeys(name for model in tagged or models for name in model.model_fields))


def _annotation(model: type[BaseModel], part: int | str) -> Any:
    return model.model_fields[part].annotation if isinstance(part, str) and part in model.model_fields else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated, tuple, list, dict):
        for argument in get_args(annotation):
            yield from _models_in(argument)
