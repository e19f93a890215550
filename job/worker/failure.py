"""The record of a chunk that failed, with the names of its images."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from job import __version__
from job.plan.file import Chunk
from job.results.store import Results


def record_failure(results: Results, chunk: Chunk, failed: Mapping[str, str]) -> None:
    """Record why a chunk failed. failed: the reasons, by step: `read`, `process`, or the name of a model."""
    record = {
        "chunk": chunk.name,
        "dataset": chunk.dataset,
        "images": [unit.source.image for unit in chunk.units],
        "failed": dict(failed),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "medsam_job": __version__,
    }
    results.write_failure(chunk.name, record)
