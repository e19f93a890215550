"""`sql`: a query over a study's results."""

from __future__ import annotations

from job.cli.opening import open_results
from job.errors import EXIT_DONE
from job.report import show
from job.statistics import query


def sql(output: str, text: str, form: str) -> int:
    """Run a query over a study's results and print its rows."""
    results, plan = open_results(output)
    show.write(query(results, plan, text), form)
    return EXIT_DONE
