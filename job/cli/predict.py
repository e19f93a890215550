"""`run`, first half: settle the plan, predict what is left, write the manifest."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from structlog.contextvars import bind_contextvars

from job.cli.opening import open_cache, open_study
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS
from job.plan.settle import settle
from job.worker.account import Account
from job.worker.manifest import manifest, worker_name
from job.worker.run import check_device, run
from job.worker.shard import Shard
from job.worker.shutdown import Stop


def predict(
    spec_address: str,
    output: str | None,
    limit: int | None,
    shard: Shard | None,
    stop: Stop,
    *,
    fail_fast: bool,
    terminal: bool,
) -> int:
    """Run every part that is not done. Return 3 if chunks failed and no gathering step will report it."""
    began, log = datetime.now(UTC), structlog.get_logger()
    spec, results = open_study(spec_address, output)
    bind_contextvars(study=spec.study.study, **({} if shard is None else {"shard": shard.index, "shards": shard.count}))
    results.check_writable()
    check_device(spec.study.execution)
    cache, account = open_cache(spec), Account()
    plan = settle(spec, results.output, cache, limit, shared=shard is not None)
    results.note_plan(plan.spec)
    if plan.limit is not None:
        log.warning("not a full run", limit=plan.limit)
    try:
        run(spec, plan, results, cache, account, shard, stop, fail_fast=fail_fast, terminal=terminal)
    finally:
        if account.committed:
            results.write_manifest(worker_name(), manifest(spec, plan, shard, account, began))
    if account.counts["parts"]:
        log.info("predicted", **account.counts, seconds=round((datetime.now(UTC) - began).total_seconds(), 1))
    else:
        log.info("nothing to do: every part of the plan is done", parts=account.counts["parts_before"])
    return EXIT_ERROR_ROWS if account.counts["chunks_failed"] and shard is None else EXIT_DONE
