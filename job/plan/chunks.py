"""Chunks: units of work, named after the content of their files, so that an added file changes one chunk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

from job.datasets.check import raw_slices
from job.datasets.formats.plugins import Plugin, plugin_of
from job.datasets.sample import Excluded
from job.datasets.source import GeneratedImage, ImageFile, Source
from job.datasets.whole import doubts_of_whole
from job.errors import DataError
from job.plan.file import Chunk, Unit, fingerprint
from job.storage import FileInfo, InputCache
from job.study.dataset import Dataset

HASH_BITS = 256

Selection = tuple[Source, tuple[int, ...]]
"""A source and the numbers of its raw slices that are planned."""


def chunks(
    dataset: Dataset, sources: Sequence[Source], size: int, cache: InputCache, limit: int | None, max_image_px: int
) -> list[Chunk]:
    """Divide the files of a data set into chunks of at most `size` raw slices or images, in a fixed order.

    Volumes come first. A volume of which the largest slice is wanted is one chunk, whatever its size.
    """
    whole_volumes = dataset.slices.keep == "largest" and dataset.slices.indices is None
    units = _UnitFactory(cache)
    groups: list[list[Unit]] = []
    images: list[Unit] = []
    planned = _limited([(source, _planned_slices(dataset, source)) for source in sources], limit)
    doubts = doubts_of_whole(dataset, [source for source, _ in planned])
    for source, slices in planned:
        if source.is_volume:
            step = len(slices) if whole_volumes else size
            for start in range(0, max(len(slices), 1), max(step, 1)):
                groups.append([units.make(source, slices[start : start + step])])
        else:
            images.append(units.make(source, slices))
    groups.extend(_grouped(images, size))
    return [_chunk(dataset, group, doubts, max_image_px) for group in groups]


@dataclass(frozen=True)
class _UnitFactory:
    """Makes units with content keys. Each file is keyed once: tasks share masks, and chunks share volumes."""

    cache: InputCache
    keys: dict[str, str] = field(default_factory=dict)

    def make(self, source: Source, slices: tuple[int, ...]) -> Unit:
        return Unit(source=source, slices=slices, content=tuple(self._key(file) for file in source.files))

    def _key(self, file: ImageFile | None) -> str:
        if file is None:
            return "missing"
        if isinstance(file, GeneratedImage):
            return file.content_key
        if file.dead_link:
            return "dead link"
        if file.place not in self.keys:
            self.keys[file.place] = self._key_of_content(file)
        return self.keys[file.place]

    def _key_of_content(self, file: FileInfo) -> str:
        """Return the content key of a file; of one in a damaged archive, why it cannot be read."""
        try:
            return file.refusal or self.cache.content_key(file)
        except DataError as error:
            return error.detail


def _planned_slices(dataset: Dataset, source: Source) -> tuple[int, ...]:
    """Return the numbers of the raw slices that the spec selects.

    A file whose header cannot be read gets slice 0; its error is recorded when it is loaded.
    """
    try:
        return raw_slices(dataset, source)
    except DataError:
        return (0,)


def _limited(selections: list[Selection], limit: int | None) -> list[Selection]:
    """Keep `limit` raw slices of a data set, evenly spaced, so that a short run is not the empty end of a volume."""
    raw = [(index, number) for index, (_, slices) in enumerate(selections) for number in slices]
    if limit is None or limit >= len(raw):
        return selections
    kept: dict[int, list[int]] = {}
    for index, number in (raw[(2 * i + 1) * len(raw) // (2 * limit)] for i in range(limit)):
        kept.setdefault(index, []).append(number)
    return [(selections[index][0], tuple(numbers)) for index, numbers in kept.items()]


def _grouped(images: Sequence[Unit], size: int) -> Iterator[list[Unit]]:
    """Split images by the leading bits of the hash of their address until each group has at most `size`.

    An added image therefore changes one group, or splits it. The images of a group are sorted by address.
    """

    def split(group: list[tuple[str, Unit]], bit: int) -> Iterator[list[Unit]]:
        if len(group) <= size or bit == HASH_BITS:
            if group:
                yield [unit for _, unit in sorted(group, key=lambda pair: pair[1].source.image)]
            return
        for value in "01":
            yield from split([pair for pair in group if pair[0][bit] == value], bit + 1)

    yield from split([(_bits(unit.source.image), unit) for unit in images], 0)


def _bits(text: str) -> str:
    """Return the sha256 of a text in binary digits."""
    return f"{int.from_bytes(hashlib.sha256(text.encode()).digest()):0{HASH_BITS}b}"


def _plugins(unit: Unit) -> Iterator[Plugin]:
    """Yield the formats of other packages by which files of a unit are read."""
    for file in unit.source.files:
        if isinstance(file, FileInfo) and (plugin := plugin_of(file)):
            yield plugin


def _chunk(dataset: Dataset, units: Sequence[Unit], doubts: Sequence[Excluded], max_image_px: int) -> Chunk:
    """Return a chunk. doubts: about the whole data set."""
    images = {unit.source.image for unit in units}
    own_doubts = tuple(line for line in doubts if line.image in images)
    chunk = Chunk(name="", dataset=dataset.name, units=tuple(units), doubts=own_doubts)
    return replace(chunk, name=chunk_name(dataset, chunk, max_image_px))


def chunk_name(dataset: Dataset, chunk: Chunk, max_image_px: int) -> str:
    """Return the name of a chunk: of all that determines its objects and its ledger.

    Of an address, only the part below the root counts.
    """
    is_volume = chunk.units[0].source.is_volume
    slices = {**dataset.slices.model_dump(), "grid": dataset.grid} if is_volume else None
    identity = {
        "dataset": dataset.name,
        "modality": dataset.modality,
        "labels": dataset.labels,
        "join": dataset.model_dump(include={"join"}),
        "unlabelled": dataset.unlabelled,
        "intensity": [rule.label for rule in dataset.intensities],
        "slices": slices,
        "tasks": {name: task.model_dump(exclude={"masks", "tolerance_mm"}) for name, task in dataset.tasks.items()},
        "classes": {name: sorted(dataset.named_labels(name)) for name in dataset.tasks},
        "max_image_px": max_image_px,
        "units": [
            [
                *(unit.source.image, unit.source.patient, unit.source.volume, unit.source.axes),
                *(list(unit.content), list(unit.slices), unit.source.file_counts, unit.source.label_values),
                [getattr(file, "inside", "") for file in unit.source.files],
            ]
            for unit in chunk.units
        ],
        "doubts": [asdict(line) for line in chunk.doubts],
        "readers": sorted({plugin.version for unit in chunk.units for plugin in _plugins(unit)}),
    }
    return fingerprint(identity)
