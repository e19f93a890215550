"""A random choice among equals that depends on nothing but the object and the step.

Models, mask choices, shards and the order of work play no component, so that every model gets the same first click.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Draw:
    """The source of chance for one object: a hash of (seed, image, slice, task) and what is asked of it."""

    seed: int
    image: str
    slice: int
    task: str

    def below(self, count: int, *, step: int, component: int = 0) -> int:
        """Draw an integer from 0 to count - 1 for a step, and for one component of several of the same step."""
        identity = json.dumps([self.seed, self.image, self.slice, self.task, step, component])
        return int.from_bytes(hashlib.sha256(identity.encode()).digest()) % count
