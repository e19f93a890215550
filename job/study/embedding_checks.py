"""Checks of the place for stored encodings: it can be written to, and nothing else of the study lies there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from job.errors import Fault
from job.study.addresses import overlap
from job.study.untyped import is_map, mappings
from job.study.yaml_source import Path, YamlSource, dotted

PLACE: Path = ("execution", "embeddings")
APART = "expected a folder of its own for embeddings, which holds nothing else and lies in nothing else"
WILD = re.compile(r"[*?\[{]")
"""The first character of a wildcard or a field."""


def embedding_faults(source: YamlSource) -> Iterator[Fault]:
    """Yield a fault if the place for stored encodings is, holds, or lies in the place of the output or of an input."""
    execution = source.data.get("execution")
    address = execution.get("embeddings") if is_map(execution) else None
    if not isinstance(address, str) or not address:
        return
    for path, other in _others(source.data):
        if other and overlap(address, other):
            what = f"{APART}; this is also a place of {dotted(path)}"
            yield source.fault(PLACE, what, source.as_written(PLACE, address))
            return


def _others(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the folders of the output and of the inputs, and the checkpoints, each with its key."""
    output = data.get("output") or f"results/{data.get('study')}"
    if isinstance(output, str):
        yield ("output",), output
    for index, dataset in mappings(data.get("datasets")):
        for key in ("images", "masks"):
            masks = dataset.get(key)
            for pattern in masks if isinstance(masks, list) else [masks]:
                if isinstance(pattern, str):
                    yield ("datasets", index, key), _folder(pattern)
    for index, model in mappings(data.get("models")):
        if isinstance(model.get("checkpoint"), str):
            yield ("models", index, "checkpoint"), model["checkpoint"]


def _folder(pattern: str) -> str:
    """Return the folder in which a pattern is looked for; "" for the working folder and for a mask beside its image."""
    return WILD.split(pattern)[0].rpartition("/")[0]
