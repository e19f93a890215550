"""Checks across the sections of a spec: names that are taken or unknown, and keys that do not go together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any, TypeGuard

from job.errors import Fault
from job.study.addresses import output_refusal, refusal
from job.study.explain import nearest
from job.study.files import COMMON_FIELDS, LIST, TEMPLATE_FIELD, template_fields
from job.study.statistics import Compare, Statistics
from job.study.yaml_source import Path, YamlSource, dotted

FILES_ONLY = ("masks", "patient", "labels", "slices", "join", "unlabelled", "only", "except", "pseudonymise")
"""Keys of a data set that state how to read its files."""
ADDRESSES = ("images", "masks", "checkpoint", "output", LIST)
OTHER_TYPE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*:[^{}/]*\}")
"""A field with a type; of these, only {name:int} is a field."""


def cross_faults(source: YamlSource) -> Iterator[Fault]:
    """Yield the faults across sections. The sections themselves may have faults: nothing is assumed of their types."""
    datasets, models, prompts = (_mappings(source.data.get(key)) for key in ("datasets", "models", "prompts"))
    statistics = source.data["statistics"] if _is_map(source.data.get("statistics")) else {}
    contrasts = _mappings(statistics.get("contrasts"))
    yield from _duplicates(source, ("datasets",), datasets)
    yield from _duplicates(source, ("models",), models)
    yield from _duplicates(source, ("statistics", "contrasts"), contrasts)
    # Expanded name -> name as written: hints show the latter, because the value of a variable may be a secret.
    names = {
        model["name"]: source.as_written(("models", index, "name"), model["name"])
        for index, model in models
        if isinstance(model.get("name"), str)
    }
    for index, block in prompts:
        for position, name in enumerate(block["models"] if isinstance(block.get("models"), list) else ()):
            yield from _unknown_model(source, ("prompts", index, "models", position), name, names)
    for role in ("model", "baseline"):
        yield from _unknown_model(source, ("statistics", "compare", role), _value(statistics, "compare", role), names)
    for (index, contrast), side in product(contrasts, ("of", "minus")):
        place = ("statistics", "contrasts", index, side, "model")
        yield from _unknown_model(source, place, _value(contrast, side, "model"), names)
    yield from _addresses(source, (), source.data)
    for index, dataset in datasets:
        yield from _dataset_faults(source, index, dataset)
    yield from _target_faults(source, statistics.get("noc", Statistics().noc), prompts)


def incomparable_fault(source: YamlSource, compare: Compare, hint: str | None = None) -> Fault:
    """Return the fault of a comparison without any pair of rows. The caller knows the rows, planned or stored."""
    path: Path = ("statistics", "compare")
    model, baseline = (source.as_written((*path, role), name) for role, name in compare)
    expected = "expected two models with a prompt, protocol and mask choice in common"
    return source.fault(path, f"{expected}: {model} and {baseline} have none", hint=hint)


def unpaired_fault(source: YamlSource, index: int) -> Fault:
    """Return the fault of a contrast without any pair of rows, by its index in the spec. See `incomparable_fault`."""
    expected = "expected two sides with rows that differ in what they state and are equal in all that neither states"
    return source.fault(("statistics", "contrasts", index), f"{expected}: there are none")


def _dataset_faults(source: YamlSource, index: int, dataset: dict[str, Any]) -> Iterator[Fault]:
    path: Path = ("datasets", index)
    if "generated" in dataset:
        yield from _generated_faults(source, path, dataset)
        return
    named = template_fields(str(dataset.get("images", "")))
    for name in sorted(named.intersection((*COMMON_FIELDS, "image"))):
        yield source.fault((*path, "images"), f"the field name {name!r} is reserved; choose another")
    tasks = dataset["tasks"] if _is_map(dataset.get("tasks")) else {}
    templates = {(*path, key): dataset.get(key) for key in ("images", "patient")} | _listed(path, dataset.get("masks"))
    for name, task in tasks.items():
        own = task.get("masks") if _is_map(task) else None
        templates |= _listed((*path, "tasks", name), own)
        if own is None and dataset.get("masks") is None:
            yield source.fault((*path, "tasks", name), "no mask: expected `masks` on the data set or on this task")
    for place, template in templates.items():
        if isinstance(template, str):
            known = [*COMMON_FIELDS, *sorted(named), *(["image"] if "masks" in place else [])]
            yield from _type_faults(source, place, template)
            yield from _template_faults(source, place, template, known if place[-1] != "images" else sorted(named))
    yield from _salt_faults(source, (*path, "pseudonymise"), dataset.get("pseudonymise"))
    axes = dataset["axes"] if _is_map(dataset.get("axes")) else {}
    selections = {(*path, key): dataset.get(key) for key in ("only", "except")}
    for place, selection in (selections | {(*path, "axes", key): value for key, value in axes.items()}).items():
        if _is_map(selection):
            yield from _field_faults(source, place, selection, [LIST, *COMMON_FIELDS, "image", *sorted(named)])


def _salt_faults(source: YamlSource, place: Path, salt: Any) -> Iterator[Fault]:
    """Yield a fault for a salt that stands in the spec, which is stored beside the results."""
    if isinstance(salt, str) and "${" not in str(source.as_written(place, salt)):
        yield source.fault(place, "expected a variable, such as ${MEDSAM_SALT}: the spec is stored with the results")


def _listed(path: Path, masks: Any) -> dict[Path, Any]:
    """Return the templates of `masks`, one or a list of them, by their place."""
    if isinstance(masks, list):
        return {(*path, "masks", index): template for index, template in enumerate(masks)}
    return {(*path, "masks"): masks}


def _type_faults(source: YamlSource, place: Path, template: str) -> Iterator[Fault]:
    """Yield a fault for each field of an unknown type. A field that comes from a `${VAR}` is not shown."""
    for field in OTHER_TYPE.findall(template):
        if not TEMPLATE_FIELD.fullmatch(field):
            shown = source.as_written(place, template)
            yield source.fault(place, "expected fields such as {name} or {name:int}", shown)


def _field_faults(source: YamlSource, place: Path, selection: dict[str, Any], known: list[str]) -> Iterator[Fault]:
    """Yield a fault for each field of a selection that no image has."""
    for name in selection:
        if name not in known:
            yield source.fault((*place, name), f"no field {name!r} in `images`", hint=nearest(name, known))
    if LIST in selection and not isinstance(selection[LIST], str):
        yield source.fault((*place, LIST), "expected the address of a list file")


def _template_faults(source: YamlSource, place: Path, template: str, known: list[str]) -> Iterator[Fault]:
    """Yield a fault for each field that no image has. A field that comes from a `${VAR}` is not shown."""
    shown = source.as_written(place, template)
    images = (*place[:2], "images")
    written = {*COMMON_FIELDS, "image", *template_fields(str(source.as_written(images, "")))}
    for unknown in sorted(template_fields(template) - set(known)):
        is_written = unknown in template_fields(shown)
        problem = f"unknown field {{{unknown}}}" if is_written else "a variable names an unknown field"
        yield source.fault(place, problem, shown, nearest(unknown, [name for name in known if name in written]))


def _generated_faults(source: YamlSource, path: Path, dataset: dict[str, Any]) -> Iterator[Fault]:
    places = [(*path, key) for key in FILES_ONLY if key in dataset]
    tasks = dataset["tasks"] if _is_map(dataset.get("tasks")) else {}
    places += [(*path, "tasks", name, "masks") for name, task in tasks.items() if _is_map(task) and "masks" in task]
    for place in places:
        yield source.fault(place, f"`{place[-1]}` applies to files; remove it for generated images")


def _addresses(source: YamlSource, path: Path, value: Any) -> Iterator[Fault]:
    """Check every text of a spec that is an address, because plans and manifests store it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _addresses(source, (*path, key), item)
    key = next((name for name in reversed(path) if isinstance(name, str)), "")  # also of the items of a list
    if isinstance(value, str) and (key in ADDRESSES or "://" in value):
        expected = output_refusal(value) if path == ("output",) else refusal(value)
        if expected:
            yield source.fault(path, expected)


