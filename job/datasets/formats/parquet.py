"""Parquet files of images: each row of a column is a file of its own, in the layout of image data sets on the hub.

A cell holds the bytes of a file, or a struct of `bytes` and `path`. Which one is meant is stated by `inside`, such as
`image[12]` for row 12. Of a file in a store, its footer and the row groups that are needed are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pyarrow as pa

from job import storage
from job.datasets.fit import check_bytes
from job.datasets.formats.npz_archive import index_of, name_of
from job.datasets.tabular import ColumnKindError, NoColumnError, texts_of
from job.errors import AbsentError, DataError, printable
from job.storage import FileInfo, damage_named, text_of
from job.study.files import EACH

ENDING = ".parquet"
MOST_ROWS = 1_000_000
LONGEST_NAME = 200
BATCH = 16  # rows that are unpacked at a time: sizes that a footer states may be lies
NAMED = 20


def is_cell(file: FileInfo) -> bool:
    """Return whether what is meant is a row of a Parquet file."""
    return file.address.lower().endswith(ENDING) and bool(file.inside)


def of_row(column: str, image: FileInfo) -> str:
    """Return what is meant in the row of an image by a column, such as `mask[12]` beside `image[12]`."""
    return f"{column.removesuffix(EACH)}[{index_of(image.inside)}]"


def rows(file: FileInfo) -> list[str]:
    """Return the names of the rows: the paths that the column states, if each row has one of its own, else numbers."""
    with _opened(file) as parquet:
        count = parquet.metadata.num_rows
        if count > MOST_ROWS:
            raise DataError("unreadable", f"expected at most {MOST_ROWS:,} rows, the file has {count:,}")
        column = name_of(file.inside)
        paths = _paths(parquet, column) if _is_struct(_type(parquet, column), "path") else []
    digits = len(str(max(count - 1, 0)))
    return paths if len(paths) == count else [f"{number:0{digits}}" for number in range(count)]


def cell(file: FileInfo) -> bytes:
    """Return the bytes of the file that a cell holds."""
    row = index_of(file.inside)
    if row is None:
        raise DataError("unreadable", f"which column is meant is not stated: add `#` and a name to {ENDING}")
    whole = replace(file, inside="")
    for group, (first, count) in enumerate(_groups(whole)):
        if first <= row < first + count:
            value = _held(whole, name_of(file.inside), group)[row - first]
            break
    else:
        raise DataError("unreadable", f"the file has no row {row}")
    content = value.get("bytes") if isinstance(value, dict) else value
    if content is None:
        path = value.get("path") if isinstance(value, dict) else None
        if path:  # which may hold a patient's name
            raise DataError("unreadable", f"row {row} holds a path and no bytes; no path is opened: store the bytes")
        raise AbsentError("unreadable", f"row {row} holds no bytes")
    return bytes(content)


def texts(file: FileInfo, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the values of other columns in the row of an image, as text; "" where there is none.

    Raise NoColumnError for a column that the file lacks, ColumnKindError for one that holds no texts or numbers.
    """
    return _texts(replace(file, inside=""), tuple(columns))[index_of(file.inside) or 0]


@contextmanager
def _opened(file: FileInfo) -> Iterator[Any]:
    """Open a file; turn whatever pyarrow raises for a damaged one into a DataError."""
    import pyarrow.parquet as pq  # not before a spec has such a file: it takes its time

    kinds = (pa.ArrowException, OSError, ValueError, KeyError)
    with damage_named(file.address, _damaged, kinds), storage.stream(file) as stream:
        yield pq.ParquetFile(stream)


def _damaged(error: Exception) -> str:
    return f"damaged, or no Parquet file: {text_of(error)}"


@lru_cache(maxsize=256)
def _groups(file: FileInfo) -> tuple[tuple[int, int], ...]:
    """Return the first row and the number of rows of each row group."""
    with _opened(file) as parquet:
        metadata, first, groups = parquet.metadata, 0, []
        for index in range(metadata.num_row_groups):
            count = metadata.row_group(index).num_rows
            groups.append((first, count))
            first += count
        return tuple(groups)


@lru_cache(maxsize=4)
def _held(file: FileInfo, column: str, group: int) -> list[Any]:
    """Return a column of a row group. The last four are kept: the rows of a group are read one after the other."""
    with _opened(file) as parquet:
        kind = _type(parquet, column)
        leaves = [f"{column}.{name}" for name in ("bytes", "path") if _is_struct(kind, name)] or [column]
        if not (_is_bytes(kind) or _is_struct(kind, "bytes")):
            raise DataError("unreadable", f"expected bytes, or a struct of `bytes` and `path`, in {column}, got {kind}")
        values: list[Any] = []
        held = 0
        for batch in parquet.iter_batches(BATCH, row_groups=[group], columns=leaves, use_threads=False):
            held += batch.nbytes
            check_bytes(2 * held)
            values.extend(batch.column(0).to_pylist())
        if len(values) != parquet.metadata.row_group(group).num_rows:
            raise DataError("unreadable", f"damaged: {len(values)} rows in place of those that the footer states")
        return values


@lru_cache(maxsize=4)
def _texts(file: FileInfo, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the values of columns of all rows. The last four files are kept: rows are asked for one by one."""
    with _opened(file) as parquet:
        for column in columns:
            if column not in parquet.schema_arrow.names:
                raise NoColumnError(column, parquet.schema_arrow.names)
            kind = _type(parquet, column)
            if pa.types.is_nested(kind) or _is_bytes(kind):
                raise ColumnKindError(column, kind)
        found: list[tuple[str, ...]] = []
        held = 0
        for batch in parquet.iter_batches(BATCH, columns=list(columns), use_threads=False):
            held += batch.nbytes
            check_bytes(2 * held)
            table = pa.Table.from_batches([batch])
            found.extend(zip(*(texts_of(table[name], name) for name in columns), strict=True))
        return found


def _type(parquet: Any, column: str) -> Any:
    """Return the type of a column; raise DataError if there is none of this name."""
    names = parquet.schema_arrow.names
    if names.count(column) != 1:
        known = ", ".join(printable(name)[:LONGEST_NAME] for name in names[:NAMED]) or "none"
        raise DataError("array missing", f"no column {column!r}; it has {known}; add `#` and a name to the file's name")
    return parquet.schema_arrow.field(column).type


def _is_bytes(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_struct(kind: Any, field: str) -> bool:
    return bool(pa.types.is_struct(kind) and kind.get_field_index(field) >= 0)


def _paths(parquet: Any, column: str) -> list[str]:
    """Return the path of each row; [] if one has none, or two have the same."""
    paths: list[str] = []
    for batch in parquet.iter_batches(BATCH, columns=[f"{column}.path"], use_threads=False):
        for value in batch.column(0).to_pylist():
            path = value and value["path"]
            if not isinstance(path, str) or not 0 < len(path) <= LONGEST_NAME:
                return []
            paths.append(path.strip("/"))
    return paths if len(set(paths)) == len(paths) else []
