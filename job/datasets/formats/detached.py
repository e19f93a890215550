"""Headers whose values lie in a file beside them: MetaImage's .mhd."""

from __future__ import annotations

from dataclasses import replace

from job import storage
from job.datasets.formats import metaimage, metaimage_header
from job.errors import DataError
from job.storage import FileInfo

ENDING = ".mhd"


def with_values(file: FileInfo) -> FileInfo:
    """Return a header's file with the file of its values as its member, if there is one; another file as it is."""
    if not file.address.lower().endswith(ENDING) or file.dead_link or file.refusal:
        return file
    try:
        name = metaimage_header.parse(storage.read_head(file.address, metaimage.HEAD_BYTES)).data_file
    except DataError:  # the reader says what is wrong
        return file
    values = storage.info(storage.join(file.address.rpartition("/")[0], name)) if name else None
    return replace(file, members=(values,)) if values else file
