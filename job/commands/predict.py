"""The first half of `run`: settle the plan, predict what is left, account for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import structlog
from structlog.contextvars import bind_contextvars

from job import run as runner
from job.commands.opening import open_cache, open_study
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS
from job.manifest import manifest, worker_name
from job.models import device
from job.results.store import Results
from job.shard import Shard
from job.spec import LoadedSpec
from job.stopping import Stop
from job.work import Account


def predict(
    spec_address: str,
    output: str | None,
    limit: int | None,
    shard: Shard | None,
    stop: Stop,
    *,
    fail_fast: bool,
    watched: bool,
) -> int:
    """Run every part that is not done; 3 if chunks failed and no gathering step will say so."""
    spec, results = open_study(spec_address, output)
    bind_contextvars(study=spec.study.study, **_bound(shard))
    results.check_writable()
    execution = spec.study.execution
    device.resolve_precision(execution.precision, device.resolve_device(execution.device))
    account = Account()
    _run(spec, results, account, limit, shard, stop, fail_fast=fail_fast, watched=watched)
    return EXIT_ERROR_ROWS if account.counts["chunks_failed"] and shard is None else EXIT_DONE


def _run(
    spec: LoadedSpec,
    results: Results,
    account: Account,
    limit: int | None,
    shard: Shard | None,
    stop: Stop,
    *,
    fail_fast: bool,
    watched: bool,
) -> None:
    began, cache, log = datetime.now(UTC), open_cache(spec), structlog.get_logger()
    plan = runner.settle_plan(spec, results, cache, limit, shard)
    results.note_plan(plan.spec)
    if plan.limit is not None:
        log.warning("not a full run", limit=plan.limit)
    run = runner.Run(
        spec=spec,
        plan=plan,
        results=results,
        cache=replace(cache, keys=plan.content_keys()),
        account=account,
        stop=stop,
        fail_fast=fail_fast,
    )
    try:
        run.predict(shard, terminal=watched)
    finally:
        if account.committed:
            results.write_manifest(worker_name(), manifest(spec, plan, shard, account, began))
    if account.counts["parts"]:
        log.info("predicted", **account.counts, seconds=round((datetime.now(UTC) - began).total_seconds(), 1))
    else:
        log.info("nothing to do: every part of the plan is done", parts=account.counts["parts_before"])


def _bound(shard: Shard | None) -> dict[str, int]:
    """Tell, in every line of the log, which worker speaks."""
    return {} if shard is None else {"shard": shard.index, "shards": shard.count}