def _target_faults(source: YamlSource, levels: Any, prompts: list[tuple[int, dict[str, Any]]]) -> Iterator[Fault]:
    numbers = [level for level in levels if isinstance(level, int | float)] if isinstance(levels, list | tuple) else []
    for index, block in prompts:
        target = block["clicks"].get("target_iou") if _is_map(block.get("clicks")) else None
        if isinstance(target, int | float) and numbers and target < max(numbers):
            place = ("prompts", index, "clicks", "target_iou")
            yield source.fault(place, f"expected at least {max(numbers)}, the highest of statistics.noc", target)


def _duplicates(source: YamlSource, place: Path, items: list[tuple[int, dict[str, Any]]]) -> Iterator[Fault]:
    seen: dict[Any, int] = {}
    for index, item in items:
        name = item.get("name")
        if isinstance(name, str) and seen.setdefault(name, index) != index:
            path = (*place, index, "name")
            taken = dotted((*place, seen[name]))
            yield source.fault(path, f"this name is taken by {taken}", source.as_written(path, name))


def _unknown_model(source: YamlSource, path: Path, name: Any, names: dict[str, Any]) -> Iterator[Fault]:
    if isinstance(name, str) and name not in names:
        yield source.fault(
            path, "no model of this name", source.as_written(path, name), nearest(name, list(names.values()))
        )


def _value(value: Any, *path: str) -> Any:
    """Return the value at a path of keys; None if there is none."""
    for key in path:
        value = value.get(key) if _is_map(value) else None
    return value


def _mappings(value: Any) -> list[tuple[int, dict[str, Any]]]:
    items = enumerate(value) if isinstance(value, list) else ()
    return [(index, item) for index, item in items if isinstance(item, dict)]


def _is_map(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
