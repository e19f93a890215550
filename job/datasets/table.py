"""Which images the rows of a table name, and which of its columns are fields of the templates."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from job.datasets.formats import parquet
from job.datasets.pairing import mask_templates
from job.datasets.pattern import nfc
from job.datasets.selection import names_of, value_matches
from job.datasets.tabular import ColumnKindError, NoColumnError, Row, read_rows
from job.errors import DataError, PairingError
from job.storage import FileInfo
from job.study.dataset import Dataset
from job.study.explain import similar
from job.study.files import COMMON_FIELDS, LIST, Table, template_fields
from job.study.yaml_source import shorten

SHOWN = 20
COMPARED = 1000
"""Columns among which the nearest to a wrong one is looked for."""
DEEPEST = 16
"""Slashes of a value up to which files are looked for: each number of them takes a listing."""
EMPTY = "(empty)"
Key = tuple[str, ...]
Match = tuple[str, FileInfo, Mapping[str, str]]
"""An image's address below the root, its file and its fields, as `matches` yields them."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The images that the rows of a table name, with its columns among their fields; all images without a table.

    unlisted: the other images. not_found: names in used rows that no image has, shortened. slashes: of each column that
    is a field, how many slashes its values have.
    """

    images: Sequence[Match]
    unlisted: Sequence[Match] = ()
    not_found: tuple[str, ...] = ()
    slashes: Mapping[str, Sequence[int]] = field(default_factory=dict)


def listed(dataset: Dataset, found: Sequence[Match]) -> Listed:
    """Divide the images that the pattern matches by whether a row names them.

    Raise PairingError, with the key of the spec, if the table cannot be used, lacks a column, has rows that name one
    image and differ in a column that is a field, or a row that names two images.
    """
    columns = list(_columns(dataset))
    if dataset.table is None:
        rows_of_files = _with_own_columns(dataset, found, columns)
        return Listed(images=rows_of_files, slashes=_slashes_of(columns, rows_of_files))
    index = _Index([address for address, _, _ in found], (dataset.images or "").endswith("/"))
    for name, row in _used_rows(dataset, dataset.table):
        index.add(name, row)
    rows = [index.row(address, columns) for address, _, _ in found]
    images = [
        (address, file, {**dict(zip(columns, row, strict=True)), **fields})
        for (address, file, fields), row in zip(found, rows, strict=True)
        if row is not None
    ]
    return Listed(
        images=images,
        unlisted=[match for match, row in zip(found, rows, strict=True) if row is None],
        not_found=tuple(sorted(map(shorten, index.not_found))),
        slashes=_slashes_of(columns, images),
    )


def _with_own_columns(dataset: Dataset, found: Sequence[Match], columns: Sequence[str]) -> Sequence[Match]:
    """Return images that are rows of Parquet files with the columns of these files among their fields."""
    if not columns or not any(parquet.is_cell(file) for _, file, _ in found):
        return found
    keys = _columns(dataset)
    images = []
    for address, file, fields in found:
        try:
            values = parquet.texts(file, columns)
        except NoColumnError as error:
            raise PairingError(keys[error.column], _unknown(error, "Parquet file")) from None
        except ColumnKindError as error:
            message = f"expected texts or numbers in the column {error.column!r} of {address}, got {error.kind}"
            raise PairingError(keys[error.column], message) from None
        except DataError:  # an image that cannot be read is no other's patient
            values = (address,) * len(columns)
        images.append((address, file, {**dict(zip(columns, map(nfc, values), strict=True)), **fields}))
    return images


def _slashes_of(columns: Sequence[str], images: Sequence[Match]) -> dict[str, Sequence[int]]:
    return {column: sorted(_slashes(fields.get(column, "") for _, _, fields in images)) for column in columns}


def _slashes(values: Iterable[str]) -> set[int]:
    return {count for count in (value.count("/") for value in values) if count <= DEEPEST}


class _Index:
    """The rows by the images that they name: by address, or by name or stem, which one image alone may have.

    Rows that name nothing are not kept, so that one row for each file of a large series takes no room.
    """

    def __init__(self, images: Iterable[str], of_folders: bool) -> None:
        self.not_found: set[str] = set()
        self._names = {name for image in images for name in _names(image)}
        self._of_folders = of_folders
        self._first: dict[str, Row] = {}
        self._other: dict[str, Row] = {}
        self._taken: dict[str, str] = {}

    def add(self, name: str, row: Row) -> None:
        """Add a row by the name of its image, or by that of a file in the folder that is the image."""
        folders = [f"/{posixpath.dirname(name)}"] if self._of_folders else []
        known = [each for each in (f"/{name}", name, *folders) if each in self._names]
        if not known:
            self.not_found.add(name or EMPTY)
        for each in known:
            if self._first.setdefault(each, row) != row:
                self._other.setdefault(each, row)

    def row(self, image: str, columns: Sequence[str]) -> Row | None:
        """Return the row of an image, None if there is none; of its names, the most exact one counts."""
        name = next((name for name in _names(image) if name in self._first), None)
        if name is None:
            return None
        if (other := self._taken.setdefault(name, image)) != image:
            hint = "name images by their addresses below the root of `images`"
            raise PairingError(("table", "image"), f"{shorten(name)} names both {other} and {image}: {hint}")
        if name in self._other:
            column, *values = next(
                each for each in zip(columns, self._first[name], self._other[name], strict=True) if each[1] != each[2]
            )
            first, second = map(shorten, values)
            detail = f"one row has {first!r} in column {column!r}, another {second!r}"
            raise PairingError(("table",), f"expected rows that agree on {image}: {detail}; choose with `where`")
        return self._first[name]


def _names(image: str) -> list[str]:
    """Return the keys of an image's rows, the most exact one first: its address with a slash before it, its names."""
    address, *names = names_of(image)
    return [f"/{address}", *names]


