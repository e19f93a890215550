"""Settle which plan a run works on: a new one, or the stored one."""

from __future__ import annotations

import structlog

from job.errors import JobError
from job.plan import file as plan_file
from job.plan.file import Plan
from job.plan.make import make
from job.plan.precision import resolved, resolved_for_shard
from job.storage import InputCache
from job.study import LoadedSpec


def settle_precision(
    spec: LoadedSpec, output: str, cache: InputCache, limit: int | None, *, shared: bool
) -> LoadedSpec:
    """Return the spec with the precision that its plan has, or will have; unchanged if `settle` will refuse it."""
    try:
        return resolved_for_shard(spec, output, cache, limit) if shared else resolved(spec, cache)
    except JobError:
        return spec


def settle(spec: LoadedSpec, output: str, cache: InputCache, limit: int | None, *, shared: bool) -> Plan:
    """Return the plan of a run, stored in the output.

    A worker alone plans from the inputs as they are now, and stores the plan if it is new or the inputs changed.
    shared: the worker is one of several shards. The first of them makes the plan; all of them work on that one.
    """
    spec = settle_precision(spec, output, cache, limit, shared=shared)
    stored = plan_file.read(output, plan_file.spec_name(spec.study, limit))
    if shared and stored is not None:
        return stored
    plan = make(spec, cache, limit)
    if shared:
        return plan if plan_file.create(output, plan) else settle(spec, output, cache, limit, shared=True)
    if stored != plan:
        if stored is not None and (new := {part.name for part in plan.parts} - {part.name for part in stored.parts}):
            structlog.get_logger().info("inputs changed since the last plan", new_parts=len(new))
        plan_file.write(output, plan)
    return plan
