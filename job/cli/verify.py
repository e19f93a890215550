"""`verify`: check every stored file and score."""

from __future__ import annotations

from job.audit import verify as audit
from job.cli.opening import open_results
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS


def verify(output: str) -> int:
    """Print every problem of the stored results; return 3 if there is any."""
    results, plan = open_results(output)
    problems = 0
    for problem in audit.verify(results, plan):
        problems += 1
        print(problem)
    print(f"{problems} problems in {len(plan.parts)} parts" if problems else f"all {len(plan.parts)} parts are sound")
    return EXIT_ERROR_ROWS if problems else EXIT_DONE
