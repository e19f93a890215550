"""Load raw slices of one source as samples and lines of the ledger.

A file that cannot be used becomes an error line, not an exception. StorageError passes through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from job.datasets import intensity, slicing
from job.datasets.case import Case
from job.datasets.channels import Channel, Levels, to_rgb
from job.datasets.counting import all_equal
from job.datasets.ledger import Ledger
from job.datasets.opening import LastVolume
from job.datasets.sample import Excluded, Sample, TaskObject
from job.datasets.source import Source
from job.errors import DataError
from job.storage import InputCache
from job.study.dataset import Dataset
from job.study.task import colour_name

MOST_LABELS_NAMED = 10

_last_volume = LastVolume()


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The samples of a source, in ascending order of slices, and the lines of the ledger, warnings included."""

    samples: list[Sample] = field(default_factory=list)
    left_out: list[Excluded] = field(default_factory=list)


def load(
    dataset: Dataset, source: Source, slices: Sequence[int] | None, cache: InputCache, max_image_px: int
) -> Loaded:
    """Load raw slices of a source, or all of them if `slices` is None.

    With `keep: largest`, the largest of the given slices is kept: pass all slices of a volume. An error about a whole
    file is noted at the first of the slices, a warning about it at the first slice that is evaluated. Raise
    StorageError if a file cannot be fetched or opened.
    """
    try:
        case = _last_volume.open(dataset, source, cache, max_image_px)
    except DataError as error:
        ledger = Ledger(dataset=dataset, source=source)
        ledger.add_error(error, slice_=_first(slices))
        return Loaded(left_out=ledger.lines)
    return load_case(case, slices)


def load_case(case: Case, slices: Sequence[int] | None) -> Loaded:
    """Load raw slices of an opened source, as `load` does."""
    loaded = Loaded()
    dataset = case.dataset
    ledger = Ledger(dataset=dataset, source=case.source, lines=loaded.left_out)
    first = _first(slices)
    ledger.add_remarks("error", case.errors, slice_=first)
    ledger.add_remarks("empty", case.empty, slice_=first)
    try:
        kept = _kept_slices(case, slices, ledger)
        levels = case.levels() if kept else ()
    except DataError as error:
        ledger.add_error(error, slice_=first)
        return loaded
    warnings = case.warnings
    for index in kept:
        objects = _objects(case, index, ledger)
        if not objects:
            continue
        shown = case.shown(index)
        try:
            image_HWC = to_rgb(shown, levels)
        except DataError as error:
            ledger.add_error(error, slice_=index)
            continue
        sample = _sample(case, index, image_HWC, objects)
        ledger.add_remarks("warning", warnings, slice_=index)
        warnings = ()
        _add_warnings(sample, shown, levels, ledger)
        loaded.samples.append(sample)
    if case.axis == "none":  # an image without object: what is doubtful about its mask may be why
        ledger.add_remarks("warning", warnings, slice_=first)
    return loaded


def _first(slices: Sequence[int] | None) -> int:
    return min(slices, default=0) if slices is not None else 0


def _kept_slices(case: Case, slices: Sequence[int] | None, ledger: Ledger) -> Sequence[int]:
    """Return the slices to load. Add lines for indices beyond the volume, and for a volume without any object."""
    wanted = slicing.candidates(case.dataset.slices, case.count) if case.axis != "none" else (0,)
    if slices is not None:
        wanted = tuple(sorted(set(wanted).intersection(slices)))
    for index in wanted:
        if index >= case.count:
            detail = f"the volume has {case.count} {case.axis} slices, 0 to {case.count - 1}"
            ledger.add("error", "no such slice", detail, slice_=index)
    kept = _by_rule(case, [index for index in wanted if index < case.count])
    holds_slice_0 = 0 in wanted  # as one chunk of each volume does, so that the volume is noted once
    if holds_slice_0 and not kept and not any(case.objects(index) for index in range(case.count)):
        for task in case.maps:
            ledger.add("empty", "no object", f"in none of the {case.count} slices of the volume", slice_=0, task=task)
    return kept


def _by_rule(case: Case, indices: Sequence[int]) -> Sequence[int]:
    """Return those of the slices that the spec's rule `keep` keeps."""
    rule = case.dataset.slices
    if case.axis == "none" or slicing.lists_empty(rule):
        return indices
    object_px = [case.object_px(index) for index in indices]
    if rule.keep == "labelled":
        return [index for index, px in zip(indices, object_px, strict=True) if px]
    largest = slicing.largest(object_px)
    return [] if largest is None else [indices[largest]]


def _objects(case: Case, index: int, ledger: Ledger) -> tuple[TaskObject, ...]:
    """Return the objects in one slice, and add a line for each task that has none."""
    objects = case.objects(index)
    present = {obj.task for obj in objects}
    for task in case.maps:
        if task not in present:
            ledger.add("empty", "no object", _values_in(case, task, index), slice_=index, task=task)
    return objects


def _sample(case: Case, index: int, image_HWC: NDArray[np.uint8], objects: tuple[TaskObject, ...]) -> Sample:
    return Sample(
        dataset=case.dataset.name,
        modality=case.dataset.modality,
        image=case.source.image,
        axis=case.axis,
        slice=index,
        volume=case.source.volume,
        patient=case.source.patient,
        spacing=case.spacing,
        intensity=case.intensity,
        image_HWC=image_HWC,
        objects=objects,
    )


def _add_warnings(sample: Sample, shown: Sequence[Channel], levels: Sequence[Levels | None], ledger: Ledger) -> None:
    """Add warnings on what the values of a sample make doubtful: a blank picture or channel, an object that fills it.

    levels: the values that become 0 and 255 in the whole volume, for a rule `per: volume`.
    """
    for number, (channel, own) in enumerate(zip(shown, levels, strict=True)):
        shown_HWC = sample.image_HWC[..., number : number + 1] if channel.colour else sample.image_HWC
        blank = intensity.blank(channel.values, shown_HWC, channel.rule, own)
        if blank and all_equal(channel.values):
            detail = f"all values are {channel.values.flat[0]:g}; evaluated as zeros"
            ledger.add("warning", f"constant {channel.name}", detail, slice_=sample.slice)
        elif blank:
            ledger.add("warning", f"blank {channel.name}", blank, slice_=sample.slice)
    for obj in sample.objects:
        if obj.truth_HW.all():
            detail = "every pixel belongs to the object; its label may be the background's"
            ledger.add("warning", "object fills the image", detail, slice_=sample.slice, task=obj.task)


def _values_in(case: Case, task: str, index: int) -> str:
    """Describe the values of a map that lacks the object, so that a wrong label or threshold in the spec shows."""
    if case.source.has_several(task):
        return f"in no pixel of {len(case.source.masks[task])} masks, joined"
    if task in case.joined:
        return "in no pixel of its segments"
    values = case.plane(case.maps[task], index)
    rule = case.dataset.tasks[task].rule
    if rule == "above":
        return f"the highest value is {np.max(values):g}"
    name = colour_name if rule == "colour" else "{:g}".format
    present = [name(value) for value in np.unique(values)]
    more = ", …" if len(present) > MOST_LABELS_NAMED else ""
    kind = "colours" if rule == "colour" else "labels"
    return f"the {kind} here are {', '.join(present[:MOST_LABELS_NAMED])}{more}"
