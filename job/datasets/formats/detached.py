"""Files whose values lie in others: MetaImage's .mhd, beside it, and Zarr files, which are folders."""

from __future__ import annotations

from dataclasses import replace

from job import storage
from job.datasets.formats import metaimage, metaimage_header, zarr_store
from job.errors import DataError
from job.storage import FileInfo

ENDING = ".mhd"


def with_values(file: FileInfo) -> FileInfo:
    """Return a file with the files of its values as its members, if there are any; another file as it is."""
    if file.address.lower().endswith(zarr_store.ENDINGS):
        return zarr_store.with_members(file)
    if not file.address.lower().endswith(ENDING) or file.dead_link or file.refusal:
        return file
    try:
        name = metaimage_header.parse(storage.read_head(file.address, metaimage.HEAD_BYTES)).data_file
    except DataError:  # the reader says what is wrong
        return file
    values = storage.info(storage.join(file.address.rpartition("/")[0], name)) if name else None
    return replace(file, members=(values,)) if values else file
