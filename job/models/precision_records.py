"""Records of what a lower precision costs: how much IoU changes on the same episodes, for weights by their sha256.

`benchmarks/precision.py` makes them. With records of all its weights, `precision: auto` may be lower than fp32. Imports
no torch.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from job import storage
from job.errors import JobError
from job.models.precision import Precision

SHIPPED = Path(__file__).parent / "precision_records.json"
"""Records of weights that are shipped with the package."""
LOWER: tuple[Precision, ...] = ("bf16", "fp16")
"""The precisions that `auto` may be instead of fp32, the preferred one first."""
MOST_MEAN_CHANGE = 0.002
"""The mean |ΔIoU| of a record must be below this."""


@checked_dataclass(frozen=True, kw_only=True, config={"extra": "forbid"})
class PrecisionRecord:
    """How much IoU differed from fp32 with the weights of one model, on one data set and one kind of device.

    weights: sha256 of the checkpoint. device: cpu or cuda. episodes: objects by prompts and mask choices. mean,
    largest: |ΔIoU| over the rows of all episodes. made: date, name of the device, versions, for people.
    """

    weights: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    precision: Precision
    device: Annotated[str, Field(pattern="^(cpu|cuda)$")]
    data: str
    episodes: Annotated[int, Field(ge=1)]
    mean: Annotated[float, Field(ge=0, le=1)]
    largest: Annotated[float, Field(ge=0, le=1)]
    made: dict[str, str]


_FORMAT = TypeAdapter(tuple[PrecisionRecord, ...])


@dataclass(frozen=True)
class PrecisionRecords:
    """The records that count for a study."""

    records: tuple[PrecisionRecord, ...]

    @property
    def hopeful(self) -> bool:
        """Whether any record is good enough, so that it is worth hashing weights."""
        return any(record.mean < MOST_MEAN_CHANGE for record in self.records)

    def sufficing(self, weights: Collection[str], device: str | None = None) -> tuple[Precision, ...]:
        """Return the lower precisions that these weights may have, the preferred one first.

        weights: sha256 of each; none of them suffice for nothing. device: cpu or cuda; None for either.
        """
        return tuple(precision for precision in LOWER if weights and self._suffices(precision, weights, device))

    def _suffices(self, precision: Precision, weights: Collection[str], device: str | None) -> bool:
        """Return whether there are records of all weights, and each of them has a mean that is low enough."""
        means: dict[str, list[float]] = {sha256: [] for sha256 in weights}
        for record in self.records:
            counts = record.precision == precision and device in (None, record.device)
            if counts and record.weights in means:
                means[record.weights].append(record.mean)
        return all(found and max(found) < MOST_MEAN_CHANGE for found in means.values())


def read(address: str | None) -> PrecisionRecords:
    """Return the shipped records and those at an address; JobError if that is no file of records."""
    own = () if address is None else parse(storage.read(address), storage.public(address))
    return PrecisionRecords((*_shipped(), *own))


def parse(data: bytes, name: str) -> tuple[PrecisionRecord, ...]:
    """Return the records in a JSON file; JobError, which names the file, if it holds anything else."""
    try:
        return _FORMAT.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"])
        raise JobError(
            f"{name}: expected the records that benchmarks/precision.py writes; {place or 'file'}: {first['msg']}"
        ) from None


def to_json(records: Iterable[PrecisionRecord]) -> str:
    """Return the content of a file of records."""
    return json.dumps(_FORMAT.dump_python(tuple(records), mode="json"), indent=2) + "\n"


@cache
def _shipped() -> tuple[PrecisionRecord, ...]:
    return parse(SHIPPED.read_bytes(), SHIPPED.name)
