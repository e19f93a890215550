"""`status`, `verify`, `sql` and `reference`: they look at results as they lie in the store, and need no torch."""

from __future__ import annotations

from dataclasses import asdict

import pyarrow as pa

from job.commands.opening import open_results
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS
from job.report import show
from job.statistics import published, query
from job.verify import progress
from job.verify import verify as check_results


def status(output: str, form: str) -> int:
    """Show how far a study is, from what lies in the store."""
    rows = [asdict(one) for one in progress(*open_results(output))]
    show.write(pa.Table.from_pylist(rows), form)
    return EXIT_DONE


def verify(output: str) -> int:
    """Check every stored file and score; 3 if anything is wrong."""
    results, plan = open_results(output)
    problems = 0
    for problem in check_results(results, plan):
        problems += 1
        print(problem)
    print(f"{problems} problems in {len(plan.parts)} parts" if problems else f"all {len(plan.parts)} parts are sound")
    return EXIT_ERROR_ROWS if problems else EXIT_DONE


def sql(output: str, text: str, form: str) -> int:
    """Answer a query over a study's results."""
    results, plan = open_results(output)
    show.write(query(results, plan, text), form)
    return EXIT_DONE


def reference(form: str) -> int:
    """Print the published study's means."""
    show.write(published(), form)
    return EXIT_DONE
