"""`show --format nifti`: masks written back in the geometry of their images; of 2D images, as PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
"""By slice."""
NIFTI, PNG = ".nii.gz", ".png"


@dataclass(frozen=True)
class Written:
    """addresses: of the files. reasons: why none could be written of an image, by data set and image."""

    addresses: list[str] = field(default_factory=list)
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
            written.addresses.append(_free(storage.join(place, safe(name)), ending, written.addresses))
            storage.write(written.addresses[-1], to_bytes(masks))
    return written


def _form(images: PlannedImages, dataset: str, image: str, axis: str) -> tuple[Callable[[Masks], bytes], str]:
    """Return what makes a file of masks, and how its name ends."""
    return (_png, PNG) if axis == "none" else (images.geometry(dataset, image).nifti, NIFTI)


def _png(masks: Masks) -> bytes:
    return png(np.repeat(masks[0].astype(np.uint8)[..., None] * 255, 3, axis=2))


def _by_image(found: Cases) -> dict[tuple[str, str, str], dict[str, Masks]]:
    """Return the masks of each image, by the name of their file."""
    files: dict[tuple[str, str, str], dict[str, Masks]] = {}
    objects = {row["place"]: row for row in found.objects.to_pylist()}
    named = [row for row in found.predictions.to_pylist() if row["is_named"]]
    pairs = [
        *((row, _truth_name(row), row["truth"]) for row in objects.values()),
        *((objects[row["place"]], _prediction_name(row), row["mask"]) for row in named),
    ]
    for obj, name, mask in pairs:
        of_image = files.setdefault((obj["dataset"], obj["image"], obj["axis"]), {})
        of_image.setdefault(name, {})[obj["slice"]] = run_lengths.decode(mask, obj["height"], obj["width"])
    return files


def _truth_name(row: Mapping[str, Any]) -> str:
    return f"{row['task']}-truth"


def _prediction_name(row: Mapping[str, Any]) -> str:
    """Return a name with all that tells one mask of an object from another."""
    asked = row["prompt"] if row["protocol"] == ONE_SHOT else f"{row['protocol']}-click{row['step']}"
    return f"{row['task']}-{row['model']}-{asked}-{row['mask_choice']}-seed{row['seed']}"


def _free(stem: str, ending: str, taken: Sequence[str]) -> str:
    """Return an address that is not taken: names that differ in unsafe letters alone get a number."""
    names: Iterator[str] = (f"{stem}{suffix}{ending}" for suffix in ("", *(f"-{number}" for number in range(2, 10**6))))
    return next(name for name in names if name not in taken)
