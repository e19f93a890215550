"""The command line: names, options and exit codes. What a command does is in `cli/`.

Each command imports its module, and torch with it, only when it runs, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import re
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from job import __version__
from job.cli import streams
from job.errors import EXIT_DONE, EXIT_INTERRUPTED, EXIT_MACHINE, EXIT_MENDABLE, EXIT_STOPPED, JobError, lacks_memory
from job.worker import log
from job.worker.shard import resolve
from job.worker.shutdown import GRACE_S, Stop, Stopped

GROUP_OPTIONS = ("-h", "--help", "--version")
WITHOUT_TORCH = (
    "torch is not installed here (the slim image has none), so no model can run: expected a command that reads inputs "
    "or results (plan, validate, status, verify, sql, report, run --only statistics …), or the full image"
)
SQL_COMMENT = re.compile(r"--[^=\w]|--[^=]*\s")


class RunByDefault(TyperGroup):
    """`medsam-job SPEC` means `medsam-job run SPEC`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before arguments that do not begin with a command. Raise JobError for a mistyped command."""
        if args and args[0] not in (*self.commands, *GROUP_OPTIONS):
            from job.cli.meant import instead_of_command

            problem = instead_of_command(args, list(self.commands))
            if problem:
                raise JobError(problem)
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command. Handle Ctrl-C here, because Typer would print `Aborted!` and exit with 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(EXIT_INTERRUPTED)


class TakesQuery(TyperCommand):
    """A command with a query, which may begin with a comment: `-- all scores` is no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put a space before such a query, so that it does not begin as an option does."""
        return super().parse_args(ctx, [f" {word}" if SQL_COMMENT.match(word) else word for word in args])


app = typer.Typer(
    cls=RunByDefault,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compare Segment Anything with RITM on medical images. `medsam-job SPEC` runs a study, or resumes it. Try "
    "`medsam-job demo` first: it needs no data, no weights and no GPU.",
)

Step = StrEnum("Step", ["predict", "statistics"])
Format = StrEnum("Format", ["text", "json"])
Rows = StrEnum("Rows", ["table", "markdown", "latex", "csv", "json", "parquet"])

Picture = StrEnum("Picture", ["html", "png"])
Cases = StrEnum("Cases", ["png", "nifti"])

Shape = StrEnum("Shape", ["modes", "clicks", "noc", "differences"])

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="The study: the path or address (s3://…) of a YAML file.")]
Output = Annotated[str | None, typer.Option(help="Where to store the results, instead of the spec's output.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Use only N raw slices or images of each data set, evenly spaced.")
]
Stored = Annotated[
    str, typer.Argument(metavar="OUTPUT", help="The output of a study: a folder, or an address (s3://…).")
]
PlanName = Annotated[
    str | None, typer.Option("--plan", metavar="NAME", help="Another plan of this output, by its first letters.")
]
Printed = Annotated[Rows, typer.Option("--format", help="A table for people, markup for texts, or rows for programs.")]


@app.callback(invoke_without_command=True)
def group(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Configure the log, and print the version if requested."""
    log.configure()
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def demo(limit: Limit = None, output: Output = None) -> None:
    """Run the study that comes with the program, into ./results/quickstart: no data, no weights, no network, no GPU."""
    from job.cli.demo import quickstart

    run(quickstart(), limit=limit, output=output)


