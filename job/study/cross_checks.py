"""Checks across the sections of a spec: names that are taken or unknown, and keys that do not go together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from job.errors import Fault
from job.study.addresses import output_refusal, refusal
from job.study.dataset_checks import cohort_faults, dataset_faults
from job.study.embedding_checks import PLACE, embedding_faults
from job.study.explain import nearest
from job.study.files import LIST
from job.study.model_checks import zero_shot_faults
from job.study.statistics import Compare, Statistics
from job.study.untyped import is_map, mappings
from job.study.yaml_source import Path, YamlSource, dotted

ADDRESSES = ("images", "masks", "label_names", "checkpoint", "output", "embeddings", LIST)
TABLE = ("table", "file")
"""The end of the path of a table's address: elsewhere, `file` may be a field or a column."""
WRITTEN: tuple[Path, ...] = (("output",), PLACE)


def cross_faults(source: YamlSource) -> Iterator[Fault]:
    """Yield the faults across sections. The sections themselves may have faults: nothing is assumed of their types."""
    datasets, models, prompts = (mappings(source.data.get(key)) for key in ("datasets", "models", "prompts"))
    statistics = source.data["statistics"] if is_map(source.data.get("statistics")) else {}
    contrasts = mappings(statistics.get("contrasts"))
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
    yield from embedding_faults(source)
    for index, dataset in datasets:
        yield from dataset_faults(source, index, dataset)
    yield from cohort_faults(source, datasets)
    yield from zero_shot_faults(source, models, datasets)
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


def _addresses(source: YamlSource, path: Path, value: Any) -> Iterator[Fault]:
    """Check every text of a spec that is an address, because plans and manifests store it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _addresses(source, (*path, key), item)
    key = next((name for name in reversed(path) if isinstance(name, str)), "")  # also of the items of a list
    if isinstance(value, str) and (key in ADDRESSES or path[-2:] == TABLE or "://" in value):
        expected = output_refusal(value) if path in WRITTEN else refusal(value)
        if expected:
            yield source.fault(path, expected)


def _target_faults(source: YamlSource, levels: Any, prompts: list[tuple[int, dict[str, Any]]]) -> Iterator[Fault]:
    numbers = [level for level in levels if isinstance(level, int | float)] if isinstance(levels, list | tuple) else []
    for index, block in prompts:
        target = block["clicks"].get("target_iou") if is_map(block.get("clicks")) else None
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
        value = value.get(key) if is_map(value) else None
    return value
