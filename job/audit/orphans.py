"""Files in an output that no plan needs: left by earlier plans, by workers that were second, or by killed workers."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator

from job import storage
from job.plan.file import Plan
from job.results import begun, boundary_files
from job.results.store import PARTIAL, Results

ABANDONED_S = 3600.0
"""Age, in seconds since its last change, from which an unfinished file is taken for abandoned."""


def orphans(results: Results, plans: Iterable[Plan]) -> list[storage.FileInfo]:
    """Return the files that no part of these plans needs, except those that a worker may be writing now."""
    plans = list(plans)
    chunks = {chunk.name for plan in plans for chunk in plan.chunks}
    parts = {part.name for plan in plans for part in plan.parts}
    files: list[storage.FileInfo] = []
    for table, names in (("excluded", chunks), ("objects", chunks), ("iou", parts)):
        listed = results.listed(table)
        files += [file for name, file in listed.items() if _is_orphan(name, names, listed)]
        files += _abandoned(results, table)
    files += _orphaned_predictions(results, parts)
    files += _orphaned_boundary(results, plans)
    files += [file for name, file in results.failures().items() if name not in chunks]
    files += [file for name, file in begun.listed(results) if name not in chunks]
    return files


def _is_orphan(name: str, names: set[str], listed: Container[str]) -> bool:
    """Return whether a file is in no plan, or is a partial file beside the full one. names: those in the plans."""
    full = name.removesuffix(PARTIAL)
    return full not in names or (name != full and full in listed)


def _orphaned_predictions(results: Results, parts: set[str]) -> Iterator[storage.FileInfo]:
    """Yield predictions that no part names. Those of an unfinished part are kept: it may soon name them."""
    files = results.listed("predictions")
    done = results.done()
    named = results.prediction_files(parts & done).values()
    used = {address.rsplit("/", 1)[-1].removesuffix(".parquet") for address in named}
    for name, file in files.items():
        part = name.rpartition("-")[0]
        if part not in parts or (part in done and name not in used):
            yield file
    yield from _abandoned(results, "predictions")


def _orphaned_boundary(results: Results, plans: Iterable[Plan]) -> Iterator[storage.FileInfo]:
    """Yield the boundary metrics of other predictions, or that no plan asks for any more, and notes of other plans."""
    named: set[str] = set()
    for plan in plans:
        predictions = results.prediction_files(part.name for part in plan.parts)
        named.update(boundary_files.names(results, plan.spec, plan.dataset_of, predictions).values())
    yield from (file for name, file in results.listed("boundary").items() if name not in named)
    specs = {plan.spec for plan in plans}
    yield from (file for name, file in boundary_files.notes(results).items() if name not in specs)
    yield from _abandoned(results, "boundary")


def _abandoned(results: Results, table: str) -> Iterator[storage.FileInfo]:
    """Yield unfinished files on a local disk that no worker has changed for an hour."""
    for file in storage.list_files(storage.join(results.output, table), f"{storage.WRITING}*"):
        path = storage.local_path(file.address)
        if path is not None and time.time() - path.stat().st_mtime > ABANDONED_S:
            yield file