@app.command()
def run(
    spec: Spec,
    only: Annotated[Step | None, typer.Option(help="Run only one step.")] = None,
    limit: Limit = None,
    shard: Annotated[str | None, typer.Option(metavar="i/n", help="Run only shard i of n, counted from 0.")] = None,
    shards: Annotated[
        int | None, typer.Option(min=1, help="The number of shards, if a scheduler gives the index alone.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until every part is stored or failed. Only with `--only statistics`.")
    ] = False,
    wait_minutes: Annotated[float, typer.Option(min=0, help="The longest wait; then use what is stored.")] = 1440,
    grace: Annotated[float, typer.Option(min=0, help="Seconds for the current chunk after SIGTERM.")] = GRACE_S,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first chunk that fails.")] = False,
    price: Annotated[
        float | None,
        typer.Option(
            min=0, help="What this machine costs an hour, to state what a million masks cost.", metavar="PRICE"
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Run a study, or resume it: predict, then compute the statistics. A shard only predicts."""
    if wait and only is not Step.statistics:
        raise JobError("--wait: expected with --only statistics, which waits for the workers that predict")
    code, mine = EXIT_DONE, resolve(shard, shards, os.environ)
    stop = Stop(grace)
    with stop.handled():
        if only is not Step.statistics:
            from job.cli.predict import predict

            code = predict(
                spec, output, limit, mine, stop, fail_fast=fail_fast, terminal=log.on_terminal(), price=price
            )
        if only is not Step.predict and (mine is None or only is Step.statistics):
            from job.cli.summarise import summarise

            wait_s, after_predict = 60 * wait_minutes if wait else None, only is None
            code = max(code, summarise(spec, output, limit, wait_s, after_predict=after_predict))
    raise typer.Exit(code)


@app.command()
def validate(
    spec: Spec,
    full: Annotated[bool, typer.Option("--full", help="Read all files completely, not 20 of each data set.")] = False,
    output: Output = None,
) -> None:
    """Check a study before a run: addresses, masks, checkpoints, labels, and what each model supports."""
    from job.cli.validate import validate

    raise typer.Exit(validate(spec, output, full=full))


@app.command()
def preview(
    spec: Spec,
    images: Annotated[int, typer.Option(min=1, help="Show N images of each data set, evenly spaced.", metavar="N")] = 6,
    output: Annotated[str, typer.Option(metavar="FOLDER", help="Where to write the page.")] = "preview",
    format: Annotated[  # noqa: A002
        Picture, typer.Option(help="The page alone, or with a PNG of each data set beside it.")
    ] = Picture.html,
) -> None:
    """Show a few images of each data set as a model would get them, with truth, prompts and values, as a page."""
    from job.cli.preview import preview

    raise typer.Exit(preview(spec, output, images, as_png=format is Picture.png))


@app.command()
def plan(
    spec: Spec,
    limit: Limit = None,
    store: Annotated[
        bool, typer.Option("--store", help="Store the plan for the shards, and clear the records of failed chunks.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete the files that no plan names.")] = False,
    output: Output = None,
    format: Annotated[Format, typer.Option(help="Text for people, or JSON for programs.")] = Format.text,  # noqa: A002
) -> None:
    """Show what a run would do, and what is already done."""
    from job.cli.plan import plan

    raise typer.Exit(plan(spec, output, limit, store=store, prune=prune, as_json=format is Format.json))


@app.command()
def status(output: Stored, form: Printed = Rows.table, plan: PlanName = None) -> None:
    """Show the progress of a study: the number of planned, done, partial and failed parts of each model."""
    from job.cli.status import status

    raise typer.Exit(status(output, form, plan))


@app.command()
def verify(output: Stored, plan: PlanName = None) -> None:
    """Check the results of a study: all parts present and readable, no row twice, scores equal to those of masks."""
    from job.cli.verify import verify

    raise typer.Exit(verify(output, plan))


@app.command(cls=TakesQuery)
def sql(
    output: Stored,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A SELECT over iou, predictions, objects, …")],
    form: Printed = Rows.table,
    plan: PlanName = None,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Allow any statements, with all files and addresses that DuckDB can reach.")
    ] = False,
) -> None:
    """Query the results: the views iou, predictions, boundary, objects and excluded, and the tables of summary/."""
    from job.cli.sql import sql

    raise typer.Exit(sql(output, query, form, plan, unsafe=unsafe))


@app.command(cls=TakesQuery)
def show(
    output: Stored,
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help="A condition on the scores, such as \"WHERE task = 'Liver' AND iou < 0.5\", with ORDER BY and "
            "LIMIT if wanted; or a SELECT that yields dataset, image, axis, slice and task.",
        ),
    ],
    format: Annotated[  # noqa: A002
        Cases, typer.Option(help="Pictures, or masks as volumes in the geometry of their images.")
    ] = Cases.png,
    to: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE|FOLDER",
            help="A name with .png: one sheet. A folder: a picture of each case. Default: cases.png.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Show the first N cases. Default: 24; of volumes all.", metavar="N")
    ] = None,
    spec: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="Find and read the images by this spec, not by the one that was stored."),
    ] = None,
    plan: PlanName = None,
) -> None:
    """Show the cases that a query names as pictures: image, truth, each model's prediction, clicks and IoU."""
    from job.cli.show import show

    raise typer.Exit(show(output, query, format, to, limit, spec, plan))


@app.command()
def report(output: Stored, plan: PlanName = None) -> None:
    """Make the page `report.html` of a study from what is stored, also while it runs."""
    from job.cli.report import report

    raise typer.Exit(report(output, plan))


@app.command()
def figure(
    output: Stored,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A figure of the report, or `all`. Without it, list them.")
    ] = None,
    choose: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="What the figure is of, such as 'prompt=9 clicks'. May be repeated."),
    ] = None,
    columns: Annotated[int, typer.Option(min=1, max=2, help="As wide as one or two columns of a paper.")] = 2,
    plan: PlanName = None,
) -> None:
    """Write figures of the report as SVG and PDF, for a paper, into the folder `figures` of the output."""
    from job.cli.figure import figure

    raise typer.Exit(figure(output, name, choose or [], columns, plan))


