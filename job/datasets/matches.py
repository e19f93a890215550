"""The images that a pattern matches, with the values of the fields that templates may use."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from job.datasets.formats import parquet
from job.datasets.formats.elements import elements
from job.datasets.pattern import Pattern, stem
from job.errors import StorageError
from job.storage import FileInfo
from job.study.addresses import IN_ARCHIVE
from job.study.dataset import Dataset


def matches(
    dataset: Dataset, pattern: Pattern, listing: Mapping[str, FileInfo]
) -> Iterator[tuple[str, FileInfo, Mapping[str, str]]]:
    """Yield, sorted, each image's address below the root, its file, and the values of the template fields."""
    for address, file in sorted(listing.items()):
        fields = pattern.fields(address)
        if fields is not None:
            _check_unicode(address)
            for suffix, each in elements(with_channel(replace(file, inside=pattern.inside), dataset.channel)):
                named = address + suffix if parquet.is_cell(each) else address
                yield address + suffix, each, fields_of(named, file.address, fields)


def fields_of(image: str, address: str, named: Mapping[str, str]) -> dict[str, str]:
    """Return the values of all fields that templates may use. image: the address below the root."""
    name = posixpath.basename(image)
    decoded = unquote(address) if address.startswith(("http://", "https://")) else address
    parent = posixpath.basename(posixpath.dirname(posixpath.normpath(decoded)))
    return {
        **named,
        "name": name,
        "stem": name if address.endswith("/") else stem(name),
        "parent": IN_ARCHIVE.sub("", parent),
        "image": image,
    }


def with_channel(file: FileInfo, channel: int | None) -> FileInfo:
    """Return a file of which one channel is meant; of a Zarr file, one of the array that is named. None: as it is."""
    if channel is None:
        return file
    is_zarr = file.address.lower().endswith(".zarr/")
    return replace(file, inside=f"{file.inside.partition('[')[0]}[{channel}]" if is_zarr else str(channel))


def _check_unicode(name: str) -> None:
    """Raise StorageError for a file name that is not UTF-8: Python reads such bytes as lone surrogates."""
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        raise StorageError(f"{name!a}: the name of this file is not UTF-8; rename it")
