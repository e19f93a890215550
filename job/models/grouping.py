"""Groups of what is alike, and batches of limited size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key", bound=tuple[int, ...])


def groups(items: Iterable[Item], key: Callable[[Item], Key]) -> list[list[Item]]:
    """Group items by key, in ascending order of the keys."""
    grouped: defaultdict[Key, list[Item]] = defaultdict(list)
    for item in items:
        grouped[key(item)].append(item)
    return [grouped[group_key] for group_key in sorted(grouped)]


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield consecutive items, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
