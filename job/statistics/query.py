"""Queries of users over a study's results: one SELECT, which sees the results and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import structlog

from job import storage
from job.errors import JobError
from job.plan.file import Plan
from job.results.store import Results
from job.results.summary import place
from job.statistics.database import literal_path, opened_tables
from job.statistics.names import MARTS

QUERIES = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
"""What only reads. MULTI is a PIVOT, which DuckDB carries out in two steps."""
FENCE = """
    SET python_enable_replacements = false;
    SET autoinstall_known_extensions = false;
    SET autoload_known_extensions = false;
    SET enable_external_access = false;
    SET lock_configuration = true;
"""


def query(results: Results, plan: Plan, text: str, *, unsafe: bool = False) -> pa.Table:
    """Run a user's query over the tables and the stored marts of a plan.

    It is one SELECT, which can read the output and nothing else, and write nothing. unsafe: any statements, with all
    that DuckDB can reach. Raise JobError with DuckDB's message if it fails.
    """
    with opened(results, plan) as connection, query_errors():
        if not unsafe:
            check_statements(text, "; --unsafe allows any statements")
            fence(connection, results)
        relation = connection.sql(text)  # None for a statement without a result
        return pa.table({}) if relation is None else relation.to_arrow_table()


@contextmanager
def opened(results: Results, plan: Plan) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection with the tables and the stored marts of a plan."""
    with opened_without_marts(results, plan) as connection:
        _open_marts(connection, storage.join(place(results.output, plan.spec), "summary"))
        yield connection


@contextmanager
def opened_without_marts(results: Results, plan: Plan) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection with the tables of a plan alone."""
    with duckdb.connect() as connection, opened_tables(connection, results, plan):
        yield connection


@contextmanager
def query_errors() -> Iterator[None]:
    """Raise DuckDB's errors about a query as JobError."""
    try:
        yield
    except duckdb.Error as error:
        raise JobError(f"query: {error}") from None


def fence(connection: duckdb.DuckDBPyConnection, results: Results) -> None:
    """Let a connection read the output, and from now on nothing else."""
    folders = {storage.absolute(results.output), literal_path(results.output)}
    connection.execute("SET allowed_directories = ?", [[f"{folder}/" for folder in folders]])
    connection.execute(FENCE)


def check_statements(text: str, remedy: str = "") -> None:
    """Raise JobError unless a text is one statement that only reads. remedy: the end of its message."""
    statements = duckdb.extract_statements(text)
    kinds = [statement.type.name for statement in statements]
    if len(statements) != 1 or statements[0].type not in QUERIES:
        found = f"{len(kinds)} statements" if len(kinds) > 1 else kinds[0] if kinds else "nothing"
        raise JobError(f"query: expected one SELECT, found {found}{remedy}")


def _open_marts(connection: duckdb.DuckDBPyConnection, summary: str) -> None:
    """Open the stored marts as views. One that is damaged is left out, with a warning."""
    for file in storage.list_files(summary, "*.parquet"):
        name = file.address.rsplit("/", 1)[-1].removesuffix(".parquet")
        if name not in MARTS:
            continue
        try:
            connection.read_parquet(literal_path(file.address)).create_view(name)
        except duckdb.Error:
            structlog.get_logger().warning(
                "a table of the summary is damaged: run `medsam-job SPEC --only statistics`, which makes it anew",
                file=storage.public(file.address),
            )
