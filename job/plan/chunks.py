"""Chunks: units of work whose names follow from the content of their files, so that an added file changes one chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from job.datasets import Source, raw_slices
from job.datasets.source import GeneratedImage, ImageFile
from job.errors import DataError
from job.plan.file import Chunk, Unit, fingerprint
from job.storage import InputCache
from job.study.dataset import Dataset


def chunks(
    dataset: Dataset, sources: Sequence[Source], size: int, cache: InputCache, limit: int | None, max_image_px: int
) -> list[Chunk]:
    """Cut the files of a data set into chunks, in a fixed order."""
    sliced = _limited([(source, _planned_slices(dataset, source)) for source in sources], limit)
    whole_volumes = dataset.slices.keep == "largest" and dataset.slices.indices is None
    found: list[list[Unit]] = []
    flat: list[Unit] = []
    keys = _ContentKeys(cache)
    for source, slices in sliced:
        if source.is_volume:
            step = len(slices) if whole_volumes else size
            for start in range(0, max(len(slices), 1), max(step, 1)):
                found.append([keys.unit(source, slices[start : start + step])])
        else:
            flat.append(keys.unit(source, slices))
    found.extend(_groups(flat, size))
    return [_chunk(dataset, units, max_image_px) for units in found]


class _ContentKeys:
    """Content keys, each file's once: tasks share masks, chunks share volumes."""

    def __init__(self, cache: InputCache) -> None:
        self._cache = cache
        self._known: dict[str, str] = {}

    def unit(self, source: Source, slices: tuple[int, ...]) -> Unit:
        return Unit(source=source, slices=slices, content=tuple(self._key(file) for file in source.files))

    def _key(self, file: ImageFile | None) -> str:
        if file is None:
            return "missing"
        if isinstance(file, GeneratedImage):
            return file.content_key
        if file.address not in self._known:
            self._known[file.address] = self._cache.content_key(file)
        return self._known[file.address]


def _planned_slices(dataset: Dataset, source: Source) -> tuple[int, ...]:
    """Give the raw slices that the spec names; a file that cannot be counted gets one, and its error comes at load."""
    try:
        return raw_slices(dataset, source)
    except DataError:
        return (0,)


def _limited(sliced: list[tuple[Source, tuple[int, ...]]], limit: int | None) -> list[tuple[Source, tuple[int, ...]]]:
    """Keep `limit` raw slices of a data set, evenly spaced, so that a volume's empty ends do not fill a short run."""
    raw = [(index, number) for index, (_, slices) in enumerate(sliced) for number in slices]
    if limit is None or limit >= len(raw):
        return sliced
    kept: dict[int, list[int]] = {}
    for index, number in (raw[(2 * i + 1) * len(raw) // (2 * limit)] for i in range(limit)):
        kept.setdefault(index, []).append(number)
    return [(sliced[index][0], tuple(numbers)) for index, numbers in kept.items()]


def _groups(units: list[Unit], size: int) -> Iterator[list[Unit]]:
    """Split images by the leading bits of their address's hash until each group fits: an added file touches one."""

    def split(group: list[tuple[str, Unit]], bit: int) -> Iterator[list[Unit]]:
        if len(group) <= size or bit == 256:
            if group:
                yield [unit for _, unit in sorted(group, key=lambda item: item[1].source.image)]
            return
        for value in "01":
            yield from split([item for item in group if item[0][bit] == value], bit + 1)

    hashed = [(_bits(unit.source.image), unit) for unit in units]
    yield from split(hashed, 0)


def _bits(text: str) -> str:
    return f"{int.from_bytes(hashlib.sha256(text.encode()).digest()):0256b}"


def _chunk(dataset: Dataset, units: list[Unit], max_image_px: int) -> Chunk:
    """Name a chunk by all that determines its objects; addresses play no part but below the data set's root."""
    slices = dataset.slices.model_dump() if units[0].source.is_volume else None
    identity = {
        "dataset": dataset.name,
        "modality": dataset.modality,
        "labels": dataset.labels,
        "intensity": dataset.intensity.label,
        "slices": slices,
        "tasks": {name: task.model_dump(exclude={"masks"}) for name, task in dataset.tasks.items()},
        "max_image_px": max_image_px,
        "units": [
            [unit.source.image, unit.source.patient, unit.source.volume, list(unit.content), list(unit.slices)]
            for unit in units
        ],
    }
    return Chunk(name=fingerprint(identity), dataset=dataset.name, units=tuple(units))
