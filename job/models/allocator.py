"""Memory that inference on a CPU frees is kept for its next layer, not given back to the system and faulted in again.

By default glibc maps each large tensor anew; the page faults took about half of the time of LiteMedSAM and SAM on two
cores (benchmarks/allocator.py measures it). The price is a process that keeps its peak of memory until it ends.
"""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD = -1  # from glibc's malloc.h
M_MMAP_MAX = -4
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed; False where the C library is another one and decides for itself."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, LARGEST_INT))
