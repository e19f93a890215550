"""Files at any address: list, read, cache, checksum, atomic and create-only writes. The only place that knows fsspec.

An address is a local path or a URL of any installed fsspec adapter (`s3://`, `https://`, `memory://`, …), or
`package://NAME/…` for a file inside an installed Python package. `ARCHIVE#/PATH` is a file in a zip or tar archive at
any of these. S3 takes its endpoint from AWS_ENDPOINT_URL.

Transient errors are retried. A request that a store refuses raises StoreRefusedError at once. Every other error that
keeps a file from being used is a StorageError.
"""

from job.storage.absence import why_nothing_matches
from job.storage.address import FileInfo, absolute, join, public
from job.storage.bounded import BoundedFolder
from job.storage.cache import InputCache
from job.storage.damage import damage_named, damaged, text_of
from job.storage.faults import storage_error
from job.storage.files import (
    BLOCK,
    create,
    delete,
    info,
    local_path,
    read,
    read_head,
    read_if_there,
    remembered_sha256,
    sha256,
    write,
)
from job.storage.kept import kept
from job.storage.linked import linked_folder
from job.storage.listing import list_files, literal
from job.storage.local import WRITING
from job.storage.mounting import cache_folder, fault_of_archive
from job.storage.secrets import hide
from job.storage.streams import filesystem, stream

__all__ = [
    "BLOCK",
    "WRITING",
    "BoundedFolder",
    "FileInfo",
    "InputCache",
    "absolute",
    "cache_folder",
    "create",
    "damage_named",
    "damaged",
    "delete",
    "fault_of_archive",
    "filesystem",
    "hide",
    "info",
    "join",
    "kept",
    "linked_folder",
    "list_files",
    "literal",
    "local_path",
    "public",
    "read",
    "read_head",
    "read_if_there",
    "remembered_sha256",
    "sha256",
    "storage_error",
    "stream",
    "text_of",
    "why_nothing_matches",
    "write",
]