@app.command()
def compare(
    outputs: Annotated[
        list[str], typer.Argument(metavar="[ALIAS=]OUTPUT…", help="Two outputs or more; the first is the baseline.")
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="BEFORE=AFTER", help="Compare these models, whose names differ. May be repeated."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List all tasks, not only those whose interval excludes 0.")
    ] = False,
    form: Printed = Rows.table,
    plan: Annotated[
        list[str] | None,
        typer.Option(metavar="ALIAS=NAME", help="Another plan of an output, by its first letters. May be repeated."),
    ] = None,
    page: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the comparison as a page, too: a path or address, .html.")
    ] = None,
) -> None:
    """Show what changed between two runs, by task: paired differences with intervals. Nothing is predicted again."""
    from job.cli.compare import compare

    raise typer.Exit(compare(outputs, model or [], plan or [], form, all_tasks=every, page=page))


@app.command()
def table(
    output: Stored,
    name: Annotated[
        Shape, typer.Argument(help="Mean IoU by task: of modes, or by click; number of clicks; paired differences.")
    ],
    form: Printed = Rows.table,
    plan: PlanName = None,
) -> None:
    """Print a table for a paper: `mean [low, high]`, the best in bold, the published mean beside it."""
    from job.cli.table import table

    raise typer.Exit(table(output, name, form, plan))


@app.command()
def reference(form: Printed = Rows.table) -> None:
    """Print the mean IoU of the published study by task, under the names that a spec uses."""
    from job.cli.reference import reference

    raise typer.Exit(reference(form))


@app.command()
def schema() -> None:
    """Print the JSON Schema of specs, for editors."""
    from job.cli.schema import schema

    raise typer.Exit(schema())


def main() -> None:
    """Run the command line, and end the process at once.

    A regular exit would wait for threads, which may be waiting for a store, and abort if one of Arrow's still holds
    bytes of Python's: exit code 134 after sound work.
    """
    try:
        command_line()
    except SystemExit as end:
        if isinstance(end.code, str):  # a failure, as Python has it
            print(end.code, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(end.code or EXIT_DONE)


def command_line() -> None:
    """Run the command line. Raise SystemExit with its exit code, when standard output and error are written."""
    with streams.guarded():
        try:
            streams.require_utf8()
            app()
        except JobError as error:
            print(log.shown(error), file=sys.stderr)
            sys.exit(error.exit_code)
        except ModuleNotFoundError as error:
            if error.name != "torch":
                raise
            print(WITHOUT_TORCH, file=sys.stderr)
            sys.exit(EXIT_MENDABLE)
        except (MemoryError, OSError, ImportError, RuntimeError) as error:
            if not lacks_memory(error):
                raise
            print(f"too little memory on this machine: {error or 'no amount is known'}", file=sys.stderr)
            sys.exit(EXIT_MACHINE)
        except Stopped:
            sys.exit(EXIT_STOPPED)


if __name__ == "__main__":
    main()
