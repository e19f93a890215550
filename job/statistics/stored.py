"""The marts of a study from its output alone: as they are stored, or, of a run that is under way, computed anew."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from job import storage
from job.errors import OutputError
from job.plan.file import Plan
from job.results import summary as summary_files
from job.results.store import Results
from job.statistics.database import opened_tables
from job.statistics.names import MARTS, MEANS
from job.statistics.settings import from_note
from job.statistics.stats import run
from job.statistics.summarise import Summary
from job.study.statistics import Statistics


def stored_settings(results: Results, plan: Plan) -> dict[str, Any]:
    """Return the note of `to_note`: of the summary, or of the run that has none yet. Raise OutputError without one."""
    output, name = results.output, plan.spec
    note = summary_files.settings(output, name) or summary_files.noted_settings(output, name)
    if note is None:
        raise OutputError(_way_out(output, "holds no settings of the statistics"))
    return note


def stored_summary(results: Results, plan: Plan) -> Summary:
    """Return the marts of a plan: the stored ones if they are of all parts, else those of the parts stored by now.

    Nothing is written. Raise OutputError, with the way out, if a table is damaged, or of another version.
    """
    if summary_files.is_complete(results.output, plan.spec):
        folder = storage.join(summary_files.place(results.output, plan.spec), "summary")
        marts: Mapping[str, pa.Table] = {name: _read(storage.join(folder, f"{name}.parquet")) for name in MARTS}
        return Summary(marts=marts, parts_done=len(plan.parts), parts_planned=len(plan.parts))
    try:
        statistics, relations = from_note(stored_settings(results, plan))
    except ValueError:
        raise OutputError(_way_out(results.output, "its settings are of another version")) from None
    done = results.done()
    return Summary(
        marts=_computed(results, plan, statistics, relations),
        parts_done=sum(part.name in done for part in plan.parts),
        parts_planned=len(plan.parts),
    )


def _computed(
    results: Results, plan: Plan, statistics: Statistics, relations: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"temp_directory": folder}) as connection,
        opened_tables(connection, results, plan),
    ):
        return run(connection, relations, statistics, means=MEANS, marts=MARTS)


def _read(address: str) -> pa.Table:
    content = storage.read_if_there(address)
    try:
        if content is not None:
            # In this thread alone, for a thread of Arrow's may abort the process as it exits (apache/arrow#34314).
            return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
    except pa.ArrowInvalid:
        pass
    raise OutputError(_way_out(address, "missing" if content is None else "damaged"))


def _way_out(address: str, problem: str) -> str:
    return f"{storage.public(address)}: {problem}; run `medsam-job SPEC --only statistics`, which makes it anew"
