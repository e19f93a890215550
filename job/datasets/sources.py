"""Make the sources of a data set: of listed images, of generated ones, and of archives that cannot be listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from job.datasets.formats.detached import with_values
from job.datasets.matches import with_channel
from job.datasets.pairing import PairedImage, mask_templates
from job.datasets.pattern import Pattern, fill
from job.datasets.source import GeneratedImage, ImageFile, Kind, Source
from job.storage import FileInfo
from job.study.dataset import Dataset, Generated


def source_of(
    dataset: Dataset, image: PairedImage, kind: Kind, axes: str | None, label_values: dict[str, tuple[int, ...]]
) -> Source:
    """Return an image with its masks and channels. label_values: of tasks whose names `label_names` lists."""
    masks: dict[str, tuple[ImageFile, ...]] = {}
    for task in dataset.tasks:
        named = [file for text in mask_templates(dataset, task) for file in image.masks[text]]
        masks[task] = tuple({(file.address, file.inside): with_values(file) for file in named}.values())
    return Source(
        image=image.address,
        file=with_values(image.file),
        kind=kind,
        masks=masks,
        patient=image.address if dataset.patient is None else fill(dataset.patient, image.fields),
        volume=image.address,
        axes=axes,
        label_values=label_values,
        channels=_channels(dataset, image),
    )


def _channels(dataset: Dataset, image: PairedImage) -> dict[str, tuple[FileInfo, ...]]:
    """Return the files of each channel by colour; none without `channels`."""
    if dataset.channels is None:
        return {}
    return {
        colour: tuple(with_values(with_channel(file, own.channel)) for file in image.channels[own.file])
        for colour, own in dataset.channels.by_colour.items()
    }


def generated_sources(dataset: Dataset, generated: Generated) -> Iterator[Source]:
    """Yield the sources of generated images."""
    for patient in range(generated.patients):
        for index in range(generated.slices):
            image = GeneratedImage(seed=generated.seed, patient=patient, slice=index)
            masks: dict[str, tuple[ImageFile, ...]] = dict.fromkeys(dataset.tasks, (image,))
            yield Source(
                image=image.name,
                file=image,
                kind="picture",
                masks=masks,
                patient=image.patient_name,
                volume=image.name,
            )


def broken_archives(dataset: Dataset, pattern: Pattern, listing: Mapping[str, FileInfo]) -> list[Source]:
    """Return the archives that cannot be listed, each as an image without masks, so that the ledger says why."""
    return [
        Source(
            image=address.rstrip("#/"),
            file=file,
            kind="picture",
            masks=dict.fromkeys(dataset.tasks, ()),
            patient=address.rstrip("#/"),
            volume=address.rstrip("#/"),
        )
        for address, file in listing.items()
        if file.refusal and pattern.fields(address) is None
    ]
