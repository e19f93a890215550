"""What a run would see of a data set, from a few of its images: pixels, objects, prompts, values, ledger lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from job.datasets import intensity, slicing
from job.datasets.case import Case
from job.datasets.channels import to_rgb
from job.datasets.discover import Survey
from job.datasets.inventory import inventory
from job.datasets.ledger import Ledger
from job.datasets.load import load_case
from job.datasets.opening import open_case
from job.datasets.sample import Axis, Excluded, Spacing
from job.datasets.values import Values, distribution
from job.errors import DataError, MachineError, MemoryShortageError, StorageError
from job.prompts.blocks import PromptBlock
from job.prompts.checked import RefusedPromptsError
from job.prompts.draw import Draw
from job.prompts.first import FirstPrompt, first_prompts
from job.prompts.regions import count_components
from job.storage import InputCache
from job.study.dataset import Dataset

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenObject:
    """The object of one task in one image. truth_HW: bool. pixels, components: counts of its truth."""

    task: str
    truth_HW: NDArray[np.bool_] = field(repr=False)
    pixels: int
    components: int
    prompts: tuple[FirstPrompt, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenImage:
    """One 2D image or slice as a model gets it. image_HWC: uint8, RGB. intensity: the rule, as stored in the rows.

    values: by colour of its channels, or "" of an image without channels.
    """

    image: str
    axis: Axis
    slice: int
    patient: str
    spacing: Spacing | None
    intensity: str
    image_HWC: NDArray[np.uint8] = field(repr=False)
    values: Mapping[str, Values]
    objects: tuple[SeenObject, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenDataset:
    """What was seen of a data set.

    listed: what the listing shows, in one line; no names of files if patients have pseudonyms. files: how many image
    files there are. read: how many of them were opened or tried. images: those that could be used. lines: as a run
    would write them about these images. labels: by task, in how many of the files each value or name occurs.
    """

    listed: str
    files: int
    read: int
    images: list[SeenImage] = field(default_factory=list)
    lines: list[Excluded] = field(default_factory=list)
    labels: Mapping[str, Counter[int | str]]


@dataclass(frozen=True, kw_only=True)
class Looking:
    """How to look: what `open_case` needs, and the study's prompts."""

    cache: InputCache
    max_image_px: int
    blocks: tuple[PromptBlock, ...]
    seed: int


def see(dataset: Dataset, survey: Survey, count: int, looking: Looking) -> SeenDataset:
    """Read `count` images, evenly spaced: of a volume, slices that hold an object, where there are any.

    A file that cannot be used becomes a line. Raise MachineError if this machine cannot read any.
    """
    chosen, listed = evenly(survey.sources, count), inventory(dataset, survey)
    seen = SeenDataset(
        listed=str(listed if dataset.pseudonymise is None else replace(listed, remarks=())),
        files=len(survey.sources),
        read=len(chosen),
        labels={task: Counter() for task in dataset.tasks},
    )
    for place, source in enumerate(chosen):
        ledger = Ledger(dataset=dataset, source=source, lines=seen.lines)
        try:
            case = open_case(dataset, source, looking.cache, looking.max_image_px)
            share = (place + 1) * count // len(chosen) - place * count // len(chosen)
            seen.images.extend(_images(case, share, looking, ledger))
        except MachineError:
            raise
        except (DataError, MemoryShortageError) as error:
            ledger.add_error(error)
        except StorageError as error:
            ledger.add_error(DataError("cannot be read", str(error)))
        else:
            for task, labels in case.labels.items():
                seen.labels[task].update(labels)
    return seen


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """Return `count` items, each from the middle of an equal part of them all; all items if there are no more."""
    count = min(count, len(items))
    return [items[(2 * index + 1) * len(items) // (2 * count)] for index in range(count)]


def _images(case: Case, count: int, looking: Looking, ledger: Ledger) -> Iterator[SeenImage]:
    """Yield images of one source, at most `count`, and add the lines about them."""
    candidates = slicing.candidates(case.dataset.slices, case.count) if case.axis != "none" else (0,)
    inside = [index for index in candidates if index < case.count]
    chosen, is_empty = _chosen(case, inside, count)
    beyond = [index for index in candidates if index >= case.count]
    loaded = load_case(case, [*chosen, *beyond, *(inside[:1] if is_empty else ())])
    ledger.lines.extend(loaded.left_out)
    pixels = {sample.slice: sample.image_HWC for sample in loaded.samples}
    failed = {line.slice for line in loaded.left_out if line.kind == "error" and line.task is None}
    for index in chosen:
        if index in pixels or index not in failed:
            try:
                yield _image(case, index, pixels.get(index), looking)
            except DataError as error:
                ledger.add_error(error, slice_=index)
            except RefusedPromptsError as error:
                ledger.add("error", error.reason, error.detail, slice_=index)


def _chosen(case: Case, inside: Sequence[int], count: int) -> tuple[list[int], bool]:
    """Return the slices to show of those that a run may keep, and whether none of them holds an object."""
    object_px = [case.object_px(index) for index in inside]
    labelled = [index for index, px in zip(inside, object_px, strict=True) if px]
    rule = case.dataset.slices
    if case.axis != "none" and rule.indices is None and rule.keep == "largest":
        largest = slicing.largest(object_px)
        labelled = [] if largest is None else [inside[largest]]
    return evenly(labelled or inside, count), not labelled


def _image(case: Case, index: int, image_HWC: NDArray[np.uint8] | None, looking: Looking) -> SeenImage:
    """Return one image. image_HWC: its pixels, None where a run would leave it out because it holds no object."""
    shown = case.shown(index)
    levels = [
        own or intensity.levels(plane.values, plane.rule) for plane, own in zip(shown, case.levels(), strict=True)
    ]
    objects = case.objects(index)
    image = case.source.image
    draws = [Draw(seed=looking.seed, image=image, slice=index, task=obj.task) for obj in objects]
    return SeenImage(
        image=image,
        axis=case.axis,
        slice=index,
        patient=case.source.patient,
        spacing=case.spacing,
        intensity=case.intensity,
        image_HWC=to_rgb(shown, levels) if image_HWC is None else image_HWC,
        values={plane.colour: distribution(plane.values, own) for plane, own in zip(shown, levels, strict=True)},
        objects=tuple(
            SeenObject(
                task=obj.task,
                truth_HW=obj.truth_HW,
                pixels=int(np.count_nonzero(obj.truth_HW)),
                components=count_components(obj.truth_HW),
                prompts=first_prompts(looking.blocks, obj.truth_HW, obj.labelled_HW, draw),
            )
            for obj, draw in zip(objects, draws, strict=True)
        ),
    )
