"""`status`: the progress of a study."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa
import pyarrow.json

from job.audit.status import PartCounts, count_parts
from job.cli.failed import failure_lines
from job.cli.opening import open_results
from job.errors import EXIT_DONE
from job.report import show
from job.report.console import print_lines


def status(output: str, form: str, plan: str | None) -> int:
    """Print the number of planned, done, partial and failed parts of each model; in a table also why they failed."""
    results, stored = open_results(output, plan)
    counts = count_parts(results, stored)
    show.write(_table(counts), form)
    if form == "table" and any(of_model.failed for of_model in counts):
        print_lines(failure_lines(results, stored))
    return EXIT_DONE


def _table(counts: Sequence[PartCounts]) -> pa.Table:
    """Return a row for each model. Not by pa.Table.from_pylist: it imports pandas, which takes as long as all else."""
    lines = [json.dumps(asdict(of_model)) for of_model in counts]
    return pyarrow.json.read_json(io.BytesIO("\n".join(lines).encode())) if lines else pa.table({})
