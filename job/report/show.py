"""Write a table to standard output: for people, as markup for texts, or as CSV, JSON lines or Parquet for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from string import ascii_lowercase

import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.table import Table
from rich.text import Text

from job.report.cells import Bold, is_number, rows
from job.report.console import open_console, print_lines
from job.report.markup import latex_lines, markdown_lines
from job.statistics.texts import to_csv, to_json

MOST_SHOWN = 200
PIPE_WIDTH = 10_000


def write(table: pa.Table, form: str, bold: Bold = frozenset()) -> None:
    """Write a table as `table` (for people), `markdown`, `latex`, `csv`, `json` (one line per row) or `parquet`.

    Columns of one name, as a join of a table with itself has them, get names of their own: iou, iou_b, iou_c. bold: the
    (row, column) of the cells to emphasise, where the form can.
    """
    FORMS[form](table.rename_columns(_different(table.column_names)), bold)


def _different(names: Sequence[str]) -> list[str]:
    """Return names that all differ: the second of a name gets the suffix _b, the next _c."""
    result: list[str] = []
    for name in names:
        lettered = (f"{name}_{letter}" for letter in ascii_lowercase[1:])
        numbered = (f"{name}_{number}" for number in count(len(ascii_lowercase) + 1))
        result.append(next(free for free in chain([name], lettered, numbered) if free not in result))
    return result


def _for_people(table: pa.Table, bold: Bold) -> None:
    """Draw a table, or, if it is wider than the terminal, write each row as lines of name and value."""
    shown = table.slice(0, MOST_SHOWN)
    drawn = _drawn(shown, bold)
    # A pipe has no width; a wide console keeps cells from being cut.
    console = open_console(None if sys.stdout.isatty() else PIPE_WIDTH)
    unlimited = console.options.update_width(PIPE_WIDTH)
    if console.measure(drawn, options=unlimited).maximum > console.width:
        print_lines(_records(shown))
    else:
        console.print(drawn)
    if table.num_rows > MOST_SHOWN:
        console.print(f"{MOST_SHOWN} of {table.num_rows} rows shown; --format csv writes all")


def _drawn(table: pa.Table, bold: Bold) -> Table:
    drawn = Table(box=box.SIMPLE)
    for field in table.schema:
        drawn.add_column(Text(field.name), justify="right" if is_number(field) else "left", no_wrap=True)
    for place, row in enumerate(rows(table)):
        drawn.add_row(*(Text(cell, "bold" if (place, column) in bold else "") for column, cell in enumerate(row)))
    return drawn


def _records(table: pa.Table) -> Iterator[str]:
    """Yield the lines of each row: its number, then names and values."""
    longest = max(map(len, table.column_names))
    for number, row in enumerate(rows(table), start=1):
        yield f"row {number}"
        for name, value in zip(table.column_names, row, strict=True):
            yield f"  {name:<{longest}}  {value}"


def _markdown(table: pa.Table, bold: Bold) -> None:
    print_lines(markdown_lines(table, bold))


def _latex(table: pa.Table, bold: Bold) -> None:
    print_lines(latex_lines(table, bold))


def _csv(table: pa.Table, _: Bold) -> None:
    sys.stdout.buffer.write(to_csv(table))


def _json(table: pa.Table, _: Bold) -> None:
    for row in table.to_pylist():
        print(to_json(row))


def _parquet(table: pa.Table, _: Bold) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    sys.stdout.buffer.write(sink.getvalue())


FORMS: dict[str, Callable[[pa.Table, Bold], None]] = {
    "table": _for_people,
    "markdown": _markdown,
    "latex": _latex,
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}
