"""What is known about a source before a run: its slices and faults from headers, its tasks from a full read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from job.datasets import placement, slicing
from job.datasets.composing import check_channels
from job.datasets.formats import volumes
from job.datasets.layers import (
    Head,
    check_is_image,
    check_link,
    check_same_kind,
    faults_named,
    kind,
    mask_files,
    read_head,
)
from job.datasets.ledger import Ledger
from job.datasets.load import load_case
from job.datasets.maps import check_named
from job.datasets.opening import open_case
from job.datasets.sample import Excluded
from job.datasets.source import ImageFile, Source
from job.errors import DataError, MemoryShortageError, NoMaskError
from job.storage import FileInfo, InputCache
from job.study.dataset import Dataset


def raw_slices(dataset: Dataset, source: Source) -> tuple[int, ...]:
    """Return the slices that a run has to look at: 0 for a 2D image; for a volume, from its header alone.

    Raise DataError if the header is unreadable.
    """
    if not source.is_volume or not isinstance(source.file, FileInfo):
        return (0,)
    with faults_named(source.file, "image"):
        check_link(source.file)
        count = volumes.read_header(source.file, source.axes).grid.slice_count(dataset.slices.axis)
    return slicing.candidates(dataset.slices, count)


def check_headers(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> list[Excluded]:
    """Return the errors that the first bytes of image and masks show: unreadable, too large, of another size."""
    ledger = Ledger(dataset=dataset, source=source)
    heads: dict[ImageFile, Head] = {}
    try:
        with faults_named(source.file, "image"):
            check_is_image(source)
            image = read_head(dataset, source, source.file, cache, max_image_px)
    except (DataError, MemoryShortageError) as error:
        ledger.add_error(error)
        return ledger.lines
    heads[source.file] = image
    for fault in check_channels(dataset, source, image, cache, max_image_px):
        ledger.add_error(fault)
    for task in dataset.tasks:
        try:
            for file in mask_files(dataset, source, task):
                with faults_named(file, "mask", dataset.unlabelled):
                    check_same_kind(source, file)
                    if kind(source, file) == "segments":
                        continue  # they have no grid of their own
                    check_named(dataset, task)
                    if file not in heads:  # tasks share masks
                        heads[file] = read_head(dataset, source, file, cache, max_image_px)
                    mask = heads[file]
                    placement.check(image, placement.on_grid_of(image, mask) if dataset.grid == "image" else mask)
        except NoMaskError:
            continue  # no error: `load` lists it as empty
        except (DataError, MemoryShortageError) as error:
            ledger.add_error(error, task=task)
    return ledger.lines


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a source holds.

    tasks: those whose object occurs. findings: the lines that a run would write, empty objects aside. labels: by task,
    those in its masks.
    """

    tasks: set[str]
    findings: list[Excluded]
    labels: Mapping[str, frozenset[int | str]]


def look_inside(dataset: Dataset, source: Source, cache: InputCache, max_image_px: int) -> Content:
    """Read the image and all maps of a source, and return their content."""
    ledger = Ledger(dataset=dataset, source=source)
    try:
        case = open_case(dataset, source, cache, max_image_px)
        loaded = load_case(case, None)
    except (DataError, MemoryShortageError) as error:
        ledger.add_error(error)
        return Content(tasks=set(), findings=ledger.lines, labels={})
    findings = [line for line in loaded.left_out if line.kind != "empty"]
    return Content(tasks=case.tasks_present(), findings=findings, labels=case.labels)
