"""`plan`: what a run would do, what is already done, and which files of the output no plan names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from job import storage
from job.audit.current import follow
from job.audit.orphans import orphans
from job.audit.status import failed_chunks
from job.cli.opening import open_cache, open_study
from job.errors import EXIT_DONE
from job.plan import file as plan_file
from job.plan.file import Plan
from job.plan.make import make
from job.report.console import print_lines
from job.results.begun import forget
from job.results.probe import check_writable
from job.results.store import Results
from job.results.words import clear_words
from job.study import LoadedSpec


def plan(spec_address: str, output: str | None, limit: int | None, *, store: bool, prune: bool, as_json: bool) -> int:
    """Print the plan of a run, and what is done. store: store the plan for shards. prune: delete the orphans."""
    spec, results = open_study(spec_address, output)
    if store:
        check_writable(results.output)
    planned = make(spec, open_cache(spec), limit)
    if store:
        _store(planned, results)
    stored = plan_file.read_all(results.output)
    orphaned = orphans(results, [planned, *stored])
    if prune:
        for file in orphaned:
            storage.delete(file.address)
    left = planned.left(results.done())
    orphans_key = "orphans_deleted" if prune else "orphans"
    figures: dict[str, Any] = {
        "study": spec.study.study,
        "output": storage.public(results.output),
        "plan": planned.spec,
        "plan_stored": _stored_state(planned, stored),
        "raw_slices": sum(chunk.raw for chunk in planned.chunks),
        "chunks": len(planned.chunks),
        "chunks_left": len(left),
        "chunks_failed": len(failed_chunks(results, planned)),
        "parts": len(planned.parts),
        "parts_left": sum(len(parts) for parts in left.values()),
        "episodes_at_most": _episodes(spec, planned),
        "precision": planned.precision,
        "batch": planned.batch,
        orphans_key: [_short_name(file.address) for file in orphaned],
    }
    if as_json:
        chunks_left = [index for index, chunk in enumerate(planned.chunks) if chunk.name in left]
        print(json.dumps(figures | {"left": chunks_left}))
        return EXIT_DONE
    print_lines(f"{name.replace('_', ' '):<17} {_figure(value)}" for name, value in figures.items())
    print_lines(f"  {name}" for name in figures[orphans_key])
    return EXIT_DONE


def _store(planned: Plan, results: Results) -> None:
    """Store a plan for shards, and clear the records of its failed chunks and ended workers: they are run again.

    So are chunks that killed workers: whoever stores a plan anew may have given them more memory.
    """
    plan_file.write(results.output, planned)
    follow(results, planned)
    clear_words(results.output, planned.spec)
    chunks = {chunk.name for chunk in planned.chunks}
    forget(results, chunks)
    for chunk in results.failures().keys() & chunks:
        results.clear_failure(chunk)


def _stored_state(planned: Plan, stored: Sequence[Plan]) -> str:
    """Return whether shards would run this plan. They run the stored one, even if inputs changed since."""
    if planned in stored:
        return "yes"
    older = any(plan.spec == planned.spec for plan in stored)
    return "an older one, from before inputs changed; --store replaces it" if older else "no"


def _episodes(spec: LoadedSpec, planned: Plan) -> dict[str, int]:
    """Return the most episodes of each model: as if every raw slice held an object of every task."""
    tasks = {dataset.name: len(dataset.tasks) for dataset in spec.study.datasets}
    objects = {chunk.name: chunk.raw * tasks[chunk.dataset] for chunk in planned.chunks}
    episodes = Counter[str]()
    for part in planned.parts:
        episodes[part.model] += part.episodes * objects[part.chunk]
    return dict(episodes)


def _short_name(address: str) -> str:
    """Return the folder and name of a file, such as `iou/NAME.parquet`."""
    return "/".join(storage.public(address).rsplit("/", 2)[-2:])


def _figure(value: Any) -> str:
    """Format a figure. Of orphans, it is their number; their names follow below."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {count:,}" for key, count in value.items())
    if isinstance(value, list):
        return f"{len(value):,} (files that no plan names)" if value else "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
