"""`plan`: what a run would do, what is done, and which files of the output no plan needs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from job import storage
from job.audit.orphans import orphans
from job.audit.status import failed_chunks
from job.cli.opening import open_cache, open_study
from job.errors import EXIT_DONE
from job.plan import file as plan_file
from job.plan.file import Plan
from job.plan.make import make
from job.results.store import Results
from job.study import LoadedSpec


def plan(spec_address: str, output: str | None, limit: int | None, *, store: bool, prune: bool, as_json: bool) -> int:
    """Print what a run would do. store: store the plan for shards. prune: delete the orphans."""
    spec, results = open_study(spec_address, output)
    planned = make(spec, open_cache(spec), limit)
    if store:
        _store(planned, results)
    stored = plan_file.read_all(results.output)
    orphaned = orphans(results, [planned, *stored])
    if prune:
        for file in orphaned:
            storage.delete(file.address)
    left = planned.left(results.done())
    figures: dict[str, Any] = {
        "study": spec.study.study,
        "output": storage.public(results.output),
        "plan": planned.spec,
        "plan_stored": _stored_state(planned, stored),
        "precision": planned.precision,
        "batch": planned.batch,
        "raw_slices": sum(chunk.raw for chunk in planned.chunks),
        "chunks": len(planned.chunks),
        "parts": len(planned.parts),
        "parts_left": sum(len(parts) for parts in left.values()),
        "chunks_left": len(left),
        "chunks_failed": len(failed_chunks(results, planned)),
        "episodes_at_most": _episodes(spec, planned),
        "orphans_deleted" if prune else "orphans": [_named(file.address) for file in orphaned],
    }
    if as_json:
        chunks_left = [index for index, chunk in enumerate(planned.chunks) if chunk.name in left]
        print(json.dumps(figures | {"left": chunks_left}))
        return EXIT_DONE
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<17} {_figure(value)}")
    for name in figures["orphans_deleted" if prune else "orphans"]:
        print(f"  {name}")
    return EXIT_DONE


def _store(planned: Plan, results: Results) -> None:
    """Store a plan for shards, and clear the records of failed chunks, so that they are tried again."""
    plan_file.write(results.output, planned)
    results.note_plan(planned.spec)
    for chunk in results.failures().keys() & {chunk.name for chunk in planned.chunks}:
        results.clear_failure(chunk)


def _stored_state(planned: Plan, stored: Sequence[Plan]) -> str:
    """Return whether shards would work on this plan: they keep to the stored one, even if its inputs changed."""
    if planned in stored:
        return "yes"
    older = any(plan.spec == planned.spec for plan in stored)
    return "before inputs changed; --store stores this one" if older else "no"


def _episodes(spec: LoadedSpec, planned: Plan) -> dict[str, int]:
    tasks = {dataset.name: len(dataset.tasks) for dataset in spec.study.datasets}
    objects = {chunk.name: chunk.raw * tasks[chunk.dataset] for chunk in planned.chunks}
    episodes = Counter[str]()
    for part in planned.parts:
        episodes[part.model] += part.episodes * objects[part.chunk]
    return dict(episodes)


def _named(address: str) -> str:
    """Return the folder and name of a file; tables are one folder deep."""
    return "/".join(storage.public(address).rsplit("/", 2)[-2:])


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count:,}" for key, count in value.items())
    if isinstance(value, list):
        return f"{len(value):,} files that no plan names" if value else "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
