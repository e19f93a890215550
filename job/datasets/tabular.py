"""Rows of a table beside the data, as text: CSV, TSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from job import storage
from job.errors import MachineError, PairingError, StorageError, printable

MOST_BYTES = 1 << 26
MOST_ROWS = 1_000_000
LONGEST_LINE = 1 << 20
MOST_UNPACKED = 1 << 29
"""Bytes of all columns of a Parquet file, as its footer states them."""

Row = tuple[str, ...]
Reader = Callable[[bytes, Sequence[str]], Iterator[Row]]


class NoColumnError(Exception):
    """A table lacks a column. names: the columns that it has."""

    def __init__(self, column: str, names: Iterable[str]) -> None:
        super().__init__(column)
        self.column = column
        self.names = list(names)


class ColumnKindError(Exception):
    """A column holds no texts or numbers. kind: what it holds."""

    def __init__(self, column: str, kind: object) -> None:
        super().__init__(column)
        self.column = column
        self.kind = str(kind)


def read_rows(address: str, columns: Sequence[str]) -> list[Row]:
    """Return the values of some columns of each row, as text; "" where the table has none.

    Raise NoColumnError for a column that the table lacks, PairingError if the file cannot be read or used.
    """
    reader = next((read for ending, read in READERS.items() if address.lower().endswith(ending)), None)
    if reader is None:
        raise _refused(address, f"expected a file that ends in {', '.join(READERS)}")
    data = _content(address)
    rows: list[Row] = []
    try:
        for row in reader(data, columns):
            rows.append(row)
            _check(len(rows) <= MOST_ROWS, f"at most {MOST_ROWS:,} rows")
    except UnicodeDecodeError:
        raise _refused(address, "expected text in UTF-8") from None
    except (csv.Error, pa.ArrowException, OSError) as error:
        raise _refused(address, f"expected a table that can be read: {printable(str(error))}") from None
    except ValueError as error:
        raise _refused(address, printable(str(error))) from None
    return rows


def _content(address: str) -> bytes:
    """Return the bytes of a file; raise PairingError if they are too many, or cannot be read."""
    try:
        data = storage.read_head(address, MOST_BYTES + 1)
    except MachineError:
        raise
    except StorageError as error:
        raise PairingError(("table", "file"), str(error)) from None
    if len(data) > MOST_BYTES:
        raise _refused(address, f"expected a table of at most {MOST_BYTES >> 20} MiB")
    return data


def _refused(address: str, expected: str) -> PairingError:
    return PairingError(("table", "file"), f"{storage.public(address)}: {expected}")


def _check(holds: bool, expected: str) -> None:
    """Raise ValueError with what was expected, unless it holds."""
    if not holds:
        raise ValueError(f"expected {expected}")


def _places(names: Sequence[str], columns: Sequence[str]) -> list[int]:
    """Return the place of each column among the names of all."""
    for column in columns:
        if column not in names:
            raise NoColumnError(column, names)
        _check(names.count(column) == 1, f"one column {column!r}, not several")
    return [names.index(column) for column in columns]


def _lines(data: bytes) -> Iterator[str]:
    """Yield the lines of a text with their ends, so that a quoted value keeps its own."""
    for line in io.StringIO(data.decode("utf-8-sig"), newline=""):
        _check(len(line) <= LONGEST_LINE, f"lines of at most {LONGEST_LINE:,} characters")
        yield line


def _separated(by: str) -> Reader:
    """Return the reader of values between commas or tabs, with double quotes (RFC 4180) and a line of names."""

    def rows(data: bytes, columns: Sequence[str]) -> Iterator[Row]:
        reader = csv.reader(_lines(data), delimiter=by, strict=True)
        names = next(reader, [])
        places = _places(names, columns)
        for row in reader:
            if row:
                _check(len(row) == len(names), f"{len(names)} values in line {reader.line_num}, got {len(row)}")
                yield tuple(row[place] for place in places)

    return rows


def _json_lines(data: bytes, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a file with a JSON object on each line. Numbers stay as they are written."""
    names: dict[str, None] = {}
    rows = []
    for number, line in enumerate(_lines(data), 1):
        if line.strip():
            entry = _object(line, number)
            names |= dict.fromkeys(entry)
            rows.append(tuple(_text(entry.get(column), column, number) for column in columns))
            _check(len(rows) <= MOST_ROWS, f"at most {MOST_ROWS:,} rows")
    _places(list(names), columns)
    yield from rows


def _object(line: str, number: int) -> Mapping[str, Any]:
    """Return the JSON object of a line; NaN and infinities, which JSON does not have, are null."""
    try:
        entry = json.loads(line, parse_int=str, parse_float=str, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        raise ValueError(f"expected a JSON object in line {number}")
    return entry


def _text(value: Any, column: str, number: int) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    is_text = isinstance(value, str) and value.encode(errors="replace").decode() == value  # no half of a character
    _check(value is None or is_text, f"a text or a number as {column!r} in line {number}")
    return value or ""


def _parquet(data: bytes, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a Parquet file. Sizes are checked from its footer, and equal texts are kept once."""
    import pyarrow.parquet as pq  # not before a spec has a table: it takes its time

    file = pq.ParquetFile(pa.BufferReader(data))
    for place, column in zip(_places(file.schema_arrow.names, columns), columns, strict=True):
        kind = file.schema_arrow.field(place).type
        _check(not pa.types.is_nested(kind), f"texts or numbers in column {column!r}, got {kind}")
    _check(file.metadata.num_rows <= MOST_ROWS, f"at most {MOST_ROWS:,} rows")
    # Of its columns, the footer is not asked: pyarrow ends the process where it finds a fault in their statistics.
    unpacked = sum(file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups))
    _check(unpacked <= MOST_UNPACKED, f"a table of at most {MOST_UNPACKED >> 20} MiB, unpacked")
    file = pq.ParquetFile(pa.BufferReader(data), metadata=file.metadata, read_dictionary=list(columns))
    table = file.read(columns=list(dict.fromkeys(columns)), use_threads=False)
    yield from zip(*(texts_of(table[column], column) for column in columns), strict=True)


def texts_of(values: Any, column: str) -> Iterator[str]:
    """Yield the values of an Arrow column as text; "" for null and NaN. Raise ValueError if they are none."""
    for chunk in values.chunks:
        try:
            coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
            texts = coded.dictionary.cast(pa.string()).to_pylist()
        except pa.ArrowException:
            raise ValueError(f"expected texts or numbers in column {column!r}, got {chunk.type}") from None
        missing = {None, "nan"} if pa.types.is_floating(coded.type.value_type) else {None}
        shown = ["" if text in missing else text for text in texts]
        yield from ("" if index is None else shown[index] for index in coded.indices.to_pylist())


READERS: dict[str, Reader] = {
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
