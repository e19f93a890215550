"""Files in an output that nothing names: of earlier plans, of workers that came second or were killed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from job import storage
from job.plan.file import Plan
from job.results.store import PARTIAL, Results

ABANDONED_S = 3600.0
"""A file that is being written is younger than this."""


def strays(results: Results, plans: Iterable[Plan]) -> list[storage.FileInfo]:
    """List what no part of these plans needs. What a worker may be writing at this moment is not among it."""
    plans = list(plans)
    chunks = {chunk.name for plan in plans for chunk in plan.chunks}
    parts = {part.name for plan in plans for part in plan.parts}
    found: list[storage.FileInfo] = []
    for table, named in (("excluded", chunks), ("objects", chunks), ("iou", parts)):
        files = results.listed(table)
        found += [file for name, file in files.items() if _is_stray(name, named, files)]
        found += _abandoned(results, table)
    found += _stray_predictions(results, parts)
    found += [file for name, file in results.failures().items() if name not in chunks]
    return found


def _is_stray(name: str, named: set[str], there: Iterable[str]) -> bool:
    """Not named, or a partial file beside the full one."""
    whole = name.removesuffix(PARTIAL)
    return whole not in named or (name != whole and whole in there)


def _stray_predictions(results: Results, parts: set[str]) -> Iterator[storage.FileInfo]:
    """A part that is not there in full may be about to name its predictions: they stay."""
    files = results.listed("predictions")
    done = results.done()
    used = {address.rsplit("/", 1)[-1].removesuffix(".parquet") for address in results.prediction_files(parts & done)}
    for name, file in files.items():
        part = name.rpartition("-")[0]
        if part not in parts or (part in done and name not in used):
            yield file
    yield from _abandoned(results, "predictions")


def _abandoned(results: Results, table: str) -> Iterator[storage.FileInfo]:
    """Halves of files on a local disk, whose writer was killed."""
    for file in storage.list_files(storage.join(results.output, table), f"{storage.WRITING}*"):
        path = storage.local_path(file.address)
        if path is not None and time.time() - path.stat().st_mtime > ABANDONED_S:
            yield file
