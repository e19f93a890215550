"""Names of labels, from a `dataset.json` beside the data: as nnU-Net writes it, and as the Decathlon does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from job import storage
from job.errors import PairingError, printable
from job.study.dataset import Dataset

MOST_BYTES = 1 << 26  # a Decathlon's file lists its images, too
SHOWN = 20


def named_values(dataset: Dataset) -> dict[str, tuple[int, ...]]:
    """Return, for each task whose labels `label_names` lists, the values of the map that they stand for.

    Raise PairingError, with the key of the spec, if the file cannot be used or lacks a name.
    """
    if dataset.label_names is None:
        return {}
    values = _read(dataset.label_names)
    return {
        name: tuple(value for label in task.labels for value in _values_of(label, values, name))
        for name, task in dataset.tasks.items()
        if any(isinstance(label, str) for label in task.labels)
    }


def with_values(dataset: Dataset, named: Mapping[str, tuple[int, ...]]) -> Dataset:
    """Return a data set whose tasks have the values of their labels in place of names. named: as `named_values`."""
    tasks = {
        name: task.model_copy(update={"label": named[name]}) if name in named else task
        for name, task in dataset.tasks.items()
    }
    return dataset.model_copy(update={"tasks": tasks}) if named else dataset


def _values_of(label: int | str, values: Mapping[str, tuple[int, ...]], task: str) -> tuple[int, ...]:
    if isinstance(label, int):
        return (label,)
    if label not in values:
        known = ", ".join(printable(name) for name in list(values)[:SHOWN])
        raise PairingError(("tasks", task), f"no label {label!r} in `label_names`, which has {known or 'none'}")
    return values[label]


def _read(address: str) -> dict[str, tuple[int, ...]]:
    """Return the values of each name in the file's `labels`, which maps names to values or values to names."""
    data = storage.read_head(address, MOST_BYTES)
    try:
        labels = json.loads(data)["labels"]
        return dict(_entry(key, value) for key, value in labels.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        expected = 'expected a JSON object with "labels", such as {"liver": 1} or {"1": "liver"}'
        raise PairingError(("label_names",), f"{storage.public(address)}: {expected}") from None


def _entry(key: str, value: Any) -> tuple[str, tuple[int, ...]]:
    """Return name and values of one entry of either form; nnU-Net's regions have several values."""
    if isinstance(value, str):
        return value, (int(key),)
    return key, tuple(_whole(each) for each in (value if isinstance(value, list) else [value]))


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value
