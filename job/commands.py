"""What each command does, and what it prints: results to standard output, the rest to standard error."""

from __future__ import annotations

import difflib
import json
import os
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import structlog
from rich.console import Console

from job import log, storage
from job import run as runner
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, EXIT_MENDABLE, OutputError, SpecError
from job.manifest import manifest, worker_name
from job.plan import file as plan_file
from job.plan.file import Plan
from job.plan.make import make
from job.report import show
from job.report import terminal as table
from job.results.store import Results
from job.shard import Shard
from job.spec import LoadedSpec, json_schema, load
from job.statistics import Summary, published, query, summarise
from job.storage import InputCache
from job.validate import validate as check
from job.verify import progress
from job.verify import verify as check_results

BYTES_PER_GB = 10**9
MISTYPABLE = ("run", "validate", "plan", "status", "verify", "sql", "reference", "schema")


def run(
    spec_path: Path,
    output: str | None,
    limit: int | None,
    shard: Shard | None,
    *,
    predicting: bool,
    summarising: bool,
) -> int:
    """Run a study and give the exit code. One of several shards leaves the statistics to a run of their own."""
    watched = log.configure()
    spec, results, cache = _open(spec_path, output)
    if predicting:
        results.check_writable()
        plan = runner.settle_plan(spec, results, cache, limit, shard)
        _predict(spec, plan, results, cache, shard, watched=watched)
    else:
        plan = _stored_plan(spec, results, limit)
    if not summarising or (predicting and shard is not None):
        return EXIT_DONE
    results.gather_manifests()
    summary = summarise(spec.study, results, plan)
    _print_summary(summary, results)
    _require_objects(spec, plan, summary)
    return EXIT_ERROR_ROWS if summary.error_lines else EXIT_DONE


def validate(spec_path: Path, output: str | None, *, full: bool) -> int:
    """Check a study and give the exit code: 2 for what a run would refuse."""
    spec, results, cache = _open(spec_path, output)
    report = check(spec, results, cache, full=full)
    out = Console(highlight=False)
    for fault in report.faults:
        out.print(str(fault), soft_wrap=True, markup=False)
    for line in report.findings:
        where = f"{line.dataset}: {line.image}" + (f", {line.task}" if line.task else "")
        out.print(f"{where}: {line.kind}: {line.reason}: {line.detail}", soft_wrap=True, markup=False)
    for note in report.notes:
        out.print(note, soft_wrap=True, markup=False)
    left_out = len({(line.dataset, line.image) for line in report.findings if line.kind == "error"})
    verdict = f"{len(report.faults)} faults of the spec" if report.faults else "the spec is sound"
    out.print(f"{verdict}; {left_out} files would be left out", soft_wrap=True)
    return EXIT_MENDABLE if report.faults else EXIT_DONE


def plan(spec_path: Path, output: str | None, limit: int | None, *, as_json: bool) -> int:
    """Show what a run would do."""
    spec, results, cache = _open(spec_path, output)
    planned = make(spec, cache, limit)
    left = runner.left(planned, results)
    raw = {chunk.name: chunk.raw for chunk in planned.chunks}
    episodes = Counter[str]()
    for part in planned.parts:
        episodes[part.model] += part.episodes * raw[part.chunk] * _tasks(spec, planned, part.chunk)
    figures: dict[str, Any] = {
        "study": spec.study.study,
        "output": storage.public(results.output),
        "plan": planned.spec,
        "precision": planned.precision,
        "batch": planned.batch,
        "raw_slices": sum(raw.values()),
        "chunks": len(planned.chunks),
        "parts": len(planned.parts),
        "parts_left": sum(len(parts) for parts in left.values()),
        "chunks_left": len(left),
        "episodes_at_most": dict(episodes),
    }
    if as_json:
        print(json.dumps(figures))
        return EXIT_DONE
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):<17} {_figure(value)}")
    return EXIT_DONE


def sql(output: str, text: str, form: str) -> int:
    """Answer a query over a study's results."""
    results, plan = _open_results(output)
    show.write(query(results, plan, text), form)
    return EXIT_DONE


def status(output: str, form: str) -> int:
    """Show how far a study is, from what lies in the store."""
    rows = [asdict(one) for one in progress(*_open_results(output))]
    show.write(pa.Table.from_pylist(rows), form)
    return EXIT_DONE


