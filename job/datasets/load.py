"""One source's raw slices become samples and lines of the ledger. A faulty file never raises here; a store may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from job.datasets import intensity, ledger, nifti, slicing
from job.datasets.case import Case, LastVolume
from job.datasets.labels import objects
from job.datasets.layers import named
from job.datasets.sample import Excluded, Sample, TaskObject
from job.datasets.source import Source, is_volume
from job.errors import DataError
from job.spec.dataset import Dataset
from job.storage import InputCache

MOST_LABELS_NAMED = 10

_last_volume = LastVolume()


def raw_slices(dataset: Dataset, source: Source) -> tuple[int, ...]:
    """List the slices that may be kept: 0 for 2D; of a volume from its header alone. DataError if it is unreadable."""
    if not is_volume(source.file):
        return (0,)
    with named(source.file, "image"):
        count = nifti.read_header(source.file).grid.slice_count(dataset.slices.axis)
    return slicing.raw_slices(dataset.slices, count)


def load(
    dataset: Dataset, source: Source, slices: Sequence[int] | None, cache: InputCache, max_image_px: int
) -> Iterator[Sample | Excluded]:
    """Turn raw slices of a source, all of them if None, into samples and lines of the ledger, in ascending order.

    `largest` is the largest of the slices that are asked for: give it whole volumes. Lines about a whole file stand at
    the first of the slices; warnings stand where the file is first used. StorageError passes through.
    """
    line = partial(ledger.line, dataset, source)
    first = min(slices, default=0) if slices is not None else 0
    try:
        case = _last_volume.open(dataset, source, cache, max_image_px)
    except DataError as error:
        yield line(first, None, "error", error.reason, error.detail)
        return
    for remark in case.remarks:
        if remark.kind == "error":
            yield line(first, remark.task, "error", remark.reason, remark.detail)
    wanted = slicing.raw_slices(dataset.slices, case.count) if source.is_volume else (0,)
    wanted = wanted if slices is None else tuple(sorted(set(wanted).intersection(slices)))
    for index in wanted:
        if index >= case.count:
            detail = f"the volume has {case.count} {case.axis} slices, 0 to {case.count - 1}"
            yield line(index, None, "error", "no such slice", detail)
    kept = list(_kept(dataset, case, [index for index in wanted if index < case.count]))
    if not kept and 0 in wanted and not _any_object(dataset, case):
        for task in case.maps:
            yield line(0, task, "empty", "no object", f"in none of the {case.count} slices of the volume")
    try:
        levels = intensity.levels(case.image, dataset.intensity) if kept and dataset.intensity.per == "volume" else None
    except DataError as error:
        yield line(first, None, "error", error.reason, error.detail)
        return
    yield from _slices(dataset, source, case, kept, levels)


def _kept(dataset: Dataset, case: Case, wanted: Sequence[int]) -> Iterator[int]:
    """Choose, of the slices that are asked for, those that the ledger or the samples must show."""
    if case.axis == "none" or slicing.lists_empty(dataset.slices):
        yield from wanted
    elif dataset.slices.keep == "labelled":
        yield from (index for index in wanted if _object_px(dataset, case, index))
    else:
        largest = slicing.largest([_object_px(dataset, case, index) for index in wanted])
        yield from () if largest is None else (wanted[largest],)


def _slices(
    dataset: Dataset, source: Source, case: Case, kept: Sequence[int], levels: tuple[float, float] | None
) -> Iterator[Sample | Excluded]:
    """Give the samples of the slices that are kept, each after the lines about it."""
    line = partial(ledger.line, dataset, source)
    warnings = [remark for remark in case.remarks if remark.kind == "warning"]
    for index in kept:
        found = _objects(dataset, case, index)
        for task in case.maps:
            if task not in {thing.task for thing in found}:
                yield line(index, task, "empty", "no object", _labels_here(dataset, case, task, index))
        if not found:
            continue
        values = case.plane(case.image, index)
        try:
            image_HWC = intensity.to_rgb(values, dataset.intensity, levels)
        except DataError as error:
            yield line(index, None, "error", error.reason, error.detail)
            continue
        for remark in warnings:
            yield line(index, remark.task, "warning", remark.reason, remark.detail)
        warnings = []
        if intensity.constant(values):
            detail = f"all values are {values.flat[0]:g}; evaluated as zeros"
            yield line(index, None, "warning", "constant image", detail)
        yield Sample(
            dataset=dataset.name,
            modality=dataset.modality,
            image=source.image,
            axis=case.axis,
            slice=index,
            volume=source.volume,
            patient=source.patient,
            intensity=dataset.intensity.label,
            image_HWC=image_HWC,
            objects=found,
        )


def _objects(dataset: Dataset, case: Case, index: int) -> tuple[TaskObject, ...]:
    """Give the objects that one slice holds."""
    found = []
    for task, values in case.maps.items():
        truth, labelled = objects(case.plane(values, index), dataset.tasks[task], dataset.labels)
        if truth.any():
            found.append(TaskObject(task=task, truth_HW=truth, labelled_HW=labelled))
    return tuple(found)


def _object_px(dataset: Dataset, case: Case, index: int) -> int:
    """Count the pixels of any task's object in one slice."""
    truths = [thing.truth_HW for thing in _objects(dataset, case, index)]
    return int(np.logical_or.reduce(truths).sum()) if truths else 0


def _any_object(dataset: Dataset, case: Case) -> bool:
    return any(_object_px(dataset, case, index) for index in range(case.count))


def _labels_here(dataset: Dataset, case: Case, task: str, index: int) -> str:
    """Say what the map holds where it lacks the object: a wrong label in the spec shows here."""
    values = case.plane(case.maps[task], index)
    if dataset.tasks[task].above is not None:
        return f"the highest value is {np.max(values):g}"
    found = [f"{value:g}" for value in np.unique(values)]
    return (
        f"the labels here are {', '.join(found[:MOST_LABELS_NAMED])}{', …' if len(found) > MOST_LABELS_NAMED else ''}"
    )