def _columns(dataset: Dataset) -> dict[str, Key]:
    """Return the columns that templates and selections name, each with a key that names it; no fields of `images`."""
    templates: list[tuple[str, Key]] = [(dataset.patient or "", ("patient",))]
    for task, settings in dataset.tasks.items():
        key = ("tasks", task, "masks") if settings.masks else ("masks",)
        templates += [(text, key) for text in mask_templates(dataset, task)]
    channels = dataset.channels.by_colour if dataset.channels else {}
    templates += [(channel.file, ("channels", colour)) for colour, channel in channels.items()]
    named = [(template_fields(text), key) for text, key in templates] + list(_selected_fields(dataset))
    own = {*template_fields(dataset.images or ""), *COMMON_FIELDS, "image", LIST}
    return {name: key for names, key in reversed(named) for name in sorted(names - own)}


def _selected_fields(dataset: Dataset) -> Iterator[tuple[set[str], Key]]:
    """Yield the fields that each selection of images names, with its key."""
    selections: dict[Key, Any] = {("only",): dataset.only, ("except",): dataset.except_}
    axes = dataset.axes if isinstance(dataset.axes, Mapping) else {}
    for key, selection in (selections | {("axes", name): each for name, each in axes.items()}).items():
        if isinstance(selection, Mapping):
            yield set(selection), key


def _used_rows(dataset: Dataset, table: Table) -> Iterator[tuple[str, Row]]:
    """Yield, of each row that `where` leaves, the name of an image and the columns that are fields, in NFC."""
    keys = _columns(dataset)
    where = table.where or {}
    wanted = [table.image, *where, *keys]
    try:
        rows = read_rows(table.file, wanted)
    except NoColumnError as error:
        key = keys.get(error.column) or (
            ("table", "image") if error.column == table.image else ("table", "where", error.column)
        )
        raise PairingError(key, _unknown(error)) from None
    for row in rows:
        name, *values = map(nfc, row)
        if all(map(value_matches, values, where.values())):
            yield name.strip().rstrip("/"), tuple(values[len(where) :])


def _unknown(error: NoColumnError, what: str = "table") -> str:
    """Return what is said of a column that the table lacks."""
    names = [shorten(name) for name in error.names[:COMPARED]]
    known = ", ".join([*names[:SHOWN], *(["…"] if len(names) > SHOWN else [])]) or "none"
    hint = similar(error.column, names)
    return f"no column {error.column!r} in the {what}, which has {known}" + (f"; {hint}" if hint else "")


def check_patients(dataset: Dataset, images: Iterable[tuple[str, Mapping[str, str]]]) -> None:
    """Raise PairingError for an image whose patient a column leaves open: all such would be one patient.

    images: by address, with their fields.
    """
    columns = template_fields(dataset.patient or "").intersection(_columns(dataset))
    for address, fields in images:
        for column in sorted(columns):
            if not fields[column]:
                key = "where" if dataset.table else "only"
                hint = f'leave such rows out with `{key}: {{{column}: "?*"}}`'
                raise PairingError(("patient",), f"column {column!r} is empty in the row of {address}; {hint}")
