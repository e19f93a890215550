"""How chunks are dealt to workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """Worker `index` of `count`, counted from 0."""

    index: int
    count: int

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return every `count`-th item from `index` on. Neighbours cost alike, so they go to different workers."""
        return items[self.index :: self.count]


ALONE = Shard(0, 1)
"""A worker without shards: its share is everything."""
