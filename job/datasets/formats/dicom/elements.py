"""The values of elements of a DICOM data set, checked. No error quotes a value, which may name a patient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydicom import Dataset

from job.errors import DataError


def text(dataset: Dataset, keyword: str) -> str:
    """Return the text of an element, "" if it is missing or empty."""
    with _naming(keyword):
        value = dataset.get(keyword)
        return "" if value is None else str(value).strip()


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Return the finite numbers of an element, None if it is missing or empty; raise DataError for another count."""
    with _naming(keyword):
        value = dataset.get(keyword)
        if value is None or value == "":
            return None
        several = not isinstance(value, str | bytes) and isinstance(value, Sequence)
        found = tuple(float(each) for each in (value if several else [value]))
    if not found:
        return None
    if len(found) != count or not all(map(math.isfinite, found)):
        raise DataError("unreadable", f"{keyword} holds {len(found)} values, expected {count} finite numbers")
    return found


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the number of an element, None if it is missing or empty."""
    found = numbers(dataset, keyword, 1)
    return found[0] if found else None


def whole_number(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    """Return the integer of an element; raise DataError if it is missing and there is no default."""
    found = number(dataset, keyword)
    if found is None and default is not None:
        return default
    if found is None or found != int(found):
        raise DataError("unreadable", f"{keyword} is missing, or no integer")
    return int(found)


def items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """Return the items of a sequence, none if it is missing."""
    with _naming(keyword):
        value = dataset.get(keyword)
        return list(value) if value is not None else []


@contextmanager
def _naming(keyword: str) -> Iterator[None]:
    """Turn pydicom's errors into a DataError that names the element but not its value, which may name a patient."""
    try:
        yield
    except Exception:
        raise DataError("unreadable", f"damaged: the element {keyword} cannot be read") from None
