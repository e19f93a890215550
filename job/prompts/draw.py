"""A random choice among equally deep pixels that depends only on seed, object and step.

It does not depend on model, mask choice, shard or order of work, so every model gets the same first click.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

DIGEST_BITS = 256


@dataclass(frozen=True, kw_only=True)
class Draw:
    """The random choices for one object, from hashes of (seed, image, slice, task) and of step and component."""

    seed: int
    image: str
    slice: int
    task: str

    def below(self, count: int, *, step: int, component: int = 0) -> int:
        """Return an integer from 0 to count - 1 for a step, and for one of several components in that step."""
        return self._number(step, component) % count

    def shift(self, most: int, *, step: int, component: int, coordinate: int) -> int:
        """Return an integer from -most to most for a coordinate of a prompt; a larger `most` gives a larger shift."""
        share = self._number(step, component, "shift", coordinate)
        return (share * (2 * most + 1) >> DIGEST_BITS) - most

    def _number(self, *choice: int | str) -> int:
        """Return an integer from 0 to 2**256 - 1 for one choice."""
        identity = json.dumps([self.seed, self.image, self.slice, self.task, *choice])
        return int.from_bytes(hashlib.sha256(identity.encode()).digest())
