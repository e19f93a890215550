"""A random choice among equally deep pixels that depends only on seed, object and step.

It does not depend on model, mask choice, shard or order of work, so every model gets the same first click.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Draw:
    """The random choices for one object, from hashes of (seed, image, slice, task) and of step and component."""

    seed: int
    image: str
    slice: int
    task: str

    def below(self, count: int, *, step: int, component: int = 0) -> int:
        """Return an integer from 0 to count - 1 for a step, and for one of several components in that step."""
        identity = json.dumps([self.seed, self.image, self.slice, self.task, step, component])
        return int.from_bytes(hashlib.sha256(identity.encode()).digest()) % count
