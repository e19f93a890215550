"""Keep the memory that inference on a CPU frees, so that its next layer can use it without page faults.

By default glibc maps each large tensor anew; the page faults took about half of the time of LiteMedSAM and SAM on two
cores (benchmarks/allocator.py measures it). The cost is that the process holds its peak memory until it ends.
"""

from __future__ import annotations

import ctypes

from job import memory

M_TRIM_THRESHOLD = -1  # from glibc's malloc.h
M_MMAP_THRESHOLD = -3
M_MMAP_MAX = -4
LARGE = 1 << 20  # bytes
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory and return True.

    Return False if the C library has no `mallopt`, or if a limit of the process counts what it keeps: then each large
    tensor is mapped anew.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    if memory.is_limited():
        mallopt(M_MMAP_THRESHOLD, LARGE)
        return False
    return bool(mallopt(M_MMAP_MAX, 0)) and bool(mallopt(M_TRIM_THRESHOLD, LARGEST_INT))
