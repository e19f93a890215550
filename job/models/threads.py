"""The threads of torch on a CPU: no more than the process may keep busy, once, before any model is built.

The last bits of a row depend on their number, which footers and manifests state.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch

STATED = "OMP_NUM_THREADS"


def limit_threads(processors: int, environment: Mapping[str, str] = os.environ) -> None:
    """Let torch use at most so many threads, unless the environment states their number. They are never increased."""
    if not environment.get(STATED) and torch.get_num_threads() > processors:
        torch.set_num_threads(processors)
