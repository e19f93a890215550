"""`status`: the progress of a study."""

from __future__ import annotations

from dataclasses import asdict

import pyarrow as pa

from job.audit.status import count_parts
from job.cli.opening import open_results
from job.errors import EXIT_DONE
from job.report import show


def status(output: str, form: str, plan: str | None) -> int:
    """Print the number of planned, done, partial and failed parts of each model."""
    rows = [asdict(counts) for counts in count_parts(*open_results(output, plan))]
    show.write(pa.Table.from_pylist(rows), form)
    return EXIT_DONE
