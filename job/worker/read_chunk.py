"""Read a chunk: its samples, and the ledger lines for what could not be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from structlog.contextvars import bound_contextvars

from job import datasets
from job.datasets.ledger import Ledger
from job.datasets.sample import Excluded, Sample
from job.errors import StorageError, StoreRefusedError
from job.plan.file import Chunk
from job.storage import InputCache
from job.study import LoadedSpec


@dataclass(frozen=True, kw_only=True)
class ChunkContent:
    """The samples and ledger lines of a chunk. full: whether storage provided every file."""

    chunk: Chunk
    samples: Sequence[Sample]
    left_out: Sequence[Excluded]
    full: bool


def read_chunk(spec: LoadedSpec, cache: InputCache, chunk: Chunk) -> ChunkContent:
    """Read a chunk. A file that storage cannot provide now becomes an error in the ledger.

    Raise StoreRefusedError if the store refuses access.
    """
    dataset = next(dataset for dataset in spec.study.datasets if dataset.name == chunk.dataset)
    samples: list[Sample] = []
    left_out: list[Excluded] = []
    full = True
    with bound_contextvars(chunk=chunk.name):
        for unit in chunk.units:
            try:
                loaded = datasets.load(dataset, unit.source, unit.slices, cache, spec.study.execution.max_image_px)
            except StoreRefusedError:
                raise
            except StorageError as error:
                full = False
                ledger = Ledger(dataset=dataset, source=unit.source, lines=left_out)
                ledger.add("error", "storage", str(error), slice_=min(unit.slices, default=0))
            else:
                samples.extend(loaded.samples)
                left_out.extend(loaded.left_out)
    return ChunkContent(chunk=chunk, samples=samples, left_out=left_out, full=full)
