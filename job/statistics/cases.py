"""Single cases that a user's query names, with the masks and prompts to draw them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from job.errors import JobError
from job.plan.file import Plan
from job.results.store import Results
from job.results.tables import EPISODE_KEY, OBJECT_KEY
from job.statistics.query import check_statements, fence, opened, opened_without_marts, query_errors
from job.statistics.stats import read_sql

KEY = [field.name for field in OBJECT_KEY]
FORMS = ("{}", "FROM cases {}", "FROM cases WHERE {}")
"""What a user may write: a whole query, `WHERE …` or `ORDER BY …`, and a bare condition."""


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Objects and what models made of them. The tables are those of `shown/truths.sql` and `shown/predictions.sql`.

    found: how many objects the query names, of which these are the first.
    """

    found: int
    objects: pa.Table
    predictions: pa.Table


def cases(results: Results, plan: Plan, text: str, limit: int | None = None) -> Cases:
    """Return the cases that a query names, in its order: at most `limit` objects.

    text: a condition on `cases` (the scores with the facts of their objects), with or without WHERE, or a SELECT that
    yields the key of an object; a key column of the scores that it yields, too, narrows what is named. It can read the
    output and nothing else. Raise JobError if it fails, or lacks a key column.
    """
    with opened(results, plan) as connection:
        connection.sql(read_sql("shown/cases")).create_view("cases")
        fence(connection, results)
        with query_errors():
            query = _completed(text)
            check_statements(query)
            connection.register("named", _named(connection.sql(query)))
        connection.sql(read_sql("shown/objects")).create("found")
        found = connection.table("found")
        (found if limit is None else found.limit(limit)).create("chosen")
        return Cases(
            found=len(found),
            objects=connection.sql(read_sql("shown/truths")).to_arrow_table(),
            predictions=connection.sql(read_sql("shown/predictions")).to_arrow_table(),
        )


def trajectories(results: Results, plan: Plan, objects: pa.Table) -> Cases:
    """Return objects, by their key columns and in their order, with all that models made of them, step by step.

    `predictions` is the table of `shown/trajectories.sql`.
    """
    places = pa.array(range(1, objects.num_rows + 1), pa.int64())
    with opened_without_marts(results, plan) as connection:
        connection.register("chosen", objects.select(KEY).append_column("place", places))
        return Cases(
            found=objects.num_rows,
            objects=connection.sql(read_sql("shown/truths")).to_arrow_table(),
            predictions=connection.sql(read_sql("shown/trajectories")).to_arrow_table(),
        )


def _completed(text: str) -> str:
    """Return a user's text as a query: the first of the forms in which it can be parsed."""
    return next((query for query in _forms(text) if _parses(query)), _nearest(text))


def _forms(text: str) -> Iterator[str]:
    yield from (form.format(text) for form in FORMS)


def _nearest(text: str) -> str:
    """Return the form that a text was most likely meant in, so that DuckDB's message is about it."""
    whole, clause, condition = _forms(text)
    first = text.split(maxsplit=1)[0].upper() if text.strip() else ""
    meant = {"SELECT": whole, "WITH": whole, "FROM": whole, "WHERE": clause, "ORDER": clause, "LIMIT": clause}
    return meant.get(first, condition)


def _parses(query: str) -> bool:
    try:
        return bool(duckdb.extract_statements(query))
    except duckdb.Error:
        return False


def _named(relation: duckdb.DuckDBPyRelation) -> pa.Table:
    """Return the key columns of a query's rows, null where the query lacks them, and the number of each row."""
    lacking = [name for name in KEY if name not in relation.columns]
    if lacking:
        expected = ", ".join(KEY)
        raise JobError(
            f"query: expected the columns {expected}, which name an object; missing: {', '.join(lacking)}; select "
            "them, or write a condition alone, such as WHERE iou < 0.5"
        )
    given = [field for field in EPISODE_KEY if field.name in relation.columns]
    rows = relation.select(*(duckdb.ColumnExpression(field.name) for field in given)).to_arrow_table()
    columns = {
        field.name: _cast(rows, field) if field in given else pa.nulls(rows.num_rows, field.type)
        for field in EPISODE_KEY
    }
    return pa.table(columns | {"row": pa.array(np.arange(rows.num_rows))})


def _cast(rows: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    try:
        return rows[field.name].cast(field.type)
    except pa.ArrowException as error:
        raise JobError(f"query: column {field.name}: expected {field.type}; {error}") from None
