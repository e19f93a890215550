"""The study's tables for a terminal of 80 columns: one table a run, with a row a task and a column a mode or click."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from job.report import figures
from job.report.by_click import at_several_steps
from job.report.contrasts import Sides, asked_for, difference, lead, legend, sides
from job.report.figures import SHOWN_CLICKS, interval, probability
from job.statistics.summarise import Summary
from job.study.prompts import CLICKS, place_of

Row = dict[str, Any]
OF_METRICS = "objects with a value"
"""By which the mart `measures` tells the metrics of the spec from other measures."""


class Run(NamedTuple):
    """What one table shows."""

    model: str
    protocol: str
    mask_choice: str
    seed: int


def render(summary: Summary) -> RenderableType:
    """Draw mean IoU by task and over tasks, with boundary metrics of every click, then the comparison."""
    overall = _by_run(summary.marts["overall_scores"])
    tasks = _by_run(summary.marts["task_scores"])
    several_seeds = len({run.seed for run in overall}) > 1
    metrics = _metrics_by_click(summary)
    drawn: list[RenderableType] = [
        _table(run, tasks[run], overall[run], several_seeds, metrics.get(run, {})) for run in tasks
    ]
    comparisons = list(_comparisons(summary, several_seeds))
    drawn += comparisons or ([] if drawn else [Text("no rows yet")])
    if comparisons:
        drawn.append(Text(legend(asked_for(summary.marts["comparison_overall"])), style="italic"))
    drawn += [Text(remark, style="bold yellow") for remark in summary.remarks]
    return Group(*drawn)


def ledger(summary: Summary) -> RenderableType:
    """Draw what was left out, and why."""
    lines = summary.marts["ledger"].to_pylist()
    if not lines:
        return Text("Nothing was left out.")
    table = Table(title="left out, or used with a remark", title_justify="left", box=box.SIMPLE)
    for name in ("data set", "kind", "reason"):
        table.add_column(name)
    table.add_column("lines", justify="right")
    table.add_column("for example")
    for line in lines:
        table.add_row(line["dataset"], line["kind"], line["reason"], str(line["lines"]), line["example"])
    return table


def _comparisons(summary: Summary, several_seeds: bool) -> Iterator[Table]:
    """Draw the spec's contrasts over tasks, with the click from which one side is ahead, where its interval says so."""
    crossings = {sides(row): row for row in summary.marts["crossing"].to_pylist() if not row["task"]}
    contrasts: dict[Sides, list[Row]] = defaultdict(list)
    for row in asked_for(summary.marts["comparison_overall"]):
        contrasts[sides(row)].append(row)
    for pair, rows in contrasts.items():
        run = _run(rows[0])
        several = sum(_contrast_and_run(other) == (pair.contrast, run) for other in contrasts) > 1
        contrast = f"{pair.contrast} ({pair.baseline_choice})" if several else pair.contrast
        clicks = rows[0]["prompt"] == CLICKS
        table = _titled(contrast, run, clicks, several_seeds)
        if ahead := lead(crossings.get(pair, {}), rows[0]):
            table.caption = f"{ahead}\n"
        table.add_column("clicks" if clicks else "mode", no_wrap=True)
        for name in ("tasks", "clusters", "difference", "interval", "p", "tasks won"):
            table.add_column(name, justify="right", no_wrap=True)
        columns = _columns(rows)
        for row in sorted(rows, key=lambda row: row["step"]):
            if (row["prompt"], row["step"]) in columns:
                table.add_row(
                    figures.clicks(row["step"]) if clicks else figures.in_lines(row["prompt"]),
                    str(row["interval_tasks"] or row["tasks"]),
                    str(row["clusters"]),
                    f"{difference(row):+.4f}",
                    interval(row),
                    probability(row["p"]),
                    f"{row['tasks_won']:g}/{row['tasks']}",
                )
        yield table


def _contrast_and_run(pair: Sides) -> tuple[str, Run]:
    return pair.contrast, Run(pair.model, pair.protocol, pair.mask_choice, pair.seed)


def _run(row: Row) -> Run:
    return Run(row["model"], row["protocol"], row["mask_choice"], row["seed"])


def _by_run(mart: pa.Table) -> dict[Run, list[Row]]:
    runs: dict[Run, list[Row]] = defaultdict(list)
    for row in mart.to_pylist():
        runs[_run(row)].append(row)
    return runs


def _metrics_by_click(summary: Summary) -> dict[Run, dict[str, list[Row]]]:
    """Return the means over tasks of each metric of the spec that was computed after each click, by run and metric."""
    registered = {row["measure"] for row in summary.marts["measures"].to_pylist() if row["over"] == OF_METRICS}
    rows = [row for row in summary.marts["measures_overall"].to_pylist() if row["measure"] in registered]
    metrics: dict[Run, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in at_several_steps(rows):
        metrics[_run(row)][row["measure"]].append(row)
    return metrics


def _titled(subject: str, run: Run, clicks: bool, several_seeds: bool) -> Table:
    """Return an empty table whose title names the run; its seed only in a study of several."""
    prompting = f"clicks by {run.protocol}" if clicks else "one-shot modes"
    seed = [f"seed {run.seed}"] if several_seeds else []
    title = " · ".join([subject, prompting, f"mask choice: {run.mask_choice}", *seed, "mean IoU"])
    return Table(
        title=title, title_justify="left", caption_justify="left", box=box.SIMPLE, collapse_padding=True, pad_edge=False
    )


def _table(
    run: Run, tasks: list[Row], overall: list[Row], several_seeds: bool, metrics: Mapping[str, list[Row]]
) -> Table:
    """Draw the mean IoU of one run: a row for each task, the mean over tasks, and that of each metric."""
    columns = _columns(overall)
    table = _titled(run.model, run, overall[0]["prompt"] == CLICKS, several_seeds)
    table.add_column("data set")
    table.add_column("task")
    table.add_column("objects", justify="right", no_wrap=True)
    for prompt, step in columns:
        # A mode's name takes two lines, so that no figure is cut.
        name = figures.clicks(step) if prompt == CLICKS else figures.in_lines(prompt.replace("_", "_\n"))
        table.add_column(name, justify="right", no_wrap=True)
    for (dataset, task), rows in _by_task(tasks):
        table.add_row(dataset, task, str(rows[0]["objects"]), *_cells(rows, columns))
    table.add_section()
    table.add_row("mean of tasks", "", str(overall[0]["objects"]), *_cells(overall, columns), style="bold")
    for metric, rows in metrics.items():
        table.add_row("mean of tasks", metric, str(rows[-1]["objects"]), *_cells(rows, columns, "mean"))
    return table


def _columns(rows: list[Row]) -> list[tuple[str, int]]:
    """Return the (prompt, step) pairs to show: modes in the published order, or clicks in theirs."""
    pairs = {(row["prompt"], row["step"]) for row in rows}
    last = max(step for _, step in pairs)
    shown = [(prompt, step) for prompt, step in pairs if step in SHOWN_CLICKS or step == last]
    return sorted(shown, key=lambda pair: (place_of(pair[0]), pair[1]))


def _by_task(rows: Iterable[Row]) -> list[tuple[tuple[str, str], list[Row]]]:
    tasks: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        tasks[row["dataset"], row["task"]].append(row)
    return sorted(tasks.items())


def _cells(rows: list[Row], columns: list[tuple[str, int]], mean: str = "mean_iou") -> list[str]:
    means = {(row["prompt"], row["step"]): row[mean] for row in rows if row[mean] is not None}
    return [f"{means[column]:.4f}" if column in means else "–" for column in columns]
