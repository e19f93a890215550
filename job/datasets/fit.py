"""Whether what a file's header declares fits into memory. Nothing is decoded before."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, local

from job import memory
from job.datasets.geometry import Grid
from job.errors import MemoryShortageError
from job.study.intensity import Intensity

COPIES = 3  # of a picture's values: by the decoder, as an array, and as the finite values that levels are taken from
RGB_BYTES = 3
SHARE_OF_MEMORY = 2  # images take at most one part in so many; the rest is for reading and for models
SMALL = 1 << 26  # bytes that are taken without asking the kernel, which costs as much as reading some pictures
SLABS = 1 << 28  # bytes for the slabs in which a volume is scaled and counted


_lock = Lock()
_beside_others = local()


@contextmanager
def beside_others() -> Iterator[None]:
    """Reserve what the checks of this thread ask for, until the context ends, because other threads read too."""
    with ExitStack() as reserved:
        _beside_others.reserved = reserved
        try:
            yield
        finally:
            _beside_others.reserved = None


def check_picture(height: int, width: int, channels: int, value_bytes: int) -> None:
    """Raise MemoryShortageError if a picture cannot be decoded and converted to uint8 RGB. value_bytes: of a value."""
    check_bytes(height * width * (COPIES * channels * value_bytes + RGB_BYTES))


def check_volume(grid: Grid, value_bytes: int, rule: Intensity | None) -> None:
    """Raise MemoryShortageError if a volume cannot be read. rule: of an image, whose levels may need a second copy."""
    finite = 1 + value_bytes if rule and rule.per == "volume" else 0
    ordered = 8 if finite and rule and rule.percentiles else 0
    check_bytes(math.prod(grid.shape_XYZ) * (value_bytes + finite + ordered) + SLABS)


def portion_bytes() -> int:
    """Return how much the images that are held together may take."""
    return memory.available() // SHARE_OF_MEMORY


def check_bytes(needed: int) -> None:
    """Raise MemoryShortageError if so many bytes do not fit into memory."""
    if needed <= SMALL:
        return
    with _lock:
        if not memory.fits(needed):
            free = memory.as_text(memory.available())
            raise MemoryShortageError(
                f"needs about {memory.as_text(needed)} to be read, {free} are available; {MemoryShortageError.remedy}"
            )
        if reserved := getattr(_beside_others, "reserved", None):
            reserved.enter_context(memory.reserved(needed))
