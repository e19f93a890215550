"""A bound on what one stored file unpacks to: a few kilobytes of Parquet can hold billions of equal rows."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from job import storage
from job.errors import OutputError

MOST_ROWS = 2_000_000
MOST_BYTES = 1 << 32
"""Rows and unpacked bytes of one file: a chunk's are some thousand rows."""


def rows_of(data: bytes) -> pa.Table:
    """Return the rows of a Parquet file; raise OutputError if its footer announces more than any chunk has."""
    # In this thread alone: a thread of Arrow's that holds Python's bytes at exit aborts it (apache/arrow#34314).
    file = pq.ParquetFile(pa.BufferReader(data))
    metadata = file.metadata
    size = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if metadata.num_rows > MOST_ROWS or size > MOST_BYTES:
        raise OutputError(
            f"{metadata.num_rows} rows, {size} bytes unpacked; at most {MOST_ROWS} rows, {MOST_BYTES} bytes are read"
        )
    return file.read(use_threads=False)


def read_table(address: str, schema: pa.Schema) -> pa.Table:
    """Read a stored file of a table; raise OutputError, with the way out, if it is damaged or has other columns."""
    try:
        table = rows_of(storage.read(address))
        reason = "" if table.schema.remove_metadata() == schema else "its columns are not those of this version"
    except (pa.ArrowException, OSError, OutputError) as error:
        reason = f"damaged ({error})"
    if reason:
        raise OutputError(
            f"{storage.public(address)}: {reason}; delete it and run the study again, which makes it anew"
        )
    return table
