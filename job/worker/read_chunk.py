"""Read a chunk: its samples, and the ledger lines for what could not be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from structlog.contextvars import bound_contextvars

from job.datasets.fit import portion_bytes
from job.datasets.ledger import Ledger
from job.datasets.load import Loaded, load
from job.datasets.sample import Excluded, Sample
from job.errors import MemoryShortageError, StorageError, StoreRefusedError
from job.plan.file import Chunk, Unit
from job.storage import InputCache
from job.study import LoadedSpec
from job.study.dataset import Dataset
from job.worker.side_by_side import Readers, SideBySide, loaded_bytes
from job.worker.tally import Tally
from job.worker.timed_cache import TimedCache


@dataclass(frozen=True, kw_only=True)
class ChunkContent:
    """The samples and ledger lines of a chunk, or of a portion of it.

    units: those that were read. more: reads the next portion, if memory does not hold the whole chunk; None with the
    last. full: whether storage provided every file, and memory sufficed to read it. too_large: by model, the images
    that it cannot evaluate in the memory there is, with the figures. refused: lines about prompts that were not used.
    """

    chunk: Chunk
    units: Sequence[Unit]
    samples: Sequence[Sample]
    left_out: Sequence[Excluded]
    full: bool
    more: Callable[[], ChunkContent] | None
    too_large: Mapping[str, dict[Sample, str]] = field(default_factory=dict)
    refused: dict[Excluded, None] = field(default_factory=dict)

    @property
    def raw(self) -> int:
        """Number of raw slices of which samples and lines were made."""
        return sum(len(unit.slices) for unit in self.units)

    @property
    def full_for_all(self) -> bool:
        """Whether every model can evaluate every object."""
        return self.full and not any(self.too_large.values()) and not self.refused

    @property
    def ledger(self) -> Sequence[Excluded]:
        """All lines of the chunk's ledger."""
        short = [
            Excluded(
                dataset=sample.dataset,
                image=sample.image,
                axis=sample.axis,
                slice=sample.slice,
                task=None,
                kind="error",
                reason=MemoryShortageError.reason,
                detail=f"model {model} {figures}; {MemoryShortageError.remedy}",
            )
            for model, samples in self.too_large.items()
            for sample, figures in samples.items()
        ]
        return [*self.left_out, *short, *self.refused]

    @property
    def short_of_memory(self) -> bool:
        """Whether memory did not suffice to read every file together."""
        return self.more is not None or any(line.reason == MemoryShortageError.reason for line in self.left_out)


def read_chunk(
    spec: LoadedSpec,
    cache: InputCache,
    chunk: Chunk,
    units: Sequence[Unit] | None = None,
    *,
    readers: Readers | None = None,
    tally: Tally | None = None,
) -> ChunkContent:
    """Read a chunk, or as many of its units, in order, as a part of the memory holds. units: those not read yet.

    A file that storage cannot provide now, or that does not fit into memory, becomes an error line. Raise
    StoreRefusedError if the store refuses access. readers: threads that read units side by side; None: one by one.
    """
    units = chunk.units if units is None else units
    dataset = next(dataset for dataset in spec.study.datasets if dataset.name == chunk.dataset)
    tally = tally or Tally()
    samples: list[Sample] = []
    left_out: list[Excluded] = []
    full, held, count, most = True, 0, 0, portion_bytes()
    load_unit = partial(_load, dataset, TimedCache.of(cache, tally), spec.study.execution.max_image_px, tally)
    with bound_contextvars(chunk=chunk.name), SideBySide(load_unit, units, readers) as reading:
        for unit in units:
            try:
                loaded = reading.take(most - held)
            except StoreRefusedError:
                raise
            except StorageError as error:
                full = False
                _note(dataset, unit, "storage", str(error), left_out)
            except (MemoryShortageError, MemoryError) as error:
                if samples:
                    break  # it may fit once these samples are done
                full, detail = False, str(error) or MemoryShortageError.remedy
                _note(dataset, unit, MemoryShortageError.reason, detail, left_out)
            else:
                held += loaded_bytes(loaded)
                if samples and held > most:
                    break
                samples.extend(loaded.samples)
                left_out.extend(loaded.left_out)
            left_out.extend(line for line in chunk.doubts if line.image == unit.source.image)
            count += 1
    rest = units[count:]
    return ChunkContent(
        chunk=chunk,
        units=units[:count],
        samples=samples,
        left_out=left_out,
        full=full,
        more=partial(read_chunk, spec, cache, chunk, rest, readers=readers, tally=tally) if rest else None,
    )


def _load(dataset: Dataset, cache: InputCache, max_image_px: int, tally: Tally, unit: Unit) -> Loaded:
    with tally.stage("decode"):
        return load(dataset, unit.source, unit.slices, cache, max_image_px)


def _note(dataset: Dataset, unit: Unit, reason: str, detail: str, lines: list[Excluded]) -> None:
    """Add a line about a unit that was not read."""
    ledger = Ledger(dataset=dataset, source=unit.source, lines=lines)
    ledger.add("error", reason, detail, slice_=min(unit.slices, default=0))
