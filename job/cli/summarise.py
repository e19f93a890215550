"""`run`, second step: wait for the parts if requested, compute the statistics, print them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import structlog
from structlog.contextvars import bind_contextvars

from job import storage
from job.audit.current import follow, stored_plan
from job.audit.wait import wait_for_parts, wait_for_plan
from job.cli import container
from job.cli.failed import failure_lines
from job.cli.opening import open_study
from job.cli.report import write_page
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, Fault, OutputError, SpecError
from job.plan import file as plan_file
from job.plan.file import Plan
from job.report import terminal as table
from job.report.console import open_console, print_lines
from job.results.store import Results
from job.results.summary import gather_manifests, place
from job.statistics.summarise import Summary
from job.statistics.summarise import summarise as compute
from job.study import LoadedSpec
from job.study.cross_checks import incomparable_fault, unpaired_fault
from job.worker.boundary import add_boundary_metrics


def summarise(
    spec_address: str, output: str | None, limit: int | None, wait_s: float | None, *, after_predict: bool = False
) -> int:
    """Compute the statistics from stored rows. Return 3 if the ledger lists an error or a part of the plan is missing.

    wait_s: the time to wait until every part is stored or failed; None: do not wait. after_predict: this process
    predicted before.
    """
    spec, results = open_study(spec_address, output)
    bind_contextvars(study=spec.study.study)
    names = plan_file.spec_names(spec.study, limit)
    stored = stored_plan(results, names) if wait_s is None else wait_for_plan(results, names, wait_s)
    if stored is None:
        shown = storage.public(results.output)
        raise OutputError(f"output {shown}: holds no plan of this spec; run the study first, with the same --limit")
    ended = [] if wait_s is None else wait_for_parts(results, stored, wait_s)
    follow(results, stored, again=after_predict)
    gather_manifests(results.output, stored.spec)
    add_boundary_metrics(spec.study, results, stored)
    summary = compute(spec.study, results, stored)
    _print_summary(
        spec, summary, place(results.output, stored.spec), [*map(str, ended), *failure_lines(results, stored)]
    )
    _write_page(results, stored, summary)
    if warning := container.not_kept(results.output, os.environ, container.mounts()):
        print_lines([warning])
    faults = [*_task_faults(spec, stored, summary), *_comparison_faults(spec, summary)] if summary.complete else []
    if faults:
        raise SpecError(faults)
    return EXIT_DONE if summary.complete and not summary.error_lines else EXIT_ERROR_ROWS


def _print_summary(spec: LoadedSpec, summary: Summary, place: str, missing: Sequence[str]) -> None:
    """Print the tables, the ledger and what to know of them. missing: why parts are not there."""
    out = open_console()
    out.print(table.render(summary))
    for remark in _not_published(spec, summary):
        out.print(remark, style="bold yellow")
    if not summary.complete:
        out.print(f"Only {summary.parts_done} of {summary.parts_planned} parts are done.", style="bold yellow")
    for line in missing:
        out.print(line, style="bold yellow")
    out.print(table.ledger(summary))
    out.print(
        f"Everything lies in {storage.public(place)}: summary/ (CSV, Parquet), iou/, predictions/, objects/, "
        "excluded/ (Parquet), manifest.json",
        soft_wrap=True,
    )


def _write_page(results: Results, plan: Plan, summary: Summary) -> None:
    """Write the report and print its address. A failure to draw must not lose a run: it is told in a line."""
    try:
        print_lines([f"The report: {write_page(results, plan, summary)}"])
    except Exception as error:
        reason = storage.hide(f"{type(error).__name__}: {error}")
        structlog.get_logger().error("the report was not made; `medsam-job report OUTPUT` tries again", reason=reason)


def _not_published(spec: LoadedSpec, summary: Summary) -> Iterator[str]:
    """Yield a remark for each model whose `published` column matches none of its rows."""
    compared = set(summary.marts["against_published"]["model"].to_pylist())
    for model in spec.study.models:
        if model.published is not None and model.name not in compared:
            yield (
                f"No row of {model.name} matches the published {model.published}: data set, task, prompt and "
                "mask choice must have the names that `medsam-job reference` lists."
            )


def _task_faults(spec: LoadedSpec, plan: Plan, summary: Summary) -> Iterator[Fault]:
    """Yield a fault for each task without any object in a full run: its label values are most likely wrong.

    Data sets with errors are skipped, because the images that were left out may contain the object.
    """
    seen = {(row["dataset"], row["task"]) for row in summary.marts["task_scores"].to_pylist()}
    faulty = {row["dataset"] for row in summary.marts["ledger"].to_pylist() if row["kind"] == "error"}
    for index, dataset in enumerate(spec.study.datasets):
        for task in dataset.tasks:
            if plan.limit is None and dataset.name not in faulty and (dataset.name, task) not in seen:
                place = ("datasets", index, "tasks", task)
                yield spec.source.fault(place, "no image holds an object of this task")


def _comparison_faults(spec: LoadedSpec, summary: Summary) -> Iterator[Fault]:
    """Yield a fault for each comparison and contrast without a pair of rows: it may be newer than the plan.

    Two compared models of which one has no rows are told otherwise.
    """
    statistics = spec.study.statistics
    paired = {(row["kind"], row["contrast"]) for row in summary.marts["comparison_by_task"].to_pylist()}
    scored = set(summary.marts["task_scores"]["model"].to_pylist())
    compare = statistics.compare
    if compare and {compare.model, compare.baseline} <= scored and not any(kind == "compare" for kind, _ in paired):
        yield incomparable_fault(spec.source, compare)
    for index, contrast in enumerate(statistics.contrasts):
        if scored and ("contrast", contrast.name) not in paired:
            yield unpaired_fault(spec.source, index)
