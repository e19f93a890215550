"""The plan file: chunks with their files and content keys, the name of every part, the models with their hashes.

Other shards, statistics and verify read this file; none of them lists inputs or hashes weights again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import TypeAdapter

from job import SCHEMA_VERSION, storage
from job.datasets.sample import Excluded
from job.datasets.source import Source
from job.errors import OutputError
from job.study.facts import Facts
from job.study.model import WITHOUT_EFFECT_ON_ROWS
from job.study.study import Precision, Study

PLAN_VERSION = 5
NAME_LENGTH = 24
"""Hexadecimal digits of a name: 96 bits."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Raw slices of one image file. content: the content key of each file of the source, in the order of `files`."""

    source: Source
    slices: tuple[int, ...]
    content: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Up to `chunk` raw slices of one volume, or a group of 2D images.

    doubts: lines of the ledger about the whole data set that stand at one of these images.
    """

    name: str
    dataset: str
    units: tuple[Unit, ...]
    doubts: tuple[Excluded, ...] = ()

    @property
    def raw(self) -> int:
        """Number of raw slices, or images."""
        return sum(len(unit.slices) for unit in self.units)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One chunk x model x prompt block x seed.

    model: its name in the spec, no part of the name. block: index in the spec. episodes: number for each object.
    """

    name: str
    chunk: str
    model: str
    block: int
    seed: int
    episodes: int


@dataclass(frozen=True, kw_only=True)
class PlannedModel:
    """The checkpoint of a model. sha256: None without one. purpose: `demo` for shipped demo weights, else None.

    known: what is known of the weights; what the spec says of them comes before it (`job.study.facts.stated`).
    """

    sha256: str | None
    purpose: str | None
    known: Facts = field(default_factory=Facts)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that will run.

    version: format version of the plan file. rows: schema version of the tables. spec: name of the resolved spec.
    batch: requests in one call of a model. limit: raw slices of each data set, None for a full run. models: by name.
    """

    version: int = PLAN_VERSION
    rows: int = SCHEMA_VERSION
    spec: str
    precision: Precision
    batch: int
    limit: int | None
    models: dict[str, PlannedModel]
    chunks: tuple[Chunk, ...]
    parts: tuple[Part, ...]

    @property
    def parts_by_chunk(self) -> dict[str, list[Part]]:
        """The parts of each chunk, by its name. Chunks and parts are in the plan's order."""
        by_chunk: dict[str, list[Part]] = {chunk.name: [] for chunk in self.chunks}
        for part in self.parts:
            by_chunk[part.chunk].append(part)
        return by_chunk

    @property
    def part_names(self) -> dict[str, list[str]]:
        """The names of the parts of each chunk."""
        return {chunk: [part.name for part in parts] for chunk, parts in self.parts_by_chunk.items()}

    @property
    def dataset_of(self) -> dict[str, str]:
        """The name of the data set of each part, by the part's name."""
        datasets = {chunk.name: chunk.dataset for chunk in self.chunks}
        return {part.name: datasets[part.chunk] for part in self.parts}

    @property
    def purposes(self) -> dict[str, str | None]:
        """The purpose of each model's weights."""
        return {name: model.purpose for name, model in self.models.items()}

    def left(self, done: Container[str]) -> dict[str, list[Part]]:
        """Return the parts that are not in `done`, by chunk. Chunks without such parts are left out."""
        by_chunk = {
            chunk: [part for part in parts if part.name not in done] for chunk, parts in self.parts_by_chunk.items()
        }
        return {chunk: parts for chunk, parts in by_chunk.items() if parts}

    def content_keys(self) -> dict[str, str]:
        """Return the content key that each file had when it was planned, by its place."""
        return {
            file.place: key
            for chunk in self.chunks
            for unit in chunk.units
            for file, key in zip(unit.source.files, unit.content, strict=True)
            if isinstance(file, storage.FileInfo)
        }


_FORMAT = TypeAdapter(Plan)
_VERSIONS = {"version": PLAN_VERSION, "rows": SCHEMA_VERSION}
_WITHOUT_EFFECT_ON_ROWS: Any = {
    "study": True,
    "output": True,
    "statistics": True,
    "report": True,
    "seed": True,
    "seeds": True,
    "models": {"__all__": set(WITHOUT_EFFECT_ON_ROWS)},
    "datasets": {"__all__": {"published_as": True, "patients_of": True, "tasks": {"__all__": {"tolerance_mm"}}}},
    "execution": {"device", "cache_gb", "embeddings", "embeddings_gb", "precision_records"},
}
"""Keys of the spec that are excluded from a plan's name. Seeds are added in their resolved form."""


def fingerprint(value: Any) -> str:
    """Return the name of a JSON value: the first digits of its sha256. The order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:NAME_LENGTH]


def spec_name(study: Study, limit: int | None, precision: Precision = "fp32") -> str:
    """Return the name of a resolved spec: a hash of everything that its plan depends on.

    precision: what `auto` was resolved to. An explicit one has the same name.
    """
    resolved = study.model_dump(mode="json", exclude=_WITHOUT_EFFECT_ON_ROWS)
    if study.execution.precision == "auto":
        resolved["execution"]["precision"] = precision
    return fingerprint([resolved, list(study.all_seeds), limit])


def spec_names(study: Study, limit: int | None) -> tuple[str, ...]:
    """Return the names that the plan of a spec may have: one, or for `precision: auto` one for each precision."""
    return tuple(dict.fromkeys(spec_name(study, limit, precision) for precision in get_args(Precision)))


def address(output: str, spec: str) -> str:
    """Return the address of a plan."""
    return storage.join(output, "plan", f"{spec}.json")


def read(output: str, spec: str) -> Plan | None:
    """Read the plan of a spec; return None if none is stored."""
    plan_address = address(output, spec)
    return None if storage.info(plan_address) is None else _read(plan_address)


def names(output: str) -> list[str]:
    """Return the names of the plans that are stored in an output."""
    files = storage.list_files(storage.join(output, "plan"), "*.json")
    return [file.address.rsplit("/", 1)[-1].removesuffix(".json") for file in files]


def read_all(output: str) -> list[Plan]:
    """Read every plan that is stored in an output."""
    return [_read(file.address) for file in storage.list_files(storage.join(output, "plan"), "*.json")]


def _read(plan_address: str) -> Plan:
    text = storage.read(plan_address)
    try:
        parsed = json.loads(text)
        versions = {key: parsed.get(key) for key in _VERSIONS}
        if versions == _VERSIONS:
            return _FORMAT.validate_json(text)
    except (ValueError, AttributeError):
        raise OutputError(f"{storage.public(plan_address)}: not a plan; delete it, or choose another output") from None
    raise OutputError(
        f"{storage.public(plan_address)}: written by another version of medsam-job "
        f"(plan {versions}, here {_VERSIONS}); use that version, or choose another output"
    )


def write(output: str, plan: Plan) -> None:
    """Store a plan, replacing an older one of the same spec."""
    storage.write(address(output, plan.spec), _FORMAT.dump_json(plan, indent=1))


def create(output: str, plan: Plan) -> bool:
    """Store a plan unless one of the same spec is stored; return whether this call stored it."""
    return storage.create(address(output, plan.spec), _FORMAT.dump_json(plan, indent=1))
