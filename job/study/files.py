"""The keys of a data set that find its files: fields of patterns and templates, masks and selections of images."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from job.study.strict import Address, Strict

TEMPLATE_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::int)?\}")
COMMON_FIELDS = ("stem", "name", "parent")

Masks = Address | Annotated[tuple[Address, ...], Field(min_length=1, strict=False)]
FieldValues = int | str | Annotated[tuple[int | str, ...], Field(min_length=1, strict=False)]
Selection = (
    Address
    | Annotated[tuple[Address, ...], Field(min_length=1, strict=False)]
    | Annotated[dict[str, FieldValues], Field(min_length=1)]
)
INSIDE = re.compile(
    r"(.*(?:\.npz|\.h5|\.hdf5|\.he5|\.mat|\.parquet|\.zarr/?|\{image\}|\{name\}))#([A-Za-z0-9_][A-Za-z0-9_/-]*(?:\[\*\])?)",
    re.DOTALL | re.IGNORECASE,
)
"""An address and what is meant inside the file, such as `a.npz#imgs`. Any other `#` is part of a name."""
EACH = "[*]"
"""Stands behind the name of an array of which each element is an image of its own, such as `a.npz#imgs[*]`."""
LIST = "list"
"""The key of a selection that names a list file; all other keys are fields."""


class AtLeast(Strict):
    """Pixels that at least so many masks of an image mark."""

    at_least: Annotated[int, Field(ge=1)]


class Table(Strict):
    """A table whose rows name images, and whose columns are fields of `masks`, `channels`, `patient` and selections."""

    file: Address
    """A CSV, TSV, JSON lines (.jsonl, .ndjson) or Parquet file."""
    image: Annotated[str, Field(min_length=1)]
    """The column that names an image: its address below the root of `images`, its name or stem; of an image that is a
    folder, also the address of a file in it."""
    where: Annotated[dict[str, FieldValues], Field(min_length=1)] | None = None
    """Which rows to use: values of columns, such as {split: [test, val]}, all of which must match."""


Join = Literal["union", "majority", "single"] | AtLeast


def template_fields(pattern: str) -> set[str]:
    """Return the named fields of a pattern or template, such as `case` for `{case}`."""
    return set(TEMPLATE_FIELD.findall(pattern))


def split_inside(address: str) -> tuple[str, str]:
    """Return an address, and what is meant inside the file; "" if that is not stated."""
    match = INSIDE.fullmatch(address)
    return (match[1], match[2]) if match else (address, "")
