"""Charts in Vega-Lite as plain values. A chart is layers; a layer is a mark, and the columns that its channels show.

After the reference of Vega-Lite 6 (https://vega.github.io/vega-lite/docs/), whose words are used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from job.report.page.section import ROWS

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
CONFIG = {"view": {"continuousWidth": 300, "continuousHeight": 300}}
"""The size in pixels of a view without one of its own."""

Definition = dict[str, Any]


def quantitative(field: str, **properties: Any) -> Definition:
    """Return a channel that shows a column of numbers."""
    return {"field": field, "type": "quantitative", **properties}


def nominal(field: str, **properties: Any) -> Definition:
    """Return a channel that shows a column of names."""
    return {"field": field, "type": "nominal", **properties}


def ordinal(field: str, **properties: Any) -> Definition:
    """Return a channel that shows a column of values in an order."""
    return {"field": field, "type": "ordinal", **properties}


def second(field: str) -> Definition:
    """Return the second end of a bar, rule or area: it has the type of the first."""
    return {"field": field}


def value(constant: Any) -> Definition:
    """Return a channel that is the same for all rows."""
    return {"value": constant}


def condition(test: Mapping[str, Any], then: Any, otherwise: Any) -> Definition:
    """Return a channel of two values. test: a predicate of Vega-Lite."""
    return {"condition": {"test": test, "value": then}, "value": otherwise}


def calculated(expressions: Mapping[str, str]) -> list[Definition]:
    """Return the transform that adds columns to the rows. expressions: by the name of the column."""
    return [{"calculate": expression, "as": name} for name, expression in expressions.items()]


def base(transform: Sequence[Definition] = (), **channels: Any) -> Definition:
    """Return what layers share. See `calculated`."""
    return {"encoding": channels} | ({"transform": list(transform)} if transform else {})


def layer(shared: Mapping[str, Any], mark: str, look: Mapping[str, Any], **channels: Any) -> Definition:
    """Return a layer of a base with channels of its own. look: properties of the mark."""
    return {**shared, "mark": {"type": mark, **look}, "encoding": {**shared["encoding"], **channels}}


def constant_layer(rows: Sequence[Mapping[str, float]], mark: str, look: Mapping[str, Any], **channels: Any) -> Any:
    """Return a layer with rows of its own."""
    return {"data": {"values": rows}, **layer(base(), mark, look, **channels)}


def chart(*layers: Definition, **properties: Any) -> Definition:
    """Return layers over each other as a chart of the figure's rows. properties: of the chart, such as its height."""
    return _whole({"layer": list(layers), **properties})


def facets(by: str, columns: int, *layers: Definition, own_values: bool = False, **properties: Any) -> Definition:
    """Return a chart with a panel for each value of a column.

    columns: of panels. own_values: the axis of values of each panel is its own. properties: of a panel.
    """
    panel = {"layer": list(layers), **properties}
    resolve = {"axis": {"x": "independent"}}  # a shared one would stand beneath a place without a panel, too
    if own_values:
        resolve["scale"] = {"y": "independent"}
    return _whole({"facet": nominal(by, title=None), "columns": columns, "spec": panel, "resolve": resolve})


def _whole(view: Definition) -> Definition:
    return {"$schema": SCHEMA, "config": CONFIG, "data": {"name": ROWS}, **view}