def verify(output: str) -> int:
    """Check every stored file and score; 3 if anything is wrong."""
    results, plan = _open_results(output)
    problems = 0
    for problem in check_results(results, plan):
        problems += 1
        print(problem)
    print(f"{problems} problems in {len(plan.parts)} parts" if problems else f"all {len(plan.parts)} parts are sound")
    return EXIT_ERROR_ROWS if problems else EXIT_DONE


def reference(form: str) -> int:
    """Print the published study's means."""
    show.write(published(), form)
    return EXIT_DONE


def schema() -> int:
    """Print the JSON Schema of specs."""
    print(json.dumps(json_schema(), indent=2))
    return EXIT_DONE


def _open(spec_path: Path, output: str | None) -> tuple[LoadedSpec, Results, InputCache]:
    try:
        spec = load(spec_path)
    except SpecError as error:
        raise _with_command_hint(spec_path, error) from None
    folder = Path(os.environ.get("MEDSAM_JOB_CACHE") or Path.home() / ".cache" / "medsam-job")
    cache = InputCache(folder, int(spec.study.execution.cache_gb * BYTES_PER_GB))
    return spec, Results(output or spec.study.output_address), cache


def _open_results(output: str) -> tuple[Results, Plan]:
    results = Results(output)
    stored = plan_file.read(output, results.latest_plan())
    if stored is None:
        raise OutputError(f"{storage.public(output)}: its plan is missing; run the study again")
    return results, stored


def _with_command_hint(spec_path: Path, error: SpecError) -> SpecError:
    """A word that is no file may be a mistyped command."""
    near = difflib.get_close_matches(str(spec_path), MISTYPABLE, n=1)
    if spec_path.exists() or not near:
        return error
    hint = f"did you mean the command {near[0]!r}?"
    return SpecError([fault.with_hint(hint) for fault in error.faults])


def _predict(
    spec: LoadedSpec, plan: Plan, results: Results, cache: InputCache, shard: Shard | None, *, watched: bool
) -> None:
    began = datetime.now(UTC)
    logger = structlog.get_logger(study=spec.study.study)
    if shard is not None:
        logger = logger.bind(shard=shard.index, shards=shard.count)
    if plan.limit is not None:
        logger.warning("not a full run", limit=plan.limit)
    account = runner.predict(spec, plan, results, cache, shard, terminal=watched)
    if account.counts["parts"]:
        results.write_manifest(worker_name(), manifest(spec, plan, account, began))
        logger.info("predicted", **account.counts, seconds=round((datetime.now(UTC) - began).total_seconds(), 1))
    else:
        logger.info("nothing to do: every part of the plan is done", parts=account.counts["parts_before"])


def _stored_plan(spec: LoadedSpec, results: Results, limit: int | None) -> Plan:
    stored = plan_file.read(results.output, plan_file.spec_name(spec.study, limit))
    if stored is None:
        shown = storage.public(results.output)
        raise OutputError(f"output {shown}: holds no plan of this spec; run the study first, with the same --limit")
    return stored


def _print_summary(summary: Summary, results: Results) -> None:
    out = Console()
    out.print(table.render(summary))
    if summary.parts_done < summary.parts_planned:
        out.print(f"Only {summary.parts_done} of {summary.parts_planned} parts are done.", style="bold yellow")
    out.print(table.ledger(summary))
    out.print(
        f"Everything lies in {storage.public(results.output)}: summary/ (CSV, Parquet), iou/, predictions/, objects/, "
        "excluded/ (Parquet), manifest.json",
        soft_wrap=True,
        highlight=False,
    )


def _require_objects(spec: LoadedSpec, plan: Plan, summary: Summary) -> None:
    """Refuse to call a full run done if a task has no object anywhere: its label value is most likely wrong."""
    if plan.limit is not None or summary.parts_done < summary.parts_planned:
        return
    seen = {(row["dataset"], row["task"]) for row in summary.marts["task_scores"].to_pylist()}
    faults = [
        spec.source.fault(("datasets", index, "tasks", task), "no image holds an object of this task")
        for index, dataset in enumerate(spec.study.datasets)
        for task in dataset.tasks
        if (dataset.name, task) not in seen
    ]
    if faults:
        raise SpecError(faults)


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count:,}" for key, count in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _tasks(spec: LoadedSpec, planned: Plan, chunk: str) -> int:
    dataset = next(one.dataset for one in planned.chunks if one.name == chunk)
    return next(len(one.tasks) for one in spec.study.datasets if one.name == dataset)
