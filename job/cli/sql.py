"""`sql`: a query over a study's results."""

from __future__ import annotations

from job.cli.opening import open_results
from job.errors import EXIT_DONE
from job.report import show
from job.statistics.query import query


def sql(output: str, text: str, form: str, plan: str | None, *, unsafe: bool) -> int:
    """Run a query over a study's results and print its rows."""
    results, stored = open_results(output, plan)
    show.write(query(results, stored, text, unsafe=unsafe), form)
    return EXIT_DONE
