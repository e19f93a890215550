"""Compute the marts of a study from its stored parts, and store them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from job.plan.demo import demo_remark
from job.plan.file import Plan
from job.plan.seen import seen_remark
from job.results import summary as summary_files
from job.results.store import Results
from job.statistics.database import opened_tables, write_database
from job.statistics.settings import to_note
from job.statistics.stats import compute
from job.statistics.texts import to_csv
from job.study.study import Study


@dataclass(frozen=True)
class Summary:
    """The marts by name, as Arrow tables, and how many parts of the plan they were computed from."""

    marts: Mapping[str, pa.Table]
    parts_done: int
    parts_planned: int

    @property
    def error_lines(self) -> int:
        """Number of errors in the ledger."""
        return sum(row["lines"] for row in self.marts["ledger"].to_pylist() if row["kind"] == "error")

    @property
    def remarks(self) -> list[str]:
        """The remarks that must accompany the scores: on demo weights, and on weights that have seen the data."""
        models = self.marts["models"].to_pylist()
        both = demo_remark({row["model"]: row["purpose"] for row in models}), seen_remark(models)
        return [remark for remark in both if remark]

    @property
    def complete(self) -> bool:
        """Whether every part of the plan is done in full."""
        return self.parts_done == self.parts_planned


def summarise(study: Study, results: Results, plan: Plan) -> Summary:
    """Compute every mart from the parts that the plan names, and store them.

    They are written as Parquet and CSV under `summary/`, and to `results.duckdb` beside the tables.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"temp_directory": folder}) as connection,
        opened_tables(connection, results, plan),
    ):
        marts = compute(connection, study, plan.models)
    done = results.done()
    summary = Summary(
        marts=marts, parts_done=sum(part.name in done for part in plan.parts), parts_planned=len(plan.parts)
    )
    write_database(results, plan, marts)
    files = {f"{name}.parquet": _parquet(table) for name, table in marts.items()}
    files |= {f"{name}.csv": to_csv(table) for name, table in marts.items()}
    summary_files.write(
        results.output, plan.spec, files, complete=summary.complete, settings=to_note(study, plan.models)
    )
    return summary


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
