"""The second half of `run`: wait for the parts if asked to, compute the statistics, show them."""

from __future__ import annotations

from rich.console import Console
from structlog.contextvars import bind_contextvars

from job import storage
from job.commands.opening import open_study
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, OutputError, SpecError
from job.gather import wait_for_parts, wait_for_plan
from job.plan import file as plan_file
from job.plan.file import Plan
from job.report import terminal as table
from job.results.store import Results
from job.spec import LoadedSpec
from job.statistics import Summary
from job.statistics import summarise as compute
from job.verify import failed_chunks


def summarise(spec_address: str, output: str | None, limit: int | None, wait_s: float | None) -> int:
    """Compute the statistics from stored rows; 3 if any row, part or chunk of the plan is an error or missing.

    wait_s: how long to wait, first, until every part is there or failed; None takes what is there.
    """
    spec, results = open_study(spec_address, output)
    bind_contextvars(study=spec.study.study)
    name = plan_file.spec_name(spec.study, limit)
    stored = plan_file.read(results.output, name) if wait_s is None else wait_for_plan(results, name, wait_s)
    if stored is None:
        shown = storage.public(results.output)
        raise OutputError(f"output {shown}: holds no plan of this spec; run the study first, with the same --limit")
    complete = wait_s is None or wait_for_parts(results, stored, wait_s)
    results.gather_manifests()
    summary = compute(spec.study, results, stored)
    failed = failed_chunks(results, stored)
    _print_summary(summary, results, len(failed))
    _require_objects(spec, stored, summary)
    return EXIT_ERROR_ROWS if summary.error_lines or failed or not complete else EXIT_DONE


def _print_summary(summary: Summary, results: Results, failed: int) -> None:
    out = Console(markup=False)
    out.print(table.render(summary))
    if summary.parts_done < summary.parts_planned:
        out.print(f"Only {summary.parts_done} of {summary.parts_planned} parts are done.", style="bold yellow")
    if failed:
        many = "1 chunk" if failed == 1 else f"{failed} chunks"
        out.print(f"{many} failed twice: failed/ says why; run the study again to try once more.", style="bold yellow")
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
