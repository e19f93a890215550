"""The command line: names, options and exit codes. What a command does is in `cli/`.

Its modules, and torch with them, are imported only when a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from job import __version__
from job.errors import EXIT_DONE, EXIT_MENDABLE, EXIT_STOPPED, JobError
from job.worker import log
from job.worker.shard import resolve
from job.worker.shutdown import GRACE_S, Stop, Stopped

GROUP_OPTIONS = ("--help", "--version")


class RunByDefault(TyperGroup):
    """`medsam-job SPEC` means `medsam-job run SPEC`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` in front of arguments that name no command."""
        if args and args[0] not in (*self.commands, *GROUP_OPTIONS):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=RunByDefault,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Segment Anything against RITM on medical images: `medsam-job SPEC` runs a study, and finishes one begun.",
)

Spec = Annotated[
    str,
    typer.Argument(metavar="SPEC", help="The study, a YAML file: a path, or an address (s3://…).", show_default=False),
]
Output = Annotated[
    str | None, typer.Option(help="Where results go, in place of the spec's output.", show_default=False)
]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="Only N raw slices or images of each data set, evenly spaced.", show_default=False),
]


class Step(StrEnum):
    """The halves of a run."""

    predict = "predict"
    statistics = "statistics"


class Format(StrEnum):
    """How `plan` prints."""

    text = "text"
    json = "json"


class Rows(StrEnum):
    """How rows are printed."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


Stored = Annotated[str, typer.Argument(metavar="OUTPUT", help="Where a study's results lie.")]
Printed = Annotated[Rows, typer.Option("--format", help="For people, or for programs.")]


@app.callback(invoke_without_command=True)
def group(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Print the version, if that is all that is asked."""
    log.configure()
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def run(
    spec: Spec,
    only: Annotated[Step | None, typer.Option(help="Only one half of the work.", show_default=False)] = None,
    limit: Limit = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="i/n", help="Only this share of the chunks, counted from 0.", show_default=False),
    ] = None,
    shards: Annotated[
        int | None, typer.Option(min=1, help="How many shards, if JOB_COMPLETION_INDEX says which.", show_default=False)
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until all parts are there or failed; with `--only statistics`.")
    ] = False,
    wait_minutes: Annotated[float, typer.Option(min=0, help="How long at most; then with what is there.")] = 1440,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that the chunk in hand may use after SIGTERM.")] = (
        GRACE_S
    ),
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="End at the first chunk that fails.")] = False,
    output: Output = None,
) -> None:
    """Run a study, or what is left of it: predict, then summarise. A shard predicts only."""
    if wait and only is not Step.statistics:
        raise JobError("--wait: expected with --only statistics, which waits for the workers that predict")
    code, mine = EXIT_DONE, resolve(shard, shards, os.environ)
    stop = Stop(grace)
    with stop.handled():
        if only is not Step.statistics:
            from job.cli.predict import predict

            code = predict(spec, output, limit, mine, stop, fail_fast=fail_fast, terminal=log.on_terminal())
        if only is not Step.predict and (mine is None or only is Step.statistics):
            from job.cli.summarise import summarise

            code = max(code, summarise(spec, output, limit, 60 * wait_minutes if wait else None))
    raise typer.Exit(code)


@app.command()
def validate(
    spec: Spec,
    full: Annotated[bool, typer.Option("--full", help="Read every file whole, not 20 of each data set.")] = False,
    output: Output = None,
) -> None:
    """Check a study before any work: addresses, masks, checkpoints, labels, and what each model supports."""
    from job.cli.validate import validate

    raise typer.Exit(validate(spec, output, full=full))


@app.command()
def plan(
    spec: Spec,
    limit: Limit = None,
    store: Annotated[
        bool, typer.Option("--store", help="Store it, so that shards keep to it; forget which chunks failed.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete the files that no stored plan names.")] = False,
    output: Output = None,
    format: Annotated[Format, typer.Option(help="For people, or for programs.")] = Format.text,  # noqa: A002
) -> None:
    """Show what a run would do, and what is done already."""
    from job.cli.plan import plan

    raise typer.Exit(plan(spec, output, limit, store=store, prune=prune, as_json=format is Format.json))


@app.command()
def status(output: Stored, form: Printed = Rows.table) -> None:
    """Show how far a study is, from what lies in its output."""
    from job.cli.status import status

    raise typer.Exit(status(output, form))


@app.command()
def verify(output: Stored) -> None:
    """Check a study's results: every part there and readable, nothing doubled, every score true to its masks."""
    from job.cli.verify import verify

    raise typer.Exit(verify(output))


@app.command()
def sql(
    output: Stored,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT over iou, predictions, objects, …")],
    form: Printed = Rows.table,
) -> None:
    """Query a study's results: views iou, predictions, objects, excluded, and everything under summary/."""
    from job.cli.sql import sql

    raise typer.Exit(sql(output, query, form))


@app.command()
def reference(form: Printed = Rows.table) -> None:
    """Print the published study's mean IoU by task, under this project's names."""
    from job.cli.reference import reference

    raise typer.Exit(reference(form))


@app.command()
def schema() -> None:
    """Print the JSON Schema of specs, for editors."""
    from job.cli.schema import schema

    raise typer.Exit(schema())


def main() -> None:
    """Run the command line and exit."""
    try:
        app()
    except JobError as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_MENDABLE)
    except Stopped:
        # At once: a regular exit would wait for threads, and those for storage, until SIGKILL comes.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(EXIT_STOPPED)


if __name__ == "__main__":
    main()
