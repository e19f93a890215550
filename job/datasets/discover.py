"""A data set's images, each with its masks, patient and volume, from listings alone: no file is opened."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from job.datasets.pattern import Pattern, Template, fill
from job.datasets.source import GeneratedImage, Source
from job.errors import StorageError
from job.storage import FileInfo
from job.study.dataset import Dataset, Generated

IMAGE = "{image}"


def discover(dataset: Dataset) -> tuple[Source, ...]:
    """List a data set's sources, sorted by image. A pattern that matches nothing gives none: the caller reports it."""
    if dataset.generated is not None:
        return tuple(_generated(dataset, dataset.generated))
    if dataset.images is None:
        raise ValueError(f"{dataset.name}: neither images nor generated; a loaded spec has one")
    pattern = Pattern(dataset.images)
    images = list(_images(pattern))
    templates = {name: mask_template(dataset, name) for name in dataset.tasks}
    listings = {text: Template(text, pattern) for text in templates.values() if text != IMAGE}
    files = {text: template.files() for text, template in listings.items()}
    return tuple(
        Source(
            image=image,
            file=file,
            masks={
                task: file if text == IMAGE else files[text].get(listings[text].fill(fields))
                for task, text in templates.items()
            },
            patient=image if dataset.patient is None else fill(dataset.patient, fields),
            volume=image,
        )
        for image, file, fields in images
    )


def mask_template(dataset: Dataset, task: str) -> str:
    """Where a task's masks lie: its own template, else the data set's."""
    template = dataset.tasks[task].masks or dataset.masks
    if template is None:
        raise ValueError(f"{dataset.name}/{task}: no mask template; a loaded spec has one")
    return template


def _generated(dataset: Dataset, wanted: Generated) -> Iterator[Source]:
    for patient in range(wanted.patients):
        for index in range(wanted.slices):
            one = GeneratedImage(seed=wanted.seed, patient=patient, slice=index)
            masks = dict.fromkeys(dataset.tasks, one)
            yield Source(image=one.name, file=one, masks={**masks}, patient=one.patient_name, volume=one.name)


def stem(name: str) -> str:
    """A file's name without its extension; `.nii.gz` counts as one."""
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else posixpath.splitext(name)[0]


def _images(pattern: Pattern) -> Iterator[tuple[str, FileInfo, dict[str, str]]]:
    for image, file in sorted(pattern.files().items()):
        fields = pattern.fields(image)
        if fields is not None:
            _check_unicode(image)
            name = posixpath.basename(image)
            parent = posixpath.basename(posixpath.dirname(posixpath.normpath(file.address)))
            yield image, file, {**fields, "name": name, "stem": stem(name), "parent": parent, "image": image}


def _check_unicode(name: str) -> None:
    """Refuse a name that no table can hold: of other bytes than UTF-8, Python makes lone surrogates."""
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        raise StorageError(f"{name!a}: the name of this file is no UTF-8 text; rename it")
