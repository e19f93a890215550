"""Which masks belong to which image, and whether images and masks can be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from job.datasets.formats import parquet
from job.datasets.template import Files, Template
from job.errors import PairingError
from job.storage import FileInfo, public
from job.study.dataset import Dataset
from job.study.files import EACH


@dataclass(frozen=True, kw_only=True)
class PairedImage:
    """An image with the files that each template of masks or channels names. address: below the root."""

    address: str
    file: FileInfo
    fields: Mapping[str, str]
    masks: Mapping[str, tuple[FileInfo, ...]]
    channels: Mapping[str, tuple[FileInfo, ...]]


def mask_templates(dataset: Dataset, task: str) -> tuple[str, ...]:
    """Return the address templates of a task's masks: its own, else the data set's."""
    masks = dataset.tasks[task].masks or dataset.masks
    if masks is None:
        raise ValueError(f"{dataset.name}/{task}: no mask template; a loaded spec has one")
    return (masks,) if isinstance(masks, str) else masks


def channel_templates(dataset: Dataset) -> tuple[str, ...]:
    """Return the address templates of an image's channels, in the order of RGB; none without `channels`."""
    return tuple(channel.file for channel in dataset.channels.by_colour.values()) if dataset.channels else ()


def paired(
    address: str, file: FileInfo, fields: Mapping[str, str], templates: Sequence[Template], files: Mapping[str, Files]
) -> PairedImage:
    """Find the masks and channels of an image. A wildcard names no image as its own mask. files: by template's text."""
    named = {
        template.text: tuple(
            replace(each, inside=_inside(template, file) or each.inside)
            for each in ((file,) if template.is_image else template.find(files[template.text], fields))
        )
        for template in templates
    }
    masks = {
        template.text: tuple(
            mask
            for mask in named[template.text]
            if template.is_image or template.is_shared or mask.address != file.address
        )
        for template in templates
    }
    return PairedImage(address=address, file=file, fields=fields, masks=masks, channels=named)


def _inside(template: Template, image: FileInfo) -> str:
    """Return what is meant inside a mask's file, "" if not stated. Of a Parquet file, it is in the image's row."""
    if template.is_image and template.inside and parquet.is_cell(image):
        return parquet.of_row(template.inside, image)
    return template.inside.replace(EACH, _index(image))


def _index(file: FileInfo) -> str:
    """Return which element of an array an image is, such as [3]; "" if it is none."""
    _, bracket, number = file.inside.partition("[")
    return bracket + number


def claims_of(images: Sequence[PairedImage], templates: Sequence[Template]) -> dict[str, set[str]]:
    """Return, for the address of each mask, the images that name it as theirs alone."""
    claims: dict[str, set[str]] = {}
    for image in images:
        for template in templates:
            if not (template.is_image or template.is_shared):
                for mask in image.masks[template.text]:  # a channel too: it is no image of its own
                    claims.setdefault(mask.address, set()).add(image.address)
    return claims


def check_images(dataset: Dataset, images: Sequence[PairedImage], claims: Mapping[str, set[str]]) -> None:
    """Raise PairingError for a mask that has a mask itself: it may be an image."""
    for image in images:
        own = [mask for masks in image.masks.values() for mask in masks if mask.address in claims]
        if own and image.file.address in claims:
            owner = min(claims[image.file.address])
            mask = public(own[0].address)
            message = f"{image.address} is named as a {_file_of(dataset)} of {owner} but has a mask itself, {mask}"
            raise PairingError(_masks_key(dataset), message)


def check_claims(dataset: Dataset, images: Sequence[PairedImage], templates: Sequence[Template]) -> None:
    """Raise PairingError for a mask that several images name, other than by an address that is meant for all."""
    for address, names in claims_of(images, templates).items():
        if len(names) > 1:
            first, second, *_ = sorted(names)
            message = (
                f"expected {_file_of(dataset)}s of one image each; {public(address)} is named by {first} and by "
                f"{second}; "
                "add a field that tells them apart, or make a data set of each kind of image, such as each sequence"
            )
            raise PairingError(_masks_key(dataset), message)


def _file_of(dataset: Dataset) -> str:
    """Return what a file that belongs to an image is."""
    return "mask or channel" if dataset.channels else "mask"


def _masks_key(dataset: Dataset) -> tuple[str, ...]:
    """Return the path of a key of the data set that names its masks."""
    if dataset.masks is not None:
        return ("masks",)
    return next(("tasks", task, "masks") for task, settings in dataset.tasks.items() if settings.masks is not None)
