"""`run`, first step: settle the plan, predict the parts that are not done, write the manifest."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from structlog.contextvars import bind_contextvars

from job.audit.current import follow
from job.cli.opening import open_cache, open_study
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS
from job.plan import file as plan_file
from job.plan.settle import settle, settle_precision
from job.plan.shard import Shard
from job.results.probe import check_writable
from job.worker.load import check_device
from job.worker.manifest import manifest, worker_name
from job.worker.run import run
from job.worker.shutdown import Stop
from job.worker.tally import Tally
from job.worker.word import leaving_word


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
    """Run every part that is not done. Return 3 if chunks failed; of shards, the gathering step reports that."""
    began, log, tally = datetime.now(UTC), structlog.get_logger(), Tally()
    spec, results = open_study(spec_address, output)
    bind_contextvars(study=spec.study.study, **({} if shard is None else {"shard": shard.index, "shards": shard.count}))
    check_writable(results.output)
    cache = open_cache(spec)
    spec = settle_precision(spec, results.output, cache, limit, shared=shard is not None)
    with leaving_word(results.output, plan_file.spec_name(spec.study, limit), shard):
        check_device(spec.study.execution)
        plan = settle(spec, results.output, cache, limit, shared=shard is not None)
        follow(results, plan)
        if plan.limit is not None:
            log.warning("not a full run", limit=plan.limit)
        try:
            run(spec, plan, results, cache, tally, shard, stop, fail_fast=fail_fast, terminal=terminal)
        finally:
            if tally.committed:
                results.write_manifest(worker_name(), manifest(spec, plan, shard, tally, began))
    if tally.counts["chunks"]:
        log.info("predicted", **tally.counts, seconds=round((datetime.now(UTC) - began).total_seconds(), 1))
    else:
        log.info("nothing to do: every part of the plan is done", parts=tally.counts["parts_before"])
    return EXIT_ERROR_ROWS if tally.counts["chunks_failed"] and shard is None else EXIT_DONE
