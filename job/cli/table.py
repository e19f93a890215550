"""`table`: a table of a study's results in the shape of a paper."""

from __future__ import annotations

from job.cli.opening import open_results
from job.errors import EXIT_DONE
from job.report import show
from job.report.paper import SHAPES
from job.statistics.query import query


def table(output: str, name: str, form: str, plan: str | None) -> int:
    """Print one of the tables in SHAPES."""
    results, stored = open_results(output, plan)
    shape = SHAPES[name]
    made, bold = shape.make({mart: query(results, stored, f"FROM {mart}") for mart in shape.marts})
    show.write(made, form, bold)
    return EXIT_DONE
