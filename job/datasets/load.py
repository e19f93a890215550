"""Load the raw slices of one source as samples and lines of the ledger. A faulty file never raises; a store may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from job.datasets import intensity, ledger, slicing
from job.datasets.case import Case, LastVolume
from job.datasets.formats import nifti
from job.datasets.labels import objects
from job.datasets.layers import named
from job.datasets.sample import Excluded, Sample, TaskObject
from job.datasets.source import Source, is_volume
from job.errors import DataError
from job.storage import InputCache
from job.study.dataset import Dataset

MOST_LABELS_NAMED = 10

_last_volume = LastVolume()


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The samples of a source and its lines of the ledger, both in ascending order of slices."""

    samples: list[Sample] = field(default_factory=list)
    left_out: list[Excluded] = field(default_factory=list)


def raw_slices(dataset: Dataset, source: Source) -> tuple[int, ...]:
    """List the slices that may be kept: 0 for 2D; of a volume from its header alone. DataError if it is unreadable."""
    if not is_volume(source.file):
        return (0,)
    with named(source.file, "image"):
        count = nifti.read_header(source.file).grid.slice_count(dataset.slices.axis)
    return slicing.raw_slices(dataset.slices, count)


def load(
    dataset: Dataset, source: Source, slices: Sequence[int] | None, cache: InputCache, max_image_px: int
) -> Loaded:
    """Load raw slices of a source; None loads all of them.

    With `keep: largest`, the largest of the given slices is kept: give whole volumes. Lines about a whole file carry
    the first of the slices; a warning stands at the slice where its file is first used. StorageError passes through.
    """
    loaded = Loaded()
    line = partial(ledger.line, dataset, source)
    first = min(slices, default=0) if slices is not None else 0
    try:
        case = _last_volume.open(dataset, source, cache, max_image_px)
    except DataError as error:
        loaded.left_out.append(line(first, None, "error", error.reason, error.detail))
        return loaded
    errors = [remark for remark in case.remarks if remark.kind == "error"]
    loaded.left_out.extend(line(first, remark.task, "error", remark.reason, remark.detail) for remark in errors)
    wanted = slicing.raw_slices(dataset.slices, case.count) if source.is_volume else (0,)
    wanted = wanted if slices is None else tuple(sorted(set(wanted).intersection(slices)))
    for index in wanted:
        if index >= case.count:
            detail = f"the volume has {case.count} {case.axis} slices, 0 to {case.count - 1}"
            loaded.left_out.append(line(index, None, "error", "no such slice", detail))
    kept = list(_kept(dataset, case, [index for index in wanted if index < case.count]))
    if not kept and 0 in wanted and not _any_object(dataset, case):
        detail = f"in none of the {case.count} slices of the volume"
        loaded.left_out.extend(line(0, task, "empty", "no object", detail) for task in case.maps)
    try:
        levels = intensity.levels(case.image, dataset.intensity) if kept and dataset.intensity.per == "volume" else None
    except DataError as error:
        loaded.left_out.append(line(first, None, "error", error.reason, error.detail))
        return loaded
    _load_slices(loaded, dataset, source, case, kept, levels)
    return loaded


def _kept(dataset: Dataset, case: Case, wanted: Sequence[int]) -> Iterator[int]:
    """Choose the slices that the samples or the ledger must show."""
    if case.axis == "none" or slicing.lists_empty(dataset.slices):
        yield from wanted
    elif dataset.slices.keep == "labelled":
        yield from (index for index in wanted if _object_px(dataset, case, index))
    else:
        largest = slicing.largest([_object_px(dataset, case, index) for index in wanted])
        yield from () if largest is None else (wanted[largest],)


def _load_slices(
    loaded: Loaded,
    dataset: Dataset,
    source: Source,
    case: Case,
    kept: Sequence[int],
    levels: tuple[float, float] | None,
) -> None:
    """Add the samples of the kept slices and the lines about them. levels: of the volume, for a rule per volume."""
    line = partial(ledger.line, dataset, source)
    warnings = [remark for remark in case.remarks if remark.kind == "warning"]
    for index in kept:
        present = _objects(dataset, case, index)
        for task in case.maps:
            if task not in {obj.task for obj in present}:
                detail = _labels_here(dataset, case, task, index)
                loaded.left_out.append(line(index, task, "empty", "no object", detail))
        if not present:
            continue
        values = case.plane(case.image, index)
        try:
            image_HWC = intensity.to_rgb(values, dataset.intensity, levels)
        except DataError as error:
            loaded.left_out.append(line(index, None, "error", error.reason, error.detail))
            continue
        loaded.left_out.extend(line(index, warn.task, "warning", warn.reason, warn.detail) for warn in warnings)
        warnings = []
        if intensity.constant(values):
            detail = f"all values are {values.flat[0]:g}; evaluated as zeros"
            loaded.left_out.append(line(index, None, "warning", "constant image", detail))
        loaded.samples.append(
            Sample(
                dataset=dataset.name,
                modality=dataset.modality,
                image=source.image,
                axis=case.axis,
                slice=index,
                volume=source.volume,
                patient=source.patient,
                spacing=case.spacing,
                intensity=dataset.intensity.label,
                image_HWC=image_HWC,
                objects=present,
            )
        )


def _objects(dataset: Dataset, case: Case, index: int) -> tuple[TaskObject, ...]:
    """Return the objects of one slice."""
    present = []
    for task, values in case.maps.items():
        truth, labelled = objects(case.plane(values, index), dataset.tasks[task], dataset.labels)
        if truth.any():
            present.append(TaskObject(task=task, truth_HW=truth, labelled_HW=labelled))
    return tuple(present)


def _object_px(dataset: Dataset, case: Case, index: int) -> int:
    """Count the pixels of one slice that belong to any task's object."""
    truths = [obj.truth_HW for obj in _objects(dataset, case, index)]
    return int(np.logical_or.reduce(truths).sum()) if truths else 0


def _any_object(dataset: Dataset, case: Case) -> bool:
    return any(_object_px(dataset, case, index) for index in range(case.count))


def _labels_here(dataset: Dataset, case: Case, task: str, index: int) -> str:
    """List the values of a map that lacks the object: a wrong label in the spec shows here."""
    values = case.plane(case.maps[task], index)
    if dataset.tasks[task].above is not None:
        return f"the highest value is {np.max(values):g}"
    labels = [f"{value:g}" for value in np.unique(values)]
    return (
        f"the labels here are {', '.join(labels[:MOST_LABELS_NAMED])}{', …' if len(labels) > MOST_LABELS_NAMED else ''}"
    )
