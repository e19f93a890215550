"""Tables as GitHub Markdown and as LaTeX, for texts that people write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from job.report.cells import Bold, is_number, rows

DASH = re.compile("-(?=-)")
"""A hyphen before another, with which LaTeX would make a dash of it."""
LINE_BREAK = re.compile(r"\r\n|[\r\n]")
MARKDOWN = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])")
"""What begins or ends markup; an underscore within a word does not."""
LATEX = {
    **{sign: f"\\{sign}" for sign in "#$%&_{}"},
    **{sign: f"{{{sign}}}" for sign in "*[]"},  # after the end of a row these have a meaning of their own
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def markdown_lines(table: pa.Table, bold: Bold = frozenset()) -> Iterator[str]:
    """Yield the lines of a GitHub Markdown table. Line breaks in cells become `<br>`."""
    names = [_markdown(name) for name in table.column_names]
    body = [
        [f"**{_markdown(cell)}**" if (place, column) in bold else _markdown(cell) for column, cell in enumerate(row)]
        for place, row in enumerate(rows(table))
    ]
    widths = [max(3, *(len(row[index]) for row in (names, *body))) for index in range(len(names))]
    is_right = [is_number(field) for field in table.schema]
    rules = ["-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, is_right, strict=True)]
    for row in (names, rules, *body):
        padded = (
            f"{cell:>{width}}" if right else f"{cell:<{width}}"
            for cell, width, right in zip(row, widths, is_right, strict=True)
        )
        yield f"| {' | '.join(padded)} |"


def latex_lines(table: pa.Table, bold: Bold = frozenset()) -> Iterator[str]:
    """Yield the lines of a LaTeX `tabular` with the rules of booktabs. Line breaks in cells become spaces."""
    is_right = [is_number(field) for field in table.schema]
    yield r"% \usepackage{booktabs}"
    yield rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in is_right)}}}"
    yield r"\toprule"
    yield _latex_row([_latex(name) for name in table.column_names])
    yield r"\midrule"
    for place, row in enumerate(rows(table)):
        cells = [_minus(cell) if right else _latex(cell) for cell, right in zip(row, is_right, strict=True)]
        yield _latex_row(
            [rf"\textbf{{{cell}}}" if (place, column) in bold else cell for column, cell in enumerate(cells)]
        )
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _markdown(text: str) -> str:
    escaped = MARKDOWN.sub(lambda match: f"\\{match[0]}", text)
    return LINE_BREAK.sub("<br>", escaped)


def _latex(text: str) -> str:
    escaped = "".join(LATEX.get(sign, sign) for sign in LINE_BREAK.sub(" ", text))
    return DASH.sub("-{}", escaped)


def _minus(number: str) -> str:
    """Return a number with a minus in place of the hyphen."""
    return number.replace("-", "$-$")


def _latex_row(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"
