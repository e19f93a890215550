"""Read what is shown of an image: the image itself, or the files that the spec names as red, green and blue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job import storage
from job.datasets import intensity, placement
from job.datasets.channels import Channel
from job.datasets.doubt import Doubt
from job.datasets.expected import expected_channels
from job.datasets.layers import Head, Layer, check_same_kind, difference_doubts, faults_named, read_head, read_layer
from job.datasets.source import Source
from job.errors import DataError
from job.storage import FileInfo, InputCache
from job.study.dataset import Dataset
from job.study.intensity import Intensity


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """The channels of an image, and what is doubtful about the files that only they are read from."""

    channels: tuple[Channel, ...]
    doubts: tuple[tuple[FileInfo, Doubt], ...] = ()


def read_shown(dataset: Dataset, source: Source, image: Layer, cache: InputCache, max_image_px: int) -> Shown:
    """Return what is shown of a source. Raise DataError if a channel is missing, or is not on the image's grid."""
    if dataset.channels is None:
        with faults_named(source.file, "image"):
            return Shown(channels=(_channel("", image, dataset.intensity),))
    read: dict[object, Layer] = {source.file: image}
    channels, doubts = [], []
    for colour, rule in zip(dataset.channels.by_colour, dataset.intensities, strict=True):
        file = channel_file(dataset, source, colour)
        with faults_named(file, f"{colour} channel"):
            if file not in read:
                check_same_kind(source, file, "channel")
                read[file] = read_layer(dataset, source, file, cache, max_image_px)
                placement.check_equal(image.head, read[file].head, f"{colour} channel")
                doubts += [(file, doubt) for doubt in read[file].doubts]
                doubts += [(file, doubt) for doubt in difference_doubts(image, read[file], f"{colour} channel")]
            channels.append(_channel(colour, read[file], rule))
    return Shown(channels=tuple(channels), doubts=tuple(doubts))


def check_channels(
    dataset: Dataset, source: Source, image: Head, cache: InputCache, max_image_px: int
) -> Iterator[DataError]:
    """Yield what the headers show to be wrong with the channels of an image."""
    for colour in source.channels:
        try:
            file = channel_file(dataset, source, colour)
            with faults_named(file, f"{colour} channel"):
                if file != source.file:
                    check_same_kind(source, file, "channel")
                    placement.check_equal(
                        image, read_head(dataset, source, file, cache, max_image_px), f"{colour} channel"
                    )
        except DataError as error:
            yield error


def channel_file(dataset: Dataset, source: Source, colour: str) -> FileInfo:
    """Return the one file of a channel; raise DataError if there is none, more than one, or a mask."""
    files = source.channels[colour]
    if len(files) == 1:
        if files[0] != source.file and any(files[0] in masks for masks in source.masks.values()):
            detail = f"{storage.public(files[0].address)} is a mask of this image: a model would be shown the truth"
            raise DataError("mask as a channel", f"{colour}: {detail}; name another file as the channel")
        return files[0]
    found = ", ".join(storage.public(file.address) for file in files)
    place = list(source.channels).index(colour)
    expected = storage.public(expected_channels(dataset, source)[place])
    if files:
        raise DataError("several channels", f"{colour}: expected one file at {expected}, found {found}")
    raise DataError("channel missing", f"{colour}: expected a file at {expected}")


def _channel(colour: str, layer: Layer, rule: Intensity) -> Channel:
    resolved = intensity.resolved(rule, layer.known)
    label = (rule if resolved.suv else resolved).label
    return Channel(colour=colour, values=_greys(layer) if colour else layer.values, rule=resolved, label=label)


def _greys(layer: Layer) -> NDArray[Any]:
    """Return the values of a file that is one channel: HxW, or XYZ. A picture in colour must have three equal ones."""
    if layer.header is not None or layer.values.ndim == 2:
        return layer.values
    if (layer.values != layer.values[..., :1]).any():
        raise DataError("colour channel", "expected one grey value for each pixel of a file that is one channel")
    return np.ascontiguousarray(layer.values[..., 0])
