"""List the images of a data set with their masks, patients and volumes. No file is opened."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from job.datasets.pattern import Pattern, Template, fill
from job.datasets.source import GeneratedImage, ImageFile, Source
from job.errors import StorageError
from job.storage import FileInfo
from job.study.dataset import Dataset, Generated

IMAGE = "{image}"


def discover(dataset: Dataset) -> tuple[Source, ...]:
    """Return the sources of a data set, sorted by image; none if the pattern matches nothing."""
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
    """Return the address template of a task's masks: its own, else the data set's."""
    template = dataset.tasks[task].masks or dataset.masks
    if template is None:
        raise ValueError(f"{dataset.name}/{task}: no mask template; a loaded spec has one")
    return template


def _generated(dataset: Dataset, generated: Generated) -> Iterator[Source]:
    for patient in range(generated.patients):
        for index in range(generated.slices):
            image = GeneratedImage(seed=generated.seed, patient=patient, slice=index)
            masks: dict[str, ImageFile | None] = dict.fromkeys(dataset.tasks, image)
            yield Source(image=image.name, file=image, masks=masks, patient=image.patient_name, volume=image.name)


def stem(name: str) -> str:
    """Return a file's name without its extension; `.nii.gz` is one extension."""
    return name[: -len(".nii.gz")] if name.lower().endswith(".nii.gz") else posixpath.splitext(name)[0]


def _images(pattern: Pattern) -> Iterator[tuple[str, FileInfo, dict[str, str]]]:
    """Yield each image's address below the root, its file, and the values of the template fields."""
    for image, file in sorted(pattern.files().items()):
        fields = pattern.fields(image)
        if fields is not None:
            _check_unicode(image)
            name = posixpath.basename(image)
            parent = posixpath.basename(posixpath.dirname(posixpath.normpath(file.address)))
            yield image, file, {**fields, "name": name, "stem": stem(name), "parent": parent, "image": image}


def _check_unicode(name: str) -> None:
    """Raise StorageError for a file name that is not UTF-8: Python reads such bytes as lone surrogates."""
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        raise StorageError(f"{name!a}: the name of this file is not UTF-8; rename it")
