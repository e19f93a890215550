"""How many processors this process may use, by its affinity and the quotas of its control groups.

A pod with a quota of 4 on a node of 96 that starts 96 threads waits for its quota most of the time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")
VERSIONS = (("", "sys/fs/cgroup"), ("cpu", "sys/fs/cgroup/cpu"))
"""Control groups of version 2 and 1: controller in /proc/self/cgroup, folder."""


def usable(root: Path = ROOT) -> int:
    """Return how many processors this process may keep busy, at least 1. A quota of a fraction is rounded up."""
    return max(1, min([_allowed(), *(math.ceil(quota) for quota in _quotas(root))]))


def _allowed() -> int:
    """Return the number of processors on which the kernel may run this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # elsewhere than on Linux


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quotas, in processors, of this process's control groups, up to the topmost that can be seen."""
    for group in _groups(root):
        figures = [
            *_words(group / "cpu.max"),
            *_words(group / "cpu.cfs_quota_us"),
            *_words(group / "cpu.cfs_period_us"),
        ]
        if len(figures) == 2 and all(figure.isdecimal() for figure in figures):  # `max` or -1: no quota
            yield int(figures[0]) / int(figures[1])


def _groups(root: Path) -> Iterator[Path]:
    memberships = [line.split(":", 2) for line in _lines(root / "proc/self/cgroup")]
    for controller, folder in VERSIONS:
        for path in (path for _, names, path in memberships if controller in names.split(",")):
            inside = PurePosixPath(path.lstrip("/"))
            # Inside a container, the group's files lie at the top, though its name is that of the host.
            for group in dict.fromkeys((inside, *inside.parents, PurePosixPath(""))):
                yield root / folder / group


def _words(path: Path) -> list[str]:
    return [word for line in _lines(path) for word in line.split()]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
