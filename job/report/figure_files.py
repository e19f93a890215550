"""Figures as files for a paper: SVG and PDF, one or two columns wide, without a browser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert

from job.errors import JobError
from job.report.embedded_font import FAMILY, with_font
from job.report.page.look import config
from job.report.page.parts import records
from job.report.page.section import ROWS, Figure

WIDTHS_MM = {1: 89.0, 2: 183.0}
"""Of one and of two columns, as most journals of the field set them."""
TEXT_PX, TEXT_PT = 12.0, 7.0
"""Of labels: in the chart, and in print."""
PT_PER_MM = 72 / 25.4
FONT = f"{FAMILY}, Arial, Helvetica, sans-serif"
"""The first is a part of the library that draws, which embeds it in PDF; the others have its widths."""
NARROW_PX = 560
GUESSED_MARGIN_PX = 60
"""Between panels; what it is wrong by is mended after a first drawing."""
PANELS = {1: 2, 2: 4}
"""Of charts of several panels, beside each other."""
LONGEST_SLUG = 50
READABLE = re.compile(r"[A-Za-z0-9._:,() -]*[A-Za-z0-9._][A-Za-z0-9._:,() -]*")
"""A value that is told from others by its letters and digits."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure as files. name: what they are called."""

    name: str
    svg: str
    pdf: bytes


def draw(figure: Figure, wanted: Mapping[str, str], columns: int) -> Drawn:
    """Draw a figure. wanted: a value for some of the columns to choose by. columns: 1 or 2, how wide it is.

    Raise JobError for a value that the figure does not have.
    """
    rows, named = _chosen(figure, wanted)
    scale = TEXT_PT / TEXT_PX
    width = WIDTHS_MM[columns] * PT_PER_MM / scale
    look = _look(width)
    chart = {**figure.chart, "datasets": {ROWS: rows}}
    first = vl_convert.vegalite_to_svg(_sized(chart, width, columns, 0.0), config=look)
    svg = vl_convert.vegalite_to_svg(_sized(chart, width, columns, _width(first) - width), config=look)
    return Drawn(
        name="-".join([figure.name, *map(_slug, named), f"{WIDTHS_MM[columns]:.0f}mm"]),
        svg=with_font(_sized_svg(svg, scale / PT_PER_MM, "mm")),
        pdf=vl_convert.svg_to_pdf(_sized_svg(svg, scale, "")),
    )


def values(figure: Figure) -> dict[str, list[str]]:
    """Return the values of each column to choose by, under the column's heading."""
    table = figure.table
    return {
        table.heads.get(name, name.replace("_", " ")): list(dict.fromkeys(map(str, table.rows[name].to_pylist())))
        for name in figure.choose
    }


def listed(figures: Sequence[Figure]) -> list[str]:
    """Return a line for each figure, and one for each choice of it."""
    lines = []
    for figure in figures:
        lines.append(f"{figure.name}: {figure.table.title}")
        lines += [f"  --choose {name}={' or '.join(map(repr, known))}" for name, known in values(figure).items()]
    return lines


def _chosen(figure: Figure, wanted: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of a choice, and its values. Each choice is among those that the earlier ones leave."""
    heads = dict(zip(values(figure), figure.choose, strict=True))
    for name in wanted:
        if name not in heads and name not in figure.choose:
            raise JobError(f"{figure.name}: expected a choice of {', '.join(heads) or 'nothing'}; got {name}")
    by_column = {heads.get(name, name): value for name, value in wanted.items()}
    rows, named = records(figure.table), []
    for column in figure.choose:
        known = list(dict.fromkeys(str(row[column]) for row in rows))
        value = by_column.get(column, str(figure.start.get(column, known[0])))
        if value not in known:
            if column in by_column:
                raise JobError(f"{figure.name}: expected {' or '.join(map(repr, known))}; got {value}")
            value = known[0]
        rows = [row for row in rows if str(row[column]) == value]
        named.append(value)
    return rows, named


def _look(width: float) -> dict[str, Any]:
    look = config("light", font=FONT, size=TEXT_PX)
    look["axis"]["labelLimit"] = 0.35 * width
    if width < NARROW_PX:
        look["legend"] |= {"columns": 1, "layout": {"top": {"direction": "vertical", "anchor": "start"}}}
    return look | {"background": "white"}


def _sized(chart: Mapping[str, Any], width: float, columns: int, excess: float) -> dict[str, Any]:
    """Return a chart of a width in pixels. excess: by how much it came out too wide before."""
    if "facet" not in chart:
        fit = {"type": "fit-x", "contains": "padding"}
        return {**chart, **_height(chart), "width": width - excess, "autosize": fit}
    column = chart["facet"]["field"]
    panels = min(PANELS[columns], len({row[column] for row in chart["datasets"][ROWS]}))
    panel = (width - excess) / panels - GUESSED_MARGIN_PX
    named = {**chart["facet"], "header": {"labelLimit": panel}}  # a long name would push the panels apart
    return {**chart, "facet": named, "columns": panels, "spec": {**chart["spec"], "width": panel}}


def _height(chart: Mapping[str, Any]) -> dict[str, float]:
    """Return the height of a chart of rows, as `height_of_rows` states it; nothing for others."""
    of = chart.get("usermeta") or {}
    if not of:
        return {}
    rows = chart["datasets"][ROWS]
    beside = len({row[of["beside"]] for row in rows}) * of["step"] + 8 if of["beside"] else of["step"]
    return {"height": len({row[of["by"]] for row in rows}) * beside}


def _width(svg: str) -> float:
    """Return the width of an SVG, in its own units."""
    found = re.search(r'<svg[^>]* viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ', svg)
    return float(found[1]) if found else 0.0


def _sized_svg(svg: str, factor: float, unit: str) -> str:
    """Return an SVG of another size, whose own units stay. unit: of the size; none are points of a PDF."""

    def side(match: re.Match[str]) -> str:
        return f' {match[1]}="{float(match[2]) * factor:.2f}{unit}"'

    return re.sub(r' (width|height)="([\d.]+)"', side, svg, count=2)


def _slug(value: str) -> str:
    """Return a value as a part of a file's name that any file system takes; two values have two.

    One that loses letters by it ends in a part of its hash.
    """
    slug = re.sub(r"[^A-Za-z0-9._]+", "_", value).strip("_")[:LONGEST_SLUG]
    if READABLE.fullmatch(value) and len(value) <= LONGEST_SLUG:
        return slug
    return f"{slug}_{hashlib.sha256(value.encode()).hexdigest()[:8]}"
