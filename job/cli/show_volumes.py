"""`show --format nifti`: masks written back in the geometry of their images; of 2D images, as PNG."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job import storage
from job.cli.file_names import safe, without_ending
from job.errors import JobError
from job.plan.images import PlannedImages
from job.report.preview_page import png
from job.results import run_lengths
from job.statistics.cases import Cases
from job.study.prompts import ONE_SHOT

Masks = dict[int, NDArray[np.bool_]]
Encoded = dict[int, tuple[str, int, int]]
"""By slice: masks, and their run-lengths with height and width."""
NIFTI, PNG = ".nii.gz", ".png"


@dataclass(frozen=True)
class Written:
    """addresses: of the files. reasons: why none could be written of an image, by data set and image."""

    addresses: dict[str, None] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)


def write_masks(found: Cases, images: PlannedImages, folder: str) -> Written:
    """Write a file for each truth and each named prediction of each image: all of its named slices together."""
    written = Written()
    for (dataset, image, axis), files in _by_image(found).items():
        try:
            to_bytes, ending = _form(images, dataset, image, axis)
        except JobError as error:
            written.reasons[dataset, image] = str(error)
            continue
        place = storage.join(folder, safe(dataset), safe(without_ending(image)))
        for name, masks in files.items():
            address = _free(storage.join(place, safe(name)), ending, written.addresses)
            storage.write(address, to_bytes({index: run_lengths.decode(*mask) for index, mask in masks.items()}))
            written.addresses[address] = None
    return written


def _form(images: PlannedImages, dataset: str, image: str, axis: str) -> tuple[Callable[[Masks], bytes], str]:
    """Return what makes a file of masks, and how its name ends."""
    return (_png, PNG) if axis == "none" else (images.geometry(dataset, image).nifti, NIFTI)


def _png(masks: Masks) -> bytes:
    return png(np.repeat(masks[0].astype(np.uint8)[..., None] * 255, 3, axis=2))


def _by_image(found: Cases) -> dict[tuple[str, str, str], dict[str, Encoded]]:
    """Return the masks of each image, by the name of their file. They are decoded one file at a time."""
    files: dict[tuple[str, str, str], dict[str, Encoded]] = {}
    objects = {row["place"]: row for row in found.objects.to_pylist()}
    for obj in objects.values():
        of_image = files.setdefault((obj["dataset"], obj["image"], obj["axis"]), {})
        of_image.setdefault(_truth_name(obj), {})[obj["slice"]] = obj["truth"], obj["height"], obj["width"]
    for row in found.predictions.to_pylist():
        if row["is_named"]:
            obj = objects[row["place"]]
            of_image = files[obj["dataset"], obj["image"], obj["axis"]]
            of_image.setdefault(_prediction_name(row), {})[obj["slice"]] = row["mask"], obj["height"], obj["width"]
    return files


def _truth_name(row: Mapping[str, Any]) -> str:
    return f"{row['task']}-truth"


def _prediction_name(row: Mapping[str, Any]) -> str:
    """Return a name with all that tells one mask of an object from another."""
    given = f"click{row['step']}" if row["step"] else "box"
    asked = row["prompt"] if row["protocol"] == ONE_SHOT else f"{row['protocol']}-{given}"
    return f"{row['task']}-{row['model']}-{asked}-{row['mask_choice']}-seed{row['seed']}"


def _free(stem: str, ending: str, taken: Container[str]) -> str:
    """Return an address that is not taken: names that differ in unsafe letters alone get a number."""
    numbered = (f"{stem}-{number}{ending}" for number in count(2))
    return next(name for name in chain([f"{stem}{ending}"], numbered) if name not in taken)
