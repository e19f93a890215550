"""`verify`: check the stored files and scores."""

from __future__ import annotations

from job.audit import verify as audit
from job.cli.opening import open_results
from job.cli.wording import counted
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS
from job.report.console import print_lines


def verify(output: str, plan_name: str | None) -> int:
    """Print every problem of the stored results. Return 3 if there is any."""
    results, plan = open_results(output, plan_name)
    problems = 0
    for problem in audit.verify(results, plan):
        problems += 1
        print_lines([problem])
    parts = counted(len(plan.parts), "part")
    print_lines([f"{counted(problems, 'problem')} in {parts}" if problems else f"no problems in {parts}"])
    return EXIT_ERROR_ROWS if problems else EXIT_DONE
