"""The plan as it is stored: chunks with their files and content keys, and the name of every part.

Whoever comes later (other shards, statistics, verify) reads this file; nobody lists inputs or hashes weights again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from job import storage
from job.datasets.source import Source
from job.errors import OutputError
from job.results.tables import SCHEMA_VERSION
from job.spec.study import Precision, Study

PLAN_VERSION = 1
NAME_LENGTH = 24  # hex digits: 96 bits


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Raw slices of one file with its masks, and what names the content of each of the source's files, in order."""

    source: Source
    slices: tuple[int, ...]
    content: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Up to `chunk` raw slices of one volume, or a group of 2D images."""

    name: str
    dataset: str
    units: tuple[Unit, ...]

    @property
    def raw(self) -> int:
        """How many raw slices, or images."""
        return sum(len(unit.slices) for unit in self.units)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One chunk x model x block of prompts; `episodes` for each object."""

    name: str
    chunk: str
    model: str
    block: int
    episodes: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that will run. `weights`: sha256 by model. `limit`: raw slices of each data set, None for a full run.

    version: of this file's form; rows: of the tables' columns.
    """

    version: int = PLAN_VERSION
    rows: int = SCHEMA_VERSION
    spec: str
    precision: Precision
    batch: int
    limit: int | None
    weights: dict[str, str]
    chunks: tuple[Chunk, ...]
    parts: tuple[Part, ...]

    @property
    def parts_by_chunk(self) -> dict[str, list[Part]]:
        """The parts of each chunk, both in the plan's order."""
        found: dict[str, list[Part]] = {chunk.name: [] for chunk in self.chunks}
        for part in self.parts:
            found[part.chunk].append(part)
        return found

    @property
    def part_names(self) -> dict[str, list[str]]:
        """The same by name."""
        return {chunk: [part.name for part in parts] for chunk, parts in self.parts_by_chunk.items()}

    def content_keys(self) -> dict[str, str]:
        """Give, by address, what names the content that each file had when it was planned."""
        return {
            file.address: key
            for chunk in self.chunks
            for unit in chunk.units
            for file, key in zip(unit.source.files, unit.content, strict=True)
            if isinstance(file, storage.FileInfo)
        }


_FORMAT = TypeAdapter(Plan)
_VERSIONS = {"version": PLAN_VERSION, "rows": SCHEMA_VERSION}
_NO_PART_OF_NAME: Any = {
    "study": True,
    "output": True,
    "statistics": True,
    "models": {"__all__": {"published"}},
    "execution": {"device", "cache_gb"},
}
"""What neither the plan nor any row depends on, so that a change of it finds the plan that is stored."""


def fingerprint(value: Any) -> str:
    """Name a JSON value by its hash."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:NAME_LENGTH]


def spec_name(study: Study, limit: int | None) -> str:
    """Name a resolved spec by what its plan rests on."""
    return fingerprint([study.model_dump(mode="json", exclude=_NO_PART_OF_NAME), limit])


def address(output: str, spec: str) -> str:
    """Give the place of a plan."""
    return storage.join(output, "plan", f"{spec}.json")


def read(output: str, spec: str) -> Plan | None:
    """Read the plan of a spec; None if there is none yet."""
    place = address(output, spec)
    return None if storage.info(place) is None else _read(place)


def read_all(output: str) -> list[Plan]:
    """Read every plan that was ever stored here and not deleted."""
    return [_read(file.address) for file in storage.list_files(storage.join(output, "plan"), "*.json")]


def _read(place: str) -> Plan:
    text = storage.read(place)
    try:
        found = json.loads(text)
        versions = {key: found.get(key) for key in _VERSIONS}
        if versions == _VERSIONS:
            return _FORMAT.validate_json(text)
    except (ValueError, AttributeError):
        raise OutputError(f"{storage.public(place)}: not a plan; delete it, or choose another output") from None
    raise OutputError(
        f"{storage.public(place)}: written by another version of medsam-job (plan {versions}, here {_VERSIONS}); "
        "use that version, or choose another output"
    )


def write(output: str, plan: Plan) -> None:
    """Store a plan, in place of an older one of the same spec."""
    storage.write(address(output, plan.spec), _FORMAT.dump_json(plan, indent=1))


def create(output: str, plan: Plan) -> bool:
    """Store a plan unless there is one; say whether it was stored."""
    return storage.create(address(output, plan.spec), _FORMAT.dump_json(plan, indent=1))
