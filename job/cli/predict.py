"""`run`, first step: settle the plan, predict the parts that are not done, write the manifest."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import structlog
from structlog.contextvars import bind_contextvars

from job.audit.current import follow
from job.cli import container
from job.cli.opening import open_cache, open_study
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, OutputError
from job.plan import file as plan_file
from job.plan.file import Plan
from job.plan.settle import settle, settle_precision
from job.plan.shard import Shard
from job.results.probe import check_writable
from job.results.store import Results
from job.results.summary import note_settings
from job.statistics.settings import to_note
from job.study import LoadedSpec
from job.worker.load import check_device
from job.worker.manifest import leaving_manifest, manifest, worker_name
from job.worker.run import run
from job.worker.shutdown import Stop
from job.worker.speed import in_words, speed
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
    price: float | None = None,
) -> int:
    """Run every part that is not done. Return 3 if chunks failed; of shards, the gathering step reports that.

    price: of this machine for an hour, in any currency.
    """
    began, log, tally = datetime.now(UTC), structlog.get_logger(), Tally()
    spec, results = open_study(spec_address, output)
    bind_contextvars(study=spec.study.study, **({} if shard is None else {"shard": shard.index, "shards": shard.count}))
    try:
        check_writable(results.output)
    except OutputError as error:
        raise OutputError(f"{error}{container.way_out(results.output, os.environ)}") from None
    if warning := container.not_kept(results.output, os.environ, container.mounts()):
        print(warning, file=sys.stderr)
    cache = open_cache(spec)
    with tally.stage("plan"):
        spec = settle_precision(spec, results.output, cache, limit, shared=shard is not None)
    with leaving_word(results.output, plan_file.spec_name(spec.study, limit), shard):
        check_device(spec.study.execution)
        with tally.stage("plan"):
            plan = settle(spec, results.output, cache, limit, shared=shard is not None)
        follow(results, plan)
        note_settings(results.output, plan.spec, to_note(spec.study, plan.models))
        if plan.limit is not None:
            log.warning("not a full run", limit=plan.limit)
        with leaving_manifest(lambda: _write_manifest(spec, results, plan, shard, tally, began, price)):
            run(spec, plan, results, cache, tally, shard, stop, fail_fast=fail_fast, terminal=terminal)
    if tally.counts["chunks"]:
        kept = {"embeddings": dict(tally.embeddings)} if tally.embeddings else {}
        log.info(in_words(speed(tally, price), tally))
        log.info("predicted", **tally.counts, **kept, seconds=round((datetime.now(UTC) - began).total_seconds(), 1))
    else:
        log.info("nothing to do: every part of the plan is done", parts=tally.counts["parts_before"])
    return EXIT_ERROR_ROWS if tally.counts["chunks_failed"] and shard is None else EXIT_DONE


def _write_manifest(
    spec: LoadedSpec,
    results: Results,
    plan: Plan,
    shard: Shard | None,
    tally: Tally,
    began: datetime,
    price: float | None,
) -> None:
    """Store how the rows of this run were made, if it made any."""
    if tally.committed:
        results.write_manifest(worker_name(), manifest(spec, plan, shard, tally, began, price))
