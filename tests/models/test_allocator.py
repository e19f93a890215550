"""Freed memory stays with the process once it is asked to keep it, measured by glibc's own counters."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="the C library is not glibc 2.33 or later"
)
MIB = 1 << 20
PROGRAM = """
import ctypes, json, sys

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
Counters = type("Counters", (ctypes.Structure,), {"_fields_": [(name, ctypes.c_size_t) for name in NAMES]})
libc.mallinfo2.restype = Counters

from job.models.allocator import keep_freed_memory
returned = keep_freed_memory() if sys.argv[1] == "keep" else None

mapped_before = libc.mallinfo2().hblks
block = libc.malloc(64 << 20)
mapped = libc.mallinfo2().hblks - mapped_before
libc.free(block)
print(json.dumps({"returned": returned, "mapped": mapped, "heap_after_free": libc.mallinfo2().arena}))
"""


def allocate_and_free(mode: str) -> dict[str, int]:
    """Allocate 64 MiB in a new process and free them; return what glibc counted."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, check=True)
    counters: dict[str, int] = json.loads(done.stdout)
    return counters


def test_freed_memory_is_kept() -> None:
    """A large block comes from the heap instead of a mapping, and the heap does not shrink when it is freed."""
    counters = allocate_and_free("keep")
    assert counters["returned"] is True
    assert counters["mapped"] == 0
    assert counters["heap_after_free"] >= 64 * MIB


def test_by_default_freed_memory_is_returned() -> None:
    """A large block is mapped by itself; this is what the option changes, so the test above measures something."""
    counters = allocate_and_free("default")
    assert counters["mapped"] == 1
    assert counters["heap_after_free"] < 64 * MIB
