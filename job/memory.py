"""How much more memory this process may take, by its control group, its resource limits and the machine.

What fits is read from the kernel each time, never remembered: other processes come and go. Work that is under way
reserves what it has still to take, so that a second thread does not count the same bytes as free.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from threading import Lock

PAGE = resource.getpagesize()
ROOT = Path("/")
VERSION_2 = ("", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
VERSION_1 = ("memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
"""Control groups by version: controller in /proc/self/cgroup, folder, limit, use, and the use that can be dropped."""

LIMITS = ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData"))
"""The limits of the process, and what counts against them in /proc/self/status."""


class _Reserved:
    """Bytes that work of this process has reserved."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.bytes = 0

    def add(self, number: int) -> None:
        with self.lock:
            self.bytes += number


_reserved = _Reserved()


def available(root: Path = ROOT) -> int:
    """Return the bytes that this process may still take, less what is reserved; a huge number if nothing limits it."""
    left = [*_groups(root), *_machine(root), *_limits(root)]
    return max(0, min(left, default=sys.maxsize) - _reserved.bytes)


def fits(needed: int) -> bool:
    """Return whether this process may take so many bytes more, if need be once freed memory went back."""
    if needed <= available():
        return True
    release()
    return needed <= available()


@contextmanager
def reserved(needed: int) -> Iterator[None]:
    """Reserve bytes for the work in this context."""
    _reserved.add(needed)
    try:
        yield
    finally:
        _reserved.add(-needed)


def release() -> None:
    """Return freed memory that the C library keeps to the kernel."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


def is_limited() -> bool:
    """Return whether `ulimit -v` or `-d` limits this process: then all that it keeps counts, used or not."""
    return any(resource.getrlimit(kind)[0] != resource.RLIM_INFINITY for kind, _ in LIMITS)


def as_text(number: int) -> str:
    """Return a number of bytes in GiB, such as `1.5 GiB`."""
    return f"{number / (1 << 30):.1f} GiB"


def _groups(root: Path) -> Iterator[int]:
    """Yield what each control group of this process leaves, from its own up to the topmost that can be seen."""
    for group in _limiting_groups(root):
        yield from _group(*group)


@lru_cache
def _limiting_groups(root: Path) -> tuple[tuple[Path, str, str, str], ...]:
    """Return the groups that may limit this process, with the names of their files. Looked up once: they stay."""
    return tuple(group for group in _all_groups(root) if (group[0] / group[1]).exists())


def _all_groups(root: Path) -> Iterator[tuple[Path, str, str, str]]:
    memberships = [line.split(":", 2) for line in _lines(root / "proc/self/cgroup")]
    for controller, folder, limit, used, droppable in (VERSION_2, VERSION_1):
        paths = [path for _, names, path in memberships if controller in names.split(",")]
        for path in paths:
            inside = PurePosixPath(path.lstrip("/"))
            for group in dict.fromkeys((inside, *inside.parents, PurePosixPath(""))):
                yield root / folder / group, limit, used, droppable


def _group(folder: Path, limit: str, used: str, droppable: str) -> Iterator[int]:
    """Yield what one control group leaves. Pages of files that can be dropped count as free."""
    limits, uses = _lines(folder / limit), _lines(folder / used)
    if limits and uses and limits[0].isdecimal():
        yield int(limits[0]) - int(uses[0]) + _figures(folder / "memory.stat").get(droppable, 0)


def _machine(root: Path) -> Iterator[int]:
    figures = _figures(root / "proc/meminfo")
    if "MemAvailable" in figures:
        yield figures["MemAvailable"] << 10


def _limits(root: Path) -> Iterator[int]:
    """Yield what `ulimit -v` and `ulimit -d` leave. Freed memory that the C library keeps counts as used."""
    figures = _figures(root / "proc/self/status")
    for kind, name in LIMITS:
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY and name in figures:
            yield limit - (figures[name] << 10)


def _figures(path: Path) -> dict[str, int]:
    """Return the numbers of a file with a name and a number in each line."""
    words = [line.replace(":", " ").split() for line in _lines(path)]
    return {word[0]: int(word[1]) for word in words if len(word) > 1 and word[1].isdecimal()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
